"""What the desk does: load, decide, save; one function a verb."""

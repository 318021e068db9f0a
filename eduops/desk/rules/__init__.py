"""What the desk decides: pure, over facts and `now`."""

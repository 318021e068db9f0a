"""The terminal's door: one file a noun; a command opens, calls and shows."""

"""What the training room does: one unit of work a function, never committing."""

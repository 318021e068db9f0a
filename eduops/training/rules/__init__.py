"""What the training room decides: pure."""

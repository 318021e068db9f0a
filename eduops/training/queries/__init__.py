"""What the training room asks: all SELECTs."""

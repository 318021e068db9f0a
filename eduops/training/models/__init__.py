"""What the training room keeps: tables, no queries."""

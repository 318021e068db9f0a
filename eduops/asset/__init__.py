"""What there is to look after: hosts."""

"""What the desk keeps: tables only."""

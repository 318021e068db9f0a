"""What the backup room does. What is begun is committed before it is made: a crash in between stays visible."""

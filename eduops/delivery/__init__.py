"""The delivery room: documents made and handed in."""

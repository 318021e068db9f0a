"""What follows from what the backup room keeps: pure."""

from eduops.backup.rules.image import TableImage, compare, is_complete, parse_images, render_counts

__all__ = ["TableImage", "compare", "is_complete", "parse_images", "render_counts"]

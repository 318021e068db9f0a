"""What we do with what is under care. Adding and retiring hosts stands here too."""

from eduops.asset.service.host import add_host, retire_host

__all__ = ["add_host", "retire_host"]

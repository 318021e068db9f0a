"""eduops: operations of a remote-education platform under a maintenance contract."""

__version__ = "0.1.0"

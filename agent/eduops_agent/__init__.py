"""eduops-agent: measures a host and prints one JSON document."""

__version__ = "0.2.0"

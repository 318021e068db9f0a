"""What we ask about what is under care. Questions about hosts stand here too."""

from eduops.asset.queries.host import find_host, get_host, list_hosts, list_local_hosts

__all__ = ["find_host", "get_host", "list_hosts", "list_local_hosts"]

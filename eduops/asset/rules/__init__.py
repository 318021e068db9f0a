"""What may be said of hosts, services, interfaces and licences, and what follows from it. Hosts' rules stand here too."""

from eduops.asset.rules.address import LOCAL_ADDRESS, is_local
from eduops.asset.rules.host import Environment, NewHost, Role, check_new_host

__all__ = ["LOCAL_ADDRESS", "Environment", "NewHost", "Role", "check_new_host", "is_local"]

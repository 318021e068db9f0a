"""What may be said of hosts, services, interfaces and licences, and what follows from it. Hosts' rules stand here too."""

from eduops.asset.rules.host import (
    LOCAL_ADDRESS,
    Environment,
    NewHost,
    Role,
    check_new_host,
    is_local,
)

__all__ = ["LOCAL_ADDRESS", "Environment", "NewHost", "Role", "check_new_host", "is_local"]

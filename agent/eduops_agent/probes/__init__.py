"""The probes by name. Each is a module with NAME, TITLE, `measure(context)` and pure `parse_*` functions."""

from collections import OrderedDict

from eduops_agent.probes import (
    accounts,
    backups,
    certificates,
    configuration,
    cpu,
    disks,
    logs,
    memory,
    mysql,
    network,
    nginx,
    postgresql,
    processes,
    redis,
    schedules,
    services,
    smart,
    system,
    time_sync,
    tomcat,
    urls,
    users,
)

_MODULES = (
    system,
    cpu,
    memory,
    disks,
    network,
    processes,
    services,
    time_sync,
    users,
    accounts,
    certificates,
    urls,
    logs,
    backups,
    schedules,
    smart,
    configuration,
    postgresql,
    mysql,
    redis,
    nginx,
    tomcat,
)

# Left out whole while an exam runs (`--light`). Others leave out a heavy part by themselves: `context.is_light`.
HEAVY = frozenset({"smart"})

PROBES = OrderedDict((module.NAME, module) for module in _MODULES)

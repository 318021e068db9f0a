"""The probes by name. Each is a module with NAME, TITLE, `measure(context)` and pure `parse_*` functions."""

from collections import OrderedDict

from eduops_agent.probes import (
    backups,
    certificates,
    cpu,
    disks,
    logs,
    memory,
    network,
    processes,
    schedules,
    services,
    system,
    time_sync,
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
    certificates,
    urls,
    logs,
    backups,
    schedules,
)

# Left out whole while an exam runs (`--light`). Others leave out a heavy part by themselves: `context.is_light`.
HEAVY = frozenset({"smart"})

PROBES = OrderedDict((module.NAME, module) for module in _MODULES)

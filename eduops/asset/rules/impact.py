"""What stops when a host stops: its services, what needs them however far away, and the interfaces of all these."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eduops.asset.rules.entry import NewInterface, NewService
from eduops.asset.rules.host import NewHost
from eduops.asset.rules.inventory import Inventory
from eduops.asset.rules.kind import HOSTS, INTERFACES, SERVICES


@dataclass(frozen=True, slots=True)
class Stopped:
    """A service that stops. `path` leads from it over what it needs to the service on the host; it alone if there."""

    code: str
    name: str
    host: str
    path: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class StoppedInterface:
    """An interface that stops, and the service that it stops with."""

    code: str
    name: str
    system: str
    service: str


@dataclass(frozen=True, slots=True)
class Impact:
    """All that stops with a host. `hosts` are the other ones on which something stops; `systems` are others'."""

    host: str
    name: str
    services: tuple[Stopped, ...]
    interfaces: tuple[StoppedInterface, ...]
    hosts: tuple[str, ...]
    campuses: tuple[str, ...]
    systems: tuple[str, ...]


def find_impact(inventory: Inventory, host: NewHost) -> Impact:
    """What stops when the host stops, nearest first. Loops among services end: each stops once."""
    services = list_services(inventory)
    paths = _find_paths(services, [each.code for each in services.values() if each.host == host.code])
    stopped = tuple(_stop(services, services[code], path) for code, path in paths.items())
    interfaces = tuple(
        StoppedInterface(each.code, each.name, each.system, each.service)
        for each in list_interfaces(inventory)
        if each.service in paths
    )
    others = sorted({each.host for each in stopped} - {host.code})
    hosts = list_hosts(inventory)
    campuses = {hosts[code].campus for code in (host.code, *others) if code in hosts}
    systems = sorted({each.system for each in interfaces})
    named = tuple(sorted(campus for campus in campuses if campus))
    return Impact(host.code, host.name, stopped, interfaces, tuple(others), named, tuple(systems))


def list_hosts(inventory: Inventory) -> dict[str, NewHost]:
    """The hosts in use by code."""
    return {code: each for code, each in inventory.in_use[HOSTS.key].items() if isinstance(each, NewHost)}


def list_services(inventory: Inventory) -> dict[str, NewService]:
    """The services in use by code."""
    found = inventory.in_use[SERVICES.key].items()
    return {code: each for code, each in found if isinstance(each, NewService)}


def list_interfaces(inventory: Inventory) -> list[NewInterface]:
    """The interfaces in use, by code."""
    return [each for each in inventory.in_use[INTERFACES.key].values() if isinstance(each, NewInterface)]


def _find_paths(services: Mapping[str, NewService], first: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Code → the shortest way to one of the first that stop, in the order in which they stop."""
    dependents: dict[str, list[str]] = {}
    for service in services.values():
        for needed in service.needs:
            dependents.setdefault(needed, []).append(service.code)
    paths: dict[str, tuple[str, ...]] = {code: (code,) for code in sorted(first)}
    waiting = list(paths)
    for code in waiting:
        for dependent in sorted(dependents.get(code, [])):
            if dependent not in paths:
                paths[dependent] = (dependent, *paths[code])
                waiting.append(dependent)
    return paths


def _stop(services: Mapping[str, NewService], service: NewService, path: Sequence[str]) -> Stopped:
    names = [services[code].name for code in path]
    text = " 依赖 ".join(names) if len(names) > 1 else "就在这台主机上"
    return Stopped(service.code, service.name, service.host, tuple(path), text)

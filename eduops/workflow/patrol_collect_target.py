"""How each host is measured: this machine by a child process, far ones by way of remote.yaml."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eduops.asset.models import Host
from eduops.asset.rules import is_local
from eduops.core.home import Home
from eduops.patrol import push_wheel
from eduops.patrol.collect import Collected, collect_local
from eduops.patrol.collect_far import Trip, collect_far
from eduops.patrol.push import Bundle, build_bundle
from eduops.patrol.rules.threshold import PatrolConfig
from eduops.remote import known_host
from eduops.remote.configuration import RemoteConfig, load_config, overall_seconds
from eduops.remote.gateway import Gateway
from eduops.remote.route import Route, find_route
from eduops.workflow.patrol_collect import Target


@dataclass(frozen=True, slots=True)
class Field:
    """The hosts with the way to each, and how many are measured at a time."""

    targets: tuple[Target, ...]
    gateway: Gateway
    at_once: int


def open_gateway(home: Home) -> Gateway:
    """The way out of this home, with its own known_hosts. The caller closes it."""
    return Gateway(home.path / known_host.FILE)


def route_to(home: Home, host: Host, config: RemoteConfig) -> Route:
    """The way to a host. Raises ConfigError where remote.yaml does not know one."""
    return find_route(config, code=host.code, address=host.address, bastion=host.bastion, home=home.path)


def prepare(home: Home, hosts: Sequence[Host], config: PatrolConfig, *, at_once: int | None) -> Field:
    """Everything that measuring takes. Raises ConfigError for a wrong remote.yaml, InputError for a broken wheel.

    That one host's way is unknown is found out when its turn comes, and holds up no other.
    """
    remote = load_config(home.path)
    gateway = open_gateway(home)
    is_far = any(not is_local(host.address) for host in hosts)
    bundle = build_bundle(push_wheel.find_all(home.path / push_wheel.FOLDER)) if is_far else None
    targets = tuple(Target(host, _measurer(home, host, config, remote, bundle, gateway)) for host in hosts)
    return Field(targets, gateway, at_once or remote.at_once)


def _measurer(
    home: Home,
    host: Host,
    config: PatrolConfig,
    remote: RemoteConfig,
    bundle: Bundle | None,
    gateway: Gateway,
) -> Callable[[Callable[[], None]], Collected]:
    agent_config = config.agents.get(host.code, {})
    if bundle is None or is_local(host.address):

        def measure_here(when_reached: Callable[[], None]) -> Collected:
            when_reached()
            return collect_local(agent_config)

        return measure_here

    def measure_there(when_reached: Callable[[], None]) -> Collected:
        seconds = overall_seconds(remote, host.code)
        trip = Trip(route_to(home, host, remote), bundle, agent_config, seconds)
        return collect_far(gateway, trip, when_reached=when_reached)

    return measure_there

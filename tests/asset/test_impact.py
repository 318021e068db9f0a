"""What stops when a host stops, against a slow and obvious second way; loops end."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eduops.asset.rules.entry import NewInterface, NewService
from eduops.asset.rules.host import Environment, NewHost, Role
from eduops.asset.rules.impact import find_impact
from eduops.asset.rules.inventory import Inventory

HOSTS = [
    NewHost(
        f"h{number}",
        f"主机{number}",
        Role.WEB,
        Environment.PRODUCTION,
        f"10.0.0.{number}",
        f"院区{number % 2}",
    )
    for number in range(3)
]


def service(number: int, host: int, *needs: int) -> NewService:
    return NewService(
        f"s{number}",
        f"服务{number}",
        f"h{host}",
        "other",
        needs=tuple(sorted({f"s{each}" for each in needs})),
    )


def slow_stop(services: list[NewService], host: str) -> set[str]:
    """Over and over, until nothing more stops."""
    down = {each.code for each in services if each.host == host}
    while True:
        more = {each.code for each in services if set(each.needs) & down} - down
        if not more:
            return down
        down |= more


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, 2), st.lists(st.integers(0, 9), max_size=3)), min_size=10, max_size=10),
    st.integers(0, 2),
)
def test_whatever_needs_a_stopped_service_stops_and_the_path_says_why(plan, host) -> None:
    services = [service(number, on, *needs) for number, (on, needs) in enumerate(plan)]
    impact = find_impact(Inventory((*HOSTS, *services)), HOSTS[host])
    assert {each.code for each in impact.services} == slow_stop(services, f"h{host}")
    by_code = {each.code: each for each in services}
    for stopped in impact.services:
        assert (stopped.path[0], by_code[stopped.path[-1]].host) == (stopped.code, f"h{host}")
        for one, needed in zip(stopped.path, stopped.path[1:], strict=False):
            assert needed in by_code[one].needs


def test_interfaces_hosts_and_campuses_are_named_with_the_reason() -> None:
    services = [service(0, 0), service(1, 1, 0), service(2, 2, 1), service(3, 2)]
    faces = [NewInterface(f"i{n}", f"接口{n}", f"s{n}", f"系统{n}", "both") for n in (2, 3)]
    impact = find_impact(Inventory((*HOSTS, *services, *faces)), HOSTS[0])
    assert [each.code for each in impact.services] == ["s0", "s1", "s2"]
    assert impact.services[2].text == "服务2 依赖 服务1 依赖 服务0"
    assert ([each.code for each in impact.interfaces], impact.systems) == (["i2"], ("系统2",))
    assert (impact.hosts, impact.campuses) == (("h1", "h2"), ("院区0", "院区1"))


def test_services_that_need_each_other_stop_once() -> None:
    services = [service(0, 0, 1), service(1, 1, 0), replace(service(2, 2), needs=())]
    impact = find_impact(Inventory((*HOSTS, *services)), HOSTS[1])
    assert [(each.code, each.path) for each in impact.services] == [("s1", ("s1",)), ("s0", ("s0", "s1"))]


def test_a_host_without_services_stops_nothing() -> None:
    impact = find_impact(Inventory(tuple(HOSTS)), HOSTS[0])
    assert (impact.services, impact.interfaces, impact.hosts, impact.campuses) == ((), (), (), ("院区0",))

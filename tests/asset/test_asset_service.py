"""Hosts as they are kept, on both databases."""

from datetime import date

import pytest

from eduops.asset import queries, service
from eduops.asset.rules import Environment, NewHost, Role
from eduops.core.errors import Conflict, InputError, NotFound


def described(code="app-1", name="应用服务器（虚构）", address="10.66.0.11", **rest) -> NewHost:
    return NewHost(code, name, Role.APPLICATION, Environment.PRODUCTION, address, is_invented=True, **rest)


def test_host_is_kept_as_described(store, now):
    new = described(
        campus="院本部", bastion="jump-1", owner="工程师甲（虚构）", warranty_until=date(2027, 12, 31)
    )
    with store.writing() as session:
        service.add_host(session, new, now=now)
    with store.reading() as session:
        host = queries.get_host(session, "app-1")
        assert (host.role, host.environment, host.campus) == ("application", "production", "院本部")
        assert (host.warranty_until, host.added_at, host.retired_at) == (date(2027, 12, 31), now, None)


def test_code_is_never_given_twice_not_even_after_retirement(store, now):
    with store.writing() as session:
        service.add_host(session, described(), now=now)
        service.retire_host(session, "app-1", now=now)
        with pytest.raises(Conflict, match="app-1"):
            service.add_host(session, described(), now=now)


def test_this_machine_is_one_host(store, now):
    with store.writing() as session:
        service.add_host(session, described("here", address="local"), now=now)
        with pytest.raises(Conflict, match="here"):
            service.add_host(session, described("again", address="local"), now=now)
        service.retire_host(session, "here", now=now)
        service.add_host(session, described("again", address="local"), now=now)
        assert [host.code for host in queries.list_local_hosts(session)] == ["again"]


def test_retired_host_leaves_the_list_and_is_still_found(store, now):
    with store.writing() as session:
        for code in ("b", "a"):
            service.add_host(session, described(code, address=f"{code}.example.org"), now=now)
        service.retire_host(session, "b", now=now)
        with pytest.raises(Conflict, match="早已停用"):
            service.retire_host(session, "b", now=now)
        assert [host.code for host in queries.list_hosts(session)] == ["a"]
        assert [host.code for host in queries.list_hosts(session, with_retired=True)] == ["a", "b"]
        assert queries.get_host(session, "b").retired_at == now


def test_unknown_host_is_not_found(store):
    with store.reading() as session, pytest.raises(NotFound, match="nobody"):
        queries.get_host(session, "nobody")


@pytest.mark.parametrize("code", ["", "-a", "应用", "a b", "a/b", "a" * 41, "ａ"])
def test_code_that_nobody_can_type_is_refused(sqlite_store, now, code):
    with sqlite_store.writing() as session, pytest.raises(InputError, match="代码"):
        service.add_host(session, described(code), now=now)


@pytest.mark.parametrize("code", ["a", "1", "a" * 40, "app-1.edu_x"])
def test_plain_code_is_taken(sqlite_store, now, code):
    with sqlite_store.writing() as session:
        assert service.add_host(session, described(code), now=now).code == code


@pytest.mark.parametrize(("name", "address"), [(" ", "10.66.0.11"), ("名称", ""), ("名称", "10.66.0.11 22")])
def test_host_without_name_or_address_is_refused(sqlite_store, now, name, address):
    with sqlite_store.writing() as session, pytest.raises(InputError):
        service.add_host(session, described(name=name, address=address), now=now)

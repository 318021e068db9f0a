"""Where hosts are reached: what may be an address, and one machine is one host."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from eduops.asset.queries.inventory import load_inventory
from eduops.asset.rules.address import is_address
from eduops.asset.rules.host import Environment, NewHost, Role
from eduops.asset.rules.kind import HOSTS
from eduops.asset.service import inventory as service
from eduops.core.errors import Conflict, InputError
from eduops.store.store import Store

GOOD = [
    "10.66.0.11", "local", "app-1", "app_1.school.local", "APP-1.example.org.", "fd00::1", "fe80::1%eth0", "::1", "a",
    "3f2c1b9e-0000-4000-8000-0123456789ab", "x" * 63,
]  # fmt: skip
BAD = [
    "", "$(id)", "`id`", "-oProxyCommand=x", "u@h", "10.66.0.11 22", "10.66.0.11:22", "[fd00::1]", "[fd00::1]:22", "a b",
    "a\tb", "a\nb", "a\x1b[2Jb", "a\x00b", "a\x9bb", "10.66.0.256", "10.66.0", "010.66.0.11", "123", "a..b", ".a", "-a",
    "a-", "a.-b", "a;id", "a|b", "a'b", 'a"b', "a/b", "a\\b", "http://a", "主机", "ａ", "a\u200bb", "a\u202eb", "fe80::1%",
    "fe80::1%$(id)", "x" * 64, "a." * 127 + "aa", "..", ".",
]  # fmt: skip


def described(code: str, address: str = "10.66.0.11", bastion: str | None = None) -> NewHost:
    return NewHost(code, "虚构", Role.WEB, Environment.TEST, address, bastion=bastion, is_invented=True)


@pytest.mark.parametrize("address", GOOD)
def test_names_and_addresses_of_both_kinds_are_taken(address: str) -> None:
    assert is_address(address)


@pytest.mark.parametrize("address", BAD)
def test_whatever_a_shell_a_terminal_or_ssh_would_obey_is_no_address(address: str) -> None:
    assert not is_address(address)


@pytest.mark.parametrize("address", ["$(id)", "-oProxyCommand=x", "u@h", "a b", "a\x1b[2Jb"])
def test_host_with_such_an_address_is_neither_added_nor_changed_nor_imported(
    sqlite_store: Store, now: datetime, tmp_path: Path, address: str
) -> None:
    said = "地址「.*」不能用；写 IP 地址（IPv4 或 IPv6）或主机名".replace("（", "[（]")
    file = tmp_path / "台账.yaml"
    row = f"{{code: b, name: 虚构, role: web, environment: test, address: {ascii_of(address)}}}"
    file.write_text(f"hosts:\n- {row}\n", encoding="utf-8")
    with sqlite_store.writing() as session:
        service.add_entry(session, described("a"), now=now)
        with pytest.raises(InputError, match=said):
            service.add_entry(session, described("b", address), now=now)
        with pytest.raises(InputError, match=said):
            service.change_entry(session, HOSTS, "a", {"address": address})
        with pytest.raises(InputError) as caught:
            service.import_file(session, file, now=now)
        assert any("地址" in each.message and "不能用" in each.message for each in caught.value.problems)
        assert list(load_inventory(session).in_use["hosts"]) == ["a"]


def ascii_of(text: str) -> str:
    """The text in double quotes, as YAML has it."""
    return '"' + "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text) + '"'


def test_one_machine_is_one_host_however_its_address_is_spelt(store: Store, now: datetime) -> None:
    with store.writing() as session:
        service.add_entry(session, described("app-1", "App-1.Example.org"), now=now)
        service.add_entry(session, described("app-2", "fd00:0:0::1"), now=now)
        for address, code in (("app-1.example.org.", "app-1"), ("FD00::0001", "app-2")):
            with pytest.raises(Conflict, match=f"已经登记为主机 {code}") as caught:
                service.add_entry(session, described("app-3", address), now=now)
            assert f"eduops host retire {code}" in caught.value.hint
            assert "hosts.主机代码.port" in caught.value.hint


def test_same_address_behind_another_bastion_or_at_another_port_is_another_machine(
    store: Store, now: datetime
) -> None:
    ports = {"app-4": 2022}
    with store.writing() as session:
        for code, bastion in (("app-1", None), ("app-2", "main"), ("app-3", "inner"), ("app-4", "main")):
            new = described(code, bastion=bastion)
            service.add_entry(session, new, now=now, port_of=lambda code: ports.get(code, 22))
        with pytest.raises(Conflict, match=r"10\.66\.0\.11 端口 22，经堡垒机 main 已经登记为主机 app-2"):
            service.change_entry(session, HOSTS, "app-3", {"bastion": "main"})
        service.change_entry(
            session, HOSTS, "app-3", {"bastion": "main"}, port_of=lambda code: len(code) + ord(code[-1])
        )


def test_ports_are_not_asked_for_where_addresses_differ(sqlite_store: Store, now: datetime) -> None:
    asked: list[str] = []

    def note(code: str) -> int:
        asked.append(code)
        return 22

    with sqlite_store.writing() as session:
        for number in range(3):
            service.add_entry(session, described(f"app-{number}", f"10.66.0.{number}"), now=now, port_of=note)
    assert asked == []


def test_address_of_a_retired_host_is_free_again(store: Store, now: datetime) -> None:
    with store.writing() as session:
        service.add_entry(session, described("app-1"), now=now)
        service.retire_entry(session, HOSTS, "app-1", now=now)
        assert service.add_entry(session, described("app-2"), now=now).code == "app-2"


def test_file_with_one_machine_twice_is_refused_with_both_lines(
    store: Store, now: datetime, tmp_path: Path
) -> None:
    file = tmp_path / "台账.yaml"
    rest = "name: 虚构, role: web, environment: test"
    rows = [
        f"{{code: app-{n}, {rest}, address: {address}}}" for n, address in ((2, "10.0.0.2"), (3, "10.0.0.2"))
    ]
    rows.append(f"{{code: app-4, {rest}, address: 10.66.0.11}}")
    file.write_text("hosts:\n" + "".join(f"- {row}\n" for row in rows), encoding="utf-8")
    with store.writing() as session:
        service.add_entry(session, described("app-1"), now=now)
        with pytest.raises(InputError) as caught:
            service.import_file(session, file, now=now)
        found = [(each.line, each.message.partition("；")[0]) for each in caught.value.problems]
        assert found == [
            (2, "10.0.0.2 端口 22 上有主机 app-2、app-3"),
            (3, "10.0.0.2 端口 22 上有主机 app-2、app-3"),
            (4, "10.66.0.11 端口 22 上有主机 app-1、app-4"),
        ]


def test_two_codes_kept_from_before_do_not_hinder_other_changes(store: Store, tmp_path: Path) -> None:
    now = datetime(2026, 3, 5, tzinfo=UTC)
    with store.writing() as session:
        for code in ("app-1", "app-2"):
            service.add_entry(session, described(code), now=now, port_of=lambda code: ord(code[-1]))
        entry, _ = service.change_entry(session, HOSTS, "app-2", {"name": "另一个名称"})
        assert entry.code == "app-2"
        file = tmp_path / "台账.yaml"
        file.write_text("hosts:\n- {code: app-1, name: 新名称}\n", encoding="utf-8")
        judged, _ = service.import_file(session, file, now=now)
        assert [plan.change for plan in judged.plans] == ["changed"]

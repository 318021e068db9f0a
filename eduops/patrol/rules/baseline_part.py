"""How each part of a baseline is read: items with values; a row that nobody can read gives None, and costs the part."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from eduops.patrol.rules.reading import Data, read_number, read_rows, read_text
from eduops.patrol.rules.threshold import Part

UNKNOWN_PROCESS = "监听"
"""Of a port of which nobody said who listens: not every account may see that, and a light patrol does not look."""
# Linux takes the ports of outgoing datagrams from here on up: they come and go by themselves.
_FIRST_PASSING_PORT = 32_768
_SYSTEM_WORDS = {"os_name": "系统", "kernel": "内核", "architecture": "架构", "python_version": "Python"}
_ACCOUNT_KEYS = ("uid", "shell", "groups")

Items = Iterator[tuple[str, str] | None]
"""Items with values; None for a row that cannot be read."""


def _list_nothing(_data: Data) -> Iterator[str | None]:
    return iter(())


@dataclass(frozen=True, slots=True)
class Reader:
    """Where a part is told: the probe, its keys with the needed one first, how it is read, what of it could not be.

    `read` gives None where the part is not there at all; `list_unread` gives None for what cannot be read itself.
    """

    probe: str
    keys: tuple[str, ...]
    read: Callable[[Data], Items | None]
    list_unread: Callable[[Data], Iterator[str | None]] = _list_nothing


def _by_rows(key: str, tell_row: Callable[[Data], tuple[str, str] | None]) -> Callable[[Data], Items | None]:
    """One item for each row under the key."""

    def read(data: Data) -> Items | None:
        rows = read_rows(data, key)
        return None if rows is None else map(tell_row, rows)

    return read


def _read_system(data: Data) -> Items | None:
    return _list_system(data) if read_text(data, "kernel") else None


def _list_system(data: Data) -> Items:
    for key, head in _SYSTEM_WORDS.items():
        value = data.get(key)
        if value is not None and not isinstance(value, str):
            yield None
        elif value:
            yield head, value


def _list_unread_system(data: Data) -> Iterator[str]:
    yield from (head for key, head in _SYSTEM_WORDS.items() if not read_text(data, key))


def _tell_package(row: Data) -> tuple[str, str] | None:
    name, version = read_text(row, "name"), row.get("version")
    return (name, version) if name and isinstance(version, str) else None


def _read_ports(data: Data) -> Items | None:
    rows = read_rows(data, "listening")
    return None if rows is None else _list_ports(rows)


def _list_ports(rows: Sequence[Data]) -> Items:
    for row in rows:
        protocol, port = read_text(row, "protocol"), read_number(row, "port", high=65_535)
        if not protocol or port is None or not port.is_integer() or not isinstance(row.get("address"), str):
            yield None
        elif protocol != "udp" or port < _FIRST_PASSING_PORT:
            item = f"{protocol} {read_text(row, 'address')}:{port:.0f}"
            yield item, read_text(row, "process") or UNKNOWN_PROCESS


def _tell_account(row: Data) -> tuple[str, str] | None:
    said = (
        f"{key}={tell(row[key])}" for key in _ACCOUNT_KEYS if key in row and row[key] not in (None, "", [])
    )
    name = read_text(row, "name")
    return (name, " ".join(said)) if name else None


def tell(value: object) -> str:
    """Any JSON value as text, the same for the same value."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ",".join(sorted(value))
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _read_schedules(data: Data) -> Items | None:
    entries = read_rows(data, "entries")
    return None if entries is None else _list_schedules(entries, read_rows(data, "timers") or ())


def _list_schedules(entries: Sequence[Data], timers: Sequence[Data]) -> Items:
    for row in entries:
        words = (read_text(row, "source"), read_text(row, "user"), read_text(row, "command"))
        schedule = read_text(row, "schedule")
        yield (" ".join(filter(None, words)), schedule) if schedule and words[2] else None
    for row in timers:
        name = read_text(row, "name")
        yield (f"systemctl {name}", read_text(row, "unit")) if name else None


def _list_unread_tables(data: Data) -> Iterator[str | None]:
    unread, timers = read_rows(data, "unread"), data.get("timers")
    if unread is None:
        yield None
    # A table without a name may be any.
    yield from (read_text(row, "source") or None for row in unread or ())
    if timers is None:
        yield "systemctl "
    elif read_rows(data, "timers") is None:
        yield None


def _read_services(data: Data) -> Items | None:
    rows = read_rows(data, "expected")
    return None if rows is None else _list_services(rows)


def _list_services(rows: Sequence[Data]) -> Items:
    for row in rows:
        name, said = _name(row), _tell_service(row)
        if not name:
            yield None
        elif said:
            yield name, said


def _list_unread_services(data: Data) -> Iterator[str]:
    yield from (_name(row) for row in read_rows(data, "expected") or () if not _tell_service(row))


def _tell_service(row: Data) -> str:
    return read_text(row, "enabled") or read_text(row, "load")


def _name(row: Data) -> str:
    return read_text(row, "expected") or read_text(row, "name")


def _read_configuration(data: Data) -> Items | None:
    rows = read_rows(data, "files")
    return None if rows is None else _list_files(rows)


def _list_files(rows: Sequence[Data]) -> Items:
    for row in rows:
        path, fingerprint = read_text(row, "path"), read_text(row, "sha256")
        if path and fingerprint:
            yield path, fingerprint
        elif not path or read_text(row, "status") not in ("failed", "not_checked"):
            yield None


def _list_unread_files(data: Data) -> Iterator[str]:
    for row in read_rows(data, "files") or ():
        if not read_text(row, "sha256") and read_text(row, "status") == "not_checked":
            yield read_text(row, "path")


def _tell_mount(row: Data) -> tuple[str, str] | None:
    mount, kind = read_text(row, "mount"), read_text(row, "type")
    return (mount, f"{kind} {read_text(row, 'device')}".strip()) if mount and kind else None


READERS: Mapping[Part, Reader] = {
    Part.SYSTEM: Reader("system", ("kernel", *_SYSTEM_WORDS), _read_system, _list_unread_system),
    Part.PACKAGES: Reader("system", ("packages",), _by_rows("packages", _tell_package)),
    Part.PORTS: Reader("network", ("listening",), _read_ports),
    Part.ACCOUNTS: Reader("accounts", ("accounts",), _by_rows("accounts", _tell_account)),
    Part.SCHEDULES: Reader(
        "schedules", ("entries", "timers", "unread"), _read_schedules, _list_unread_tables
    ),
    Part.SERVICES: Reader("services", ("expected",), _read_services, _list_unread_services),
    Part.CONFIGURATION: Reader("configuration", ("files",), _read_configuration, _list_unread_files),
    Part.MOUNTS: Reader("disks", ("filesystems",), _by_rows("filesystems", _tell_mount)),
}
"""Every part but the databases, which several probes tell of."""

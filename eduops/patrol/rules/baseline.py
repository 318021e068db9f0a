"""What a baseline holds of a host: facts that change only when somebody changes them, drawn from a document."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from eduops.patrol.rules.document import Document, Section
from eduops.patrol.rules.reading import MOST_ROWS, Data, read_number, read_rows, read_text
from eduops.patrol.rules.threshold import Part

PART_WORDS = {
    Part.SYSTEM: "操作系统与内核",
    Part.PACKAGES: "主要软件包",
    Part.PORTS: "监听端口",
    Part.ACCOUNTS: "本机账号",
    Part.SCHEDULES: "定时任务",
    Part.SERVICES: "系统服务",
    Part.CONFIGURATION: "配置文件",
    Part.DATABASES: "数据库与中间件设置",
    Part.MOUNTS: "挂载点",
}
_LONGEST_ITEM = 200
_LONGEST_VALUE = 300
# Linux takes the ports of outgoing datagrams from here on up: they come and go by themselves.
_FIRST_PASSING_PORT = 32_768
_SYSTEM_WORDS = {"os_name": "系统", "kernel": "内核", "architecture": "架构", "python_version": "Python"}
_ACCOUNT_KEYS = ("uid", "shell", "groups")

Items = Iterator[tuple[str, str]]
Facts = Mapping[str, Mapping[str, str]]
"""Part -> item -> value, as a baseline keeps them."""


@dataclass(frozen=True, slots=True)
class PartFacts:
    """One part as a document tells it: items with values; or `reason`, where it could not be read.

    `unread` are beginnings of items that could not be read this time: that they are not there says nothing.
    """

    items: Mapping[str, str]
    reason: str = ""
    is_failed: bool = False
    unread: tuple[str, ...] = ()


Told = dict[Part, tuple[object, PartFacts]]
"""What the document before said of a part, word for word, and what was made of it."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was approved."""

    number: int
    facts: Facts


def extract_parts(document: Document, told: Told | None = None) -> dict[Part, PartFacts]:
    """Every part of the host's configuration, the unread ones with the reason.

    `told` is kept from document to document of one host, where many are read: most parts stay word for word the same.
    """
    sections = {section.name: section for section in document.probes}
    known = {} if told is None else told
    found = {part: _extract(part, sections, known) for part in _READERS}
    return {**found, Part.DATABASES: _extract_databases(document.probes)}


def build_facts(parts: Mapping[Part, PartFacts]) -> dict[str, dict[str, str]]:
    """What a baseline keeps: the parts that were read."""
    return {
        part.value: dict(sorted(found.items.items())) for part, found in parts.items() if not found.reason
    }


def hash_facts(facts: Facts) -> str:
    """SHA-256 of the facts, the same for the same facts."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _extract(part: Part, sections: Mapping[str, Section], told: Told) -> PartFacts:
    reader = _READERS[part]
    section = sections.get(reader.probe)
    if (unread := _explain_unread(section)) is not None:
        return unread
    assert section is not None and section.data is not None  # noqa: S101 - told above
    raw = [section.data.get(key) for key in reader.keys]
    if part not in told or told[part][0] != raw:
        told[part] = (raw, _read(reader, section.data))
    return told[part][1]


def _read(reader: "_Reader", data: Data) -> PartFacts:
    items = reader.read(data)
    if items is None:
        is_there = data.get(reader.keys[0]) is not None
        reason = "文档中的这一部分无法识别" if is_there else "文档中没有这一部分"
        return PartFacts({}, reason, is_failed=is_there)
    return PartFacts(_collect(items), unread=tuple(reader.list_unread(data)))


def _explain_unread(section: Section | None) -> PartFacts | None:
    """Why a section tells nothing; None where it does."""
    if section is None:
        return PartFacts({}, "文档中没有这一项")
    if section.status == "ok" and section.data is not None:
        return None
    return PartFacts({}, section.reason or "没有说明原因", is_failed=section.status != "not_checked")


def _collect(items: Items) -> dict[str, str]:
    """The items under their names; those that share one are told together, in order."""
    found: dict[str, str] = {}
    shared: dict[str, set[str]] = {}
    for name, value in items:
        item = name[:_LONGEST_ITEM]
        if found.setdefault(item, value) != value:
            shared.setdefault(item, {found[item]}).add(value)
    found.update({item: "；".join(sorted(values)) for item, values in shared.items()})
    return {item: _shorten(value) for item, value in found.items()}


def _shorten(value: str) -> str:
    if len(value) <= _LONGEST_VALUE:
        return value
    # What is cut off still counts.
    return f"{value[:_LONGEST_VALUE]}…{hashlib.sha256(value.encode()).hexdigest()[:16]}"


def _read_system(data: Data) -> Items | None:
    if not read_text(data, "kernel"):
        return None
    return ((head, read_text(data, key)) for key, head in _SYSTEM_WORDS.items() if read_text(data, key))


def _read_packages(data: Data) -> Items | None:
    rows = read_rows(data, "packages")
    return (
        None
        if rows is None
        else ((read_text(row, "name") or "（无名）", read_text(row, "version")) for row in rows)
    )


def _read_ports(data: Data) -> Items | None:
    rows = read_rows(data, "listening")
    return None if rows is None else _list_ports(rows)


def _list_ports(rows: Sequence[Data]) -> Items:
    for row in rows:
        protocol, port = read_text(row, "protocol"), read_number(row, "port", high=65_535)
        if port is None or (protocol == "udp" and port >= _FIRST_PASSING_PORT):
            continue
        yield f"{protocol} {read_text(row, 'address')}:{port:.0f}", read_text(row, "process") or "监听"


def _read_accounts(data: Data) -> Items | None:
    rows = read_rows(data, "accounts")
    return (
        None if rows is None else ((read_text(row, "name") or "（无名）", _tell_account(row)) for row in rows)
    )


def _tell_account(row: Data) -> str:
    return " ".join(
        f"{key}={_tell(row[key])}" for key in _ACCOUNT_KEYS if key in row and row[key] not in (None, "", [])
    )


def _tell(value: object) -> str:
    """Any JSON value as text, the same for the same value."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ",".join(sorted(value))
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _read_schedules(data: Data) -> Items | None:
    entries, timers = read_rows(data, "entries"), read_rows(data, "timers")
    return None if entries is None else _list_schedules(entries, timers or ())


def _list_schedules(entries: Sequence[Data], timers: Sequence[Data]) -> Items:
    for row in entries:
        words = (read_text(row, "source"), read_text(row, "user"), read_text(row, "command"))
        yield " ".join(filter(None, words)), read_text(row, "schedule")
    for row in timers:
        yield f"systemctl {read_text(row, 'name')}", read_text(row, "unit")


def _list_unread_tables(data: Data) -> Iterator[str]:
    yield from (
        read_text(row, "source") for row in read_rows(data, "unread") or () if read_text(row, "source")
    )
    if read_rows(data, "timers") is None:
        yield "systemctl "


def _read_services(data: Data) -> Items | None:
    rows = read_rows(data, "expected")
    return (
        None
        if rows is None
        else ((_name(row), read_text(row, "enabled") or read_text(row, "load")) for row in rows)
    )


def _name(row: Data) -> str:
    return read_text(row, "expected") or read_text(row, "name") or "（无名）"


def _read_configuration(data: Data) -> Items | None:
    rows = read_rows(data, "files")
    return (
        None
        if rows is None
        else (
            (read_text(row, "path"), read_text(row, "sha256"))
            for row in rows
            if read_text(row, "path") and read_text(row, "sha256")
        )
    )


def _list_unread_files(data: Data) -> Iterator[str]:
    for row in read_rows(data, "files") or ():
        if (
            read_text(row, "path")
            and not read_text(row, "sha256")
            and read_text(row, "status") == "not_checked"
        ):
            yield read_text(row, "path")


def _read_mounts(data: Data) -> Items | None:
    rows = read_rows(data, "filesystems")
    return (
        None
        if rows is None
        else (
            (read_text(row, "mount"), f"{read_text(row, 'type')} {read_text(row, 'device')}".strip())
            for row in rows
            if read_text(row, "mount")
        )
    )


def _list_nothing(_data: Data) -> Iterator[str]:
    return iter(())


@dataclass(frozen=True, slots=True)
class _Reader:
    """Where a part is told: the probe, its keys with the needed one first, how it is read, what of it could not be."""

    probe: str
    keys: tuple[str, ...]
    read: Callable[[Data], Items | None]
    list_unread: Callable[[Data], Iterator[str]] = _list_nothing


_READERS = {
    Part.SYSTEM: _Reader("system", ("kernel", *_SYSTEM_WORDS), _read_system),
    Part.PACKAGES: _Reader("system", ("packages",), _read_packages),
    Part.PORTS: _Reader("network", ("listening",), _read_ports),
    Part.ACCOUNTS: _Reader("accounts", ("accounts",), _read_accounts),
    Part.SCHEDULES: _Reader(
        "schedules", ("entries", "timers", "unread"), _read_schedules, _list_unread_tables
    ),
    Part.SERVICES: _Reader("services", ("expected",), _read_services),
    Part.CONFIGURATION: _Reader("configuration", ("files",), _read_configuration, _list_unread_files),
    Part.MOUNTS: _Reader("disks", ("filesystems",), _read_mounts),
}


def _extract_databases(sections: Sequence[Section]) -> PartFacts:
    """The version and the settings of every instance that any section tells of."""
    items: dict[str, str] = {}
    unread: list[str] = []
    telling = [section for section in sections if read_rows(section.data, "instances") is not None]
    for section in telling:
        for row in read_rows(section.data, "instances") or ():
            name = f"{section.name} {read_text(row, 'name')}".strip()
            settings = row.get("settings")
            items.update(_tell_instance(name, row, settings if isinstance(settings, Mapping) else {}))
            if not isinstance(settings, Mapping) or read_text(row, "status") != "ok":
                unread.append(f"{name} ")
    if not telling:
        return PartFacts({}, "文档中没有数据库或中间件的设置")
    return PartFacts(items, unread=tuple(unread))


def _tell_instance(name: str, row: Data, settings: Mapping[object, object]) -> Items:
    if version := read_text(row, "version"):
        yield f"{name} 版本"[:_LONGEST_ITEM], _shorten(version)
    for key in sorted(map(str, settings))[:MOST_ROWS]:
        yield f"{name} {key}"[:_LONGEST_ITEM], _shorten(_tell(settings.get(key)))

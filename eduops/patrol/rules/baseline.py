"""What a baseline holds of a host: facts that change only when somebody changes them, drawn from a document."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from eduops.patrol.rules.baseline_part import READERS, Reader, tell
from eduops.patrol.rules.document import Document, Section
from eduops.patrol.rules.likeness import Heard
from eduops.patrol.rules.reading import MOST_ROWS, Data, read_rows, read_text
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
_WITH_INSTANCES = ("postgresql", "mysql", "redis", "nginx", "tomcat")

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


_UNREADABLE = PartFacts({}, "文档中的这一部分无法识别", is_failed=True)


@dataclass(frozen=True, slots=True)
class ToldPart:
    """What the document before said of a part, word for word, and what was made of it."""

    section: Section
    heard: Sequence[Heard]
    found: PartFacts


ToldParts = dict[Part, ToldPart]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was approved."""

    number: int
    facts: Facts


def extract_parts(document: Document, told: ToldParts | None = None) -> dict[Part, PartFacts]:
    """Every part of the host's configuration, the unread ones with the reason.

    `told` is kept from document to document of one host, where many are read: most parts stay word for word the same.
    """
    return extract_from({section.name: section for section in document.probes}, told)


def extract_from(sections: Mapping[str, Section], told: ToldParts | None = None) -> dict[Part, PartFacts]:
    """The same out of a document's sections by name."""
    known: ToldParts = {} if told is None else told
    found = {part: _extract(part, sections, known) for part in READERS}
    return {**found, Part.DATABASES: _extract_databases(sections)}


def build_facts(parts: Mapping[Part, PartFacts]) -> dict[str, dict[str, str]]:
    """What a baseline keeps: the parts that were read."""
    return {
        part.value: dict(sorted(found.items.items())) for part, found in parts.items() if not found.reason
    }


def hash_facts(facts: Facts) -> str:
    """SHA-256 of the facts, the same for the same facts."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _extract(part: Part, sections: Mapping[str, Section], told: ToldParts) -> PartFacts:
    reader = READERS[part]
    section = sections.get(reader.probe)
    if (unread := _explain_unread(section)) is not None:
        return unread
    assert section is not None and section.data is not None  # noqa: S101 - told above
    before = told.get(part)
    if before is not None and before.section is section:
        return before.found
    raw = [section.data.get(key) for key in reader.keys]
    if before is not None and all(map(Heard.is_same, before.heard, raw)):
        told[part] = replace(before, section=section)
        return before.found
    found = _read(reader, section.data)
    told[part] = ToldPart(section, [Heard(value) for value in raw], found)
    return found


def _read(reader: Reader, data: Data) -> PartFacts:
    found = reader.read(data)
    if found is None:
        is_there = data.get(reader.keys[0]) is not None
        return _UNREADABLE if is_there else PartFacts({}, "文档中没有这一部分")
    items, unread = list(found), list(reader.list_unread(data))
    if wrong := items.count(None) + unread.count(None):
        # What stands in such a row is not known: neither that it is as approved, nor that it is gone.
        return PartFacts({}, f"文档中的这一部分有 {wrong} 行无法识别", is_failed=True)
    told = (item for item in items if item is not None)
    return PartFacts(_collect(told), unread=tuple(begin for begin in unread if begin is not None))


def _explain_unread(section: Section | None) -> PartFacts | None:
    """Why a section tells nothing; None where it does."""
    if section is None:
        return PartFacts({}, "文档中没有这一项")
    if section.status == "ok" and section.data is not None:
        return None
    return PartFacts({}, section.reason or "没有说明原因", is_failed=section.status != "not_checked")


def _collect(items: Iterable[tuple[str, str]]) -> dict[str, str]:
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


def _extract_databases(sections: Mapping[str, Section]) -> PartFacts:
    """The version and the settings of every instance that any section tells of."""
    items: dict[str, str] = {}
    unread: list[str] = []
    telling = 0
    for probe in _WITH_INSTANCES:
        section = sections.get(probe)
        if section is None or section.status != "ok" or section.data is None:
            # That a probe was not made, or failed, says nothing about its instances.
            unread.append(f"{probe} ")
            continue
        rows = read_rows(section.data, "instances")
        if rows is None or not all(read_text(row, "name") for row in rows):
            return _UNREADABLE
        telling += 1
        for row in rows:
            unread += _read_instance(items, f"{probe} {read_text(row, 'name')}", row)
    if not telling:
        return PartFacts({}, "文档中没有数据库或中间件的设置")
    return PartFacts(items, unread=tuple(unread))


def _read_instance(items: dict[str, str], name: str, row: Data) -> Iterator[str]:
    """Adds what an instance tells; gives the beginnings of what it does not."""
    settings = row.get("settings")
    items.update(_tell_instance(name, row, settings if isinstance(settings, Mapping) else {}))
    if not isinstance(settings, Mapping) or read_text(row, "status") != "ok":
        yield f"{name} "
    elif not read_text(row, "version"):
        yield f"{name} 版本"


def _tell_instance(name: str, row: Data, settings: Mapping[object, object]) -> Iterator[tuple[str, str]]:
    if version := read_text(row, "version"):
        yield f"{name} 版本"[:_LONGEST_ITEM], _shorten(version)
    for key in sorted(map(str, settings))[:MOST_ROWS]:
        yield f"{name} {key}"[:_LONGEST_ITEM], _shorten(tell(settings.get(key)))

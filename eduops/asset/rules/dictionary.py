"""Versions of a customer's dictionary: their entries, how two differ, and which system stands at which."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `extra` is whatever else the customer's file says of it, by its headings."""

    code: str
    name: str
    parent_code: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changed:
    """An entry that is in both versions and not the same; `field` is name, parent_code, or a heading."""

    code: str
    name: str
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of a version's entries in another: by code, each list in the order of codes."""

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    renamed: tuple[Changed, ...]
    moved: tuple[Changed, ...]
    other: tuple[Changed, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.renamed or self.moved or self.other)


@dataclass(frozen=True, slots=True)
class Sync:
    """That a version was brought to a system, or was not."""

    version: int
    system: str
    synced_at: datetime
    is_done: bool
    note: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a system stands: `version` is the last that was brought to it, `behind` how many newer ones there are."""

    system: str
    version: int | None
    synced_at: datetime | None
    behind: int
    failed_at: datetime | None
    """When bringing a version failed, where nothing has succeeded since."""
    note: str


def hash_entries(entries: Iterable[Entry]) -> str:
    """SHA-256 of the entries whatever their order: what tells one content from another."""
    rows = sorted((each.code, each.name, each.parent_code, sorted(each.extra.items())) for each in entries)
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def find_difference(before: Sequence[Entry], after: Sequence[Entry]) -> Difference:
    """What was added, removed, renamed, moved to another parent or changed elsewhere. One entry may be in several."""
    old, new = {each.code: each for each in before}, {each.code: each for each in after}
    pairs = [(old[code], new[code]) for code in sorted(old.keys() & new.keys())]
    changes = [change for pair in pairs for change in _list_changes(*pair)]
    return Difference(
        tuple(new[code] for code in sorted(new.keys() - old.keys())),
        tuple(old[code] for code in sorted(old.keys() - new.keys())),
        tuple(each for each in changes if each.field == "name"),
        tuple(each for each in changes if each.field == "parent_code"),
        tuple(each for each in changes if each.field not in ("name", "parent_code")),
    )


def _list_changes(before: Entry, after: Entry) -> Iterable[Changed]:
    for name in ("name", "parent_code"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Changed(after.code, after.name, name, old, new)
    for head in sorted(before.extra.keys() | after.extra.keys()):
        old, new = before.extra.get(head, ""), after.extra.get(head, "")
        if old != new:
            # A customer's own heading may be called like one of our fields.
            yield Changed(
                after.code, after.name, f"{head} " if head in ("name", "parent_code") else head, old, new
            )


def list_standings(syncs: Sequence[Sync], newest: int) -> list[Standing]:
    """Every system that anything was ever brought to, by name. `syncs` in the order in which they were recorded."""
    systems: dict[str, list[Sync]] = {}
    for each in sorted(syncs, key=lambda one: one.synced_at):
        systems.setdefault(each.system, []).append(each)
    return [_find_standing(name, systems[name], newest) for name in sorted(systems)]


def _find_standing(system: str, syncs: Sequence[Sync], newest: int) -> Standing:
    done = next((each for each in reversed(syncs) if each.is_done), None)
    last = syncs[-1]
    version = done.version if done else None
    return Standing(
        system, version, done.synced_at if done else None, newest - (version or 0),
        None if last.is_done else last.synced_at, last.note,
    )  # fmt: skip

"""Everything under care as it is kept, and what a file would make of it: added, changed, unchanged, or what is wrong."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

from eduops.asset.rules.entry import Entry, list_slips, tidied
from eduops.asset.rules.host import Environment, NewHost, Role, is_local
from eduops.asset.rules.kind import HOSTS, KINDS, Kind, kind_of, list_references
from eduops.asset.rules.raw_row import Draft
from eduops.asset.rules.text import Slip
from eduops.core.errors import Problem

MOST_ENTRIES = 5_000
"""More than this in one file is no inventory of one platform."""
_SHOWN_CODES = 3


@dataclass(frozen=True)
class Inventory:
    """The entries that are kept, those in use first by code, and the codes of retired ones by kind."""

    entries: tuple[Entry, ...] = ()
    retired: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def in_use(self) -> Mapping[str, Mapping[str, Entry]]:
        """Kind's key → code → entry, by code."""
        found: dict[str, dict[str, Entry]] = {kind.key: {} for kind in KINDS}
        for entry in sorted(self.entries, key=lambda each: each.code):
            found[kind_of(entry).key][entry.code] = entry
        return found

    def is_retired(self, kind: Kind, code: str) -> bool:
        return code in self.retired.get(kind.key, ())


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall become of an entry: added, changed or unchanged; `before` is what is kept."""

    change: str
    entry: Entry
    before: Entry | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What a file comes to: plans, or problems; `retired` are (kind, code) that it names and nothing is done to."""

    plans: tuple[Plan, ...]
    problems: tuple[Problem, ...]
    retired: tuple[tuple[Kind, str], ...]

    def count(self, kind: Kind) -> Counter[str]:
        """How many entries of a kind are added, changed, unchanged."""
        return Counter(plan.change for plan in self.plans if kind_of(plan.entry) is kind)


@dataclass(slots=True)
class _Judge:
    """One pass over a file's rows."""

    file: str
    kept: Inventory
    named: dict[str, set[str]]
    plans: list[Plan] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    retired: list[tuple[Kind, str]] = field(default_factory=list)
    first: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, draft: Draft, slip: Slip) -> None:
        place = draft.row.place_of(slip.field)
        self.problems.append(Problem(self.file, place.address, slip.message, place.number))


def judge_file(drafts: Sequence[Draft], kept: Inventory, *, file: str) -> Judged:
    """What the rows of a file come to beside what is kept. A row changes what its words say and leaves the rest."""
    named = {kind.key: {each.code for each in drafts if each.row.kind is kind} for kind in KINDS}
    judge = _Judge(file, kept, named)
    for draft in drafts:
        _judge_draft(judge, draft)
    _judge_local(judge, drafts)
    return Judged(tuple(judge.plans), tuple(judge.problems), tuple(judge.retired))


def _judge_draft(judge: _Judge, draft: Draft) -> None:
    kind, code = draft.row.kind, draft.code
    for slip in draft.slips:
        judge.note(draft, slip)
    if not code:
        judge.note(draft, Slip("code", f"{kind.word}缺少代码"))
        return
    place = draft.row.place_of("code").address
    first = judge.first.setdefault((kind.key, code), place)
    if first != place:
        judge.note(draft, Slip("code", f"{kind.word}代码 {code[:60]} 与 {first} 重复"))
        return
    if judge.kept.is_retired(kind, code):
        judge.retired.append((kind, code))
        return
    before = judge.kept.in_use[kind.key].get(code)
    missing = [] if before else [name for name in kind.required if name not in draft.given]
    spoilt = {slip.field for slip in draft.slips}
    for name in missing:
        each = next(each for each in kind.fields if each.attribute == name)
        if each.key not in spoilt:
            judge.note(draft, Slip(each.key, f"{kind.word} {code[:60]} 缺少{each.heads[0]}（{each.key}）"))
    if missing:
        return
    entry = tidied(replace(before, **draft.given) if before else build_entry(kind, draft.given))  # type: ignore[arg-type]
    for slip in (*list_slips(entry), *_list_unknown(entry, judge.kept, judge.named)):
        judge.note(draft, _by_key(kind, slip))
    judge.plans.append(Plan(_name_change(entry, before), entry, before))


def build_entry(kind: Kind, given: Mapping[str, object]) -> Entry:
    """An entry of given values, by its attributes."""
    values = dict(given)
    if kind is HOSTS:
        values |= {"role": Role(str(values["role"])), "environment": Environment(str(values["environment"]))}
    entry: Entry = kind.entry(**values)
    return entry


def list_unknown(entry: Entry, kept: Inventory) -> Iterator[Slip]:
    """What an entry points at that is not there, or not in use any more; all of it."""
    return _list_unknown(entry, kept, {})


def list_differences(before: Entry, after: Entry) -> dict[str, tuple[object, object]]:
    """Attribute → (what stood there, what stands there now)."""
    pairs = {each.name: (getattr(before, each.name), getattr(after, each.name)) for each in fields(after)}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}


def _list_unknown(entry: Entry, kept: Inventory, named: Mapping[str, set[str]]) -> Iterator[Slip]:
    for name, kind, code in list_references(entry):
        if kept.is_retired(kind, code):
            yield Slip(name, f"{kind.word} {code} 已经停用，不能再指向它")
        elif code not in kept.in_use[kind.key] and code not in named.get(kind.key, ()):
            yield Slip(name, f"没有代码为 {code[:60]} 的{kind.word}；先登记它，或检查代码")


def _by_key(kind: Kind, slip: Slip) -> Slip:
    """The slip at the file's key of an attribute."""
    key = next((each.key for each in kind.fields if each.attribute == slip.field), slip.field)
    return Slip(key, slip.message)


def _name_change(entry: Entry, before: Entry | None) -> str:
    if before is None:
        return "added"
    return "unchanged" if entry == before else "changed"


def _judge_local(judge: _Judge, drafts: Sequence[Draft]) -> None:
    """This machine is one host."""
    planned = {plan.entry.code: plan.entry for plan in judge.plans if isinstance(plan.entry, NewHost)}
    hosts = {**judge.kept.in_use[HOSTS.key], **planned}
    local = sorted(
        code for code, host in hosts.items() if isinstance(host, NewHost) and is_local(host.address)
    )
    if len(local) < 2:
        return
    said = f"地址 local 指 eduops 所在的这台机器，只能有一台主机；现在有 {'、'.join(local[:_SHOWN_CODES])}"
    for draft in drafts:
        if draft.row.kind is HOSTS and draft.code in local:
            judge.note(draft, Slip("address", said))

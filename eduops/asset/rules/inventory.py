"""Everything under care as it is kept, and what a file would make of it: added, changed, unchanged, or what is wrong."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

from eduops.asset.rules.address import PortOf, Way, is_local, list_clashes, usual_port
from eduops.asset.rules.entry import Entry, list_slips, tidied
from eduops.asset.rules.host import Environment, NewHost, Role
from eduops.asset.rules.kind import HOSTS, KINDS, Kind, kind_of, list_references
from eduops.asset.rules.raw_row import Draft
from eduops.asset.rules.text import Slip
from eduops.core.errors import Problem

MOST_ENTRIES = 5_000
"""More than this in one file is no inventory of one platform."""
_SHOWN_CODES = 3
_NO_CODE = "（无代码）"
MEND_WAY = (
    "同一台机器只登记一个代码；若是同一地址不同端口的两台，先在 remote.yaml 的 hosts.主机代码.port 写上端口"
)
"""What to do about two hosts with one way."""


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
    hosts: dict[str, NewHost] = field(default_factory=dict)
    """What the file says of hosts, by code, as far as they say where they are."""

    def note(self, draft: Draft, slip: Slip) -> None:
        place = draft.row.place_of(slip.field)
        self.problems.append(Problem(self.file, place.address, slip.message, place.number))


def judge_file(
    drafts: Sequence[Draft], kept: Inventory, *, file: str, port_of: PortOf = usual_port
) -> Judged:
    """What the rows of a file come to beside what is kept. A row changes what its words say and leaves the rest.

    Everything wrong is said at once: a row that lacks something is looked at all the same.
    """
    named = {kind.key: {each.code for each in drafts if each.row.kind is kind} for kind in KINDS}
    judge = _Judge(file, kept, named)
    for draft in drafts:
        _judge_draft(judge, draft)
    _judge_local(judge, drafts)
    _judge_ways(judge, drafts, port_of)
    return Judged(tuple(judge.plans), tuple(judge.problems), tuple(judge.retired))


def _judge_draft(judge: _Judge, draft: Draft) -> None:
    kind, code = draft.row.kind, draft.code
    for slip in draft.slips:
        judge.note(draft, slip)
    if code and judge.kept.is_retired(kind, code):
        judge.retired.append((kind, code))
        return
    is_first = _judge_code(judge, draft)
    before = judge.kept.in_use[kind.key].get(code)
    missing = [] if before else [name for name in kind.required if name not in draft.given]
    _note_missing(judge, draft, missing)
    entry = tidied(
        replace(before, **draft.given)  # type: ignore[arg-type]
        if before
        else build_entry(kind, {**_stand_ins(missing), **draft.given})
    )
    for slip in (*list_slips(entry), *_list_unknown(entry, judge.kept, judge.named)):
        if slip.field not in missing:
            judge.note(draft, _by_key(kind, slip))
    if isinstance(entry, NewHost) and is_first and code and "address" not in missing:
        judge.hosts[code] = entry
    if is_first and not missing:
        judge.plans.append(Plan(_name_change(entry, before), entry, before))


def _judge_code(judge: _Judge, draft: Draft) -> bool:
    """Notes a code that is missing or stands twice; whether the row is the first of its code."""
    kind, code = draft.row.kind, draft.code
    if not code:
        judge.note(draft, Slip("code", f"{kind.word}缺少代码"))
        return False
    place = draft.row.place_of("code").address
    first = judge.first.setdefault((kind.key, code), place)
    if first != place:
        judge.note(draft, Slip("code", f"{kind.word}代码 {code[:60]} 与 {first} 重复"))
    return first == place


def _note_missing(judge: _Judge, draft: Draft, missing: Sequence[str]) -> None:
    kind = draft.row.kind
    spoilt = {slip.field for slip in draft.slips}
    for name in missing:
        each = next(each for each in kind.fields if each.attribute == name)
        if each.key not in spoilt and name != "code":
            said = f"{kind.word} {(draft.code or _NO_CODE)[:60]} 缺少{each.heads[0]}（{each.key}）"
            judge.note(draft, Slip(each.key, said))


def _stand_ins(missing: Sequence[str]) -> dict[str, object]:
    """Something for what a row lacks, so that the rest of it can be looked at; what is said of it is passed over."""
    found: dict[str, object] = dict.fromkeys(missing, "")
    known = {"code": _NO_CODE, "role": Role.APPLICATION, "environment": Environment.PRODUCTION}
    return found | {name: value for name, value in known.items() if name in found}


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
    hosts = {**judge.kept.in_use[HOSTS.key], **judge.hosts}
    local = sorted(
        code for code, host in hosts.items() if isinstance(host, NewHost) and is_local(host.address)
    )
    if len(local) < 2:
        return
    said = f"地址 local 指 eduops 所在的这台机器，只能有一台主机；现在有 {'、'.join(local[:_SHOWN_CODES])}"
    for draft in drafts:
        if draft.row.kind is HOSTS and draft.code in local:
            judge.note(draft, Slip("address", said))


def _judge_ways(judge: _Judge, drafts: Sequence[Draft], port_of: PortOf) -> None:
    """Two hosts reached the same way are one machine; what is kept so already is left until somebody moves it."""
    kept = {code: host for code, host in judge.kept.in_use[HOSTS.key].items() if isinstance(host, NewHost)}
    moved = {code for code, host in judge.hosts.items() if code not in kept or is_moved(kept[code], host)}
    if not moved:
        return
    for way, codes in _list_clashes({**kept, **judge.hosts}, port_of):
        if not moved.isdisjoint(codes):
            said = f"{way} 上有主机 {'、'.join(codes[:_SHOWN_CODES])}；{MEND_WAY}"
            for draft in drafts:
                if draft.row.kind is HOSTS and draft.code in codes:
                    judge.note(draft, Slip("address", said))


def _list_clashes(hosts: Mapping[str, NewHost], port_of: PortOf) -> Iterator[tuple[Way, list[str]]]:
    return list_clashes(((code, host.address, host.bastion) for code, host in hosts.items()), port_of)


def is_moved(before: NewHost, after: NewHost) -> bool:
    """Whether another way leads to a host than before."""
    return (before.address, before.bastion) != (after.address, after.bastion)


def find_other(host: NewHost, kept: Inventory, port_of: PortOf) -> tuple[str, Way] | None:
    """The code of another host in use that is reached the same way, and the way."""
    hosts = {code: each for code, each in kept.in_use[HOSTS.key].items() if isinstance(each, NewHost)}
    for way, codes in _list_clashes({**hosts, host.code: host}, port_of):
        if host.code in codes:
            return next(code for code in codes if code != host.code), way
    return None

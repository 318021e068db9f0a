"""Judging with what is known of the host: when a document comes in, and again with other thresholds."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, update
from sqlmodel import Session, col

from eduops.asset.models import Host
from eduops.core.errors import InputError
from eduops.patrol.models import PatrolBaseline, PatrolResult, PatrolRun
from eduops.patrol.queries import baseline as baselines
from eduops.patrol.queries import history
from eduops.patrol.rules.baseline import Baseline
from eduops.patrol.rules.check import Check, State
from eduops.patrol.rules.demand import Demands, list_demands
from eduops.patrol.rules.document import Document, parse_stored
from eduops.patrol.rules.hysteresis import Key, Seen, list_seen
from eduops.patrol.rules.judgement import TWIN_METRIC, Before, Judgement, Memory, judge
from eduops.patrol.rules.run import Kind
from eduops.patrol.rules.threshold import PatrolConfig, Thresholds
from eduops.patrol.rules.trend import WINDOW_DAYS, Point

_USED = "disk_percent"
_WINDOW = timedelta(days=WINDOW_DAYS)


@dataclass(frozen=True, slots=True)
class Shift:
    """A check that comes out otherwise; `old` or `new` is None where there is none."""

    probe: str
    metric: str
    item: str
    old: State | None
    new: State | None
    text: str


@dataclass(frozen=True, slots=True)
class Rejudged:
    """A stored run judged again. With a `failure` its document could not be trusted any more, and nothing was judged."""

    ref: str
    measured_at: datetime
    old: State | None
    new: State | None
    shifts: tuple[Shift, ...] = ()
    is_other: bool = False
    """Whether anything of it would be written: a state, a limit, a sentence."""
    failure: str = ""


def judge_first(
    session: Session, run: PatrolRun, document: Document, thresholds: Thresholds, demands: Demands
) -> Judgement:
    """A document that has just come in, judged with what was measured before it."""
    at = document.measured_at
    memory = _load(session, run.host_id, at, run.id)
    machine = document.host.machine_id_hash
    twin = history.find_same_machine(session, run.host_id, machine) if machine else None
    return judge(document, thresholds, memory.at(at, twin=twin.code if twin else ""), demands)


def add_results(session: Session, run_id: int, checks: Sequence[Check]) -> None:
    """Keeps the checks of a run, in order."""
    rows = [
        {
            "run_id": run_id, "probe": check.probe, "metric": check.metric, "item": check.item, "state": check.state.value,
            "value": check.value, "unit": check.unit, "threshold": check.threshold, "text": check.text,
            "is_mandatory": check.is_mandatory,
        }
        for check in checks
    ]  # fmt: skip
    session.execute(insert(PatrolResult), rows)


def rejudge(
    session: Session,
    host: Host,
    config: PatrolConfig,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    write: bool = False,
    step: Callable[[int], None] = lambda _count: None,
) -> list[Rejudged]:
    """The host's documents measured in [since, until), judged again in order of measuring by the limits of `config`.

    `write` replaces the checks that are kept. `step` is told of each document done.
    """
    assert host.id is not None  # noqa: S101 - it comes from the database
    limits = config.for_host(host.code, host.role)
    by_kind = {kind.value: limits.for_kind(kind.value) for kind in Kind}
    demands = list_demands(host.code, config.agents.get(host.code, {}))
    memory: _Running | None = None
    made: list[Rejudged] = []
    run_ids = history.list_stored_ids(session, host.id, since=since, until=until)
    for stored in history.list_stored(session, run_ids):
        if memory is None:
            memory = _load(session, host.id, stored.measured_at, stored.run_id)
        made.append(_rejudge_one(session, stored, by_kind[stored.kind], demands, memory, write=write))
        step(1)
    return made


def _rejudge_one(
    session: Session,
    stored: history.Stored,
    thresholds: Thresholds,
    demands: Demands,
    memory: "_Running",
    *,
    write: bool,
) -> Rejudged:
    old = State(stored.state) if stored.state else None
    document = _read(stored)
    if isinstance(document, str):
        # What was said before stands; it is not carried on as a memory.
        memory.forget()
        return Rejudged(stored.ref, stored.measured_at, old, None, failure=document)
    judgement = judge(
        document, thresholds, memory.at(document.measured_at, twin=_find_twin(stored.rows)), demands
    )
    memory.remember(document.measured_at, judgement.checks)
    is_other = judgement.checks != stored.rows
    if write and (is_other or stored.thresholds_hash != thresholds.hash):
        _replace(session, stored.run_id, judgement, thresholds)
    if not is_other:
        return Rejudged(stored.ref, stored.measured_at, old, judgement.state)
    shifts = tuple(_list_shifts(stored.rows, judgement.checks))
    return Rejudged(stored.ref, stored.measured_at, old, judgement.state, shifts, is_other)


def _find_twin(rows: Iterable[history.CheckRow]) -> str:
    """The other host that a kept check names; who else was there cannot be seen from limits."""
    return next((row[1] for row in rows if row[0] == TWIN_METRIC), "")


def _read(stored: history.Stored) -> Document | str:
    """The stored document, or why it cannot be trusted: what the store has damaged is never judged."""
    if stored.content is None:
        return "库中的原始文档已损坏，不能解压"
    try:
        document = parse_stored(stored.content, source=f"巡检 {stored.ref} 的原始文档")
    except InputError as error:
        return error.message
    if document.checksum != stored.document_hash:
        return "库中的原始文档不是当时判定的那一份"
    return document


def _replace(session: Session, run_id: int, judgement: Judgement, thresholds: Thresholds) -> None:
    session.execute(delete(PatrolResult).where(col(PatrolResult.run_id) == run_id))
    add_results(session, run_id, judgement.checks)
    change = {"state": judgement.state.value, "thresholds_hash": thresholds.hash}
    session.execute(update(PatrolRun).where(col(PatrolRun.id) == run_id).values(change))


def _list_shifts(before: Sequence[history.CheckRow], after: Sequence[history.CheckRow]) -> Iterator[Shift]:
    # Whole rows first: nearly all are the same, and only the others are looked into.
    if len(before) == len(after):
        other = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
        before, after = [was for was, _ in other], [now for _, now in other]
    old, new = _by_name(before), _by_name(after)
    for name in dict.fromkeys([*new, *old]):
        was, now = old.get(name), new.get(name)
        states = was.state if was else None, now.state if now else None
        if states[0] is not states[1]:
            told = now or was
            yield Shift(*name, *states, told.text if told else "")


def _by_name(rows: Iterable[history.CheckRow]) -> dict[tuple[str, str, str], Check]:
    """In the order of names; of checks with one name the worst."""
    checks = sorted(
        map(history.build_check, rows),
        key=lambda check: (check.probe, check.metric, check.item, check.state.rank),
    )
    return {(check.probe, check.metric, check.item): check for check in checks}


@dataclass
class _Running:
    """What is known of a host while its documents are judged one after the other."""

    seen: dict[Key, Seen]
    used: dict[str, list[Point]]
    baselines: list[PatrolBaseline]
    _approved: list[datetime] = field(init=False)
    _before: Before = field(default_factory=Before)

    def __post_init__(self) -> None:
        self._approved = [kept.approved_at for kept in self.baselines]

    def at(self, instant: datetime, *, twin: str) -> Memory:
        """The memory with which a document of this instant is judged; `twin` as it was when that came in."""
        for points in self.used.values():
            while points and points[0].at < instant - _WINDOW:
                del points[0]
        place = bisect_right(self._approved, instant)
        kept = self.baselines[place - 1] if place else None
        baseline = Baseline(kept.number, kept.facts) if kept else None
        return Memory(self.seen, baseline, self.used, self._before, twin)

    def remember(self, instant: datetime, checks: Sequence[Check]) -> None:
        """Adds what a document came to."""
        self.seen = list_seen(checks)
        for check in checks:
            if check.metric == _USED and check.value is not None:
                self.used.setdefault(check.item, []).append(Point(instant, check.value))

    def forget(self) -> None:
        """The patrol before said nothing that can be held."""
        self.seen = {}


def _load(session: Session, host_id: int, at: datetime, run_id: int | None) -> _Running:
    """What was known of a host before a document."""
    before = history.find_run_before(session, host_id, at=at, run_id=run_id)
    checks = history.list_checks(session, before.id) if before and before.id else ()
    used: dict[str, list[Point]] = {}
    for figure in history.list_figures(session, host_id, since=at - _WINDOW, until=at, metric=_USED):
        used.setdefault(figure.item, []).append(figure.point)
    return _Running(list_seen(checks), used, baselines.list_of_host(session, host_id))

"""A critical problem's life from patrol to patrol, and what the service desk is to be told of it: pure.

New, lasting, eased, gone, back again. The desk decides when a ticket is resolved: the contract's clocks hang on that.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from eduops.patrol.rules.check import STATE_WORDS, Check, State

CLEAR_AFTER = 2
"""So many patrols in a row that find it gone, and it is believed."""
SAME_FOR = timedelta(hours=24)
SAME_PATROLS = 3
"""What comes back within this time, or within so many patrols, is the problem that it was."""
MOST_TICKETS = 5
"""More new problems of a host in one patrol have one ticket together: they have one cause."""
STALE_AFTER = timedelta(hours=48)
"""A patrol older than this opens no ticket: nobody knows what is so today."""
QUIET_FOR = timedelta(hours=4)
"""No two notes of one sort on a ticket within this time, whatever flaps."""
TELL_AFTER = timedelta(hours=20)
"""What lasts is told once a day; less than a day, so that the same hour of the next day is always late enough."""
_LONGEST_TITLE = 200
_MOST_LINES = 20

Key = tuple[str, str, str]
"""Probe, metric, item: what names a check from patrol to patrol."""


class Sort(StrEnum):
    """What a note on a ticket is about."""

    FOUND = "found"
    LASTING = "lasting"
    CHANGED = "changed"
    GONE = "gone"
    """Proposes the ticket's end."""
    SETTLED = "settled"
    """The desk has resolved the ticket, and patrols still find it."""


@dataclass(frozen=True, slots=True)
class SeenRun:
    """A finished patrol of a host; `earlier` are the ends of the patrols before it, as many as matter."""

    id: int
    ref: str
    finished_at: datetime
    checks: Mapping[Key, Check]
    """Of checks with one name the worst."""
    earlier: tuple[datetime, ...] = ()

    @property
    def order(self) -> tuple[datetime, int]:
        """Patrols come one after the other by this."""
        return self.finished_at, self.id

    def is_made(self, probe: str) -> bool:
        """Whether a probe gave anything."""
        return any(check.probe == probe and not is_unmade(check) for check in self.checks.values())


def is_unmade(check: Check) -> bool:
    """Whether a check only says that its probe gave nothing."""
    return (
        check.metric == check.probe
        and not check.item
        and check.state in (State.NOT_CHECKED, State.CANNOT_TELL)
    )


def index_checks(checks: Iterable[Check]) -> dict[Key, Check]:
    """Checks by name, of those with one name the worst."""
    ordered = sorted(checks, key=lambda check: check.state.rank)
    return {(check.probe, check.metric, check.item): check for check in ordered}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as it stands; `number` is None while it is new, `ticket` empty until it has one."""

    key: Key
    state: State
    text: str
    opened_at: datetime
    last_seen_at: datetime
    last_run: tuple[datetime, int]
    """The last patrol that was considered."""
    number: int | None = None
    ticket: str = ""
    seen_count: int = 1
    clear_count: int = 0
    reopened_count: int = 0
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """A problem's ticket; `settled_at` while it stands resolved or closed; `noted` the last note of each sort."""

    ref: str
    settled_at: datetime | None = None
    noted: Mapping[Sort, datetime] = field(default_factory=dict)

    def is_quiet(self, sort: Sort, now: datetime, for_: timedelta = QUIET_FOR) -> bool:
        """Whether a note of this sort was written so shortly ago that another one would be noise."""
        last = self.noted.get(sort)
        return last is not None and now - last < for_


@dataclass(frozen=True, slots=True)
class Opening:
    """A ticket to be opened for one problem, or for many of one patrol together."""

    title: str
    text: str
    reported_at: datetime
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence for a ticket's story."""

    ticket: str
    sort: Sort
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows for one host: its problems as they stand now, tickets to open, notes to write."""

    problems: tuple[Problem, ...]
    openings: tuple[Opening, ...]
    notes: tuple[Note, ...]


def follow(
    host: str,
    problems: Sequence[Problem],
    runs: Sequence[SeenRun],
    tickets: Mapping[str, TicketFacts],
    *,
    now: datetime,
) -> Outcome:
    """What some patrols of a host come to, the oldest first; `problems` holds the newest of each check.

    Only the last patrol opens tickets: what came and went between two calls needs none. The same patrols again
    change nothing.
    """
    before = {problem.number: problem for problem in problems}
    standing = {problem.key: problem for problem in problems}
    for run in runs:
        standing = {key: advance(problem, run, tickets) for key, problem in standing.items()}
    openings: tuple[Opening, ...] = ()
    if runs and now - runs[-1].finished_at <= STALE_AFTER:
        found = _find_new(standing, runs[-1])
        openings = tuple(_build_openings(host, runs[-1], found))
        standing |= {problem.key: problem for problem in found}
    after = tuple(standing.values())
    notes = tuple(_list_notes(before, after, tickets, now))
    return Outcome(after, openings, notes)


def advance(problem: Problem, run: SeenRun, tickets: Mapping[str, TicketFacts]) -> Problem:
    """The problem after one more patrol; one that was considered already changes nothing."""
    if run.order <= problem.last_run:
        return problem
    check = run.checks.get(problem.key)
    if check is not None and check.state is State.CRITICAL:
        return _see_again(problem, run, check, tickets)
    if problem.closed_at is not None:
        return problem
    at_run = replace(problem, last_run=run.order)
    if check is not None and check.state is State.WARNING:
        return replace(at_run, state=State.WARNING, text=check.text, clear_count=0)
    is_gone = run.is_made(problem.key[0]) if check is None else check.state is State.NORMAL
    if not is_gone:
        # Not looked at, or nobody could tell: neither there nor gone.
        return at_run
    count = problem.clear_count + 1
    if count < CLEAR_AFTER:
        return replace(at_run, clear_count=count)
    return replace(at_run, clear_count=count, state=State.NORMAL, closed_at=run.finished_at)


def _see_again(problem: Problem, run: SeenRun, check: Check, tickets: Mapping[str, TicketFacts]) -> Problem:
    seen = replace(
        problem,
        state=State.CRITICAL,
        text=check.text,
        last_seen_at=run.finished_at,
        last_run=run.order,
        seen_count=problem.seen_count + 1,
        clear_count=0,
    )
    if problem.closed_at is None:
        return seen
    if not _is_same(problem, run, tickets):
        return problem
    return replace(seen, closed_at=None, reopened_count=problem.reopened_count + 1)


def _is_same(problem: Problem, run: SeenRun, tickets: Mapping[str, TicketFacts]) -> bool:
    """Whether what is back is the problem that it was: back soon, or its ticket was never settled."""
    closed_at = problem.closed_at
    if closed_at is None:
        return True
    ticket = tickets.get(problem.ticket)
    patrols = 1 + sum(ended > closed_at for ended in run.earlier)
    return (
        run.finished_at - closed_at <= SAME_FOR
        or patrols <= SAME_PATROLS
        or (ticket is not None and ticket.settled_at is None)
    )


def _find_new(standing: Mapping[Key, Problem], run: SeenRun) -> list[Problem]:
    return [
        Problem(key, State.CRITICAL, check.text, run.finished_at, run.finished_at, run.order)
        for key, check in run.checks.items()
        if check.state is State.CRITICAL and _is_new(standing.get(key), run)
    ]


def _is_new(known: Problem | None, run: SeenRun) -> bool:
    return known is None or (known.closed_at is not None and known.last_run < run.order)


def _build_openings(host: str, run: SeenRun, found: Sequence[Problem]) -> Iterator[Opening]:
    by = f"由巡检 {run.ref} 自动登记"
    if len(found) <= MOST_TICKETS:
        for problem in found:
            yield Opening(
                _cut(f"主机 {host} 巡检发现严重问题：{problem.text}"), by, run.finished_at, (problem.key,)
            )
        return
    lines = _join(problem.text for problem in found)
    title = _cut(f"主机 {host} 一次巡检发现 {len(found)} 项严重问题：{found[0].text} 等")
    yield Opening(title, f"{by}，合为一张工单：{lines}", run.finished_at, tuple(each.key for each in found))


def _list_notes(
    before: Mapping[int | None, Problem],
    after: Sequence[Problem],
    tickets: Mapping[str, TicketFacts],
    now: datetime,
) -> Iterator[Note]:
    of_ticket: dict[str, list[Problem]] = {}
    for problem in after:
        if problem.ticket in tickets:
            of_ticket.setdefault(problem.ticket, []).append(problem)
    for ref, problems in of_ticket.items():
        ticket = tickets[ref]
        if ticket.settled_at is not None:
            note = _tell_settled(ticket, problems, before, now)
        else:
            note = _tell_open(ticket, problems, before, now)
        if note is not None:
            yield note


def _tell_settled(
    ticket: TicketFacts, problems: Sequence[Problem], before: Mapping[int | None, Problem], now: datetime
) -> Note | None:
    """Once that patrols still find it, and again when it comes back; a ticket is reopened by the desk alone."""
    there = [each for each in problems if each.closed_at is None and each.state is State.CRITICAL]
    told_at = ticket.noted.get(Sort.SETTLED)
    is_back = any(each.reopened_count > before[each.number].reopened_count for each in there)
    is_told = told_at is not None and told_at >= (ticket.settled_at or told_at)
    if not there or (is_told and not (is_back and not ticket.is_quiet(Sort.SETTLED, now))):
        return None
    said = f"工单已了结，巡检仍发现：{_join(each.text for each in there)}"
    return Note(
        ticket.ref, Sort.SETTLED, f"{said}。请核实；确未解决就重开：eduops ticket reopen {ticket.ref}"
    )


def _tell_open(
    ticket: TicketFacts, problems: Sequence[Problem], before: Mapping[int | None, Problem], now: datetime
) -> Note | None:
    if all(each.closed_at is not None for each in problems):
        return _propose(ticket, problems, now)
    changes = [said for each in problems for said in _list_changes(before[each.number], each)]
    if changes and not ticket.is_quiet(Sort.CHANGED, now):
        return Note(ticket.ref, Sort.CHANGED, _join(changes))
    last_at = max(ticket.noted.values(), default=None)
    there = [each for each in problems if each.closed_at is None]
    # Without a patrol that has just seen it there is nothing to tell.
    is_seen = any(each.seen_count > before[each.number].seen_count for each in there)
    if not is_seen or (last_at is not None and now - last_at < TELL_AFTER):
        return None
    return Note(ticket.ref, Sort.LASTING, f"仍在：{_join(map(_say_standing, there))}")


def _propose(ticket: TicketFacts, problems: Sequence[Problem], now: datetime) -> Note | None:
    told_at, last_at = ticket.noted.get(Sort.GONE), max(each.closed_at or now for each in problems)
    if told_at is not None and (told_at >= last_at or ticket.is_quiet(Sort.GONE, now)):
        return None
    said = f"连续 {CLEAR_AFTER} 次巡检未再发现：{_join(each.text for each in problems)}"
    return Note(
        ticket.ref,
        Sort.GONE,
        f"{said}。建议核实后登记解决：eduops ticket resolve {ticket.ref} --at 恢复的时刻",
    )


def _list_changes(before: Problem, after: Problem) -> Iterator[str]:
    if after.reopened_count > before.reopened_count:
        yield f"又出现（第 {after.reopened_count} 次）：{after.text}"
    elif after.closed_at is not None and before.closed_at is None:
        yield f"未再发现：{after.text}"
    elif after.state is not before.state:
        word = "减轻为" if after.state is State.WARNING else "再次"
        yield f"{word}{STATE_WORDS[after.state]}：{after.text}"


def _say_standing(problem: Problem) -> str:
    return problem.text if problem.clear_count == 0 else f"{problem.text}（最近一次未发现）"


def _join(texts: Iterable[str]) -> str:
    said = list(texts)
    more = f"；另有 {len(said) - _MOST_LINES} 项" if len(said) > _MOST_LINES else ""
    return "；".join(said[:_MOST_LINES]) + more


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TITLE else f"{text[: _LONGEST_TITLE - 1]}…"

"""Patrolling many hosts at once: threads measure, this one alone writes, each host is its own unit of work."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from eduops.asset.models import Host
from eduops.core.errors import Conflict, EduopsError, InputError, OutsideError
from eduops.patrol import spool_quarantine
from eduops.patrol.collect import Collected
from eduops.patrol.models import PatrolRun
from eduops.patrol.rules.run import Kind
from eduops.patrol.rules.threshold import PatrolConfig
from eduops.workflow.patrol_run import OpenUnit, begin_run, fail_run, finish_run

_ABORTED = "执行人中止了巡检"


class Stage(StrEnum):
    """How far a host's patrol has come."""

    CONNECTING = "connecting"
    MEASURING = "measuring"
    DONE = "done"
    FAILED = "failed"


Watch = Callable[[str, Stage, str], None]
"""Is told a host's code, its stage, and what there is to say about it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A host and how it is measured, in a thread of its own; `measure` calls what it is given once it is there."""

    host: Host
    measure: Callable[[Callable[[], None]], Collected]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a host's patrol ended: the run as it was kept; `error` says why it has no result."""

    host: Host
    run: PatrolRun
    error: EduopsError | None = None


@dataclass(frozen=True, slots=True)
class _Event:
    """What a thread has to say; with neither content nor error it has only come further."""

    target: Target
    stage: Stage
    content: bytes = b""
    error: EduopsError | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """What the patrols of a command share."""

    open_unit: OpenUnit
    config: PatrolConfig
    kind: Kind
    zone: ZoneInfo
    spool: Path
    """The home's spool, where refused documents are kept."""


def patrol_hosts(
    targets: Sequence[Target], shared: Round, *, at_once: int, watch: Watch, abort: Callable[[], None]
) -> list[Outcome]:
    """Every host patrolled, `at_once` at a time, in the order given. A host that fails holds up nobody.

    All intents are committed first. When interrupted, `abort` is called to end what is going on, what was finished
    stays, and the others are kept as failed.
    """
    runs: dict[str, PatrolRun] = {}
    outcomes: dict[str, Outcome] = {}
    started = time.monotonic()
    try:
        for target in targets:
            runs[target.host.code] = begin_run(
                shared.open_unit, target.host, kind=shared.kind, zone=shared.zone
            )
        events = _start(targets, at_once)
        while len(outcomes) < len(targets):
            event = events.get()
            code = event.target.host.code
            if event.stage in (Stage.CONNECTING, Stage.MEASURING):
                watch(code, event.stage, "")
                continue
            outcomes[code] = _end(event, runs[code], shared, seconds=time.monotonic() - started)
            _tell(outcomes[code], watch)
    except BaseException:
        abort()
        for target in targets:
            if target.host.code in runs and target.host.code not in outcomes:
                fail_run(shared.open_unit, runs[target.host.code], target.host, _ABORTED)
        raise
    return [outcomes[target.host.code] for target in targets]


def _start(targets: Iterable[Target], at_once: int) -> "queue.Queue[_Event]":
    waiting: queue.SimpleQueue[Target] = queue.SimpleQueue()
    events: queue.Queue[_Event] = queue.Queue()
    for target in targets:
        waiting.put(target)
    for _ in range(min(at_once, waiting.qsize())):
        # Daemons: an interrupted command does not wait for a host that does not answer.
        threading.Thread(target=_work, args=(waiting, events), daemon=True).start()
    return events


def _work(waiting: "queue.SimpleQueue[Target]", events: "queue.Queue[_Event]") -> None:
    while True:
        try:
            target = waiting.get_nowait()
        except queue.Empty:
            return
        events.put(_Event(target, Stage.CONNECTING))
        events.put(_measure(target, events))


def _measure(target: Target, events: "queue.Queue[_Event]") -> _Event:
    try:
        collected = target.measure(lambda: events.put(_Event(target, Stage.MEASURING)))
    except EduopsError as error:
        return _Event(target, Stage.FAILED, error=error)
    except Exception as error:
        # A fault of ours in one host's thread must not leave the others waiting for ever.
        return _Event(target, Stage.FAILED, error=_own_fault(target.host.code, error))
    return _Event(target, Stage.DONE, content=collected.content)


def _own_fault(code: str, error: Exception) -> OutsideError:
    told = OutsideError(f"主机 {code}：程序内部出错（{type(error).__name__}：{error}）")
    told.__cause__ = error
    return told


def _end(event: _Event, begun: PatrolRun, shared: Round, *, seconds: float) -> Outcome:
    host = event.target.host
    if event.error is not None:
        return Outcome(host, fail_run(shared.open_unit, begun, host, event.error.message), event.error)
    try:
        done = finish_run(
            shared.open_unit, begun, host, event.content, shared.config, seconds=seconds, zone=shared.zone
        )
    except (InputError, Conflict) as error:
        now = begun.started_at
        kept = spool_quarantine.keep_and_say(
            shared.spool, event.content, host=host.code, source="patrol run", error=error, now=now
        )
        reason = f"{error.message}（文档{kept}）"
        return Outcome(host, fail_run(shared.open_unit, begun, host, reason), error)
    except EduopsError:
        raise
    except Exception as error:
        # A fault of ours over one host's document costs that host only.
        told = _own_fault(host.code, error)
        return Outcome(host, fail_run(shared.open_unit, begun, host, told.message), told)
    return Outcome(host, done)


def _tell(outcome: Outcome, watch: Watch) -> None:
    if outcome.error is not None:
        watch(outcome.host.code, Stage.FAILED, outcome.error.message)
    else:
        watch(outcome.host.code, Stage.DONE, outcome.run.state or "")

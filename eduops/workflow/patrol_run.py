"""One host's patrol: the intent is committed before anything is measured, the end in a second unit of work."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from zoneinfo import ZoneInfo

from eduops.asset.models import Host
from eduops.core import clock
from eduops.core.errors import EduopsError
from eduops.patrol import collect, queries, service
from eduops.patrol.models import PatrolRun
from eduops.patrol.rules.run import Kind
from eduops.patrol.rules.threshold import PatrolConfig
from eduops.patrol.service import plan
from eduops.store.unit import Unit

OpenUnit = Callable[[], AbstractContextManager[Unit]]


def patrol_local(
    open_unit: OpenUnit, host: Host, config: PatrolConfig, *, kind: Kind, zone: ZoneInfo
) -> PatrolRun:
    """Measures this machine with the agent and judges it; the run ends well, or with the reason why it could not.

    Raises NotAllowed for a retired host, OutsideError where the agent fails.
    """
    begun = begin_run(open_unit, host, kind=kind, zone=zone)
    try:
        collected = collect.collect_local(config.agents.get(host.code, {}))
        return finish_run(
            open_unit, begun, host, collected.content, config, seconds=collected.took_seconds, zone=zone
        )
    except EduopsError as error:
        fail_run(open_unit, begun, host, error.message)
        raise


def begin_run(open_unit: OpenUnit, host: Host, *, kind: Kind, zone: ZoneInfo) -> PatrolRun:
    """The intent, committed. Raises NotAllowed for a retired host."""
    with open_unit() as unit:
        begun = service.start_run(unit.session, host, kind=kind, now=unit.now, actor=unit.actor, zone=zone)
        unit.changed(begun.ref, host=host.code, kind=kind.value, step="begin")
    return begun


def finish_run(
    open_unit: OpenUnit,
    begun: PatrolRun,
    host: Host,
    content: bytes,
    config: PatrolConfig,
    *,
    seconds: float,
    zone: ZoneInfo,
) -> PatrolRun:
    """The run with its document judged and kept, committed; `seconds` after it began.

    Raises InputError or Conflict for a document that is refused; nothing is written then.
    """
    with open_unit() as unit:
        ended_at = begun.started_at + timedelta(seconds=seconds)
        # The host's clock is compared with the real one, also in a rehearsal.
        done, _ = service.finish_run(
            unit.session, begun.ref, content, config, now=ended_at, received_at=clock.now()
        )
        plan.link_run(unit.session, done, zone=zone)
        unit.changed(done.ref, host=host.code, kind=done.kind, state=done.state)
    return done


def fail_run(open_unit: OpenUnit, begun: PatrolRun, host: Host, reason: str) -> PatrolRun:
    """The run, ended without a result, committed; one that had just finished stays as it is."""
    with open_unit() as unit:
        found, _ = queries.get_run(unit.session, begun.ref)
        if found.finished_at is not None:
            return found
        failed = service.fail_run(unit.session, begun.ref, reason, now=unit.now)
        unit.changed(begun.ref, host=host.code, kind=begun.kind, failure=reason)
    return failed

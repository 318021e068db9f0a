"""Patrolling this machine: the intent is committed before anything is measured."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from zoneinfo import ZoneInfo

from eduops.asset.models import Host
from eduops.core.errors import EduopsError
from eduops.patrol import collect, service
from eduops.patrol.models import PatrolRun
from eduops.patrol.rules.run import Kind
from eduops.patrol.rules.threshold import PatrolConfig
from eduops.store.unit import Unit

OpenUnit = Callable[[], AbstractContextManager[Unit]]


def patrol_local(
    open_unit: OpenUnit, host: Host, config: PatrolConfig, *, kind: Kind, zone: ZoneInfo
) -> PatrolRun:
    """Measures this machine with the agent and judges it; the run ends well, or with the reason why it could not.

    Raises NotAllowed for a host that is retired or elsewhere, OutsideError where the agent fails.
    """
    with open_unit() as unit:
        begun = service.start_run(unit.session, host, kind=kind, now=unit.now, actor=unit.actor, zone=zone)
        unit.changed(begun.ref, host=host.code, kind=kind.value, step="begin")
    try:
        collected = collect.collect_local(config.agents.get(host.code, {}))
        with open_unit() as unit:
            ended_at = begun.started_at + timedelta(seconds=collected.took_seconds)
            done, _ = service.finish_run(unit.session, begun.ref, collected.content, config, now=ended_at)
            unit.changed(done.ref, host=host.code, kind=done.kind, state=done.state)
    except EduopsError as error:
        with open_unit() as unit:
            service.fail_run(unit.session, begun.ref, error.message, now=unit.now)
            unit.changed(begun.ref, host=host.code, kind=kind.value, failure=error.message)
        raise
    return done

"""Judging stored patrols again: each host is a unit of work of its own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from eduops.asset.models import Host
from eduops.patrol.rules.threshold import PatrolConfig
from eduops.patrol.service.judge import Rejudged, rejudge
from eduops.store.unit import Unit

OpenUnit = Callable[[], AbstractContextManager[Unit]]


@dataclass(frozen=True, slots=True)
class HostRejudged:
    """A host's runs, judged again in order of measuring."""

    host: str
    runs: tuple[Rejudged, ...]


def preview_hosts(
    session: Session,
    hosts: Sequence[Host],
    config: PatrolConfig,
    *,
    since: datetime | None,
    until: datetime | None,
    step: Callable[[int], None],
) -> Iterator[HostRejudged]:
    """What would change on each host; nothing is written."""
    for host in hosts:
        yield HostRejudged(
            host.code, tuple(rejudge(session, host, config, since=since, until=until, step=step))
        )


def rejudge_hosts(
    open_unit: OpenUnit,
    hosts: Sequence[Host],
    config: PatrolConfig,
    *,
    since: datetime | None,
    until: datetime | None,
    step: Callable[[int], None],
) -> Iterator[HostRejudged]:
    """Each host in turn: its results are replaced and committed with one audit entry before the next."""
    for host in hosts:
        with open_unit() as unit:
            runs = rejudge(unit.session, host, config, since=since, until=until, write=True, step=step)
            changed = sum(run.is_other for run in runs)
            if changed:
                thresholds = config.for_host(host.code, host.role).hash
                unit.changed(
                    host.code, step="rejudge", documents=len(runs), changed=changed, thresholds=thresholds
                )
        yield HostRejudged(host.code, tuple(runs))

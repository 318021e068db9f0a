"""What we ask about patrols day by day: for coverage, for plans, for the contract's rules."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select
from sqlalchemy import select as select_columns
from sqlmodel import Session, and_, col, exists, or_

from eduops.asset import queries as assets
from eduops.asset.models import Host
from eduops.asset.rules import Environment
from eduops.contract.fact import HostFact, PatrolFact
from eduops.contract.period import day_of
from eduops.patrol.models import PatrolResult, PatrolRun
from eduops.patrol.queries.run import is_within
from eduops.patrol.rules.check import State
from eduops.patrol.rules.coverage import CoverHost, CoverRun
from eduops.patrol.rules.run import Kind

_UNMADE = (State.NOT_CHECKED.value, State.CANNOT_TELL.value)


def is_complete() -> ColumnElement[bool]:
    """Whether every mandatory probe of a run was made, as it was judged. One by hand is what its maker says it is.

    A check that bears its probe's own name and stands for no item says that the probe gave nothing.
    """
    unmade = and_(
        col(PatrolResult.run_id) == col(PatrolRun.id),
        col(PatrolResult.is_mandatory),
        col(PatrolResult.metric) == col(PatrolResult.probe),
        col(PatrolResult.item) == "",
        col(PatrolResult.state).in_(_UNMADE),
    )
    # Asked of big patrols only: of the others it decides nothing.
    return or_(col(PatrolRun.kind) != Kind.BIG.value, ~exists().where(unmade))


def list_patrol_facts(session: Session, *, since: datetime, until: datetime) -> list[PatrolFact]:
    """The patrols that finished in [since, until), as the contract's rules take them; host is the host's code.

    Of every kind, and those made by hand; big is one of the kind `big` in which every mandatory probe was made.
    """
    query = (
        select_columns(Host.code, PatrolRun.finished_at, PatrolRun.kind, is_complete())  # type: ignore[call-overload]
        .join(Host, col(Host.id) == col(PatrolRun.host_id))
        .where(col(PatrolRun.finished_at) >= since, col(PatrolRun.finished_at) < until)
        .order_by(col(PatrolRun.finished_at), col(PatrolRun.id))
    )
    return [
        PatrolFact(code, finished_at, is_big=kind == Kind.BIG and bool(complete))
        for code, finished_at, kind, complete in session.execute(query)
    ]


def list_host_facts(session: Session, zone: ZoneInfo) -> list[HostFact]:
    """The production hosts, from the day on which each was added until the one on which it was retired."""
    return [
        HostFact(host.code, host.added_on, host.retired_on)
        for host in list_cover_hosts(session, zone)
        if host.is_production
    ]


def list_cover_hosts(session: Session, zone: ZoneInfo) -> list[CoverHost]:
    """Every host by code, test ones and retired ones included."""
    return [
        CoverHost(
            code=host.code,
            name=host.name,
            is_production=host.environment == Environment.PRODUCTION.value,
            added_on=day_of(host.added_at, zone),
            retired_on=day_of(host.retired_at, zone) if host.retired_at else None,
        )
        for host in assets.list_hosts(session, with_retired=True)
    ]


def list_cover_runs(
    session: Session, *, since: datetime, until: datetime, big_since: datetime | None = None
) -> list[CoverRun]:
    """The patrols of [since, until) and the big ones from `big_since` on, by when they ended, else began."""
    wanted = is_within(since=since, until=until)
    if big_since is not None:
        wanted = or_(
            wanted,
            and_(col(PatrolRun.kind) == Kind.BIG.value, col(PatrolRun.finished_at) >= big_since),
        )
    query = _cover_columns().where(wanted)
    return [
        CoverRun(host, ref, Kind(kind), started_at, finished_at, is_manual, bool(complete), is_light)
        for host, ref, kind, started_at, finished_at, is_manual, is_light, complete in session.execute(query)
    ]


def _cover_columns() -> Select[str, str, str, datetime, datetime | None, bool, bool, bool]:
    columns = (
        col(Host.code),
        col(PatrolRun.ref),
        col(PatrolRun.kind),
        col(PatrolRun.started_at),
        col(PatrolRun.finished_at),
        col(PatrolRun.is_manual),
        col(PatrolRun.is_light),
        is_complete(),
    )
    joined = select_columns(*columns).join(Host, col(Host.id) == col(PatrolRun.host_id))
    return joined.order_by(col(PatrolRun.started_at), col(PatrolRun.id))

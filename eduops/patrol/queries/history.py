"""What we ask about a host's past: the patrol before an instant, its figures over time, its stored documents."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import LargeBinary, type_coerce
from sqlmodel import Session, SQLModel, and_, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from eduops.asset.models import Host
from eduops.patrol.models import PatrolDocument, PatrolResult, PatrolRun
from eduops.patrol.rules.check import Check, State
from eduops.patrol.rules.document import LARGEST_BYTES
from eduops.patrol.rules.trend import Point

_AT_ONCE = 50
_RUN, _DOCUMENT, _RESULT = (
    SQLModel.metadata.tables[name] for name in ("patrol_run", "patrol_document", "patrol_result")
)

CheckRow = tuple[Any, ...]  # Any: text, numbers and None
"""A check's fields in their order, as plain values: a year of documents has a million of them."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A run, its document (None where the store has damaged it), and the checks that are kept of it."""

    run_id: int
    ref: str
    kind: str
    measured_at: datetime
    state: str | None
    document_hash: str | None
    thresholds_hash: str | None
    content: bytes | None
    rows: tuple[CheckRow, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a run."""

    metric: str
    item: str
    unit: str
    point: Point


def find_run_before(
    session: Session, host_id: int, *, at: datetime, run_id: int | None = None
) -> PatrolRun | None:
    """The host's last judged run that was measured before an instant; of those at the same instant the one before."""
    before = col(PatrolRun.measured_at) < at
    if run_id is not None:
        same = and_(col(PatrolRun.measured_at) == at, col(PatrolRun.id) < run_id)
        before = or_(before, same)
    query = _judged(host_id).where(before)
    newest = query.order_by(col(PatrolRun.measured_at).desc(), col(PatrolRun.id).desc())
    return session.exec(newest.limit(1)).first()


def find_last_run(session: Session, host_id: int) -> PatrolRun | None:
    """The host's judged run that was measured last."""
    newest = _judged(host_id).order_by(col(PatrolRun.measured_at).desc(), col(PatrolRun.id).desc())
    return session.exec(newest.limit(1)).first()


def list_figures(
    session: Session, host_id: int, *, since: datetime, until: datetime, metric: str | None = None
) -> list[Figure]:
    """Every figure of the host measured in [since, until), the oldest first."""
    # SQLModel's own `select` is typed for four columns at most.
    query = (
        sqlalchemy.select(
            col(PatrolResult.metric),
            col(PatrolResult.item),
            col(PatrolResult.unit),
            col(PatrolRun.measured_at),
            col(PatrolResult.value),
        )
        .join(PatrolRun, col(PatrolRun.id) == col(PatrolResult.run_id))
        .where(
            col(PatrolRun.host_id) == host_id,
            col(PatrolRun.document_hash).is_not(None),
            col(PatrolRun.measured_at) >= since,
            col(PatrolRun.measured_at) < until,
            col(PatrolResult.value).is_not(None),
        )
        .order_by(col(PatrolRun.measured_at), col(PatrolResult.id))
    )
    if metric is not None:
        query = query.where(col(PatrolResult.metric) == metric)
    return [
        Figure(name, item, unit, Point(at, value))
        for name, item, unit, at, value in session.execute(query)
        if at is not None and value is not None
    ]


def list_metrics(session: Session, host_id: int, *, since: datetime, until: datetime) -> list[str]:
    """The metrics of the host's figures measured in [since, until), in the order of their checks."""
    query = (
        select(col(PatrolResult.metric))
        .join(PatrolRun, col(PatrolRun.id) == col(PatrolResult.run_id))
        .where(
            col(PatrolRun.host_id) == host_id,
            col(PatrolRun.document_hash).is_not(None),
            col(PatrolRun.measured_at) >= since,
            col(PatrolRun.measured_at) < until,
            col(PatrolResult.value).is_not(None),
        )
        .group_by(col(PatrolResult.metric))
        .order_by(sqlalchemy.func.min(col(PatrolResult.id)))
    )
    return list(session.exec(query))


def list_stored_ids(
    session: Session, host_id: int, *, since: datetime | None = None, until: datetime | None = None
) -> list[int]:
    """The host's runs with a document, measured in [since, until), in the order of measuring."""
    query = (
        select(PatrolDocument.run_id)
        .join(PatrolRun, col(PatrolRun.id) == col(PatrolDocument.run_id))
        .where(PatrolRun.host_id == host_id, col(PatrolRun.measured_at).is_not(None))
        .order_by(col(PatrolRun.measured_at), col(PatrolRun.id))
    )
    if since is not None:
        query = query.where(col(PatrolRun.measured_at) >= since)
    if until is not None:
        query = query.where(col(PatrolRun.measured_at) < until)
    return list(session.exec(query))


def list_stored(session: Session, run_ids: Sequence[int]) -> Iterator[Stored]:
    """These runs with their documents and the checks that are kept of them, in order; those without one are left out."""
    for start in range(0, len(run_ids), _AT_ONCE):
        chunk = run_ids[start : start + _AT_ONCE]
        query = (
            sqlalchemy.select(
                _RUN.c.id.label("run_id"),
                _RUN.c.ref,
                _RUN.c.kind,
                _RUN.c.measured_at,
                _RUN.c.state,
                _RUN.c.document_hash,
                _RUN.c.thresholds_hash,
                type_coerce(_DOCUMENT.c.content, LargeBinary).label("content"),
            )
            .join(_DOCUMENT, _DOCUMENT.c.run_id == _RUN.c.id)
            .where(_RUN.c.id.in_(chunk))
        )
        found = {row[0]: row for row in session.connection().execute(query)}
        rows = _list_rows(session, chunk)
        for run_id in chunk:
            if run_id in found:
                _, ref, kind, measured_at, state, document, thresholds, packed = found[run_id]
                yield Stored(
                    run_id,
                    ref,
                    kind,
                    measured_at,
                    state,
                    document,
                    thresholds,
                    _unpack(packed),
                    rows.get(run_id, ()),
                )


def list_checks(session: Session, run_id: int) -> tuple[Check, ...]:
    """The checks of a run as the rules know them, in order."""
    return tuple(map(build_check, _list_rows(session, [run_id]).get(run_id, ())))


def build_check(row: CheckRow) -> Check:
    """A kept row as the rules know it."""
    check = Check._make(row)
    return check._replace(state=State(check.state), is_mandatory=bool(check.is_mandatory))


def _list_rows(session: Session, run_ids: Sequence[int]) -> dict[int, tuple[CheckRow, ...]]:
    columns = [_RESULT.c[name] for name in ("run_id", *Check._fields)]
    query = sqlalchemy.select(*columns).where(_RESULT.c.run_id.in_(run_ids))
    # In the order of the index on run_id, so that nothing has to be sorted.
    query = query.order_by(_RESULT.c.run_id, _RESULT.c.id)
    # Past the session's own objects, which take three times as long.
    cursor = session.connection().execute(query).cursor
    assert cursor is not None  # noqa: S101 - a SELECT has one
    found: dict[int, list[CheckRow]] = {run_id: [] for run_id in run_ids}
    # And past SQLAlchemy's: these columns mean the same in every driver, a yes is 1 in SQLite.
    for row in cursor.fetchall():
        found[row[0]].append(row[1:])
    return {run_id: tuple(rows) for run_id, rows in found.items() if rows}


def _unpack(packed: bytes) -> bytes | None:
    """The document's bytes; None where they were damaged, and no more than a document may have."""
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(packed, LARGEST_BYTES + 1)
    except zlib.error:
        return None
    return content if unpacking.eof else None


def find_twin(session: Session, host_id: int, *, hostname: str, machine: str) -> Host | None:
    """Another host in use whose finished patrols came from this very machine and name."""
    query = (
        select(Host)
        .join(PatrolRun, col(PatrolRun.host_id) == col(Host.id))
        .where(
            Host.id != host_id,
            col(Host.retired_at).is_(None),
            PatrolRun.hostname == hostname,
            PatrolRun.machine_id_hash == machine,
            col(PatrolRun.finished_at).is_not(None),
        )
        .order_by(col(Host.code))
    )
    return session.exec(query.limit(1)).first()


def find_same_machine(session: Session, host_id: int, machine: str) -> Host | None:
    """Another host in use whose last document came from this very machine, whatever its name."""
    query = (
        select(Host)
        .join(PatrolRun, col(PatrolRun.host_id) == col(Host.id))
        .where(Host.id != host_id, col(Host.retired_at).is_(None), PatrolRun.machine_id_hash == machine)
        .order_by(col(Host.code))
        .distinct()
    )
    for other in session.exec(query):
        last = find_last_run(session, other.id) if other.id is not None else None
        if last is not None and last.machine_id_hash == machine:
            return other
    return None


def _judged(host_id: int) -> SelectOfScalar[PatrolRun]:
    return select(PatrolRun).where(
        PatrolRun.host_id == host_id,
        col(PatrolRun.document_hash).is_not(None),
        col(PatrolRun.state).is_not(None),
        col(PatrolRun.measured_at).is_not(None),
    )

"""How every source stands: those of backup.yaml, and those that only the catalogue still knows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from eduops.backup.configuration import BackupConfig
from eduops.backup.models import Drill
from eduops.backup.queries import standing as queries
from eduops.backup.queries.standing import Record
from eduops.backup.rules import standing
from eduops.backup.rules.standing import Seen, Standing


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """A source with its newest good backup, its last drill, and how it stands."""

    source: str
    is_configured: bool
    newest: Record | None
    last_drill: Drill | None
    max_age_hours: float | None
    backups: int
    """How many good ones there are."""
    standing: Standing


def list_standings(session: Session, config: BackupConfig, *, now: datetime) -> list[SourceStanding]:
    """Every source, those of the configuration first; one without a backup is there, too."""
    records = queries.list_records(session)
    known = {record.backup.source for record in records}
    names = [*config.sources, *sorted(known - config.sources.keys())]
    return [
        _judge(name, config, [each for each in records if each.backup.source == name], now) for name in names
    ]


def _judge(name: str, config: BackupConfig, records: Sequence[Record], now: datetime) -> SourceStanding:
    source = config.sources.get(name)
    good = [record for record in records if record.backup.state == "verified"]
    newest = good[0] if good else None
    drill = max((drill for each in records for drill in each.drills), key=lambda each: each.id, default=None)
    limit = source.max_age_hours if source else None
    seen = Seen(
        newest.backup.started_at if newest else None,
        limit,
        last_check_passed=newest.last_check.passed if newest and newest.last_check else None,
        last_drill_passed=None if drill is None or _may_run(drill, now) else drill.passed,
        last_drill_fault=(drill.fault or "；".join(map(str, drill.differences)) or "没有做完")
        if drill
        else "",
        missing_places=tuple(_list_missing(newest, source.places if source else ())),
        newest_failed=_newest_failed(records, newest),
    )
    judged = standing.judge(seen, now=now)
    return SourceStanding(name, source is not None, newest, drill, limit, len(good), judged)


def _may_run(drill: Drill, now: datetime) -> bool:
    """Whether it may still be at work: it was neither ended nor found dead, and its time is not long over."""
    longest = max(drill.limit_milliseconds or 0, 3_600_000) * 2 / 1000
    is_open = drill.finished_at is None and drill.fault is None
    return is_open and (now - drill.started_at).total_seconds() < longest


def _list_missing(newest: Record | None, places: Sequence[str]) -> Iterator[str]:
    copies = newest.copies if newest else ()
    for place in places:
        if newest is not None and not any(
            each.place == place and each.state == "verified" for each in copies
        ):
            yield place


def _newest_failed(records: Sequence[Record], newest: Record | None) -> str:
    """Why the newest attempt failed, where that is newer than the newest good one."""
    ended = next((each.backup for each in records if each.backup.state in ("verified", "failed")), None)
    if ended is None or ended.state != "failed" or (newest is not None and newest.backup.id > ended.id):
        return ""
    return ended.fault or "没有记下原因"

"""Removing by retention: shown first, written down before anything goes, and never the last good backup of a source."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from eduops.backup import keep
from eduops.backup.configuration import Keep
from eduops.backup.keep.opening import find_store
from eduops.backup.models import Backup, BackupCopy
from eduops.backup.queries import standing
from eduops.backup.rules import retention
from eduops.backup.service import prune as service
from eduops.core.errors import EduopsError, NotAllowed
from eduops.workflow.backup_job import Desk, alone, open_kept, sweep

_LOCK = "prune"
_DRILLED_NOW = "正在恢复演练"
BY_RETENTION = "按保留规则删除了"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A backup, or its copy in a place, and why it is kept; no reason says that it goes."""

    backup: Backup
    copy: BackupCopy | None
    reasons: tuple[str, ...]
    is_good: bool

    @property
    def is_kept(self) -> bool:
        """Whether it stays."""
        return bool(self.reasons)

    @property
    def row(self) -> Backup | BackupCopy:
        """What the catalogue says of it."""
        return self.copy or self.backup


@dataclass(frozen=True, slots=True)
class Removed:
    """What came of removing one."""

    verdict: Verdict
    error: EduopsError | None = None


def plan(desk: Desk, *, source: str | None, zone: ZoneInfo) -> list[Verdict]:
    """For each backup and copy that lies somewhere whether it stays and why; nothing is touched."""
    with desk.open_unit() as unit:
        records = standing.list_records(unit.session, source=source)
    verdicts: list[Verdict] = []
    for name in sorted({record.backup.source for record in records}):
        of_source = [record for record in records if record.backup.source == name]
        configured = desk.config.sources.get(name)
        rules = configured.keep if configured else None
        verdicts += _decide([(record, None) for record in of_source], rules, zone)
        for place in sorted({copy.place for record in of_source for copy in record.copies}):
            verdicts += _decide(list(_copies(of_source, place)), rules, zone)
    return verdicts


def prune(desk: Desk, shown: Sequence[Verdict], *, source: str | None, zone: ZoneInfo) -> Iterator[Removed]:
    """Removes what the plan that was shown does not keep, and tells each as it is done.

    What cannot be removed holds up no other, and what a plan of now would keep stays.

    Raises Conflict where somebody else is removing; NotAllowed where what is kept is not there any more.
    """
    with alone(desk.home, _LOCK, doing="删除旧备份"):
        agreed = {_key(verdict) for verdict in shown if not verdict.is_kept}
        verdicts = plan(desk, source=source, zone=zone)
        _require_last_good(desk, verdicts)
        stores = set()
        for verdict in verdicts:
            if verdict.is_kept or _key(verdict) not in agreed:
                continue
            desk.watch(f"删除 {verdict.backup.ref}")
            with desk.open_unit() as unit:
                service.begin_removal(unit.session, verdict.row, because=BY_RETENTION)
                unit.changed(verdict.backup.ref, step="prune", **_place(verdict.copy))
            yield _remove(desk, verdict)
            stores.add(verdict.backup.store)
        _compact(desk, stores)


def resume(desk: Desk) -> list[Removed]:
    """Ends what died half way: backups, drills and removals. Raises Conflict where somebody else is removing."""
    sweep(desk, desk.config.sources)
    with desk.open_unit() as unit:
        records = standing.list_records(unit.session)
    left = [
        Verdict(each.backup, None, (), False) for each in records if each.backup.state == service.REMOVING
    ]
    left += [
        Verdict(each.backup, copy, (), False)
        for each in records
        for copy in each.copies
        if copy.state == service.REMOVING
    ]
    if not left:
        return []
    with alone(desk.home, _LOCK, doing="删除旧备份"):
        return [_remove(desk, verdict, with_sweep=True) for verdict in left]


def _decide(
    found: Sequence[tuple[standing.Record, BackupCopy | None]], rules: Keep | None, zone: ZoneInfo
) -> Iterator[Verdict]:
    there = [(record, copy) for record, copy in found if _is_there(record.backup, copy)]
    if rules is None:
        for record, copy in there:
            yield Verdict(record.backup, copy, ("backup.yaml 里没有这个来源，不删",), _is_good(record, copy))
        return
    items = [
        retention.Item(record.backup.ref, record.backup.id, record.backup.started_at, _is_good(record, copy))
        for record, copy in there
    ]
    rows = {record.backup.id: (record.backup, copy) for record, copy in there}
    busy = {record.backup.id for record, _ in there if _is_drilled_now(record)}
    for decision in retention.decide(items, rules, zone=zone):
        reasons = decision.reasons + ((_DRILLED_NOW,) if decision.item.number in busy else ())
        yield Verdict(*rows[decision.item.number], reasons, decision.item.is_good)


def _is_drilled_now(record: standing.Record) -> bool:
    """Whether it is being restored; one that died has been ended by whoever swept."""
    return any(drill.finished_at is None and drill.fault is None for drill in record.drills)


def _is_there(backup: Backup, copy: BackupCopy | None) -> bool:
    """Whether something lies there: a backup that never came to be has left nothing."""
    row = copy or backup
    was_made = (backup.sha256 if copy is None else copy.size_bytes) is not None
    return row.state == "verified" or (row.state == "failed" and was_made)


def _is_good(record: standing.Record, copy: BackupCopy | None) -> bool:
    """Verified, and the last that looked at it, a verification or a drill, found nothing."""
    number = copy.id if copy else None
    checks = [check for check in record.checks if check.copy_id == number]
    drills = [drill for drill in record.drills if drill.copy_id == number]
    is_bad = (checks and not checks[-1].passed) or (drills and not drills[-1].passed)
    return (copy or record.backup).state == "verified" and not is_bad


def _copies(
    records: Sequence[standing.Record], place: str
) -> Iterator[tuple[standing.Record, BackupCopy | None]]:
    for record in records:
        newest = next((copy for copy in reversed(record.copies) if copy.place == place), None)
        if newest is not None:
            yield record, newest


def _require_last_good(desk: Desk, verdicts: Sequence[Verdict]) -> None:
    """Before anything of a source goes, its last good backup must still lie there."""
    for verdict in verdicts:
        if retention.LAST_GOOD not in verdict.reasons or not _loses(verdict, verdicts):
            continue
        with open_kept(desk, verdict.backup, verdict.copy) as (store, kept):
            fault = keep.glance(store, kept)
        if fault:
            raise NotAllowed(
                f"来源 {verdict.backup.source} 最后一份好的备份 {verdict.backup.ref} 不完整了：{fault}；没有删除任何备份",
                hint="运行 eduops backup verify 核对，再做一份新的备份，然后重新运行",
            )


def _loses(kept: Verdict, verdicts: Sequence[Verdict]) -> bool:
    place = kept.copy.place if kept.copy else None
    return any(
        not each.is_kept
        and each.backup.source == kept.backup.source
        and (each.copy.place if each.copy else None) == place
        for each in verdicts
    )


def _remove(desk: Desk, verdict: Verdict, *, with_sweep: bool = False) -> Removed:
    try:
        with open_kept(desk, verdict.backup, verdict.copy) as (store, kept):
            keep.remove(store, kept)
            if with_sweep:
                # It may have lost its name and still lie there in part.
                keep.sweep(store)
    except EduopsError as error:
        return Removed(verdict, error)
    with desk.open_unit() as unit:
        service.finish_removal(unit.session, verdict.row, now=unit.now)
        unit.changed(verdict.backup.ref, step="removed", **_place(verdict.copy))
    return Removed(verdict)


def _compact(desk: Desk, stores: set[str]) -> None:
    for name in sorted(stores):
        try:
            keep.compact(find_store(desk.config, name, desk.home.path))
        except EduopsError as error:
            desk.warn(f"存放处 {name} 的空间没有收回：{error.message}")


def _key(verdict: Verdict) -> tuple[int, int | None]:
    return verdict.backup.id, verdict.copy.id if verdict.copy else None


def _place(copy: BackupCopy | None) -> dict[str, str]:
    return {"place": copy.place} if copy else {}

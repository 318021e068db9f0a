"""Copying to second places: the intent is committed first, the copy is read back where it lies before it counts."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eduops.backup import keep
from eduops.backup.keep.opening import find_store
from eduops.backup.models import Backup, BackupCheck, BackupCopy
from eduops.backup.queries import standing
from eduops.backup.service import copy as service
from eduops.backup.service import run as runs
from eduops.core.errors import ConfigError, EduopsError, NotAllowed
from eduops.workflow.backup_job import Desk, alone, kept_of, open_place

_ABORTED = "执行人中止了复制"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A backup that a place has no copy of yet."""

    backup: Backup
    place: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one copy: its row and its verification, or the error."""

    waiting: Waiting
    copy: BackupCopy | None = None
    check: BackupCheck | None = None
    error: EduopsError | None = None

    @property
    def is_good(self) -> bool:
        """Whether there is a verified copy now."""
        return self.error is None and self.check is not None and self.check.passed


def list_waiting(
    desk: Desk, *, ref: str | None = None, source: str | None = None, place: str | None = None
) -> list[Waiting]:
    """What is to be copied: that backup, or every good one of the sources that name places, oldest first.

    Raises NotFound, ConfigError where no place is named, NotAllowed for a backup that is not good.
    """
    with desk.open_unit() as unit:
        if ref is not None:
            records = [standing.get_record(unit.session, ref)]
            if records[0].backup.state != "verified":
                raise NotAllowed(
                    f"备份 {ref} 没有校验通过或已删除，不复制", hint="运行 eduops backup list 另选一份"
                )
        else:
            records = standing.list_records(unit.session, source=source)
    waiting = []
    for record in reversed(records):
        places = [place] if place else _places_of(desk, record.backup.source)
        if ref is not None and not places:
            raise ConfigError(
                f"来源 {record.backup.source} 在 backup.yaml 里没有写 places",
                hint="在 places 下登记一个异地存放处，在来源里写上它的名称，或用 --place",
            )
        if record.backup.state == "verified":
            waiting += [Waiting(record.backup, each) for each in places if not _has_copy(record, each)]
    return waiting


def copy_all(desk: Desk, waiting: Sequence[Waiting]) -> Iterator[Outcome]:
    """Copies one after the other and tells each as it is done; what fails holds up no other."""
    for each in waiting:
        desk.watch(f"复制 {each.backup.ref} → {each.place}")
        try:
            yield copy_one(desk, each)
        except EduopsError as error:
            yield Outcome(each, error=error)


def copy_one(desk: Desk, waiting: Waiting) -> Outcome:
    """One copy with its verification. Raises OutsideError, ConfigError, NotFound, NotAllowed, Conflict."""
    backup = waiting.backup
    store = find_store(desk.config, backup.store, desk.home.path)
    with (
        alone(desk.home, f"copy-{waiting.place}", doing=f"复制到异地存放处 {waiting.place}"),
        open_place(desk, waiting.place, store) as place,
    ):
        sweep_place(desk, waiting.place, place)
        with desk.open_unit() as unit:
            begun = service.begin_copy(unit.session, backup, waiting.place, now=unit.now)
            unit.changed(backup.ref, step="copy", place=waiting.place)
        try:
            kept = keep.copy(store, kept_of(backup), place)
        except BaseException as error:
            _fail(desk, backup, begun, error.message if isinstance(error, EduopsError) else _ABORTED)
            raise
        return _verify(desk, waiting, begun, kept, place)


def copy_after_run(desk: Desk, backup: Backup) -> list[Outcome]:
    """Copies a new backup to the places of its source; what fails is in the outcomes, and the backup stays good."""
    return list(copy_all(desk, [Waiting(backup, place) for place in _places_of(desk, backup.source)]))


def sweep_place(desk: Desk, name: str, place: keep.DirectoryStore | keep.SftpStore) -> None:
    """Ends the copies to a place that died; whoever calls holds the place's lock. Raises OutsideError."""
    keep.sweep(place)
    with desk.open_unit() as unit:
        dead = standing.list_unfinished_copies(unit.session, name)
    for each in dead:
        keep.discard(place, each.path)
        with desk.open_unit() as unit:
            service.fail_copy(unit.session, each, fault=service.INTERRUPTED)
            unit.changed(each.path, step="copy", place=name, fault=service.INTERRUPTED)


def _verify(
    desk: Desk,
    waiting: Waiting,
    begun: BackupCopy,
    kept: keep.Kept,
    place: keep.DirectoryStore | keep.SftpStore,
) -> Outcome:
    desk.watch(f"校验 {waiting.backup.ref}（{waiting.place}）")
    started = time.monotonic()
    try:
        faults, is_damaged = keep.check(place, kept).faults, True
    except EduopsError as error:
        # It lies there, and nobody knows whether it is whole: no copy that counts.
        _fail(desk, waiting.backup, begun, f"副本读不回来：{error.message}")
        raise
    verified = runs.Verified(faults, is_damaged, round((time.monotonic() - started) * 1000))
    with desk.open_unit() as unit:
        copied = service.place_copy(unit.session, begun, kept)
        check = runs.record_check(
            unit.session, waiting.backup, verified, now=unit.now, actor=unit.actor, copy=copied
        )
        unit.changed(waiting.backup.ref, step="copied", place=waiting.place, passed=check.passed)
    return Outcome(waiting, copied, check)


def _fail(desk: Desk, backup: Backup, begun: BackupCopy, fault: str) -> None:
    with desk.open_unit() as unit:
        service.fail_copy(unit.session, begun, fault=fault)
        unit.changed(backup.ref, step="copy", place=begun.place, fault=fault)


def _places_of(desk: Desk, source: str) -> Sequence[str]:
    found = desk.config.sources.get(source)
    return found.places if found else ()


def _has_copy(record: standing.Record, place: str) -> bool:
    return any(copy.place == place and copy.state in ("verified", "removed") for copy in record.copies)

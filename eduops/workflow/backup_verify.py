"""Verifying: stored backups are read back as a whole and compared with what the catalogue knows of them."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from eduops.backup import keep, queries
from eduops.backup.models import Backup, BackupCheck, BackupCopy
from eduops.backup.service import run as service
from eduops.core.errors import EduopsError, NotFound
from eduops.workflow.backup_job import Desk, open_kept, sweep


@dataclass(frozen=True, slots=True)
class Outcome:
    """A backup, or its copy, and what came of reading it back."""

    backup: Backup
    copy: BackupCopy | None
    check: BackupCheck


def verify(
    desk: Desk, *, ref: str | None = None, source: str | None = None, place: str | None = None
) -> Iterator[Outcome]:
    """Reads back one backup, or all that are there (of a source), or their copies in a second place; as each is done.

    Every outcome is committed by itself. Raises NotFound where nothing is there to be read.
    """
    sweep(desk, [source] if source else desk.config.sources)
    waiting = _list(desk, ref, source, place)
    if not waiting:
        raise NotFound("没有可校验的备份", hint="运行 eduops backup list 查看，或先 eduops backup run")
    for backup, copy in waiting:
        desk.watch(f"校验 {backup.ref}" + (f"（{copy.place}）" if copy else ""))
        verified = _read(desk, backup, copy)
        with desk.open_unit() as unit:
            check = service.record_check(
                unit.session, backup, verified, now=unit.now, actor=unit.actor, copy=copy
            )
            unit.changed(backup.ref, step="verify", passed=check.passed, fault=check.fault)
        yield Outcome(backup, copy, check)


def _list(
    desk: Desk, ref: str | None, source: str | None, place: str | None
) -> Sequence[tuple[Backup, BackupCopy | None]]:
    with desk.open_unit() as unit:
        if ref:
            backup = queries.get_backup(unit.session, ref)
            if backup.sha256 is None or backup.state == "removed":
                raise NotFound(f"备份 {ref} 没有可读的内容", hint="它失败了、没有做完或已删除；另选一份")
            return [(backup, queries.get_copy(unit.session, backup, place) if place else None)]
        # One that failed a verification may be read again: the disk may have been the one that was ill.
        statement = select(Backup).where(col(Backup.sha256).is_not(None), Backup.state != "removed")
        if source:
            statement = statement.where(Backup.source == source)
        found = list(unit.session.exec(statement.order_by(col(Backup.id))))
        if place is None:
            return [(backup, None) for backup in found]
        return [
            (backup, copy)
            for backup in found
            if (copy := queries.find_copy(unit.session, backup, place)) is not None
        ]


def _read(desk: Desk, backup: Backup, copy: BackupCopy | None) -> service.Verified:
    started = time.monotonic()
    try:
        with open_kept(desk, backup, copy) as (store, kept):
            checked = keep.check(store, kept)
        if not checked.is_opened and not checked.faults:
            desk.warn(f"{backup.ref}：没有 age 密钥，只核对了存着的密文，没有解密")
        faults, is_damaged = checked.faults, True
    except EduopsError as error:
        # Nothing is known about what could not be read.
        faults, is_damaged = (error.message,), False
    return service.Verified(faults, is_damaged, round((time.monotonic() - started) * 1000))

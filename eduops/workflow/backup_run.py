"""Backing up: the intent is committed first, then comes the dump, which is read back before it counts as a backup."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select

from eduops.backup import engine, keep, queries
from eduops.backup.engine.job import Job
from eduops.backup.keep import manifest
from eduops.backup.keep.opening import find_store
from eduops.backup.models import Backup
from eduops.backup.service import run as service
from eduops.core.errors import EduopsError
from eduops.core.home import Home
from eduops.store.models import AuditEntry
from eduops.workflow.backup_job import Desk, OpenUnit, alone, build_job, lock_of_backup, open_desk, sweep

_ABORTED = "执行人中止了备份"
_CLOCK_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Planned:
    """What a backup would do, for a preview."""

    source: str
    engine: str
    origin: str
    store: str
    newest: Backup | None


def back_up(open_unit: OpenUnit, home: Home) -> Backup:
    """Backs up the home itself. Raises OutsideError, InputError, ConfigError, Conflict."""
    return back_up_source(open_desk(open_unit, home), "home")


def plan_backup(desk: Desk, name: str) -> Planned:
    """What would be backed up to where; nothing is touched. Raises NotFound, ConfigError."""
    with desk.open_unit() as unit:
        job = build_job(desk, name, unit.session)
        newest = queries.find_newest(unit.session, name)
    store = find_store(desk.config, job.source.store, desk.home.path)
    return Planned(name, job.source.engine.value, engine.describe(job), store.name, newest)


def back_up_source(desk: Desk, name: str) -> Backup:
    """Dumps a source, reads the dump back and keeps it. What dies on the way is no backup, and stays visible.

    Raises OutsideError, InputError, ConfigError, NotFound; Conflict where the same source is being backed up.
    """
    with desk.open_unit() as unit:
        job = build_job(desk, name, unit.session)
    store = find_store(desk.config, job.source.store, desk.home.path)
    sweep(desk, [name])
    with alone(desk.home, lock_of_backup(name), doing=f"备份来源 {name}"):
        begun = _begin(desk, job)
        started = time.monotonic()
        try:
            keep.sweep(store)
            made = _make(desk, job, begun, store, started)
        except BaseException as error:
            _fail(desk, begun, error.message if isinstance(error, EduopsError) else _ABORTED, started)
            raise
        with desk.open_unit() as unit:
            backup = service.finish_backup(unit.session, begun.ref, made, now=_later(begun, started))
            unit.changed(backup.ref, step="finish", sha256=backup.sha256)
    return backup


def _begin(desk: Desk, job: Job) -> Backup:
    source = job.source
    found = desk.config.stores[source.store]
    encryption = "restic" if found.kind.value == "restic" else found.encryption
    place = service.Place(job.name, source.engine.value, engine.describe(job), source.store, encryption)
    with desk.open_unit() as unit:
        newest = queries.find_newest(unit.session, job.name)
        if newest is not None and newest.started_at > unit.now + _CLOCK_SLACK:
            desk.warn(
                f"现在的系统时间比最近一份备份 {newest.ref} 还早："
                "时钟被往回拨过，请核对（date、chronyc tracking），新旧可能排错"
            )
        begun = service.begin_backup(unit.session, place, now=unit.now, actor=unit.actor)
        unit.changed(begun.ref, step="begin")
    return begun


def _make(desk: Desk, job: Job, begun: Backup, store: keep.Store, started: float) -> service.Made:
    with keep.stage(store) as stage:
        sentinel = _mark(desk, job, begun)
        desk.watch("导出")
        dumped = engine.dump(job, stage)
        desk.watch("读回核对")
        # Both only read, and mostly outside of Python: together they take as long as the slower one.
        with ThreadPoolExecutor(1) as beside:
            checking = beside.submit(engine.check, job, stage)
            files = manifest.hash_files(stage)
            checking.result()
        desk.watch("入库")
        tables = {
            name: {"rows": each.rows, "checksum": each.checksum} for name, each in dumped.images.items()
        }
        manifest.write(
            stage,
            manifest.Manifest(
                begun.ref, begun.source, begun.engine, begun.origin, begun.started_at, files, tables, sentinel
            ),
        )
        kept = keep.put(store, stage, begun.path)
    for note in dumped.notes:
        desk.warn(f"{begun.ref}：{note}")
    milliseconds = round((time.monotonic() - started) * 1000)
    return service.Made(kept, dumped.source_bytes, dumped.images, sentinel, milliseconds)


def _mark(desk: Desk, job: Job, begun: Backup) -> dict[str, object]:
    """What is to be found again after a restore: of the home the audit entry that was just written."""
    if job.source.engine.value == "home":
        with desk.open_unit() as unit:
            statement = select(AuditEntry).where(AuditEntry.subject == begun.ref).order_by(col(AuditEntry.id))
            entry = unit.session.exec(statement).first()
        return {"audit_entry": entry.id, "hash": entry.hash} if entry else {}
    if not job.source.sentinel:
        return {}
    desk.watch("写入哨兵")
    return engine.mark(job, token=secrets.token_hex(16), now=begun.started_at)


def _fail(desk: Desk, begun: Backup, fault: str, started: float) -> None:
    with desk.open_unit() as unit:
        service.fail_backup(unit.session, begun.ref, fault=fault, now=_later(begun, started))
        unit.changed(begun.ref, step="fail", fault=fault)


def _later(begun: Backup, started: float) -> datetime:
    # By the clock that nobody sets: a jump of the other one would end it before it began.
    return begun.started_at + timedelta(seconds=time.monotonic() - started)

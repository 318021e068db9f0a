"""Drilling: a backup is restored into a scratch place and compared; the evidence is kept, the place goes in any case."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eduops.backup import configuration, engine, keep, queries
from eduops.backup.engine import scratch as guard
from eduops.backup.engine import sqlite
from eduops.backup.engine.job import Job, Scratch
from eduops.backup.keep import manifest
from eduops.backup.models import Backup, BackupCopy, Drill
from eduops.backup.rules import TableImage, compare, is_complete, parse_images
from eduops.backup.service import drill as service
from eduops.core import clock
from eduops.core.errors import EduopsError
from eduops.core.home import Home
from eduops.workflow import backup_key
from eduops.workflow.backup_job import (
    Desk,
    OpenUnit,
    alone,
    build_job_of,
    lock_of_drill,
    open_desk,
    open_kept,
    sweep,
)

_ABORTED = "执行人中止了演练"
_FETCHED = "backup"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be drilled, and by which second copies of keys."""

    ref: str | None = None
    source: str | None = None
    place: str | None = None
    keys: tuple[Path, ...] = ()
    into: str | None = None


def drill_backup(open_unit: OpenUnit, home: Home, ref: str | None) -> tuple[Drill, Backup]:
    """Drills a backup, the newest one of the home where `ref` is None. Raises NotFound, NotAllowed, ConfigError."""
    return drill(open_desk(open_unit, home), Wanted(ref, None if ref else "home"))


def drill(desk: Desk, wanted: Wanted) -> tuple[Drill, Backup]:
    """Restores, compares, cleans up and keeps the evidence; a drill that could not go on did not pass.

    Raises NotFound, NotAllowed, ConfigError before anything is begun, and Conflict where the same source is drilled.
    """
    keys = backup_key.sort_keys(wanted.keys, desk.home)
    with desk.open_unit() as unit:
        backup = service.get_restorable(unit.session, wanted.ref, source=wanted.source)
        job = build_job_of(desk, backup, unit.session)
        copy = queries.get_copy(unit.session, backup, wanted.place) if wanted.place else None
    engine.require_scratch(job)
    sweep(desk, [backup.source])
    with alone(desk.home, lock_of_drill(backup.source), doing=f"演练来源 {backup.source}"):
        begun, scratch = _begin(desk, job, backup, wanted, copy)
        course = _Course(desk)
        try:
            came = _go(course, job, backup, copy, scratch, keys)
        except BaseException:
            _end(desk, begun, service.Came((_ABORTED,), 0, fault=_ABORTED, evidence=course.evidence()))
            raise
        return _end(desk, begun, came), backup


@dataclass
class _Course:
    """What has been done and seen so far: the evidence."""

    desk: Desk
    steps: list[dict[str, Any]] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=dict)
    restored_milliseconds: int = 0

    def step(self, name: str, said: str) -> None:
        self.desk.watch(said)
        self.steps.append({"step": name, "at": clock.now().isoformat(timespec="milliseconds")})

    def evidence(self) -> dict[str, Any]:
        return {"steps": self.steps, **self.seen}


def _begin(
    desk: Desk, job: Job, backup: Backup, wanted: Wanted, copy: BackupCopy | None
) -> tuple[Drill, Scratch]:
    path = job.source.scratch.path
    parent = configuration.in_home(path, desk.home.path) if path else Path(tempfile.gettempdir())
    with desk.open_unit() as unit:
        begun, scratch = service.begin_drill(
            unit.session,
            backup,
            parent=parent,
            limit_minutes=job.source.restore_limit_minutes,
            now=unit.now,
            actor=unit.actor,
            into=wanted.into,
            copy=copy,
        )
        unit.changed(begun.ref, step="begin", backup=backup.ref)
    return begun, scratch


def _go(
    course: _Course,
    job: Job,
    backup: Backup,
    copy: BackupCopy | None,
    scratch: Scratch,
    keys: backup_key.Keys,
) -> service.Came:
    differences, tables, fault = list[str](), dict[str, TableImage](), None
    is_ours = False
    try:
        course.step("prepare", "准备演练目录")
        guard.make_folder(scratch.folder, token=scratch.token)
        is_ours = True
        _restore(course, job, backup, copy, scratch, keys)
        tables, differences = _compare(course, job, backup, scratch)
        differences += _prove(course, job, backup, scratch, keys)
    except EduopsError as error:
        fault = error.message
        differences.append(error.message)
    finally:
        if is_ours:
            course.step("clean", "清理")
            guard.attempt(lambda: engine.clean(job, scratch), differences)
    return service.Came(
        differences,
        course.restored_milliseconds,
        rows_compared=sum(image.rows for image in tables.values()),
        tables_compared=len(tables),
        fault=fault,
        evidence=course.evidence(),
    )


def _restore(
    course: _Course,
    job: Job,
    backup: Backup,
    copy: BackupCopy | None,
    scratch: Scratch,
    keys: backup_key.Keys,
) -> None:
    """Fetches the backup's files, compared with its list on the way, and restores them; both count as restoring."""
    started = time.monotonic()
    folder = scratch.folder / _FETCHED
    folder.mkdir(mode=0o700)
    course.step("fetch", "取出备份")
    with open_kept(course.desk, backup, copy) as (store, kept):
        names = keep.fetch(backup_key.with_identity(store, keys), kept, folder)
    if backup.engine == "home" and manifest.NAME not in names:
        # A backup of before there were stores: the database alone, under its own name.
        (folder / names[0]).rename(folder / sqlite.FILE)
    course.seen["files"] = {
        name: {"size": file.size, "sha256": file.sha256} for name, file in manifest.hash_files(folder).items()
    }
    course.step("restore", "恢复")
    engine.restore(job, folder, scratch)
    course.restored_milliseconds = round((time.monotonic() - started) * 1000)


def _compare(
    course: _Course, job: Job, backup: Backup, scratch: Scratch
) -> tuple[dict[str, TableImage], list[str]]:
    course.step("compare", "逐表比对")
    expected, differences = parse_images(backup.tables), list[str]()
    if not is_complete(expected):
        # Rows were only counted while backing up: their checksums come from the dump that was just proved whole.
        dumped = engine.read_dump(job, scratch.folder / _FETCHED)
        differences += [f"备份文件与登记不符：{each}" for each in compare(_only(expected, dumped), dumped)]
        expected |= dumped
    found = engine.read_restored(job, scratch)
    course.seen["tables"] = {
        name: {"expected": expected[name].rows, "found": found[name].rows, "checksum": found[name].checksum}
        for name in sorted(expected.keys() & found.keys())
    }
    return found, differences + compare(expected, found)


def _only(images: dict[str, TableImage], others: dict[str, TableImage]) -> dict[str, TableImage]:
    return {name: image for name, image in images.items() if name in others}


def _prove(
    course: _Course, job: Job, backup: Backup, scratch: Scratch, keys: backup_key.Keys
) -> Sequence[str]:
    """Looks for the sentinel, and uses the second copies of keys."""
    differences = []
    if backup.sentinel:
        course.step("sentinel", "查找哨兵")
        found = engine.has_sentinel(job, scratch, backup.sentinel)
        course.seen["sentinel"] = {"found": found}
        if not found:
            differences.append("备份前写入的哨兵没有恢复出来")
    course.seen["keys"], faults = backup_key.prove(job, scratch, keys)
    return [*differences, *faults]


def _end(desk: Desk, begun: Drill, came: service.Came) -> Drill:
    with desk.open_unit() as unit:
        done = service.finish_drill(unit.session, begun.ref, came, now=clock.now())
        unit.changed(done.ref, step="finish", passed=done.passed)
    return done

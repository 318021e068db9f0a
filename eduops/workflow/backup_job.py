"""What backing up, verifying and drilling share: the configuration, the ways to far hosts, one at a time, sweeping."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from filelock import FileLock, Timeout
from sqlmodel import Session

from eduops.backup import configuration, engine, keep, queries
from eduops.backup.configuration import BackupConfig
from eduops.backup.engine.job import Job, Watch, watch_nothing
from eduops.backup.keep import Kept
from eduops.backup.keep.opening import find_store
from eduops.backup.models import Backup, BackupCopy
from eduops.backup.service import drill as drills
from eduops.backup.service import run as runs
from eduops.core import clock
from eduops.core.errors import Conflict, EduopsError, NotFound
from eduops.core.home import Home
from eduops.remote.configuration import load_config as load_remote
from eduops.remote.route import Route, find_bastion_route, find_route
from eduops.store.unit import Unit

OpenUnit = Callable[[], AbstractContextManager[Unit]]
_LOCKS = ".locks"


@dataclass(frozen=True, slots=True)
class Desk:
    """What every verb of backups works with."""

    open_unit: OpenUnit
    home: Home
    config: BackupConfig
    watch: Watch = watch_nothing
    """Is told what is being done."""
    warn: Watch = watch_nothing
    """Is told what a person should know although it went well."""


def open_desk(
    open_unit: OpenUnit, home: Home, *, watch: Watch = watch_nothing, warn: Watch = watch_nothing
) -> Desk:
    """With the configuration in force. Raises ConfigError with every problem of it."""
    return Desk(open_unit, home, configuration.load_config(home.path), watch, warn)


def build_job(desk: Desk, name: str, session: Session) -> Job:
    """The source of that name with the ways to the hosts it names. Raises NotFound, ConfigError."""
    source = configuration.get_source(desk.config, name)
    named = {source.through, source.scratch.through} - {None}
    routes = {str(each): find_way(session, desk.home, str(each)) for each in named}
    folders = [store.path for store in desk.config.stores.values()]
    folders += [place.path for place in desk.config.places.values() if place.host is None]
    avoid = tuple(configuration.in_home(path, desk.home.path) for path in folders if path is not None)
    return Job(name, source, desk.home, routes, avoid, desk.watch)


def build_job_of(desk: Desk, backup: Backup, session: Session) -> Job:
    """The job of a backup's source, its engine as the backup was made by. Raises NotFound, ConfigError."""
    job = build_job(desk, backup.source, session)
    if job.source.engine.value == backup.engine:
        return job
    raise NotFound(
        f"备份 {backup.ref} 是按 engine: {backup.engine} 做的，backup.yaml 的来源 {backup.source} 现在写的是"
        f" {job.source.engine.value}",
        hint="给新的来源另起一个名字，或改回 engine 再恢复旧的备份",
    )


def find_way(session: Session, home: Home, name: str) -> Route:
    """The way to a host of that code, or to a bastion of that name. Raises NotFound, ConfigError."""
    # Tables of hosts are built in an eighth of a second, and most sources are near.
    from eduops.asset.queries.host import get_host

    remote = load_remote(home.path)
    if name in remote.bastions:
        return find_bastion_route(remote, name, home=home.path)
    try:
        host = get_host(session, name)
    except NotFound as error:
        raise NotFound(
            f"backup.yaml 写的主机「{name}」没有登记，也不是 remote.yaml 里的堡垒机",
            hint="运行 eduops host list 核对代码，或在 remote.yaml 的 bastions 下写上它",
        ) from error
    return find_route(remote, code=host.code, address=host.address, bastion=host.bastion, home=home.path)


def kept_of(backup: Backup) -> Kept:
    """Where its store has a backup."""
    return Kept(backup.path, backup.size_bytes or 0, backup.sha256 or "")


@contextmanager
def open_kept(desk: Desk, backup: Backup, copy: BackupCopy | None) -> Iterator[tuple[keep.Store, Kept]]:
    """Where a backup lies, or its copy in a second place. Raises NotFound, ConfigError."""
    store = find_store(desk.config, backup.store, desk.home.path)
    if copy is None:
        yield store, kept_of(backup)
        return
    with open_place(desk, copy.place, store) as place:
        yield place, Kept(copy.path, copy.size_bytes or 0, backup.sha256 or "")


@contextmanager
def open_place(desk: Desk, name: str, store: keep.Store) -> "Iterator[keep.DirectoryStore | keep.SftpStore]":
    """A second place; what was encrypted for a store is opened there by that store's key. Raises NotFound, ConfigError."""
    found = configuration.get_place(desk.config, name)
    recipients = store.recipients if isinstance(store, keep.DirectoryStore) else ()
    identity = store.identity_file if isinstance(store, keep.DirectoryStore) else None
    if found.host is None:
        folder = configuration.in_home(found.path, desk.home.path)
        yield keep.DirectoryStore(name, folder, recipients, identity, role="异地存放处")
        return
    from eduops.remote import known_host
    from eduops.remote.gateway import Gateway

    with desk.open_unit() as unit:
        route = find_way(unit.session, desk.home, found.host)
    gateway = Gateway(desk.home.path / known_host.FILE)
    try:
        scratch = desk.home.folder("backups")
        yield keep.SftpStore(name, gateway, route, str(found.path), scratch, identity)
    finally:
        gateway.close()


@contextmanager
def alone(home: Home, name: str, *, doing: str) -> Iterator[None]:
    """One at a time, also across processes: who died lets go. Raises Conflict."""
    try:
        with _lock(home, name):
            yield
    except Timeout as error:
        raise Conflict(
            f"另一个进程正在{doing}", hint="等它结束后再运行；查一查有没有卡住的 eduops"
        ) from error


def sweep(desk: Desk, names: Iterable[str]) -> None:
    """Ends what died: its rows become failed, its scratch places and stages go. What cannot be reached is left."""
    for name in names:
        _sweep_backups(desk, name)
        _sweep_drills(desk, name)


def _sweep_backups(desk: Desk, name: str) -> None:
    with desk.open_unit() as unit:
        waiting = queries.list_unfinished(unit.session, name)
    if not waiting or not _is_free(desk.home, lock_of_backup(name)):
        return
    for dead in waiting:
        fault = runs.INTERRUPTED
        try:
            store = find_store(desk.config, dead.store, desk.home.path)
            keep.discard(store, dead.path)
            keep.sweep(store)
        except EduopsError as error:
            fault += f"；存放处没有清理：{error.message}"
        with desk.open_unit() as unit:
            runs.fail_backup(unit.session, dead.ref, fault=fault, now=clock.now())
            unit.changed(dead.ref, step="fail", fault=fault)


def _sweep_drills(desk: Desk, name: str) -> None:
    with desk.open_unit() as unit:
        waiting = queries.list_unfinished_drills(unit.session, name)
    if not waiting or not _is_free(desk.home, lock_of_drill(name)):
        return
    for dead in waiting:
        fault, scratch = drills.INTERRUPTED, drills.find_scratch(dead)
        try:
            with desk.open_unit() as unit:
                job = build_job(desk, name, unit.session)
            if scratch is not None:
                engine.clean(job, scratch)
        except EduopsError as error:
            desk.warn(f"演练 {dead.ref} 中断时留下的 {dead.scratch} 没有清理：{error.message}")
            continue
        with desk.open_unit() as unit:
            drills.fail_drill(unit.session, dead.ref, fault=fault)
            unit.changed(dead.ref, step="fail", fault=fault)


def lock_of_backup(name: str) -> str:
    """The lock that is held while a source is backed up."""
    return f"backup-{name}"


def lock_of_drill(name: str) -> str:
    """The lock that is held while a source's backup is drilled."""
    return f"drill-{name}"


def _is_free(home: Home, name: str) -> bool:
    try:
        with _lock(home, name):
            return True
    except Timeout:
        return False


def _lock(home: Home, name: str) -> FileLock:
    folder = home.path / _LOCKS
    folder.mkdir(mode=0o700, exist_ok=True)
    return FileLock(folder / f"{name}.lock", timeout=0)

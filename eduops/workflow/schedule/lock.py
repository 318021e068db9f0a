"""One run of a job at a time: a lock in the home and, where the database is PostgreSQL, one across machines."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from eduops.core.errors import Conflict
from eduops.core.files import unwritable
from eduops.core.home import Home
from eduops.store.engine import database_error
from eduops.store.store import Store

_CLASS = int.from_bytes(b"edjb")
"""The first of the two numbers of our advisory locks."""


@dataclass
class Lock:
    """A lock that is held; it is free again when released or when its process is gone."""

    file: FileLock
    connection: Connection | None = None

    def release(self) -> None:
        """Lets the lock go; a second time does nothing."""
        connection, self.connection = self.connection, None
        if connection is not None:
            with suppress(DBAPIError):
                # Closing only returns it to the pool.
                connection.execute(text("SELECT pg_advisory_unlock_all()"))
            with suppress(DBAPIError):
                connection.close()
        self.file.release()


def get_folder(home: Home) -> Path:
    """Where locks and the heartbeat lie. Raises InputError where it cannot be made."""
    folder = home.path / "schedule"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    return folder


def find_job_lock(home: Home, store: Store, job: str) -> Lock | None:
    """The job's lock; None where somebody holds it. Raises OutsideError where the database does not answer."""
    file = _find_file_lock(get_folder(home) / f"job-{job}.lock")
    if file is None:
        return None
    if home.uses_sqlite:
        return Lock(file)
    try:
        connection = _find_advisory_lock(store.engine, job)
    except DBAPIError as error:
        file.release()
        raise database_error(error) from error
    except BaseException:
        file.release()
        raise
    if connection is None:
        file.release()
        return None
    return Lock(file, connection)


def get_daemon_lock(home: Home) -> Lock:
    """The lock of the one daemon that a home has. Raises Conflict where another holds it."""
    path = get_folder(home) / "daemon.lock"
    file = _find_file_lock(path)
    if file is None:
        raise Conflict(
            f"数据目录 {home.path} 已经有一个 eduops schedule run 在运行",
            hint="不用再启动；要换成这一个，先停掉原来的",
        )
    return Lock(file)


def _find_file_lock(path: Path) -> FileLock | None:
    # Held by whichever thread is at work; a second object of the same process does not get it either.
    lock = FileLock(path, timeout=0, thread_local=False, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        return None
    except OSError as error:
        raise unwritable(path, error) from error
    return lock


def _find_advisory_lock(engine: Engine, job: str) -> Connection | None:
    # Without a transaction: the connection stays idle for as long as the job runs.
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    number = crc32(job.encode()) - 2**31
    taken = text("SELECT pg_try_advisory_lock(:class, :number)").bindparams(
        **{"class": _CLASS, "number": number}
    )
    try:
        if connection.execute(taken).scalar():
            return connection
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None

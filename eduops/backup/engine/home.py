"""The engine of eduops's own home: its database, SQLite or PostgreSQL, and what people wrote into its folder.

The key of personal data stays where it is: a backup beside its key protects nothing. A copy of it lies elsewhere, and
a drill proves that copy.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url
from sqlmodel import Session, select

from eduops.backup.configuration import Login
from eduops.backup.engine import archive, entry, sqlite
from eduops.backup.engine import scratch as guard
from eduops.backup.engine.job import Dumped, Job, Scratch
from eduops.backup.engine.server import Server, name_server, reach, scratch_login
from eduops.backup.rules.image import TableImage
from eduops.store.engine import open_engine
from eduops.store.models import AuditEntry

RESTORED: Final = "files"
_PORT: Final = 5432
_FOLDERS: Final = frozenset({"contracts", "templates", "attachments", "mappings", "reports"})
_ENDINGS: Final = (".yaml", ".yml", ".head")
_NAMES: Final = frozenset({"known_hosts"})


def describe(job: Job) -> str:
    """Where the home and its database lie, without any secret."""
    if job.home.uses_sqlite:
        return str(job.home.path)
    server, database = _parse(job)
    return f"{job.home.path}；{server.title}/{database}"


def mark(_job: Job, *, token: str, now: datetime) -> dict[str, object]:
    """Nothing more: the audit entry of the backup's beginning is in the database already."""
    return {}


def dump(job: Job, stage: Path) -> Dumped:
    """Dumps the database, then packs the files. Raises OutsideError."""
    if job.home.uses_sqlite:
        database = sqlite.dump_file(job.home.database_path, stage)
    else:
        server, name = _parse(job)
        database = _postgresql().dump_database(server, name, stage)
    files = archive.pack(job.home.path, stage / entry.FILE, skip=lambda path: _is_left_out(job, path))
    return Dumped(
        {**database.images, **files.images},
        database.source_bytes + files.source_bytes,
        (*database.notes, *files.notes),
    )


def check(job: Job, stage: Path) -> None:
    """Reads both dumps. Raises OutsideError where one is damaged."""
    if (stage / sqlite.FILE).exists():
        sqlite.check(job, stage)
    else:
        _postgresql().check_file(stage)
    archive.read_archive(stage / entry.FILE)


def require_scratch(job: Job) -> None:
    """Raises NotAllowed where the database is PostgreSQL and no server to restore to is named."""
    if not job.home.uses_sqlite and not job.source.scratch.same_server:
        scratch_login(job.name, job.source)


def restore(job: Job, folder: Path, scratch: Scratch) -> int:
    """Restores both into scratch places; milliseconds. Raises NotAllowed, OutsideError."""
    if (folder / sqlite.FILE).exists():
        taken = sqlite.restore(job, folder, scratch)
    else:
        with _scratch_server(job) as server:
            taken = _postgresql().restore_database(
                server, folder, scratch, door=job.source.scratch.database, source=_own_database(job)
            )
    # Backups of before there were files beside the database have none.
    if (folder / entry.FILE).exists():
        taken += archive.unpack(folder / entry.FILE, scratch.folder / RESTORED)
    return taken


def read_dump(job: Job, folder: Path) -> dict[str, TableImage]:
    """What the stored dumps hold, as far as a dump alone shows it. Raises OutsideError."""
    images = sqlite.read_dump(job, folder) if (folder / sqlite.FILE).exists() else {}
    if (folder / entry.FILE).exists():
        images |= archive.read_archive(folder / entry.FILE)
    return images


def read_restored(job: Job, scratch: Scratch) -> dict[str, TableImage]:
    """What was restored, read row by row and byte by byte. Raises OutsideError."""
    if _is_sqlite(scratch):
        images = sqlite.read_restored(job, scratch)
    else:
        with _scratch_server(job) as server:
            images = _postgresql().read_database(server, scratch.name)
    if (scratch.folder / RESTORED).exists():
        images |= entry.read_folder(scratch.folder / RESTORED)
    return images


def has_sentinel(job: Job, scratch: Scratch, sentinel: Mapping[str, object]) -> bool:
    """Whether the audit entry of the backup's beginning was restored. Raises OutsideError."""
    with open_restored(job, scratch) as engine, Session(engine) as session:
        statement = select(AuditEntry.hash).where(AuditEntry.id == sentinel["audit_entry"])
        return session.exec(statement).first() == sentinel["hash"]


def clean(job: Job, scratch: Scratch) -> None:
    """Removes what was restored, where its marker is ours. Raises NotAllowed, OutsideError."""
    if not job.home.uses_sqlite and not _is_sqlite(scratch):
        with _scratch_server(job) as server:
            _postgresql().drop_database(server, scratch, door=job.source.scratch.database)
    guard.remove_folder(scratch.folder, token=scratch.token)


@contextmanager
def open_restored(job: Job, scratch: Scratch) -> Iterator[Engine]:
    """The restored database, open; to be asked, not to be worked in. Raises OutsideError."""
    if _is_sqlite(scratch):
        engine = open_engine(URL.create("sqlite", database=str(scratch.folder / sqlite.RESTORED)))
        try:
            yield engine
        finally:
            engine.dispose()
        return
    with _scratch_server(job) as server:
        query = {"host": server.address} if server.address.startswith("/") else {}
        engine = open_engine(
            URL.create(
                "postgresql",
                username=server.user,
                password=server.password,
                host=None if query else server.address,
                port=server.port,
                database=scratch.name,
                query=query,
            )
        )
        try:
            yield engine
        finally:
            engine.dispose()


def _is_left_out(job: Job, relative: str) -> bool:
    top, _, rest = relative.partition("/")
    path = job.home.path / relative
    if path == job.home.key_path or path in job.avoid or relative.endswith(".part"):
        return True
    if rest:
        return top not in _FOLDERS
    if path.is_dir():
        return top not in _FOLDERS
    return not (top.endswith(_ENDINGS) or top in _NAMES)


def _is_sqlite(scratch: Scratch) -> bool:
    return (scratch.folder / sqlite.RESTORED).exists()


def _own_database(job: Job) -> str:
    return "" if job.home.uses_sqlite else _parse(job)[1]


@contextmanager
def _scratch_server(job: Job) -> Iterator[Server]:
    """The server that the home may be restored to: the one that is named, or its own where that is allowed."""
    if job.source.scratch.address is None and job.source.scratch.same_server and not job.home.uses_sqlite:
        yield _parse(job)[0]
        return
    login = scratch_login(job.name, job.source)
    with reach(
        login, default_port=_PORT, home=job.home.path, routes=job.routes, what="备份来源 home"
    ) as server:
        yield server


def _parse(job: Job) -> tuple[Server, str]:
    """The server and the database that EDUOPS_DATABASE_URL names."""
    url = make_url(job.home.database_url)
    host = url.query.get("host") or url.host or "127.0.0.1"
    address = host if isinstance(host, str) else host[0]
    port = url.query.get("port") or url.port or _PORT
    number = int(port if isinstance(port, (str, int)) else port[0])
    title = name_server(Login(address=address, port=number), _PORT)
    server = Server(title, address, number, url.username or "", str(url.password) if url.password else None)
    return replace(server, user=url.username or _account()), str(url.database)


def _postgresql() -> ModuleType:
    # Its driver is needed only where the home's database is one.
    return import_module("eduops.backup.engine.postgresql")


def _account() -> str:
    import getpass

    return getpass.getuser()

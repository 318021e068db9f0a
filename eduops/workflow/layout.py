"""Laying out a home from the shipped examples: what is there already is never touched."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from eduops.contract.loader import OVERLAY_NAME, load_contract
from eduops.core.errors import Conflict
from eduops.core.files import unwritable, whole_file, write_whole
from eduops.core.home import CONTRACT_NAME, FOLDERS, Home
from eduops.core.shipped import find_shipped
from eduops.store.engine import database_error, open_engine
from eduops.store.migration import upgrade
from eduops.store.models import KeyCheck
from eduops.store.schema import KNOWN, find_revision, require_current
from eduops.store.secret import load_cipher, make_key

_WAIT_SECONDS = 60
_Writer = Callable[[Path], None]
_SETTINGS = """\
# eduops 的设置。改动后运行 eduops doctor 核对。
contract: {contract}        # 合同文件，相对于本目录
customer: {customer}        # 甲方名称，印在文档上
vendor: {vendor}        # 乙方名称，印在文档上
log_days: 365        # 运行日志（logs 目录）保留多少天，至少 180
invented: {invented}        # 数据是否虚构（演示用）；为 true 时文档封面注明
"""


@dataclass(frozen=True, slots=True)
class Laid:
    """What `lay_out` made and what it found and left alone, as paths relative to the home."""

    made: tuple[str, ...]
    kept: tuple[str, ...]
    revision: str


def lay_out(
    home: Home,
    *,
    contract: Path | None = None,
    customer: str = "甲方（医院）",
    vendor: str = "乙方（运维单位）",
    invented: bool = False,
) -> Laid:
    """Makes folders, settings, contract, thresholds and the database.

    `contract` is taken instead of the shipped one, after it was checked. Raises ConfigError for a wrong contract
    or a database of another version, InputError for a folder that cannot be written, OutsideError for a database
    that does not answer.
    """
    source = contract or find_shipped("configs", "contracts", CONTRACT_NAME)
    load_contract(source)
    _check_database(home)
    _check_key(home)
    _make_folders(home)
    name = source.name if contract else CONTRACT_NAME
    settings = _SETTINGS.format(
        contract=_quoted(f"contracts/{name}"),
        customer=_quoted(customer),
        vendor=_quoted(vendor),
        invented=str(invented).lower(),
    )
    with _alone(home):
        return _lay_out_files(home, source, name, settings)


def _lay_out_files(home: Home, source: Path, name: str, settings: str) -> Laid:
    made, kept = [], []
    for target, write in _files(home, source, name, settings):
        is_inside = target.is_relative_to(home.path)
        relative = str(target.relative_to(home.path) if is_inside else target)
        if target.exists():
            kept.append(relative)
        else:
            write(target)
            made.append(relative)
    with _open_database(home) as engine:
        before, revision = upgrade(engine)
    (made if before is None else kept).append("eduops.db" if home.uses_sqlite else "数据库")
    if home.uses_sqlite:
        home.database_path.chmod(0o600)
    return Laid(tuple(made), tuple(kept), revision)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One at a time: two `init` of the same home wait for each other."""
    try:
        with FileLock(home.path / ".init.lock", timeout=_WAIT_SECONDS):
            yield
    except Timeout as error:
        raise Conflict(f"另一个 eduops init 正在布置 {home.path}", hint="等它结束后再运行") from error


def _files(home: Home, source: Path, name: str, settings: str) -> Iterator[tuple[Path, _Writer]]:
    yield home.settings_path, lambda target: write_whole(target, settings)
    yield home.folder("contracts") / name, lambda target: _copy(source, target)
    overlay = source.with_name(OVERLAY_NAME)
    if not overlay.exists():
        overlay = find_shipped("configs", "contracts", OVERLAY_NAME)
    yield home.folder("contracts") / OVERLAY_NAME, lambda target: _copy(overlay, target)
    yield home.key_path, make_key
    for example in ("patrol.yaml", "remote.yaml", "alert.yaml", "schedule.yaml", "backup.yaml"):
        yield home.path / example, partial(_copy, find_shipped("configs", example))


def _make_folders(home: Home) -> None:
    try:
        home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in FOLDERS:
            home.folder(folder).mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise unwritable(home.path, error) from error


def _check_database(home: Home) -> None:
    """Refuses a database of another version before anything is made."""
    try:
        if home.uses_sqlite and not home.database_path.exists():
            return
    except OSError as error:
        raise unwritable(home.path, error) from error
    with _open_database(home) as engine:
        # An older one of ours is brought up to date; anything else is refused here.
        if find_revision(engine) not in (None, *KNOWN):
            require_current(engine)


def _check_key(home: Home) -> None:
    """Refuses to make a new key over personal data that another one encrypted."""
    if home.key_path.exists() or (home.uses_sqlite and not home.database_path.exists()):
        return
    with _open_database(home) as engine, engine.connect() as connection:
        if inspect(connection).has_table("key_check") and connection.execute(select(KeyCheck.id)).first():
            load_cipher(home.key_path)


@contextmanager
def _open_database(home: Home) -> Iterator[Engine]:
    """The database, closed again. Raises OutsideError where it does not answer or is none."""
    engine = open_engine(home.database_url)
    try:
        yield engine
    except DBAPIError as error:
        raise database_error(error) from error
    finally:
        engine.dispose()


def _quoted(text: str) -> str:
    """A text as YAML takes it whatever it holds: every JSON string is one."""
    return json.dumps(text, ensure_ascii=False)


def _copy(source: Path, target: Path) -> None:
    with whole_file(target) as part:
        shutil.copyfile(source, part)

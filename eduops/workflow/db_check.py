"""Looking a database over: pages, keys, schema, values, counters, chains, and the files that belong to its rows."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from eduops.core import clock
from eduops.core.errors import ConfigError, EduopsError
from eduops.core.home import Home
from eduops.desk.models.ticket import TicketAttachment
from eduops.desk.service.attachment import find_place
from eduops.ledger import closing as closings
from eduops.ledger import service as ledger
from eduops.ledger.head import CLOSING_FILE, load_head
from eduops.store import audit, audit_head, wholeness
from eduops.store.engine import database_error, open_engine
from eduops.store.evidence import UNREADABLE
from eduops.store.migration import find_differences
from eduops.store.schema import HEAD, KNOWN, find_revision
from eduops.store.wholeness import Fault
from eduops.workflow.table import all_tables

_MOST_FILES = 20
_REMEDIES = {
    "integrity": "保留原文件，用备份恢复；并检查磁盘",
    "keys": "找出是谁改了数据库；从备份核对这些行",
    "schema": "有人改过表结构：从备份恢复，或请开发人员核对",
    "values": "内容被改动过：保留现场，从备份核对这些行",
    "counters": "再登记会撞上已有的编号：从备份核对 counter 表",
    "chains": "保留现场，从备份核对；运行 eduops audit verify 和 eduops sla verify 看详情",
    "files": "从备份恢复 attachments 目录里的文件",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: in which part of the check, where, what was seen, what to do."""

    part: str
    """version, or a key of the remedies: integrity, keys, schema, values, counters, chains, files."""
    where: str
    seen: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a check came to. `rows` is None where the schema is not the one this version knows."""

    kind: str
    revision: str | None
    is_current: bool
    tables: int
    rows: int | None
    findings: tuple[Finding, ...]
    head: audit_head.AuditHead | None = None
    """The audit log's, where its chain is whole."""


def check(home: Home) -> Report:
    """Everything that can be looked at without writing.

    Raises ConfigError where there is no database at all, OutsideError where it does not answer.
    """
    home.require()
    if home.uses_sqlite and not home.database_path.exists():
        raise ConfigError(f"数据目录 {home.path} 里还没有数据库", hint="先运行 eduops init")
    kind = "SQLite" if home.uses_sqlite else "PostgreSQL"
    engine = open_engine(home.database_url)
    try:
        revision = find_revision(engine)
    except DBAPIError as error:
        if "malformed" in str(error.orig):
            finding = Finding("integrity", "文件", database_error(error).message, _REMEDIES["integrity"])
            return Report(kind, None, False, 0, None, (finding,))
        raise database_error(error) from error
    try:
        with engine.connect() as connection:
            if revision != HEAD:
                return _check_other(connection, kind, revision)
            return _check_current(connection, kind, home)
    except DBAPIError as error:
        raise database_error(error) from error
    finally:
        engine.dispose()


def _check_other(connection: Connection, kind: str, revision: str | None) -> Report:
    """A database of another version: what can be said of it without knowing its tables."""
    found = MetaData()
    findings = [_of_version(revision), *_run("integrity", lambda: wholeness.check_pages(connection))]
    if not any(finding.part == "integrity" for finding in findings):
        found.reflect(connection)
        findings += _run("keys", lambda: wholeness.check_keys(connection, found))
    return Report(kind, revision, False, len(found.tables), None, tuple(findings))


def _of_version(revision: str | None) -> Finding:
    if revision is None:
        return Finding("version", "数据库", "还没有初始化", "运行 eduops init")
    if revision in KNOWN:
        seen, remedy = f"停在旧版本 {revision}，本程序需要 {HEAD}", "运行 eduops db migrate 升级"
    else:
        seen, remedy = f"版本 {revision} 比本程序（{HEAD}）新", "安装新版 eduops"
    return Finding("version", "数据库", seen, remedy)


def _check_current(connection: Connection, kind: str, home: Home) -> Report:
    tables = all_tables()
    findings = _run("integrity", lambda: wholeness.check_pages(connection))
    if findings:
        # What lies in damaged pages cannot be judged.
        return Report(kind, HEAD, True, len(tables.tables), None, tuple(findings))
    findings += _run("keys", lambda: wholeness.check_keys(connection, tables))
    findings += _run(
        "schema", lambda: (Fault("表结构", said) for said in find_differences(connection, tables))
    )
    findings += _run("values", lambda: wholeness.check_values(connection, tables))
    findings += _run("counters", lambda: wholeness.check_counters(connection, tables))
    with Session(connection) as session:
        chains, head = _check_chains(session, home.path)
        findings += chains
        findings += _run("files", lambda: _check_files(session, home.folder("attachments")))
    rows = sum(wholeness.count_rows(connection, tables).values())
    return Report(kind, HEAD, True, len(tables.tables), rows, tuple(findings), head)


def _run(part: str, look: Callable[[], Iterable[Fault]]) -> list[Finding]:
    """The faults of one part; where it cannot even be looked at, that is what was found."""
    try:
        return [Finding(part, fault.where, fault.seen, _REMEDIES[part]) for fault in look()]
    except DBAPIError as error:
        said = database_error(error)
        return [Finding(part, "数据库", said.message, said.hint)]
    except EduopsError as error:
        return [Finding(part, "数据库", error.message, error.hint)]
    except UNREADABLE as error:
        return [Finding(part, "数据库", f"检查不了（{type(error).__name__}）", _REMEDIES[part])]


def _check_chains(session: Session, home: Path) -> tuple[list[Finding], audit_head.AuditHead | None]:
    verified: list[audit.Verified] = []

    def look() -> Iterator[Fault]:
        verified.append(audit.verify_against(session, audit_head.load_heads(home / audit_head.FILE)))
        if broken := verified[0].broken:
            yield Fault("操作日志", f"第 {broken.number} 条与校验值不符")

    def look_at_ledger() -> Iterator[Fault]:
        if fault := ledger.verify(session, load_head(home))[1]:
            yield Fault("违约台账", fault)
        if fault := closings.verify(session, load_head(home, CLOSING_FILE))[1]:
            yield Fault("结账", fault)

    findings = _run("chains", look) + _run("chains", look_at_ledger)
    whole = next((each for each in verified if each.broken is None), None)
    head = audit_head.AuditHead(clock.now(), whole.count, whole.hash) if whole else None
    return findings, head


def _check_files(session: Session, folder: Path) -> Iterator[Fault]:
    """Attachments that rows name and that are not there, and files that no row names."""
    known: set[str] = set()
    missing = 0
    rows = session.execute(
        select(TicketAttachment.sha256, TicketAttachment.size_bytes, TicketAttachment.name)
    )
    for sha256, size_bytes, name in rows:
        known.add(sha256)
        place = find_place(folder, sha256)
        if not place.is_file() or place.stat().st_size != size_bytes:
            missing += 1
            if missing <= _MOST_FILES:
                yield Fault(f"附件「{name}」", f"文件 {sha256[:12]}… 不在了或长度不符")
    if missing > _MOST_FILES:
        yield Fault("附件", f"共 {missing} 个文件不在了或长度不符")
    strays = [path.name for path in folder.glob("??/*") if path.is_file() and path.name not in known]
    if strays:
        yield Fault("附件目录", f"{len(strays)} 个文件没有登记，如 {strays[0][:12]}…")

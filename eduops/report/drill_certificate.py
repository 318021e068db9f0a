"""The certificate of a restore drill (恢复演练证明): facts in, context out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from eduops.report.figure import Figure
from eduops.report.text import ABSENT, decimal_text, instant_text

TEMPLATE = "drill_certificate.docx"
MOST_TABLES = 12
"""How many tables stand on the page; the totals are of all."""
_MOST_FILES, _MOST_DIFFERENCES = 5, 10
_ENGINES = {
    "home": "eduops 数据目录",
    "sqlite": "SQLite 数据库",
    "postgresql": "PostgreSQL 数据库",
    "mariadb": "MySQL/MariaDB 数据库",
    "directory": "文件目录",
}
_ENCRYPTIONS = {"none": "不加密", "age": "age 加密", "restic": "restic 仓库加密"}


@dataclass(frozen=True, slots=True)
class TableFact:
    """A table (or folder) of the drill: rows in the backup and after the restore, and the restored one's checksum."""

    name: str
    expected: int
    found: int
    checksum: str


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file of the backup as it was fetched for the drill."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class KeyFact:
    """A second copy of a key that the drill used."""

    fingerprint: str
    kind: str
    is_proved: bool


@dataclass(frozen=True, slots=True)
class BackupFact:
    """The backup that was restored."""

    ref: str
    source: str
    engine: str
    origin: str
    taken_from: str
    """The store, or the second place, that it was fetched from."""
    encryption: str
    path: str
    made_at: datetime
    size_bytes: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """A drill with everything that its certificate says. Instants are aware."""

    ref: str
    customer: str
    vendor: str
    prepared_by: str
    version: str
    made_at: datetime
    zone: ZoneInfo
    is_invented: bool
    backup: BackupFact
    started_at: datetime
    finished_at: datetime | None
    drilled_by: str
    passed: bool
    scratch: str
    restore_milliseconds: int
    limit_milliseconds: int | None
    tables_compared: int
    rows_compared: int
    tables: Sequence[TableFact]
    files: Sequence[FileFact]
    has_sentinel: bool
    """Whether something was written into the source before the backup."""
    sentinel: bool | None
    """Whether that was found again; None where the drill did not get so far."""
    keys: Sequence[KeyFact]
    differences: Sequence[str]
    audit_number: int | None
    """The audit entry that wrote the outcome down, and its hash."""
    audit_hash: str
    ledger_count: int
    ledger_hash: str


@dataclass(frozen=True, slots=True)
class Line:
    """A label with its value, and below it what is compared character by character."""

    label: str
    value: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class TableLine:
    """A compared table as the page has it."""

    name: str
    expected: str
    found: str
    checksum: str
    verdict: str


@dataclass(frozen=True, slots=True)
class CertificateContext:
    """The names that the template may use."""

    title: str
    customer: str
    vendor: str
    ref: str
    made_at: datetime
    made_on: str
    version: str
    prepared_by: str
    is_invented: bool
    verdict: str
    statement: str
    backup: Sequence[Line]
    drill: Sequence[Line]
    tables: Sequence[TableLine]
    tables_note: str
    differences: Sequence[str]
    figures: Sequence[Figure]
    audit: str
    audit_hash: str
    ledger: str
    ledger_hash: str


def build_context(facts: CertificateFacts) -> CertificateContext:
    """The certificate's words and numbers, ready to print."""
    tables = tuple(_table_lines(facts))
    return CertificateContext(
        title="恢复演练证明" if facts.passed else "恢复演练结果（没有通过）",
        customer=facts.customer,
        vendor=facts.vendor,
        ref=facts.ref,
        made_at=facts.made_at,
        made_on=instant_text(facts.made_at, facts.zone),
        version=facts.version,
        prepared_by=facts.prepared_by,
        is_invented=facts.is_invented,
        verdict=_verdict(facts),
        statement=_statement(facts),
        backup=tuple(_backup_lines(facts)),
        drill=tuple(_drill_lines(facts)),
        tables=tables,
        tables_note=_tables_note(facts, len(tables)),
        differences=tuple(_cut(facts.differences, _MOST_DIFFERENCES)),
        figures=tuple(_figures(facts)),
        audit=_audit(facts),
        audit_hash=facts.audit_hash,
        ledger=f"违约台账共 {facts.ledger_count} 条，末条校验值：" if facts.ledger_count else "违约台账尚无登记。",
        ledger_hash=facts.ledger_hash,
    )  # fmt: skip


def _audit(facts: CertificateFacts) -> str:
    if facts.audit_number is None:
        return "操作日志里没有这次演练的结果。"
    return f"操作日志第 {facts.audit_number} 条（演练结果）的校验值，供日后核对本页："


def _verdict(facts: CertificateFacts) -> str:
    if facts.finished_at is None:
        return "没有做完（不算通过）"
    return "通过" if facts.passed else "没有通过"


def _statement(facts: CertificateFacts) -> str:
    at = instant_text(facts.started_at, facts.zone)
    what = f"{at}，用来源“{facts.backup.source}”的备份 {facts.backup.ref} 在临时位置做了恢复演练"
    if facts.passed and facts.finished_at is not None:
        limit = f"，在限时 {_minutes(facts.limit_milliseconds)} 分钟以内" if facts.limit_milliseconds else ""
        return (
            f"兹证明：{what}。恢复出的 {facts.tables_compared} 项（表、目录）{facts.rows_compared} 行与备份时逐项"
            f"一致，恢复用时 {_seconds(facts)} 秒{limit}。该备份可以恢复。"
        )
    return (
        f"{what}，{_verdict(facts)}。在下一次演练通过之前，不能认为这个来源的备份可以恢复；"
        "应查明原因，重新备份并再次演练。"
    )


def _backup_lines(facts: CertificateFacts) -> Iterator[Line]:
    backup = facts.backup
    yield Line("来源", f"{backup.source}（{_ENGINES.get(backup.engine, backup.engine)}）{backup.origin}")
    yield Line("备份编号", f"{backup.ref}，{instant_text(backup.made_at, facts.zone)} 备份")
    encryption = _ENCRYPTIONS.get(backup.encryption, backup.encryption)
    size = f"{backup.size_bytes} 字节" if backup.size_bytes is not None else ABSENT
    yield Line("取自", f"{backup.taken_from}：{backup.path}，{size}，{encryption}")
    yield Line("清单 SHA-256", "" if backup.sha256 else ABSENT, backup.sha256 or "")
    for file in facts.files[:_MOST_FILES]:
        yield Line("文件 SHA-256", f"{file.name}（{file.size_bytes} 字节）", file.sha256)
    if len(facts.files) > _MOST_FILES:
        yield Line("", f"另有 {len(facts.files) - _MOST_FILES} 个文件，见演练记录")


def _drill_lines(facts: CertificateFacts) -> Iterator[Line]:
    end = instant_text(facts.finished_at, facts.zone) if facts.finished_at else "没有做完"
    yield Line("演练时间", f"{instant_text(facts.started_at, facts.zone)} 至 {end}，{facts.drilled_by}")
    yield Line("临时位置", f"{facts.scratch}（演练后已清理）" if facts.finished_at else facts.scratch)
    yield Line("恢复用时", _duration(facts))
    yield Line("比对", f"{facts.tables_compared} 项 {facts.rows_compared} 行")
    yield Line("哨兵", _sentinel(facts))
    yield Line("密钥副本", "；".join(map(_key, facts.keys)) or "这次没有证明密钥")
    yield Line("结果", _verdict(facts))


def _duration(facts: CertificateFacts) -> str:
    limit = f"限时 {_minutes(facts.limit_milliseconds)} 分钟" if facts.limit_milliseconds else "没有设限时"
    if not facts.restore_milliseconds and not facts.passed:
        return f"没有恢复出来（{limit}）"
    return f"{_seconds(facts)} 秒（{limit}）"


def _sentinel(facts: CertificateFacts) -> str:
    if not facts.has_sentinel:
        return "备份前没有写入哨兵"
    if facts.sentinel is None:
        return "演练没有进行到查找哨兵这一步"
    return "备份前写入的记录已找到" if facts.sentinel else "备份前写入的记录没有找到"


def _table_lines(facts: CertificateFacts) -> Iterator[TableLine]:
    """What differs comes first, then the biggest."""
    said = "；".join(facts.differences)
    bad = {
        each.name for each in facts.tables if each.expected != each.found or f" {each.name} " in f" {said} "
    }
    ordered = sorted(facts.tables, key=lambda each: (each.name not in bad, -each.expected, each.name))
    # Empty ones say little, and are in the totals.
    for each in [each for each in ordered if each.name in bad or each.expected][:MOST_TABLES]:
        verdict = "不一致" if each.name in bad else "一致"
        yield TableLine(each.name, str(each.expected), str(each.found), each.checksum, verdict)


def _tables_note(facts: CertificateFacts, listed: int) -> str:
    left = len(facts.tables) - listed
    more = f"没有列出的 {left} 项见演练记录。" if left > 0 else ""
    expected, found = sum(each.expected for each in facts.tables), sum(each.found for each in facts.tables)
    return f"合计 {len(facts.tables)} 项，备份时 {expected} 行，恢复后 {found} 行。{more}"


def _figures(facts: CertificateFacts) -> Iterator[Figure]:
    show = f"eduops backup show {facts.backup.ref} --json"
    yield Figure("size", "备份的大小和校验值", facts.backup.ref, show)
    yield Figure("seconds", "恢复用时", _duration(facts), f"{show}（drills 的 restore_milliseconds）")
    yield Figure(
        "compared",
        "比对的项和行",
        f"{facts.tables_compared} 项 {facts.rows_compared} 行",
        f"{show}（drills 的 evidence）",
    )
    yield Figure(
        "audit",
        "操作日志",
        f"第 {facts.audit_number or ABSENT} 条",
        f"eduops audit list --subject {facts.ref} --json",
    )
    yield Figure("ledger", "台账末条", f"共 {facts.ledger_count} 条", "eduops sla verify")


def _key(key: KeyFact) -> str:
    what = "age 密钥" if key.kind == "age" else "个人信息密钥"
    return f"{what}（{key.fingerprint}）{'已用它解开' if key.is_proved else '没有解开'}"


def _seconds(facts: CertificateFacts) -> str:
    return decimal_text(Decimal(facts.restore_milliseconds) / 1000, 2)


def _minutes(milliseconds: int | None) -> str:
    return f"{(milliseconds or 0) / 60_000:g}"


def _cut(texts: Sequence[str], most: int) -> list[str]:
    """The first so many, and how many more there are."""
    left = len(texts) - most
    return [*texts[:most], f"另有 {left} 处，见演练记录"] if left > 0 else list(texts)

"""What a drill's certificate says, loaded from the backup room, the audit log and the ledger's head."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from eduops.backup import queries
from eduops.backup.models import Backup, BackupCopy, Drill
from eduops.core.home import Settings
from eduops.ledger.rules import Head
from eduops.report.drill_certificate import BackupFact, CertificateFacts, FileFact, KeyFact, TableFact
from eduops.store.models import AuditEntry


def load_certificate_facts(
    session: Session,
    settings: Settings,
    *,
    ref: str,
    head: Head,
    version: str,
    prepared_by: str,
    now: datetime,
    zone: ZoneInfo,
) -> CertificateFacts:
    """The drill of that reference. Raises NotFound."""
    drill = queries.get_drill(session, ref)
    backup = session.get_one(Backup, drill.backup_id)
    copy = session.get(BackupCopy, drill.copy_id) if drill.copy_id else None
    entry = _find_entry(session, drill)
    return CertificateFacts(
        ref=drill.ref,
        customer=settings.customer,
        vendor=settings.vendor,
        prepared_by=prepared_by,
        version=version,
        made_at=now,
        zone=zone,
        is_invented=settings.invented,
        backup=_backup(backup, copy),
        started_at=drill.started_at,
        finished_at=drill.finished_at,
        drilled_by=drill.actor,
        passed=drill.passed,
        scratch=drill.scratch,
        restore_milliseconds=drill.restore_milliseconds,
        limit_milliseconds=drill.limit_milliseconds,
        tables_compared=drill.tables_compared,
        rows_compared=drill.rows_compared,
        tables=tuple(_tables(drill)),
        files=tuple(_files(drill)),
        has_sentinel=bool(backup.sentinel),
        sentinel=_sentinel(drill),
        keys=tuple(_keys(drill)),
        differences=tuple(_differences(drill)),
        audit_number=entry.id if entry else None,
        audit_hash=entry.hash if entry else "",
        ledger_count=head.count,
        ledger_hash=head.hash if head.count else "",
    )


def _find_entry(session: Session, drill: Drill) -> AuditEntry | None:
    """The audit entry of how it ended."""
    statement = select(AuditEntry).where(AuditEntry.subject == drill.ref)
    return session.exec(statement.order_by(col(AuditEntry.id).desc())).first()


def _backup(backup: Backup, copy: BackupCopy | None) -> BackupFact:
    taken_from = f"异地存放处 {copy.place}" if copy else f"存放处 {backup.store}"
    return BackupFact(
        backup.ref, backup.source, backup.engine, backup.origin, taken_from, backup.encryption,
        copy.path if copy else backup.path, backup.started_at, backup.size_bytes, backup.sha256,
    )  # fmt: skip


def _tables(drill: Drill) -> Iterator[TableFact]:
    for name, each in _part(drill, "tables").items():
        yield TableFact(str(name), int(each["expected"]), int(each["found"]), str(each["checksum"] or ""))


def _files(drill: Drill) -> Iterator[FileFact]:
    for name, each in _part(drill, "files").items():
        yield FileFact(str(name), int(each["size"]), str(each["sha256"]))


def _sentinel(drill: Drill) -> bool | None:
    said = _part(drill, "sentinel").get("found")
    return bool(said) if said is not None else None


def _keys(drill: Drill) -> Iterator[KeyFact]:
    for each in drill.evidence.get("keys") or ():
        yield KeyFact(str(each["fingerprint"]), str(each["kind"]), bool(each["proved"]))


def _differences(drill: Drill) -> Iterator[str]:
    yield from map(str, drill.differences)
    if drill.fault and drill.fault not in drill.differences:
        yield drill.fault


def _part(drill: Drill, name: str) -> dict[str, Any]:
    """A part of the evidence, JSON values; older drills have none."""
    found = drill.evidence.get(name)
    return found if isinstance(found, dict) else {}

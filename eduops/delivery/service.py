"""What the delivery room does."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session

from eduops.core.files import hash_file
from eduops.delivery import queries
from eduops.delivery.models import Document
from eduops.store import counter


def next_version(session: Session, *, kind: str, period: str) -> str:
    """The version that the next document of this kind and period carries: V1, V2, …; nobody else gets it."""
    # Whoever takes the counter's row first makes the others wait until the document is recorded or given up.
    counter.allocate(session, "document version", 0)
    return f"V{queries.count_versions(session, kind=kind, period=period) + 1}"


def record_document(
    session: Session,
    path: Path,
    *,
    kind: str,
    period: str,
    version: str,
    cut_off_at: datetime,
    now: datetime,
    zone: ZoneInfo,
    actor: str,
    is_invented: bool,
) -> Document:
    """Writes down a document that lies on disk, with its size and hash; `zone` is that of its reference's year."""
    document = Document(
        ref=counter.next_reference(session, "DOC", now.astimezone(zone).year),
        kind=kind,
        period=period,
        version=version,
        file_name=path.name,
        sha256=hash_file(path),
        size_bytes=path.stat().st_size,
        cut_off_at=cut_off_at,
        made_at=now,
        made_by=actor,
        is_invented=is_invented,
    )
    session.add(document)
    session.flush()
    return document

"""What is asked of the delivery room."""

from sqlalchemy import func
from sqlmodel import Session, col, select

from eduops.delivery.models import Document


def list_documents(session: Session) -> list[Document]:
    """Documents, newest first."""
    return list(session.exec(select(Document).order_by(col(Document.id).desc())))


def count_versions(session: Session, *, kind: str, period: str) -> int:
    """How many versions of a document were made."""
    statement = (
        select(func.count()).select_from(Document).where(Document.kind == kind, Document.period == period)
    )
    return session.exec(statement).one()

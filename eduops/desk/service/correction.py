"""Data corrections as they are asked for, approved, carried out and taken back (clause 2.10-2): recorded, not executed."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from eduops.core.errors import InputError, NotAllowed
from eduops.desk import queries
from eduops.desk.models.quality import DataCorrection
from eduops.desk.rules.correction import Stand, check_step
from eduops.store import counter


def request(
    session: Session,
    *,
    target: str,
    reason: str,
    statement: str,
    requested_by: str,
    ticket_ref: str = "",
    at: datetime,
    now: datetime,
    actor: str,
    zone: ZoneInfo,
    is_invented: bool = False,
) -> DataCorrection:
    """Writes down what is to be put right and why. Raises InputError for an empty part, NotFound for the ticket."""
    texts = {"要改的数据": target, "原因": reason, "怎样改": statement, "提出人": requested_by}
    _require(texts)
    if at > now:
        raise NotAllowed("数据修正的提出时刻还没有到", hint="检查 --at 写的时刻")
    if ticket_ref:
        queries.get_ticket(session, ticket_ref)
    correction = DataCorrection(
        ref=counter.next_reference(session, "COR", at.astimezone(zone).year),
        target=target.strip(),
        reason=reason.strip(),
        statement=statement.strip(),
        requested_by=requested_by.strip(),
        ticket_ref=ticket_ref,
        requested_at=at,
        actor=actor,
        is_invented=is_invented,
    )
    session.add(correction)
    session.flush()
    return correction


def approve(
    session: Session,
    ref: str,
    *,
    approved_by: str,
    document: str,
    at: datetime,
    now: datetime,
    zone: ZoneInfo,
) -> DataCorrection:
    """Records who of the customer allowed it. Raises NotFound, NotAllowed, InputError."""
    _require({"批准人": approved_by})
    correction = queries.get_correction(session, ref)
    check_step(stand_of(correction), "approve", at=at, now=now, zone=zone)
    correction.approved_at, correction.approved_by = at, approved_by.strip()
    correction.approval_document = document.strip()
    session.add(correction)
    return correction


def apply(
    session: Session,
    ref: str,
    *,
    before: object,
    after: object,
    undo: str,
    applied_by: str,
    at: datetime,
    now: datetime,
    zone: ZoneInfo,
) -> DataCorrection:
    """Records that it was carried out: the values before and after, and the way back. Raises as `approve` does."""
    _require({"撤回的办法": undo})
    if before == after:
        raise InputError(f"数据修正 {ref}：修正前后的值一样", hint="检查 --before 和 --after")
    correction = queries.get_correction(session, ref)
    check_step(stand_of(correction), "apply", at=at, now=now, zone=zone)
    correction.sqlmodel_update(
        {"applied_at": at, "applied_by": applied_by, "before": before, "after": after, "undo": undo.strip()}
    )
    session.add(correction)
    return correction


def undo(
    session: Session, ref: str, *, reason: str, undone_by: str, at: datetime, now: datetime, zone: ZoneInfo
) -> DataCorrection:
    """Records that it was taken back. Raises as `approve` does."""
    _require({"撤回的原因": reason})
    correction = queries.get_correction(session, ref)
    check_step(stand_of(correction), "undo", at=at, now=now, zone=zone)
    correction.undone_at, correction.undone_by, correction.undo_reason = at, undone_by, reason.strip()
    session.add(correction)
    return correction


def stand_of(correction: DataCorrection) -> Stand:
    """How far it has come."""
    return Stand(
        correction.ref,
        correction.requested_at,
        correction.approved_at,
        correction.applied_at,
        correction.undone_at,
    )


def _require(texts: dict[str, str]) -> None:
    empty = [name for name, text in texts.items() if not text.strip()]
    if empty:
        raise InputError(f"数据修正没有写{'、'.join(empty)}", hint="补上再登记")

"""Files that belong to tickets: kept once by the hash of their content."""

import shutil
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from eduops.core.errors import Conflict, InputError, NotFound
from eduops.core.files import hash_file, whole_file
from eduops.desk import queries
from eduops.desk.models.ticket import TicketAttachment
from eduops.desk.service.ticket_save import record_event

_LONGEST_NAME = 255


def attach(
    session: Session,
    folder: Path,
    ref: str,
    source: Path,
    *,
    name: str = "",
    now: datetime,
    actor: str,
    is_rehearsal: bool = False,
) -> tuple[TicketAttachment, bool]:
    """Keeps a copy of `source` under `folder` and names it on the ticket; whether that was new.

    The same content under the same name changes nothing. Nothing is copied before all is known to be well, nor in
    a rehearsal: a refusal leaves no file that nobody names. Raises NotFound, InputError where the file cannot be
    read, Conflict where the name holds another content.
    """
    called = name or source.name
    if source.is_dir():
        raise InputError(f"{source} 是文件夹，不是文件", hint="写里面的一个文件，或先打包成一个文件")
    if not source.is_file():
        raise InputError(f"没有文件 {source}", hint="检查文件名")
    if not called.isprintable() or "/" in called or called in ("", ".", "..") or len(called) > _LONGEST_NAME:
        raise InputError(f"附件名「{called}」不能用", hint="用 --name 起一个不含 / 的名字")
    ticket = queries.lock_ticket(session, ref)
    sha256, size_bytes = _measure(source)
    known = session.get(TicketAttachment, (ticket.id, called))
    if known and known.sha256 == sha256:
        return known, False
    if known:
        raise Conflict(f"工单 {ref} 已有名为「{called}」而内容不同的附件", hint="用 --name 换一个名字")
    attachment = TicketAttachment(
        ticket_id=ticket.id, name=called, sha256=sha256, size_bytes=size_bytes, added_at=now, actor=actor
    )
    session.add(attachment)
    values = {"name": called, "sha256": sha256, "size_bytes": size_bytes}
    record_event(session, ticket, "attach", at=now, now=now, actor=actor, values=values)
    if not is_rehearsal:
        _keep_file(folder, source, sha256)
    return attachment, True


def _measure(source: Path) -> tuple[str, int]:
    try:
        return hash_file(source), source.stat().st_size
    except OSError as error:
        raise _unreadable(source, error) from error


def _keep_file(folder: Path, source: Path, sha256: str) -> None:
    """Copies a file to its place by content, whole or not at all. Raises InputError."""
    target = find_place(folder, sha256)
    try:
        if not target.exists():
            with whole_file(target) as part:
                shutil.copyfile(source, part)
                if hash_file(part) != sha256:
                    raise InputError(f"{source} 在读取时被改动", hint="等它写完再试")
    except OSError as error:
        raise _unreadable(source, error) from error


def _unreadable(source: Path, error: OSError) -> InputError:
    return InputError(f"不能读取 {source}：{error.strerror or error}", hint="检查文件权限")


def find_place(folder: Path, sha256: str) -> Path:
    """Where a content lies: `ab/abcdef…` under the folder."""
    return folder / sha256[:2] / sha256


def hand_out(session: Session, folder: Path, ref: str, name: str, *, target: Path) -> TicketAttachment:
    """Copies a ticket's file to `target`. Raises NotFound, also where its content is gone or was changed."""
    attachment = queries.get_attachment(session, queries.get_ticket(session, ref), name)
    place = find_place(folder, attachment.sha256)
    if not place.is_file() or hash_file(place) != attachment.sha256:
        raise NotFound(
            f"附件「{name}」的内容不在了或已损坏：{place}", hint="从备份恢复 attachments 目录里的这个文件"
        )
    with whole_file(target) as part:
        shutil.copyfile(place, part)
    return attachment

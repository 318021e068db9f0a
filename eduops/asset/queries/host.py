"""What we ask about hosts."""

from sqlmodel import Session, col, select

from eduops.asset.models import Host
from eduops.asset.rules import LOCAL_ADDRESS
from eduops.core.errors import NotFound


def find_host(session: Session, code: str) -> Host | None:
    """The host with this code, retired ones included."""
    return session.exec(select(Host).where(Host.code == code)).first()


def get_host(session: Session, code: str) -> Host:
    """The host with this code, retired ones included. Raises NotFound."""
    host = find_host(session, code)
    if host is None:
        raise NotFound(
            f"没有代码为 {code} 的主机", hint="运行 eduops host list 查看，或用 eduops host add 登记"
        )
    return host


def list_hosts(session: Session, *, with_retired: bool = False) -> list[Host]:
    """The hosts by code; those still in use only, unless asked otherwise."""
    query = select(Host).order_by(col(Host.code))
    if not with_retired:
        query = query.where(col(Host.retired_at).is_(None))
    return list(session.exec(query))


def list_local_hosts(session: Session) -> list[Host]:
    """The hosts in use whose address is this machine: one, where all is as it should be."""
    query = select(Host).where(Host.address == LOCAL_ADDRESS, col(Host.retired_at).is_(None))
    return list(session.exec(query.order_by(col(Host.code))))

"""What we ask about baselines."""

from sqlmodel import Session, col, func, select

from eduops.asset.models import Host
from eduops.core.errors import NotFound
from eduops.patrol.models import PatrolBaseline, PatrolRun


def list_of_host(session: Session, host_id: int) -> list[PatrolBaseline]:
    """The host's baselines, the oldest first."""
    query = select(PatrolBaseline).where(PatrolBaseline.host_id == host_id)
    return list(session.exec(query.order_by(col(PatrolBaseline.approved_at), col(PatrolBaseline.number))))


def find_baseline(session: Session, host_id: int, *, number: int | None = None) -> PatrolBaseline | None:
    """The host's newest baseline, or the one with a number."""
    query = select(PatrolBaseline).where(PatrolBaseline.host_id == host_id)
    if number is not None:
        query = query.where(PatrolBaseline.number == number)
    return session.exec(query.order_by(col(PatrolBaseline.number).desc()).limit(1)).first()


def get_baseline(session: Session, host: Host, *, number: int | None = None) -> PatrolBaseline:
    """The host's baseline in force, or the one with a number. Raises NotFound."""
    assert host.id is not None  # noqa: S101 - it comes from the database
    found = find_baseline(session, host.id, number=number)
    if found is None:
        which = "已批准的基线" if number is None else f"编号为 {number} 的基线"
        raise NotFound(
            f"主机 {host.code} 没有{which}", hint=f"运行 eduops patrol baseline approve {host.code} 批准一份"
        )
    return found


def list_baselines(
    session: Session, *, host_code: str | None = None
) -> list[tuple[PatrolBaseline, Host, str]]:
    """Every baseline with its host and its run's reference: by host, the newest first."""
    query = (
        select(PatrolBaseline, Host, PatrolRun.ref)
        .join(Host, col(Host.id) == col(PatrolBaseline.host_id))
        .join(PatrolRun, col(PatrolRun.id) == col(PatrolBaseline.run_id))
        .order_by(col(Host.code), col(PatrolBaseline.number).desc())
    )
    if host_code is not None:
        query = query.where(Host.code == host_code)
    return list(session.exec(query))


def next_number(session: Session, host_id: int) -> int:
    """The number of the host's next baseline, from 1."""
    query = select(func.max(PatrolBaseline.number)).where(PatrolBaseline.host_id == host_id)
    return (session.exec(query).one() or 0) + 1

"""What we ask about weaknesses and optimisations."""

from sqlmodel import Session, col, select

from eduops.asset.models import Host, Optimisation, Service, Vulnerability
from eduops.asset.rules.vulnerability import Terms
from eduops.core.errors import NotFound
from eduops.store.models import AuditEntry


def get_vulnerability(session: Session, ref: str) -> Vulnerability:
    """The weakness of a reference. Raises NotFound."""
    found = session.exec(select(Vulnerability).where(Vulnerability.ref == ref)).first()
    if found is None:
        raise NotFound(f"没有编号为 {ref} 的漏洞", hint="运行 eduops vulnerability list 查看")
    return found


def list_vulnerabilities(session: Session) -> list[Vulnerability]:
    """Every weakness in the order of recording."""
    return list(session.exec(select(Vulnerability).order_by(col(Vulnerability.id))))


def get_optimisation(session: Session, ref: str) -> Optimisation:
    """The optimisation of a reference. Raises NotFound."""
    found = session.exec(select(Optimisation).where(Optimisation.ref == ref)).first()
    if found is None:
        raise NotFound(f"没有编号为 {ref} 的优化", hint="运行 eduops optimisation list 查看")
    return found


def list_optimisations(session: Session) -> list[Optimisation]:
    """Every optimisation, the newest day first."""
    query = select(Optimisation).order_by(col(Optimisation.done_on).desc(), col(Optimisation.id).desc())
    return list(session.exec(query))


def name_hosts(session: Session) -> dict[int, str]:
    """Host's id → code."""
    return {each.id: each.code for each in session.exec(select(Host)) if each.id is not None}


def name_services(session: Session) -> dict[int, str]:
    """Service's id → code."""
    return {each.id: each.code for each in session.exec(select(Service))}


def terms_of(row: Vulnerability, hosts: dict[int, str], services: dict[int, str]) -> Terms:
    """What is said of a weakness, codes in place of ids."""
    names = [name for name in Terms.__dataclass_fields__ if name not in ("host", "service")]
    host = None if row.host_id is None else hosts[row.host_id]
    service = None if row.service_id is None else services[row.service_id]
    return Terms(**{name: getattr(row, name) for name in names}, host=host, service=service)


def list_history(session: Session, ref: str) -> list[AuditEntry]:
    """What was done about a reference, from the audit log, the first first."""
    return list(
        session.exec(select(AuditEntry).where(AuditEntry.subject == ref).order_by(col(AuditEntry.id)))
    )

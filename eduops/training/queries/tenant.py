"""What is asked of tenants, learners and programmes."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from eduops.core.errors import NotFound
from eduops.training.models.tenant import Learner, Programme, Tenant


@dataclass(frozen=True, slots=True)
class TenantRow:
    """A tenant and how many of its learners are active."""

    tenant: Tenant
    learners: int


def list_tenants(session: Session) -> list[TenantRow]:
    """All tenants with their active learners counted, in the contract's order, the own campuses first."""
    counts = (
        select(Learner.tenant_id, func.count().label("learners"))
        .where(Learner.state == "active")
        .group_by(col(Learner.tenant_id))
        .subquery()
    )
    statement = (
        select(Tenant, func.coalesce(counts.c.learners, 0))
        .outerjoin(counts, counts.c.tenant_id == Tenant.id)
        .order_by(col(Tenant.number).is_not(None), col(Tenant.number), col(Tenant.id))
    )
    return [TenantRow(tenant, learners) for tenant, learners in session.execute(statement)]


def find_tenant(session: Session, name_or_code: str) -> Tenant | None:
    """The tenant of that code or name."""
    wanted = (Tenant.code == name_or_code) | (Tenant.name == name_or_code)
    return session.exec(select(Tenant).where(wanted)).first()


def get_tenant(session: Session, name_or_code: str) -> Tenant:
    """The tenant of that code or name. Raises NotFound."""
    tenant = find_tenant(session, name_or_code)
    if tenant is None:
        raise NotFound(f"没有机构「{name_or_code}」", hint="运行 eduops tenant list 查看机构的代码和名称")
    return tenant


def list_programmes(session: Session) -> list[Programme]:
    """All programmes in the contract's order."""
    return list(session.exec(select(Programme).order_by(col(Programme.id))))


def get_programme(session: Session, name_or_code: str) -> Programme:
    """The programme of that code or name. Raises NotFound."""
    wanted = (Programme.code == name_or_code) | (Programme.name == name_or_code)
    programme = session.exec(select(Programme).where(wanted)).first()
    if programme is None:
        raise NotFound(
            f"没有培训项目「{name_or_code}」",
            hint="运行 eduops programme list 查看；由合同同步用 programme sync",
        )
    return programme


def list_learners(
    session: Session, *, tenant_id: int | None = None, limit: int | None = None
) -> list[tuple[Learner, str]]:
    """Learners with their tenant's name, by tenant and staff number."""
    statement = (
        select(Learner, Tenant.name)
        .join(Tenant, col(Tenant.id) == Learner.tenant_id)
        .order_by(col(Learner.tenant_id), col(Learner.staff_number))
        .limit(limit)
    )
    if tenant_id is not None:
        statement = statement.where(Learner.tenant_id == tenant_id)
    return list(session.exec(statement))


def count_learners(session: Session, *, with_invented: bool = True, tenant_id: int | None = None) -> int:
    """How many learners are active, in all tenants or in one."""
    statement = select(func.count()).select_from(Learner).where(Learner.state == "active")
    if tenant_id is not None:
        statement = statement.where(Learner.tenant_id == tenant_id)
    if not with_invented:
        statement = statement.where(col(Learner.is_invented).is_(False))
    return session.exec(statement).one()


def learners_by_staff_number(session: Session, tenant_ids: Sequence[int]) -> dict[tuple[int, str], Learner]:
    """The learners of some tenants by (tenant id, staff number)."""
    found = session.exec(select(Learner).where(col(Learner.tenant_id).in_(tenant_ids)))
    return {(learner.tenant_id, learner.staff_number): learner for learner in found}

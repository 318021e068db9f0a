"""What is asked of tenants, parent bodies and programmes."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from eduops.core.errors import NotFound
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import ParentBody, Programme, Tenant, TenantContract
from eduops.training.rules.tenant_watch import Party, Terms


@dataclass(frozen=True, slots=True)
class TenantRow:
    """A tenant, its parent body's name, how many of its learners are active, and its own contracts, oldest first."""

    tenant: Tenant
    body: str | None
    learners: int
    contracts: tuple[TenantContract, ...]


@dataclass(frozen=True, slots=True)
class BodyRow:
    """A parent body, its tenants, all their active learners, and its contracts, oldest first."""

    body: ParentBody
    tenants: int
    learners: int
    contracts: tuple[TenantContract, ...]


def list_tenants(session: Session, *, with_invented: bool = True) -> list[TenantRow]:
    """All tenants with their active learners counted, in the contract's order, the own campuses first."""
    who = Learner.state == "active"
    counted = select(Learner.tenant_id, func.count().label("learners")).where(who)
    if not with_invented:
        counted = counted.where(col(Learner.is_invented).is_(False))
    counts = counted.group_by(col(Learner.tenant_id)).subquery()
    statement = (
        select(Tenant, ParentBody.name, func.coalesce(counts.c.learners, 0))
        .outerjoin(counts, counts.c.tenant_id == Tenant.id)
        .outerjoin(ParentBody, col(ParentBody.id) == Tenant.parent_body_id)
        .order_by(col(Tenant.number).is_not(None), col(Tenant.number), col(Tenant.id))
    )
    contracts = list_contracts(session)
    return [
        TenantRow(tenant, body, learners, tuple(contracts.get((tenant.id, None), ())))
        for tenant, body, learners in session.execute(statement)
    ]


def list_bodies(session: Session, *, with_invented: bool = True) -> list[BodyRow]:
    """All parent bodies, with what their tenants that are not closed come to."""
    tenants = [
        row.tenant.parent_body_id and (row.tenant.parent_body_id, row.learners)
        for row in list_tenants(session, with_invented=with_invented)
        if row.tenant.state != "closed"
    ]
    contracts = list_contracts(session)
    rows = []
    for body in session.exec(select(ParentBody).order_by(col(ParentBody.id))):
        learners = [pair[1] for pair in tenants if pair and pair[0] == body.id]
        own = tuple(contracts.get((None, body.id), ()))
        rows.append(BodyRow(body, len(learners), sum(learners), own))
    return rows


def list_contracts(session: Session) -> dict[tuple[int | None, int | None], list[TenantContract]]:
    """(tenant id, parent body id) -> contracts, in the order in which they were recorded."""
    found: dict[tuple[int | None, int | None], list[TenantContract]] = {}
    for each in session.exec(select(TenantContract).order_by(col(TenantContract.id))):
        found.setdefault((each.tenant_id, each.parent_body_id), []).append(each)
    return found


def owner_of(party: Tenant | ParentBody) -> tuple[int | None, int | None]:
    """The key of a party in `list_contracts`."""
    return (party.id, None) if isinstance(party, Tenant) else (None, party.id)


def list_parties(session: Session, *, with_invented: bool = True) -> list[Party]:
    """The tenants and parent bodies that are not closed, as the rules of `tenant_watch` read them."""
    parties = [
        Party(
            row.tenant.code,
            row.tenant.name,
            row.learners,
            needs_contract=row.tenant.kind == "outside_hospital"
            and (row.body is None or bool(row.contracts)),
            contracts=to_terms(row.contracts),
        )
        for row in list_tenants(session, with_invented=with_invented)
        if row.tenant.state != "closed"
    ]
    return parties + [
        Party(
            row.body.code, row.body.name, row.learners, needs_contract=True, contracts=to_terms(row.contracts)
        )
        for row in list_bodies(session, with_invented=with_invented)
        if row.tenants
    ]


def to_terms(contracts: Sequence[TenantContract]) -> tuple[Terms, ...]:
    """Contracts as the rules read them."""
    return tuple(Terms(each.start_on, each.last_on, each.headcount_quota) for each in contracts)


def find_tenant(session: Session, name_or_code: str, *, any_case: bool = False) -> Tenant | None:
    """The tenant of that code or name."""
    code = func.lower(Tenant.code) == name_or_code.lower() if any_case else col(Tenant.code) == name_or_code
    return session.exec(select(Tenant).where(or_(code, col(Tenant.name) == name_or_code))).first()


def find_by_code(session: Session, code: str) -> Tenant | None:
    """The tenant of that code."""
    return session.exec(select(Tenant).where(Tenant.code == code)).first()


def find_by_name(session: Session, name: str) -> Tenant | None:
    """The tenant of that name."""
    return session.exec(select(Tenant).where(Tenant.name == name)).first()


def get_tenant(session: Session, name_or_code: str) -> Tenant:
    """The tenant of that code or name. Raises NotFound."""
    tenant = find_tenant(session, name_or_code)
    if tenant is None:
        raise NotFound(f"没有机构「{name_or_code}」", hint="运行 eduops tenant list 查看机构的代码和名称")
    return tenant


def find_body(session: Session, name_or_code: str) -> ParentBody | None:
    """The parent body of that code or name."""
    wanted = (ParentBody.code == name_or_code) | (ParentBody.name == name_or_code)
    return session.exec(select(ParentBody).where(wanted)).first()


def get_party(session: Session, name_or_code: str) -> Tenant | ParentBody:
    """The tenant or parent body of that code or name. Raises NotFound."""
    return (
        find_tenant(session, name_or_code)
        or find_body(session, name_or_code)
        or get_tenant(session, name_or_code)
    )


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

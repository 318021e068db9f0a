"""Taking over from the contract what it says of tenants and programmes; the same contract again changes nothing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlmodel import Session, SQLModel

from eduops.contract.schema import Contract
from eduops.training.models.tenant import Programme, Tenant
from eduops.training.queries import tenant as queries
from eduops.training.rules.onboarding import list_tenant_terms


@dataclass(frozen=True, slots=True)
class SyncResult:
    """How many were new, changed, and as they were before."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


def sync_tenants(session: Session, contract: Contract, *, now: datetime) -> SyncResult:
    """Adds the contract's tenants and brings their terms up to date; a tenant it does not name is left alone."""
    known = {row.tenant.code: row.tenant for row in queries.list_tenants(session)}
    wanted = [Tenant(**asdict(terms), created_at=now) for terms in list_tenant_terms(contract)]
    changes = [
        _take_over(session, known.get(tenant.code), tenant, exclude={"id", "created_at", "state"})
        for tenant in wanted
    ]
    return _count(session, changes)


def sync_programmes(session: Session, contract: Contract) -> SyncResult:
    """Adds the contract's programmes and brings them up to date."""
    known = {programme.code: programme for programme in queries.list_programmes(session)}
    wanted = [
        Programme(
            code=terms.code,
            name=terms.name,
            department=terms.department,
            season=terms.season,
            audience=list(terms.audience),
        )
        for terms in contract.programmes
    ]
    changes = [
        _take_over(session, known.get(programme.code), programme, exclude={"id"}) for programme in wanted
    ]
    return _count(session, changes)


def _take_over(session: Session, known: SQLModel | None, wanted: SQLModel, *, exclude: set[str]) -> str:
    if known is None:
        session.add(wanted)
        return "added"
    values = wanted.model_dump(exclude=exclude)
    if known.model_dump(include=set(values)) == values:
        return "unchanged"
    known.sqlmodel_update(values)
    session.add(known)
    return "changed"


def _count(session: Session, changes: Sequence[str]) -> SyncResult:
    session.flush()
    return SyncResult(changes.count("added"), changes.count("changed"), changes.count("unchanged"))

"""Tenants through their life: taken over from the contract, added, renewed, suspended, closed."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, SQLModel

from eduops.contract.schema import Contract
from eduops.core.errors import Conflict, UsageError
from eduops.store import counter
from eduops.training.models.tenant import ParentBody, Programme, Tenant, TenantContract
from eduops.training.queries import tenant as queries
from eduops.training.rules.onboarding import AgreedTerms, TenantTerms, list_body_terms, list_tenant_terms
from eduops.training.rules.tenant_watch import settle

KINDS = ("campus", "department", "outside_hospital")
MOST_CHARACTERS = {"code": 40, "name": 200}
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class SyncResult:
    """How many were new, changed, and as they were before."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


def sync_tenants(session: Session, contract: Contract, *, now: datetime, actor: str) -> SyncResult:
    """Adds the contract's tenants and brings them up to date; a tenant it does not name is left alone.

    What was agreed with them is recorded once: a renewal entered since stays.
    """
    for body in list_body_terms(contract):
        kept = put_body(session, body.name, code=body.code, now=now)
        record_terms(session, kept, body.agreed, now=now, actor=actor, unless_ever=True)
    known = {row.tenant.code: row.tenant for row in queries.list_tenants(session)}
    changes = [
        _put_tenant(session, known.get(terms.code), terms, now=now, actor=actor)
        for terms in list_tenant_terms(contract)
    ]
    return _count(session, changes)


def sync_programmes(session: Session, contract: Contract) -> SyncResult:
    """Adds the contract's programmes and brings them up to date; one it does not name stays."""
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


def add_tenant(
    session: Session,
    terms: TenantTerms,
    *,
    now: datetime,
    actor: str,
    contact: str = "",
    phone: str | None = None,
) -> Tenant:
    """A new tenant with what was agreed; `phone` is the contact's, already sealed.

    Raises Conflict where the code or name is taken, UsageError for a kind nobody knows or too long a name.
    """
    check_names(terms)
    require_free(session, "代码", terms.code)
    require_free(session, "名称", terms.name)
    tenant = _build_tenant(session, terms, now)
    tenant.contact, tenant.contact_phone_sealed = contact, phone
    session.add(tenant)
    session.flush()
    record_terms(session, tenant, terms.agreed, now=now, actor=actor)
    return tenant


def check_names(terms: TenantTerms) -> None:
    """Raises UsageError for a kind nobody knows, or a code or name that is empty or too long."""
    if terms.kind not in KINDS:
        raise UsageError(f"类别「{terms.kind}」不认识", hint=f"可用：{'、'.join(KINDS)}")
    for name, label in (("code", "代码"), ("name", "名称")):
        text, most = getattr(terms, name), MOST_CHARACTERS[name]
        if not text.strip() or len(text) > most:
            raise UsageError(f"机构{label}「{text[:20]}」应有 1 到 {most} 个字", hint="改短后重试")
    if not _CODE.fullmatch(terms.code):
        raise UsageError(
            f"机构代码「{terms.code}」只能用字母、数字、点、短横线和下划线", hint="如 xu-hospital"
        )
    if terms.parent_body in (terms.name, terms.code):
        raise UsageError(f"「{terms.parent_body}」不能是自己的上级单位", hint="检查上级单位")


def require_free(session: Session, word: str, taken: str, *, but: Tenant | None = None) -> None:
    """Raises Conflict where a code or name is another tenant's or a parent body's, in whatever case of letters."""
    tenant, body = queries.find_tenant(session, taken, any_case=True), queries.find_body(session, taken)
    if body is not None or (tenant is not None and tenant is not but):
        owner = body.name if body is not None else f"{tenant.name}（{tenant.code}）" if tenant else ""
        raise Conflict(
            f"{word}「{taken}」已经有机构或上级单位在用：{owner}", hint="运行 eduops tenant list 查看"
        )


def allocate_code(session: Session) -> str:
    """A code for a tenant that came without one: t-0001."""
    while True:
        code = f"t-{counter.allocate(session, 'tenant_code')[0]:04d}"
        if queries.find_tenant(session, code) is None:
            return code


def put_body(session: Session, name: str, *, now: datetime, code: str = "") -> ParentBody:
    """The parent body of that name, made where it is not there; a code that the contract gives it wins."""
    found = queries.find_body(session, name)
    if found is None:
        if queries.find_tenant(session, name):
            raise Conflict(f"「{name}」是一家机构，不能同时是上级单位", hint="检查上级单位一栏")
        number = counter.allocate(session, "parent_body_code")[0]
        found = ParentBody(code=code or f"b-{number:04d}", name=name, created_at=now)
    elif code:
        found.code = code
    session.add(found)
    session.flush()
    return found


def record_terms(
    session: Session,
    party: Tenant | ParentBody,
    agreed: AgreedTerms,
    *,
    now: datetime,
    actor: str,
    unless_ever: bool = False,
) -> bool:
    """Records what was agreed, unless the very same holds already; says whether it was new.

    `unless_ever`: nor where the very same was ever recorded, whatever has become of it since.
    """
    if agreed.is_empty:
        return False
    values = asdict(agreed)
    mine = queries.list_contracts(session).get(queries.owner_of(party), [])
    standing = {at for at, _ in settle(queries.to_terms(mine))}
    if any(
        each.model_dump(include=set(values)) == values
        for at, each in enumerate(mine)
        if unless_ever or at in standing
    ):
        return False
    tenant_id, body_id = queries.owner_of(party)
    session.add(
        TenantContract(tenant_id=tenant_id, parent_body_id=body_id, **values, recorded_at=now, actor=actor)
    )
    session.flush()
    return True


def follow_on(given: AgreedTerms, before: Sequence[TenantContract]) -> AgreedTerms:
    """What was given, the rest as in the contract that it continues or puts right.

    One that ends later than the newest begins the day after it; a contract whose end was not known is completed.
    """
    if given.is_empty or not before:
        return given
    last = next(
        (each for each in reversed(before) if given.start_on and each.start_on == given.start_on), before[-1]
    )
    start_on, last_on = given.start_on, given.last_on or last.last_on
    if start_on is None and last.last_on and given.last_on and given.last_on > last.last_on:
        start_on = last.last_on + timedelta(days=1)
    if start_on and given.last_on is None and last_on and last_on < start_on:
        # It begins after the old one ends: its own end is not known yet.
        last_on = None
    return AgreedTerms(
        number=given.number or last.number,
        fee=given.fee or last.fee,
        fee_yuan=last.fee_yuan if given.fee_yuan is None else given.fee_yuan,
        headcount_quota=last.headcount_quota if given.headcount_quota is None else given.headcount_quota,
        start_on=start_on or last.start_on,
        last_on=last_on,
    )


def renew(
    session: Session, party: Tenant | ParentBody, agreed: AgreedTerms, *, now: datetime, actor: str
) -> None:
    """Records the next contract of a tenant or parent body.

    Raises Conflict where the very same is there already or the tenant is closed, UsageError where it ends before it
    begins.
    """
    if isinstance(party, Tenant) and party.state == "closed":
        raise Conflict(f"{party.name} 已经关闭，不能续签", hint="确需恢复时先运行 eduops tenant resume")
    if agreed.start_on and agreed.last_on and agreed.last_on < agreed.start_on:
        raise UsageError(f"到期日 {agreed.last_on} 早于开始日 {agreed.start_on}", hint="检查 --from 和 --to")
    if not record_terms(session, party, agreed, now=now, actor=actor):
        raise Conflict(f"{party.name} 的这份合同已经登记过", hint="运行 eduops tenant show 查看")


def change_state(session: Session, tenant: Tenant, state: str, *, reason: str, now: datetime) -> None:
    """Suspends, closes or takes up a tenant again. Raises Conflict where it stands so already."""
    if tenant.state == state:
        raise Conflict(f"{tenant.name} 已经是这个状态", hint="运行 eduops tenant show 查看")
    tenant.state, tenant.state_reason, tenant.state_at = state, reason, now
    session.add(tenant)
    session.flush()


def _put_tenant(
    session: Session, known: Tenant | None, terms: TenantTerms, *, now: datetime, actor: str
) -> str:
    wanted = _build_tenant(session, terms, now)
    # The life that a tenant has had here is not the contract file's to say.
    life = {"id", "created_at", "state", "state_reason", "state_at", "contact", "contact_phone_sealed"}
    change = _take_over(session, known, wanted, exclude=life)
    session.flush()
    is_new = record_terms(session, known or wanted, terms.agreed, now=now, actor=actor, unless_ever=True)
    return "changed" if is_new and change == "unchanged" else change


def _build_tenant(session: Session, terms: TenantTerms, now: datetime) -> Tenant:
    body = put_body(session, terms.parent_body, now=now) if terms.parent_body else None
    return Tenant(
        code=terms.code,
        name=terms.name,
        kind=terms.kind,
        parent_body_id=body.id if body else None,
        number=terms.number,
        created_at=now,
    )


def _take_over(session: Session, known: SQLModel | None, wanted: SQLModel, *, exclude: set[str]) -> str:
    if known is None:
        session.add(wanted)
        return "added"
    values: dict[str, Any] = wanted.model_dump(exclude=exclude)  # Any: a row's values
    if known.model_dump(include=set(values)) == values:
        return "unchanged"
    known.sqlmodel_update(values)
    session.add(known)
    return "changed"


def _count(session: Session, changes: Sequence[str]) -> SyncResult:
    session.flush()
    counts = Counter(changes)
    return SyncResult(counts["added"], counts["changed"], counts["unchanged"])

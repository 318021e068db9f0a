"""What the contract says of tenants and parent bodies (clause 1.1), as rows to keep."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from eduops.contract.schema import Contract, OutsideBody, add_years


@dataclass(frozen=True, slots=True)
class AgreedTerms:
    """What was agreed with an outside party; what is not known is empty. Both days are included."""

    number: str = ""
    fee: str = ""
    fee_yuan: Decimal | None = None
    headcount_quota: int | None = None
    start_on: date | None = None
    last_on: date | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was agreed that is known."""
        return self == AgreedTerms()


@dataclass(frozen=True, slots=True)
class TenantTerms:
    """One tenant as the contract names it."""

    code: str
    name: str
    kind: str
    parent_body: str | None = None
    number: int | None = None
    agreed: AgreedTerms = AgreedTerms()


@dataclass(frozen=True, slots=True)
class BodyTerms:
    """One parent body as the contract names it: it signs for its tenants together."""

    code: str
    name: str
    agreed: AgreedTerms


def list_body_terms(contract: Contract) -> list[BodyTerms]:
    """Every parent body of the contract, in its order."""
    return [
        BodyTerms(body.code, body.name, _read_agreed(body, contract))
        for body in contract.outside_bodies
        if body.members
    ]


def list_tenant_terms(contract: Contract) -> list[TenantTerms]:
    """Every campus and outside hospital of the contract, in its order."""
    terms = [TenantTerms(campus.code, campus.name, "campus") for campus in contract.campuses]
    for body in contract.outside_bodies:
        if not body.members:
            agreed = _read_agreed(body, contract)
            terms.append(TenantTerms(body.code, body.name, "outside_hospital", None, body.number, agreed))
        terms += [
            TenantTerms(member.code, member.name, "outside_hospital", body.name, member.number)
            for member in body.members
        ]
    return terms


def share_headcount(total: int, parts: int) -> list[int]:
    """`total` people over `parts` tenants as evenly as whole people allow; the first ones get one more."""
    each, rest = divmod(total, parts)
    return [each + (1 if index < rest else 0) for index in range(parts)]


def _read_agreed(body: OutsideBody, contract: Contract) -> AgreedTerms:
    start = contract.term.start if body.signed_years else None
    last = (
        add_years(contract.term.start, body.signed_years) - timedelta(days=1) if body.signed_years else None
    )
    return AgreedTerms(fee=body.fee, headcount_quota=body.learners, start_on=start, last_on=last)

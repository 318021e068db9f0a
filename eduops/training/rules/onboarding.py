"""What the contract says of tenants and programmes, as rows to keep."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from eduops.contract.schema import Contract, OutsideBody, add_years


@dataclass(frozen=True, slots=True)
class TenantTerms:
    """One tenant as the contract names it (clause 1.1)."""

    code: str
    name: str
    kind: str
    parent_body: str | None = None
    number: int | None = None
    fee: str | None = None
    headcount_quota: int | None = None
    contract_until: date | None = None


def list_tenant_terms(contract: Contract) -> list[TenantTerms]:
    """Every campus and outside hospital of the contract, in its order."""
    terms = [TenantTerms(campus.code, campus.name, "campus") for campus in contract.campuses]
    for body in contract.outside_bodies:
        terms += _list_of_body(body, contract)
    return terms


def share_headcount(total: int, parts: int) -> list[int]:
    """`total` people over `parts` tenants as evenly as whole people allow; the first ones get one more."""
    each, rest = divmod(total, parts)
    return [each + (1 if index < rest else 0) for index in range(parts)]


def _list_of_body(body: OutsideBody, contract: Contract) -> Iterator[TenantTerms]:
    until = add_years(contract.term.start, body.signed_years) if body.signed_years else None
    if not body.members:
        yield TenantTerms(
            body.code, body.name, "outside_hospital", number=body.number, fee=body.fee,
            headcount_quota=body.learners, contract_until=until,
        )  # fmt: skip
    for member in body.members:
        yield TenantTerms(
            member.code, member.name, "outside_hospital", parent_body=body.name, number=member.number, fee=body.fee
        )  # fmt: skip

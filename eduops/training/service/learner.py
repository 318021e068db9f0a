"""Taking in a roster: all of it or nothing, and the same roster again changes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlmodel import Session

from eduops.core.errors import InputError, Problem
from eduops.store import counter
from eduops.training.models.tenant import Learner, Tenant
from eduops.training.queries import tenant as queries
from eduops.training.rules.roster import LearnerRow, Roster, RowError, learner_error

_FIELDS = ("name", "category", "department", "title")


@dataclass(frozen=True, slots=True)
class RosterResult:
    """How many people of a roster were new, changed, and as they were before."""

    rows: int
    added: int
    changed: int
    unchanged: int


def import_roster(
    session: Session,
    roster: Roster,
    *,
    file: str,
    tenant: Tenant | None,
    now: datetime,
    is_invented: bool = False,
) -> RosterResult:
    """Writes a roster's people; `tenant` is whose they are where the roster has no such column.

    Raises InputError with every wrong cell, and nothing is written.
    """
    placed, errors = _place(session, roster, tenant)
    known = queries.learners_by_staff_number(session, sorted({tenant_id for tenant_id, _ in placed}))
    errors = [*roster.errors, *errors, *_list_mixed(roster, placed, known, is_invented=is_invented)]
    if errors:
        raise InputError(
            f"名册 {file} 有 {len(errors)} 处错误，没有写入任何人",
            hint="改正所列单元格后重新导入",
            problems=[Problem(file, error.place, error.message, error.row) for error in errors],
        )
    fresh: list[tuple[int, LearnerRow]] = []
    changed = unchanged = 0
    for tenant_id, row in placed:
        learner = known.get((tenant_id, row.staff_number))
        if learner is None:
            fresh.append((tenant_id, row))
        elif _update(session, learner, row):
            changed += 1
        else:
            unchanged += 1
    _insert(session, fresh, now=now, is_invented=is_invented)
    return RosterResult(len(placed), len(fresh), changed, unchanged)


def _place(
    session: Session, roster: Roster, tenant: Tenant | None
) -> tuple[list[tuple[int, LearnerRow]], list[RowError]]:
    """Each person with the tenant's id, and the rows whose tenant is not known or that name a person again."""
    tenants = [row.tenant for row in queries.list_tenants(session)]
    ids = {each.code: each.id for each in tenants} | {each.name: each.id for each in tenants}
    placed: dict[tuple[int, str], LearnerRow] = {}
    errors: list[RowError] = []
    for learner in roster.learners:
        tenant_id = ids.get(learner.tenant) if learner.tenant else (tenant.id if tenant else None)
        if tenant_id is None:
            said = f"没有机构「{learner.tenant}」" if learner.tenant else "没有写机构，也没有用 --tenant 指定"
            errors.append(learner_error(roster, learner, "tenant", "unknown_tenant", said))
            continue
        # The same tenant may stand in the roster by its name, by its code, or not at all.
        first = placed.setdefault((tenant_id, learner.staff_number), learner)
        if first is not learner:
            said = f"工号与第 {first.row} 行重复"
            errors.append(learner_error(roster, learner, "staff_number", "duplicate", said))
    return [(tenant_id, row) for (tenant_id, _), row in placed.items()], errors


def _list_mixed(
    roster: Roster,
    placed: Sequence[tuple[int, LearnerRow]],
    known: Mapping[tuple[int, str], Learner],
    *,
    is_invented: bool,
) -> Iterator[RowError]:
    """Rows that would make an invented person out of a real one, or lay real data under an invented mark."""
    for tenant_id, row in placed:
        learner = known.get((tenant_id, row.staff_number))
        if learner is not None and learner.is_invented != is_invented:
            already = "虚构" if learner.is_invented else "真实"
            said = f"工号 {row.staff_number} 已登记为{already}学员，虚构名册和真实名册不能混在一起"
            yield learner_error(roster, row, "staff_number", "invented_mixed", said)


def _update(session: Session, learner: Learner, row: LearnerRow) -> bool:
    """Takes over what the row says and the learner lacks or has otherwise; empty cells change nothing."""
    said = {field: getattr(row, field) for field in _FIELDS if getattr(row, field) is not None}
    if all(getattr(learner, field) == value for field, value in said.items()):
        return False
    learner.sqlmodel_update(said)
    session.add(learner)
    return True


def _insert(
    session: Session, fresh: Sequence[tuple[int, LearnerRow]], *, now: datetime, is_invented: bool
) -> None:
    if not fresh:
        return
    numbers = counter.allocate(session, "learner", len(fresh))
    session.execute(
        insert(Learner),
        [
            {
                "tenant_id": tenant_id,
                "id": number,
                "staff_number": row.staff_number,
                "state": "active",
                "is_invented": is_invented,
                "created_at": now,
                **{field: getattr(row, field) for field in _FIELDS},
            }
            for number, (tenant_id, row) in zip(numbers, fresh, strict=True)
        ],
    )

"""What is asked of learners and of the departments that rosters name."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_
from sqlmodel import Session, col, select

from eduops.core.errors import NotFound
from eduops.store.secret import Cipher
from eduops.training.models.learner import Department, DepartmentAlias, Learner
from eduops.training.models.tenant import Tenant
from eduops.training.rules.department import plain_department
from eduops.training.rules.identity import read_id_number, read_phone

FOUND_BY = ("phone", "id_number")
"""What is kept encrypted, and found by its keyed hash."""
_KNOWN = (
    *("tenant_id", "id", "staff_number", "name", "category", "department", "title", "level"),
    *("phone_hash", "id_number_hash", "state", "is_invented"),
)
_SHARED = frozenset(_KNOWN.index(name) for name in ("category", "department", "title", "level", "state"))
_MOST_IN_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class KnownLearner:
    """A learner's plain columns, without an object of the session: a tenant's tens of thousands are asked for at once."""

    tenant_id: int
    id: int
    staff_number: str
    name: str
    category: str | None
    department: str | None
    title: str | None
    level: str | None
    phone_hash: str | None
    id_number_hash: str | None
    state: str
    is_invented: bool


def about(field: str) -> str:
    """What a learner's sealed field is about; the same for all tenants, so that one person in two is found."""
    return f"learner.{field}"


def list_known(session: Session, tenant_ids: Collection[int]) -> list[KnownLearner]:
    """Every learner of some tenants, in whatever state."""
    wanted = select(*(getattr(Learner, name) for name in _KNOWN)).where(
        col(Learner.tenant_id).in_(tenant_ids)
    )
    # A few at a time: all rows beside all learners would be held twice. What many share is held once.
    found = session.execute(wanted.execution_options(yield_per=2000))
    shared: dict[Any, Any] = {}  # Any: a column's values
    return [
        KnownLearner(
            *(shared.setdefault(value, value) if at in _SHARED else value for at, value in enumerate(row))
        )
        for row in found
    ]


def iterate_same(session: Session, field: str, hashes: Sequence[str]) -> Iterator[tuple[KnownLearner, str]]:
    """Active or suspended learners of any tenant who have one of the hashes, with their tenant's name."""
    column = getattr(Learner, f"{field}_hash")
    wanted = (
        select(*(getattr(Learner, name) for name in _KNOWN), Tenant.name)  # type: ignore[call-overload]
        .join(Tenant, col(Tenant.id) == Learner.tenant_id)
        .where(col(Learner.state).in_(("active", "suspended")), column.is_not(None))
    )
    if len(hashes) > 20 * _MOST_IN_STATEMENT:
        chosen = set(hashes)
        place = _KNOWN.index(f"{field}_hash")
        found = session.execute(wanted.execution_options(yield_per=2000))
        rows: Iterable[Any] = (row for row in found if row[place] in chosen)
    else:
        chunks = [hashes[at : at + _MOST_IN_STATEMENT] for at in range(0, len(hashes), _MOST_IN_STATEMENT)]
        rows = (row for chunk in chunks for row in session.execute(wanted.where(column.in_(chunk))))
    for row in rows:
        yield KnownLearner(*row[:-1]), row[-1]


def list_learners(
    session: Session,
    *,
    tenant_id: int | None = None,
    states: Collection[str] = (),
    limit: int | None = None,
) -> list[tuple[Learner, str]]:
    """Learners with their tenant's name, by tenant and staff number."""
    statement = (
        select(Learner, Tenant.name)
        .join(Tenant, col(Tenant.id) == Learner.tenant_id)
        .order_by(col(Learner.tenant_id), col(Learner.staff_number))
        .limit(limit)
    )
    return list(session.exec(_narrow(statement, tenant_id, states)))


def count_listed(session: Session, *, tenant_id: int | None = None, states: Collection[str] = ()) -> int:
    """How many `list_learners` would give without a limit."""
    count: int = session.exec(_narrow(select(func.count()).select_from(Learner), tenant_id, states)).one()
    return count


def _narrow(statement: Any, tenant_id: int | None, states: Collection[str]) -> Any:
    """Any: a statement keeps its own type, which SQLModel and SQLAlchemy name differently."""
    if tenant_id is not None:
        statement = statement.where(Learner.tenant_id == tenant_id)
    if states:
        statement = statement.where(col(Learner.state).in_(states))
    return statement


def count_learners(session: Session, *, with_invented: bool = True, tenant_id: int | None = None) -> int:
    """How many learners are active, in all tenants or in one."""
    statement = select(func.count()).select_from(Learner).where(Learner.state == "active")
    if tenant_id is not None:
        statement = statement.where(Learner.tenant_id == tenant_id)
    if not with_invented:
        statement = statement.where(col(Learner.is_invented).is_(False))
    return session.exec(statement).one()


def get_learner(session: Session, staff_number: str, *, tenant_id: int | None = None) -> Learner:
    """The learner of that staff number, not one who moved or was merged unless nobody else has it.

    Raises NotFound; also where several tenants have one and none was named.
    """
    statement = select(Learner).where(Learner.staff_number == staff_number)
    found: list[Learner] = list(session.exec(_narrow(statement, tenant_id, ())))
    present = [each for each in found if each.state in ("active", "suspended")] or found
    if not present:
        raise NotFound(
            f"没有工号为「{staff_number}」的学员",
            hint="运行 eduops learner list 查看；按手机号或身份证号找用 learner find",
        )
    if len(present) > 1:
        names = select(Tenant.code).where(col(Tenant.id).in_([each.tenant_id for each in present]))
        said = "、".join(session.exec(names.order_by(Tenant.code)))
        raise NotFound(
            f"{len(present)} 家机构都有工号「{staff_number}」：{said}", hint="加 --tenant 指定机构"
        )
    return present[0]


def find_by_number(session: Session, staff_number: str, *, tenant_id: int) -> Learner | None:
    """The learner of a tenant with that staff number, in whatever state."""
    wanted = select(Learner).where(Learner.tenant_id == tenant_id, Learner.staff_number == staff_number)
    return session.exec(wanted).first()


def find_by_personal(session: Session, text: str, cipher: Cipher) -> list[tuple[Learner, str]]:
    """Learners whose telephone or ID number it is, with their tenant's name."""
    phone = cipher.digest(read_phone(text), about("phone"))
    id_number = cipher.digest(read_id_number(text), about("id_number"))
    statement = (
        select(Learner, Tenant.name)
        .join(Tenant, col(Tenant.id) == Learner.tenant_id)
        .where(or_(col(Learner.phone_hash) == phone, col(Learner.id_number_hash) == id_number))
        .order_by(col(Learner.tenant_id), col(Learner.staff_number))
    )
    return list(session.exec(statement))


def list_double_hashes(session: Session, field: str) -> list[tuple[Learner, str]]:
    """Active or suspended learners who share a telephone or an ID number, with their tenant's name, together."""
    column = getattr(Learner, f"{field}_hash")
    present = col(Learner.state).in_(("active", "suspended"))
    shared = select(column).where(column.is_not(None), present).group_by(column).having(func.count() > 1)
    statement = (
        select(Learner, Tenant.name)
        .join(Tenant, col(Tenant.id) == Learner.tenant_id)
        .where(column.in_(shared), present)
        .order_by(column, col(Learner.tenant_id), col(Learner.staff_number))
    )
    return list(session.exec(statement))


def list_departments(session: Session) -> list[tuple[Department, int, list[str]]]:
    """The dictionary with how many active learners each department has, and its confirmed other spellings."""
    counts = {row[0]: row[1] for row in session.execute(_count_departments())}
    aliases: dict[int, list[str]] = {}
    for alias in session.exec(select(DepartmentAlias).order_by(DepartmentAlias.alias)):
        aliases.setdefault(alias.department_id, []).append(alias.alias)
    found = session.exec(select(Department).order_by(Department.name))
    return [(each, counts.get(each.name, 0), aliases.get(each.id, [])) for each in found]


def map_departments(session: Session) -> dict[str, str]:
    """Plain name or confirmed spelling -> the dictionary's name."""
    rows = session.exec(
        select(DepartmentAlias.alias, Department.name).join(
            Department, col(Department.id) == DepartmentAlias.department_id
        )
    )
    known = {plain_department(alias): name for alias, name in rows}
    return known | {plain_department(name): name for name in session.exec(select(Department.name))}


def count_spellings(session: Session) -> dict[str, int]:
    """Departments as the active learners of campuses and departments have them, and how many people each."""
    own = select(Tenant.id).where(col(Tenant.kind).in_(OWN_KINDS))
    statement = _count_departments().where(col(Learner.tenant_id).in_(own))
    return {name: count for name, count in session.execute(statement) if name is not None}


def list_spellings(session: Session) -> list[str]:
    """Departments as the learners of campuses and departments have them, those who left included."""
    own = select(Tenant.id).where(col(Tenant.kind).in_(OWN_KINDS))
    statement = select(Learner.department).where(
        col(Learner.department).is_not(None), col(Learner.tenant_id).in_(own)
    )
    return [name for name in session.exec(statement.distinct()) if name is not None]


OWN_KINDS = ("campus", "department")
"""Tenants for whom the customer's dictionary of departments holds; outside hospitals have their own."""


def _count_departments() -> Select[Any]:  # Any: rows of columns
    counted: Any = (
        select(Learner.department, func.count())
        .where(Learner.state == "active", col(Learner.department).is_not(None))
        .group_by(col(Learner.department))
    )
    return counted  # type: ignore[no-any-return]  # SQLModel's select names each arity otherwise


def get_department(session: Session, name: str) -> Department:
    """The department of the dictionary. Raises NotFound."""
    found = session.exec(select(Department).where(Department.name == name)).first()
    if found is None:
        raise NotFound(
            f"科室字典里没有「{name}」",
            hint="运行 eduops learner department list 查看；新增用 department add",
        )
    return found

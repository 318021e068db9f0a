"""Taking in a roster: all of it or nothing, and the same roster again changes nothing."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlmodel import Session, col

from eduops.core.errors import InputError, Problem
from eduops.store import counter
from eduops.store.bulk import insert_rows
from eduops.store.secret import Cipher
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import Tenant
from eduops.training.queries import learner as queries
from eduops.training.queries import tenant as tenants
from eduops.training.queries.learner import FOUND_BY, OWN_KINDS, KnownLearner, about
from eduops.training.rules.department import Proposal, find_department, propose
from eduops.training.rules.form import RowError
from eduops.training.rules.identity import quote
from eduops.training.rules.roster import LearnerRow, Roster, learner_error, list_own_doubles

_FIELDS = ("name", "category", "department", "title", "level")
_NAMES = {"phone": "手机号", "id_number": "身份证号"}
_STATES = {"suspended": "已停用", "moved": "已调往别处", "merged": "已并入另一名学员"}
_MOST_PROPOSED = 200


@dataclass(frozen=True, slots=True)
class Double:
    """Two entries that share a telephone or an ID number: perhaps one person. Reported, never merged on their own."""

    by: str
    row: int
    staff_number: str
    name: str
    other: str
    """Who the other one is: row of the same roster, or tenant and staff number."""


@dataclass(frozen=True, slots=True)
class RosterResult:
    """What became of a roster: rows = added + changed + unchanged + inactive."""

    rows: int
    added: int
    changed: int
    unchanged: int
    inactive: tuple[str, ...] = ()
    """People of the roster who are suspended, moved or merged here: left as they are, one sentence each."""
    absent: tuple[str, ...] = ()
    """Staff numbers of active learners of the roster's tenants whom it does not name."""
    suspended: int = 0
    """How many of those were suspended, where that was asked for."""
    doubles: tuple[Double, ...] = ()
    departments_mapped: int = 0
    """People whose department was written otherwise than the dictionary has it, and is known."""
    proposals: tuple[Proposal, ...] = ()
    """Departments that the dictionary does not know."""


@dataclass(slots=True)
class _Placed:
    """A row with the tenant it belongs to, and whom it names there."""

    tenant_id: int
    row: LearnerRow
    hashes: dict[str, str | None]
    known: KnownLearner | None = None
    department: str | None = None


@dataclass(slots=True)
class _Changes:
    """What is to be written."""

    fresh: list[_Placed] = field(default_factory=list)
    changed: list[_Placed] = field(default_factory=list)
    unchanged: int = 0
    inactive: list[str] = field(default_factory=list)


def import_roster(
    session: Session,
    roster: Roster,
    *,
    file: str,
    tenant: Tenant | None,
    cipher: Cipher,
    now: datetime,
    is_invented: bool = False,
    suspend_absent: bool = False,
    is_tenants_own: bool = False,
) -> RosterResult:
    """Writes a roster's people; `tenant` is whose they are where the roster has no such column.

    `is_tenants_own`: people of another tenant on it are an error.

    Empty and masked cells change nothing. Raises InputError with every wrong cell, and nothing is written.
    """
    places = _Places(session, roster, tenant, is_tenants_own=is_tenants_own)
    placed = places.place(cipher)
    listed = queries.list_known(session, {each.tenant_id for each in placed})
    errors = [*roster.errors, *places.errors, *_find_known(roster, placed, listed)]
    errors += _list_mixed(roster, placed, is_invented=is_invented)
    errors += _list_others_numbers(roster, placed)
    errors += _list_unborn(roster, placed, now.date())
    if errors:
        raise InputError(
            f"名册 {file} 有 {len(errors)} 处错误，没有写入任何人",
            hint="改正所列单元格后重新导入；加 --marked 文件 得到标注了错误的副本",
            problems=[Problem(file, error.place, error.message, error.row) for error in errors],
        )
    dictionary = queries.map_departments(session)
    unknown = _map_departments(placed, places.own, dictionary)
    changes = _sort(placed)
    # Before they are written: afterwards everybody would be a double of themselves.
    doubles = [*_list_own(roster), *_list_others(session, placed)]
    _update(session, changes.changed, cipher)
    _insert(session, changes.fresh, cipher, now=now, is_invented=is_invented)
    absent = _list_absent(placed, listed, is_invented=is_invented)
    if suspend_absent:
        _suspend(session, absent, file=file, now=now)
    return RosterResult(
        rows=len(placed),
        added=len(changes.fresh),
        changed=len(changes.changed),
        unchanged=changes.unchanged,
        inactive=tuple(changes.inactive),
        absent=tuple(each.staff_number for each in absent),
        suspended=len(absent) if suspend_absent else 0,
        doubles=tuple(sorted(doubles, key=lambda each: (each.row, each.by))),
        departments_mapped=sum(each.department != each.row.department for each in placed),
        proposals=tuple(propose(unknown, sorted(set(dictionary.values())))[:_MOST_PROPOSED]),
    )


class _Places:
    """Finds each person's tenant; keeps what is wrong with that."""

    def __init__(
        self, session: Session, roster: Roster, tenant: Tenant | None, *, is_tenants_own: bool
    ) -> None:
        self.only = tenant if is_tenants_own else None
        rows = [row.tenant for row in tenants.list_tenants(session)]
        self.roster, self.tenant = roster, tenant
        self.known = {each.code: each for each in rows} | {each.name: each for each in rows}
        self.own = {each.id for each in rows if each.kind in OWN_KINDS}
        self.errors: list[RowError] = []

    def place(self, cipher: Cipher) -> list[_Placed]:
        """Each person with the tenant's id; a row whose tenant is not known or that names a person again is an error."""
        placed: dict[tuple[int, str], _Placed] = {}
        for row in self.roster.learners:
            tenant = self._find(row)
            if tenant is None:
                continue
            hashes = {
                name: cipher.digest(value, about(name)) if (value := getattr(row, name)) else None
                for name in FOUND_BY
            }
            own = row.staff_number or hashes["id_number"] or hashes["phone"] or ""
            # The same tenant may stand in the roster by its name, by its code, or not at all.
            first = placed.setdefault((tenant.id, own), found := _Placed(tenant.id, row, hashes))
            if first is not found:
                said = f"{'工号' if row.staff_number else '身份证号或手机号'}与第 {first.row.row} 行重复"
                self.errors.append(learner_error(self.roster, row, "staff_number", "duplicate", said))
        return list(placed.values())

    def _find(self, row: LearnerRow) -> Tenant | None:
        tenant = self.known.get(row.tenant) if row.tenant else self.tenant
        if tenant is None:
            said = f"没有机构{quote(row.tenant)}" if row.tenant else "没有写机构，也没有用 --tenant 指定"
            self.errors.append(learner_error(self.roster, row, "tenant", "unknown_tenant", said))
        elif self.only is not None and tenant.id != self.only.id:
            said = f"这份名册是{self.only.name}的，这一行写的机构是{tenant.name}"
            self.errors.append(learner_error(self.roster, row, "tenant", "other_tenant", said))
            return None
        elif tenant.state != "active":
            said = f"机构「{tenant.name}」{'已关闭' if tenant.state == 'closed' else '已停用'}，不能导入学员"
            self.errors.append(learner_error(self.roster, row, "tenant", "tenant_not_active", said))
            return None
        return tenant


def _find_known(
    roster: Roster, placed: Sequence[_Placed], listed: Sequence[KnownLearner]
) -> Iterator[RowError]:
    """Sets whom each row names: by staff number; where the roster has none, by ID number or telephone."""
    by_number = {(each.tenant_id, each.staff_number): each for each in listed}
    by_hash: dict[tuple[int, str, str], list[KnownLearner]] = {}
    if any(not each.row.staff_number for each in placed):
        for each in listed:
            for name in FOUND_BY:
                if value := getattr(each, f"{name}_hash"):
                    by_hash.setdefault((each.tenant_id, name, value), []).append(each)
    for each_placed in placed:
        row = each_placed.row
        if row.staff_number:
            each_placed.known = by_number.get((each_placed.tenant_id, row.staff_number))
            continue
        for name in reversed(FOUND_BY):
            value = each_placed.hashes[name]
            found = by_hash.get((each_placed.tenant_id, name, value), []) if value else []
            present = [each for each in found if each.state in ("active", "suspended")] or found
            if len(present) > 1:
                said = f"本机构有 {len(present)} 名学员是这个{_NAMES[name]}，分不清是谁；请补上工号"
                yield learner_error(roster, row, name, "several_people", said)
            if present:
                each_placed.known = present[0]
                break


def _list_mixed(roster: Roster, placed: Sequence[_Placed], *, is_invented: bool) -> Iterator[RowError]:
    """Rows that would make an invented person out of a real one, or lay real data under an invented mark."""
    for each in placed:
        if each.known is not None and each.known.is_invented != is_invented:
            already = "虚构" if each.known.is_invented else "真实"
            said = f"工号 {each.known.staff_number} 已登记为{already}学员，虚构名册和真实名册不能混在一起"
            yield learner_error(roster, each.row, "staff_number", "invented_mixed", said)


def _list_others_numbers(roster: Roster, placed: Sequence[_Placed]) -> Iterator[RowError]:
    """Rows that give a known staff number to another person: another name and another ID number."""
    for each in placed:
        known, id_hash = each.known, each.hashes["id_number"]
        if known is None or not (id_hash and known.id_number_hash):
            continue
        if id_hash != known.id_number_hash and each.row.name != known.name:
            said = (
                f"工号 {known.staff_number} 已登记为 {known.name}，姓名和身份证号都不同；"
                "换了人就用新的工号，写错了就改正这一行"
            )
            yield learner_error(roster, each.row, "name", "another_person", said)


def _list_unborn(roster: Roster, placed: Sequence[_Placed], today: date) -> Iterator[RowError]:
    """ID numbers with a birth date that lies ahead."""
    latest = f"{today:%Y%m%d}"
    for each in placed:
        number = each.row.id_number
        if number and number[6:14] > latest:
            said = "身份证号第 7 到 14 位的出生日期还没有到"
            yield learner_error(roster, each.row, "id_number", "id_number_birth", said)


def _map_departments(
    placed: Sequence[_Placed], own: Collection[int], dictionary: Mapping[str, str]
) -> Counter[str]:
    """Sets each department as the dictionary has it; counts the spellings it does not know, where there is one."""
    unknown: Counter[str] = Counter()
    for each in placed:
        said = each.department = each.row.department
        if said is None or not dictionary or each.tenant_id not in own:
            continue
        found = find_department(said, dictionary)
        if found is None:
            unknown[said] += 1
        else:
            each.department = found
    return unknown


def _sort(placed: Sequence[_Placed]) -> _Changes:
    changes = _Changes()
    for each in placed:
        if each.known is None:
            changes.fresh.append(each)
        elif each.known.state != "active":
            changes.inactive.append(
                f"第 {each.row.row} 行 {each.row.name}（{each.known.staff_number}）{_STATES[each.known.state]}"
            )
        elif _is_changed(each, each.known):
            changes.changed.append(each)
        else:
            changes.unchanged += 1
    return changes


def _is_changed(placed: _Placed, known: KnownLearner) -> bool:
    """Whether the row says anything that the learner lacks or has otherwise; empty cells say nothing."""
    row = placed.row
    return (
        row.name != known.name
        or (row.category is not None and row.category != known.category)
        or (placed.department is not None and placed.department != known.department)
        or (row.title is not None and row.title != known.title)
        or (row.level is not None and row.level != known.level)
        or any(value and value != getattr(known, f"{name}_hash") for name, value in placed.hashes.items())
    )


def _list_own(roster: Roster) -> Iterator[Double]:
    for by, first, later in list_own_doubles(roster.learners):
        yield Double(by, later.row, later.staff_number, later.name, f"第 {first.row} 行 {first.name}")


def _list_others(session: Session, placed: Sequence[_Placed]) -> Iterator[Double]:
    """People of the roster whose telephone or ID number somebody has who is not on it, of this tenant or another."""
    named = {(each.known.tenant_id, each.known.id) for each in placed if each.known is not None}
    for name in FOUND_BY:
        mine: dict[str, list[_Placed]] = {}
        for each in placed:
            if value := each.hashes[name]:
                mine.setdefault(value, []).append(each)
        for other, tenant in queries.iterate_same(session, name, list(mine)):
            for each in mine[getattr(other, f"{name}_hash")]:
                if (other.tenant_id, other.id) not in named:
                    said = f"{tenant} {other.name}（{other.staff_number}）"
                    yield Double(name, each.row.row, each.row.staff_number, each.row.name, said)


def _insert(
    session: Session, fresh: Sequence[_Placed], cipher: Cipher, *, now: datetime, is_invented: bool
) -> None:
    if not fresh:
        return
    numbers = counter.allocate(session, "learner", len(fresh))
    insert_rows(
        session,
        Learner,
        (
            {
                "tenant_id": each.tenant_id,
                "id": number,
                "staff_number": each.row.staff_number or f"A{number:06d}",
                "name": each.row.name,
                "category": each.row.category,
                "department": each.department,
                "title": each.row.title,
                "level": each.row.level,
                **_seal(each, cipher),
                "state": "active",
                "state_reason": "",
                "is_invented": is_invented,
                "created_at": now,
            }
            for number, each in zip(numbers, fresh, strict=True)
        ),
    )


def _seal(placed: _Placed, cipher: Cipher) -> dict[str, str | None]:
    """The encrypted columns of a row and their hashes."""
    values: dict[str, str | None] = {}
    for name in FOUND_BY:
        text: str | None = getattr(placed.row, name)
        values[f"{name}_sealed"] = cipher.seal(text, about(name)) if text else None
        values[f"{name}_hash"] = placed.hashes[name]
    return values


def _update(session: Session, changed: Sequence[_Placed], cipher: Cipher) -> None:
    """One statement for all who have the same fields to change."""
    by_fields: dict[tuple[str, ...], list[dict[str, Any]]] = {}  # Any: a row's values
    for each in changed:
        known = each.known
        assert known is not None  # noqa: S101 -- only known learners are changed
        said = {name: value for name in _FIELDS if (value := getattr(each.row, name)) is not None}
        if each.department is not None:
            said["department"] = each.department
        said |= {name: value for name, value in _seal(each, cipher).items() if value is not None}
        by_fields.setdefault(tuple(said), []).append(
            {**said, "at_tenant": known.tenant_id, "at_id": known.id}
        )
    for rows in by_fields.values():
        statement = update(Learner.__table__).where(  # type: ignore[attr-defined]  # SQLModel hides the table
            col(Learner.tenant_id) == bindparam("at_tenant"), col(Learner.id) == bindparam("at_id")
        )
        session.connection().execute(statement, rows)
    # Objects that were loaded before hold what stood there.
    session.expire_all()


def _list_absent(
    placed: Sequence[_Placed], listed: Sequence[KnownLearner], *, is_invented: bool
) -> list[KnownLearner]:
    """Active learners of the roster's tenants whom it does not name."""
    named = {(each.known.tenant_id, each.known.id) for each in placed if each.known is not None}
    return [
        each
        for each in listed
        if each.state == "active"
        and each.is_invented == is_invented
        and (each.tenant_id, each.id) not in named
    ]


def _suspend(session: Session, absent: Sequence[KnownLearner], *, file: str, now: datetime) -> None:
    if not absent:
        return
    statement = (
        update(Learner.__table__)  # type: ignore[attr-defined]  # SQLModel hides the table
        .where(col(Learner.tenant_id) == bindparam("at_tenant"), col(Learner.id) == bindparam("at_id"))
        .values(state="suspended", state_reason=f"不在名册 {file} 上", state_at=bindparam("at_instant"))
    )
    rows = [{"at_tenant": each.tenant_id, "at_id": each.id, "at_instant": now} for each in absent]
    session.connection().execute(statement, rows)
    session.expire_all()

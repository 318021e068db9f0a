"""The customer's dictionary of departments: names added, other spellings confirmed and remembered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from eduops.core.errors import Conflict
from eduops.training.models.learner import Department, DepartmentAlias, Learner
from eduops.training.models.tenant import Tenant
from eduops.training.queries import learner as queries
from eduops.training.rules.department import Proposal, plain_department, propose


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How many learners had a spelling that is now known."""

    spelling: str
    department: str
    learners: int


def add_departments(session: Session, names: Iterable[str], *, now: datetime) -> tuple[int, int]:
    """Adds names to the dictionary; gives (added, known already). A confirmed spelling is no name of its own.

    Learners whose department differs from a new name in width and spaces only are put right.
    """
    known = queries.map_departments(session)
    added = unchanged = 0
    for name in names:
        if plain_department(name) in known:
            unchanged += 1
            continue
        known[plain_department(name)] = name
        session.add(Department(name=name, added_at=now))
        session.flush()
        _rename(session, name, name)
        added += 1
    return added, unchanged


def list_proposals(session: Session) -> list[Proposal]:
    """The departments of the customer's own learners that the dictionary does not know, with the likeliest names."""
    known = queries.map_departments(session)
    unknown = {
        spelling: people
        for spelling, people in queries.count_spellings(session).items()
        if plain_department(spelling) not in known
    }
    return propose(unknown, sorted(set(known.values())))


def confirm(session: Session, spelling: str, department: str, *, now: datetime, actor: str) -> Confirmed:
    """Remembers that a spelling means a department, and puts the learners right who have it.

    Raises NotFound for a department that the dictionary lacks, Conflict where the spelling means another already.
    """
    found = queries.get_department(session, department)
    known = queries.map_departments(session).get(plain_department(spelling))
    if known is not None and known != found.name:
        raise Conflict(
            f"「{spelling}」已经确认为「{known}」", hint="运行 eduops learner department list 查看"
        )
    if known is None:
        session.add(DepartmentAlias(alias=spelling, department_id=found.id, confirmed_at=now, actor=actor))
        session.flush()
    return Confirmed(spelling, found.name, _rename(session, spelling, found.name))


def _rename(session: Session, spelling: str, name: str) -> int:
    """The customer's own learners only: an outside hospital's departments are its own."""
    own = select(Tenant.id).where(col(Tenant.kind).in_(queries.OWN_KINDS))
    wanted = plain_department(spelling)
    spelt = [
        said for said in queries.list_spellings(session) if plain_department(said) == wanted and said != name
    ]
    changed = session.execute(
        update(Learner)
        .where(col(Learner.department).in_(spelt), col(Learner.tenant_id).in_(own))
        .values(department=name)
        .execution_options(synchronize_session=False)
    )
    # Any: an UPDATE always gives a cursor result, whatever execute() promises.
    count: int = changed.rowcount  # type: ignore[attr-defined]
    return count

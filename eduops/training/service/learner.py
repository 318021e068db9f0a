"""Learners one by one: suspended and taken up again, moved to another tenant, merged. Nobody is deleted."""

from datetime import datetime

from sqlmodel import Session

from eduops.core.errors import Conflict, NotAllowed
from eduops.store import counter
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import Tenant
from eduops.training.queries import learner as queries

_KEPT = ("staff_number", "name", "category", "department", "title", "level", "is_invented")
_PERSONAL = ("phone_sealed", "phone_hash", "id_number_sealed", "id_number_hash")
_STATES = {"suspended": "已停用", "moved": "已调往别处", "merged": "已并入另一名学员", "active": "在册"}


def suspend(session: Session, learner: Learner, *, reason: str, now: datetime) -> None:
    """A leaver: takes part in nothing new, keeps all that was. Raises Conflict for one who is not active."""
    _require(learner, "active", "停用")
    _set_state(session, learner, "suspended", reason, now)


def resume(session: Session, learner: Learner, *, reason: str, now: datetime) -> None:
    """Takes a suspended learner up again. Raises Conflict for any other."""
    _require(learner, "suspended", "恢复")
    _set_state(session, learner, "active", reason, now)


def move(session: Session, learner: Learner, target: Tenant, *, reason: str, now: datetime) -> Learner:
    """Goes on in another tenant; exams taken so far stay where they were taken. Gives the learner there.

    Who comes back is found again. Raises Conflict where somebody else has the number there, NotAllowed for a tenant
    that is not active.
    """
    _require(learner, "active", "调动")
    if target.id == learner.tenant_id:
        raise Conflict(f"{learner.name} 本来就在{target.name}", hint="核对 --to")
    if target.state != "active":
        raise NotAllowed(f"{target.name} 已停用或关闭，不能调入", hint="先运行 eduops tenant resume")
    there = queries.find_by_number(session, learner.staff_number, tenant_id=target.id)
    if there is None:
        there = Learner(
            tenant_id=target.id,
            id=counter.allocate(session, "learner")[0],
            created_at=now,
            **{name: getattr(learner, name) for name in (*_KEPT, *_PERSONAL)},
        )
    elif there.state != "moved" or not _leads_to(session, there, learner):
        raise Conflict(
            f"{target.name} 已有工号 {learner.staff_number}：{there.name}（{_STATES[there.state]}）",
            hint="是同一个人就用 eduops learner merge 合并；不是就请那家机构换一个工号，重新导入名册",
        )
    else:
        there.sqlmodel_update({name: getattr(learner, name) for name in (*_KEPT, *_PERSONAL)})
        there.successor_tenant_id = there.successor_id = None
    _set_state(session, there, "active", f"由原机构调入：{reason}", now)
    learner.successor_tenant_id, learner.successor_id = there.tenant_id, there.id
    _set_state(session, learner, "moved", reason, now)
    return there


def merge(
    session: Session, learner: Learner, into: Learner, *, reason: str, now: datetime
) -> tuple[str, ...]:
    """One person entered twice: `into` goes on and takes over what it lacks; what the other one did stays its own.

    Gives the fields that were taken over.

    Raises Conflict for one and the same, NotAllowed where one is invented and the other is not, or `into` has left.
    """
    if (learner.tenant_id, learner.id) == (into.tenant_id, into.id):
        raise Conflict("两边是同一名学员", hint="核对两个工号和 --tenant、--into-tenant")
    if learner.is_invented != into.is_invented:
        raise NotAllowed("虚构学员和真实学员不能合并", hint="核对两个工号")
    if learner.state in ("moved", "merged"):
        raise Conflict(f"{learner.name} {_STATES[learner.state]}，不能再合并", hint="对现在在册的那一条合并")
    _require(into, "active", "接收合并")
    lacking = [name for name in (*_KEPT, *_PERSONAL) if getattr(into, name) is None]
    filled = tuple(name for name in lacking if getattr(learner, name) is not None)
    into.sqlmodel_update({name: getattr(learner, name) for name in filled})
    session.add(into)
    learner.successor_tenant_id, learner.successor_id = into.tenant_id, into.id
    _set_state(session, learner, "merged", reason, now)
    return filled


def find_present(session: Session, learner: Learner) -> Learner:
    """Whom a learner goes on as: followed through moves and merges."""
    seen: set[tuple[int, int]] = set()
    while learner.successor_id is not None and (learner.tenant_id, learner.id) not in seen:
        seen.add((learner.tenant_id, learner.id))
        following = session.get(Learner, (learner.successor_tenant_id, learner.successor_id))
        if following is None:
            break
        learner = following
    return learner


def _leads_to(session: Session, start: Learner, learner: Learner) -> bool:
    present = find_present(session, start)
    return (present.tenant_id, present.id) == (learner.tenant_id, learner.id)


def _require(learner: Learner, state: str, verb: str) -> None:
    if learner.state != state:
        raise Conflict(
            f"{learner.name}（{learner.staff_number}）{_STATES[learner.state]}，不能{verb}",
            hint="运行 eduops learner show 查看",
        )


def _set_state(session: Session, learner: Learner, state: str, reason: str, now: datetime) -> None:
    learner.state, learner.state_reason, learner.state_at = state, reason, now
    session.add(learner)
    session.flush()

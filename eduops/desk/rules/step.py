"""Which step a ticket may take, when, and what its facts are afterwards: pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from eduops.contract.fact import Exclusion, Plan, Reopening, TicketFact
from eduops.contract.ticket_check import list_contradictions
from eduops.core.errors import NotAllowed

LATE_AFTER = timedelta(minutes=30)
"""A step recorded later than this after it happened counts as entered late; a matter of display only."""

Value = str | datetime | None
Values = Mapping[str, Value]
_BEFORE_CLOSING = ("assign", "escalate", "respond", "arrive", "wait", "go_on", "resolve", "close")
"""Steps that a closed ticket takes no more; what was agreed or found out may still be entered."""
_WORK = ("assign", "escalate", "respond", "arrive", "wait", "go_on")
"""Steps that need a ticket which was not resolved at their instant."""
_WORDS = ("cause", "impact", "remote_agreed_by", "planned_approved_by")
_INSTANTS = ("planned_from", "planned_to", "outage_start", "outage_end")
_CHECK_AT = "检查 --at 写的时刻"


@dataclass(frozen=True, slots=True)
class Life:
    """A ticket's instants as its steps look at them. `resolved_at` is None while it does not stand resolved."""

    ref: str
    zone: ZoneInfo
    """In which refusals name instants."""
    reported_at: datetime
    responded_at: datetime | None
    arrived_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    waiting_since: datetime | None
    reopened_at: datetime | None = None

    @property
    def state(self) -> str:
        """open, responded, waiting, resolved or closed."""
        if self.closed_at:
            return "closed"
        if self.resolved_at:
            return "resolved"
        if self.waiting_since:
            return "waiting"
        return "responded" if self.responded_at or self.arrived_at else "open"

    def said(self, at: datetime | None) -> str:
        """An instant as a refusal names it."""
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M") if at else "—"


def build_life(fact: TicketFact, zone: ZoneInfo) -> Life:
    """The instants of a ticket that decide which step comes next."""
    last = fact.reopened[-1] if fact.reopened else None
    return Life(
        ref=fact.ref,
        zone=zone,
        reported_at=fact.reported_at,
        responded_at=fact.responded_at,
        arrived_at=fact.arrived_at,
        resolved_at=last.resolved_at if last else fact.resolved_at,
        closed_at=fact.closed_at,
        waiting_since=next((each.from_at for each in fact.exclusions if each.to_at is None), None),
        reopened_at=last.reopened_at if last else None,
    )


def take(
    fact: TicketFact, step: str, *, at: datetime, now: datetime, zone: ZoneInfo, values: Values
) -> TicketFact:
    """The facts after a step. Raises NotAllowed where it cannot follow, or makes instants that cannot be."""
    life = build_life(fact, zone)
    check_step(life, step, at=at, now=now)
    problem = _field_problem(fact, step, values)
    if problem:
        raise _refusal(life, *problem)
    after = _apply(fact, step, at, values)
    check_fact(after, zone, but=fact)
    if step == "outage":
        check_happened(replace(fact, outage_start=after.outage_start, outage_end=after.outage_end), now)
    return after


def check_fact(fact: TicketFact, zone: ZoneInfo, *, but: TicketFact | None = None) -> None:
    """Raises NotAllowed where the facts contradict each other, as an import would be refused.

    What `but` contradicted already is nobody's fault now.
    """
    known = set(list_contradictions(but, zone)) if but else set()
    found = [sentence for sentence in list_contradictions(fact, zone) if sentence not in known]
    if found:
        raise NotAllowed(
            f"工单 {fact.ref}：{'；'.join(found)}",
            hint=f"运行 eduops ticket show {fact.ref} 对照时刻；写错的用 eduops ticket correct 更正",
        )


def check_happened(fact: TicketFact, now: datetime) -> None:
    """Raises NotAllowed where something is said to have happened that lies in the future."""
    agreed = {fact.planned_from, fact.planned_to, (fact.plan or Plan()).deadline}
    if any(at and at > now for at in list_instants(fact) if at not in agreed):
        raise NotAllowed(f"工单 {fact.ref}：时刻还没有到，不能预先登记", hint="检查写的时刻")


def list_instants(fact: TicketFact) -> list[datetime | None]:
    """Every instant of a ticket, what is agreed for the future included."""
    plan = fact.plan or Plan()
    return [
        *(fact.reported_at, fact.responded_at, fact.arrived_at, fact.resolved_at, fact.closed_at),
        *(fact.planned_from, fact.planned_to, fact.outage_start, fact.outage_end),
        *(plan.submitted_at, plan.department_approved_at, plan.management_approved_at, plan.deadline),
        *(at for each in fact.exclusions for at in (each.from_at, each.to_at)),
        *(at for each in fact.reopened for at in (each.reopened_at, each.resolved_at)),
    ]


def check_step(life: Life, step: str, *, at: datetime, now: datetime) -> None:
    """Raises NotAllowed where the step cannot follow what happened, or lies in the future."""
    if at > now:
        raise _refusal(life, "时刻还没有到，不能预先登记", _CHECK_AT)
    if at < life.reported_at:
        raise _refusal(life, f"时刻早于报修时刻 {life.said(life.reported_at)}", _CHECK_AT)
    problem = _order_problem(life, step, at) or _wait_problem(life, step, at)
    if problem:
        raise _refusal(life, *problem)


def _order_problem(life: Life, step: str, at: datetime) -> tuple[str, str] | None:
    show = f"运行 eduops ticket show {life.ref} 查看经过"
    if life.closed_at and step in _BEFORE_CLOSING:
        return f"已于 {life.said(life.closed_at)} 关闭", f"又出现了就先重开：eduops ticket reopen {life.ref}"
    done = {"respond": life.responded_at, "arrive": life.arrived_at, "resolve": life.resolved_at}.get(step)
    if done:
        return f"这一步已在 {life.said(done)} 登记过", show
    if step in _WORK and life.resolved_at and at > life.resolved_at:
        return f"已于 {life.said(life.resolved_at)} 解决", show
    match step:
        case "resolve" if life.arrived_at and at < life.arrived_at:
            return f"解决早于到场 {life.said(life.arrived_at)}", _CHECK_AT
        case "resolve" if life.responded_at and at < life.responded_at:
            return f"解决早于响应 {life.said(life.responded_at)}", _CHECK_AT
        case "close" | "confirm" | "reopen" if life.resolved_at is None:
            words = {"close": "关闭", "confirm": "确认", "reopen": "重开"}
            return f"还没有解决，不能{words[step]}", f"先登记解决：eduops ticket resolve {life.ref}"
        case "close" if at < cast(datetime, life.resolved_at):
            return f"关闭早于解决 {life.said(life.resolved_at)}", _CHECK_AT
        case "confirm" | "reopen" if at < cast(datetime, life.resolved_at):
            return f"时刻早于解决 {life.said(life.resolved_at)}", _CHECK_AT
        case "resolve" if life.reopened_at and at < life.reopened_at:
            return f"解决早于重开 {life.said(life.reopened_at)}", _CHECK_AT
    return None


def _wait_problem(life: Life, step: str, at: datetime) -> tuple[str, str] | None:
    match step:
        case "wait" if life.waiting_since:
            hint = f"先登记继续：eduops ticket go-on {life.ref}"
            return f"自 {life.said(life.waiting_since)} 起已在等待甲方", hint
        case "go_on" if life.waiting_since is None:
            return "没有在等待甲方", f"运行 eduops ticket show {life.ref} 查看经过"
        case "go_on" | "resolve" if life.waiting_since and at < life.waiting_since:
            return f"时刻早于开始等待甲方的 {life.said(life.waiting_since)}", _CHECK_AT
    return None


_NEEDED = {
    "assign": {"assignee": "指派给谁"},
    "escalate": {"escalated_to": "升级给谁", "reason": "为什么升级"},
    "wait": {"reason": "原因", "agreed_by": "甲方同意人"},
    "confirm": {"confirmed_by": "甲方谁确认", "confirmed_how": "怎样确认"},
    "reopen": {"reason": "为什么重开"},
    "agree_remote": {"remote_agreed_by": "甲方谁同意"},
}


def _field_problem(fact: TicketFact, step: str, values: Values) -> tuple[str, str] | None:
    """What a step lacks, or what was recorded already and may only be corrected."""
    lacking = [
        word for name, word in _NEEDED.get(step, {}).items() if not str(values.get(name) or "").strip()
    ]
    if lacking:
        return f"没有写{'和'.join(lacking)}", f"运行 eduops ticket {step.replace('_', '-')} --help 查看选项"
    correct = f"写错了就更正：eduops ticket correct {fact.ref} 字段 值 --reason 原因"
    plan = fact.plan or Plan()
    match step:
        case "plan" if fact.kind != "incident":
            return "书面方案只用于故障", f"运行 eduops ticket show {fact.ref} 查看类别"
        case "plan" if plan.submitted_at:
            return "方案已经登记过", correct
        case "approve_plan" if not plan.submitted_at:
            return "还没有提交方案，不能批准", f"先登记方案：eduops ticket plan {fact.ref} --deadline 时刻"
        case "approve_plan" if values.get("department") and plan.department_approved_at:
            return "使用科室的批准已经登记过", correct
        case "approve_plan" if values.get("management") and plan.management_approved_at:
            return "管理部门的批准已经登记过", correct
        case "outage" if any(
            values.get(name) and getattr(fact, name) for name in ("outage_start", "outage_end")
        ):
            return "停机的这个时刻已经登记过", correct
    return None


def _apply(fact: TicketFact, step: str, at: datetime, values: Values) -> TicketFact:
    """The facts after the step, its order already checked."""
    fact = _set_values(fact, values)
    match step:
        case "respond":
            return replace(fact, responded_at=at)
        case "arrive":
            return replace(fact, arrived_at=at)
        case "wait":
            wait = Exclusion(at, None, _text(values, "reason"), _text(values, "agreed_by"))
            return replace(fact, exclusions=(*fact.exclusions, wait))
        case "go_on":
            return replace(fact, exclusions=_end_wait(fact, at))
        case "resolve":
            return _resolve(fact, at)
        case "reopen":
            return replace(fact, closed_at=None, reopened=(*fact.reopened, Reopening(at)))
        case "close":
            # A wait entered late, after the ticket was resolved, still ended when it was resolved.
            ended = fact.reopened[-1].resolved_at if fact.reopened else fact.resolved_at
            return replace(fact, closed_at=at, exclusions=_end_wait(fact, ended or at))
        case "plan":
            return replace(fact, plan=Plan(submitted_at=at, deadline=_instant(values, "deadline")))
        case "approve_plan":
            return replace(fact, plan=_approve(fact.plan or Plan(), at, values))
        case "plan_window":
            return replace(fact, planned=True)
    return fact


def _set_values(fact: TicketFact, values: Values) -> TicketFact:
    """The facts with those that the step names as they are: nothing said leaves what stood there."""
    given = {name: values.get(name) for name in (*_WORDS, *_INSTANTS)}
    said = {
        name: value.strip() if isinstance(value, str) else value for name, value in given.items() if value
    }
    # Any: the fields' own types; the door checked the words, and instants are instants.
    return replace(fact, **cast(dict[str, Any], said))


def _resolve(fact: TicketFact, at: datetime) -> TicketFact:
    """The first resolution is never overwritten; a later one belongs to the reopening that it ends."""
    fact = replace(fact, exclusions=_end_wait(fact, at))
    if not fact.reopened:
        return replace(fact, resolved_at=at)
    last = replace(fact.reopened[-1], resolved_at=at)
    return replace(fact, reopened=(*fact.reopened[:-1], last))


def _end_wait(fact: TicketFact, at: datetime) -> tuple[Exclusion, ...]:
    # One that was imported as begun after the resolution has no length.
    return tuple(
        replace(each, to_at=max(at, each.from_at)) if each.to_at is None else each for each in fact.exclusions
    )


def _approve(plan: Plan, at: datetime, values: Values) -> Plan:
    return replace(
        plan,
        department_approved_at=at if values.get("department") else plan.department_approved_at,
        management_approved_at=at if values.get("management") else plan.management_approved_at,
    )


def _text(values: Values, name: str) -> str:
    return str(values.get(name) or "").strip()


def _instant(values: Values, name: str) -> datetime | None:
    value = values.get(name)
    return value if isinstance(value, datetime) else None


def _refusal(life: Life, message: str, hint: str) -> NotAllowed:
    return NotAllowed(f"工单 {life.ref}：{message}", hint=hint)

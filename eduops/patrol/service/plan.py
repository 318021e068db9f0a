"""Evaluation plans (clause 5.3.3): added, agreed, changed, withdrawn; patrols linked with the plan they belong to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from eduops.asset.models import Host
from eduops.contract.period import day_of, end_of, start_of
from eduops.core.errors import InputError, NotAllowed
from eduops.patrol.models import PatrolPlan, PatrolPlanVisit, PatrolRun
from eduops.patrol.queries import plan as queries
from eduops.patrol.queries.coverage import list_cover_runs
from eduops.patrol.rules import plan as rules
from eduops.patrol.rules.run import Kind
from eduops.store.counter import next_reference


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan as somebody describes it: every host on every day."""

    title: str
    kind: Kind
    start_on: date
    last_on: date
    hosts: Sequence[Host]
    days: Sequence[date]
    scope: str = ""
    content: str = ""
    agreed_with: str = ""
    agreed_on: date | None = None


def add_plan(session: Session, new: NewPlan, *, now: datetime, actor: str, zone: ZoneInfo) -> PatrolPlan:
    """Writes a plan down with its visits. Raises InputError for what cannot be, NotAllowed for a retired host."""
    days, hosts = sorted(set(new.days)), {host.code: host for host in new.hosts}
    rules.check_period(new.start_on, new.last_on)
    rules.check_days(days, len(hosts), start_on=new.start_on, last_on=new.last_on)
    today = day_of(now, zone)
    plan = PatrolPlan(
        ref=next_reference(session, "PLN", new.start_on.year),
        title=rules.check_title(new.title),
        kind=new.kind.value,
        start_on=new.start_on,
        last_on=new.last_on,
        scope=rules.check_text(new.scope),
        content=rules.check_text(new.content),
        actor=actor,
        recorded_at=now,
    )
    if new.agreed_with or new.agreed_on:
        _set_agreement(plan, new.agreed_with, new.agreed_on or today, today)
    session.add(plan)
    session.flush()
    _add_visits(session, plan, list(hosts.values()), days)
    _link_all(session, plan, zone)
    return plan


def agree(
    session: Session, ref: str, *, agreed_with: str, agreed_on: date, now: datetime, zone: ZoneInfo
) -> PatrolPlan:
    """Writes down who of the customer agreed and when.

    Raises NotFound, NotAllowed for a withdrawn plan, one that was agreed before, or a day that has not come,
    InputError without a name.
    """
    plan = _lock_open(session, ref)
    if plan.agreed_on is not None:
        raise NotAllowed(
            f"评估计划 {ref} 已于 {plan.agreed_on} 由 {plan.agreed_with} 同意",
            hint=f"内容改动后才需要重新同意：eduops patrol plan change {ref}",
        )
    _set_agreement(plan, agreed_with, agreed_on, day_of(now, zone))
    session.add(plan)
    session.flush()
    return plan


@dataclass(frozen=True, slots=True)
class Changes:
    """What becomes otherwise of a plan; None leaves a text as it is."""

    title: str | None = None
    scope: str | None = None
    content: str | None = None
    add_days: Sequence[date] = ()
    drop_days: Sequence[date] = ()
    add_hosts: Sequence[Host] = ()
    """Each on every day of the plan that is still to come."""
    drop_hosts: Sequence[Host] = ()


def change(
    session: Session, ref: str, changes: Changes, *, now: datetime, zone: ZoneInfo
) -> tuple[PatrolPlan, dict[str, object]]:
    """The plan as it is from now on, and what stood there before.

    Days that are over stay as they were planned. Whatever changes but the title, an agreement that was given falls:
    the customer agreed to something else. Raises NotFound, NotAllowed for a withdrawn plan or days that are over,
    InputError where nothing changes, or nothing would be left.
    """
    plan = _lock_open(session, ref)
    before = _change_texts(plan, changes)
    moved = _change_visits(session, plan, changes, today=day_of(now, zone))
    if not before and not moved:
        raise InputError(
            f"评估计划 {ref} 没有要改的", hint="写出要改的项，见 eduops patrol plan change --help"
        )
    if moved or set(before) - {"title"}:
        before |= _drop_agreement(plan)
    session.add(plan)
    session.flush()
    _link_all(session, plan, zone)
    return plan, {**before, **moved}


def withdraw(session: Session, ref: str, *, now: datetime) -> PatrolPlan:
    """The plan, no longer in force from today on; what became of its earlier visits stays. Raises as `agree` does."""
    plan = _lock_open(session, ref)
    plan.withdrawn_at = now
    session.add(plan)
    session.flush()
    return plan


def link_run(session: Session, run: PatrolRun, *, zone: ZoneInfo) -> PatrolPlan | None:
    """The plan that a finished patrol belongs to, written on the patrol; None where it was not planned."""
    if run.finished_at is None or run.id is None:
        return None
    day = day_of(run.finished_at, zone)
    plans = queries.list_plans_on(session, run.host_id, day)
    if not plans:
        return None
    (facts,) = [
        each
        for each in list_cover_runs(session, since=run.finished_at, until=end_of(day, zone))
        if each.ref == run.ref
    ]
    # A plan of the patrol's own kind before one that it happens to make.
    made = [plan for plan in plans if rules.find_making(Kind(plan.kind), [facts])]
    plan = min(made, key=lambda each: (each.kind != run.kind, each.id), default=None)
    if plan is not None and run.plan_id != plan.id:
        run.plan_id = plan.id
        session.add(run)
        session.flush()
    return plan


def _lock_open(session: Session, ref: str) -> PatrolPlan:
    plan = queries.lock_plan(session, ref)
    if plan.withdrawn_at is not None:
        raise NotAllowed(f"评估计划 {ref} 已撤回", hint="用 eduops patrol plan add 另写一份")
    return plan


def _set_agreement(plan: PatrolPlan, agreed_with: str, agreed_on: date, today: date) -> None:
    if not agreed_with.strip():
        raise InputError("没有写甲方谁同意", hint="用 --with 写甲方管理员的姓名")
    if agreed_on > today:
        raise NotAllowed(f"同意日期 {agreed_on} 还没有到，不能预先登记", hint="检查写的日期")
    plan.agreed_with, plan.agreed_on = rules.check_text(agreed_with), agreed_on


def _drop_agreement(plan: PatrolPlan) -> dict[str, object]:
    if plan.agreed_on is None:
        return {}
    before: dict[str, object] = {"agreed_with": plan.agreed_with, "agreed_on": plan.agreed_on.isoformat()}
    plan.agreed_with, plan.agreed_on = "", None
    return before


def _change_texts(plan: PatrolPlan, changes: Changes) -> dict[str, object]:
    told: Mapping[str, str | None] = {
        "title": None if changes.title is None else rules.check_title(changes.title),
        "scope": None if changes.scope is None else rules.check_text(changes.scope),
        "content": None if changes.content is None else rules.check_text(changes.content),
    }
    said = {name: text for name, text in told.items() if text is not None and text != getattr(plan, name)}
    before: dict[str, object] = {name: getattr(plan, name) for name in said}
    plan.sqlmodel_update(said)
    return before


def _change_visits(session: Session, plan: PatrolPlan, changes: Changes, *, today: date) -> dict[str, object]:
    """Adds and drops visits; what was added and dropped, as host and day."""
    rows = session.exec(select(PatrolPlanVisit).where(PatrolPlanVisit.plan_id == plan.id)).all()
    known = {(row.host_id, row.day): row for row in rows}
    _check_not_over([*changes.add_days, *changes.drop_days], today)
    wanted = _list_wanted(set(known), changes, today)
    rules.check_days(
        sorted({day for _, day in wanted}),
        len({number for number, _ in wanted}),
        start_on=plan.start_on,
        last_on=plan.last_on,
    )
    codes = {host.id: host.code for host in session.exec(select(Host))}
    dropped, added = sorted(set(known) - wanted), sorted(wanted - set(known))
    for key in dropped:
        session.delete(known[key])
    session.add_all(PatrolPlanVisit(plan_id=plan.id, host_id=number, day=day) for number, day in added)
    told = {"dropped_visits": dropped, "added_visits": added}
    return {name: [f"{codes[number]} {day}" for number, day in keys] for name, keys in told.items() if keys}


def _list_wanted(known: set[tuple[int, date]], changes: Changes, today: date) -> set[tuple[int, date]]:
    over = {each for each in known if each[1] < today}
    new_hosts, old_hosts = _ids(changes.add_hosts), _ids(changes.drop_hosts)
    days = ({day for _, day in known - over} | set(changes.add_days)) - set(changes.drop_days)
    hosts = ({number for number, _ in known} | new_hosts) - old_hosts
    kept = {each for each in known - over if each[0] in hosts and each[1] in days}
    added = {(number, day) for number in hosts for day in set(changes.add_days)}
    added |= {(number, day) for number in new_hosts for day in days}
    return over | kept | added


def _ids(hosts: Sequence[Host]) -> set[int]:
    return {host.id for host in hosts if host.id is not None}


def _check_not_over(days: Sequence[date], today: date) -> None:
    over = [day for day in days if day < today]
    if over:
        raise NotAllowed(f"{min(over)} 已经过去，当天计划过什么不能再改", hint="只改今天和以后的日期")


def _add_visits(session: Session, plan: PatrolPlan, hosts: Sequence[Host], days: Sequence[date]) -> None:
    retired = [host.code for host in hosts if host.retired_at is not None]
    if retired:
        raise NotAllowed(
            f"主机 {'、'.join(retired)} 已停用，不能写进计划", hint="运行 eduops host list 查看在用的主机"
        )
    session.add_all(
        PatrolPlanVisit(plan_id=plan.id, host_id=number, day=day) for number in _ids(hosts) for day in days
    )
    session.flush()


def _link_all(session: Session, plan: PatrolPlan, zone: ZoneInfo) -> None:
    """Links the patrols that were made already on days of the plan."""
    query = (
        select(PatrolRun)
        .join(PatrolPlanVisit, col(PatrolPlanVisit.host_id) == col(PatrolRun.host_id))
        .where(
            PatrolPlanVisit.plan_id == plan.id,
            col(PatrolRun.plan_id).is_(None),
            col(PatrolRun.finished_at) >= start_of(plan.start_on, zone),
            col(PatrolRun.finished_at) < end_of(plan.last_on, zone),
        )
        .distinct()
    )
    for run in session.exec(query).all():
        link_run(session, run, zone=zone)

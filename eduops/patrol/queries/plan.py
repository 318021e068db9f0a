"""What we ask about evaluation plans."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from eduops.asset.models import Host
from eduops.contract.period import end_of, start_of
from eduops.core.errors import NotFound
from eduops.patrol.models import PatrolPlan, PatrolPlanVisit, PatrolRun
from eduops.patrol.queries.coverage import list_cover_hosts, list_cover_runs
from eduops.patrol.rules.coverage import CoverHost
from eduops.patrol.rules.plan import PlanFacts, Visit, build_visits, first_day
from eduops.patrol.rules.run import Kind


def get_plan(session: Session, ref: str) -> PatrolPlan:
    """The plan with this reference. Raises NotFound."""
    plan = session.exec(select(PatrolPlan).where(PatrolPlan.ref == ref)).first()
    if plan is None:
        raise NotFound(f"没有评估计划 {ref}", hint="运行 eduops patrol plan list 查看编号")
    return plan


def lock_plan(session: Session, ref: str) -> PatrolPlan:
    """The plan, held until the unit of work ends. Raises NotFound."""
    session.exec(select(PatrolPlan.id).where(PatrolPlan.ref == ref).with_for_update()).first()
    return get_plan(session, ref)


def list_plans(session: Session) -> list[PatrolPlan]:
    """Every plan, the newest first."""
    return list(session.exec(select(PatrolPlan).order_by(col(PatrolPlan.id).desc())))


def list_visit_days(session: Session, plan_ids: Iterable[int]) -> dict[int, list[tuple[str, date]]]:
    """The planned visits of these plans as host code and day, in order."""
    query = (
        select(PatrolPlanVisit.plan_id, Host.code, col(PatrolPlanVisit.day))
        .join(Host, col(Host.id) == col(PatrolPlanVisit.host_id))
        .where(col(PatrolPlanVisit.plan_id).in_(list(plan_ids)))
        .order_by(col(PatrolPlanVisit.day), col(Host.code))
    )
    found: dict[int, list[tuple[str, date]]] = {}
    for plan_id, code, day in session.exec(query):
        found.setdefault(plan_id, []).append((code, day))
    return found


def list_visits(
    session: Session, plans: Iterable[PatrolPlan], *, today: date, zone: ZoneInfo
) -> dict[int, tuple[Visit, ...]]:
    """The visits of these plans with what became of each, judged from the patrols anew every time."""
    by_id = {plan.id: plan for plan in plans}
    planned = list_visit_days(session, by_id)
    days = [day for visits in planned.values() for _, day in visits]
    if not days:
        return dict.fromkeys(by_id, ())
    since, until = start_of(min(days), zone), end_of(max(days), zone)
    runs = list_cover_runs(session, since=since, until=until)
    hosts = {host.code: host for host in list_cover_hosts(session, zone)}
    return {
        number: build_visits(
            build_plan_facts(plan, zone), _name(planned.get(number, ()), hosts), runs, today=today, zone=zone
        )
        for number, plan in by_id.items()
    }


def _name(planned: Iterable[tuple[str, date]], hosts: dict[str, CoverHost]) -> list[tuple[CoverHost, date]]:
    return [(hosts[code], day) for code, day in planned]


def build_plan_facts(plan: PatrolPlan, zone: ZoneInfo) -> PlanFacts:
    """What the rules look at of a plan."""
    return PlanFacts(Kind(plan.kind), plan.agreed_on, first_day(plan.withdrawn_at, zone))


def list_plans_on(session: Session, host_id: int, day: date) -> list[PatrolPlan]:
    """The plans in force by which a host is to be looked at on a day, the oldest first."""
    query = (
        select(PatrolPlan)
        .join(PatrolPlanVisit, col(PatrolPlanVisit.plan_id) == col(PatrolPlan.id))
        .where(
            PatrolPlanVisit.host_id == host_id,
            PatrolPlanVisit.day == day,
            col(PatrolPlan.withdrawn_at).is_(None),
        )
        .order_by(col(PatrolPlan.id))
    )
    return list(session.exec(query))


def list_runs_of(session: Session, host_id: int, *, since: datetime, until: datetime) -> list[PatrolRun]:
    """A host's patrols that finished in [since, until)."""
    query = select(PatrolRun).where(
        PatrolRun.host_id == host_id,
        col(PatrolRun.finished_at) >= since,
        col(PatrolRun.finished_at) < until,
    )
    return list(session.exec(query.order_by(col(PatrolRun.finished_at), col(PatrolRun.id))))

"""Optimisations: written down with their figure before and after."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from eduops.asset.models import Optimisation
from eduops.asset.queries import finding as queries
from eduops.asset.rules.text import MOST_OF_A_NOTE, list_text_slips, tidy
from eduops.core.errors import InputError
from eduops.store import counter


@dataclass(frozen=True, slots=True)
class NewOptimisation:
    """What was made better: `before` and `after` in `unit`; `host` and `service` are codes."""

    title: str
    measure: str
    before: float
    after: float
    unit: str
    action: str
    done_on: date
    actor: str
    is_lower_better: bool = True
    host: str | None = None
    service: str | None = None


def add_optimisation(session: Session, new: NewOptimisation, *, now: datetime, today: date) -> Optimisation:
    """The optimisation as it is kept. Raises InputError for what cannot be or points at nothing."""
    texts = {
        "title": ("名称", new.title), "measure": ("衡量的指标", new.measure), "unit": ("单位", new.unit),
        "action": ("做了什么", new.action), "actor": ("实施人", new.actor),
    }  # fmt: skip
    said = [
        slip.message
        for name, (word, text) in texts.items()
        for slip in list_text_slips(name, word, tidy(text), most=MOST_OF_A_NOTE if name == "action" else 200)
    ]
    said += [f"缺少{word}" for name, (word, text) in texts.items() if name != "unit" and not tidy(text)]
    if new.done_on > today:
        said.append(f"完成日期 {new.done_on} 还没有到")
    hosts = {code: id_ for id_, code in queries.name_hosts(session).items()}
    services = {code: id_ for id_, code in queries.name_services(session).items()}
    if new.host and new.host not in hosts:
        said.append(f"没有代码为 {new.host[:60]} 的主机")
    if new.service and new.service not in services:
        said.append(f"没有代码为 {new.service[:60]} 的服务")
    if said:
        raise InputError("；".join(said), hint="改正后重试")
    kept = {name: tidy(text) for name, (_, text) in texts.items()}
    made = Optimisation(
        ref=counter.next_reference(session, "OPT", today.year), before=new.before, after=new.after, done_on=new.done_on,
        is_lower_better=new.is_lower_better, recorded_at=now, host_id=hosts[new.host] if new.host else None,
        service_id=services[new.service] if new.service else None,
        title=kept["title"], measure=kept["measure"], unit=kept["unit"], action=kept["action"], actor=kept["actor"],
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made

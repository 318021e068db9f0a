"""The tick of every minute: what runs out, what broke; written into the outbox, each once."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain

from sqlmodel import Session

from eduops.alert import queries, service
from eduops.alert.models import Message
from eduops.alert.service import Notice
from eduops.contract.schema import Contract
from eduops.core.errors import EduopsError
from eduops.store.evidence import UNREADABLE
from eduops.store.unit import unit_of_work
from eduops.workflow import alert_deadline, alert_watch
from eduops.workflow.alert_send import Run

_LOG = logging.getLogger("eduops.alert")


@dataclass(frozen=True, slots=True)
class Told:
    """What a tick wrote, and which sources it could not read, each with a sentence."""

    messages: tuple[Message, ...]
    faults: tuple[str, ...]


def tick(run: Run, contract: Contract, *, with_invented: bool = False, dry_run: bool = False) -> Told:
    """Looks at every source and writes what was not told yet; a source that cannot be read costs that source only."""
    faults: list[str] = []
    with run.store.reading() as session:
        sources = _list_sources(session, run, contract, with_invented=with_invented)
        notices = list(
            chain.from_iterable(_read_source(name, source, faults) for name, source in sources.items())
        )
        known = queries.find_known(session, {notice.dedup_key for notice in notices})
    notices = [notice for notice in notices if notice.dedup_key not in known]
    messages = _write(run, notices, dry_run=dry_run) if notices else []
    return Told(tuple(messages), tuple(faults))


def _list_sources(
    session: Session, run: Run, contract: Contract, *, with_invented: bool
) -> dict[str, Callable[[], Iterable[Notice]]]:
    now, zone = run.began_at, contract.zone_info
    return {
        "工单时限": partial(alert_deadline.list_notices, session, contract, now),
        "违约台账": partial(alert_watch.list_breaches, session),
        "巡检问题": partial(alert_watch.list_patrol_problems, session),
        "备份": partial(alert_watch.list_failed_backups, session),
        "恢复演练": partial(alert_watch.list_failed_drills, session, now),
        "定时任务": partial(alert_watch.list_broken_jobs, session),
        "机构合同": partial(alert_watch.list_tenant_terms, session, now, zone, with_invented=with_invented),
    }


def _read_source(name: str, source: Callable[[], Iterable[Notice]], faults: list[str]) -> list[Notice]:
    try:
        return list(source())
    except (EduopsError, *UNREADABLE) as error:
        said = error.message if isinstance(error, EduopsError) else f"读不出来（{type(error).__name__}）"
        faults.append(f"{name}：{said}")
        _LOG.warning("source of alerts cannot be read", extra={"source": name, "fault": said})
        return []


def _write(run: Run, notices: list[Notice], *, dry_run: bool) -> list[Message]:
    messages = []
    with unit_of_work(
        run.store, now=run.began_at, actor=run.actor, command=run.command, dry_run=dry_run
    ) as unit:
        for notice in notices:
            message = service.announce(unit.session, run.setting, notice, now=run.began_at, actor=run.actor)
            if message is not None:
                unit.changed(message.ref, title=message.title)
                messages.append(message)
    return messages

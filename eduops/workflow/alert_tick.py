"""The tick of every minute: what runs out, what broke; written into the outbox, each once."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from sqlmodel import Session

from eduops.alert import queries, service
from eduops.alert.configuration import KINDS
from eduops.alert.models import Message
from eduops.alert.service import Notice
from eduops.contract.period import day_of
from eduops.contract.schema import Contract
from eduops.core.errors import EduopsError
from eduops.store.evidence import UNREADABLE
from eduops.store.unit import unit_of_work
from eduops.workflow import alert_deadline, alert_duty, alert_watch
from eduops.workflow.alert_send import Run

_Source = Callable[[Session], Iterable[Notice]]
_LOG = logging.getLogger("eduops.alert")


@dataclass(frozen=True, slots=True)
class Told:
    """What a tick wrote, and which sources it could not read, each with a sentence."""

    messages: tuple[Message, ...]
    faults: tuple[str, ...]


def tick(run: Run, contract: Contract, *, with_invented: bool = False, dry_run: bool = False) -> Told:
    """Looks at every source and writes what was not told yet; a source that cannot be read costs that source only."""
    faults: list[str] = []
    notices: list[Notice] = []
    for name, source in _list_sources(run, contract, with_invented=with_invented).items():
        notices += _read_source(run, name, source, faults)
    messages = _write(run, notices, faults, dry_run=dry_run)
    return Told(tuple(messages), tuple(faults))


def _list_sources(run: Run, contract: Contract, *, with_invented: bool) -> dict[str, _Source]:
    now, today = run.began_at, day_of(run.began_at, contract.zone_info)
    tenants = partial(alert_duty.list_tenant_terms, today=today, with_invented=with_invented)
    return {
        "工单时限": partial(alert_deadline.list_notices, contract=contract, now=now),
        "违约台账": alert_watch.list_breaches,
        "巡检问题": alert_watch.list_patrol_problems,
        "备份": alert_watch.list_failed_backups,
        "备份的新旧": partial(alert_watch.list_old_backups, home=run.setting.home, now=now),
        "恢复演练": partial(alert_watch.list_failed_drills, now=now),
        "计划任务": alert_watch.list_broken_jobs,
        "许可": partial(alert_duty.list_licences, today=today),
        "漏洞整改": partial(alert_duty.list_weaknesses, today=today),
        "机构合同": tenants,
    }


def _read_source(run: Run, name: str, source: _Source, faults: list[str]) -> list[Notice]:
    """What a source has that was not told, in a session of its own: one that breaks must not break the next."""
    try:
        with run.store.reading() as session:
            notices = list(source(session))
            known = queries.find_known(session, {notice.dedup_key for notice in notices})
        return [notice for notice in notices if notice.dedup_key not in known]
    except (EduopsError, *UNREADABLE) as error:
        said = error.message if isinstance(error, EduopsError) else f"读不出来（{type(error).__name__}）"
        faults.append(f"{name}：{said}")
        _LOG.warning("source of alerts cannot be read", extra={"source": name, "fault": said})
        return []


def _write(run: Run, notices: list[Notice], faults: list[str], *, dry_run: bool) -> list[Message]:
    """Each message is a unit of work: one that cannot be written keeps no other from being."""
    messages = []
    for notice in notices:
        try:
            message = _write_one(run, notice, dry_run=dry_run)
        except EduopsError as error:
            faults.append(f"{KINDS[notice.kind]} {notice.subject}：{error.message}")
            _LOG.warning("message cannot be written", extra={"kind": notice.kind, "fault": error.message})
            continue
        if message is not None:
            messages.append(message)
    return messages


def _write_one(run: Run, notice: Notice, *, dry_run: bool) -> Message | None:
    now, actor = run.began_at, run.actor
    with unit_of_work(run.store, now=now, actor=actor, command=run.command, dry_run=dry_run) as unit:
        message = service.announce(unit.session, run.setting, notice, now=now, actor=actor)
        if message is not None:
            unit.changed(message.ref, title=message.title)
            unit.session.expunge(message)
    return message

"""The warnings of each running clock of each open ticket: at half its time, ten minutes before, and when missed."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from eduops.alert import queries, rules
from eduops.alert.service import Notice
from eduops.contract.fact import TicketFact
from eduops.contract.finding import render_length
from eduops.contract.schema import Contract
from eduops.ledger.queries import load_open_tickets
from eduops.ledger.status_rules import OpenTicket, RunningClock, list_open_tickets

_RULES = {"response": "响应", "arrival": "到场", "resolution": "解决", "plan": "书面方案"}
_COMMANDS = {
    "response": "eduops ticket respond {ref}",
    "arrival": "eduops ticket arrive {ref}（同意远程处理的：eduops ticket agree-remote {ref} --by 甲方人员）",
    "resolution": "eduops ticket resolve {ref} --cause 原因 --solution 措施；等待甲方的用 eduops ticket wait 停表",
    "plan": "eduops ticket plan {ref} --deadline 约定期限 --file 方案文件",
}


@dataclass(frozen=True, slots=True)
class Due:
    """The most urgent warning due of a clock, and the keys of all its warnings."""

    ticket: OpenTicket
    clock: RunningClock
    stage: rules.Stage
    keys: dict[rules.Stage, str]


def list_notices(session: Session, contract: Contract, now: datetime) -> list[Notice]:
    """What is to be told of clocks and was not: of each clock the most urgent warning only, and each once."""
    due = list_due(contract, load_open_tickets(session, now), now)
    known = queries.find_known(session, {key for each in due for key in each.keys.values()})
    return [build_notice(each, now) for each in select_untold(due, known)]


def list_due(contract: Contract, tickets: Iterable[TicketFact], now: datetime) -> list[Due]:
    """The most urgent warning that is due of each running clock, told or not."""
    found = []
    for ticket in list_open_tickets(contract, tickets, now):
        for clock in ticket.clocks:
            limit = timedelta(minutes=clock.limit_minutes)
            stage = rules.find_stage(clock.left, limit, is_paused=clock.level == "paused")
            if stage is not None:
                found.append(Due(ticket, clock, stage, _list_keys(ticket, clock)))
    return found


def select_untold(due: Iterable[Due], known: Collection[str]) -> Iterator[Due]:
    """Those of which neither this warning nor a more urgent one is known: a clock that is set back repeats nothing."""
    for each in due:
        place = rules.STAGES.index(each.stage)
        if not any(each.keys[stage] in known for stage in rules.STAGES[place:]):
            yield each


def _list_keys(ticket: OpenTicket, clock: RunningClock) -> dict[rules.Stage, str]:
    """The dedup keys of a clock. One that was set anew, by an agreed plan or a corrected report, is another clock.

    A wait moves the deadline, and does not repeat its warnings; only a missed deadline is told by its instant, so that
    one that was moved afterwards and missed again is told again.
    """
    reported = int(ticket.fact.reported_at.timestamp())
    clock_key = (
        f"deadline:{ticket.fact.ref}:{clock.clause}:{clock.rule}:{round(clock.limit_minutes)}:{reported}"
    )
    return {
        "half": f"{clock_key}:half",
        "ten": f"{clock_key}:ten",
        "missed": f"{clock_key}:missed:{int(clock.due_at.timestamp())}",
    }


def build_notice(due: Due, now: datetime) -> Notice:
    """The message of a warning."""
    fact, clock = due.ticket.fact, due.clock
    return Notice(
        kind="deadline",
        severity=rules.STAGE_SEVERITIES[due.stage],
        subject=fact.ref,
        dedup_key=due.keys[due.stage],
        facts={
            "ref": fact.ref,
            "title": fact.title,
            "department": fact.department,
            "clause": clock.clause,
            "rule": clock.rule,
            "rule_text": _RULES.get(clock.rule, clock.rule),
            "stage": due.stage,
            "due_at": clock.due_at.isoformat(),
            "now": now.isoformat(),
            "minutes": int(clock.left / timedelta(minutes=1)),
            "minutes_text": render_minutes(abs(clock.left)),
            "limit_text": render_length(timedelta(minutes=clock.limit_minutes)),
            "command": _COMMANDS.get(clock.rule, "eduops ticket show {ref}").format(ref=fact.ref),
        },
    )


def render_minutes(length: timedelta) -> str:
    """Whole minutes, rounded down: never more time than there is."""
    minutes = int(length / timedelta(minutes=1))
    return render_length(timedelta(minutes=minutes)) if minutes else "不到 1 分钟"

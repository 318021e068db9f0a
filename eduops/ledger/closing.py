"""Closing months and quarters, and telling what has changed since."""

import hashlib
import json
from datetime import datetime
from importlib.metadata import version
from typing import Any

from sqlmodel import Session, col, select

from eduops.contract.engine import evaluate
from eduops.contract.fact import Facts
from eduops.contract.period import Period
from eduops.contract.schema import Contract
from eduops.core.errors import NotAllowed
from eduops.ledger import closing_rules as rules
from eduops.ledger import queries, service
from eduops.ledger.closing_rules import Change, Frozen
from eduops.ledger.models import LedgerClosing
from eduops.ledger.rules import NO_HEAD, Head, find_fault
from eduops.store import counter
from eduops.store.chain import find_break, link_hash
from eduops.store.evidence import count_missing, list_links

COUNTER = "ledger_closing"


def close(
    session: Session,
    contract: Contract,
    label: str,
    *,
    contract_hash: str,
    kept: Head,
    now: datetime,
    actor: str,
) -> LedgerClosing | None:
    """Freezes a month or quarter as of now; None where it is closed already and nothing has changed since.

    After a change the new closing names the old one. Raises NotFound for an unknown period, NotAllowed for one
    that is not over or for closings that do not fit their kept head.
    """
    period = get_over(contract, label, now=now)
    # Taking the counter's row first makes a second writer wait here, and then see what the first has written.
    counter.allocate(session, COUNTER, 0)
    _, fault = verify(session, kept)
    if fault:
        raise NotAllowed(
            f"结账记录核对不符，不再记入：{fault}", hint="保留现场，运行 eduops sla verify，并从备份核对"
        )
    facts = queries.load_facts(session, contract)
    older = find_last(session, contract, label)
    if older and not _find_change(contract, facts, older, contract_hash):
        return None
    frozen = _freeze(contract, facts, period, contract_hash, now)
    made = _build(session, frozen, replaces=older.id if older else None, now=now, actor=actor)
    session.add(made)
    session.flush()
    return made


def get_over(contract: Contract, label: str, *, now: datetime) -> Period:
    """The month or quarter that can be closed. Raises NotFound for an unknown one, NotAllowed for one not over."""
    period = rules.get_period(contract, label)
    rules.require_over(period, contract, now)
    return period


def list_closings(
    session: Session, contract: Contract, *, contract_hash: str
) -> list[tuple[LedgerClosing, Change | None]]:
    """Every closing, oldest first, with what changed since; None for one that a later closing has replaced."""
    facts = queries.load_facts(session, contract)
    closings = _list_closings(session)
    replaced = {each.replaces for each in closings}
    return [
        (each, None if each.id in replaced else _find_change(contract, facts, each, contract_hash))
        for each in closings
    ]


def find_last(session: Session, contract: Contract, label: str) -> LedgerClosing | None:
    """The newest closing of a period."""
    statement = select(LedgerClosing).where(
        LedgerClosing.period == label, LedgerClosing.contract == contract.contract
    )
    return session.exec(statement.order_by(col(LedgerClosing.id).desc())).first()


def head(session: Session) -> Head:
    """The present head of the closings' chain."""
    last = session.exec(select(LedgerClosing).order_by(col(LedgerClosing.id).desc())).first()
    return Head(last.id, last.hash) if last else NO_HEAD


def verify(session: Session, kept: Head) -> tuple[int, str | None]:
    """How many closings there are, and a sentence about the first that does not fit."""
    links = list_links(session, LedgerClosing, payload)
    missing = count_missing(session, COUNTER, LedgerClosing)
    return len(links), find_fault(links, kept, missing=missing, name="结账记录")


def payload(closing: LedgerClosing) -> dict[str, Any]:  # Any: the columns' own types
    """What a closing's hash covers: everything but the hashes."""
    # Not `model_dump`: it warns of values whose type somebody changed, and those are to be found, not printed.
    names = LedgerClosing.model_fields.keys() - {"previous_hash", "hash"}
    values = {name: getattr(closing, name) for name in names}
    for name in ("as_of", "closed_at"):
        values[name] = queries.render_instant(values[name])
    for name in ("from_on", "to_on"):
        values[name] = values[name].isoformat()
    return values


def _list_closings(session: Session) -> list[LedgerClosing]:
    broken = find_break(list_links(session, LedgerClosing, payload))
    if broken:
        raise NotAllowed(
            f"第 {broken.number} 条结账记录不符，不再列出",
            hint="保留现场，运行 eduops sla verify，并从备份核对",
        )
    return list(session.exec(select(LedgerClosing).order_by(col(LedgerClosing.id))))


def _find_change(contract: Contract, facts: Facts, closing: LedgerClosing, contract_hash: str) -> Change:
    """What is different from a closing, looked at as of the instant it was made."""
    period = rules.get_period(contract, closing.period)
    return rules.compare(_thaw(closing), _freeze(contract, facts, period, contract_hash, closing.as_of))


def _freeze(contract: Contract, facts: Facts, period: Period, contract_hash: str, as_of: datetime) -> Frozen:
    evaluation = evaluate(contract, facts, from_on=period.start_on, to_on=period.last_on, as_of=as_of)
    return rules.freeze(
        contract,
        facts,
        evaluation,
        period=period,
        contract_hash=contract_hash,
        calendar=_name_calendar(contract),
    )


def _name_calendar(contract: Contract) -> str:
    """The working-day calendar's version, and the hash of the years and single days laid over it."""
    overlay = json.dumps(contract.working_days.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(overlay.encode()).hexdigest()
    return f"chinesecalendar {version('chinesecalendar')} + {digest[:16]}"


def _thaw(closing: LedgerClosing) -> Frozen:
    return Frozen(
        contract=closing.contract,
        period=closing.period,
        from_on=closing.from_on,
        to_on=closing.to_on,
        as_of=closing.as_of,
        facts=closing.facts,
        contract_hash=closing.contract_hash,
        calendar=closing.calendar,
        findings=closing.findings,
        counted=closing.counted,
        by_clause=closing.by_clause,
    )


def _build(
    session: Session, frozen: Frozen, *, replaces: int | None, now: datetime, actor: str
) -> LedgerClosing:
    last, entries = head(session), service.head(session)
    closing = LedgerClosing(
        id=counter.allocate(session, COUNTER)[0],
        replaces=replaces,
        contract=frozen.contract,
        period=frozen.period,
        from_on=frozen.from_on,
        to_on=frozen.to_on,
        as_of=frozen.as_of,
        facts_hash=frozen.facts_hash,
        facts=dict(frozen.facts),
        contract_hash=frozen.contract_hash,
        calendar=frozen.calendar,
        findings={key: list(figure) for key, figure in frozen.findings.items()},
        counted=frozen.counted,
        by_clause=dict(frozen.by_clause),
        entry_count=entries.count,
        entry_hash=entries.hash,
        closed_at=now,
        closed_by=actor,
        previous_hash=last.hash,
        hash="",
    )
    closing.hash = link_hash(last.hash, payload(closing))
    return closing

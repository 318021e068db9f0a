"""Evaluating the contract's figures and posting what they come to."""

from datetime import date, datetime

from sqlmodel import Session

from eduops.contract.engine import Evaluation, evaluate
from eduops.contract.finding import Finding
from eduops.contract.schema import Contract
from eduops.core.errors import NotAllowed
from eduops.ledger import queries, rules
from eduops.ledger.models import LedgerEntry
from eduops.store import counter
from eduops.store.chain import link_hash


def evaluate_period(
    session: Session, contract: Contract, *, from_on: date, to_on: date, as_of: datetime
) -> Evaluation:
    """The contract's findings of the days [from_on, to_on] as of an instant, from the facts of every room."""
    return evaluate(
        contract, queries.load_facts(session, contract), from_on=from_on, to_on=to_on, as_of=as_of
    )


def review(session: Session, evaluation: Evaluation, *, with_provisional: bool) -> list[Finding]:
    """What `post` would write now."""
    posted = queries.list_posted(session, [finding.key for finding in evaluation.findings])
    return rules.list_postable(evaluation.findings, posted=posted, with_provisional=with_provisional)


def post(
    session: Session,
    evaluation: Evaluation,
    *,
    kept: rules.Head,
    with_provisional: bool,
    now: datetime,
    actor: str,
) -> list[LedgerEntry]:
    """Appends every finding that the ledger lacks; the same answer posted again writes nothing.

    Raises NotAllowed for a ledger that does not fit its kept head: going on would cover the traces.
    """
    # Taking the counter's row first makes a second poster wait here, and then see what the first has written.
    counter.allocate(session, "ledger_entry", 0)
    _, fault = verify(session, kept)
    if fault:
        raise NotAllowed(
            f"违约台账核对不符，不再记入：{fault}", hint="保留现场，运行 eduops sla verify，并从备份核对"
        )
    findings = review(session, evaluation, with_provisional=with_provisional)
    numbers = counter.allocate(session, "ledger_entry", len(findings))
    entries, previous = [], head(session).hash
    for number, finding in zip(numbers, findings, strict=True):
        entries.append(_build_entry(finding, number, previous, now=now, actor=actor))
        previous = entries[-1].hash
    session.add_all(entries)
    session.flush()
    return entries


def head(session: Session) -> rules.Head:
    """The chain's present head."""
    last = queries.find_last(session)
    return rules.Head(last.id, last.hash) if last else rules.NO_HEAD


def verify(session: Session, kept: rules.Head) -> tuple[int, str | None]:
    """How many entries there are, and a sentence about the first that does not fit."""
    try:
        links = queries.list_links(session)
    except (ValueError, TypeError):
        number = queries.find_unreadable(session)
        return queries.count_entries(session), f"第 {number} 条记录不符：内容被改动，已读不出来"
    return len(links), rules.find_fault(links, kept)


def _build_entry(
    finding: Finding, number: int, previous_hash: str, *, now: datetime, actor: str
) -> LedgerEntry:
    entry = LedgerEntry(
        id=number,
        kind=finding.consequence,
        finding_key=finding.key,
        clause=finding.clause,
        rule=finding.rule,
        subject=finding.subject,
        counted=finding.counted,
        finding=finding.to_json(),
        posted_at=now,
        posted_by=actor,
        previous_hash=previous_hash,
        hash="",
    )
    entry.hash = link_hash(previous_hash, queries.payload(entry))
    return entry

"""Evaluating the contract's figures and keeping what they come to: posting, waiving, discharging."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlmodel import Session

from eduops.contract.engine import Evaluation, evaluate
from eduops.contract.quality_rule import Obligation
from eduops.contract.schema import Contract
from eduops.core.errors import NotAllowed, NotFound
from eduops.ledger import queries, rules
from eduops.ledger.models import LedgerEntry
from eduops.store import counter
from eduops.store.chain import link_hash
from eduops.store.evidence import count_missing

COUNTER = "ledger_entry"
Days = tuple[date, date]
"""First and last day, both included."""


def evaluate_period(
    session: Session, contract: Contract, *, from_on: date, to_on: date, as_of: datetime
) -> Evaluation:
    """The contract's findings of the days [from_on, to_on] as of an instant, from the facts of every room."""
    return evaluate(
        contract, queries.load_facts(session, contract), from_on=from_on, to_on=to_on, as_of=as_of
    )


def evaluate_term(session: Session, contract: Contract, *, as_of: datetime) -> Evaluation:
    """The findings of the whole term: what `review` and `post` compare the ledger with."""
    last_on = contract.term.end_on - timedelta(days=1)
    return evaluate_period(session, contract, from_on=contract.term.start, to_on=last_on, as_of=as_of)


def review(
    session: Session, evaluation: Evaluation, *, days: Days | None = None, with_provisional: bool
) -> list[rules.Draft]:
    """What `post` would write now for `days` (without them, for the days of the evaluation)."""
    from_on, to_on = days or (evaluation.from_on, evaluation.to_on)
    return rules.list_drafts(
        evaluation.findings,
        queries.load_standings(session),
        contract=evaluation.contract,
        from_on=from_on,
        to_on=to_on,
        as_of=evaluation.as_of,
        with_provisional=with_provisional,
    )


def post(
    session: Session,
    evaluation: Evaluation,
    *,
    kept: rules.Head,
    days: Days | None = None,
    with_provisional: bool,
    now: datetime,
    actor: str,
) -> list[LedgerEntry]:
    """Appends what `review` lists; the same answer posted again writes nothing.

    Raises NotAllowed for a ledger that does not fit its kept head: going on would cover the traces.
    """

    def decide() -> list[rules.Draft]:
        return review(session, evaluation, days=days, with_provisional=with_provisional)

    return _append(session, decide, kept=kept, now=now, actor=actor)


def summarise(entries: Sequence[LedgerEntry]) -> dict[str, object]:
    """What the audit log keeps of a posting, however many entries it wrote: their numbers lead to their keys."""
    return {
        "entries": len(entries),
        "first_entry": entries[0].id,
        "last_entry": entries[-1].id,
        "kinds": dict(Counter(entry.kind for entry in entries)),
        "counted": sum(entry.counted for entry in entries),
    }


def waive(
    session: Session,
    number: int,
    *,
    customer: str,
    document: str,
    reason: str,
    kept: rules.Head,
    now: datetime,
    actor: str,
) -> LedgerEntry:
    """Takes a breach out of the count; it stays visible. Raises NotFound, NotAllowed or Conflict."""

    def decide() -> list[rules.Draft]:
        standing = _get_standing(session, number)
        return [rules.waive(standing, customer=customer, document=document, reason=reason)]

    return _append(session, decide, kept=kept, now=now, actor=actor)[0]


def discharge(
    session: Session,
    number: int,
    *,
    obligations: Sequence[Obligation],
    figure: Decimal | None,
    document: str,
    as_of: datetime,
    kept: rules.Head,
    now: datetime,
    actor: str,
) -> LedgerEntry:
    """Closes an obligation with the figure that closed it: the engine's where it knows, else the one handed in.

    Raises NotFound, Conflict, or NotAllowed where nothing is known to have closed it.
    """

    def decide() -> list[rules.Draft]:
        standing = _get_standing(session, number)
        rules.require_obligation(standing)
        known = next((each for each in obligations if each.key == standing.said.key), None)
        detail = _find_closing(number, known, figure, document.strip())
        return [rules.discharge(standing, detail=detail, as_of=as_of)]

    return _append(session, decide, kept=kept, now=now, actor=actor)[0]


def head(session: Session) -> rules.Head:
    """The chain's present head."""
    last = queries.find_last(session)
    return rules.Head(last.id, last.hash) if last else rules.NO_HEAD


def verify(session: Session, kept: rules.Head) -> tuple[int, str | None]:
    """How many entries there are, and a sentence about the first that does not fit."""
    links = queries.list_links(session)
    return len(links), rules.find_fault(links, kept, missing=count_missing(session, COUNTER, LedgerEntry))


def _get_standing(session: Session, number: int) -> rules.Standing:
    standings = {each.number: each for each in queries.load_standings(session)}
    found = standings.get(number)
    if found is None:
        raise NotFound(f"台账里没有第 {number} 条违约或整改义务", hint="运行 eduops sla ledger 查看序号")
    return found


def _find_closing(
    number: int, known: Obligation | None, figure: Decimal | None, document: str
) -> Mapping[str, object]:
    if known is not None and known.closing_figure is not None:
        if figure is not None and figure != known.closing_figure:
            raise NotAllowed(
                f"第 {number} 条已由 {known.closed_by} 的 {known.closing_figure} 达标，与所写的 {figure} 不符",
                hint="去掉 --figure，按算出的数值销项；数据有误就先更正数据",
            )
        return {"figure": float(known.closing_figure), "period": known.closed_by, "document": document}
    if figure is None or not document:
        raise NotAllowed(
            f"第 {number} 条还没有算出达标的数值，不能直接销项",
            hint="有甲方认可的数值时，用 --figure 和 --document 写明数值和文号",
        )
    return {"figure": float(figure), "period": None, "document": document}


def _append(
    session: Session,
    decide: Callable[[], list[rules.Draft]],
    *,
    kept: rules.Head,
    now: datetime,
    actor: str,
) -> list[LedgerEntry]:
    """Appends what is decided while nobody else can write. Raises NotAllowed for a ledger that does not fit."""
    # Taking the counter's row first makes a second writer wait here, and then see what the first has written.
    counter.allocate(session, COUNTER, 0)
    _, fault = verify(session, kept)
    if fault:
        raise NotAllowed(
            f"违约台账核对不符，不再记入：{fault}", hint="保留现场，运行 eduops sla verify，并从备份核对"
        )
    drafts = decide()
    numbers = counter.allocate(session, COUNTER, len(drafts))
    entries, previous = [], head(session).hash
    for number, draft in zip(numbers, drafts, strict=True):
        entries.append(_build_entry(draft, number, previous, now=now, actor=actor))
        previous = entries[-1].hash
    session.add_all(entries)
    session.flush()
    return entries


def _build_entry(
    draft: rules.Draft, number: int, previous_hash: str, *, now: datetime, actor: str
) -> LedgerEntry:
    entry = LedgerEntry(
        id=number,
        kind=draft.kind,
        refers_to=draft.refers_to,
        finding_key=draft.key,
        clause=draft.clause,
        rule=draft.rule,
        subject=draft.subject,
        falls_on=draft.falls_on,
        counted=draft.counted,
        finding=dict(draft.finding),
        detail=dict(draft.detail),
        as_of=draft.as_of,
        posted_at=now,
        posted_by=actor,
        previous_hash=previous_hash,
        hash="",
    )
    entry.hash = link_hash(previous_hash, queries.payload(entry))
    return entry

"""Corrections name the entry they are about: revoked, amended, waived, discharged; the count in force follows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_case import EVENING, judge, late_ticket

from eduops.contract.engine import evaluate
from eduops.contract.fact import Facts, SurveyFact, TicketFact
from eduops.core.errors import Conflict, NotAllowed, NotFound
from eduops.ledger import queries, service
from eduops.ledger.rules import NO_HEAD
from eduops.store.models import Counter

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
MARCH = (date(2026, 3, 1), date(2026, 3, 31))
WHO = {"kept": NO_HEAD, "now": NOW, "actor": "值班（虚构）"}
WAIVER = {"customer": "张主任（虚构）", "document": "信函〔2026〕12号", "reason": "院方断电"}


def post(store, evaluation, *, days=None, with_provisional=False):
    with store.writing() as session:
        return service.post(session, evaluation, days=days, with_provisional=with_provisional, **WHO)


def waive(store, number, **changes):
    with store.writing() as session:
        return service.waive(session, number, **{**WAIVER, **changes}, **WHO)


def discharge(store, number, evaluation, *, figure=None, document=""):
    with store.writing() as session:
        return service.discharge(
            session,
            number,
            obligations=evaluation.obligations,
            figure=figure,
            document=document,
            as_of=evaluation.as_of,
            **WHO,
        )


def standings(store):
    with store.reading() as session:
        return queries.load_standings(session)


def count_in_force(store):
    return sum(each.counted for each in standings(store))


def in_time(number):
    return replace(
        late_ticket(number),
        responded_at=EVENING + timedelta(minutes=5),
        arrived_at=EVENING + timedelta(minutes=60),
        resolved_at=EVENING + timedelta(minutes=100),
    )


def late_response(number):
    """Only the response is late, so that it alone carries the breach."""
    return replace(in_time(number), responded_at=EVENING + timedelta(minutes=45))


def test_finding_gone_after_a_correction_is_revoked_and_nothing_is_deleted(store, contract):
    post(store, judge(contract, late_ticket(1), late_ticket(2)))
    assert count_in_force(store) == 2
    entries = post(store, judge(contract, in_time(1), late_ticket(2)))
    assert [(entry.kind, entry.refers_to) for entry in entries] == [("revoke", n) for n in (1, 3, 5, 7)]
    assert [each.state for each in standings(store)] == ["revoked", "in_force"] * 4
    assert count_in_force(store) == 1
    with store.reading() as session:
        assert service.verify(session, service.head(session)) == (12, None)


def test_changed_count_is_amended(store, contract):
    evaluation = judge(contract, late_ticket(1))
    post(store, evaluation)
    # The response was in time after all: the arrival is now the finding that carries the breach.
    entries = post(
        store, judge(contract, replace(late_ticket(1), responded_at=EVENING + timedelta(minutes=9)))
    )
    assert [(entry.kind, entry.refers_to, entry.rule, entry.counted) for entry in entries] == [
        ("revoke", 1, "response", 0),
        ("amend", 2, "arrival", 1),
    ]
    assert entries[1].detail == {"counted_before": 0}
    assert [(each.state, each.counted) for each in standings(store)][:2] == [("revoked", 0), ("amended", 1)]


def test_finding_that_comes_back_is_posted_anew(store, contract):
    post(store, judge(contract, late_response(1)))
    post(store, judge(contract, in_time(1)))
    entries = post(store, judge(contract, late_response(1)))
    assert [(entry.id, entry.kind, entry.refers_to) for entry in entries] == [(3, "breach", None)]
    assert post(store, judge(contract, late_response(1))) == []
    assert count_in_force(store) == 1


def test_only_days_that_are_posted_are_compared(sqlite_store, contract):
    whole = (contract.term.start, contract.term.end_on - timedelta(days=1))
    as_of = datetime(2026, 4, 30, tzinfo=UTC)

    def judge_term(*tickets):
        return evaluate(contract, Facts(tickets), from_on=whole[0], to_on=whole[1], as_of=as_of)

    april = replace(late_response(2), reported_at=EVENING + timedelta(days=30))
    post(sqlite_store, judge_term(late_response(1), april), days=MARCH)
    assert [each.said.subject for each in standings(sqlite_store)] == ["INC-2026-0001"]
    assert post(sqlite_store, judge_term(in_time(1)), days=(date(2026, 4, 1), date(2026, 4, 30))) == []
    (entry,) = post(sqlite_store, judge_term(in_time(1)), days=MARCH)
    assert entry.kind == "revoke"


def test_running_month_that_falls_on_a_later_day_next_time_is_not_revoked(sqlite_store, contract):
    # 80 minutes in two stoppages: the month is over its 60, and its finding falls on as-of's day until it ends.
    outages = [
        TicketFact(
            f"INC-2026-{number:04d}",
            start,
            impact="system",
            cause="software",
            responded_at=start,
            arrived_at=start,
            resolved_at=start + timedelta(minutes=40),
        )
        for number, start in ((1, EVENING), (2, EVENING + timedelta(hours=5)))
    ]
    term = {"from_on": contract.term.start, "to_on": contract.term.end_on - timedelta(days=1)}
    early = evaluate(contract, Facts(tuple(outages)), as_of=datetime(2026, 3, 10, tzinfo=UTC), **term)
    late = evaluate(contract, Facts(tuple(outages)), as_of=datetime(2026, 5, 1, tzinfo=UTC), **term)
    days = (date(2026, 3, 1), date(2026, 3, 15))
    (entry,) = post(sqlite_store, early, days=days)
    assert (entry.rule, entry.falls_on) == ("month_minutes", date(2026, 3, 10))
    assert post(sqlite_store, late, days=days) == []
    assert post(sqlite_store, late, days=MARCH) == []


def test_answer_as_of_an_earlier_instant_corrects_nothing_that_was_judged_later(sqlite_store, contract):
    def as_of(hours, *tickets):
        instant = EVENING + timedelta(hours=hours)
        return evaluate(contract, Facts(tickets), from_on=MARCH[0], to_on=MARCH[1], as_of=instant)

    post(sqlite_store, as_of(24, late_response(1)))
    # Twenty minutes after the report nothing was late yet.
    assert post(sqlite_store, as_of(1 / 3, late_response(1))) == []
    assert [entry.kind for entry in post(sqlite_store, as_of(24, in_time(1)))] == ["revoke"]
    # As of forty minutes the response stood open; the later judgement knows better.
    assert post(sqlite_store, as_of(2 / 3, late_response(1))) == []


def test_another_contracts_entries_are_left_alone(sqlite_store, contract):
    other = contract.model_copy(update={"contract": "another-2026"})
    post(sqlite_store, judge(contract, late_response(1)))
    assert [entry.kind for entry in post(sqlite_store, judge(other, late_response(1)))] == ["breach"]
    assert post(sqlite_store, judge(other, late_response(1))) == []
    assert count_in_force(sqlite_store) == 2


def test_waived_breach_counts_no_more_and_stays_visible(store, contract):
    post(store, judge(contract, late_response(1)))
    entry = waive(store, 1)
    assert (entry.kind, entry.refers_to, entry.counted, entry.detail) == ("waive", 1, 0, WAIVER)
    (standing,) = standings(store)
    assert (standing.state, standing.counted, standing.said.counted) == ("waived", 0, 1)
    assert post(store, judge(contract, late_response(1))) == []
    with store.reading() as session:
        assert service.verify(session, service.head(session)) == (2, None)


def test_waived_breach_whose_count_changes_stays_waived(sqlite_store, contract):
    post(sqlite_store, judge(contract, late_ticket(1)))
    waive(sqlite_store, 2)
    post(sqlite_store, judge(contract, replace(late_ticket(1), responded_at=EVENING + timedelta(minutes=9))))
    assert standings(sqlite_store)[1].state == "waived"
    assert count_in_force(sqlite_store) == 0


@pytest.mark.parametrize("missing", ["customer", "document", "reason"])
def test_waiver_demands_customer_document_and_reason(sqlite_store, contract, missing):
    post(sqlite_store, judge(contract, late_response(1)))
    with pytest.raises(NotAllowed, match="甲方谁同意"):
        waive(sqlite_store, 1, **{missing: "  "})
    assert count_in_force(sqlite_store) == 1


def test_what_cannot_be_waived_is_refused(sqlite_store, contract):
    post(sqlite_store, judge(contract, late_response(1)))
    with pytest.raises(NotFound, match="第 9 条"):
        waive(sqlite_store, 9)
    waive(sqlite_store, 1)
    with pytest.raises(Conflict, match="已豁免"):
        waive(sqlite_store, 1)
    with pytest.raises(NotFound, match="第 2 条"):
        waive(sqlite_store, 2)
    post(sqlite_store, judge(contract, in_time(1)))
    with pytest.raises(Conflict, match="已撤销"):
        waive(sqlite_store, 1)


def judge_surveys(contract, *scores):
    """An evaluation in October 2026 of mean scores in 2026Q1, Q2, Q3."""
    surveys = tuple(
        SurveyFact(date(2026, 3 * number + 1, 15), Decimal(score)) for number, score in enumerate(scores)
    )
    as_of = datetime(2026, 10, 10, tzinfo=UTC)
    term = {"from_on": date(2026, 1, 1), "to_on": date(2026, 9, 30)}
    return evaluate(contract, Facts(surveys=surveys), as_of=as_of, **term)


def test_obligation_is_closed_with_the_figure_that_closed_it(store, contract):
    answer = judge_surveys(contract, 80, 84, 88)
    (posted,) = post(store, answer)
    assert (posted.kind, posted.counted) == ("obligation", 0)
    entry = discharge(store, 1, answer)
    assert entry.detail == {"figure": 88.0, "period": "2026Q3", "document": ""}
    assert [each.state for each in standings(store)] == ["discharged"]
    assert post(store, answer) == []
    with pytest.raises(Conflict, match="已销项"):
        discharge(store, 1, answer)


def test_obligation_that_still_stands_is_closed_only_by_figure_and_document(sqlite_store, contract):
    answer = judge_surveys(contract, 80, 84)
    post(sqlite_store, answer)
    for given_ in ({}, {"figure": Decimal(90)}, {"document": "纪要〔2026〕3号"}):
        with pytest.raises(NotAllowed, match="还没有算出达标"):
            discharge(sqlite_store, 1, answer, **given_)
    entry = discharge(sqlite_store, 1, answer, figure=Decimal("90.5"), document="纪要〔2026〕3号")
    assert entry.detail == {"figure": 90.5, "period": None, "document": "纪要〔2026〕3号"}


def test_figure_that_contradicts_the_computed_one_is_refused(sqlite_store, contract):
    answer = judge_surveys(contract, 80, 88)
    post(sqlite_store, answer)
    with pytest.raises(NotAllowed, match="与所写的 90 不符"):
        discharge(sqlite_store, 1, answer, figure=Decimal(90), document="纪要〔2026〕3号")


def test_breach_is_not_discharged_and_obligation_not_waived(sqlite_store, contract):
    answer = judge_surveys(contract, 80)
    post(sqlite_store, judge(contract, late_response(1)))
    post(sqlite_store, answer, days=(date(2026, 1, 1), date(2026, 2, 28)))
    post(sqlite_store, answer, days=(date(2026, 3, 31), date(2026, 3, 31)))
    with pytest.raises(NotAllowed, match="不能销项"):
        discharge(sqlite_store, 1, answer, figure=Decimal(90), document="x")
    with pytest.raises(NotAllowed, match="不能豁免"):
        waive(sqlite_store, 2)


MINUTES = st.integers(0, 600)
TICKETS = st.lists(
    st.builds(
        lambda number, response, arrival, rest, impact, cause: TicketFact(
            f"INC-2026-{number:04d}",
            EVENING + timedelta(hours=number * 7),
            responded_at=EVENING + timedelta(hours=number * 7, minutes=response),
            arrived_at=EVENING + timedelta(hours=number * 7, minutes=arrival),
            resolved_at=EVENING + timedelta(hours=number * 7, minutes=arrival + rest),
            impact=impact,
            cause=cause,
        ),
        st.integers(1, 6),
        MINUTES,
        MINUTES,
        MINUTES,
        st.sampled_from(["system", "department", "limited"]),
        st.sampled_from(["software", "hardware", "unknown"]),
    ),
    max_size=6,
    unique_by=lambda ticket: ticket.ref,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(rounds=st.lists(st.tuples(TICKETS, st.integers(0, 30)), min_size=2, max_size=4))
def test_count_in_force_is_what_evaluate_says_less_the_waivers(store, contract, rounds):
    """However the facts are corrected between posts, and whatever is waived between them."""
    _empty(store)
    for tickets, pick in rounds:
        answer = judge(contract, *tickets)
        post(store, answer, with_provisional=True)
        assert post(store, answer, with_provisional=True) == []
        open_ = [each.number for each in standings(store) if each.said.kind == "breach" and each.counted]
        if open_ and pick % 3 == 0:
            waive(store, open_[pick % len(open_)])
        waived = sum(each.said.counted for each in standings(store) if each.state == "waived")
        assert count_in_force(store) == answer.counted - waived
    with store.reading() as session:
        assert service.verify(session, service.head(session))[1] is None


def _empty(store):
    with store.writing() as session:
        for entry in reversed(queries.list_entries(session)):
            session.delete(entry)
            session.flush()
        counter = session.get(Counter, "ledger_entry")
        if counter:
            counter.last = 0
            session.add(counter)

"""Tickets invented by Hypothesis: facts that can be, and objects that mostly cannot."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from eduops.contract.fact import Exclusion, Plan, Reopening, TicketFact

texts = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff\u2028\u2029"
    ),
    max_size=12,
).map(str.strip)
names = texts.filter(bool)
_FIRST, _LAST = datetime.fromisoformat("1970-01-02"), datetime.fromisoformat("9999-12-30")
instants = st.datetimes(_FIRST, _LAST, timezones=st.just(UTC)) | st.sampled_from(
    [
        datetime(2024, 2, 29, 15, 59, 59, 999999, UTC),
        datetime(2026, 1, 31, 16, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 16, 0, tzinfo=UTC),
        datetime(2026, 3, 5, 3, 50, tzinfo=UTC),
    ]
)
minutes = st.integers(0, 60 * 24 * 40)


@st.composite
def facts(draw: st.DrawFn) -> TicketFact:
    """A ticket that no check refuses: every chain of instants in its order, the rest as they fall."""
    reported_at = draw(instants.filter(lambda at: at.year < 9990))

    def after(at: datetime) -> datetime:
        return at + timedelta(minutes=draw(minutes), seconds=draw(st.sampled_from([0, 0, 1, 59.999999])))

    def maybe(value: object) -> object:
        return value if draw(st.booleans()) else None

    resolved_at = maybe(after(reported_at))
    last, reopened = resolved_at, []
    while last is not None and len(reopened) < 3 and draw(st.booleans()):
        again = after(last)
        end = maybe(after(again))
        reopened.append(Reopening(again, end))
        last = end
    latest = next(
        (at for at in (*(each.resolved_at for each in reversed(reopened)), resolved_at) if at), reported_at
    )
    submitted = after(reported_at)
    plan = Plan(submitted, maybe(after(submitted)), maybe(after(submitted)), maybe(after(submitted)))
    waits = []
    for _ in range(draw(st.integers(0, 3))):
        begin = draw(instants.filter(lambda at: at.year < 9990))
        waits.append(Exclusion(begin, maybe(after(begin)), draw(names), draw(names)))
    start = after(reported_at)
    outage = {"outage_start": start, "outage_end": after(max(start, latest))} if draw(st.booleans()) else {}
    return TicketFact(
        ref=draw(names.filter(lambda ref: len(ref) <= 64)),
        reported_at=reported_at,
        kind=draw(st.sampled_from(["incident", "request", "consult"])),
        title=draw(texts),
        impact=draw(st.sampled_from(["system", "department", "limited"])),
        cause=draw(
            st.sampled_from(["software", "hardware", "network", "third_party", "customer", "unknown"])
        ),
        department=draw(texts),
        channel=draw(texts),
        reporter=draw(texts),
        responded_at=maybe(after(reported_at)),
        arrived_at=maybe(after(reported_at)),
        resolved_at=resolved_at,
        closed_at=maybe(after(latest)),
        remote_agreed_by=draw(texts),
        planned_approved_by=draw(texts),
        **outage,
        plan=maybe(plan),
        exclusions=tuple(waits),
        reopened=tuple(reopened),
    )


@st.composite
def planned_facts(draw: st.DrawFn) -> TicketFact:
    """Planned work: the window from its beginning on."""
    fact = draw(facts())
    begin = draw(minutes)
    from_at = fact.reported_at + timedelta(minutes=begin)
    end = max(from_at, *(at for at in (fact.outage_end, fact.resolved_at) if at), *(
        each.resolved_at for each in fact.reopened if each.resolved_at
    ), fact.reported_at)  # fmt: skip
    return replace(
        fact, planned=True, planned_from=from_at, planned_to=end + timedelta(minutes=draw(minutes)),
        outage_start=None, outage_end=None,
    )  # fmt: skip


odd_times = st.one_of(
    instants.map(lambda at: at.isoformat()),
    st.datetimes().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
    st.sampled_from(
        [
            "", " ", "2026-02-29 10:00", "2024-02-29 10:00", "2026-03-05", "2026-03-05 24:00", "二〇二六年三月五日",
            "２０２６-０３-０５ １１:５０", "2026/3/5 9:05", "9999-12-31 23:59:59", "9999-12-31T23:59:59-23:59",
            "0001-01-01T00:00:00+23:59", "1970-01-01 00:00", "11:50", "45721.49", "2026-03-05T11:50:00+08:00",
            "2026-03-05T11:50:60", "20260305T115000", "2026-W10-4T11:50", "null", "\x00", "\ud800",
        ]
    ),
    st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=8), st.lists(st.none(), max_size=1),
)  # fmt: skip
odd_values = odd_times | st.sampled_from(
    ["incident", "故障", "system", "是", "no", "unknown", "未知", "[]", "{}", "[[]]"]
)
odd_exclusion = st.dictionaries(
    st.sampled_from(["from", "to", "reason", "agreed_by", "x"]), odd_values, max_size=5
)
odd_reopening = st.dictionaries(st.sampled_from(["reopened_at", "resolved_at", "x"]), odd_times, max_size=3)
odd_plan = st.dictionaries(
    st.sampled_from(["submitted_at", "department_approved_at", "management_approved_at", "deadline", "x"]),
    odd_times, max_size=5,
)  # fmt: skip

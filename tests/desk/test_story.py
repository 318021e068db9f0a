"""Which instants of a ticket's story hold after corrections; people are invented (虚构)."""

from datetime import UTC, datetime

import pytest

from eduops.desk.rules.story import Told, list_valid_instants


def at(minute):
    return datetime(2026, 3, 5, 1, minute, tzinfo=UTC)


def correct(field, before, after):
    # As the desk writes it: local time with its offset.
    said = [
        f"2026-03-05T09:{minute:02}:00+08:00" if minute is not None else None for minute in (before, after)
    ]
    return Told("correct", at(59), {"field": field, "before": said[0], "after": said[1]})


STORY = [
    Told("open", at(0), {}),
    Told("respond", at(5), {}),
    Told("resolve", at(10), {}),
    Told("reopen", at(20), {}),
    Told("resolve", at(30), {}),
]


@pytest.mark.parametrize(
    ("corrections", "minutes"),
    [
        ([], (0, 5, 10, 20, 30)),
        ([correct("responded_at", 5, 6)], (0, 6, 10, 20, 30)),
        ([correct("responded_at", 5, 6), correct("responded_at", 6, 7)], (0, 7, 10, 20, 30)),
        ([correct("responded_at", 5, None)], (0, None, 10, 20, 30)),
        # The first resolution and the later one are told apart by what stood there.
        ([correct("reopened[1].resolved_at", 30, 31)], (0, 5, 10, 20, 31)),
        ([correct("resolved_at", 10, 11)], (0, 5, 11, 20, 30)),
        ([correct("reopened[1].reopened_at", 20, 21)], (0, 5, 10, 21, 30)),
        ([correct("reported_at", 0, 1)], (1, 5, 10, 20, 30)),
        # What stood there came in otherwise: no step's instant.
        ([correct("outage_start", 5, 6), correct("arrived_at", 5, 6)], (0, 5, 10, 20, 30)),
        ([correct("responded_at", None, 6)], (0, 5, 10, 20, 30)),
    ],
)
def test_instant_holds_as_it_was_last_corrected(corrections, minutes):
    valid = list_valid_instants([*STORY, *corrections])
    assert valid[: len(STORY)] == [at(minute) if minute is not None else None for minute in minutes]


@pytest.mark.parametrize("field", ["department", "title", "impact", "cause", "", None])
def test_corrections_of_other_fields_hold_words_not_instants(field):
    changed = Told("correct", at(50), {"field": field, "before": "科室（虚构）", "after": ""})
    moved = Told("link", at(51), {"recurring_problem": "PRB-2026-0002", "before": "PRB-2026-0001"})
    valid = list_valid_instants([*STORY, changed, moved])
    assert valid == [each.happened_at for each in (*STORY, changed, moved)]

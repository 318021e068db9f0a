"""The clock, the present that rehearsals set, and references."""

from datetime import UTC, datetime, timedelta

import pytest

from eduops.core.clock import now, read_now
from eduops.core.errors import InputError
from eduops.core.reference import format_reference


@pytest.mark.parametrize("override", [None, ""])
def test_without_override_it_is_the_present_in_utc(override):
    before = now()
    assert before <= read_now(override) <= now()
    assert before.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    ["2026-03-05T11:50:00+08:00", "2026-03-05T03:50:00Z", "2026-03-05 11:50+08:00", "2026-03-04T19:50-08:00"],
)
def test_override_is_an_instant_in_any_zone(text):
    instant = read_now(text)
    assert instant == datetime(2026, 3, 5, 3, 50, tzinfo=UTC)
    assert instant.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-05T11:50:00",
        "2026-03-05",
        "gestern",
        "2026-02-30T00:00:00Z",
        "0001-01-01T00:00:00+08:00",
        " ",
    ],
)
def test_override_that_is_no_instant_with_its_zone_is_refused(text):
    with pytest.raises(InputError, match="EDUOPS_NOW") as caught:
        read_now(text)
    assert "+08:00" in caught.value.hint


@pytest.mark.parametrize(
    ("number", "reference"),
    [(1, "INC-2026-0001"), (9999, "INC-2026-9999"), (10000, "INC-2026-10000")],
)
def test_reference_grows_past_four_digits(number, reference):
    assert format_reference("INC", 2026, number) == reference

"""Which channels, when, how often: the decisions of the outbox, row by row at their edges."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eduops.alert import rules
from eduops.alert.configuration import AlertConfig, Quiet
from eduops.alert.rules import Days
from eduops.alert.text import clean, cut, defuse, mask_personal

SHANGHAI = ZoneInfo("Asia/Shanghai")
WEEKDAYS_ONLY = Days(SHANGHAI, lambda day: day.weekday() < 5)
NIGHT = Quiet.model_validate({"from": "22:00", "to": "07:30"})
NOON = Quiet.model_validate({"from": "12:00", "to": "14:00"})
NIGHT_AND_FREE_DAYS = Quiet.model_validate({"from": "22:00", "to": "07:30", "free_days": True})


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def quiet_end(quiet: Quiet, at: str, *, kind="patrol", severity="warning", days=WEEKDAYS_ONLY) -> str | None:
    found = rules.find_quiet_end(quiet, days, kind=kind, severity=severity, now=local(at, days.zone))
    return found and f"{found.astimezone(days.zone):%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("quiet", "at", "end"),
    [
        (NIGHT, "2026-03-05 21:59:59", None),
        (NIGHT, "2026-03-05 22:00:00", "03-06 07:30"),
        (NIGHT, "2026-03-05 23:59:59", "03-06 07:30"),
        (NIGHT, "2026-03-06 00:00:00", "03-06 07:30"),
        (NIGHT, "2026-03-06 07:29:59", "03-06 07:30"),
        (NIGHT, "2026-03-06 07:30:00", None),
        (NOON, "2026-03-05 11:59:59", None),
        (NOON, "2026-03-05 12:00:00", "03-05 14:00"),
        (NOON, "2026-03-05 14:00:00", None),
        (NIGHT, "2026-03-07 12:00:00", None),  # a Saturday
        (NIGHT_AND_FREE_DAYS, "2026-03-06 12:00:00", None),
        (NIGHT_AND_FREE_DAYS, "2026-03-06 22:00:00", "03-09 07:30"),  # Friday night until Monday
        (NIGHT_AND_FREE_DAYS, "2026-03-07 12:00:00", "03-09 07:30"),
        (NIGHT_AND_FREE_DAYS, "2026-03-08 23:59:59", "03-09 07:30"),
    ],
)  # fmt: skip
def test_quiet_hours_end_when_they_say(quiet: Quiet, at: str, end: str | None) -> None:
    assert quiet_end(quiet, at) == end


def test_deadlines_and_tests_are_never_silenced_and_critical_ones_only_where_it_is_said() -> None:
    strict = Quiet.model_validate({"from": "22:00", "to": "07:30", "free_days": True, "hold_critical": True})
    for severity in ("info", "warning", "critical"):
        assert quiet_end(strict, "2026-03-07 23:00:00", kind="deadline", severity=severity) is None
        assert quiet_end(strict, "2026-03-07 23:00:00", kind="test", severity=severity) is None
    assert quiet_end(NIGHT, "2026-03-05 23:00:00", severity="critical") is None
    assert quiet_end(strict, "2026-03-05 23:00:00", severity="critical") == "03-06 07:30"


def test_a_zone_that_changes_its_clock_keeps_quiet_hours_by_its_clock() -> None:
    berlin = Days(ZoneInfo("Europe/Berlin"), lambda day: True)
    # The night of 2026-03-29 has no 02:00 to 03:00, that of 2026-10-25 has it twice.
    assert quiet_end(NIGHT, "2026-03-28 23:00:00", days=berlin) == "03-29 07:30"
    assert quiet_end(NIGHT, "2026-10-24 23:00:00", days=berlin) == "10-25 07:30"
    until_missing = Quiet.model_validate({"from": "22:00", "to": "02:30"})
    assert quiet_end(until_missing, "2026-03-28 23:00:00", days=berlin) == "03-29 03:30"
    # An hour that comes twice is quiet by the clock on the wall both times.
    first = datetime(2026, 10, 25, 2, 40, tzinfo=berlin.zone)
    assert not rules.is_quiet(until_missing, berlin, first)
    assert rules.is_quiet(until_missing, berlin, datetime(2026, 10, 25, 2, 10, tzinfo=berlin.zone, fold=1))


@given(
    st.integers(0, 1439), st.integers(0, 1439), st.booleans(),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)  # fmt: skip
def test_what_waits_waits_until_it_is_not_quiet_and_no_longer(from_, to, free_days, at, zone_name) -> None:
    if from_ == to:
        return
    texts = {"from": f"{from_ // 60:02}:{from_ % 60:02}", "to": f"{to // 60:02}:{to % 60:02}"}
    quiet = Quiet.model_validate({**texts, "free_days": free_days})
    days, now = Days(ZoneInfo(zone_name), lambda day: day.weekday() < 5), at.replace(tzinfo=UTC)
    end = rules.find_quiet_end(quiet, days, kind="patrol", severity="info", now=now)
    if end is None:
        assert not rules.is_quiet(quiet, days, now)
        return
    assert now < end <= now + timedelta(days=5)
    assert not rules.is_quiet(quiet, days, end)
    step = now
    while step < end:
        assert rules.is_quiet(quiet, days, step)
        step += timedelta(minutes=1) if end - step < timedelta(hours=2) else timedelta(minutes=30)


def test_every_route_that_fits_adds_its_channels_once() -> None:
    channel = {"kind": "file", "path": "x"}
    config = AlertConfig.model_validate(
        {
            "channels": {"a": channel, "b": channel, "c": channel},
            "routes": [
                {"channels": ["a"]},
                {"kinds": ["deadline"], "channels": ["b", "a"]},
                {"severities": ["critical"], "channels": ["c"]},
            ],
        }
    )
    assert rules.list_channels(config, kind="deadline", severity="info") == ("a", "b")
    assert rules.list_channels(config, kind="patrol", severity="critical") == ("a", "c")
    assert rules.list_channels(AlertConfig(), kind="patrol", severity="critical") == ()


def test_pauses_double_up_to_half_an_hour_and_a_fifth_and_are_the_same_for_everybody() -> None:
    pauses = [rules.find_pause(attempt, key="MSG-2026-0001:group") for attempt in range(1, 40)]
    assert pauses == [rules.find_pause(attempt, key="MSG-2026-0001:group") for attempt in range(1, 40)]
    assert all(later > earlier for earlier, later in pairwise(pauses[:5]))
    assert timedelta(minutes=1) <= pauses[0] <= timedelta(seconds=72)
    assert all(timedelta(minutes=30) <= pause <= timedelta(minutes=36) for pause in pauses[5:])
    assert len({rules.find_pause(1, key=f"MSG-2026-{number}:group") for number in range(50)}) > 20
    assert rules.find_pause(1, key="x", least=timedelta(minutes=10)) == timedelta(minutes=10)
    assert rules.find_pause(1, key="x", least=timedelta(days=9)) == timedelta(hours=2)


def test_a_clock_that_was_wrong_holds_nothing_back_for_years() -> None:
    now = datetime(2026, 3, 5, tzinfo=UTC)
    year = timedelta(days=365)
    assert rules.is_paused(now + timedelta(minutes=5), attempts=1, now=now)
    assert not rules.is_paused(now + timedelta(minutes=5), attempts=0, now=now)
    assert not rules.is_paused(now + year, attempts=1, now=now)
    assert not rules.is_paused(now, attempts=1, now=now)
    assert rules.is_claimed(now + timedelta(minutes=5), now)
    assert not rules.is_claimed(now, now)
    assert not rules.is_claimed(now + year, now)


@pytest.mark.parametrize(
    ("left", "limit", "stage"),
    [
        (16, 30, None), (15, 30, "half"), (10.1, 30, "half"), (10, 30, "ten"), (0, 30, "ten"), (-0.1, 30, "missed"),
        (91, 180, None), (90, 180, "half"), (241, 480, None), (240, 480, "half"), (10, 480, "ten"),
        (8, 15, "ten"), (11, 15, None),
    ],
)  # fmt: skip
def test_the_most_urgent_warning_that_is_due(left: float, limit: float, stage: str | None) -> None:
    lengths = {"left": timedelta(minutes=left), "limit": timedelta(minutes=limit)}
    assert rules.find_stage(**lengths, is_paused=False) == stage
    assert rules.find_stage(**lengths, is_paused=True) == ("missed" if stage == "missed" else None)


def test_numbers_of_people_are_masked_and_other_numbers_are_not() -> None:
    text = "请电 138 1234 5678 或 13912345678，证号 44010619900101123X、440106199001011234；工单 INC-2026-0001，端口 15432"
    assert mask_personal(text) == (
        "请电 138****5678 或 139****5678，证号 440106********123X、440106********1234；工单 INC-2026-0001，端口 15432"
    )
    assert mask_personal("序号 2026030511500000123456") == "序号 2026030511500000123456"


def test_what_is_hidden_or_marks_up_is_taken_out() -> None:
    assert clean("a\x1b[31mb\u202ec\u200bd\r\ne") == "a[31mbcd  e"
    assert clean("a\n\tb", keep_lines=True) == "a\n b"
    assert defuse("<@all> [x](http://y) **b** `c`") == "＜@all＞ ［x］(http://y) ＊＊b＊＊ 'c'"


@given(st.text(), st.integers(60, 4096))
def test_what_is_cut_fits_and_is_the_beginning(text: str, most: int) -> None:
    text = text.encode(errors="ignore").decode()
    tail = "…（全文：eduops alert show MSG-2026-0001）"
    found = cut(text, most_bytes=most, tail=tail)
    assert len(found.encode()) <= most
    assert found == text or (found.endswith(tail) and text.startswith(found.removesuffix(tail)))


def test_a_character_of_several_bytes_is_not_halved() -> None:
    assert cut("考试页面打不开", most_bytes=12, tail="…") == "考试页…"
    assert cut("ae\u0301e\u0301", most_bytes=5, tail="…") == "a…"


def test_days_of_the_contract_decide_what_is_free() -> None:
    made_up = Days(SHANGHAI, lambda day: day != date(2026, 3, 5))
    assert quiet_end(NIGHT_AND_FREE_DAYS, "2026-03-05 12:00:00", days=made_up) == "03-06 07:30"

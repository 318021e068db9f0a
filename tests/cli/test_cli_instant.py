"""Instants and days as people type and read them: in the contract's zone, whatever zone the machine has."""

import json
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cli.conftest import Typed, environment, spawn
from freezegun import freeze_time

from eduops.cli.instant import parse_as_of, parse_day, parse_days, parse_instant
from eduops.core.errors import UsageError

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 5, 3, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        (None, NOW),
        ("11:50", NOW),
        ("8:05", datetime(2026, 3, 5, 0, 5, tzinfo=UTC)),
        ("00:00", datetime(2026, 3, 4, 16, 0, tzinfo=UTC)),
        ("23:59", datetime(2026, 3, 5, 15, 59, tzinfo=UTC)),
        ("2026-03-05 11:50", NOW),
        (" 2026-03-05T11:50 ", NOW),
        ("2026-03-05 11:50:30", datetime(2026, 3, 5, 3, 50, 30, tzinfo=UTC)),
        ("2026-03-05T11:50:00+08:00", NOW),
        ("2026-03-05T04:50:00+01:00", NOW),
        ("2026-03-05T03:50:00Z", NOW),
        ("1970-01-01 00:00", datetime(1969, 12, 31, 16, 0, tzinfo=UTC)),
        ("2199-12-31 23:59", datetime(2199, 12, 31, 15, 59, tzinfo=UTC)),
    ],
)
def test_an_instant_without_offset_is_of_the_contracts_zone(text: str | None, instant: datetime) -> None:
    assert parse_instant(text, now=NOW, zone=SHANGHAI, option="--at") == instant


def test_a_bare_time_is_of_today_in_the_contracts_zone_although_it_is_yesterday_in_utc() -> None:
    past_midnight = datetime(2026, 3, 5, 17, 0, tzinfo=UTC)  # Friday 01:00 in Shanghai
    instant = parse_instant("00:30", now=past_midnight, zone=SHANGHAI, option="--at")
    assert instant == datetime(2026, 3, 5, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "昨天", "2026-03-05", "20260305", "24:00", "11:60", "2026-02-29 10:00", "1969-12-31 23:59", "2200-01-01 00:00",
     "0001-01-01 00:00", "9999-12-31T23:59:00-12:00"],
)  # fmt: skip
def test_what_is_no_instant_is_refused_by_its_option(text: str) -> None:
    with pytest.raises(UsageError, match="--at"):
        parse_instant(text, now=NOW, zone=SHANGHAI, option="--at")


def test_as_of_a_bare_day_is_its_end() -> None:
    end = datetime(2026, 3, 5, 16, 0, tzinfo=UTC)
    assert parse_as_of("2026-03-05", now=NOW, zone=SHANGHAI, option="--as-of") == end
    assert parse_as_of(None, now=NOW, zone=SHANGHAI, option="--as-of") == NOW


def test_days_are_both_included_and_either_may_be_left_out() -> None:
    monday, tuesday = datetime(2026, 3, 1, 16, 0, tzinfo=UTC), datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    assert parse_days("2026-03-02", "2026-03-02", zone=SHANGHAI) == (monday, tuesday)
    assert parse_days(None, "2026-03-02", zone=SHANGHAI) == (None, tuesday)
    assert parse_days("2026-03-02", None, zone=SHANGHAI) == (monday, None)
    assert parse_day(" 2026-03-02 ", option="--from") == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("from_", "to"),
    [("2026-03-02", "2026-03-01"), ("2026-3-2", None), ("0001-01-01", None), (None, "9999-12-31")],
)
def test_days_that_make_no_period_are_refused(from_: str | None, to: str | None) -> None:
    with pytest.raises(UsageError, match=r"--(from|to) "):
        parse_days(from_, to, zone=SHANGHAI)


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
def test_the_machines_zone_changes_nothing(home: Path, zone: str) -> None:
    abroad = environment(TZ=zone)
    words = ["ticket", "open", "--title", "虚构", "--at", "2026-03-05 09:00", "--json"]
    process = spawn(*words, stdout=subprocess.PIPE, env=abroad)
    assert json.loads(process.communicate()[0])["reported_at"] == "2026-03-05T01:00:00Z"
    process = spawn("ticket", "list", stdout=subprocess.PIPE, env=abroad)
    assert "2026-03-05 09:00" in process.communicate()[0].decode()


@pytest.mark.parametrize(
    "text",
    ["昨天", "2026-03-05", "2026-03-05T11:50:00", "0001-01-01T00:00:00+08:00", "9999-12-31T23:00:00-08:00"],
)
def test_a_malformed_present_is_a_sentence_and_writes_nothing(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("EDUOPS_NOW", text)
    told = typed("tenant", "sync")
    assert told.code == 3
    assert f"EDUOPS_NOW 的值「{text}」" in told.err
    monkeypatch.delenv("EDUOPS_NOW")
    assert typed("tenant", "list", "--json").json() == []


def test_a_command_reads_the_clock_itself_where_nobody_says_what_time_it_is(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EDUOPS_NOW")
    # A noun is imported when it is called: its models must see the real datetime.
    typed("ticket", "list")
    typed("audit", "list")
    with freeze_time("2026-03-06 01:02:03"):
        opened = typed("ticket", "open", "--title", "虚构", "--json").json()
        refused = typed("ticket", "respond", opened["ref"], "--at", "09:03")
    assert opened["reported_at"] == "2026-03-06T01:02:03Z"
    assert refused.code == 4
    with freeze_time("2026-03-06 01:03:00"):
        assert typed("ticket", "respond", opened["ref"], "--at", "09:03").code == 0
        assert typed("audit", "list", "--json").json()[0]["at"] == "2026-03-06T01:03:00Z"

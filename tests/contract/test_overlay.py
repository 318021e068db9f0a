"""Working days laid over the installed calendar: whole years and single days, each with its source."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from contract_case import at, incident

from eduops.contract.engine import evaluate
from eduops.contract.explain import explain_ticket
from eduops.contract.explain_text import render_explanation
from eduops.contract.fact import Facts
from eduops.contract.loader import OVERLAY_NAME, check_contract, load_contract
from eduops.contract.schema import Contract
from eduops.contract.working_day import WorkingDays
from eduops.core.errors import ConfigError
from eduops.core.shipped import find_shipped

SHIPPED = find_shipped("configs", "contracts", "remote-education-2024-2026.yaml")
# Invented (虚构): the real schedule of 2027 was not out when this was written.
YEAR_2027 = """\
schedules:
  - year: 2027
    source: 虚构的放假通知
    free: [2027-01-01, 2027-01-05, 2027-02-05]
    worked: [2027-01-09]
add: []
remove: [{on: 2027-01-07, source: 甲方通知（虚构）}]
"""


def _lay(tmp_path: Path, overlay: str | None, *, years: int = 3) -> Path:
    path = tmp_path / SHIPPED.name
    shutil.copyfile(SHIPPED, path)
    text = path.read_text(encoding="utf-8").replace("years: 2", f"years: {years}", 1)
    path.write_text(text, encoding="utf-8")
    if overlay is not None:
        (tmp_path / OVERLAY_NAME).write_text(overlay, encoding="utf-8")
    return path


def _days(contract: Contract) -> WorkingDays:
    return WorkingDays(contract.working_days)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2027-01-01", False),  # Friday, free
        ("2027-01-04", True),  # Monday, not named
        ("2027-01-05", False),  # Tuesday, free by the schedule
        ("2027-01-07", False),  # Thursday, free by the single day
        ("2027-01-09", True),  # Saturday, worked
        ("2027-01-10", False),  # Sunday, not named
        ("2027-05-03", True),  # Monday: what the law says is not added to what the schedule says
    ],
)
def test_a_year_in_the_overlay_is_known(tmp_path: Path, day: str, worked: bool) -> None:
    days = _days(load_contract(_lay(tmp_path, YEAR_2027)))
    assert days.is_working_day(date.fromisoformat(day)) is worked
    assert not days.is_provisional(date.fromisoformat(day))


def test_the_year_after_the_overlay_is_still_a_guess(tmp_path: Path) -> None:
    days = _days(load_contract(_lay(tmp_path, YEAR_2027)))
    assert days.known_until() == date(2027, 12, 31)
    assert days.is_provisional(date(2028, 1, 4))


def test_an_overlay_takes_provisional_off_the_answer_and_can_change_the_regime(tmp_path: Path) -> None:
    # Tuesday 2027-01-05 09:00 lies in the window by its weekday, and is free by the overlay.
    ticket = incident("2027-01-05 09:00")
    day, now = date(2027, 1, 5), at("2027-01-06 00:00")
    guessed = evaluate(
        load_contract(_lay(tmp_path, None)), Facts(tickets=(ticket,)), from_on=day, to_on=day, as_of=now
    )
    assert guessed.provisional
    contract = load_contract(_lay(tmp_path, YEAR_2027))
    known = evaluate(contract, Facts(tickets=(ticket,)), from_on=day, to_on=day, as_of=now)
    assert not known.provisional
    assert not _hours_of(contract, "2027-01-05 09:00")


def _hours_of(contract: Contract, instant: str) -> bool:
    return explain_ticket(contract, incident(instant), as_of=at(instant)).day.is_on_site


def test_an_explanation_names_the_schedule_it_went_by(tmp_path: Path) -> None:
    contract = load_contract(_lay(tmp_path, YEAR_2027))
    story = explain_ticket(contract, incident("2027-01-09 09:00"), as_of=at("2027-01-09 09:01"))
    said = "\n".join(render_explanation(story, contract.zone_info))
    assert "星期六，工作日（调休上班，据虚构的放假通知）" in said


@pytest.mark.parametrize(
    ("overlay", "said"),
    [
        ("schedules: [{year: 2027, free: [2027-01-01]}]", "缺少这一项"),
        ("schedules: [{year: 2027, source: 虚构, free: []}]", "至少要有一项"),
        ("schedules: [{year: 2027, source: 虚构, free: [2026-01-01]}]", "2026-01-01 不在 2027 年"),
        ("schedules: [{year: 2027, source: 虚构, free: [2027-01-01, 2027-01-01]}]", "写了不止一次"),
        (
            "schedules: [{year: 2027, source: 虚构, free: [2027-01-01], worked: [2027-01-04]}]",
            "调休上班的 2027-01-04 本来就是周一到周五",
        ),
        (
            "schedules: [{year: 2027, source: 虚构, free: [2027-01-01]}, "
            "{year: 2027, source: 虚构, free: [2027-01-02]}]",
            "同一年写了不止一次：2027 年",
        ),
        ("add: [{on: 2026-03-07, source: 虚构}]\nremove: [{on: 2026-03-07, source: 虚构}]", "2026-03-07"),
        ("shedules: []", "不认识的键「shedules」，是不是「schedules」？"),
        ("- 2027-01-01", "应是一组「键: 值」"),
        ("add: [", "YAML"),
    ],
)
def test_what_is_wrong_with_the_overlay_is_said_with_its_file(
    tmp_path: Path, overlay: str, said: str
) -> None:
    problems = check_contract(_lay(tmp_path, overlay))
    assert problems and all(problem.file.endswith(OVERLAY_NAME) for problem in problems)
    assert any(said in problem.message for problem in problems), problems


DOUBLES = """\
schedules:
  - year: 2027
    source: 虚构的放假通知
    free:
      - 2027-01-01
      - 2027-01-02
      - 2027-01-01
    worked: [2028-01-08]
  - year: 2027
    source: 虚构的放假通知
    free: [2027-02-05]
add:
  - {on: 2026-03-07, source: 虚构}
  - {on: 2026-03-08, source: 虚构}
  - {on: 2026-03-07, source: 虚构}
remove:
  - {on: 2026-03-08, source: 虚构}
"""


def test_a_double_day_is_named_at_the_line_of_the_second(tmp_path: Path) -> None:
    schedule = check_contract(_lay(tmp_path, DOUBLES))
    assert [(each.line, each.message) for each in schedule] == [
        (7, "2027-01-01 写了不止一次"),
        (8, "2028-01-08 不在 2027 年"),
    ]
    single = DOUBLES.replace("      - 2027-01-01\n    worked: [2028-01-08]\n", "", 1)
    assert [(each.line, each.message) for each in check_contract(_lay(tmp_path, single))] == [
        (7, "同一年写了不止一次：2027 年"),
        (13, "同一天写了不止一次：2026-03-07"),
        (15, "同一天写了不止一次：2026-03-08"),
    ]


def test_a_day_that_contract_and_overlay_both_change_is_refused(tmp_path: Path) -> None:
    path = _lay(tmp_path, "add:\n  - {on: 2026-03-14, source: 虚构}\n  - {on: 2026-03-07, source: 虚构}\n")
    text = path.read_text(encoding="utf-8").replace("  add: []", "  add: [{on: 2026-03-07, source: 虚构}]", 1)
    path.write_text(text, encoding="utf-8")
    (problem,) = check_contract(path)
    assert "与合同文件的 working_days 重复" in problem.message and "2026-03-07" in problem.message
    assert problem.line == 3


def test_an_empty_overlay_changes_nothing(tmp_path: Path) -> None:
    alone = load_contract(_lay(tmp_path, None))
    assert load_contract(_lay(tmp_path, "")) == alone
    assert load_contract(_lay(tmp_path, "schedules: []\nadd: []\nremove: []\n")) == alone


def test_a_wrong_overlay_is_not_blamed_on_the_contract(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load_contract(_lay(tmp_path, "shedules: []"))
    assert OVERLAY_NAME in raised.value.message
    assert SHIPPED.name not in raised.value.message

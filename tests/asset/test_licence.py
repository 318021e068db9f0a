"""When a licence is a finding: a row on each side of every edge."""

from datetime import date, timedelta

import pytest

from eduops.asset.rules.entry import NewLicence, list_slips
from eduops.asset.rules.licence import judge_licence, list_findings

TODAY = date(2026, 3, 5)


@pytest.mark.parametrize(
    ("days", "state"),
    [(-1, "expired"), (0, "within_7"), (7, "within_7"), (8, "within_30"), (30, "within_30"), (31, "within_90"),
     (90, "within_90"), (91, "valid")],
)  # fmt: skip
def test_the_last_day_is_still_valid_and_each_step_has_its_edge(days: int, state: str) -> None:
    licence = NewLicence("lic", "平台", valid_until=TODAY + timedelta(days=days))
    found = judge_licence(licence, TODAY)
    assert (found.state, found.days_left) == (state, days)
    assert bool(list_findings([licence], TODAY)) == (state != "valid")


def test_a_licence_without_an_end_is_a_finding_unless_it_is_perpetual() -> None:
    assert judge_licence(NewLicence("lic", "平台"), TODAY).state == "no_end"
    assert list_findings([NewLicence("lic", "平台", is_perpetual=True)], TODAY) == []


def test_the_most_urgent_stands_first() -> None:
    ends = {"a": 60, "b": -3, "c": 5}
    licences = [
        NewLicence(code, "平台", valid_until=TODAY + timedelta(days=days)) for code, days in ends.items()
    ]
    assert [each.code for each in list_findings([NewLicence("z", "平台"), *licences], TODAY)] == [
        "b",
        "c",
        "a",
        "z",
    ]


@pytest.mark.parametrize(
    ("text", "is_key"),
    [("ABCDE-12345-FGHIJ-67890", True), ("见 abcd-1234-efgh-5678 号", True), ("x" * 40, True),
     ("合同 2026-03-05 签", False),
     ("Windows Server 2022 标准版", False), ("HT-2026-0012", False)],
)  # fmt: skip
def test_what_looks_like_a_key_is_refused_in_any_field(text: str, is_key: bool) -> None:
    said = [slip.message for slip in list_slips(NewLicence("lic", "平台", note=text))]
    assert any("密钥" in each for each in said) == is_key

"""How long licences still run: a finding at 90, 30 and 7 days before their last day, and after it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from eduops.asset.rules.entry import NewLicence

STEPS_DAYS = (7, 30, 90)
"""From how many days before the last one on a licence is a finding; the narrowest that holds names it."""
STATES = {
    "expired": "已过期",
    "within_7": "7 天内到期",
    "within_30": "30 天内到期",
    "within_90": "90 天内到期",
    "no_end": "没有到期日",
    "valid": "有效",
    "perpetual": "永久",
}
FINE = ("valid", "perpetual")


@dataclass(frozen=True, slots=True)
class LicenceFinding:
    """How a licence stands on a day; `days_left` counts from that day to its last one, which is day 0."""

    code: str
    product: str
    state: str
    valid_until: date | None
    days_left: int | None
    text: str


def judge_licence(licence: NewLicence, today: date) -> LicenceFinding:
    """How a licence stands today. One with no end written down is a finding too: nothing known is not "valid"."""
    left = None if licence.valid_until is None else (licence.valid_until - today).days
    state = _find_state(licence, left)
    text = f"{licence.product}：{_say(state, licence.valid_until, left)}"
    return LicenceFinding(licence.code, licence.product, state, licence.valid_until, left, text)


def list_findings(licences: Iterable[NewLicence], today: date) -> list[LicenceFinding]:
    """What has to be renewed or looked up, the most urgent first."""
    found = (judge_licence(licence, today) for licence in licences)
    return sorted(
        _list_open(found), key=lambda each: (each.days_left is None, each.days_left or 0, each.code)
    )


def _list_open(found: Iterable[LicenceFinding]) -> Iterator[LicenceFinding]:
    return (each for each in found if each.state not in FINE)


def _find_state(licence: NewLicence, left: int | None) -> str:
    if left is None:
        return "perpetual" if licence.is_perpetual else "no_end"
    if left < 0:
        return "expired"
    return next((f"within_{days}" for days in STEPS_DAYS if left <= days), "valid")


def _say(state: str, until: date | None, left: int | None) -> str:
    match state:
        case "perpetual":
            return "永久有效"
        case "no_end":
            return "没有写到期日，也没有写永久，不知道是否有效；查授权书后用 licence renew 补上"
        case "expired":
            return f"{until} 已到期，过了 {-(left or 0)} 天"
    return f"{until} 到期，还有 {left} 天" if left else f"{until} 到期，今天是最后一天"

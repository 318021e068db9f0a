"""The quarters that a report may be asked for: calendar quarters, or those counted from the contract's start."""

import re
from datetime import timedelta

from eduops.contract import period as periods
from eduops.contract.schema import Contract
from eduops.core.errors import UsageError
from eduops.report.fact import Period
from eduops.report.rules import build_quarter, next_quarter

_DIGITS = "零一二三四五六七八九十"


def parse_quarter(contract: Contract, text: str) -> Period:
    """`2026Q3`, or `Y1Q4` where the contract counts its own quarters; a calendar quarter is never cut by the term.

    Raises UsageError that lists the term's quarters.
    """
    found = next((each for each in periods.list_quarters(contract) if each.label == text), None)
    if found is None:
        labels = [each.label for each in periods.list_quarters(contract)]
        raise UsageError(f"合同里没有季度 {text}", hint=f"可选：{'、'.join(labels)}")
    if contract.policy.quarter == "calendar":
        return build_quarter(found.start_on.year, (found.start_on.month + 2) // 3)
    return _own_quarter(found)


def next_period(contract: Contract, period: Period) -> Period:
    """The quarter after a quarter, counted the same way."""
    if contract.policy.quarter == "calendar":
        return next_quarter(period)
    following = periods.find_period(periods.list_quarters(contract), period.to_on + timedelta(days=1))
    return _own_quarter(following) if following else next_quarter(period)


def _own_quarter(quarter: periods.Period) -> Period:
    match = re.fullmatch(r"Y(\d+)Q(\d)", quarter.label)
    label = (
        quarter.label if match is None else f"第{_spoken(int(match[1]))}合同年第{_DIGITS[int(match[2])]}季度"
    )
    return Period(label, quarter.start_on, quarter.last_on)


def _spoken(number: int) -> str:
    return _DIGITS[number] if number <= 10 else str(number)

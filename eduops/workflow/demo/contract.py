"""The demo's contract: the shipped one, its term moved so that it contains today, its quarters counted from there."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from eduops.contract.loader import load_contract
from eduops.contract.period import add_months, find_period, list_quarters
from eduops.contract.schema import Contract
from eduops.core.errors import ConfigError
from eduops.core.files import write_whole

_MONTHS_BEFORE = 11


@dataclass(frozen=True, slots=True)
class DemoContract:
    """The copy, and the quarter of it that contains today."""

    contract: Contract
    path: Path
    quarter: str
    from_on: date
    to_on: date


def copy_contract(source: Path, target: Path, *, today: date) -> DemoContract:
    """Writes the copy: the term begins eleven months ago on the first, so that a quarter ends with this month."""
    start = add_months(today.replace(day=1), -_MONTHS_BEFORE)
    text = source.read_text(encoding="utf-8")
    text = _replace(text, r"(?m)^(term:\s*\{start:\s*)[\d-]+", rf"\g<1>{start}")
    text = _replace(text, r"(?m)^(\s+quarter:\s*)\w+", r"\g<1>contract")
    note = f"# 演示用的副本：期限改为自 {start} 起两年，季度自合同起始日计；其余与随附的合同文件相同。\n"
    write_whole(target, note + text)
    contract = load_contract(target)
    quarter = find_period(list_quarters(contract), today)
    assert quarter is not None  # noqa: S101 - the term was moved around today
    return DemoContract(contract, target, quarter.label, quarter.start_on, quarter.last_on)


def _replace(text: str, pattern: str, replacement: str) -> str:
    changed, count = re.subn(pattern, replacement, text, count=1)
    if count != 1:
        raise ConfigError("随附的合同文件里找不到期限或季度设置", hint="重新安装 eduops")
    return changed

"""What an optimisation came to (clause 5.2(5)): the change in percent of the figure before, better or worse."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

VERDICTS = {"better": "变好", "worse": "变差", "same": "没有变化"}
_LARGEST = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class Effect:
    """`change_percent` is (after - before) / before x 100, None where there was nothing before; verdict: see VERDICTS."""

    change_percent: Decimal | None
    verdict: str


def judge_effect(before: float, after: float, *, is_lower_better: bool) -> Effect:
    """How a figure changed."""
    old, new = Decimal(str(before)), Decimal(str(after))
    percent = (new - old) / abs(old) * 100 if old else None
    if new == old:
        return Effect(percent, "same")
    return Effect(percent, "better" if (new < old) == is_lower_better else "worse")


def say_percent(percent: Decimal | None) -> str:
    """+12.5%, as it is shown; a dash where it cannot be computed."""
    return "—（原来为 0）" if percent is None else f"{percent:+.1f}%"


def find_figure(text: str) -> float | None:
    """The figure in a text; None where it is no plain number."""
    try:
        value = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return None
    return float(value) if value.is_finite() and abs(value) < _LARGEST else None

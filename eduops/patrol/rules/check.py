"""What a patrol says of one thing on a host: a state, a figure where there is one, a sentence."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from eduops.patrol.rules.threshold import Limits

_LONGEST_TEXT = 400
_LONGEST_ITEM = 200


class State(StrEnum):
    """The five states, of a check and of a host; the worse ones come later. What is missing is never normal."""

    NORMAL = "normal"
    NOT_CHECKED = "not_checked"
    CANNOT_TELL = "cannot_tell"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for normal, higher for worse."""
        return _RANKS[self]

    @property
    def is_alarm(self) -> bool:
        """Whether something was found, rather than not seen."""
        return self in (State.WARNING, State.CRITICAL)

    def is_problem(self, *, is_mandatory: bool) -> bool:
        """Whether it keeps its host from being normal: only what need not be looked at may be left unlooked at."""
        return self is not State.NORMAL and (is_mandatory or self is not State.NOT_CHECKED)


_RANKS = {state: rank for rank, state in enumerate(State)}
STATE_WORDS = {
    State.NORMAL: "正常",
    State.NOT_CHECKED: "未检查",
    State.CANNOT_TELL: "无法判断",
    State.WARNING: "警告",
    State.CRITICAL: "严重",
}


class Check(NamedTuple):
    """One thing looked at. `metric` and `item` (a mount, a service, an address) name it from patrol to patrol.

    `threshold` is the limit that was reached, else the nearest one; `value` and it are in `unit`.
    """

    # A tuple and no dataclass: a year of documents has a million checks, and each is compared with the row that is kept.

    metric: str
    item: str
    state: State
    text: str
    value: float | None = None
    unit: str = ""
    threshold: float | None = None
    probe: str = ""
    is_mandatory: bool = True


def build_check(metric: str, item: str, state: State, text: str, *, is_mandatory: bool = True) -> Check:
    """A check without a figure."""
    return Check(metric, item[:_LONGEST_ITEM], state, text[:_LONGEST_TEXT], is_mandatory=is_mandatory)


def judge_value(
    metric: str, item: str, value: float | None, limits: Limits, *, title: str, unit: str
) -> Check:
    """A figure against its two limits; at the limit counts as reached. No figure, no telling."""
    subject = f"{item} {title}" if item else title
    if value is None:
        return build_check(metric, item, State.CANNOT_TELL, f"{subject}：文档中没有可用的数值")
    state, threshold = State.NORMAL, limits.warning
    if limits.is_reached(value, limits.critical):
        state, threshold = State.CRITICAL, limits.critical
    elif limits.is_reached(value, limits.warning):
        state = State.WARNING
    text = f"{subject} {render_figure(value)}{unit}"
    if state.is_alarm:
        text += f"，达到{STATE_WORDS[state]}限 {render_figure(threshold)}{unit}"
    item = item[:_LONGEST_ITEM]
    return Check(metric, item, state, text[:_LONGEST_TEXT], value=value, unit=unit, threshold=threshold)


def judge_alarm(metric: str, item: str, is_fine: bool | None, *, good: str, bad: str) -> Check:
    """A yes or no whose no is critical; None where nobody could say."""
    match is_fine:
        case True:
            return build_check(metric, item, State.NORMAL, f"{item} {good}".strip())
        case False:
            return build_check(metric, item, State.CRITICAL, f"{item} {bad}".strip())
        case None:
            return build_check(
                metric, item, State.CANNOT_TELL, f"{item} 的结果无法识别，不知是否{good}".strip()
            )


def judge_host(checks: Iterable[Check]) -> State:
    """A host's state: its worst problem; normal only where every mandatory check was made and nothing was found."""
    checks, normal = list(checks), State.NORMAL
    if not checks:
        return State.NOT_CHECKED
    # Most are normal: those are passed over first.
    problems = [
        check.state
        for check in checks
        if check.state is not normal and check.state.is_problem(is_mandatory=check.is_mandatory)
    ]
    return max(problems, key=lambda state: state.rank, default=normal)


def render_figure(value: float) -> str:
    """A figure without needless noughts: 80, 2.5, 0.0004."""
    return f"{value:.10g}"

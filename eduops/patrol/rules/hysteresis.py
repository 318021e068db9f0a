"""Alarms that do not flap: a level begins at its limit and ends only a margin past it.

Each limit is a Schmitt trigger (O. H. Schmitt, "A thermionic trigger", Journal of Scientific Instruments 15, 1938): what
it says between its two edges is what it said before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eduops.patrol.rules.check import STATE_WORDS, Check, State, render_figure
from eduops.patrol.rules.threshold import Ceiling, Floor, Limits, Thresholds

Key = tuple[str, str]
"""Metric and item: what names a check from patrol to patrol."""

_LONGEST_TEXT = 400
_LIMITS = (Ceiling, Floor)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the host's patrol before said of a figure, and the limit by which it said so."""

    state: State
    threshold: float


def list_seen(checks: Iterable[Check]) -> dict[Key, Seen]:
    """The figures that alarmed; of two checks with one name the worse."""
    seen: dict[Key, Seen] = {}
    normal = State.NORMAL
    for check in checks:
        if (
            check.state is normal
            or check.value is None
            or check.threshold is None
            or not check.state.is_alarm
        ):
            continue
        key = (check.metric, check.item)
        if key not in seen or check.state.rank > seen[key].state.rank:
            seen[key] = Seen(check.state, check.threshold)
    return seen


def hold(check: Check, thresholds: Thresholds, previous: Mapping[Key, Seen]) -> Check:
    """The check, its level kept where the patrol before had it and the figure is not far enough past the limit.

    It is taken as it is where nothing was seen before, where what was seen was no figure, and where the limit
    has been changed since.
    """
    seen = previous.get((check.metric, check.item))
    if seen is None or check.value is None or check.state is State.CRITICAL:
        return check
    limits = getattr(thresholds, check.metric, None)
    if not isinstance(limits, _LIMITS) or _limit_of(limits, seen.state) != seen.threshold:
        return check
    # Who was critical was a warning too: the lower level may hold where the upper one ends.
    for state in (State.CRITICAL, State.WARNING):
        limit = _limit_of(limits, state)
        clear = limits.clear_limit(limit, thresholds.margin_percent)
        if check.state.rank < state.rank <= seen.state.rank and limits.is_reached(check.value, clear):
            return _keep(check, state, limit, clear, is_ceiling=isinstance(limits, Ceiling))
    return check


def _limit_of(limits: Limits, state: State) -> float:
    return limits.critical if state is State.CRITICAL else limits.warning


def _keep(check: Check, state: State, limit: float, clear: float, *, is_ceiling: bool) -> Check:
    past = "低于" if is_ceiling else "高于"
    unit = check.unit
    # The figure alone, without what the plain judgement said of its own level.
    said = check.text.rpartition("，达到")[0] if check.state.is_alarm else check.text
    text = (
        f"{said}，此前已达到{STATE_WORDS[state]}限 {render_figure(limit)}{unit}，"
        f"{past} {render_figure(clear)}{unit} 才解除"
    )
    return check._replace(state=state, threshold=limit, text=text[:_LONGEST_TEXT])

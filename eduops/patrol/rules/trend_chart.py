"""A figure over time as an SVG picture: its points, the line through them, and between which slopes it lies."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from eduops.patrol.rules.check import render_figure
from eduops.patrol.rules.trend import CONFIDENCE_PERCENT, Line, Point, Trend, render_days

_WIDTH, _HEIGHT = 960, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 24, 64, 52
_STEPS = 5
_DAY_SECONDS = 86_400
# How far the line is carried on, as a share of the time that was measured.
_AHEAD_SHARE = 0.33
_FONT = "font-family=\"'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif\""


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where instants and values lie in the picture."""

    first: datetime
    last: datetime
    low: float
    high: float

    def x(self, at: datetime) -> float:
        share = (at - self.first) / ((self.last - self.first) or timedelta(seconds=1))
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)


def render_chart(
    points: Sequence[Point],
    trend: Trend,
    *,
    title: str,
    full: float | None,
    zone: ZoneInfo,
    render: Callable[[float], str] = render_figure,
) -> str:
    """The picture of a figure with at least one point; `render` tells a value with its unit."""
    frame = _build_frame(points, trend, full)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" {_FONT} font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        _text(_LEFT, 26, title, 'font-size="17" font-weight="bold" fill="#1f2933"'),
        _text(_LEFT, 47, _subtitle(trend, full, render), 'fill="#52606d"'),
        *_draw_grid(frame, zone, render),
        *_draw_full(frame, full),
        *_draw_line(frame, trend),
        *(_dot(frame, point, is_used=_is_used(point, trend)) for point in points),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _build_frame(points: Sequence[Point], trend: Trend, full: float | None) -> _Frame:
    first, last = points[0].at, points[-1].at
    ahead = max((last - first) * _AHEAD_SHARE, timedelta(days=1)) if trend.line else timedelta(days=1)
    values = [point.value for point in points]
    if trend.line:
        values.append(trend.line.level + trend.line.slope * (ahead.total_seconds() / _DAY_SECONDS))
    low, high = min(values), max(values)
    room = (high - low) * 0.1 or abs(high) * 0.05 or 1.0
    top = high + room
    return _Frame(first, last + ahead, max(0.0, low - room), min(top, full * 1.02) if full else top)


def _subtitle(trend: Trend, full: float | None, render: Callable[[float], str]) -> str:
    if trend.line is None:
        return trend.reason
    said = f"每天 {_signed(trend.line.slope, render)}（{CONFIDENCE_PERCENT}% 区间 {_interval(trend.line, render)}）"
    return f"{said}，{render_days(trend)}" if full is not None else said


def _interval(line: Line, render: Callable[[float], str]) -> str:
    low, high = ("不定" if end is None else _signed(end, render) for end in (line.low, line.high))
    return f"{low} ～ {high}"


def _signed(value: float, render: Callable[[float], str]) -> str:
    return f"{'+' if value >= 0 else '-'}{render(abs(value))}"


def _draw_grid(frame: _Frame, zone: ZoneInfo, render: Callable[[float], str]) -> Iterator[str]:
    for value in _list_marks(frame):
        y = frame.y(value)
        yield f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}" stroke="#e4e7eb"/>'
        yield _text(_LEFT - 8, y + 4, render(value), 'text-anchor="end" fill="#52606d"')
    for step in range(_STEPS + 1):
        at = frame.first + (frame.last - frame.first) * step / _STEPS
        day = at.astimezone(zone).strftime("%Y-%m-%d")
        anchor = "end" if step == _STEPS else "middle" if step else "start"
        yield _text(frame.x(at), _HEIGHT - _BOTTOM + 22, day, f'text-anchor="{anchor}" fill="#52606d"')


def _list_marks(frame: _Frame) -> Iterator[float]:
    """Round values between the lowest and the highest: 1, 2 or 5 and noughts apart."""
    rough = (frame.high - frame.low) / _STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(share * power for share in (1, 2, 5, 10) if share * power >= rough)
    for place in range(math.ceil(frame.low / step), math.floor(frame.high / step) + 1):
        yield round(place * step, 12)


def _draw_full(frame: _Frame, full: float | None) -> Iterator[str]:
    if full is not None and full <= frame.high:
        y = frame.y(full)
        yield (
            f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}" '
            'stroke="#c81e1e" stroke-dasharray="6 4"/>'
        )
        yield _text(_WIDTH - _RIGHT, y - 6, "写满", 'text-anchor="end" fill="#c81e1e"')


def _draw_line(frame: _Frame, trend: Trend) -> Iterator[str]:
    line = trend.line
    if line is None:
        return
    start, end = trend.points[0].at, trend.points[-1].at
    if line.low is not None and line.high is not None:
        corners = [(end, line.level), (frame.last, _at(line, line.high, end, frame.last))]
        corners.append((frame.last, _at(line, line.low, end, frame.last)))
        shape = " ".join(f"{frame.x(at)},{frame.y(value)}" for at, value in corners)
        yield f'<polygon points="{shape}" fill="#1c64f2" fill-opacity="0.15"/>'
    for first, last, dash in ((start, end, ""), (end, frame.last, ' stroke-dasharray="7 5"')):
        ends = (
            f'x1="{frame.x(first)}" y1="{frame.y(_at(line, line.slope, end, first))}" '
            f'x2="{frame.x(last)}" y2="{frame.y(_at(line, line.slope, end, last))}"'
        )
        yield f'<line {ends} stroke="#1c64f2" stroke-width="2"{dash}/>'


def _at(line: Line, slope: float, end: datetime, at: datetime) -> float:
    return line.level + slope * ((at - end).total_seconds() / _DAY_SECONDS)


def _is_used(point: Point, trend: Trend) -> bool:
    """Whether the line is drawn through it, or would be; those before a clean-up are pale."""
    return bool(trend.points) and point.at >= trend.points[0].at


def _dot(frame: _Frame, point: Point, *, is_used: bool) -> str:
    colour = "#1f2933" if is_used else "#9aa5b1"
    return f'<circle cx="{frame.x(point.at)}" cy="{frame.y(point.value)}" r="2.6" fill="{colour}"/>'


def _text(x: float, y: float, text: str, looks: str) -> str:
    kept = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return f'<text x="{x}" y="{y}" {looks}>{escape(kept)}</text>'

"""A host's figures over time: where each is going, and how it changed since the patrol before."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from eduops.asset.models import Host
from eduops.patrol.queries import history
from eduops.patrol.rules.trend import Point, Trend, build_trend

_FULL_PERCENT = 100.0
_CAPACITIES = ("disk_percent", "inodes_percent")
"""The figures that come to an end at 100."""
_ITSELF = "disk_days"
"""A trend's own figure: shown where it is asked for."""
_AHEAD = timedelta(days=1)
"""What was measured on a clock a little ahead of ours belongs to today too."""


@dataclass(frozen=True, slots=True)
class ItemTrend:
    """One figure of a host: all its points in the window, the line through them, the change since the one before."""

    metric: str
    item: str
    unit: str
    points: tuple[Point, ...]
    trend: Trend
    full: float | None

    @property
    def change(self) -> float | None:
        """Since the last patrol but one; None where there is only one."""
        return self.points[-1].value - self.points[-2].value if len(self.points) > 1 else None


def list_trends(
    session: Session, host: Host, *, now: datetime, days: int, metric: str | None = None
) -> list[ItemTrend]:
    """Every figure of the host in the last `days`, in the order in which the patrols tell them."""
    assert host.id is not None  # noqa: S101 - it comes from the database
    figures = history.list_figures(
        session, host.id, since=now - timedelta(days=days), until=now + _AHEAD, metric=metric
    )
    points: dict[tuple[str, str], list[Point]] = {}
    units: dict[tuple[str, str], str] = {}
    for figure in figures:
        if figure.metric == _ITSELF and metric is None:
            continue
        key = (figure.metric, figure.item)
        points.setdefault(key, []).append(figure.point)
        units[key] = figure.unit
    return [
        ItemTrend(
            name, item, units[name, item], tuple(found), build_trend(found, full=_full(name)), _full(name)
        )
        for (name, item), found in points.items()
    ]


def list_metrics(session: Session, host: Host, *, now: datetime, days: int) -> list[str]:
    """The names of the host's figures of the last `days`, in the order in which the patrols tell them."""
    assert host.id is not None  # noqa: S101 - it comes from the database
    return history.list_metrics(session, host.id, since=now - timedelta(days=days), until=now + _AHEAD)


def _full(metric: str) -> float | None:
    return _FULL_PERCENT if metric in _CAPACITIES else None

"""A chart as plain values, before it is drawn."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

ChartKind = Literal["column", "stacked_column", "line", "pie"]


@dataclass(frozen=True, slots=True)
class Series:
    """One row of figures with its name; None is a figure that is not known, and is left out of the drawing."""

    name: str
    values: tuple[int | Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What a template places with `{{ chart('name') }}`; the sizes fit between the margins of an A4 page.

    Raises ValueError where a series is not as long as the categories, or there is nothing to draw.
    """

    name: str
    kind: ChartKind
    title: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    width_mm: int = 152
    height_mm: int = 76

    def __post_init__(self) -> None:
        if not self.categories or not self.series:
            raise ValueError(f"chart {self.name!r} has nothing to draw")
        if any(len(series.values) != len(self.categories) for series in self.series):
            raise ValueError(f"chart {self.name!r}: every series needs {len(self.categories)} values")
        if self.kind == "pie" and len(self.series) > 1:
            raise ValueError(f"chart {self.name!r}: a pie has one series")

"""A drawing of the panorama, finished but for the format: boxes and lines in pixels, from the top left."""

from dataclasses import dataclass

from eduops.asset.rules.map_text import Label

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `parent` is the id of the box that it lies in. `role`: frame, host, service, system."""

    id: str
    role: str
    x: float
    y: float
    width: float
    height: float
    title: Label
    notes: tuple[Label, ...] = ()
    parent: str = ""
    kind: str = ""
    """Of a frame its environment, of a service its kind."""
    is_stopped: bool = False
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line from box to box with right angles; arrows stand at its start, its end or both.

    `role`: interface or need. `label_room` is how long from the start the label may be, in pixels.
    """

    id: str
    role: str
    start: str
    end: str
    points: tuple[Point, ...]
    has_start_arrow: bool
    has_end_arrow: bool
    label: Label
    label_room: float = 0
    colour: int = 0
    is_stopped: bool = False
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Dot:
    """Where lines to one needed service meet, as against lines that only cross."""

    x: float
    y: float
    colour: int
    is_stopped: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """The whole drawing."""

    title: str
    subtitle: str
    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    dots: tuple[Dot, ...]
    legend: tuple[str, ...]
    legend_y: float
    has_stop: bool = False

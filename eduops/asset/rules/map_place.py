"""How high everything of the panorama stands: frames of campus and environment, in them hosts in two lanes.

All rows stand on one grid. The ports of the left lane, of the right lane and of the systems lie at different fractions
of it, so that no two horizontal lines ever lie on each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eduops.asset.rules.entry import NewInterface, NewService
from eduops.asset.rules.host import NewHost

GRID = 26
HEAD, GAP = 50, 28
"""A host's head and the gap below it are three rows together: every host of a lane begins on the grid."""
TOP = 78
_FRAME_HEAD, _FRAME_GAP = 40, GRID
_LEFT_SHIFT = 6
_IN_PORT, _OUT_PORT, _SIDE_PORT = 7, 19, 13
_SYSTEM_GAP = GRID


@dataclass(frozen=True, slots=True)
class RowPlace:
    """A service's row; `needed_y` is where lines of what needs it arrive, `needs_y` where its own begin."""

    service: NewService
    is_left: bool
    y: float
    height: float

    @property
    def needed_y(self) -> float:
        return self.y + _IN_PORT

    @property
    def needs_y(self) -> float:
        return self.y + _OUT_PORT

    def side_y(self, number: int) -> float:
        """Where the line of its interface of this number leaves, from 0."""
        return self.y + GRID * number + _SIDE_PORT


@dataclass(frozen=True, slots=True)
class HostPlace:
    """A host, its lane and its rows."""

    host: NewHost
    is_left: bool
    y: float
    height: float
    rows: tuple[RowPlace, ...]


@dataclass(frozen=True, slots=True)
class FramePlace:
    """The hosts of a campus and environment."""

    campus: str
    environment: str
    y: float
    height: float
    hosts: tuple[HostPlace, ...]


@dataclass(frozen=True, slots=True)
class SystemPlace:
    """Another system, its interfaces from top to bottom."""

    name: str
    y: float
    interfaces: tuple[NewInterface, ...]

    @property
    def height(self) -> float:
        return GRID * max(2, len(self.interfaces))

    def port_y(self, number: int) -> float:
        return self.y + GRID * number + (self.height - GRID * len(self.interfaces)) // 2 + _SIDE_PORT


def place_frames(
    hosts: Iterable[NewHost], services: Iterable[NewService], interfaces: Sequence[NewInterface]
) -> list[FramePlace]:
    """The frames from top to bottom: by campus, production first; hosts with interfaces in the right lane."""
    counts = {each.code: max(1, sum(one.service == each.code for one in interfaces)) for each in services}
    on: dict[str, list[NewService]] = {}
    for service in services:
        on.setdefault(service.host, []).append(service)
    outward = {each.service for each in interfaces}
    groups: dict[tuple[bool, str, str], list[NewHost]] = {}
    for host in hosts:
        groups.setdefault((not host.campus, host.campus or "", host.environment.value), []).append(host)
    frames: list[FramePlace] = []
    y = float(TOP)
    for (_, campus, environment), members in sorted(groups.items(), key=lambda each: each[0]):
        placed = tuple(_place_hosts(members, on, counts, outward, y + _FRAME_HEAD))
        bottom = max(each.y + each.height for each in placed) + GAP - (_LEFT_SHIFT + 2)
        height = -((y - bottom) // GRID) * GRID
        frames.append(FramePlace(campus, environment, y, height, placed))
        y += height + _FRAME_GAP
    return frames


def _place_hosts(
    hosts: Sequence[NewHost],
    on: Mapping[str, Sequence[NewService]],
    counts: Mapping[str, int],
    outward: set[str],
    top: float,
) -> Iterable[HostPlace]:
    """Hosts without interfaces stand at the left, as long as the left lane is the shorter one."""
    ends = {True: top + _LEFT_SHIFT, False: top}
    facing = {host.code: any(each.code in outward for each in on.get(host.code, ())) for host in hosts}
    for host in sorted(hosts, key=lambda each: (not facing[each.code], each.code)):
        services = on.get(host.code, ())
        height = HEAD + GRID * max(1, sum(counts[each.code] for each in services))
        is_left = not facing[host.code] and ends[True] <= ends[False] + height
        y = ends[is_left]
        ends[is_left] = y + height + GAP
        yield HostPlace(host, is_left, y, height, tuple(_place_rows(services, counts, is_left, y + HEAD)))


def _place_rows(
    services: Sequence[NewService], counts: Mapping[str, int], is_left: bool, y: float
) -> Iterable[RowPlace]:
    for service in services:
        height = GRID * counts[service.code]
        yield RowPlace(service, is_left, y, height)
        y += height


def place_systems(interfaces: Sequence[NewInterface], ports: Mapping[str, float]) -> list[SystemPlace]:
    """The other systems, each as near as can be to where its interfaces leave (`ports`, by interface)."""
    systems: dict[str, list[NewInterface]] = {}
    for each in sorted(interfaces, key=lambda one: ports[one.code]):
        systems.setdefault(each.system, []).append(each)
    middles = {name: sum(ports[each.code] for each in mine) / len(mine) for name, mine in systems.items()}
    # Off the grid of what leaves the services, by half a row.
    shift = (min(ports.values(), default=0) % GRID) % GRID
    places: list[SystemPlace] = []
    y = float(TOP)
    for name in sorted(systems, key=lambda each: (middles[each], each)):
        mine = tuple(systems[name])
        height = GRID * max(2, len(mine))
        wanted = max(y, middles[name] - height / 2)
        # The one port of a single interface lies in the middle, half a row from where ports lie otherwise.
        own = shift + (_SIDE_PORT if len(mine) == 1 else 0)
        placed = SystemPlace(name, -(-(wanted - own) // GRID) * GRID + own, mine)
        places.append(placed)
        y = placed.y + placed.height + _SYSTEM_GAP
    return places


def share_tracks(spans: Sequence[tuple[float, float]]) -> list[int]:
    """A track for every vertical line, so that none touches another in its track; shorter lines get the inner ones."""
    tracks: list[list[tuple[float, float]]] = []
    found = [0] * len(spans)
    for index in sorted(range(len(spans)), key=lambda each: (spans[each][1] - spans[each][0], spans[each])):
        low, high = spans[index]
        for number in range(len(tracks) + 1):
            if number == len(tracks):
                tracks.append([])
            if all(high < other_low or low > other_high for other_low, other_high in tracks[number]):
                tracks[number].append((low, high))
                found[index] = number
                break
    return found

"""The panorama drawn: boxes of frames, hosts, services and systems, lines of interfaces and needs between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from eduops.asset.rules import word
from eduops.asset.rules.entry import NewInterface, NewService
from eduops.asset.rules.impact import Impact, list_hosts, list_interfaces, list_services
from eduops.asset.rules.inventory import Inventory
from eduops.asset.rules.map_place import (
    GRID,
    TOP,
    FramePlace,
    HostPlace,
    RowPlace,
    SystemPlace,
    place_frames,
    place_systems,
    share_tracks,
)
from eduops.asset.rules.map_scene import Box, Dot, Line, Scene
from eduops.asset.rules.map_text import Label, cut, width_of, wrap

BIG, SMALL, _BIGGEST = 14, 12, 22
"""Font sizes in pixels."""
HOST_WIDTH, SYSTEM_WIDTH = 340, 200
_MARGIN, _PADDING, _TRACK = 30, 18, 14
_LABEL_ROOM = 290
_NAME_ROOM, _DETAIL_ROOM = 164, 138
_COLOURS = 8
_LEGEND = (
    "实线：接口，箭头是数据的方向，线上是接口名称、协议和端口",
    "细线：服务之间的依赖，箭头指向被依赖的服务，圆点处相接，没有圆点处只是交叉",
)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the columns stand from left to right, in pixels."""

    left: float
    gutter: float
    right: float
    frame_end: float
    bends: float
    systems: float


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What is drawn, and where it stands vertically."""

    frames: Sequence[FramePlace]
    systems: Sequence[SystemPlace]
    rows: Mapping[str, RowPlace]
    needs: Mapping[str, tuple[str, ...]]
    """Needed service → the services that need it."""
    bus_tracks: Mapping[str, int]
    ports: Mapping[str, float]
    bends: Mapping[str, int]
    stopped: frozenset[str]
    columns: _Columns


def build_scene(inventory: Inventory, *, title: str, impact: Impact | None = None) -> Scene:
    """The drawing of everything in use; with an impact, what stops is marked. The same data give the same drawing."""
    drawing = _arrange(inventory, impact)
    lines, dots = list(_draw_interfaces(drawing)), list(_draw_dots(drawing))
    boxes = [*_draw_frames(drawing, impact), *_draw_systems(drawing)]
    lines = [*_draw_needs(drawing), *lines]
    bottom = max((each.y + each.height for each in boxes), default=TOP)
    columns = drawing.columns
    width = (columns.systems + SYSTEM_WIDTH if drawing.systems else columns.frame_end) + _MARGIN
    subtitle = _count(inventory, drawing)
    needed = max(width_of(text, SMALL) for text in (*_LEGEND, subtitle)) + 2 * _MARGIN
    legend_y = bottom + 2 * GRID
    width = max(width, needed)
    shown = cut(title, width - 2 * _MARGIN, _BIGGEST).lines[0]
    return Scene(
        shown, subtitle, width, legend_y + 4 * GRID, tuple(boxes), tuple(lines), tuple(dots), _LEGEND, legend_y,
        impact is not None,
    )  # fmt: skip


def _arrange(inventory: Inventory, impact: Impact | None) -> _Drawing:
    services = list_services(inventory)
    interfaces = [each for each in list_interfaces(inventory) if each.service in services]
    frames = place_frames(list_hosts(inventory).values(), list(services.values()), interfaces)
    rows = {row.service.code: row for frame in frames for host in frame.hosts for row in host.rows}
    ports = _find_ports(interfaces, rows)
    systems = place_systems(interfaces, ports)
    ends = {each.code: place.port_y(n) for place in systems for n, each in enumerate(place.interfaces)}
    spans = [(min(ports[code], ends[code]), max(ports[code], ends[code])) for code in ports]
    bends = dict(zip(ports, share_tracks(spans), strict=True))
    needs = _find_needs(rows)
    bus_tracks = dict(
        zip(needs, share_tracks([_span(rows, needed, needs[needed]) for needed in needs]), strict=True)
    )
    columns = _find_columns(frames, len(set(bus_tracks.values())), len(set(bends.values())))
    stopped = frozenset(each.code for each in impact.services) if impact else frozenset()
    return _Drawing(frames, systems, rows, needs, bus_tracks, ports, bends, stopped, columns)


def _find_ports(interfaces: Sequence[NewInterface], rows: Mapping[str, RowPlace]) -> dict[str, float]:
    """Interface → how high its line leaves its service."""
    counts: dict[str, int] = {}
    ports: dict[str, float] = {}
    for each in interfaces:
        number = counts.get(each.service, 0)
        counts[each.service] = number + 1
        ports[each.code] = rows[each.service].side_y(number)
    return ports


def _find_needs(rows: Mapping[str, RowPlace]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for code, row in rows.items():
        for needed in row.service.needs:
            if needed in rows:
                found.setdefault(needed, []).append(code)
    return {needed: tuple(found[needed]) for needed in sorted(found)}


def _span(rows: Mapping[str, RowPlace], needed: str, by: Sequence[str]) -> tuple[float, float]:
    heights = [rows[needed].needed_y, *(rows[code].needs_y for code in by)]
    return min(heights), max(heights)


def _find_columns(frames: Sequence[FramePlace], bus_tracks: int, bend_tracks: int) -> _Columns:
    has_left = any(host.is_left for frame in frames for host in frame.hosts)
    left = _MARGIN + _PADDING
    gutter = left + (HOST_WIDTH if has_left else 0)
    right = gutter + _TRACK * (bus_tracks + 2)
    has_right = any(not host.is_left for frame in frames for host in frame.hosts)
    frame_end = (right + HOST_WIDTH if has_right else right) + _PADDING
    bends = frame_end + 12 + _LABEL_ROOM
    return _Columns(left, gutter, right, frame_end, bends, bends + _TRACK * (bend_tracks + 2))


def _draw_frames(drawing: _Drawing, impact: Impact | None) -> Iterator[Box]:
    columns = drawing.columns
    for number, frame in enumerate(drawing.frames):
        id_ = f"frame-{number + 1}"
        said = f"{frame.campus or '未写院区'} · {word.say('environment', frame.environment)}环境"
        width = columns.frame_end - _MARGIN
        title = cut(said, width - 24, BIG)
        yield Box(id_, "frame", _MARGIN, frame.y, width, frame.height, title, kind=frame.environment)
        for place in frame.hosts:
            is_down = impact is not None and impact.host == place.host.code
            yield _draw_host(place, columns, id_, is_stopped=is_down)
            for row in place.rows:
                yield _draw_row(row, columns, is_stopped=row.service.code in drawing.stopped)


def _draw_host(place: HostPlace, columns: _Columns, frame: str, *, is_stopped: bool) -> Box:
    host = place.host
    x = columns.left if place.is_left else columns.right
    room = HOST_WIDTH - 20
    note = f"{host.code} · {host.address} · {word.say('role', host.role.value)}"
    notes = [cut(note, room, SMALL)]
    if not place.rows:
        notes.append(Label(("（没有登记服务）",)))
    mark = "　停机" if is_stopped else ""
    title = Label((cut(host.name, room - width_of(mark, BIG), BIG).lines[0] + mark,))
    return Box(
        f"host-{host.code}", "host", x, place.y, HOST_WIDTH, place.height, title, tuple(notes),
        parent=frame, is_stopped=is_stopped, tip=f"{host.name}\n{note}",
    )  # fmt: skip


def _draw_row(row: RowPlace, columns: _Columns, *, is_stopped: bool) -> Box:
    service = row.service
    x = columns.left if row.is_left else columns.right
    detail, port = _say_detail(service), f" :{service.port}" if service.port else ""
    # The product gives way before the port does.
    shown = cut(detail, _DETAIL_ROOM - width_of(port, SMALL), SMALL)
    return Box(
        _row_id(service.code), "service", x, row.y, HOST_WIDTH, row.height, cut(service.name, _NAME_ROOM, SMALL),
        (Label(((shown.lines[0] + port).strip(),)),), parent=f"host-{service.host}", kind=service.kind,
        is_stopped=is_stopped,
        tip=f"{service.name}（{service.code}，{word.say('kind', service.kind)}）{detail}{port}",
    )  # fmt: skip


def _say_detail(service: NewService) -> str:
    return " ".join(filter(None, (service.product, service.version)))


def _draw_systems(drawing: _Drawing) -> Iterator[Box]:
    for number, place in enumerate(drawing.systems):
        is_stopped = all(each.service in drawing.stopped for each in place.interfaces)
        title = wrap(place.name, SYSTEM_WIDTH - 20, BIG, most=2)
        yield Box(
            f"system-{number + 1}", "system", drawing.columns.systems, place.y, SYSTEM_WIDTH, place.height, title,
            is_stopped=is_stopped, tip=place.name,
        )  # fmt: skip


def _draw_interfaces(drawing: _Drawing) -> Iterator[Line]:
    columns = drawing.columns
    start_x, label_x = columns.right + HOST_WIDTH, columns.frame_end + 6
    for number, place in enumerate(drawing.systems):
        for port, each in enumerate(place.interfaces):
            y, end_y = drawing.ports[each.code], place.port_y(port)
            bend = columns.bends + _TRACK * (drawing.bends[each.code] + 1)
            points = ((start_x, y), (bend, y), (bend, end_y), (columns.systems, end_y))
            yield Line(
                f"interface-{each.code}", "interface", _row_id(each.service), f"system-{number + 1}", points,
                each.direction in ("inbound", "both"), each.direction in ("outbound", "both"), _label(each),
                label_room=label_x - start_x, is_stopped=each.service in drawing.stopped, tip=_say_interface(each),
            )  # fmt: skip


def _label(each: NewInterface) -> Label:
    """Name, protocol and port; where they are too long the name gives way first."""
    tail = " ".join(filter(None, (each.protocol, str(each.port or ""))))
    end = f" · {cut(tail, _LABEL_ROOM * 0.5, SMALL).lines[0]}" if tail else ""
    name = cut(each.name, _LABEL_ROOM - width_of(end, SMALL), SMALL)
    return Label((name.lines[0] + end,), _say_interface(each))


def _say_interface(each: NewInterface) -> str:
    tail = " ".join(filter(None, (each.protocol, str(each.port or ""), each.data)))
    return f"{each.name}（{each.code}，{word.say('direction', each.direction)}）{tail}"


def _draw_needs(drawing: _Drawing) -> Iterator[Line]:
    for colour, (needed, by) in enumerate(drawing.needs.items()):
        target = drawing.rows[needed]
        x = _bus_x(drawing, needed)
        for code in by:
            row = drawing.rows[code]
            points = (
                (_edge_x(drawing, row), row.needs_y), (x, row.needs_y), (x, target.needed_y),
                (_edge_x(drawing, target), target.needed_y),
            )  # fmt: skip
            yield Line(
                f"need-{code}-{needed}", "need", _row_id(code), _row_id(needed), points, False, True, Label(("",)),
                colour=colour % _COLOURS, is_stopped=needed in drawing.stopped,
                tip=f"{row.service.name} 依赖 {target.service.name}",
            )  # fmt: skip


def _draw_dots(drawing: _Drawing) -> Iterator[Dot]:
    """A dot wherever a line joins the upright one of a needed service between its ends."""
    for colour, (needed, by) in enumerate(drawing.needs.items()):
        heights = [drawing.rows[needed].needed_y, *(drawing.rows[code].needs_y for code in by)]
        for y in sorted(heights):
            if min(heights) < y < max(heights):
                yield Dot(_bus_x(drawing, needed), y, colour % _COLOURS, needed in drawing.stopped)


def _bus_x(drawing: _Drawing, needed: str) -> float:
    return drawing.columns.gutter + _TRACK * (drawing.bus_tracks[needed] + 1.5)


def _edge_x(drawing: _Drawing, row: RowPlace) -> float:
    """The side of a row that looks at the gutter."""
    return drawing.columns.gutter if row.is_left else drawing.columns.right


def _row_id(code: str) -> str:
    return f"service-{code}"


def _count(inventory: Inventory, drawing: _Drawing) -> str:
    hosts = len(list_hosts(inventory))
    return f"主机 {hosts} 台，服务 {len(drawing.rows)} 个，接口 {len(drawing.ports)} 条，其他系统 {len(drawing.systems)} 个"

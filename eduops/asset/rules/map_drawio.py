"""The panorama as a draw.io file (mxfile, not compressed), to be moved about by hand in diagrams.net."""

from collections.abc import Iterator, Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from eduops.asset.rules.map_layout import BIG, SMALL
from eduops.asset.rules.map_look import (
    BUS_COLOURS,
    FADED,
    FRAME_COLOURS,
    INK,
    KIND_COLOURS,
    LEGEND_KINDS,
    STOP,
    STOP_FILL,
)
from eduops.asset.rules.map_scene import Box, Line, Point, Scene
from eduops.asset.rules.map_svg import without_control

# No `html=1` anywhere: diagrams.net then shows every name as the text that it is.
_PLAIN = "whiteSpace=wrap;"


def render_drawio(scene: Scene) -> str:
    """The drawing as an mxfile."""
    file = Element("mxfile", {"host": "eduops", "type": "device"})
    page = SubElement(file, "diagram", {"id": "panorama", "name": "系统架构全景图"})
    size = {"pageWidth": f"{scene.width:g}", "pageHeight": f"{scene.height:g}"}
    model = SubElement(page, "mxGraphModel", {"grid": "1", "gridSize": "13", "page": "1", **size})
    root = SubElement(model, "root")
    SubElement(root, "mxCell", {"id": "0"})
    SubElement(root, "mxCell", {"id": "1", "parent": "0"})
    _add_text(root, "title", scene.title, (30, 12), (scene.width - 60, 34), 22)
    _add_text(root, "subtitle", scene.subtitle, (30, 46), (scene.width - 60, 22), SMALL)
    places = {box.id: box for box in scene.boxes}
    for box in scene.boxes:
        _add_box(root, box, places, scene)
    for line in scene.lines:
        _add_line(root, line, places, scene)
    kinds = "，".join(f"{said}：{_COLOUR_WORDS[kind]}" for kind, said in LEGEND_KINDS)
    legend = "\n".join(
        (f"服务边框的颜色  {kinds}", *scene.legend, *(("红色：停机后随之停止的",) if scene.has_stop else ()))
    )
    _add_text(root, "legend", legend, (30, scene.legend_y - 14), (scene.width - 60, 66), SMALL)
    ElementTree.indent(file)
    return ElementTree.tostring(file, encoding="unicode") + "\n"


_COLOUR_WORDS = {"database": "蓝", "middleware": "紫", "application": "绿", "other": "灰"}


def _add_text(root: Element, id_: str, text: str, at: Point, size: Point, font: int) -> None:
    style = f"text;{_PLAIN}align=left;verticalAlign=top;fontSize={font};fontColor={INK};"
    cell = SubElement(
        root,
        "mxCell",
        {"id": id_, "value": without_control(text), "style": style, "vertex": "1", "parent": "1"},
    )
    _add_geometry(cell, at, size)


def _add_box(root: Element, box: Box, places: Mapping[str, Box], scene: Scene) -> None:
    parent = places.get(box.parent)
    at = (box.x - parent.x, box.y - parent.y) if parent else (box.x, box.y)
    texts = {"id": box.id, "label": without_control(_say(box)), "tooltip": without_control(box.tip)}
    cell = SubElement(SubElement(root, "UserObject", texts), "mxCell", {
        "style": _style_of(box, scene), "vertex": "1", "parent": parent.id if parent else "1",
    })  # fmt: skip
    _add_geometry(cell, at, (box.width, box.height))


def _say(box: Box) -> str:
    """The words in a box, cut as in the other format; the whole is in its tooltip."""
    match box.role:
        case "service":
            return "   ".join(filter(None, (box.title.lines[0], box.notes[0].lines[0])))
        case "host":
            return "\n".join(
                (
                    box.title.lines[0],
                    *(note.lines[0] for note in box.notes),
                )
            )
    return "\n".join(box.title.lines)


def _style_of(box: Box, scene: Scene) -> str:
    ink = STOP if box.is_stopped else FADED if scene.has_stop and box.role != "frame" else INK
    fill = STOP_FILL if box.is_stopped else "#ffffff"
    line = STOP if box.is_stopped else "#64748b"
    match box.role:
        case "frame":
            stroke, shade, is_dashed = FRAME_COLOURS[box.kind]
            look = f"rounded=1;arcSize=3;fillColor={shade};strokeColor={stroke};dashed={int(is_dashed)};container=1;"
            text = (
                f"align=left;spacingLeft=10;verticalAlign=top;fontStyle=1;fontSize={BIG};fontColor={stroke};"
            )
        case "host":
            look = f"rounded=1;arcSize=3;fillColor={fill};strokeColor={line};container=1;"
            text = f"align=left;spacingLeft=8;verticalAlign=top;fontSize={SMALL};fontColor={ink};"
        case "service":
            # The border has the colour of its kind.
            look = f"fillColor={fill};strokeColor={KIND_COLOURS[box.kind]};"
            text = f"align=left;spacingLeft=10;fontSize={SMALL};fontColor={ink};"
        case _:
            look = f"rounded=1;arcSize=20;fillColor={STOP_FILL if box.is_stopped else '#f1f5f9'};strokeColor={line};"
            text = f"fontSize={BIG};fontColor={ink};"
    return _PLAIN + look + text


def _add_line(root: Element, line: Line, places: Mapping[str, Box], scene: Scene) -> None:
    start, end = places[line.start], places[line.end]
    colour = BUS_COLOURS[line.colour % len(BUS_COLOURS)] if line.role == "need" else INK
    colour = STOP if line.is_stopped else FADED if scene.has_stop else colour
    style = (
        f"edgeStyle=orthogonalEdgeStyle;rounded=0;strokeColor={colour};fontColor={colour};fontSize={SMALL};"
        f"startArrow={_head(line.has_start_arrow)};endArrow={_head(line.has_end_arrow)};"
        f"strokeWidth={2 if line.role == 'interface' else 1};labelBackgroundColor=none;"
        + _pin("exit", start, line.points[0])
        + _pin("entry", end, line.points[-1])
    )
    texts = {
        "id": line.id,
        "label": without_control(line.label.lines[0]),
        "tooltip": without_control(line.tip),
    }
    cell = SubElement(SubElement(root, "UserObject", texts), "mxCell", {
        "style": style, "edge": "1", "parent": "1", "source": line.start, "target": line.end,
    })  # fmt: skip
    place = SubElement(
        cell, "mxGeometry", {"x": f"{_label_share(line):.3f}", "relative": "1", "as": "geometry"}
    )
    if line.role == "interface":
        SubElement(place, "mxPoint", {"x": "0", "y": "-9", "as": "offset"})
    bends = SubElement(place, "Array", {"as": "points"})
    for x, y in line.points[1:-1]:
        SubElement(bends, "mxPoint", {"x": f"{x:g}", "y": f"{y:g}"})


def _head(is_there: bool) -> str:
    return "block" if is_there else "none"


def _pin(name: str, box: Box, at: Point) -> str:
    """The point of a box where a line begins or ends, as parts of its width and height."""
    x, y = (at[0] - box.x) / box.width, (at[1] - box.y) / box.height
    return f"{name}X={x:g};{name}Y={y:.4f};{name}Dx=0;{name}Dy=0;"


def _label_share(line: Line) -> float:
    """Where the middle of the label lies along a line: -1 is its start, 1 its end."""
    if line.role == "need":
        return 0.0
    lengths = [abs(x2 - x1) + abs(y2 - y1) for (x1, y1), (x2, y2) in _pairs(line)]
    middle = line.label_room + (line.points[1][0] - line.points[0][0] - line.label_room) / 2
    return 2 * middle / sum(lengths) - 1


def _pairs(line: Line) -> Iterator[tuple[Point, Point]]:
    return zip(line.points, line.points[1:], strict=False)


def _add_geometry(cell: Element, at: Point, size: Point) -> None:
    values = {"x": at[0], "y": at[1], "width": size[0], "height": size[1]}
    SubElement(
        cell, "mxGeometry", {**{name: f"{value:g}" for name, value in values.items()}, "as": "geometry"}
    )

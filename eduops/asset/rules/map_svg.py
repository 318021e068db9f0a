"""The panorama as one self-contained SVG: no script, no link, nobody's name as markup."""

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

from eduops.asset.rules.map_layout import BIG, SMALL
from eduops.asset.rules.map_look import (
    BUS_COLOURS,
    FADED,
    FONTS,
    FRAME_COLOURS,
    INK,
    KIND_COLOURS,
    LEGEND_KINDS,
    STOP,
    STOP_FILL,
)
from eduops.asset.rules.map_scene import Box, Dot, Line, Point, Scene
from eduops.asset.rules.map_text import Label

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CHIP = 6


def render_svg(scene: Scene) -> str:
    """The drawing as SVG text."""
    size = f'width="{scene.width:g}" height="{scene.height:g}" viewBox="0 0 {scene.width:g} {scene.height:g}"'
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONTS}" font-size="{SMALL}" fill="{INK}">',
        f"<title>{clean(scene.title)}</title>",
        f'<rect width="{scene.width:g}" height="{scene.height:g}" fill="#ffffff"/>',
        f'<text x="30" y="38" font-size="22" font-weight="bold">{clean(scene.title)}</text>',
        f'<text x="30" y="61">{clean(scene.subtitle)}</text>',
        *(_draw_box(box, scene) for box in scene.boxes if box.role in ("frame", "host")),
        *(_draw_box(box, scene) for box in scene.boxes if box.role in ("service", "system")),
        *(_draw_line(line, scene) for line in scene.lines),
        *(_draw_dot(dot, scene) for dot in scene.dots),
        *_draw_legend(scene),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def clean(text: str) -> str:
    """The text as XML may hold it, quotes too."""
    return escape(without_control(text), {'"': "&quot;", "'": "&#39;"})


def without_control(text: str) -> str:
    """The text without what no XML file can hold."""
    return _NOT_XML.sub("?", text)


def _draw_box(box: Box, scene: Scene) -> str:
    match box.role:
        case "frame":
            inner = _draw_frame(box)
        case "host":
            inner = _draw_host(box)
        case "service":
            inner = _draw_service(box, scene)
        case _:
            inner = _draw_system(box)
    tip = f"<title>{clean(box.tip)}</title>" if box.tip else ""
    return f'<g id="{clean(box.id)}">{tip}{inner}</g>'


def _draw_frame(box: Box) -> str:
    stroke, fill, dash = FRAME_COLOURS[box.kind]
    dashed = ' stroke-dasharray="8 5"' if dash else ""
    return _rect(box, fill, stroke, radius=10, more=dashed) + _text(
        box.title, box.x + 14, box.y + 26, size=BIG, weight="bold", fill=stroke
    )


def _draw_host(box: Box) -> str:
    stroke, fill = (STOP, STOP_FILL) if box.is_stopped else ("#475569", "#ffffff")
    parts = [_rect(box, fill, stroke, radius=5, more=' stroke-width="1.5"')]
    parts.append(
        _text(
            box.title, box.x + 10, box.y + 20, size=BIG, weight="bold", fill=STOP if box.is_stopped else INK
        )
    )
    for number, note in enumerate(box.notes):
        parts.append(_text(note, box.x + 10, box.y + 39 + 29 * number, fill="#475569"))
    return "".join(parts)


def _draw_service(box: Box, scene: Scene) -> str:
    fill = STOP_FILL if box.is_stopped else "#ffffff"
    ink = STOP if box.is_stopped else FADED if scene.has_stop else INK
    y = box.y + box.height / 2 + 4
    stroke = STOP if box.is_stopped else "#cbd5e1"
    chip = (
        f'<rect x="{box.x + 9:g}" y="{y - 9:g}" width="{_CHIP}" height="11" fill="{KIND_COLOURS[box.kind]}"/>'
    )
    detail = _text(
        box.notes[0], box.x + box.width - 10, y, fill=ink if box.is_stopped else "#64748b", anchor="end"
    )
    return _rect(box, fill, stroke, radius=0) + chip + _text(box.title, box.x + 22, y, fill=ink) + detail


def _draw_system(box: Box) -> str:
    ink = STOP if box.is_stopped else INK
    fill = STOP_FILL if box.is_stopped else "#f1f5f9"
    y = box.y + box.height / 2 + 5 - 9 * (len(box.title.lines) - 1)
    title = _text(box.title, box.x + box.width / 2, y, size=BIG, fill=ink, anchor="middle")
    return _rect(box, fill, STOP if box.is_stopped else "#64748b", radius=14) + title


def _draw_line(line: Line, scene: Scene) -> str:
    colour = _colour(line.role, line.colour, is_stopped=line.is_stopped, scene=scene)
    path = "M" + " L".join(f"{x:g} {y:g}" for x, y in line.points)
    wide = "1.6" if line.role == "interface" else "1.2"
    parts = [f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{wide}"/>']
    if line.has_end_arrow:
        parts.append(_arrow(line.points[-2], line.points[-1], colour))
    if line.has_start_arrow:
        parts.append(_arrow(line.points[1], line.points[0], colour))
    if line.label.lines[0]:
        x, y = line.points[0]
        parts.append(_text(line.label, x + line.label_room, y - 4, fill=colour))
    return f'<g id="{clean(line.id)}"><title>{clean(line.tip)}</title>{"".join(parts)}</g>'


def _colour(role: str, number: int, *, is_stopped: bool, scene: Scene) -> str:
    if is_stopped:
        return STOP
    if scene.has_stop:
        return FADED
    return INK if role == "interface" else BUS_COLOURS[number % len(BUS_COLOURS)]


def _arrow(before: Point, tip: Point, colour: str) -> str:
    """A head at the tip of a horizontal line."""
    x, y = tip
    back = x - 9 if before[0] <= x else x + 9
    return f'<path d="M{x:g} {y:g} L{back:g} {y - 4:g} L{back:g} {y + 4:g} Z" fill="{colour}"/>'


def _draw_dot(dot: Dot, scene: Scene) -> str:
    colour = _colour("need", dot.colour, is_stopped=dot.is_stopped, scene=scene)
    return f'<circle cx="{dot.x:g}" cy="{dot.y:g}" r="3" fill="{colour}"/>'


def _draw_legend(scene: Scene) -> Iterator[str]:
    x = 30.0
    for kind, said in LEGEND_KINDS:
        yield f'<rect x="{x:g}" y="{scene.legend_y - 9:g}" width="{_CHIP}" height="11" fill="{KIND_COLOURS[kind]}"/>'
        yield f'<text x="{x + 12:g}" y="{scene.legend_y:g}">{said}</text>'
        x += 76
    stops = ("红色：停机后随之停止的",) if scene.has_stop else ()
    for number, text in enumerate((*scene.legend, *stops)):
        yield f'<text x="30" y="{scene.legend_y + 20 * (number + 1):g}" fill="#475569">{clean(text)}</text>'


def _rect(box: Box, fill: str, stroke: str, *, radius: int, more: str = "") -> str:
    place = f'x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="{radius}"'
    return f'<rect {place} fill="{fill}" stroke="{stroke}"{more}/>'


def _text(
    label: Label, x: float, y: float, *, fill: str, size: int = SMALL, weight: str = "", anchor: str = "start"
) -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    look = f'font-size="{size}" text-anchor="{anchor}" fill="{fill}"{bold}'
    lines = (
        f'<text x="{x:g}" y="{y + number * (size + 4):g}" {look}>{clean(line)}</text>'
        for number, line in enumerate(label.lines)
    )
    return "".join(lines)

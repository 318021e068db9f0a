"""The panorama: nothing lies on anything else, whatever the data; names are text in both formats."""

from collections.abc import Iterator
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eduops.asset.rules.entry import NewInterface, NewService
from eduops.asset.rules.host import Environment, NewHost, Role
from eduops.asset.rules.impact import find_impact
from eduops.asset.rules.inventory import Inventory
from eduops.asset.rules.inventory_tree import read_tree
from eduops.asset.rules.map_drawio import render_drawio
from eduops.asset.rules.map_layout import BIG, SMALL, build_scene
from eduops.asset.rules.map_scene import Box, Line, Scene
from eduops.asset.rules.map_svg import render_svg
from eduops.asset.rules.map_text import width_of, wrap
from eduops.core.shipped import find_shipped

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '"><script>alert(1)</script>&<b>\x1b[31m\u202e=1+1'


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    """Some hosts in some places, services that need each other anyhow, interfaces to few systems."""
    number = draw(st.integers(1, 8))
    name = st.sampled_from(
        ["主库", "远程会诊与住院医师规范化培训综合管理平台", "WWWWWWWWWWWWWWWWWWWW", "a b", HOSTILE]
    )
    hosts = [
        NewHost(
            f"h{each}", draw(name), draw(st.sampled_from(Role)), draw(st.sampled_from(Environment)), "10.0.0.1",
            draw(st.sampled_from([None, "院本部", "东院区"])),
        )
        for each in range(number)
    ]  # fmt: skip
    count = draw(st.integers(0, 14))
    services = [
        NewService(
            f"s{each:02}", draw(name), f"h{draw(st.integers(0, number - 1))}", "database", "产品" * 9, "1", 3306,
            needs=tuple(sorted({f"s{other:02}" for other in draw(st.lists(st.integers(0, count - 1), max_size=3))})),
        )
        for each in range(count)
    ]  # fmt: skip
    interfaces = [
        NewInterface(
            f"i{each:02}", draw(name), f"s{draw(st.integers(0, count - 1)):02}",
            draw(st.sampled_from(["HIS", "LIS", HOSTILE])),
            draw(st.sampled_from(["inbound", "outbound", "both"])), draw(name), 443,
        )
        for each in range(draw(st.integers(0, 12)) if count else 0)
    ]  # fmt: skip
    return Inventory((*hosts, *services, *interfaces))


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width and other.x < one.x + one.width
        and one.y < other.y + other.height and other.y < one.y + one.height
    )  # fmt: skip


def segments(line: Line) -> Iterator[tuple[bool, float, float, float]]:
    """(is horizontal, its height or x, from, to) of each piece of a line."""
    for (x1, y1), (x2, y2) in zip(line.points, line.points[1:], strict=False):
        assert x1 == x2 or y1 == y2, "lines have right angles"
        if y1 == y2:
            yield True, y1, min(x1, x2), max(x1, x2)
        else:
            yield False, x1, min(y1, y2), max(y1, y2)


def joined(one: Line, other: Line) -> bool:
    """Lines of needs that share an end may lie on each other: they mean the same."""
    return one.role == other.role == "need" and bool(
        {one.start, "<" + one.end} & {other.start, "<" + other.end}
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(inventories())
def test_no_box_lies_on_another_and_no_two_lines_run_along_each_other(inventory: Inventory) -> None:
    scene = build_scene(inventory, title="图")
    for role in ("frame", "host", "service", "system"):
        for one, other in combinations([box for box in scene.boxes if box.role == role], 2):
            assert not overlap(one, other), (one.id, other.id)
    for one, other in combinations(scene.lines, 2):
        if joined(one, other):
            continue
        for is_flat, place, low, high in segments(one):
            for is_flat_too, other_place, other_low, other_high in segments(other):
                if is_flat == is_flat_too and place == other_place:
                    assert high < other_low or low > other_high, (one.id, other.id)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(inventories())
def test_every_text_stays_in_its_room_and_no_upright_line_crosses_a_label(inventory: Inventory) -> None:
    scene = build_scene(inventory, title="图")
    places = {box.id: box for box in scene.boxes}
    for box in scene.boxes:
        if box.parent:
            parent = places[box.parent]
            assert parent.x <= box.x and box.x + box.width <= parent.x + parent.width
            assert parent.y <= box.y and box.y + box.height <= parent.y + parent.height
        assert all(width_of(line, BIG) <= box.width for line in box.title.lines if box.role != "service")
    uprights = [
        piece for line in scene.lines for piece in segments(line) if not piece[0] and piece[2] != piece[3]
    ]
    for line in scene.lines:
        if line.role == "interface":
            start = line.points[0][0] + line.label_room
            end, y = start + width_of(line.label.lines[0], SMALL), line.points[0][1]
            assert not [
                x for _, x, low, high in uprights if start <= x <= end and low < y - 2 and y - 14 < high
            ]
    assert all(
        box.x + box.width <= scene.width and box.y + box.height <= scene.legend_y for box in scene.boxes
    )


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(inventories())
def test_both_formats_are_sound_xml_with_the_same_labels_on_their_lines(inventory: Inventory) -> None:
    scene = build_scene(inventory, title="图")
    root = ElementTree.fromstring(render_svg(scene))
    assert {element.tag for element in root.iter()} <= {
        SVG + tag for tag in ("svg", "g", "title", "rect", "text", "path", "circle")
    }
    edges = check_drawio(render_drawio(scene))
    drawn = sorted(
        text.text or "" for group in root.iter(f"{SVG}g") if group.get("id", "").startswith("interface-")
        for text in group.iter(f"{SVG}text")
    )  # fmt: skip
    assert drawn == sorted(label for label in edges if label)


def check_drawio(text: str) -> list[str]:
    """The labels of the edges, once every id is one, every parent, source and target is there, and all have a place."""
    root = ElementTree.fromstring(text)
    assert root.tag == "mxfile" and root.find("./diagram/mxGraphModel/root") is not None
    cells: dict[str, ElementTree.Element] = {}
    labels: dict[str, str] = {}
    for parent in root.iter():
        for child in parent:
            if child.tag == "mxCell":
                id_ = child.get("id") or parent.get("id") or ""
                assert id_ and id_ not in cells
                cells[id_] = child
                labels[id_] = parent.get("label", "")
    for id_, cell in cells.items():
        assert "html=1" not in cell.get("style", "")
        if id_ in ("0", "1"):
            continue
        assert cell.get("parent") in cells
        geometry = cell.find("mxGeometry")
        assert geometry is not None and geometry.get("as") == "geometry"
        if cell.get("edge"):
            assert cell.get("source") in cells and cell.get("target") in cells
            assert geometry.get("relative") == "1"
        else:
            assert float(geometry.get("width", 0)) > 0 and float(geometry.get("height", 0)) > 0
    return [labels[id_] for id_, cell in cells.items() if cell.get("edge")]


def example() -> Inventory:
    from eduops.asset.rules.inventory import judge_file
    from eduops.asset.rules.raw_row import read_row
    from eduops.core.yaml_tree import load_tree

    tree = load_tree(find_shipped("configs", "hosts.example.yaml"))
    judged = judge_file([read_row(row) for row in read_tree(tree)], Inventory(), file="例")
    assert not judged.problems
    return Inventory(tuple(plan.entry for plan in judged.plans))


def draw_example(**rest: object) -> Scene:
    return build_scene(example(), title="系统架构全景图", **rest)  # type: ignore[arg-type]


def test_the_same_data_give_the_same_bytes_in_any_order() -> None:
    backwards = Inventory(tuple(sorted(example().entries, key=lambda each: each.code, reverse=True)))
    forwards = Inventory(tuple(sorted(example().entries, key=lambda each: each.code)))
    for render in (render_svg, render_drawio):
        assert render(build_scene(backwards, title="图")) == render(build_scene(forwards, title="图"))


def test_a_system_with_one_interface_keeps_its_line_off_those_of_the_services() -> None:
    host = NewHost("h", "主机", Role.WEB, Environment.PRODUCTION, "10.0.0.1")
    services = [NewService(f"s{n}", "服务", "h", "other") for n in range(4)]
    systems = ("HIS", "LIS", "OA", "HIS", "人事")
    faces = [NewInterface(f"i{n}", "接口", f"s{n % 4}", each, "both") for n, each in enumerate(systems)]
    scene = build_scene(Inventory((host, *services, *faces)), title="图")
    assert not {line.points[0][1] for line in scene.lines} & {line.points[-1][1] for line in scene.lines}


def test_names_protocols_and_ports_stand_on_the_lines() -> None:
    said = render_svg(draw_example())
    for words in (
        "人员和科室同步 · HTTPS 443",
        "学分上报 · WebService 8443",
        "统一身份认证 · OAuth2 443",
        "MySQL 8.0.36 :3306",
    ):
        assert f">{words}</text>" in said, words
    assert "生产环境" in said and "测试环境" in said


def test_what_stops_is_red_and_the_rest_is_pale() -> None:
    inventory = example()
    host = inventory.in_use["hosts"]["db-1"]
    assert isinstance(host, NewHost)
    scene = draw_example(impact=find_impact(inventory, host))
    stopped = {box.id for box in scene.boxes if box.is_stopped}
    assert {"host-db-1", "service-mysql-main", "service-edu-web", "service-nginx-portal"} <= stopped
    assert not {"host-app-1", "service-redis-main", "service-edu-test"} & stopped
    assert "停机" in render_svg(scene) and "随之停止" in render_svg(scene)


def test_hostile_names_are_text() -> None:
    host = NewHost("h", HOSTILE, Role.WEB, Environment.TEST, "10.0.0.1", HOSTILE)
    scene = build_scene(Inventory((host,)), title=HOSTILE)
    for text in (render_svg(scene), render_drawio(scene)):
        assert "<script" not in text and "\x1b" not in text
        ElementTree.fromstring(text)


@pytest.mark.parametrize(
    ("text", "most", "lines"),
    [
        ("短", 2, ("短",)),
        ("一二三四五六七八九十", 2, ("一二三四五", "六七八九十")),
        ("一二三四五六七八九十甲", 2, ("一二三四五", "六七八九…")),
        ("一二三四（虚）构", 2, ("一二三四（", "虚）构")),
        ("一二三四五）六", 2, ("一二三四", "五）六")),
        ("", 1, ("",)),
    ],
)
def test_long_names_are_broken_or_cut_where_one_may(text: str, most: int, lines: tuple[str, ...]) -> None:
    label = wrap(text, 50, 10, most=most)
    assert label.lines == lines
    assert label.full == (text if lines[-1].endswith("…") else "")

"""`eduops host`, `service`, `interface`, `licence` as they are typed; everything is invented (虚构)."""

import json
import re
from pathlib import Path

import pytest
from cli.conftest import Typed

from eduops.core.shipped import find_shipped

EXAMPLE = find_shipped("configs", "hosts.example.yaml")
SERVICE = ("service", "add", "sql", "--name", "主库", "--host", "db-1", "--kind", "database")


@pytest.fixture
def example(typed: Typed) -> None:
    """The shipped example, imported."""
    assert typed("host", "import", EXAMPLE).code == 0


def test_a_file_goes_in_once_and_says_so_the_second_time(typed: Typed, tmp_path: Path) -> None:
    said = typed("host", "import", EXAMPLE, "--dry-run")
    assert (
        "主机 5（新增 5），服务 6（新增 6），接口 3（新增 3），许可 2（新增 2）（预演，未写入）" in said.out
    )
    assert typed("host", "list", "--json").json() == []
    told = typed("host", "import", EXAMPLE, "--json").json()
    assert (told["hosts"], len(told["changes"])) == ({"added": 5}, 16)
    entries = len(typed("audit", "list", "--json").json())
    assert "与已登记的完全相同，什么都没有变" in typed("host", "import", EXAMPLE).out
    out = tmp_path / "出.yaml"
    assert typed("host", "export", out).code == 0
    assert typed("host", "export", out).code == 4, "never over a file that is there"
    assert "什么都没有变" in typed("host", "import", out).out
    assert len(typed("audit", "list", "--json").json()) == entries == 1


def test_a_wrong_file_is_refused_with_every_place(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "台账.yaml"
    file.write_text("hosts:\n  - {code: a b}\nservices:\n  - {code: s, host: x}\n", encoding="utf-8")
    said = typed("host", "import", file)
    assert (said.code, "什么都没有写入" in said.err) == (3, True)
    assert "台账.yaml 第 2 行 hosts[1]：主机 a b 缺少主机名称" in said.err
    assert "第 4 行 services[1]：服务 s 缺少类别（kind）" in said.err
    assert typed("host", "import", tmp_path / "没有.xlsx").code == 3


def test_a_blank_template_is_written(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "空白.xlsx"
    assert "主机、服务、接口、许可、填写说明" in typed("host", "template", file).out
    assert typed("host", "import", file).code == 3
    assert typed("host", "template", tmp_path / "空白.ods").code == 2


def test_services_interfaces_and_licences_through_their_lives(typed: Typed) -> None:
    typed("host", "add", "db-1", "--name", "库（虚构）", "--address", "10.0.0.1", "--invented")
    assert typed(*SERVICE, "--port", "3306", "--version", "8.0").code == 0
    assert typed(*SERVICE).code == 4
    assert typed("service", "add", "web", *SERVICE[3:], "--needs", "sql,ghost").code == 2
    assert typed("service", "add", "web", *SERVICE[3:], "--needs", "sql").code == 0
    face = ("interface", "add", "if", "--name", "上报", "--service", "web", "--system", "省平台")
    assert typed(*face, "--direction", "outbound", "--port", "x").code == 2
    assert typed(*face, "--direction", "outbound", "--contact", "13800000000").code == 0
    assert "已改动" in typed("interface", "change", "if", "--port", "443", "--contact", "").out
    assert "没有改动" in typed("interface", "change", "if", "--port", "443").out
    assert typed("interface", "change", "if").code == 2
    assert typed("service", "retire", "web", "--yes").code == 4
    assert typed("interface", "retire", "if", "--yes").code == 0
    assert typed("service", "retire", "web", "--yes").code == 0
    assert "服务 sql" in typed("host", "retire", "db-1", "--yes").err
    assert [each["code"] for each in typed("service", "list", "--json").json()] == ["sql"]
    assert typed("service", "show", "web", "--json").json()["needs"] == ["sql"]
    assert "13800000000" not in json.dumps(typed("audit", "list", "--json").json())
    assert "联系人：已改" in re.sub(r"[\s│]+", "", typed("audit", "list").out)


def test_a_host_is_changed_and_what_is_empty_is_taken_away(typed: Typed, example: None) -> None:
    assert (
        typed(
            "host", "change", "app-1", "--owner", "", "--address", "10.0.0.9", "--warranty", "2028-01-01"
        ).code
        == 0
    )
    shown = typed("host", "show", "app-1", "--json").json()
    assert (shown["owner"], shown["address"], shown["warranty_until"]) == (None, "10.0.0.9", "2028-01-01")
    assert typed("host", "change", "app-1", "--address", "10.0.0.1 x").code == 2


def test_licences_are_checked_and_renewed_and_keys_are_refused(typed: Typed) -> None:
    assert "无从检查" in typed("licence", "check").out
    add = ("licence", "add", "lic", "--product", "平台（虚构）")
    assert "密钥" in typed(*add, "--note", "ABCDE-12345-FGHIJ-67890").err
    assert typed(*add, "--until", "2026-03-12").code == 0
    found = typed("licence", "check", "--json")
    assert (found.code, [each["state"] for each in found.json()]) == (1, ["within_7"])
    assert typed("licence", "renew", "lic", "--until", "2026-03-12").code == 2
    assert typed("licence", "renew", "lic").code == 2
    assert typed("licence", "renew", "lic", "--until", "2027-03-12").code == 0
    assert typed("licence", "check").code == 0
    assert typed("licence", "renew", "lic", "--perpetual").code == 0
    assert typed("licence", "list", "--json").json()[0]["state"] == "perpetual"


def test_the_panorama_is_drawn_in_both_formats_the_same_each_time(
    typed: Typed, example: None, tmp_path: Path
) -> None:
    svg, drawio = tmp_path / "图.svg", tmp_path / "图.drawio"
    assert typed("host", "map", "--svg", svg, "--drawio", drawio).code == 0
    first = svg.read_bytes(), drawio.read_bytes()
    assert typed("host", "map", "--svg", svg).code == 4
    assert typed("host", "map", "--svg", svg, "--drawio", drawio, "--force").code == 0
    assert (svg.read_bytes(), drawio.read_bytes()) == first
    assert typed("host", "map").code == 2
    assert typed("host", "map", "--svg", tmp_path / "图.png").code == 2
    told = typed("host", "map", "--json").json()
    assert (len(told["hosts"]), len(told["services"]), len(told["interfaces"]), told["impact"]) == (
        5,
        6,
        3,
        None,
    )


def test_what_stops_with_a_host_is_told_with_the_reason(typed: Typed, example: None, tmp_path: Path) -> None:
    said = typed("host", "impact", "db-1")
    assert "门户入口 依赖 远程教学平台 依赖 主数据库" in said.out
    assert "涉及的其他主机：app-1、db-2、web-1" in said.out
    assert "门户入口 依赖 远程教学平台 依赖 主数据库" in typed("host", "map", "--stop", "db-1").out
    told = typed("host", "impact", "db-1", "--json").json()
    assert [each["code"] for each in told["interfaces"]] == ["if-hr", "if-score", "if-sso"]
    svg = tmp_path / "停.svg"
    assert typed("host", "map", "--stop", "db-1", "--svg", svg).code == 0
    assert "随之停止" in svg.read_text(encoding="utf-8")
    assert typed("host", "impact", "无").code == 4


def test_without_hosts_there_is_nothing_to_draw_or_export(typed: Typed, tmp_path: Path) -> None:
    assert typed("host", "map", "--svg", tmp_path / "图.svg").code == 4
    assert typed("host", "export", tmp_path / "出.yaml").code == 4

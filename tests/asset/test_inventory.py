"""The inventory as a file: whole or not at all, and out and in again without a change."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eduops.asset.queries.inventory import load_inventory
from eduops.asset.rules.entry import Entry, NewInterface, NewLicence, NewService, list_slips
from eduops.asset.rules.host import Environment, NewHost, Role
from eduops.asset.rules.inventory import Inventory, judge_file
from eduops.asset.rules.inventory_sheet import build_template, read_sheets
from eduops.asset.rules.inventory_tree import read_tree, render_tree
from eduops.asset.rules.kind import HOSTS, SERVICES
from eduops.asset.rules.raw_row import read_row
from eduops.asset.service import inventory as service
from eduops.core.errors import Conflict, InputError, NotAllowed
from eduops.core.shipped import find_shipped
from eduops.core.yaml_tree import load_tree
from eduops.sheet.export import Column, Table, write_table
from eduops.sheet.read import read_workbook

HOST = NewHost("app-1", "应用（虚构）", Role.APPLICATION, Environment.PRODUCTION, "10.0.0.1", "院本部")
DB = replace(HOST, code="db-1", name="数据库（虚构）", role=Role.DATABASE, address="10.0.0.2")
SQL = NewService("sql", "主库", "db-1", "database", "MySQL", "8.0.36", 3306)
WEB = NewService("web", "平台", "app-1", "application", port=8080, needs=("sql",))
FACE = NewInterface("if-1", "上报", "web", "省平台", "outbound", "HTTPS", 443)
PAPER = NewLicence("lic", "平台", quantity=5, unit="用户", host="app-1", valid_until=date(2027, 1, 1))
ALL: tuple[Entry, ...] = (HOST, DB, SQL, WEB, FACE, PAPER)


def judge_text(folder: Path, text: str, kept: Inventory | None = None) -> tuple[list[str], list[str]]:
    """What a YAML text comes to beside what is kept: changes, and problems with their places."""
    file = folder / "台账.yaml"
    file.write_text(text, encoding="utf-8")
    tree = load_tree(file)
    judged = judge_file([read_row(row) for row in read_tree(tree)], kept or Inventory(), file="台账.yaml")
    problems = [*tree.problems, *judged.problems]
    return [plan.change for plan in judged.plans], [f"{each.address}：{each.message}" for each in problems]


def write_book(path: Path, **sheets: list[tuple[str, ...]]) -> Path:
    tables = [
        Table(name, "台账（虚构）", "", [Column(head) for head in head_and_rows[0]], head_and_rows[1:])
        for name, head_and_rows in sheets.items()
    ]
    write_table(path, tables)
    return path


def test_the_example_goes_in_and_comes_out_without_a_change(store, now, tmp_path):
    example = find_shipped("configs", "hosts.example.yaml")
    with store.writing() as session:
        judged, unused = service.import_file(session, example, now=now)
        assert ({plan.change for plan in judged.plans}, unused) == ({"added"}, ())
    out = tmp_path / "出.yaml"
    with store.reading() as session:
        kept = load_inventory(session)
    assert all(host.is_invented for host in kept.in_use["hosts"].values())  # type: ignore[union-attr]
    assert kept.in_use["services"]["edu-web"].needs == ("mysql-main", "redis-main")  # type: ignore[union-attr]
    out.write_text(render_tree(kept.entries), encoding="utf-8")
    for file in (example, out):
        with store.writing() as session:
            judged, _ = service.import_file(session, file, now=now)
            assert {plan.change for plan in judged.plans} == {"unchanged"}


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Co", "Zl", "Zp")), max_size=20
).map(lambda text: " ".join(text.split()))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=WORDS,
    version=WORDS | st.from_regex(r"\d{1,3}(\.\d{1,3}){0,2}", fullmatch=True),
    data=WORDS,
    note=WORDS,
)
def test_any_words_survive_the_way_out_and_in(tmp_path, name, version, data, note):
    entries = (
        replace(HOST, name=name or "名", campus=data or None), DB, replace(SQL, version=version, note=note),
        replace(WEB, product=name), replace(FACE, data=data, contact=note), replace(PAPER, holder=note.replace("-", "")),
    )  # fmt: skip
    sound = [entry for entry in entries if not list(list_slips(entry))]
    if len(sound) < len(entries):
        return
    changes, problems = judge_text(tmp_path, render_tree(entries), Inventory(entries))
    assert (problems, set(changes)) == ([], {"unchanged"})


def test_everything_wrong_in_a_yaml_file_is_said_at_once_with_its_line(tmp_path):
    _, problems = judge_text(
        tmp_path,
        """hosts:
  - code: app-1
    name: 应用
    role: 大型机
    environment: production
    address: 10.0.0.1
  - code: app-1
    name: 又一台
    role: web
    environment: test
    address: 10.0.0.2
  - name: 没有代码
  - code: half
services:
  - {code: web, name: 平台, host: nowhere, kind: application, version: 12.10, port: 99999, needs: [ghost, web]}
licence: []
interfaces: 3
""",
    )
    said = "\n".join(problems)
    for words in (
        "第 4 行 hosts[1].role：「大型机」不在可选范围",
        "第 7 行 hosts[2].code：主机代码 app-1 与 第 2 行 hosts[1].code 重复",
        "第 12 行 hosts[3]：主机缺少代码",
        "hosts[4]：主机 half 缺少主机名称（name）",
        "services[1].host：没有代码为 nowhere 的主机",
        "services[1].needs：没有代码为 ghost 的服务",
        "services[1].needs：服务 web 依赖自己",
        "services[1].port：端口 99999 不在 1 到 65535 之间",
        "services[1].version：值 12.1 要加引号",
        "licence：没有这个键",
        "interfaces：应是接口的列表",
    ):
        assert words in said, words


def test_a_row_that_lacks_something_or_stands_twice_is_looked_at_all_the_same(tmp_path):
    _, problems = judge_text(
        tmp_path,
        """hosts:
  - {code: 主机一, address: $(id), role: 大型机}
  - {name: 没有代码, address: u@h}
  - {code: app-1, name: 应用, role: web, environment: test, address: 10.0.0.1}
  - {code: app-1, name: 又一台, role: web, environment: test, address: -oProxyCommand=x}
services:
  - {code: 服务一, host: nowhere, needs: [ghost], port: 0}
interfaces:
  - {code: if-1, service: ghost, port: 99999, contact: "a\\x07b"}
licences:
  - {code: lic, host: nowhere, note: ABCDE-12345-FGHIJ-67890}
""",
    )
    said = "\n".join(problems)
    for words in (
        "hosts[1].code：主机代码「主机一」不能用", "hosts[1].address：主机 主机一 的地址「$(id)」不能用",
        "hosts[1].role：「大型机」不在可选范围", "hosts[1]：主机 主机一 缺少主机名称", "hosts[1]：主机 主机一 缺少环境",
        "hosts[2]：主机缺少代码", "hosts[2].address：主机 （无代码） 的地址「u@h」不能用",
        "hosts[4].code：主机代码 app-1 与 第 4 行 hosts[3].code 重复",
        "hosts[4].address：主机 app-1 的地址「-oProxyCommand=x」不能用",
        "services[1].code：服务代码「服务一」不能用", "services[1].host：没有代码为 nowhere 的主机",
        "services[1].needs：没有代码为 ghost 的服务", "services[1].port：端口 0 不在 1 到 65535 之间",
        "services[1]：服务 服务一 缺少服务名称", "interfaces[1].service：没有代码为 ghost 的服务",
        "interfaces[1].port：端口 99999", "interfaces[1].contact：这一项里有控制字符",
        "interfaces[1]：接口 if-1 缺少对方系统",
        "licences[1].host：没有代码为 nowhere 的主机", "licences[1].note：像是许可密钥", "licences[1]：许可 lic 缺少产品",
    ):  # fmt: skip
        assert words in said, (words, said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [1]\nb: *x\n", "不支持 YAML 别名"),
        ("[" * 100, "嵌套超过"),
        ("hosts: [3]", "应是一项主机"),
        ("- 1", "最外层"),
        ("hosts:\n  - code: [a]\n", "不能是列表"),
        ("hosts: !!python/object:os.system x\n", "标签"),
    ],
)
def test_what_yaml_allows_and_an_inventory_does_not_is_refused(tmp_path, text, said):
    _, problems = judge_text(tmp_path, text)
    assert said in "\n".join(problems)


def test_a_huge_yaml_file_is_refused_unread(sqlite_store, now, tmp_path):
    file = tmp_path / "大.yaml"
    file.write_text("hosts: []\n" + "# 很长\n" * 400_000, encoding="utf-8")
    with sqlite_store.writing() as session, pytest.raises(InputError) as caught:
        service.import_file(session, file, now=now)
    assert "超过 2 MB" in str(caught.value.problems[0])


def test_a_workbook_with_usual_headings_goes_in(store, now, tmp_path):
    book = write_book(
        tmp_path / "台账.xlsx",
        服务器清单=[
            ("编号", "服务器名称", "类型", "所属环境", "IP", "机房", "岗位"),
            ("app-1", "应用（虚构）", "应用服务器", "生产环境", "10.0.0.1", "院本部", "x"),
            ("db-1", "库（虚构）", "数据库", "正式", "10.0.0.2", "", ""),
        ],
        服务=[
            ("服务代码", "服务名称", "所在主机", "类别", "端口", "依赖服务", "版本"),
            ("web", "平台", "app-1", "应用", "8080", "sql、cache", "5.10"),
            ("sql", "主库", "db-1", "数据库", "3306", "", "8.0"),
            ("cache", "缓存", "app-1", "中间件", "6379", "-", ""),
        ],
        接口=[("接口代码", "接口名称", "所属服务", "对方系统", "数据流向"), ("if-1", "上报", "web", "省平台", "推送")],
        许可=[("编号", "产品名称", "有效期至"), ("lic", "平台", "2027年3月5日")],
    )  # fmt: skip
    for expected in ("added", "unchanged"):
        with store.writing() as session:
            judged, unused = service.import_file(session, book, now=now)
            assert {plan.change for plan in judged.plans} == {expected}
            assert unused == ("服务器清单!G 岗位",)
            kept = load_inventory(session)
    web = kept.in_use["services"]["web"]
    assert isinstance(web, NewService)
    assert (web.needs, web.version, web.port) == (("cache", "sql"), "5.10", 8080)
    assert kept.in_use["licences"]["lic"].valid_until == date(2027, 3, 5)  # type: ignore[union-attr]


def test_everything_wrong_in_a_workbook_is_said_with_its_cell_and_nothing_is_written(
    sqlite_store, now, tmp_path
):
    book = write_book(
        tmp_path / "台账.xlsx",
        主机=[("代码", "名称", "角色", "环境", "地址"), ("app 1", "应用", "应用", "生产", "10.0.0.1"),
            ("app-2", "\u202e名", "应用", "生产", "10.0.0.2")],
        服务=[("代码", "名称", "主机", "类别", "端口"), ("web", "平台", "无此机", "应用", "80/443")],
        许可=[("代码", "产品", "到期日", "备注"), ("lic", "平台", "明年", "ABCDE-12345-FGHIJ-67890")],
        接口=[("名称", "方向"), ("x", "发送")],
    )  # fmt: skip
    with sqlite_store.writing() as session, pytest.raises(InputError, match="什么都没有写入") as caught:
        service.import_file(session, book, now=now)
    said = "\n".join(map(str, caught.value.problems))
    for words in (
        "主机!A3：主机代码「app 1」不能用", "主机!B4：这一项里有控制字符", "服务!C3：没有代码为 无此机 的主机",
        "服务!E3：「80/443」不是整数", "许可!C3：「明年」不是日期", "许可!D3：像是许可密钥", "接口：找不到接口清单的表头",
    ):  # fmt: skip
        assert words in said, words
    with sqlite_store.reading() as session:
        assert load_inventory(session).entries == ()


def test_the_blank_template_is_read_and_explains_every_column(tmp_path):
    file = tmp_path / "空白.xlsx"
    tables = build_template()
    write_table(file, tables)
    read = read_sheets(read_workbook(file))
    assert (read.rows, read.problems, read.unused) == ((), (), ())
    assert {row[0] for row in tables[-1].rows} == {"主机", "服务", "接口", "许可"}


def test_empty_words_leave_what_is_kept_and_retired_things_are_left_alone(store, now, tmp_path):
    with store.writing() as session:
        for entry in (HOST, DB):
            service.add_entry(session, entry, now=now)
        service.retire_entry(session, HOSTS, "db-1", now=now)
        file = tmp_path / "台账.yaml"
        file.write_text(
            "hosts:\n  - {code: app-1, name: 改名, campus: }\n  - {code: db-1, name: 改名}\n",
            encoding="utf-8",
        )
        judged, _ = service.import_file(session, file, now=now)
        assert [(plan.change, plan.entry.name, plan.entry.campus) for plan in judged.plans] == [  # type: ignore[union-attr]
            ("changed", "改名", "院本部")
        ]
        assert [code for _, code in judged.retired] == ["db-1"]
        file.write_text("services:\n  - {code: s, name: 服务, host: db-1, kind: other}\n", encoding="utf-8")
        with pytest.raises(InputError) as caught:
            service.import_file(session, file, now=now)
        assert "主机 db-1 已经停用" in str(caught.value.problems[0])


def test_what_is_needed_cannot_be_retired_until_nothing_needs_it(store, now):
    with store.writing() as session:
        for entry in ALL:
            service.add_entry(session, entry, now=now)
        with pytest.raises(Conflict, match="服务 web"):
            service.retire_entry(session, SERVICES, "sql", now=now)
        with pytest.raises(Conflict, match="服务 sql"):
            service.retire_entry(session, HOSTS, "db-1", now=now)
        service.change_entry(session, SERVICES, "web", {"needs": ()})
        service.retire_entry(session, SERVICES, "sql", now=now)
        service.retire_entry(session, HOSTS, "db-1", now=now)
        with pytest.raises(NotAllowed, match="已经停用"):
            service.change_entry(session, SERVICES, "sql", {"name": "x"})
        with pytest.raises(Conflict, match="已经用过"):
            service.add_entry(session, replace(SQL, host="app-1"), now=now)


def test_services_may_need_each_other_and_are_kept_so(store, now, tmp_path):
    file = tmp_path / "圈.yaml"
    file.write_text(render_tree((HOST, DB, replace(SQL, needs=("web",)), WEB)), encoding="utf-8")
    with store.writing() as session:
        service.import_file(session, file, now=now)
        kept = load_inventory(session).in_use["services"]
        assert {code: each.needs for code, each in kept.items()} == {"sql": ("web",), "web": ("sql",)}  # type: ignore[union-attr]

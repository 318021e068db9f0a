"""Configuration files: every problem at once with its line; what YAML allows and we do not is refused."""

import os
import time
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from eduops.core.config import check_yaml, load_yaml
from eduops.core.errors import ConfigError
from eduops.core.yaml_tree import load_tree


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limit(Strict):
    warning: float = Field(ge=0, le=100)
    unit: Literal["percent", "bytes"] = "percent"


class Host(Strict):
    name: str
    port: int = 22
    limits: dict[str, Limit] = {}


class Example(Strict):
    customer: str = "甲方（虚构）"
    is_invented: bool = False
    share: Decimal | None = None
    hosts: tuple[Host, ...] = ()


@pytest.fixture
def check(tmp_path):
    """Problems of a file of that content, as (line, address and message)."""

    def run(content):
        path = tmp_path / "配置.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        value, problems = check_yaml(path, Example)
        assert (value is None) == bool(problems)
        assert all(problem.file == str(path) for problem in problems)
        return (
            value
            if value is not None
            else [(each.line, f"{each.address}：{each.message}") for each in problems]
        )

    return run


def test_whole_file_is_read(check):
    value = check(
        """
        customer: "某某: 医院（虚构）"
        is_invented: true
        share: 12.50
        hosts:
          - name: app-1
            limits: {cpu: {warning: 80}}
          - {name: db-1, port: 2222}
        """
    )
    assert (value.customer, value.is_invented, value.share) == ("某某: 医院（虚构）", True, Decimal("12.5"))
    assert [(host.name, host.port) for host in value.hosts] == [("app-1", 22), ("db-1", 2222)]
    assert value.hosts[0].limits["cpu"].warning == 80


@pytest.mark.parametrize("content", ["", "# 只有注释\n", "---\n", "\ufeffcustomer: 甲方（虚构）\n", "{}"])
def test_file_that_says_nothing_means_the_defaults(check, content):
    assert check(content) == Example()


def test_every_problem_is_found_at_once_in_the_order_of_lines(check):
    found = check(
        """\
customer: 12
is_invented: vielleicht
hosts:
  - name: app-1
    prot: 22
  - port: 2222
    name: db-1
    port: 22
  - port: x
    name: c
    limits: {cpu: {warning: 101, unit: bites}}
colour: red
"""
    )
    assert found == [
        (1, "第 1 行 customer：值「12」不是文字"),
        (2, "第 2 行 is_invented：值「vielleicht」不是是或否（true/false）"),
        (5, "第 5 行 hosts[1].prot：没有这个键，是否想写「port」"),
        (8, "第 8 行 hosts[2].port：键重复，第 6 行已经写过"),
        (9, "第 9 行 hosts[3].port：值「x」不是整数"),
        (11, "第 11 行 hosts[3].limits.cpu.warning：值「101」应不大于 100"),
        (11, "第 11 行 hosts[3].limits.cpu.unit：值「bites」不在可选范围：'percent' 或 'bytes'"),
        (12, "第 12 行 colour：没有这个键"),
    ]


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("hosts: [{port: 1}]", 1, "hosts[1].name：缺少这一项"),
        ("hosts: {}", 1, "hosts：值「{}」不是列表"),
        ("hosts: 5", 1, "hosts：值「5」不是列表"),
        ("\nhosts:\n  - 甲", 3, "hosts[1]：值「甲」不是键值表"),
        ("customer:", 1, "customer：值（空）不是文字"),
        ("- a\n- b", 1, "第 1 行：值「['a', 'b']」不是键值表"),
        ("nur ein Satz", 1, "值「nur ein Satz」不是键值表"),
        ("share: .nan", 1, "share：值「.nan」不是数字"),
        ("costumer: 甲", 1, "costumer：没有这个键，是否想写「customer」"),
        ("customer: {" + "a: b, " * 30 + "}", 1, "键重复"),
    ],
)
def test_wrong_shape_is_named_with_its_place(check, content, line, said):
    found = check(content)
    assert found[0][0] == line
    assert said in found[0][1]


def test_wrong_value_is_shown_shortened(check):
    (problem,) = check("customer: [" + "x, " * 500 + "]")
    assert len(problem[1]) < 100


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("customer: yes", "yes"),
        ("customer: 2026-03-05", "2026-03-05"),
        ("customer: 012", "012"),
        ("customer: 12:30", "12:30"),
        ("customer: 1_000", "1_000"),
        ("customer: '12'", "12"),
    ],
)
def test_only_what_looks_like_a_number_to_people_is_one(check, content, value):
    assert check(content).customer == value


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"customer: \xd6\xd0\xb9\xfa\n", "第 1 行：文件不是 UTF-8 编码"),
        (b"a: 1\nb: \xff\n", "第 2 行：文件不是 UTF-8 编码"),
        ("customer: [1, 2", "不符合 YAML 语法"),
        ("customer: a: b", "第 1 行：第 12 列附近不符合 YAML 语法"),
        ("a: 1\n\tb: 2\n", "第 2 行"),
        ("customer: \x00", "不允许的字符"),
        ("customer: 'offen\n", "不符合 YAML 语法"),
        ("a: 1\n---\nb: 2\n", "第 2 行：一个文件只能有一份内容"),
        ("customer: !!python/object:os.system x", "不支持 YAML 标签"),
        ("customer: !eigen x", "不支持 YAML 标签"),
        ("? [a, b]\n: 1\n", "键应是一个词"),
        ("a: &x [1]\nb: *x\n", "第 2 行：不支持 YAML 别名（*x）"),
        ("<<: *fremd\n", "不支持 YAML 别名（*fremd）"),
        ("a: " + "[" * 60 + "]" * 60, "嵌套超过 40 层"),
        ("[" * 100_000, "嵌套超过 40 层"),
        ("{a: " * 100_000, "嵌套超过 40 层"),
        ("a: x\n" * 500_000, "超过 2 MB"),
    ],
)
def test_what_yaml_allows_and_we_do_not_is_refused(check, content, said):
    assert said in check(content)[0][1]


def test_alias_bomb_is_refused_at_once(check):
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    began = time.monotonic()
    found = check("\n".join(["a0: &a0 [x]", *levels]))
    assert time.monotonic() - began < 2
    assert "不支持 YAML 别名（*a0）" in found[0][1]


@pytest.mark.parametrize(("depth", "is_refused"), [(39, False), (40, False), (41, True)])
def test_forty_levels_are_enough(tmp_path, depth, is_refused):
    path = tmp_path / "deep.yaml"
    path.write_text("[" * depth + "]" * depth)
    assert bool(load_tree(path).problems) == is_refused


def test_missing_file_and_folder_are_problems_too(tmp_path):
    for path, said in ((tmp_path / "none.yaml", "文件不存在"), (tmp_path, "是一个目录")):
        value, (problem,) = check_yaml(path, Example)
        assert value is None
        assert said in problem.message
        assert (problem.file, problem.address) == (str(path), "整个文件")


def test_loading_raises_with_the_count_and_every_problem(tmp_path):
    path = tmp_path / "patrol.yaml"
    path.write_text("customer: 1\ncolour: red\n")
    with pytest.raises(ConfigError, match="有 2 处问题") as caught:
        load_yaml(path, Example)
    assert [str(problem).removeprefix(f"{path} ") for problem in caught.value.problems] == [
        "第 1 行 customer：值「1」不是文字", "第 2 行 colour：没有这个键",
    ]  # fmt: skip
    assert caught.value.hint


def test_device_pipe_or_name_past_all_measure_is_a_problem_and_never_waits(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, said in (
        (tmp_path / "pipe", "设备或管道"),
        (Path("/dev/zero"), "设备或管道"),
        (tmp_path / ("长" * 5_000), "名称太长"),
    ):
        tree = load_tree(path)
        assert tree.data is None
        assert said in tree.problems[0].message

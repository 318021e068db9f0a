"""alert.yaml: everything wrong with it is said at once, each with its line; what is shipped is right."""

from pathlib import Path

import pytest

from eduops.alert.configuration import KINDS, AlertConfig, find_config_path, list_unrouted, load_config
from eduops.core.config import check_yaml
from eduops.core.errors import ConfigError
from eduops.core.shipped import find_shipped


def problems_of(tmp_path: Path, text: str) -> list[tuple[int | None, str]]:
    path = tmp_path / "alert.yaml"
    path.write_text(text)
    _, problems = check_yaml(path, AlertConfig)
    return [(problem.line, problem.message) for problem in problems]


def test_the_shipped_file_is_right_and_leaves_nothing_unheard(tmp_path: Path) -> None:
    config = load_config(tmp_path)
    assert find_config_path(tmp_path) == find_shipped("configs", "alert.yaml")
    assert list(config.channels) == ["local"]
    assert list_unrouted(config) == []


def test_every_example_in_the_shipped_file_is_right(tmp_path: Path) -> None:
    lines = find_shipped("configs", "alert.yaml").read_text().splitlines()
    examples = [line.removeprefix("#").removeprefix(" ") for line in lines if line.startswith("#   ")]
    channels = [line for line in examples if not line.lstrip().startswith(("from:", "to:", "free_days", "hold"))
                or line.startswith("            ")]  # fmt: skip
    path = tmp_path / "alert.yaml"
    path.write_text("channels:\n" + "\n".join(channels) + "\n")
    assert set(load_config(tmp_path).channels) == {"group", "ding", "lark", "mail", "other"}


def test_unknown_keys_and_wrong_values_are_said_with_their_lines(tmp_path: Path) -> None:
    text = """\
channels:
  group:
    kind: wecom
    url_fiel: keys/x
  other: {kind: telegram}
quiet: {from: "25:00", to: "07:30"}
routes:
  - {channels: [], kinds: [weather]}
extra: 1
"""
    problems = dict(problems_of(tmp_path, text))
    assert "没有这个键，是否想写「url_file」" in problems[4]
    assert "不在可选范围" in problems[5]
    assert "不是时间" in problems[6]
    assert 8 in problems and "没有这个键" in problems[9]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("channels: {a: {kind: wecom}}", "缺少 url_file 或 url_env"),
        ("channels: {a: {kind: wecom, url_file: x, url_env: Y}}", "只能写一个"),
        ("channels: {a: {kind: wecom, url_file: x, secret_file: y}}", "不用 secret_file"),
        ("channels: {a: {kind: wecom, url_file: x, url: 'https://x'}}", "没有这个键"),
        ("channels: {a: {kind: mail, host: h, from: a@b, to: [c@d], user: u}}", "要一起写"),
        ("channels: {a: {kind: mail, host: h}}", "缺少 from、to"),
        ('channels: {a: {kind: mail, host: h, from: a@b, to: ["c@d\\nBcc: x@y"]}}', "「c@d"),
        ("channels: {a: {kind: mail, host: h, from: a@b, to: [c@d], security: none}}", "不在可选范围"),
        ("channels: {a: {kind: file}}", "缺少 path"),
        ("channels: {'a b': {kind: file, path: x}}", ""),
        ("channels: {a: {kind: feishu, url_file: x, mention: ['ou\"><at']}}", ""),
        ("routes: [{channels: [nowhere]}]", "nowhere 不在 channels 里"),
        ("proxy: {url: 'http://user:word@10.0.0.1:3128'}", ""),
        ("proxy: {url: 'ftp://10.0.0.1'}", ""),
        ("proxy: {url: 'http://10.0.0.1:3128', user: u}", "要一起写"),
        ('quiet: {from: "07:00", to: "07:00"}', "相同"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, words: str) -> None:
    problems = problems_of(tmp_path, text)
    assert problems
    assert all(line == 1 for line, _ in problems)
    assert any(words in message for _, message in problems)


@pytest.mark.parametrize(
    "text",
    [
        "channels: {a: {kind: wecom, url_file: 'https://x.example.org/?key=hidden-invented'}}",
        "channels: {a: {kind: wecom, url_env: 'https://x.example.org/?key=hidden-invented'}}",
        "channels: {a: {kind: dingtalk, url_env: U, secret_env: SEChidden-invented}}",
        "channels: {a: {kind: wecom, url: 'https://x.example.org/?key=hidden-invented'}}",
        "channels: {a: {kind: mail, host: h, from: a@b, to: [c@d], user: u, password: hidden-invented}}",
        "proxy: {url: 'http://user:hidden-invented@10.0.0.1:3128'}",
    ],
)
def test_a_secret_in_the_wrong_place_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    problems = problems_of(tmp_path, text)
    assert problems
    assert not any("hidden" in message for _, message in problems)


def test_a_broken_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "alert.yaml").write_text("channels: [")
    with pytest.raises(ConfigError, match=r"alert.yaml"):
        load_config(tmp_path)


def test_kinds_that_go_nowhere_are_found() -> None:
    file = {"kind": "file", "path": "x"}
    some = {"channels": {"a": file}, "routes": [{"kinds": ["deadline"], "channels": ["a"]}]}
    assert set(list_unrouted(AlertConfig.model_validate(some))) == set(KINDS) - {"deadline", "test"}
    partly = {"channels": {"a": file}, "routes": [{"severities": ["critical"], "channels": ["a"]}]}
    assert "patrol" in list_unrouted(AlertConfig.model_validate(partly))

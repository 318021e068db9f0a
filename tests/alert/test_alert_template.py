"""Messages in words: a template for each kind, a home's own first, and nothing in the data that marks up or hides."""

from zoneinfo import ZoneInfo

import pytest

from eduops.alert import template
from eduops.alert.configuration import KINDS
from eduops.core.shipped import find_shipped

ZONE = ZoneInfo("Asia/Shanghai")
FACTS = {
    "name": "虚构医院",
    "state_text": "合同已到期",
    "text": "说明（虚构）",
    "command": "eduops tenant renew h1",
}


def write(home, **facts):
    return template.write(home, ZONE, kind="tenant", severity="warning", facts={**FACTS, **facts})


def markdown(home, text, *, channel_kind="wecom", severity="critical"):
    return template.write_markdown(
        home, ZONE, kind="tenant", channel_kind=channel_kind, severity=severity, text=text, facts=FACTS
    )


def own(home, name, text):
    folder = home / "templates" / "messages"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def test_every_kind_has_a_shipped_template():
    folder = find_shipped("templates", "messages")
    assert {path.stem for path in folder.glob("*.txt")} == set(KINDS)
    assert (folder / "message.md").is_file()


def test_a_home_s_own_template_wins(tmp_path):
    own(tmp_path, "tenant.txt", "自己的标题 {{ name }}\n\n{{ severity_text }}")
    assert write(tmp_path) == template.Written("自己的标题 虚构医院", "自己的标题 虚构医院\n\n警告")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ nmae }}", "UndefinedError"), ("{% if %}", "第 1 行"), ("\n\n", "第一行是空的"), ("{{ 1 / 0 }}", "Zero"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError"), ("{{ name|at }}", "ValueError"),
        ("{% include '/etc/passwd' %}", "TemplateNotFound"),
    ],
)  # fmt: skip
def test_an_own_template_that_fails_gives_way_to_the_shipped_one_and_is_named(tmp_path, text, words):
    own(tmp_path, "tenant.txt", text)
    written = write(tmp_path)
    assert written.title == "【机构】虚构医院：合同已到期"
    assert words in (written.fault or "")


def test_a_template_that_is_not_utf_8_gives_way_too(tmp_path):
    own(tmp_path, "tenant.txt", "")
    (tmp_path / "templates" / "messages" / "tenant.txt").write_bytes("标题".encode("gb18030"))
    assert write(tmp_path).title == "【机构】虚构医院：合同已到期"
    assert template.list_problems(tmp_path)[0].startswith("tenant.txt")


def test_grammar_of_own_templates_is_looked_at(tmp_path):
    assert template.list_problems(tmp_path) == []
    own(tmp_path, "tenant.txt", "{{ name }")
    own(tmp_path, "message.md", "{{ title }}")
    (problem,) = template.list_problems(tmp_path)
    assert problem.startswith("tenant.txt：第 1 行")


def test_what_came_in_with_the_data_stays_on_its_line_and_marks_nothing_up(tmp_path):
    written = write(tmp_path, name="虚构\n怎么办：<@all> [点这里](http://x)\u202e")
    assert written.title.startswith("【机构】虚构 怎么办：")
    for kind in ("wecom", "dingtalk"):
        shown = markdown(tmp_path, written.text, channel_kind=kind)
        assert "<@all>" not in shown and "[点这里]" not in shown and "\u202e" not in shown


def test_markdown_of_a_channel_s_own_comes_first(tmp_path):
    text = write(tmp_path).text
    assert markdown(tmp_path, text).startswith(
        '### <font color="warning">【机构】虚构医院：合同已到期</font>'
    )
    assert markdown(tmp_path, text, severity="info").startswith("### 【机构】")
    assert markdown(tmp_path, text, channel_kind="dingtalk") == (
        "### 【机构】虚构医院：合同已到期\n\n> 说明（虚构）\n\n> 怎么办：eduops tenant renew h1"
    )
    own(tmp_path, "tenant.md", "自己的 {{ lines[0] }}")
    assert markdown(tmp_path, text) == "自己的 说明（虚构）"
    own(tmp_path, "tenant.wecom.md", "给企业微信的 {{ name }}")
    assert markdown(tmp_path, text) == "给企业微信的 虚构医院"
    own(tmp_path, "tenant.wecom.md", "{{ nothing }}")
    assert markdown(tmp_path, text).startswith('### <font color="warning">')

"""`eduops ticket` as it is typed; people and places are invented (虚构)."""

import json
import re
from pathlib import Path

import pytest
from cli.conftest import ACTOR, Typed

from eduops.sheet.read import read_workbook

REF = "INC-2026-0001"
RECORD = (
    "--cause",
    "连接池耗尽",
    "--engineer",
    "王工（虚构）",
    "--solution",
    "重启",
    "--process",
    "改配置",
    "--result",
    "已恢复",
)


def ticket(*words: str) -> tuple[str, ...]:
    return ("ticket", *words)


@pytest.fixture
def opened(typed: Typed) -> str:
    assert typed("ticket", "open", "--title", "考试页面打不开（虚构）", "--at", "2026-03-05 09:00").code == 0
    return REF


LIFE = (
    ticket("assign", REF, "--to", "王工（虚构）", "--at", "09:01"),
    ticket("respond", REF, "--at", "09:05"),
    ticket("escalate", REF, "--to", "李工（虚构）", "--reason", "要改代码", "--at", "09:06"),
    ticket("arrive", REF, "--at", "09:20"),
    ticket("wait", REF, "--reason", "等机房开门", "--agreed-by", "张老师（虚构）", "--at", "09:30"),
    ticket("go-on", REF, "--at", "09:40"),
    ticket("plan", REF, "--deadline", "2026-03-06", "--at", "09:41"),
    ticket("approve-plan", REF, "--by-department", "赵（虚构）", "--at", "09:42"),
    ticket("approve-plan", REF, "--by-management", "钱（虚构）", "--at", "09:43"),
    ticket("agree-remote", REF, "--by", "张老师（虚构）", "--at", "09:44"),
    ticket("resolve", REF, "--solution", "重启", "--at", "09:50"),
    ticket("confirm", REF, "--by", "张老师（虚构）", "--how", "电话", "--at", "09:51"),
    ticket("reopen", REF, "--reason", "又打不开了", "--at", "09:55"),
    ticket("resolve", REF, "--cause", "software", "--at", "10:00"),
    ticket("impact", REF, "system", "--at", "10:01"),
    ticket("cause", REF, "network", "--at", "10:02"),
    ticket("outage", REF, "--start", "09:00", "--end", "10:00"),
    ticket("plan-window", REF, "--from", "08:00", "--to", "10:30", "--approved-by", "赵（虚构）"),
    ticket("record", REF, *RECORD),
    ticket("close", REF, "--at", "10:05"),
)


def test_whole_life_is_typed_previewed_and_shown(typed: Typed, opened: str) -> None:
    for words in LIFE:
        before = typed("ticket", "show", REF, "--json").out
        preview = typed(*words, "--dry-run")
        assert (preview.code, preview.err) == (0, ""), words
        assert "预演" in preview.out
        assert typed("ticket", "show", REF, "--json").out == before
        assert typed(*words, "--json").json()["ref"] == REF
    shown = typed("ticket", "show", REF, "--json").json()
    assert shown["state"] == "closed"
    assert [each["step"] for each in shown["events"] if each["step"] == "resolve"] == ["resolve", "resolve"]
    assert (shown["resolved_at"], shown["reopened"][0]["resolved_at"]) == (
        "2026-03-05T01:50:00Z",
        "2026-03-05T02:00:00Z",
    )
    assert shown["plan_deadline"] == "2026-03-06T16:00:00Z"
    assert shown["record"]["engineer"] == "王工（虚构）"
    drawn = typed("ticket", "show", REF).out
    for said in ("已关闭", "又打不开了", "维护记录", "方案批准", "赵（虚构）", "补录"):
        assert said in drawn


def test_sentence_about_a_step_has_no_odd_blanks(typed: Typed, opened: str) -> None:
    typed("ticket", "resolve", REF, "--at", "09:50")
    said = typed("ticket", "confirm", REF, "--by", "张老师", "--how", "电话", "--at", "10:00").out
    assert said == f"{REF} 已登记张老师的确认：2026-03-05 10:00（补录）\n"
    assert f"{REF} 已登记张老师同意远程：" in typed("ticket", "agree-remote", REF, "--by", "张老师").out


def test_show_hides_no_fact_from_people(typed: Typed, opened: str) -> None:
    for words in LIFE:
        assert typed(*words).code == 0
    drawn = typed("ticket", "show", REF).out
    for said in (
        r"报修 +2026-03-05 09:00", r"响应 +2026-03-05 09:05", r"到场 +2026-03-05 09:20",
        r"解决 +2026-03-05 09:50（第一次；重开后的见下）", r"关闭 +2026-03-05 10:05",
        r"停机开始 +2026-03-05 09:00", r"停机结束 +2026-03-05 10:00",
        r"计划开始 +2026-03-05 08:00", r"计划结束 +2026-03-05 10:30", r"计划批准人 +赵（虚构）",
        r"同意远程人 +张老师（虚构）", r"方案期限 +2026-03-07 00:00",
        r"│ 2026-03-05 09:30 │ 2026-03-05 09:40 │ 等机房开门 │ 张老师（虚构） │",
        r"│ 2026-03-05 09:55 │ 2026-03-05 10:00 │",
        r"使用科室批准人：赵（虚构）", r"影响：系统停机；原为：（影响：有限影响）", r"约定期限：2026-03-07 00:00",
    ):  # fmt: skip
        assert re.search(said, drawn), said
    assert not re.search(r"[a-z_]+=|T\d\d:", drawn)


def test_story_says_which_instant_holds_after_a_correction(typed: Typed, opened: str) -> None:
    typed("ticket", "respond", REF, "--at", "09:05")
    typed("ticket", "wait", REF, "--reason", "等门", "--agreed-by", "张（虚构）", "--at", "09:30")
    typed("ticket", "go-on", REF, "--at", "09:40")
    for words in (
        ("responded_at", "2026-03-05 09:07"),
        ("responded_at", "2026-03-05 09:03"),
        ("exclusions[1].to", "2026-03-05 09:41"),
    ):
        assert typed("ticket", "correct", REF, *words, "--reason", "表不准").code == 0
    shown = typed("ticket", "show", REF).out
    assert "2026-03-05 09:05（已更正为 2026-03-05 09:03）" in shown
    assert "2026-03-05 09:40（已更正为 2026-03-05 09:41）" in shown
    assert shown.count("已更正") == 2
    assert "更正：第 1 段等待甲方的结束" in shown
    assert typed("ticket", "correct", REF, "responded_at", "", "--reason", "没有响应").code == 0
    assert "2026-03-05 09:05（已更正：去掉）" in typed("ticket", "show", REF).out


def test_json_names_its_fields_in_the_order_of_the_ticket(typed: Typed, opened: str) -> None:
    first = list(typed("ticket", "list", "--json").json()[0])
    assert first[:6] == ["ref", "kind", "title", "impact", "cause", "department"]
    assert list(typed("ticket", "respond", REF, "--at", "09:05", "--json").json()) == first
    shown = typed("ticket", "show", REF, "--json").json()
    assert list(shown)[: len(first)] == first
    assert list(shown["events"][0]) == ["step", "happened_at", "recorded_at", "actor", "values"]


def test_late_entry_is_marked(typed: Typed, opened: str) -> None:
    assert "（补录）" in typed("ticket", "respond", REF, "--at", "11:00").out
    assert "（补录）" not in typed("ticket", "arrive", REF, "--at", "11:40").out


def test_incident_without_record_is_not_closed(typed: Typed, opened: str) -> None:
    typed("ticket", "resolve", REF, "--at", "10:00")
    said = typed("ticket", "close", REF)
    assert said.code == 4
    assert "还没有维护记录" in said.err
    assert f"eduops ticket record {REF}" in said.err
    for option in RECORD[::2]:
        assert option in said.err


def test_consult_is_logged_in_one_line(typed: Typed, home: Path) -> None:
    words = (
        "ticket",
        "log",
        "怎样导入题库（虚构）",
        "--department",
        "继续教育科（虚构）",
        "--minutes",
        "5",
        "--answer",
        "看手册",
    )
    assert "预演" in typed(*words, "--dry-run").out
    assert "已登记并关闭 CON-2026-0001" in typed(*words).out
    made = typed(*words, "--at", "10:00", "--json").json()
    assert (made["reported_at"], made["closed_at"]) == ("2026-03-05T02:00:00Z", "2026-03-05T02:05:00Z")
    assert made["solution"] == "看手册"
    refused = typed(*words, "--at", "11:49")
    assert refused.code == 4
    assert "咨询从 2026-03-05 11:49 到 2026-03-05 11:54，还没有结束" in refused.err
    assert "CON-" not in refused.err
    assert len(typed("ticket", "list", "--kind", "consult", "--json").json()) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("approve-plan", REF), 2, "没有写谁批准"),
        (("outage", REF), 2, "没有写停机的起止"),
        (("cause", REF, "鬼"), 2, "可选"),
        (("impact", REF, "x"), 2, "可选"),
        (("respond", REF, "--at", "2026-03-05"), 2, "只有日期，没有写几点几分"),
        (("respond", REF, "--at", "九点"), 2, "不是时刻"),
        (("respond", REF, "--at", "08:59"), 4, "早于报修时刻"),
        (("respond", "INC-2026-0404"), 4, "没有工单"),
        (("plan", REF, "--deadline", "08:00"), 4, "早于方案提交时间"),
        (("correct", REF, "responded_at", "2026-03-05 08:00", "--reason", "x"), 2, "早于报修时间"),
        (("correct", REF, "ref", "X", "--reason", "x"), 2, "没有可更正的字段"),
        (("correct", REF, "impact", "鬼", "--reason", "x"), 2, "「鬼」不在允许的值里"),
        (("correct", REF, "impact", "", "--reason", "x"), 2, "本来就是这样，没有要更正的"),
        (("correct", REF, "responded_at", "", "--reason", "x"), 2, "本来就是这样，没有要更正的"),
        (("open", "--title", " "), 2, "没有写内容"),
        (("log", ""), 2, "没有写内容"),
        (("recurring", "add", ""), 2, "没有写内容"),
        (("record", REF, *RECORD[:-1], " "), 2, "没有写维护结果"),
        (("attach", REF, "/没有/这个.png"), 3, "没有文件"),
        (("attachment", REF, "x.png", "--out", "/tmp/x.png"), 4, "没有附件"),
        (("import", "/没有/工单.jsonl"), 3, "不能读取"),
        (("export", "工单.txt"), 2, "不认识文件类型"),
        (("log", "x", "--channel", "信鸽"), 2, "可选"),
    ],
)
def test_slip_is_told_in_a_sentence(
    typed: Typed, opened: str, words: tuple[str, ...], code: int, said: str
) -> None:
    told = typed("ticket", *words)
    assert (told.code, told.out) == (code, "")
    assert said in told.err
    assert "怎么办" in told.err


def test_refused_correction_says_its_reason_once_and_speaks_of_no_file(typed: Typed, opened: str) -> None:
    said = typed("ticket", "correct", REF, "responded_at", "2026-03-05 08:00", "--reason", "x").err
    assert said.count("早于报修时间") == 1
    assert "的 responded_at 不能更正为「2026-03-05 08:00」" in said
    assert f"eduops ticket show {REF}" in said
    assert "文件" not in said
    assert "导入" not in said


def test_correction_says_who_and_keeps_the_old_value(
    typed: Typed, opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed("ticket", "respond", REF, "--at", "09:05")
    words = ("ticket", "correct", REF, "responded_at", "2026-03-05 09:03", "--reason", "表慢两分")
    monkeypatch.delenv("EDUOPS_ACTOR")
    assert typed(*words).code == 4
    monkeypatch.setenv("EDUOPS_ACTOR", ACTOR)
    assert f"{REF} 的响应时间已更正：2026-03-05 09:05 → 2026-03-05 09:03\n" == typed(*words).out
    cleared = typed("ticket", "correct", REF, "responded_at", "", "--reason", "没有响应", "--dry-run").out
    assert "2026-03-05 09:03 → 空（预演，未写入）" in cleared
    event = typed("ticket", "show", REF, "--json").json()["events"][-1]
    assert (event["step"], event["actor"], event["values"]["reason"]) == ("correct", ACTOR, "表慢两分")
    entry = typed("audit", "list", "--json").json()[0]
    assert entry["command"] == "eduops ticket correct"
    assert entry["change"]["before"] == "2026-03-05T09:05:00+08:00"


def test_attachment_goes_in_and_comes_out(typed: Typed, opened: str, home: Path, tmp_path: Path) -> None:
    source = tmp_path / "截图.png"
    source.write_bytes(b"\x89PNG")
    assert typed("ticket", "attach", REF, source).code == 0
    assert "没有改动" in typed("ticket", "attach", REF, source).out
    (listed,) = typed("ticket", "show", REF, "--json").json()["attachments"]
    assert (home / "attachments" / listed["sha256"][:2] / listed["sha256"]).read_bytes() == b"\x89PNG"
    assert typed("ticket", "attachment", REF, "截图.png", "--out", tmp_path / "又.png").code == 0
    assert (tmp_path / "又.png").read_bytes() == b"\x89PNG"
    (tmp_path / "又.png").write_bytes(b"mine")
    again = ("ticket", "attachment", REF, "截图.png", "--out", tmp_path / "又.png")
    assert typed(*again).code == 4
    assert (tmp_path / "又.png").read_bytes() == b"mine"
    assert typed(*again, "--force").code == 0
    assert (tmp_path / "又.png").read_bytes() == b"\x89PNG"
    assert "截图.png" in typed("ticket", "show", REF).out


def test_plan_file_is_kept_as_an_attachment(typed: Typed, opened: str, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "方案.docx"
    file.write_bytes(b"PK")
    words = ("ticket", "plan", REF, "--deadline", "2026-03-06", "--file", file, "--at", "10:00", "--dry-run")
    assert typed(*words).code == 0
    assert [path for path in (home / "attachments").rglob("*") if path.is_file()] == []
    assert typed("ticket", "plan", REF, "--deadline", "2026-03-06", "--file", file, "--at", "10:00").code == 0
    assert [each["name"] for each in typed("ticket", "show", REF, "--json").json()["attachments"]] == [
        "方案.docx"
    ]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".xlsx"])
def test_exported_tickets_are_imported_again_unchanged(
    typed: Typed, opened: str, tmp_path: Path, suffix: str
) -> None:
    for words in LIFE:
        assert typed(*words).code == 0
    path = tmp_path / f"工单{suffix}"
    assert typed("ticket", "export", path, "--json").json()["tickets"] == 1
    assert typed("ticket", "import", path, "--json").json()["unchanged"] == 1
    fresh = path.with_name(f"新{suffix}")
    assert typed("ticket", "template", fresh).code == 0
    for words in (("export", path), ("template", fresh)):
        before = words[1].read_bytes()
        said = typed("ticket", *words)
        assert (said.code, words[1].read_bytes()) == (4, before)
        assert "已经存在" in said.err and "--force" in said.err
        assert typed("ticket", *words, "--force").code == 0


def test_file_with_bad_rows_goes_in_not_at_all(typed: Typed, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "工单.jsonl"
    good = {"ref": "A", "reported_at": "2026-03-05 09:00"}
    path.write_text(
        json.dumps(good) + "\n" + json.dumps({**good, "resolved_at": "2026-03-05 08:00"}) + "\n{\n"
    )
    said = typed("ticket", "import", path)
    assert said.code == 3
    for part in (
        "有 2 行不能导入",
        "第 2 行：解决时间 2026-03-05 08:00 早于报修时间 2026-03-05 09:00",
        "第 3 行",
    ):
        assert part in said.err
    assert typed("ticket", "list", "--json").json() == []
    path.write_text(json.dumps(good))
    assert typed("ticket", "import", path, "--dry-run", "--json").json() == {
        "file": str(path), "rows": 1, "added": 1, "unchanged": 0, "dry_run": True
    }  # fmt: skip
    assert typed("ticket", "list", "--json").json() == []


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_examples_of_a_template_are_never_taken_for_tickets(
    typed: Typed, home: Path, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"模板{suffix}"
    typed("ticket", "template", path)
    said = typed("ticket", "import", path)
    assert said.code == 3
    assert "没有一张工单（2 行示例不算）" in said.err
    own = {".jsonl": '{"ref": "A", "reported_at": "2026-03-05 09:00"}', ".csv": "A,,,,,,,,2026-03-05 09:00"}
    with path.open("a", encoding="utf-8") as stream:
        stream.write(own[suffix] + "\n")
    said = typed("ticket", "import", path)
    assert (said.code, "新增 1" in said.out) == (0, True)
    assert "2 行示例（工单号以「示例」开头）没有导入" in said.err
    assert [each["ref"] for each in typed("ticket", "list", "--json").json()] == ["A"]


def test_every_bad_row_is_named_however_many(typed: Typed, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "工单.jsonl"
    path.write_text("{}\n" * 120)
    said = typed("ticket", "import", path)
    assert said.code == 3
    assert all(f"第 {row} 行：ref：不能为空" in said.err for row in range(1, 121))
    assert "有 120 行不能导入" in said.err


def test_recurring_problem_is_named_linked_and_analysed(typed: Typed, opened: str) -> None:
    added = typed("ticket", "recurring", "add", "登录缓慢（虚构）", "--workaround", "错峰", "--json").json()
    assert added["ref"] == "PRB-2026-0001"
    assert typed("ticket", "recurring", "link", "PRB-2026-0001", REF).code == 0
    assert typed("ticket", "recurring", "list", "--json").json()[0]["tickets"] == 1
    (found,) = typed(
        "ticket", "recurring", "analyse", "--from", "2026-03-01", "--to", "2026-03-31", "--json"
    ).json()
    assert (found["minutes_lost"], found["refs"]) == (170.0, [REF])
    assert typed("ticket", "show", REF, "--json").json()["recurring_problem"] == "PRB-2026-0001"
    assert typed("ticket", "recurring", "link", "PRB-2026-0404", REF).code == 4


def test_tickets_that_are_put_under_a_problem_are_counted_once_and_those_that_move_are_named(
    typed: Typed, opened: str
) -> None:
    recurring = ("ticket", "recurring")
    for title in ("登录缓慢（虚构）", "证书空白（虚构）"):
        typed(*recurring, "add", title)
    said = typed(*recurring, "link", "PRB-2026-0001", REF, REF.lower())
    assert said.out == "1 张工单已归入 PRB-2026-0001\n"
    entries = len(typed("audit", "list", "--json").json())
    assert (
        typed(*recurring, "link", "PRB-2026-0001", REF).out == "0 张工单已归入 PRB-2026-0001，1 张本来就在\n"
    )
    assert len(typed("audit", "list", "--json").json()) == entries
    moved = typed(*recurring, "link", "PRB-2026-0002", REF, "--dry-run", "--json").json()
    assert (moved["linked"], moved["moved_from"]) == ([REF], {REF: "PRB-2026-0001"})
    said = typed(*recurring, "link", "PRB-2026-0002", REF)
    assert said.out == f"1 张工单已归入 PRB-2026-0002；{REF} 由 PRB-2026-0001 移来\n"
    assert typed("audit", "list", "--json").json()[0]["change"]["before"] == {REF: "PRB-2026-0001"}
    assert typed(*recurring, "unlink", "PRB-2026-0002", REF, REF).code == 0


def test_a_problem_cannot_be_solved_in_the_future_and_the_hint_names_the_option(
    typed: Typed, opened: str
) -> None:
    typed("ticket", "recurring", "add", "登录缓慢（虚构）")
    told = typed("ticket", "recurring", "change", "PRB-2026-0001", "--solved", "23:00")
    assert (told.code, "检查 --solved 写的时刻" in told.err) == (4, True)


def test_recurring_problem_is_changed_and_printed(typed: Typed, opened: str, tmp_path: Path) -> None:
    prb, target = "PRB-2026-0001", tmp_path / "分析.xlsx"
    recurring = ("ticket", "recurring")
    typed(*recurring, "add", "登录缓慢（虚构）", "--workaround", "错峰")
    assert typed(*recurring, "add", "登录缓慢（虚构）").code == 4
    words = (*recurring, "change", prb, "--cause", "没有索引", "--solved", "11:00")
    assert "预演" in typed(*words, "--dry-run").out
    assert typed(*words, "--json").json()["solved_at"] == "2026-03-05T03:00:00Z"
    assert "没有改动" in typed(*words).out
    assert typed("audit", "list", "--json").json()[0]["change"] == {
        "step": "change", "cause": "没有索引", "solved_at": "2026-03-05T03:00:00+00:00",
        "before": {"cause": "", "solved_at": None},
    }  # fmt: skip
    assert typed(*recurring, "change", prb, "--solved", "", "--json").json()["solved_at"] is None
    assert (typed(*recurring, "change", prb).code, typed(*recurring, "change", prb, "--title", " ").code) == (
        2,
        2,
    )
    typed(*recurring, "link", prb, REF)
    analyse = (*recurring, "analyse", "--from", "2026-03-01", "--to", "2026-03-31")
    shown = typed(*analyse).out
    assert "重复问题分析，2026-03-01 至 2026-03-31（1）" in shown
    assert "没有索引" in shown
    assert typed(*analyse, "--json").json()[0]["cause"] == "没有索引"
    assert typed(*analyse, "--out", target).code == 0
    cells = [str(cell) for row in read_workbook(target).sheets[0].rows for cell in row]
    assert {"重复问题分析（2026-03-01 至 2026-03-31）", "原因", "没有索引", REF} <= set(cells)
    assert (typed(*analyse, "--out", target).code, typed(*analyse, "--out", target, "--force").code) == (4, 0)
    assert typed(*analyse, "--out", tmp_path / "分析.pdf").code == 2
    assert typed(*recurring, "unlink", prb, REF).code == 0
    assert "2026-03-01 至 2026-03-31：没有归入重复问题的工单" in typed(*analyse).out
    assert "移出重复问题" in typed("ticket", "show", REF).out
    assert typed(*recurring, "unlink", prb, REF).code == 4

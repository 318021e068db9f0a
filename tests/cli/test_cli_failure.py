"""What goes wrong ends in a Chinese sentence, with the exit code of the design's table, and never in a traceback."""

import os
import subprocess
from pathlib import Path

import pytest
from cli.conftest import Typed, environment, spawn

from eduops.cli.failure import exit_code, guarded
from eduops.core import errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("甲"), 2),
        (errors.ConfigError("甲"), 3),
        (errors.InputError("甲"), 3),
        (errors.NotFound("甲"), 4),
        (errors.Conflict("甲"), 4),
        (errors.NotAllowed("甲"), 4),
        (errors.OutsideError("甲"), 5),
    ],
)
def test_every_kind_of_error_has_its_exit_code(error: errors.EduopsError, code: int) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["ticket", "list"], 0, "没有工单"),
        (["doctor"], 1, "还没有可用的备份"),
        (["ticket", "open", "--title", "虚构", "--kind", "bad"], 2, "可选：incident（故障）"),
        (["sla", "evaluate", "--from", "2026-03-05", "--to", "2026-03-04"], 2, "早于 --from"),
        (["sla", "post", "--from", "2026-03-01", "--to", "2026-03-05"], 2, "--yes"),
        (["report", "build", "monthly", "--period", "2026Q1"], 2, "可选：quarterly"),
        (["report", "build", "quarterly", "--period", "2026Q9"], 2, "没有季度 2026Q9"),
        (["learner", "import", "没有这个文件.xlsx"], 3, "没有这个文件.xlsx"),
        (["--home", "没有这个目录", "tenant", "list"], 3, "没有这个目录 不存在"),
        (["--home", "没有这个目录", "ticket", "open", "--title", "虚构"], 3, "先运行 eduops init"),
        (["ticket", "respond", "INC-2026-9999"], 4, "eduops ticket list"),
        (["score", "list", "EXM-2026-9999"], 4, "没有考试 EXM-2026-9999"),
        (["contract", "explain", "99"], 4, "可查的条款：1.1"),
        (["backup", "drill"], 4, "eduops backup run"),
        (["ticket", "open", "--title", "虚构", "--at", "2026-03-05 11:51"], 4, "2026-03-05 11:51 还没有到"),
    ],
)
def test_the_code_and_the_sentence_say_what_and_what_next(
    typed: Typed, words: list[str], code: int, said: str
) -> None:
    told = typed(*words)
    assert told.code == code
    assert said in told.out + told.err
    if code > 1:
        assert told.out == ""
        assert told.err.startswith("错误：")
        assert "怎么办：" in told.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["tikcet"], "没有命令「tikcet」，是否想用 'ticket'"),
        (["什么"], "没有命令「什么」"),
        (["it's"], "没有命令「it's」"),
        (["ticket", "lst"], "没有命令「lst」，是否想用 'list'"),
        (["ticket", "list", "--jsn"], "没有选项 --jsn，是否想用 --json"),
        (["ticket", "list", "--zzz"], "没有选项 --zzz"),
        (["ticket", "show"], "缺少参数 编号（工单编号，如 INC-2026-0001）"),
        (["ticket", "open"], "缺少选项 --title（一句话说明）"),
        (["ticket", "open", "--title"], "选项 --title 后面要写值"),
        (["ticket", "list", "--json=yes"], "选项 --json 不带值"),
        (["ticket", "list", "甲", "乙"], "多出参数：甲 乙"),
        (["ticket", "show", "甲", "乙"], "多出参数：乙"),
        (["learner", "list", "--limit", "abc"], "--limit 的值不正确：不是整数"),
        (["learner", "list", "--limit", "1.5"], "--limit 的值不正确：不是整数"),
        (["learner", "list", "--limit", "9" * 5000], "--limit 的值不正确：整数太大"),
        (["learner", "list", "--limit", "0"], "--limit 的值不正确：应不小于 1"),
        (["learner", "list", "--limit", "1000001"], "--limit 的值不正确：应不大于 1000000"),
        (["audit", "list", "--limit", "-1"], "--limit 的值不正确：应不小于 1"),
        (["exam", "rehearse", "甲", "--learners", "5001"], "--learners 的值不正确：应不大于 5000"),
        (["demo", "--seed", "2147483648"], "--seed 的值不正确：应不大于 2147483647"),
        (["--home"], "选项 --home 后面要写值"),
        (["--nothing"], "没有选项 --nothing"),
    ],
)
def test_typers_own_sentences_are_chinese(typed: Typed, words: list[str], sentence: str) -> None:
    told = typed(*words)
    assert told.code == 2
    assert told.err.splitlines()[0] == f"错误：{sentence}"
    assert told.err.splitlines()[1].endswith("--help 查看用法")


def test_a_noun_alone_shows_its_commands_and_is_wrong_usage(typed: Typed) -> None:
    told = typed("ticket")
    assert told.code == 2
    assert "登记一张工单" in told.out
    assert told.err == ""


def _stumble() -> None:
    raise LookupError("虚构")


def test_an_error_that_nobody_foresaw_is_a_sentence_that_promises_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert guarded(_stumble, debug=False) == 5
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "错误：程序内部出错（LookupError：虚构）"
    assert "已经写入的步骤保留" in lines[1]
    assert "先用查询命令核对" in lines[1]
    assert "--debug" in lines[2]


def test_debug_shows_the_calls_and_keeps_sentence_and_code(
    typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(_stumble, debug=True) == 5
    told = capsys.readouterr().err
    assert told.startswith("Traceback")
    assert "程序内部出错（LookupError" in told
    refused = typed("--debug", "score", "list", "EXM-2026-9999", debug=True)
    assert refused.code == 4
    assert "Traceback" in refused.err
    assert "错误：没有考试 EXM-2026-9999" in refused.err


def test_debug_works_from_the_command_line_and_the_environment(home: Path) -> None:
    for words, changes in ((["--debug"], {}), ([], {"EDUOPS_DEBUG": "1"})):
        process = spawn(
            *words, "contract", "explain", "99", stderr=subprocess.PIPE, env=environment(**changes)
        )
        told = process.communicate()[1].decode()
        assert process.returncode == 4
        assert "Traceback" in told


def test_ctrl_c_says_that_it_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    assert guarded(interrupt, debug=False) == 130
    assert capsys.readouterr().err == "已中止，没有做完的部分没有写入。\n"


@pytest.mark.parametrize("words", [["tenant", "list", "--json"], ["contract", "show"], ["--help"]])
def test_a_closed_pipe_is_quiet_and_no_finding(home: Path, words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = spawn(*words, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert process.communicate()[1] == b""
    assert process.returncode == 0


def test_problems_are_cut_at_fifty_with_the_count_of_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        problems = [errors.Problem("甲.xlsx", f"名册!B{row}", "姓名为空") for row in range(2, 54)]
        raise errors.InputError("名册有错", hint="改正后重试", problems=problems)

    assert guarded(fail, debug=False) == 3
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == "  - 甲.xlsx 名册!B2：姓名为空"
    assert lines[-2:] == ["  … 另有 2 处", "怎么办：改正后重试"]


def test_who_acts_must_be_known(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDUOPS_ACTOR", "  ")
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2_000_000_001)
    told = typed("tenant", "sync")
    assert told.code == 2
    assert "EDUOPS_ACTOR" in told.err

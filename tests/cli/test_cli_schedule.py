"""`eduops schedule` as it is typed: what is due, what ran, what was missed, what is wrong with the file."""

import json
from pathlib import Path

import pytest
from conftest import Typed

from eduops.cli.schedule_command import find_fault

DAILY = "{every: day, at: 07:30}"


@pytest.fixture
def written(home: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes schedule.yaml: each job as `name: {…}`."""
    monkeypatch.delenv("INVOCATION_ID", raising=False)

    def write(*jobs: str) -> Path:
        path = home / "schedule.yaml"
        lines = ["jobs:", *(f"  {job}" for job in jobs)] if jobs else ["jobs: {}"]
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return path

    return write


def job(name: str = "daily", command: str = "audit, list", when: str = DAILY, more: str = "") -> str:
    return f"{name}: {{title: 虚构任务, command: [{command}], when: {when}{more}}}"


def test_list_shows_the_shipped_jobs_with_their_next_instant(typed: Typed) -> None:
    rows = {row["name"]: row for row in typed("schedule", "list", "--json").json()}
    assert rows["daily-patrol"]["next_at"] == "2026-03-05T23:30:00Z"
    assert rows["big-patrol"]["next_at"] == "2026-03-16T01:00:00Z"
    assert (rows["spool-pull"]["enabled"], rows["spool-pull"]["next_at"]) == (False, None)
    said = typed("schedule", "list")
    assert "自 2026-01-05 起每 2 周的周一 09:00" in said.out.replace("\n", "")
    assert "还没有调度器运行过" in said.err


def test_every_command_of_the_shipped_schedule_exists(typed: Typed) -> None:
    said = typed("schedule", "check", "--json")
    assert {row["name"]: row["state"] for row in said.json()}["任务文件"] == "fine"
    assert said.code == 1  # nothing runs it yet


def test_show_tells_the_next_instants_the_runs_and_who_is_told(typed: Typed, written) -> None:
    written(job(when="{every: month, day: 31, at: 09:00}"))
    shown = typed("schedule", "show", "daily", "--json").json()
    assert shown["coming"][:2] == ["2026-03-31T01:00:00Z", "2026-04-30T01:00:00Z"]
    assert (len(shown["coming"]), shown["runs"], shown["told"]) == (5, [], ["local"])
    assert "每月 31 日 09:00" in typed("schedule", "show", "daily").out
    assert typed("schedule", "show", "none").code == 4


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (job(command="audit, lst"), "没有命令「lst」"),
        (job(command="adit, list"), "没有命令「adit」"),
        (job(command="audit, list, --frob"), "没有选项 --frob"),
        (job(command="audit"), "后面还要写命令"),
        (job(command="patrol, run, --kind, huge"), "不在可选范围"),
        (job(command="patrol, plan, add"), "缺少"),
        (job(command="audit, list, --help"), "查看帮助"),
        (job(command="schedule, run"), "不能再调用 schedule"),
        (job(command='audit, list, "{tomorrow}"'), "{tomorrow}"),
        (job(when="{every: day}"), "还要写 at"),
        (job(when="{every: day, at: 07:30, day: 3}"), "不用 day"),
        (job(when="{every: day, at: 25:30}"), "不是时间"),
        (job(when="{every: day, at: 07:30:10}"), "只有时和分"),
        (job(when="{every: weeks, weeks: 2, anchor: 0001-01-01, at: 07:30}"), "应不小于 2000-01-01"),
        (job(when="{every: weeks, weeks: 2, anchor: 9999-12-31, at: 07:30}"), "应不大于 2199-12-31"),
        (job(when="{every: month, at: 07:30}"), "之一"),
        (job(when="{every: month, at: 07:30, day: 3, working_day: 3}"), "之一"),
        (job(when="{every: month, at: 07:30, working_day: 3, working_days: only}"), "已经按工作日数"),
        (job(when="{every: week, at: 07:30, weekdays: []}"), "不能为空"),
        (job(when="{every: fortnight, at: 07:30}"), "不在可选范围"),
        (job(name="Daily Patrol"), "任务名写成 daily-patrol 的样子"),
        (job().replace("虚构任务", '"a\\nb"'), "控制字符"),
        (job(more=", catch_up: twice"), "不在可选范围"),
        (job(more=", limit_minutes: 0"), "不小于 1"),
        (job(more=", enable: true"), "enabled"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_job_is_told_with_file_and_line(
    typed: Typed, written, line: str, says: str
) -> None:
    path = written(job(name="good"), line)
    said = typed("schedule", "check")
    assert said.code == 3
    assert f"{path} 第 3 行" in said.err
    assert says in said.err


def test_a_file_with_several_faults_says_them_all(typed: Typed, written) -> None:
    written(job(name="a", command="audit, lst"), job(name="b"), job(name="c", command="nothing"))
    said = typed("schedule", "check")
    assert ("有 2 处问题" in said.err, "第 2 行" in said.err, "第 4 行" in said.err) == (True, True, True)
    assert typed("schedule", "install", "--cron", "--show").code == 3
    assert typed("doctor", "--json").code == 1


@pytest.mark.parametrize("words", [["audit", "list", "--limit", "5"], ["doctor"], ["schedule", "missed"]])
def test_words_of_a_good_command_have_no_fault(words: list[str]) -> None:
    assert find_fault(words) is None


def test_a_tick_runs_what_is_due_and_says_nothing_where_all_went_well(
    typed: Typed, written, monkeypatch
) -> None:
    written(job())
    said = typed("schedule", "tick")
    assert (said.code, said.out, said.err) == (0, "", "")
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-06T07:30:01+08:00")
    said = typed("schedule", "tick")
    assert (said.code, said.out, said.err) == (0, "", "")
    (run,) = typed("schedule", "runs", "--json").json()
    assert (run["job"], run["state"], run["trigger"], run["due_at"]) == (
        "daily", "succeeded", "cron", "2026-03-05T23:30:00Z",
    )  # fmt: skip
    assert typed("schedule", "runs", "--state", "failed", "--json").json() == []
    assert typed("schedule", "runs", "--job", "daily", "--json").json() == [run]
    assert {row["state"] for row in typed("schedule", "check", "--json").json()} == {"fine"}
    assert typed("schedule", "missed").code == 0


def test_a_job_that_failed_is_said_by_the_tick_and_by_check(typed: Typed, written, monkeypatch) -> None:
    written(job(command="audit, list, --from, 2026-02-31"))
    typed("schedule", "tick")
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-06T07:30:01+08:00")
    said = typed("schedule", "tick")
    assert (said.code, said.out) == (5, "")
    assert "任务 daily 没有成功：命令报错（退出码 2）；输出在 logs/jobs/daily/" in said.err
    assert "上次没有成功：daily" in typed("schedule", "check").out


def test_a_silent_scheduler_is_told_by_missed_and_by_check(typed: Typed, written, monkeypatch) -> None:
    written(job())
    assert typed("schedule", "missed").code == 1
    typed("schedule", "tick")
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-05T11:55:00+08:00")
    assert typed("schedule", "missed").code == 0
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-06T08:30:00+08:00")
    said = typed("schedule", "missed", "--json")
    assert (said.code, [row["state"] for row in said.json()]) == (1, ["open"])
    rows = {row["name"]: row for row in typed("schedule", "check", "--json").json()}
    assert (rows["调度器"]["state"], "20 小时前" in rows["调度器"]["seen"]) == ("fault", True)
    rows = {row["name"]: row for row in typed("doctor", "--json").json()}
    assert rows["计划任务"]["state"] == "fault"


def test_run_job_runs_now_and_its_exit_code_says_how(typed: Typed, written) -> None:
    written(
        job(),
        job(name="found", command="schedule, missed"),
        job(name="bad", command="audit, list, --from, x"),
    )
    assert "将运行：eduops audit list" in typed("schedule", "run-job", "daily", "--dry-run").out
    done = typed("schedule", "run-job", "daily", "--json").json()
    assert (done["state"], done["trigger"], done["due_at"], done["exit_code"]) == (
        "succeeded",
        "hand",
        None,
        0,
    )
    assert typed("schedule", "run-job", "found").code == 1
    said = typed("schedule", "run-job", "bad")
    assert (said.code, "失败" in said.out) == (5, True)
    assert typed("schedule", "run-job", "none").code == 4
    assert typed("schedule", "run-job", "daily", "--due", "2026-03-05 07:31").code == 4
    assert len(typed("schedule", "runs", "--json").json()) == 3


def test_run_job_if_due_does_nothing_where_it_is_not(typed: Typed, written, monkeypatch) -> None:
    written(job(), job(name="other"))
    monkeypatch.setenv("INVOCATION_ID", "虚构")
    typed("schedule", "beat")
    assert typed("schedule", "run-job", "daily", "--if-due").code == 0
    assert typed("schedule", "runs", "--json").json() == []
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-06T07:30:01+08:00")
    typed("schedule", "run-job", "daily", "--if-due")
    (run,) = typed("schedule", "runs", "--json").json()
    assert (run["job"], run["trigger"]) == ("daily", "systemd")


def test_prune_previews_and_leaves_one_entry_in_the_audit_log(typed: Typed, written, monkeypatch) -> None:
    written(job())
    typed("schedule", "run-job", "daily")
    monkeypatch.setenv("EDUOPS_NOW", "2027-05-01T11:50:00+08:00")
    assert typed("schedule", "prune", "--dry-run", "--json").json()["runs"] == 1
    assert len(typed("schedule", "runs", "--json").json()) == 1
    assert typed("schedule", "prune", "--json").json()["runs"] == 1
    assert typed("schedule", "runs", "--json").json() == []
    (entry,) = typed("audit", "list", "--json").json()
    assert (entry["subject"], entry["change"]) == ("schedule", {"removed_runs": 1})


def test_units_are_shown_written_once_and_taken_away(typed: Typed, written, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "systemd" / "user"
    written(job(), job(name="off", more=", enabled: false"))
    shown = typed("schedule", "install", "--systemd", "--show")
    assert "+OnCalendar=*-*-* 07:30:00 Asia/Shanghai" in shown.out
    assert not folder.exists()
    assert typed("schedule", "install", "--systemd").code == 2  # nobody can be asked here
    assert typed("schedule", "install", "--systemd", "--yes").code == 0
    assert len(list(folder.glob("*.timer"))) == 2
    assert json.loads(typed("schedule", "install", "--systemd", "--yes", "--json").out)["written"] is False
    assert "不一致" not in typed("schedule", "check").out
    written(job(when="{every: day, at: 08:30}"))
    assert "systemd 的定时器和 schedule.yaml 不一致" in typed("schedule", "check").out
    written(job())
    assert typed("schedule", "install", "--systemd", "--daemon", "--yes").code == 0
    assert [path.suffix for path in folder.iterdir()] == [".service"]
    assert typed("schedule", "uninstall", "--systemd", "--yes").code == 0
    assert list(folder.iterdir()) == []
    assert "没有要改的" in typed("schedule", "uninstall", "--systemd", "--yes").out
    actions = [entry["change"]["action"] for entry in typed("audit", "list", "--json").json()]
    assert actions == ["uninstall", "install", "install"]


@pytest.mark.parametrize("words", [[], ["--cron", "--systemd"], ["--cron", "--daemon"]])
def test_install_wants_one_way(typed: Typed, words: list[str]) -> None:
    assert typed("schedule", "install", *words).code == 2


@pytest.mark.parametrize(
    ("ping", "mode", "says"),
    [
        ("https://example.org/geheim", 0o600, None),
        ("https://example.org/geheim", 0o644, "权限是 644"),
        ("geheim", 0o600, "不是网址"),
        (None, 0o600, "不能读取"),
    ],
)
def test_the_address_that_is_called_stands_in_a_closed_file(
    typed: Typed, home: Path, ping: str | None, mode: int, says: str | None
) -> None:
    (home / "schedule.yaml").write_text("ping: {url_file: keys/ping}\n")
    if ping:
        (home / "keys").mkdir()
        (home / "keys" / "ping").write_text(f"{ping}\n")
        (home / "keys" / "ping").chmod(mode)
    said = typed("schedule", "check", "--json")
    (row,) = [row for row in said.json() if row["name"] == "心跳网址"]
    assert (row["state"], "geheim" in said.out + said.err) == ("warning" if says else "fine", False)
    assert (says or "已设置") in row["seen"]

"""Logs read over rotation, truncation, compression and crashes: every line once, and a gap never hidden."""

import fcntl
import gzip
import json
import os
import shutil
from pathlib import Path

import pytest
from eduops_agent import log_reading
from eduops_agent.context import Failed
from eduops_agent.log_reading import Reading, build_plan
from eduops_agent.redaction import redact_line, redact_secrets


@pytest.fixture
def log(tmp_path):
    (tmp_path / "log").mkdir()
    return tmp_path / "log" / "app.log"


@pytest.fixture
def patrol(measure, tmp_path, log):
    """Reads the log once as a patrol does; gives back its row."""

    def run(**options):
        state = str(tmp_path / "state" / "logs.json")
        wanted = {"path": str(log), "patterns": [{"name": "错误", "pattern": "ERROR|错误"}], **options}
        section = measure("logs", {"state_file": state, "files": [wanted]})
        assert section["status"] == "ok", section["reason"]
        return section["data"]["logs"][0]

    return run


def write(path: Path, *lines: str, encoding: str = "utf-8") -> None:
    with path.open("ab") as stream:
        stream.write("".join(f"{line}\n" for line in lines).encode(encoding))


def flags(row):
    return {
        key for key in ("is_first_read", "was_rotated", "was_truncated", "has_gap", "is_behind") if row[key]
    }


def count(row):
    return row["matches"][0]["count"]


def test_each_line_is_counted_once(patrol, log):
    write(log, "ERROR one", "fine")
    first = patrol()
    assert (count(first), first["lines"], flags(first)) == (1, 2, {"is_first_read"})
    nothing = patrol()
    assert (count(nothing), nothing["lines"], flags(nothing)) == (0, 0, set())
    write(log, "错误 two", "ERROR three")
    third = patrol()
    assert (count(third), third["matches"][0]["samples"]) == (2, ["错误 two", "ERROR three"])
    assert (third["from_offset"], third["to_offset"]) == (nothing["to_offset"], log.stat().st_size)


def test_line_still_being_written_is_left_for_the_next_patrol(patrol, log):
    write(log, "fine")
    with log.open("ab") as stream:
        stream.write(b"ERR")
    assert patrol()["lines"] == 1
    write(log, "OR whole")
    assert count(patrol()) == 1


def test_renamed_log_is_read_to_its_end_before_the_new_one(patrol, log):
    write(log, "ERROR 1")
    patrol()
    write(log, "ERROR 2")
    log.rename(log.with_name("app.log.1"))
    write(log, "ERROR 3")
    row = patrol()
    assert (count(row), flags(row)) == (2, {"was_rotated"})
    assert row["matches"][0]["samples"] == ["ERROR 2", "ERROR 3"]
    assert count(patrol()) == 0


def test_two_rotations_between_patrols_lose_nothing(patrol, log):
    write(log, "ERROR 1")
    patrol()
    write(log, "ERROR 2")
    log.rename(log.with_name("app.log.2"))
    os.utime(log.with_name("app.log.2"), (1_000_000_000, 1_000_000_000))
    write(log, "ERROR 3", "ERROR 4")
    log.rename(log.with_name("app.log.1"))
    write(log, "ERROR 5")
    assert patrol()["matches"][0] == {
        "name": "错误",
        "count": 4,
        "samples": ["ERROR 3", "ERROR 4", "ERROR 5"],
    }


def test_name_with_a_date_inside_is_found_too(patrol, log):
    write(log, "ERROR 1")
    patrol()
    write(log, "ERROR 2")
    log.rename(log.with_name("app-20260305.log"))
    write(log, "ERROR 3")
    row = patrol()
    assert (count(row), flags(row)) == (2, {"was_rotated"})


def test_copied_and_truncated_log_loses_nothing(patrol, log):
    write(log, "ERROR 1")
    patrol()
    write(log, "ERROR 2")
    shutil.copyfile(log, log.with_name("app.log.1"))
    log.write_bytes(b"")
    write(log, "ERROR 3")
    row = patrol()
    assert (count(row), flags(row)) == (2, {"was_truncated"})


def test_log_truncated_and_grown_past_the_old_place_is_noticed(patrol, log):
    write(log, "ERROR 1")
    patrol()
    log.write_bytes(b"")
    write(log, *(f"other {number}" for number in range(100)), "ERROR 2")
    row = patrol()
    assert (count(row), row["lines"], flags(row)) == (1, 101, {"was_truncated", "has_gap"})


def test_compressed_rotation_is_read_too(patrol, log):
    write(log, "ERROR 1")
    patrol()
    write(log, "ERROR 2")
    plain = log.rename(log.with_name("app.log.1"))
    write(log, "ERROR 3")
    with gzip.open(log.with_name("app.log.1.gz"), "wb") as stream:
        stream.write(plain.read_bytes())
    plain.unlink()
    row = patrol()
    assert (count(row), flags(row)) == (2, {"was_rotated"})


def test_vanished_rotation_is_told_as_a_gap(patrol, log):
    write(log, "ERROR 1")
    patrol()
    other = log.with_name("new")
    write(other, "ERROR 9")
    other.replace(log)
    row = patrol()
    assert (count(row), flags(row)) == (1, {"was_rotated", "has_gap"})


def test_log_in_gb18030_is_read_as_configured(patrol, log):
    write(log, "错误：地尔硫䓬", encoding="gb18030")
    assert patrol(encoding="gb18030")["matches"][0]["samples"] == ["错误：地尔硫䓬"]


def test_missing_log_has_failed_and_returns_when_it_does(patrol, log):
    row = patrol()
    assert (row["status"], row["reason"], "matches" in row) == ("failed", "文件不存在", False)
    write(log, "ERROR 1")
    assert count(patrol()) == 1


def test_damaged_state_begins_again_and_says_so(patrol, log, tmp_path):
    write(log, "ERROR 1")
    patrol()
    for damage in ("", "{", "[]", '{"logs": {"x": {"offset": 1}}}'):
        (tmp_path / "state" / "logs.json").write_text(damage)
        assert flags(patrol()) == {"is_first_read"}


def test_state_that_cannot_be_written_fails_the_probe(measure, log, tmp_path):
    write(log, "ERROR 1")
    (tmp_path / "state").write_text("a file where the folder should be")
    settings = {
        "state_file": str(tmp_path / "state" / "logs.json"),
        "files": [{"path": str(log), "patterns": []}],
    }
    section = measure("logs", settings)
    assert section["status"] == "failed"
    assert section["reason"].startswith("不能写入状态文件")


def test_second_agent_does_not_read_at_the_same_time(measure, log, tmp_path):
    write(log, "ERROR 1")
    with (tmp_path / "logs.json.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        settings = {"state_file": str(tmp_path / "logs.json"), "files": [{"path": str(log), "patterns": []}]}
        section = measure("logs", settings)
    assert (section["status"], section["reason"]) == ("not_checked", "另一个巡检正在读取日志")


def test_pattern_that_never_ends_costs_only_the_log_probe(run_agent, log, tmp_path):
    write(log, "a" * 60 + "!")
    config = tmp_path / "agent.json"
    logs = {"files": [{"path": str(log), "patterns": [{"name": "n", "pattern": "(a+)+$"}]}]}
    config.write_text(json.dumps({"interval_seconds": 0.1, "timeout_seconds": 1, "logs": logs}))
    done = run_agent("--config", str(config), "--probe", "logs", "--probe", "memory")
    memory, slow = json.loads(done.stdout)["probes"]
    assert (memory["status"], slow["status"]) == ("ok", "failed")
    assert "已终止" in slow["reason"]


def test_long_log_is_read_in_portions_without_losing_a_line(log, monkeypatch):
    monkeypatch.setattr(log_reading, "LARGEST_READ_BYTES", 1000)
    write(log, "first")
    first = Reading(build_plan(str(log), None), None)
    list(first)
    write(log, *(f"line {number:03}" for number in range(300)))
    log.rename(log.with_name("app.log.1"))
    write(log, *(f"line {number:03}" for number in range(300, 400)))
    position, seen = first.position, []
    for _ in range(10):
        reading = Reading(build_plan(str(log), position), position)
        seen += list(reading)
        position = reading.position
        if not reading.is_behind:
            break
    assert seen == [f"line {number:03}".encode() for number in range(400)]


def test_first_patrol_reads_only_the_end_of_an_old_log(log, monkeypatch):
    monkeypatch.setattr(log_reading, "FIRST_READ_BYTES", 90)
    write(log, *(f"line {number:03}" for number in range(100)))
    assert len(list(Reading(build_plan(str(log), None), None))) == 10


def test_log_rotated_between_planning_and_reading_is_left_for_next_time(log):
    write(log, "ERROR 1")
    first = Reading(build_plan(str(log), None), None)
    list(first)
    plan = build_plan(str(log), first.position)
    log.rename(log.with_name("app.log.1"))
    write(log, "something else")
    with pytest.raises(Failed, match="正在轮转"):
        list(Reading(plan, first.position))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("mysqldump -uroot -pS3cret db", "mysqldump -uroot -p*** db"),
        ("mkdir -p /backup", "mkdir -p /backup"),
        ("PGPASSWORD=hunter2 pg_dump db", "PGPASSWORD=*** pg_dump db"),
        ("run --password 'two words' --fast", "run --password *** --fast"),
        ("curl -u me:pw http://x", "curl -u *** http://x"),
        ("wget https://me:pw@host/x", "wget https://***@host/x"),
        ("api_key: abc", "api_key: ***"),
        ("backup.sh /data", "backup.sh /data"),
        ("DB_PASS=x1 -Dpass=x1", "DB_PASS=*** -Dpass=***"),
        ("Authorization: Bearer abcdef123", "Authorization: Bearer ***"),
        ('{"password":"x1"}', '{"password":***}'),
        ("口令：x1", "口令：***"),
        ("sshpass -p x1 ssh app", "sshpass -p *** ssh app"),
        ("postgresql://u:a/b@h/db", "postgresql://***@h/db"),
        ("bypass = 3, basic check", "bypass = 3, basic check"),
    ],
)
def test_secrets_do_not_leave_the_host(text, kept):
    assert redact_secrets(text) == kept


def test_numbers_of_people_do_not_leave_the_host():
    line = "虚构学员 13900001111 证件 11010519491231002X 用时 1234567890 ms"
    assert redact_line(line) == "虚构学员 *** 证件 *** 用时 1234567890 ms"

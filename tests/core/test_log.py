"""The run log: lines stay whole and are never lost, whoever writes at once and whoever rotates meanwhile."""

import gzip
import json
import multiprocessing
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eduops.core import log, log_reading, log_rotation
from eduops.core.log_redaction import redact, redact_arguments

AT = datetime(2026, 3, 5, 3, 50, tzinfo=UTC)


def entry(number: int, *, at: datetime = AT, **more: object) -> dict[str, object]:
    return {"at": at.isoformat(timespec="milliseconds"), "level": "info", "number": number, **more}


def write_many(folder: Path, first: int, count: int) -> None:
    """One process of several; it rotates now and then, as one whose file has grown too large."""
    for number in range(first, first + count):
        log.write(folder, entry(number, text="虚构" * 200))
        if number % 50 == 0:
            log_rotation.rotate(
                folder, first_at=AT, now=AT + timedelta(milliseconds=number + os.getpid()), keep_days=180
            )


def numbers(folder: Path) -> list[int]:
    return [found["number"] for found in log_reading.list_entries(folder, limit=100_000)]


def test_lines_of_several_processes_that_rotate_meanwhile_are_whole_and_all_there(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_many, args=(tmp_path, part * 1000, 300)) for part in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    wanted = [number for part in range(4) for number in range(part * 1000, part * 1000 + 300)]
    assert sorted(numbers(tmp_path)) == wanted
    assert len(log_rotation.list_rotated(tmp_path)) > 4
    assert not list(tmp_path.glob(".*.part"))


def test_only_its_owner_reads_the_log_and_what_was_set_aside(tmp_path: Path) -> None:
    log.write(tmp_path, entry(1))
    log_rotation.rotate(tmp_path, first_at=AT, now=AT, keep_days=365)
    log.write(tmp_path, entry(2))
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    packed = log_rotation.list_rotated(tmp_path)[0][1]
    assert json.loads(gzip.decompress(packed.read_bytes()))["number"] == 1
    assert numbers(tmp_path) == [2, 1]


@pytest.mark.parametrize(
    ("age", "is_due"),
    [
        (timedelta(days=7) - timedelta(milliseconds=1), False),
        (timedelta(days=7), True),
        (timedelta(days=-30), False),
    ],
)
def test_log_whose_first_line_is_a_week_old_is_due(tmp_path: Path, age: timedelta, is_due: bool) -> None:
    log.write(tmp_path, entry(1))
    assert log.write(tmp_path, entry(2, at=AT + age)) == (AT if is_due else None)


def test_log_that_has_grown_large_is_due(tmp_path: Path) -> None:
    log.write(tmp_path, entry(1))
    with (tmp_path / log.FILE).open("ab") as stream:
        stream.truncate(log.LARGEST_BYTES - 200)
    assert log.write(tmp_path, entry(2, text="x" * 300)) == AT


@pytest.mark.parametrize(
    ("keep_days", "kept"),
    [(500, [179, 181, 400]), (365, [179, 181]), (181, [179, 181]), (180, [179]), (1, [179])],
)
def test_what_is_older_than_the_setting_is_removed_but_never_before_180_days(
    tmp_path: Path, keep_days: int, kept: list[int]
) -> None:
    for days in (400, 181, 179):
        log.write(tmp_path, entry(days))
        log.rotate(tmp_path, tmp_path / f"eduops-{AT - timedelta(days=days):%Y%m%dT%H%M%S.%fZ}.jsonl")
    (tmp_path / "eduops-of-somebody-else.jsonl").write_text("kept")
    log.write(tmp_path, entry(0))
    log_rotation.rotate(tmp_path, first_at=AT, now=AT, keep_days=keep_days)
    assert numbers(tmp_path) == [0, *kept]
    assert (tmp_path / "eduops-of-somebody-else.jsonl").exists()


def test_clock_that_jumps_years_ahead_removes_nothing(tmp_path: Path) -> None:
    log.write(tmp_path, entry(1))
    log_rotation.rotate(tmp_path, first_at=AT, now=AT + timedelta(days=1), keep_days=180)
    log.write(tmp_path, entry(2, at=AT + timedelta(days=1)))
    jumped = AT + timedelta(days=20_000)
    due = log.write(tmp_path, entry(3, at=jumped))
    assert due is not None
    log_rotation.rotate(tmp_path, first_at=due, now=jumped, keep_days=180)
    assert sorted(numbers(tmp_path)) == [1, 2, 3]


def test_what_a_killed_process_left_unpacked_is_read_and_packed_the_next_time(tmp_path: Path) -> None:
    log.write(tmp_path, entry(1))
    log.rotate(tmp_path, tmp_path / f"eduops-{AT:%Y%m%dT%H%M%S.%fZ}.jsonl")
    assert numbers(tmp_path) == [1]
    log.write(tmp_path, entry(2))
    log_rotation.rotate(tmp_path, first_at=AT, now=AT + timedelta(hours=1), keep_days=180)
    assert [path.suffix for _, path in log_rotation.list_rotated(tmp_path)] == [".gz", ".gz"]
    assert numbers(tmp_path) == [2, 1]


def test_lines_that_somebody_else_wrote_are_left_out(tmp_path: Path) -> None:
    log.write(tmp_path, entry(1))
    with (tmp_path / log.FILE).open("ab") as stream:
        stream.write(b'\xff\xfe\n[1]\n{"at": 5}\n{"at": "2026-03-05"}\n{"number": 9}\n')
    log.write(tmp_path, entry(2))
    assert numbers(tmp_path) == [2, 1]


def test_line_that_would_be_endless_is_cut_and_stays_json(tmp_path: Path) -> None:
    log.write(tmp_path, entry(1, traceback="虚构" * 100_000, arguments=["x"] * 50_000))
    found = log_reading.list_entries(tmp_path, limit=1)[0]
    assert (found["is_cut"], len(found["traceback"])) == (True, 600)


def test_link_in_the_place_of_the_log_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("")
    (tmp_path / log.FILE).symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic"):
        log.write(tmp_path, entry(1))
    assert (tmp_path / "target").read_text() == ""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("postgresql://eduops:geheim@db/x", "postgresql://***@db/x"),
        ("http://proxy:8080/", "http://proxy:8080/"),
        ("https://hook.invalid/robot/send?access_token=abc123&sign=x%2B", "https://hook.invalid/robot/send?access_token=***&sign=***"),
        ("https://hook.invalid/bot/v2/hook/0123abcd-4567", "https://hook.invalid/bot/v2/hook/***"),
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer ***"),
        ("password=geheim, user=x", "password=***, user=x"),
        ("口令：geheim。", "口令：***。"),
        ("身份证 11010519491231002X（虚构）", "身份证 ***（虚构）"),
        ("电话13800138000，", "电话***，"),
        ("电话 138 0013 8000", "电话 ***"),
        ("电话 010-62345678", "电话 ***"),
        ("2026-03-05 11:50 INC-2026-0001", "2026-03-05 11:50 INC-2026-0001"),
        ("[SQL: INSERT]\n[parameters: ('张三（虚构）', 1)]\n(x)", "[SQL: INSERT]\n[parameters: …]\n(x)"),
        ("DETAIL:  Key (staff_number)=(XN1) already exists.", "DETAIL:  Key (staff_number)=(…) already exists."),
        ('CONTEXT:  COPY learner, line 3, column name: "张三（虚构）"', "CONTEXT:  COPY learner, line 3, column name"),
    ],
)  # fmt: skip
def test_secrets_and_numbers_of_people_are_left_out(text: str, wanted: str) -> None:
    assert redact(text) == wanted


def test_what_was_typed_is_shown_only_where_it_says_nothing_of_people() -> None:
    shown, hidden = redact_arguments(
        ["INC-2026-0001", "--at", "2026-03-05 11:50", "--title=张三（虚构）", "--from", "2026Q1", "--limit", "20",
         "/tmp/张三.xlsx", "XN10234", "-y", "--", "-13800138000", "postgresql://u:p@h/d"]
    )  # fmt: skip
    assert shown == [
        "INC-2026-0001", "--at", "2026-03-05 11:50", "--title=…", "--from", "2026Q1", "--limit", "20",
        "….xlsx", "…", "-y", "…", "…", "…",
    ]  # fmt: skip
    assert redact("没有学员 XN10234，见 /tmp/张三.xlsx", typed=hidden) == "没有学员 …，见 …"

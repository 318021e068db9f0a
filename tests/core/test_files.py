"""A file is written whole or not at all."""

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from eduops.core.errors import InputError
from eduops.core.files import hash_file, open_regular, render_reason, unreadable, whole_file, write_whole


def test_text_and_bytes_are_written_with_the_mode_asked_for(tmp_path):
    write_whole(tmp_path / "neu" / "a.txt", "虚构\n")
    write_whole(tmp_path / "b", b"\x00\xff", mode=0o600)
    assert (tmp_path / "neu" / "a.txt").read_text(encoding="utf-8") == "虚构\n"
    assert (tmp_path / "b").read_bytes() == b"\x00\xff"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "neu" / "a.txt", tmp_path / "b")] == [
        0o644, 0o600,
    ]  # fmt: skip


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_failure_half_way_keeps_the_old_file_and_leaves_nothing_else(tmp_path, error):
    target = tmp_path / "a.txt"
    target.write_text("alt")
    with pytest.raises(error), whole_file(target) as part:
        part.write_text("halb")
        assert target.read_text() == "alt"
        raise error
    assert target.read_text() == "alt"
    assert list(tmp_path.iterdir()) == [target]


def test_failure_half_way_of_a_new_file_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "a.txt") as part:
        part.write_text("halb")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_full_disk_keeps_the_old_file(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("alt")
    with pytest.raises(InputError, match="磁盘已满"), whole_file(target) as part:
        part.write_text("halb")
        with Path("/dev/full").open("w") as full:
            full.write("x" * 100_000)
    assert target.read_text() == "alt"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(("place", "said"), [("file/a.txt", "不能写入"), ("folder", "不是普通文件，不能写")])
def test_target_that_cannot_be_is_an_input_error(tmp_path, place, said):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=said) as caught:
        write_whole(tmp_path / place, "x")
    assert str(tmp_path / place) in caught.value.message
    assert caught.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_device_is_no_target_and_stays_what_it_is():
    with pytest.raises(InputError, match="不是普通文件，不能写"):
        write_whole(Path("/dev/full"), "x")
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


_WRITE_AND_WAIT = """
import sys, time
from pathlib import Path
from eduops.core.files import whole_file
with whole_file(Path(sys.argv[1])) as part:
    part.write_text("halb")
    print("begun", flush=True)
    time.sleep(60)
"""


def test_writer_that_is_killed_leaves_the_old_file(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("alt")
    with subprocess.Popen([sys.executable, "-c", _WRITE_AND_WAIT, target], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"begun\n"
        os.kill(process.pid, signal.SIGKILL)
    assert target.read_text() == "alt"


def test_hash_is_sha_256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc" * 1_000_000)
    assert hash_file(tmp_path / "a") == hashlib.sha256(b"abc" * 1_000_000).hexdigest()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path, "文件不存在"),
        (lambda path: path.mkdir(), "是一个目录"),
        (lambda path: os.mkfifo(path), "是设备或管道"),
        (lambda path: path.symlink_to("/dev/zero"), "是设备或管道"),
        (lambda path: path.symlink_to(path), "绕成了圈"),
    ],
)
def test_what_is_no_regular_file_is_refused_without_being_opened(tmp_path, make, words):
    make(tmp_path / "a")
    with pytest.raises(OSError) as caught:
        open_regular(tmp_path / "a")
    said = unreadable(tmp_path / "a", caught.value)
    assert said.message.startswith(f"不能读取 {tmp_path / 'a'}：")
    assert words in said.message
    assert said.hint


def test_regular_file_is_read_through_a_link(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with open_regular(tmp_path / "b") as stream:
        assert stream.read() == b"x"


def test_name_past_all_measure_has_its_reason():
    with pytest.raises(OSError) as caught:
        open_regular(Path("长" * 5_000))
    assert render_reason(caught.value) == "名称太长"


def test_rare_reason_is_told_by_its_number():
    assert render_reason(OSError(errno.EXDEV, "x")) == f"系统错误 {errno.EXDEV}"
    assert render_reason(OSError("虚构")) == "虚构"

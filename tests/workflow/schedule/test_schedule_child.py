"""A job's process: its output bounded and closed to others, its time limit kept, nothing of its group left."""

import os
import stat
import sys
import time
from pathlib import Path

import psutil
import pytest

from eduops.core.errors import InputError, OutsideError
from eduops.workflow.schedule import child as children
from eduops.workflow.schedule.leftover import MARK, end_leftovers, render_mark


def begin(code: str, output: Path, *, limit: float = 30) -> children.Child:
    return children.start(
        [sys.executable, "-c", code], environment=dict(os.environ), output=output, limit_seconds=limit
    )


def end(child: children.Child, *, within: float = 30) -> int:
    until = time.monotonic() + within
    while (code := children.poll(child)) is None:
        assert time.monotonic() < until
        time.sleep(0.02)
    return code


def wait_for(path: Path) -> str:
    until = time.monotonic() + 20
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return path.read_text()


@pytest.mark.parametrize("code", [0, 1, 5])
def test_exit_code_and_both_streams_are_kept_in_a_file_closed_to_others(tmp_path, code):
    output = tmp_path / "logs" / "job" / "1.log"
    before = os.umask(0)
    try:
        child = begin(
            f"import sys; print('行', flush=True); print('错', file=sys.stderr); sys.exit({code})", output
        )
    finally:
        os.umask(before)
    assert end(child) == code
    assert output.read_text(encoding="utf-8") == "行\n错\n"
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert stat.S_IMODE(output.parent.stat().st_mode) == 0o700


def test_a_flood_of_output_keeps_its_beginning_and_its_end_and_does_not_hold_the_job_up(tmp_path):
    output = tmp_path / "1.log"
    child = begin("print('first'); print('x' * 20_000_000); print('last')", output)
    assert end(child) == 0
    text = output.read_text(encoding="utf-8")
    assert text.startswith("first\n")
    assert text.endswith("x\nlast\n")
    assert "中间略去" in text
    assert output.stat().st_size < children.HEAD_BYTES + children.TAIL_BYTES + 200


def test_a_job_past_its_limit_is_asked_to_end_with_its_whole_group(tmp_path):
    mark = tmp_path / "grandchild"
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(mark)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(600)"
    )
    child = begin(code, tmp_path / "1.log", limit=3)
    grandchild = int(wait_for(mark))
    assert end(child) == -15
    assert child.is_over_time
    assert not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE


def test_a_job_that_does_not_listen_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(children, "GRACE_SECONDS", 0.5)
    mark = tmp_path / "ready"
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(mark)!r}, 'w').write('1')\ntime.sleep(600)"
    )
    child = begin(code, tmp_path / "1.log")
    wait_for(mark)
    children.ask_to_stop(child)
    assert end(child) == -9
    assert not child.is_over_time


def has_ended(pid):
    """Nobody but init waits for a process without a parent."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until_ended(pid):
    """A signal takes effect when the process next runs."""
    ends_at = time.monotonic() + 20
    while not has_ended(pid):
        assert time.monotonic() < ends_at, f"process {pid} goes on"
        time.sleep(0.05)


def test_what_a_job_leaves_in_the_background_ends_with_it(tmp_path):
    mark = tmp_path / "left"
    code = (
        "import subprocess, sys\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(mark)!r}, 'w').write(str(left.pid)); print('done')"
    )
    child = begin(code, tmp_path / "1.log")
    assert end(child) == 0
    left = int(wait_for(mark))
    wait_until_ended(left)
    assert (tmp_path / "1.log").read_text() == "done\n"


def test_an_output_that_cannot_be_written_and_a_program_that_is_not_there_are_plain_sentences(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="不能写入"):
        begin("pass", tmp_path / "file" / "1.log")
    with pytest.raises(OutsideError, match="命令启动不了：文件不存在"):
        children.start([str(tmp_path / "none")], environment={}, output=tmp_path / "1.log", limit_seconds=1)


def test_processes_of_a_run_without_a_scheduler_are_found_by_their_mark_and_ended(tmp_path):
    marked = {**os.environ, MARK: render_mark(7, tmp_path)}
    code = "import time; print('on', flush=True); time.sleep(600)"
    child = children.start(
        [sys.executable, "-c", code], environment=marked, output=tmp_path / "1.log", limit_seconds=60
    )
    wait_for(tmp_path / "1.log")
    assert end_leftovers(7, tmp_path / "elsewhere") == 0
    assert end_leftovers(8, tmp_path) == 0
    assert end_leftovers(7, tmp_path) == 1
    assert not psutil.pid_exists(child.process.pid)
    end(child)

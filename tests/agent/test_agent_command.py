"""Programs of the host that say too much, nothing, or never end: each costs its own figure and no more."""

import time
from pathlib import Path

import pytest
from eduops_agent.command import LARGEST_OUTPUT_BYTES, NotEnded, run_program
from eduops_agent.context import NotChecked


def write_program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def is_running(words: str) -> bool:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return any(words in line for line in found)


@pytest.mark.parametrize("stream", ["", " >&2"])
@pytest.mark.parametrize("probe", ["postgresql", "mysql", "redis"])
def test_client_that_never_stops_talking_is_killed_and_its_instance_not_checked(
    measure, tmp_path, probe, stream
):
    client = write_program(tmp_path / "client", f"exec yes {tmp_path}{stream}")
    started = time.monotonic()
    section = measure(probe, [{"name": "主库", "host": "127.0.0.1", "port": 1, "program": str(client)}])
    (row,) = section["data"]["instances"]
    assert (row["status"], "输出超过 4194304 字节，已中止" in row["reason"]) == ("not_checked", True)
    assert time.monotonic() - started < 20
    assert not is_running(f"yes {tmp_path}")


def test_output_up_to_the_limit_is_whole_and_one_byte_more_is_refused():
    done = run_program("head", "-c", str(LARGEST_OUTPUT_BYTES), "/dev/zero")
    assert (done.code, len(done.stdout)) == (0, LARGEST_OUTPUT_BYTES)
    with pytest.raises(NotChecked, match="命令 head 的输出超过"):
        run_program("head", "-c", str(LARGEST_OUTPUT_BYTES + 1), "/dev/zero")


def test_what_is_given_to_read_comes_back_whole_and_need_not_be_read():
    text = "虚构\n" * 200_000
    assert run_program("cat", text=text).stdout == text
    assert run_program("true", text=text).code == 0
    done = run_program("sh", "-c", "echo out; echo error >&2; exit 3")
    assert done == (3, "out\n", "error\n")


def test_program_that_does_not_end_is_killed(tmp_path):
    with pytest.raises(NotEnded, match=r"命令 sleep 在 0\.2 秒内没有结束"):
        run_program("sleep", "61.5", seconds=0.2)
    closed = write_program(tmp_path / "closed", "exec >&- 2>&-; exec sleep 62.5")
    with pytest.raises(NotEnded):
        run_program(str(closed), seconds=0.2)
    assert not is_running("sleep 61.5") and not is_running("sleep 62.5")
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    with pytest.raises(NotChecked, match="不能运行"):
        run_program(str(broken))

"""The block of lines in an account's crontab: one line that looks every minute; all other lines stay byte for byte."""

import os
import shlex
import subprocess
from pathlib import Path

from eduops.core.errors import ConfigError, OutsideError
from eduops.workflow.schedule.call import Call

_LONGEST_COMMAND = 990
"""Cron cuts a command off at 1,000 bytes."""
_TIMEOUT_SECONDS = 30


def render_block(call: Call) -> bytes:
    """The block, with its markers. Raises ConfigError where the line would be too long for cron."""
    settings = [f"{name}={value}" for name, value in call.environment]
    command = shlex.join(["/usr/bin/env", *settings, *call.program, "schedule", "tick"]).replace("%", r"\%")
    if len(command.encode()) > _LONGEST_COMMAND:
        raise ConfigError(
            f"crontab 的一行超过 {_LONGEST_COMMAND} 字节", hint="缩短 PATH 后再运行，或用 --systemd"
        )
    lines = (
        _first(call.home),
        "# 每分钟看一次有没有到期的任务；任务写在数据目录的 schedule.yaml 里，改了不用重新安装。",
        f"* * * * * {command}",
        _last(call.home),
    )
    return "".join(f"{line}\n" for line in lines).encode()


def put_block(crontab: bytes, block: bytes, home: str) -> bytes:
    """The crontab with this block in the place of the home's own, else at its end."""
    before, found, after = _split(crontab, home)
    if not found and before and not before.endswith(b"\n"):
        before += b"\n"
    return before + block + after


def drop_block(crontab: bytes, home: str) -> bytes:
    """The crontab without the home's block. Raises ConfigError where only one of its markers is left."""
    before, _, after = _split(crontab, home)
    return before + after


def read_crontab() -> bytes:
    """This account's crontab; empty where it has none. Raises OutsideError."""
    done = _run("-l")
    if done.returncode == 0:
        return done.stdout
    if b"no crontab for" in done.stderr:
        return b""
    raise _refused(done)


def write_crontab(content: bytes) -> None:
    """Replaces this account's crontab; an empty one is removed. Raises OutsideError, with nothing changed."""
    done = _run("-", content) if content else _run("-r")
    if done.returncode and not (not content and b"no crontab for" in done.stderr):
        raise _refused(done)


def _split(crontab: bytes, home: str) -> tuple[bytes, bool, bytes]:
    """What stands before the home's block, whether there is one, and what stands after it."""
    lines = crontab.split(b"\n")
    lines = [line + b"\n" for line in lines[:-1]] + [lines[-1]]
    first, last = _first(home).encode(), _last(home).encode()
    starts = [place for place, line in enumerate(lines) if line.rstrip(b"\n") == first]
    ends = [place for place, line in enumerate(lines) if line.rstrip(b"\n") == last]
    if not starts and not ends:
        return crontab, False, b""
    if len(starts) != 1 or len(ends) != 1 or ends[0] < starts[0]:
        raise ConfigError(
            "crontab 里 eduops 的起止标记不成对", hint="用 crontab -e 删去残缺的标记和其间的行，再运行"
        )
    return b"".join(lines[: starts[0]]), True, b"".join(lines[ends[0] + 1 :])


def _first(home: str) -> str:
    return f"# >>> eduops schedule: {home} >>>"


def _last(home: str) -> str:
    return f"# <<< eduops schedule: {home} <<<"


def _run(argument: str, content: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(
            ["crontab", argument], input=content, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False,
            env={**os.environ, "LC_ALL": "C"}, cwd=Path("/"),
        )  # fmt: skip
    except FileNotFoundError as error:
        raise OutsideError(
            "这台机器上没有 crontab 命令", hint="安装 cron，或用 --systemd", source="crontab"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise OutsideError("crontab 命令没有回答", hint="稍后重试", source="crontab") from error


def _refused(done: "subprocess.CompletedProcess[bytes]") -> OutsideError:
    said = done.stderr.decode("utf-8", "replace").strip()
    return OutsideError(
        f"crontab 命令没有成功：{said.splitlines()[-1] if said else done.returncode}",
        hint="检查 /etc/cron.allow、/etc/cron.deny 和磁盘空间；crontab 没有改动",
        source="crontab",
        detail=said,
    )

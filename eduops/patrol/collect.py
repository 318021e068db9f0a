"""Measuring this machine: the agent as a child process."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pydantic import JsonValue

from eduops.core.errors import ConfigError, OutsideError, Problem
from eduops.core.shipped import agent_path

# More than the agent allows itself at most: 60 s of sampling, 120 s for a probe, and its ends.
_LONGEST_SECONDS = 200.0
_WRONG_CONFIG = 3
# The agent names its file, which was a temporary one.
_CONFIG_PLACE = re.compile(r"^配置文件 \S*agent\.json 的 ")
# The agent needs nothing else of ours; passwords and database addresses stay with us.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME")


@dataclass(frozen=True, slots=True)
class Collected:
    """What the agent printed, and how long it took."""

    content: bytes
    took_seconds: float


def collect_local(
    agent_config: Mapping[str, JsonValue], *, longest_seconds: float = _LONGEST_SECONDS
) -> Collected:
    """The agent's document of this machine.

    Raises ConfigError where the agent refuses its configuration, OutsideError where it fails or does not end.
    """
    started = time.monotonic()
    with _config_file(agent_config) as path:
        done = _run([*_command(), "--config", str(path)], longest_seconds)
    if done.returncode == _WRONG_CONFIG:
        raise refused_config(done.stderr)
    if done.returncode != 0 or not done.stdout.strip():
        raise tell_end(done.returncode, done.stderr, source="eduops-agent")
    return Collected(done.stdout, time.monotonic() - started)


def _command() -> list[str]:
    # -S leaves out the start-up work of installed packages: a third of the agent's time.
    return [sys.executable, "-S", "-m", "eduops_agent"]


def _run(command: list[str], longest_seconds: float) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(
            command,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=longest_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OutsideError(
            f"巡检代理 {longest_seconds:g} 秒内没有结束，已终止",
            hint="查看本机负载和挂载点是否失去响应，然后重新运行",
            source="eduops-agent",
            detail=_decode(error.stderr or b""),
        ) from error
    except OSError as error:
        raise OutsideError(
            f"巡检代理不能启动：{error.strerror}", hint="检查 Python 安装是否完整", source="eduops-agent"
        ) from error


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(_python_path()), "PYTHONIOENCODING": "utf-8"}


def _python_path() -> Iterator[str]:
    yield str(agent_path())
    # Without -S's site the child would not find psutil; the agent can do without, but sees less.
    psutil = find_spec("psutil")
    if psutil is not None and psutil.origin is not None:
        yield str(Path(psutil.origin).parent.parent)


@contextmanager
def _config_file(agent_config: Mapping[str, JsonValue]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="eduops-patrol-") as folder:
        path = Path(folder) / "agent.json"
        path.write_text(json.dumps(agent_config, ensure_ascii=False), encoding="utf-8")
        yield path


def refused_config(stderr: bytes) -> ConfigError:
    """What the agent says of its configuration, a problem a line, without the name of its temporary file."""
    lines = [_CONFIG_PLACE.sub("", line).strip() for line in _decode(stderr).splitlines()]
    problems = [Problem("patrol.yaml", "agents", line) for line in lines if line]
    return ConfigError(
        f"patrol.yaml 中给巡检代理的配置（agents）有 {len(problems)} 处问题",
        hint="逐条改正后再运行",
        problems=problems,
    )


def tell_end(code: int, stderr: bytes, *, source: str) -> OutsideError:
    """That the agent ended without a document, and its last words."""
    return OutsideError(
        f"巡检代理没有给出结果（退出码 {code}）：{_last_line(stderr)}",
        hint="按上面的原因处理后重新运行 eduops patrol run",
        source=source,
        detail=_decode(stderr),
    )


def _last_line(stderr: bytes) -> str:
    lines = _decode(stderr).strip().splitlines()
    return lines[-1][:200] if lines else "没有错误输出"


def _decode(content: bytes) -> str:
    return content.decode("utf-8", "replace")

"""Programs of the host, run for their output: in the C locale, bounded in time, with the system's folders searched."""

import os
import subprocess
from typing import Dict, List, Mapping, NamedTuple, Optional

from eduops_agent.context import NotChecked, path_of

# cron and plain users often lack the sbin folders, where chronyc and its like live.
_SEARCHED = os.pathsep.join(["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"])


class NotEnded(NotChecked):
    """The program was still running when its time was up."""


class Output(NamedTuple):
    """What a program left behind."""

    code: int
    stdout: str
    stderr: str


def find_program(name: str) -> str:
    """The program's path, or the empty text."""
    # Not shutil.which: shutil loads every library for compressing that there is.
    for folder in (os.environ.get("PATH", "") + os.pathsep + _SEARCHED).split(os.pathsep):
        path = os.path.join(folder, name)
        if folder and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return ""


def run_program(
    *words: str, seconds: float = 5.0, text: str = "", variables: Optional[Mapping[str, str]] = None
) -> Output:
    """Runs a program to its end, with a text to read and variables of its environment.

    Raises NotChecked where it is not installed or cannot start, NotEnded where it does not end in time.
    """
    program = find_program(words[0])
    if not program:
        raise NotChecked("本机没有命令 {}".format(words[0]))
    environment: Dict[str, str] = dict(os.environ, LC_ALL="C", LANG="C", SYSTEMD_COLORS="0", SYSTEMD_PAGER="")
    environment.update({name: path_of(value) for name, value in (variables or {}).items()})
    command: List[str] = [program] + [path_of(word) for word in words[1:]]
    try:
        done = subprocess.run(
            command,
            input=text.encode("utf-8"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotEnded("命令 {} 在 {:g} 秒内没有结束".format(words[0], seconds)) from error
    except OSError as error:
        raise NotChecked("命令 {} 不能运行：{}".format(words[0], error.strerror)) from error
    return Output(
        done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )

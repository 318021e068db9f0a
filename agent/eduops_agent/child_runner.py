"""Runs the probes where there is no fork (Windows): each in an interpreter of its own, told what to do on its stdin.

It costs an interpreter's start for each probe, and keeps the promise: one that hangs or crashes costs only itself.
"""

import json
import os
import subprocess
import sys
import threading
import time
from types import ModuleType
from typing import Any, Dict, List, Mapping

from eduops_agent.context import Context
from eduops_agent.instant import now_seconds
from eduops_agent.outcome import Section, build_section, failure, measure_one

_START_SECONDS = 5.0
_GRACE_SECONDS = 1.0


def run_probes(probes: Mapping[str, ModuleType], contexts: Mapping[str, Context]) -> List[Section]:
    """One section for each context, in the order given, at the latest when the slowest allowance is used up."""
    children = [_Child(name, context) for name, context in contexts.items()]
    threads = [threading.Thread(target=child.run, daemon=True) for child in children]
    for thread in threads:
        thread.start()
    for child, thread in zip(children, threads):
        # Killing does not end the wait where a program of the probe holds the pipe open: do not wait for that.
        thread.join(max(0.0, child.until + _GRACE_SECONDS - time.monotonic()))
    return [child.section() for child in children]


class _Child:
    """A probe's interpreter and what came of it."""

    def __init__(self, name: str, context: Context) -> None:
        self.name = name
        self._task = json.dumps(_build_task(name, context)).encode("ascii")
        self._allowed_seconds = context.interval_seconds + context.timeout_seconds + _START_SECONDS
        self._started_at, self._started = now_seconds(), time.monotonic()
        self.until = self._started + self._allowed_seconds
        self._ended = self.until
        self._outcome = failure("超过 {:g} 秒没有结果，已终止".format(round(self._allowed_seconds, 1)))

    def run(self) -> None:
        """Starts it and waits for its answer."""
        try:
            done = subprocess.run(
                [sys.executable, "-m", "eduops_agent.child_runner"],
                input=self._task,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))),
                timeout=self._allowed_seconds,
                check=False,
            )
            self._outcome = _parse_answer(done.stdout, done.returncode)
        except subprocess.TimeoutExpired:
            pass
        except OSError as error:
            self._outcome = failure("探针进程不能启动：{}".format(error.strerror))
        self._ended = time.monotonic()

    def section(self) -> Section:
        """The probe's section of the document."""
        return build_section(
            self.name, self._outcome, started_at=self._started_at, seconds=self._ended - self._started
        )


def _build_task(name: str, context: Context) -> Dict[str, Any]:
    return {
        "probe": name,
        "settings": context.settings,
        "interval_seconds": context.interval_seconds,
        "timeout_seconds": context.timeout_seconds,
        "has_psutil": context.psutil is not None,
        "is_light": context.is_light,
        "state_folder": context.state_folder,
    }


def _parse_answer(content: bytes, code: int) -> Section:
    # What a probe printed itself stands before the answer.
    try:
        answer: Section = json.loads(content.decode("ascii", "replace").strip().rsplit("\n", 1)[-1])
        answer["status"], answer["reason"], answer["data"]
    except (ValueError, KeyError, TypeError):
        return failure("探针进程意外退出，退出码 {}".format(code))
    return answer


def main() -> None:
    """The child's life: the task from standard input, the outcome as the last line of standard output."""
    from eduops_agent.measuring import import_psutil
    from eduops_agent.probes import PROBES

    task = json.loads(sys.stdin.buffer.read().decode("ascii"))
    context = Context(
        task["settings"],
        task["interval_seconds"],
        task["timeout_seconds"],
        import_psutil() if task["has_psutil"] else None,
        task["is_light"],
        task["state_folder"],
    )
    outcome = measure_one(PROBES, task["probe"], context)
    sys.stdout.write("\n" + json.dumps(outcome) + "\n")
    sys.stdout.flush()
    # A stuck thread of the probe would keep the interpreter alive.
    os._exit(0)


if __name__ == "__main__":
    main()

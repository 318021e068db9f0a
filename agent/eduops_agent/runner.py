"""Runs the probes at the same time, each in a process of its own, and waits for none longer than agreed.

Why processes and not threads: a thread stuck in the kernel (a dead NFS mount) cannot be killed and would keep the
whole agent, its output pipe and with it the SSH session of the caller alive; a crash of a C library would take all
probes with it. A fork of this small process costs about two milliseconds and shares its memory.
"""

import gc
import json
import os
import selectors
import signal
import time
from types import ModuleType
from typing import List, Mapping

from eduops_agent.context import Context
from eduops_agent.instant import now_seconds
from eduops_agent.outcome import Section, build_section, failure, measure_one

_LARGEST_RESULT_BYTES = 2 * 1024 * 1024
_GRACE_SECONDS = 1.0
_HEAD_START_SECONDS = 0.01
_STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def run_probes(probes: Mapping[str, ModuleType], contexts: Mapping[str, Context]) -> List[Section]:
    """One section for each context, in the order given, at the latest when the slowest allowance is used up."""
    running: List[_Running] = []
    _load(probes, contexts)
    try:
        _start(running, probes, contexts)
        _collect(running)
        return [probe.section() for probe in running]
    finally:
        for probe in running:
            probe.end()


def _load(probes: Mapping[str, ModuleType], contexts: Mapping[str, Context]) -> None:
    """Loads the modules before the forks, which share them then: loading after costs each a megabyte of copies."""
    for name in contexts:
        try:
            probes[name]
        except Exception:  # noqa: BLE001  the probe's own process meets it again and tells it
            continue


def _start(
    running: "List[_Running]", probes: Mapping[str, ModuleType], contexts: Mapping[str, Context]
) -> None:
    # A signal between a fork and its entry in the list would leave that process without anybody who ends it.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        for name, context in contexts.items():
            running.append(_Running(name, probes, context))
            running[-1].give_head_start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)


def _collect(running: "List[_Running]") -> None:
    with selectors.DefaultSelector() as selector:
        for probe in running:
            selector.register(probe.pipe, selectors.EVENT_READ, probe)
        while selector.get_map():
            waiting = [key.data for key in selector.get_map().values()]
            patience = min(probe.until for probe in waiting) - time.monotonic()
            ready = {key.data for key, _ in selector.select(max(0.0, patience))}
            for probe in waiting:
                if (probe in ready and probe.read()) or probe.is_late():
                    selector.unregister(probe.pipe)


class _Running:
    """A probe in its own process and what has come through its pipe so far."""

    def __init__(self, name: str, probes: Mapping[str, ModuleType], context: Context) -> None:
        self.name = name
        self.started_at = now_seconds()
        self._started = time.monotonic()
        self._allowed_seconds = context.interval_seconds + context.timeout_seconds + _GRACE_SECONDS
        self.until = self._started + self._allowed_seconds
        self._received = bytearray()
        self._reason = ""
        self._ended = 0.0
        self.pipe, write_end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _serve(probes, name, context, write_end, int(self._allowed_seconds) + 2)
        os.close(write_end)

    def give_head_start(self) -> None:
        """Waits a moment for its answer: most are quick, and need not all stand in memory at once."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.pipe, selectors.EVENT_READ)
            selector.select(_HEAD_START_SECONDS)

    def read(self) -> bool:
        """Takes what has come; tells whether there is nothing more to wait for."""
        chunk = os.read(self.pipe, 65536)
        self._received += chunk
        if len(self._received) > _LARGEST_RESULT_BYTES:
            self._reason = "结果超过 {} 字节，已丢弃".format(_LARGEST_RESULT_BYTES)
        elif not chunk:
            self._reason = self._cause_of_death()
        # The newline is the end and not the closing of the pipe, which a stuck thread of the probe would hold open.
        elif not chunk.endswith(b"\n"):
            return False
        self._ended = time.monotonic()
        return True

    def is_late(self) -> bool:
        """Whether its time is up; the reason is then noted."""
        if self._ended or time.monotonic() < self.until:
            return False
        self._reason = "超过 {:g} 秒没有结果，已终止".format(round(self._allowed_seconds, 1))
        self._ended = time.monotonic()
        return True

    def section(self) -> Section:
        """The probe's section of the document."""
        outcome = failure(self._reason) if self._reason else json.loads(self._received.decode("ascii"))
        return build_section(
            self.name, outcome, started_at=self.started_at, seconds=self._ended - self._started
        )

    def end(self) -> None:
        """Kills the process and the programs it started. One stuck in the kernel is left for init to reap."""
        os.close(self.pipe)
        if not self._pid:
            return
        for kill in (os.killpg, os.kill):
            try:
                kill(self._pid, signal.SIGKILL)
            except OSError:
                pass
        for _ in range(20):
            if os.waitpid(self._pid, os.WNOHANG)[0]:
                return
            time.sleep(0.005)

    def _cause_of_death(self) -> str:
        # The pipe closes a moment before the process is gone.
        status = os.waitpid(self._pid, 0)[1]
        self._pid = 0
        if os.WIFSIGNALED(status):
            return "探针进程被信号 {} 终止".format(os.WTERMSIG(status))
        return "探针进程意外退出，退出码 {}".format(os.WEXITSTATUS(status))


def _serve(
    probes: Mapping[str, ModuleType], name: str, context: Context, write_end: int, alarm_seconds: int
) -> None:
    """The life of a probe's process; does not return."""
    code = 1
    try:
        # A collection would touch, and so copy, every object that is shared with the agent.
        gc.disable()
        os.setsid()
        for stop in _STOPS:
            signal.signal(stop, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        # Should the agent itself be killed, nothing stays behind for long.
        signal.alarm(alarm_seconds)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        message = memoryview(json.dumps(measure_one(probes, name, context)).encode("ascii") + b"\n")
        while message:
            message = message[os.write(write_end, message) :]
        code = 0
    finally:
        os._exit(code)

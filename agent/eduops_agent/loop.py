"""A patrol every so often, for hosts without cron: each document into the spool, until a signal ends it."""

import gc
import math
import signal
import sys
import time
from typing import Any, NamedTuple, Optional, Tuple

from eduops_agent import document, prometheus
from eduops_agent.config import Config
from eduops_agent.measuring import measure_host
from eduops_agent.spool import Spool, SpoolError

CANNOT_WRITE = 4


class LoopOptions(NamedTuple):
    """How often, where to, and how much of it is kept."""

    interval_seconds: float
    spool: str
    spool_bytes: int
    names: Any
    # Where the figures are also written for Prometheus.
    prometheus: Optional[str] = None


class _Stopped(BaseException):
    """A signal asked for the end; nobody may catch it on the way."""


def run_loop(config: Config, options: LoopOptions) -> int:
    """Runs until a signal comes and gives the exit code: 0, or 4 where the spool cannot be used."""
    gc.enable()
    _listen_to_signals()
    try:
        spool = Spool(options.spool, options.spool_bytes)
    except SpoolError as error:
        print(error, file=sys.stderr)
        return CANNOT_WRITE
    try:
        _repeat(config, options, spool)
    except _Stopped:
        return 0
    finally:
        spool.close()


def find_next(due: float, now: float, interval_seconds: float) -> Tuple[float, int]:
    """When the next run is due, and how many were due meanwhile and are skipped: the beat is kept, never caught up."""
    late = math.floor(max(0.0, now - due) / interval_seconds)
    return due + (late + 1) * interval_seconds, late


def _repeat(config: Config, options: LoopOptions, spool: Spool) -> int:
    due = time.monotonic()
    while True:
        _run_once(config, options, spool)
        due, skipped = find_next(due, time.monotonic(), options.interval_seconds)
        spool.note_skipped(skipped)
        time.sleep(max(0.0, due - time.monotonic()))


def _run_once(config: Config, options: LoopOptions, spool: Spool) -> None:
    told = spool.tell()
    made = measure_host(config, options.names, spool=told)
    try:
        spool.add(made["measured_at"], document.render_document(made).encode("ascii"), told)
    except SpoolError as error:
        # A full disk must not end the loop: it is what the next document is for.
        print(error, file=sys.stderr)
    if options.prometheus and not prometheus.write_metrics(options.prometheus, made):
        print("不能写入指标文件 {}".format(options.prometheus), file=sys.stderr)


def _listen_to_signals() -> None:
    def stop(number: int, frame: Any) -> None:
        raise _Stopped

    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)

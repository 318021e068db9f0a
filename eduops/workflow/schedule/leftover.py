"""Processes of a run whose scheduler is gone: found by the mark that every job carries in its environment."""

from pathlib import Path

import psutil

MARK = "EDUOPS_JOB_RUN"
_WAIT_SECONDS = 10.0


def render_mark(run_id: int, home: Path) -> str:
    """What stands in the environment of a run's processes."""
    return f"{run_id}@{home}"


def end_leftovers(run_id: int, home: Path) -> int:
    """Ends what still runs of a run on this machine, and says how many processes that were."""
    wanted = render_mark(run_id, home)
    found = [process for process in psutil.process_iter() if _read_mark(process) == wanted]
    for process in found:
        _send(process, kill=False)
    _, alive = psutil.wait_procs(found, timeout=_WAIT_SECONDS)
    for process in alive:
        _send(process, kill=True)
    return len(found)


def _read_mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None


def _send(process: psutil.Process, *, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.Error:
        return

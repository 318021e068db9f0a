"""What one probe's run comes to: a section of the document, whatever the probe does."""

import json
import os
import time
from types import ModuleType
from typing import Any, Dict, Mapping, Optional

from eduops_agent.context import Context, Failed, NotChecked
from eduops_agent.document import clean
from eduops_agent.instant import render_instant

# Any: sections are JSON.
Section = Dict[str, Any]


def measure_one(probes: Mapping[str, ModuleType], name: str, context: Context) -> Section:
    """`status`, `reason` and `data` of one probe, and what it cost; whatever it raises becomes a reason.

    The process is the probe's own: its processor time is the probe's.
    """
    outcome = _measure(probes, name, context)
    outcome["cpu_seconds"] = round(time.process_time(), 3)
    outcome["programs_cpu_seconds"] = _read_programs_cost()
    return outcome


def _read_programs_cost() -> Optional[float]:
    """Processor time of the programs that ended; None on Windows, which does not count it."""
    try:
        import resource
    except ImportError:
        return None
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round(used.ru_utime + used.ru_stime, 3)


def failure(reason: str) -> Section:
    """The outcome of a probe that gave none."""
    return {
        "status": "failed",
        "reason": reason,
        "data": None,
        "cpu_seconds": None,
        "programs_cpu_seconds": None,
    }


def build_section(name: str, outcome: Section, *, started_at: float, seconds: float) -> Section:
    """The probe's section; `started_at` in seconds since 1970."""
    facts = {
        "name": name,
        "status": outcome["status"],
        "reason": outcome["reason"],
        "started_at": render_instant(started_at),
        "duration_seconds": round(seconds, 3),
    }
    return dict(facts, **{key: outcome[key] for key in ("cpu_seconds", "programs_cpu_seconds", "data")})


def leave_out(name: str, reason: str, *, at: float) -> Section:
    """The section of a probe that is not even started."""
    outcome = dict(failure(reason), status="not_checked")
    return build_section(name, outcome, started_at=at, seconds=0.0)


def _measure(probes: Mapping[str, ModuleType], name: str, context: Context) -> Section:
    try:
        data = clean(probes[name].measure(context))
        json.dumps(data, allow_nan=False)
    except NotChecked as error:
        return {"status": "not_checked", "reason": clean(str(error)), "data": None}
    except Failed as error:
        return {"status": "failed", "reason": clean(str(error)), "data": None}
    except BaseException as error:  # noqa: BLE001  even SystemExit must not end the document
        return {"status": "failed", "reason": clean(_describe(error)), "data": None}
    return {"status": "ok", "reason": "", "data": data}


def _describe(error: BaseException) -> str:
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    place = ""
    if step is not None:
        place = "（{}:{}）".format(os.path.basename(step.tb_frame.f_code.co_filename), step.tb_lineno)
    return "探针出错：{}: {}{}".format(type(error).__name__, str(error)[:300], place)

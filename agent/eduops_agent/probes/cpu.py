"""Processors: what each did over the interval, in per cent, and the load."""

import os
import time
from typing import Any, Dict

from eduops_agent.context import Context, read_text

NAME = "cpu"
TITLE = "处理器：各核使用率、负载、被宿主机占用（steal）"

_FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")

# Time spent since boot, by core and by field; only differences are used, so ticks and seconds both do.
Times = Dict[str, Dict[str, float]]


def measure(context: Context) -> Dict[str, Any]:
    """Use of each core over the interval, and the load averages. Raises NotChecked without /proc/stat."""
    before = _read_times(context)
    time.sleep(context.interval_seconds)
    after = _read_times(context)
    load = os.getloadavg() if hasattr(os, "getloadavg") else (None, None, None)
    cores = [build_use(name, before[name], after[name]) for name in after if name in before]
    data = {
        "count": len(after),
        "load_1m": load[0],
        "load_5m": load[1],
        "load_15m": load[2],
        "total": build_use("all", _add_up(before), _add_up(after)),
        "cores": cores,
    }
    if load[0] is None:
        data["load_reason"] = "本系统没有负载这一指标"
    return data


def parse_proc_stat(text: str) -> Times:
    """The cores' lines of /proc/stat. Old kernels have fewer fields: those are 0."""
    cores: Times = {}
    for line in text.splitlines():
        words = line.split()
        if words and words[0].startswith("cpu") and words[0] != "cpu":
            values = [float(word) for word in words[1:]] + [0.0] * len(_FIELDS)
            cores[words[0][3:]] = dict(zip(_FIELDS, values))
    return cores


def build_use(name: str, before: Dict[str, float], after: Dict[str, float]) -> Dict[str, Any]:
    """Shares of the time between two readings, in per cent; None where no time went by or none is counted."""
    # The kernel's iowait and idle may step back a little (proc(5)): never below nothing.
    spent = {field: max(0.0, after[field] - before[field]) for field in after if field in before}
    whole = sum(spent.values())

    def percent(*fields: str) -> Any:
        known = [spent[field] for field in fields if field in spent]
        return round(100.0 * sum(known) / whole, 1) if whole and known else None

    return {
        "core": name,
        "used_percent": percent("user", "nice", "system", "irq", "softirq", "steal"),
        "user_percent": percent("user", "nice"),
        "system_percent": percent("system", "irq", "softirq"),
        "iowait_percent": percent("iowait"),
        "steal_percent": percent("steal"),
    }


def _read_times(context: Context) -> Times:
    if context.psutil is None:
        return parse_proc_stat(read_text("/proc/stat"))
    readings = enumerate(context.psutil.cpu_times(percpu=True))
    # Windows has neither steal nor iowait, which is not the same as none of it.
    return {
        str(core): {field: getattr(times, field) for field in _FIELDS if hasattr(times, field)}
        for core, times in readings
    }


def _add_up(cores: Times) -> Dict[str, float]:
    return {
        field: sum(core.get(field, 0.0) for core in cores.values())
        for field in _FIELDS
        if any(field in core for core in cores.values())
    }

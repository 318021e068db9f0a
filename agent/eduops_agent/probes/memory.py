"""Memory and swap."""

from typing import Any, Dict

from eduops_agent.context import Context, read_text

NAME = "memory"
TITLE = "内存与交换区"


def measure(context: Context) -> Dict[str, Any]:
    """Bytes of memory and swap. Raises NotChecked without /proc/meminfo."""
    if context.psutil is None:
        return build_memory(parse_meminfo(read_text("/proc/meminfo")))
    memory = context.psutil.virtual_memory()
    swap = context.psutil.swap_memory()
    return _figures(memory.total, memory.available, swap.total, swap.used)


def parse_meminfo(text: str) -> Dict[str, int]:
    """The figures of /proc/meminfo, in bytes."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {key: int(rest.split()[0]) * 1024 for key, rest in pairs}


def build_memory(figures: Dict[str, int]) -> Dict[str, Any]:
    """Memory and swap out of /proc/meminfo. Kernels before 3.14 do not say what is available: then estimated."""
    reclaimable = sum(figures.get(key, 0) for key in ("MemFree", "Buffers", "Cached", "SReclaimable"))
    available = figures.get("MemAvailable", reclaimable)
    swap_total = figures.get("SwapTotal", 0)
    return _figures(figures["MemTotal"], available, swap_total, swap_total - figures.get("SwapFree", 0))


def _figures(total: int, available: int, swap_total: int, swap_used: int) -> Dict[str, Any]:
    return {
        "total_bytes": total,
        "available_bytes": available,
        "used_percent": _percent(total - available, total),
        "swap_total_bytes": swap_total,
        "swap_used_bytes": swap_used,
        "swap_used_percent": _percent(swap_used, swap_total),
    }


def _percent(part: int, whole: int) -> Any:
    """None where there is nothing to use, such as no swap."""
    return round(100.0 * part / whole, 1) if whole else None

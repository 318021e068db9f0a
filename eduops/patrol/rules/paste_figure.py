"""Figures out of what /proc and df print. Each builder gives one probe's data.

KeyError, ValueError and IndexError mean output that is not as known; Missing that a tool is not there.
"""

import re
import struct
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

# Any, here and below: a probe's data is JSON.
Parts = Mapping[str, str]
Data = dict[str, Any]

_FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_NET_FIELDS = ("bytes", "packets", "errors", "dropped")
_STATES = {"01": "established", "06": "time_wait", "08": "close_wait"}
# Kept in memory or made up by the kernel, or full by nature (images); as the agent has it.
_KINDS_LEFT_OUT = (
    "autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl fuse.gvfsd-fuse "
    "fuse.lxcfs fuse.portal hugetlbfs iso9660 mqueue nsfs proc pstore ramfs rpc_pipefs securityfs selinuxfs "
    "squashfs sysfs tmpfs tracefs"
)
_NOT_DISKS = frozenset(_KINDS_LEFT_OUT.split())
_DF_LINE = re.compile(r"^.*?\s(\d+)\s+(\d+)\s+(-?\d+)\s+(?:\d+%|-)\s+(/.*)$")
MOST_ROWS = 500


class Missing(Exception):
    """The host has no such tool, or it did not answer; the text is the reason."""


def read_date(parts: Parts) -> datetime | None:
    """When the script began, on the host's clock."""
    try:
        return datetime.strptime(parts.get("date", ""), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def read_pairs(text: str) -> dict[str, str]:
    """Lines NAME=value; quotes round a value are taken off."""
    lines = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, value in lines}


def has_pause(parts: Parts) -> bool:
    """Whether the script waited between its two readings; without that no figure of a second can be told."""
    return "pause" in parts


def build_system(parts: Parts, _settings: Data) -> Data:
    """What the system is, and since when it runs."""
    release = read_pairs(parts.get("release", ""))
    uptime_seconds = float(parts["uptime"].split()[0])
    at = read_date(parts)
    assert at is not None  # noqa: S101 - the document was refused otherwise
    booted_at = (at - timedelta(seconds=uptime_seconds)).isoformat(timespec="milliseconds")
    return {
        "os_id": release.get("ID"),
        "os_version": release.get("VERSION_ID"),
        "os_name": release.get("PRETTY_NAME"),
        "kernel": parts["kernel"],
        "architecture": parts["machine"],
        "uptime_seconds": uptime_seconds,
        "booted_at": booted_at.replace("+00:00", "Z"),
        "python_version": parts.get("python", "").removeprefix("Python ").strip(),
        "packages": None,
    }


def build_cpu(parts: Parts, _settings: Data) -> Data:
    """Use of each core over the second between two readings; the loads. Raises Missing without that second."""
    if not has_pause(parts):
        raise Missing("该主机没有可用的 sleep 命令，两次读数之间没有间隔，算不出使用率")
    before, after = _read_cores(parts["cores-1"]), _read_cores(parts["cores-2"])
    loads = [float(word) for word in parts["load"].split()[:3]]
    cores = [_build_use(name, before[name], after[name]) for name in after if name in before]
    whole = [[sum(values) for values in zip(*each.values(), strict=True)] for each in (before, after)]
    return {
        "count": len(after),
        "load_1m": loads[0],
        "load_5m": loads[1],
        "load_15m": loads[2],
        "total": _build_use("all", whole[0], whole[1]),
        "cores": cores,
    }


def build_memory(parts: Parts, _settings: Data) -> Data:
    """Memory and swap out of /proc/meminfo."""
    lines = (line.split(":", 1) for line in parts["memory"].splitlines() if ":" in line)
    figures = {name: int(rest.split()[0]) * 1024 for name, rest in lines}
    total, swap_total = figures["MemTotal"], figures.get("SwapTotal", 0)
    # Kernels before 3.14 do not say what is available: then estimated.
    reclaimable = sum(figures.get(name, 0) for name in ("MemFree", "Buffers", "Cached", "SReclaimable"))
    available, swap_used = figures.get("MemAvailable", reclaimable), swap_total - figures.get("SwapFree", 0)
    return {
        "total_bytes": total,
        "available_bytes": available,
        "used_percent": _percent(total - available, total),
        "swap_total_bytes": swap_total,
        "swap_used_bytes": swap_used,
        "swap_used_percent": _percent(swap_used, swap_total),
    }


def build_disks(parts: Parts, _settings: Data) -> Data:
    """Every real file system, once; one of which df said nothing is not checked."""
    if "space" not in parts and "mounts" not in parts:
        raise Missing("df 没有答复")
    space, inodes = _read_df(parts.get("space", "")), _read_df(parts.get("inodes", ""))
    rows = [_build_filesystem(mount, space, inodes) for mount in _list_mounts(parts["mounts"])]
    return {"filesystems": rows[:MOST_ROWS], "devices": []}


def build_network(parts: Parts, _settings: Data) -> Data:
    """Interfaces that carried something; who listens; connections by state."""
    before, after = _read_interfaces(parts["interfaces-1"]), _read_interfaces(parts["interfaces-2"])
    is_timed = has_pause(parts)
    interfaces = [
        {
            "name": name,
            **values,
            **{
                f"{way}_bytes_per_second": max(
                    0, values[f"{way}_bytes"] - before.get(name, values)[f"{way}_bytes"]
                )
                if is_timed
                else None
                for way in ("received", "sent")
            },
        }
        for name, values in sorted(after.items())
        if any(values.values())
    ]
    sockets = [line.split() for line in parts.get("sockets", "").splitlines()]
    counts = dict.fromkeys(_STATES.values(), 0)
    for words in sockets:
        if words[1] == "count" and words[0].startswith("tcp") and words[2] in _STATES:
            counts[_STATES[words[2]]] += int(words[3])
    return {
        "interfaces": interfaces[:MOST_ROWS],
        "listening": _build_listening(words for words in sockets if words[1] != "count"),
        "connections": counts,
    }


def _percent(part: float, whole: float) -> float | None:
    return round(100.0 * part / whole, 1) if whole else None


def _read_cores(text: str) -> dict[str, list[float]]:
    cores = {}
    for line in text.splitlines():
        name, *words = line.split()
        values = [float(word) for word in words] + [0.0] * len(_FIELDS)
        cores[name.removeprefix("cpu")] = values[: len(_FIELDS)]
    if not cores:
        raise ValueError(text)
    return cores


def _build_use(name: str, before: list[float], after: list[float]) -> Data:
    spent = {field: max(0.0, new - old) for field, old, new in zip(_FIELDS, before, after, strict=True)}
    whole = sum(spent.values())

    def percent(*fields: str) -> float | None:
        return _percent(sum(spent[field] for field in fields), whole)

    return {
        "core": name,
        "used_percent": percent("user", "nice", "system", "irq", "softirq", "steal"),
        "user_percent": percent("user", "nice"),
        "system_percent": percent("system", "irq", "softirq"),
        "iowait_percent": percent("iowait"),
        "steal_percent": percent("steal"),
    }


def _list_mounts(text: str) -> list[tuple[str, str, str, bool]]:
    found: dict[str, tuple[str, str, str, bool]] = {}
    for line in text.splitlines():
        words = [re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), word) for word in line.split()]
        if len(words) < 4 or words[2] in _NOT_DISKS or words[1].startswith(("/proc/", "/sys/", "/dev/")):
            continue
        device, folder, kind, options = words[:4]
        key = folder if kind == "overlay" else device
        if key not in found or len(folder) < len(found[key][1]):
            # A mount's source may hold a password (cifs, davfs).
            found[key] = (re.sub(r"//[^/@\s]+@", "//***@", device), folder, kind, "ro" in options.split(","))
    return sorted(found.values(), key=lambda mount: mount[1])


def _read_df(text: str) -> dict[str, tuple[int, int, int]]:
    found = (_DF_LINE.match(line) for line in text.splitlines())
    return {match[4]: (int(match[1]), int(match[2]), int(match[3])) for match in found if match}


def _build_filesystem(
    mount: tuple[str, str, str, bool],
    space: Mapping[str, tuple[int, int, int]],
    inodes: Mapping[str, tuple[int, int, int]],
) -> Data:
    device, folder, kind, read_only = mount
    row: Data = {"mount": folder, "device": device, "type": kind, "read_only": read_only}
    if folder not in space:
        return {**row, "status": "not_checked", "reason": "df 没有给出这个文件系统"}
    total, used, available = space[folder]
    row |= {
        "status": "ok",
        "reason": "",
        "total_bytes": total * 1024,
        "used_bytes": used * 1024,
        "available_bytes": max(0, available) * 1024,
        "used_percent": _percent(used, used + max(0, available)),
    }
    if folder in inodes:
        count, taken, _ = inodes[folder]
        row |= {"inodes_total": count, "inodes_used": taken, "inodes_used_percent": _percent(taken, count)}
    return row


def _read_interfaces(text: str) -> dict[str, dict[str, int]]:
    found = {}
    for line in text.splitlines():
        name, colon, rest = line.rpartition(":")
        values = rest.split()
        if colon and len(values) >= 12:
            numbers = [int(word) for word in values]
            sides = (("received", numbers[0:4]), ("sent", numbers[8:12]))
            found[name.strip()] = {
                f"{way}_{field}": number
                for way, side in sides
                for field, number in zip(_NET_FIELDS, side, strict=True)
            }
    return found


def _build_listening(sockets: Iterable[list[str]]) -> list[Data]:
    found = set()
    for table, place in sockets:
        address, _, port = place.partition(":")
        found.add((table[:3], int(port, 16), _read_address(address)))
    return [
        {"protocol": protocol, "address": address, "port": port}
        for protocol, port, address in sorted(found)[:MOST_ROWS]
    ]


def _read_address(text: str) -> str:
    # Little-endian words, as on every platform that we know hosts of.
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = struct.pack(f"<{len(words)}I", *words)
    return str(ip_address(packed))

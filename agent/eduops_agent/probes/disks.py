"""File systems: how full, of bytes and of inodes, and whether writable; devices: what was read and written."""

import os
import re
import time
from typing import Any, Dict, List, NamedTuple, Tuple

from eduops_agent.context import Context, NotChecked, read_text
from eduops_agent.growth import add_growth
from eduops_agent.redaction import redact_secrets
from eduops_agent.rows import measure_rows

NAME = "disks"
TITLE = "磁盘：空间、inode、只读、读写、多久没有增长"

# Kept in memory or made up by the kernel, or full by nature (images).
_NOT_DISKS = frozenset(
    "autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl fuse.gvfsd-fuse"
    " fuse.lxcfs fuse.portal hugetlbfs iso9660 mqueue nsfs proc pstore ramfs rpc_pipefs securityfs selinuxfs"
    " squashfs sysfs tmpfs tracefs".split()
)
_NOT_DEVICES = re.compile(r"(loop|ram|zram|sr|fd)\d+$")
_SECTOR_BYTES = 512

# Counters since boot, by device: reads, read_bytes, writes, written_bytes, busy_milliseconds, waited_milliseconds.
Counters = Dict[str, Dict[str, int]]


class Mount(NamedTuple):
    """A line of /proc/self/mounts."""

    device: str
    folder: str
    kind: str
    read_only: bool


def measure(context: Context) -> Dict[str, Any]:
    """Every real file system, once, and every device. Raises NotChecked where nobody tells the mounts."""
    mounts = _list_mounts(context)
    before = _read_counters(context)
    time.sleep(context.interval_seconds)
    after = _read_counters(context)
    labelled = [(_label(mount), _measurer(mount, context)) for mount in mounts]
    rows = measure_rows(labelled, context.timeout_seconds)
    add_growth(rows, context.state_folder)
    return {
        "filesystems": rows,
        "devices": build_devices(before, after, context.interval_seconds),
    }


def parse_mounts(text: str) -> List[Mount]:
    """The file systems on disks and on the network; of bind mounts of one device the shortest folder."""
    found: Dict[str, Mount] = {}
    for line in text.splitlines():
        words = [_unescape(word) for word in line.split()]
        if len(words) < 4 or words[2] in _NOT_DISKS or words[1].startswith(("/proc/", "/sys/", "/dev/")):
            continue
        mount = Mount(words[0], words[1], words[2], "ro" in words[3].split(","))
        # Overlays of containers all call their device "overlay".
        key = mount.folder if mount.kind == "overlay" else mount.device
        if key not in found or len(mount.folder) < len(found[key].folder):
            found[key] = mount
    return sorted(found.values(), key=lambda mount: mount.folder)


def parse_diskstats(text: str) -> Counters:
    """The whole and part devices of /proc/diskstats that ever did something."""
    found: Counters = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 14 and not _NOT_DEVICES.match(words[2]):
            values = [int(word) for word in words[3:14]]
            # Documentation/admin-guide/iostats.rst: 3 and 7 are the milliseconds of all requests added up.
            found[words[2]] = _counters(
                (values[0], values[2] * _SECTOR_BYTES, values[4], values[6] * _SECTOR_BYTES, values[9]),
                values[3] + values[7],
            )
    return {name: counters for name, counters in found.items() if counters["reads"] or counters["writes"]}


def build_devices(before: Counters, after: Counters, seconds: float) -> List[Dict[str, Any]]:
    """Counters since boot, and what they grew by in a second of the interval."""
    rows = []
    for name in sorted(after):
        old = before.get(name, after[name])
        grown = {key: max(0, after[name][key] - old[key]) for key in old}
        busy_percent = min(100.0, grown["busy_milliseconds"] / (seconds * 10.0))
        requests = grown["reads"] + grown["writes"]
        rates = {
            "reads_per_second": round(grown["reads"] / seconds, 1),
            "writes_per_second": round(grown["writes"] / seconds, 1),
            "read_bytes_per_second": round(grown["read_bytes"] / seconds),
            "written_bytes_per_second": round(grown["written_bytes"] / seconds),
            "busy_percent": round(busy_percent, 1),
            "await_milliseconds": round(grown["waited_milliseconds"] / requests, 2) if requests else None,
        }
        row = dict({"device": name}, **dict(after[name], **rates))
        del row["waited_milliseconds"]
        rows.append(row)
    return rows


def _list_mounts(context: Context) -> List[Mount]:
    if os.path.exists("/proc/self/mounts") or context.psutil is None:
        return parse_mounts(read_text("/proc/self/mounts"))
    return [
        Mount(part.device, part.mountpoint, part.fstype, "ro" in part.opts.split(","))
        # Drives without a medium have no type.
        for part in context.psutil.disk_partitions(all=False)
        if part.fstype
    ]


def _read_counters(context: Context) -> Counters:
    if context.psutil is None:
        try:
            return parse_diskstats(read_text("/proc/diskstats"))
        except NotChecked:
            return {}
    found = {}
    for name, io in (context.psutil.disk_io_counters(perdisk=True) or {}).items():
        if not _NOT_DEVICES.match(name) and (io.read_count or io.write_count):
            busy = getattr(io, "busy_time", 0)
            counters = (io.read_count, io.read_bytes, io.write_count, io.write_bytes, busy)
            found[name] = _counters(counters, io.read_time + io.write_time)
    return found


def _counters(values: Tuple[int, int, int, int, int], waited: int) -> Dict[str, int]:
    reads, read_bytes, writes, written_bytes, busy = values
    return {
        "reads": reads,
        "read_bytes": read_bytes,
        "writes": writes,
        "written_bytes": written_bytes,
        "busy_milliseconds": busy,
        "waited_milliseconds": waited,
    }


def _unescape(word: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), word)


def _label(mount: Mount) -> Dict[str, Any]:
    return {
        "mount": mount.folder,
        # What is mounted from elsewhere may have a password in its address.
        "device": mount.device if mount.device.startswith("/dev/") else redact_secrets(mount.device),
        "type": mount.kind,
        "read_only": mount.read_only,
    }


def _measurer(mount: Mount, context: Context) -> Any:
    if not hasattr(os, "statvfs"):
        return lambda: _ask_psutil(mount, context)
    return lambda: _measure_mount(mount)


def _ask_psutil(mount: Mount, context: Context) -> Dict[str, Any]:
    usage = context.psutil.disk_usage(mount.folder)
    return {
        "total_bytes": usage.total,
        "used_bytes": usage.used,
        "available_bytes": usage.free,
        "used_percent": _percent(usage.used, usage.used + usage.free),
        "inodes_total": 0,
        "inodes_used": 0,
        "inodes_used_percent": None,
    }


def _measure_mount(mount: Mount) -> Dict[str, Any]:
    facts = os.statvfs(mount.folder.encode("utf-8", "surrogateescape"))
    used = facts.f_blocks - facts.f_bfree
    inodes_used = facts.f_files - facts.f_ffree
    return {
        "total_bytes": facts.f_blocks * facts.f_frsize,
        "used_bytes": used * facts.f_frsize,
        "available_bytes": facts.f_bavail * facts.f_frsize,
        # As df has it: what is kept for root counts as neither used nor free.
        "used_percent": _percent(used, used + facts.f_bavail),
        "inodes_total": facts.f_files,
        "inodes_used": inodes_used,
        # Btrfs and its like count no inodes.
        "inodes_used_percent": _percent(inodes_used, facts.f_files),
    }


def _percent(part: int, whole: int) -> Any:
    return round(100.0 * part / whole, 1) if whole else None

"""Disks' own word on their health (SMART), where smartctl is installed and this account may ask the disk."""

import json
from typing import Any, Dict, List, Tuple

from eduops_agent.command import Output, run_program
from eduops_agent.context import Context, NotChecked
from eduops_agent.rows import measure_rows

NAME = "smart"
TITLE = "硬盘自检（SMART）：健康、温度、坏扇区"

_SECONDS = 10.0
# smartctl(8), EXIT STATUS: the command line was not understood; the device could not be opened.
_NOT_UNDERSTOOD, _NOT_OPENED = 1, 2
# ATA attributes by number; what they are called differs between makers.
_ATTRIBUTES = {5: "reallocated_sectors", 197: "pending_sectors", 198: "uncorrectable_sectors"}


def measure(context: Context) -> Dict[str, Any]:
    """One row for each disk that smartctl finds. Raises NotChecked without smartctl, disks, or its JSON (before 7.0)."""
    output = run_program("smartctl", "--json", "--scan", seconds=_SECONDS)
    devices = parse_scan(output.stdout)
    if not devices:
        raise NotChecked("smartctl 没有找到硬盘（虚拟机通常如此）")
    labelled = [({"device": name}, _measurer(name, kind)) for name, kind in devices]
    return {"disks": measure_rows(labelled, context.timeout_seconds)}


def parse_scan(text: str) -> List[Tuple[str, str]]:
    """Devices and their types of `smartctl --json --scan`. Raises NotChecked for what is no JSON."""
    return [(device["name"], device.get("type", "auto")) for device in _parse(text).get("devices", [])]


def parse_disk(text: str, code: int) -> Dict[str, Any]:
    """A row of `smartctl --json -H -A -i`. Raises NotChecked where the disk could not be asked or has no SMART."""
    found = _parse(text)
    messages = [str(message.get("string", "")) for message in found.get("smartctl", {}).get("messages", [])]
    if code & (_NOT_UNDERSTOOD | _NOT_OPENED):
        words = "；".join(messages)
        raise NotChecked("没有权限" if "Permission denied" in words else "不能读取这块硬盘：{}".format(words))
    healthy = found.get("smart_status", {}).get("passed")
    if healthy is None and not found.get("smart_support", {}).get("available", True):
        raise NotChecked("这块硬盘不提供 SMART")
    if not isinstance(healthy, bool):
        raise NotChecked("这块硬盘没有给出健康结论")
    nvme = found.get("nvme_smart_health_information_log", {})
    row = {
        "model": found.get("model_name") or found.get("scsi_model_name"),
        "healthy": healthy,
        "temperature_celsius": found.get("temperature", {}).get("current"),
        "power_on_hours": found.get("power_on_time", {}).get("hours"),
        "media_errors": nvme.get("media_errors"),
        "wear_percent": nvme.get("percentage_used"),
    }
    return dict(row, **_read_attributes(found))


def _read_attributes(found: Dict[str, Any]) -> Dict[str, Any]:
    table = found.get("ata_smart_attributes", {}).get("table", [])
    raw = {attribute.get("id"): attribute.get("raw", {}).get("value") for attribute in table}
    return {name: raw.get(number) for number, name in _ATTRIBUTES.items()}


def _measurer(name: str, kind: str) -> Any:
    return lambda: _measure_disk(name, kind)


def _measure_disk(name: str, kind: str) -> Dict[str, Any]:
    # A disk that sleeps is left asleep.
    output: Output = run_program(
        "smartctl", "--json", "-n", "standby", "-i", "-H", "-A", "-d", kind, name, seconds=_SECONDS
    )
    return parse_disk(output.stdout, output.code)


def _parse(text: str) -> Dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise NotChecked("smartctl 版本过旧，不能输出 JSON（7.0 起可以）") from error
    return found if isinstance(found, dict) else {}

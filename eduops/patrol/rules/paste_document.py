"""From what the paste-back script printed to a patrol document: the agent's own, or one built of plain tools' output.

What the script did not measure is "not checked", so that a host patrolled this way is not called normal where such a
check is mandatory.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from eduops.core.errors import InputError
from eduops.patrol.rules import paste_figure as figure
from eduops.patrol.rules import paste_program as program
from eduops.patrol.rules.paste import SOURCE, Paste
from eduops.patrol.rules.threshold import PROBES

AGENT_VERSION = "script-1"
_FIRST_LINE = "eduops-script 1"
_INTERVAL_SECONDS = 1.0
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NOT_BY_SCRIPT = "粘贴脚本不检查这一项，只有 eduops-agent 能检查"

# Any, here and below: documents are JSON.
Parts = Mapping[str, str]
Data = dict[str, Any]

_MEASURED: dict[str, Callable[[Parts, Data], Data]] = {
    "system": figure.build_system,
    "cpu": figure.build_cpu,
    "memory": figure.build_memory,
    "disks": figure.build_disks,
    "network": figure.build_network,
    "processes": program.build_processes,
    "services": program.build_services,
    "time_sync": program.build_time_sync,
    "users": program.build_users,
}


def build_document(paste: Paste, agent_config: Mapping[str, Any]) -> bytes:
    """The document, signed as the agent signs. Raises InputError where the script was cut off on the host."""
    # As the agent does with what it reads: a process may call itself anything.
    text = _CONTROLS.sub("\ufffd", paste.content.decode("utf-8", "replace"))
    if text.lstrip().startswith("{"):
        # The host has the agent, and the script only brought its document through.
        return paste.content
    parts = split_parts(text, paste.nonce)
    at = figure.read_date(parts)
    if at is None or "end" not in parts:
        raise InputError(f"{SOURCE}里的脚本没有运行完", hint="在该主机上重新运行脚本")
    sections = [_section(name, parts, agent_config, at) for name in PROBES if name != "drift"]
    return sign(
        {
            "schema": 1,
            "agent_version": AGENT_VERSION,
            "psutil_version": None,
            "host": {"hostname": parts.get("hostname") or "unknown", "machine_id_hash": _hash_machine(parts)},
            "measured_at": render_instant(at),
            "interval_seconds": _INTERVAL_SECONDS,
            "probes": sections,
        }
    )


def split_parts(text: str, nonce: str) -> dict[str, str]:
    """What each of the script's commands printed; those that failed are left out."""
    first, *rest = text.split(f"@@{nonce} ")
    if first.strip() != _FIRST_LINE:
        raise InputError(f"{SOURCE}不是这一版脚本的输出", hint="重新运行 eduops patrol script 取得脚本")
    parts: dict[str, str] = {}
    before = ""
    for part in rest:
        name, _, content = part.partition("\n")
        if name.strip() == "-":
            parts.pop(before, None)
            continue
        before = name.strip()
        parts[before] = content.strip("\n")
    return parts


def sign(document: Data) -> bytes:
    """The document as text with its checksum, by the agent's rule."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    signed = {**document, "checksum": hashlib.sha256(canonical.encode("ascii")).hexdigest()}
    return (json.dumps(signed, indent=1, allow_nan=False) + "\n").encode("ascii")


def render_instant(at: datetime) -> str:
    """2026-03-05T03:50:00.000Z"""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _hash_machine(parts: Parts) -> str | None:
    machine = parts.get("machine-id", "").strip()
    if not machine:
        return None
    # As the agent does, so that both speak of the same machine.
    return hmac.new(machine.encode(), b"eduops-agent", hashlib.sha256).hexdigest()


def _section(name: str, parts: Parts, agent_config: Mapping[str, Any], at: datetime) -> Data:
    status, reason, data = "not_checked", _NOT_BY_SCRIPT, None
    if name in _MEASURED:
        settings = agent_config.get(name)
        try:
            data = _MEASURED[name](parts, settings if isinstance(settings, dict) else {})
            status, reason = "ok", ""
        except figure.Missing as error:
            reason = str(error)
        except (KeyError, ValueError, IndexError, ArithmeticError):
            reason = "该主机上命令的输出无法识别"
    return {
        "name": name,
        "status": status,
        "reason": reason,
        "started_at": render_instant(at),
        "duration_seconds": 0.0,
        "data": data,
    }

"""systemd's units: those that failed, and those named in the configuration."""

import os
from typing import Any, Dict, List, Optional

from eduops_agent.command import run_program
from eduops_agent.context import Context, NotChecked

NAME = "services"
TITLE = "systemd 服务：失败的与指定的"

_PROPERTIES = "Id,LoadState,ActiveState,SubState,UnitFileState,NRestarts,Result"


def measure(context: Context) -> Dict[str, Any]:
    """Failed units and expected ones. Raises NotChecked where systemd does not run or does not answer."""
    if not os.path.isdir("/run/systemd/system"):
        raise NotChecked("本机没有运行 systemd")
    listed = run_program("systemctl", "list-units", "--all", "--state=failed", "--no-legend", "--no-pager")
    if listed.code != 0:
        raise NotChecked("systemctl 没有答复：{}".format(listed.stderr.strip()[:200]))
    names = [_full_name(name) for name in (context.settings or {}).get("expected", [])]
    return {
        "failed": parse_units(listed.stdout),
        "expected": _read_units(names),
        "enabled": _read_enabled(),
    }


def parse_units(text: str) -> List[Dict[str, str]]:
    """The lines of `systemctl list-units --no-legend`; some versions begin them with a dot or a star."""
    rows = []
    for line in text.splitlines():
        words = line.lstrip("●*× \t").split(None, 4)
        if len(words) >= 4:
            row = dict(zip(("name", "load", "active", "sub"), words))
            rows.append(dict(row, description=words[4] if len(words) > 4 else ""))
    return rows


def parse_show(text: str) -> List[Dict[str, Any]]:
    """The blocks of `systemctl show`, one for each unit asked for, in that order."""
    rows = []
    for block in text.strip().split("\n\n"):
        pairs = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if pairs:
            restarts = pairs.get("NRestarts", "")
            rows.append(
                {
                    "name": pairs.get("Id"),
                    "load": pairs.get("LoadState"),
                    "active": pairs.get("ActiveState"),
                    "sub": pairs.get("SubState"),
                    "enabled": pairs.get("UnitFileState") or None,
                    "result": pairs.get("Result") or None,
                    # systemd before 235 does not count.
                    "restarts": int(restarts) if restarts.isdigit() else None,
                }
            )
    return rows


def parse_enabled(text: str) -> List[Dict[str, str]]:
    """The lines of `systemctl list-unit-files --no-legend`; newer versions add the vendor's preset."""
    rows = [line.split()[:2] for line in text.splitlines()]
    return [{"name": row[0], "enabled": row[1]} for row in sorted(rows) if len(row) == 2]


def _full_name(name: str) -> str:
    return name if "." in name else name + ".service"


def _read_enabled() -> Optional[List[Dict[str, str]]]:
    """Services that start by themselves; None where systemd does not say."""
    words = ("--type=service", "--state=enabled", "--no-legend", "--no-pager")
    listed = run_program("systemctl", "list-unit-files", *words)
    return parse_enabled(listed.stdout) if listed.code == 0 else None


def _read_units(names: List[str]) -> List[Dict[str, Any]]:
    if not names:
        return []
    shown = run_program("systemctl", "show", "--no-pager", "--property=" + _PROPERTIES, "--", *names)
    # An alias answers under its unit's own name: keep what was asked for beside it.
    return [dict(row, expected=name) for name, row in zip(names, parse_show(shown.stdout))]

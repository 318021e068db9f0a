"""Logs: how often each pattern occurred in the lines that are new since the last patrol, and the last of them."""

import os
import re
from collections import deque
from typing import Any, Dict, Iterable, List, Optional, Sequence

from eduops_agent.context import Context, Failed, NotChecked, path_of
from eduops_agent.log_reading import Reading, build_plan
from eduops_agent.log_state import Position, load_positions, save_positions
from eduops_agent.probes import UNCONFIGURED
from eduops_agent.redaction import redact_line
from eduops_agent.rows import measure_rows
from eduops_agent.state import locked

NAME = "logs"
TITLE = "日志：新增行中各模式出现的次数"

_STATE = "logs.json"
_SAMPLES = 3
_LONGEST_SAMPLE = 200


def measure(context: Context) -> Dict[str, Any]:
    """One row for each log of the configuration. Raises NotChecked where it names none or another agent reads.

    The positions move on only when every row has been made; a run that dies is read again. Where nothing may be
    kept, each run is a first read.
    """
    settings = context.settings or {}
    if not settings.get("files"):
        raise NotChecked(UNCONFIGURED[NAME])
    state_file = _find_state_file(context)
    if state_file is None:
        return {"logs": _measure_all(context, {})}
    with locked(state_file, "另一个巡检正在读取日志"):
        positions = load_positions(state_file)
        rows = _measure_all(context, positions)
        save_positions(state_file, positions)
    return {"logs": rows}


def parse_lines(lines: Iterable[str], patterns: Sequence[Dict[str, str]]) -> List[Dict[str, Any]]:
    """For each pattern how many lines hold it, and the last few of those, cut and without secrets."""
    compiled = [re.compile(wanted["pattern"]) for wanted in patterns]
    counts = [0] * len(compiled)
    last: List[Any] = [deque(maxlen=_SAMPLES) for _ in compiled]
    for line in lines:
        for index, pattern in enumerate(compiled):
            if pattern.search(line):
                counts[index] += 1
                last[index].append(line)
    return [
        {
            "name": wanted["name"],
            "count": count,
            "samples": [redact_line(line)[:_LONGEST_SAMPLE] for line in kept],
        }
        for wanted, count, kept in zip(patterns, counts, last)
    ]


def _find_state_file(context: Context) -> Optional[str]:
    named = context.settings.get("state_file")
    if named:
        return path_of(named)
    return os.path.join(context.state_folder, _STATE) if context.state_folder else None


def _measure_all(context: Context, positions: Dict[str, Position]) -> List[Dict[str, Any]]:
    """One row for each log; `positions` moves on."""
    labelled = [
        ({"path": wanted["path"]}, _measurer(wanted, positions.get(wanted["path"])))
        for wanted in context.settings["files"]
    ]
    rows = measure_rows(labelled, context.timeout_seconds)
    for row in rows:
        if row["status"] == "ok":
            positions[row["path"]] = row.pop("position")
    return rows


def _measurer(wanted: Dict[str, Any], position: Optional[Position]) -> Any:
    return lambda: _measure_log(wanted, position)


def _measure_log(wanted: Dict[str, Any], position: Optional[Position]) -> Dict[str, Any]:
    path, encoding = path_of(wanted["path"]), wanted.get("encoding", "utf-8")
    try:
        reading = Reading(build_plan(path, position), position)
        matches = parse_lines((line.decode(encoding, "replace") for line in reading), wanted["patterns"])
    except FileNotFoundError as error:
        raise Failed("文件不存在") from error
    return {
        "size_bytes": os.stat(path).st_size,
        "from_offset": reading.plan.parts[0][1],
        "to_offset": reading.position.offset,
        "lines": reading.lines,
        "is_first_read": reading.plan.is_first_read,
        "was_rotated": reading.plan.was_rotated,
        "was_truncated": reading.plan.was_truncated,
        "has_gap": reading.plan.has_gap,
        "is_behind": reading.is_behind,
        "matches": matches,
        "position": reading.position,
    }

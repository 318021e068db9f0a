"""nginx: its status page (stub_status), and how many of the new lines of its access log tell of errors."""

import os
import re
from typing import Any, Dict, Iterable, List, Optional

from eduops_agent import client, web
from eduops_agent.context import Context, Failed, NotChecked, explain, path_of
from eduops_agent.log_reading import Reading, build_plan
from eduops_agent.log_state import Position, load_positions, save_positions
from eduops_agent.probes import UNCONFIGURED
from eduops_agent.state import locked

NAME = "nginx"
TITLE = "nginx：状态页、访问日志中的错误率"

_NOTHING = UNCONFIGURED[NAME]
_STATE = "nginx.json"
_ANSWER_SECONDS = 5.0
_STATUS_PAGE = re.compile(
    r"Active connections:\s*(\d+)\s+server accepts handled requests(?: request_time)?\s+"
    r"(\d+)\s+(\d+)\s+(\d+)(?:\s+\d+)?\s+"
    r"Reading:\s*(\d+)\s+Writing:\s*(\d+)\s+Waiting:\s*(\d+)"
)
# The request in quotation marks, the status, the size: nginx's own format "combined" and those made after it.
_STATUS_IN_LINE = r'^[^"]*"[^"]*" (\d{3}) (?:\d+|-)(?: |$)'
_PAGE_FIGURES = ("active", "accepted", "handled", "requests", "reading", "writing", "waiting")
_LOG_FIGURES = (
    *("log_requests", "log_4xx", "log_5xx", "log_4xx_percent", "log_5xx_percent", "log_unparsed"),
    *("log_is_first_read", "log_was_rotated", "log_has_gap", "log_is_behind"),
)

# Any: JSON.
Row = Dict[str, Any]
Positions = Dict[str, Position]


def measure(context: Context) -> Row:
    """One row for each instance of the configuration. Raises NotChecked where it names none or another agent reads."""
    settings = context.settings or {}
    state_file = _find_state_file(context)
    if state_file is None or not settings.get("instances"):
        return {"instances": _measure_all(context, {})}
    with locked(state_file, "另一个巡检正在读取日志"):
        positions = load_positions(state_file)
        rows = _measure_all(context, positions)
        save_positions(state_file, positions)
    return {"instances": rows}


def parse_status_page(text: str) -> Row:
    """The figures of stub_status. Raises NotChecked where the page is another."""
    found = _STATUS_PAGE.search(text)
    if not found:
        raise NotChecked("状态页的内容不是 stub_status 的格式")
    figures = dict(zip(_PAGE_FIGURES, (int(word) for word in found.groups())))
    return dict(figures, dropped=figures["accepted"] - figures["handled"])


def parse_access_log(lines: Iterable[bytes], pattern: str = _STATUS_IN_LINE) -> Row:
    """How many requests the lines tell of, and how many of them went wrong; lines of another format are counted."""
    compiled = re.compile(pattern.encode("utf-8"))
    counts = {b"4": 0, b"5": 0}
    requests = unparsed = 0
    for line in lines:
        found = compiled.search(line)
        if not found:
            unparsed += 1
            continue
        requests += 1
        first = found.group(1)[:1]
        if first in counts:
            counts[first] += 1
    return {
        "log_requests": requests,
        "log_4xx": counts[b"4"],
        "log_5xx": counts[b"5"],
        "log_4xx_percent": client.compute_percent(counts[b"4"], requests),
        "log_5xx_percent": client.compute_percent(counts[b"5"], requests),
        "log_unparsed": unparsed,
    }


def _find_state_file(context: Context) -> Optional[str]:
    named = (context.settings or {}).get("state_file")
    if named:
        return path_of(named)
    return os.path.join(context.state_folder, _STATE) if context.state_folder else None


def _measure_all(context: Context, positions: Positions) -> List[Row]:
    """One row for each instance; `positions` moves on."""

    def measure_one(wanted: Row, _context: Context) -> Row:
        return _measure(wanted, positions.get(wanted.get("access_log", "")))

    instances = (context.settings or {}).get("instances", [])
    rows = client.measure_instances(context, instances, measure_one, nothing=_NOTHING)
    for wanted, row in zip(instances, rows):
        position = row.pop("position", None)
        if position is not None:
            positions[wanted["access_log"]] = position
    return rows


def _measure(wanted: Row, position: Optional[Position]) -> Row:
    row: Row = dict.fromkeys(("version", "dropped") + _PAGE_FIGURES + _LOG_FIGURES)
    unread: List[Row] = []
    parts = (
        (_PAGE_FIGURES + ("dropped",), lambda: _read_page(wanted)),
        (_LOG_FIGURES, lambda: _read_log(wanted, position)),
    )
    for figures, read in parts:
        try:
            row.update(read())
        except NotChecked as error:
            unread.append(client.build_unread(figures, str(error)))
    # Its settings are files, which another probe follows.
    return dict(row, settings={}, unread=unread)


def _read_page(wanted: Row) -> Row:
    """Raises Failed where nginx does not answer, NotChecked where it answers with another page."""
    if "status_url" not in wanted:
        raise NotChecked("配置中没有写状态页（status_url）")
    page = web.fetch(wanted["status_url"], _ANSWER_SECONDS)
    if page.status != 200:
        raise NotChecked("状态页返回 {}，检查 stub_status 的地址与访问限制".format(page.status))
    version = re.match(r"nginx/(\S+)", page.server or "")
    return dict(parse_status_page(page.text), version=version.group(1) if version else None)


def _read_log(wanted: Row, position: Optional[Position]) -> Row:
    if "access_log" not in wanted:
        raise NotChecked("配置中没有写访问日志（access_log）")
    path = path_of(wanted["access_log"])
    try:
        reading = Reading(build_plan(path, position), position)
        figures = parse_access_log(reading, wanted.get("pattern", _STATUS_IN_LINE))
    except FileNotFoundError as error:
        raise Failed("访问日志 {} 不存在".format(wanted["access_log"])) from error
    except OSError as error:
        raise NotChecked("不能读取访问日志 {}：{}".format(wanted["access_log"], explain(error))) from error
    return dict(
        figures,
        log_is_first_read=reading.plan.is_first_read,
        log_was_rotated=reading.plan.was_rotated or reading.plan.was_truncated,
        log_has_gap=reading.plan.has_gap,
        log_is_behind=reading.is_behind,
        position=reading.position,
    )

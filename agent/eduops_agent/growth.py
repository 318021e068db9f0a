"""Since when a file system has not grown: what stopped growing may be what stopped writing."""

import os
from typing import Any, Dict, List, NamedTuple, Optional

from eduops_agent.context import Failed, NotChecked
from eduops_agent.instant import now_seconds, render_instant
from eduops_agent.state import load_json, locked, save_json

_STATE = "disks.json"
_MOST_MOUNTS = 500
_DAY_SECONDS = 86400.0


class Growth(NamedTuple):
    """The use at the last look; since when it has not grown, and since when anybody looks, in seconds since 1970."""

    used_bytes: int
    since: float
    watched_since: float


def advance(old: Optional[Growth], used_bytes: int, now: float) -> Growth:
    """The state after another look. What shrank has to grow from where it is now."""
    if old is None:
        return Growth(used_bytes, now, now)
    # A clock that was set back must not leave an instant of the future behind.
    since = now if used_bytes > old.used_bytes else min(old.since, now)
    return Growth(used_bytes, since, min(old.watched_since, now))


def add_growth(rows: List[Dict[str, Any]], state_folder: Optional[str]) -> None:
    """Gives every measured row its `days_since_growth`, or None with the reason, and remembers its use."""
    measured = [row for row in rows if row["status"] == "ok"]
    try:
        if state_folder is None:
            raise NotChecked("按配置不在主机上保留状态（state_folder）")
        _look(measured, os.path.join(state_folder, _STATE))
    except (NotChecked, Failed) as error:
        for row in measured:
            row.update(days_since_growth=None, growth_watched_since=None, growth_reason=str(error))


def _look(rows: List[Dict[str, Any]], path: str) -> None:
    with locked(path):
        known = parse_state(load_json(path))
        now = now_seconds()
        for row in rows:
            old = known.get(row["mount"])
            new = known[row["mount"]] = advance(old, row["used_bytes"], now)
            row["days_since_growth"] = None if old is None else round((now - new.since) / _DAY_SECONDS, 3)
            row["growth_watched_since"] = render_instant(new.watched_since)
            row["growth_reason"] = "" if old else "第一次查看，没有以前的数值可比"
        # Mounts that went away are forgotten only where there are very many.
        kept = sorted(known.items(), key=lambda item: -item[1].since)[:_MOST_MOUNTS]
        save_json(path, {"mounts": {mount: growth._asdict() for mount, growth in kept}}, is_durable=False)


def parse_state(content: Any) -> Dict[str, Growth]:
    """The state file's mounts; damaged ones count as not yet seen."""
    found = {}
    mounts = content.get("mounts")
    for mount, values in mounts.items() if isinstance(mounts, dict) else ():
        try:
            growth = Growth(int(values["used_bytes"]), float(values["since"]), float(values["watched_since"]))
        except (KeyError, TypeError, ValueError):
            continue
        found[mount] = growth
    return found

"""How far each log has been read, in the agent's state."""

from typing import Any, Dict, NamedTuple

from eduops_agent.state import load_json, save_json


class Position(NamedTuple):
    """Where reading stopped: in which file, after which byte, and a hash of the bytes just before it.

    The hash tells a file that was emptied and has grown past the offset again, and finds the old text under its
    new name or in its compressed copy.
    """

    device: int
    inode: int
    offset: int
    mark: str


def load_positions(path: str) -> Dict[str, Position]:
    """The positions by log path; none where the file is missing or damaged, which each log then reports."""
    try:
        return {log: Position(**position) for log, position in load_json(path)["logs"].items()}
    except (KeyError, TypeError, AttributeError):
        return {}


def save_positions(path: str, positions: Dict[str, Position]) -> None:
    """Writes the positions whole or not at all. Raises Failed where it cannot."""
    # Any: what JSON takes.
    content: Dict[str, Any] = {"logs": {log: position._asdict() for log, position in positions.items()}}
    save_json(path, content)

"""The new lines of a log since it was last read, over rotation, truncation and compression."""

import glob
import os
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple

from eduops_agent.context import Failed
from eduops_agent.digest import sha256
from eduops_agent.log_state import Position

# The first time, this much of the end: a patrol wants to know the recent errors, not years of them.
FIRST_READ_BYTES = 1024 * 1024
# In one run, for each log; the rest comes with the next.
LARGEST_READ_BYTES = 16 * 1024 * 1024
_LONGEST_LINE_BYTES = 64 * 1024
_MARK_BYTES = 256
_MOST_SIBLINGS = 200
_UNREADABLE_ENDINGS = (".bz2", ".xz", ".zst", ".zip", ".lz4")


class Plan(NamedTuple):
    """What is to be read: paths and offsets, oldest first and the log itself last; and what was noticed."""

    parts: List[Tuple[str, int]]
    is_first_read: bool = False
    was_rotated: bool = False
    was_truncated: bool = False
    has_gap: bool = False


def build_plan(path: str, position: Optional[Position]) -> Plan:
    """Finds where reading stopped. `has_gap` where that text is gone: lines were written that nobody has read.

    Raises OSError where the log cannot be read.
    """
    facts = os.stat(path)
    if position is None:
        return Plan([(path, max(0, facts.st_size - FIRST_READ_BYTES))], is_first_read=True)
    is_same = (facts.st_dev, facts.st_ino) == (position.device, position.inode)
    if is_same and _has_mark(path, position):
        return Plan([(path, position.offset)])
    old = _find_old(path, position)
    noticed = {"was_rotated": not is_same, "was_truncated": is_same}
    if old is None:
        return Plan([(path, 0)], has_gap=True, **noticed)
    between = [(sibling, 0) for sibling in _list_newer(path, old)]
    return Plan([(old, position.offset)] + between + [(path, 0)], **noticed)


class Reading:
    """The lines of a plan, once; afterwards `lines`, `position` and `is_behind` (the budget was used up)."""

    def __init__(self, plan: Plan, position: Optional[Position]) -> None:
        self.plan = plan
        self.position = position or Position(0, 0, 0, "")
        self.lines = 0
        self.is_behind = False
        self._expected = position if position is not None and not plan.has_gap else None
        self._budget_bytes = LARGEST_READ_BYTES

    def __iter__(self) -> Iterator[bytes]:
        """Lines without their ends. Raises Failed where the log is being rotated this very moment, OSError."""
        for index, (path, offset) in enumerate(self.plan.parts):
            is_last = index == len(self.plan.parts) - 1
            with _open(path) as stream:
                if index == 0 and self._expected and _compute_mark(stream, offset) != self._expected.mark:
                    raise Failed("日志正在轮转，下次再读")
                for line in self._read(stream, offset, is_last):
                    yield line
            if self.is_behind:
                return

    def _read(self, stream: Any, offset: int, is_last: bool) -> Iterator[bytes]:
        stream.seek(offset)
        while True:
            line = stream.readline(_LONGEST_LINE_BYTES)
            is_whole = line.endswith(b"\n") or len(line) == _LONGEST_LINE_BYTES
            # A last line without its newline is still being written, unless the file has been rotated away.
            if not line or (is_last and not is_whole):
                break
            self.is_behind = self._budget_bytes < len(line)
            if self.is_behind:
                break
            self._budget_bytes -= len(line)
            offset += len(line)
            self.lines += 1
            yield line.rstrip(b"\r\n")
        facts = os.fstat(stream.fileno())
        self.position = Position(facts.st_dev, facts.st_ino, offset, _compute_mark(stream, offset) or "")


def _has_mark(path: str, position: Position) -> bool:
    try:
        with _open(path) as stream:
            return _compute_mark(stream, position.offset) == position.mark
    except (OSError, EOFError):
        return False


def _compute_mark(stream: Any, offset: int) -> Optional[str]:
    """A hash of the bytes before the offset; None where the file is shorter."""
    length = min(_MARK_BYTES, offset)
    stream.seek(offset - length)
    content = stream.read(length)
    return sha256(content).hexdigest() if len(content) == length else None


def _find_old(path: str, position: Position) -> Optional[str]:
    """The file that the log's text was moved or copied to."""
    stem = os.path.splitext(path)[0]
    siblings = [sibling for sibling in _list_siblings(stem) if sibling != path]
    for sibling in siblings:
        facts = os.stat(sibling)
        if (facts.st_dev, facts.st_ino) == (position.device, position.inode) and _has_mark(sibling, position):
            return sibling
    if position.offset == 0:
        # Every file has nothing before its beginning: the mark would prove nothing.
        return None
    return next((sibling for sibling in siblings if _has_mark(sibling, position)), None)


def _list_newer(path: str, old: str) -> List[str]:
    """Files of the same log rotated away after `old`, oldest first."""
    since = os.stat(old).st_mtime
    dated = [(os.stat(sibling).st_mtime, sibling) for sibling in _list_siblings(path)]
    return [sibling for changed, sibling in sorted(dated) if changed > since and sibling not in (path, old)]


def _list_siblings(beginning: str) -> List[str]:
    found = [name for name in sorted(glob.glob(glob.escape(beginning) + "*")) if os.path.isfile(name)]
    return [name for name in found if not name.endswith(_UNREADABLE_ENDINGS)][:_MOST_SIBLINGS]


# Any: a gzip file and a plain one are read alike and have no common type.
def _open(path: str) -> Any:
    if not path.endswith(".gz"):
        return open(path, "rb")
    # Late: most logs are read without it.
    import gzip

    return gzip.open(path, "rb")

"""A folder of documents that wait to be fetched: bounded in bytes, the oldest dropped first, what was lost told."""

import os
import re
from typing import Any, Dict, List, Tuple

from eduops_agent.context import Failed, NotChecked, explain
from eduops_agent.state import Busy, load_json, open_lock, replace_file, save_json

_DOCUMENT = re.compile(r"patrol-\d{8}T\d{9}Z(?:-\d+)?\.json")
_PART = re.compile(r"\..*\.part")
_LOSSES = "losses.json"
_KINDS = ("dropped_documents", "dropped_bytes", "skipped_runs", "failed_writes")


class SpoolError(Exception):
    """The spool cannot be used; the text is the Chinese reason."""


class Spool:
    """The folder, held by this process alone. What was lost is kept in it until a document has told it."""

    def __init__(self, folder: str, largest_bytes: int) -> None:
        """Takes the lock and clears away what a killed predecessor left half written. Raises SpoolError."""
        self._folder, self._largest_bytes = os.path.abspath(folder), largest_bytes
        self._lock = self._open()
        kept = load_json(os.path.join(self._folder, _LOSSES))
        self._losses = {kind: _count(kept.get(kind)) for kind in _KINDS}

    def tell(self) -> Dict[str, Any]:
        """What was lost since the last document, for the next one to carry."""
        return dict(self._losses)

    def note_skipped(self, runs: int) -> None:
        """Runs that were due while another was still going on."""
        self._losses["skipped_runs"] += runs

    def add(self, measured_at: str, content: bytes, told: Dict[str, Any]) -> None:
        """Keeps a document that told what `told` says; drops the oldest where there is no room.

        Raises SpoolError where it cannot be written; the loss is counted then. Should the process be killed in the
        middle, a loss is told twice rather than never.
        """
        try:
            self._make_room(len(content))
            if len(content) > self._largest_bytes:
                self._note_dropped(len(content))
                raise SpoolError("文档有 {} 字节，超过缓存上限 {}".format(len(content), self._largest_bytes))
            replace_file(self._find_name(measured_at), content)
        except OSError as error:
            self._losses["failed_writes"] += 1
            raise SpoolError("不能写入缓存目录 {}：{}".format(self._folder, explain(error))) from error
        for kind in _KINDS:
            self._losses[kind] -= told.get(kind, 0)
        self._keep_losses()

    def close(self) -> None:
        """Gives the folder to others."""
        self._lock.close()

    def _open(self) -> Any:
        try:
            lock = open_lock(os.path.join(self._folder, ".lock"))
            for name in filter(_PART.fullmatch, os.listdir(self._folder)):
                os.unlink(os.path.join(self._folder, name))
        except Busy as error:
            reason = "另一个 eduops-agent loop 正在使用缓存目录 {}".format(self._folder)
            raise SpoolError(reason) from error
        except NotChecked as error:
            raise SpoolError("缓存目录 {} 不能加锁：{}".format(self._folder, error)) from error
        except OSError as error:
            raise SpoolError("不能使用缓存目录 {}：{}".format(self._folder, explain(error))) from error
        return lock

    def _make_room(self, wanted_bytes: int) -> None:
        documents = self._list_documents()
        used = sum(size for _, size in documents)
        for path, size in documents:
            if used + wanted_bytes <= self._largest_bytes:
                return
            used -= size
            try:
                os.unlink(path)
            except FileNotFoundError:
                # Fetched in this very moment, not lost.
                continue
            self._note_dropped(size)

    def _list_documents(self) -> List[Tuple[str, int]]:
        """Paths and sizes, the oldest first; whoever fetches documents may take some away meanwhile."""
        found = []
        for name in sorted(filter(_DOCUMENT.fullmatch, os.listdir(self._folder))):
            path = os.path.join(self._folder, name)
            try:
                found.append((path, os.stat(path).st_size))
            except FileNotFoundError:
                continue
        return found

    def _note_dropped(self, size: int) -> None:
        self._losses["dropped_documents"] += 1
        self._losses["dropped_bytes"] += size
        self._keep_losses()

    def _keep_losses(self) -> None:
        try:
            save_json(os.path.join(self._folder, _LOSSES), self._losses)
        except Failed as error:
            raise SpoolError(str(error)) from error

    def _find_name(self, measured_at: str) -> str:
        digits = re.sub(r"[-:.]", "", measured_at)
        names = [
            "patrol-{}{}.json".format(digits, end) for end in [""] + ["-{}".format(n) for n in range(2, 100)]
        ]
        free = [name for name in names if not os.path.exists(os.path.join(self._folder, name))]
        return os.path.join(self._folder, (free or names)[0])


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0

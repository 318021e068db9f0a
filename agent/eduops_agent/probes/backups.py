"""Backup folders: how old and how large the newest file is, and the one before it."""

import fnmatch
import os
from typing import Any, Dict, List, Tuple

from eduops_agent.context import Context, Failed, NotChecked, path_of
from eduops_agent.instant import now_seconds, render_instant
from eduops_agent.probes import UNCONFIGURED
from eduops_agent.rows import measure_rows

NAME = "backups"
TITLE = "备份目录：最新文件的时间与大小"

_NEWEST = 3

# Name, size in bytes, time of change in seconds since 1970.
File = Tuple[str, int, float]


def measure(context: Context) -> Dict[str, Any]:
    """One row for each folder of the configuration. Raises NotChecked where it names none."""
    if not context.settings:
        raise NotChecked(UNCONFIGURED[NAME])
    labelled = [
        ({"name": wanted["name"], "folder": wanted["folder"], "pattern": _pattern(wanted)}, _measurer(wanted))
        for wanted in context.settings
    ]
    return {"backups": measure_rows(labelled, context.timeout_seconds)}


def build_row(files: List[File], now: float) -> Dict[str, Any]:
    """The figures of a folder's files. Raises Failed where there are none."""
    if not files:
        raise Failed("目录中没有符合的文件")
    newest = sorted(files, key=lambda file: (-file[2], file[0]))[:_NEWEST]
    return {
        "count": len(files),
        "total_bytes": sum(size for _, size, _ in files),
        "age_seconds": round(now - newest[0][2]),
        "newest": [
            {"name": name, "size_bytes": size, "modified_at": render_instant(changed)}
            for name, size, changed in newest
        ],
    }


def _pattern(wanted: Dict[str, str]) -> str:
    return wanted.get("pattern", "*")


def _measurer(wanted: Dict[str, str]) -> Any:
    return lambda: build_row(_list_files(wanted["folder"], _pattern(wanted)), now_seconds())


def _list_files(folder: str, pattern: str) -> List[File]:
    files = []
    try:
        with os.scandir(path_of(folder)) as entries:
            for entry in entries:
                # Dump programs write under a hidden name first.
                if entry.name.startswith(".") or not fnmatch.fnmatchcase(entry.name, path_of(pattern)):
                    continue
                if entry.is_file():
                    facts = entry.stat()
                    files.append((entry.name, facts.st_size, facts.st_mtime))
    except FileNotFoundError as error:
        if not os.path.isdir(path_of(folder)):
            raise Failed("目录不存在") from error
        raise Failed("目录中的文件正在变化，请重试") from error
    return files

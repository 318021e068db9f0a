"""Configuration files: a fingerprint, size and time of change of each; never the content, which may hold passwords."""

import glob
import os
import stat
from typing import Any, Dict, List

from eduops_agent.context import Context, Failed, NotChecked, path_of
from eduops_agent.digest import sha256
from eduops_agent.instant import render_instant
from eduops_agent.probes import UNCONFIGURED
from eduops_agent.rows import Labelled, measure_rows

NAME = "configuration"
TITLE = "配置文件：指纹、大小、修改时间"

_LARGEST_FILE_BYTES = 16 * 1024 * 1024
_MOST_FILES = 200


def measure(context: Context) -> Dict[str, Any]:
    """One row for each file of the configuration. Raises NotChecked where it names none."""
    if not context.settings:
        raise NotChecked(UNCONFIGURED[NAME])
    labelled: List[Labelled] = []
    for wanted in context.settings:
        paths = _list_paths(path_of(wanted))
        labelled += [({"path": path}, _measurer(path)) for path in paths]
    # A pattern that finds thousands of files was not meant.
    rows = measure_rows(labelled[:_MOST_FILES], context.timeout_seconds)
    for labels, _ in labelled[_MOST_FILES:]:
        reason = "超过 {} 个文件，没有检查".format(_MOST_FILES)
        rows.append(dict(labels, status="not_checked", reason=reason))
    return {"files": rows}


def build_row(facts: os.stat_result, content: bytes) -> Dict[str, Any]:
    """The figures of a file out of what it holds."""
    return {
        "sha256": sha256(content).hexdigest(),
        "size_bytes": len(content),
        "modified_at": render_instant(facts.st_mtime),
    }


def _list_paths(wanted: str) -> List[str]:
    """The files of a pattern such as /etc/nginx/conf.d/*.conf; a plain path, or a pattern without files, as it is."""
    if not glob.has_magic(wanted):
        return [wanted]
    return sorted(path for path in glob.glob(wanted) if not os.path.isdir(path)) or [wanted]


def _measurer(path: str) -> Any:
    return lambda: _measure_file(path)


def _measure_file(path: str) -> Dict[str, Any]:
    try:
        facts = os.stat(path)
        # A pipe would be waited for, a device has no end.
        if not stat.S_ISREG(facts.st_mode):
            raise Failed("不是普通文件")
        if facts.st_size > _LARGEST_FILE_BYTES:
            raise NotChecked("有 {} 字节，超过 {}，不像配置文件".format(facts.st_size, _LARGEST_FILE_BYTES))
        with open(path, "rb") as stream:
            return build_row(facts, stream.read(_LARGEST_FILE_BYTES))
    except FileNotFoundError as error:
        raise Failed("文件不存在") from error

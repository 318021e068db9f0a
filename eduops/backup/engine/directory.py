"""The directory engine: course material, uploads, whatever is files."""

import fnmatch
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from eduops.backup.configuration import in_home
from eduops.backup.engine import archive, entry
from eduops.backup.engine import scratch as guard
from eduops.backup.engine.job import Dumped, Job, Scratch
from eduops.backup.rules.image import TableImage
from eduops.core.errors import OutsideError

RESTORED: Final = "files"
SENTINEL: Final = ".eduops-sentinel"


def describe(job: Job) -> str:
    """Where the source lies."""
    return str(_root(job))


def mark(job: Job, *, token: str, now: datetime) -> dict[str, object]:
    """Writes a file of ours into the source. Raises OutsideError where it cannot be written."""
    path = _root(job) / SENTINEL
    try:
        path.write_text(f"{token} {now.isoformat()}\n", encoding="ascii")
    except OSError as error:
        raise entry.failed(f"在 {path.parent} 写入哨兵文件", error) from error
    return {"token": token, "at": now.isoformat()}


def dump(job: Job, stage: Path) -> Dumped:
    """Packs the source's folder. Raises OutsideError where something cannot be read or the stage is full."""
    root = _root(job)
    if not root.is_dir():
        raise OutsideError(f"要备份的目录 {root} 不在或进不去", hint="检查路径、挂载和权限", source=str(root))
    exclude, avoid = job.source.exclude, {path.resolve() for path in job.avoid}
    resolved = root.resolve()
    return archive.pack(
        resolved,
        stage / entry.FILE,
        skip=lambda path: _is_excluded(path, exclude) or resolved / path in avoid,
    )


def check(_job: Job, stage: Path) -> None:
    """Reads the whole archive. Raises OutsideError where it is cut off or damaged."""
    archive.read_archive(stage / entry.FILE)


def require_scratch(_job: Job) -> None:
    """A folder of this machine is enough."""


def restore(_job: Job, folder: Path, scratch: Scratch) -> int:
    """Unpacks into the scratch folder; milliseconds. Raises OutsideError."""
    return archive.unpack(folder / entry.FILE, scratch.folder / RESTORED)


def read_dump(_job: Job, folder: Path) -> dict[str, TableImage]:
    """What the stored archive holds. Raises OutsideError."""
    return archive.read_archive(folder / entry.FILE)


def read_restored(_job: Job, scratch: Scratch) -> dict[str, TableImage]:
    """What was restored, every byte read. Raises OutsideError."""
    return entry.read_folder(scratch.folder / RESTORED)


def has_sentinel(_job: Job, scratch: Scratch, sentinel: Mapping[str, object]) -> bool:
    """Whether the file of ours was restored."""
    try:
        content = (scratch.folder / RESTORED / SENTINEL).read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return content.split(" ")[0] == sentinel["token"]


def clean(_job: Job, scratch: Scratch) -> None:
    """Removes what was restored, where its marker is ours."""
    guard.remove_folder(scratch.folder, token=scratch.token)


def _is_excluded(relative: str, patterns: tuple[str, ...]) -> bool:
    name = relative.rpartition("/")[2]
    return any(
        fnmatch.fnmatchcase(relative, pattern.rstrip("/")) or fnmatch.fnmatchcase(name, pattern.rstrip("/"))
        for pattern in patterns
    )


def _root(job: Job) -> Path:
    return in_home(job.source.path or Path(), job.home.path)

"""What is dumped, checked and restored: one module an engine, with the same functions.

`describe`, `mark` (a sentinel written into the source), `dump`, `check`, `require_scratch`, `restore`, `read_dump`,
`read_restored`, `has_sentinel`, `clean`. Servers' modules import their clients only when they are called for.
"""

from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType

from eduops.backup.engine.job import Dumped, Job, Scratch, Watch
from eduops.backup.rules.image import TableImage

__all__ = ["Dumped", "Job", "Scratch", "Watch"]


def describe(job: Job) -> str:
    """Where the source lies, as people say it, without any secret."""
    said: str = _engine(job).describe(job)
    return said


def mark(job: Job, *, token: str, now: datetime) -> dict[str, object]:
    """Writes a row or file of ours into the source; `token` is hexadecimal. Raises OutsideError."""
    written: dict[str, object] = _engine(job).mark(job, token=token, now=now)
    return written


def dump(job: Job, stage: Path) -> Dumped:
    """Dumps one consistent state of the source into an empty folder. Raises OutsideError, ConfigError."""
    dumped: Dumped = _engine(job).dump(job, stage)
    return dumped


def check(job: Job, stage: Path) -> None:
    """Reads the whole dump back. Raises OutsideError where it is cut off or damaged."""
    _engine(job).check(job, stage)


def require_scratch(job: Job) -> None:
    """Raises NotAllowed or ConfigError where the configuration names nothing that may be restored to."""
    _engine(job).require_scratch(job)


def restore(job: Job, folder: Path, scratch: Scratch) -> int:
    """Restores a dump into the scratch place; milliseconds. Raises NotAllowed, OutsideError, ConfigError."""
    milliseconds: int = _engine(job).restore(job, folder, scratch)
    return milliseconds


def read_dump(job: Job, folder: Path) -> dict[str, TableImage]:
    """What the dump holds, with checksums, as far as a dump alone shows it. Raises OutsideError."""
    images: dict[str, TableImage] = _engine(job).read_dump(job, folder)
    return images


def read_restored(job: Job, scratch: Scratch) -> dict[str, TableImage]:
    """What was restored, with checksums. Raises OutsideError, ConfigError."""
    images: dict[str, TableImage] = _engine(job).read_restored(job, scratch)
    return images


def has_sentinel(job: Job, scratch: Scratch, sentinel: Mapping[str, object]) -> bool:
    """Whether what was written into the source before the backup was restored. Raises OutsideError, ConfigError."""
    found: bool = _engine(job).has_sentinel(job, scratch, sentinel)
    return found


def clean(job: Job, scratch: Scratch) -> None:
    """Removes the scratch place, where it carries our marker; nothing to do where it is gone.

    Raises NotAllowed where it carries another, OutsideError, ConfigError.
    """
    _engine(job).clean(job, scratch)


def _engine(job: Job) -> ModuleType:
    return import_module(f"{__name__}.{job.source.engine.value}")

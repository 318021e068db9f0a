"""What every engine is told and gives back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from eduops.backup.configuration import Source
from eduops.backup.rules.image import TableImage
from eduops.core.home import Home
from eduops.remote.route import Route

Watch = Callable[[str], None]
"""Is told what is being done, in a few Chinese words."""
PREFIX: Final = "eduops_scratch_"
"""Begins the name of every scratch place, so that it can be none else."""
_SCRATCH = re.compile(PREFIX + r"[a-z0-9_]{1,40}")


def watch_nothing(_said: str) -> None:
    """For whoever does not watch."""


@dataclass(frozen=True, slots=True)
class Job:
    """A source, and what it takes to get there."""

    name: str
    source: Source
    home: Home
    routes: Mapping[str, Route] = field(default_factory=dict)
    """The ways to the hosts that `through` names."""
    avoid: tuple[Path, ...] = ()
    """Folders in which backups are kept: they are never packed into one."""
    watch: Watch = watch_nothing


@dataclass(frozen=True, slots=True)
class Dumped:
    """What an engine put into the stage."""

    images: dict[str, TableImage]
    source_bytes: int
    """Before compression."""
    notes: tuple[str, ...] = ()
    """What a person should know about this dump, Chinese sentences: files skipped, tables without a snapshot."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """A scratch place: a name nobody else uses, and the token that its marker carries."""

    name: str
    token: str
    folder: Path
    """The folder of this machine that the backup is fetched to, and files are restored to."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What an engine restored, read back, and what stood in the dump."""

    expected: dict[str, TableImage]
    found: dict[str, TableImage]
    has_sentinel: bool | None
    """None where no sentinel was written before the backup."""
    milliseconds: int
    """For the restore itself, without the comparison."""
    notes: tuple[str, ...] = ()


def is_scratch_name(name: str) -> bool:
    """Whether a database or folder of that name can only be a scratch place."""
    return _SCRATCH.fullmatch(name) is not None

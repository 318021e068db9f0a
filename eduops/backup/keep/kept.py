"""What every kind of store speaks of: the stores themselves, what they keep, and what came of reading it back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eduops.core.errors import OutsideError
from eduops.core.files import render_reason
from eduops.remote.route import Route

if TYPE_CHECKING:
    # paramiko costs a tenth of a second, and most stores are near.
    from eduops.remote.gateway import Gateway


@dataclass(frozen=True, slots=True)
class DirectoryStore:
    """Backups as folders in a folder; with `recipients` (age1…) every file is encrypted."""

    name: str
    folder: Path
    recipients: tuple[str, ...] = ()
    identity_file: Path | None = None
    """The key that opens them; only whoever reads a backup needs it."""
    role: str = "存放处"
    """What people call it: a store, or a second place."""
    may_be_made: bool = True
    """Whether the folder is made where it is not there; elsewhere than in the home it may only not be mounted."""

    @property
    def title(self) -> str:
        """As messages name it."""
        return f"{self.role} {self.name}（{self.folder}）"


@dataclass(frozen=True, slots=True)
class ResticStore:
    """A restic repository. `scratch` is a folder of this machine's for what is not in it yet."""

    name: str
    repository: str
    password_file: Path
    scratch: Path

    @property
    def title(self) -> str:
        """As messages name it: without the repository's address, which may hold a password."""
        return f"存放处 {self.name}（restic）"


@dataclass(frozen=True, slots=True)
class SftpStore:
    """A second place on a host. `scratch` is a folder of this machine's that tells what is on its way."""

    name: str
    gateway: "Gateway"
    route: Route
    path: str
    scratch: Path
    identity_file: Path | None = None

    @property
    def title(self) -> str:
        """As messages name it."""
        return f"异地存放处 {self.name}（{self.route.code}:{self.path}）"


Store = DirectoryStore | ResticStore | SftpStore


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup as its store has it: `path` within the store, or a restic snapshot."""

    path: str
    size_bytes: int
    """What it takes in the store; 0 where restic found every byte there already."""
    sha256: str
    """Of the list of its files, by which everything else is proved."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of reading a backup back: every fault a Chinese sentence; none means that it is whole."""

    files: int
    size_bytes: int
    faults: tuple[str, ...]
    is_opened: bool = True
    """False where it is encrypted, no identity was at hand, and only what is stored could be compared."""


@contextmanager
def told(where: str, doing: str) -> Iterator[None]:
    """Turns the system's refusals into one sentence: what, where, why."""
    try:
        yield
    except OSError as error:
        raise refused(where, doing, error) from error


def refused(where: str, doing: str, error: OSError) -> OutsideError:
    """The one sentence for a store that the system refuses."""
    return OutsideError(
        f"{where}{doing}失败：{render_reason(error)}",
        hint="检查该位置是否挂载、权限和磁盘空间，然后重新运行",
        source=where,
        detail=str(error),
    )

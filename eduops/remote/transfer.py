"""Files on a host by SFTP: listed, read with an end, removed."""

import itertools
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import paramiko

from eduops.core.errors import OutsideError
from eduops.remote.gateway import Session

_SECONDS = 30.0
MOST_FILES = 5_000


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on a host, open for reading."""

    title: str
    path: str
    _sftp: paramiko.SFTPClient

    def list_files(self, ending: str) -> list[str]:
        """The names of the regular files with this ending, sorted; hidden ones and links left out."""
        with _told(self):
            # A folder with more is not a spool; the oldest names come first next time, too.
            entries = itertools.islice(self._sftp.listdir_iter(self.path), MOST_FILES)
            return sorted(
                entry.filename
                for entry in entries
                if stat.S_ISREG(entry.st_mode or 0)
                and entry.filename.endswith(ending)
                and not entry.filename.startswith(".")
                and "/" not in entry.filename
            )

    def read(self, name: str, *, largest_bytes: int) -> bytes:
        """The file's content, cut off after `largest_bytes`."""
        with _told(self), self._sftp.open(f"{self.path}/{name}", "rb") as stream:
            stream.prefetch(largest_bytes)
            return bytes(stream.read(largest_bytes))

    def remove(self, name: str) -> None:
        """Deletes the file."""
        with _told(self):
            self._sftp.remove(f"{self.path}/{name}")


@contextmanager
def open_folder(session: Session, path: str) -> Iterator[Folder]:
    """A folder by SFTP. Raises OutsideError, as everything done with it does."""
    folder = None
    sftp = None
    try:
        sftp = session.client.open_sftp()
        sftp.get_channel().settimeout(_SECONDS)
        folder = Folder(session.hop.title, path.rstrip("/"), sftp)
    except (paramiko.SSHException, OSError, EOFError, AttributeError) as error:
        raise OutsideError(
            f"{session.hop.title}没有提供 SFTP",
            hint="请管理员放开 SFTP，或用 eduops patrol run",
            source=session.hop.title,
        ) from error
    try:
        yield folder
    finally:
        sftp.close()


@contextmanager
def _told(folder: Folder) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise _outside(folder, "没有这个目录或文件", "核对 remote.yaml 里的 spool 目录") from error
    except PermissionError as error:
        raise _outside(folder, "没有权限", "给登录用户该目录的权限") from error
    except TimeoutError as error:
        raise _outside(folder, f"{_SECONDS:g} 秒内没有答复", "查看该主机的磁盘和网络") from error
    except UnicodeError as error:
        raise _outside(folder, "里有名字不是 UTF-8 的文件", "在主机上移走它，然后重新运行") from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise _outside(folder, "读写没有成功或连接中断", "查看网络，然后重新运行") from error


def _outside(folder: Folder, what: str, hint: str) -> OutsideError:
    return OutsideError(f"{folder.title}的目录 {folder.path}：{what}", hint=hint, source=folder.title)

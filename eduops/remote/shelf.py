"""A folder on a host in which folders of files are kept by SFTP: sent whole, read back, given a name, removed."""

import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import paramiko
from paramiko.sftp import CMD_EXTENDED, CMD_EXTENDED_REPLY

from eduops.core.errors import OutsideError
from eduops.remote.gateway import Session

_SECONDS = 60.0
_WINDOW_BYTES = 4 << 20
_SENT_AT_ONCE_BYTES = 32_768
_LEAST_FREE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder; every path is relative to it. Everything done with it raises OutsideError."""

    title: str
    path: str
    # Any would be the type: paramiko has none.
    _sftp: paramiko.SFTPClient

    def is_there(self, path: str) -> bool:
        """Whether anything has that name."""
        with _told(self):
            try:
                self._sftp.lstat(self._at(path))
            except FileNotFoundError:
                return False
            return True

    def list_files(self, path: str) -> dict[str, int]:
        """The sizes of the files below a folder, by their paths in it; links and devices are refused."""
        with _told(self):
            return dict(self._walk(self._at(path), ""))

    def make_folder(self, path: str) -> None:
        """Makes a folder, and those above it, for its owner only."""
        with _told(self):
            at = ""
            for part in self._at(path).split("/"):
                at = f"{at}{part}/"
                if part and not self._exists(at):
                    self._sftp.mkdir(at.rstrip("/"), 0o700)

    def write(self, path: str, read: Callable[[int], bytes]) -> None:
        """Sends what `read` gives until it gives nothing, and has it put on the disk there, where the server can."""
        with _told(self):
            stream = self._sftp.open(self._at(path), "wx")
        with _closing(stream):
            sent = 0
            # Answers come late, and some of them to nobody: what arrived is told by its size.
            stream.set_pipelined(True)
            while chunk := read(_SENT_AT_ONCE_BYTES):
                with _told(self):
                    stream.write(chunk)
                sent += len(chunk)
            with _told(self):
                self._finish(stream, path, sent)

    @contextmanager
    def open(self, path: str) -> Iterator["Reader"]:
        """The file's content, to be read in order."""
        with _told(self):
            stream = self._sftp.open(self._at(path), "rb")
        with _closing(stream):
            with _told(self):
                size = stream.stat().st_size or 0
            yield Reader(self, stream, size)

    def rename(self, path: str, to: str) -> None:
        """Gives another name, in one step."""
        with _told(self):
            self._sftp.posix_rename(self._at(path), self._at(to))

    def remove(self, path: str) -> None:
        """Removes a folder with all that is in it; nothing to do where it is gone."""
        with _told(self), suppress(FileNotFoundError):
            self._remove(self._at(path))

    def _finish(self, stream: paramiko.SFTPFile, path: str, sent: int) -> None:
        stream.set_pipelined(False)
        if stream.stat().st_size != sent:
            raise OSError("short")
        with suppress(OSError):
            self._sftp._request(CMD_EXTENDED, "fsync@openssh.com", stream.handle)
        self._sftp.chmod(self._at(path), 0o600)

    def _at(self, path: str) -> str:
        return f"{self.path}/{path}" if path else self.path

    def _exists(self, path: str) -> bool:
        try:
            self._sftp.stat(path)
        except FileNotFoundError:
            return False
        return True

    def _walk(self, folder: str, before: str) -> Iterator[tuple[str, int]]:
        for entry in self._sftp.listdir_attr(folder):
            mode, name = entry.st_mode or 0, f"{before}{entry.filename}"
            if stat.S_ISDIR(mode):
                yield from self._walk(f"{folder}/{entry.filename}", f"{name}/")
            elif stat.S_ISREG(mode):
                yield name, entry.st_size or 0
            else:
                raise _outside(
                    self, f"里有不是普通文件的东西：{folder}/{entry.filename}", "移走它，然后重新运行"
                )

    def _remove(self, path: str) -> None:
        if not stat.S_ISDIR(self._sftp.lstat(path).st_mode or 0):
            self._sftp.remove(path)
            return
        for entry in self._sftp.listdir_attr(path):
            self._remove(f"{path}/{entry.filename}")
        self._sftp.rmdir(path)


class Reader:
    """A far file read in order: asked for a window at a time, as one answer at a time takes a journey each."""

    # Any would be the type: paramiko has none.
    def __init__(self, shelf: Shelf, stream: paramiko.SFTPFile, size: int) -> None:
        self._shelf, self._stream, self._size = shelf, stream, size
        self._at, self._held = 0, b""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes, or all that is left; none at the end. Raises OutsideError."""
        parts, wanted = [], size if size >= 0 else self._size
        while wanted > 0:
            if not self._held and not self._fetch():
                break
            part, self._held = self._held[:wanted], self._held[wanted:]
            wanted -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _fetch(self) -> bool:
        """The next window; says whether there was anything. What shrank meanwhile ends early."""
        most = min(_WINDOW_BYTES, self._size - self._at)
        if most <= 0:
            return False
        starts = range(self._at, self._at + most, _SENT_AT_ONCE_BYTES)
        chunks = [(start, min(_SENT_AT_ONCE_BYTES, self._at + most - start)) for start in starts]
        with _told(self._shelf):
            self._held = b"".join(self._stream.readv(chunks))
        self._at += most
        return bool(self._held)


@contextmanager
def open_shelf(session: Session, path: str) -> Iterator[Shelf]:
    """A folder by SFTP. Raises OutsideError, as everything done with it does."""
    try:
        sftp = session.client.open_sftp()
        sftp.get_channel().settimeout(_SECONDS)
    except (paramiko.SSHException, OSError, EOFError, AttributeError) as error:
        raise OutsideError(
            f"{session.hop.title}没有提供 SFTP", hint="请管理员放开 SFTP", source=session.hop.title
        ) from error
    try:
        yield Shelf(session.hop.title, path.rstrip("/"), sftp)
    finally:
        sftp.close()


@contextmanager
def _closing(stream: paramiko.SFTPFile) -> Iterator[None]:
    try:
        yield
    finally:
        # Where the line is gone this fails too, and would hide why.
        with suppress(Exception):
            stream.close()


@contextmanager
def _told(shelf: Shelf) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise _outside(shelf, "里没有这个目录或文件", "核对 backup.yaml 里的 path") from error
    except PermissionError as error:
        raise _outside(shelf, "没有权限", "给登录用户该目录的读写权限") from error
    except TimeoutError as error:
        raise _outside(shelf, f" {_SECONDS:g} 秒内没有答复", "查看该主机的磁盘和网络") from error
    except UnicodeError as error:
        raise _outside(shelf, "里有名字不是 UTF-8 的文件", "在主机上移走它，然后重新运行") from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        if _is_full(shelf):
            raise _outside(shelf, "所在的磁盘已满", "在该主机上腾出空间，然后重新运行") from error
        raise _outside(shelf, "读写没有成功或连接中断", "查看该主机的磁盘和网络，然后重新运行") from error


def _is_full(shelf: Shelf) -> bool:
    """Whether the file system there has no room; SFTP itself says only that something failed."""
    with suppress(Exception):
        kind, answer = shelf._sftp._request(CMD_EXTENDED, "statvfs@openssh.com", shelf.path)
        if kind == CMD_EXTENDED_REPLY:
            _block, fragment, _blocks, _free, available = struct.unpack(">5Q", answer.get_bytes(40))
            return bool(available * fragment < _LEAST_FREE_BYTES)
    return False


def _outside(shelf: Shelf, what: str, hint: str) -> OutsideError:
    return OutsideError(f"{shelf.title}的目录 {shelf.path}{what}", hint=hint, source=shelf.title)

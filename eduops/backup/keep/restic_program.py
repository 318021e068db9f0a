"""The program restic: run with the password's file in its environment, gone when we are, its refusals in Chinese."""

import ctypes
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from eduops.backup import secret
from eduops.backup.keep.kept import ResticStore
from eduops.core.errors import ConfigError, EduopsError, NotFound, OutsideError

_DIES_WITH_PARENT: Final = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
_LIBC = ctypes.CDLL(None)
_SHOWN_CHARACTERS: Final = 200
_CHUNK_BYTES: Final = 1 << 16
_CREDENTIALS: Final = re.compile(r"//[^/@\s]*@")


class Damaged(Exception):
    """restic could not read what it has stored; the text is the end of what it said."""


class _Locked(Exception):
    """Somebody else's lock, which may be a dead one."""


def run(store: ResticStore, *words: str, folder: Path | None = None) -> bytes:
    """Runs restic and gives what it printed. A dead restic's lock is taken away first where there is one.

    Raises ConfigError, NotFound where there is no repository, Damaged for what it could not read of its data,
    OutsideError for anything else.
    """
    try:
        return _run_once(store, words, folder)
    except _Locked:
        _run_once(store, ("unlock",), None)
    try:
        return _run_once(store, words, folder)
    except _Locked as error:
        raise OutsideError(
            f"{store.title}正被另一个 restic 使用",
            hint="等它做完后重新运行；确认没有别的 restic 在运行后，可运行 restic unlock --remove-all",
            source="restic",
            detail=str(error),
        ) from error


@contextmanager
def streaming(store: ResticStore, *words: str) -> Iterator[IO[bytes]]:
    """restic's output while it runs; raises as `run` does when the block ends, also for its end before the end."""
    with tempfile.TemporaryFile() as said, _start(store, words, None, said) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        broken = None
        try:
            yield process.stdout
            # A reader may know the end before it comes, and restic would stumble over a closed pipe.
            while process.stdout.read(_CHUNK_BYTES):
                pass
        except Exception as error:
            # What restic says of its early end tells more than what its reader makes of it.
            broken = error
        process.stdout.close()
        if process.wait():
            said.seek(0)
            raise _explain(store, said.read()) from broken
        if broken is not None:
            raise broken


def _run_once(store: ResticStore, words: Sequence[str], folder: Path | None) -> bytes:
    with tempfile.TemporaryFile() as said, _start(store, words, folder, said) as process:
        printed, _ = process.communicate()
        if process.returncode:
            said.seek(0)
            raise _explain(store, said.read())
    return printed


def _start(
    store: ResticStore, words: Sequence[str], folder: Path | None, said: IO[bytes]
) -> subprocess.Popen[bytes]:
    secret.require_closed(store.password_file, what=store.title)
    # A repository on this machine has no use for a cache of it beside it.
    is_near = store.repository.startswith("/")
    try:
        return subprocess.Popen(
            ["restic", *(["--no-cache"] if is_near else []), *words],
            cwd=folder,
            env=_environment(store),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            preexec_fn=_die_with_parent,
        )
    except FileNotFoundError as error:
        raise ConfigError(
            f"{store.title}要用的程序 restic 没有安装",
            hint="安装它（Debian：apt install restic），或在 backup.yaml 把存放处改成 kind: directory",
        ) from error


def _die_with_parent() -> None:
    _LIBC.prctl(_DIES_WITH_PARENT, signal.SIGTERM)


def _environment(store: ResticStore) -> dict[str, str]:
    # Somebody's RESTIC_PASSWORD in the environment would win over the file.
    own = {name: value for name, value in os.environ.items() if not name.startswith("RESTIC_")}
    return {
        **own,
        "RESTIC_REPOSITORY": store.repository,
        "RESTIC_PASSWORD_FILE": str(store.password_file),
        "LC_ALL": "C.UTF-8",
    }


def _explain(store: ResticStore, said: bytes) -> Exception:
    # An address may hold a name and a password.
    text = _CREDENTIALS.sub("//…@", said.decode("utf-8", "replace").replace(store.repository, "…")).strip()
    for sign, make in _SIGNS.items():
        if sign in text.lower():
            return make(store, text)
    last = text.splitlines()[-1][:_SHOWN_CHARACTERS] if text else "restic 没有说原因"
    if any(sign in text.lower() for sign in _DAMAGE):
        return Damaged(last)
    return _outside(f"没有做成：{last}", "检查网络和仓库所在的位置，然后重新运行", store, text)


def _outside(what: str, hint: str, store: ResticStore, text: str) -> EduopsError:
    return OutsideError(f"{store.title}：{what}", hint=hint, source="restic", detail=text)


def _wrong_password(store: ResticStore, _text: str) -> EduopsError:
    return ConfigError(
        f"{store.title}不接受密码文件 {store.password_file} 里的密码",
        hint="核对 backup.yaml 的 password_file；从保管密码的地方重新写入",
    )


def _no_repository(store: ResticStore, text: str) -> EduopsError:
    return NotFound(f"{store.title}：仓库不存在", hint="核对 backup.yaml 的 repository，检查该位置是否挂载")


def _locked(_store: ResticStore, text: str) -> Exception:
    return _Locked(text)


_SIGNS: Final = {
    "wrong password or no key found": _wrong_password,
    "already locked": _locked,
    "no space left on device": lambda store, text: _outside(
        "磁盘已满", "腾出空间（eduops backup prune），然后重新运行", store, text
    ),
    "file too large": lambda store, text: _outside("文件太大，写不进去", "检查文件大小的限制", store, text),
    "permission denied": lambda store, text: _outside(
        "没有权限", "给运行 eduops 的用户该位置的读写权限", store, text
    ),
    "read-only file system": lambda store, text: _outside("文件系统只读", "检查挂载方式和磁盘", store, text),
    **dict.fromkeys(
        ("connection refused", "no route to host", "i/o timeout", "no such host", "connection reset"),
        lambda store, text: _outside("连不上仓库", "检查网络和仓库所在的主机，然后重新运行", store, text),
    ),
    "is there a repository at the following location": _no_repository,
    "repository does not exist": _no_repository,
}
_DAMAGE: Final = (
    "verification failed",
    "invalid data returned",
    "wrong data returned",
    "no matching id found",
    "no snapshot found",
    "no such file or directory",
    "unexpected eof",
    "not found in repository",
    "mismatch",
)
"""What restic says where its data are not what they were; anything else tells nothing of them."""

"""Which script was printed for which host: one open request a host, in the home's spool."""

import json
from pathlib import Path

from eduops.core.errors import Conflict
from eduops.core.files import OWNERS_ONLY, open_regular, render_reason, write_whole

_FOLDER = "paste"
_LARGEST_BYTES = 10_000


def open_request(spool: Path, host: str, nonce: str) -> None:
    """Remembers the newest script of a host; the answer to an older one is refused from now on."""
    write_whole(_path(spool, host), json.dumps({"host": host, "nonce": nonce}), mode=OWNERS_ONLY)


def check_request(spool: Path, host: str, nonce: str) -> None:
    """Raises Conflict where this home did not print the script, or a newer one, or has its answer already.

    So it does where its own note of the script is damaged, and names it.
    """
    path = _path(spool, host)
    try:
        kept = _read_nonce(path)
    except OSError as error:
        raise _damaged(path, render_reason(error), host) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "内容不是 eduops 写的", host) from error
    if kept != nonce:
        raise Conflict(
            f"这份粘贴不是对主机 {host} 最近一次 eduops patrol script 的回答，或已经收入过",
            hint=f"运行 eduops patrol script {host} 打印新的脚本，在该主机上重新运行后再粘贴",
        )


def close_request(spool: Path, host: str) -> None:
    """Forgets the request, once its answer was taken in."""
    _path(spool, host).unlink(missing_ok=True)


def _read_nonce(path: Path) -> str | None:
    """The nonce of the open request; None where there is none. Raises OSError, ValueError for what is no note of ours."""
    if path.is_symlink():
        raise ValueError(path)
    try:
        with open_regular(path) as stream:
            found = json.loads(stream.read(_LARGEST_BYTES).decode("utf-8"))
    except FileNotFoundError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("nonce"), str):
        raise ValueError(path)
    return str(found["nonce"])


def _damaged(path: Path, reason: str, host: str) -> Conflict:
    return Conflict(
        f"记下主机 {host} 的脚本的文件 {path} 已损坏：{reason}",
        hint=f"删去它，运行 eduops patrol script {host} 打印新的脚本，在该主机上重新运行后再粘贴",
    )


def _path(spool: Path, host: str) -> Path:
    return spool / _FOLDER / f"{host}.json"

"""Which script was printed for which host: one open request a host, in the home's spool."""

import json
from pathlib import Path

from eduops.core.errors import Conflict
from eduops.core.files import OWNERS_ONLY, write_whole

_FOLDER = "paste"


def open_request(spool: Path, host: str, nonce: str) -> None:
    """Remembers the newest script of a host; the answer to an older one is refused from now on."""
    write_whole(_path(spool, host), json.dumps({"host": host, "nonce": nonce}), mode=OWNERS_ONLY)


def check_request(spool: Path, host: str, nonce: str) -> None:
    """Raises Conflict where this home did not print the script, or a newer one, or has its answer already."""
    path = _path(spool, host)
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if found.get("nonce") != nonce:
        raise Conflict(
            f"这份粘贴不是对主机 {host} 最近一次 eduops patrol script 的回答，或已经收入过",
            hint=f"运行 eduops patrol script {host} 打印新的脚本，在该主机上重新运行后再粘贴",
        )


def close_request(spool: Path, host: str) -> None:
    """Forgets the request, once its answer was taken in."""
    _path(spool, host).unlink(missing_ok=True)


def _path(spool: Path, host: str) -> Path:
    return spool / _FOLDER / f"{host}.json"

"""The scheduler's sign of life: a file that is written each minute, and an address that is called."""

import json
import logging
import os
import socket
import stat
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from eduops.core.errors import ConfigError, EduopsError, OutsideError
from eduops.core.files import OWNERS_ONLY, open_regular, render_reason, write_whole
from eduops.core.home import Home
from eduops.workflow.schedule.configuration import Ping
from eduops.workflow.schedule.lock import get_folder

SILENT_FOR = timedelta(minutes=5)
"""A heartbeat older than this means that no scheduler is running."""
_PING_SECONDS = 5.0
_LARGEST_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a scheduler was last alive, and which."""

    at: datetime
    by: str
    machine: str
    process: int


def beat(home: Home, *, by: str, now: datetime) -> None:
    """Writes that a scheduler is alive. Raises InputError."""
    said = {"at": now.isoformat(), "by": by, "machine": socket.gethostname(), "process": os.getpid()}
    write_whole(get_folder(home) / "heartbeat", json.dumps(said), mode=OWNERS_ONLY)


def find_heartbeat(home: Home) -> Heartbeat | None:
    """The last sign of life; None where there never was one or the file is not ours."""
    try:
        said = json.loads((home.path / "schedule" / "heartbeat").read_text(encoding="utf-8"))
        found = Heartbeat(
            datetime.fromisoformat(said["at"]), str(said["by"]), str(said["machine"]), int(said["process"])
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if found.at.tzinfo else None


def load_url(ping: Ping, *, home: Home) -> str | None:
    """The address to call; None where none is named. Raises ConfigError; the address is a secret, no message has it."""
    if ping.url_env:
        found = os.environ.get(ping.url_env, "").strip()
        if not found:
            raise ConfigError(f"环境变量 {ping.url_env} 没有值", hint="设置后再运行，或改用 ping.url_file")
    elif ping.url_file:
        found = _read_secret(home.path / ping.url_file.expanduser())
    else:
        return None
    if not found.startswith(("https://", "http://")) or any(letter.isspace() for letter in found):
        raise ConfigError("schedule.yaml 的 ping 指到的内容不是网址", hint="写一行 https:// 开头的网址")
    return found


class Pinger:
    """Calls the address aside, so that a network that hangs holds nobody up."""

    def __init__(self) -> None:
        # httpx tells every address it calls at INFO.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self.fault = ""
        """Why the last call failed; empty where it went well."""
        self._thread: threading.Thread | None = None

    def call(self, url: str) -> None:
        """Begins a call, unless the last one is still going on."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._call, args=(url,), daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Waits for the call, for as long as one may take."""
        if self._thread is not None:
            self._thread.join(2 * _PING_SECONDS)

    def _call(self, url: str) -> None:
        try:
            ping(url)
            self.fault = ""
        except EduopsError as error:
            self.fault = error.message


def ping(url: str) -> None:
    """Calls an address. Raises OutsideError, which does not name it."""
    import httpx

    try:
        answer = httpx.get(url, timeout=_PING_SECONDS, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise OutsideError(
            f"心跳网址没有接通（{type(error).__name__}）", hint="检查网络、代理和网址", source="ping"
        ) from None
    if answer.is_error:
        raise OutsideError(f"心跳网址回答 {answer.status_code}", hint="核对网址", source="ping")


def _read_secret(path: Path) -> str:
    try:
        found = path.stat()
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(
                f"文件 {path} 的权限是 {stat.S_IMODE(found.st_mode):o}，别人也能读或改",
                hint=f"运行 chmod 600 {path}",
            )
        with open_regular(path) as stream:
            return stream.read(_LARGEST_BYTES).decode("utf-8", "replace").strip()
    except OSError as error:
        raise ConfigError(
            f"不能读取文件 {path}：{render_reason(error)}", hint="检查 schedule.yaml 里写的 ping.url_file"
        ) from error

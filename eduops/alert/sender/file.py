"""A file that messages are appended to, one JSON object a line, on the disk before it counts as delivered."""

import errno
import json
import os
import stat

from eduops.alert.sender.letter import Fault, Letter, Outlet
from eduops.alert.sender.webhook import build_body
from eduops.core.files import OWNERS_ONLY, render_reason

IS_MARKDOWN = False
MOST_BYTES = 60_000


def send(letter: Letter, outlet: Outlet) -> None:
    """Appends one message. Raises Fault where the file cannot be written."""
    assert outlet.channel.path is not None  # noqa: S101 - alert.yaml was checked
    path = outlet.home / outlet.channel.path.expanduser()
    line = json.dumps(build_body(letter), ensure_ascii=False).encode() + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not blocking: a pipe without a reader would hold the sender for ever.
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, OWNERS_ONLY)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.ESPIPE, os.strerror(errno.ESPIPE))
            if os.write(handle, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise Fault(f"不能写入 {path}：{render_reason(error)}", is_channel=True) from error

"""What a probe is given, and the two ways in which it may say that it has no figure."""

import os
from typing import Any, NamedTuple, Optional


class NotChecked(Exception):
    """It could not be looked at (no permission, no such tool, not configured); the text is the Chinese reason."""


class Failed(Exception):
    """It was looked at and is missing, broken or silent; the text is the Chinese reason."""


class Context(NamedTuple):
    """What a probe may use: its own section of the configuration, and how long it may take."""

    # Any: the section's shape is the probe's own; config.py has checked it.
    settings: Any
    interval_seconds: float
    # For everything but waiting through the interval.
    timeout_seconds: float
    # Any: the psutil module, or None where it is not installed.
    psutil: Any
    # An exam runs: what would burden the host is left out, each with LIGHT_REASON.
    is_light: bool = False
    # Where a probe may keep what it must know next time; None where nothing may be left behind.
    state_folder: Optional[str] = None


LIGHT_REASON = "考试进行中，未做重负载检查"


_REASONS = {
    "PermissionError": "没有权限",
    "FileNotFoundError": "不存在",
    "NotADirectoryError": "上级不是目录",
    "IsADirectoryError": "是目录",
    "ConnectionRefusedError": "连接被拒绝",
    "ConnectionResetError": "连接被对方断开",
    "TimeoutError": "超时",
    "timeout": "超时",
    "gaierror": "主机名解析失败",
}


def explain(error: BaseException) -> str:
    """The error in a few Chinese words; the system's own words where there are none."""
    known = _REASONS.get(type(error).__name__)
    if known:
        return known
    words = str(getattr(error, "strerror", None) or error)
    if "CERTIFICATE_VERIFY_FAILED" in words:
        return "证书不受信任：{}".format(words)
    return "{}: {}".format(type(error).__name__, words)


def read_text(path: str) -> str:
    """The text of a small file such as those of /proc. Raises NotChecked where it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read().decode("utf-8", "replace")
    except OSError as error:
        raise NotChecked("不能读取 {}：{}".format(path, explain(error))) from error


def path_of(text: str) -> str:
    """A path from the configuration as this interpreter must be given it.

    Python 3.6 under LANG=C takes file names for ASCII and would refuse a Chinese folder.
    """
    return os.fsdecode(text.encode("utf-8", "surrogateescape"))

"""The chains' heads kept outside the tables, in files of the home: so that a cut-off tail is noticed."""

import json
import re
from pathlib import Path

from eduops.core.errors import ConfigError
from eduops.core.files import write_whole
from eduops.ledger.rules import NO_HEAD, Head

FILE = "ledger.head"
CLOSING_FILE = "closing.head"

_MOST_BYTES = 1000
_RENEWAL = {
    FILE: "运行一次 eduops sla post，没有新的认定也会重新写出",
    CLOSING_FILE: "对结过账的期间再运行一次 eduops sla close，没有变化也会重新写出",
}


def load_head(home: Path, file: str = FILE) -> Head:
    """The kept head; an empty one where nothing was written. Raises ConfigError for a damaged file."""
    path = home / file
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
        return _parse(content)
    except FileNotFoundError:
        return NO_HEAD
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"台账校验文件 {path} 读不了或已损坏", hint="从备份恢复它；在此之前不要继续登记违约"
        ) from error


def find_missing(home: Path, count: int, file: str = FILE) -> tuple[str, str] | None:
    """What is missing and how to renew it, where `count` rows are there but no kept head.

    A crash between the very first commit and the writing of the head leaves it so: no fault by itself.
    """
    path = home / file
    if not count or path.exists():
        return None
    return f"校验文件 {path} 不在，末尾有没有缺少只能按编号核对", _RENEWAL[file]


def save_head(home: Path, head: Head, file: str = FILE) -> None:
    """Keeps the head, after the rows were committed; never a shorter one than is kept already.

    Raises ConfigError for a damaged file: it is evidence, and not overwritten.
    """
    if head.count < load_head(home, file).count:
        return
    write_whole(home / file, json.dumps({"count": head.count, "hash": head.hash}) + "\n")


def _parse(content: bytes) -> Head:
    """Raises ValueError, KeyError or TypeError for what `save_head` did not write."""
    if len(content) > _MOST_BYTES:
        raise ValueError("longer than any head")
    data = json.loads(content)
    count, found = data["count"], data["hash"]
    if type(count) is not int or count < 0 or not re.fullmatch("[0-9a-f]{64}", found):
        raise ValueError("not a head")
    return Head(count, found)

"""The ledger's head kept outside the table, in the home's `ledger.head`: so that a cut-off tail is noticed."""

import json
from pathlib import Path

from eduops.core.errors import ConfigError
from eduops.core.files import write_whole
from eduops.ledger.rules import NO_HEAD, Head

FILE = "ledger.head"


def load_head(home: Path) -> Head:
    """The kept head; an empty one where nothing was posted. Raises ConfigError for a damaged file."""
    path = home / FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Head(int(data["count"]), str(data["hash"]))
    except FileNotFoundError:
        return NO_HEAD
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"台账校验文件 {path} 读不了或已损坏", hint="从备份恢复它；在此之前不要继续登记违约"
        ) from error


def save_head(home: Path, head: Head) -> None:
    """Keeps the head, after the entries were committed; never a shorter one than is kept already.

    Raises ConfigError for a damaged file: it is evidence, and not overwritten.
    """
    if head.count < load_head(home).count:
        return
    write_whole(home / FILE, json.dumps({"count": head.count, "hash": head.hash}) + "\n")

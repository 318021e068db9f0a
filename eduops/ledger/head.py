"""The chains' heads kept outside the tables, in files of the home: so that a cut-off tail is noticed."""

import json
from pathlib import Path

from eduops.core.errors import ConfigError
from eduops.core.files import write_whole
from eduops.ledger.rules import NO_HEAD, Head

FILE = "ledger.head"
CLOSING_FILE = "closing.head"


def load_head(home: Path, file: str = FILE) -> Head:
    """The kept head; an empty one where nothing was written. Raises ConfigError for a damaged file."""
    path = home / file
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Head(int(data["count"]), str(data["hash"]))
    except FileNotFoundError:
        return NO_HEAD
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"台账校验文件 {path} 读不了或已损坏", hint="从备份恢复它；在此之前不要继续登记违约"
        ) from error


def save_head(home: Path, head: Head, file: str = FILE) -> None:
    """Keeps the head, after the rows were committed; never a shorter one than is kept already.

    Raises ConfigError for a damaged file: it is evidence, and not overwritten.
    """
    if head.count < load_head(home, file).count:
        return
    write_whole(home / file, json.dumps({"count": head.count, "hash": head.hash}) + "\n")

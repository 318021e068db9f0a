"""Documents that were refused, kept with the reason: in the home's spool, each beside a file that says why."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from eduops.core.errors import EduopsError, NotFound
from eduops.core.files import OWNERS_ONLY, write_whole

FOLDER = "quarantine"
_NUMBER_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused document: the beginning of its hash as its number, from where it came and why it was refused."""

    number: str
    host: str
    source: str
    reason: str
    hint: str
    size_bytes: int
    refused_at: datetime


def keep(
    spool: Path, content: bytes, *, host: str, source: str, error: EduopsError, now: datetime
) -> Refused:
    """Keeps a document with the reason why it was refused; the same one again is kept once."""
    number = hashlib.sha256(content).hexdigest()[:_NUMBER_DIGITS]
    reason = "；".join([error.message, *map(str, getattr(error, "problems", ()))])
    refused = Refused(number, host, source, reason, error.hint, len(content), now)
    folder = spool / FOLDER
    write_whole(folder / f"{number}.document", content, mode=OWNERS_ONLY)
    told = {**asdict(refused), "refused_at": now.isoformat()}
    write_whole(folder / f"{number}.json", json.dumps(told, ensure_ascii=False, indent=1), mode=OWNERS_ONLY)
    return refused


def list_refused(spool: Path) -> list[Refused]:
    """All of them, the newest first."""
    return sorted(_load_all(spool / FOLDER), key=lambda refused: refused.refused_at, reverse=True)


def get_refused(spool: Path, number: str) -> tuple[Refused, bytes]:
    """One of them with its content. Raises NotFound."""
    found = next((refused for refused in _load_all(spool / FOLDER) if refused.number == number), None)
    if found is None:
        raise NotFound(f"没有编号为 {number} 的隔离文档", hint="运行 eduops patrol quarantine list 查看")
    return found, (spool / FOLDER / f"{number}.document").read_bytes()


def drop(spool: Path, number: str) -> Refused:
    """Deletes one of them. Raises NotFound."""
    found, _ = get_refused(spool, number)
    # The reason first: what is listed always has its document.
    for ending in ("json", "document"):
        (spool / FOLDER / f"{number}.{ending}").unlink(missing_ok=True)
    return found


def _load_all(folder: Path) -> Iterator[Refused]:
    for path in folder.glob("*.json"):
        told = json.loads(path.read_text(encoding="utf-8"))
        yield Refused(**{**told, "refused_at": datetime.fromisoformat(told["refused_at"])})

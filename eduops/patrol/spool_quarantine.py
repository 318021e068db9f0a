"""Documents that were refused, kept with the reason: in the home's spool, each beside a file that says why."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from eduops.core.errors import EduopsError, InputError, NotFound
from eduops.core.files import OWNERS_ONLY, open_regular, render_reason, unreadable, unwritable, write_whole
from eduops.patrol.rules.document import LARGEST_BYTES

FOLDER = "quarantine"
_NUMBER_DIGITS = 12
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ENDINGS = ("json", "document")
_LARGEST_REASON_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused document: its number, the host that it was said to be of, from where it came, why it was refused."""

    number: str
    host: str
    source: str
    reason: str
    hint: str
    size_bytes: int
    refused_at: datetime


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file of the quarantine that says nothing: its path, and why."""

    number: str
    file: Path
    reason: str

    @property
    def sentence(self) -> str:
        return f"隔离记录 {self.file} 已损坏：{self.reason}"


def keep(
    spool: Path, content: bytes, *, host: str, source: str, error: EduopsError, now: datetime
) -> Refused:
    """Keeps a document with the reason why it was refused; the same one of a host again is kept once.

    Raises InputError where it cannot be written.
    """
    named = hashlib.sha256(host.encode() + b"\0" + content)
    number = named.hexdigest()[:_NUMBER_DIGITS]
    reason = "；".join([error.message, *map(str, getattr(error, "problems", ()))])
    refused = Refused(number, host, source, reason, error.hint, len(content), now)
    folder = spool / FOLDER
    write_whole(folder / f"{number}.document", content, mode=OWNERS_ONLY)
    told = {**asdict(refused), "refused_at": now.isoformat()}
    write_whole(folder / f"{number}.json", json.dumps(told, ensure_ascii=False, indent=1), mode=OWNERS_ONLY)
    return refused


def keep_and_say(
    spool: Path, content: bytes, *, host: str, source: str, error: EduopsError, now: datetime
) -> str:
    """Keeps a document and says where. A spool that cannot be written costs the document and nothing else."""
    try:
        return f"隔离为 {keep(spool, content, host=host, source=source, error=error, now=now).number}"
    except InputError as own:
        return f"没能隔离：{own.message}"


def list_refused(spool: Path) -> tuple[list[Refused], list[Damaged]]:
    """All of them, the newest first; and what lies there and cannot be read, by number."""
    found = [_load(spool / FOLDER, number) for number in _list_numbers(spool / FOLDER)]
    whole = [each for each in found if isinstance(each, Refused)]
    damaged = [each for each in found if isinstance(each, Damaged)]
    damaged += [
        Damaged("", path, "文件名不是隔离编号，不是 eduops 放的")
        for path in sorted(_list_paths(spool / FOLDER))
        if not _NUMBER.fullmatch(path.stem)
    ]
    return sorted(whole, key=lambda each: each.refused_at, reverse=True), damaged


def get_refused(spool: Path, number: str) -> tuple[Refused, bytes]:
    """One of them with its content. Raises NotFound, InputError for a damaged one."""
    found = find_refused(spool, number)
    if isinstance(found, Damaged):
        raise InputError(found.sentence, hint=f"运行 eduops patrol quarantine drop {number} 删去它")
    path = spool / FOLDER / f"{number}.document"
    try:
        with open_regular(path) as stream:
            return found, stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from error


def find_refused(spool: Path, number: str) -> Refused | Damaged:
    """One of them, damaged or not. Raises NotFound."""
    if number not in _list_numbers(spool / FOLDER):
        raise NotFound(f"没有编号为 {number[:60]} 的隔离文档", hint="运行 eduops patrol quarantine list 查看")
    return _load(spool / FOLDER, number)


def drop(spool: Path, number: str) -> None:
    """Deletes one of them, whatever is left of it. Raises NotFound, InputError where it cannot be deleted."""
    find_refused(spool, number)
    # The reason first: what is listed always has its document.
    for ending in _ENDINGS:
        path = spool / FOLDER / f"{number}.{ending}"
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(path, error) from error


def _list_numbers(folder: Path) -> list[str]:
    return sorted({path.stem for path in _list_paths(folder) if _NUMBER.fullmatch(path.stem)})


def _list_paths(folder: Path) -> list[Path]:
    return [path for ending in _ENDINGS for path in folder.glob(f"*.{ending}")]


def _load(folder: Path, number: str) -> Refused | Damaged:
    path = folder / f"{number}.json"
    if path.is_symlink():
        return Damaged(number, path, "是链接，不是文件")
    try:
        with open_regular(path) as stream:
            text = stream.read(_LARGEST_REASON_BYTES).decode("utf-8")
        return _parse(json.loads(text), number) or Damaged(number, path, "缺少应有的内容或写法不对")
    except FileNotFoundError:
        return Damaged(number, path, "没有这个文件，只剩文档原文")
    except OSError as error:
        return Damaged(number, path, render_reason(error))
    except UnicodeDecodeError:
        return Damaged(number, path, "不是 UTF-8 文本")
    except (ValueError, RecursionError):
        return Damaged(number, path, "不是完整的 JSON")


def _parse(told: object, number: str) -> Refused | None:
    """What a file says; None where it is not what `keep` writes."""
    if not isinstance(told, dict) or set(told) != set(Refused.__slots__) or told["number"] != number:
        return None
    texts = [told[key] for key in ("host", "source", "reason", "hint", "refused_at")]
    size = told["size_bytes"]
    if not all(isinstance(text, str) for text in texts) or type(size) is not int:
        return None
    try:
        refused_at = datetime.fromisoformat(told["refused_at"])
    except ValueError:
        return None
    return None if refused_at.tzinfo is None else Refused(**{**told, "refused_at": refused_at})

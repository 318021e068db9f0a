"""The agent's document: refused unless it is whole, of a known schema, unaltered and from a sane clock."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, NoReturn, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from eduops.core.config import sentence
from eduops.core.errors import InputError, Problem

SCHEMA = 1
LARGEST_BYTES = 2_000_000
# Before this the agent did not exist: a clock that says so has lost its battery.
_EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)
_FIRST_YEAR, _LATEST_YEAR = 1900, 2200
_REPLACED = "\ufffd"
# What a terminal obeys; tabs and line ends inside a text are harmless and come to be blanks.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# As the schema has it.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
# A backslash, and any other escape but a quote and what Chinese is written with.
_UNSURE = re.compile(
    r'\\\\|\\(?!"|u(?:300[1-9a-f]|30[1-3][0-9a-f]|[4-9][0-9a-f]{3}|ff0[1-9a-f]|ff[1-5][0-9a-f]))'
)
_BACKSLASH = "\\\\"
_PLAIN = b"\n" + bytes(range(0x20, 0x7F))
_LONGEST_PLACE = 120
_FUTURE_ALLOWED_FOR = timedelta(minutes=10)


def _require_instant(value: object) -> object:
    """The schema's only form. pydantic alone would take the seconds since 1970 for an instant, too."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("时刻应写成 2026-03-05T03:50:00.000Z 的样子")
    return value


class _Loose(BaseModel):
    # Unknown keys pass: a newer agent may add some within the same schema.
    model_config = ConfigDict(frozen=True)


class Section(_Loose):
    """What one probe says. `data` is JSON that only the probe's own judgement understands."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    status: Literal["ok", "not_checked", "failed"]
    reason: str = ""
    duration_seconds: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 0.0
    data: dict[str, object] | None = None


class Source(_Loose):
    """Which machine speaks."""

    hostname: Annotated[str, Field(min_length=1, max_length=255)]
    machine_id_hash: str | None = None


class Document(_Loose):
    """A document that was found whole and unaltered; its texts hold nothing that a terminal would obey."""

    # Not `schema`: pydantic keeps that name for itself.
    schema_version: int = Field(alias="schema")
    agent_version: str
    host: Source
    measured_at: Annotated[AwareDatetime, BeforeValidator(_require_instant)]
    probes: Annotated[tuple[Section, ...], Field(max_length=100)]
    checksum: str
    light: bool = False
    """Heavy probes were left out, because an exam was open."""

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        names = [section.name for section in self.probes]
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"检查项重复：{'、'.join(twice)}")
        return self

    @property
    def finished_at(self) -> datetime:
        """When the slowest probe had ended, on the host's clock."""
        longest = max((section.duration_seconds for section in self.probes), default=0.0)
        return self.measured_at + timedelta(seconds=longest)


def parse_document(content: bytes, *, source: str = "巡检文档") -> Document:
    """The checked document. Raises InputError that says why it cannot be trusted; `source` names it there."""
    if len(content) > LARGEST_BYTES:
        _refuse(
            source, f"有 {len(content)} 字节，超过上限 {LARGEST_BYTES}", "确认给出的是 eduops-agent 的输出"
        )
    document = _build(content, source, is_new=True)
    _check_identity(document, source)
    if not _FIRST_YEAR <= document.measured_at.year <= _LATEST_YEAR:
        # Before anything is reckoned with it: near the calendar's ends a change of zone has no result.
        _refuse(
            source, f"测量时刻在 {document.measured_at.year} 年，主机的时钟不对", "校正该主机的时钟后重新巡检"
        )
    if document.measured_at < _EARLIEST:
        at = document.measured_at.astimezone(UTC)
        _refuse(source, f"测量时刻是 {at:%Y-%m-%d}，主机的时钟不对", "校正该主机的时钟后重新巡检")
    return document


def parse_stored(content: bytes, *, source: str) -> Document:
    """A document that `parse_document` took in before and that its store gave back undamaged, as zlib's sum proves.

    The caller compares `checksum` with the one that was written down then. Raises InputError all the same where it
    cannot be read.
    """
    return _build(content, source, is_new=False)


def _build(content: bytes, source: str, *, is_new: bool) -> Document:
    try:
        text = _decode(content, source)
        raw = _parse_json(text, source)
        _check_schema(raw, source)
        if is_new:
            _check_sum(raw, source)
        if _is_clean(content, text):
            return _validate(raw, source)
        if is_new:
            _check_texts(raw, source)
        return _validate(_clean(raw), source)
    except RecursionError:
        _refuse(source, "层次过深，不是 eduops-agent 的输出", "重新运行 eduops-agent 取得文档")


def check_not_future(document: Document, *, now: datetime, source: str = "巡检文档") -> None:
    """Raises InputError where the host's clock runs ahead of ours, or ours behind."""
    if document.measured_at > now + _FUTURE_ALLOWED_FOR:
        said = document.measured_at.astimezone(UTC)
        _refuse(
            source,
            f"测量时刻 {said:%Y-%m-%d %H:%M} UTC 晚于现在（{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC）",
            "核对该主机和本机的时钟，校正后重新巡检",
        )


def _decode(content: bytes, source: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(
            source,
            f"第 {error.start + 1} 字节不是 UTF-8 文本",
            "原样传送 eduops-agent 的输出，不要另存或转码",
        )
    if not text.strip():
        _refuse(source, "是空的", "重新运行 eduops-agent，并查看它的错误输出")
    return text


def _parse_json(text: str, source: str) -> dict[str, object]:
    try:
        raw = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        where = f"（第 {error.lineno} 行）" if isinstance(error, json.JSONDecodeError) else ""
        _refuse(source, f"不是完整的 JSON{where}，可能在传送或复制时被截断", "重新传送完整的输出")
    if not isinstance(raw, dict) or "schema" not in raw:
        _refuse(source, "不是 eduops-agent 的输出", "重新运行 eduops-agent 取得文档")
    return raw


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_identity(document: Document, source: str) -> None:
    """What says whose document this is must be plain text; other texts are shown with invisible ones replaced."""
    names = (document.host.hostname, document.agent_version, *(section.name for section in document.probes))
    if any(_REPLACED in name for name in names):
        _refuse(
            source,
            "的主机名、版本或检查项名里有控制字符或不可见字符",
            "核对来源，重新运行 eduops-agent 取得文档",
        )


def _check_schema(raw: Mapping[str, object], source: str) -> None:
    schema = raw["schema"]
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        _refuse(source, f"格式版本「{str(schema)[:40]}」无法识别", "重新运行 eduops-agent 取得文档")
    if schema > SCHEMA:
        _refuse(source, f"格式版本 {str(schema)[:40]} 比本程序认识的 {SCHEMA} 新", "升级 eduops 后再导入")


def _check_sum(raw: Mapping[str, object], source: str) -> None:
    rest = {key: value for key, value in raw.items() if key != "checksum"}
    try:
        # As the agent writes it: keys sorted, no spaces, everything outside ASCII escaped.
        text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError:
        _refuse(source, "含有超出范围的数字", "重新运行 eduops-agent 取得文档")
    if raw.get("checksum") != hashlib.sha256(text.encode("ascii")).hexdigest():
        _refuse(source, "校验和不符，内容在传送中有改动或缺失", "重新传送完整的输出，不要编辑")


def _check_texts(raw: Mapping[str, object], source: str) -> None:
    """No agent sends what a terminal would obey: it replaces that in what it reads. So somebody else wrote this."""
    found = next(_find_controls(raw, ()), None)
    if found is not None:
        place, character = found
        _refuse(
            source,
            f"的 {place} 里有控制字符 U+{ord(character):04X}，终端会照它做，不判定",
            "核对这份文档的来源；若是旧版 eduops-agent 写的，升级后重新巡检",
        )


def _find_controls(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(where, which) of control characters in texts and keys; probes are named, not counted."""
    if isinstance(value, str):
        if (hit := _CONTROLS.search(value)) is not None:
            yield clean_text(".".join(path))[:_LONGEST_PLACE], hit.group()
    elif isinstance(value, list):
        for index, item in enumerate(value):
            name = item.get("name") if path == ("probes",) and isinstance(item, dict) else None
            yield from _find_controls(item, (*path, name if isinstance(name, str) else str(index)))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _find_controls(key, (*path, "（键名）"))
            yield from _find_controls(item, (*path, key))


def _is_clean(content: bytes, text: str) -> bool:
    """Whether no character certainly needs replacing: quicker to see in the JSON text than in every value."""
    if content.translate(None, _PLAIN):
        return False
    # A pair of backslashes is one character; each other one begins an escape.
    return all(found[0] == _BACKSLASH for found in _UNSURE.finditer(text))


def _clean(value: object) -> object:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value


def clean_text(text: str) -> str:
    """The text as a document's are read: what a terminal would obey or nobody can see is replaced."""
    return text if text.isprintable() else "".join(map(_clean_character, text))


def _clean_character(character: str) -> str:
    # Control characters, halves of characters, invisible and direction-changing ones: none belongs on a terminal.
    if character in "\t\r\n\u3000":
        return " "
    return character if character.isprintable() else _REPLACED


def _validate(raw: object, source: str) -> Document:
    try:
        return Document.model_validate(raw)
    except ValidationError as error:
        problems = tuple(
            Problem(
                source, ".".join(str(part) for part in detail["loc"]) or "整体", sentence(detail, Document)
            )
            for detail in error.errors()
        )
        raise InputError(
            f"{source}缺少应有的内容或写法不对",
            hint="重新运行 eduops-agent 取得文档",
            problems=problems,
        ) from None


def _refuse(source: str, reason: str, hint: str) -> NoReturn:
    raise InputError(f"{source}{reason}", hint=hint)

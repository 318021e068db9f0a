"""What stands in the inventory beside hosts: services, interfaces, licences; and what keeps an entry from being sound."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import TypeVar

from eduops.asset.rules import word
from eduops.asset.rules.host import NewHost, list_host_slips
from eduops.asset.rules.text import (
    CODE_HINT,
    MOST_CHARACTERS,
    MOST_OF_A_NOTE,
    Slip,
    is_code,
    list_text_slips,
    tidy,
)

MOST_QUANTITY = 10_000_000
_LONG = ("note", "data")
# Groups of capitals and digits between dashes, as makers print keys: ABCDE-12345-FGHIJ-67890.
_KEY = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z0-9]{4,}(?:-[A-Za-z0-9]{4,}){3,}(?![A-Za-z0-9])|[A-Za-z0-9+/=]{40,}"
)


@dataclass(frozen=True, slots=True)
class NewService:
    """A program that runs on a host; `host` and `needs` are codes, `port` is a TCP or UDP port."""

    code: str
    name: str
    host: str
    kind: str
    product: str = ""
    version: str = ""
    port: int | None = None
    note: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewInterface:
    """A connection between a service (its code) and another system; the direction is seen from the service."""

    code: str
    name: str
    service: str
    system: str
    direction: str
    protocol: str = ""
    port: int | None = None
    data: str = ""
    contact: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class NewLicence:
    """A right to use a product; `valid_until` is its last day, `host` a code. A key has no place here."""

    code: str
    product: str
    kind: str = ""
    quantity: int | None = None
    unit: str = ""
    holder: str = ""
    host: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    is_perpetual: bool = False
    note: str = ""


Entry = NewHost | NewService | NewInterface | NewLicence
Said = TypeVar("Said", NewHost, NewService, NewInterface, NewLicence, Entry)


def tidied(entry: Said) -> Said:
    """The entry with every text on one line, needs each once."""
    texts = {
        field.name: tidy(value)
        for field in fields(entry)
        if isinstance(value := getattr(entry, field.name), str) and field.name not in ("role", "environment")
    }
    if isinstance(entry, NewService):
        return replace(entry, **texts, needs=tuple(sorted(set(entry.needs))))  # type: ignore[arg-type]
    return replace(entry, **texts)  # type: ignore[arg-type]


def list_slips(entry: Entry) -> Iterator[Slip]:
    """Everything that is wrong with an entry by itself; whether what it names is there is asked elsewhere."""
    yield from _list_text_slips(entry)
    match entry:
        case NewHost():
            yield from list_host_slips(entry)
        case NewService():
            yield from _list_named_slips(entry.code, "服务", {"name": ("名称", entry.name)})
            yield from _list_choice_slips("kind", entry.kind)
            yield from _list_port_slips(entry.port)
            if entry.code in entry.needs:
                yield Slip("needs", f"服务 {entry.code} 依赖自己；去掉它")
        case NewInterface():
            named = {"name": ("名称", entry.name), "system": ("对方系统", entry.system)}
            yield from _list_named_slips(entry.code, "接口", named)
            yield from _list_choice_slips("direction", entry.direction)
            yield from _list_port_slips(entry.port)
        case NewLicence():
            yield from _list_named_slips(entry.code, "许可", {"product": ("产品", entry.product)})
            yield from _list_licence_slips(entry)


def _list_text_slips(entry: Entry) -> Iterator[Slip]:
    for field in fields(entry):
        value = getattr(entry, field.name)
        if isinstance(value, str) and field.name != "code":
            most = MOST_OF_A_NOTE if field.name in _LONG else MOST_CHARACTERS
            yield from list_text_slips(
                field.name, f"「{value[:20]}…」" if len(value) > 20 else "这一项", value, most=most
            )


def _list_named_slips(code: str, kind: str, needed: dict[str, tuple[str, str]]) -> Iterator[Slip]:
    if not is_code(code):
        yield Slip("code", f"{kind}代码「{code[:60]}」不能用；{CODE_HINT}")
    for field, (said, text) in needed.items():
        if not text:
            yield Slip(field, f"{kind} {code[:60]} 缺少{said}")


def _list_choice_slips(field: str, value: str) -> Iterator[Slip]:
    if word.find_choice(field, value) != value:
        yield Slip(field, f"「{value[:20]}」不在可选范围：{word.said_choices(field)}")


def _list_port_slips(port: int | None) -> Iterator[Slip]:
    if port is not None and not 1 <= port <= 65535:
        yield Slip("port", f"端口 {port} 不在 1 到 65535 之间")


def _list_licence_slips(licence: NewLicence) -> Iterator[Slip]:
    for field in ("code", "product", "kind", "unit", "holder", "note"):
        if _KEY.search(getattr(licence, field)):
            yield Slip(field, "像是许可密钥；这里从不保存密钥，请删去，密钥放在保险的地方")
    if licence.quantity is not None and not 0 < licence.quantity <= MOST_QUANTITY:
        yield Slip("quantity", f"数量 {licence.quantity} 不在 1 到 {MOST_QUANTITY} 之间")
    if licence.is_perpetual and licence.valid_until:
        yield Slip("valid_until", "写了永久，又写了到期日；留一个")
    if licence.valid_from and licence.valid_until and licence.valid_until < licence.valid_from:
        yield Slip("valid_until", f"到期日 {licence.valid_until} 早于起始日 {licence.valid_from}")

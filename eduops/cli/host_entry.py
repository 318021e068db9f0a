"""What the commands over hosts, services, interfaces and licences share: reading words, adding, changing, retiring."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from enum import StrEnum
from typing import Annotated

import typer

from eduops.asset.models import Host, Interface, Licence, Service
from eduops.asset.queries import inventory as queries
from eduops.asset.rules import word
from eduops.asset.rules.address import PortOf
from eduops.asset.rules.entry import Entry
from eduops.asset.rules.kind import Kind, kind_of
from eduops.asset.rules.raw_row import split_codes
from eduops.asset.service import inventory as service
from eduops.cli import door, out
from eduops.cli.instant import parse_day
from eduops.cli.usage import typed_here
from eduops.core.errors import UsageError

NameOption = Annotated[str | None, typer.Option(help="改成的名称。")]
PortOption = Annotated[str | None, typer.Option(help="端口，1 到 65535。")]
NoteOption = Annotated[str | None, typer.Option(help="备注。")]
AllOption = Annotated[bool, typer.Option("--all", help="连同停用的。")]
_CHOICES = ("role", "environment", "direction")
# Telephones stand there; the log says that they changed, not what they are.
_UNSAID = ("contact",)
_MOST_DIGITS = 9


def add(ctx: typer.Context, entry: Entry, *, dry_run: bool, as_json: bool) -> None:
    """Writes an entry down and says so."""
    kind = kind_of(entry)
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        made = service.add_entry(work.session, entry, now=work.now, port_of=find_ports(work))
        work.changed(made.code, action="add", **_said(made, [each.name for each in fields(made)]))
    said = f"{'预演：将' if dry_run else '已'}登记{kind.word} {made.code}（{_title(made)}）"
    out.done(said, entry_item(made), as_json=as_json)


def change(
    ctx: typer.Context, kind: Kind, code: str, changes: Mapping[str, object], *, dry_run: bool, as_json: bool
) -> None:
    """Changes an entry and says so. Raises UsageError where nothing was said to change."""
    if not changes:
        raise UsageError("没有写要改什么", hint=f"运行 eduops {kind.noun} change --help 看可以改的项")
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        entry, before = service.change_entry(work.session, kind, code, changes, port_of=find_ports(work))
        if before:
            kept = {name: _plain(value) for name, value in before.items() if name not in _UNSAID}
            work.changed(code, action="change", **_said(entry, before), before=kept)
    said = f"{kind.word} {code} {'已改动' if before else '本来就是这样，没有改动'}" + out.preview(dry_run)
    out.done(said, entry_item(entry), as_json=as_json)


def retire(ctx: typer.Context, kind: Kind, code: str, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Takes an entry out of care, after asking."""
    out.confirm(f"停用{kind.word} {code}？", yes=yes or dry_run)
    with door.work(ctx, dry_run=dry_run) as work:
        service.retire_entry(work.session, kind, code, now=work.now)
        work.changed(code, action="retire")
    said = f"{'预演：将' if dry_run else '已'}停用{kind.word} {code}"
    out.done(said, {"code": code, "retired_at": work.now}, as_json=as_json)


def find_ports(opened: door.Look) -> PortOf:
    """The SSH port of each host as remote.yaml has it, which is read only when somebody asks."""

    def find(code: str) -> int:
        # Late: most hosts have an address of their own.
        from eduops.remote.configuration import load_config, ssh_port

        return ssh_port(load_config(opened.home.path), code)

    return find


def build_columns(heads: Mapping[str, str], always: str, spare: str) -> tuple[out.Column, ...]:
    """The columns of a list: those that are always there, then those that a narrow screen goes without."""
    found = [out.Column(key, heads[key]) for key in always.split()]
    return (*found, *(out.Column(key, heads[key], spare=True, right=key == "port") for key in spare.split()))


def show(ctx: typer.Context, kind: Kind, code: str, heads: Mapping[str, str], *, as_json: bool) -> None:
    """Shows an entry. Raises NotFound."""
    with door.look(ctx) as look:
        item = get_item(look, kind, code)
    out.fields(item, heads, as_json=as_json)


def list_items(look: door.Look, kind: Kind, *, with_retired: bool) -> list[dict[str, object]]:
    """Every entry of a kind as a row."""
    rows = queries.list_rows(look.session, kind, with_retired=with_retired)
    entries = queries.list_entries_of(look.session, rows)
    return [_kept_item(row, entry) for row, entry in zip(rows, entries, strict=True)]


def get_item(look: door.Look, kind: Kind, code: str) -> dict[str, object]:
    """An entry as a row. Raises NotFound."""
    row = queries.get_row(look.session, kind, code)
    return _kept_item(row, queries.get_entry(look.session, kind, code))


def entry_item(entry: Entry) -> dict[str, object]:
    """An entry for people and programs."""
    item: dict[str, object] = {each.name: getattr(entry, each.name) for each in fields(entry)}
    return item | _texts(entry)


def _kept_item(row: Host | Service | Interface | Licence, entry: Entry) -> dict[str, object]:
    return {**entry_item(entry), "added_at": row.added_at, "retired_at": row.retired_at}


def _texts(entry: Entry) -> dict[str, object]:
    """The Chinese words of what is kept as English ones; a licence's kind is somebody's own word."""
    names = [*_CHOICES, *(["kind"] if kind_of(entry).noun == "service" else [])]
    return {
        f"{name}_text": word.say(name, str(getattr(entry, name))) for name in names if hasattr(entry, name)
    }


def _title(entry: Entry) -> str:
    return str(getattr(entry, "name", "") or getattr(entry, "product", ""))


def _said(entry: Entry, names: Iterable[str]) -> dict[str, object]:
    """What the log says of an entry's attributes."""
    values = {name: getattr(entry, name) for name in names if name != "code"}
    return {
        name: ("已改" if name in _UNSAID else _plain(value))
        for name, value in values.items()
        if value not in (None, "", (), False) or name not in _UNSAID
    }


def _plain(value: object) -> object:
    match value:
        case StrEnum():
            return value.value
        case date():
            return value.isoformat()
        case tuple():
            return list(value)
    return value


def given(**values: object) -> dict[str, object]:
    """What was said: the options that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def read_texts(changes: dict[str, object], names: Sequence[str]) -> None:
    """Turns an empty word into nothing, for what may be left unsaid."""
    for name in names:
        if changes.get(name) == "":
            changes[name] = None


def read_day(text: str | None, option: str) -> date | None:
    """The day of an option; an empty word is none."""
    return parse_day(text, option=option) if text and text.strip() else None


def read_whole(text: str | None, option: str) -> int | None:
    """The whole number of an option; an empty word is none. Raises UsageError."""
    plain = unicodedata.normalize("NFKC", text or "").strip()
    if not plain:
        return None
    if not (plain.isascii() and plain.isdigit() and len(plain) <= _MOST_DIGITS):
        raise UsageError(f"{option} 的值「{text}」不是整数", hint="写成 5432 的样子")
    return int(plain)


def read_codes(texts: Sequence[str] | None) -> tuple[str, ...] | None:
    """The codes of a repeated option, several in one word too; None where it was not said."""
    return None if texts is None else tuple(code for text in texts for code in split_codes(text))

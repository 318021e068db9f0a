"""What the commands over tickets share: words checked, one step recorded, a ticket as a row."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.instant import parse_as_of, parse_happened, parse_instant
from eduops.cli.row import plain_row
from eduops.core.errors import UsageError
from eduops.desk.models.ticket import Ticket
from eduops.desk.rules import word
from eduops.desk.rules.step import LATE_AFTER, Value
from eduops.desk.service import ticket as service


def plain_ref(ref: str) -> str:
    """A reference as it is kept: `con-2026-0001` and full-width letters are the same."""
    return unicodedata.normalize("NFKC", ref).strip().upper()


def plain_refs(refs: Sequence[str]) -> list[str]:
    """Several references as they are kept, each once."""
    return list(dict.fromkeys(map(plain_ref, refs)))


RefArgument = Annotated[
    str, typer.Argument(help="工单编号，如 INC-2026-0001。", metavar="编号", callback=plain_ref)
]
AtOption = Annotated[
    str | None, typer.Option("--at", help="何时发生，如 '2026-03-05 11:50' 或今天的 11:50；不写就是现在。")
]
_HIDDEN = ("id", "recurring_problem_id")


def take_step(
    ctx: typer.Context,
    ref: str,
    step: str,
    said: str,
    *,
    at: str | None,
    as_json: bool,
    dry_run: bool = False,
    values: Mapping[str, Value] | None = None,
) -> None:
    """Records one step and says so; `said` is what was recorded, in Chinese."""
    zone = door.contract(ctx).zone_info
    given = {name: value for name, value in (values or {}).items() if value}
    with door.work(ctx, dry_run=dry_run) as work:
        instant = parse_happened(at, now=work.now, zone=zone)
        ticket = service.take_step(
            work.session, ref, step, at=instant, now=work.now, actor=work.actor, zone=zone, values=given
        )
        row = ticket_row(ticket)
        shown = {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in given.items()
        }
        work.changed(ref, step=step, at=instant.isoformat(), **shown)
        late = work.now - instant > LATE_AFTER
    sentence = f"{ref} 已登记{said}：{out.text(instant)}" + ("（补录）" if late else "")
    out.done(sentence + out.preview(dry_run), row, as_json=as_json)


def parse_optional(
    ctx: typer.Context, text: str | None, option: str, *, day_end: bool = False
) -> datetime | None:
    """An instant that may be left out; a bare day is its end where `day_end`."""
    if text is None:
        return None
    parse = parse_as_of if day_end else parse_instant
    return parse(text, now=door.state(ctx).now, zone=door.contract(ctx).zone_info, option=option)


def ticket_row(ticket: Ticket) -> dict[str, object]:
    """A ticket's fields with their words in Chinese."""
    return {
        **plain_row(ticket, but=_HIDDEN),
        "kind_text": word.KINDS[ticket.kind],
        "impact_text": word.IMPACTS[ticket.impact],
        "cause_text": word.CAUSES[ticket.cause],
        "channel_text": word.CHANNELS.get(ticket.channel, ticket.channel),
    }


def check_word(option: str, said: str, known: Mapping[str, str], *, but: Iterable[str] = ()) -> None:
    """Raises UsageError, with every choice, where a word is not known."""
    choices = {key: text for key, text in known.items() if key not in but}
    if said not in choices:
        listed = "、".join(f"{key}（{text}）" for key, text in choices.items())
        raise UsageError(f"{option} 的值「{said}」不在可选范围", hint=f"可选：{listed}")

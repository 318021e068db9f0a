"""Tickets put into objects and rows of the ticket format, and changed in one field. Pure."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from eduops.contract.fact import Plan, TicketFact
from eduops.contract.instant import parse_instant
from eduops.contract.ticket_fact import FIELDS, PLAN_FIELDS
from eduops.contract.ticket_row import COLUMNS, HEADERS
from eduops.core.errors import InputError

HEADS = {name: head for head, name in reversed(list(HEADERS.items()))}
"""The Chinese head of each column, the first of those that are known."""


def build_object(fact: TicketFact, zone: ZoneInfo) -> dict[str, object]:
    """A ticket as one object of the .jsonl format, instants in `zone` with their offset; what is empty is left out."""

    def said(item: object) -> dict[str, object]:
        names = (field.name for field in fields(item))  # type: ignore[arg-type]  # one of our dataclasses
        plain = {name: _plain(getattr(item, name), zone) for name in names}
        return {
            name.replace("_at", "") if name in ("from_at", "to_at") else name: value
            for name, value in plain.items()
            if value
        }

    made = said(fact)
    if fact.plan is not None:
        made["plan"] = said(fact.plan)
    for name in ("exclusions", "reopened"):
        if getattr(fact, name):
            made[name] = [said(each) for each in getattr(fact, name)]
    return {name: made[name] for name in FIELDS if name in made}


def build_row(fact: TicketFact, zone: ZoneInfo) -> list[str | None]:
    """A ticket as one row of COLUMNS: local times, the two lists as JSON."""
    plan = fact.plan or Plan()
    made = build_object(fact, zone)
    row: list[str | None] = []
    for name in COLUMNS:
        if name in ("exclusions", "reopened"):
            row.append(json.dumps(made[name], ensure_ascii=False) if name in made else None)
            continue
        value = (
            getattr(plan, name[5:])
            if name[5:] in PLAN_FIELDS and name[:5] == "plan_"
            else getattr(fact, name)
        )
        row.append(_cell(value, zone))
    return row


def _cell(value: object, zone: ZoneInfo) -> str | None:
    match value:
        case datetime():
            return _local(value, zone)
        case None | False | "":
            return None
        case True:
            return "是"
    return str(value)


def _plain(value: object, zone: ZoneInfo) -> object:
    return _with_offset(value, zone) if isinstance(value, datetime) else value


def _local(at: datetime, zone: ZoneInfo) -> str:
    """The local time without its offset where it can be read back, else with it."""
    try:
        text = at.astimezone(zone).replace(tzinfo=None).isoformat(sep=" ")
        if parse_instant(text, zone) == at:
            return text
    except (OverflowError, InputError):
        pass
    return _with_offset(at, zone)


def _with_offset(at: datetime, zone: ZoneInfo) -> str:
    try:
        return at.astimezone(zone).isoformat()
    except OverflowError:
        return at.astimezone(UTC).isoformat()


def list_differences(
    known: TicketFact, told: TicketFact, zone: ZoneInfo, say: Callable[[str], str] = str
) -> list[str]:
    """The fields, named by `say`, in which a file says otherwise than what is known, with both values."""
    before, after = build_object(known, zone), build_object(told, zone)
    return [
        f"{say(name)}（已登记 {_shown(before.get(name))}，文件 {_shown(after.get(name))}）"
        for name in FIELDS
        if before.get(name) != after.get(name)
    ]


def _shown(value: object) -> str:
    if value in (None, ""):
        return "空"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_PATH = re.compile(r"(exclusions|reopened)\[(\d{1,4})\]\.(\w+)")


def change_object(fact: TicketFact, field: str, value: str, zone: ZoneInfo) -> dict[str, object]:
    """The ticket's object with one field changed: `responded_at`, `plan_deadline`, `exclusions[1].to`; empty clears.

    Raises InputError where there is no such field.
    """
    made = build_object(fact, zone)
    inner = _PATH.fullmatch(field)
    if inner:
        items = made.get(inner[1])
        number = int(inner[2])
        if not isinstance(items, list) or not 1 <= number <= len(items):
            raise _no_field(fact, field)
        items[number - 1] = {**items[number - 1], inner[3]: value}
    elif field.startswith("plan_") and field[5:] in PLAN_FIELDS:
        plan = made.get("plan")
        made["plan"] = {**(plan if isinstance(plan, Mapping) else {}), field[5:]: value}
    elif field in FIELDS and field not in ("ref", "plan", "exclusions", "reopened"):
        made[field] = value
    else:
        raise _no_field(fact, field)
    return made


def find_change(before: TicketFact, after: TicketFact, field: str, zone: ZoneInfo) -> tuple[object, object]:
    """What an object's field says before and after a change; None where it is empty."""

    def at(fact: TicketFact) -> object:
        made, inner = build_object(fact, zone), _PATH.fullmatch(field)
        if inner:
            items = made[inner[1]]
            return items[int(inner[2]) - 1].get(inner[3]) if isinstance(items, list) else None
        if field.startswith("plan_") and field[5:] in PLAN_FIELDS:
            plan = made.get("plan")
            return plan.get(field[5:]) if isinstance(plan, Mapping) else None
        return made.get(field)

    return at(before), at(after)


def _no_field(fact: TicketFact, field: str) -> InputError:
    return InputError(
        f"工单 {fact.ref} 没有可更正的字段「{field}」",
        hint=f"可更正：{'、'.join(name for name in COLUMNS if name not in ('ref', 'exclusions', 'reopened'))}，"
        "以及 exclusions[1].from/to/reason/agreed_by、reopened[1].reopened_at/resolved_at",
    )

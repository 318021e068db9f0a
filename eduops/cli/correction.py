"""`eduops correction`: data corrections on record (clause 2.10-2)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Annotated, TypedDict
from zoneinfo import ZoneInfo

import typer

from eduops.cli import door, out
from eduops.cli.actor import require_actor
from eduops.cli.instant import parse_happened
from eduops.cli.noun import Noun
from eduops.cli.row import plain_row
from eduops.cli.ticket_screen import AtOption
from eduops.cli.usage import typed_here
from eduops.desk import queries
from eduops.desk.models.quality import DataCorrection
from eduops.desk.rules.correction import STATES
from eduops.desk.service import correction as service

app = Noun("数据修正：申请、批准、执行、撤回的记录。")

RefArgument = Annotated[str, typer.Argument(help="数据修正的编号，如 COR-2026-0001。", metavar="编号")]


@app.verb(
    "request",
    example="eduops correction request --target 成绩表 --reason 断电写坏 --statement 把两条0分改回 --by 张老师（虚构）",
)
def request(
    ctx: typer.Context,
    target: Annotated[str, typer.Option(help="哪个系统的哪些数据。")],
    reason: Annotated[str, typer.Option(help="为什么要改：误操作、死机、断电等。")],
    statement: Annotated[str, typer.Option(help="怎样改，写清楚改什么。")],
    by: Annotated[str, typer.Option(help="甲方谁提出。")],
    ticket: Annotated[str, typer.Option(help="有关的工单编号。")] = "",
    at: AtOption = None,
    invented: out.InventedOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一项数据修正申请；须设 EDUOPS_ACTOR。"""
    with _acting(ctx, at, dry_run=dry_run) as (work, when):
        made = service.request(
            work.session, target=target, reason=reason, statement=statement, requested_by=by, ticket_ref=ticket,
            actor=work.actor, is_invented=invented, **when,
        )  # fmt: skip
        row = _row(made)
        work.changed(made.ref, step="request", target=target, reason=reason, statement=statement)
    out.done(f"已登记数据修正 {row['ref']}：{target}" + out.preview(dry_run), row, as_json=as_json)


@app.verb(
    "approve", example="eduops correction approve COR-2026-0001 --by 李主任（虚构） --document 数据修正单-1"
)
def approve(
    ctx: typer.Context,
    ref: RefArgument,
    by: Annotated[str, typer.Option(help="甲方谁批准。")],
    document: Annotated[str, typer.Option(help="批准的凭据，如单据编号。")] = "",
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记甲方的批准；须设 EDUOPS_ACTOR。"""
    with _acting(ctx, at, dry_run=dry_run) as (work, when):
        row = _row(service.approve(work.session, ref, approved_by=by, document=document, **when))
        work.changed(ref, step="approve", approved_by=by, document=document)
    out.done(f"{ref} 已由 {by} 批准" + out.preview(dry_run), row, as_json=as_json)


@app.verb(
    "apply",
    example="eduops correction apply COR-2026-0001 --before '{\"score\": 0}' --after '{\"score\": 81}' --undo 改回原值",
)
def apply(
    ctx: typer.Context,
    ref: RefArgument,
    before: Annotated[str, typer.Option(help="修正前的值，JSON 或文字。")],
    after: Annotated[str, typer.Option(help="修正后的值，JSON 或文字。")],
    undo: Annotated[str, typer.Option(help="怎样撤回。")],
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记已按批准执行：修正前后的值和撤回的办法；须设 EDUOPS_ACTOR。"""
    with _acting(ctx, at, dry_run=dry_run) as (work, when):
        made = service.apply(
            work.session, ref, before=_parse_value(before), after=_parse_value(after), undo=undo,
            applied_by=work.actor, **when,
        )  # fmt: skip
        row = _row(made)
        work.changed(ref, step="apply", before=made.before, after=made.after)
    out.done(f"{ref} 已登记执行" + out.preview(dry_run), row, as_json=as_json)


@app.verb("undo", example="eduops correction undo COR-2026-0001 --reason 改错了人")
def undo(
    ctx: typer.Context,
    ref: RefArgument,
    reason: Annotated[str, typer.Option(help="为什么撤回。")],
    at: AtOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记已撤回；须设 EDUOPS_ACTOR。"""
    with _acting(ctx, at, dry_run=dry_run) as (work, when):
        row = _row(service.undo(work.session, ref, reason=reason, undone_by=work.actor, **when))
        work.changed(ref, step="undo", reason=reason)
    out.done(f"{ref} 已登记撤回" + out.preview(dry_run), row, as_json=as_json)


@app.verb("list", example="eduops correction list --json")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出数据修正。"""
    with door.look(ctx) as look:
        rows = [_row(each) for each in queries.list_corrections(look.session)]
    columns = (
        out.Column("ref", "编号"),
        out.Column("target", "数据"),
        out.Column("reason", "原因"),
        out.Column("state_text", "状态"),
        out.Column("requested_at", "提出"),
        out.Column("applied_at", "执行", spare=True),
    )
    out.rows(rows, columns, as_json=as_json, title="数据修正", empty="没有数据修正。")


@app.verb("show", example="eduops correction show COR-2026-0001")
def show(ctx: typer.Context, ref: RefArgument, as_json: out.JsonOption = False) -> None:
    """查看一项数据修正的全部：原因、批准、前后的值、撤回的办法。"""
    with door.look(ctx) as look:
        row = _row(queries.get_correction(look.session, ref))
    heads = {
        "ref": "编号", "state_text": "状态", "target": "数据", "reason": "原因", "statement": "怎样改",
        "ticket_ref": "工单", "requested_by": "提出人", "requested_at": "提出", "approved_by": "批准人",
        "approved_at": "批准", "approval_document": "凭据", "applied_by": "执行人", "applied_at": "执行",
        "before": "修正前", "after": "修正后", "undo": "撤回办法", "undone_by": "撤回人", "undone_at": "撤回",
        "undo_reason": "撤回原因",
    }  # fmt: skip
    out.fields(row, heads, as_json=as_json)


class _When(TypedDict):
    """When a step happened, when it is written down, and the zone in which a refusal names instants."""

    at: datetime
    now: datetime
    zone: ZoneInfo


@contextmanager
def _acting(ctx: typer.Context, at: str | None, *, dry_run: bool) -> Iterator[tuple[door.Work, _When]]:
    """One step of a correction by somebody who is named. Raises NotAllowed without EDUOPS_ACTOR."""
    require_actor("数据修正")
    zone = door.contract(ctx).zone_info
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        yield work, {"at": parse_happened(at, now=work.now, zone=zone), "now": work.now, "zone": zone}


def _row(correction: DataCorrection) -> dict[str, object]:
    state = service.stand_of(correction).state
    return {**plain_row(correction), "state": state, "state_text": STATES[state]}


def _parse_value(text: str) -> object:
    """What was typed as JSON, or as it is where it is none (or says NaN, which no database keeps as JSON)."""
    with suppress(ValueError, RecursionError):
        value: object = json.loads(text, parse_constant=_refuse_constant)
        return value
    return text


def _refuse_constant(name: str) -> object:
    raise ValueError(name)

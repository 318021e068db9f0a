"""`eduops sla`: what the contract's figures come to, and the breach ledger."""

from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.instant import parse_as_of, parse_day
from eduops.cli.noun import Noun
from eduops.contract.engine import Evaluation
from eduops.contract.finding import Finding
from eduops.contract.schema import Contract
from eduops.core.errors import UsageError
from eduops.ledger import queries, service
from eduops.ledger.head import load_head, save_head

app = Noun("服务时限：评定、违约台账。")

FromOption = Annotated[str, typer.Option("--from", help="从哪天起（含），如 2026-07-01。")]
ToOption = Annotated[str, typer.Option("--to", help="到哪天止（含），如 2026-09-30。")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="截至哪个时刻的事实；只写日期指当天结束。不写就是现在。")
]
ProvisionalOption = Annotated[
    bool, typer.Option("--provisional", help="连同暂定的认定（原因未查明、节假日安排未公布）一起。")
]
CONSEQUENCES = {"breach": "违约", "obligation": "整改义务", "notice": "提示", "none": "—"}
_COLUMNS = (
    out.Column("clause", "条款"),
    out.Column("consequence_text", "性质"),
    out.Column("subject", "对象"),
    out.Column("text", "认定"),
    out.Column("counted", "计次", right=True),
)


@app.verb("evaluate", example="eduops sla evaluate --from 2026-07-01 --to 2026-09-30 --json")
def evaluate(
    ctx: typer.Context,
    from_: FromOption,
    to: ToOption,
    as_of: AsOfOption = None,
    as_json: out.JsonOption = False,
) -> None:
    """按合同评定一段时间：哪些时限没有做到，算几次违约。"""
    contract = door.contract(ctx)
    with door.look(ctx) as look:
        answer = _evaluate(look, contract, from_, to, as_of)
    if as_json:
        out.value(answer.to_json())
        return
    empty = "这段时间没有认定。"
    out.rows(_rows(answer.findings), _COLUMNS, as_json=False, title="认定", empty=empty)
    by_clause = "，".join(f"{clause} {count} 次" for clause, count in answer.by_clause.items())
    typer.echo(f"计违约 {answer.counted} 次（{by_clause}）" + ("；含暂定认定" if answer.provisional else ""))
    for ticket in answer.outside:
        out.warn(ticket.text)


@app.verb("review", example="eduops sla review --from 2026-07-01 --to 2026-09-30")
def review(
    ctx: typer.Context,
    from_: FromOption,
    to: ToOption,
    as_of: AsOfOption = None,
    provisional: ProvisionalOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """列出将要记入台账的认定，不写入。"""
    contract = door.contract(ctx)
    with door.look(ctx) as look:
        answer = _evaluate(look, contract, from_, to, as_of)
        findings = service.review(look.session, answer, with_provisional=provisional)
    out.rows(_rows(findings), _COLUMNS, as_json=as_json, title="待记入台账", empty="没有要记入台账的认定。")


@app.verb("post", example="eduops sla post --from 2026-07-01 --to 2026-09-30 --yes")
def post(
    ctx: typer.Context,
    from_: FromOption,
    to: ToOption,
    as_of: AsOfOption = None,
    provisional: ProvisionalOption = False,
    yes: out.YesOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """把违约和整改义务记入台账：记入后不改不删，重复记入不会多出记录。"""
    contract = door.contract(ctx)
    if not dry_run:
        out.confirm("记入台账后不能修改或删除，确定记入吗？", yes=yes)
    with door.work(ctx, dry_run=dry_run) as work:
        answer = _evaluate(work, contract, from_, to, as_of)
        entries = service.post(
            work.session,
            answer,
            kept=load_head(work.home.path),
            with_provisional=provisional,
            now=work.now,
            actor=work.actor,
        )
        head = service.head(work.session)
        rows = [entry.finding for entry in entries]
        for entry in entries:
            work.changed(entry.finding_key, ledger_entry=entry.id, counted=entry.counted)
    if not dry_run:
        save_head(door.state(ctx).home.path, head)
    said = f"记入台账 {len(entries)} 条，计违约 {sum(entry.counted for entry in entries)} 次"
    summary = {"posted": rows, "count": head.count, "head": head.hash, "dry_run": dry_run}
    out.done(
        said + ("（预演，未写入）" if dry_run else f"；台账共 {head.count} 条"), summary, as_json=as_json
    )


@app.verb("ledger", example="eduops sla ledger --json")
def ledger(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出违约台账。"""
    with door.look(ctx) as look:
        rows = [
            {
                **entry.model_dump(exclude={"finding"}),
                "consequence_text": CONSEQUENCES[entry.kind],
                "text": entry.finding["text"],
            }
            for entry in queries.list_entries(look.session)
        ]
    columns = (out.Column("id", "序号", right=True), *_COLUMNS, out.Column("posted_at", "记入", spare=True))
    out.rows(rows, columns, as_json=as_json, title="违约台账", empty="台账是空的。")


@app.verb("verify", example="eduops sla verify")
def verify(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """核对台账有没有被改动、删除或调换；有则退出码为 1。"""
    with door.look(ctx) as look:
        count, fault = service.verify(look.session, load_head(look.home.path))
        head = service.head(look.session)
    out.done(
        f"台账有问题：{fault}" if fault else f"台账完好：{count} 条，末条校验值 {head.hash[:16]}…",
        {"count": count, "head": head.hash, "fault": fault},
        as_json=as_json,
    )
    if fault:
        raise typer.Exit(1)


def _evaluate(look: door.Look, contract: Contract, from_: str, to: str, as_of: str | None) -> Evaluation:
    from_on, to_on = parse_day(from_, option="--from"), parse_day(to, option="--to")
    if to_on < from_on:
        raise UsageError(f"--to {to} 早于 --from {from_}", hint="检查两个日期")
    instant = parse_as_of(as_of, now=look.now, zone=contract.zone_info, option="--as-of")
    return service.evaluate_period(look.session, contract, from_on=from_on, to_on=to_on, as_of=instant)


def _rows(findings: tuple[Finding, ...] | list[Finding]) -> list[dict[str, object]]:
    return [
        {**finding.to_json(), "consequence_text": CONSEQUENCES[finding.consequence]} for finding in findings
    ]

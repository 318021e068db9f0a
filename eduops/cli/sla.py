"""`eduops sla`: what the contract's figures come to, and what is posted of it."""

import typer

from eduops.cli import door, out, sla_closing, sla_explain, sla_ledger, sla_status
from eduops.cli.noun import Noun
from eduops.cli.sla_screen import (
    DRAFT_COLUMNS,
    FINDING_COLUMNS,
    AsOfOption,
    FromOption,
    ProvisionalOption,
    ToOption,
    build_rows,
    explain_uncounted,
    parse_instant_of,
    parse_period,
)
from eduops.contract.period import day_of
from eduops.contract.schema import CONSEQUENCES
from eduops.ledger import service
from eduops.ledger.head import load_head, save_head

app = Noun("服务时限：评定、违约台账。")
for part in (sla_status, sla_explain, sla_ledger, sla_closing):
    app.add_typer(part.verbs)


@app.verb("evaluate", example="eduops sla evaluate --from 2026-07-01 --to 2026-09-30 --json")
def evaluate(
    ctx: typer.Context,
    from_: FromOption,
    to: ToOption,
    as_of: AsOfOption = None,
    as_json: out.JsonOption = False,
) -> None:
    """按合同评定一段时间：哪些时限没有做到，算几次违约。"""
    contract, (from_on, to_on) = door.contract(ctx), parse_period(from_, to)
    with door.look(ctx) as look:
        instant = parse_instant_of(as_of, contract, look.now)
        answer = service.evaluate_period(look.session, contract, from_on=from_on, to_on=to_on, as_of=instant)
    if as_json:
        out.value(answer.to_json())
    else:
        rows = [
            {**finding.to_json(), "consequence_text": CONSEQUENCES[finding.consequence]}
            for finding in answer.findings
        ]
        out.rows(rows, FINDING_COLUMNS, as_json=False, title="认定", empty="这段时间没有认定。")
        explain_uncounted(rows)
        by_clause = "，".join(f"{clause} {count} 次" for clause, count in answer.by_clause.items())
        guess = "；含暂定认定" if answer.provisional else ""
        out.say(f"计违约 {answer.counted} 次（{by_clause}）{guess}")
    for ticket in answer.outside:
        if from_on <= day_of(ticket.reported_at, contract.zone_info) <= to_on:
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
    """列出将要记入台账的：新的认定，以及事实更正后要撤销、更正的；不写入。"""
    contract, days = door.contract(ctx), parse_period(from_, to)
    with door.look(ctx) as look:
        answer = service.evaluate_term(
            look.session, contract, as_of=parse_instant_of(as_of, contract, look.now)
        )
        drafts = service.review(look.session, answer, days=days, with_provisional=provisional)
    rows = build_rows(drafts)
    out.rows(rows, DRAFT_COLUMNS, as_json=as_json, title="待记入台账", empty="没有要记入台账的。")
    if not as_json:
        explain_uncounted(rows)


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
    """把 sla review 所列的记入台账：记入后不改不删，重复记入不会多出记录。"""
    contract, days = door.contract(ctx), parse_period(from_, to)
    if not dry_run:
        out.confirm("记入台账后不能修改或删除，确定记入吗？", yes=yes)
    with door.work(ctx, dry_run=dry_run) as work:
        answer = service.evaluate_term(
            work.session, contract, as_of=parse_instant_of(as_of, contract, work.now)
        )
        entries = service.post(
            work.session,
            answer,
            kept=load_head(work.home.path),
            days=days,
            with_provisional=provisional,
            now=work.now,
            actor=work.actor,
        )
        head = service.head(work.session)
        if entries:
            work.changed("ledger", **service.summarise(entries))
    if not dry_run:
        save_head(door.state(ctx).home.path, head)
    corrections = sum(entry.refers_to is not None for entry in entries)
    said = f"记入台账 {len(entries)} 条" + (f"（其中撤销、更正 {corrections} 条）" if corrections else "")
    said += f"，新计违约 {sum(entry.counted for entry in entries if entry.refers_to is None)} 次"
    summary = {"posted": build_rows(entries), "count": head.count, "head": head.hash, "dry_run": dry_run}
    out.done(
        said + ("（预演，未写入）" if dry_run else f"；台账共 {head.count} 条"), summary, as_json=as_json
    )

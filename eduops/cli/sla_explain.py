"""`eduops sla explain`: why a ticket is judged as it is, in sentences."""

from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.cli.sla_screen import AsOfOption, parse_instant_of
from eduops.desk import queries as desk
from eduops.ledger import queries

verbs = Noun("说明。")


@verbs.verb("explain", example="eduops sla explain INC-2026-0001")
def explain(
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(help="工单编号，如 INC-2026-0001。", metavar="编号")],
    as_of: AsOfOption = None,
    as_json: out.JsonOption = False,
) -> None:
    """说明一张工单怎样评定：当天日历、现场时间、每段计时和停表、停机合并、各项认定及条款。"""
    # Here, because the screen of `sla status` is to come at once.
    from eduops.contract.explain import explain_ticket
    from eduops.contract.explain_text import render_explanation

    contract = door.contract(ctx)
    with door.look(ctx) as look:
        instant = parse_instant_of(as_of, contract, look.now)
        ticket = desk.get_fact(look.session, desk.get_ticket(look.session, ref))
        # Only stoppages and approved windows of other tickets reach into this one.
        others = queries.load_stoppage_tickets(look.session)
    explanation = explain_ticket(contract, ticket, as_of=instant, others=others)
    lines = render_explanation(explanation, contract.zone_info)
    if as_json:
        out.value({"ref": ref, "as_of": instant, "lines": lines, "explanation": explanation})
        return
    for line in lines:
        out.say(line)

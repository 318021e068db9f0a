"""`eduops sla ledger`, `waive`, `discharge`, `verify`: the breach ledger as it stands and what people add to it."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.actor import require_actor
from eduops.cli.instant import FromOption, ToOption, parse_day
from eduops.cli.noun import Noun
from eduops.cli.sla_screen import NumberArgument, explain_uncounted
from eduops.contract.clause_rule import clause_order
from eduops.contract.period import find_period, list_years
from eduops.contract.schema import Contract
from eduops.core.errors import UsageError
from eduops.ledger import closing, queries, service
from eduops.ledger.head import CLOSING_FILE, FILE, find_missing, load_head, save_head
from eduops.ledger.models import LedgerEntry
from eduops.ledger.rules import KINDS, STATES, Standing

verbs = Noun("违约台账。")

_COLUMNS = (
    out.Column("id", "序号", right=True),
    out.Column("clause", "条款"),
    out.Column("kind_text", "性质"),
    out.Column("state_text", "现状", style_key="style"),
    out.Column("counted", "计次", right=True),
    out.Column("told", "认定"),
)
_STYLES = {"waived": "dim", "revoked": "dim", "discharged": "green", "amended": "yellow"}


@verbs.verb("ledger", example="eduops sla ledger --year Y1 --json")
def ledger(
    ctx: typer.Context,
    from_: FromOption = None,
    to: ToOption = None,
    year: Annotated[str | None, typer.Option(help="只列这个合同年，如 Y1。")] = None,
    as_json: out.JsonOption = False,
) -> None:
    """列出违约台账：每条违约、整改义务的现状，以及各条款、各合同年的有效违约次数。"""
    contract = door.contract(ctx)
    with door.look(ctx) as look:
        entries = queries.list_entries(look.session)
        standings = queries.load_standings(look.session)
    chosen = _choose(contract, standings, from_, to, year)
    rows = _build_rows(contract, chosen, entries)
    out.rows(rows, _COLUMNS, as_json=as_json, title="违约台账", empty="台账里没有这样的记录。")
    if rows and not as_json:
        explain_uncounted(rows)
        _show_counts(contract, chosen)


@verbs.verb(
    "waive",
    example="eduops sla waive 3 --by 张主任（虚构） --document 信函〔2026〕12号 --reason 断电系院方施工所致",
)
def waive(
    ctx: typer.Context,
    number: NumberArgument,
    by: Annotated[str, typer.Option(help="甲方谁同意豁免，写姓名。")],
    document: Annotated[str, typer.Option(help="凭哪份文件，写文号。")],
    reason: Annotated[str, typer.Option(help="为什么豁免。")],
    yes: out.YesOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """豁免一条违约：不再计次，台账里仍然看得到；要有甲方姓名和文号。"""
    require_actor("豁免违约")
    if not dry_run:
        out.confirm(f"豁免记入后不能撤回，确定豁免第 {number} 条吗？", yes=yes)
    with door.work(ctx, dry_run=dry_run) as work:
        entry = service.waive(
            work.session,
            number,
            customer=by,
            document=document,
            reason=reason,
            kept=load_head(work.home.path),
            now=work.now,
            actor=work.actor,
        )
        work.changed(entry.finding_key, ledger_entry=entry.id, kind="waive", **entry.detail)
        head = service.head(work.session)
    if not dry_run:
        save_head(door.state(ctx).home.path, head)
    _say(f"第 {number} 条已豁免：{by}，{document}", entry, dry_run=dry_run, as_json=as_json)


@verbs.verb("discharge", example="eduops sla discharge 5 --figure 88.5 --document 会议纪要〔2026〕3号")
def discharge(
    ctx: typer.Context,
    number: NumberArgument,
    figure: Annotated[str | None, typer.Option(help="达标的数值，如 88.5；系统已算出的不用写。")] = None,
    document: Annotated[str, typer.Option(help="凭哪份文件，写文号；系统已算出的可以不写。")] = "",
    yes: out.YesOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """销掉一条整改义务：记下使它达标的数值，系统算得出就用算出的。"""
    contract = door.contract(ctx)
    if not dry_run:
        out.confirm(f"销项记入后不能撤回，确定销掉第 {number} 条吗？", yes=yes)
    with door.work(ctx, dry_run=dry_run) as work:
        answer = service.evaluate_term(work.session, contract, as_of=work.now)
        entry = service.discharge(
            work.session,
            number,
            obligations=answer.obligations,
            figure=_parse_figure(figure),
            document=document,
            as_of=work.now,
            kept=load_head(work.home.path),
            now=work.now,
            actor=work.actor,
        )
        work.changed(entry.finding_key, ledger_entry=entry.id, kind="discharge", **entry.detail)
        head = service.head(work.session)
    if not dry_run:
        save_head(door.state(ctx).home.path, head)
    _say(f"第 {number} 条已销项：{_note(entry)}", entry, dry_run=dry_run, as_json=as_json)


@verbs.verb("verify", example="eduops sla verify")
def verify(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """核对台账和结账记录有没有被改动、删除或调换；有则退出码为 1。"""
    with door.look(ctx) as look:
        count, fault = service.verify(look.session, load_head(look.home.path))
        head = None if fault else service.head(look.session).hash
        closings, wrong = closing.verify(look.session, load_head(look.home.path, CLOSING_FILE))
    faults = [each for each in (fault, wrong) if each]
    for rows, file in ((count, FILE), (closings, CLOSING_FILE)):
        missing = find_missing(look.home.path, rows, file)
        if missing and not faults:
            out.warn("；".join(missing))
    more = f"；结账记录 {closings} 条" if closings else ""
    out.done(
        f"台账有问题：{'；'.join(faults)}"
        if faults
        else f"台账完好：{count} 条，末条校验值 {str(head)[:16]}…{more}",
        {"count": count, "head": head, "fault": fault, "closings": closings, "closing_fault": wrong},
        as_json=as_json,
    )
    if faults:
        raise typer.Exit(1)


def _choose(
    contract: Contract, standings: list[Standing], from_: str | None, to: str | None, year: str | None
) -> list[Standing]:
    labels = [period.label for period in list_years(contract)]
    if year is not None and year not in labels:
        raise UsageError(f"--year 的值「{year}」不是合同年", hint=f"可选：{'、'.join(labels)}")
    from_on = parse_day(from_, option="--from") if from_ else None
    to_on = parse_day(to, option="--to") if to else None
    return [
        each
        for each in standings
        if (from_on is None or each.said.falls_on >= from_on)
        and (to_on is None or each.said.falls_on <= to_on)
        and year in (None, _year_of(contract, each))
    ]


def _year_of(contract: Contract, standing: Standing) -> str | None:
    period = find_period(list_years(contract), standing.said.falls_on)
    return period.label if period else None


def _build_rows(
    contract: Contract, standings: Sequence[Standing], entries: Sequence[LedgerEntry]
) -> list[dict[str, object]]:
    by_number = {entry.id: entry for entry in entries}
    rows = []
    for each in standings:
        first = by_number[each.number]
        trail = [by_number[number] for number in each.trail]
        rows.append(
            {
                **first.model_dump(exclude={"finding", "detail", "refers_to"}),
                "falls_on": each.said.falls_on,
                "year": _year_of(contract, each),
                "state": each.state,
                "counted": each.counted,
                "counted_as_posted": first.counted,
                "text": each.said.finding["text"],
                "trail": [entry.model_dump(exclude={"finding"}) for entry in trail],
                "kind_text": KINDS[first.kind],
                "state_text": STATES[each.state],
                "style": _STYLES.get(each.state, "red" if each.counted else ""),
                "told": "".join((str(each.said.finding["text"]), *map(_tell, trail))),
            }
        )
    return rows


def _tell(entry: LedgerEntry) -> str:
    return f"第 {entry.id} 条{KINDS[entry.kind]}：{_note(entry)}。"


def _note(entry: LedgerEntry) -> str:
    detail = entry.detail
    match entry.kind:
        case "waive":
            return f"{detail['customer']} 同意，{detail['document']}：{detail['reason']}"
        case "discharge":
            source = f"{detail['period']} 达标" if detail["period"] else str(detail["document"])
            return f"{detail['figure']:g}（{source}）"
        case "amend":
            return f"更正前计 {detail['counted_before']} 次"
        case _:
            return "事实更正后不再成立"


def _show_counts(contract: Contract, standings: Sequence[Standing]) -> None:
    counts = Counter(
        (each.said.clause, _year_of(contract, each)) for each in standings for _ in range(each.counted)
    )
    years = [period.label for period in list_years(contract)]
    rows = [
        {"clause": clause, "total": sum(counts[clause, label] for label in years)}
        | {label: counts[clause, label] for label in years}
        for clause in sorted({clause for clause, _ in counts}, key=clause_order)
    ]
    columns = (
        out.Column("clause", "条款"),
        *(out.Column(label, label, right=True) for label in years),
        out.Column("total", "合计", right=True),
    )
    title = f"有效违约共 {sum(counts.values())} 次"
    out.rows(rows, columns, as_json=False, title=title, empty="有效违约 0 次。")


def _parse_figure(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        figure = Decimal(text)
    except InvalidOperation:
        figure = Decimal("NaN")
    if not figure.is_finite():
        raise UsageError(f"--figure 的值「{text}」不是数", hint="写成 88.5 的样子")
    return figure


def _say(sentence: str, entry: LedgerEntry, *, dry_run: bool, as_json: bool) -> None:
    row = {**entry.model_dump(exclude={"finding"}), "dry_run": dry_run}
    out.done(sentence + ("（预演，未写入）" if dry_run else f"；记为第 {entry.id} 条"), row, as_json=as_json)

"""`eduops contract`: check, show and explain the contract file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.instant import parse_as_of, parse_day
from eduops.cli.noun import Noun
from eduops.contract.clause import explain_clause
from eduops.contract.clause_rule import clause_order
from eduops.contract.conflict import Conflict, list_conflicts
from eduops.contract.finding import Finding
from eduops.contract.loader import check_contract
from eduops.contract.schema import CONSEQUENCES, Contract
from eduops.contract.working_day import WorkingDays
from eduops.core.errors import Problem, UsageError

app = Noun("合同条款：核对、查看、解释。")

FromOption = Annotated[str, typer.Option("--from", help="从哪天起（含），如 2026-07-01。")]
ToOption = Annotated[str, typer.Option("--to", help="到哪天止（含），如 2026-09-30。")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="截至哪个时刻的事实；只写日期指当天结束。不写就是现在。")
]
_CONFLICT_COLUMNS = (
    out.Column("title", "议题（条款）"),
    out.Column("setting", "设置（policy）"),
    out.Column("text", "读法"),
    out.Column("in_force", "采用"),
    out.Column("counted", "计违约", right=True),
    out.Column("findings", "认定", right=True),
)


@app.verb("check", example="eduops contract check configs/contracts/remote-education-2024-2026.yaml")
def check(
    file: Annotated[Path, typer.Argument(help="合同文件（YAML）。", metavar="文件")],
    as_json: out.JsonOption = False,
) -> None:
    """核对一份合同文件，一次列出所有问题：文件、行、说明。有问题则退出码为 3。"""
    problems = check_contract(file)
    if as_json:
        out.value(
            [{"file": p.file, "line": p.line, "address": p.address, "message": p.message} for p in problems]
        )
    else:
        _say_problems(file, problems)
    if problems:
        raise typer.Exit(3)


def _say_problems(file: Path, problems: Sequence[Problem]) -> None:
    for problem in problems:
        out.say(str(problem))
    if problems:
        out.say(f"怎么办：按所列 {len(problems)} 处改正，再运行 eduops contract check {file}")
    else:
        out.say(f"{file}：没有问题。")
        out.say("下一步：放进数据目录的 contracts/，在 eduops.yaml 的 contract 写上它，再运行 eduops doctor")


@app.verb("show", example="eduops contract show --json")
def show(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """查看合同：期限、时区、现场时间和每一条款。"""
    contract = door.contract(ctx)
    if as_json:
        out.value(contract.model_dump(mode="json", by_alias=True))
        return
    last = contract.term.end_on
    summary = {
        "title": contract.title,
        "term": f"{contract.term.start} 起 {contract.term.years} 年（到 {last} 前一天止）",
        "zone": contract.zone,
        "working_days": _describe_days(contract),
        "programmes": len(contract.programmes),
        "campuses": [campus.name for campus in contract.campuses],
        "outside": f"{sum(len(body.members) or 1 for body in contract.outside_bodies)} 家",
    }
    heads = {
        "title": "合同",
        "term": "期限",
        "zone": "时区",
        "working_days": "工作日",
        "programmes": "院内培训",
        "campuses": "院区",
        "outside": "院外机构",
    }
    out.fields(summary, heads, as_json=False)
    rows = [
        {
            "number": number,
            "title": contract.clauses[number].title,
            "consequence": CONSEQUENCES[contract.clauses[number].consequence],
            "rules": list(contract.clauses[number].rules),
        }
        for number in sorted(contract.clauses, key=clause_order)
    ]
    columns = (
        out.Column("number", "条款"),
        out.Column("title", "内容"),
        out.Column("consequence", "后果"),
        out.Column("rules", "自动评定"),
    )
    out.rows(rows, columns, as_json=False, title="条款", empty="合同文件没有条款")


def _describe_days(contract: Contract) -> str:
    changes = contract.working_days
    single = len(changes.add) + len(changes.remove)
    years = "".join(f"；{each.year} 年按{each.source}" for each in changes.schedules)
    last = WorkingDays(changes).known_until()
    return f"放假安排已知到 {last}，另改动单日 {single} 天{years}"


@app.verb("explain", example="eduops contract explain 2.3")
def explain(
    ctx: typer.Context,
    clause: Annotated[str, typer.Argument(help="条款号，如 2.3 或 5.1(4)。", metavar="条款")],
    as_json: out.JsonOption = False,
) -> None:
    """解释一条：原文、数字、怎么算、没做到的后果。"""
    found = explain_clause(door.contract(ctx), clause)
    if as_json:
        out.value(found)
        return
    out.say(f"第 {found.number} 条　{found.title}（没做到：{CONSEQUENCES[found.consequence]}）\n")
    out.say(f"原文：{found.quote}\n")
    for name, value in found.parameters.items():
        out.say(f"  {name}：{value}")
    for rule in found.rules:
        figures = "，".join(f"{name} = {value.normalize():f}" for name, value in rule.figures.items())
        out.say(f"\n{rule.title}（{rule.rule}，{CONSEQUENCES[rule.consequence]}）{figures}")
        out.say(f"  {rule.how}")


@app.verb("conflicts", example="eduops contract conflicts --from 2026-07-01 --to 2026-09-30")
def conflicts(
    ctx: typer.Context,
    from_: FromOption,
    to: ToOption,
    as_of: AsOfOption = None,
    as_json: out.JsonOption = False,
) -> None:
    """列出合同没有写死的几处：两种读法、采用哪一种、一段时间在两种读法下各是什么结果。"""
    contract = door.contract(ctx)
    from_on, to_on = parse_day(from_, option="--from"), parse_day(to, option="--to")
    if to_on < from_on:
        raise UsageError(f"--to {to} 早于 --from {from_}", hint="检查两个日期")
    with door.look(ctx) as look:
        # Here, because checking and explaining a contract need no database.
        from eduops.ledger.queries import load_facts

        instant = parse_as_of(as_of, now=look.now, zone=contract.zone_info, option="--as-of")
        facts = load_facts(look.session, contract)
    found = list_conflicts(contract, facts, from_on=from_on, to_on=to_on, as_of=instant)
    if as_json:
        out.value([each.to_json() for each in found])
        return
    rows = [row for conflict in found for row in _conflict_rows(conflict)]
    out.rows(rows, _CONFLICT_COLUMNS, as_json=False, title="读法", empty="这份合同没有要选的读法。")
    for conflict in found:
        for reading in conflict.readings:
            for finding in conflict.list_own(reading):
                out.say(f"只在「{conflict.setting}: {reading.value}」下（{_weigh(finding)}）：{finding.text}")


def _weigh(finding: Finding) -> str:
    """What a finding is under its reading: the sentence alone may be the same under both."""
    counted = f"计 {finding.counted} 次" if finding.counted else "不计次"
    return f"{CONSEQUENCES[finding.consequence]}，{counted}"


def _conflict_rows(conflict: Conflict) -> list[dict[str, object]]:
    return [
        {
            "title": f"{conflict.title}（{'、'.join(conflict.clauses)}）"
            if reading is conflict.readings[0]
            else "",
            "setting": f"{conflict.setting}: {reading.value}",
            "text": reading.text,
            "in_force": "采用" if reading.is_in_force else "",
            "counted": reading.evaluation.counted,
            "findings": len(reading.evaluation.findings),
        }
        for reading in conflict.readings
    ]

"""`eduops contract`: check, show and explain the contract file."""

from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.contract.clause import explain_clause
from eduops.contract.clause_rule import clause_order
from eduops.contract.loader import check_contract

app = Noun("合同条款：核对、查看、解释。")

CONSEQUENCES = {"breach": "违约", "obligation": "整改义务", "notice": "提示", "none": "—"}


@app.verb("check", example="eduops contract check configs/contracts/remote-education-2024-2026.yaml")
def check(
    file: Annotated[Path, typer.Argument(help="合同文件（YAML）。")], as_json: out.JsonOption = False
) -> None:
    """核对一份合同文件，一次列出所有问题：文件、行、说明。有问题则退出码为 3。"""
    problems = check_contract(file)
    if as_json:
        out.value(
            [{"file": p.file, "line": p.line, "address": p.address, "message": p.message} for p in problems]
        )
    elif not problems:
        typer.echo(f"{file}：没有问题。")
    for problem in () if as_json else problems:
        typer.echo(str(problem))
    if problems:
        raise typer.Exit(3)


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
        "programmes": len(contract.programmes),
        "campuses": [campus.name for campus in contract.campuses],
        "outside": f"{sum(len(body.members) or 1 for body in contract.outside_bodies)} 家",
    }
    heads = {
        "title": "合同",
        "term": "期限",
        "zone": "时区",
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


@app.verb("explain", example="eduops contract explain 2.3")
def explain(
    ctx: typer.Context,
    clause: Annotated[str, typer.Argument(help="条款号，如 2.3 或 5.1(4)。")],
    as_json: out.JsonOption = False,
) -> None:
    """解释一条：原文、数字、怎么算、没做到的后果。"""
    found = explain_clause(door.contract(ctx), clause)
    if as_json:
        out.value(found)
        return
    typer.echo(f"第 {found.number} 条　{found.title}（没做到：{CONSEQUENCES[found.consequence]}）\n")
    typer.echo(f"原文：{found.quote}\n")
    for name, value in found.parameters.items():
        typer.echo(f"  {name}：{value}")
    for rule in found.rules:
        figures = "，".join(f"{name} = {value.normalize():f}" for name, value in rule.figures.items())
        typer.echo(f"\n{rule.title}（{rule.rule}，{CONSEQUENCES[rule.consequence]}）{figures}")
        typer.echo(f"  {rule.how}")

"""`eduops survey`: satisfaction surveys (clause 2.8)."""

from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.instant import FromOption, ToOption, parse_day
from eduops.cli.noun import Noun
from eduops.cli.row import plain_row
from eduops.cli.usage import typed_here
from eduops.core.errors import UsageError
from eduops.core.files import hash_file
from eduops.desk import queries
from eduops.desk.models.quality import Survey
from eduops.desk.rules import survey as rules
from eduops.desk.service import survey as service
from eduops.sheet.read import read_workbook

app = Noun("满意度：登记、导入、统计科室反馈。")


@app.verb("add", example="eduops survey add --department 护理部 --score 92 --comment 响应快")
def add(
    ctx: typer.Context,
    department: Annotated[str, typer.Option(help="哪个科室。")],
    score: Annotated[str | None, typer.Option(help="总分，0 到 100。")] = None,
    item: Annotated[
        list[str] | None, typer.Option(help="反馈表的一项，如 响应及时=95；可以写多个，总分取平均。")
    ] = None,
    on: Annotated[str | None, typer.Option(help="哪天填的，如 2026-03-05；不写就是今天。")] = None,
    respondent: Annotated[str, typer.Option(help="填表人。")] = "",
    comment: Annotated[str, typer.Option(help="意见。")] = "",
    invented: out.InventedOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一份满意度调查或科室使用情况反馈表。"""
    zone = door.contract(ctx).zone_info
    with door.work(ctx, dry_run=dry_run) as work:
        today = work.now.astimezone(zone).date()
        day = parse_day(on, option="--on") if on else today
        if day > today:
            raise UsageError(f"--on {on} 还没有到", hint="检查日期")
        with typed_here():
            new = rules.build_survey(
                day,
                score=rules.parse_score(score) if score is not None else None,
                items=dict(_parse_item(each) for each in item or ()),
                department=department,
                respondent=respondent,
                comment=comment,
            )
        row = _row(
            service.add_survey(work.session, new, now=work.now, actor=work.actor, is_invented=invented)
        )
        work.changed(f"{day}", department=department, score=str(new.score))
    said = f"已登记 {department} {day} 的满意度 {out.text(row['score'])} 分"
    out.done(said + out.preview(dry_run), row, as_json=as_json)


@app.verb("import", example="eduops survey import 满意度.xlsx")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="调查结果：xlsx、csv 等，有日期和得分两列。", metavar="文件")],
    invented: out.InventedOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """导入一个文件的调查结果：有一行错误就全部不写入；以前导入过的答卷不会重复计入。"""
    surveys = rules.read_surveys(read_workbook(file))
    sha256 = hash_file(file)
    with door.work(ctx, dry_run=dry_run) as work:
        result = service.import_surveys(
            work.session, surveys, sha256=sha256, now=work.now, actor=work.actor, is_invented=invented
        )
        if result.added:
            work.changed(file.name, added=result.added, known=result.known, sha256=sha256)
    said = f"{file.name} 共 {len(surveys)} 份：新增 {result.added}，以前导入过 {result.known}"
    if result.known and not result.added:
        said = f"{file.name} 的 {result.known} 份都已经导入过，没有改动"
    if result.alike:
        out.warn(
            f"{result.alike} 份不记名的和以前导入的完全相同，但文件里没有那次导入的全部答卷，按新的计入；"
            "如果是同一批，请用没有删改过的文件，先加 --dry-run 看"
        )
    item = {"file": str(file), "rows": len(surveys), **asdict(result), "dry_run": dry_run}
    out.done(said + out.preview(dry_run), item, as_json=as_json)


@app.verb("list", example="eduops survey list --from 2026-01-01 --to 2026-03-31 --json")
def list_(
    ctx: typer.Context, from_: FromOption = None, to: ToOption = None, as_json: out.JsonOption = False
) -> None:
    """列出满意度调查，按填写的先后。"""
    with door.look(ctx) as look:
        rows = [_row(survey) for survey in _load(look, from_, to)]
    columns = (
        out.Column("answered_on", "日期"),
        out.Column("department", "科室"),
        out.Column("score", "得分", right=True),
        out.Column("respondent", "填表人", spare=True),
        out.Column("comment", "意见"),
    )
    empty = "没有调查结果。登记：eduops survey add --department 科室 --score 分数"
    out.rows(rows, columns, as_json=as_json, title="满意度", empty=empty)


@app.verb("stats", example="eduops survey stats --from 2026-01-01 --to 2026-03-31")
def stats(
    ctx: typer.Context, from_: FromOption = None, to: ToOption = None, as_json: out.JsonOption = False
) -> None:
    """统计一段时间的满意度：份数、平均分、各科室平均分。"""
    with door.look(ctx) as look:
        surveys = _load(look, from_, to)
    found = service.build_stats(
        surveys,
        from_on=parse_day(from_, option="--from") if from_ else None,
        to_on=parse_day(to, option="--to") if to else None,
    )
    mean = "没有调查结果" if found.mean is None else f"平均 {found.mean} 分"
    parts = "；".join(f"{name} {score}" for name, score in found.departments.items())
    item = {
        "from": found.from_on, "to": found.to_on, "count": found.count, "mean": found.mean,
        "departments": dict(found.departments),
    }  # fmt: skip
    out.done(f"{found.count} 份，{mean}" + (f"（{parts}）" if parts else ""), item, as_json=as_json)


def _load(look: door.Look, from_: str | None, to: str | None) -> list[Survey]:
    from_on = parse_day(from_, option="--from") if from_ else None
    to_on = parse_day(to, option="--to") if to else None
    if from_on and to_on and to_on < from_on:
        raise UsageError(f"--to {to} 早于 --from {from_}", hint="检查两个日期")
    following = to_on + timedelta(days=1) if to_on else None
    return queries.list_surveys(look.session, from_on=from_on, to_on=following)


def _parse_item(text: str) -> tuple[str, Decimal]:
    name, equals, score = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--item 的值「{text}」写法不对", hint="写成 响应及时=95 的样子")
    return name.strip(), rules.parse_score(score)


def _row(survey: Survey) -> dict[str, object]:
    return plain_row(survey)

"""`eduops score`: results, statistics, exports."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.sheet.export import write_table
from eduops.training.queries import exam as queries
from eduops.training.rules import attempt as rules
from eduops.training.rules.score_table import build_score_table
from eduops.training.service import score as service

app = Noun("成绩：查询、统计、导出。")

RefArgument = Annotated[str, typer.Argument(help="考试编号，如 EXM-2026-0001。")]


@app.verb("list", example="eduops score list EXM-2026-0001 --json")
def list_(ctx: typer.Context, ref: RefArgument, as_json: out.JsonOption = False) -> None:
    """列出一场考试的成绩。"""
    with door.look(ctx) as look:
        exam = queries.get_exam(look.session, ref)
        scores = queries.list_scores(look.session, exam.id)
    rows = [{**asdict(score), "state_text": rules.STATES[score.state]} for score in scores]
    columns = (
        out.Column("tenant", "机构"),
        out.Column("staff_number", "工号"),
        out.Column("name", "姓名"),
        out.Column("department", "科室"),
        out.Column("state_text", "状态"),
        out.Column("points", "得分", right=True),
    )
    out.rows(rows, columns, as_json=as_json, title=f"{exam.ref} {exam.title}", empty="还没有人参加这场考试。")


@app.verb("stats", example="eduops score stats EXM-2026-0001 --json")
def stats(ctx: typer.Context, ref: RefArgument, as_json: out.JsonOption = False) -> None:
    """一场考试的人数、平均分、及格率。"""
    with door.look(ctx) as look:
        exam = queries.get_exam(look.session, ref)
        found = service.load_stats(look.session, exam)
    heads = {
        "attempts": "答卷", "graded": "已判分", "full_points": "满分", "average": "平均分", "highest": "最高分",
        "lowest": "最低分", "passed": "及格人数", "pass_percent": "及格率（%）",
    }  # fmt: skip
    out.fields({"exam": ref, "title": exam.title, **asdict(found)}, heads, as_json=as_json)


@app.verb("export", example="eduops score export EXM-2026-0001 --out 成绩.xlsx")
def export(
    ctx: typer.Context,
    ref: RefArgument,
    target: Annotated[Path, typer.Option("--out", help="写到哪个 xlsx 文件。")],
    as_json: out.JsonOption = False,
) -> None:
    """把一场考试的成绩导出为 Excel。"""
    with door.look(ctx) as look:
        exam = queries.get_exam(look.session, ref)
        scores = queries.list_scores(look.session, exam.id)
        found = service.load_stats(look.session, exam)
    table = build_score_table(
        exam.ref, exam.title, scores, found, pass_percent=exam.pass_percent, is_invented=exam.is_invented
    )
    write_table(target, [table])
    out.done(f"{len(scores)} 人的成绩已写到 {target}", {"file": target, "rows": len(scores)}, as_json=as_json)

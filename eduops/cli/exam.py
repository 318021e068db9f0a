"""`eduops exam`: scheduling, rehearsing and grading."""

from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.course_screen import warn_left
from eduops.cli.instant import FromOption, ToOption, parse_days, parse_instant
from eduops.cli.noun import Noun
from eduops.core.errors import UsageError
from eduops.training.queries import exam as queries
from eduops.training.queries import tenant as tenants
from eduops.training.service import attempt as attempts
from eduops.training.service import paper as service
from eduops.workflow.rehearsal import rehearse as rehearse_exam

app = Noun("考试：安排、演练、阅卷。")

_MOST_OPEN_MINUTES = 60 * 24 * 366

RefArgument = Annotated[str, typer.Argument(help="考试编号，如 EXM-2026-0001。")]


@app.verb(
    "schedule",
    example="eduops exam schedule --paper PAP-2026-0001 --programme basic-skills --title 三基考试 "
    "--opens '2026-03-05 14:00'",
)
def schedule(
    ctx: typer.Context,
    paper: Annotated[str, typer.Option(help="试卷编号。")],
    programme: Annotated[str, typer.Option(help="培训项目的代码或名称。")],
    title: Annotated[str, typer.Option(help="考试名称。")],
    opens: Annotated[str, typer.Option(help="开始时刻，如 '2026-03-05 14:00'。")],
    minutes: Annotated[int, typer.Option(help="作答时间（分钟）。", min=1, max=1440)] = 60,
    open_for: Annotated[
        int,
        typer.Option(help="从开始到关闭的分钟数；不写就是作答时间再加 30。", min=0, max=_MOST_OPEN_MINUTES),
    ] = 0,
    pass_percent: Annotated[int, typer.Option(help="及格线：满分的百分之几。", min=0, max=100)] = 60,
    invented: Annotated[bool, typer.Option("--invented", help="标明是演练用的虚构考试。")] = False,
    as_json: out.JsonOption = False,
) -> None:
    """安排一场考试。"""
    if open_for and open_for < minutes:
        raise UsageError(
            f"--open-for {open_for} 比作答时间 {minutes} 分钟还短", hint="加长 --open-for，或不写它"
        )
    zone = door.contract(ctx).zone_info
    with door.work(ctx) as work:
        opens_at = parse_instant(opens, now=work.now, zone=zone, option="--opens")
        owner = tenants.get_programme(work.session, programme)
        warn_left(ctx, owner)
        exam = service.schedule_exam(
            work.session,
            queries.get_paper(work.session, paper),
            owner,
            title=title,
            opens_at=opens_at,
            closes_at=opens_at + timedelta(minutes=open_for or minutes + 30),
            minutes_allowed=minutes,
            pass_percent=Decimal(pass_percent),
            now=work.now,
            is_invented=invented,
        )
        work.changed(exam.ref, paper=paper, programme=programme, opens_at=exam.opens_at.isoformat())
    said = f"{exam.ref} {title}：{out.text(exam.opens_at)} 至 {out.text(exam.closes_at)}，作答 {minutes} 分钟"
    out.done(said, exam.model_dump(), as_json=as_json)


@app.verb("list", example="eduops exam list --from 2026-07-01 --to 2026-09-30 --json")
def list_(
    ctx: typer.Context, from_: FromOption = None, to: ToOption = None, as_json: out.JsonOption = False
) -> None:
    """列出考试；可只看某段日子里开始的。"""
    from_at, to_at = parse_days(from_, to, zone=door.contract(ctx).zone_info)
    with door.look(ctx) as look:
        rows = [
            {
                **exam.model_dump(exclude={"id", "programme_id", "paper_id"}),
                "programme": programme,
                "paper": paper,
            }
            for exam, programme, paper in queries.list_exams(look.session, from_at=from_at, to_at=to_at)
        ]
    columns = (
        out.Column("ref", "编号"),
        out.Column("title", "名称"),
        out.Column("programme", "培训项目"),
        out.Column("paper", "试卷", spare=True),
        out.Column("opens_at", "开始"),
        out.Column("closes_at", "关闭", spare=True),
        out.Column("minutes_allowed", "分钟", right=True),
    )
    out.rows(rows, columns, as_json=as_json, title="考试", empty="还没有考试。安排：eduops exam schedule")


@app.verb("rehearse", example="eduops exam rehearse EXM-2026-0001 --learners 200 --seed 7")
def rehearse(
    ctx: typer.Context,
    ref: RefArgument,
    learners: Annotated[int, typer.Option(help="多少名虚构学员参加。", min=1, max=5000)] = 200,
    seed: Annotated[int, typer.Option(help="随机种子。", min=0, max=out.LARGEST_SEED)] = 1,
    as_json: out.JsonOption = False,
) -> None:
    """演练：虚构学员逐题作答，每个答案单独落盘，最后全部读回比对；有丢失则退出码为 1。"""
    with out.progress("演练作答", learners) as advance:
        result = rehearse_exam(door.store(ctx), ref, learners=learners, seed=seed, advance=advance)
    with door.work(ctx) as work:
        work.changed(ref, rehearsal=asdict(result))
    said = f"{ref} 演练：{result.attempts} 人作答，保存 {result.saved} 个答案，"
    said += f"读回 {result.found} 个，丢失 {result.lost} 个"
    out.done(said, {"exam": ref, **asdict(result)}, as_json=as_json)
    if result.lost:
        raise typer.Exit(1)


@app.verb("grade", example="eduops exam grade EXM-2026-0001")
def grade(ctx: typer.Context, ref: RefArgument, as_json: out.JsonOption = False) -> None:
    """阅卷：客观题自动判分；有主观题的答卷等待人工。"""
    with door.work(ctx) as work:
        exam = queries.get_exam(work.session, ref)
        result = attempts.grade_exam(work.session, exam, now=work.now)
        work.changed(ref, graded=result.graded, waiting=result.waiting)
    said = f"{ref} 阅卷：判分 {result.graded} 份，等待人工 {result.waiting} 份"
    out.done(said, {"exam": ref, **asdict(result)}, as_json=as_json)

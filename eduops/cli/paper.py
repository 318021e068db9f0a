"""`eduops paper`: drawing papers from banks."""

from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.training.queries import bank as banks
from eduops.training.queries import exam as queries
from eduops.training.rules import paper as rules
from eduops.training.service import paper as service

app = Noun("试卷：按组卷方案抽题。")


@app.verb(
    "build",
    example="eduops paper build --bank 核心制度 --title 三基考试A卷 --take single=20:2 --take true_false=10:1",
)
def build(
    ctx: typer.Context,
    bank: Annotated[str, typer.Option(help="题库名称。")],
    title: Annotated[str, typer.Option(help="试卷标题。")],
    take: Annotated[
        list[str],
        typer.Option(
            help="抽什么：类型=数量:每题分值，可写多次。类型有 single、multiple、true_false、blank、shared_stem、"
            "shared_options、short_answer、case_analysis；后面带组的按组抽，一组不拆开。"
        ),
    ],
    seed: Annotated[
        int, typer.Option(help="随机种子：同一题库、方案和种子抽出同一份卷。", min=0, max=out.LARGEST_SEED)
    ] = 1,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """按组卷方案从题库抽一份试卷，固定每道题的版本。"""
    blueprint = [rules.parse_part(text) for text in take]
    with door.work(ctx, dry_run=dry_run) as work:
        owner = banks.get_bank(work.session, bank)
        paper = service.build_paper(
            work.session, owner, blueprint, title=title, seed=seed, now=work.now, actor=work.actor
        )
        items = queries.load_items(work.session, paper.id)
        work.changed(paper.ref, bank=bank, seed=seed, items=len(items))
    said = f"{paper.ref} {title}：{len(items)} 题，满分 {paper.points.normalize():f} 分，种子 {seed}"
    out.done(
        said + ("（预演，未写入）" if dry_run else ""),
        {**paper.model_dump(), "items": len(items)},
        as_json=as_json,
    )


@app.verb("list", example="eduops paper list --json")
def list_(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出试卷。"""
    with door.look(ctx) as look:
        rows = [
            {**paper.model_dump(exclude={"id", "bank_id"}), "bank": bank, "items": items}
            for paper, bank, items in queries.list_papers(look.session)
        ]
    columns = (
        out.Column("ref", "编号"),
        out.Column("title", "标题"),
        out.Column("bank", "题库"),
        out.Column("items", "题数", right=True),
        out.Column("points", "满分", right=True),
        out.Column("made_at", "组卷时间"),
    )
    out.rows(rows, columns, as_json=as_json, title="试卷", empty="还没有试卷。组卷：eduops paper build")


@app.verb("show", example="eduops paper show PAP-2026-0001 --json")
def show(
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(help="试卷编号，如 PAP-2026-0001。")],
    as_json: out.JsonOption = False,
) -> None:
    """查看一份试卷的题目（不含答案；答案在 JSON 里）。"""
    with door.look(ctx) as look:
        paper = queries.get_paper(look.session, ref)
        rows = [
            {
                "number": item.number,
                "kind_text": rules.KINDS[item.question.type.value],
                "points": item.points,
                "stem": item.question.stem,
                "options": item.question.options,
                "key": item.question.key,
            }
            for item in queries.load_items(look.session, paper.id)
        ]
    columns = (
        out.Column("number", "题号", right=True),
        out.Column("kind_text", "题型"),
        out.Column("points", "分值", right=True),
        out.Column("stem", "题干"),
    )
    out.rows(rows, columns, as_json=as_json, title=f"{paper.ref} {paper.title}", empty="试卷没有题目")

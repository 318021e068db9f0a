"""`eduops bank revise|history`: questions corrected, and what they said before."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.sheet.read import read_workbook
from eduops.training.queries import bank as queries
from eduops.training.rules.bank_revision import CHANGED_NAMES
from eduops.training.rules.bank_word import TYPE_NAMES
from eduops.training.rules.question import QuestionType
from eduops.training.service import bank_revision as service

verbs = Noun("题目的修订。")
_MOST_NUMBERS = 200


@verbs.verb("revise", example="eduops bank revise 三基题库.改.xlsx --bank 三基题库")
def revise(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="bank export 导出后改过的文件；按「题库题号」认题。", metavar="文件")
    ],
    bank: Annotated[str, typer.Option(help="修订哪个题库。")],
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """改正题库里的题：每道改动的题成为新的修订，已组好的试卷仍用原来的；有一处错误就一道都不改。"""
    workbook = read_workbook(file)
    rows = sum(len(sheet.rows) for sheet in workbook.sheets)
    with out.progress(f"修订 {file.name}", rows) as advance, door.work(ctx, dry_run=dry_run) as work:
        result = service.revise_bank(work.session, workbook, bank_name=bank, now=work.now, progress=advance)
        if result.revised:
            work.changed(
                f"bank {bank}",
                file=file.name,
                revised=result.revised,
                numbers=list(result.numbers[:_MOST_NUMBERS]),
            )
    parts = "，".join(f"{CHANGED_NAMES[part]} {count}" for part, count in result.by_part.items())
    said = f"{file.name} 共 {result.rows} 题：改动 {result.revised}" + (f"（{parts}）" if parts else "")
    said += f"，未变 {result.unchanged}" + out.preview(dry_run)
    out.done(said, {"file": str(file), "bank": bank, **asdict(result)}, as_json=as_json)


@verbs.verb("history", example="eduops bank history 三基题库 12")
def history(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="题库名称。", metavar="题库")],
    number: Annotated[
        int,
        typer.Argument(
            help="题库里的第几题：bank export 第一列「题库题号」# 后面的数。", metavar="题号", min=1
        ),
    ],
    as_json: out.JsonOption = False,
) -> None:
    """列出一道题的历次修订：题干、选项、答案各说了什么。"""
    with door.look(ctx) as look:
        bank = queries.get_bank(look.session, name)
        rows = [
            {
                **each.model_dump(exclude={"question_id", "fingerprint", "stem_fingerprint"}),
                "type_text": TYPE_NAMES[QuestionType(each.type)],
                "key_text": "、".join(";".join(slot) for slot in each.key),
            }
            for each in queries.list_revisions(look.session, bank.id, number)
        ]
    columns = (
        out.Column("revision", "修订", right=True),
        out.Column("made_at", "时间"),
        out.Column("type_text", "题型"),
        out.Column("stem", "题干"),
        out.Column("options", "选项"),
        out.Column("key_text", "答案"),
    )
    out.rows(rows, columns, as_json=as_json, title=f"题库「{name}」第 {number} 题", empty="")

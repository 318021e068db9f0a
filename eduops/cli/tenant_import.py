"""`eduops tenant import`: many hospitals and their rosters in one go."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.cli.roster_screen import load_roster, tell
from eduops.core.errors import InputError, Problem
from eduops.sheet.read import read_workbook
from eduops.training.rules.hospital_sheet import HospitalSheet, match_rosters, read_hospitals
from eduops.training.rules.roster import Roster
from eduops.training.service import onboarding as service

verbs = Noun("机构的批量登记。")
_CHANGES = {"added": "新增", "changed": "更新", "unchanged": "未变"}


@verbs.verb("import", example="eduops tenant import 合作医院.xlsx --rosters 名册目录")
def import_(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="医院清单：xlsx、xls、csv 等，至少有机构名称。", metavar="文件")
    ],
    rosters: Annotated[
        Path | None,
        typer.Option(help="放名册的目录；名册按清单的「名册」列或文件名（机构名称、代码）对应。"),
    ] = None,
    invented: Annotated[bool, typer.Option("--invented", help="标明学员是虚构的（演示用）。")] = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """批量登记医院和名册：有一处错误就全部不写入；同样的文件再运行一次，什么都不会变。"""
    sheet = _load(file)
    matched = _load_rosters(file, sheet, rosters)
    if sheet.form.unused:
        out.warn(f"{file.name} 有没认出的列，没有用：{'、'.join(sheet.form.unused)}")
    with out.progress("登记机构", len(sheet.hospitals)) as advance, door.work(ctx, dry_run=dry_run) as work:
        result = service.onboard(
            work.session, sheet, matched, file=file.name, cipher=door.cipher(work), now=work.now,
            actor=work.actor, is_invented=invented, progress=advance,
        )  # fmt: skip
        if result.is_new:
            work.changed(
                file.name,
                tenants={change: result.count(change) for change in _CHANGES},
                learners={"added": result.learners_added, "changed": result.learners_changed},
            )
    counts = "，".join(f"{word} {result.count(change)}" for change, word in _CHANGES.items())
    said = f"{file.name} 共 {len(result.tenants)} 家机构：{counts}；学员新增 {result.learners_added}，"
    said += f"更新 {result.learners_changed}"
    said += "" if result.is_new else "。与已登记的完全相同，什么都没有变"
    without = [each.name for each in result.tenants if each.roster is None]
    if rosters is not None and without:
        out.warn(f"{len(without)} 家没有名册：{'、'.join(without[:10])}{' 等' if len(without) > 10 else ''}")
    for each in result.tenants:
        if each.roster is not None and not as_json:
            tell(each.roster, where=f"{each.name}：", is_one_of_many=True)
    out.done(said + out.preview(dry_run), {"file": str(file), **asdict(result)}, as_json=as_json)


def _load(file: Path) -> HospitalSheet:
    sheet = read_hospitals(read_workbook(file))
    if sheet is None:
        raise InputError(
            f"{file} 里找不到医院清单：没有含机构名称、以及类别、合同编号、人数、到期日期或联系人之一的表头",
            hint="检查表头行；列名可用：机构名称、类别、上级单位、合同编号、人数、开始日期、到期日期、联系人、联系电话、名册",
        )
    return sheet


def _load_rosters(file: Path, sheet: HospitalSheet, folder: Path | None) -> dict[int, tuple[str, Roster]]:
    """Row → its roster. Raises InputError with everything that keeps a file from being somebody's roster."""
    if folder is None:
        named = [each.name for each in sheet.hospitals if each.roster is not None]
        if named:
            out.warn(f"清单写了 {len(named)} 家的名册，但没有用 --rosters 给出放名册的目录，名册没有导入")
        return {}
    files, others = service.list_files(folder)
    matched = match_rosters(sheet.hospitals, files)
    problems = [Problem(str(path), "", "不是文件（子目录里的名册请移上来），没有读") for path in others]
    # The roster of a row that has errors of its own is not nobody's.
    problems += [
        Problem(str(path), "", "对不上清单里的任何一家；改成机构的名称或代码，或写进清单的「名册」列")
        for path in (() if sheet.errors else matched.left)
    ]
    problems += [
        Problem(file.name, f"第 {each.row} 行", f"名册「{each.roster}」不在 {folder} 里", each.row)
        for each in matched.missing
    ]
    problems += [
        Problem(file.name, f"第 {each.row} 行", f"有 {len(mine)} 份名册：{_names(mine)}；留下一份", each.row)
        for each, mine in matched.several
    ]
    rosters: dict[int, tuple[str, Roster]] = {}
    for row, path in matched.found.items():
        try:
            rosters[row] = path.name, load_roster(path)
        except InputError as error:
            problems += error.problems or [Problem(path.name, "", error.message)]
    if problems:
        raise InputError(
            f"名册有 {len(problems)} 处问题，什么都没有写入", hint="改正后再运行一次", problems=problems
        )
    return rosters


def _names(paths: Sequence[Path]) -> str:
    return "、".join(path.name for path in paths)

"""Rosters on screen: loaded, marked, and what became of one told."""

from collections.abc import Sequence
from pathlib import Path

from eduops.cli import out
from eduops.core.errors import InputError
from eduops.sheet.mark import write_marked_copy
from eduops.sheet.read import read_workbook
from eduops.sheet.workbook import Mark, Workbook, column_index
from eduops.training.rules.department import Proposal
from eduops.training.rules.roster import VOCABULARY, Roster, read_roster
from eduops.training.service.roster import Double, RosterResult

_MOST_SHOWN = 10
_BY = {"phone": "手机号", "id_number": "身份证号"}


def load_roster(file: Path) -> Roster:
    """The roster in a file. Raises InputError where no sheet of it is one."""
    return find_roster(read_workbook(file))


def find_roster(workbook: Workbook) -> Roster:
    """The roster in a workbook. Raises InputError where no sheet of it is one."""
    roster = read_roster(workbook)
    if roster is None:
        raise InputError(
            f"{workbook.path} 里找不到名册：没有同时含姓名和工号（或邮箱、身份证号、手机号）的表头",
            hint="检查表头行，或换一个文件",
        )
    return roster


def warn_unused(file: Path, roster: Roster) -> None:
    """Names the columns whose content does not go in."""
    if roster.unused:
        known = "、".join(names[0] for names in VOCABULARY.values())
        out.warn(
            f"{file.name} 的工作表「{roster.sheet}」第 {roster.header_row} 行有没认出的列，其内容不会导入："
            f"{'、'.join(roster.unused)}。其中有要导入的，就把列名改成 {known} 之一，再导入一次"
        )


def write_marked(workbook: Workbook, roster: Roster, target: Path, error: InputError) -> None:
    """Writes a copy of the workbook with the wrong cells of a refused roster marked."""
    marks = []
    for problem in error.problems:
        sheet, _, cell = problem.address.rpartition("!")
        letters = cell.rstrip("0123456789")
        column = column_index(letters) if letters else None
        marks.append(Mark(sheet, problem.line or roster.header_row, column, problem.message))
    write_marked_copy(
        workbook, target, marks=marks, summary=[error.message], header_rows={roster.sheet: roster.header_row}
    )


def tell(result: RosterResult, *, where: str = "", is_one_of_many: bool = False) -> None:
    """Warns of what a person has to look at: doubles, people who left, departments nobody knows."""
    _warn_some(
        where,
        "可能是同一个人（没有合并，核对后用 learner merge）",
        [_double(each) for each in result.doubles],
    )
    _warn_some(where, "在名册上，但这里不在册，没有改动（恢复用 learner resume）", result.inactive)
    if result.absent and not result.suspended:
        count = len(result.absent)
        how = "用 learner import --suspend-absent 停用" if is_one_of_many else "加 --suspend-absent 停用"
        out.warn(f"{where}有 {count} 名在册学员不在这份名册上；确已离开的，{how}")
    _warn_some(
        where,
        "科室名称不在科室字典里（用 learner department confirm 确认）",
        [_proposal(each) for each in result.proposals],
    )


def _warn_some(where: str, what: str, lines: Sequence[str]) -> None:
    if lines:
        rest = f" … 共 {len(lines)} 处，--json 看全部" if len(lines) > _MOST_SHOWN else ""
        out.warn(f"{where}{what}：{'；'.join(lines[:_MOST_SHOWN])}{rest}")


def _double(double: Double) -> str:
    return f"第 {double.row} 行 {double.name} 与 {double.other} {_BY[double.by]}相同"


def _proposal(proposal: Proposal) -> str:
    likely = f"，可能是 {'、'.join(proposal.departments)}" if proposal.departments else ""
    return f"{proposal.spelling}（{proposal.people} 人{likely}）"

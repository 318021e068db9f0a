"""Reading a roster: which columns mean what, and what each row says of a learner."""

from collections.abc import Sequence
from dataclasses import dataclass

from eduops.sheet.header import Header, find_header
from eduops.sheet.workbook import Sheet, Workbook, address, cell_text, column_letters, has_lost_digits

CATEGORIES = {
    "resident": "住培生",
    "commissioned": "委培生",
    "postgraduate": "研究生",
    "doctoral": "博士生",
    "postdoctoral": "博士后",
    "undergraduate": "本科生",
    "licensed_physician": "执业医师",
    "doctor": "医生",
    "nurse": "护士",
    "pharmacist": "药师",
    "technician": "医技",
    "tutor": "导师",
}
"""The categories of people that the contract and the hospital know, stored word → Chinese."""

VOCABULARY: dict[str, Sequence[str]] = {
    "tenant": ("机构", "单位", "医院", "机构名称", "单位名称", "所在单位", "院区"),
    "staff_number": ("工号", "学号", "职工号", "员工编号", "编号"),
    "name": ("姓名", "真实姓名", "学员姓名"),
    "category": ("人员类别", "类别", "身份", "角色"),
    "department": ("科室", "部门", "所在科室", "所在护理单元"),
    "title": ("职称",),
}
_BY_CHINESE = {chinese: word for word, chinese in CATEGORIES.items()}


@dataclass(frozen=True, slots=True)
class LearnerRow:
    """One person as a roster's row names them; `tenant` is None where the roster has no such column."""

    row: int
    tenant: str | None
    staff_number: str
    name: str
    category: str | None
    department: str | None
    title: str | None


@dataclass(frozen=True, slots=True)
class RowError:
    """One wrong cell of a roster: `row` as Excel counts, `column` its letters."""

    sheet: str
    row: int
    column: str
    code: str
    message: str

    @property
    def place(self) -> str:
        return f"{self.sheet}!{self.column}{self.row}"


@dataclass(frozen=True, slots=True)
class Roster:
    """What a workbook says: people, wrong cells, and where both were found."""

    sheet: str
    header_row: int
    columns: dict[str, str]
    learners: tuple[LearnerRow, ...]
    errors: tuple[RowError, ...]


def read_roster(workbook: Workbook) -> Roster | None:
    """The first visible sheet with a header that names a staff number and a name; None where there is none."""
    for sheet in workbook.sheets:
        header = find_header(sheet, VOCABULARY, required=("staff_number", "name")) if sheet.visible else None
        if header:
            return _read_sheet(sheet, header)
    return None


def _read_sheet(sheet: Sheet, header: Header) -> Roster:
    learners: list[LearnerRow] = []
    errors: list[RowError] = []
    seen: dict[tuple[str | None, str], int] = {}
    for number, cells in sheet.numbered_rows(header.row + 1):
        if not any(cell_text(cell).strip() for cell in cells):
            continue
        learner, wrong = _read_row(sheet, header, number)
        first = seen.setdefault((learner.tenant, learner.staff_number), number)
        if first != number and learner.staff_number:
            wrong.append(
                _error(sheet, header, number, "staff_number", "duplicate", f"工号与第 {first} 行重复")
            )
        errors += wrong
        if not wrong:
            learners.append(learner)
    columns = {field: column_letters(column) for field, column in header.columns.items()}
    return Roster(sheet.name, header.row, columns, tuple(learners), tuple(errors))


def _read_row(sheet: Sheet, header: Header, number: int) -> tuple[LearnerRow, list[RowError]]:
    text = {field: cell_text(sheet.cell(number, column)).strip() for field, column in header.columns.items()}
    errors = [
        _error(sheet, header, number, field, "missing", f"缺少{label}")
        for field, label in (("staff_number", "工号"), ("name", "姓名"))
        if not text[field]
    ]
    if has_lost_digits(sheet.cell(number, header.columns["staff_number"])):
        message = "工号是超过 15 位的数字，Excel 已丢失末位；请把该列设为文本重新填写"
        errors.append(_error(sheet, header, number, "staff_number", "lost_digits", message))
    category = _BY_CHINESE.get(text.get("category", ""))
    if text.get("category") and category is None:
        message = f"人员类别「{text['category']}」不在 {'、'.join(_BY_CHINESE)} 之内"
        errors.append(_error(sheet, header, number, "category", "unknown_category", message))
    return LearnerRow(
        row=number,
        tenant=text.get("tenant") or None,
        staff_number=text["staff_number"],
        name=text["name"],
        category=category,
        department=text.get("department") or None,
        title=text.get("title") or None,
    ), errors


def _error(sheet: Sheet, header: Header, row: int, field: str, code: str, message: str) -> RowError:
    letters = address(row, header.columns[field]).rstrip("0123456789")
    return RowError(sheet.name, row, letters, code, message)


def missing_tenant(roster: Roster, learner: LearnerRow, message: str) -> RowError:
    """The error of a row whose tenant is not known."""
    return RowError(roster.sheet, learner.row, roster.columns.get("tenant", "A"), "unknown_tenant", message)

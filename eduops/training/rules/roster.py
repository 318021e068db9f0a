"""Reading a roster: which columns mean what, and what each row says of a learner."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from eduops.sheet.workbook import Workbook, column_letters
from eduops.training.rules import identity
from eduops.training.rules.category import CATEGORIES, find_category
from eduops.training.rules.form import Form, FormRow, RowError, is_filled, iterate_rows, list_forms

VOCABULARY: dict[str, Sequence[str]] = {
    "tenant": ("机构", "单位", "医院", "机构名称", "单位名称", "所在单位", "所属机构", "院区"),
    "staff_number": (
        *("工号", "学号", "职工号", "员工编号", "员工号", "人员编号", "编号"),
        *("用户名", "账号", "登录名", "登录账号"),
    ),
    "name": ("姓名", "真实姓名", "学员姓名", "人员姓名"),
    "category": ("人员类别", "类别", "身份", "人员类型", "学员类别"),
    "department": ("科室", "部门", "所在科室", "科室名称", "所在护理单元", "护理单元"),
    "title": ("职称", "专业技术职称"),
    "level": ("层级", "护士层级", "护理层级", "能级", "护士能级"),
    "phone": ("手机号", "手机号码", "手机", "联系电话", "电话", "移动电话", "电话号码"),
    "id_number": ("身份证号", "身份证号码", "身份证", "公民身份号码", "证件号", "证件号码"),
    "email": ("邮箱", "电子邮箱", "电子邮件", "email", "e-mail"),
}
MOST_CHARACTERS = {"staff_number": 64, "name": 100, "department": 200, "title": 200}
"""What the tables hold."""

_IDENTITIES = ("staff_number", "email", "id_number", "phone")
_NAMES = {"staff_number": "工号", "name": "姓名", "email": "邮箱", "id_number": "身份证号", "phone": "手机号"}
_NAMES |= {"department": "科室", "title": "职称"}
_EXACT = ("staff_number", "phone", "id_number")
# A cell merged downwards speaks for all its rows; a person's own number and name are never shared.
_SHARED = ("tenant", "category", "department", "title", "level")
_CHINESE_NAME = re.compile(
    r"[\u3400-\u9fff\U00020000-\U0003ffff]+(?:\s+[\u3400-\u9fff\U00020000-\U0003ffff]+)+"
)
_REPAIRS = {
    "name": "去掉姓名中间的空格",
    "staff_number": "工号改为半角",
    "id_number": "身份证号改为半角、去掉空格，末位 x 改为大写",
    "phone": "电话只留数字（去掉 +86、空格和短横）",
    "level": "层级改为 N0–N4 的写法",
}
_READERS = {
    "id_number": (identity.read_id_number, identity.check_id_number),
    "phone": (identity.read_phone, identity.check_phone),
    "level": (identity.read_level, identity.check_level),
}


@dataclass(frozen=True, slots=True)
class LearnerRow:
    """One person as a roster's row names them; None where the row says nothing (or only what an export masked).

    `staff_number` is "" where the roster names people otherwise: by ID number or telephone.
    """

    row: int
    tenant: str | None
    staff_number: str
    name: str
    category: str | None
    department: str | None
    title: str | None
    level: str | None = None
    phone: str | None = None
    id_number: str | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """What a workbook says: people, wrong cells, where both were found, and what was assumed."""

    form: Form
    learners: tuple[LearnerRow, ...]
    errors: tuple[RowError, ...]
    assumptions: tuple[str, ...] = ()

    @property
    def sheet(self) -> str:
        """The sheet that it stands on."""
        return self.form.sheet.name

    @property
    def header_row(self) -> int:
        """The row of the headings."""
        return self.form.header.row

    @property
    def columns(self) -> dict[str, str]:
        """Field -> the letters of its column."""
        return self.form.columns

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns that nothing was taken from: "D 岗位"."""
        return self.form.unused


def read_roster(workbook: Workbook) -> Roster | None:
    """The first visible sheet with a header that names people and what tells them apart; None where there is none.

    Another such sheet with people on it is an error of the roster: nobody is left out unseen.
    """
    forms = list_forms(workbook, VOCABULARY, required=[("name", each) for each in _IDENTITIES])
    if not forms:
        return None
    first, *others = forms
    errors = [_second_roster(other, first.sheet.name) for other in others if is_filled(other)]
    return _Reader(first).read(errors)


def _second_roster(form: Form, first: str) -> RowError:
    message = (
        f"工作表「{first}」和「{form.sheet.name}」都是名册；一次导入一张，请分成两个文件，或隐藏不要的一张"
    )
    return form.error(form.header.row, "", "second_roster", message)


class _Reader:
    """Reads one sheet's people; counts what was repaired and what an export had masked."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.identity = next(each for each in _IDENTITIES if each in form.header.columns)
        self.repairs: Counter[str] = Counter()
        self.masked = self.numbers_in_clear = 0
        self.seen: dict[tuple[str, str], int] = {}

    def read(self, errors: Sequence[RowError]) -> Roster:
        learners: list[LearnerRow] = []
        wrong: list[RowError] = []
        for row in iterate_rows(self.form, shared=_SHARED, exact=_EXACT):
            learner = self._read_row(row)
            if row.errors:
                wrong += row.errors
            else:
                learners.append(learner)
        return Roster(self.form, tuple(learners), (*wrong, *errors), tuple(self._list_assumptions()))

    def _read_row(self, row: FormRow) -> LearnerRow:
        texts = row.texts
        self._tidy_name(texts)
        self._tidy_number(texts)
        spoilt = {error.column for error in row.errors}
        # The cell that Excel has spoilt is named once.
        row.errors += [error for error in self._check(row) if error.column not in spoilt]
        learner = LearnerRow(
            row=row.number,
            tenant=texts.get("tenant") or None,
            staff_number=texts.get("staff_number", "") or texts.get("email", ""),
            name=texts["name"],
            category=find_category(texts.get("category", "")),
            department=texts.get("department") or None,
            title=texts.get("title") or None,
            level=texts.get("level") or None,
            phone=texts.get("phone") or None,
            id_number=texts.get("id_number") or None,
        )
        self._check_double(row, learner)
        return learner

    def _tidy_name(self, texts: dict[str, str]) -> None:
        name = texts["name"]
        # A Chinese name has no spaces; 张　三 is what people write to line names up.
        if _CHINESE_NAME.fullmatch(name):
            texts["name"] = "".join(name.split())
            self.repairs["name"] += 1

    def _tidy_number(self, texts: dict[str, str]) -> None:
        for name in ("staff_number", "email"):
            text = texts.get(name, "")
            if text and not text.isascii():
                texts[name] = unicodedata.normalize("NFKC", text)
                self.repairs["staff_number"] += texts[name] != text
        if texts.get("email"):
            texts["email"] = texts["email"].casefold()
        own = texts.get("staff_number", "") or texts.get("email", "")
        self.numbers_in_clear += identity.has_long_number(own) and (
            identity.check_phone(own) is None or identity.check_id_number(own) is None
        )

    def _check(self, row: FormRow) -> Iterator[RowError]:
        for name in (self.identity, "name"):
            if not row.texts[name]:
                yield self.form.error(row.number, name, "missing", f"缺少{_NAMES[name]}")
        for name, most in MOST_CHARACTERS.items():
            length = len(row.texts.get(name, ""))
            if length > most:
                said = f"{_NAMES[name]}有 {length} 个字，最多 {most} 个"
                yield self.form.error(row.number, name, "too_long", said)
        category = row.texts.get("category", "")
        if category and find_category(category) is None:
            said = f"人员类别{identity.quote(category)}不在 {'、'.join(CATEGORIES.values())} 之内"
            yield self.form.error(row.number, "category", "unknown_category", said)
        for name in _READERS:
            if row.texts.get(name):
                yield from self._check_field(row, name)

    def _check_field(self, row: FormRow, name: str) -> Iterator[RowError]:
        text = row.texts[name]
        if name != "level" and identity.is_masked(text):
            self.masked += 1
            row.texts[name] = ""
            if name == self.identity:
                yield self.form.error(row.number, name, "masked", f"{_NAMES[name]}是打码的，认不出是谁")
            return
        read, check = _READERS[name]
        plain = row.texts[name] = read(text)
        self.repairs[name] += plain != text
        found = check(plain)
        if found is not None:
            yield self.form.error(row.number, name, *found)

    def _check_double(self, row: FormRow, learner: LearnerRow) -> None:
        own = learner.staff_number or row.texts.get(self.identity, "")
        if not own:
            return
        first = self.seen.setdefault((learner.tenant or "", own), row.number)
        if first != row.number:
            said = f"{_NAMES[self.identity]}与第 {first} 行重复"
            row.errors.append(self.form.error(row.number, self.identity, "duplicate", said))

    def _list_assumptions(self) -> Iterator[str]:
        if self.form.header.row != 1:
            yield f"表头在第 {self.form.header.row} 行"
        if self.identity == "email":
            yield "没有工号列，用邮箱作工号"
        elif self.identity != "staff_number":
            yield f"没有工号列，按{_NAMES[self.identity]}认人，新学员自动编号"
        for found in self.form.header.ambiguous:
            taken, *others = map(column_letters, found.columns)
            yield f"有几列都像「{VOCABULARY[found.field][0]}」：取 {taken} 列，没有用 {'、'.join(others)} 列"
        for name, count in self.repairs.items():
            if count:
                yield f"修整：{_REPAIRS[name]}，{count} 人"
        if self.numbers_in_clear:
            count = self.numbers_in_clear
            yield f"{count} 人的工号像手机号或身份证号：工号不加密、不打码，最好改用单位内部的编号"
        if self.masked:
            yield f"打码的手机号或身份证号不改动已存的值（{self.masked} 处）"


def learner_error(roster: Roster, learner: LearnerRow, field: str, code: str, message: str) -> RowError:
    """An error of a row that only the database shows, at the cell of `field`; a roster without the column: A."""
    return roster.form.error(learner.row, field, code, message)


def list_own_doubles(learners: Sequence[LearnerRow]) -> Iterator[tuple[str, LearnerRow, LearnerRow]]:
    """(field, earlier, later) of people of one roster who have the same ID number or the same telephone."""
    for field in ("id_number", "phone"):
        seen: dict[str, LearnerRow] = {}
        for learner in learners:
            value: str | None = getattr(learner, field)
            if value is not None and (first := seen.setdefault(value, learner)) is not learner:
                yield field, first, learner


def list_departments(learners: Sequence[LearnerRow]) -> Mapping[str, int]:
    """Each spelling of a department and how many people have it."""
    return Counter(learner.department for learner in learners if learner.department is not None)

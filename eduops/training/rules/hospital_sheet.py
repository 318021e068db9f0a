"""A workbook of hospitals to be taken on: who they are, what was agreed, and which roster is whose."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from eduops.sheet.day import find_day
from eduops.sheet.workbook import Workbook
from eduops.training.rules import identity
from eduops.training.rules.form import Form, FormRow, RowError, is_filled, iterate_rows, list_forms
from eduops.training.rules.onboarding import AgreedTerms

KIND_NAMES = {"campus": "院区", "department": "科室", "outside_hospital": "外院"}
VOCABULARY: dict[str, Sequence[str]] = {
    "code": ("机构代码", "代码", "单位代码", "编码"),
    "name": ("机构名称", "单位名称", "医院名称", "名称", "机构", "单位", "医院"),
    "kind": ("机构类别", "类别", "类型", "机构类型", "单位类型"),
    "parent_body": ("上级单位", "主管单位", "主管部门", "签约单位", "隶属单位"),
    "number": ("合同序号", "机构编号", "单位编号", "编号"),
    "contract_number": ("合同编号", "合同号", "协议编号"),
    "fee": ("收费", "收费方式", "费用说明", "备注"),
    "fee_yuan": ("合同金额", "金额", "费用", "年费", "合同费用"),
    "quota": ("名额", "约定人数", "人数上限", "人数名额", "学员名额", "名额上限", "学习人数", "人数"),
    "start_on": ("开始日期", "起始日期", "合同开始", "合同开始日期", "开始", "签约日期", "合同起"),
    "last_on": (
        "到期日期",
        "到期日",
        "截止日期",
        "结束日期",
        "合同结束",
        "合同结束日期",
        "合同到期",
        "合同到期日",
        "到期",
        "合同止",
    ),
    "contact": ("联系人", "对接人", "负责人"),
    "phone": ("联系电话", "电话", "手机", "手机号", "联系方式"),
    "roster": ("名册", "名册文件", "花名册"),
}
MOST_HEADCOUNT = 10_000_000
_TELLING = ("code", "kind", "parent_body", "contract_number", "quota", "last_on", "contact", "roster")
_KINDS = {name: word for word, name in KIND_NAMES.items()} | {
    "医院": "outside_hospital", "外部医院": "outside_hospital", "院外": "outside_hospital", "分院": "campus",
    "校区": "campus", "部门": "department",
}  # fmt: skip
_SHARED = ("kind", "parent_body", "contract_number", "fee", "start_on", "last_on")
_MOST = {"code": 40, "name": 200, "parent_body": 200, "contact": 100, "contract_number": 100, "fee": 200}
_LARGEST_FEE = Decimal(10) ** 7


@dataclass(frozen=True, slots=True)
class Hospital:
    """One tenant as a row names it; what the row does not say is None or empty. `roster` is the file it names."""

    row: int
    code: str | None
    name: str
    kind: str | None
    parent_body: str | None
    number: int | None
    agreed: AgreedTerms
    contact: str
    phone: str | None
    roster: str | None


@dataclass(frozen=True, slots=True)
class HospitalSheet:
    """What the workbook says: hospitals and wrong cells."""

    form: Form
    hospitals: tuple[Hospital, ...]
    errors: tuple[RowError, ...]


def read_hospitals(workbook: Workbook) -> HospitalSheet | None:
    """The first visible sheet that lists organisations; None where there is none. A second one is an error."""
    forms = list_forms(workbook, VOCABULARY, required=[("name", each) for each in _TELLING])
    if not forms:
        return None
    first, *others = forms
    sheet = _Reader(first).read()
    more = tuple(_second_list(other, first.sheet.name) for other in others if is_filled(other))
    return replace(sheet, errors=(*sheet.errors, *more))


def _second_list(form: Form, first: str) -> RowError:
    said = f"工作表「{first}」和「{form.sheet.name}」都是医院清单；一次登记一张，请合成一张，或隐藏不要的一张"
    return form.error(form.header.row, "", "second_list", said)


@dataclass(frozen=True, slots=True)
class Matched:
    """Rosters by the row of their hospital; files that are nobody's; hospitals whose named roster is not there, or
    that have several."""

    found: dict[int, Path]
    left: list[Path]
    missing: list[Hospital]
    several: list[tuple[Hospital, list[Path]]]


def match_rosters(hospitals: Sequence[Hospital], files: Sequence[Path]) -> Matched:
    """A file is a hospital's where the sheet names it, or where its name without ending is the hospital's name or
    code, 名册 and 花名册 left out."""
    matched = Matched({}, [], [], [])
    taken: set[Path] = set()
    for each in hospitals:
        if each.roster is not None:
            mine = [path for path in files if _plain(path.name) == _plain(each.roster)] or [
                path for path in files if _plain_stem(path) == _plain_stem(Path(each.roster))
            ]
            if not mine:
                matched.missing.append(each)
        else:
            names = {_plain(each.name), _plain(each.code or each.name)}
            mine = [path for path in files if _plain_stem(path) in names]
        taken.update(mine)
        if len(mine) > 1:
            matched.several.append((each, mine))
        elif mine:
            matched.found[each.row] = mine[0]
    matched.left.extend(path for path in files if path not in taken)
    return matched


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _plain_stem(path: Path) -> str:
    stem = _plain(path.stem)
    for word in ("花名册", "人员名册", "学员名册", "名册", "名单"):
        stem = stem.removesuffix(word)
    return stem.strip("-_—()")


class _Reader:
    """Reads the sheet's rows; two rows with one name or code are an error of the second."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.seen: dict[tuple[str, str], int] = {}

    def read(self) -> HospitalSheet:
        hospitals: list[Hospital] = []
        errors: list[RowError] = []
        for row in iterate_rows(self.form, shared=_SHARED, exact=("code", "phone", "contract_number")):
            hospital = self._read_row(row)
            if row.errors:
                errors += row.errors
            else:
                hospitals.append(hospital)
        return HospitalSheet(self.form, tuple(hospitals), tuple(errors))

    def _read_row(self, row: FormRow) -> Hospital:
        spoilt = {error.column for error in row.errors}
        row.errors += [error for error in self._check(row) if error.column not in spoilt]
        texts = row.texts
        start_on, last_on = self._day(row, "start_on"), self._day(row, "last_on")
        if start_on and last_on and last_on < start_on:
            said = f"到期日 {last_on} 早于开始日 {start_on}"
            row.errors.append(self.form.error(row.number, "last_on", "ends_before", said))
        agreed = AgreedTerms(
            number=texts.get("contract_number", ""),
            fee=texts.get("fee", ""),
            fee_yuan=self._money(row),
            headcount_quota=self._whole(row, "quota"),
            start_on=start_on,
            last_on=last_on,
        )
        phone = identity.read_phone(texts.get("phone", "")) or None
        if phone is not None and (wrong := identity.check_phone(phone)) is not None:
            row.errors.append(self.form.error(row.number, "phone", *wrong))
        return Hospital(
            row=row.number,
            code=texts.get("code") or None,
            name=texts["name"],
            kind=_KINDS.get(texts.get("kind", "")),
            parent_body=texts.get("parent_body") or None,
            number=self._whole(row, "number"),
            agreed=agreed,
            contact=texts.get("contact", ""),
            phone=phone,
            roster=texts.get("roster") or None,
        )

    def _check(self, row: FormRow) -> Iterator[RowError]:
        if not row.texts["name"]:
            yield self.form.error(row.number, "name", "missing", "缺少机构名称")
        kind = row.texts.get("kind", "")
        if kind and kind not in _KINDS:
            said = f"类别「{kind[:20]}」不在 {'、'.join(KIND_NAMES.values())} 之内"
            yield self.form.error(row.number, "kind", "unknown_kind", said)
        for name, most in _MOST.items():
            if len(row.texts.get(name, "")) > most:
                yield self.form.error(row.number, name, "too_long", f"超过 {most} 个字")
        if identity.has_long_number(row.texts.get("contact", "")):
            said = "联系人一栏里有电话或证件号；电话请写进「联系电话」一栏（加密保存）"
            yield self.form.error(row.number, "contact", "number_in_contact", said)
        for name, label in (("name", "机构名称"), ("code", "机构代码")):
            text = row.texts.get(name, "")
            first = self.seen.setdefault((name, text), row.number) if text else row.number
            if first != row.number:
                yield self.form.error(row.number, name, "duplicate", f"{label}与第 {first} 行重复")

    def _day(self, row: FormRow, name: str) -> date | None:
        text = row.texts.get(name, "")
        day = find_day(text) if text else None
        if text and day is None:
            said = f"「{text[:20]}」不是日期；写成 2026-03-05 的样子"
            row.errors.append(self.form.error(row.number, name, "not_a_day", said))
        return day

    def _whole(self, row: FormRow, name: str) -> int | None:
        text = _plain(row.texts.get(name, "")).removesuffix("人")
        if not text:
            return None
        if not (text.isascii() and text.isdecimal()) or len(text) > 8 or int(text) > MOST_HEADCOUNT:
            said = f"「{text[:20]}」不是整数"
            row.errors.append(self.form.error(row.number, name, "not_whole", said))
            return None
        return int(text)

    def _money(self, row: FormRow) -> Decimal | None:
        text = _plain(row.texts.get("fee_yuan", "")).removesuffix("元").replace(",", "").lstrip("¥￥")
        if not text:
            return None
        try:
            fee = Decimal(text)
            if not Decimal() <= fee < _LARGEST_FEE or fee != fee.quantize(Decimal("0.01")):
                raise InvalidOperation
        except InvalidOperation:
            said = f"「{text[:20]}」不是金额；写成 12000 或 12000.50（元）"
            row.errors.append(self.form.error(row.number, "fee_yuan", "not_money", said))
            return None
        return fee.quantize(Decimal("0.01"))

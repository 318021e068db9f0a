"""An exported bank that came back corrected: which questions say something else now, and what stands in the way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from eduops.training.rules.bank_export import render_number
from eduops.training.rules.bank_judge import Draft, Judgement
from eduops.training.rules.bank_layout import Layout
from eduops.training.rules.bank_word import FIELD_NAMES
from eduops.training.rules.form import RowError
from eduops.training.rules.question import BankItem, Question

CHANGED_NAMES = {
    "type": "题型",
    "stem": "题干",
    "options": "选项",
    "key": "答案",
    "any_order": "答案不分顺序",
    "explanation": "解析",
    "difficulty": "难度",
    "score": "分值",
    "knowledge_path": "知识点",
    "source": "来源",
    "tags": "标签",
}
"""What people call the parts of a question."""

_COLUMNS_OF = {
    "any_order": "any_order",
    "explanation": "explanation",
    "difficulty": "difficulty",
    "score": "score",
    "knowledge_path": "knowledge",
    "source": "source",
    "tags": "tags",
}
"""The parts that a corrected workbook may leave out, and the column that says them."""

Fingerprints = Mapping[int, tuple[str, str]]
"""Question id → (fingerprint, stem fingerprint)."""


@dataclass(frozen=True, slots=True)
class Revised:
    """A question that says something else now: what it says, and which parts changed."""

    item: BankItem
    question: Question
    fingerprint: str
    stem_fingerprint: str
    parts: tuple[str, ...]


@dataclass(slots=True)
class Plan:
    """What a corrected workbook comes to; with any error nothing of it counts."""

    revised: list[Revised] = field(default_factory=list)
    unchanged: int = 0
    errors: list[RowError] = field(default_factory=list)


def plan_revisions(judged: Judgement, items: Sequence[BankItem], kept: Fingerprints, *, bank_id: int) -> Plan:
    """Every row compared with the question whose number it carries; `kept` are those of the whole bank.

    A column that the workbook lacks says nothing about its part of a question.
    """
    plan = Plan(errors=list(judged.errors))
    by_number = {render_number(bank_id, item.position): item for item in items}
    rows: dict[str, int] = {}
    drafts: dict[int, Draft] = {}
    for draft in judged.drafts:
        if draft.entry.errors:
            continue
        item, problem = _find(draft, by_number, rows, bank_id)
        if item is None:
            plan.errors.append(_error(judged, draft, *problem))
        elif _has_other_group(draft, item):
            said = "题组的共用题干、共用选项或成员改动了；题组不能这样修订，请撤销后重新导入整组"
            plan.errors.append(_error(judged, draft, "group", "group_changed", said))
        else:
            drafts[item.question_id] = draft
            _compare(plan, draft, item, _get_layout(judged, draft))
    plan.errors += _list_collisions(judged, plan.revised, drafts, kept)
    return plan


def count_parts(revised: Sequence[Revised]) -> dict[str, int]:
    """Part of a question → in how many it changed."""
    return {part: count for part in CHANGED_NAMES if (count := sum(part in each.parts for each in revised))}


def _find(
    draft: Draft, by_number: Mapping[str, BankItem], rows: dict[str, int], bank_id: int
) -> tuple[BankItem | None, tuple[str, str, str]]:
    """The question that the row is about; or field, code and sentence of why there is none."""
    text = draft.entry.texts.get("bank_number", "")
    if not text:
        return None, ("bank_number", "number_missing", "没有题库题号；新题用 bank import 导入")
    number = "".join(text.split())
    item = by_number.get(number)
    if item is None:
        is_others = "#" in number and not number.startswith(f"{bank_id}#")
        said = "这一行是另一个题库的题" if is_others else f"题库里没有题号 {text[:20]}，或这道题已停用"
        return None, ("bank_number", "number_unknown", said)
    first = rows.setdefault(number, draft.entry.row)
    if first != draft.entry.row:
        return None, ("bank_number", "number_twice", f"题号 {number} 与第 {first} 行重复")
    if draft.entry.texts.get("bank_revision") != str(item.revision):
        said = f"导出以后这道题又修订过，现在是第 {item.revision} 次；请重新导出，在新的文件里改"
        return None, ("bank_revision", "revised_since", said)
    return item, ("", "", "")


def _has_other_group(draft: Draft, item: BankItem) -> bool:
    return (draft.group.finished() if draft.group is not None else None) != item.group


def _compare(plan: Plan, draft: Draft, item: BankItem, layout: Layout) -> None:
    assert draft.question is not None  # noqa: S101 -- a row without errors has one
    unsaid = [part for part, column in _COLUMNS_OF.items() if column not in layout.columns]
    question = replace(draft.question, **{part: getattr(item.question, part) for part in unsaid})
    parts = tuple(
        each.name
        for each in fields(Question)
        if getattr(question, each.name) != getattr(item.question, each.name)
    )
    if parts:
        plan.revised.append(Revised(item, question, draft.fingerprint, draft.stem_fingerprint, parts))
    else:
        plan.unchanged += 1


def _list_collisions(
    judged: Judgement, revised: Sequence[Revised], drafts: Mapping[int, Draft], kept: Fingerprints
) -> Iterator[RowError]:
    """Revised questions that would be the same as another of the bank, or contradict one."""
    after = dict(kept) | {
        each.item.question_id: (each.fingerprint, each.stem_fingerprint) for each in revised
    }
    by_stem: dict[str, list[int]] = {}
    for question_id, (_, stem) in after.items():
        by_stem.setdefault(stem, []).append(question_id)
    for each in revised:
        others = [other for other in by_stem[each.stem_fingerprint] if other != each.item.question_id]
        if not others:
            continue
        is_same = any(after[other][0] == each.fingerprint for other in others)
        said = "改成了题库里已有的另一道题" if is_same else "与题库里另一道题的题干、选项相同而答案不同"
        code = "duplicate" if is_same else "key_conflict"
        yield _error(judged, drafts[each.item.question_id], "stem", code, said)


def _error(judged: Judgement, draft: Draft, name: str, code: str, message: str) -> RowError:
    letter = _get_layout(judged, draft).letter(name)
    return RowError(draft.sheet, draft.entry.row, letter, code, message)


def _get_layout(judged: Judgement, draft: Draft) -> Layout:
    return next(layout for layout in judged.layouts if layout.sheet.name == draft.sheet)


def has_numbers(judged: Judgement) -> bool:
    """Whether any sheet has the columns that an export writes."""
    return any({"bank_number", "bank_revision"} <= set(layout.columns) for layout in judged.layouts)


NUMBER_HEADING = FIELD_NAMES["bank_number"]

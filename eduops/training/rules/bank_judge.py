"""A whole workbook judged: which questions may go in, which are duplicates, and every error of every row."""

from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Known
from dataclasses import dataclass, field

from eduops.sheet.workbook import Workbook, cell_text
from eduops.training.rules.bank_entry import Between, Entry, gather
from eduops.training.rules.bank_group import GroupDraft, Grouping
from eduops.training.rules.bank_layout import Layout, Role, describe, find_layouts
from eduops.training.rules.bank_mapping import NO_MAPPING, Mapping
from eduops.training.rules.bank_row import Builder
from eduops.training.rules.form import RowError
from eduops.training.rules.question import Group, Question, fingerprints

Progress = Callable[[int], None]

_STEP = 500
_REPAIR_NAMES = {
    "spaces": "去掉首尾空格和看不见的字符",
    "key": "答案的字母改为大写、半角，去掉分隔符、「答案：」和只有一空时的 ①",
    "option_prefix": "去掉选项前的字母（A、）",
    "option_mark": "去掉选项末尾分开选项的标点",
    "number": "分值的数字改为半角",
    "nothing_word": "解析里的 nan 当作没有解析",
}


@dataclass(slots=True)
class Draft:
    """A question on its way into the bank."""

    sheet: str
    entry: Entry
    question: Question | None
    group: GroupDraft | None
    fingerprint: str = ""
    stem_fingerprint: str = ""
    is_duplicate: bool = False

    @property
    def is_good(self) -> bool:
        """Whether it may go in."""
        return not self.entry.errors and not self.is_duplicate


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a workbook holds: rows = good + duplicates + rejected, all counted in questions."""

    layouts: list[Layout]
    drafts: list[Draft]
    good: list[Draft]
    """The questions that may go in, in the workbook's order."""
    duplicates: int
    """How many stand in the bank, or further up in the file, already."""
    rejected: int
    """How many have errors."""
    repaired: int
    errors: list[RowError]
    assumptions: list[str]


def judge_workbook(
    workbook: Workbook,
    *,
    mapping: Mapping = NO_MAPPING,
    known: Known[str, str] | None = None,
    progress: Progress = lambda _rows: None,
) -> Judgement:
    """Judges every row. `known` is stem_fingerprint -> fingerprint of what the bank holds.

    Raises InputError where no sheet holds questions.
    """
    layouts = find_layouts(workbook, mapping)
    state = _State(mapping, dict(known or {}), progress)
    for layout in layouts:
        state.assumptions += describe(layout)
        if layout.role is Role.DATA:
            state.read(layout)
    state.find_contradictions()
    state.reject_whole_groups()
    state.find_duplicates()
    return state.judgement(layouts)


@dataclass(slots=True)
class _State:
    """What is known while the sheets are read one after the other."""

    mapping: Mapping
    known: dict[str, str]
    progress: Progress
    drafts: list[Draft] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    loose_errors: list[RowError] = field(default_factory=list)

    def read(self, layout: Layout) -> None:
        """Adds the sheet's questions."""
        builder, grouping = Builder(layout, self.mapping), Grouping(layout)
        placed, between = [], Between()
        for entry in gather(layout, between):
            word = builder.find_word(entry)
            if word is not None and word.opens_group:
                grouping.open(entry)
            else:
                placed.append((entry, word, grouping.place(entry, word)))
        self.loose_errors += between.errors + grouping.finish()
        if not (placed or grouping.groups or between.errors):
            self.loose_errors += _nothing_below(layout)
        values = {id(group): group.finished() for group in grouping.groups}
        for number, (entry, word, group) in enumerate(placed, start=1):
            draft = Draft(layout.sheet.name, entry, builder.build(entry, word, group), group)
            if draft.question is not None and not entry.errors:
                _seal(draft, values[id(group)] if group else None)
            self.drafts.append(draft)
            if number % _STEP == 0:
                self.progress(_STEP)
        self.progress(len(placed) % _STEP)
        self._note(layout, builder, grouping, between)

    def find_contradictions(self) -> None:
        """Equal stem and options with another key: an error on both, or on the one that the bank contradicts."""
        alike: dict[str, list[Draft]] = {}
        for draft in self.drafts:
            asked = draft.stem_fingerprint
            if not asked:
                continue
            alike.setdefault(asked, []).append(draft)
            if self.known.get(asked, draft.fingerprint) != draft.fingerprint:
                _contradict(draft, "题库里已有题干、选项相同而答案不同的题")

        for drafts in alike.values():
            if len(drafts) > 1:
                _contradict_each_other(drafts)

    def reject_whole_groups(self) -> None:
        """A group is one unit: with one bad member none goes in."""
        bad: dict[int, Entry] = {}
        for draft in self.drafts:
            if draft.group is not None and draft.entry.errors:
                bad.setdefault(id(draft.group), draft.entry)
        for draft in self.drafts:
            cause = bad.get(id(draft.group)) if draft.group is not None else None
            if cause is not None and not draft.entry.errors:
                message = f"同一题组的第 {cause.row} 行有错，整组都不导入"
                draft.entry.errors.append(RowError(draft.sheet, draft.entry.row, "", "in_bad_group", message))

    def find_duplicates(self) -> None:
        """Marks what the bank or the file above holds already; a group only where it does so with every member."""
        seen = set(self.known.values())
        units: dict[int, list[Draft]] = {}
        for index, draft in enumerate(self.drafts):
            if not draft.entry.errors:
                units.setdefault(id(draft.group) if draft.group is not None else -index, []).append(draft)
        for unit in units.values():
            fresh = {draft.fingerprint: draft for draft in reversed(unit)}
            is_known = seen.issuperset(fresh)
            for draft in unit:
                draft.is_duplicate = is_known or fresh[draft.fingerprint] is not draft
            seen.update(fresh)

    def judgement(self, layouts: list[Layout]) -> Judgement:
        """What was found, errors in the order of the workbook."""
        order = {layout.sheet.name: number for number, layout in enumerate(layouts)}
        errors = [error for draft in self.drafts for error in draft.entry.errors] + self.loose_errors
        errors.sort(key=lambda error: (order[error.sheet], error.row, len(error.column), error.column))
        repairs: Counter[str] = Counter()
        for draft in self.drafts:
            repairs.update(draft.entry.repairs)
        told = [f"修整：{_REPAIR_NAMES[name]}，{count} 题" for name, count in sorted(repairs.items())]
        return Judgement(
            layouts,
            self.drafts,
            good=[draft for draft in self.drafts if draft.is_good],
            duplicates=sum(draft.is_duplicate for draft in self.drafts),
            rejected=sum(bool(draft.entry.errors) for draft in self.drafts),
            repaired=sum(bool(draft.entry.repairs) for draft in self.drafts),
            errors=errors,
            assumptions=self.assumptions + told,
        )

    def _note(self, layout: Layout, builder: Builder, grouping: Grouping, between: Between) -> None:
        name = layout.sheet.name
        self.assumptions += [f"工作表「{name}」：{sentence}" for sentence in between.describe()]
        for sentence, count in sorted(builder.assumed.items()):
            self.assumptions.append(f"工作表「{name}」：{sentence}（{count} 题）")
        if grouping.left_out:
            rows = "、".join(map(str, grouping.left_out))
            self.assumptions.append(
                f"工作表「{name}」：A1、A2 型题不归入上面的共用题干，题组到此为止：第 {rows} 行"
            )
        if grouping.continued:
            self.assumptions.append(
                f"工作表「{name}」：共用题干空着的 A3/A4 型题归入上面的题组（{grouping.continued} 题）"
            )


def _nothing_below(layout: Layout) -> list[RowError]:
    """The error of a sheet whose rows say something, and none of them is a question."""
    below = layout.sheet.numbered_rows((layout.header_row or 0) + 1)
    row = next((row for row, cells in below if any(cell_text(cell).strip() for cell in cells)), None)
    message = "表头下面有内容，却没有一行是题目；请看哪些行当作了标题或注释，哪些列没有用到"
    return [] if row is None else [RowError(layout.sheet.name, row, "", "no_questions", message)]


def _seal(draft: Draft, group: Group | None) -> None:
    assert draft.question is not None  # noqa: S101 -- the caller has looked
    draft.fingerprint, draft.stem_fingerprint = fingerprints(draft.question, group)


def _place(other: Draft, seen_from: Draft) -> str:
    sheet = "" if other.sheet == seen_from.sheet else f"工作表「{other.sheet}」"
    return f"{sheet}第 {other.entry.row} 行"


def _contradict_each_other(drafts: Sequence[Draft]) -> None:
    """An error on every one of them where they do not all agree: nobody knows which key is right."""
    for draft in drafts:
        other = next((each for each in drafts if each.fingerprint != draft.fingerprint), None)
        if other is not None:
            _contradict(draft, f"与{_place(other, draft)}题干、选项相同而答案不同")


def _contradict(draft: Draft, message: str) -> None:
    if not any(error.code == "key_conflict" for error in draft.entry.errors):
        draft.entry.errors.append(RowError(draft.sheet, draft.entry.row, "", "key_conflict", message))

"""Which rows belong together: shared stems (A3/A4) and shared options (B1), however the sheet shows them."""

from dataclasses import dataclass, field
from enum import Enum, auto

from eduops.training.rules.bank_entry import Entry
from eduops.training.rules.bank_layout import Layout
from eduops.training.rules.bank_word import TypeWord, is_single_type
from eduops.training.rules.form import RowError
from eduops.training.rules.question import Group, GroupKind


class _Way(Enum):
    """How the sheet shows that rows belong together."""

    STEM_ROW = auto()
    NUMBER = auto()
    COLUMN = auto()
    OPTIONS = auto()


@dataclass(slots=True)
class GroupDraft:
    """A group as far as its rows have told it."""

    kind: GroupKind
    row: int
    way: _Way
    stem: str = ""
    options: tuple[str, ...] = ()
    members: list[Entry] = field(default_factory=list)

    def finished(self) -> Group:
        """The group's value."""
        if self.kind is GroupKind.SHARED_STEM:
            return Group(self.kind, stem=self.stem)
        return Group(self.kind, stem=self.stem, options=self.options)


class Grouping:
    """Places the rows of one sheet, top to bottom, into groups."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.groups: list[GroupDraft] = []
        self.continued = 0
        """How many rows with an empty shared stem were taken for the group above."""
        self.left_out: list[int] = []
        """The rows of A1 and A2 questions that end the group above them."""
        self._current: GroupDraft | None = None
        self._block = 0
        self._numbered: dict[tuple[int, str], GroupDraft] = {}
        self._numbers: set[str] = set()
        self._merged_rows: dict[int, GroupDraft] = {}
        self._above: GroupDraft | None = None
        """The group with a column of shared stems whose rows may go on without saying the stem again."""
        self._unsaid: list[tuple[Entry, GroupDraft, bool]] = []

    def open(self, entry: Entry) -> None:
        """A row that is a shared stem itself."""
        self._enter(entry)
        self._above = None
        self._current = self._new(
            GroupKind.SHARED_STEM, entry.row, _Way.STEM_ROW, stem=entry.texts.get("stem", "")
        )

    def place(self, entry: Entry, word: TypeWord | None) -> GroupDraft | None:
        """The group that the row joins, None where it stands alone."""
        self._enter(entry)
        group = self._find(entry, word)
        self._watch(entry, word, group)
        if group is not None:
            group.members.append(entry)
        # A row between that stands alone ends a group, except under a stem row, where _find said so itself.
        self._current = group
        return group

    def finish(self) -> list[RowError]:
        """Errors of whole groups; the members' own are noted with them."""
        errors = []
        self._ask_about_unsaid()
        for group in self.groups:
            if not group.members:
                errors.append(self._error(group.row, "stem", "group_empty", "共用题干下面没有小题"))
            elif group.kind is GroupKind.SHARED_STEM and not group.stem:
                first = group.members[0]
                message = "题组没有共用题干；若不是题组，请清空题组号"
                if not any(error.code == "group_split" for error in first.errors):
                    first.errors.append(self._error(first.row, "shared_stem", "group_stem_missing", message))
        return errors

    def _enter(self, entry: Entry) -> None:
        """A section's title ends every group above it."""
        if entry.block != self._block:
            self._block, self._current, self._above = entry.block, None, None

    def _watch(self, entry: Entry, word: TypeWord | None, group: GroupDraft | None) -> None:
        """Notes the rows that stand under a shared stem said once and say neither that they belong to it nor that not."""
        if group is not None:
            self._above = group if group.way is _Way.COLUMN and entry.merged_stem is None else None
        elif self._above is not None and not _stands_alone(entry, word):
            self._unsaid.append((entry, self._above, "type" in self.layout.columns and word is None))
        else:
            self._above = None

    def _ask_about_unsaid(self) -> None:
        """In a sheet that says the stem in each row of a group an empty cell means none; else nobody can tell."""
        is_repeated = any(
            sum(bool(each.texts.get("shared_stem")) for each in group.members) > 1
            for group in self.groups
            if group.way is _Way.COLUMN
        )
        for entry, group, is_untyped in self._unsaid:
            if is_untyped or not is_repeated:
                first = group.members[0]
                if not any(error.code == "group_unclear" for error in first.errors):
                    message = f"看不出第 {entry.row} 行是不是这个题组的小题，整组都不导入"
                    first.errors.append(self._error(first.row, "shared_stem", "group_unclear", message))
                message = (
                    f"共用题干空着，看不出是不是第 {group.row} 行那个题组的小题；是就重复写共用题干或写题组号，"
                    "不是就把题型写成 A1 型题"
                )
                entry.errors.append(self._error(entry.row, "shared_stem", "group_unclear", message))

    def _find(self, entry: Entry, word: TypeWord | None) -> GroupDraft | None:
        kind = word.group if word else None
        number = entry.texts.get("group")
        if number:
            return self._by_number(entry, number, kind or GroupKind.SHARED_STEM)
        if entry.texts.get("shared_stem"):
            return self._by_column(entry)
        if kind is GroupKind.SHARED_OPTIONS:
            return self._by_options(entry)
        if kind is GroupKind.SHARED_STEM:
            return self._continue(entry)
        if self._current is not None and self._current.way is _Way.STEM_ROW:
            return self._under_stem_row(entry, word)
        return None

    def _by_number(self, entry: Entry, number: str, kind: GroupKind) -> GroupDraft:
        group = self._numbered.get((self._block, number))
        stem = entry.texts.get("shared_stem", "")
        is_told = bool(stem) if kind is GroupKind.SHARED_STEM else bool(entry.options)
        is_apart = number in self._numbers if group is None else group is not self._current
        if is_apart and not is_told:
            message = (
                f"题组号 {number} 在上面隔开的地方用过，看不出是不是同一题组；请排在一起，或换一个题组号"
            )
            entry.errors.append(self._error(entry.row, "group", "group_split", message))
        if group is None:
            group = self._numbered[self._block, number] = self._new(kind, entry.row, _Way.NUMBER)
            self._numbers.add(number)
        if stem and group.stem and stem != group.stem:
            message = f"同一题组（{number}）的共用题干与第 {group.row} 行不同"
            entry.errors.append(self._error(entry.row, "shared_stem", "group_stem_differs", message))
        group.stem = group.stem or stem
        if kind is not group.kind:
            message = f"同一题组（{number}）里混有 A3/A4 型和 B1 型题"
            entry.errors.append(self._error(entry.row, "type", "group_kind_differs", message))
        if group.kind is GroupKind.SHARED_OPTIONS:
            self._share_options(group, entry)
        return group

    def _by_column(self, entry: Entry) -> GroupDraft:
        stem = entry.texts["shared_stem"]
        if entry.merged_stem is not None:
            group = self._merged_rows.get(entry.merged_stem)
            if group is None:
                group = self._new(GroupKind.SHARED_STEM, entry.row, _Way.COLUMN, stem=stem)
                self._merged_rows[entry.merged_stem] = group
            return group
        current = self._current
        if current is not None and current.way is _Way.COLUMN and current.stem == stem:
            return current
        return self._new(GroupKind.SHARED_STEM, entry.row, _Way.COLUMN, stem=stem)

    def _by_options(self, entry: Entry) -> GroupDraft | None:
        current = self._current
        own = tuple(entry.options)
        if current is not None and current.way is _Way.OPTIONS and own in ((), current.options):
            return current
        if not own:
            message = "B1 型题没有选项，上面也没有可以共用的选项"
            entry.errors.append(self._error(entry.row, "option[0]", "group_options_missing", message))
            return None
        return self._new(GroupKind.SHARED_OPTIONS, entry.row, _Way.OPTIONS, options=own)

    def _continue(self, entry: Entry) -> GroupDraft | None:
        current = self._current
        if current is not None and current.way in (_Way.COLUMN, _Way.STEM_ROW):
            self.continued += current.way is _Way.COLUMN
            return current
        message = "A3/A4 型题没有共用题干，上面也没有"
        entry.errors.append(self._error(entry.row, "shared_stem", "group_stem_missing", message))
        return None

    def _under_stem_row(self, entry: Entry, word: TypeWord | None) -> GroupDraft | None:
        if is_single_type(entry.texts.get("type", "")):
            self.left_out.append(entry.row)
            return None
        if word is None or word.is_choice:
            return self._current
        message = "接在共用题干下面，看不出是不是它的小题；请用「题组号」一列标明，或把它移到题组之前"
        entry.errors.append(self._error(entry.row, "type", "group_unclear", message))
        return self._current

    def _share_options(self, group: GroupDraft, entry: Entry) -> None:
        own = tuple(entry.options)
        if own and group.options and own != group.options:
            message = f"同一题组的选项与第 {group.row} 行不同"
            entry.errors.append(self._error(entry.row, "option[0]", "group_options_differ", message))
        group.options = group.options or own

    def _new(
        self, kind: GroupKind, row: int, way: _Way, *, stem: str = "", options: tuple[str, ...] = ()
    ) -> GroupDraft:
        group = GroupDraft(kind, row, way, stem, options)
        self.groups.append(group)
        return group

    def _error(self, row: int, field_name: str, code: str, message: str) -> RowError:
        return RowError(self.layout.sheet.name, row, self.layout.letter(field_name), code, message)


def _stands_alone(entry: Entry, word: TypeWord | None) -> bool:
    """Whether its type says that it can be no question under a shared stem of another row."""
    return is_single_type(entry.texts.get("type", "")) or (word is not None and not word.is_choice)

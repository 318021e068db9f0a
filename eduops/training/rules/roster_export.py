"""A roster as it is given out: the columns that an import understands, so that it can come back."""

from collections.abc import Mapping, Sequence

from eduops.sheet.export import Column, Table

_COLUMNS = (
    ("tenant", "机构", 28),
    ("staff_number", "工号", 14),
    ("name", "姓名", 12),
    ("category_text", "人员类别", 12),
    ("department", "科室", 18),
    ("title", "职称", 12),
    ("level", "层级", 8),
    ("phone", "手机号", 16),
    ("id_number", "身份证号", 22),
)


def build_roster_table(learners: Sequence[Mapping[str, object]], *, is_masked: bool) -> Table:
    """One sheet of learners; `is_masked` is said above the header, and such cells change nothing when they come back."""
    note = "手机号、身份证号已打码；改动其他列后可以再导入，打码的不改动已存的值。" if is_masked else ""
    return Table(
        "名册",
        "学员名册",
        note,
        [Column(head, width) for _, head, width in _COLUMNS],
        ([_text(learner.get(key)) for key, _, _ in _COLUMNS] for learner in learners),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)

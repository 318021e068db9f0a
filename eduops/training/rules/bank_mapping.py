"""A mapping that a person wrote down: where the data stand when it cannot be seen from the workbook."""

import re
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from eduops.training.rules.bank_word import COLUMNS, parse_type_word

_PLAIN_FIELDS = [name for name in COLUMNS if name != "option"]
_OPTION = re.compile(r"option\[\d{1,2}\]")


def _check_field(name: str) -> str:
    if name in _PLAIN_FIELDS or _OPTION.fullmatch(name):
        return name
    close = get_close_matches(name, [*_PLAIN_FIELDS, "option[0]"], n=1)
    meant = (
        f"，是否想写「{close[0]}」"
        if close
        else f"；可写 {'、'.join(_PLAIN_FIELDS)}，选项写 option[0]、option[1]…"
    )
    raise ValueError(f"没有「{name}」这一项{meant}")


FieldName = Annotated[str, AfterValidator(_check_field)]


class Mapping(BaseModel):
    """What `--mapping FILE` may say; whatever it leaves out is found as usual."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sheet: str | None = None
    """The sheet that holds the questions; all others are left alone."""
    header_row: int | None = Field(default=None, ge=1)
    """The row of the headings; the questions begin below it."""
    columns: dict[FieldName, str] = {}
    """Field -> the column's heading, or its letters: `stem: 试题描述`, `option[0]: D`."""
    types: dict[str, str] = {}
    """What stands in the type column -> the word that is meant: `"1": 单选题`."""
    difficulties: dict[str, Literal["easy", "medium", "hard"]] = {}
    """What stands in the difficulty column -> the level that is meant."""

    def unknown_types(self) -> list[str]:
        """The meanings of `types` that are no type either."""
        return [word for word in self.types.values() if parse_type_word(word) is None]


NO_MAPPING = Mapping()

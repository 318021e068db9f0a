"""A mapping that a person wrote down: where the data stand when it cannot be seen from the workbook."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from eduops.training.rules.bank_word import COLUMNS, parse_type_word

FieldName = Annotated[str, Field(pattern=rf"^(?:{'|'.join(COLUMNS)})(?:\[\d+\])?$")]


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

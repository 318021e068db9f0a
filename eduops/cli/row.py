"""A table's row as the doors show it: every column in the order in which the table names them."""

from collections.abc import Collection

from sqlmodel import SQLModel


def plain_row(row: SQLModel, *, but: Collection[str] = ("id",)) -> dict[str, object]:
    """The row's columns by name, those in `but` left out; always in the same order, however it was loaded."""
    return {name: getattr(row, name) for name in type(row).model_fields if name not in but}

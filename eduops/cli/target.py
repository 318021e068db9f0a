"""A file that a command writes: never over one that is there, unless that was said."""

from pathlib import Path
from typing import Annotated

import typer

from eduops.core.errors import NotAllowed, UsageError

ForceOption = Annotated[bool, typer.Option("--force", help="文件已存在时覆盖。")]


def refuse_existing(file: Path, *, force: bool) -> None:
    """Raises NotAllowed where the file is there already and `force` was not said."""
    if file.exists() and not force:
        raise NotAllowed(f"{file} 已经存在", hint="换一个文件名，或加 --force 覆盖")


def check_table(file: Path, *, force: bool) -> None:
    """Raises UsageError for a name that ends neither with .xlsx nor .csv, NotAllowed for one that is there already."""
    if file.suffix.lower() not in (".xlsx", ".csv"):
        raise UsageError(f"{file} 的后缀不是 .xlsx 或 .csv", hint="改用其中一种后缀")
    refuse_existing(file, force=force)


def check_workbook(file: Path, *, force: bool) -> None:
    """Raises UsageError for a name that does not end with .xlsx, NotAllowed for one that is there already."""
    if file.suffix.lower() != ".xlsx":
        raise UsageError(f"不认识文件类型「{file.suffix}」", hint="文件名以 .xlsx 结尾")
    refuse_existing(file, force=force)

"""The one way to the screen: tables and sentences for people, JSON for programs, progress on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from eduops.cli.visible import visible, visible_in_json

JsonOption = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="只预演，不写入。")]
InventedOption = Annotated[bool, typer.Option("--invented", help="标明是虚构的（演示用）。")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="不再询问，直接执行。")]

Row = Mapping[str, object]

_BORDERS = 3
"""What a column costs beside its width: a line and a space on either side."""
MOST_ROWS = 1_000_000
"""The largest `--limit`."""
LARGEST_SEED = 2**31 - 1
"""The largest `--seed`: what an integer column of every database holds."""


@dataclass(frozen=True)
class Column:
    """A column of a table for people: which key of the row, under which Chinese head."""

    key: str
    head: str
    right: bool = False
    style_key: str | None = None
    """The row's key that holds the cell's colour."""
    spare: bool = False
    """Left out, and named below the table, where the terminal is too narrow for all columns."""


_find_zone: Callable[[], ZoneInfo] | None = None


def use_zone(find: Callable[[], ZoneInfo]) -> None:
    """Instants are shown in the contract's zone; it is looked up only when one is."""
    global _find_zone
    _find_zone = cache(find)


def rows(
    items: Sequence[Row],
    columns: Sequence[Column],
    *,
    as_json: bool,
    title: str,
    empty: str,
    total: int | None = None,
) -> None:
    """Prints rows: all their keys but colours as JSON, or the named columns as a table, or the sentence `empty`.

    `total` is how many there are where `--limit` may have cut them; the title then says so.
    """
    if as_json:
        colours = {column.style_key for column in columns}
        value([{key: part for key, part in item.items() if key not in colours} for item in items])
    elif not items:
        say(empty)
    elif total is not None and total > len(items):
        _table(items, columns, f"{title}（前 {len(items)}，共 {total}；--limit 看更多）")
    else:
        _table(items, columns, f"{title}（{len(items)}）")


def fields(item: Row, heads: Mapping[str, str], *, as_json: bool) -> None:
    """Prints one thing: as JSON, or a line a named field."""
    if as_json:
        value(item)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for key, head in heads.items():
        table.add_row(head, Text(text(item.get(key))))
    console().print(table)


def value(item: object) -> None:
    """Prints any of our values as JSON on stdout."""
    typer.echo(visible_in_json(json.dumps(item, ensure_ascii=False, indent=2, default=_plain)))


def say(sentence: str) -> None:
    """Prints a sentence, whatever characters came in with the data."""
    typer.echo(visible(sentence))


def done(sentence: str, item: Row | None = None, *, as_json: bool = False) -> None:
    """Says that something was done, or prints what was done as JSON."""
    if as_json:
        value(item if item is not None else {"message": sentence})
    else:
        say(sentence)


def preview(dry_run: bool) -> str:
    """What a sentence about a change ends with where nothing was written."""
    return "（预演，未写入）" if dry_run else ""


def synced(what: str, result: Any, *, as_json: bool, dry_run: bool, **more: object) -> None:
    """Says how a synchronisation ended; `result` has added, changed and unchanged. `more` is for programs."""
    said = f"{what}：新增 {result.added}，更新 {result.changed}，未变 {result.unchanged}"
    done(said + preview(dry_run), {**asdict(result), **more}, as_json=as_json)


def warn(sentence: str) -> None:
    """Says on stderr what is worth knowing but stops nothing."""
    typer.echo(visible(f"注意：{sentence}"), err=True)


def confirm(question: str, *, yes: bool) -> None:
    """Asks before something that cannot be taken back; aborts on no, and where nobody can answer."""
    from eduops.core.errors import UsageError

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"需要确认：{question}", hint="确认无误后加 --yes 再运行")
    answer = typer.prompt(f"{visible(question)} [y/N]", default="", show_default=False, err=True)
    if answer.strip().lower() not in ("y", "yes", "是"):
        raise typer.Abort


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr while a block runs; yields the function that advances it. None without a terminal."""
    if not sys.stderr.isatty():
        yield lambda _step: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    looks = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*looks, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(visible(label)), total=total)
        yield lambda step: bar.advance(task, step)


def console() -> Any:  # Any: rich is imported only when something is drawn
    """The terminal to draw on; as wide as it is, and wide enough for tables where it is a file or a pipe."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160, soft_wrap=False)


def text(item: object) -> str:
    """A value as people read it."""
    match item:
        case None:
            return "—"
        case True:
            return "是"
        case False:
            return "否"
        case datetime():
            return item.astimezone(_zone()).strftime("%Y-%m-%d %H:%M")
        case Enum():
            return str(item.value)
        case dict():
            return "，".join(f"{key}={text(part)}" for key, part in item.items())
        case list() | tuple():
            return "、".join(text(part) for part in item)
        case _:
            return visible(str(item))


def _table(items: Sequence[Row], columns: Sequence[Column], title: str) -> None:
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    from eduops.cli import width

    screen = console()
    texts = {column.key: [column.head, *(text(item.get(column.key)) for item in items)] for column in columns}
    least = {key: width.least_width(cells) for key, cells in texts.items()}
    shown = _drop_spare(columns, least, screen.width)
    room = screen.width - _BORDERS * len(shown) - 1
    natural = [max(map(cell_len, texts[column.key])) for column in shown]
    widths = width.share_widths(natural, [least[column.key] for column in shown], room)
    table = Table(title=Text(title), title_justify="left", header_style="bold")
    for place, column in enumerate(shown):
        justify: Literal["left", "right"] = "right" if column.right else "left"
        table.add_column(
            column.head, justify=justify, overflow="fold", width=widths[place] if widths else None
        )
    for item, *cells in zip(items, *(texts[column.key][1:] for column in shown), strict=True):
        styles = (_style(item, column) for column in shown)
        table.add_row(*(Text(cell, style=style) for cell, style in zip(cells, styles, strict=True)))
    screen.print(table)
    if len(shown) < len(columns):
        left = "、".join(column.head for column in columns if column not in shown)
        warn(f"屏幕较窄，没有显示：{left}；加宽窗口，或用 --json 看全部")


def _drop_spare(columns: Sequence[Column], least: Mapping[str, int], available: int) -> list[Column]:
    """The columns that fit, spare ones dropped from the right as far as needed."""
    shown = list(columns)
    for column in reversed([column for column in columns if column.spare]):
        if sum(least[each.key] + _BORDERS for each in shown) + 1 > available:
            shown.remove(column)
    return shown


def _zone() -> ZoneInfo | None:
    """The contract's zone; the machine's own where no contract can be read."""
    from eduops.core.errors import EduopsError

    try:
        return _find_zone() if _find_zone else None
    except EduopsError:
        return None


def _style(item: Row, column: Column) -> str:
    return str(item.get(column.style_key) or "") if column.style_key else ""


def _plain(item: object) -> object:
    """What JSON has no word for: instants in UTC with Z, days, decimals as numbers, paths, dataclasses."""
    match item:
        case datetime():
            return item.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return item.isoformat()
        case Decimal():
            return int(item) if item == item.to_integral_value() else float(item)
        case Path():
            return visible(str(item))
        case Enum():
            return item.value
        case set() | frozenset():
            return sorted(item)
        case _ if is_dataclass(item) and not isinstance(item, type):
            return asdict(item)
    raise TypeError(f"{type(item).__name__} has no JSON form")

"""Many hosts on the screen: a live table on a terminal, a line each elsewhere, and what came of it at the end."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from eduops.cli import out
from eduops.cli.patrol_screen import COLOURS
from eduops.cli.visible import visible
from eduops.patrol.rules.check import STATE_WORDS, State
from eduops.workflow.patrol_collect import Stage, Watch

_STAGES = {
    Stage.CONNECTING: "连接中",
    Stage.MEASURING: "测量中",
    Stage.DONE: "完成",
    Stage.FAILED: "失败",
}
_COLUMNS = (
    out.Column("host", "主机"),
    out.Column("ref", "编号", spare=True),
    out.Column("state_text", "结论", style_key="colour"),
    out.Column("problems", "问题数", right=True),
    out.Column("failure", "失败原因"),
)
# Title, head and frame of the live table.
_FRAME_LINES = 6


@contextmanager
def watching(codes: Sequence[str]) -> Iterator[Watch]:
    """What a command with these hosts tells how far they have come, while the block runs."""
    if sys.stderr.isatty():
        with _live(codes) as watch:
            yield watch
        return
    done: list[str] = []

    def tell(code: str, stage: Stage, words: str) -> None:
        if stage in (Stage.DONE, Stage.FAILED):
            done.append(code)
            typer.echo(visible(f"[{len(done)}/{len(codes)}] {code}：{_words(stage, words)}"), err=True)

    yield tell


def show(rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """What came of every host."""
    coloured = [{**row, "colour": _colour(row)} for row in rows]
    out.rows(coloured, _COLUMNS, as_json=as_json, title="巡检", empty="没有主机")


def _words(stage: Stage, words: str) -> str:
    if stage is Stage.DONE:
        return STATE_WORDS[State(words)]
    return f"失败，{words}" if stage is Stage.FAILED else _STAGES[stage]


def _colour(row: Mapping[str, object]) -> str:
    return COLOURS[State(str(row["state"]))] if row["state"] else "bold red"


@contextmanager
def _live(codes: Sequence[str]) -> Iterator[Watch]:
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    stages: dict[str, tuple[Stage, str, float]] = {}
    with Live(
        get_renderable=lambda: _draw(stages, len(codes), console.height), console=console, transient=True
    ):

        def tell(code: str, stage: Stage, words: str) -> None:
            began = stages[code][2] if code in stages else time.monotonic()
            # Moved to the end, so that the table shows what happened last.
            stages.pop(code, None)
            stages[code] = (stage, words, began)

        yield tell


def _draw(
    stages: Mapping[str, tuple[Stage, str, float]], total: int, height: int
) -> Any:  # Any: rich's table
    from rich.table import Table
    from rich.text import Text

    # A copy: the main thread may be writing while rich's own thread draws.
    items = list(dict(stages).items())
    ended = [item for item in items if item[1][0] in (Stage.DONE, Stage.FAILED)]
    busy = [item for item in items if item not in ended]
    table = Table(title=f"巡检 {len(ended)}/{total}", title_justify="left", header_style="bold")
    for head in ("主机", "进度", "秒"):
        table.add_column(head, overflow="fold")
    room = max(1, height - _FRAME_LINES - len(busy))
    for code, (stage, words, began) in [*ended[-room:], *busy]:
        is_over = stage in (Stage.DONE, Stage.FAILED)
        style = "red" if stage is Stage.FAILED else "" if is_over else "cyan"
        text = Text(visible(_words(stage, words)), style=style, overflow="ellipsis", no_wrap=True)
        table.add_row(Text(visible(code)), text, "" if is_over else f"{time.monotonic() - began:.0f}")
    return table

"""The command `eduops`: global options, the nouns (loaded when asked for), errors turned into sentences."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from eduops import __version__
from eduops.cli import failure, journal, stream
from eduops.cli.noun import LazyGroup
from eduops.cli.state import State

app = typer.Typer(
    name="eduops",
    cls=LazyGroup,
    # Plain text: drawing this one page with rich would triple the time of `eduops --help`.
    rich_markup_mode=None,
    help="远程教育平台运维工具：机构与学员、题库与考试、巡检、工单与服务时限、违约台账、备份和签字文档。",
    epilog="例：eduops demo --into demo",
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"eduops {__version__}")
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="数据目录；默认取 EDUOPS_HOME，再默认 ~/.local/share/eduops。")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="出错时显示程序内部的调用过程。")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="显示版本号。", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    state = State(home_option=home, debug=debug)
    if isinstance(ctx.obj, journal.Journal):
        ctx.obj.state = state
    ctx.obj = state


def run() -> None:
    """Runs the command line and leaves the process with the design's exit code."""
    # Pydantic would look through every installed package for plugins: a tenth of a command's time, and we have none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    stream.prepare()
    debug = "--debug" in sys.argv or bool(os.environ.get("EDUOPS_DEBUG"))
    log = journal.begin(debug)
    code = failure.OUTSIDE
    try:
        code = failure.guarded(lambda: log.watch(lambda: _call(log)), debug=debug)
    finally:
        log.finish(code)
    sys.exit(code)


def _call(log: journal.Journal) -> object:
    stream.require_text(sys.argv[1:])
    return app(standalone_mode=False, prog_name="eduops", obj=log)

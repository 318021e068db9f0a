"""`eduops patrol ingest`: documents made elsewhere."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from eduops.asset import queries as assets
from eduops.cli import door, out
from eduops.cli import patrol_screen as screen
from eduops.cli.noun import Noun
from eduops.cli.patrol_collect import leave
from eduops.cli.patrol_collect_option import KindOption
from eduops.core.files import open_regular, unreadable
from eduops.patrol import configuration, queries, service
from eduops.patrol.rules.document import LARGEST_BYTES
from eduops.patrol.rules.run import Kind

verbs = Noun("收入：在别处测得的文档。")


@verbs.verb("ingest", example="eduops patrol ingest app-1.json --host app-1")
def ingest(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="eduops-agent 的输出；- 表示标准输入。", allow_dash=True)],
    host: Annotated[str, typer.Option(help="文档所属的主机代码。")],
    kind: KindOption = Kind.DAILY,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """收入在别处测得的巡检文档并判定；按测量的日期计入巡检。"""
    config = configuration.load_config(configuration.find_config_path(door.state(ctx).home.path))
    zone, content = door.contract(ctx).zone_info, _read(file)
    source = "标准输入" if str(file) == "-" else str(file)
    with door.work(ctx, dry_run=dry_run) as work:
        chosen = assets.get_host(work.session, host)
        made, _ = service.ingest(
            work.session, chosen, content, config,
            kind=kind, now=work.now, actor=work.actor, zone=zone, source=source,
        )  # fmt: skip
        work.changed(made.ref, host=host, kind=kind.value, state=made.state, document=made.document_hash)
        shown = screen.build_shown(made, chosen, queries.list_results(work.session, screen.run_id(made)))
    if dry_run:
        out.warn("预演：没有写入")
    screen.show(shown, as_json=as_json, everything=False)
    leave(shown)


def _read(file: Path) -> bytes:
    """At most a little more than may be read at all."""
    if str(file) == "-":
        return sys.stdin.buffer.read(LARGEST_BYTES + 1)
    try:
        with open_regular(file) as stream:
            return stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise unreadable(file, error) from error

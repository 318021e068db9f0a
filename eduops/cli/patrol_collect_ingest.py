"""`eduops patrol ingest`: documents made elsewhere."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from eduops.asset import queries as assets
from eduops.cli import door, out
from eduops.cli import patrol_screen as screen
from eduops.cli.noun import Noun
from eduops.cli.patrol_collect import leave
from eduops.cli.patrol_collect_option import KindOption, get_hosts, spool_of
from eduops.core.errors import Conflict, UsageError
from eduops.core.files import open_regular, unreadable
from eduops.patrol import configuration, paste_request, paste_script, queries, service
from eduops.patrol.rules.document import LARGEST_BYTES
from eduops.patrol.rules.paste import is_paste, read_paste
from eduops.patrol.rules.paste_document import build_document
from eduops.patrol.rules.run import Kind
from eduops.patrol.rules.threshold import PatrolConfig

verbs = Noun("收入：在别处测得的文档。")


@dataclass(frozen=True, slots=True)
class _Brought:
    """A document, the host that it is said to be of, and whether it came through a terminal."""

    host: str
    document: bytes
    is_pasted: bool


@verbs.verb("ingest", example="eduops patrol ingest app-1.json --host app-1")
def ingest(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(help="eduops-agent 的输出，或粘贴的脚本输出；- 表示标准输入。", allow_dash=True),
    ],
    host: Annotated[str | None, typer.Option(help="文档所属的主机代码；粘贴的脚本输出自己写明了。")] = None,
    kind: KindOption = Kind.DAILY,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """收入在别处测得的巡检文档或粘贴的脚本输出并判定；按测量的日期计入巡检。"""
    config = configuration.load_config(configuration.find_config_path(door.state(ctx).home.path))
    zone, spool = door.contract(ctx).zone_info, spool_of(ctx)
    source = "标准输入" if str(file) == "-" else str(file)
    brought = _bring(spool, _read(file), host, config)
    with door.work(ctx, dry_run=dry_run) as work:
        chosen = assets.get_host(work.session, brought.host)
        made, _ = service.ingest(
            work.session, chosen, brought.document, config,
            kind=kind, now=work.now, actor=work.actor, zone=zone, source=source,
        )  # fmt: skip
        work.changed(
            made.ref, host=brought.host, kind=kind.value, state=made.state, document=made.document_hash
        )
        shown = screen.build_shown(made, chosen, queries.list_results(work.session, screen.run_id(made)))
    if dry_run:
        out.warn("预演：没有写入")
    elif brought.is_pasted:
        paste_request.close_request(spool, brought.host)
    screen.show(shown, as_json=as_json, everything=False)
    leave(shown)


@verbs.verb("script", example="eduops patrol script app-1")
def script(
    ctx: typer.Context,
    host: Annotated[str, typer.Argument(help="主机代码。")],
    as_json: out.JsonOption = False,
) -> None:
    """打印一份只读的巡检脚本，用于只能开终端的堡垒机；其输出用 eduops patrol ingest - 收入。"""
    (chosen,) = get_hosts(ctx, [host])
    config = configuration.load_config(configuration.find_config_path(door.state(ctx).home.path))
    nonce = paste_script.make_nonce()
    text = paste_script.render_script(chosen.code, nonce, config.agents.get(chosen.code, {}))
    paste_request.open_request(spool_of(ctx), chosen.code, nonce)
    if as_json:
        out.value({"host": chosen.code, "script": text})
        return
    # As it is: whatever prettifies text for people would break it.
    typer.echo(text, nl=False)


def _bring(spool: Path, content: bytes, host: str | None, config: PatrolConfig) -> _Brought:
    if not is_paste(content):
        if host is None:
            raise UsageError("不知道文档属于哪台主机", hint="加 --host 主机代码")
        return _Brought(host, content, is_pasted=False)
    paste = read_paste(content)
    if host not in (None, paste.host):
        raise Conflict(f"粘贴的是主机 {paste.host} 的输出，不是 {host} 的", hint="核对 --host，或不写 --host")
    paste_request.check_request(spool, paste.host, paste.nonce)
    return _Brought(paste.host, build_document(paste, config.agents.get(paste.host, {})), is_pasted=True)


def _read(file: Path) -> bytes:
    """At most a little more than may be read at all."""
    if str(file) == "-":
        return sys.stdin.buffer.read(LARGEST_BYTES + 1)
    try:
        with open_regular(file) as stream:
            return stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise unreadable(file, error) from error

"""`eduops patrol trust` and `pull`: what is done with far hosts besides measuring them."""

import sys
from typing import Annotated

import typer

from eduops.asset.models import Host
from eduops.asset.rules import is_local
from eduops.cli import door, failure, out
from eduops.cli.noun import Noun
from eduops.cli.patrol_collect_option import KindOption, build_round, get_hosts
from eduops.core.errors import OutsideError, UsageError
from eduops.patrol.rules.check import STATE_WORDS, State
from eduops.patrol.rules.run import Kind
from eduops.remote.configuration import get_spool, load_config
from eduops.remote.gateway import Gateway
from eduops.remote.known_host import ShownKey, find_known
from eduops.remote.known_host import trust as keep_key
from eduops.remote.route import Hop, Route
from eduops.remote.transfer import open_folder
from eduops.workflow.patrol_collect import Round
from eduops.workflow.patrol_collect_spool import Fate, Fetched, pull_spool
from eduops.workflow.patrol_collect_target import open_gateway, route_to

verbs = Noun("远程主机：信任、取回。")

_FATES = {Fate.TAKEN: "已收入", Fate.KNOWN: "早已收入", Fate.REFUSED: "已隔离"}
_PULLED = (
    out.Column("host", "主机"),
    out.Column("file", "文件"),
    out.Column("fate_text", "处理"),
    out.Column("ref", "编号"),
    out.Column("state_text", "结论"),
    out.Column("reason", "原因", spare=True),
)


@verbs.verb("trust", example="eduops patrol trust app-1")
def trust(
    ctx: typer.Context,
    host: Annotated[str, typer.Argument(help="主机代码。")],
    fingerprint: Annotated[
        list[str] | None, typer.Option(help="已经核对过的指纹（SHA256:…），可以多个；写了就不再询问。")
    ] = None,
    as_json: out.JsonOption = False,
) -> None:
    """逐跳取得主机密钥，核对指纹后登记；以后密钥不符就拒绝连接。"""
    home, (chosen,) = door.state(ctx).home, get_hosts(ctx, [host])
    _require_far(chosen)
    route, gateway = route_to(home, chosen, load_config(home.path)), open_gateway(home)
    try:
        rows = [
            _trust_hop(ctx, gateway, route, number, fingerprint or []) for number in range(len(route.hops))
        ]
    finally:
        gateway.close()
    columns = (
        out.Column("hop", "机器"),
        out.Column("kind", "密钥"),
        out.Column("fingerprint", "指纹"),
        out.Column("action_text", "处理"),
    )
    out.rows(rows, columns, as_json=as_json, title="主机密钥", empty="")


def _trust_hop(
    ctx: typer.Context, gateway: Gateway, route: Route, number: int, checked: list[str]
) -> dict[str, object]:
    hop, shown = route.hops[number], gateway.fetch_key(route, number)
    known = find_known(gateway.known_hosts, hop.key_name)
    row = {"hop": hop.title, "address": hop.key_name, "kind": shown.kind, "fingerprint": shown.fingerprint}
    if shown in known:
        return {**row, "action": "known", "action_text": "早已登记"}
    _confirm(hop, shown, known, checked)
    with door.work(ctx) as work:
        keep_key(gateway.known_hosts, hop.key_name, shown)
        work.changed(route.code, action="trust", address=hop.key_name, fingerprint=shown.fingerprint)
    return {**row, "action": "trust", "action_text": "已登记"}


def _confirm(hop: Hop, shown: ShownKey, known: tuple[ShownKey, ...], checked: list[str]) -> None:
    if shown.fingerprint in checked:
        return
    where = f"{hop.title}（{hop.address}:{hop.port}）"
    said = f"{where}的主机密钥是 {shown.kind} {shown.fingerprint}"
    if known:
        said += f"，与登记的不同（{'、'.join(f'{key.kind} {key.fingerprint}' for key in known)}）"
    if not sys.stdin.isatty():
        raise UsageError(
            f"需要核对：{said}", hint=f"向管理员核对指纹，一致后加 --fingerprint {shown.fingerprint} 再运行"
        )
    out.confirm(f"{said}。与管理员给出的指纹一致，登记", yes=False)


@verbs.verb("pull", example="eduops patrol pull app-1 --remove")
def pull(
    ctx: typer.Context,
    hosts: Annotated[list[str], typer.Argument(help="主机代码，可以多个。", metavar="主机...")],
    kind: KindOption = Kind.DAILY,
    remove: Annotated[bool, typer.Option("--remove", help="收入后从主机上删除；被隔离的留在原处。")] = False,
    as_json: out.JsonOption = False,
) -> None:
    """取回 eduops-agent loop 存放在主机上的巡检文档并判定；有文档被隔离或不是「正常」时退出码为 1。"""
    shared, chosen = build_round(ctx, kind), get_hosts(ctx, hosts)
    fetched, errors, gateway = list[Fetched](), list[OutsideError](), open_gateway(door.state(ctx).home)
    try:
        for host in chosen:
            try:
                fetched += _pull_one(ctx, gateway, host, shared, with_removal=remove)
            except OutsideError as error:
                # The other hosts have documents, too.
                errors.append(error)
    finally:
        gateway.close()
    _show_pulled(fetched, as_json=as_json)
    for before in errors[:-1]:
        out.warn(before.message)
    if errors:
        raise errors[-1]
    if any(item.fate is Fate.REFUSED or item.state != State.NORMAL.value for item in fetched):
        raise typer.Exit(failure.FOUND)


def _pull_one(
    ctx: typer.Context, gateway: Gateway, host: Host, shared: Round, *, with_removal: bool
) -> list[Fetched]:
    _require_far(host)
    home = door.state(ctx).home
    remote = load_config(home.path)
    spool, route = get_spool(remote, host.code), route_to(home, host, remote)
    with gateway.session(route) as session, open_folder(session, spool) as folder:
        return pull_spool(folder, host, shared, with_removal=with_removal)


def _show_pulled(fetched: list[Fetched], *, as_json: bool) -> None:
    rows = [
        {
            "host": item.host,
            "file": item.file,
            "fate": item.fate.value,
            "fate_text": _FATES[item.fate],
            "ref": item.ref or None,
            "state": item.state or None,
            "state_text": STATE_WORDS[State(item.state)] if item.state else None,
            "reason": item.reason or None,
        }
        for item in fetched
    ]
    out.rows(rows, _PULLED, as_json=as_json, title="取回的文档", empty="没有等待取回的文档")


def _require_far(host: Host) -> None:
    if is_local(host.address):
        raise UsageError(f"主机 {host.code} 就是本机", hint="这条命令用于远程主机；本机用 eduops patrol run")

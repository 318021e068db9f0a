"""`eduops alert`: what people must hear of, written down first, sent then, kept until it arrived."""

from typing import Annotated

import typer

from eduops.alert import queries, service
from eduops.alert.configuration import KINDS, find_config_path
from eduops.cli import alert_run, alert_screen, door, out
from eduops.cli.failure import OUTSIDE
from eduops.cli.noun import Noun
from eduops.core.errors import ConfigError, NotFound, OutsideError, UsageError
from eduops.workflow import alert_send, alert_tick, alert_trial

app = Noun("提醒：先写下，再发送，送达为止。")
RefArgument = Annotated[str, typer.Argument(help="提醒的编号，如 MSG-2026-0001。")]


@app.verb("tick", example="eduops alert tick --send")
def tick(
    ctx: typer.Context,
    and_send: Annotated[bool, typer.Option("--send", help="写下后接着发送，等于再运行 alert send。")] = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """每分钟看一次：工单时限过半、还剩十分钟、已超时，新违约、新问题、失败的备份和任务；每件只写一次。"""
    if and_send and dry_run:
        raise UsageError("--send 和 --dry-run 不能一起写", hint="预演不发送；去掉一个")
    contract = door.contract(ctx)
    run = alert_run.run(ctx, contract)
    invented = door.state(ctx).home.load_settings().invented
    told = alert_tick.tick(run, contract, with_invented=invented, dry_run=dry_run)
    outcomes = alert_send.flush(run) if and_send else None
    alert_screen.show_tick(told, outcomes, dry_run=dry_run, as_json=as_json)
    if told.faults or alert_screen.has_failed(outcomes or ()):
        raise typer.Exit(OUTSIDE)


@app.verb("send", example="eduops alert send")
def send(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """把待发的发一遍；没有送达的留着，隔一会儿再试。有没送达的退出码为 5。"""
    outcomes = alert_send.flush(alert_run.run(ctx, door.contract(ctx)))
    alert_screen.show_outcomes(outcomes, as_json=as_json)
    if alert_screen.has_failed(outcomes):
        raise typer.Exit(OUTSIDE)


@app.verb("list", example="eduops alert list --pending --json")
def list_(
    ctx: typer.Context,
    kind: Annotated[str | None, typer.Option(help="只看一类，如 deadline、patrol、backup。")] = None,
    pending: Annotated[bool, typer.Option("--pending", help="只看还有渠道没有送达的。")] = False,
    limit: Annotated[int, typer.Option(help="最多列出多少条。", min=1, max=out.MOST_ROWS)] = 50,
    as_json: out.JsonOption = False,
) -> None:
    """列出提醒和各渠道的送达情况，最新的在前。"""
    if kind and kind not in KINDS:
        choices = "、".join(f"{name}（{said}）" for name, said in KINDS.items())
        raise UsageError(f"--kind 的值「{kind}」不在可选范围", hint=f"可选：{choices}")
    with door.look(ctx) as look:
        messages, total = queries.list_messages(look.session, kind=kind, is_pending=pending, limit=limit)
        deliveries = queries.list_deliveries(look.session, {message.id for message in messages})
    alert_screen.show_messages(messages, deliveries, total=total, as_json=as_json)


@app.verb("show", example="eduops alert show MSG-2026-0001")
def show(ctx: typer.Context, ref: RefArgument, as_json: out.JsonOption = False) -> None:
    """查看一条提醒的全文，和每个渠道的送达情况。"""
    with door.look(ctx) as look:
        message = queries.get_message(look.session, ref)
        deliveries = queries.list_deliveries(look.session, [message.id])
    alert_screen.show_message(message, deliveries, as_json=as_json)


@app.verb("withdraw", example="eduops alert withdraw MSG-2026-0001 --reason 误报")
def withdraw(
    ctx: typer.Context,
    ref: RefArgument,
    reason: Annotated[str, typer.Option(help="为什么撤回。")],
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """撤回一条提醒还没有送达的渠道：不再发送，记录保留。"""
    if not reason.strip():
        raise UsageError("没有写撤回的理由", hint="写 --reason 理由")
    with door.work(ctx, dry_run=dry_run) as work:
        channels = service.withdraw(work.session, ref, because=reason)
        work.changed(ref, step="withdraw", reason=reason, channels=channels)
    said = f"{ref} 已撤回，不再发往：{'、'.join(channels)}{out.preview(dry_run)}"
    out.done(said, {"ref": ref, "channels": channels, "reason": reason}, as_json=as_json)


@app.verb("channels", example="eduops alert channels --json")
def channels(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """列出 alert.yaml 里的渠道：发往哪里，哪些提醒，密钥放在哪里、能不能读。"""
    config = alert_run.config(ctx)
    home = door.state(ctx).home.path
    alert_screen.show_channels(config, home, find_config_path(home), as_json=as_json)


@app.verb("test", example="eduops alert test group")
def test(
    ctx: typer.Context,
    channel: Annotated[str | None, typer.Argument(help="渠道名；不写就每个渠道都试。")] = None,
    as_json: out.JsonOption = False,
) -> None:
    """显示实际生效的设置，并马上发一条测试消息；没有送达时退出码为 5，且不再重发。"""
    contract = door.contract(ctx)
    run = alert_run.run(ctx, contract)
    names = _choose(list(run.setting.config.channels), channel)
    if not as_json:
        home = door.state(ctx).home.path
        alert_screen.show_channels(
            run.setting.config, home, find_config_path(home), as_json=False, only=names
        )
    outcomes = alert_trial.try_channels(run, names)
    alert_screen.show_outcomes(outcomes, as_json=as_json)
    failed = [each for each in outcomes if each.state != "delivered"]
    if failed:
        said = "；".join(f"{each.channel}：{each.why}" for each in failed)
        raise OutsideError(f"测试消息没有送达：{said}", hint="改正 alert.yaml 或密钥文件后再试；这条不会重发")


def _choose(names: list[str], channel: str | None) -> list[str]:
    """The channels to try. Raises NotFound for a name that alert.yaml has not, ConfigError where it has none."""
    if not names:
        raise ConfigError("alert.yaml 里没有渠道", hint="在 channels 里写上渠道，写法见 docs/alert.md")
    if channel is None:
        return names
    if channel not in names:
        raise NotFound(f"alert.yaml 里没有渠道 {channel}", hint=f"现有：{'、'.join(names)}")
    return [channel]

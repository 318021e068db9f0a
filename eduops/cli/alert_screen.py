"""How `eduops alert` shows messages, their way over each channel, and the channels themselves."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import typer

from eduops.alert.configuration import CHANNEL_KINDS, KINDS, SEVERITIES, AlertConfig, Channel
from eduops.alert.models import Delivery, Message
from eduops.alert.secret import Place, read_secret
from eduops.cli import out
from eduops.core.errors import ConfigError
from eduops.workflow.alert_send import Outcome
from eduops.workflow.alert_tick import Told

_STATES = {"pending": "待发", "delivered": "已送达", "withdrawn": "已撤回"}
_OUTCOMES = {"delivered": "已送达", "failed": "没有送达", "waiting": "等待", "taken": "别的程序在发"}
_SEVERITY_STYLES = {"critical": "bold red", "warning": "yellow", "info": ""}
_OUTCOME_STYLES = {"delivered": "green", "failed": "bold red", "waiting": "cyan", "taken": "cyan"}
_MESSAGE_COLUMNS = (
    out.Column("ref", "编号"),
    out.Column("created_at", "时刻"),
    out.Column("severity_text", "级别", style_key="style"),
    out.Column("title", "内容"),
    out.Column("deliveries_text", "送达"),
)
_OUTCOME_COLUMNS = (
    out.Column("ref", "编号"),
    out.Column("channel", "渠道"),
    out.Column("state_text", "结果", style_key="style"),
    out.Column("why", "说明"),
)
_CHANNEL_COLUMNS = (
    out.Column("name", "渠道"),
    out.Column("kind_text", "类别"),
    out.Column("title", "名称", spare=True),
    out.Column("where", "发往"),
    out.Column("routes_text", "收哪些"),
    out.Column("secrets_text", "密钥", style_key="style"),
)


def has_failed(outcomes: Sequence[Outcome]) -> bool:
    """Whether any delivery was tried and did not arrive."""
    return any(each.state == "failed" for each in outcomes)


def show_tick(told: Told, outcomes: Sequence[Outcome] | None, *, dry_run: bool, as_json: bool) -> None:
    """What a tick wrote, what it could not read, and what was sent after it."""
    for fault in told.faults:
        out.warn(f"没有看成{fault}")
    if as_json:
        messages = [_to_row(message, ()) for message in told.messages]
        sent = None if outcomes is None else [asdict(each) for each in outcomes]
        out.value({"messages": messages, "faults": told.faults, "outcomes": sent})
        return
    for message in told.messages:
        ref = "预演" if dry_run else message.ref
        out.say(f"{ref} {SEVERITIES[message.severity]}：{message.title}")
    if not told.messages:
        out.say("没有新的提醒。")
    if outcomes:
        show_outcomes(outcomes, as_json=False)


def show_outcomes(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    """What came of each delivery that was tried; of those that wait only how many and why, as it comes every minute."""
    rows = [
        {**asdict(each), "state_text": _OUTCOMES[each.state], "style": _OUTCOME_STYLES[each.state]}
        for each in outcomes
    ]
    if as_json:
        out.rows(rows, _OUTCOME_COLUMNS, as_json=True, title="", empty="")
        return
    tried = [row for row in rows if row["state"] in ("delivered", "failed")]
    waiting = Counter(each.why for each in outcomes if each.state not in ("delivered", "failed"))
    if tried or not waiting:
        out.rows(tried, _OUTCOME_COLUMNS, as_json=False, title="发送", empty="没有待发的提醒。")
    for why, count in waiting.items():
        out.say(f"等待 {count} 条：{why}")


def show_messages(
    messages: Sequence[Message], deliveries: Sequence[Delivery], *, total: int, as_json: bool
) -> None:
    """Messages as a list; `total` is how many there are."""
    ways: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        ways[delivery.message_id].append(delivery)
    rows = [_to_row(message, ways[message.id]) for message in messages]
    out.rows(rows, _MESSAGE_COLUMNS, as_json=as_json, title="提醒", empty="没有提醒。", total=total)


def show_message(message: Message, deliveries: Sequence[Delivery], *, as_json: bool) -> None:
    """One message in full."""
    if as_json:
        row = _to_row(message, deliveries)
        row.pop("style")
        out.value({**row, "text": message.text, "facts": message.facts, "dedup_key": message.dedup_key})
        return
    said = f"{KINDS[message.kind]}，{SEVERITIES[message.severity]}，{out.text(message.created_at)}，{message.actor}"
    out.say(f"{message.ref}（{said}）")
    for line in message.text.splitlines():
        out.say(line)
    out.say("")
    for delivery in deliveries:
        out.say(_tell(delivery))
    if not deliveries:
        out.say("没有渠道：alert.yaml 的 routes 没有一条适用于它")


def show_channels(
    config: AlertConfig, home: Path, path: Path, *, as_json: bool, only: Sequence[str] = ()
) -> None:
    """The channels in force, and whether their secrets can be read; never a secret."""
    rows = [
        _channel_row(name, channel, config, home)
        for name, channel in config.channels.items()
        if not only or name in only
    ]
    if as_json:
        for row in rows:
            row.pop("style")
        quiet, proxy = config.quiet, config.proxy
        out.value(
            {
                "file": path,
                "channels": rows,
                "quiet": quiet.model_dump(by_alias=True) if quiet else None,
                "proxy": proxy.url if proxy else None,
            }
        )
        return
    out.rows(rows, _CHANNEL_COLUMNS, as_json=False, title=f"渠道（{path}）", empty=f"{path} 里没有渠道。")
    typer.echo(_tell_quiet(config))
    if config.proxy:
        out.say(f"代理：{config.proxy.url}" + (f"，用户 {config.proxy.user}" if config.proxy.user else ""))


def _to_row(message: Message, deliveries: Sequence[Delivery]) -> dict[str, object]:
    return {
        "ref": message.ref, "kind": message.kind, "kind_text": KINDS[message.kind],
        "severity": message.severity, "severity_text": SEVERITIES[message.severity],
        "subject": message.subject, "title": message.title, "created_at": message.created_at,
        "actor": message.actor,
        "deliveries": [each.model_dump(exclude={"id", "message_id", "claimed_until"}) for each in deliveries],
        "deliveries_text": "、".join(f"{each.channel} {_STATES[each.state]}" for each in deliveries) or "没有渠道",
        "style": _SEVERITY_STYLES[message.severity],
    }  # fmt: skip


def _tell(delivery: Delivery) -> str:
    said = f"渠道 {delivery.channel}：{_STATES[delivery.state]}"
    match delivery.state:
        case "delivered":
            said += f"，{out.text(delivery.delivered_at)}"
        case "withdrawn":
            said += f"（{delivery.withdrawn_because}）"
        case _ if delivery.next_at:
            said += f"，不早于 {out.text(delivery.next_at)}"
    if delivery.attempts:
        said += f"，发过 {delivery.attempts} 次"
    return said + (f"，上次没有送达：{delivery.last_fault}" if delivery.last_fault else "")


def _channel_row(name: str, channel: Channel, config: AlertConfig, home: Path) -> dict[str, object]:
    fault = _find_fault(channel, home)
    places = [place.title for _, place in _list_places(channel) if place.file or place.variable]
    return {
        "name": name, "kind": channel.kind, "kind_text": CHANNEL_KINDS[channel.kind], "title": channel.title,
        "where": _tell_target(channel), "routes_text": _tell_routes(name, config),
        "secrets": places, "fault": fault, "secrets_text": fault or "、".join(places) or "不需要",
        "style": "bold red" if fault else "",
    }  # fmt: skip


def _list_places(channel: Channel) -> list[tuple[str, Place]]:
    return [
        ("网址", Place(channel.url_file, channel.url_env)),
        ("签名密钥", Place(channel.secret_file, channel.secret_env)),
        ("口令", Place(channel.password_file, channel.password_env)),
    ]


def _find_fault(channel: Channel, home: Path) -> str:
    """Why a secret of the channel cannot be had; empty where all can."""
    try:
        for what, place in _list_places(channel):
            read_secret(place, home, what=what)
    except ConfigError as error:
        return error.message
    return ""


def _tell_target(channel: Channel) -> str:
    match channel.kind:
        case "mail":
            return f"{channel.host}（{channel.security}），收件人 {'、'.join(channel.to)}"
        case "file":
            return str(channel.path)
        case "webhook":
            return "网址（保密）"
    called = f"，@ {len(channel.mention)} 人" if channel.mention else ""
    return f"群机器人{called}"


def _tell_routes(name: str, config: AlertConfig) -> str:
    said = []
    for route in config.routes:
        if name in route.channels:
            kinds = (
                "全部" if set(route.kinds) == set(KINDS) else "、".join(KINDS[kind] for kind in route.kinds)
            )
            all_ = set(route.severities) == set(SEVERITIES)
            severities = (
                "" if all_ else "（" + "、".join(SEVERITIES[each] for each in route.severities) + "）"
            )
            said.append(kinds + severities)
    return "；".join(said) or "没有"


def _tell_quiet(config: AlertConfig) -> str:
    quiet = config.quiet
    if quiet is None:
        return "安静时段：没有设"
    days = "，非工作日全天" if quiet.free_days else ""
    held = "只发工单时限" if quiet.hold_critical else "只发工单时限和严重的"
    return f"安静时段：{quiet.from_} 到 {quiet.to}{days}，期间{held}"

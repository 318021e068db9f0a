"""From a message to the words of one channel: its format, its length, its mentions."""

from datetime import datetime

from eduops.alert import sender, template
from eduops.alert.models import Message
from eduops.alert.sender.letter import Letter, Outlet
from eduops.alert.service import Setting
from eduops.alert.text import cut

_FOR_A_MENTION = 80
"""Bytes kept free for each person who is called."""
_TITLE_BYTES = 200
_SECOND = "（上一次发送中断，不知道是否送达；这条可能收到两次）"


def find_outlet(setting: Setting, channel: str) -> Outlet | None:
    """The channel as alert.yaml has it; None where it is not there any more."""
    found = setting.config.channels.get(channel)
    return Outlet(channel, found, setting.home, setting.config.proxy) if found else None


def compose(
    message: Message, outlet: Outlet, setting: Setting, *, sent_at: datetime, may_be_second: bool
) -> Letter:
    """The message for a channel; what is too long ends with how to read the rest."""
    module, channel = sender.find(outlet.channel.kind), outlet.channel
    text = message.text
    if module.IS_MARKDOWN:
        text = template.write_markdown(
            setting.home, setting.days.zone, kind=message.kind, channel_kind=channel.kind,
            severity=message.severity, text=text, facts=message.facts,
        )  # fmt: skip
    ending = f"\n\n{_SECOND}" if may_be_second else ""
    tail = f"…（全文：eduops alert show {message.ref}）"
    room = module.MOST_BYTES - _FOR_A_MENTION * len(channel.mention) - len(ending.encode())
    return Letter(
        ref=message.ref, kind=message.kind, severity=message.severity, subject=message.subject,
        title=cut(message.title, most_bytes=_TITLE_BYTES, tail="…"),
        text=cut(text, most_bytes=room, tail=tail) + ending,
        created_at=message.created_at, sent_at=sent_at, may_be_second=may_be_second,
    )  # fmt: skip

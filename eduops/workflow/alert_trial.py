"""A message to try channels with: written, sent at once, and withdrawn where it did not arrive."""

import secrets
from collections.abc import Sequence

from eduops.alert import service
from eduops.alert.models import Message
from eduops.alert.service import Notice
from eduops.store.unit import unit_of_work
from eduops.workflow.alert_send import Outcome, Run, send_message

_BECAUSE = "测试没有送达，不再重发"


def try_channels(run: Run, channels: Sequence[str]) -> list[Outcome]:
    """Sends a test message over each of the channels, quiet hours or not, and says what came of it."""
    message = _write(run, channels)
    outcomes = send_message(run, message)
    if any(outcome.state != "delivered" for outcome in outcomes):
        with unit_of_work(run.store, now=run.now, actor=run.actor, command=run.command) as unit:
            left = service.withdraw(unit.session, message.ref, because=_BECAUSE)
            unit.changed(message.ref, step="withdraw", reason=_BECAUSE, channels=left)
    return outcomes


def _write(run: Run, channels: Sequence[str]) -> Message:
    facts = {"actor": run.actor, "now": run.began_at.isoformat(), "channels": "、".join(channels)}
    notice = Notice("test", "info", "alert", f"test:{secrets.token_hex(16)}", facts)
    with unit_of_work(run.store, now=run.began_at, actor=run.actor, command=run.command) as unit:
        message = service.announce(
            unit.session, run.setting, notice, now=run.began_at, actor=run.actor, channels=channels
        )
        assert message is not None  # noqa: S101 - nobody else has this key
        unit.changed(message.ref, title=message.title, channels=list(channels))
    return message

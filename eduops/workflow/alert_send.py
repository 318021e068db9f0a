"""Sending what stands in the outbox: each delivery is claimed, sent, and noted, three steps that commit on their own.

Whoever is killed between sending and noting leaves a claim; when that has run out the message is sent again, and says
so. Nothing is lost, and of one such break one message more arrives.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from eduops.alert import post, queries, rules, sender, service
from eduops.alert.models import Delivery, Message
from eduops.alert.sender.letter import Fault, Letter, Outlet
from eduops.alert.service import Setting
from eduops.core import clock
from eduops.core.errors import EduopsError
from eduops.store.store import Store
from eduops.store.unit import unit_of_work

_LOG = logging.getLogger("eduops.alert")
_SECONDS = 120.0
"""After so long no further delivery is begun: the claims of a run never grow old while it lasts."""
_SEVERITIES = ("critical", "warning", "info")
_LIMITED = "渠道被限："
"""What a fault begins with after which the service wants to be left alone: then no message goes over the channel."""


@dataclass(frozen=True, slots=True)
class Run:
    """Who sends, from which store, when it began."""

    store: Store
    setting: Setting
    actor: str
    command: str
    began_at: datetime
    _started: float = field(default_factory=time.monotonic)

    @property
    def now(self) -> datetime:
        """The present instant of this run: its beginning and what has passed since, even where a clock is set."""
        return self.began_at + timedelta(seconds=self.seconds)

    @property
    def seconds(self) -> float:
        """How long this run has lasted."""
        return time.monotonic() - self._started


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one delivery: delivered, failed, waiting (quiet hours, a pause, the limit a minute) or taken."""

    ref: str
    channel: str
    state: str
    why: str = ""


def flush(run: Run) -> list[Outcome]:
    """Sends everything that is due, the most urgent first. One channel's trouble never holds up another."""
    with run.store.reading() as session:
        pending = queries.list_pending(session)
        sent = queries.count_delivered(session, now=run.now)
    pending.sort(
        key=lambda pair: (pair[1].kind != "deadline", _SEVERITIES.index(pair[1].severity), pair[0].id)
    )
    return _send_all(run, pending, sent)


def send_message(run: Run, message: Message) -> list[Outcome]:
    """Sends one message now over all its channels, quiet hours or not."""
    with run.store.reading() as session:
        pending = queries.list_pending(session, message_id=message.id)
    return [_send(run, delivery, each) for delivery, each in pending]


def _send_all(run: Run, pending: Sequence[tuple[Delivery, Message]], sent: dict[str, int]) -> list[Outcome]:
    outcomes, broken = [], _find_limited(run, pending)
    for delivery, message in pending:
        why = broken.get(delivery.channel) or _find_wait(run, delivery, message, sent)
        if why:
            outcomes.append(Outcome(message.ref, delivery.channel, "waiting", why))
            continue
        outcome = _send(run, delivery, message, broken)
        outcomes.append(outcome)
        sent[delivery.channel] = sent.get(delivery.channel, 0) + (outcome.state == "delivered")
    return outcomes


def _find_limited(run: Run, pending: Sequence[tuple[Delivery, Message]]) -> dict[str, str]:
    """The channels that wait because of what their service said; more messages would only prolong it."""
    return {
        each.channel: "这个渠道的服务要求稍后再发"
        for each, _ in pending
        if rules.is_paused(each.next_at, attempts=each.attempts, now=run.now)
        and (each.last_fault or "").startswith(_LIMITED)
    }


def _find_wait(run: Run, delivery: Delivery, message: Message, sent: dict[str, int]) -> str:
    """Why a delivery is not sent in this run; empty where it is."""
    now, setting = run.now, run.setting
    if run.seconds > _SECONDS:
        return "这一轮已到时间，下一轮再发"
    if rules.is_claimed(delivery.claimed_until, now):
        return "另一个程序正在发送"
    if rules.is_paused(delivery.next_at, attempts=delivery.attempts, now=now):
        return "上次没有送达，还没到再试的时间"
    quiet, kind, severity = setting.config.quiet, message.kind, message.severity
    if rules.find_quiet_end(quiet, setting.days, kind=kind, severity=severity, now=now):
        return "安静时段"
    channel = setting.config.channels.get(delivery.channel)
    if channel and channel.kind != "file" and sent.get(delivery.channel, 0) >= channel.per_minute:
        return f"这个渠道一分钟最多 {channel.per_minute} 条，下一轮再发"
    return ""


def _send(run: Run, delivery: Delivery, message: Message, broken: dict[str, str] | None = None) -> Outcome:
    if not _claim(run, delivery):
        return Outcome(message.ref, delivery.channel, "taken", "另一个程序正在发送")
    fault = _attempt(run, delivery, message)
    if fault is None:
        _note_delivered(run, delivery, message)
        return Outcome(message.ref, delivery.channel, "delivered")
    _note_failed(run, delivery, message, fault)
    if broken is not None and (not isinstance(fault, Fault) or fault.is_channel):
        broken[delivery.channel] = f"这个渠道刚刚没有发通：{fault.message}"
    return Outcome(message.ref, delivery.channel, "failed", fault.message)


def _claim(run: Run, delivery: Delivery) -> bool:
    with run.store.writing() as session:
        return service.claim(session, delivery, now=run.now)


def _attempt(run: Run, delivery: Delivery, message: Message) -> EduopsError | None:
    try:
        outlet, letter = _prepare(run, delivery, message)
        sender.send(letter, outlet)
    except EduopsError as error:
        return error
    except Exception as error:
        # Only the kind of error: its words may hold an address or a password.
        return Fault(f"发送程序内部出错（{type(error).__name__}）")
    return None


def _prepare(run: Run, delivery: Delivery, message: Message) -> tuple[Outlet, Letter]:
    outlet = post.find_outlet(run.setting, delivery.channel)
    if outlet is None:
        raise Fault(f"alert.yaml 里没有渠道 {delivery.channel} 了；加回来，或用 eduops alert withdraw 撤回")
    # Read when nobody claimed it or the claim had run out: then the sender before us did not get to its note.
    is_second = delivery.claimed_until is not None
    letter = post.compose(message, outlet, run.setting, sent_at=clock.now(), may_be_second=is_second)
    return outlet, letter


def _note_delivered(run: Run, delivery: Delivery, message: Message) -> None:
    with unit_of_work(run.store, now=run.now, actor=run.actor, command=run.command) as unit:
        if service.note_delivered(unit.session, delivery.id, now=run.now):
            unit.changed(message.ref, channel=delivery.channel, state="delivered")
    _LOG.info("message delivered", extra=_told(delivery, message))


def _note_failed(run: Run, delivery: Delivery, message: Message, fault: EduopsError) -> None:
    attempts = delivery.attempts + 1
    least = fault.pause if isinstance(fault, Fault) else timedelta()
    pause = rules.find_pause(attempts, key=f"{message.ref}:{delivery.channel}", least=least)
    said = f"{_LIMITED}{fault.message}" if least else fault.message
    with run.store.writing() as session:
        service.note_failed(session, delivery.id, attempts=attempts, next_at=run.now + pause, fault=said)
    _LOG.warning("message not delivered", extra={**_told(delivery, message), "fault": fault.message})


def _told(delivery: Delivery, message: Message) -> dict[str, object]:
    return {
        "ref": message.ref,
        "channel": delivery.channel,
        "kind": message.kind,
        "severity": message.severity,
        "attempt": delivery.attempts + 1,
    }

"""Measuring another machine: the agent goes there, runs, is read back and leaves nothing behind."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from eduops.core.errors import OutsideError
from eduops.patrol.collect import Collected, refused_config, tell_end
from eduops.patrol.push import MARK, Bundle, build_command, pack_for
from eduops.patrol.rules.document import LARGEST_BYTES
from eduops.remote.command import Output, run_command
from eduops.remote.gateway import Gateway
from eduops.remote.route import Route

_WRONG_CONFIG = 3
# What push.sh ends with.
_REASONS = {
    90: (
        "上的巡检没有在限定时间内做完，已中止",
        "查看该主机的负载和挂载点，或加大 remote.yaml 的 overall_seconds",
    ),
    91: ("没有 python3", "在该主机上安装 Python 3.6 或更高版本，或用 eduops patrol script {code} 粘贴回来"),
    92: (
        "的 Python 低于 3.6",
        "在该主机上安装 Python 3.6 或更高版本，或用 eduops patrol script {code} 粘贴回来",
    ),
    93: ("不能建立临时目录", "检查该主机临时目录的空间和权限"),
    94: ("不能解开巡检程序", "检查该主机的临时目录空间，以及有没有 tar 和 gzip"),
}
# Beyond our own time, so that the host's alarm only matters where the line is dead and nobody noticed.
_ALARM_AFTER_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Trip:
    """Everything a host's measuring takes: the way there, what goes there, how long it may take."""

    route: Route
    bundle: Bundle
    agent_config: Mapping[str, JsonValue]
    seconds: float


def collect_far(gateway: Gateway, trip: Trip, *, when_reached: Callable[[], None]) -> Collected:
    """The agent's document of a far machine; `when_reached` is called when measuring begins there.

    Raises OutsideError where a hop or the agent fails, ConfigError where the agent refuses its configuration.
    """
    started = time.monotonic()
    with gateway.session(trip.route) as session:
        content = pack_for(trip.bundle, trip.agent_config)
        output = run_command(
            session,
            build_command(len(content), seconds=trip.seconds + _ALARM_AFTER_SECONDS),
            content=content,
            seconds=trip.seconds,
            largest_bytes=LARGEST_BYTES,
            when_sent=when_reached,
        )
    return Collected(_read_document(output, trip.route), time.monotonic() - started)


def _read_document(output: Output, route: Route) -> bytes:
    if output.code in _REASONS:
        what, hint = _REASONS[output.code]
        raise OutsideError(
            f"主机 {route.code} {what}" if what.startswith("没有") else f"主机 {route.code}{what}",
            hint=hint.format(code=route.code),
            source=route.code,
            detail=output.stderr.decode("utf-8", "replace"),
        )
    if output.code == _WRONG_CONFIG:
        raise refused_config(output.stderr)
    _, mark, document = output.stdout.partition(MARK + b"\n")
    if output.code != 0 or not mark or not document.strip():
        raise tell_end(output.code, output.stderr, source=f"主机 {route.code} 的 eduops-agent")
    return document

"""Which patrols may be begun and which documents belong to them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from eduops.core.errors import Conflict, InputError, NotAllowed

_CLOCKS_DIFFER_BY = timedelta(minutes=10)


class Kind(StrEnum):
    """Why a patrol is made."""

    DAILY = "daily"
    BIG = "big"
    MONTHLY = "monthly"
    ON_DEMAND = "on_demand"


KIND_WORDS = {
    Kind.DAILY: "日常巡检",
    Kind.BIG: "大巡检",
    Kind.MONTHLY: "月度评估",
    Kind.ON_DEMAND: "临时巡检",
}


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What matters of a host here."""

    code: str
    address: str
    retired_at: datetime | None


def check_in_use(host: HostFacts) -> None:
    """Raises NotAllowed for a retired host."""
    if host.retired_at is not None:
        raise NotAllowed(
            f"主机 {host.code} 已停用，不再巡检", hint="运行 eduops host list 查看在用的主机，或重新登记"
        )


def check_same_machine(host: str, machine: str | None, last_machine: str | None) -> None:
    """Raises Conflict where a document comes from another machine than the host's last one; unknown ones pass."""
    if machine and last_machine and machine != last_machine:
        raise Conflict(
            f"文档来自另一台机器：机器标识与主机 {host} 上次巡检时不同",
            hint=f"核对 --host；若 {host} 确已更换或重装，先停用它，再以新代码登记",
        )


def check_same_name(host: str, hostname: str, last_hostname: str | None) -> None:
    """Raises Conflict where a document names no machine and not even the host's last name."""
    if hostname != last_hostname:
        raise Conflict(
            f"文档没有机器标识，机器名「{hostname}」也不是主机 {host} 上次的「{last_hostname}」",
            hint="核对 --host；或让 eduops-agent 能读 /etc/machine-id 后重新巡检",
        )


def say_twin(twin: str) -> str:
    """The note on a patrol whose machine is known as another host's."""
    return f"机器标识和机器名与主机 {twin} 相同：核对两台主机登记的地址；若是克隆的机器，重新生成它的机器标识"


def check_clock_forward(
    host: str, measured_at: datetime, last_measured_at: datetime, *, last_ref: str, now: datetime
) -> None:
    """Raises InputError where a host measured just now says an earlier instant than its last patrol did.

    Its clock ran backwards, or this is an old document played again. A last instant that lies in our own future was
    wrong itself and is no measure; ten minutes either way are no matter.
    """
    if last_measured_at > now + _CLOCKS_DIFFER_BY or measured_at >= last_measured_at - _CLOCKS_DIFFER_BY:
        return
    said, before = measured_at.astimezone(UTC), last_measured_at.astimezone(UTC)
    raise InputError(
        f"主机 {host} 这次的测量时刻 {said:%Y-%m-%d %H:%M} UTC 早于上次巡检 {last_ref} 的 {before:%Y-%m-%d %H:%M} UTC",
        hint="时钟倒退过，或给出的是旧结果：校正该主机的时钟后重新巡检；旧文档用 eduops patrol ingest 补收",
    )


def check_clock_near(
    host: str, measured_at: datetime, ended_at: datetime, *, received_at: datetime, largest_hours: float
) -> str:
    """The note on a clock that is off by more than ten minutes, "" where it is not; both by the host's clock.

    `received_at` is by our own real clock. Raises InputError past the largest error: nothing that depends on the day,
    such as a certificate, may be judged by such a clock.
    """
    ahead, behind = measured_at - received_at, received_at - ended_at
    way, off = ("快", ahead) if ahead > behind else ("慢", behind)
    if off <= _CLOCKS_DIFFER_BY:
        return ""
    if off <= timedelta(hours=largest_hours):
        return f"该主机的时钟比本机{way} {_render_span(off)}"
    raise InputError(
        f"主机 {host} 的时钟比本机{way} {_render_span(off)}，超过允许的 {largest_hours:g} 小时，这次的结果不能用",
        hint="校正该主机的时钟（若错的是本机，校正本机）后重新巡检；限度是 patrol.yaml 的 largest_clock_error_hours",
    )


def _render_span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if span.days:
        return f"{span.days} 天"
    return f"{minutes // 60} 小时 {minutes % 60} 分" if minutes >= 60 else f"{minutes} 分"


def refuse_twin(host: str, other: str, hostname: str) -> None:
    """Raises Conflict for a document that is said to be of one host and comes from another one's machine."""
    raise Conflict(
        f"文档来自主机 {other}（机器名 {hostname}，机器标识相同），不是 {host}",
        hint=f"核对 --host；若 {other} 已改称 {host}，先运行 eduops host retire {other}",
    )

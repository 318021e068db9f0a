"""Which patrols may be begun and which documents belong to them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from eduops.asset.rules import is_local
from eduops.core.errors import Conflict, NotAllowed


class Kind(StrEnum):
    """Why a patrol is made."""

    DAILY = "daily"
    BIG = "big"
    ON_DEMAND = "on_demand"


KIND_WORDS = {Kind.DAILY: "日常巡检", Kind.BIG: "大巡检", Kind.ON_DEMAND: "临时巡检"}


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


def check_reachable(host: HostFacts) -> None:
    """Raises NotAllowed for a host that eduops does not run on."""
    if not is_local(host.address):
        raise NotAllowed(
            f"主机 {host.code} 的地址是 {host.address}，不是本机；远程采集尚未实现",
            hint=f"在该主机上运行 eduops-agent 并保存输出，再运行 eduops patrol ingest 文件 --host {host.code}",
        )


def check_same_machine(host: str, machine: str | None, last_machine: str | None) -> None:
    """Raises Conflict where a document comes from another machine than the host's last one; unknown ones pass."""
    if machine and last_machine and machine != last_machine:
        raise Conflict(
            f"文档来自另一台机器：机器标识与主机 {host} 上次巡检时不同",
            hint=f"核对 --host；若 {host} 确已更换或重装，先停用它，再以新代码登记",
        )

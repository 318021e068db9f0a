"""Which step a data correction may take: pure."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from eduops.contract.finding import render_local
from eduops.core.errors import NotAllowed

STATES = {"requested": "待批准", "approved": "已批准", "applied": "已执行", "undone": "已撤回"}
_FROM = {"approve": "requested", "apply": "approved", "undo": "applied"}
_WORDS = {"approve": "批准", "apply": "执行", "undo": "撤回"}
_LAST = {"requested": "提出", "approved": "批准", "applied": "执行", "undone": "撤回"}


@dataclass(frozen=True, slots=True)
class Stand:
    """How far a correction has come."""

    ref: str
    requested_at: datetime
    approved_at: datetime | None
    applied_at: datetime | None
    undone_at: datetime | None

    @property
    def state(self) -> str:
        """requested, approved, applied or undone."""
        if self.undone_at:
            return "undone"
        if self.applied_at:
            return "applied"
        return "approved" if self.approved_at else "requested"

    @property
    def last_at(self) -> datetime:
        """When the latest step happened."""
        return self.undone_at or self.applied_at or self.approved_at or self.requested_at


def check_step(stand: Stand, step: str, *, at: datetime, now: datetime, zone: ZoneInfo) -> None:
    """Raises NotAllowed where `approve`, `apply` or `undo` cannot come now; instants are named in `zone`."""
    if stand.state != _FROM[step]:
        raise NotAllowed(
            f"数据修正 {stand.ref} {STATES[stand.state]}，不能{_WORDS[step]}",
            hint=f"运行 eduops correction show {stand.ref} 查看经过",
        )
    if at > now:
        raise NotAllowed(f"数据修正 {stand.ref}：时刻还没有到，不能预先登记", hint="检查 --at 写的时刻")
    if at < stand.last_at:
        said, last = render_local(at, zone), render_local(stand.last_at, zone)
        raise NotAllowed(
            f"数据修正 {stand.ref}：{_WORDS[step]} {said} 早于{_LAST[stand.state]} {last}",
            hint="检查 --at 写的时刻",
        )

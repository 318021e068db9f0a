"""Which step a ticket may take, and when: pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from eduops.core.errors import NotAllowed

KINDS = {"incident": "故障", "request": "服务请求", "consult": "咨询"}
IMPACTS = {"system": "系统停机", "department": "部门级业务影响", "limited": "有限影响"}
CAUSES = {
    "software": "软件",
    "hardware": "硬件",
    "network": "网络",
    "third_party": "第三方",
    "customer": "甲方",
    "unknown": "未查明",
}
CHANNELS = {"onsite": "现场", "phone": "电话", "online": "在线（QQ、微信、邮件）", "remote": "远程（堡垒机）"}
"""How a ticket came in and was served (clause 2.4)."""

PREFIXES = {"incident": "INC", "request": "REQ", "consult": "CON"}
LATE_AFTER = timedelta(minutes=30)
"""A step recorded later than this after it happened counts as entered late; a matter of display only."""


@dataclass(frozen=True, slots=True)
class Life:
    """A ticket's instants as the desk knows them, and when its open wait for the customer began."""

    ref: str
    zone: ZoneInfo
    """In which refusals name instants."""
    reported_at: datetime
    responded_at: datetime | None
    arrived_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    waiting_since: datetime | None

    @property
    def state(self) -> str:
        """open, responded, waiting, resolved or closed."""
        if self.closed_at:
            return "closed"
        if self.resolved_at:
            return "resolved"
        if self.waiting_since:
            return "waiting"
        return "responded" if self.responded_at or self.arrived_at else "open"

    def said(self, at: datetime | None) -> str:
        """An instant as a refusal names it."""
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M") if at else "—"


STATES = {
    "open": "待响应",
    "responded": "处理中",
    "waiting": "等待甲方",
    "resolved": "已解决",
    "closed": "已关闭",
}


def check_step(life: Life, step: str, *, at: datetime, now: datetime) -> None:
    """Raises NotAllowed where the step cannot follow what happened, or lies in the future."""
    if at > now:
        raise _refusal(life, "时刻还没有到，不能预先登记", "检查 --at 写的时刻")
    if at < life.reported_at:
        raise _refusal(life, f"时刻早于报修时刻 {life.said(life.reported_at)}", "检查 --at 写的时刻")
    problem = _order_problem(life, step, at)
    if problem:
        raise _refusal(life, *problem)


def _order_problem(life: Life, step: str, at: datetime) -> tuple[str, str] | None:
    show = f"运行 eduops ticket show {life.ref} 查看经过"
    if life.closed_at:
        return f"已于 {life.said(life.closed_at)} 关闭", show
    done = {"respond": life.responded_at, "arrive": life.arrived_at, "resolve": life.resolved_at}.get(step)
    if done:
        return f"这一步已在 {life.said(done)} 登记过", show
    if step != "close" and life.resolved_at and at > life.resolved_at:
        return f"已于 {life.said(life.resolved_at)} 解决", show
    match step:
        case "resolve" if life.arrived_at and at < life.arrived_at:
            return f"解决早于到场 {life.said(life.arrived_at)}", "检查 --at 写的时刻"
        case "resolve" if life.responded_at and at < life.responded_at:
            return f"解决早于响应 {life.said(life.responded_at)}", "检查 --at 写的时刻"
        case "close" if life.resolved_at is None:
            return "还没有解决，不能关闭", f"先登记解决：eduops ticket resolve {life.ref}"
        case "close" if at < life.resolved_at:  # type: ignore[operator]  # the case above leaves no None
            return f"关闭早于解决 {life.said(life.resolved_at)}", "检查 --at 写的时刻"
        case "wait" if life.waiting_since:
            return (
                f"自 {life.said(life.waiting_since)} 起已在等待甲方",
                f"先登记继续：eduops ticket go-on {life.ref}",
            )
        case "go_on" if life.waiting_since is None:
            return "没有在等待甲方", show
        case "go_on" | "resolve" if life.waiting_since and at < life.waiting_since:
            return f"时刻早于开始等待甲方的 {life.said(life.waiting_since)}", "检查 --at 写的时刻"
    return None


def _refusal(life: Life, message: str, hint: str) -> NotAllowed:
    return NotAllowed(f"工单 {life.ref}：{message}", hint=hint)

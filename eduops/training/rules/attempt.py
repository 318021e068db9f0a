"""Whether an answer may be taken, and what the scores of an exam come to: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from eduops.core.errors import NotAllowed

STATES = {"open": "作答中", "submitted": "待阅卷", "graded": "已阅卷"}


@dataclass(frozen=True, slots=True)
class Window:
    """When an exam may be taken: attempts begin within [opens_at, closes_at) and last `minutes_allowed` at most."""

    ref: str
    opens_at: datetime
    closes_at: datetime
    minutes_allowed: int

    def last_moment(self, started_at: datetime) -> datetime:
        """Until when (exclusive) an attempt begun at `started_at` takes answers."""
        return min(self.closes_at, started_at + timedelta(minutes=self.minutes_allowed))


def check_start(window: Window, *, learner_state: str, tenant_state: str, now: datetime) -> None:
    """Raises NotAllowed where the exam is not open, for a learner who has left, or of a tenant that is not active."""
    if tenant_state != "active":
        raise NotAllowed(f"本机构已停用或关闭，不能参加考试 {window.ref}", hint="联系组考部门")
    if learner_state != "active":
        raise NotAllowed(f"这名学员已停用，不能参加考试 {window.ref}", hint="联系组考部门")
    if now < window.opens_at:
        raise NotAllowed(f"考试 {window.ref} 还没有开始", hint="开考后再进入")
    if now >= window.closes_at:
        raise NotAllowed(f"考试 {window.ref} 已经结束", hint="联系组考部门安排补考")


def check_answer(window: Window, *, state: str, started_at: datetime, now: datetime) -> None:
    """Raises NotAllowed where an attempt no longer takes answers."""
    if state != "open":
        raise NotAllowed(f"考试 {window.ref} 的这份答卷已经提交，不能再改", hint="联系组考部门")
    if now >= window.last_moment(started_at):
        raise NotAllowed(
            f"考试 {window.ref} 的作答时间已到，这一题没有保存", hint="已保存的答案都在，请提交答卷"
        )


@dataclass(frozen=True, slots=True)
class ScoreStats:
    """What an exam's graded attempts come to; the averages are None where there are none."""

    attempts: int
    graded: int
    full_points: Decimal
    average: Decimal | None
    highest: Decimal | None
    lowest: Decimal | None
    passed: int
    pass_percent: Decimal | None


def compute_stats(
    points: Sequence[Decimal | None], *, full_points: Decimal, pass_percent: Decimal
) -> ScoreStats:
    """Statistics of an exam; `points` has a None for each attempt that is not graded."""
    graded = [value for value in points if value is not None]
    passed = sum(is_passed(value, full_points=full_points, pass_percent=pass_percent) for value in graded)
    return ScoreStats(
        attempts=len(points),
        graded=len(graded),
        full_points=full_points,
        average=_round(sum(graded, Decimal(0)) / len(graded)) if graded else None,
        highest=max(graded, default=None),
        lowest=min(graded, default=None),
        passed=passed,
        pass_percent=_round(Decimal(passed) * 100 / len(graded)) if graded else None,
    )


def is_passed(points: Decimal, *, full_points: Decimal, pass_percent: Decimal) -> bool:
    """Whether the points reach the pass mark, exactly at it included."""
    return points * 100 >= full_points * pass_percent


def _round(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)

"""An exam's scores as a sheet that departments compute further with."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from eduops.sheet.export import Column, Table
from eduops.training.rules.attempt import STATES, ScoreStats, is_passed

INVENTED = "演示数据：人员、答卷和成绩均为虚构。"


class Score(Protocol):
    """What a line of the sheet needs to know."""

    @property
    def tenant(self) -> str: ...
    @property
    def staff_number(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def department(self) -> str | None: ...
    @property
    def state(self) -> str: ...
    @property
    def points(self) -> Decimal | None: ...


def build_score_table(
    ref: str,
    title: str,
    scores: Sequence[Score],
    stats: ScoreStats,
    *,
    pass_percent: Decimal,
    is_invented: bool,
) -> Table:
    """One line a learner, points as numbers; whether passed stands in words."""
    columns = (
        Column("机构"),
        Column("工号"),
        Column("姓名"),
        Column("科室"),
        Column("状态"),
        Column("得分", kind="number"),
        Column("是否及格"),
    )
    note = f"考试 {ref}；满分 {stats.full_points.normalize():f}，及格线 {pass_percent.normalize():f}%"
    if stats.average is not None:
        note += f"；判分 {stats.graded} 人，平均 {stats.average} 分，及格率 {stats.pass_percent}%"
    rows = [
        (
            score.tenant,
            score.staff_number,
            score.name,
            score.department,
            STATES[score.state],
            score.points,
            _verdict(score.points, stats, pass_percent),
        )
        for score in scores
    ]
    return Table("成绩", f"{title} 成绩", f"{note}。{INVENTED if is_invented else ''}", columns, rows)


def _verdict(points: Decimal | None, stats: ScoreStats, pass_percent: Decimal) -> str:
    if points is None:
        return ""
    return "及格" if is_passed(points, full_points=stats.full_points, pass_percent=pass_percent) else "不及格"

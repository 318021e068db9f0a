"""What the commands over courses share: the mode's option, a course as a row, a word on programmes left."""

from enum import StrEnum
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.row import plain_row
from eduops.training.models.course import Course
from eduops.training.models.tenant import Programme
from eduops.training.rules.course import MODES, STATES


class Mode(StrEnum):
    """How a course is given."""

    ONLINE = "online"
    LIVE = "live"
    ONSITE = "onsite"


MODES_SAID = "，".join(f"{mode} {said}" for mode, said in MODES.items())
ModeOption = Annotated[Mode | None, typer.Option(help=f"授课形式：{MODES_SAID}。")]
HEADS = {
    "ref": "编号",
    "title": "课程",
    "programme": "培训项目",
    "mode_text": "授课形式",
    "hours": "学时",
    "lecturer": "讲师",
    "department": "授课科室",
    "start_on": "从",
    "last_on": "到（含）",
    "state_text": "状态",
    "state_reason": "状态说明",
    "state_at": "状态时间",
    "is_invented": "虚构",
    "created_at": "登记时间",
}
COLUMNS = (
    out.Column("ref", "编号"),
    out.Column("title", "课程"),
    out.Column("programme", "培训项目"),
    out.Column("mode_text", "授课形式"),
    out.Column("hours", "学时", right=True),
    out.Column("lecturer", "讲师", spare=True),
    out.Column("department", "授课科室", spare=True),
    out.Column("start_on", "从", spare=True),
    out.Column("last_on", "到（含）", spare=True),
    out.Column("state_text", "状态", style_key="state_style"),
)


def course_item(course: Course, programme: str) -> dict[str, object]:
    """A course for people and programs."""
    row = plain_row(course, but=("id", "programme_id"))
    return {
        "ref": row.pop("ref"),
        "programme": programme,
        **row,
        "mode_text": MODES[course.mode],
        "state_text": STATES[course.state],
        "state_style": "" if course.state == "open" else "yellow",
    }


def warn_left(ctx: typer.Context, programme: Programme) -> None:
    """Says so where something is put under a programme that the contract no longer names."""
    if programme.code not in {each.code for each in door.contract(ctx).programmes}:
        out.warn(f"现在的合同里没有培训项目「{programme.name}」（{programme.code}）；确认没有选错项目")

"""`eduops course`: what the programmes teach besides their exams."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import typer

from eduops.cli import course_import, door, out
from eduops.cli.course_screen import COLUMNS, HEADS, MODES_SAID, Mode, ModeOption, course_item, warn_left
from eduops.cli.instant import parse_day
from eduops.cli.learner_screen import ReasonOption
from eduops.cli.noun import Noun
from eduops.cli.ticket_screen import plain_ref
from eduops.cli.usage import typed_here
from eduops.core.errors import UsageError
from eduops.training.models.tenant import Programme
from eduops.training.queries import course as queries
from eduops.training.queries import tenant as programmes
from eduops.training.rules.course import STATES, CourseTerms, find_hours
from eduops.training.service import course as service

app = Noun("课程：各培训项目的线上、直播和线下课程。")
app.add_typer(course_import.verbs)

RefArgument = Annotated[
    str, typer.Argument(help="课程编号，如 CRS-2026-0001。", metavar="编号", callback=plain_ref)
]
ProgrammeOption = Annotated[str, typer.Option(help="属于哪个培训项目：代码或名称。")]
HoursOption = Annotated[str | None, typer.Option(help="学时，如 2 或 1.5。")]
LecturerOption = Annotated[str | None, typer.Option(help="讲师姓名。")]
DepartmentOption = Annotated[str | None, typer.Option(help="授课科室。")]
FromOption = Annotated[str | None, typer.Option("--from", help="从哪天起开设，如 2026-03-05。")]
ToOption = Annotated[str | None, typer.Option("--to", help="开到哪天（含），如 2026-06-30。")]


@app.verb(
    "add", example="eduops course add 安全用血 --programme blood-transfusion --hours 2 --lecturer 王老师"
)
def add(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help="课程名称；同一培训项目里不重复。", metavar="名称")],
    programme: ProgrammeOption,
    mode: Annotated[Mode, typer.Option(help=f"授课形式：{MODES_SAID}。")] = Mode.ONLINE,
    hours: HoursOption = None,
    lecturer: LecturerOption = None,
    department: DepartmentOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    invented: out.InventedOption = False,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """登记一门课程。"""
    terms = CourseTerms(
        title.strip(), mode.value, _read_hours(hours), _read_text(lecturer), _read_text(department),
        _read_day(from_, "--from"), _read_day(to, "--to"),
    )  # fmt: skip
    zone = door.contract(ctx).zone_info
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        owner = programmes.get_programme(work.session, programme)
        warn_left(ctx, owner)
        made = service.add_course(work.session, owner, terms, now=work.now, zone=zone, is_invented=invented)
        item = course_item(made, owner.name)
        work.changed(made.ref, title=made.title, programme=owner.code, mode=made.mode)
    said = f"已登记课程 {item['ref']}「{item['title']}」，属于「{item['programme']}」" + out.preview(dry_run)
    out.done(said, _bare(item), as_json=as_json)


@app.verb("list", example="eduops course list --programme basic-skills")
def list_(
    ctx: typer.Context,
    programme: Annotated[str | None, typer.Option(help="只看这个培训项目（代码或名称）。")] = None,
    is_open: Annotated[bool, typer.Option("--open", help="只看没有撤下的。")] = False,
    as_json: out.JsonOption = False,
) -> None:
    """列出课程：属于哪个培训项目、授课形式、学时。"""
    with door.look(ctx) as look:
        owner = programmes.get_programme(look.session, programme) if programme else None
        found = queries.list_courses(
            look.session, programme_id=owner.id if owner else None, states=("open",) if is_open else ()
        )
        rows = [course_item(course, name) for course, name in found]
    empty = "没有课程。登记：eduops course add 名称 --programme 培训项目"
    out.rows(rows, COLUMNS, as_json=as_json, title="课程", empty=empty)


@app.verb("show", example="eduops course show CRS-2026-0001")
def show(ctx: typer.Context, ref: RefArgument, as_json: out.JsonOption = False) -> None:
    """查看一门课程。"""
    with door.look(ctx) as look:
        course = queries.get_course(look.session, ref)
        item = course_item(course, look.session.get_one(Programme, course.programme_id).name)
    out.fields(_bare(item), HEADS, as_json=as_json)


@app.verb("change", example="eduops course change CRS-2026-0001 --hours 1.5 --lecturer 李老师")
def change(
    ctx: typer.Context,
    ref: RefArgument,
    title: Annotated[str | None, typer.Option(help="改成的名称。")] = None,
    programme: Annotated[str | None, typer.Option(help="改属哪个培训项目：代码或名称。")] = None,
    mode: ModeOption = None,
    hours: HoursOption = None,
    lecturer: LecturerOption = None,
    department: DepartmentOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    dry_run: out.DryRunOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """改一门课程，只改写了的项；学时、讲师、科室、日期写空的 '' 就是去掉。"""
    changes = _read_changes(title, mode, hours, lecturer, department, from_, to)
    if not changes and programme is None:
        raise UsageError("没有写要改什么", hint="写 --title、--programme、--mode、--hours 等中的一项")
    with door.work(ctx, dry_run=dry_run) as work, typed_here():
        course = queries.get_course(work.session, ref)
        was = work.session.get_one(Programme, course.programme_id)
        owner = programmes.get_programme(work.session, programme) if programme else was
        before = service.change_course(work.session, course, changes, programme=owner)
        item = course_item(course, owner.name)
        if before:
            kept = {name: _plain(value) for name, value in before.items() if name != "programme_id"}
            now = {name: _plain(getattr(course, name)) for name in kept}
            if owner is not was:
                warn_left(ctx, owner)
                kept["programme"], now["programme"] = was.code, owner.code
            work.changed(ref, step="change", **now, before=kept)
    said = f"{ref} 已改动" if before else f"{ref} 本来就是这样，没有改动"
    out.done(said + out.preview(dry_run), _bare(item), as_json=as_json)


def _add_change(name: str, state: str, example: str, summary: str) -> None:
    """A verb that needs nothing but a reason, and can be taken back."""

    def change(
        ctx: typer.Context,
        ref: RefArgument,
        reason: ReasonOption,
        dry_run: out.DryRunOption = False,
        as_json: out.JsonOption = False,
    ) -> None:
        _change_state(ctx, ref, state, reason, dry_run=dry_run, as_json=as_json)

    change.__doc__ = summary
    app.verb(name, example=example)(change)


_add_change(
    "withdraw",
    "withdrawn",
    "eduops course withdraw CRS-2026-0001 --reason 内容过时",
    "撤下一门课程：不再开设，记录保留，可以恢复。",
)
_add_change(
    "restore", "open", "eduops course restore CRS-2026-0001 --reason 已更新内容", "重新开设一门撤下的课程。"
)


def _change_state(
    ctx: typer.Context, ref: str, state: str, reason: str, *, dry_run: bool, as_json: bool
) -> None:
    with door.work(ctx, dry_run=dry_run) as work:
        course = queries.get_course(work.session, ref)
        service.change_state(work.session, course, state, reason=reason, now=work.now)
        item = {"ref": course.ref, "title": course.title, "state": state, "reason": reason}
        work.changed(course.ref, state=state, reason=reason)
    said = "已重新开设" if state == "open" else STATES[state]
    out.done(f"课程 {ref}「{item['title']}」{said}" + out.preview(dry_run), item, as_json=as_json)


def _read_changes(
    title: str | None,
    mode: Mode | None,
    hours: str | None,
    lecturer: str | None,
    department: str | None,
    from_: str | None,
    to: str | None,
) -> dict[str, object]:
    """What was written, by field; an empty word takes away what is there."""
    changes: dict[str, object] = {}
    if title is not None:
        changes["title"] = title.strip()
    if mode is not None:
        changes["mode"] = mode.value
    if hours is not None:
        changes["hours"] = _read_hours(hours)
    for name, text in (("lecturer", lecturer), ("department", department)):
        if text is not None:
            changes[name] = _read_text(text)
    for name, text, option in (("start_on", from_, "--from"), ("last_on", to, "--to")):
        if text is not None:
            changes[name] = _read_day(text, option)
    return changes


def _read_hours(text: str | None) -> Decimal | None:
    hours = find_hours(text) if text and text.strip() else None
    if text and text.strip() and hours is None:
        raise UsageError(f"--hours 的值「{text}」不是学时", hint="写成 2 或 1.5")
    return hours


def _read_text(text: str | None) -> str | None:
    return (text or "").strip() or None


def _read_day(text: str | None, option: str) -> date | None:
    return parse_day(text, option=option) if text and text.strip() else None


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return f"{value:.2f}"
        case date():
            return value.isoformat()
    return value


def _bare(item: dict[str, object]) -> dict[str, object]:
    """Without the colour, which only a table has."""
    return {key: value for key, value in item.items() if key != "state_style"}

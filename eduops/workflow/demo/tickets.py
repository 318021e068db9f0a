"""A quarter's worth of invented tickets: most in time, some late, so that the rules have something to find."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from eduops.contract.period import start_of
from eduops.contract.schema import Contract
from eduops.contract.window import OnSiteHours
from eduops.contract.working_day import WorkingDays
from eduops.desk.rules.word import CAUSES
from eduops.desk.service.ticket import NewTicket

_TITLES = {
    "incident": (
        "考试页面打不开", "登录后反复跳回登录页", "视频课程播放卡顿", "成绩查询报错", "题目图片不显示",
        "提交答卷时提示网络错误", "练习记录没有保存", "手机端无法签到", "证书下载为空白页", "课程进度不更新",
    ),
    "request": (
        "新增一批住培学员账号", "重置密码", "调整考试时间", "导出上月学习记录", "补录线下培训学时",
        "为新科室开通题库权限", "更正学员所属科室",
    ),
    "consult": (
        "怎样导入题库", "补考怎样安排", "学时怎样计算", "成绩什么时候公布", "怎样查看未完成人员", "导师账号有哪些权限",
    ),
}  # fmt: skip
_DEPARTMENTS = (
    "继续教育科",
    "医务科",
    "信息科",
    "护理部",
    "药剂科",
    "输血科",
    "病案科",
    "研究生科",
    "教学科",
)
_REPORTERS = ("陈老师（虚构）", "林老师（虚构）", "周老师（虚构）", "何老师（虚构）")
_SOLUTIONS = (
    "重启应用服务",
    "清理缓存后恢复",
    "修正配置",
    "补充账号权限",
    "更换网络出口",
    "修正数据后重新计算",
)
_POSSIBLE_CAUSES = ("software", "software", "network", "customer", "third_party", "hardware")
_COUNTS = {"incident": 24, "request": 18, "consult": 30}
_LAST_HOURS = timedelta(hours=30)

# Which incidents, by their place, miss what: the rest keep every limit.
_LATE_RESPONSE, _LATE_RESOLUTION, _NO_ARRIVAL, _WAITED = {3, 15}, {6, 11, 19}, {9}, {13}


@dataclass(frozen=True, slots=True)
class Step:
    """One step after the report: which, when, and what it sets."""

    name: str
    at: datetime
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class InventedTicket:
    """A ticket and its life."""

    new: NewTicket
    reported_at: datetime
    steps: tuple[Step, ...]


def invent_tickets(contract: Contract, *, from_on: date, now: datetime, seed: int) -> list[InventedTicket]:
    """Tickets reported from `from_on` until a day before `now`, oldest first."""
    generator = random.Random(f"tickets/{seed}")  # noqa: S311 - invented tickets
    hours = OnSiteHours(contract, WorkingDays(contract.working_days))
    from_at = start_of(from_on, contract.zone_info)
    tickets = []
    for kind, count in _COUNTS.items():
        for place in range(count):
            reported_at = _pick_instant(generator, from_at, now - _LAST_HOURS)
            new = _invent(generator, kind, place, is_on_site=hours.is_on_site(reported_at))
            if kind == "incident":
                steps = _incident_steps(generator, new, place, reported_at, hours.is_on_site(reported_at))
            else:
                steps = _simple_steps(generator, reported_at)
            tickets.append(InventedTicket(new, reported_at, steps))
    return sorted(tickets, key=lambda ticket: ticket.reported_at)


def _pick_instant(generator: random.Random, from_at: datetime, to_at: datetime) -> datetime:
    """A minute between 07:30 and 21:30 local time."""
    days = max(1, (to_at - from_at).days)
    day = from_at + timedelta(days=generator.randrange(days))
    return day + timedelta(minutes=generator.randrange(450, 1290))


def _invent(generator: random.Random, kind: str, place: int, *, is_on_site: bool) -> NewTicket:
    channel = (
        generator.choice(("onsite", "phone", "online"))
        if is_on_site
        else generator.choice(("phone", "online"))
    )
    return NewTicket(
        kind=kind,
        title=generator.choice(_TITLES[kind]),
        cause="unknown",
        department=_DEPARTMENTS[place % len(_DEPARTMENTS)],
        channel=channel,
        reporter=generator.choice(_REPORTERS),
        is_invented=True,
    )


def _incident_steps(
    generator: random.Random, new: NewTicket, place: int, reported_at: datetime, is_on_site: bool
) -> tuple[Step, ...]:
    def after(minutes: int) -> datetime:
        return reported_at + timedelta(minutes=minutes)

    response = generator.randint(34, 50) if place in _LATE_RESPONSE else generator.randint(3, 26)
    steps = [Step("respond", after(response))]
    limit = 60 if is_on_site else 180
    resolution = generator.randint(limit * 2 // 3, limit - 5)
    values = [("cause", generator.choice(_POSSIBLE_CAUSES)), ("solution", generator.choice(_SOLUTIONS))]
    if place in _LATE_RESOLUTION:
        resolution = limit + generator.randint(12, 70)
    if place in _WAITED:
        waits = (("reason", "等待甲方开放机房（虚构）"), ("agreed_by", "周老师（虚构）"))
        steps += [Step("wait", after(response + 2), waits), Step("go_on", after(response + 92))]
        resolution = max(limit + 60, response + 100)
    if not is_on_site and place not in _NO_ARRIVAL:
        if resolution > 120 and generator.random() < 0.7:
            steps.append(
                Step(
                    "arrive",
                    after(generator.randint(response + 10, 115)) if place not in _WAITED else after(112),
                )
            )
        elif resolution > 120:
            values.append(("remote_agreed_by", "林老师（虚构）"))
    if place in _NO_ARRIVAL:
        resolution = max(resolution, 130)
    steps.append(Step("resolve", after(resolution), tuple(values)))
    closing = after(resolution + generator.randint(10, 600))
    steps += [Step("record", closing, _invent_record(dict(values))), Step("close", closing)]
    return tuple(sorted(steps, key=lambda step: step.at))


def _invent_record(values: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The maintenance record that the incident needs before it is closed."""
    return (
        ("cause", f"{CAUSES[values['cause']]}原因（虚构）"),
        ("engineer", "王工（虚构）"),
        ("solution", values["solution"]),
        ("process", f"核对现象，{values['solution']}，请报修人复核"),
        ("result", "已恢复，报修人复核无误（虚构）"),
    )


def _simple_steps(generator: random.Random, reported_at: datetime) -> tuple[Step, ...]:
    response = generator.randint(1, 28)
    resolution = response + generator.randint(3, 240)
    marks: Sequence[tuple[str, int]] = (
        ("respond", response),
        ("resolve", resolution),
        ("close", resolution + 5),
    )
    return tuple(Step(name, reported_at + timedelta(minutes=minutes)) for name, minutes in marks)

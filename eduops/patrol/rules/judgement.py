"""A whole document against thresholds and what is known of its host: every check, and the host's state."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from eduops.patrol.rules import database_check, drift, endpoint_check, host_check, middleware_check
from eduops.patrol.rules.baseline import Baseline, Told, extract_parts
from eduops.patrol.rules.check import Check, State, build_check, judge_host, judge_value, render_figure
from eduops.patrol.rules.demand import Demands, is_demanded, judge_unseen
from eduops.patrol.rules.document import Document, Section
from eduops.patrol.rules.hysteresis import Key, Seen, hold
from eduops.patrol.rules.reading import Data
from eduops.patrol.rules.threshold import PROBES, Floor, Thresholds
from eduops.patrol.rules.trend import (
    Point,
    Verdict,
    can_fill,
    choose_points,
    draw_trend,
    explain_few,
    render_days,
)

_JUDGES: dict[str, Callable[[Data, Thresholds, datetime], Iterator[Check]]] = {
    "system": host_check.judge_system,
    "cpu": host_check.judge_cpu,
    "memory": host_check.judge_memory,
    "disks": host_check.judge_disks,
    "network": host_check.judge_network,
    "processes": host_check.judge_processes,
    "services": host_check.judge_services,
    "time_sync": host_check.judge_time_sync,
    "users": host_check.judge_users,
    "accounts": host_check.judge_accounts,
    "certificates": endpoint_check.judge_certificates,
    "urls": endpoint_check.judge_urls,
    "logs": endpoint_check.judge_logs,
    "backups": endpoint_check.judge_backups,
    "schedules": host_check.judge_schedules,
    "smart": host_check.judge_smart,
    "configuration": endpoint_check.judge_configuration,
    "postgresql": database_check.judge_postgresql,
    "mysql": database_check.judge_mysql,
    "redis": middleware_check.judge_redis,
    "nginx": middleware_check.judge_nginx,
    "tomcat": middleware_check.judge_tomcat,
}


_FULL_PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What was known of the host before the document was measured."""

    seen: Mapping[Key, Seen] = field(default_factory=dict)
    """What alarmed in the patrol before."""
    baseline: Baseline | None = None
    """The one in force at the time."""
    used: Mapping[str, Sequence[Point]] = field(default_factory=dict)
    """`disk_percent` by mount, over the window of the trend."""
    told: Told = field(default_factory=dict)
    twin: str = ""
    """The code of another host whose last document came from the same machine."""


TWIN_METRIC = "machine"
"""The check that says which other host answered as the same machine; its `item` is that host's code."""
_TWIN_PROBE = "system"
NOTHING = Memory()
_NO_DEMANDS: Demands = {}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The host's state and every check behind it, in the order of the probes."""

    state: State
    checks: tuple[Check, ...]

    @property
    def problems(self) -> tuple[Check, ...]:
        """What keeps the host from being normal, the worst first."""
        kept = [check for check in self.checks if check.state.is_problem(is_mandatory=check.is_mandatory)]
        return tuple(sorted(kept, key=lambda check: -check.state.rank))


def judge(
    document: Document,
    thresholds: Thresholds,
    memory: Memory = NOTHING,
    demands: Demands = _NO_DEMANDS,
) -> Judgement:
    """Every check of the document by the thresholds of its host; probes that are missing are said to be.

    What patrol.yaml names for the host is mandatory, whatever its probe is, and told where nobody looked at it.

    Levels are held by what the patrol before said, days until a disk is full come from what was measured before, and
    differences from the baseline in force are checks of their own.
    """
    sections = {section.name: section for section in document.probes}
    checks: list[Check] = []
    for probe in PROBES:
        is_mandatory, section = probe in thresholds.mandatory, sections.get(probe)
        if probe == "drift":
            found = _judge_drift(document, thresholds, memory)
        elif section is not None or is_mandatory:
            found = _judge_section(probe, section, thresholds, document.measured_at)
            if probe == "disks":
                found += _judge_growth(found, thresholds, memory.used, document.measured_at)
        else:
            found = []
        named = demands.get(probe, ())
        if named:
            found += judge_unseen(named, probe, section, document)
        for check in found:
            is_needed = (is_mandatory and check.is_mandatory) or (bool(named) and is_demanded(check, named))
            is_seen = (check.metric, check.item) in memory.seen
            held = hold(check, thresholds, memory.seen) if is_seen else check
            checks.append(_place(held, probe, is_mandatory=is_needed))
    if memory.twin:
        checks.append(_place(judge_twin(memory.twin), _TWIN_PROBE, is_mandatory=True))
    return Judgement(judge_host(checks), tuple(checks))


def judge_twin(twin: str) -> Check:
    """That another host was seen on the same machine: whose figures these are, nobody can tell."""
    text = (
        f"机器标识与主机 {twin} 最近一次的相同，不知测的是哪一台：核对两台主机登记的地址；"
        "若是克隆的机器，重新生成它的机器标识（/etc/machine-id）"
    )
    return build_check(TWIN_METRIC, twin, State.CANNOT_TELL, text)


def _place(check: Check, probe: str, *, is_mandatory: bool) -> Check:
    # Field by field: `replace` takes four times as long, and a year of documents has a million checks.
    return Check(
        check.metric,
        check.item,
        check.state,
        check.text,
        check.value,
        check.unit,
        check.threshold,
        probe,
        is_mandatory,
    )


def _judge_drift(document: Document, thresholds: Thresholds, memory: Memory) -> list[Check]:
    if memory.baseline is None:
        return [drift.judge_no_baseline()]
    drifts = drift.compare(memory.baseline, extract_parts(document, memory.told))
    return list(drift.judge_drift(drifts, memory.baseline, thresholds))


def _judge_growth(
    checks: Sequence[Check], thresholds: Thresholds, used: Mapping[str, Sequence[Point]], at: datetime
) -> list[Check]:
    """Days until each file system is full; none for those whose history is too short to say."""
    return [
        found
        for check in checks
        if check.metric == "disk_percent" and check.value is not None
        for found in judge_days(
            check.item,
            [*used.get(check.item, ()), Point(at, check.value)],
            thresholds.disk_days,
            margin_percent=thresholds.margin_percent,
        )
    ]


def judge_days(
    item: str, points: Sequence[Point], limits: Floor, *, margin_percent: float
) -> Iterator[Check]:
    """Days until a file system is full. Only growth that is beyond doubt alarms; nothing where nobody can tell."""
    kept, cleaned_at = choose_points(points, full=_FULL_PERCENT)
    if explain_few(kept, cleaned_at, full=_FULL_PERCENT):
        return
    farthest = limits.clear_limit(limits.warning, margin_percent)
    if not can_fill(kept, full=_FULL_PERCENT, days=farthest):
        text = f"{item} 空间按趋势 {render_figure(farthest)} 天内不会写满"
        yield build_check("disk_days", item, State.NORMAL, text)
        return
    trend = draw_trend(kept, cleaned_at, full=_FULL_PERCENT)
    if trend.verdict is not Verdict.GROWING or trend.days is None:
        yield build_check("disk_days", item, State.NORMAL, f"{item} 空间按趋势{render_days(trend)}")
        return
    title = f"空间按趋势{render_days(trend)}，剩余"
    yield judge_value("disk_days", item, round(trend.days, 1), limits, title=title, unit=" 天")


def _judge_section(probe: str, section: Section | None, thresholds: Thresholds, at: datetime) -> list[Check]:
    if section is None:
        return [build_check(probe, "", State.NOT_CHECKED, "文档中没有这一项")]
    if section.status == "not_checked":
        return [build_check(probe, "", State.NOT_CHECKED, section.reason or "没有说明原因")]
    if section.status == "failed" or section.data is None:
        return [build_check(probe, "", State.CANNOT_TELL, section.reason or "没有得到结果")]
    found = list(_JUDGES[probe](section.data, thresholds, at))
    return found or [build_check(probe, "", State.CANNOT_TELL, "没有测到任何对象")]

"""A whole document against thresholds and what is known of its host: every check, and the host's state."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from eduops.patrol.rules import database_check, drift, endpoint_check, host_check, middleware_check
from eduops.patrol.rules.baseline import Baseline, ToldParts, extract_from
from eduops.patrol.rules.check import Check, State, build_check, judge_host, judge_value, render_figure
from eduops.patrol.rules.demand import Demand, Demands, is_demanded, judge_unseen
from eduops.patrol.rules.document import Document, Section
from eduops.patrol.rules.hysteresis import Key, Seen, hold
from eduops.patrol.rules.likeness import Heard
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


_BY_MORE = frozenset({"certificates", "disks"})
"""Judged by more than what the section says: by the day, by what was measured before."""


@dataclass(frozen=True, slots=True)
class Told:
    """A probe's section in the document before, the limits, and what it came to."""

    section: Section
    heard: Heard
    thresholds: Thresholds
    checks: Sequence[Check]


@dataclass(slots=True)
class Before:
    """What the document before came to, where many of one host are judged: most sections stay word for word the same."""

    parts: ToldParts = field(default_factory=dict)
    by_probe: dict[str, Told] = field(default_factory=dict)
    drift: tuple[object, list[Check]] = (None, [])


@dataclass(frozen=True, slots=True)
class Memory:
    """What was known of the host before the document was measured."""

    seen: Mapping[Key, Seen] = field(default_factory=dict)
    """What alarmed in the patrol before."""
    baseline: Baseline | None = None
    """The one in force at the time."""
    used: Mapping[str, Sequence[Point]] = field(default_factory=dict)
    """`disk_percent` by mount, over the window of the trend."""
    before: Before | None = None
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
        if probe == "drift":
            checks += _place(_judge_drift(sections, thresholds, memory), probe, thresholds)
        elif (told := _find_same(memory.before, probe, sections.get(probe), thresholds)) is not None:
            # The section itself too: what is drawn from it is the same then.
            sections[probe] = told.section
            checks += told.checks
        else:
            checks += _judge_probe(probe, sections.get(probe), document, thresholds, memory, demands)
    if memory.seen:
        checks = [
            hold(check, thresholds, memory.seen) if (check.metric, check.item) in memory.seen else check
            for check in checks
        ]
    if memory.twin:
        checks.append(judge_twin(memory.twin)._replace(probe=_TWIN_PROBE))
    return Judgement(judge_host(checks), tuple(checks))


def judge_twin(twin: str) -> Check:
    """That another host was seen on the same machine: whose figures these are, nobody can tell."""
    text = (
        f"机器标识与主机 {twin} 最近一次的相同，不知测的是哪一台：核对两台主机登记的地址；"
        "若是克隆的机器，重新生成它的机器标识（/etc/machine-id）"
    )
    return build_check(TWIN_METRIC, twin, State.CANNOT_TELL, text)


def _judge_probe(
    probe: str,
    section: Section | None,
    document: Document,
    thresholds: Thresholds,
    memory: Memory,
    demands: Demands,
) -> list[Check]:
    found: list[Check] = []
    if section is not None or probe in thresholds.mandatory:
        found = _judge_section(probe, section, thresholds, document.measured_at)
    if probe == "disks":
        found += _judge_growth(found, thresholds, memory.used, document.measured_at)
    named = demands.get(probe, ())
    if named:
        found += judge_unseen(named, probe, section, document)
    placed = _place(found, probe, thresholds, named)
    if memory.before is not None and section is not None and probe not in _BY_MORE and not named:
        heard = Heard((section.status, section.reason, section.data))
        memory.before.by_probe[probe] = Told(section, heard, thresholds, placed)
    return placed


def _find_same(
    before: Before | None, probe: str, section: Section | None, thresholds: Thresholds
) -> Told | None:
    """What the same section came to in the document before, by the same limits."""
    told = before.by_probe.get(probe) if before is not None else None
    if told is None or section is None or told.thresholds is not thresholds:
        return None
    return told if told.heard.is_same((section.status, section.reason, section.data)) else None


def _place(
    checks: Sequence[Check], probe: str, thresholds: Thresholds, named: tuple[Demand, ...] = ()
) -> list[Check]:
    is_mandatory = probe in thresholds.mandatory
    # All before the last two: `_replace` takes four times as long, and a year of documents has a million checks.
    return [
        Check(
            *check[:-2],
            probe,
            (is_mandatory and check.is_mandatory) or (bool(named) and is_demanded(check, named)),
        )
        for check in checks
    ]


def _judge_drift(sections: Mapping[str, Section], thresholds: Thresholds, memory: Memory) -> Sequence[Check]:
    baseline, before = memory.baseline, memory.before
    if baseline is None:
        return [drift.judge_no_baseline()]
    parts = extract_from(sections, before.parts if before is not None else None)
    # All of it is text: what is equal is the same.
    facts = (baseline, parts, thresholds.drift)
    if before is not None and before.drift[0] == facts:
        return before.drift[1]
    found = list(drift.judge_drift(drift.compare(baseline, parts), baseline, thresholds))
    if before is not None:
        before.drift = (facts, found)
    return found


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

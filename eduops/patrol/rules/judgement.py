"""A whole document against thresholds: every check, and the host's state."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from eduops.patrol.rules import endpoint_check, host_check
from eduops.patrol.rules.check import Check, State, build_check, judge_host
from eduops.patrol.rules.document import Document, Section
from eduops.patrol.rules.reading import Data
from eduops.patrol.rules.threshold import PROBES, Thresholds

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
    "certificates": endpoint_check.judge_certificates,
    "urls": endpoint_check.judge_urls,
    "logs": endpoint_check.judge_logs,
    "backups": endpoint_check.judge_backups,
    "schedules": host_check.judge_schedules,
}


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


def judge(document: Document, thresholds: Thresholds) -> Judgement:
    """Every check of the document by the thresholds of the host's role; probes that are missing are said to be."""
    sections = {section.name: section for section in document.probes}
    checks: list[Check] = []
    for probe in PROBES:
        section = sections.get(probe)
        is_mandatory = probe in thresholds.mandatory
        if section is not None or is_mandatory:
            found = _judge_section(probe, section, thresholds, document.measured_at)
            checks += [
                replace(check, probe=probe, is_mandatory=is_mandatory and check.is_mandatory)
                for check in found
            ]
    return Judgement(judge_host(checks), tuple(checks))


def _judge_section(probe: str, section: Section | None, thresholds: Thresholds, at: datetime) -> list[Check]:
    if section is None:
        return [build_check(probe, "", State.NOT_CHECKED, "文档中没有这一项")]
    if section.status == "not_checked":
        return [build_check(probe, "", State.NOT_CHECKED, section.reason or "没有说明原因")]
    if section.status == "failed" or section.data is None:
        return [build_check(probe, "", State.CANNOT_TELL, section.reason or "没有得到结果")]
    found = list(_JUDGES[probe](section.data, thresholds, at))
    return found or [build_check(probe, "", State.CANNOT_TELL, "没有测到任何对象")]

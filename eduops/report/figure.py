"""The quarterly report's numbers, each with the command that prints it again."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from eduops.contract.period import last_day_of
from eduops.report import rules
from eduops.report.fact import QuarterlyFacts
from eduops.report.text import decimal_text, instant_argument, percent_text
from eduops.report.word import TICKET_KINDS


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a document: what it is, how it is printed, the command to ask for it."""

    key: str
    name: str
    value: str
    command: str


def build_figures(facts: QuarterlyFacts) -> dict[str, Figure]:
    """Every number the report's sentences use, by key, in the order of the report's sections."""
    parts = (_ticket_figures, _sla_figures, _ledger_figures, _patrol_figures, _backup_figures)
    figures = [figure for part in parts for figure in part(facts)]
    figures += [*_training_figures(facts), *_exam_figures(facts)]
    return {figure.key: figure for figure in figures}


def _ticket_figures(facts: QuarterlyFacts) -> Iterator[Figure]:
    command = f"eduops ticket list {_days(facts)} --json"
    yield Figure("tickets", "工单", f"{len(facts.tickets)} 件", command)
    if not facts.tickets:
        return
    for kind, word in TICKET_KINDS.items():
        count = sum(ticket.kind == kind for ticket in facts.tickets)
        yield Figure(f"tickets_{kind}", f"工单：{word}", f"{count} 件", f"{command} --kind {kind}")
    resolved = sum(ticket.resolved_at is not None for ticket in facts.tickets)
    yield Figure("tickets_resolved", "工单：截至数据截止时刻已解决", f"{resolved} 件", command)
    for key, name in (("channel", "受理渠道"), ("department", "科室"), ("month", "月份")):
        yield Figure(f"tickets_by_{key}", f"工单：按{name}分类的表", f"合计 {len(facts.tickets)} 件", command)


def _sla_figures(facts: QuarterlyFacts) -> Iterator[Figure]:
    command = f"eduops sla evaluate {_days(facts)} --as-of {instant_argument(facts.cut_off_at)} --json"
    if facts.tickets:
        clauses = facts.contract.list_clauses(rules.LIMITS)
        standing = rules.judge_punctuality("", facts.tickets, facts.findings, clauses)
        named = "、".join(clauses)
        yield Figure("judged", f"{named} 已判定工单".strip(), f"{standing.judged} 件", command)
        yield Figure("in_time", f"{named} 按时".strip(), f"{standing.in_time} 件", command)
        yield Figure("late", f"{named} 逾期".strip(), f"{standing.late} 件", command)
        yield Figure("open", f"{named} 未到期".strip(), f"{standing.open} 件", command)
        yield Figure(
            "rate", f"{named} 按时率".strip(), percent_text(standing.in_time, standing.judged), command
        )
    counted = sum(finding.counted for finding in facts.findings)
    provisional = sum(finding.counted for finding in facts.findings if finding.is_provisional)
    yield Figure("findings", "合同认定", f"{len(facts.findings)} 项", command)
    yield Figure("counted", "计入违约", f"{counted} 次", command)
    yield Figure("provisional", "计入违约：其中暂定", f"{provisional} 次", command)


def _ledger_figures(facts: QuarterlyFacts) -> Iterator[Figure]:
    command = "eduops sla ledger --json"
    yield Figure("ledger_entries", "违约台账：本季度登记", f"{len(facts.ledger.entries)} 条", command)
    yield Figure("ledger_count", "违约台账：累计", f"{facts.ledger.count} 条", command)
    if facts.ledger.head_hash:
        yield Figure(
            "ledger_hash", "违约台账：末条校验值", facts.ledger.head_hash, "eduops sla verify --json"
        )
    still_open = sum(obligation.closed_on is None for obligation in facts.obligations)
    yield Figure("obligations_open", "整改义务：未销项", f"{still_open} 项", command)


def _patrol_figures(facts: QuarterlyFacts) -> Iterator[Figure]:
    command = f"eduops patrol list {_days(facts)} --json"
    hosts = rules.tally_patrols(facts)
    if not hosts:
        return
    yield Figure("patrol_hosts", "巡检：主机", f"{len(hosts)} 台", command)
    yield Figure("patrols", "巡检：次数", f"{len(facts.patrols)} 次", command)
    due = sum(host.days_due for host in hosts)
    yield Figure("patrol_days_due", "巡检：应巡（主机·天）", f"{due} 天", command)
    missing = sum(host.days_missing for host in hosts)
    yield Figure("patrol_missing", "巡检：缺巡（主机·天）", f"{missing} 天", command)
    yield Figure("patrol_problems", "巡检：问题", f"{sum(host.problems for host in hosts)} 项", command)


def _backup_figures(facts: QuarterlyFacts) -> Iterator[Figure]:
    command = f"eduops backup list {_days(facts)} --json"
    if not facts.backups:
        return
    failed = sum(not run.is_good for run in facts.backups)
    drills = [run for run in facts.backups if run.kind == "drill"]
    yield Figure("backup_runs", "备份、校验与演练：次数", f"{len(facts.backups)} 次", command)
    yield Figure("backup_failed", "备份、校验与演练：失败", f"{failed} 次", command)
    yield Figure("drills", "恢复演练：次数", f"{len(drills)} 次", f"{command} --kind drill")
    good = sum(run.is_good for run in drills)
    yield Figure("drills_good", "恢复演练：成功", f"{good} 次", f"{command} --kind drill")


def _training_figures(facts: QuarterlyFacts) -> Iterator[Figure]:
    yield Figure("tenants", "机构", f"{facts.tenant_count} 家", "eduops tenant list --json")
    yield Figure("learners", "学员", f"{facts.learner_count} 人", "eduops learner count --json")
    if facts.tenant_findings:
        on = last_day_of(facts.cut_off_at, facts.zone)
        command = f"eduops tenant check --as-of {on} --json"
        yield Figure(
            "tenant_findings", "机构合同与名额：要处理的", f"{len(facts.tenant_findings)} 项", command
        )
    if facts.banks:
        questions = sum(sum(bank.counts.values()) for bank in facts.banks)
        yield Figure("banks", "题库", f"{len(facts.banks)} 个", "eduops bank list --json")
        yield Figure("questions", "试题", f"{questions} 道", "eduops bank list --json")


def _exam_figures(facts: QuarterlyFacts) -> Iterator[Figure]:
    if facts.exams:
        yield Figure(
            "exams",
            "考试（真实数据目录里不含演练）",
            f"{len(facts.exams)} 场",
            f"eduops exam list {_days(facts)} --json",
        )
    for exam in facts.exams:
        command = f"eduops score stats {shlex.quote(exam.ref)} --json"
        scores = f"{decimal_text(exam.average)} 分，{decimal_text(exam.pass_rate)}%"
        value = f"{exam.candidates} 人，{'尚无成绩' if exam.average is None else scores}"
        yield Figure(f"exam_{exam.ref}", f"{exam.title}：人数、平均分、及格率", value, command)


def _days(facts: QuarterlyFacts) -> str:
    return f"--from {facts.period.from_on} --to {facts.period.to_on}"

"""The quarterly operation report (运维工作季度报告): facts in, context out."""

from collections.abc import Iterable, Mapping

from eduops.report import quarterly_row as row
from eduops.report import rules
from eduops.report.chart import Chart, Series
from eduops.report.fact import ContractFact, QuarterlyFacts
from eduops.report.figure import Figure, build_figures
from eduops.report.quarterly_context import ContentsEntry, QuarterlyContext
from eduops.report.text import day_text, instant_text, ordinal_text
from eduops.report.word import TICKET_KINDS

TEMPLATE = "quarterly_report.docx"

# name, heading, parts; a section stands where one of its parts does, or it has none and its own name does.
_SECTIONS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("overview", "概述", ()),
    (
        "tickets",
        "工单情况",
        (("by_channel", "按受理渠道"), ("by_department", "按科室"), ("by_month", "按月份")),
    ),
    (
        "sla",
        "响应与解决时限",
        (
            ("punctuality", "时限达标情况"),
            ("time_findings", "时限认定"),
            ("stoppages", "停机与部门级影响"),
            ("other_findings", "其他认定"),
        ),
    ),
    (
        "ledger",
        "违约台账",
        (("clauses", "计入违约的次数"), ("entries", "本季度登记"), ("obligations", "整改义务")),
    ),
    ("patrol", "巡检", ()),
    ("backup", "备份与恢复演练", (("backups", "备份与校验"), ("drills", "恢复演练"))),
    ("training", "培训与考试", (("exams", "考试"), ("banks", "题库"), ("tenant_findings", "机构合同与名额"))),
    ("plan", "下季度安排", (("duties", "到期事项"), ("open_obligations", "待销项的整改义务"))),
)
_LAST = (("appendix", "附录　数字出处"), ("signature", "签署"))
_DUTIES = {"punctuality": (rules.LIMITS,), "time_findings": rules.TIMES, "stoppages": rules.STOPPAGES}
"""Whose clauses a heading names."""


def build_context(facts: QuarterlyFacts) -> QuarterlyContext:
    """The report's words and numbers, ready to print: instants in the contract's zone, percentages rounded."""
    figures = build_figures(facts)
    headings, contents = _build_headings(facts.contract, _present(facts))
    findings = facts.findings
    times, stoppages = _special_clauses(facts)
    return QuarterlyContext(
        title=f"{facts.period.label}运维工作报告",
        contract_title=facts.contract.title,
        customer=facts.contract.customer,
        vendor=facts.contract.vendor,
        period_label=facts.period.label,
        next_period_label=facts.next_period.label,
        period_days=f"{day_text(facts.period.from_on)}至{day_text(facts.period.to_on)}",
        cut_off=instant_text(facts.cut_off_at, facts.zone),
        prepared_by=facts.prepared_by,
        version=facts.version,
        made_at=facts.made_at,
        is_invented=facts.is_invented,
        headings=headings,
        contents=contents,
        overview=tuple(_overview(facts, figures)),
        missing="、".join(_missing(headings)),
        tickets_by_channel=row.channel_rows(facts),
        tickets_by_department=row.department_rows(facts),
        tickets_by_month=row.month_rows(facts),
        punctuality=row.punctuality_rows(facts),
        time_findings=row.finding_rows(facts, [each for each in findings if each.clause in times]),
        availability=row.availability_rows(facts),
        stoppage_findings=row.finding_rows(facts, [each for each in findings if each.clause in stoppages]),
        other_findings=row.finding_rows(
            facts, [each for each in findings if each.clause not in times + stoppages]
        ),
        clauses=row.clause_rows(facts),
        ledger=row.ledger_rows(facts),
        ledger_count=str(facts.ledger.count),
        ledger_hash=facts.ledger.head_hash,
        obligations=row.obligation_rows(facts.obligations),
        patrols=row.patrol_rows(facts),
        backups=row.backup_rows(facts),
        drills=row.drill_rows(facts),
        exams=row.exam_rows(facts),
        banks=row.bank_rows(facts),
        tenant_findings=row.tenant_finding_rows(facts),
        duties=row.duty_rows(facts),
        open_obligations=row.obligation_rows(each for each in facts.obligations if each.closed_on is None),
        figures=tuple(figures.values()),
        charts=_build_charts(facts),
    )


def _present(facts: QuarterlyFacts) -> set[str]:
    clauses = {finding.clause for finding in facts.findings}
    times, stoppages = _special_clauses(facts)
    parts = {
        "overview": True,
        "by_channel": facts.tickets,
        "by_department": facts.tickets,
        "by_month": facts.tickets,
        "punctuality": facts.tickets,
        "time_findings": clauses & set(times),
        "stoppages": facts.availability or clauses & set(stoppages),
        "other_findings": clauses - {*times, *stoppages},
        "clauses": True,
        "entries": facts.ledger.entries,
        "obligations": facts.obligations,
        "patrol": rules.tally_patrols(facts),
        "backups": any(run.kind != "drill" for run in facts.backups),
        "drills": any(run.kind == "drill" for run in facts.backups),
        "exams": facts.exams,
        "banks": facts.banks,
        "tenant_findings": facts.tenant_findings,
        "duties": facts.duties,
        "open_obligations": any(each.closed_on is None for each in facts.obligations),
    }
    return {name for name, is_there in parts.items() if is_there}


def _build_headings(
    contract: ContractFact, present: set[str]
) -> tuple[Mapping[str, str], tuple[ContentsEntry, ...]]:
    headings: dict[str, str] = {}
    number = 0
    for section, title, parts in _SECTIONS:
        standing = [name for name, _ in parts if name in present]
        headings |= {section: "", **{name: "" for name, _ in parts}}
        if not standing and section not in present:
            continue
        number += 1
        headings[section] = f"{ordinal_text(number)}、{title}"
        titles = dict(parts)
        headings |= {
            name: f"（{ordinal_text(at)}）{titles[name]}{_named_clauses(contract, name)}"
            for at, name in enumerate(standing, start=1)
        }
    headings |= dict(_LAST)
    sections = {name for name, _, _ in _SECTIONS} | {name for name, _ in _LAST}
    contents = tuple(
        ContentsEntry(1 if name in sections else 2, heading, f"_Toc_{name}")
        for name, heading in headings.items()
        if heading
    )
    return headings, contents


def _named_clauses(contract: ContractFact, part: str) -> str:
    clauses = contract.list_clauses(*_DUTIES.get(part, ()))
    return f"（合同 {'、'.join(clauses)}）" if clauses else ""


def _named(facts: QuarterlyFacts) -> str:
    return "、".join(f" {clause} " for clause in facts.contract.list_clauses(rules.LIMITS))


def _special_clauses(facts: QuarterlyFacts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The clauses of limits and those of stoppages, which have tables of their own."""
    return facts.contract.list_clauses(*rules.TIMES), facts.contract.list_clauses(*rules.STOPPAGES)


def _overview(facts: QuarterlyFacts, figures: Mapping[str, Figure]) -> Iterable[str]:
    value = {key: figure.value for key, figure in figures.items()}
    cut_off = instant_text(facts.cut_off_at, facts.zone)
    yield (
        f"本报告依据《{facts.contract.title}》编制，报告期为{facts.period.label}"
        f"（{day_text(facts.period.from_on)}至{day_text(facts.period.to_on)}），数据截至 {cut_off}。"
    )
    if facts.cut_off_at.astimezone(facts.zone).date() <= facts.period.to_on:
        yield "数据截止时报告期尚未结束，下列数字不是整个季度的数字。"
    if facts.tickets:
        kinds = "、".join(f"{word} {value[f'tickets_{kind}']}" for kind, word in TICKET_KINDS.items())
        yield f"受理工单 {value['tickets']}，其中{kinds}；已解决 {value['tickets_resolved']}。"
        yield (
            f"依合同{_named(facts)}判定 {value['judged']}，按时 {value['in_time']}（按时率 {value['rate']}），"
            f"逾期 {value['late']}，未到期 {value['open']}。"
        )
    else:
        yield "报告期内未受理工单。"
    yield (
        f"合同认定 {value['findings']}，计入违约 {value['counted']}（其中暂定 {value['provisional']}）；"
        f"违约台账本季度登记 {value['ledger_entries']}，累计 {value['ledger_count']}；"
        f"未销项的整改义务 {value['obligations_open']}。"
    )
    if "patrol_hosts" in value:
        yield (
            f"巡检主机 {value['patrol_hosts']} {value['patrols']}，应巡 {value['patrol_days_due']}，"
            f"缺巡 {value['patrol_missing']}；发现问题 {value['patrol_problems']}。"
        )
    if facts.backups:
        yield (
            f"备份、校验与恢复演练 {value['backup_runs']}，失败 {value['backup_failed']}；"
            f"其中恢复演练 {value['drills']}，成功 {value['drills_good']}。"
        )
    yield f"平台现有机构 {value['tenants']}、学员 {value['learners']}。"


def _missing(headings: Mapping[str, str]) -> Iterable[str]:
    expected = {
        "tickets": "工单",
        "stoppages": "停机与部门级影响",
        "patrol": "巡检",
        "backups": "备份与校验",
        "drills": "恢复演练",
        "exams": "考试",
        "banks": "题库",
        "duties": "下季度到期事项",
    }
    return (word for name, word in expected.items() if not headings[name])


def _build_charts(facts: QuarterlyFacts) -> tuple[Chart, ...]:
    if not facts.tickets:
        return ()
    months = rules.tally_months(facts.tickets, facts.period, facts.zone)
    return (
        Chart(
            name="tickets_by_month",
            kind="stacked_column",
            title=f"{facts.period.label}各月工单（件）",
            categories=tuple(month.label for month in months),
            series=tuple(
                Series(TICKET_KINDS[kind], tuple(month.counts[at] for month in months))
                for at, kind in enumerate(rules.KINDS)
            ),
        ),
    )

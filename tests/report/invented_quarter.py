"""An invented quarter (虚构): every person, hospital, ticket and score in it is made up."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from eduops.report import rules
from eduops.report.fact import (
    AvailabilityFact,
    BackupFact,
    BankFact,
    ContractFact,
    DutyFact,
    ExamFact,
    FindingFact,
    HostFact,
    LedgerEntryFact,
    LedgerFact,
    ObligationFact,
    PatrolFact,
    QuarterlyFacts,
    TenantFindingFact,
    TicketFact,
)

ZONE = ZoneInfo("Asia/Shanghai")
_DEPARTMENTS = ("继续教育科（虚构）", "信息科（虚构）", "护理部（虚构）", "药剂科（虚构）", "输血科（虚构）")
_CHANNELS = ("telephone", "wechat", "email", "remote")
_KINDS = ("request", "incident", "consult", "request", "incident", "request", "consult")
_HASH = "9f2c1e7ab04d5c8863f1d2e95a7b60c4e8d3f7021b9a4c5d6e8f90a1b2c3d4e5"


def build_facts() -> QuarterlyFacts:
    """A full quarter: every section of the report has something to say."""
    period = rules.build_quarter(2026, 3)
    return QuarterlyFacts(
        contract=ContractFact(
            title="远程教育平台运维服务合同（虚构）",
            customer="虚构市第一人民医院",
            vendor="虚构科技有限公司",
            clauses={"2.3": "响应与解决时限", "2.5": "非计划停机", "2.6": "部门级业务影响"},
            duties={
                "ticket_limits": "2.3",
                "second_resolution": "5.1(4)",
                "system_stoppages": "2.5",
                "department_stoppages": "2.6",
                "stoppages_of_term": "4.1",
            },
            breach_clauses=("2.3", "2.5", "2.6"),
        ),
        period=period,
        next_period=rules.next_quarter(period),
        zone=ZONE,
        cut_off_at=datetime(2026, 10, 1, 0, 0, tzinfo=ZONE),
        made_at=datetime(2026, 10, 8, 1, 30, tzinfo=UTC),
        prepared_by="王小虚（虚构）",
        version="1.0",
        is_invented=True,
        ledger=_ledger(),
        tenant_count=31,
        learner_count=7683,
        tickets=_tickets(),
        findings=_findings(),
        availability=tuple(
            AvailabilityFact(date(2026, month, 1), "2.5", events, Decimal(minutes))
            for month, events, minutes in ((7, 0, "0"), (8, 1, "42.5"), (9, 0, "0"))
        ),
        hosts=tuple(HostFact(host, date(2026, 1, 1)) for host in ("app-01（虚构）", "db-01（虚构）")),
        patrols=_patrols(),
        backups=_backups(),
        exams=_exams(),
        banks=(
            BankFact("三基三严（虚构）", {"single": 1200, "multiple": 300, "true_false": 240}),
            BankFact("处方权培训（虚构）", {"single": 420, "short_answer": 15}),
        ),
        tenant_findings=(
            TenantFindingFact(
                "虚构市第一医院", "expires", "虚构市第一医院 的合同到 2026-10-20 为止，还有 20 天（30 天内）"
            ),
            TenantFindingFact(
                "虚构区卫健局", "over_quota", "虚构区卫健局 在册 1203 人，超过约定的 1200 人，多 3 人"
            ),
        ),
        obligations=(
            ObligationFact(
                "2.8", "第二季度满意度均分 82.4，低于 85，增派工程师直至达到 85", date(2026, 6, 30), None
            ),
            ObligationFact(
                "5.1(8)", "第一季度返修率 13.0%，增派测试人员", date(2026, 3, 31), date(2026, 9, 30)
            ),
        ),
        duties=(
            DutyFact(date(2026, 12, 18), "交付第四季度材料", "3.3(3)"),
            DutyFact(date(2026, 10, 15), "交付九月巡检评估报告", "3.2(4)"),
            DutyFact(date(2026, 10, 31), "举办十月运维培训", "5.4"),
        ),
    )


def _tickets() -> tuple[TicketFact, ...]:
    return tuple(_ticket(number) for number in range(1, 38))


def _ticket(number: int) -> TicketFact:
    reported_at = datetime(2026, 7, 1, 1, 20, tzinfo=UTC) + timedelta(hours=59 * number)
    is_open = number == 37
    return TicketFact(
        ref=f"INC-2026-{number:04d}",
        kind=_KINDS[number % len(_KINDS)],
        title=f"虚构工单 {number}",
        department=_DEPARTMENTS[number % len(_DEPARTMENTS)],
        channel=_CHANNELS[number % len(_CHANNELS)],
        impact="limited",
        regime="on_site" if number % 3 == 0 else "off_site",
        reported_at=reported_at,
        responded_at=None if is_open else reported_at + timedelta(minutes=12),
        resolved_at=None if is_open else reported_at + timedelta(minutes=50),
    )


def _findings() -> tuple[FindingFact, ...]:
    due_at = datetime(2026, 8, 4, 5, 0, tzinfo=UTC)
    return (
        FindingFact(
            "2.3", "resolution", "breach", "INC-2026-0004", None, due_at, due_at + timedelta(minutes=22),
            Decimal(180), Decimal("201.5"), "minutes", 1, False,
            "应于 2026-08-04 13:00 前解决，实际用时 201.5 分钟，超出合同 2.3 的 180 分钟",
        ),
        FindingFact(
            "2.3", "arrival", "breach", "INC-2026-0008", None, due_at, None,
            Decimal(120), Decimal("121"), "minutes", 1, True, "无人到场，也没有同意远程处理的记录（合同 2.3）",
        ),
        FindingFact(
            "2.5", "recovery", "breach", "INC-2026-0011", None, due_at, due_at + timedelta(hours=1),
            Decimal(60), Decimal("102.5"), "minutes", 1, False, "停机 102.5 分钟，超出合同 2.5 的 60 分钟",
        ),
        FindingFact(
            "2.10", "daily_patrol", "notice", "app-01", "2026-09-14", due_at, None,
            Decimal(0), Decimal(2), "count", 0, False, "app-01 自 2026-09-14 起连续 2 天没有巡检（合同 2.10）",
        ),
    )  # fmt: skip


def _ledger() -> LedgerFact:
    entries = (
        LedgerEntryFact(
            7, "C1/2.3/resolution/INC-2026-0004/", "2.3",
            "INC-2026-0004 应于 2026-08-04 13:00 前解决，实际用时 201.5 分钟，超出合同 2.3 的 180 分钟",
            datetime(2026, 8, 5, 1, 0, tzinfo=UTC), "in_force",
        ),
        LedgerEntryFact(
            8, "C1/2.5/recovery/INC-2026-0011/", "2.5", "INC-2026-0011 停机 102.5 分钟，超出合同 2.5 的 60 分钟",
            datetime(2026, 8, 5, 1, 0, tzinfo=UTC), "waived",
        ),
    )  # fmt: skip
    return LedgerFact(entries, count=8, head_hash=_HASH)


def _patrols() -> tuple[PatrolFact, ...]:
    states = ("normal", "normal", "warning", "normal", "cannot_tell", "normal", "critical")
    return tuple(
        PatrolFact(
            date(2026, 7, 1) + timedelta(days=day),
            host,
            state=states[day % 7],
            problems=int(states[day % 7] != "normal"),
            is_big=day % 14 == 0,
        )
        for host in ("app-01（虚构）", "db-01（虚构）")
        for day in range(92)
        if not (host.startswith("app") and day in (75, 76))
    )


def _backups() -> tuple[BackupFact, ...]:
    nights = tuple(
        BackupFact(
            datetime(2026, 7, 1, 18, 0, tzinfo=UTC) + timedelta(days=day),
            "教学库（虚构）",
            "backup",
            day != 40,
            "完成",
        )
        for day in range(92)
    )
    drills = tuple(
        BackupFact(
            datetime(2026, month, 20, 2, 0, tzinfo=UTC), "教学库（虚构）", "drill", True, "恢复成功，逐表行数一致",
            rows_compared=1_204_518 + month, seconds=Decimal("184.25"),
        )
        for month in (7, 8, 9)
    )  # fmt: skip
    return nights + drills


def _exams() -> tuple[ExamFact, ...]:
    return (
        ExamFact("EX-2026-0007", "三基三严第三季度考试（虚构）", 4, 812, Decimal("83.456"), Decimal("97.25")),
        ExamFact("EX-2026-0008", "处方权考试（虚构）", 1, 36, Decimal("79.5"), Decimal("91.6667")),
        ExamFact("EX-2026-0009", "输血培训补考（虚构）", 1, 0, None, None),
    )

"""A finding (认定): one duty of the contract that was not met, with its figures and one sentence for people."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from eduops.contract.clause_rule import ClauseRule, clause_order
from eduops.contract.schema import Consequence
from eduops.contract.scope import Scope

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `on` is the day by which an answer takes it in or leaves it out; it is not in the JSON."""

    key: str
    clause: str
    rule: str
    consequence: Consequence
    subject: str | None
    period: str | None
    due_at: datetime
    actual_at: datetime | None
    limit: float
    actual: float
    actual_raw: float
    unit: str
    counted: int
    provisional: bool
    text: str
    on: date

    def to_json(self) -> dict[str, object]:
        """The finding as the answer prints it."""
        return {
            "key": self.key,
            "clause": self.clause,
            "rule": self.rule,
            "consequence": self.consequence,
            "subject": self.subject,
            "period": self.period,
            "due_at": render_utc(self.due_at),
            "actual_at": None if self.actual_at is None else render_utc(self.actual_at),
            "limit": self.limit,
            "actual": self.actual,
            "actual_raw": self.actual_raw,
            "unit": self.unit,
            "counted": self.counted,
            "provisional": self.provisional,
            "text": self.text,
        }


def build_key(contract: str, clause: str, rule: str, subject: str | None, period: str | None) -> str:
    """The stable name of a finding: contract/clause/rule/subject/period, empty where there is none."""
    return f"{contract}/{_escape(clause)}/{rule}/{_escape(subject or '')}/{period or ''}"


def _escape(part: str) -> str:
    return part.replace("%", "%25").replace("/", "%2F") if "%" in part or "/" in part else part


def build_finding(
    scope: Scope,
    rule: ClauseRule,
    *,
    on: date,
    due_at: datetime,
    limit: float,
    actual: float,
    unit: str,
    text: str,
    actual_raw: float | None = None,
    subject: str | None = None,
    period: str | None = None,
    actual_at: datetime | None = None,
    counted: int = 0,
    provisional: bool = False,
    consequence: Consequence | None = None,
) -> Finding:
    """A finding of a rule; its consequence is the contract's unless another is given."""
    return Finding(
        key=build_key(scope.contract.contract, rule.clause, rule.name, subject, period),
        clause=rule.clause,
        rule=rule.name,
        consequence=consequence or rule.consequence,
        subject=subject,
        period=period,
        due_at=due_at,
        actual_at=actual_at,
        limit=limit,
        actual=actual,
        actual_raw=actual if actual_raw is None else actual_raw,
        unit=unit,
        counted=counted,
        provisional=provisional,
        text=text,
        on=on,
    )


def sort_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """By clause (2.3 before 2.10), then due, then subject (none first), then rule."""
    order = {clause: clause_order(clause) for clause in {finding.clause for finding in findings}}
    return tuple(
        sorted(
            findings,
            key=lambda each: (
                order[each.clause],
                each.due_at,
                each.subject is not None,
                each.subject or "",
                each.rule,
                each.period or "",
            ),
        )
    )


def to_minutes(length: timedelta) -> float:
    """A length in minutes, unrounded."""
    return length / MINUTE


def render_utc(instant: datetime) -> str:
    """An instant as 2026-03-05T04:20:00Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def render_local(instant: datetime, zone: ZoneInfo) -> str:
    """An instant as people of the zone write it; seconds only where there are any."""
    local = instant.astimezone(zone)
    # "2026-03-05 11:50:00+08:00", and many thousand of them in one answer.
    return str(local)[: 19 if local.second else 16]


def render_length(length: timedelta) -> str:
    """A length as "2 小时 5 分钟"; whole seconds, rounded down, at least one."""
    seconds = max(int(length.total_seconds()), 1)
    parts = (
        (seconds // 86400, "天"),
        (seconds // 3600 % 24, "小时"),
        (seconds // 60 % 60, "分钟"),
        (seconds % 60, "秒"),
    )
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def render_number(number: float) -> str:
    """A figure without needless zeros, at most two decimals."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def render_minutes(minutes: float) -> str:
    """Minutes as "90 分钟"."""
    return f"{render_number(minutes)} 分钟"

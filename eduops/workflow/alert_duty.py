"""What falls due on a day: contracts of tenants, licences, weaknesses to be mended. Each step is told once."""

from collections.abc import Iterator
from datetime import date

from sqlmodel import Session

from eduops.alert.service import Notice
from eduops.asset.queries import finding
from eduops.asset.queries.inventory import list_entries_of, list_rows
from eduops.asset.rules.entry import NewLicence
from eduops.asset.rules.kind import LICENCES
from eduops.asset.rules.licence import LicenceFinding, list_findings
from eduops.training.queries.tenant import list_parties
from eduops.training.rules.tenant_watch import TenantFinding, judge_parties

_MENDING_DAYS = (1, 7)
"""Days before a weakness must be mended from which that is told, the most urgent first."""


def list_licences(session: Session, today: date) -> Iterator[Notice]:
    """The licences that run out within 90, 30 and 7 days or have run out."""
    entries = list_entries_of(session, list_rows(session, LICENCES))
    licences = [each for each in entries if isinstance(each, NewLicence)]
    for found in list_findings(licences, today):
        if found.valid_until is not None:
            yield _tell_licence(found)


def _tell_licence(found: LicenceFinding) -> Notice:
    facts = {
        "title": f"许可 {found.code} {'已过期' if found.state == 'expired' else '快到期'}",
        "due_text": f"{found.valid_until}",
        "text": found.text,
        "command": f"续期后运行 eduops licence renew {found.code} --until 新的最后一天",
    }
    severity = "warning" if found.state in ("expired", "within_7") else "info"
    key = f"duty:licence:{found.code}:{found.valid_until}:{found.state}"
    return Notice("duty", severity, found.code, key, facts)


def list_weaknesses(session: Session, today: date) -> Iterator[Notice]:
    """The weaknesses not mended that must be within seven days, by tomorrow, or should have been (clause 2.7)."""
    for row in finding.list_vulnerabilities(session):
        if row.due_on is None or row.fixed_on is not None:
            continue
        left = (row.due_on - today).days
        step = "over" if left < 0 else next((days for days in _MENDING_DAYS if left <= days), None)
        if step is not None:
            yield _tell_weakness(row.ref, row.title, row.due_on, left, step)


def _tell_weakness(ref: str, title: str, due_on: date, left: int, step: int | str) -> Notice:
    facts = {
        "title": f"漏洞 {ref} {'整改已逾期' if left < 0 else '整改快到期'}：{title}",
        "due_text": f"{due_on}",
        "text": f"已超过 {-left} 天（条款 2.7）。" if left < 0 else f"还有 {left} 天（条款 2.7）。",
        "command": f"整改后运行 eduops vulnerability fix {ref} --fix 整改措施",
    }
    return Notice(
        "duty", "info" if step == 7 else "warning", ref, f"duty:weakness:{ref}:{due_on}:{step}", facts
    )


def list_tenant_terms(session: Session, today: date, *, with_invented: bool) -> Iterator[Notice]:
    """The contracts of tenants that run out within 90, 30 and 7 days or have run out."""
    for found in judge_parties(list_parties(session, with_invented=with_invented), today):
        if found.code in ("expires", "expired"):
            yield _tell_tenant(found)


def _tell_tenant(found: TenantFinding) -> Notice:
    is_over = found.code == "expired"
    facts = {
        "name": found.name,
        "state_text": "合同已到期" if is_over else f"合同 {found.within} 天内到期",
        "text": found.text,
        "command": f"续签后运行 eduops tenant renew {found.party} --to 新的到期日",
    }
    within = "over" if is_over else found.within
    key = f"tenant:{found.party[:80]}:{found.last_on}:{within}"
    return Notice("tenant", "warning" if is_over or found.within == 7 else "info", found.name, key, facts)

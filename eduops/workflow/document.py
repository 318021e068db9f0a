"""Making a document: facts from every room, the template filled, the result written down with its hash."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from eduops.contract.schema import Contract
from eduops.core.errors import NotAllowed
from eduops.core.home import Home
from eduops.delivery import service as delivery
from eduops.delivery.models import Document
from eduops.ledger import closing
from eduops.ledger import service as ledger
from eduops.ledger.head import CLOSING_FILE, load_head
from eduops.report import quarterly, queries
from eduops.report.quarter import parse_quarter
from eduops.report.render import as_mapping, render_document
from eduops.report.template import find_template


@dataclass(frozen=True, slots=True)
class Made:
    """A document made: its row in the delivery room and where it lies."""

    document: Document
    path: Path


def build_quarterly(
    session: Session,
    contract: Contract,
    home: Home,
    *,
    period: str,
    cut_off_at: datetime,
    target: Path | None,
    now: datetime,
    actor: str,
) -> Made:
    """Writes the quarterly report (运维工作季度报告) of `period` as of `cut_off_at`.

    Raises UsageError for an unknown period, ConfigError for a wrong template, InputError for a wrong target,
    NotAllowed for a ledger or closings that somebody wrote into: nobody shall sign figures that rest on them.
    """
    _require_whole(session, home)
    settings = home.load_settings()
    version = delivery.next_version(session, kind="quarterly", period=period)
    facts = queries.load_quarterly_facts(
        session,
        contract,
        settings,
        period=parse_quarter(contract, period),
        cut_off_at=cut_off_at,
        now=now,
        prepared_by=actor,
        version=version,
    )
    context = quarterly.build_context(facts)
    path = target or home.folder("reports") / f"运维工作季度报告-{period}-{version}.docx"
    render_document(
        find_template(home.path, quarterly.TEMPLATE), as_mapping(context), path, charts=context.charts
    )
    document = delivery.record_document(
        session,
        path,
        kind="quarterly",
        period=period,
        version=version,
        cut_off_at=cut_off_at,
        now=now,
        zone=contract.zone_info,
        actor=actor,
        is_invented=facts.is_invented,
    )
    return Made(document, path)


def _require_whole(session: Session, home: Home) -> None:
    _, fault = ledger.verify(session, load_head(home.path))
    _, wrong = closing.verify(session, load_head(home.path, CLOSING_FILE))
    if fault or wrong:
        raise NotAllowed(
            f"违约台账核对不符，不生成文档：{fault or wrong}",
            hint="保留现场，运行 eduops sla verify，并从备份核对",
        )

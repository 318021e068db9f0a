"""Making a document: facts from every room, the template filled, the result written down with its hash."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from eduops.contract.schema import Contract
from eduops.core.home import Home
from eduops.delivery import service as delivery
from eduops.delivery.models import Document
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

    Raises UsageError for an unknown period, ConfigError for a wrong template, InputError for a wrong target.
    """
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

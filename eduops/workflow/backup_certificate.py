"""Making a drill's certificate: facts from the rooms, the template filled, the result written down with its hash."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session

from eduops.core.errors import NotAllowed
from eduops.core.home import Home
from eduops.delivery import service as delivery
from eduops.ledger.head import load_head
from eduops.report import drill_certificate
from eduops.report.drill_certificate_query import load_certificate_facts
from eduops.report.render import as_mapping, render_document
from eduops.report.template import find_template
from eduops.store import audit
from eduops.workflow.document import Made

KIND = "drill_certificate"


def build_certificate(
    session: Session,
    home: Home,
    *,
    ref: str,
    target: Path | None,
    zone: ZoneInfo,
    now: datetime,
    actor: str,
) -> Made:
    """Writes the certificate (恢复演练证明) of a drill, whether it passed or not.

    Raises NotFound, ConfigError for a wrong template, InputError for a wrong target, NotAllowed for an audit log that
    somebody wrote into: nobody shall sign what rests on it.
    """
    _, broken = audit.verify(session)
    if broken:
        raise NotAllowed(
            f"操作日志第 {broken.number} 条起核对不符，不生成证明",
            hint="保留现场，运行 eduops audit verify，并从备份核对",
        )
    version = delivery.next_version(session, kind=KIND, period=ref)
    facts = load_certificate_facts(
        session,
        home.load_settings(),
        ref=ref,
        head=load_head(home.path),
        version=version,
        prepared_by=actor,
        now=now,
        zone=zone,
    )
    context = drill_certificate.build_context(facts)
    path = target or home.folder("reports") / f"恢复演练证明-{ref}-{version}.docx"
    render_document(find_template(home.path, drill_certificate.TEMPLATE), as_mapping(context), path)
    document = delivery.record_document(
        session,
        path,
        kind=KIND,
        period=ref,
        version=version,
        cut_off_at=facts.finished_at or facts.started_at,
        now=now,
        zone=zone,
        actor=actor,
        is_invented=facts.is_invented,
    )
    return Made(document, path)

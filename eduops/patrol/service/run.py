"""Runs: started, finished, failed; documents made elsewhere taken in."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from eduops.asset.models import Host
from eduops.core.errors import Conflict, NotFound
from eduops.patrol import queries
from eduops.patrol.models import PatrolDocument, PatrolRun
from eduops.patrol.queries import history
from eduops.patrol.rules import run as run_rules
from eduops.patrol.rules.demand import list_demands
from eduops.patrol.rules.document import Document, check_not_future, parse_document
from eduops.patrol.rules.exam import say_left_out
from eduops.patrol.rules.judgement import Judgement
from eduops.patrol.rules.threshold import PatrolConfig
from eduops.patrol.service import plan
from eduops.patrol.service.judge import add_results, judge_first
from eduops.store.counter import next_reference

_LONGEST_FAILURE = 500


def start_run(
    session: Session,
    host: Host,
    *,
    kind: run_rules.Kind,
    now: datetime,
    actor: str,
    zone: ZoneInfo,
    planned_at: datetime | None = None,
) -> PatrolRun:
    """The intent of a patrol, to be committed before anything is measured.

    Raises NotAllowed for a host that is retired.
    """
    run_rules.check_in_use(_facts(host))
    run = _add_run(session, host, kind=kind, started_at=now, actor=actor, zone=zone)
    run.planned_at = planned_at
    session.flush()
    return run


def finish_run(
    session: Session,
    ref: str,
    content: bytes,
    config: PatrolConfig,
    *,
    now: datetime,
    received_at: datetime | None = None,
) -> tuple[PatrolRun, Judgement]:
    """The run with its document judged and kept; `now` is the instant at which the measuring ended.

    `received_at` is the same instant by the real clock, where `now` belongs to a rehearsal: a host that is measured
    live knows nothing of rehearsals.

    Raises InputError for a document that cannot be trusted, is older than the host's last one or of a clock far off,
    Conflict where the run ended already, the document is known or from another machine, NotFound for the run.
    """
    run, host = queries.get_run(session, ref)
    if run.finished_at is not None or run.failure is not None:
        raise Conflict(f"巡检 {ref} 已经结束", hint="重新运行 eduops patrol run 开始新的巡检")
    document = parse_document(content, source=f"主机 {host.code} 的巡检文档")
    _check_new(session, document)
    note = _check_clock(session, run, host, document, config, received_at=received_at or now)
    twin = _find_twin(session, host, document)
    _check_machine(session, host, document, is_live=True)
    judgement = _keep(session, run, host, content, document, config)
    # Reached by its own address and host key, so it is not refused: a clone, or one machine under two codes.
    said = run_rules.say_twin(twin.code) if twin is not None else ""
    run.note = "；".join(filter(None, (run.note, note, said)))
    run.finished_at = run.recorded_at = now
    session.flush()
    return run, judgement


def fail_run(session: Session, ref: str, reason: str, *, now: datetime) -> PatrolRun:
    """The run, ended without a result; it stays visible and never counts. Raises NotFound."""
    run, _host = queries.get_run(session, ref)
    run.failure, run.recorded_at = reason[:_LONGEST_FAILURE], now
    session.add(run)
    session.flush()
    return run


def ingest(
    session: Session,
    host: Host,
    content: bytes,
    config: PatrolConfig,
    *,
    kind: run_rules.Kind,
    now: datetime,
    actor: str,
    zone: ZoneInfo,
    source: str,
) -> tuple[PatrolRun, Judgement]:
    """A patrol from a document made elsewhere: it counts for the day on which it was measured there.

    `source` names the file in messages. An older document than those already there is judged with the one before it;
    the run's note says so. Raises as `finish_run` does, InputError for a document of the future, and Conflict where
    it comes from the machine of another host in use.
    """
    run_rules.check_in_use(_facts(host))
    document = parse_document(content, source=f"文档「{source}」")
    check_not_future(document, now=now, source=f"文档「{source}」的")
    _check_new(session, document)
    _check_owner(session, host, document)
    run = _add_run(session, host, kind=kind, started_at=document.measured_at, actor=actor, zone=zone)
    run.note = _note_order(session, run, document)
    _check_machine(session, host, document, is_live=False)
    judgement = _keep(session, run, host, content, document, config)
    run.is_ingested, run.finished_at, run.recorded_at = True, document.finished_at, now
    session.flush()
    plan.link_run(session, run, zone=zone)
    return run, judgement


def _check_new(session: Session, document: Document) -> None:
    known = queries.find_run_by_document(session, document.checksum)
    if known is not None:
        raise Conflict(
            f"这份文档已经导入过，见巡检 {known.ref}", hint=f"运行 eduops patrol show {known.ref} 查看"
        )


def _check_clock(
    session: Session,
    run: PatrolRun,
    host: Host,
    document: Document,
    config: PatrolConfig,
    *,
    received_at: datetime,
) -> str:
    """The note on a clock that is a little off. Raises InputError for one that is far off or ran backwards."""
    note = run_rules.check_clock_near(
        host.code,
        document.measured_at,
        document.finished_at,
        received_at=received_at,
        largest_hours=config.largest_clock_error_hours,
    )
    last = history.find_last_run(session, run.host_id)
    if last is not None and last.measured_at is not None:
        run_rules.check_clock_forward(
            host.code, document.measured_at, last.measured_at, last_ref=last.ref, now=received_at
        )
    return note


def _check_owner(session: Session, host: Host, document: Document) -> None:
    twin = _find_twin(session, host, document)
    known = queries.find_last_machine(session, host.id) if host.id is not None else None
    # A host that was measured before is told by its own last machine, which is checked with the document.
    if twin is not None and known is None:
        run_rules.refuse_twin(host.code, twin.code, document.host.hostname)


def _check_machine(session: Session, host: Host, document: Document, *, is_live: bool) -> None:
    """Raises Conflict where the host's last document came from another machine."""
    if host.id is None:
        return
    machine, known = document.host.machine_id_hash, queries.find_last_machine(session, host.id)
    is_shared = is_live and known and history.find_same_machine(session, host.id, known)
    if not is_shared:
        # Else another host has it too: a clone's new identity, or a wrong address put right, was asked for.
        run_rules.check_same_machine(host.code, machine, known)
    if known and not machine:
        _check_name(session, host.id, host.code, document)


def _check_name(session: Session, host_id: int, code: str, document: Document) -> None:
    last = history.find_last_run(session, host_id)
    if last is not None:
        run_rules.check_same_name(code, document.host.hostname, last.hostname)


def _find_twin(session: Session, host: Host, document: Document) -> Host | None:
    machine = document.host.machine_id_hash
    if host.id is None or machine is None:
        return None
    return history.find_twin(session, host.id, hostname=document.host.hostname, machine=machine)


def _note_order(session: Session, run: PatrolRun, document: Document) -> str:
    last = history.find_last_run(session, run.host_id)
    if last is None or last.measured_at is None or last.measured_at <= document.measured_at:
        return ""
    return f"测量时刻早于已有的巡检 {last.ref}：是补收的旧文档，或该主机的时钟倒退过"


def _facts(host: Host) -> run_rules.HostFacts:
    return run_rules.HostFacts(host.code, host.address, host.retired_at)


def _add_run(
    session: Session, host: Host, *, kind: run_rules.Kind, started_at: datetime, actor: str, zone: ZoneInfo
) -> PatrolRun:
    if host.id is None:
        raise NotFound(f"主机 {host.code} 还没有登记", hint="先运行 eduops host add")
    ref = next_reference(session, "PAT", started_at.astimezone(zone).year)
    run = PatrolRun(ref=ref, host_id=host.id, kind=kind.value, actor=actor, started_at=started_at)
    session.add(run)
    session.flush()
    return run


def _keep(
    session: Session, run: PatrolRun, host: Host, content: bytes, document: Document, config: PatrolConfig
) -> Judgement:
    thresholds = config.for_host(host.code, host.role).for_kind(run.kind)
    demands = list_demands(host.code, config.agents.get(host.code, {}))
    judgement = judge_first(session, run, document, thresholds, demands)
    run.state, run.measured_at = judgement.state.value, document.measured_at
    run.hostname, run.machine_id_hash = document.host.hostname, document.host.machine_id_hash
    run.agent_version, run.document_schema = document.agent_version, document.schema_version
    run.document_hash, run.thresholds_hash = document.checksum, thresholds.hash
    if document.light:
        run.is_light, run.note = True, "；".join(filter(None, [run.note, say_left_out(document)]))
    session.add(run)
    session.flush()
    assert run.id is not None  # noqa: S101 - the flush gave it one
    session.add(PatrolDocument(run_id=run.id, content=content.decode("utf-8-sig")))
    add_results(session, run.id, judgement.checks)
    return judgement

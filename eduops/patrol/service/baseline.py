"""Baselines: a host's configuration approved as a patrol found it, and later patrols compared with it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from eduops.asset.models import Host
from eduops.core.errors import InputError, NotAllowed, NotFound
from eduops.patrol import queries
from eduops.patrol.models import PatrolBaseline, PatrolRun
from eduops.patrol.queries import baseline as baselines
from eduops.patrol.queries import history
from eduops.patrol.rules.baseline import Baseline, PartFacts, build_facts, extract_parts, hash_facts
from eduops.patrol.rules.document import Document, parse_document
from eduops.patrol.rules.drift import PartDrift, compare
from eduops.patrol.rules.threshold import Part

_LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class Approved:
    """A baseline that was just approved, with what was not read of the host, and how it differs from the one before."""

    baseline: PatrolBaseline
    run: PatrolRun
    parts: dict[Part, PartFacts]
    drifts: tuple[PartDrift, ...]


@dataclass(frozen=True, slots=True)
class Drifted:
    """A run against the baseline that is in force now."""

    baseline: PatrolBaseline
    run: PatrolRun
    drifts: tuple[PartDrift, ...]


def approve(
    session: Session, host: Host, *, run_ref: str | None, note: str, actor: str, now: datetime
) -> Approved:
    """The host's configuration as a run found it, the latest where none is named, becomes its baseline.

    Raises NotFound where there is no such run with a document, NotAllowed for another host's, InputError for a
    damaged document, one that tells nothing, or a note too long.
    """
    if len(note) > _LONGEST_NOTE:
        raise InputError(f"说明有 {len(note)} 个字，超过上限 {_LONGEST_NOTE}", hint="写短一些")
    run, document = _load_run(session, host, run_ref)
    parts = extract_parts(document)
    facts = build_facts(parts)
    if not any(facts.values()):
        raise InputError(
            f"巡检 {run.ref} 没有读到任何可作基线的内容", hint="用另一次巡检：--run 编号，或重新巡检后再批准"
        )
    assert host.id is not None and run.id is not None  # noqa: S101 - they come from the database
    before = baselines.find_baseline(session, host.id)
    made = PatrolBaseline(
        host_id=host.id,
        number=baselines.next_number(session, host.id),
        run_id=run.id,
        facts=facts,
        facts_hash=hash_facts(facts),
        note=note.strip(),
        actor=actor,
        approved_at=now,
    )
    session.add(made)
    session.flush()
    drifts = compare(Baseline(before.number, before.facts), parts) if before else ()
    return Approved(made, run, parts, drifts)


def find_drift(session: Session, host: Host, *, run_ref: str | None, number: int | None = None) -> Drifted:
    """A run, the latest where none is named, against the baseline in force now. Raises NotFound, InputError."""
    kept = baselines.get_baseline(session, host, number=number)
    run, document = _load_run(session, host, run_ref)
    return Drifted(kept, run, compare(Baseline(kept.number, kept.facts), extract_parts(document)))


def _load_run(session: Session, host: Host, ref: str | None) -> tuple[PatrolRun, Document]:
    run = _find_run(session, host, ref)
    if run is None or run.id is None:
        raise NotFound(
            f"主机 {host.code} 还没有完成的巡检", hint="先运行 eduops patrol run 或 eduops patrol ingest"
        )
    stored = next(history.list_stored(session, [run.id]), None)
    if stored is None:
        raise NotFound(
            f"巡检 {run.ref} 没有原始文档", hint=f"运行 eduops patrol list --host {host.code} 另选一次"
        )
    if stored.content is None:
        raise InputError(f"巡检 {run.ref} 在库中的原始文档已损坏", hint="用 --run 另选一次巡检")
    return run, parse_document(stored.content, source=f"巡检 {run.ref} 的原始文档")


def _find_run(session: Session, host: Host, ref: str | None) -> PatrolRun | None:
    assert host.id is not None  # noqa: S101 - it comes from the database
    if ref is None:
        return history.find_last_run(session, host.id)
    run, of = queries.get_run(session, ref)
    if of.id != host.id:
        raise NotAllowed(
            f"巡检 {ref} 是主机 {of.code} 的，不是 {host.code} 的",
            hint=f"运行 eduops patrol list --host {host.code}",
        )
    return run

"""Fetching what `eduops-agent loop` keeps on a host: each document its own unit of work, removed only after it."""

import re
from dataclasses import dataclass
from enum import StrEnum

from eduops.asset.models import Host
from eduops.core.errors import Conflict, EduopsError, InputError
from eduops.patrol import queries, service, spool_quarantine
from eduops.patrol.rules.document import LARGEST_BYTES, parse_document
from eduops.remote.transfer import Folder
from eduops.workflow.patrol_collect import Round

# As the agent's spool names its documents; what else lies there is its own.
_DOCUMENT = re.compile(r"patrol-[\w.-]+\.json")


class Fate(StrEnum):
    """What became of a document."""

    TAKEN = "taken"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document of the spool: the run that it made or had made before, or why it was refused."""

    host: str
    file: str
    fate: Fate
    ref: str = ""
    state: str = ""
    reason: str = ""


def pull_spool(folder: Folder, host: Host, shared: Round, *, with_removal: bool) -> list[Fetched]:
    """Every document of the folder, the oldest first. Raises OutsideError where the line breaks; what was taken stays."""
    fetched = []
    for name in filter(_DOCUMENT.fullmatch, folder.list_files(".json")):
        content = folder.read(name, largest_bytes=LARGEST_BYTES + 1)
        fetched.append(_take(name, content, host, shared))
        # What was refused stays there, too: somebody may want to see it where it was made.
        if with_removal and fetched[-1].fate is not Fate.REFUSED:
            folder.remove(name)
    return fetched


def _take(name: str, content: bytes, host: Host, shared: Round) -> Fetched:
    try:
        return _take_in(name, content, host, shared)
    except (InputError, Conflict) as error:
        return _refuse(name, content, host, shared, error)


def _take_in(name: str, content: bytes, host: Host, shared: Round) -> Fetched:
    source = f"{host.code}:{name}"
    with shared.open_unit() as unit:
        checksum = parse_document(content, source=f"文档「{source}」").checksum
        known = queries.find_run_by_document(unit.session, checksum)
        if known is not None and known.host_id == host.id:
            return Fetched(host.code, name, Fate.KNOWN, ref=known.ref, state=known.state or "")
        made, _ = service.ingest(
            unit.session, host, content, shared.config,
            kind=shared.kind, now=unit.now, actor=unit.actor, zone=shared.zone, source=source,
        )  # fmt: skip
        unit.changed(
            made.ref, host=host.code, kind=made.kind, state=made.state, document=made.document_hash, file=name
        )
    return Fetched(host.code, name, Fate.TAKEN, ref=made.ref, state=made.state or "")


def _refuse(name: str, content: bytes, host: Host, shared: Round, error: EduopsError) -> Fetched:
    with shared.open_unit() as unit:
        kept = spool_quarantine.keep_and_say(
            shared.spool, content, host=host.code, source=f"patrol pull {name}", error=error, now=unit.now
        )
    reason = f"{error.message}（{kept}）"
    return Fetched(host.code, name, Fate.REFUSED, reason=reason)

"""Patrols on exam days: while people sit an exam, heavy probes are left out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from eduops.asset.models import Host
from eduops.patrol.rules.exam import make_light
from eduops.training.queries.exam import list_open_exams
from eduops.workflow.patrol_collect import Round


def spare_exams(
    session: Session, shared: Round, hosts: Sequence[Host], *, now: datetime
) -> tuple[Round, tuple[str, ...]]:
    """The round without what is heavy where an exam is open, and the titles of the open exams."""
    titles = tuple(exam.title for exam in list_open_exams(session, now))
    if not titles:
        return shared, ()
    return replace(shared, config=make_light(shared.config, [host.code for host in hosts])), titles

"""Scores of an exam: loaded, then computed."""

from sqlmodel import Session

from eduops.training.models.exam import Exam, Paper
from eduops.training.queries import exam as queries
from eduops.training.rules.attempt import ScoreStats, compute_stats


def load_stats(session: Session, exam: Exam) -> ScoreStats:
    """An exam's statistics over its graded attempts."""
    paper = session.get_one(Paper, exam.paper_id)
    points = [score.points for score in queries.list_scores(session, exam.id)]
    return compute_stats(points, full_points=paper.points, pass_percent=exam.pass_percent)

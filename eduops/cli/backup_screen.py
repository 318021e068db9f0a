"""What backups, verifications and drills look like on the screen."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import typer

from eduops.backup.models import Backup, Drill
from eduops.backup.rules import parse_images, render_counts
from eduops.cli import door, out
from eduops.cli.visible import visible
from eduops.workflow.backup_job import Desk, open_desk
from eduops.workflow.backup_verify import Outcome

STATES = {"started": "未完成", "verified": "已校验", "failed": "失败", "removed": "已删除"}


@contextmanager
def watching(ctx: typer.Context, label: str) -> Iterator[Desk]:
    """A desk whose steps are shown on stderr while they go on, where that is a terminal."""
    with _spinner(label) as watch:
        yield open_desk(partial(door.unit, ctx), door.state(ctx).home, watch=watch, warn=out.warn)


@contextmanager
def _spinner(label: str) -> Iterator[Callable[[str], None]]:
    if not sys.stderr.isatty():
        yield lambda _said: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    looks = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*looks, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(escape(visible(label)), total=None)
        yield lambda said: shown.update(task, description=escape(visible(f"{label}：{said}")))


def backup_row(backup: Backup) -> dict[str, object]:
    """A backup as JSON and tables have it."""
    return {
        **backup.model_dump(exclude={"id"}),
        "state_text": STATES.get(backup.state, backup.state),
        "holds": describe(backup),
    }


def describe(backup: Backup) -> str:
    """What a backup holds; as it is stored where somebody wrote something else there."""
    try:
        return render_counts(parse_images(backup.tables))
    except (ValueError, AttributeError):
        return f"登记的内容不是逐表的行数：{backup.tables}"


def outcome_row(outcome: Outcome) -> dict[str, object]:
    """A verification as JSON and tables have it."""
    check = outcome.check
    return {
        "ref": outcome.backup.ref,
        "source": outcome.backup.source,
        "place": outcome.copy.place if outcome.copy else outcome.backup.store,
        "at": check.at,
        "passed": check.passed,
        "passed_text": "通过" if check.passed else "没有通过",
        "passed_style": "green" if check.passed else "red",
        "seconds": round(check.milliseconds / 1000, 2),
        "fault": check.fault,
    }


def drill_row(drill: Drill, backup: Backup) -> dict[str, object]:
    """A drill as JSON has it."""
    return {**drill.model_dump(exclude={"id", "backup_id", "copy_id"}), "backup": backup.ref}


def drill_sentence(drill: Drill, backup: Backup) -> str:
    """A drill in one sentence."""
    seconds = drill.restore_milliseconds / 1000
    counted = f"比对 {drill.tables_compared} 项 {drill.rows_compared} 行，恢复用时 {seconds:.2f} 秒"
    if drill.limit_milliseconds:
        counted += f"（限时 {drill.limit_milliseconds / 60_000:g} 分钟）"
    verdict = "全部一致，通过" if drill.passed else "没有通过：" + "；".join(drill.differences)
    keys = [key for key in drill.evidence.get("keys", []) if key.get("proved")]
    proved = "".join(f"；密钥 {key['fingerprint']}（{key['file']}）能用" for key in keys)
    return f"{drill.ref} 恢复演练（{backup.ref}）：{counted}，{verdict}{proved}"

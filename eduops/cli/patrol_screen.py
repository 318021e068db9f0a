"""A patrol on the screen: problems first, states in colour, or all of it as JSON."""

from collections.abc import Mapping, Sequence

import typer

from eduops.asset.models import Host
from eduops.cli import out
from eduops.patrol.models import PatrolResult, PatrolRun
from eduops.patrol.rules.check import STATE_WORDS, State
from eduops.patrol.rules.run import KIND_WORDS, Kind
from eduops.patrol.rules.threshold import PROBES

_COLOURS = {
    State.NORMAL: "green",
    State.NOT_CHECKED: "blue",
    State.CANNOT_TELL: "magenta",
    State.WARNING: "yellow",
    State.CRITICAL: "bold red",
}
_HEADS = {
    "started_at": "开始",
    "finished_at": "结束",
    "hostname": "机器名",
    "actor": "执行人",
    "is_ingested": "外部文档",
    "failure": "失败原因",
    "document_hash": "文档校验和",
    "thresholds_hash": "阈值校验和",
}


def run_id(made: PatrolRun) -> int:
    """The number of a run that the database has given one."""
    assert made.id is not None  # noqa: S101 - it comes from the database
    return made.id


def build_row(made: PatrolRun, of: Host) -> Mapping[str, object]:
    """All that is known of a run, with the words that people read."""
    return {
        "ref": made.ref,
        "host": of.code,
        # By the model's own order: model_dump follows the order in which the database gave the columns.
        **{
            name: getattr(made, name)
            for name in PatrolRun.model_fields
            if name not in ("id", "ref", "host_id")
        },
        "kind_text": KIND_WORDS[Kind(made.kind)],
        "state_text": _state_text(made),
    }


def _state_text(made: PatrolRun) -> str:
    if made.state:
        return STATE_WORDS[State(made.state)]
    return "失败" if made.failure else "未完成"


def show(
    made: PatrolRun, of: Host, results: Sequence[PatrolResult], *, as_json: bool, everything: bool
) -> None:
    """Prints a run, its problems and, where `everything` is asked for, its other checks."""
    problems = [item for item in results if _is_problem(item)]
    problems.sort(key=lambda item: -State(item.state).rank)
    rest = [item for item in results if not _is_problem(item)]
    if as_json:
        checks = [_build_check(item) for item in [*problems, *rest]]
        out.value({**build_row(made, of), "checks": checks})
        return
    _headline(made, of, len(problems))
    row = build_row(made, of)
    if everything:
        out.fields(row, {key: head for key, head in _HEADS.items() if row[key] is not None}, as_json=False)
    if made.state is None:
        return
    _table("问题", problems)
    if everything:
        _table("其余检查", rest)
    else:
        typer.echo(f"其余 {len(rest)} 项检查见 eduops patrol show {made.ref}")


def _headline(made: PatrolRun, of: Host, problems: int) -> None:
    from rich.text import Text

    line = Text(f"{made.ref}  {of.code} {of.name}  {KIND_WORDS[Kind(made.kind)]}：")
    line.append(_state_text(made), style=_COLOURS[State(made.state)] if made.state else "bold red")
    if problems:
        line.append(f"，{problems} 个问题")
    out.console().print(line)


def _is_problem(item: PatrolResult) -> bool:
    return State(item.state).is_problem(is_mandatory=item.is_mandatory)


def _build_check(item: PatrolResult) -> Mapping[str, object]:
    names = [name for name in PatrolResult.model_fields if name not in ("id", "run_id")]
    return {**{name: getattr(item, name) for name in names}, "is_problem": _is_problem(item)}


def _table(title: str, results: Sequence[PatrolResult]) -> None:
    from rich.table import Table
    from rich.text import Text

    if not results:
        typer.echo(f"{title}：无")
        return
    table = Table(title=f"{title}（{len(results)}）", title_justify="left", header_style="bold")
    table.add_column("状态", no_wrap=True)
    table.add_column("检查项", no_wrap=True)
    table.add_column("说明", overflow="fold")
    for item in results:
        state = State(item.state)
        table.add_row(
            Text(STATE_WORDS[state], style=_COLOURS[state]),
            PROBES.get(item.probe, item.probe),
            Text(item.text),
        )
    out.console().print(table)

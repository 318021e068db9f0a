"""A patrol on the screen: problems first, states in colour, or all of it as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import typer

from eduops.asset.models import Host
from eduops.cli import out
from eduops.cli.visible import visible
from eduops.patrol.models import PatrolResult, PatrolRun
from eduops.patrol.rules.check import STATE_WORDS, State
from eduops.patrol.rules.run import KIND_WORDS, Kind
from eduops.patrol.rules.threshold import PROBES

Row = Mapping[str, object]

COLOURS = {
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
    "is_manual": "人工登记",
    "note": "说明",
    "failure": "失败原因",
    "document_hash": "文档校验和",
    "thresholds_hash": "阈值校验和",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A patrol as it is shown, free of the database: the run, its problems with the worst first, its other checks."""

    run: Row
    host_name: str
    state: State | None
    problems: tuple[Row, ...]
    rest: tuple[Row, ...]


def run_id(made: PatrolRun) -> int:
    """The number of a run that the database has given one."""
    assert made.id is not None  # noqa: S101 - it comes from the database
    return made.id


def build_row(made: PatrolRun, of: Host) -> Row:
    """All that is known of a run, with the words that people read."""
    # By the model's own order: model_dump follows the order in which the database gave the columns.
    names = [name for name in PatrolRun.model_fields if name not in ("id", "ref", "host_id")]
    return {
        "ref": made.ref,
        "host": of.code,
        **{name: getattr(made, name) for name in names},
        "kind_text": _kind_text(made),
        "state_text": _state_text(made),
    }


def _kind_text(made: PatrolRun) -> str:
    """The kind, and what must be known of it wherever it is shown: by hand, or without its heavy probes."""
    said = ["人工"] * made.is_manual + ["轻量"] * made.is_light
    return KIND_WORDS[Kind(made.kind)] + (f"（{'、'.join(said)}）" if said else "")


def _state_text(made: PatrolRun) -> str:
    if made.state:
        return STATE_WORDS[State(made.state)]
    return "失败" if made.failure else "未完成"


def build_shown(made: PatrolRun, of: Host, results: Sequence[PatrolResult]) -> Shown:
    """The run with its checks, taken out of the session."""
    problems = sorted(filter(_is_problem, results), key=lambda item: -State(item.state).rank)
    rest = [item for item in results if not _is_problem(item)]
    state = State(made.state) if made.state else None
    checks = tuple(map(_build_check, problems)), tuple(map(_build_check, rest))
    return Shown(build_row(made, of), of.name, state, *checks)


def _is_problem(item: PatrolResult) -> bool:
    return State(item.state).is_problem(is_mandatory=item.is_mandatory)


def _build_check(item: PatrolResult) -> Row:
    names = [name for name in PatrolResult.model_fields if name not in ("id", "run_id")]
    return {**{name: getattr(item, name) for name in names}, "is_problem": _is_problem(item)}


def show(shown: Shown, *, as_json: bool, everything: bool) -> None:
    """Prints a run, its problems and, where `everything` is asked for, its other checks."""
    if as_json:
        out.value({**shown.run, "checks": [*shown.problems, *shown.rest]})
        return
    _headline(shown)
    if everything:
        heads = {key: head for key, head in _HEADS.items() if shown.run[key] not in (None, "")}
        out.fields(shown.run, heads, as_json=False)
    if shown.state is None:
        return
    _table("问题", shown.problems)
    if everything:
        _table("其余检查", shown.rest)
    else:
        typer.echo(f"其余 {len(shown.rest)} 项检查没有问题或无须检查")


def _headline(shown: Shown) -> None:
    from rich.text import Text

    run = shown.run
    line = Text(visible(f"{run['ref']}  {run['host']} {shown.host_name}  {run['kind_text']}："))
    line.append(str(run["state_text"]), style=COLOURS[shown.state] if shown.state else "bold red")
    if shown.problems:
        line.append(f"，{len(shown.problems)} 个问题")
    out.console().print(line)


def _table(title: str, checks: Sequence[Row]) -> None:
    from rich.table import Table
    from rich.text import Text

    if not checks:
        typer.echo(f"{title}：无")
        return
    table = Table(title=f"{title}（{len(checks)}）", title_justify="left", header_style="bold")
    table.add_column("状态", no_wrap=True)
    table.add_column("检查项", no_wrap=True)
    table.add_column("说明", overflow="fold")
    for check in checks:
        state, probe = State(str(check["state"])), str(check["probe"])
        word = Text(STATE_WORDS[state], style=COLOURS[state])
        table.add_row(word, PROBES.get(probe, probe), Text(visible(str(check["text"]))))
    out.console().print(table)

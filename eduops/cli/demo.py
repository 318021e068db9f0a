"""`eduops demo`: the main job from end to end, on invented data."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Command
from eduops.workflow.demo import run as runner

app = typer.Typer(add_completion=False)

_MOST_COMMANDS = 3


@app.command(cls=Command, epilog="例：eduops demo --into demo --bank 题库.xlsx")
def demo(
    ctx: typer.Context,
    into: Annotated[Path, typer.Option(help="写到哪个目录；不能是已有内容的目录。")] = Path("demo"),
    bank: Annotated[Path | None, typer.Option(help="用这份题库文件，代替随附的题库。")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="删除这个目录里上一次的演示，重新开始。")] = False,
    seed: Annotated[
        int, typer.Option(help="随机种子：同一天同一种子得到同样的数据。", min=0, max=out.LARGEST_SEED)
    ] = runner.SEED,
    as_json: out.JsonOption = False,
) -> None:
    """用虚构数据把主要流程完整走一遍，每步显示对应的真实命令；全部写在一个目录里，不碰别处。"""
    told = []
    for step in runner.run_demo(
        into, bank=bank, anew=anew, now=door.state(ctx).now, seed=seed, progress=out.progress
    ):
        told.append(step)
        if not as_json:
            _tell(step, into)
    results = runner.list_results(into)
    if as_json:
        out.value({"steps": [asdict(step) for step in told], "results": dict(results)})
        return
    typer.echo(f"\n完成，用时 {sum(step.seconds for step in told):.0f} 秒。数据均为虚构。都写在这里：")
    for word, path in results:
        typer.echo(f"  {word}　{path}")
    typer.echo("照着做：先 . .venv/bin/activate（或把 eduops 放进 PATH），再")
    typer.echo(f"  export EDUOPS_HOME={into / 'home'}　　看这次演示的数据，如 eduops sla ledger")
    typer.echo(f"  sh {into / runner.SCRIPT} 新目录　　在新的数据目录里把每条命令重做一遍")


def _tell(step: runner.Told, into: Path) -> None:
    typer.echo(
        f"[{step.number:>2}/{runner.TOTAL}] {step.title}：{step.outcome.said}（{step.seconds:.1f} 秒）"
    )
    commands = step.outcome.commands
    for line in commands[:_MOST_COMMANDS]:
        typer.secho(f"        {runner.render_command(line, into)}", dim=True)
    if len(commands) > _MOST_COMMANDS:
        typer.secho(f"        … 共 {len(commands)} 条命令，见 {into / runner.SCRIPT}", dim=True)
    for line in step.outcome.details:
        typer.echo(f"        · {line}")

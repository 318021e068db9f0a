"""`eduops doctor`: what is missing, and its remedy."""

from dataclasses import asdict

import typer

from eduops.cli import door, out
from eduops.cli.noun import Command
from eduops.cli.schedule_command import find_fault
from eduops.workflow.checkup import check_up

app = typer.Typer(add_completion=False)

STATES = {"fine": "正常", "warning": "注意", "fault": "有问题"}
_STYLES = {"fine": "green", "warning": "yellow", "fault": "bold red"}


@app.command(cls=Command, epilog="例：eduops doctor --json")
def doctor(ctx: typer.Context, as_json: out.JsonOption = False) -> None:
    """检查本机、数据目录、设置、合同、工作日数据、数据库、台账和备份；发现问题则退出码为 1。"""
    run = door.state(ctx)
    checks = check_up(run.home, now=run.now, find_fault=find_fault)
    rows = [
        {**asdict(check), "state_text": STATES[check.state], "style": _STYLES[check.state]}
        for check in checks
    ]
    columns = (
        out.Column("name", "项目"),
        out.Column("state_text", "状态", style_key="style"),
        out.Column("seen", "情况"),
        out.Column("remedy", "怎么办"),
    )
    out.rows(rows, columns, as_json=as_json, title="检查", empty="")
    if any(check.state != "fine" for check in checks):
        raise typer.Exit(1)

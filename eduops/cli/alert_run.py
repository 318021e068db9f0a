"""What a command about alerts works with: the checked alert.yaml, the contract's clock, the store."""

import typer

from eduops.alert.configuration import AlertConfig, load_config
from eduops.alert.rules import Days
from eduops.alert.service import Setting
from eduops.cli import door
from eduops.contract.schema import Contract
from eduops.contract.working_day import WorkingDays
from eduops.workflow.alert_send import Run


def config(ctx: typer.Context) -> AlertConfig:
    """The alert.yaml in force. Raises ConfigError with every problem."""
    home = door.state(ctx).home
    home.require()
    return load_config(home.path)


def setting(ctx: typer.Context, contract: Contract) -> Setting:
    """alert.yaml, the home and the contract's clock."""
    days = Days(contract.zone_info, WorkingDays(contract.working_days).is_working_day)
    return Setting(config(ctx), door.state(ctx).home.path, days)


def run(ctx: typer.Context, contract: Contract) -> Run:
    """One run of the sender or of the tick."""
    state = door.state(ctx)
    return Run(door.store(ctx), setting(ctx, contract), state.actor, ctx.command_path, state.now)

"""What the commands of the schedule open: the contract's calendar, and the place of a scheduler."""

import os

import typer

from eduops.cli import door
from eduops.cli.schedule_command import find_fault
from eduops.contract.period import day_of
from eduops.contract.working_day import WorkingDays
from eduops.core.errors import NotFound
from eduops.workflow.schedule.active import Station
from eduops.workflow.schedule.configuration import Job, ScheduleConfig, check_config
from eduops.workflow.schedule.rules import Calendar


def find_calendar(ctx: typer.Context) -> Calendar:
    """The contract's zone and working days."""
    contract = door.contract(ctx)
    return Calendar(contract.zone_info, WorkingDays(contract.working_days).is_working_day)


def open_station(ctx: typer.Context, *, trigger: str) -> Station:
    """Where a scheduler works."""
    run = door.state(ctx)
    return Station(run.home, door.store(ctx), find_calendar(ctx), trigger, run.actor)


def load_checked(ctx: typer.Context) -> ScheduleConfig:
    """schedule.yaml with every command looked up. Raises ConfigError with every problem."""
    run = door.state(ctx)
    today = day_of(run.now, door.contract(ctx).zone_info)
    return check_config(run.home.path, find_fault, on=today)


def find_trigger() -> str:
    """Who called: systemd marks what it starts, everything else counts as cron."""
    return "systemd" if os.environ.get("INVOCATION_ID") else "cron"


def get_job(config: ScheduleConfig, name: str) -> Job:
    """The job of that name. Raises NotFound."""
    found = config.jobs.get(name)
    if found is None:
        raise NotFound(f"schedule.yaml 里没有任务「{name}」", hint="用 eduops schedule list 查看任务名")
    return found

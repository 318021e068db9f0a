"""What the verbs that take patrols in have in common."""

from pathlib import Path
from typing import Annotated

import typer

from eduops.asset import queries as assets
from eduops.asset.models import Host
from eduops.cli import chinese, door
from eduops.patrol import configuration
from eduops.patrol.rules.run import KIND_WORDS, HostFacts, Kind, check_in_use
from eduops.store.unit import unit_of_work
from eduops.workflow.patrol_collect import Round
from eduops.workflow.patrol_run import OpenUnit

chinese.name_choices(KIND_WORDS)
KindOption = Annotated[
    Kind, typer.Option(help="类别：daily 日常巡检、big 大巡检、monthly 月度评估、on_demand 临时。")
]


def spool_of(ctx: typer.Context) -> Path:
    """The home's folder for what is under way."""
    return door.state(ctx).home.folder("spool")


def build_round(ctx: typer.Context, kind: Kind) -> Round:
    """What the patrols of this command share."""
    home = door.state(ctx).home
    config = configuration.load_config(configuration.find_config_path(home.path))
    return Round(_unit_opener(ctx), config, kind, door.contract(ctx).zone_info, spool_of(ctx))


def get_hosts(ctx: typer.Context, codes: list[str]) -> list[Host]:
    """The named hosts, each once, in that order. Raises NotFound, or NotAllowed for a retired one."""
    with door.look(ctx) as look:
        hosts = [assets.get_host(look.session, code) for code in dict.fromkeys(codes)]
    for host in hosts:
        check_in_use(HostFacts(host.code, host.address, host.retired_at))
    return hosts


def _unit_opener(ctx: typer.Context) -> OpenUnit:
    # Opened once: fifty hosts make more than a hundred units of work.
    run, store = door.state(ctx), door.store(ctx)

    return lambda: unit_of_work(store, now=run.now, actor=run.actor, command=ctx.command_path)

"""The demo's second half: patrol, tickets, the contract's figures, backup, report, by the commands' services."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from eduops.asset import service as assets
from eduops.asset.rules import LOCAL_ADDRESS, Environment, NewHost, Role
from eduops.desk.service import ticket as desk
from eduops.ledger import service as ledger
from eduops.ledger.head import load_head, save_head
from eduops.patrol.configuration import find_config_path, load_config
from eduops.patrol.rules.check import STATE_WORDS, State
from eduops.patrol.rules.run import Kind
from eduops.store.unit import Unit
from eduops.workflow.backup_drill import drill_backup
from eduops.workflow.backup_run import back_up
from eduops.workflow.demo.stage import Outcome, Stage, command
from eduops.workflow.demo.tickets import InventedTicket, Step, invent_tickets
from eduops.workflow.document import build_quarterly
from eduops.workflow.patrol_run import patrol_local

Advance = Callable[[int], None]

HOST = "demo-local"


def patrol_this_machine(stage: Stage, _advance: Advance) -> Outcome:
    """A real patrol of this machine with the agent."""
    name = "演示主机（本机，真实测量）"
    new = NewHost(HOST, name, Role.ALL_IN_ONE, Environment.PRODUCTION, LOCAL_ADDRESS)
    with stage.unit("host add") as unit:
        host = assets.add_host(unit.session, new, now=stage.now)
        unit.changed(host.code, name=name)
    config = load_config(find_config_path(stage.home.path))
    run = patrol_local(lambda: stage.unit("patrol run"), host, config, kind=Kind.DAILY, zone=_zone(stage))
    return Outcome(
        f"{run.ref} 真实巡检本机，结论：{STATE_WORDS[State(str(run.state))]}（细节：eduops patrol show {run.ref}）",
        (command("host", "add", HOST, "--name", name), command("patrol", "run", HOST)),
    )


def enter_tickets(stage: Stage, advance: Advance) -> Outcome:
    """A quarter's worth of invented tickets, each step through the desk's service and committed on its own."""
    contract, commands = stage.demo_contract.contract, []
    invented = invent_tickets(
        contract, from_on=stage.demo_contract.from_on, now=stage.begun_at, seed=stage.seed
    )
    for ticket in invented:
        with stage.unit("ticket open") as unit:
            ref = _open(unit, stage, ticket)
        commands.append(_open_command(stage, ticket))
        for step in ticket.steps:
            with stage.unit(f"ticket {step.name}") as unit:
                _take(unit, stage, ref, step)
            commands.append(_step_command(stage, ref, step))
        advance(1)
    kinds = [ticket.new.kind for ticket in invented]
    said = f"{len(invented)} 张虚构工单逐步登记：故障 {kinds.count('incident')}，"
    said += f"服务请求 {kinds.count('request')}，咨询 {kinds.count('consult')}"
    return Outcome(said, tuple(commands))


def judge_and_post(stage: Stage, _advance: Advance) -> Outcome:
    """The contract's figures of the quarter, and the breaches posted to the ledger."""
    demo = stage.demo_contract
    with stage.unit("sla post") as unit:
        answer = ledger.evaluate_period(
            unit.session, demo.contract, from_on=demo.from_on, to_on=demo.to_on, as_of=stage.now
        )
        entries = ledger.post(
            unit.session,
            answer,
            kept=load_head(stage.home.path),
            with_provisional=False,
            now=stage.now,
            actor=unit.actor,
        )
        head = ledger.head(unit.session)
        if entries:
            unit.changed("ledger", **ledger.summarise(entries))
    save_head(stage.home.path, head)
    days = ("--from", demo.from_on, "--to", demo.to_on)
    by_clause = "，".join(f"{clause} 条 {count} 次" for clause, count in answer.by_clause.items() if count)
    return Outcome(
        f"认定 {len(answer.findings)} 项，计违约 {answer.counted} 次（{by_clause or '无'}）；记入台账 {len(entries)} 条",
        (
            command("sla", "evaluate", *days),
            command("sla", "post", *days, "--yes"),
            command("sla", "verify"),
        ),
    )


def back_up_and_restore(stage: Stage, _advance: Advance) -> Outcome:
    """A backup, restored into a scratch file and compared row by row."""
    backup = back_up(lambda: stage.unit("backup run"), stage.home)
    drill, _ = drill_backup(lambda: stage.unit("backup drill"), stage.home, backup.ref)
    verdict = "全部一致" if drill.passed else "不一致：" + "；".join(drill.differences)
    counted = f"{drill.tables_compared} 张表 {drill.rows_compared} 行"
    return Outcome(
        f"{backup.ref} 已备份；{drill.ref} 恢复到临时文件比对 {counted}，{verdict}",
        (command("backup", "run"), command("backup", "drill")),
    )


def write_report(stage: Stage, _advance: Advance) -> Outcome:
    """The quarterly operation report."""
    demo, path = stage.demo_contract, stage.folder / "运维工作季度报告.docx"
    with stage.unit("report build") as unit:
        made = build_quarterly(
            unit.session,
            demo.contract,
            stage.home,
            period=demo.quarter,
            cut_off_at=stage.now,
            target=path,
            now=stage.now,
            actor=unit.actor,
        )
        unit.changed(made.document.ref, sha256=made.document.sha256)
    return Outcome(
        f"{made.document.ref} 运维工作季度报告写到 {path.name}",
        (command("report", "build", "quarterly", "--period", demo.quarter, "--out", path),),
    )


def _open(unit: Unit, stage: Stage, ticket: InventedTicket) -> str:
    opened = desk.open_ticket(
        unit.session, ticket.new, at=ticket.reported_at, now=stage.now, actor=unit.actor, zone=_zone(stage)
    )
    unit.changed(opened.ref, step="open")
    return opened.ref


def _take(unit: Unit, stage: Stage, ref: str, step: Step) -> None:
    values, zone = dict(step.values), _zone(stage)
    if step.name == "record":
        desk.record_maintenance(unit.session, ref, desk.NewRecord(**values), now=stage.now, actor=unit.actor)
    else:
        desk.take_step(
            unit.session,
            ref,
            step.name,
            at=step.at,
            now=stage.now,
            actor=unit.actor,
            zone=zone,
            values=values,
        )
    unit.changed(ref, step=step.name)


def _open_command(stage: Stage, ticket: InventedTicket) -> str:
    new = ticket.new
    return command(
        "ticket", "open", "--kind", new.kind, "--title", new.title, "--department", new.department,
        "--channel", new.channel, "--reporter", new.reporter, "--at", stage.at(ticket.reported_at), "--invented",
    )  # fmt: skip


def _step_command(stage: Stage, ref: str, step: Step) -> str:
    options = [word for name, value in step.values for word in (f"--{name.replace('_', '-')}", value)]
    # A maintenance record is written when it is written: it has no instant of its own.
    at = () if step.name == "record" else ("--at", stage.at(step.at))
    return command("ticket", step.name.replace("_", "-"), ref, *options, *at)


def _zone(stage: Stage) -> ZoneInfo:
    return stage.demo_contract.contract.zone_info

"""`eduops schedule install` and `uninstall`: cron or systemd calls eduops; what changes is shown first."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from eduops.cli import door, out
from eduops.cli.noun import Noun
from eduops.cli.schedule_door import find_calendar, load_checked
from eduops.core.errors import OutsideError, UsageError
from eduops.core.home import Home
from eduops.workflow.schedule import install_cron, install_systemd, known
from eduops.workflow.schedule.call import Call, build_call

verbs = Noun("安装和卸下计划任务。")

CronOption = Annotated[bool, typer.Option("--cron", help="写进这个账号的 crontab。")]
SystemdOption = Annotated[bool, typer.Option("--systemd", help="写成 systemd 单元。")]
SystemOption = Annotated[
    bool, typer.Option("--system/--user", help="systemd：全机的单元（要 root），还是这个账号的。")
]
ShowOption = Annotated[bool, typer.Option("--show", help="只显示会写什么，不写。")]


@dataclass(frozen=True)
class _Change:
    """Texts as they are and as they will be, by where they lie."""

    before: Mapping[str, str]
    after: Mapping[str, str]

    @property
    def diff(self) -> str:
        names = sorted({*self.before, *self.after})
        parts = (_diff(name, self.before.get(name, ""), self.after.get(name, "")) for name in names)
        return "".join(parts)


@verbs.verb("install", example="eduops schedule install --cron --show")
def install(
    ctx: typer.Context,
    cron: CronOption = False,
    systemd: SystemdOption = False,
    daemon: Annotated[
        bool, typer.Option("--daemon", help="systemd：一个常驻服务，而不是每项任务一个定时器。")
    ] = False,
    system: SystemOption = False,
    show: ShowOption = False,
    yes: out.YesOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """让 cron 或 systemd 定时调用 eduops；先显示改动再写，重复安装不会多出内容。"""
    home = _check(ctx, cron, systemd)
    if daemon and not systemd:
        raise UsageError("--daemon 只和 --systemd 一起用", hint="cron 每分钟调用一次，不需要常驻")
    config = load_checked(ctx)
    calendar = find_calendar(ctx)
    call = build_call(home, os.environ)
    for sentence in call.left_out:
        out.warn(sentence)
    if cron:
        block = install_cron.render_block(call)
        changed = _change_crontab(ctx, call, block, show=show, yes=yes, as_json=as_json)
    else:
        units = (
            install_systemd.build_daemon(call, is_system=system)
            if daemon
            else install_systemd.build_timers(call, config, calendar.zone.key, is_system=system)
        )
        changed = _change_units(ctx, call, units, is_system=system, show=show, yes=yes, as_json=as_json)
    if changed:
        # From now on every due run counts, even if the scheduler never starts.
        known.refresh(home, config.enabled, calendar, now=door.state(ctx).now)


@verbs.verb("uninstall", example="eduops schedule uninstall --cron")
def uninstall(
    ctx: typer.Context,
    cron: CronOption = False,
    systemd: SystemdOption = False,
    system: SystemOption = False,
    show: ShowOption = False,
    yes: out.YesOption = False,
    as_json: out.JsonOption = False,
) -> None:
    """卸下安装时写的内容，其余一个字节都不动；数据和运行记录保留。"""
    call = build_call(_check(ctx, cron, systemd), os.environ)
    if cron:
        _change_crontab(ctx, call, b"", show=show, yes=yes, as_json=as_json)
    else:
        _change_units(ctx, call, {}, is_system=system, show=show, yes=yes, as_json=as_json)


def _check(ctx: typer.Context, cron: bool, systemd: bool) -> Home:
    if cron == systemd:
        raise UsageError("要写 --cron 或 --systemd 之一", hint="没有 systemd 的机器用 --cron")
    home = door.state(ctx).home
    home.require()
    return home


def _change_crontab(
    ctx: typer.Context, call: Call, block: bytes, *, show: bool, yes: bool, as_json: bool
) -> bool:
    """Puts the block in, or takes it out where it is empty; says whether anything was written."""
    crontab = install_cron.read_crontab()
    after = (
        install_cron.put_block(crontab, block, call.home)
        if block
        else install_cron.drop_block(crontab, call.home)
    )
    change = _Change({"crontab": _text(crontab)}, {"crontab": _text(after)})
    if not _agree(change, show=show, yes=yes, as_json=as_json):
        return False
    install_cron.write_crontab(after)
    _record(ctx, "cron", installed=bool(block))
    said = "已写进 crontab，一分钟内开始" if block else "已从 crontab 卸下"
    out.done(said, {"written": True, "diff": change.diff}, as_json=as_json)
    return True


def _change_units(
    ctx: typer.Context,
    call: Call,
    units: Mapping[str, str],
    *,
    is_system: bool,
    show: bool,
    yes: bool,
    as_json: bool,
) -> bool:
    """Writes the units and removes the home's others; says whether anything was written."""
    folder = install_systemd.find_folder(is_system=is_system)
    before = install_systemd.find_installed(folder, call.home)
    change = _Change(
        {str(folder / name): text for name, text in before.items()},
        {str(folder / name): text for name, text in units.items()},
    )
    if not _agree(change, show=show, yes=yes, as_json=as_json):
        return False
    start = install_systemd.list_startable(units)
    stop = [name for name in install_systemd.list_startable(before) if name not in start]
    first, then = install_systemd.list_commands(start, stop, is_system=is_system)
    fault = _tell(first)
    install_systemd.write_units(folder, units, before)
    fault = _tell(then) or fault
    _record(ctx, "systemd", installed=bool(units))
    said = f"已写好 {folder} 里的单元" if units else f"已删去 {folder} 里的单元"
    out.done(said, {"written": True, "diff": change.diff}, as_json=as_json)
    if not install_systemd.is_running():
        lines = "；".join(" ".join(command) for command in (*first, *then))
        out.warn(f"这台机器没有在运行 systemd，单元还没有启用。有 systemd 时运行：{lines}")
    if fault is not None:
        raise fault
    return True


def _tell(commands: list[list[str]]) -> OutsideError | None:
    """Tells systemd, where there is one; the first refusal is given back, the files are not held up by it."""
    for command in commands if install_systemd.is_running() else ():
        try:
            install_systemd.tell_systemd(command)
        except OutsideError as error:
            return error
    return None


def _agree(change: _Change, *, show: bool, yes: bool, as_json: bool) -> bool:
    """Shows what changes and asks; false where nothing is to be written."""
    if not change.diff:
        out.done("没有要改的：已经是这样", {"written": False, "diff": ""}, as_json=as_json)
        return False
    if show:
        out.done(change.diff.rstrip("\n"), {"written": False, "diff": change.diff}, as_json=as_json)
        return False
    if not as_json:
        out.say(change.diff.rstrip("\n"))
    out.confirm("按上面所列写入？", yes=yes)
    return True


def _record(ctx: typer.Context, by: str, *, installed: bool) -> None:
    with door.work(ctx) as work:
        work.changed("schedule", action="install" if installed else "uninstall", scheduler=by)


def _diff(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, n=1, lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")

"""systemd's units: a timer for each job, all of one service template, or one service for the daemon."""

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from eduops.core.errors import OutsideError
from eduops.core.files import unreadable, unwritable, write_whole
from eduops.workflow.schedule.call import Call
from eduops.workflow.schedule.configuration import Job, ScheduleConfig
from eduops.workflow.schedule.when import WEEKDAYS, Every, When, render_when

_STOP_SECONDS = 60
_TIMEOUT_SECONDS = 60
_STEADY_MINUTES = 30
"""Steps that divide this fall on the same minutes of every hour in every zone."""
SYSTEM_FOLDER = Path("/etc/systemd/system")


def find_folder(*, is_system: bool) -> Path:
    """Where the units of the machine, or of this account, lie."""
    if is_system:
        return SYSTEM_FOLDER
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def build_timers(call: Call, config: ScheduleConfig, zone: str, *, is_system: bool) -> dict[str, str]:
    """The files by name: one service template and a timer for each job that is enabled, and the heartbeat's."""
    prefix = _prefix(call.home)
    units = {f"{prefix}-job@.service": _render_template(call, is_system=is_system)}
    units[f"{prefix}-beat.service"] = _render_beat(call, is_system=is_system)
    units[f"{prefix}-beat.timer"] = _render_beat_timer(prefix)
    return units | build_job_timers(call.home, config, zone)


def build_job_timers(home: str, config: ScheduleConfig, zone: str) -> dict[str, str]:
    """The files of the timers of a home's jobs by name: what has to be written again when schedule.yaml changes."""
    prefix = _prefix(home)
    return {
        f"{prefix}-job-{name}.timer": _render_timer(prefix, name, job, zone)
        for name, job in config.enabled.items()
    }


def is_outdated(home: str, config: ScheduleConfig, zone: str) -> bool:
    """Whether the timers that are installed say something else than schedule.yaml. Raises InputError."""
    wanted = build_job_timers(home, config, zone)
    for is_system in (True, False):
        installed = find_installed(find_folder(is_system=is_system), home)
        timers = {
            name: text for name, text in installed.items() if "-job-" in name and name.endswith(".timer")
        }
        if timers and timers != wanted:
            return True
    return False


def build_daemon(call: Call, *, is_system: bool) -> dict[str, str]:
    """The file of the service that stays."""
    lines = [
        "[Unit]",
        f"Description=eduops schedule ({_escape(call.home)})",
        "After=network-online.target",
        "Wants=network-online.target",
        "",
        "[Service]",
        "Type=simple",
        *_render_service(call, ["schedule", "run"], is_system=is_system),
        "Restart=always",
        "RestartSec=10",
        "# Only the daemon is told to stop: it stops its jobs itself.",
        "KillMode=mixed",
        f"TimeoutStopSec={_STOP_SECONDS}",
        "",
        "[Install]",
        f"WantedBy={'multi-user' if is_system else 'default'}.target",
    ]
    return {f"{_prefix(call.home)}-daemon.service": _join(lines)}


def find_installed(folder: Path, home: str) -> dict[str, str]:
    """The home's units that lie in a folder, by name. Raises InputError for one that cannot be read."""
    found = {}
    for path in sorted(folder.glob(f"{_prefix(home)}-*")):
        try:
            found[path.name] = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise unreadable(path, error) from error
    return found


def write_units(folder: Path, units: Mapping[str, str], before: Mapping[str, str]) -> None:
    """Writes what changed and removes what is not wanted any more. Raises InputError."""
    for name, content in units.items():
        if before.get(name) != content:
            write_whole(folder / name, content)
    for name in before.keys() - units.keys():
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(folder / name, error) from error


def list_startable(units: Mapping[str, str]) -> list[str]:
    """The units that are enabled and started."""
    return [name for name in units if name.endswith(".timer") or name.endswith("-daemon.service")]


def is_running() -> bool:
    """Whether systemd looks after this machine."""
    return Path("/run/systemd/system").is_dir()


def list_commands(
    start: list[str], stop: list[str], *, is_system: bool
) -> tuple[list[list[str]], list[list[str]]]:
    """What systemctl is told before the files change, and after."""
    systemctl = ["systemctl"] if is_system else ["systemctl", "--user"]
    before = [[*systemctl, "disable", "--now", *stop]] if stop else []
    after = [[*systemctl, "daemon-reload"], *([[*systemctl, "enable", "--now", *start]] if start else [])]
    return before, after


def tell_systemd(command: list[str]) -> None:
    """Runs one of these. Raises OutsideError."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutsideError(
            f"systemctl 没有回答：{type(error).__name__}",
            hint=f"请手工运行：{' '.join(command)}",
            source="systemctl",
        ) from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise OutsideError(
            f"systemctl 没有成功：{said.splitlines()[-1] if said else done.returncode}",
            hint=f"单元文件已经写好；查明原因后手工运行：{' '.join(command)}",
            source="systemctl",
            detail=said,
        )


def render_calendar(when: When, zone: str) -> str:
    """The rule as OnCalendar, or the days among which eduops itself picks those on which it is due."""
    if when.every is Every.MINUTES:
        steady = when.minutes is not None and _STEADY_MINUTES % when.minutes == 0
        return f"*-*-* *:{f'0/{when.minutes}' if steady and when.minutes != 1 else '*'}:00 {zone}"
    at = f"{when.at:%H:%M}:00 {zone}"
    match when.every:
        case Every.WEEK:
            names = ",".join(day.value[:3].capitalize() for day in WEEKDAYS if day in (when.weekdays or ()))
            return f"{names} *-*-* {at}"
        case Every.WEEKS if when.anchor:
            return f"{WEEKDAYS[when.anchor.weekday()].value[:3].capitalize()} *-*-* {at}"
        case Every.MONTH if when.day:
            return f"*-*-{f'{when.day:02d}' if when.day <= 28 else '28..31'} {at}"
        case _:
            return f"*-*-* {at}"


def _render_template(call: Call, *, is_system: bool) -> str:
    lines = [
        "[Unit]",
        f"Description=eduops job %i ({_escape(call.home)})",
        "",
        "[Service]",
        "Type=oneshot",
        *_render_service(call, ["schedule", "run-job", "%i", "--if-due"], is_system=is_system),
        "KillMode=mixed",
        f"TimeoutStopSec={_STOP_SECONDS}",
    ]
    return _join(lines)


def _render_beat(call: Call, *, is_system: bool) -> str:
    lines = [
        "[Unit]",
        f"Description=eduops schedule heartbeat ({_escape(call.home)})",
        "",
        "[Service]",
        "Type=oneshot",
        *_render_service(call, ["schedule", "beat"], is_system=is_system),
    ]
    return _join(lines)


def _render_beat_timer(prefix: str) -> str:
    lines = [
        "[Unit]",
        "Description=eduops schedule heartbeat",
        "",
        "[Timer]",
        "OnCalendar=*-*-* *:*:30",
        f"Unit={prefix}-beat.service",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return _join(lines)


def _render_timer(prefix: str, name: str, job: Job, zone: str) -> str:
    lines = [
        f"# {job.title}：{render_when(job.when)}",
        "[Unit]",
        f"Description=eduops job {name}",
        "",
        "[Timer]",
        f"OnCalendar={render_calendar(job.when, zone)}",
        "Persistent=true",
        "AccuracySec=1s",
        f"Unit={prefix}-job@{name}.service",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return _join(lines)


def _render_service(call: Call, words: list[str], *, is_system: bool) -> list[str]:
    # A specifier of ours (%i) stays; what comes from outside is escaped.
    # Variables are replaced in the command only.
    program = [_quote(word).replace("$", "$$") for word in call.program] + words
    return [
        *([f"User={_escape(call.account)}"] if is_system else []),
        *(f"Environment={_quote(f'{name}={value}')}" for name, value in call.environment),
        f"ExecStart={' '.join(program)}",
    ]


def _quote(word: str) -> str:
    escaped = _escape(word).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _escape(text: str) -> str:
    return text.replace("%", "%%")


def _prefix(home: str) -> str:
    """One name a home, so that two of them on a machine do not meet."""
    return f"eduops-{hashlib.sha256(home.encode()).hexdigest()[:8]}"


def _join(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)

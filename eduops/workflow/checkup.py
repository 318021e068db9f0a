"""Looking over the machine, the home, the contract and the database: what is missing, and its remedy."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlmodel import Session

from eduops.alert import configuration as alert
from eduops.alert import template as alert_template
from eduops.asset.queries.host import list_hosts
from eduops.backup import configuration as backup
from eduops.backup import keep
from eduops.backup import queries as backups
from eduops.backup.keep.opening import find_store
from eduops.contract.loader import OVERLAY_NAME, check_contract, load_contract
from eduops.contract.schema import Contract
from eduops.contract.working_day import WorkingDays
from eduops.core import clock, log, log_rotation
from eduops.core.errors import EduopsError
from eduops.core.home import FOLDERS, Home
from eduops.core.shipped import agent_path
from eduops.ledger import closing
from eduops.ledger import service as ledger
from eduops.ledger.head import CLOSING_FILE, FILE, find_missing, load_head
from eduops.patrol.configuration import find_config_path, load_config
from eduops.remote import configuration as remote
from eduops.store import audit, audit_head, secret
from eduops.store.evidence import UNREADABLE
from eduops.store.models import KeyCheck
from eduops.store.store import Store, open_store
from eduops.workflow.schedule import configuration as schedule
from eduops.workflow.schedule import standing
from eduops.workflow.schedule.configuration import FindFault
from eduops.workflow.schedule.rules import Calendar

State = Literal["fine", "warning", "fault"]

_LEAST_FREE_BYTES = 1_000_000_000
_CALENDAR_WARNING_FOR = timedelta(days=60)
_TERM_WARNING_FOR = timedelta(days=60)
_HEAD_WARNING_FOR = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what, how it stands, what was seen, and what to do about it."""

    name: str
    state: State
    seen: str
    remedy: str = ""


def check_up(home: Home, *, now: datetime, find_fault: FindFault = lambda _words: None) -> list[Check]:
    """Everything that can be looked at, the later checks left out where an earlier one makes them pointless.

    `find_fault` knows the commands that the jobs of schedule.yaml may name.
    """
    checks = [_check_python(), _guard("巡检程序", _check_agent), *_check_home(home)]
    if not home.is_there:
        return checks
    settings = _guard("设置 eduops.yaml", lambda: _check_settings(home))
    checks.append(settings)
    if settings.state == "fine":
        checks += _check_contract(home, now)
    checks.append(_guard("巡检阈值 patrol.yaml", lambda: _check_thresholds(home)))
    checks.append(_guard("远程连接 remote.yaml", lambda: _check_remote(home)))
    checks.append(_guard("备份设置 backup.yaml", lambda: _check_backup_settings(home)))
    checks.append(_guard("提醒 alert.yaml", lambda: _check_alerts(home)))
    checks.append(_guard("运行日志", lambda: _check_logs(home, clock.now())))
    checks += _check_database(home, now, find_fault)
    return checks


def _check_python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", "fine", f"{version}（{sys.executable}）")


def _check_agent() -> Check:
    command = [sys.executable, "-m", "eduops_agent", "--list"]
    environment = {**os.environ, "PYTHONPATH": str(agent_path())}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        return Check("巡检程序", "fault", done.stderr.strip()[-200:] or "不能运行", "重新安装 eduops")
    return Check("巡检程序", "fine", f"可以运行，{len(done.stdout.split())} 项探测")


def _check_home(home: Home) -> Iterator[Check]:
    name = "数据目录"
    if not home.is_there:
        yield Check(
            name, "fault", f"{home.path} 不存在或无权进入", "运行 eduops init，或检查目录的所有者和权限"
        )
        return
    missing = [folder for folder in FOLDERS if not home.folder(folder).is_dir()]
    if missing:
        yield Check(
            name,
            "fault",
            f"{home.path} 缺少子目录 {'、'.join(missing)}",
            "运行 eduops init，已有文件不会改动",
        )
    elif not os.access(home.path, os.W_OK):
        yield Check(name, "fault", f"{home.path} 不可写", "检查目录的所有者和权限")
    else:
        yield Check(name, "fine", str(home.path))
    open_to_others = home.path.stat().st_mode & 0o077
    if open_to_others:
        yield Check("目录权限", "warning", f"{home.path} 别的账号也能进入", f"运行 chmod 700 {home.path}")
    free = shutil.disk_usage(home.path).free
    state: State = "fine" if free >= _LEAST_FREE_BYTES else "warning"
    yield Check(
        "磁盘空间", state, f"剩余 {free / 1e9:.1f} GB", "" if state == "fine" else "清理磁盘，至少留出 1 GB"
    )


def _check_settings(home: Home) -> Check:
    settings = home.load_settings()
    return Check("设置 eduops.yaml", "fine", f"甲方 {settings.customer}，乙方 {settings.vendor}")


def _check_contract(home: Home, now: datetime) -> Iterator[Check]:
    path = home.path / home.load_settings().contract
    problems = check_contract(path)
    if problems:
        first = problems[0]
        seen = f"有 {len(problems)} 处问题，第一处：{first.file} {first.address} {first.message}"
        yield Check("合同文件", "fault", seen, f"运行 eduops contract check {path} 查看全部")
        return
    contract = load_contract(path)
    yield Check("合同文件", "fine", f"{contract.title}，{len(contract.clauses)} 条")
    today = now.astimezone(contract.zone_info).date()
    yield _check_term(contract, today)
    yield _check_calendar(contract, today)


def _check_term(contract: Contract, today: date) -> Check:
    name, last = "合同期限", contract.term.end_on - timedelta(days=1)
    if today < contract.term.start:
        return Check(name, "warning", f"{contract.term.start} 才开始", "核对合同文件的 term.start")
    if today > last:
        return Check(name, "warning", f"已于 {last} 期满", "续签后更新合同文件的 term")
    left = (last - today).days
    state: State = "fine" if timedelta(days=left) > _TERM_WARNING_FOR else "warning"
    return Check(
        name, state, f"到 {last}，还有 {left} 天", "" if state == "fine" else "准备期满评测、付款材料和续签"
    )


def _check_calendar(contract: Contract, today: date) -> Check:
    name, last = "工作日数据", WorkingDays(contract.working_days).known_until()
    left = (last - today).days
    if timedelta(days=left) > _CALENDAR_WARNING_FOR:
        return Check(name, "fine", f"放假安排已知到 {last}")
    remedy = (
        f"国务院公布下一年放假安排后，升级 chinesecalendar，或在合同文件旁的 {OVERLAY_NAME} 里写上这一年；"
        "在此之前相关结果标为暂定"
    )
    seen = f"放假安排只到 {last}，" + (f"还有 {left} 天" if left >= 0 else f"已过期 {-left} 天")
    return Check(name, "warning", seen, remedy)


def _check_key(store: Store, home: Home) -> Check:
    """Reads only: a database that no key was used with yet is in order."""
    cipher = secret.load_cipher(home.key_path)
    with store.reading() as session:
        known = session.get(KeyCheck, 1)
    if known is not None and known.digest != cipher.check:
        return Check(
            "个人信息密钥",
            "fault",
            f"{home.key_path} 与数据库不符",
            "从保存密钥的地方恢复原来的 personal.key",
        )
    seen = f"{home.key_path}，指纹 {secret.fingerprint(cipher)}"
    return Check("个人信息密钥", "fine", f"{seen}（另存一份：没有它，身份证号和手机号读不出来）")


def _check_thresholds(home: Home) -> Check:
    path = find_config_path(home.path)
    load_config(path)
    return Check("巡检阈值 patrol.yaml", "fine", str(path))


def _check_backup_settings(home: Home) -> Check:
    path, config = backup.find_config_path(home.path), backup.load_config(home.path)
    return Check("备份设置 backup.yaml", "fine", f"{path}，来源 {'、'.join(config.sources)}")


def _check_remote(home: Home) -> Check:
    path = remote.find_config_path(home.path)
    remote.load_config(home.path)
    return Check("远程连接 remote.yaml", "fine", str(path))


def _check_alerts(home: Home) -> Check:
    name, path = "提醒 alert.yaml", alert.find_config_path(home.path)
    config = alert.load_config(home.path)
    broken = alert_template.list_problems(home.path)
    if broken:
        return Check(name, "warning", f"消息模板不能用：{'；'.join(broken[:3])}", "改正，或删掉它改用随附的")
    unheard = alert.list_unrouted(config)
    if unheard:
        kinds = "、".join(alert.KINDS[kind] for kind in unheard)
        return Check(name, "warning", f"这些提醒没有渠道：{kinds}", f"在 {path} 的 routes 里补上")
    if all(channel.kind == "file" for channel in config.channels.values()):
        return Check(name, "warning", f"{path}：只写进文件，没有人会收到", "按 docs/alert.md 加上渠道")
    return Check(name, "fine", f"{path}，{len(config.channels)} 个渠道")


def _check_database(home: Home, now: datetime, find_fault: FindFault) -> Iterator[Check]:
    name = "数据库"
    if home.uses_sqlite and not home.database_path.exists():
        # SQLite would make an empty file of it.
        yield Check(name, "fault", f"{home.database_path} 不存在", "运行 eduops init")
        return
    try:
        store = open_store(home.database_url)
    except EduopsError as error:
        yield Check(name, "fault", error.message, error.hint)
        return
    kind = "SQLite" if home.uses_sqlite else "PostgreSQL"
    yield Check(name, "fine", f"{kind}，版本正确")
    yield _guard("个人信息密钥", lambda: _check_key(store, home))
    yield _guard("操作日志", lambda: _check_audit(store, home, now))
    yield _guard("违约台账", lambda: _check_ledger(store, home))
    yield _guard("巡检主机代码", lambda: _check_patrolled_codes(store, home))
    yield _guard("备份", lambda: _check_backup(store, home, now))
    yield _guard("计划任务", lambda: _check_schedule(store, home, now, find_fault))
    store.engine.dispose()


def _check_patrolled_codes(store: Store, home: Home) -> Check:
    """A code of patrol.yaml that no host has demands nothing of anybody: h11 written for h1 goes unnoticed."""
    config = load_config(find_config_path(home.path))
    with store.reading() as session:
        known = {host.code for host in list_hosts(session, with_retired=True)}
    unknown = sorted((config.hosts.keys() | config.agents.keys()) - known)
    if not unknown:
        return Check("巡检主机代码", "fine", "patrol.yaml 点名的主机都已登记")
    named = "、".join(code[:60] for code in unknown[:5]) + (" 等" if len(unknown) > 5 else "")
    remedy = (
        "这些要求对谁也不起作用：改正 hosts、agents 里的代码（eduops host list），或用 eduops host add 登记"
    )
    return Check("巡检主机代码", "warning", f"patrol.yaml 点名了没有登记的主机：{named}", remedy)


def _check_audit(store: Store, home: Home, now: datetime) -> Check:
    name, heads = "操作日志", audit_head.load_heads(home.path / audit_head.FILE)
    with store.reading() as session:
        verified = audit.verify_against(session, heads)
    if verified.broken:
        seen = f"第 {verified.broken.number} 条与校验值不符"
        return Check(name, "fault", seen, "日志被改动过：保留现场，运行 eduops audit verify，从备份核对")
    seen = f"{verified.count} 条，校验一致"
    if not heads:
        if not verified.count:
            return Check(name, "fine", seen)
        return Check(
            name, "warning", f"{seen}；数据库外还没有校验值", "运行 eduops audit verify，并让它每天运行"
        )
    days = (now - heads[-1].at) / timedelta(days=1)
    seen += f"；数据库外的校验值 {max(0, days):.0f} 天前留下（{heads[-1].count} 条）"
    if now - heads[-1].at > _HEAD_WARNING_FOR and verified.count > heads[-1].count:
        return Check(name, "warning", seen, "运行 eduops audit verify，并让它每天运行")
    return Check(name, "fine", seen)


def _check_logs(home: Home, now: datetime) -> Check:
    """Whether this account can write the run log, how much of it there is, and since when."""
    name, folder = "运行日志", home.folder("logs")
    current, rotated = folder / log.FILE, log_rotation.list_rotated(folder)
    cannot = not os.access(folder, os.W_OK | os.X_OK) or (
        current.exists() and not os.access(current, os.W_OK)
    )
    if cannot or (current.exists() and not current.is_file()):
        return Check(name, "fault", f"{current} 写不进去", "检查 logs 目录和文件的所有者、权限")
    paths = [path for _, path in rotated] + [current] * current.exists()
    size = sum(path.stat().st_size for path in paths)
    seen = f"{len(paths)} 个文件，{size / 1e6:.1f} MB，保留 {home.load_settings().log_days} 天"
    others = [path.name for path in paths if path.stat().st_mode & 0o077]
    if others:
        return Check(
            name, "warning", f"{seen}；别的账号也能读 {others[0]}", f"运行 chmod 600 {folder}/eduops*"
        )
    if rotated and rotated[-1][0] > now + timedelta(days=1):
        return Check(name, "warning", f"{seen}；{rotated[-1][1].name} 来自将来", "核对本机时钟")
    return Check(name, "fine", seen)


def _check_ledger(store: Store, home: Home) -> Check:
    with store.reading() as session:
        count, fault = ledger.verify(session, load_head(home.path))
        closings, wrong = closing.verify(session, load_head(home.path, CLOSING_FILE))
    fault = fault or wrong
    if fault:
        return Check("违约台账", "fault", fault, "台账被改动过：保留现场，从备份核对")
    missing = find_missing(home.path, count, FILE) or find_missing(home.path, closings, CLOSING_FILE)
    if missing:
        return Check("违约台账", "warning", *missing)
    return Check("违约台账", "fine", f"{count} 条，校验一致")


def _check_backup(store: Store, home: Home, now: datetime) -> Check:
    """The worst of what can be said of the sources."""
    config = backup.load_config(home.path)
    with store.reading() as session:
        found = [_check_source(session, home, config, name, now) for name in config.sources]
    return max(found, key=lambda check: ("fine", "warning", "fault").index(check.state))


def _check_source(
    session: Session, home: Home, config: backup.BackupConfig, name: str, now: datetime
) -> Check:
    source = config.sources[name]
    of, verb = ("", "") if name == backup.HOME else (f"来源 {name}：", f" {name}")
    remedy = f"运行 eduops backup run{verb}"
    newest = backups.find_newest(session, name)
    if newest is None:
        return Check("备份", "warning", f"{of}还没有可用的备份", f"{remedy}，再 eduops backup drill")
    kept = keep.Kept(newest.path, newest.size_bytes or 0, newest.sha256 or "")
    fault = keep.glance(find_store(config, newest.store, home.path), kept)
    if fault:
        seen = f"{of}最近一份 {newest.ref} 有问题：{fault}"
        return Check("备份", "fault", seen, f"{remedy}，并查明文件去了哪里")
    hours = (now - newest.started_at).total_seconds() / 3600
    seen = f"{of}最近一份 {newest.ref}，{hours:.0f} 小时前"
    if source.max_age_hours is None:
        return Check(
            "备份", "warning", f"{seen}；没有写 max_age_hours，判断不了新旧", "在 backup.yaml 写上它"
        )
    if hours > source.max_age_hours:
        return Check("备份", "warning", f"{seen}，应不超过 {source.max_age_hours:g} 小时", remedy)
    return Check("备份", "fine", seen)


def _check_schedule(store: Store, home: Home, now: datetime, find_fault: FindFault) -> Check:
    """The worst of what can be said of the schedule."""
    contract = load_contract(home.path / home.load_settings().contract)
    calendar = Calendar(contract.zone_info, WorkingDays(contract.working_days).is_working_day)
    config = schedule.check_config(home.path, find_fault, on=now.astimezone(calendar.zone).date())
    with store.reading() as session:
        found = standing.list_standings(session, home, config, calendar, now=now)
    worst = max(found, key=lambda each: ("fine", "warning", "fault").index(each.state))
    if worst.state == "fine":
        return Check(
            "计划任务", "fine", f"启用 {len(config.enabled)} 项；{standing.judge_pulse(home, now=now).seen}"
        )
    return Check("计划任务", worst.state, f"{worst.name}：{worst.seen}", worst.remedy)


def _guard(name: str, look: Callable[[], Check]) -> Check:
    """A check whose own failure is what it found."""
    try:
        return look()
    except EduopsError as error:
        problems = getattr(error, "problems", ())
        seen = "；".join(
            [error.message, *(f"{problem.address} {problem.message}" for problem in problems[:3])]
        )
        return Check(name, "fault", seen, error.hint)
    except (OSError, LookupError, *UNREADABLE, subprocess.SubprocessError) as error:
        # A value that has not its column's type was written by somebody else.
        seen = f"检查不了：{type(error).__name__}：{error}"
        return Check(name, "fault", seen, "内容可能被改动过：保留现场，从备份核对；再请开发人员查看")

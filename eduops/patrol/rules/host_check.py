"""What the figures of the host itself mean: system, processor, memory, disks, network, processes, services, clock,
accounts, the disks' own health."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from eduops.patrol.rules.check import Check, State, build_check, judge_alarm, judge_value
from eduops.patrol.rules.reading import Data, read_flag, read_number, read_percent, read_rows, read_text
from eduops.patrol.rules.threshold import Thresholds

_MOST_NAMES = 5
_DAY_SECONDS = 86_400
_BAD_SECTORS = ("reallocated_sectors", "pending_sectors", "uncorrectable_sectors", "media_errors")


def judge_system(data: Data, _limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """That the system told what it is and since when it runs."""
    kernel, uptime_seconds = read_text(data, "kernel"), read_number(data, "uptime_seconds")
    if not kernel or uptime_seconds is None:
        yield build_check("system", "", State.CANNOT_TELL, "没有读到内核版本或运行时间")
        return
    name = read_text(data, "os_name") or "系统名称未知"
    days = int(uptime_seconds // _DAY_SECONDS)
    yield build_check("system", "", State.NORMAL, f"{name}，内核 {kernel}，已运行 {days} 天")


def judge_cpu(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Use over the interval; the load of five minutes for each core."""
    used = read_percent(data.get("total"), "used_percent")
    yield judge_value("cpu_percent", "", used, limits.cpu_percent, title="处理器使用率", unit="%")
    if data.get("load_5m", "") is None and (reason := read_text(data, "load_reason")):
        yield build_check("load_per_core", "", State.NOT_CHECKED, reason, is_mandatory=False)
        return
    count, load = read_number(data, "count", low=1), read_number(data, "load_5m")
    per_core = None if count is None or load is None else round(load / count, 2)
    yield judge_value("load_per_core", "", per_core, limits.load_per_core, title="每核 5 分钟负载", unit="")


def judge_memory(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Use of memory, and of swap where there is any."""
    used = read_percent(data, "used_percent")
    yield judge_value("memory_percent", "", used, limits.memory_percent, title="内存使用率", unit="%")
    if read_number(data, "swap_total_bytes") == 0:
        yield build_check("swap_percent", "", State.NORMAL, "没有设置交换区")
        return
    swap = read_percent(data, "swap_used_percent")
    yield judge_value("swap_percent", "", swap, limits.swap_percent, title="交换区使用率", unit="%")


def judge_disks(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Each file system: space, inodes, whether it can be written."""
    rows = read_rows(data, "filesystems")
    if rows is None:
        yield build_check("disk_percent", "", State.CANNOT_TELL, "文件系统列表无法识别")
    for row in rows or ():
        yield from _judge_filesystem(row, limits)


def _judge_filesystem(row: Data, limits: Thresholds) -> Iterator[Check]:
    mount = read_text(row, "mount") or "（未说明的文件系统）"
    if (silent := judge_row("disk_percent", mount, row)) is not None:
        yield silent
        return
    if not read_text(row, "mount"):
        text = "有文件系统没有说明挂载在哪里，它的数值不知是谁的"
        yield build_check("disk_percent", mount, State.CANNOT_TELL, text)
        return
    used = read_percent(row, "used_percent")
    yield judge_value("disk_percent", mount, used, limits.disk_percent, title="空间使用率", unit="%")
    # Btrfs and its like count no inodes.
    if read_number(row, "inodes_total") != 0:
        inodes = read_percent(row, "inodes_used_percent")
        yield judge_value(
            "inodes_percent", mount, inodes, limits.inodes_percent, title="inode 使用率", unit="%"
        )
    read_only = read_flag(row, "read_only")
    writable = None if read_only is None else not read_only or mount in limits.read_only_allowed
    good = "按约定只读" if read_only else "可写"
    yield judge_alarm("disk_writable", mount, writable, good=good, bad="变成只读，不能写入")


def judge_row(metric: str, item: str, row: Data) -> Check | None:
    """The check of a row without figures: not looked at, or looked at and silent or missing; None where it has some."""
    reason = read_text(row, "reason") or "没有说明原因"
    match read_text(row, "status"):
        case "ok":
            return None
        case "not_checked":
            return build_check(metric, item, State.NOT_CHECKED, f"{item} 未检查：{reason}")
        case "failed":
            return build_check(metric, item, State.CRITICAL, f"{item} 检查不通过：{reason}")
        case _:
            return build_check(metric, item, State.CANNOT_TELL, f"{item} 的结果无法识别")


def judge_network(data: Data, _limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """That there is an interface that ever carried something, and that what listens was read."""
    interfaces, listening = read_rows(data, "interfaces"), read_rows(data, "listening")
    if not interfaces:
        yield build_check("network", "", State.CANNOT_TELL, "没有读到网络接口")
        return
    if listening is None:
        # Null is how the agent says that it could not read them.
        state = State.NOT_CHECKED if data.get("listening", "") is None else State.CANNOT_TELL
        yield build_check("network", "", state, f"网络接口 {len(interfaces)} 个，没有读到监听端口")
        return
    text = f"网络接口 {len(interfaces)} 个，监听端口 {len(listening)} 个"
    yield build_check("network", "", State.NORMAL, text)


def judge_processes(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Zombies, and the processes that should be there."""
    zombies = read_number(data, "zombie_count")
    check = judge_value("zombies", "", zombies, limits.zombies, title="僵尸进程", unit=" 个")
    if read_flag(data, "is_complete") is not True and not check.state.is_alarm:
        check = build_check("zombies", "", State.CANNOT_TELL, "巡检账号看不到全部进程，不知有无僵尸进程")
    yield check
    expected = read_rows(data, "expected")
    if expected is None:
        yield build_check("process_running", "", State.CANNOT_TELL, "应在进程的列表无法识别")
    for row in expected or ():
        name = name_process(read_text(row, "name"), read_text(row, "command"))
        silent = judge_row("process_running", name, row)
        count = read_number(row, "count")
        running = None if count is None else count > 0
        yield silent or judge_alarm("process_running", name, running, good="在运行", bad="不在运行")


def name_process(name: str, command: str) -> str:
    """What the check of an expected process stands for."""
    return f"进程 {name} {command}".strip()


def judge_services(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """How many units failed, and whether those expected are active."""
    failed, expected = read_rows(data, "failed"), read_rows(data, "expected")
    count = None if failed is None else float(len(failed))
    names = "、".join(read_text(row, "name") or "（无名）" for row in (failed or ())[:_MOST_NAMES])
    title = f"失败的服务（{names}）" if names else "失败的服务"
    yield judge_value("failed_services", "", count, limits.failed_services, title=title, unit=" 个")
    if expected is None:
        yield build_check("service_active", "", State.CANNOT_TELL, "应在服务的列表无法识别")
    for row in expected or ():
        name = name_service(read_text(row, "expected") or read_text(row, "name") or "（无名）")
        active = read_text(row, "active")
        is_active = active == "active" if active else None
        bad = f"没有运行（{active} {read_text(row, 'sub')}）"
        yield judge_alarm("service_active", name, is_active, good="在运行", bad=bad)


def name_service(unit: str) -> str:
    """What the check of an expected service stands for."""
    return f"服务 {unit}"


def judge_time_sync(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Whether the clock follows a server, and how far it is off where the host's tool tells."""
    synchronized = read_flag(data, "is_synchronized")
    yield judge_alarm("time_synchronized", "", synchronized, good="时钟已同步", bad="时钟没有同步")
    if data.get("offset_seconds", "") is None:
        # systemd's older tool knows no offset; that the clock is synchronised was told above.
        text = "本机的同步程序不报告偏差"
        yield build_check("time_offset_seconds", "", State.NOT_CHECKED, text, is_mandatory=False)
        return
    offset = read_number(data, "offset_seconds", low=-1e9)
    size = None if offset is None else abs(offset)
    yield judge_value(
        "time_offset_seconds", "", size, limits.time_offset_seconds, title="时钟偏差", unit=" 秒"
    )


def judge_users(data: Data, _limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """How many are logged in, for the record."""
    count = read_number(data, "count")
    if count is None:
        yield build_check("users", "", State.CANNOT_TELL, "登录人数无法识别")
        return
    yield build_check("users", "", State.NORMAL, f"当前登录 {int(count)} 人次")


def judge_accounts(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """That root is alone with its number, and how often somebody was refused where the record could be read."""
    accounts = read_rows(data, "accounts")
    if accounts is None:
        yield build_check("root_accounts", "", State.CANNOT_TELL, "本机账号的列表无法识别")
    else:
        twins = [row for row in accounts if read_number(row, "uid") == 0 and read_text(row, "name") != "root"]
        names = "、".join(read_text(row, "name") or "（无名）" for row in twins[:_MOST_NAMES])
        good = f"本机账号 {len(accounts)} 个，只有 root 的 uid 为 0"
        yield judge_alarm(
            "root_accounts", "", not twins, good=good, bad=f"uid 为 0 的账号除 root 外还有：{names}"
        )
    yield _judge_failed_logins(data.get("failed_logins"), limits)


def _judge_failed_logins(found: object, limits: Thresholds) -> Check:
    row = found if isinstance(found, Mapping) else {}
    silent = judge_row("failed_logins", "失败登录", row)
    if silent is not None:
        return silent._replace(is_mandatory=False) if silent.state is State.NOT_CHECKED else silent
    title = "24 小时内失败登录"
    users = read_rows(row, "users") or []
    if most := "、".join(read_text(user, "name") for user in users[:_MOST_NAMES]):
        title += f"（{most}）"
    count = read_number(row, "count")
    return judge_value("failed_logins", "", count, limits.failed_logins, title=title, unit=" 次")


def judge_smart(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Each disk: its own verdict, sectors it gave up or waits to give up, and how worn it is where it says."""
    rows = read_rows(data, "disks")
    if rows is None:
        yield build_check("smart_healthy", "", State.CANNOT_TELL, "硬盘列表无法识别")
    for row in rows or ():
        device = read_text(row, "device") or "（未说明的硬盘）"
        if (silent := judge_row("smart_healthy", device, row)) is not None:
            yield silent
            continue
        healthy = read_flag(row, "healthy")
        yield judge_alarm("smart_healthy", device, healthy, good="自检健康", bad="自检报告即将失效，尽快更换")
        told = [key for key in _BAD_SECTORS if row.get(key) is not None]
        counts = [read_number(row, key) for key in told]
        if told:
            bad = None if None in counts else sum(count for count in counts if count is not None)
            yield judge_value(
                "smart_bad_sectors",
                device,
                bad,
                limits.smart_bad_sectors,
                title="坏扇区与介质错误",
                unit=" 个",
            )
        if row.get("wear_percent") is not None:
            wear = read_number(row, "wear_percent", high=255)
            yield judge_value(
                "smart_wear_percent", device, wear, limits.smart_wear_percent, title="写入寿命已用", unit="%"
            )


def judge_schedules(data: Data, _limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """How many entries there are, for the record; tables that could not be read are named."""
    entries, unread = read_rows(data, "entries"), read_rows(data, "unread")
    if entries is None or unread is None:
        yield build_check("schedules", "", State.CANNOT_TELL, "定时任务的列表无法识别")
        return
    yield build_check("schedules", "", State.NORMAL, f"读到定时任务 {len(entries)} 条")
    for row in unread:
        source, reason = read_text(row, "source"), read_text(row, "reason")
        text = f"{source} 未检查：{reason}"
        yield build_check("schedules", source, State.NOT_CHECKED, text, is_mandatory=False)

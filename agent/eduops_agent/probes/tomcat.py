"""Tomcat on a JVM: whether it answers, its process, its heap and threads by jcmd where the process is our own account's."""

import os
import re
from typing import Any, Dict, List, Mapping, Tuple

from eduops_agent import client, web
from eduops_agent.command import run_program
from eduops_agent.context import LIGHT_REASON, Context, Failed, NotChecked, explain, read_text
from eduops_agent.probes import UNCONFIGURED

NAME = "tomcat"
TITLE = "Tomcat：端口、进程、线程、堆、死锁"

_NOTHING = UNCONFIGURED[NAME]
_PROCESS = "org.apache.catalina.startup.Bootstrap"
_ANSWER_SECONDS = 5.0
_JCMD_SECONDS = 8.0
# One start of jcmd for all: each would cost a JVM.
_COMMANDS = "VM.version\nVM.flags\nGC.heap_info\nThread.print"
_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}
_SETTING = re.compile(
    r"-XX:(?:([+-])(Use\w+GC)|(MaxHeapSize|MaxMetaspaceSize|ThreadStackSize)=(\d+))(?=\s|$)"
)
_WEB_FIGURES = ("http_status", "http_seconds")
_JVM_FIGURES = (
    *("jvm_version", "heap_used_bytes", "heap_max_bytes", "heap_percent", "deadlocked_threads", "settings"),
)

# Any: JSON.
Row = Dict[str, Any]


def measure(context: Context) -> Row:
    """One row for each instance of the configuration. Raises NotChecked where it names none."""
    return {
        "instances": client.measure_instances(context, context.settings or (), _measure, nothing=_NOTHING)
    }


def _measure(wanted: Row, context: Context) -> Row:
    pid = find_process(_list_processes(), wanted.get("process", _PROCESS))
    row: Row = dict.fromkeys(_WEB_FIGURES + ("open_files",) + _JVM_FIGURES)
    row.update(parse_process_status(read_text("/proc/{}/status".format(pid))), pid=pid)
    unread: List[Row] = []
    parts = (
        (_WEB_FIGURES, lambda: _ask_web(wanted)),
        (("open_files",), lambda: {"open_files": _count_files(pid)}),
        (_JVM_FIGURES, lambda: _ask_jvm(pid, wanted, context)),
    )
    for figures, read in parts:
        try:
            row.update(read())
        except NotChecked as error:
            unread.append(client.build_unread(figures, str(error)))
    return dict(row, uptime_seconds=_read_age(pid), unread=unread)


def find_process(processes: List[Tuple[int, List[str]]], text: str) -> int:
    """The JVM whose command line holds the text. Raises Failed where there is none, NotChecked where there are more."""
    found = [
        pid
        for pid, words in processes
        if os.path.basename(words[0]).startswith(("java", "jsvc")) and text in " ".join(words)
    ]
    if not found:
        raise Failed("没有命令行含「{}」的 Java 进程".format(text))
    if len(found) > 1:
        raise NotChecked(
            "有 {} 个 Java 进程的命令行含「{}」，在 process 中写得更具体".format(len(found), text)
        )
    return found[0]


def parse_process_status(text: str) -> Row:
    """Threads and resident memory out of /proc/PID/status."""
    pairs = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {
        "threads": int(pairs["Threads"]),
        "resident_bytes": int(pairs["VmRSS"].split()[0]) * 1024 if "VmRSS" in pairs else None,
    }


def parse_heap_used(text: str) -> Any:
    """Bytes in use out of GC.heap_info, whichever collector; None where it tells in yet another way."""
    # Serial, parallel and G1: each generation "total 29504K, used 17498K". Metaspace has no total.
    parts = re.findall(r"total \d+K, used (\d+)K", text)
    if parts:
        return sum(int(part) for part in parts) * 1024
    found = re.search(r"ZHeap\s+used (\d+)([KMG])", text) or re.search(r"committed, (\d+)([KMG]) used", text)
    return int(found.group(1)) * _UNITS[found.group(2)] if found else None


def parse_settings(text: str) -> Dict[str, str]:
    """The collector and the sizes out of VM.flags."""
    found = {}
    for sign, collector, name, value in _SETTING.findall(text):
        found[collector or name] = value or ("on" if sign == "+" else "off")
    return found


def parse_deadlocked(text: str) -> int:
    """How many threads Thread.print names as waiting for each other for ever."""
    _, found, rest = text.partition("Java-level deadlock:")
    if not found:
        return 0
    listed = re.findall(r'^"(.+)":$', rest.partition("Java stack information")[0], re.MULTILINE)
    return max(2, len(set(listed)))


def parse_jvm(text: str) -> Row:
    """The answers of jcmd. Raises NotChecked where the threads, which come last, are missing."""
    if "Full thread dump" not in text:
        raise NotChecked("jcmd 没有给出线程：{}".format(client.shorten(text)))
    settings = parse_settings(text)
    used, largest = parse_heap_used(text), settings.get("MaxHeapSize")
    version = re.search(r"^JDK (\S+)", text, re.MULTILINE) or re.search(r"VM version (\S+)", text)
    if version:
        settings["jvm_version"] = version.group(1)
    return {
        "jvm_version": settings.get("jvm_version"),
        "heap_used_bytes": used,
        "heap_max_bytes": int(largest) if largest else None,
        "heap_percent": client.compute_percent(used, int(largest) if largest else None),
        "deadlocked_threads": parse_deadlocked(text),
        "settings": settings,
    }


def check_owner(owner: int, own: int) -> None:
    """Raises NotChecked for another account's process: a JVM answers only its own."""
    if owner != own:
        raise NotChecked("进程属于账号 {}，巡检账号是 {}，jcmd 只能看同一账号的进程".format(owner, own))


def _ask_web(wanted: Mapping[str, Any]) -> Row:
    if "url" not in wanted:
        raise NotChecked("配置中没有写地址（url）")
    page = web.fetch(wanted["url"], _ANSWER_SECONDS)
    return {"http_status": page.status, "http_seconds": page.seconds}


def _ask_jvm(pid: int, wanted: Mapping[str, Any], context: Context) -> Row:
    if context.is_light:
        raise NotChecked(LIGHT_REASON)
    check_owner(os.stat("/proc/{}".format(pid)).st_uid, os.geteuid())
    done = run_program(_find_jcmd(pid, wanted), str(pid), _COMMANDS, seconds=_JCMD_SECONDS)
    if done.code != 0:
        raise NotChecked("jcmd 没有成功：{}".format(client.shorten(done.stderr or done.stdout)))
    return parse_jvm(done.stdout)


def _find_jcmd(pid: int, wanted: Mapping[str, Any]) -> str:
    """The one beside the process's own java, which fits its version best, else that of the path."""
    if "program" in wanted:
        program: str = wanted["program"]
        return program
    try:
        beside = os.path.join(os.path.dirname(os.readlink("/proc/{}/exe".format(pid))), "jcmd")
    except OSError:
        return "jcmd"
    return beside if os.access(beside, os.X_OK) else "jcmd"


def _count_files(pid: int) -> int:
    try:
        return len(os.listdir("/proc/{}/fd".format(pid)))
    except OSError as error:
        raise NotChecked("看不到进程打开的文件：{}".format(explain(error))) from error


def _read_age(pid: int) -> int:
    """Seconds since the process started: field 22 of /proc/PID/stat, in ticks since boot."""
    stat = read_text("/proc/{}/stat".format(pid)).rpartition(")")[2].split()
    started = int(stat[19]) / os.sysconf("SC_CLK_TCK")
    return max(0, round(float(read_text("/proc/uptime").split()[0]) - started))


def _list_processes() -> List[Tuple[int, List[str]]]:
    """Processes with the words of their command lines. Raises NotChecked where others' cannot be seen."""
    if not os.path.isdir("/proc/1"):
        raise NotChecked("看不到别的账号的进程（/proc 以 hidepid 挂载，或系统没有 /proc）")
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                words = read_text("/proc/{}/cmdline".format(name)).split("\0")
            except NotChecked:
                continue
            if words[0]:
                found.append((int(name), words))
    return found

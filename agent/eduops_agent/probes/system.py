"""Operating system, kernel, time since boot, Python, and the versions of packages that matter."""

import os
import platform
from typing import Any, Dict, List, Optional

from eduops_agent.command import find_program, run_program
from eduops_agent.context import Context, NotChecked, read_text
from eduops_agent.instant import now_seconds, render_instant

NAME = "system"
TITLE = "操作系统、内核、开机时间、Python 与软件包版本"

# Shell patterns of package names, of both families of distributions.
_PACKAGES = (
    "nginx,httpd,apache2,haproxy,keepalived,tomcat*,openjdk-*-jre-headless,java-*-openjdk-headless,"
    "postgresql-*[0-9],postgresql*-server,mysql-server*,mysql-community-server,mariadb-server*,redis,redis-server,"
    "docker-ce,docker.io,containerd*,openssh-server,openssl,libc6,glibc,systemd,chrony,rabbitmq-server,sudo"
).split(",")


def measure(context: Context) -> Dict[str, Any]:
    """Facts of the operating system. Raises NotChecked without /proc/uptime."""
    kernel = os.uname()
    release = _read_os_release()
    uptime_seconds = parse_uptime(read_text("/proc/uptime"))
    return {
        "os_id": release.get("ID"),
        "os_version": release.get("VERSION_ID"),
        "os_name": release.get("PRETTY_NAME"),
        "kernel": kernel.release,
        "architecture": kernel.machine,
        "uptime_seconds": uptime_seconds,
        "booted_at": render_instant(_boot_seconds(context, uptime_seconds)),
        "python_version": platform.python_version(),
        "packages": _read_packages((context.settings or {}).get("packages") or _PACKAGES),
    }


def parse_os_release(text: str) -> Dict[str, str]:
    """The pairs of /etc/os-release."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def parse_uptime(text: str) -> float:
    """Seconds since boot, from /proc/uptime."""
    return float(text.split()[0])


def parse_packages(text: str) -> List[Dict[str, str]]:
    """Rows `name<TAB>version<TAB>state` as packages; those not installed are left out."""
    rows = (line.split("\t") for line in text.splitlines())
    found = {row[0]: row[1] for row in rows if len(row) == 3 and row[1] and row[2].strip() == "installed"}
    return [{"name": name, "version": found[name]} for name in sorted(found)]


def _read_os_release() -> Dict[str, str]:
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            return parse_os_release(read_text(path))
        except NotChecked:
            continue
    return {}


def _boot_seconds(context: Context, uptime_seconds: float) -> float:
    if context.psutil:
        return float(context.psutil.boot_time())
    return now_seconds() - uptime_seconds


def _read_packages(patterns: List[str]) -> Optional[List[Dict[str, str]]]:
    """None where neither package manager answers."""
    if find_program("dpkg-query"):
        words = ["dpkg-query", "-W", "-f", "${Package}\\t${Version}\\t${db:Status-Status}\\n"]
        return parse_packages(run_program(*(words + list(patterns))).stdout)
    if find_program("rpm"):
        words = ["rpm", "-qa", "--qf", "%{NAME}\\t%{VERSION}-%{RELEASE}\\tinstalled\\n"]
        return parse_packages(run_program(*(words + list(patterns)), seconds=10).stdout)
    return None

"""Operating system, kernel, time since boot, Python, and the versions of packages that matter."""

import os
import sys
from typing import Any, Dict, List, Optional, Tuple

from eduops_agent.command import find_program, run_program
from eduops_agent.context import LIGHT_REASON, Context, NotChecked, read_text
from eduops_agent.instant import now_seconds, render_instant

NAME = "system"
TITLE = "操作系统、内核、开机时间、Python 与软件包版本"

# Shell patterns of package names, of both families of distributions.
_PACKAGES = (
    "nginx,nginx-light,nginx-full,nginx-core,httpd,apache2,haproxy,keepalived,tomcat*,"
    "openjdk-*-jre-headless,openjdk-*-jre,openjdk-*-jdk-headless,java-*-openjdk,java-*-openjdk-headless,"
    "postgresql-*[0-9],postgresql*-server,mysql-server*,mysql-community-server,mariadb-server*,"
    "redis,redis-server,valkey,docker-ce,docker.io,containerd*,openssh-server,openssl,libc6,glibc,systemd,chrony,"
    "rabbitmq-server,sudo,python3,linux-image-[0-9]*,kernel,kernel-core"
).split(",")


def measure(context: Context) -> Dict[str, Any]:
    """Facts of the operating system. Raises NotChecked where neither /proc/uptime nor psutil tells when it booted."""
    kernel, release = _read_kernel(), _read_os_release()
    uptime_seconds = _read_uptime(context)
    packages, reason = _read_packages(context)
    data = {
        "os_id": release.get("ID"),
        "os_version": release.get("VERSION_ID"),
        "os_name": release.get("PRETTY_NAME"),
        "kernel": kernel.release,
        "architecture": kernel.machine,
        "uptime_seconds": uptime_seconds,
        "booted_at": render_instant(_boot_seconds(context, uptime_seconds)),
        "python_version": "{}.{}.{}".format(*sys.version_info[:3]),
        "packages": packages,
    }
    return dict(data, packages_reason=reason) if reason else data


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


# Any: os.uname's result or platform's, which have the same names.
def _read_kernel() -> Any:
    if hasattr(os, "uname"):
        return os.uname()
    # Late, here and below: Windows alone needs it.
    import platform

    return platform.uname()


def _read_os_release() -> Dict[str, str]:
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            return parse_os_release(read_text(path))
        except NotChecked:
            continue
    import platform

    return {
        "ID": platform.system().lower(),
        "VERSION_ID": platform.version(),
        "PRETTY_NAME": platform.platform(),
    }


def _read_uptime(context: Context) -> float:
    if context.psutil and not os.path.exists("/proc/uptime"):
        return now_seconds() - float(context.psutil.boot_time())
    return parse_uptime(read_text("/proc/uptime"))


def _boot_seconds(context: Context, uptime_seconds: float) -> float:
    if context.psutil:
        return float(context.psutil.boot_time())
    return now_seconds() - uptime_seconds


def _read_packages(context: Context) -> Tuple[Optional[List[Dict[str, str]]], str]:
    """The packages, or None and the reason."""
    if context.is_light:
        return None, LIGHT_REASON
    patterns = (context.settings or {}).get("packages") or _PACKAGES
    try:
        found = _ask_package_manager(patterns)
    except NotChecked as error:
        return None, str(error)
    return found, "" if found is not None else "本机没有 dpkg 或 rpm"


def _ask_package_manager(patterns: List[str]) -> Optional[List[Dict[str, str]]]:
    if find_program("dpkg-query"):
        words = ["dpkg-query", "-W", "-f", "${Package}\\t${Version}\\t${db:Status-Status}\\n"]
        return parse_packages(run_program(*(words + list(patterns))).stdout)
    if find_program("rpm"):
        words = ["rpm", "-qa", "--qf", "%{NAME}\\t%{VERSION}-%{RELEASE}\\tinstalled\\n"]
        return parse_packages(run_program(*(words + list(patterns)), seconds=10).stdout)
    return None

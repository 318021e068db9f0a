"""No test is skipped silently: what could not run here is said in the very last line, and fails where CI is set.

`@pytest.mark.needs("soffice")` names what a test cannot do without, from NEEDS; `server` alone means PostgreSQL.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from servers import cron, postgresql, small_disk, sshd

SHARED_DATA = Path(__file__).parent.parent.parent / "shared" / "data"


@dataclass(frozen=True)
class Need:
    """Something outside the repository that some tests use."""

    is_there: Callable[[], bool]
    remedy: str
    always_in_ci: bool = True
    """False for what a clean checkout never has."""


def _program(name: str, package: str) -> Need:
    return Need(lambda: shutil.which(name) is not None, f"apt-get install {package}")


def _server(name: str, package: str) -> Need:
    # Servers live in sbin, which plain users do not search.
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
    return Need(lambda: shutil.which(name, path=path) is not None, f"apt-get install {package}")


def _has_writer() -> bool:
    # Other parts of LibreOffice bring soffice too; only Writer's own library opens documents.
    program = shutil.which("soffice")
    return program is not None and Path(program).resolve().with_name("libswlo.so").exists()


NEEDS = {
    "postgresql": Need(lambda: postgresql.find_programs() is not None, "apt-get install postgresql"),
    "soffice": Need(_has_writer, "apt-get install libreoffice-writer-nogui"),
    "pdftoppm": _program("pdftoppm", "poppler-utils"),
    "openssl": _program("openssl", "openssl"),
    "sshd": Need(lambda: sshd.find_program() is not None, "apt-get install openssh-server"),
    "restic": _program("restic", "restic"),
    "mariadb": _server("mariadbd", "mariadb-server"),
    "redis": _server("redis-server", "redis-server"),
    "nginx": _server("nginx", "nginx-light"),
    "jcmd": _program("jcmd", "openjdk-17-jdk-headless"),
    "tomcat": Need((Path("/usr/share/tomcat10/bin/bootstrap.jar")).exists, "apt-get install tomcat10-common"),
    "systemd-analyze": _program("systemd-analyze", "systemd"),
    "cron": Need(
        cron.can_run, "apt-get install cron, and run as root where mounts are allowed", always_in_ci=False
    ),
    "busybox": _program("busybox", "busybox"),
    "mounting": Need(
        lambda: small_disk.find_way() is not None,
        "run as root, or let user namespaces mount: user.max_user_namespaces",
    ),
    "../shared/data": Need(SHARED_DATA.is_dir, "real question banks beside the checkout", always_in_ci=False),
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(name): cannot run without this entry of closing_line.NEEDS")


def needs_of(item: pytest.Item) -> list[str]:
    """The names of what a test needs, from its marks and the servers it asks for."""
    named = [str(name) for mark in item.iter_markers("needs") for name in mark.args]
    server = item.get_closest_marker("server") is not None and not named
    if server or "postgresql_server" in getattr(item, "fixturenames", ()):
        named.append("postgresql")
    return list(dict.fromkeys(named))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for name in needs_of(item):
        need = NEEDS[name]
        if not need.is_there():
            reason = f"缺少 {name}（{need.remedy}）"
            if os.environ.get("CI") and need.always_in_ci:
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    # After the terminal's own summary; the workers of xdist have no terminal.
    result = yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not session.config.option.collectonly:
        reporter.write_line(closing_line(_reasons(reporter.stats.get("skipped", []))))
    return result


def closing_line(reasons: list[str]) -> str:
    """One line for the tests that did not run, given each one's reason."""
    if not reasons:
        return "未运行：0 项 / not run: 0 tests"
    causes = "；".join(f"{count} 项{reason}" for reason, count in Counter(reasons).most_common())
    return f"未运行：{len(reasons)} 项 / not run: {len(reasons)} tests（{causes}）"


def _reasons(reports: list[pytest.TestReport]) -> list[str]:
    def reason(report: pytest.TestReport) -> str:
        words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        return words.removeprefix("Skipped: ")

    return [reason(report) for report in reports]

"""The agent on a real SSH server behind a real bastion: brought, run, read back, and nothing left behind."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from servers import sshd

from eduops.core.errors import ConfigError, OutsideError
from eduops.patrol import push_wheel
from eduops.patrol.collect_far import Trip, collect_far
from eduops.patrol.push import Bundle, build_bundle, build_command, pack_for
from eduops.patrol.rules.document import parse_document
from eduops.remote.configuration import load_config
from eduops.remote.gateway import Gateway
from eduops.remote.route import find_route

pytestmark = [pytest.mark.server, pytest.mark.needs("sshd")]

QUICK = {"interval_seconds": 0.1, "timeout_seconds": 5}
SHELLS = ["dash", "bash --posix", "busybox sh"]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Network]:
    with sshd.network(tmp_path_factory.mktemp("ssh")) as made:
        yield made


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build_bundle(push_wheel.find_all(tmp_path_factory.mktemp("no-wheels")))


def measure(network, home, bundle, *, config=QUICK, seconds=30.0, when_reached=lambda: None):
    network.write_home(home)
    gateway = Gateway(home / "known_hosts")
    try:
        route = find_route(load_config(home), code="app-1", address="127.0.0.1", bastion="main", home=home)
        return collect_far(gateway, Trip(route, bundle, config, seconds), when_reached=when_reached)
    finally:
        gateway.close()


def left_on(temporary: Path) -> list[str]:
    """Files in the folder for temporary ones, and processes that still use it, once they had time to end."""
    until = time.monotonic() + 10
    while True:
        files = [path.name for path in temporary.iterdir()]
        processes = list_processes(str(temporary))
        if not (files or processes) or time.monotonic() > until:
            return [*files, *processes]
        time.sleep(0.05)


def list_processes(folder: str) -> list[str]:
    """Those whose environment has the folder: the sessions' shells and all they started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if folder.encode() in path.read_bytes():
                found.append((path.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@contextmanager
def pushed(shell: str, content: bytes, temporary: Path, *, seconds: float = 60):
    """The command as a host would run it, by a shell of our choice, with its standard input still open."""
    command = build_command(len(content), seconds=seconds).replace("exec sh -c", f"exec {shell} -c", 1)
    process = subprocess.Popen(
        command,
        shell=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def wait_for_folder(temporary: Path) -> None:
    until = time.monotonic() + 10
    while not list(temporary.glob("*/agent.json")):
        assert time.monotonic() < until, "the agent never arrived"
        time.sleep(0.01)


def test_host_is_measured_with_psutil_and_nothing_stays_there(network, tmp_path, bundle):
    reached = []
    collected = measure(network, tmp_path, bundle, when_reached=lambda: reached.append(1))
    document = parse_document(collected.content)
    assert {section.name: section.status for section in document.probes}["cpu"] == "ok"
    assert json.loads(collected.content)["psutil_version"]
    assert reached == [1]
    assert left_on(network.temporary) == []


def test_host_of_another_platform_is_measured_without_psutil(network, tmp_path):
    collected = measure(network, tmp_path, build_bundle([]))
    assert json.loads(collected.content)["psutil_version"] is None
    assert left_on(network.temporary) == []


def test_bundle_is_small(bundle):
    assert len(bundle.packed) < 500_000
    assert bundle.size_bytes < 1_000_000


def test_configuration_reaches_the_host_and_what_the_agent_refuses_is_told(network, tmp_path, bundle):
    folder = tmp_path / "备份"
    folder.mkdir()
    backups = [{"name": "虚构备份", "folder": str(folder)}]
    collected = measure(network, tmp_path, bundle, config={**QUICK, "backups": backups})
    sections = {section.name: section for section in parse_document(collected.content).probes}
    assert sections["backups"].data["backups"][0]["name"] == "虚构备份"
    with pytest.raises(ConfigError) as caught:
        measure(network, tmp_path, bundle, config={**QUICK, "urls": [{"name": "首页"}]})
    assert any("urls[0].url" in str(problem) for problem in caught.value.problems)
    assert not any("agent.json" in str(problem) for problem in caught.value.problems)
    assert left_on(network.temporary) == []


def test_agent_runs_at_low_priority(network, tmp_path, bundle):
    nices = []

    def look() -> None:
        wait_for_folder(network.temporary)
        until = time.monotonic() + 5
        while "10" not in nices and time.monotonic() < until:
            listed = subprocess.run(
                ["ps", "-ewwo", "ni,args"], capture_output=True, text=True, check=True
            ).stdout
            nices.extend(line.split()[0] for line in listed.splitlines() if str(network.temporary) in line)

    watcher = threading.Thread(target=look)
    measure(network, tmp_path, bundle, config={**QUICK, "interval_seconds": 1}, when_reached=watcher.start)
    watcher.join()
    assert "10" in nices


def test_host_without_python_is_told_with_the_other_way(tmp_path, bundle):
    folder, tools = tmp_path / "ssh", tmp_path / "tools"
    tools.mkdir()
    for program in ("sh", "head", "tar", "gzip", "mktemp", "rm", "sleep", "uname", "nice"):
        (tools / program).symlink_to(shutil.which(program))
    folder.mkdir()
    key = sshd.make_key(folder / "key")
    # Login scripts may put more into PATH: it is narrowed after them.
    poor = f'PATH={tools} exec sh -c "$SSH_ORIGINAL_COMMAND"'
    with (
        sshd.running(folder / "bastion", authorized=key) as bastion,
        sshd.running(folder / "host", authorized=key, options={"ForceCommand": poor}) as host,
        pytest.raises(OutsideError, match="主机 app-1 没有 python3") as caught,
    ):
        measure(sshd.Network(bastion, host, key, folder), tmp_path, bundle)
    assert "eduops patrol script app-1" in caught.value.hint


def test_login_script_that_talks_does_not_spoil_the_document(network, tmp_path, bundle):
    talking = {"ForceCommand": 'echo "欢迎 {"; exec sh -c "$SSH_ORIGINAL_COMMAND"'}
    with sshd.running(tmp_path / "host", authorized=network.key, options=talking) as host:
        collected = measure(replace(network, host=host), tmp_path, bundle)
    assert parse_document(collected.content).probes


def test_time_that_is_up_ends_the_agent_there_too(network, tmp_path, bundle):
    with pytest.raises(OutsideError, match="主机 app-1.*没有做完"):  # noqa: RUF043
        measure(network, tmp_path, bundle, config={"interval_seconds": 30}, seconds=2)
    assert left_on(network.temporary) == []


def test_connection_that_is_cut_midway_leaves_nothing_behind(network, tmp_path, bundle):
    cut = threading.Timer(0.5, network.host.end_sessions)
    with pytest.raises(OutsideError, match="主机 app-1的连接中途断开"):
        measure(network, tmp_path, bundle, config={"interval_seconds": 30}, when_reached=cut.start)
    assert left_on(network.temporary) == []


def test_bastion_that_is_cut_midway_leaves_nothing_behind(network, tmp_path, bundle):
    cut = threading.Timer(0.5, network.bastion.end_sessions)
    with pytest.raises(OutsideError, match="断开"):
        measure(network, tmp_path, bundle, config={"interval_seconds": 30}, when_reached=cut.start)
    assert left_on(network.temporary) == []


@pytest.mark.needs("busybox")
@pytest.mark.parametrize("shell", SHELLS)
class TestShells:
    def test_measures_and_tidies_up(self, shell, tmp_path, bundle):
        content = pack_for(bundle, QUICK)
        with pushed(shell, content, tmp_path) as process:
            process.stdin.write(content)
            process.stdin.flush()
            said = process.stdout.read()
            assert process.wait(30) == 0, process.stderr.read()
        assert b'"schema"' in said
        assert left_on(tmp_path) == []

    def test_content_that_stops_halfway_leaves_nothing(self, shell, tmp_path, bundle):
        content = pack_for(bundle, QUICK)
        with pushed(shell, content, tmp_path) as process:
            process.stdin.write(content[: len(content) // 2])
            process.stdin.close()
            assert process.wait(30) == 94
        assert left_on(tmp_path) == []

    def test_nobody_waiting_any_more_ends_it(self, shell, tmp_path, bundle):
        content = pack_for(bundle, {"interval_seconds": 30})
        with pushed(shell, content, tmp_path) as process:
            process.stdin.write(content)
            process.stdin.flush()
            wait_for_folder(tmp_path)
            process.stdin.close()
            assert process.wait(30) == 90
        assert left_on(tmp_path) == []

    def test_its_own_alarm_ends_it_where_nobody_else_does(self, shell, tmp_path, bundle):
        content = pack_for(bundle, {"interval_seconds": 30})
        with pushed(shell, content, tmp_path, seconds=1) as process:
            process.stdin.write(content)
            process.stdin.flush()
            assert process.wait(30) == 90
        assert left_on(tmp_path) == []

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_signal_ends_it(self, shell, tmp_path, bundle, number):
        content = pack_for(bundle, {"interval_seconds": 30})
        with pushed(shell, content, tmp_path) as process:
            process.stdin.write(content)
            process.stdin.flush()
            wait_for_folder(tmp_path)
            process.send_signal(number)
            assert process.wait(30) == 90
        assert left_on(tmp_path) == []

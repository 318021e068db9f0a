"""Hosts behind a real bastion: what is reached, what is refused, and that every refusal names its hop."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from servers import sshd

from eduops.core.errors import ConfigError, EduopsError, OutsideError
from eduops.remote.command import run_command
from eduops.remote.known_host import ShownKey, find_known, trust
from eduops.remote.transfer import open_folder

pytestmark = [pytest.mark.server, pytest.mark.needs("sshd")]


def say(far, words="hello", **options):
    with far.gateway() as gateway, gateway.session(far.route()) as session:
        return run_command(session, f"echo {words}", seconds=10, largest_bytes=1000, **options)


def _shown(server):
    kind, _ = server.known_line.split()
    return ShownKey(kind, server.fingerprint, server.known_line)


def refusal(far, **options) -> EduopsError:
    with pytest.raises(EduopsError) as caught:
        say(far, **options)
    return caught.value


@contextmanager
def silent_server():
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_command_runs_behind_the_bastion_and_tells_code_output_and_errors(far):
    with far.gateway() as gateway, gateway.session(far.route()) as session:
        done = run_command(
            session, "head -c 2; echo out; echo err >&2; exit 3", content=b"in", seconds=10, largest_bytes=100
        )
    assert (done.code, done.stdout, done.stderr) == (3, b"inout\n", b"err\n")


def test_host_without_a_bastion_is_reached_straight(far):
    route = far.route(bastion=None)
    trust(far.known_hosts, route.hops[0].key_name, _shown(far.network.host))
    with far.gateway() as gateway, gateway.session(route) as session:
        assert run_command(session, "echo hello", seconds=10, largest_bytes=100).stdout == b"hello\n"


def test_chain_of_two_bastions_ends_at_the_host(far, tmp_path):
    with sshd.running(tmp_path / "inner", authorized=far.network.key) as inner:
        far.settings["bastions"]["inner"] = {"address": "127.0.0.1", "port": inner.port, "via": "main"}
        route = far.route(bastion="inner")
        assert [hop.title for hop in route.hops] == ["堡垒机 main", "堡垒机 inner", "主机 app-1"]
        for hop, server in zip(route.hops, (far.network.bastion, inner, far.network.host), strict=True):
            trust(far.known_hosts, hop.key_name, _shown(server))
        with far.gateway() as gateway, gateway.session(route) as session:
            assert run_command(session, "echo hello", seconds=10, largest_bytes=100).stdout == b"hello\n"


@pytest.mark.parametrize(("number", "title"), [(0, "堡垒机 main"), (1, "主机 app-1")])
def test_unknown_key_is_refused_at_either_hop_with_its_fingerprint(far, number, title):
    name = far.route().hops[number].key_name
    lines = far.known_hosts.read_text().splitlines()
    far.known_hosts.write_text("".join(f"{line}\n" for line in lines if line.split()[0] != name))
    server = (far.network.bastion, far.network.host)[number]
    error = refusal(far)
    assert isinstance(error, OutsideError)
    assert title in error.message
    assert "还没有登记" in error.message
    assert server.fingerprint in error.message
    assert "eduops patrol trust" in error.hint


@pytest.mark.parametrize(("number", "title"), [(0, "堡垒机 main"), (1, "主机 app-1")])
def test_changed_key_is_refused_at_either_hop_with_both_fingerprints(far, tmp_path, number, title):
    other = sshd.make_key(tmp_path / "other")
    name, server = far.route().hops[number].key_name, (far.network.bastion, far.network.host)[number]
    line = " ".join(other.with_suffix(".pub").read_text().split()[:2])
    far.known_hosts.write_text(
        "".join(
            f"{name} {line}\n" if text.split()[0] == name else f"{text}\n"
            for text in far.known_hosts.read_text().splitlines()
        )
    )
    error = refusal(far)
    assert isinstance(error, OutsideError)
    assert title in error.message
    assert "密钥变了" in error.message
    assert server.fingerprint in error.message
    assert error.message.count("SHA256:") == 2


def test_same_private_address_behind_two_bastions_is_two_hosts(far):
    far.settings["bastions"]["other"] = {"address": "127.0.0.2", "port": 22}
    names = {far.route(bastion=name).hops[-1].key_name for name in ("main", "other", None)}
    assert len(names) == 3


def test_host_that_is_down_is_told_through_the_bastion(far):
    error = refusal(far.with_host(port=sshd.find_port()))
    assert "连不上主机 app-1" in error.message


def test_bastion_that_is_down_is_asked_once_for_all_hosts(far):
    far.settings["bastions"]["main"]["port"] = sshd.find_port()
    errors = []
    with far.gateway() as gateway:
        for _ in range(3):
            with pytest.raises(OutsideError) as caught, gateway.session(far.route()):
                pass
            errors.append(caught.value)
    assert "连不上堡垒机 main" in errors[0].message
    assert errors[0] is errors[1] is errors[2]


@pytest.mark.parametrize("hop", ["host", "bastion"])
def test_hop_that_hangs_is_left_after_its_time(far, hop):
    with silent_server() as port:
        if hop == "host":
            far = far.with_host(port=port, connect_seconds=0.5)
        else:
            far.settings["bastions"]["main"].update(port=port, connect_seconds=0.5)
        started = time.monotonic()
        error = refusal(far)
    assert isinstance(error, OutsideError)
    assert ("主机 app-1" if hop == "host" else "堡垒机 main") in error.message
    assert time.monotonic() - started < 5


def test_command_that_does_not_end_is_left_after_its_time(far):
    with (
        far.gateway() as gateway,
        gateway.session(far.route()) as session,
        pytest.raises(OutsideError, match=r"主机 app-1：.* 秒内没有做完"),
    ):
        run_command(session, "sleep 60", seconds=0.5, largest_bytes=100)


def test_command_that_says_too_much_is_cut_off(far):
    with (
        far.gateway() as gateway,
        gateway.session(far.route()) as session,
        pytest.raises(OutsideError, match="超过 1000 字节"),
    ):
        run_command(session, "yes", seconds=10, largest_bytes=1000)


def test_one_bastion_connection_serves_many_hosts_at_once_whatever_its_sessions(far):
    with far.gateway() as gateway:

        def work(_number):
            with gateway.session(far.route()) as session:
                return run_command(session, "sleep 0.2; echo hello", seconds=20, largest_bytes=100).stdout

        before = far.network.bastion.log.count("Accepted publickey")
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(16))) == [b"hello\n"] * 16
        assert far.network.bastion.log.count("Accepted publickey") == before + 1


def test_connection_that_is_cut_midway_is_told(far):
    with far.gateway() as gateway, gateway.session(far.route()) as session:
        cutter = threading.Timer(0.5, far.network.host.end_sessions)
        cutter.start()
        with pytest.raises(OutsideError, match="主机 app-1的连接中途断开"):
            run_command(session, "sleep 60", seconds=20, largest_bytes=100)


def test_closing_the_gateway_ends_what_others_wait_for(far):
    with far.gateway() as gateway, gateway.session(far.route()) as session:
        threading.Timer(0.3, gateway.close).start()
        with pytest.raises(OutsideError):
            run_command(session, "sleep 60", seconds=20, largest_bytes=100)
        with pytest.raises(OutsideError), gateway.session(far.route()):
            pass


def test_key_with_a_passphrase_opens_with_the_file_and_the_variable(far, tmp_path, monkeypatch):
    key = sshd.make_key(tmp_path / "locked", passphrase="虚构口令-7")
    with sshd.running(tmp_path / "host", authorized=key) as host:
        base = far.with_host(port=host.port, key_file=str(key))
        trust(base.known_hosts, base.route().hops[-1].key_name, _shown(host))
        (base.home / "secret").write_text("虚构口令-7\n")
        (base.home / "secret").chmod(0o600)
        assert say(base.with_host(passphrase_file="secret")).stdout == b"hello\n"
        monkeypatch.setenv("EDUOPS_TEST_PASSPHRASE", "虚构口令-7")
        assert say(base.with_host(passphrase_env="EDUOPS_TEST_PASSPHRASE")).stdout == b"hello\n"
        monkeypatch.setenv("EDUOPS_TEST_PASSPHRASE", "虚构错口令-8")
        for wrong in (base, base.with_host(passphrase_env="EDUOPS_TEST_PASSPHRASE")):
            error = refusal(wrong)
            assert isinstance(error, ConfigError)
            assert str(key) in error.message
            assert "虚构" not in error.message + error.hint
        monkeypatch.delenv("EDUOPS_TEST_PASSPHRASE")
        assert (
            "EDUOPS_TEST_PASSPHRASE"
            in refusal(base.with_host(passphrase_env="EDUOPS_TEST_PASSPHRASE")).message
        )
        (base.home / "secret").chmod(0o644)
        assert "chmod 600" in refusal(base.with_host(passphrase_file="secret")).hint


def test_key_that_others_may_read_is_not_used(far, tmp_path):
    key = sshd.make_key(tmp_path / "open")
    key.chmod(0o640)
    error = refusal(far.with_host(key_file=str(key)))
    assert "640" in error.message
    assert "chmod 600" in error.hint


def test_key_that_the_host_does_not_know_is_told_with_the_user(far, tmp_path):
    error = refusal(far.with_host(key_file=str(sshd.make_key(tmp_path / "stranger"))))
    assert "主机 app-1" in error.message
    assert f"不接受用户 {sshd.USER}" in error.message


def test_jumpserver_is_logged_in_to_by_a_name_that_says_where_to(far):
    far.settings["bastions"]["jms"] = {
        "kind": "jumpserver", "address": "127.0.0.1", "port": 2222, "user": "zhang", "key_file": str(far.network.key),
    }  # fmt: skip
    (hop,) = far.with_host(user="root").route(bastion="jms").hops
    assert (hop.user, hop.address, hop.port) == ("zhang@root@127.0.0.1", "127.0.0.1", 2222)
    assert "JumpServer jms" in hop.title


def test_trusting_keeps_the_other_lines_and_replaces_the_old_key(far):
    name = far.route().hops[0].key_name
    far.known_hosts.write_text(f"# 备注\n{far.known_hosts.read_text()}")
    trust(far.known_hosts, name, _shown(far.network.host))
    lines = far.known_hosts.read_text().splitlines()
    assert lines[0] == "# 备注"
    assert len(lines) == 3
    assert [key.fingerprint for key in find_known(far.known_hosts, name)] == [far.network.host.fingerprint]
    assert far.known_hosts.stat().st_mode & 0o777 == 0o600


def test_key_of_each_hop_is_fetched_without_logging_in_there(far):
    far.known_hosts.write_text(far.known_hosts.read_text().splitlines()[0] + "\n")
    with far.gateway() as gateway:
        assert gateway.fetch_key(far.route(), 0).fingerprint == far.network.bastion.fingerprint
        assert gateway.fetch_key(far.route(), 1).fingerprint == far.network.host.fingerprint


def test_files_of_a_folder_are_listed_read_and_removed(far, tmp_path):
    folder = tmp_path / "spool"
    folder.mkdir()
    for name, content in (("b.json", "2" * 100), ("a.json", "1"), (".c.json", "3"), ("d.txt", "4")):
        (folder / name).write_text(content)
    (folder / "link.json").symlink_to("/etc/passwd")
    (folder / "sub.json").mkdir()
    with (
        far.gateway() as gateway,
        gateway.session(far.route()) as session,
        open_folder(session, str(folder)) as opened,
    ):
        assert opened.list_files(".json") == ["a.json", "b.json"]
        assert opened.read("b.json", largest_bytes=10) == b"2" * 10
        assert opened.read("a.json", largest_bytes=10) == b"1"
        opened.remove("a.json")
        assert opened.list_files(".json") == ["b.json"]
    with (
        far.gateway() as gateway,
        gateway.session(far.route()) as session,
        open_folder(session, str(tmp_path / "none")) as opened,
        pytest.raises(OutsideError, match=r"主机 app-1.*没有这个目录"),
    ):
        opened.list_files(".json")

"""Redis as the agent sees it: a real one with a limit of memory and a password, and its replica."""

import json
import socket
import subprocess
from contextlib import ExitStack

import deaf_peer
import patrol_schema
import pytest
from eduops_agent.context import Context, Failed
from eduops_agent.probes import redis as probe
from servers import account, redis

from eduops.patrol.configuration import find_config_path, load_config
from eduops.patrol.rules.check import State
from eduops.patrol.rules.document import parse_document
from eduops.patrol.rules.judgement import judge

pytestmark = pytest.mark.needs("redis")
PASSWORD = "geheim-虚构-83"


@pytest.fixture(scope="module")
def server():
    with redis.running("--maxmemory", "4mb", "--maxclients", "8", password=PASSWORD) as found:
        yield found


@pytest.fixture
def password_file(tmp_path):
    def write(password=PASSWORD, mode=0o600):
        path = tmp_path / "redis.password"
        path.write_text(password + "\n", encoding="utf-8")
        path.chmod(mode)
        return str(path)

    return write


def seen(**settings):
    (row,) = probe.measure(Context([{"name": "会话", **settings}], 0.1, 10, None))["instances"]
    return row


def test_server_tells_its_figures_and_no_password(server, measure, password_file, python):
    server.execute("SETRANGE", "course", "1500000", "x")
    settings = {"name": "会话", "port": server.port, "password_file": password_file()}
    section = measure("redis", [settings], python=python)
    (row,) = section["data"]["instances"]
    assert row["status"] == "ok" and row["unread"] == [], section
    assert patrol_schema.list_problems(section, {"$ref": "#/definitions/probe"}) == []
    assert PASSWORD not in json.dumps(section, ensure_ascii=False)
    assert row["max_memory_bytes"] == 4 * 1024**2
    assert 40 <= row["memory_percent"] <= 100
    assert (row["max_connections"], row["replica"], row["standbys"]) == (8, None, [])
    assert row["databases"] == [{"name": "db0", "keys": 1, "expires": 0}]
    assert row["settings"]["maxmemory_policy"] == "noeviction"
    assert row["last_save_ok"] is True and row["last_save_at"].endswith("Z")


def test_rejected_clients_are_counted_and_a_full_server_does_not_answer(server, password_file):
    settings = {"port": server.port, "password_file": password_file()}
    before = seen(**settings)["rejected_connections"]
    with ExitStack() as stack:
        for _ in range(9):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        full = seen(**settings)
    assert full["status"] == "failed"
    account.wait_until(lambda: seen(**settings)["status"] == "ok")
    row = seen(**settings)
    assert row["rejected_connections"] > before
    assert row["rejected_connections_per_hour"] >= 1


def test_replica_follows_and_says_when_it_lost_its_master():
    with ExitStack() as stack:
        master = stack.enter_context(redis.running("--repl-diskless-sync-delay", "0"))
        follow = ("--replicaof", f"127.0.0.1 {master.port}", "--repl-timeout", "2")
        replica = stack.enter_context(redis.running(*follow))
        account.wait_until(lambda: seen(port=replica.port)["replica"]["receiving"] is True)
        assert seen(port=replica.port)["replica"]["lag_seconds"] is not None
        account.wait_until(lambda: [row["state"] for row in seen(port=master.port)["standbys"]] == ["online"])
        account.end(master.process)
        account.wait_until(lambda: seen(port=replica.port)["replica"]["receiving"] is False)
        assert seen(port=master.port)["status"] == "failed"


@pytest.mark.parametrize(
    ("password", "mode", "said"),
    [("falsch-虚构-17", 0o600, "密码不对"), (PASSWORD, 0o640, "权限是 0640")],
)
def test_refused_login_is_not_checked_and_tells_no_password(server, password_file, password, mode, said):
    row = seen(port=server.port, password_file=password_file(password, mode))
    assert row["status"] == "not_checked"
    assert said in row["reason"] and password not in row["reason"]


@pytest.mark.parametrize(
    ("settings", "status", "said"),
    [
        ({}, "not_checked", "密码不对"),
        ({"port": 1}, "failed", "连接不上"),
        ({"socket": "/nowhere/sock"}, "failed", "连接不上"),
        ({"program": "/nowhere/redis-cli"}, "not_checked", "本机没有命令 /nowhere/redis-cli"),
    ],
)
def test_instance_that_cannot_be_looked_at_says_why(server, settings, status, said):
    row = seen(**{"port": server.port, **settings})
    assert row["status"] == status
    assert said in row["reason"]


def test_peer_that_never_answers_costs_only_its_own_row(server, password_file):
    with deaf_peer.listening() as port:
        settings = [
            {"name": "聋", "port": port},
            {"name": "会话", "port": server.port, "password_file": password_file()},
        ]
        rows = probe.measure(Context(settings, 0.1, 1.5, None))["instances"]
    assert [row["status"] for row in rows] == ["failed", "ok"]
    assert "没有答复" in rows[0]["reason"]


def test_probe_sends_nothing_but_info(server):
    commands = server.execute("CONFIG", "RESETSTAT") and server.execute("INFO", "commandstats")
    words = [*probe.build_words({"port": server.port}), "INFO"]
    subprocess.run(
        words, env={"PATH": "/usr/bin:/bin", "REDISCLI_AUTH": PASSWORD}, capture_output=True, check=True
    )
    after = server.execute("INFO", "commandstats")
    new = {line.split(":")[0] for line in after.splitlines()} - {
        line.split(":")[0] for line in commands.splitlines()
    }
    assert new <= {"cmdstat_info", "cmdstat_auth", "cmdstat_hello"}


def test_stopped_server_makes_its_host_critical_and_a_running_one_normal(run_agent, tmp_path):
    states = {}
    with redis.running() as running:
        for name, port in (("running", running.port), ("stopped", account.free_port())):
            config = tmp_path / f"{name}.json"
            config.write_text(json.dumps({"redis": [{"name": "会话", "port": port}]}), encoding="utf-8")
            document = parse_document(run_agent("--config", str(config), "--probe", "redis").stdout)
            limits = load_config(find_config_path(tmp_path)).default.model_copy(
                update={"mandatory": frozenset({"redis"})}
            )
            states[name] = judge(document, limits).state
    assert states == {"running": State.NORMAL, "stopped": State.CRITICAL}


def test_older_version_without_some_figures_says_so():
    row = probe.build_row(
        {"redis_version": "3.0.7", "used_memory": "100", "maxmemory": "0", "role": "master"}
    )
    assert row["memory_percent"] is None
    (unread,) = row["unread"]
    assert {"memory_percent", "max_connections", "aof_write_ok"} <= set(unread["figures"])
    assert "used_memory_bytes" not in unread["figures"]


def test_server_that_is_no_redis_has_failed():
    with pytest.raises(Failed):
        probe.parse_info("HTTP/1.1 400 Bad Request\r\nServer: x\r\n")

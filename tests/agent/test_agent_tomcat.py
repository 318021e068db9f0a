"""Tomcat as the agent sees it: a real one on a headless JVM, and a JVM two of whose threads wait for each other."""

import json
import os

import deaf_peer
import patrol_schema
import pytest
from eduops_agent.context import LIGHT_REASON, Context, Failed, NotChecked
from eduops_agent.probes import tomcat as probe
from servers import tomcat

pytestmark = [pytest.mark.needs("jcmd"), pytest.mark.needs("tomcat")]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with tomcat.running(tmp_path_factory.mktemp("tomcat")) as found:
        yield found


def named(server, **settings):
    url = f"http://127.0.0.1:{server.port}/"
    return {"name": "课程平台", "url": url, "process": f"catalina.base={server.base}", **settings}


def seen(wanted, **options):
    context = Context([wanted], 0.1, 20, None)._replace(**options)
    (row,) = probe.measure(context)["instances"]
    return row


def reasons(row):
    return {figure: entry["reason"] for entry in row["unread"] for figure in entry["figures"]}


def test_tomcat_tells_its_figures(server, run_agent, tmp_path, python):
    config = tmp_path / "agent.json"
    config.write_text(json.dumps({"tomcat": [named(server)]}, ensure_ascii=False))
    done = run_agent("--config", str(config), "--probe", "tomcat", python=python)
    (section,) = json.loads(done.stdout)["probes"]
    assert patrol_schema.list_problems(section, {"$ref": "#/definitions/probe"}) == []
    (row,) = section["data"]["instances"]
    assert row["status"] == "ok" and row["unread"] == [], section
    assert row["pid"] == server.process.pid
    # There is no application: that Tomcat says so is an answer.
    assert row["http_status"] == 404
    assert row["heap_max_bytes"] == 64 * 1024**2
    assert 0 < row["heap_used_bytes"] <= row["heap_max_bytes"] and 0 < row["heap_percent"] <= 100
    assert row["threads"] > 10 and row["open_files"] > 10 and row["resident_bytes"] > 10_000_000
    assert (row["deadlocked_threads"], row["settings"]["UseSerialGC"]) == (0, "on")
    assert row["jvm_version"] and row["uptime_seconds"] >= 0


def test_threads_that_wait_for_each_other_are_counted(tmp_path):
    with tomcat.deadlocked(tmp_path) as process:
        row = seen({"name": "死锁", "process": str(tmp_path / "Deadlock.java")})
    assert (row["pid"], row["deadlocked_threads"]) == (process.pid, 2)
    assert "url" in reasons(row)["http_status"]


def test_process_or_port_that_is_not_there_has_failed(server):
    gone = seen(named(server, process="catalina.base=/nowhere"))
    assert gone["status"] == "failed" and "没有命令行含" in gone["reason"]
    closed = seen(named(server, url="http://127.0.0.1:1/"))
    assert closed["status"] == "failed" and "连接被拒绝" in closed["reason"]


def test_peer_that_never_answers_costs_only_its_own_row(server):
    with deaf_peer.listening() as port:
        deaf = named(server, name="聋", url=f"http://127.0.0.1:{port}/")
        rows = probe.measure(Context([deaf, named(server)], 0.1, 4, None))["instances"]
    assert [row["status"] for row in rows] == ["failed", "ok"]
    assert "没有答复" in rows[0]["reason"]


def test_host_without_jcmd_still_tells_of_port_and_process(server):
    row = seen(named(server, program="/nowhere/jcmd"))
    assert row["status"] == "ok" and row["threads"] > 10 and row["heap_percent"] is None
    assert reasons(row)["heap_percent"] == "本机没有命令 /nowhere/jcmd"


def test_jvm_is_not_asked_during_an_exam(server):
    row = seen(named(server), is_light=True)
    assert row["http_status"] == 404 and row["heap_percent"] is None
    assert reasons(row)["deadlocked_threads"] == LIGHT_REASON


def test_process_of_another_account_is_not_asked():
    probe.check_owner(os.geteuid(), os.geteuid())
    with pytest.raises(NotChecked, match="同一账号"):
        probe.check_owner(0, 1000)


JAVA = ["java", "-Dcatalina.base=/opt/a", "org.apache.catalina.startup.Bootstrap", "start"]


@pytest.mark.parametrize(
    ("text", "found"), [("catalina.base=/opt/a", 7), ("/opt/b", Failed), ("catalina.startup", NotChecked)]
)
def test_process_is_found_by_what_its_command_line_alone_holds(text, found):
    others = [
        (8, ["/usr/bin/jsvc.exec", "org.apache.catalina.startup.Bootstrap"]),
        (9, ["vim", "/opt/b", "/opt/a"]),
    ]
    processes = [(7, JAVA), *others]
    if isinstance(found, int):
        assert probe.find_process(processes, text) == found
        return
    with pytest.raises(found):
        probe.find_process(processes, text)


@pytest.mark.parametrize(
    ("text", "used"),
    [
        (
            " def new generation   total 29504K, used 17498K [0x1, 0x2, 0x3)\n  eden space 26240K,  61% used [0x1)\n"
            " tenured generation   total 65536K, used 6238K [0x1)\n Metaspace  used 11282K, committed 1K\n",
            (17498 + 6238) * 1024,
        ),
        (
            " garbage-first heap   total 98304K, used 5120K [0x1)\n  region size 1024K, 5 young (5120K)\n",
            5120 * 1024,
        ),
        (" PSYoungGen      total 100K, used 7K [0x1)\n ParOldGen       total 9K, used 3K [0x1)\n", 10 * 1024),
        (" ZHeap           used 24M, capacity 256M, max capacity 4096M\n", 24 * 1024**2),
        ("Shenandoah Heap\n 4G max, 4G soft max, 512M committed, 33M used\n", 33 * 1024**2),
        ("something new", None),
    ],
    ids=["serial", "g1", "parallel", "z", "shenandoah", "unknown"],
)
def test_heap_of_each_collector_is_understood(text, used):
    assert probe.parse_heap_used(text) == used


def test_answer_without_threads_is_not_taken_for_one_without_deadlocks():
    with pytest.raises(NotChecked, match="AttachNotSupported"):
        probe.parse_jvm("1234:\ncom.sun.tools.attach.AttachNotSupportedException: state is not ready\n")

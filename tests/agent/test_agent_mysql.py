"""MariaDB as the agent sees it: a real primary and its replica, in good and in bad times."""

import json
import subprocess

import deaf_peer
import patrol_schema
import pytest
from eduops_agent import client, mysql_query
from eduops_agent.context import LIGHT_REASON, Context
from eduops_agent.probes import mysql as probe
from servers import account, mariadb

pytestmark = pytest.mark.needs("mariadb")
PASSWORD = "geheim-虚构-82"
FOLLOW = (
    "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={}, MASTER_USER='copy', MASTER_PASSWORD='copy', "
)


@pytest.fixture(scope="module")
def server():
    with mariadb.running("--max-connections=10", "--log-bin", "--server-id=1") as found:
        found.execute(
            "CREATE USER copy@'127.0.0.1' IDENTIFIED BY 'copy'; GRANT REPLICATION SLAVE ON *.* TO copy@'127.0.0.1';"
            "CREATE USER plain@localhost; CREATE DATABASE `演示-题库`;"
            f"CREATE USER watched@localhost IDENTIFIED BY '{PASSWORD}';"
            "GRANT PROCESS, SLAVE MONITOR ON *.* TO watched@localhost;"
            "CREATE TABLE `演示-题库`.items (number INT PRIMARY KEY, title TEXT);"
            "INSERT INTO `演示-题库`.items VALUES (1, 'a'), (2, 'b');"
        )
        yield found


def wait_until(is_so):
    # InnoDB shows old transactions to whoever asks ten times a second.
    account.wait_until(is_so, pause_seconds=0.2)


def named(server, name="题库", **settings):
    return {"name": name, "socket": str(server.socket), "user": "root", **settings}


def seen(server, **settings):
    (row,) = probe.measure(Context([named(server, **settings)], 0.1, 10, None))["instances"]
    return row


def reasons(row):
    return {figure: entry["reason"] for entry in row["unread"] for figure in entry["figures"]}


def password_file(tmp_path, password=PASSWORD, mode=0o600):
    path = tmp_path / "my.cnf"
    path.write_text(f'[client]\npassword = "{password}"\n', encoding="utf-8")
    path.chmod(mode)
    return str(path)


def test_server_tells_its_figures_and_no_password(server, measure, tmp_path, python):
    settings = named(server, user="watched", password_file=password_file(tmp_path))
    section = measure("mysql", [settings], python=python)
    (row,) = section["data"]["instances"]
    assert row["status"] == "ok" and row["unread"] == [], section
    assert patrol_schema.list_problems(section, {"$ref": "#/definitions/probe"}) == []
    assert PASSWORD not in json.dumps(section, ensure_ascii=False)
    assert row["version"] == server.execute("SELECT VERSION()").strip()
    assert row["max_connections"] == 10 and row["connections_percent"] >= 10
    assert row["replica"] is None and row["standby_count"] == 0
    assert row["slow_queries"] == 0 and row["cache_hit_percent"] > 0
    sizes = {entry["name"]: entry["size_bytes"] for entry in row["databases"]}
    assert sizes["演示-题库"] >= 65536 and sizes["mysql"] > 0
    assert row["settings"]["log_bin"] == "ON"
    assert list(row["settings"]) == sorted(row["settings"])


def test_long_transaction_and_a_lock_that_is_waited_for_are_seen(server):
    holding = server.hold(
        "START TRANSACTION; UPDATE items SET title = 'c' WHERE number = 1", database="演示-题库"
    )
    words = ["mariadb", "--no-defaults", f"--socket={server.socket}", "--user=root", "演示-题库", "--execute"]
    with subprocess.Popen([*words, "UPDATE items SET title = 'd' WHERE number = 1"]) as waiting:
        wait_until(lambda: seen(server)["waiting_locks"] == 1)
        wait_until(lambda: seen(server)["longest_query_seconds"] >= 1)
        row = seen(server)
        holding.kill()
        assert waiting.wait() == 0
    holding.communicate()
    assert row["longest_transaction_seconds"] >= 1
    wait_until(lambda: seen(server)["waiting_locks"] == 0)


def test_deadlock_is_counted_and_dated(server):
    before = seen(server)
    one, other = (
        server.hold(
            f"START TRANSACTION; UPDATE items SET title = 'e' WHERE number = {n}", database="演示-题库"
        )
        for n in (1, 2)
    )
    for session, number in ((one, 2), (other, 1)):
        session.stdin.write(f"UPDATE items SET title = 'f' WHERE number = {number};\n".encode())
        session.stdin.flush()
    wait_until(lambda: seen(server)["deadlocks"] == before["deadlocks"] + 1)
    for session in (one, other):
        session.kill()
        session.communicate()
    assert before["last_deadlock_seconds_ago"] is None
    assert 0 <= seen(server)["last_deadlock_seconds_ago"] < 60


def test_connections_near_the_limit_are_seen_until_none_is_left(server):
    # Besides the limit there is one more for the superuser.
    sessions = [server.hold("SELECT 1") for _ in range(9)]
    near = seen(server)
    sessions += [server.hold("SELECT 1") for _ in range(2)]
    refused = seen(server)
    for session in sessions:
        session.kill()
        session.communicate()
    assert near["connections_percent"] >= 90
    assert refused["status"] == "failed" and "Too many connections" in refused["reason"]
    wait_until(lambda: seen(server)["status"] == "ok")
    wait_until(lambda: seen(server)["connections"] == 1)
    assert seen(server)["refused_connections"] >= 1


def test_replica_that_is_held_back_lags_and_one_that_is_stopped_says_so(server):
    with mariadb.running("--server-id=2") as replica:
        place = server.execute("SHOW MASTER STATUS").split()
        follow = FOLLOW.format(server.port)
        follow += f"MASTER_LOG_FILE='{place[0]}', MASTER_LOG_POS={place[1]}, MASTER_DELAY=3600; START SLAVE;"
        replica.execute(follow)
        wait_until(lambda: seen(server)["standby_count"] == 1)
        wait_until(lambda: seen(replica)["replica"]["receiving"])
        server.execute("CREATE DATABASE later")
        wait_until(lambda: (seen(replica)["replica"]["lag_seconds"] or 0) >= 1)
        assert seen(replica)["replica"]["applying"] is True
        replica.execute("STOP SLAVE")
        stopped = seen(replica)["replica"]
    assert (stopped["receiving"], stopped["applying"], stopped["lag_seconds"]) == (False, False, None)


def test_account_without_privileges_does_not_pass_off_its_own_sessions_as_all(server):
    row = seen(server, user="plain")
    told = reasons(row)
    assert row["status"] == "ok" and row["connections"] >= 1
    for figure in (
        "longest_transaction_seconds",
        "longest_query_seconds",
        "waiting_locks",
        "deadlocks",
        "databases",
    ):
        assert row[figure] is None
        assert "PROCESS" in told[figure]
    assert row["replica"] is None and "SLAVE MONITOR" in told["replica"]


@pytest.mark.parametrize(
    ("settings", "status", "said"),
    [
        ({"socket": "/nowhere/sock"}, "failed", "连接不上"),
        ({"user": "watched"}, "not_checked", "账号或密码不对"),
        ({"program": "/nowhere/mysql"}, "not_checked", "本机没有命令 /nowhere/mysql"),
        ({"password_file": "/nowhere/my.cnf"}, "not_checked", "不能读取密码文件 /nowhere/my.cnf：不存在"),
    ],
)
def test_instance_that_cannot_be_looked_at_says_why(server, settings, status, said):
    row = seen(server, **settings)
    assert row["status"] == status
    assert said in row["reason"]


@pytest.mark.parametrize(
    ("password", "mode", "said"),
    [("falsch-虚构-17", 0o600, "账号或密码不对"), (PASSWORD, 0o644, "权限是 0644")],
)
def test_refused_login_is_not_checked_and_tells_no_password(server, tmp_path, password, mode, said):
    row = seen(server, user="watched", password_file=password_file(tmp_path, password, mode))
    assert row["status"] == "not_checked"
    assert said in row["reason"] and password not in row["reason"]


def test_peer_that_never_answers_costs_only_its_own_row(server):
    with deaf_peer.listening() as port:
        deaf = {"name": "聋", "host": "127.0.0.1", "port": port, "user": "root"}
        rows = probe.measure(Context([deaf, named(server)], 0.1, 1.5, None))["instances"]
    assert [row["status"] for row in rows] == ["failed", "ok"]
    assert "没有答复" in rows[0]["reason"]


def test_session_of_the_probe_cannot_write_and_waits_for_nothing_long(server):
    limits = mysql_query.build_script(
        seconds=client.STATEMENT_SECONDS, lock_seconds=1, is_light=True
    ).splitlines()[0]
    script = (
        f"{limits}\nUPDATE `演示-题库`.items SET title = 'w';\nCREATE DATABASE written;\n"
        "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE `演示-题库`.items;\n"
        "SELECT @@max_statement_time, @@lock_wait_timeout, @@innodb_lock_wait_timeout;\n"
    )
    done = subprocess.run(probe.build_words(named(server)), input=script.encode(), capture_output=True)
    assert done.stderr.decode().count("READ ONLY transaction") == 2
    assert "line 4" in done.stderr.decode(), "no file of this host is read for the server"
    assert done.stdout.decode().splitlines()[-1].split() == ["5.000000", "1", "1"]


def test_sizes_are_left_out_during_an_exam(server):
    (row,) = probe.measure(Context([named(server)], 0.1, 10, None, is_light=True))["instances"]
    assert row["databases"] is None and reasons(row) == {"databases": LIGHT_REASON}
    assert row["replica"] is None and row["status"] == "ok"


MYSQL_8 = """*************************** 1. row ***************************
             Replica_IO_State: Waiting for source to send event
           Replica_IO_Running: Yes
          Replica_SQL_Running: No
                Last_IO_Errno: 0
               Last_SQL_Errno: 1062
               Last_SQL_Error: Duplicate entry '虚构患者' for key 'PRIMARY'
        Seconds_Behind_Source: NULL
"""


def test_newer_names_of_a_replica_are_understood_and_no_data_of_its_error_is_told():
    found = probe.parse_replica([line.split("\t") for line in MYSQL_8.splitlines()])["replica"]
    assert found == {
        "receiving": True,
        "applying": False,
        "lag_seconds": None,
        "receive_error": 0,
        "apply_error": 1062,
    }
    assert "患者" not in json.dumps(found, ensure_ascii=False)


def test_text_that_looks_like_a_section_does_not_replace_one():
    stdout = "".join(f"{mysql_query.MARK}{name}\n{name}\n" for name in ("overview", "databases", "overview"))
    assert probe.parse_answer(stdout, "").lines["overview"] == [["overview"]]


def test_section_fails_only_where_no_version_of_its_statement_did():
    line = mysql_query.NAMES.index("replica") + 1
    stdout = "".join(f"{mysql_query.MARK}{name}\n" for name in mysql_query.NAMES)
    error = f"ERROR 1064 (42000) at line {line}: You have an error in your SQL syntax\n"
    assert probe._take(probe.parse_answer(stdout, error), "replica") == []
    with pytest.raises(probe.NotChecked):
        probe._take(probe.parse_answer(stdout, error * 2), "replica")


def test_session_that_ended_early_does_not_pass_for_a_server_without_replication():
    answer = probe.parse_answer(f"{mysql_query.MARK}overview\n8.0.36\t2026-03-05 11:50:00\n", "")
    row = probe.build_row(answer)
    assert row["version"] == "8.0.36"
    assert {"replica", "databases", "waiting_locks", "deadlocks", "connections"} <= set(reasons(row))

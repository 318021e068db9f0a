"""PostgreSQL as the agent sees it: a real primary and its standby, in good and in bad times."""

import json
import subprocess
import threading
from contextlib import ExitStack

import deaf_peer
import patrol_schema
import psycopg
import pytest
from eduops_agent import client, postgresql_query
from eduops_agent.context import LIGHT_REASON, Context
from eduops_agent.probes import postgresql as probe
from servers import account, postgresql_pair
from servers.postgresql_pair import PRIMARY_PORT, STANDBY_PORT

pytestmark = pytest.mark.server
PASSWORD = "geheim-虚构-81"


@pytest.fixture(scope="module")
def pair():
    with postgresql_pair.running() as found:
        found.ask("CREATE ROLE plain LOGIN")
        found.ask(f"CREATE ROLE watched LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_monitor")
        found.ask("CREATE DATABASE 演示课程 TEMPLATE template0")
        found.ask("CREATE TABLE pages (number int PRIMARY KEY, title text)")
        found.ask("INSERT INTO pages SELECT n, 'x' FROM generate_series(1, 100) AS n")
        yield found


def named(pair, name="主库", **settings):
    return {"name": name, "socket": str(pair.folder), "port": PRIMARY_PORT, "user": "postgres", **settings}


def seen(pair, **settings):
    context = Context([named(pair, **settings)], 0.1, 10, None)
    (row,) = probe.measure(context)["instances"]
    return row


def reasons(row):
    return {figure: entry["reason"] for entry in row["unread"] for figure in entry["figures"]}


def password_file(tmp_path, password=PASSWORD, mode=0o600):
    path = tmp_path / "pgpass"
    path.write_text(f"# 虚构\n*:*:*:watched:{password}\n", encoding="utf-8")
    path.chmod(mode)
    return str(path)


def test_primary_and_standby_tell_their_figures(pair, measure, python):
    row_of = {"主库": PRIMARY_PORT, "备库": STANDBY_PORT}
    settings = [named(pair, name, port=port) for name, port in row_of.items()]
    section = measure("postgresql", [dict(settings[0], standbys=1), settings[1]], python=python)
    primary, standby = section["data"]["instances"]
    assert [row["status"] for row in (primary, standby)] == ["ok", "ok"], section
    assert patrol_schema.list_problems(section, {"$ref": "#/definitions/probe"}) == []
    assert primary["version"] == pair.ask("SHOW server_version")
    assert (primary["in_recovery"], standby["in_recovery"]) == (False, True)
    assert primary["max_connections"] == 12 and 1 <= primary["connections"] < 12
    assert primary["replica"] is None and primary["unread"] == [] == standby["unread"]
    (follower,) = primary["standbys"]
    assert (follower["name"], follower["state"]) == ("walreceiver", "streaming")
    assert (standby["replica"]["receiving"], standby["replica"]["paused"]) == (True, False)
    assert {"name": "演示课程", "size_bytes": pair.ask("SELECT pg_database_size('演示课程')")} in primary[
        "databases"
    ]
    assert primary["settings"]["shared_buffers"] == "16MB"
    assert primary["expected_standbys"] == 1 and standby["expected_standbys"] is None


def test_paused_standby_lags(pair):
    assert pair.ask("SELECT pg_current_wal_lsn()")
    account.wait_until(
        lambda: pair.ask("SELECT pg_last_xact_replay_timestamp() IS NOT NULL", port=STANDBY_PORT)
    )
    pair.ask("SELECT pg_wal_replay_pause()", port=STANDBY_PORT)
    try:
        pair.ask("UPDATE pages SET title = repeat('y', 1000)")
        account.wait_until(
            lambda: pair.ask("SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()", port=STANDBY_PORT)
        )
        standby = seen(pair, port=STANDBY_PORT)["replica"]
        assert standby["paused"] is True and standby["receiving"] is True
        assert standby["lag_bytes"] > 50_000 and standby["lag_seconds"] > 0
        account.wait_until(lambda: seen(pair)["standbys"][0]["lag_bytes"] > 50_000)
    finally:
        pair.ask("SELECT pg_wal_replay_resume()", port=STANDBY_PORT)
    account.wait_until(lambda: seen(pair, port=STANDBY_PORT)["replica"]["lag_bytes"] == 0)


def test_long_transaction_and_a_lock_that_is_waited_for_are_seen(pair):
    before = seen(pair)
    with pair.connect() as holding, pair.connect() as waiting:
        holding.execute("BEGIN")
        holding.execute("UPDATE pages SET title = 'a' WHERE number = 1")
        update = "UPDATE pages SET title = 'b' WHERE number = 1"
        thread = threading.Thread(target=waiting.execute, args=(update,))
        thread.start()
        account.wait_until(lambda: pair.ask("SELECT count(*) FROM pg_locks WHERE NOT granted") == 1)
        account.wait_until(lambda: seen(pair)["longest_transaction_seconds"] >= 1)
        row = seen(pair)
        holding.execute("ROLLBACK")
        thread.join()
    assert (before["waiting_locks"], row["waiting_locks"]) == (0, 1)
    assert row["idle_in_transaction"] == 1 and row["active"] == 1
    assert row["longest_query_seconds"] >= 0.9


def test_deadlock_is_counted(pair):
    before = seen(pair)["deadlocks"]
    with pair.connect() as one, pair.connect() as other:
        for session, number in ((one, 2), (other, 3)):
            session.execute("BEGIN")
            session.execute("UPDATE pages SET title = 'd' WHERE number = %s", (number,))
        fell = []

        def take(session, number):
            try:
                session.execute("UPDATE pages SET title = 'e' WHERE number = %s", (number,))
            except psycopg.errors.DeadlockDetected:
                fell.append(number)
            session.execute("ROLLBACK")

        thread = threading.Thread(target=take, args=(one, 3))
        thread.start()
        take(other, 2)
        thread.join()
    assert len(fell) == 1
    account.wait_until(lambda: seen(pair)["deadlocks"] == before + 1)


def test_connections_near_the_limit_are_seen_until_none_is_left(pair):
    with ExitStack() as stack:
        for _ in range(9):
            # Three of the twelve are kept for the superuser.
            stack.enter_context(pair.connect(user="plain"))
        assert seen(pair)["connections_percent"] >= 80
        refused = seen(pair, user="plain")
    assert refused["status"] == "failed" and "连接不上" in refused["reason"]
    assert "connection slots are reserved" in refused["reason"]


def test_account_without_the_role_does_not_pass_off_its_own_sessions_as_all(pair):
    with pair.connect() as other:
        other.execute("BEGIN")
        row = seen(pair, user="plain")
        assert seen(pair)["idle_in_transaction"] == 1
        other.execute("ROLLBACK")
    assert row["longest_transaction_seconds"] is None and row["standbys"] is None
    assert "pg_monitor" in reasons(row)["longest_transaction_seconds"]
    assert "pg_monitor" in reasons(row)["standbys"]
    assert row["connections"] >= 2 and row["waiting_locks"] == 0


def test_database_that_the_account_may_not_enter_is_named_beside_the_sizes(pair):
    pair.ask("CREATE DATABASE closed TEMPLATE template0")
    pair.ask("REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
    row, superuser = seen(pair, user="plain"), seen(pair)
    pair.ask("DROP DATABASE closed")
    assert superuser["unread"] == []
    assert "closed" in reasons(row)["databases"]
    assert {entry["name"]: entry["size_bytes"] for entry in row["databases"]}["closed"] is None


def test_password_comes_from_its_file_and_stays_there(pair, measure, tmp_path, python):
    # A database with a Chinese name, which Python 3.6 in a plain locale could not hand to a program by itself.
    settings = named(pair, user="watched", password_file=password_file(tmp_path), database="演示课程")
    section = measure("postgresql", [settings], python=python)
    (row,) = section["data"]["instances"]
    assert row["status"] == "ok" and row["unread"] == []
    assert PASSWORD not in json.dumps(section, ensure_ascii=False)


@pytest.mark.parametrize(
    ("password", "mode", "said"),
    [
        ("falsch-虚构-17", 0o600, "账号或密码不对"),
        (PASSWORD, 0o644, "权限是 0644"),
        (PASSWORD, 0o620, "权限是 0620"),
    ],
)
def test_refused_login_is_not_checked_and_tells_no_password(pair, tmp_path, password, mode, said):
    row = seen(pair, user="watched", password_file=password_file(tmp_path, password, mode))
    assert row["status"] == "not_checked"
    assert said in row["reason"] and password not in row["reason"]


def test_password_file_that_is_not_there_is_not_checked(pair):
    row = seen(pair, password_file="/nowhere/pgpass")
    assert (row["status"], row["reason"]) == ("not_checked", "不能读取密码文件 /nowhere/pgpass：不存在")


@pytest.mark.parametrize(
    ("settings", "status", "said"),
    [
        ({"port": 1}, "failed", "连接不上"),
        ({"user": "nobody_at_all"}, "not_checked", "账号或密码不对"),
        ({"database": "no_such"}, "not_checked", "账号或密码不对"),
        ({"program": "/nowhere/psql"}, "not_checked", "本机没有命令 /nowhere/psql"),
    ],
)
def test_instance_that_cannot_be_looked_at_says_why(pair, settings, status, said):
    row = seen(pair, **settings)
    assert row["status"] == status
    assert said in row["reason"]


def test_peer_that_never_answers_costs_only_its_own_row(pair):
    with deaf_peer.listening() as port:
        deaf = {"name": "聋", "host": "127.0.0.1", "port": port, "user": "postgres"}
        rows = probe.measure(Context([deaf, named(pair)], 0.1, 1.5, None))["instances"]
    assert [row["status"] for row in rows] == ["failed", "ok"]
    assert "没有答复" in rows[0]["reason"]


def test_session_of_the_probe_cannot_write_and_waits_for_nothing_long(pair):
    wanted = named(pair)
    script = "CREATE TABLE written (a int);\nUPDATE pages SET title = 'w';\nSHOW statement_timeout;\nSHOW lock_timeout;\n"
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", **probe.build_variables(wanted)}
    done = subprocess.run(
        probe.build_words(wanted), input=script.encode(), capture_output=True, env=environment
    )
    assert done.stderr.decode().count("read-only transaction") == 2
    assert done.stdout.decode().split() == [f"{client.STATEMENT_SECONDS}s", f"{client.LOCK_SECONDS}s"]


def test_sizes_are_left_out_during_an_exam(pair):
    (row,) = probe.measure(Context([named(pair)], 0.1, 10, None, is_light=True))["instances"]
    assert row["databases"] is None and reasons(row) == {"databases": LIGHT_REASON}


def test_error_of_one_query_costs_only_its_own_figures():
    line = postgresql_query.NAMES.index("locks") + 1
    stdout = (
        'overview\t{"version": "9.6.24", "in_recovery": false, "uptime_seconds": 5}\n'
        'settings\t{"name": "a", "value": "b"}\n'
    )
    answer = probe.parse_answer(
        stdout, f"psql:<stdin>:{line}: ERROR:  permission denied for table pg_locks\n"
    )
    row = probe.build_row(answer)
    assert (row["waiting_locks"], row["version"]) == (None, "9.6.24")
    assert reasons(row)["waiting_locks"] == "permission denied for table pg_locks"


def test_session_that_ended_early_does_not_pass_for_a_primary_without_standbys():
    row = probe.build_row(
        probe.parse_answer('overview\t{"version": "15", "in_recovery": false, "uptime_seconds": 5}\n', "")
    )
    assert row["standbys"] is None and row["replica"] is None
    assert {"standbys", "replica", "databases", "waiting_locks"} <= set(reasons(row))


def test_passwords_are_found_in_a_file_of_any_kind():
    text = "# host:1:a:b:c\nlocalhost:5432:*:me:pass\\:word\n*:*:*:x:p q\n"
    assert {"pass:word", "p q"} <= set(probe.parse_passwords(text))

"""nginx as the agent sees it: a real one, its status page, its log over a rotation."""

import json

import deaf_peer
import patrol_schema
import pytest
from eduops_agent.context import Context, NotChecked
from eduops_agent.probes import nginx as probe
from servers import account, nginx

pytestmark = pytest.mark.needs("nginx")


@pytest.fixture(scope="module")
def server():
    with nginx.running() as found:
        yield found


def named(server, **settings):
    return {
        "name": "门户",
        "status_url": server.address + "/status",
        "access_log": str(server.access_log),
        **settings,
    }


@pytest.fixture
def look(tmp_path):
    def run(*instances, **options):
        context = Context({"instances": list(instances)}, 0.1, 5, None, state_folder=str(tmp_path / "state"))
        return probe.measure(context._replace(**options))["instances"]

    return run


def reasons(row):
    return {figure: entry["reason"] for entry in row["unread"] for figure in entry["figures"]}


def is_written(server, lines):
    # nginx writes its log after it has answered.
    account.wait_until(lambda: len(server.access_log.read_bytes().splitlines()) >= lines)


def test_only_requests_since_the_last_patrol_count_even_over_a_rotation(server, look):
    look(named(server))
    before = len(server.access_log.read_bytes().splitlines())
    server.visit("/", 6)
    server.visit("/missing", 2)
    server.visit("/broken", 2)
    is_written(server, before + 10)
    (row,) = look(named(server))
    assert row["status"] == "ok" and row["unread"] == []
    assert [row[key] for key in ("log_requests", "log_4xx", "log_5xx")] == [10, 2, 2]
    assert (row["log_4xx_percent"], row["log_5xx_percent"], row["log_unparsed"]) == (20.0, 20.0, 0)
    server.visit("/broken", 1)
    is_written(server, before + 11)
    server.rotate_log()
    server.visit("/", 3)
    is_written(server, 3)
    (row,) = look(named(server))
    assert (row["log_requests"], row["log_5xx"], row["log_was_rotated"], row["log_has_gap"]) == (
        4,
        1,
        True,
        False,
    )
    (row,) = look(named(server))
    assert (row["log_requests"], row["log_5xx_percent"]) == (0, None)


def test_status_page_is_read_and_the_document_is_as_its_schema_says(server, measure, tmp_path, python):
    settings = {"instances": [named(server)], "state_file": str(tmp_path / "nginx.json")}
    section = measure("nginx", settings, python=python)
    assert patrol_schema.list_problems(section, {"$ref": "#/definitions/probe"}) == []
    (row,) = section["data"]["instances"]
    assert row["active"] >= 1 and row["dropped"] == 0 and row["requests"] >= 1
    assert row["log_is_first_read"] is True
    assert row["version"] and row["version"][0].isdigit()
    assert "position" not in json.dumps(section)


def test_page_that_is_another_and_log_that_is_forbidden_cost_only_their_figures(server, look, tmp_path):
    (row,) = look(named(server, status_url=server.address + "/"))
    assert row["status"] == "ok" and row["active"] is None and row["log_requests"] is not None
    assert "stub_status" in reasons(row)["active"]
    (row,) = look(named(server, status_url=server.address + "/missing"))
    assert "404" in reasons(row)["dropped"]
    folder = tmp_path / "log"
    folder.mkdir()
    (row,) = look(named(server, access_log=str(folder)))
    assert row["active"] >= 1 and row["log_requests"] is None
    assert "是目录" in reasons(row)["log_requests"]


def test_instance_may_have_only_one_of_the_two(server, look):
    page, log = named(server), named(server)
    del page["access_log"], log["status_url"]
    rows = look(dict(page, name="页"), dict(log, name="日志"))
    assert [row["status"] for row in rows] == ["ok", "ok"]
    assert "access_log" in reasons(rows[0])["log_requests"] and "status_url" in reasons(rows[1])["active"]


def test_server_that_is_down_and_log_that_is_gone_have_failed(server, look):
    rows = look(
        named(server, status_url="http://127.0.0.1:1/status"),
        named(server, name="b", access_log="/nowhere/access.log"),
    )
    assert [row["status"] for row in rows] == ["failed", "failed"]
    assert "连接被拒绝" in rows[0]["reason"] and "/nowhere/access.log 不存在" in rows[1]["reason"]


def test_peer_that_never_answers_costs_only_its_own_row(server, look):
    with deaf_peer.listening() as port:
        deaf = {"name": "聋", "status_url": f"http://127.0.0.1:{port}/status"}
        rows = look(deaf, named(server), timeout_seconds=1.5)
    assert [row["status"] for row in rows] == ["failed", "ok"]
    assert "没有答复" in rows[0]["reason"]


def test_where_nothing_may_be_kept_each_read_is_the_first(server, look):
    for _ in range(2):
        (row,) = look(named(server), state_folder=None)
        assert row["log_is_first_read"] is True


LINES = [
    b'10.0.0.9 - - [05/Mar/2026:11:50:00 +0800] "GET /a HTTP/1.1" 200 12 "-" "curl \\x22 502 9"',
    b'10.0.0.9 - - [05/Mar/2026:11:50:00 +0800] "GET /b?x= 500 1 HTTP/1.1" 404 - "-" "-"',
    b'10.0.0.9 - - [05/Mar/2026:11:50:01 +0800] "\\x16\\x03\\x01" 400 157 "-" "-"',
    b'10.0.0.9 - - [05/Mar/2026:11:50:02 +0800] "POST /c HTTP/1.1" 502 0 "-" "-" 0.004',
    b"2026/03/05 11:50:02 [error] 9#9: upstream timed out",
    "10.0.0.9 虚构".encode("gb18030"),
    b"",
]


def test_lines_of_the_usual_format_are_understood_whatever_the_request_says():
    found = probe.parse_access_log(LINES)
    assert [found[key] for key in ("log_requests", "log_4xx", "log_5xx", "log_unparsed")] == [4, 2, 1, 3]


def test_own_format_is_read_by_its_own_pattern():
    lines = [b"status=503 path=/a", b"status=200 path=/b"]
    found = probe.parse_access_log(lines, r"status=(\d{3})")
    assert (found["log_requests"], found["log_5xx"]) == (2, 1)


def test_status_page_of_any_version_is_understood():
    page = "Active connections: 3 \nserver accepts handled requests{}\n 10 9 30 {}\nReading: 0 Writing: 1 Waiting: 2 \n"
    assert probe.parse_status_page(page.format("", ""))["dropped"] == 1
    # Tengine adds a time.
    assert probe.parse_status_page(page.format(" request_time", "5012"))["requests"] == 30
    with pytest.raises(NotChecked):
        probe.parse_status_page("<html>登录</html>")

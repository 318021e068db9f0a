"""What patrol.yaml names and nobody looked at keeps a host from being normal."""

from zoneinfo import ZoneInfo

import pytest
from patrol.healthy_document import build_healthy, put, section, sign
from patrol.servers_document import build_healthy_servers

from eduops.asset import service as assets
from eduops.asset.rules import Environment, NewHost, Role
from eduops.core.config import load_yaml
from eduops.core.shipped import find_shipped
from eduops.patrol import service
from eduops.patrol.rules.check import State
from eduops.patrol.rules.demand import list_demands
from eduops.patrol.rules.document import parse_document
from eduops.patrol.rules.judgement import judge
from eduops.patrol.rules.paste import Paste
from eduops.patrol.rules.paste_document import build_document
from eduops.patrol.rules.run import Kind
from eduops.patrol.rules.threshold import PatrolConfig
from eduops.patrol.service.judge import rejudge

CONFIG = load_yaml(find_shipped("configs", "patrol.yaml"), PatrolConfig)
LIMITS = CONFIG.for_role("application")

# What the healthy document looked at.
SEEN = {
    "services": {"expected": ["nginx"]},
    "processes": {"expected": [{"name": "nginx"}]},
}
# By probe: what is demanded, and the check that stands for it.
UNSEEN = [
    ("services", {"expected": ["nginx", "tomcat9"]}, "service_active", "服务 tomcat9.service"),
    ("services", {"expected": ["backup.timer"]}, "service_active", "服务 backup.timer"),
    ("processes", {"expected": [{"name": "java", "command": "Bootstrap"}]}, "process_running", "进程 java Bootstrap"),
    ("urls", [{"name": "报名", "url": "https://edu.invalid/"}], "url_status", "报名"),
    ("certificates", {"files": ["/etc/ssl/虚构.pem"]}, "certificate_days", "/etc/ssl/虚构.pem"),
    ("certificates", {"endpoints": [{"host": "edu.invalid", "port": 8443}]}, "certificate_days", "edu.invalid:8443"),
    ("logs", {"files": [{"path": "/var/log/虚构.log", "patterns": []}]}, "log_complete", "/var/log/虚构.log"),
    ("backups", [{"name": "每夜", "folder": "/data/night"}], "backup_age_hours", "每夜"),
    ("configuration", ["/etc/虚构.conf"], "configuration_file", "/etc/虚构.conf"),
    ("postgresql", [{"name": "主库"}], "instance_answers", "PostgreSQL 主库"),
    ("mysql", [{"name": "题库"}], "instance_answers", "MySQL 题库"),
    ("redis", [{"name": "会话"}], "instance_answers", "Redis 会话"),
    ("nginx", {"instances": [{"name": "门户"}]}, "instance_answers", "nginx 门户"),
    ("tomcat", [{"name": "课程"}], "instance_answers", "Tomcat 课程"),
]  # fmt: skip


def judged(document, agent_config, limits=LIMITS):
    return judge(parse_document(sign(document)), limits, demands=list_demands("app-1", agent_config))


def unseen(document, agent_config, limits=LIMITS):
    found = judged(document, agent_config, limits)
    return [
        (check.probe, check.metric, check.item)
        for check in found.problems
        if check.state is State.NOT_CHECKED and check.is_mandatory
    ]


@pytest.mark.parametrize(("probe", "demand", "metric", "item"), UNSEEN)
def test_what_is_named_and_not_in_the_document_is_a_mandatory_check_that_was_not_made(
    probe, demand, metric, item
):
    document = build_healthy()
    assert judged(document, {}).state is State.NORMAL
    found = judged(document, {probe: demand})
    assert found.state is State.NOT_CHECKED
    (check,) = found.problems
    assert (check.probe, check.metric, check.item, check.is_mandatory) == (probe, metric, item, True)
    assert check.text.startswith("没有检查")
    for said in (f"patrol.yaml 的 agents.app-1.{probe}", "eduops patrol run", "从 patrol.yaml 去掉"):
        assert said in check.text


def rows_of(document, probe, key):
    return section(document, probe)["data"][key]


def test_what_is_named_and_was_looked_at_is_told_once():
    document = build_healthy()
    url, backup = rows_of(document, "urls", "urls")[0], rows_of(document, "backups", "backups")[0]
    log = rows_of(document, "logs", "logs")[0]
    certificate = rows_of(document, "certificates", "certificates")[0]
    demands = {
        **SEEN,
        "urls": [{"name": url["name"], "url": url["url"]}],
        "backups": [{"name": backup["name"], "folder": backup["folder"]}],
        "certificates": {"files": [certificate["source"]]},
        "logs": {
            "files": [{"path": log["path"], "patterns": [{"name": row["name"]} for row in log["matches"]]}]
        },
    }
    plain, found = judged(document, {}), judged(document, demands)
    assert found.state is State.NORMAL
    assert [(each.metric, each.item, each.text) for each in found.checks] == [
        (each.metric, each.item, each.text) for each in plain.checks
    ]


def test_databases_that_answered_are_as_demanded_and_the_others_are_not():
    document = build_healthy_servers()
    limits = LIMITS.model_copy(update={"mandatory": frozenset({"postgresql"})})
    names = {probe: rows_of(document, probe, "instances")[0]["name"] for probe in ("postgresql", "redis")}
    assert unseen(document, {probe: [{"name": name}] for probe, name in names.items()}, limits) == []
    two = {"postgresql": [{"name": names["postgresql"]}, {"name": "第二个"}]}
    assert unseen(document, two, limits) == [("postgresql", "instance_answers", "PostgreSQL 第二个")]


def test_same_name_at_another_address_or_folder_is_not_the_thing_that_is_named():
    document = build_healthy()
    url, backup = rows_of(document, "urls", "urls")[0], rows_of(document, "backups", "backups")[0]
    other = {
        "urls": [{"name": url["name"], "url": "https://elsewhere.invalid/"}],
        "backups": [{"name": backup["name"], "folder": "/elsewhere"}],
    }
    assert [metric for _, metric, _ in unseen(document, other)] == ["url_status", "backup_age_hours"]


def test_an_address_whose_secret_the_agent_left_out_is_known_by_its_name():
    document = put(build_healthy(), "urls", "urls.0.url", "https://edu.invalid/?token=***")
    name = rows_of(document, "urls", "urls")[0]["name"]
    assert unseen(document, {"urls": [{"name": name, "url": "https://edu.invalid/?token=abc"}]}) == []


def test_a_page_whose_text_nobody_looked_for_and_a_log_without_the_pattern_are_told():
    document = put(build_healthy(), "urls", "urls.0.text_found", None)
    url, log = rows_of(document, "urls", "urls")[0], rows_of(document, "logs", "logs")[0]
    demands = {
        "urls": [{"name": url["name"], "url": url["url"], "text": "虚构"}],
        "logs": {"files": [{"path": log["path"], "patterns": [{"name": "虚构的模式"}]}]},
    }
    assert unseen(document, demands) == [
        ("urls", "url_text", url["name"]),
        ("logs", "log_matches", f"{log['path']} 虚构的模式"),
    ]


def test_of_what_did_not_answer_the_parts_are_not_told_again():
    document = build_healthy()
    url, log = rows_of(document, "urls", "urls")[0], rows_of(document, "logs", "logs")[0]
    url.update(status="failed", reason="超时", text_found=None)
    log.update(status="failed", reason="文件不存在", matches=None)
    demands = {
        "urls": [{"name": url["name"], "url": url["url"], "text": "虚构"}],
        "logs": {"files": [{"path": log["path"], "patterns": [{"name": "虚构"}]}]},
    }
    found = judged(document, demands)
    assert [(each.metric, each.state) for each in found.problems] == [
        ("url_status", State.CRITICAL),
        ("log_complete", State.CRITICAL),
    ]


def test_what_is_named_and_could_not_be_read_is_no_more_excused():
    document = build_healthy()
    log = rows_of(document, "logs", "logs")[0]
    log.update(status="not_checked", reason="没有读取的权限")
    assert "logs" not in LIMITS.mandatory
    assert judged(document, {}).state is State.NORMAL
    assert unseen(document, {"logs": {"files": [{"path": log["path"], "patterns": []}]}}) == [
        ("logs", "log_complete", log["path"])
    ]


def test_a_probe_that_was_not_made_says_why_for_each_thing_that_is_named():
    document = build_healthy()
    section(document, "urls").update(status="not_checked", reason="配置中没有列出网址（urls）", data=None)
    found = judged(document, {"urls": [{"name": "报名", "url": "https://edu.invalid/"}]})
    (check,) = found.problems
    assert "配置中没有列出网址（urls）" in check.text
    document["probes"] = [each for each in document["probes"] if each["name"] != "urls"]
    assert unseen(document, {"urls": [{"name": "报名", "url": "https://edu.invalid/"}]}) == [
        ("urls", "url_status", "报名")
    ]


def test_a_probe_that_failed_as_a_whole_is_told_once():
    document = build_healthy()
    section(document, "urls").update(status="failed", reason="超时", data=None)
    found = judged(document, {"urls": [{"name": "报名", "url": "https://edu.invalid/"}]})
    assert [(each.metric, each.state) for each in found.problems] == [("urls", State.CANNOT_TELL)]


def test_what_an_exam_left_out_whole_is_not_told_twice():
    document = {**build_healthy(), "light": True}
    reason = "考试进行中，未做重负载检查"
    section(document, "urls").update(status="not_checked", reason=reason, data=None)
    demand = {
        "urls": [{"name": "报名", "url": "https://edu.invalid/"}],
        "backups": [{"name": "每夜", "folder": "/n"}],
    }
    assert unseen(document, demand) == [("backups", "backup_age_hours", "每夜")]
    # Only an exam's patrol may leave out what it leaves out.
    assert len(unseen({**document, "light": False}, demand)) == 2


def test_names_are_compared_as_documents_are_read():
    document = put(build_healthy(), "urls", "urls.0.name", "首页　东院")
    url = rows_of(document, "urls", "urls")[0]["url"]
    assert unseen(document, {"urls": [{"name": "首页　东院", "url": url}]}) == []


def test_a_configuration_of_another_shape_demands_nothing_of_that():
    for wrong in (
        None,
        3,
        "nginx",
        [3, None],
        {"expected": 3},
        {"expected": [3, {}, {"name": 3}]},
        {"files": [{}]},
    ):
        demands = list_demands("app-1", dict.fromkeys((row[0] for row in UNSEEN), wrong))
        assert demands == {}


def test_an_answer_that_was_pasted_back_looked_at_no_address():
    text = "eduops-script 1\n@@n date\n2026-03-05T03:50:00Z\n@@n hostname\nedu\n@@n end\n"
    content = build_document(Paste("n", "app-1", text.encode()), {})
    demands = list_demands("app-1", {"urls": [{"name": "报名", "url": "https://edu.invalid/"}]})
    found = judge(parse_document(content), LIMITS, demands=demands)
    (check,) = [each for each in found.checks if each.metric == "url_status"]
    assert (check.state, check.is_mandatory) == (State.NOT_CHECKED, True)
    assert "粘贴脚本不检查这一项" in check.text


@pytest.fixture
def host(store, now):
    new = NewHost(
        "app-1", "主机（虚构）", Role.APPLICATION, Environment.PRODUCTION, "10.66.0.11", is_invented=True
    )
    with store.writing() as session:
        return assets.add_host(session, new, now=now)


def demanding(host, **agent_config):
    return CONFIG.model_copy(update={"agents": {host.code: agent_config}})


def test_every_way_in_knows_what_is_named_and_judging_again_does_too(store, host, now):
    wanted = demanding(host, services={"expected": ["nginx", "tomcat9"]})
    common = {"kind": Kind.DAILY, "actor": "工程师（虚构）", "zone": ZoneInfo("Asia/Shanghai")}
    with store.writing() as session:
        taken, _ = service.ingest(
            session, host, sign(build_healthy()), wanted, now=now, source="虚构", **common
        )
        begun = service.start_run(session, host, now=now, **common)
        other = sign(put(build_healthy(), "memory", "used_percent", 41.0))
        live, _ = service.finish_run(session, begun.ref, other, wanted, now=now)
        assert (taken.state, live.state) == ("not_checked", "not_checked")
    with store.writing() as session:
        again = rejudge(session, host, CONFIG, write=True)
        assert [each.new for each in again] == [State.NORMAL, State.NORMAL]
        again = rejudge(session, host, wanted, write=True)
        assert [each.new for each in again] == [State.NOT_CHECKED, State.NOT_CHECKED]
        assert [shift.item for shift in again[0].shifts] == ["服务 tomcat9.service"]

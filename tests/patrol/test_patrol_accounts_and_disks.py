"""What the figures of accounts, of disks' own health and of configuration files mean (agent 0.2.0)."""

import json

import pytest
from patrol.healthy_document import GOLDEN, build_healthy, put, section, sign

from eduops.core.config import load_yaml
from eduops.core.shipped import find_shipped
from eduops.patrol.rules.check import Check, State
from eduops.patrol.rules.document import parse_document
from eduops.patrol.rules.judgement import judge
from eduops.patrol.rules.threshold import PatrolConfig

LIMITS = load_yaml(find_shipped("configs", "patrol.yaml"), PatrolConfig).default
NEW = GOLDEN.with_name("demo-host-2.json")
NORMAL, WARNING, CRITICAL = State.NORMAL, State.WARNING, State.CRITICAL
NOT_CHECKED, CANNOT_TELL = State.NOT_CHECKED, State.CANNOT_TELL


def newer():
    return json.loads(NEW.read_text(encoding="utf-8"))


def checks_of(document) -> dict[tuple[str, str], Check]:
    return {
        (check.metric, check.item): check for check in judge(parse_document(sign(document)), LIMITS).checks
    }


def test_documents_of_both_agents_give_the_same_answers_where_both_speak():
    old = checks_of(json.loads(GOLDEN.read_text(encoding="utf-8")))
    new = checks_of(newer())
    assert old.items() <= new.items()
    assert {check.probe for key, check in new.items() if key not in old} == {
        "accounts",
        "smart",
        "configuration",
    }


@pytest.mark.parametrize(
    ("probe", "address", "value", "metric", "item", "state"),
    [
        ("accounts", "failed_logins.count", 99, "failed_logins", "", NORMAL),
        ("accounts", "failed_logins.count", 100, "failed_logins", "", WARNING),
        ("accounts", "failed_logins.count", 999, "failed_logins", "", WARNING),
        ("accounts", "failed_logins.count", 1000, "failed_logins", "", CRITICAL),
        ("accounts", "failed_logins.count", None, "failed_logins", "", CANNOT_TELL),
        ("accounts", "failed_logins", None, "失败登录", "失败登录", CANNOT_TELL),
        ("accounts", "accounts.0.uid", 1, "root_accounts", "", NORMAL),
        ("accounts", "accounts.0.uid", 0, "root_accounts", "", CRITICAL),
        ("accounts", "accounts", None, "root_accounts", "", CANNOT_TELL),
        ("smart", "disks.0.healthy", True, "smart_healthy", "/dev/sda", NORMAL),
        ("smart", "disks.0.healthy", False, "smart_healthy", "/dev/sda", CRITICAL),
        ("smart", "disks.0.healthy", None, "smart_healthy", "/dev/sda", CANNOT_TELL),
        ("smart", "disks.1.device", "/dev/sdb", "smart_healthy", "/dev/sdb", NOT_CHECKED),
        ("smart", "disks.0.pending_sectors", 0, "smart_bad_sectors", "/dev/sda", NORMAL),
        ("smart", "disks.0.pending_sectors", 1, "smart_bad_sectors", "/dev/sda", WARNING),
        ("smart", "disks.0.reallocated_sectors", 100, "smart_bad_sectors", "/dev/sda", CRITICAL),
        ("smart", "disks.0.uncorrectable_sectors", "x", "smart_bad_sectors", "/dev/sda", CANNOT_TELL),
        ("smart", "disks.0.wear_percent", 79, "smart_wear_percent", "/dev/sda", NORMAL),
        ("smart", "disks.0.wear_percent", 80, "smart_wear_percent", "/dev/sda", WARNING),
        ("smart", "disks.0.wear_percent", 255, "smart_wear_percent", "/dev/sda", CRITICAL),
        ("smart", "disks", {}, "smart_healthy", "", CANNOT_TELL),
        ("configuration", "files.0.size_bytes", 1, "configuration_file", "/etc/nginx/nginx.conf", NORMAL),
        ("configuration", "files.0.status", "failed", "configuration_file", "/etc/nginx/nginx.conf", CRITICAL),
        ("configuration", "files.0.status", "not_checked", "configuration_file", "/etc/nginx/nginx.conf", NOT_CHECKED),
        ("configuration", "files.0.sha256", None, "configuration_file", "/etc/nginx/nginx.conf", CANNOT_TELL),
        ("configuration", "files", None, "configuration_file", "结果列表", CANNOT_TELL),
    ],
)  # fmt: skip
def test_each_limit_has_a_row_on_both_sides(probe, address, value, metric, item, state):
    found = checks_of(put(newer(), probe, address, value))
    metric = {"失败登录": "failed_logins"}.get(metric, metric)
    assert found[metric, item].state is state


def test_login_record_that_may_not_be_read_keeps_no_host_from_being_normal():
    document = build_healthy()
    document["probes"].append({"name": "accounts", "status": "ok", "reason": "", "data": {
        "accounts": [{"name": "root", "uid": 0}],
        "failed_logins": {"status": "not_checked", "reason": "没有权限"},
    }})  # fmt: skip
    strict = LIMITS.model_copy(update={"mandatory": LIMITS.mandatory | {"accounts"}})
    judgement = judge(parse_document(sign(document)), strict)
    assert judgement.state is NORMAL
    assert any("没有权限" in check.text for check in judgement.checks)


def test_system_without_a_load_is_not_an_alarm_where_it_says_so():
    document = build_healthy()
    section(document, "cpu")["data"].update(load_5m=None, load_reason="本系统没有负载这一指标")
    judgement = judge(parse_document(sign(document)), LIMITS)
    assert judgement.state is NORMAL
    (check,) = [check for check in judgement.checks if check.metric == "load_per_core"]
    assert (check.state, check.text) == (NOT_CHECKED, "本系统没有负载这一指标")


def test_exam_day_document_says_what_was_left_out():
    document = newer()
    document["light"] = True
    left_out = section(document, "smart")
    left_out.update(status="not_checked", reason="考试进行中，未做重负载检查", data=None)
    found = checks_of(document)["smart", ""]
    assert (found.state, found.text) == (NOT_CHECKED, "考试进行中，未做重负载检查")

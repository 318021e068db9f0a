"""What a baseline holds of a document, and what differs from it: nothing unread is ever "the same"."""

import copy

import pytest
from patrol.healthy_document import build_healthy, section, sign
from patrol.test_patrol_judgement import CONFIG

from eduops.patrol.rules.baseline import Baseline, build_facts, extract_parts, hash_facts
from eduops.patrol.rules.check import State
from eduops.patrol.rules.document import parse_document
from eduops.patrol.rules.drift import compare
from eduops.patrol.rules.judgement import Memory, judge
from eduops.patrol.rules.threshold import Part

THRESHOLDS = CONFIG.for_role("application")


def build() -> dict:
    """A healthy document with every part of a baseline in it."""
    document = build_healthy()
    for name, data in (
        ("accounts", {"accounts": [{"name": "root", "uid": 0, "shell": "/bin/bash", "groups": ["root"]}]}),
        (
            "configuration",
            {"files": [{"path": "/etc/app.conf", "status": "ok", "reason": "", "sha256": "a" * 64}]},
        ),
        (
            "postgresql",
            {
                "instances": [
                    {"name": "主库", "status": "ok", "version": "15.4", "settings": {"max_connections": 100}}
                ]
            },
        ),
    ):
        document["probes"] = [each for each in document["probes"] if each["name"] != name]
        document["probes"].append({**section(document, "cpu"), "name": name, "data": data})
    section(document, "schedules")["data"].update(
        entries=[
            {"schedule": "0 2 * * *", "user": "root", "command": "/opt/backup.sh", "source": "/etc/crontab"}
        ],
        unread=[],
        timers=[],
    )
    return document


def parts_of(document: dict):
    return extract_parts(parse_document(sign(document)))


def baseline_of(document: dict) -> Baseline:
    return Baseline(3, build_facts(parts_of(document)))


def judged(document: dict, baseline: Baseline | None, thresholds=THRESHOLDS):
    found = judge(parse_document(sign(document)), thresholds, Memory(baseline=baseline))
    return [check for check in found.checks if check.probe == "drift"]


def test_baseline_holds_every_part_that_was_read():
    facts = build_facts(parts_of(build()))
    assert set(facts) == {part.value for part in Part}
    assert facts["ports"]["tcp 0.0.0.0:443"]
    assert facts["accounts"] == {"root": "uid=0 shell=/bin/bash groups=root"}
    assert facts["schedules"] == {"/etc/crontab root /opt/backup.sh": "0 2 * * *"}
    assert facts["configuration"] == {"/etc/app.conf": "a" * 64}
    assert facts["databases"] == {"postgresql 主库 版本": "15.4", "postgresql 主库 max_connections": "100"}
    assert facts["mounts"]["/"] == "ext4 /dev/mapper/openeuler-root"
    assert facts["services"] == {"nginx.service": "enabled"}
    assert hash_facts(facts) == hash_facts(build_facts(parts_of(build())))


def test_same_document_has_no_drift_and_says_which_parts_were_compared():
    (check,) = judged(build(), baseline_of(build()))
    assert (check.state, check.metric) == (State.NORMAL, "drift")
    assert "与基线 3 一致" in check.text
    assert "监听端口" in check.text and "数据库" in check.text


def test_figures_that_move_by_themselves_are_no_drift():
    document = build()
    document["measured_at"] = "2026-03-06T03:50:00.000Z"
    section(document, "system")["data"].update(uptime_seconds=1.0, booted_at="2026-03-06T03:48:00.000Z")
    section(document, "network")["data"]["listening"].append(
        {"protocol": "udp", "address": "::", "port": 45123}
    )
    section(document, "network")["data"]["listening"].reverse()
    (check,) = judged(document, baseline_of(build()))
    assert check.state is State.NORMAL


def change(part: Part, document: dict) -> None:
    match part:
        case Part.SYSTEM:
            section(document, "system")["data"]["kernel"] = "6.1.0"
        case Part.PACKAGES:
            section(document, "system")["data"]["packages"][0]["version"] = "9.9"
        case Part.PORTS:
            row = {"protocol": "tcp", "address": "0.0.0.0", "port": 4444}
            section(document, "network")["data"]["listening"].append(row)
        case Part.ACCOUNTS:
            row = {"name": "guest", "uid": 1009, "shell": "/bin/bash", "groups": []}
            section(document, "accounts")["data"]["accounts"].append(row)
        case Part.SCHEDULES:
            section(document, "schedules")["data"]["entries"] = []
        case Part.SERVICES:
            section(document, "services")["data"]["expected"][0]["enabled"] = "disabled"
        case Part.CONFIGURATION:
            section(document, "configuration")["data"]["files"][0]["sha256"] = "b" * 64
        case Part.DATABASES:
            section(document, "postgresql")["data"]["instances"][0]["settings"]["max_connections"] = 500
        case Part.MOUNTS:
            section(document, "disks")["data"]["filesystems"].pop()


@pytest.mark.parametrize("part", Part)
def test_each_parts_difference_is_found_and_judged_by_its_level(part):
    document = build()
    change(part, document)
    critical = {Part.PORTS, Part.ACCOUNTS, Part.MOUNTS}
    same, differing = judged(document, baseline_of(build()))
    assert (differing.metric, differing.state) == (
        part.value,
        State.CRITICAL if part in critical else State.WARNING,
    )
    assert differing.item
    assert "基线 3" in differing.text
    assert same.state is State.NORMAL


@pytest.mark.parametrize(("level", "state"), [("critical", State.CRITICAL), ("warning", State.WARNING)])
def test_level_is_the_files(level, state):
    document = build()
    change(Part.PORTS, document)
    thresholds = THRESHOLDS.model_copy(update={"drift": {Part.PORTS: level}})
    assert judged(document, baseline_of(build()), thresholds)[-1].state is state


def test_part_that_is_ignored_is_not_judged():
    document = build()
    change(Part.PORTS, document)
    thresholds = THRESHOLDS.model_copy(update={"drift": {Part.PORTS: "ignore"}})
    (check,) = judged(document, baseline_of(build()), thresholds)
    assert check.state is State.NORMAL
    assert "监听端口" not in check.text


def test_text_says_new_gone_and_changed():
    document = build()
    change(Part.PORTS, document)
    change(Part.SCHEDULES, document)
    change(Part.DATABASES, document)
    texts = [check.text for check in judged(document, baseline_of(build()))[1:]]
    assert any("tcp 0.0.0.0:4444 是新增的" in text for text in texts)
    assert any("/opt/backup.sh 不见了（原为 0 2 * * *）" in text for text in texts)
    assert any("max_connections 由 100 变为 500" in text for text in texts)


@pytest.mark.parametrize(
    ("status", "state"), [("not_checked", State.NOT_CHECKED), ("failed", State.CANNOT_TELL)]
)
def test_part_that_was_not_read_this_time_is_said_to_be_and_never_the_same(status, state):
    document = build()
    section(document, "network").update(status=status, reason="没有权限", data=None)
    same, unread = judged(document, baseline_of(build()))
    assert "监听端口" not in same.text
    assert (unread.metric, unread.item, unread.state) == ("ports", "", state)
    assert "没有权限" in unread.text


def test_part_that_makes_no_sense_cannot_be_told():
    document = build()
    section(document, "network")["data"]["listening"] = "all of them"
    assert judged(document, baseline_of(build()))[-1].state is State.CANNOT_TELL


def test_missing_probe_is_not_checked():
    document = build()
    document["probes"] = [each for each in document["probes"] if each["name"] != "accounts"]
    unread = judged(document, baseline_of(build()))[-1]
    assert (unread.metric, unread.state) == ("accounts", State.NOT_CHECKED)


def test_what_a_table_nobody_may_read_held_is_not_gone():
    document = build()
    section(document, "schedules")["data"].update(
        entries=[], unread=[{"source": "/etc/crontab", "reason": "没有权限"}]
    )
    unread = judged(document, baseline_of(build()))[-1]
    assert (unread.metric, unread.state) == ("schedules", State.NOT_CHECKED)
    assert "1 项这次没有读到" in unread.text


def test_database_that_does_not_answer_has_not_lost_its_settings():
    document = build()
    section(document, "postgresql")["data"]["instances"] = [
        {"name": "主库", "status": "failed", "reason": "连接被拒绝"}
    ]
    unread = judged(document, baseline_of(build()))[-1]
    assert (unread.metric, unread.state) == ("databases", State.NOT_CHECKED)


def test_part_that_the_baseline_lacks_asks_for_another_approval():
    before = build()
    section(before, "accounts").update(status="not_checked", reason="没有权限", data=None)
    unread = judged(build(), baseline_of(before))[-1]
    assert (unread.metric, unread.state) == ("accounts", State.NOT_CHECKED)
    assert "重新批准" in unread.text


def test_without_a_baseline_nothing_is_compared_and_the_host_may_be_normal():
    found = judge(parse_document(sign(build_healthy())), THRESHOLDS)
    check = found.checks[-1]
    assert (check.probe, check.state, check.is_mandatory) == ("drift", State.NOT_CHECKED, False)
    assert "还没有批准过基线" in check.text
    assert check not in found.problems


def test_mandatory_drift_needs_a_baseline():
    thresholds = THRESHOLDS.model_copy(update={"mandatory": THRESHOLDS.mandatory | {"drift"}})
    assert judge(parse_document(sign(build_healthy())), thresholds).state is State.NOT_CHECKED


def test_section_of_the_documents_own_called_drift_means_nothing():
    document = build()
    document["probes"].append({**section(document, "cpu"), "name": "drift", "data": {}})
    (check,) = judged(document, None)
    assert check.state is State.NOT_CHECKED


def test_many_differences_are_summed_up():
    document = build()
    section(document, "network")["data"]["listening"] = [
        {"protocol": "tcp", "address": "::", "port": port} for port in range(9000, 9100)
    ]
    checks = [check for check in judged(document, baseline_of(build())) if check.metric == "ports"]
    assert len(checks) == 31
    assert "还有 73 项" in checks[-1].text


def test_documents_read_one_after_the_other_share_only_what_is_word_for_word_the_same():
    told: dict = {}
    first, second = build(), build()
    change(Part.PORTS, second)
    documents = [parse_document(sign(each)) for each in (first, second, copy.deepcopy(first))]
    assert [extract_parts(each, told) for each in documents] == [extract_parts(each) for each in documents]


def test_nonsense_is_never_a_difference_that_crashes():
    document = build()
    section(document, "schedules")["data"]["entries"] = [{"schedule": 5, "command": None}, {}]
    section(document, "accounts")["data"]["accounts"] = [{"uid": [1], "groups": {"a": 1}}]
    section(document, "postgresql")["data"]["instances"] = [{"settings": {"x": [1, {"y": None}]}}]
    drifts = compare(baseline_of(build()), parts_of(document))
    assert [drift.part for drift in drifts] == list(Part)

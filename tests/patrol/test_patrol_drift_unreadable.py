"""A part of a baseline with rows that nobody can read: neither as approved nor gone."""

import pytest
from patrol.healthy_document import section
from patrol.test_patrol_drift import baseline_of, build, judged, parts_of

from eduops.patrol.rules.check import State
from eduops.patrol.rules.threshold import Part

NAMELESS = {"status": "ok", "reason": ""}
UNREADABLE = [
    (Part.PORTS, "network", "listening", [{}]),
    (Part.PORTS, "network", "listening", [{"protocol": "tcp", "address": "0.0.0.0", "port": "443"}]),
    (Part.PORTS, "network", "listening", [{"protocol": "tcp", "address": "0.0.0.0", "port": 443.5}]),
    (Part.PORTS, "network", "listening", [{"protocol": "tcp", "address": "0.0.0.0", "port": True}]),
    (Part.PORTS, "network", "listening", [{"protocol": "tcp", "address": "0.0.0.0", "port": 70_000}]),
    (Part.PORTS, "network", "listening", [{"protocol": "tcp", "address": 0, "port": 443}]),
    (Part.PORTS, "network", "listening", [{"address": "0.0.0.0", "port": 443}]),
    (Part.PORTS, "network", "listening", ["tcp 0.0.0.0:443"]),
    (Part.PORTS, "network", "listening", {"tcp": 443}),
    (Part.MOUNTS, "disks", "filesystems", [NAMELESS]),
    (Part.MOUNTS, "disks", "filesystems", [{"mount": 3, "type": "ext4", "device": "/dev/sda1"}]),
    (Part.MOUNTS, "disks", "filesystems", [{"mount": "/", "device": "/dev/sda1"}]),
    (Part.CONFIGURATION, "configuration", "files", ["/etc/app.conf"]),
    (Part.CONFIGURATION, "configuration", "files", [NAMELESS]),
    (Part.CONFIGURATION, "configuration", "files", [{"path": "/etc/app.conf", "status": "ok", "sha256": 3}]),
    (Part.CONFIGURATION, "configuration", "files", [{"sha256": "a" * 64, "status": "ok"}]),
    (Part.PACKAGES, "system", "packages", [{"version": "1.21"}]),
    (Part.PACKAGES, "system", "packages", [{"name": "nginx"}]),
    (Part.ACCOUNTS, "accounts", "accounts", [{"uid": 0}]),
    (Part.SCHEDULES, "schedules", "entries", [{"source": "/etc/crontab"}]),
    (Part.SCHEDULES, "schedules", "unread", 3),
    (Part.SCHEDULES, "schedules", "unread", [{"reason": "没有权限"}]),
    (Part.SCHEDULES, "schedules", "timers", [3]),
    (Part.SCHEDULES, "schedules", "timers", [{}]),
    (Part.SERVICES, "services", "expected", [{"enabled": "enabled"}]),
    (Part.SYSTEM, "system", "os_name", 3),
    (Part.SYSTEM, "system", "kernel", ["6.1"]),
    (Part.DATABASES, "postgresql", "instances", 3),
    (Part.DATABASES, "postgresql", "instances", [{}]),
]


def damaged(probe, key, value):
    document = build()
    section(document, probe)["data"][key] = value
    return document


@pytest.mark.parametrize(("part", "probe", "key", "value"), UNREADABLE)
def test_part_with_a_row_that_nobody_can_read_cannot_be_told(part, probe, key, value):
    document = damaged(probe, key, value)
    found = {check.metric: check for check in judged(document, baseline_of(build()))}
    check = found[part.value]
    assert (check.state, check.item) == (State.CANNOT_TELL, "")
    assert "无法识别" in check.text
    # Nothing is called gone, or another, and the others are still compared.
    assert set(found) == {"drift", part.value}
    assert found["drift"].state is State.NORMAL


@pytest.mark.parametrize(("part", "probe", "key", "value"), UNREADABLE)
def test_part_with_a_row_that_nobody_can_read_is_not_approved(part, probe, key, value):
    assert part.value not in baseline_of(damaged(probe, key, value)).facts


def test_one_row_among_good_ones_is_enough():
    document = build()
    section(document, "network")["data"]["listening"].append({"protocol": "tcp", "port": None})
    found = parts_of(document)[Part.PORTS]
    assert (found.items, found.is_failed) == ({}, True)
    assert found.reason == "文档中的这一部分有 1 行无法识别"


@pytest.mark.parametrize(
    ("probe", "key", "value", "metric"),
    [
        ("services", "enabled", None, "services"),
        ("postgresql", "version", None, "databases"),
    ],
)
def test_a_value_that_was_not_told_is_not_checked_and_not_gone(probe, key, value, metric):
    document = build()
    rows = section(document, probe)["data"]["expected" if probe == "services" else "instances"]
    rows[0].update({key: value, "load": None})
    found = {check.metric: check for check in judged(document, baseline_of(build()))}
    assert found[metric].state is State.NOT_CHECKED
    assert "没有读到" in found[metric].text


def test_a_systems_name_that_was_not_told_is_not_gone():
    found = judged(damaged("system", "os_name", None), baseline_of(build()))
    assert [(check.metric, check.state) for check in found if check.state is not State.NORMAL] == [
        ("system", State.NOT_CHECKED)
    ]


@pytest.mark.parametrize("status", ["not_checked", "failed"])
def test_instances_of_a_probe_that_was_not_made_are_not_gone(status):
    document = build()
    redis = {
        "instances": [{"name": "会话", "status": "ok", "version": "7.0", "settings": {"appendonly": "yes"}}]
    }
    document["probes"] = [each for each in document["probes"] if each["name"] != "redis"]
    document["probes"].append({**section(document, "cpu"), "name": "redis", "data": redis})
    baseline = baseline_of(document)
    section(document, "redis").update(status=status, reason="虚构", data=None)
    found = [check for check in judged(document, baseline) if check.metric == "databases"]
    assert [(check.item, check.state) for check in found] == [("", State.NOT_CHECKED)]
    document["probes"] = [each for each in document["probes"] if each["name"] != "redis"]
    found = [check for check in judged(document, baseline) if check.metric == "databases"]
    assert [(check.item, check.state) for check in found] == [("", State.NOT_CHECKED)]


def test_a_configuration_file_that_is_gone_is_gone():
    row = {"path": "/etc/app.conf", "status": "failed", "reason": "文件不存在"}
    found = judged(damaged("configuration", "files", [row]), baseline_of(build()))
    assert [check.item for check in found if check.metric == "configuration"] == ["/etc/app.conf"]


def test_not_knowing_who_listens_is_no_change_and_another_program_is():
    named, unnamed, other = build(), build(), build()
    section(named, "network")["data"]["listening"][1]["process"] = "nginx"
    section(other, "network")["data"]["listening"][1]["process"] = "虚构"
    for document, baseline in ((unnamed, named), (named, unnamed)):
        (check,) = judged(document, baseline_of(baseline))
        assert check.state is State.NORMAL
    assert [check.metric for check in judged(other, baseline_of(named))] == ["drift", "ports"]

"""What a document's figures mean: each limit one row each side of its edge, and nothing missing is normal."""

from pathlib import Path

import pytest
from patrol.healthy_document import GOLDEN, build_healthy, put, section, sign

from eduops.core.config import load_yaml
from eduops.core.shipped import find_shipped
from eduops.patrol.rules.check import State
from eduops.patrol.rules.document import parse_document
from eduops.patrol.rules.judgement import Judgement, judge
from eduops.patrol.rules.threshold import PatrolConfig

CONFIG = load_yaml(find_shipped("configs", "patrol.yaml"), PatrolConfig)
NORMAL, WARNING, CRITICAL = State.NORMAL, State.WARNING, State.CRITICAL
NOT_CHECKED, CANNOT_TELL = State.NOT_CHECKED, State.CANNOT_TELL


def judged(document: dict[str, object], role: str = "application") -> Judgement:
    return judge(parse_document(sign(document)), CONFIG.for_role(role))


def test_healthy_host_is_normal_and_has_no_problems():
    found = judged(build_healthy())
    assert found.problems == ()
    assert found.state is NORMAL
    told = {section["name"] for section in build_healthy()["probes"]}
    assert {check.probe for check in found.checks} == told | {"drift"}


@pytest.mark.parametrize(
    ("probe", "address", "value", "metric", "state"),
    [
        ("cpu", "total.used_percent", 79.9, "cpu_percent", NORMAL),
        ("cpu", "total.used_percent", 80, "cpu_percent", WARNING),
        ("cpu", "total.used_percent", 94.9, "cpu_percent", WARNING),
        ("cpu", "total.used_percent", 95.0, "cpu_percent", CRITICAL),
        ("cpu", "load_5m", 5.96, "load_per_core", NORMAL),  # four cores
        ("cpu", "load_5m", 6.0, "load_per_core", WARNING),
        ("cpu", "load_5m", 11.96, "load_per_core", WARNING),
        ("cpu", "load_5m", 12.0, "load_per_core", CRITICAL),
        ("memory", "used_percent", 84.9, "memory_percent", NORMAL),
        ("memory", "used_percent", 85.0, "memory_percent", WARNING),
        ("memory", "used_percent", 94.9, "memory_percent", WARNING),
        ("memory", "used_percent", 95.0, "memory_percent", CRITICAL),
        ("memory", "swap_used_percent", 29.9, "swap_percent", NORMAL),
        ("memory", "swap_used_percent", 30.0, "swap_percent", WARNING),
        ("memory", "swap_used_percent", 59.9, "swap_percent", WARNING),
        ("memory", "swap_used_percent", 60.0, "swap_percent", CRITICAL),
        ("disks", "filesystems.0.used_percent", 79.9, "disk_percent", NORMAL),
        ("disks", "filesystems.0.used_percent", 80.0, "disk_percent", WARNING),
        ("disks", "filesystems.0.used_percent", 89.9, "disk_percent", WARNING),
        ("disks", "filesystems.0.used_percent", 90.0, "disk_percent", CRITICAL),
        ("disks", "filesystems.0.inodes_used_percent", 79.9, "inodes_percent", NORMAL),
        ("disks", "filesystems.0.inodes_used_percent", 80.0, "inodes_percent", WARNING),
        ("disks", "filesystems.0.inodes_used_percent", 90.0, "inodes_percent", CRITICAL),
        ("disks", "filesystems.0.read_only", False, "disk_writable", NORMAL),
        ("disks", "filesystems.0.read_only", True, "disk_writable", CRITICAL),
        ("processes", "zombie_count", 4, "zombies", NORMAL),
        ("processes", "zombie_count", 5, "zombies", WARNING),
        ("processes", "zombie_count", 49, "zombies", WARNING),
        ("processes", "zombie_count", 50, "zombies", CRITICAL),
        ("processes", "expected.0.count", 1, "process_running", NORMAL),
        ("processes", "expected.0.count", 0, "process_running", CRITICAL),
        ("services", "failed", [], "failed_services", NORMAL),
        ("services", "failed", [{"name": "a"}], "failed_services", WARNING),
        ("services", "failed", [{"name": "a"}] * 2, "failed_services", WARNING),
        ("services", "failed", [{"name": "a"}] * 3, "failed_services", CRITICAL),
        ("services", "expected.0.active", "active", "service_active", NORMAL),
        ("services", "expected.0.active", "activating", "service_active", CRITICAL),
        ("time_sync", "is_synchronized", False, "time_synchronized", CRITICAL),
        ("time_sync", "offset_seconds", 0.999, "time_offset_seconds", NORMAL),
        ("time_sync", "offset_seconds", 1.0, "time_offset_seconds", WARNING),
        ("time_sync", "offset_seconds", -29.9, "time_offset_seconds", WARNING),
        ("time_sync", "offset_seconds", -30.0, "time_offset_seconds", CRITICAL),
        # Measured at 2026-03-05 03:50 UTC: thirty-one, thirty, eight and seven whole days left, then none.
        (
            "certificates",
            "certificates.0.chain_not_after",
            "2026-04-05T03:50:00Z",
            "certificate_days",
            NORMAL,
        ),
        (
            "certificates",
            "certificates.0.chain_not_after",
            "2026-04-05T03:49:59Z",
            "certificate_days",
            WARNING,
        ),
        (
            "certificates",
            "certificates.0.chain_not_after",
            "2026-03-13T03:50:00Z",
            "certificate_days",
            WARNING,
        ),
        (
            "certificates",
            "certificates.0.chain_not_after",
            "2026-03-13T03:49:59Z",
            "certificate_days",
            CRITICAL,
        ),
        (
            "certificates",
            "certificates.0.chain_not_after",
            "2026-03-05T03:50:00Z",
            "certificate_days",
            CRITICAL,
        ),
        ("urls", "urls.0.http_status", 399, "url_status", NORMAL),
        ("urls", "urls.0.http_status", 400, "url_status", CRITICAL),
        ("urls", "urls.0.text_found", False, "url_text", CRITICAL),
        ("urls", "urls.0.seconds", 2.999, "url_seconds", NORMAL),
        ("urls", "urls.0.seconds", 3.0, "url_seconds", WARNING),
        ("urls", "urls.0.seconds", 9.999, "url_seconds", WARNING),
        ("urls", "urls.0.seconds", 10.0, "url_seconds", CRITICAL),
        ("logs", "logs.0.matches.0.count", 0, "log_matches", NORMAL),
        ("logs", "logs.0.matches.0.count", 1, "log_matches", WARNING),
        ("logs", "logs.0.matches.0.count", 99, "log_matches", WARNING),
        ("logs", "logs.0.matches.0.count", 100, "log_matches", CRITICAL),
        ("logs", "logs.0.has_gap", True, "log_complete", CANNOT_TELL),
        ("logs", "logs.0.is_behind", True, "log_complete", CANNOT_TELL),
        ("backups", "backups.0.age_seconds", 25 * 3600, "backup_age_hours", NORMAL),
        ("backups", "backups.0.age_seconds", 26 * 3600, "backup_age_hours", WARNING),
        ("backups", "backups.0.age_seconds", 49 * 3600, "backup_age_hours", WARNING),
        ("backups", "backups.0.age_seconds", 50 * 3600, "backup_age_hours", CRITICAL),
        ("backups", "backups.0.newest.0.size_bytes", 1, "backup_filled", NORMAL),
        ("backups", "backups.0.newest.0.size_bytes", 0, "backup_filled", CRITICAL),
    ],
)
def test_figure_is_judged_at_its_limit(probe, address, value, metric, state):
    found = judged(put(build_healthy(), probe, address, value))
    check = next(check for check in found.checks if check.metric == metric)
    assert check.state is state, check.text
    assert found.state is state, "one check alone decides this host"


@pytest.mark.parametrize(
    ("address", "percent", "application", "database"),
    [
        ("used_percent", 91.9, WARNING, NORMAL),
        ("used_percent", 92.0, WARNING, WARNING),
        ("swap_used_percent", 10.0, NORMAL, WARNING),
        ("swap_used_percent", 30.0, WARNING, CRITICAL),
    ],
)
def test_role_has_limits_of_its_own(address, percent, application, database):
    document = put(build_healthy(), "memory", address, percent)
    assert judged(document, "application").state is application
    assert judged(document, "database").state is database


@pytest.mark.parametrize("probe", ["system", "cpu", "memory", "disks", "processes", "services", "time_sync"])
@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("gone", NOT_CHECKED),
        ({"status": "not_checked", "reason": "没有权限", "data": None}, NOT_CHECKED),
        ({"status": "failed", "reason": "超过 17 秒没有结果", "data": None}, CANNOT_TELL),
        ({"status": "ok", "data": None}, CANNOT_TELL),
        ({"status": "ok", "data": {}}, CANNOT_TELL),
    ],
)
def test_host_is_not_normal_without_a_mandatory_probe(probe, change, state):
    document = build_healthy()
    if change == "gone":
        document["probes"] = [item for item in document["probes"] if item["name"] != probe]
    else:
        section(document, probe).update(change)
    found = judged(document)
    assert found.state is state
    assert {check.probe for check in found.problems} == {probe}


@pytest.mark.parametrize(
    "probe", ["network", "users", "certificates", "urls", "logs", "backups", "schedules"]
)
def test_probe_that_need_not_be_made_may_be_left_out(probe):
    document = build_healthy()
    section(document, probe).update(status="not_checked", reason="配置中没有列出", data=None)
    found = judged(document)
    assert found.state is NORMAL
    assert next(check for check in found.checks if check.probe == probe).state is NOT_CHECKED


@pytest.mark.parametrize(
    "probe", ["network", "users", "certificates", "urls", "logs", "backups", "schedules"]
)
def test_probe_that_was_made_and_gave_nonsense_is_a_problem_even_where_it_need_not_be_made(probe):
    document = build_healthy()
    section(document, probe).update(data={})
    assert judged(document).state is CANNOT_TELL


@pytest.mark.parametrize(
    ("probe", "address", "value"),
    [
        ("cpu", "total.used_percent", None),
        ("cpu", "total.used_percent", "34"),
        ("cpu", "total.used_percent", True),
        ("cpu", "total.used_percent", -0.1),
        ("cpu", "total.used_percent", 100.1),
        ("cpu", "total.used_percent", 10**400),
        ("cpu", "count", 0),
        ("memory", "used_percent", [34]),
        ("memory", "swap_used_percent", None),
        ("disks", "filesystems", []),
        ("disks", "filesystems", None),
        ("disks", "filesystems.0", "/"),
        ("disks", "filesystems.0.status", "fine"),
        ("disks", "filesystems.0.read_only", None),
        ("disks", "filesystems.0.inodes_used_percent", None),
        ("processes", "is_complete", False),
        ("processes", "is_complete", None),
        ("processes", "expected", None),
        ("services", "expected.0.active", None),
        ("time_sync", "is_synchronized", None),
        ("time_sync", "offset_seconds", "0"),
        ("system", "uptime_seconds", None),
        ("backups", "backups.0.age_seconds", -60),
        ("backups", "backups.0.newest", []),
        ("certificates", "certificates.0.chain_not_after", "2026-09-20"),
    ],
)
def test_figure_that_is_none_cannot_be_told_from(probe, address, value):
    document = build_healthy()
    put(document, probe, address, value)
    assert judged(document).state is CANNOT_TELL


@pytest.mark.parametrize(
    ("probe", "address"), [("disks", "filesystems.0"), ("urls", "urls.0"), ("backups", "backups.0")]
)
def test_thing_that_was_looked_at_and_is_silent_is_critical(probe, address):
    rows, index = address.split(".")
    document = build_healthy()
    row = section(document, probe)["data"][rows][int(index)]
    row.update(status="failed", reason="15 秒内没有答复")
    found = judged(document)
    assert found.state is CRITICAL
    assert "15 秒内没有答复" in found.problems[0].text


def test_clock_whose_tool_tells_no_offset_is_normal_when_synchronised():
    found = judged(put(build_healthy(), "time_sync", "offset_seconds", None))
    assert found.state is NORMAL
    offset = next(check for check in found.checks if check.metric == "time_offset_seconds")
    assert (offset.state, offset.is_mandatory) == (NOT_CHECKED, False)


def test_host_without_swap_is_normal():
    document = put(build_healthy(), "memory", "swap_used_percent", None)
    assert judged(put(document, "memory", "swap_total_bytes", 0)).state is NORMAL


def test_mount_that_is_meant_to_be_read_only_is_normal():
    document = put(build_healthy(), "disks", "filesystems.0.read_only", True)
    limits = CONFIG.default.model_copy(update={"read_only_allowed": frozenset({"/"})})
    assert judge(parse_document(sign(document)), limits).state is NORMAL


def test_golden_host_has_the_problems_that_were_put_into_it():
    found = judge(parse_document(GOLDEN.read_bytes()), CONFIG.for_role("application"))
    assert found.state is CRITICAL
    states = [check.state.rank for check in found.problems]
    assert states == sorted(states, reverse=True), "the worst come first"
    metrics = {(check.metric, check.item) for check in found.problems if check.state is CRITICAL}
    assert ("disk_percent", "/backup") in metrics
    assert ("service_active", "服务 redis.service") in metrics
    assert ("url_status", "课程接口") in metrics


def test_list_longer_than_any_real_one_cannot_be_told_from():
    row = section(build_healthy(), "disks")["data"]["filesystems"][0]
    assert judged(put(build_healthy(), "disks", "filesystems", [row] * 501)).state is CANNOT_TELL


def test_rules_read_no_clock_and_no_database():
    folder = Path(find_shipped("eduops", "patrol", "rules"))
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    assert "sqlmodel" not in text
    assert "core.clock" not in text

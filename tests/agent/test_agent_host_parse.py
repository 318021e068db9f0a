"""What newer probes make of the host's files and programs: captured text with invented names (虚构), and real files."""

import hashlib
import hmac
import json
import os
import re
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from eduops_agent import growth, login_record
from eduops_agent.context import LIGHT_REASON, NotChecked
from eduops_agent.digest import hmac_sha256, sha256
from eduops_agent.growth import Growth, advance
from eduops_agent.probes import HEAVY, PROBES, accounts, disks, network, services, smart

from eduops.core.clock import now as now_of_ours

NOW = 1_772_682_600.0  # 2026-03-05 03:50 UTC
DAY = 86_400.0


@pytest.mark.parametrize("key", [b"", b"k", b"k" * 64, b"k" * 65])
def test_sums_without_openssl_are_those_with_it(key):
    assert sha256(key).hexdigest() == hashlib.sha256(key).hexdigest()
    assert hmac_sha256(key, b"eduops-agent") == hmac.new(key, b"eduops-agent", hashlib.sha256).hexdigest()


# Disks


def test_requests_per_second_and_their_mean_time_come_from_the_counters():
    before = disks.parse_diskstats(" 8 0 sda 10 0 100 50 20 0 200 90 0 50 140\n")
    after = disks.parse_diskstats(" 8 0 sda 14 0 140 74 26 0 260 166 0 1050 240 0 0 0 0\n")
    (row,) = disks.build_devices(before, after, 2.0)
    # Ten requests waited 24 + 76 milliseconds in two seconds.
    assert (row["reads_per_second"], row["writes_per_second"], row["await_milliseconds"]) == (2.0, 3.0, 10.0)


def test_device_without_a_request_has_no_mean_time():
    idle = disks.parse_diskstats(" 8 0 sda 14 0 140 74 26 0 260 166 0 1050 240\n")
    assert disks.build_devices(idle, idle, 1.0)[0]["await_milliseconds"] is None


@pytest.mark.parametrize(
    ("old", "used", "expected"),
    [
        (None, 100, Growth(100, NOW, NOW)),
        (Growth(100, NOW - 9 * DAY, NOW - 20 * DAY), 101, Growth(101, NOW, NOW - 20 * DAY)),
        (Growth(100, NOW - 9 * DAY, NOW - 20 * DAY), 100, Growth(100, NOW - 9 * DAY, NOW - 20 * DAY)),
        # It shrank: from here on it has to grow.
        (Growth(100, NOW - 9 * DAY, NOW - 20 * DAY), 60, Growth(60, NOW - 9 * DAY, NOW - 20 * DAY)),
        # The clock was set back.
        (Growth(100, NOW + DAY, NOW + DAY), 100, Growth(100, NOW, NOW)),
    ],
)
def test_growth_is_known_from_one_look_to_the_next(old, used, expected):
    assert advance(old, used, NOW) == expected


def test_damaged_state_of_disks_counts_as_not_yet_seen():
    kept = {"used_bytes": 1, "since": 2.0, "watched_since": 1.0}
    content = {"mounts": {"/": kept, "/a": {"used_bytes": "x"}, "/b": None, "/c": []}}
    assert growth.parse_state(content) == {"/": Growth(1, 2.0, 1.0)}
    assert growth.parse_state({"mounts": []}) == growth.parse_state({}) == {}


def test_days_since_growth_are_kept_over_patrols(run_agent, tmp_path, python):
    state = tmp_path / "state"
    config = tmp_path / "agent.json"
    config.write_text(json.dumps({"interval_seconds": 0.1, "state_folder": str(state)}))

    def look():
        done = run_agent("--config", str(config), "--probe", "disks", python=python)
        rows = json.loads(done.stdout)["probes"][0]["data"]["filesystems"]
        return next(row for row in rows if row["status"] == "ok")

    first = look()
    assert first["days_since_growth"] is None and first["growth_reason"] == "第一次查看，没有以前的数值可比"
    # Ten days ago the file system was fuller than it can be, so that it cannot have grown since.
    long_ago = now_of_ours().timestamp() - 10 * DAY
    kept = {"used_bytes": 10**18, "since": long_ago, "watched_since": long_ago}
    (state / "disks.json").write_text(json.dumps({"mounts": {first["mount"]: kept}}))
    second = look()
    assert second["days_since_growth"] == pytest.approx(10, abs=0.01)
    assert second["growth_reason"] == ""


def test_nothing_is_left_on_a_host_where_no_state_may_be_kept(run_agent, tmp_path):
    log = tmp_path / "app.log"
    log.write_text("error\n" * 3)
    logs = {"files": [{"path": str(log), "patterns": [{"name": "e", "pattern": "error"}]}]}
    config = tmp_path / "agent.json"
    config.write_text(json.dumps({"interval_seconds": 0.1, "state_folder": None, "logs": logs}))
    before = sorted(tmp_path.rglob("*"))
    for _ in range(2):
        done = run_agent("--config", str(config), "--probe", "disks", "--probe", "logs")
        disks_section, logs_section = json.loads(done.stdout)["probes"]
        assert "state_folder" in disks_section["data"]["filesystems"][0]["growth_reason"]
        (row,) = logs_section["data"]["logs"]
        assert (row["is_first_read"], row["matches"][0]["count"]) == (True, 3)
    assert sorted(tmp_path.rglob("*")) == before


# Network


def test_listening_ports_have_the_name_of_their_process_where_it_is_known():
    line = " {}: 0100007F:{} 00000000:0000 {} 0:0 00:0 00000000 0 0 {} 1 0\n"
    text = "sl local\n" + line.format(0, "1F90", "0A", 111) + line.format(1, "1F91", "0A", 222)
    named = {"111": "nginx"}
    sockets = [
        found._replace(owner=named.get(found.owner, "")) for found in network.parse_sockets("tcp", text)
    ]
    assert [(row["port"], row["process"]) for row in network.build_listening(sockets)] == [
        (8080, "nginx"),
        (8081, None),
    ]


# Accounts and logins

PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
toor:x:0:0:虚构:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
wang:x:1000:1000:王某某（虚构）,,13800000000:/srv/wang:/bin/bash
service:x:999:999::/srv:/bin/false
broken
+::::::
"""


def test_accounts_of_people_are_told_without_their_names_and_numbers():
    groups = accounts.parse_groups("sudo:x:27:wang,li\nadm:x:4:wang\nempty:x:5:\nbroken\n")
    rows = accounts.parse_passwd(PASSWD, groups)
    assert rows == [
        {"name": "root", "uid": 0, "shell": "/bin/bash", "groups": []},
        {"name": "toor", "uid": 0, "shell": "/bin/sh", "groups": []},
        {"name": "wang", "uid": 1000, "shell": "/bin/bash", "groups": ["adm", "sudo"]},
    ]
    assert "13800000000" not in json.dumps(rows)


LASTB = """root     ssh:notty    203.0.113.9      Wed Mar  4 10:00:00 2026 - Wed Mar  4 10:00:00 2026  (00:00)
         ssh:notty    203.0.113.9      Wed Mar  4 10:00:01 2026 - Wed Mar  4 10:00:01 2026  (00:00)
wang     tty1                          Thu Mar  5 11:00:00 2026 - Thu Mar  5 11:00:00 2026  (00:00)

btmp begins Wed Mar  4 10:00:00 2026
"""
AUTH_LOG = """Mar  5 11:00:00 app sshd[1]: Failed password for root from 203.0.113.9 port 5 ssh2
Mar  5 11:00:01 app sshd[1]: message repeated 2 times: [ Failed password for root from 203.0.113.9 port 5 ssh2]
2026-03-05T11:00:02.5+08:00 app sshd-session[2]: Failed password for invalid user hunter2 from 2001:db8::1 port 5
2026-03-05T03:00:02+0000 app login[3]: FAILED LOGIN (1) on 'tty1' FOR 'wang', Authentication failure
2026-03-05T03:00:02Z app sshd[3]: Accepted password for wang from 10.0.0.5 port 6
Mar  5 11:00:01 app sshd[1]: Failed publickey for wang from 10.0.0.5 port 6
nonsense Failed password for root from 203.0.113.9 port 5 ssh2
Feb 31 11:00:01 app sshd[1]: Failed password for root from 203.0.113.9 port 5 ssh2
"""


@pytest.fixture
def shanghai(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_failed_logins_are_read_from_btmp(shanghai):
    found = list(login_record.parse_lastb(LASTB))
    assert [(attempt.name, attempt.host) for attempt in found] == [
        ("root", "203.0.113.9"),
        ("", "203.0.113.9"),
        ("wang", ""),
    ]
    assert found[2].at == datetime(2026, 3, 5, 3, 0, tzinfo=UTC).timestamp()


def test_failed_logins_are_read_from_logs_of_old_and_new_systems(shanghai):
    found = list(login_record.parse_log(AUTH_LOG, NOW))
    eleven = datetime(2026, 3, 5, 3, 0, tzinfo=UTC).timestamp()
    assert [(attempt.name, attempt.host, attempt.count) for attempt in found] == [
        ("root", "203.0.113.9", 1),
        ("root", "203.0.113.9", 2),
        ("hunter2", "2001:db8::1", 1),
        ("wang", "", 1),
    ]
    assert [attempt.at - eleven for attempt in found] == [0, 1, 2, 2]


def test_december_in_january_is_last_years(shanghai):
    january = datetime(2026, 1, 2, tzinfo=UTC).timestamp()
    line = "Dec 31 23:00:00 app sshd[1]: Failed password for root from 203.0.113.9 port 5 ssh2\n"
    (attempt,) = login_record.parse_log(line, january)
    assert attempt.at == datetime(2025, 12, 31, 15, 0, tzinfo=UTC).timestamp()


def test_what_is_no_account_is_not_repeated_for_it_may_be_a_password():
    attempts = [login_record.Attempt("root", "203.0.113.9", NOW, 3), login_record.Attempt("hunter2", "", NOW)]
    failed = accounts.build_failed("btmp", attempts, accounts.parse_names(PASSWD))
    assert failed["count"] == 4
    assert failed["users"] == [{"name": "root", "count": 3}, {"name": "（本机没有的账号）", "count": 1}]
    assert failed["hosts"] == [{"name": "203.0.113.9", "count": 3}]


def test_accounts_of_this_host_are_told_and_logins_counted_or_the_reason_given(run_agent, python):
    data = json.loads(run_agent("--probe", "accounts", python=python).stdout)["probes"][0]["data"]
    getent = subprocess.run(
        ["getent", "-s", "files", "passwd"], capture_output=True, check=True
    ).stdout.decode()
    people = {line.split(":")[0] for line in getent.splitlines() if 1000 <= int(line.split(":")[2]) != 65534}
    assert {row["name"] for row in data["accounts"] if row["uid"]} == people
    failed = data["failed_logins"]
    assert failed["count"] >= 0 if failed["status"] == "ok" else failed["reason"]


# SMART

ATA = {
    "model_name": "虚构硬盘 1TB",
    "smart_support": {"available": True, "enabled": True},
    "smart_status": {"passed": True},
    "temperature": {"current": 34},
    "power_on_time": {"hours": 20123},
    "ata_smart_attributes": {
        "table": [
            {"id": 5, "name": "Reallocated_Sector_Ct", "raw": {"value": 8, "string": "8"}},
            {"id": 197, "name": "Current_Pending_Sector", "raw": {"value": 1, "string": "1"}},
            {"id": 9, "name": "Power_On_Hours", "raw": {"value": 20123, "string": "20123"}},
        ]
    },
}
NVME = {
    "model_name": "虚构固态盘",
    "smart_status": {"passed": False, "nvme": {"value": 4}},
    "temperature": {"current": 41},
    "nvme_smart_health_information_log": {"percentage_used": 97, "media_errors": 3},
}


def test_disks_of_both_kinds_tell_their_health():
    row = smart.parse_disk(json.dumps(ATA), 0)
    assert (row["healthy"], row["reallocated_sectors"], row["pending_sectors"], row["wear_percent"]) == (
        True,
        8,
        1,
        None,
    )
    assert row["uncorrectable_sectors"] is None
    row = smart.parse_disk(json.dumps(NVME), 8)
    assert (row["healthy"], row["wear_percent"], row["media_errors"]) == (False, 97, 3)


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        (
            {
                "smartctl": {
                    "messages": [{"string": "Smartctl open device: /dev/sda failed: Permission denied"}]
                }
            },
            2,
            "没有权限",
        ),
        ({"smartctl": {"messages": [{"string": "Device is in STANDBY mode, exit(2)"}]}}, 2, "STANDBY"),
        ({"smart_support": {"available": False}}, 4, "不提供 SMART"),
    ],
)
def test_disk_that_cannot_be_asked_is_not_checked(found, code, said):
    with pytest.raises(NotChecked, match=said):
        smart.parse_disk(json.dumps(found), code)


def test_smartctl_before_its_json_is_not_checked():
    assert smart.parse_scan('{"devices": [{"name": "/dev/sda", "type": "sat"}]}') == [("/dev/sda", "sat")]
    with pytest.raises(NotChecked, match="版本过旧"):
        smart.parse_scan("smartctl 6.5 2016-05-07\nUNRECOGNIZED OPTION: json\n")


# Services


def test_services_that_start_by_themselves_are_read_from_old_and_new_systemd():
    assert services.parse_enabled("nginx.service enabled enabled\ncrond.service enabled\n\n") == [
        {"name": "crond.service", "enabled": "enabled"},
        {"name": "nginx.service", "enabled": "enabled"},
    ]


# Configuration files


def test_configuration_files_tell_a_fingerprint_and_never_their_content(measure, tmp_path, python):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "甲.conf").write_text("password = 虚构")
    (tmp_path / "conf.d" / "b.conf").write_text("")
    os.mkfifo(tmp_path / "pipe")
    wanted = [
        str(tmp_path / "conf.d" / "*.conf"),
        str(tmp_path / "gone.conf"),
        str(tmp_path / "none" / "*.conf"),
        str(tmp_path / "pipe"),
        str(tmp_path / "conf.d"),
    ]
    section = measure("configuration", wanted, python=python, LC_ALL="C")
    rows = {Path(row["path"]).name: row for row in section["data"]["files"]}
    assert rows["甲.conf"]["sha256"] == hashlib.sha256("password = 虚构".encode()).hexdigest()
    assert (rows["b.conf"]["status"], rows["b.conf"]["size_bytes"]) == ("ok", 0)
    assert re.fullmatch(r"\d{4}-.*Z", rows["b.conf"]["modified_at"])
    assert [rows[name]["reason"] for name in ("gone.conf", "*.conf")] == ["文件不存在", "文件不存在"]
    assert [rows[name]["reason"] for name in ("pipe", "conf.d")] == ["不是普通文件", "不是普通文件"]
    assert "password" not in json.dumps(section)


def test_very_many_configuration_files_are_not_all_read_and_said_so(measure, tmp_path):
    for number in range(203):
        (tmp_path / f"{number:03}.conf").write_text("x")
    rows = measure("configuration", [str(tmp_path / "*.conf")])["data"]["files"]
    assert [row["status"] for row in rows] == ["ok"] * 200 + ["not_checked"] * 3


# Exam days


@pytest.mark.parametrize("by_file", [True, False], ids=["configuration", "option"])
def test_exam_day_leaves_out_the_heavy_probes_and_says_so(run_agent, tmp_path, by_file):
    config = tmp_path / "agent.json"
    config.write_text(json.dumps({"interval_seconds": 0.1, **({"light": True} if by_file else {})}))
    done = run_agent("--config", str(config), *([] if by_file else ["--light"]))
    document = json.loads(done.stdout)
    assert document["light"] is True
    sections = {section["name"]: section for section in document["probes"]}
    assert list(sections) == list(PROBES)
    for name in HEAVY:
        assert (sections[name]["status"], sections[name]["reason"]) == ("not_checked", LIGHT_REASON)
    system = sections["system"]["data"]
    assert (system["packages"], system["packages_reason"]) == (None, LIGHT_REASON)
    assert all(row["process"] is None for row in sections["network"]["data"]["listening"])


def test_document_of_any_other_day_does_not_speak_of_exams(run_agent):
    document = json.loads(run_agent("--probe", "system", "--interval", "0.1").stdout)
    assert "light" not in document and "packages_reason" not in document["probes"][0]["data"]
    assert document["probes"][0]["data"]["packages"]

"""What the host's files and programs print, in the versions that hospitals have, and what the probes make of it."""

import pytest
from eduops_agent import process_list
from eduops_agent.probes import (
    PROBES,
    cpu,
    disks,
    memory,
    network,
    processes,
    schedules,
    services,
    system,
    time_sync,
    users,
)
from eduops_agent.redaction import redact_line


def test_every_probe_has_the_same_parts():
    for name, module in PROBES.items():
        assert name == module.NAME and module.TITLE and callable(module.measure)
        assert redact_line(module.TITLE) == module.TITLE


def test_core_use_is_the_share_of_the_time_between_two_readings():
    before = cpu.parse_proc_stat("cpu  9 9 9 9\ncpu0 100 0 50 800 50 0 0 0 0 0\nintr 5\n")
    after = cpu.parse_proc_stat("cpu  9 9 9 9\ncpu0 130 0 60 840 60 0 5 5 0 0\nintr 9\n")
    assert cpu.build_use("0", before["0"], after["0"]) == {
        "core": "0",
        "used_percent": 50.0,
        "user_percent": 30.0,
        "system_percent": 15.0,
        "iowait_percent": 10.0,
        "steal_percent": 5.0,
    }


def test_core_that_saw_no_time_has_no_figure():
    times = cpu.parse_proc_stat("cpu0 1 2 3 4")["0"]
    assert cpu.build_use("0", times, times)["used_percent"] is None


def test_time_that_a_system_does_not_count_is_none_and_not_nought():
    # As psutil has it on Windows.
    before = {"user": 10.0, "system": 5.0, "idle": 85.0}
    use = cpu.build_use("0", before, {"user": 20.0, "system": 10.0, "idle": 170.0})
    assert (use["used_percent"], use["steal_percent"], use["iowait_percent"]) == (15.0, None, None)
    assert set(cpu._add_up({"0": before, "1": before})) == {"user", "system", "idle"}


def test_counter_that_steps_back_counts_as_nought():
    before = cpu.parse_proc_stat("cpu0 100 0 0 100 50")["0"]
    after = cpu.parse_proc_stat("cpu0 150 0 0 150 49")["0"]
    use = cpu.build_use("0", before, after)
    assert (use["used_percent"], use["iowait_percent"]) == (50.0, 0.0)


@pytest.mark.parametrize(
    ("text", "available", "swap_percent"),
    [
        ("MemTotal: 1000 kB\nMemAvailable: 400 kB\nSwapTotal: 100 kB\nSwapFree: 75 kB\n", 400, 25.0),
        ("MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 150 kB\nSwapTotal: 0 kB\n", 300, None),
    ],
    ids=["now", "before Linux 3.14, without swap"],
)
def test_memory_is_read_from_new_and_old_kernels(text, available, swap_percent):
    found = memory.build_memory(memory.parse_meminfo(text))
    assert found["available_bytes"] == available * 1024
    assert (found["total_bytes"], found["swap_used_percent"]) == (1_024_000, swap_percent)


MOUNTS = r"""sysfs /sys sysfs rw 0 0
tmpfs /run tmpfs rw 0 0
/dev/mapper/vg-root / xfs rw,relatime 0 0
/dev/mapper/vg-root /srv/bound xfs rw,relatime 0 0
/dev/sdb1 /data\040disk ext4 ro,errors=remount-ro 0 0
nas:/export /backup nfs4 rw 0 0
/dev/loop3 /snap/core squashfs ro 0 0
overlay /var/lib/docker/a overlay rw 0 0
overlay /var/lib/docker/b overlay rw 0 0
"""


def test_mounts_are_real_file_systems_once_each():
    assert [(mount.folder, mount.kind, mount.read_only) for mount in disks.parse_mounts(MOUNTS)] == [
        ("/", "xfs", False),
        ("/backup", "nfs4", False),
        ("/data disk", "ext4", True),
        ("/var/lib/docker/a", "overlay", False),
        ("/var/lib/docker/b", "overlay", False),
    ]


def test_disk_counters_become_rates_over_the_interval():
    before = disks.parse_diskstats(
        " 8 0 sda 10 0 100 5 20 0 200 9 0 50 14\n 7 0 loop0 9 0 9 9 9 9 9 9 9 9 9\n"
    )
    after = disks.parse_diskstats(" 8 0 sda 12 0 140 5 20 0 200 9 0 1050 14 0 0 0 0\n")
    (row,) = disks.build_devices(before, after, 2.0)
    assert (row["device"], row["reads"], row["read_bytes"]) == ("sda", 12, 140 * 512)
    assert (row["read_bytes_per_second"], row["written_bytes_per_second"], row["busy_percent"]) == (
        10240,
        0,
        50.0,
    )


def test_device_plugged_in_meanwhile_has_no_rate():
    after = disks.parse_diskstats(" 8 0 sda 12 0 140 5 20 0 200 9 0 50 14\n")
    assert disks.build_devices({}, after, 1.0)[0]["read_bytes_per_second"] == 0


NET_DEV = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
  eth0:1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0
"""


def test_interfaces_are_read_with_their_losses():
    found = network.parse_net_dev(NET_DEV)
    (row,) = network.build_interfaces(
        found, {"lo": found["lo"], "eth0": dict(found["eth0"], sent_bytes=2500)}, 2.0
    )
    assert (row["name"], row["sent_bytes_per_second"], row["received_bytes_per_second"]) == ("eth0", 250, 0)
    losses = [row[key] for key in ("received_errors", "received_dropped", "sent_errors", "sent_dropped")]
    assert losses == [1, 2, 3, 4]


def test_sockets_are_read_for_both_protocol_families():
    four = "sl local\n 0: 0100007F:1F90 00000000:0000 0A 0\n 1: 0100007F:1F91 0100007F:1 01 0\n"
    six = "sl local\n 0: 00000000000000000000000001000000:01BB 0:0 0A 0\n 1: " + "0" * 32 + ":0016 0:0 0A\n"
    sockets = network.parse_sockets("tcp", four) + network.parse_sockets("tcp", six)
    sockets += network.parse_sockets("udp", "sl local\n 0: 00000000:007B 00000000:0000 07 0\n")
    assert [(row["protocol"], row["address"], row["port"]) for row in network.build_listening(sockets)] == [
        ("tcp", "::", 22),
        ("tcp", "::1", 443),
        ("tcp", "127.0.0.1", 8080),
        ("udp", "0.0.0.0", 123),
    ]
    assert network.build_connections(sockets) == {"established": 1, "time_wait": 0, "close_wait": 0}


def test_process_name_may_hold_spaces_and_parentheses():
    line = "42 (a (b) c) Z 7 0 0 0 0 0 0 0 0 0 11 22 0 0 20 0 1 0 555 1000 33 0"
    found = process_list.parse_stat(line)
    assert (found.pid, found.name, found.state, found.parent_pid) == (42, "a (b) c", "Z", 7)
    assert (found.ticks, found.started_ticks, found.memory_pages) == (33, 555, 33)


@pytest.mark.parametrize(
    ("name", "command", "process_name", "words", "is_it"),
    [
        ("nginx", "", "nginx", ["nginx: master process /usr/sbin/nginx"], True),
        ("java", "catalina", "java", ["/usr/bin/java", "-cp", "x", "org.apache.catalina.startup"], True),
        ("java", "catalina", "java", ["/usr/bin/java", "-jar", "other.jar"], False),
        ("a-very-long-program-name", "", "a-very-long-pro", ["/opt/a-very-long-program-name"], True),
        ("redis-server", "", "redis-server", [], True),
        ("ssh", "", "sshd", ["/usr/sbin/sshd", "-D"], False),
    ],
)
def test_expected_process_is_known_by_name_and_command(name, command, process_name, words, is_it):
    assert processes.is_expected(name, command, process_name, words) is is_it


def test_failed_units_are_read_from_old_and_new_systemd():
    old = "虚构.service loaded failed failed Demo service of nobody\n"
    new = "● backup.service loaded failed failed\n* x.mount not-found failed failed X\n"
    assert [row["name"] for row in services.parse_units(old + new)] == [
        "虚构.service",
        "backup.service",
        "x.mount",
    ]
    assert services.parse_units(old)[0]["description"] == "Demo service of nobody"


def test_unit_blocks_keep_their_order_and_unknown_ones_their_state():
    text = (
        "Result=success\nNRestarts=2\nId=nginx.service\nLoadState=loaded\nActiveState=active\nSubState=running\n"
        "UnitFileState=enabled\n\nId=gone.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n"
    )
    first, second = services.parse_show(text)
    assert (first["name"], first["active"], first["enabled"], first["restarts"]) == (
        "nginx.service",
        "active",
        "enabled",
        2,
    )
    assert (second["load"], second["enabled"], second["restarts"]) == ("not-found", None, None)


CHRONY = """Reference ID    : C0A80A01 (192.168.10.1)
Stratum         : 3
System time     : 0.000250000 seconds {} of NTP time
Leap status     : {}
"""
NTPQ = """     remote           refid      st t when poll reach   delay   offset  jitter
==============================================================================
+10.0.0.2        .GPS.            1 u   33   64  377    0.3    0.100   0.010
*10.0.0.1        .GPS.            1 u   33   64  377    0.3   -1.500   0.010
"""


@pytest.mark.parametrize(
    ("parse", "text", "is_synchronized", "offset"),
    [
        (time_sync.parse_chronyc, CHRONY.format("fast", "Normal"), True, 0.00025),
        (time_sync.parse_chronyc, CHRONY.format("slow", "Normal"), True, -0.00025),
        (time_sync.parse_chronyc, CHRONY.format("slow", "Not synchronised"), False, None),
        (time_sync.parse_ntpq, NTPQ, True, 0.0015),
        (time_sync.parse_ntpq, NTPQ.replace("*", " "), False, None),
        (
            time_sync.parse_timesync_status,
            "       Server: 10.0.0.1 (x)\n       Offset: +2.5ms\n",
            True,
            -0.0025,
        ),
        (time_sync.parse_timedatectl, "      NTP enabled: yes\nNTP synchronized: yes\n", True, None),
        (time_sync.parse_timedatectl, "System clock synchronized: no\n", False, None),
    ],
)
def test_clock_offset_is_positive_where_this_host_is_ahead(parse, text, is_synchronized, offset):
    found = parse(text)
    assert (found["is_synchronized"], found["offset_seconds"]) == (is_synchronized, pytest.approx(offset))


@pytest.mark.parametrize("parse", [words[1] for words in time_sync._SOURCES])
def test_answer_that_says_nothing_is_no_answer(parse):
    assert parse("506 Cannot talk to daemon\n") is None


def test_logins_are_read_with_and_without_a_host(monkeypatch):
    text = "demo     pts/0        2026-03-05 11:50 (10.0.0.5)\nroot     tty1         2026-03-05 08:00\n"
    rows = users.parse_who(text)
    assert [(row["name"], row["terminal"], row["host"]) for row in rows] == [
        ("demo", "pts/0", "10.0.0.5"),
        ("root", "tty1", None),
    ]


def test_os_release_and_packages_are_read():
    release = system.parse_os_release(
        'NAME="openEuler"\nVERSION_ID="22.03"\n# note\nPRETTY_NAME="openEuler 22.03"\n'
    )
    assert (release["NAME"], release["VERSION_ID"]) == ("openEuler", "22.03")
    rows = "nginx\t1.22.1\tinstalled\nredis\t\tnot-installed\nold\t1\tconfig-files\n"
    assert system.parse_packages(rows) == [{"name": "nginx", "version": "1.22.1"}]
    assert system.parse_uptime("1553.08 3000.11\n") == 1553.08


CRONTAB = """# note
SHELL=/bin/sh
PATH = /usr/bin
17 * * * * root cd / && run-parts /etc/cron.hourly
@daily backup PGPASSWORD=x pg_dump db
*/5 * * * *
"""


def test_crontabs_are_read_without_settings_and_secrets():
    assert schedules.parse_crontab(CRONTAB, True) == [
        {"schedule": "17 * * * *", "user": "root", "command": "cd / && run-parts /etc/cron.hourly"},
        {"schedule": "@daily", "user": "backup", "command": "PGPASSWORD=*** pg_dump db"},
    ]
    (own,) = schedules.parse_crontab("0 2 * * 1-5 /opt/a b c\n", False)
    assert own == {"schedule": "0 2 * * 1-5", "user": None, "command": "/opt/a b c"}


def test_anacrontab_and_timers_are_read():
    (entry,) = schedules.parse_anacrontab("SHELL=/bin/sh\n1\t5\tcron.daily\tnice run-parts /etc/cron.daily\n")
    assert (entry["schedule"], entry["command"]) == ("anacron 1 5", "nice run-parts /etc/cron.daily")
    text = (
        "Unit=a.service\nNextElapseUSecRealtime=Fri 2026-03-06 00:00:00 CST\nLastTriggerUSec=n/a\n"
        "Id=a.timer\nActiveState=active\n"
    )
    (timer,) = schedules.parse_timers(text)
    assert (timer["name"], timer["unit"], timer["last"]) == ("a.timer", "a.service", None)
    assert timer["next"] == "Fri 2026-03-06 00:00:00 CST"

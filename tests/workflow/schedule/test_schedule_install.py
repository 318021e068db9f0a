"""What is written for cron and systemd: every other byte of a crontab stays, units are good, no secret is in either."""

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workflow_schedule import build_job

from eduops.core.errors import ConfigError, OutsideError
from eduops.core.home import Home
from eduops.core.shipped import find_shipped
from eduops.workflow.schedule import install_cron, install_systemd
from eduops.workflow.schedule.call import build_call
from eduops.workflow.schedule.configuration import ScheduleConfig, load_config
from eduops.workflow.schedule.install_systemd import render_calendar
from eduops.workflow.schedule.when import When

ZONE = "Asia/Shanghai"
HOME = Path('/srv/远程 教育 100%/it\'s "a" $HOME')
RULES = (
    ({"every": "minutes", "minutes": 1}, "*-*-* *:*:00 Asia/Shanghai"),
    ({"every": "minutes", "minutes": 10}, "*-*-* *:0/10:00 Asia/Shanghai"),
    ({"every": "minutes", "minutes": 7}, "*-*-* *:*:00 Asia/Shanghai"),
    ({"every": "day", "at": "07:30", "working_days": "only"}, "*-*-* 07:30:00 Asia/Shanghai"),
    (
        {"every": "week", "weekdays": ["sunday", "monday"], "at": "08:00"},
        "Mon,Sun *-*-* 08:00:00 Asia/Shanghai",
    ),
    (
        {"every": "weeks", "weeks": 2, "anchor": "2026-01-05", "at": "09:00"},
        "Mon *-*-* 09:00:00 Asia/Shanghai",
    ),
    ({"every": "month", "day": 5, "at": "09:00"}, "*-*-05 09:00:00 Asia/Shanghai"),
    ({"every": "month", "day": 31, "at": "09:00"}, "*-*-28..31 09:00:00 Asia/Shanghai"),
    ({"every": "month", "working_day": 3, "at": "09:00"}, "*-*-* 09:00:00 Asia/Shanghai"),
    ({"every": "quarter", "working_days_before_end": 5, "at": "09:00"}, "*-*-* 09:00:00 Asia/Shanghai"),
)


def call(home: Path = HOME, url: str | None = None, **environment: str):
    return build_call(Home(home, url), {"PATH": "/opt/eduops/bin:/usr/bin:/bin", **environment})


def block(home: str) -> bytes:
    return install_cron.render_block(call(Path(home)))


def test_the_line_of_the_crontab_is_what_a_shell_makes_the_call_of():
    line = install_cron.render_block(call(EDUOPS_ACTOR="王工（虚构）")).decode().splitlines()[2]
    assert line.startswith("* * * * * /usr/bin/env ")
    # Cron takes a bare % as a line's end and hands on \% as %.
    words = shlex.split(line.removeprefix("* * * * * ").replace("\\%", "%"))
    assert f"EDUOPS_HOME={HOME}" in words
    assert "EDUOPS_ACTOR=王工（虚构）" in words
    assert "LANG=C.UTF-8" in words
    assert words[-4:] == ["-m", "eduops", "schedule", "tick"]
    assert "%" not in line.replace("\\%", "")


def test_a_line_too_long_for_cron_and_a_home_with_a_line_break_are_refused():
    with pytest.raises(ConfigError, match="超过 990 字节"):
        install_cron.render_block(call(PATH="/" + "x" * 1000))
    with pytest.raises(ConfigError, match="控制字符"):
        call(Path("/srv/a\nb"))


lines = st.lists(
    st.one_of(
        st.binary(max_size=30).filter(lambda line: b"\n" not in line),
        st.sampled_from(
            [b"# >>> eduops schedule: /other >>>", b"MAILTO=\r", b"0 1 * * * /bin/true # eduops", b""]
        ),
    ),
    max_size=8,
).map(lambda parts: b"".join(part + b"\n" for part in parts))


@given(lines, lines)
def test_every_other_line_of_a_crontab_stays_byte_for_byte(before, after):
    home = "/srv/edu"
    installed = install_cron.put_block(before + after, block(home), home)
    assert installed == before + after + block(home)
    # Whatever came behind it since, and however often it is installed.
    grown = before + block(home) + after
    assert install_cron.put_block(grown, block(home), home) == grown
    assert install_cron.put_block(grown, b"new\n", home) == before + b"new\n" + after
    assert install_cron.drop_block(grown, home) == before + after
    assert install_cron.drop_block(before + after, home) == before + after


def test_two_homes_have_a_block_each_and_a_crontab_without_a_last_newline_gets_one():
    both = install_cron.put_block(block("/srv/a"), block("/srv/b"), "/srv/b")
    assert install_cron.drop_block(both, "/srv/a") == block("/srv/b")
    assert install_cron.put_block(b"MAILTO=x", block("/srv/a"), "/srv/a") == b"MAILTO=x\n" + block("/srv/a")


@pytest.mark.parametrize("cut", [slice(0, 1), slice(3, 4)])
def test_a_block_that_lost_a_marker_is_not_guessed_at(cut):
    kept = block("/srv/a").splitlines(keepends=True)
    del kept[cut]
    with pytest.raises(ConfigError, match="不成对"):
        install_cron.drop_block(b"".join(kept), "/srv/a")


def test_no_secret_of_a_database_is_written_and_that_is_said(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "geheim-1")
    made = call(url="postgresql://edu:geheim-2@db/edu?sslmode=require&password=geheim-3")
    written = install_cron.render_block(made).decode() + str(
        install_systemd.build_daemon(made, is_system=True)
    )
    assert "geheim" not in written
    assert "EDUOPS_DATABASE_URL=postgresql://edu@db/edu?sslmode=require" in written
    assert [".pgpass" in sentence for sentence in made.left_out] == [True, True]
    monkeypatch.delenv("PGPASSWORD")
    assert call(url="postgresql://edu@db/edu").left_out == ()


@pytest.mark.parametrize(("rule", "expected"), RULES)
def test_rules_are_said_to_systemd_as_the_days_among_which_eduops_picks(rule, expected):
    assert render_calendar(When.model_validate(rule), ZONE) == expected


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize(("rule", "_expected"), RULES)
def test_systemd_reads_every_calendar(rule, _expected):
    text = render_calendar(When.model_validate(rule), ZONE)
    done = subprocess.run(["systemd-analyze", "calendar", text], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Next elapse" in done.stdout


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("is_system", [True, False])
@pytest.mark.parametrize("is_daemon", [True, False])
def test_systemd_verifies_every_unit(tmp_path, is_system, is_daemon):
    made = call(url="postgresql://edu@db/edu?host=%2Frun%2Fpg")
    config = ScheduleConfig(
        jobs={"daily-patrol": build_job(when={"every": "day", "at": "07:30"}), "tick": build_job()}
    )
    units = (
        install_systemd.build_daemon(made, is_system=is_system)
        if is_daemon
        else install_systemd.build_timers(made, config, ZONE, is_system=is_system)
    )
    assert len(units) == (1 if is_daemon else 5)
    install_systemd.write_units(tmp_path, units, {})
    verified = [name.replace("@.service", "@daily-patrol.service") for name in units]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *([] if is_system else ["--user"]), *verified],
        cwd=tmp_path,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    said = [line for line in done.stderr.splitlines() if made.home in line or "eduops" in line]
    assert (done.returncode, said) == (0, []), done.stderr


def test_units_carry_the_environment_and_the_home_as_systemd_unquotes_it():
    unit = next(iter(install_systemd.build_daemon(call(), is_system=True).values()))
    assert r'Environment="EDUOPS_HOME=/srv/远程 教育 100%%/it' in unit
    assert r'\"a\" $HOME"' in unit
    assert "Restart=always" in unit
    timers = install_systemd.build_timers(
        call(), ScheduleConfig(jobs={"a": build_job(), "b": build_job(enabled=False)}), ZONE, is_system=False
    )
    assert sum(name.endswith("-job-a.timer") for name in timers) == 1
    assert not [name for name in timers if "-job-b" in name]
    assert "Persistent=true" in next(text for name, text in timers.items() if name.endswith("-job-a.timer"))
    assert "User=" not in "".join(timers.values())


def test_units_of_another_home_are_not_ours_and_what_is_not_wanted_goes(tmp_path):
    ours, others = call(Path("/srv/a")), call(Path("/srv/b"))
    install_systemd.write_units(tmp_path, install_systemd.build_daemon(others, is_system=False), {})
    install_systemd.write_units(tmp_path, install_systemd.build_daemon(ours, is_system=False), {})
    timers = install_systemd.build_timers(
        ours, ScheduleConfig(jobs={"a": build_job()}), ZONE, is_system=False
    )
    install_systemd.write_units(tmp_path, timers, install_systemd.find_installed(tmp_path, ours.home))
    assert install_systemd.find_installed(tmp_path, ours.home) == dict(sorted(timers.items()))
    install_systemd.write_units(tmp_path, {}, timers)
    assert [path.name for path in tmp_path.iterdir()] == list(
        install_systemd.build_daemon(others, is_system=False)
    )


def test_the_shipped_schedule_has_the_jobs_that_the_contract_needs():
    config = load_config(find_shipped("configs"))
    due = {name: job.when for name, job in config.jobs.items()}
    assert (due["daily-patrol"].at.isoformat(), due["backup"].at.isoformat()) == ("07:30:00", "01:00:00")
    assert (due["big-patrol"].weeks, due["big-patrol"].anchor.weekday()) == (2, 0)
    assert {
        "alert-tick",
        "alert-send",
        "backup-drill",
        "sla-review",
        "audit-verify",
        "spool-pull",
    } < due.keys()


def test_a_machine_without_crontab_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutsideError, match="没有 crontab 命令"):
        install_cron.read_crontab()

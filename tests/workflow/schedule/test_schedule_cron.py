"""A real cron calls a schedule that `install --cron` put into a real crontab."""

import json
import os
import time

import pytest
from servers import cron
from workflow_schedule import write_home

MOST_SECONDS = 75
"""Cron looks at the start of each minute."""


@pytest.mark.needs("cron")
def test_cron_runs_what_was_installed_and_other_lines_stay_as_they_were(tmp_path, migrated_file):
    home = write_home(
        tmp_path / "家 100%",
        migrated_file,
        "some: {title: 虚构, command: [audit, list], when: {every: minutes, minutes: 1}}",
    )
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "EDUOPS_HOME": str(home),
        "EDUOPS_ACTOR": "值班（虚构）",
    }
    others = "# 别人的一行 100%\n0 1 * * * /bin/true\n"
    with cron.running(tmp_path) as running:
        (tmp_path / "other").write_text(others)
        assert running.run("crontab", str(tmp_path / "other"), environment=environment).returncode == 0
        shown = running.eduops("schedule", "install", "--cron", "--show", environment=environment)
        assert "+* * * * * /usr/bin/env " in shown.stdout
        assert running.run("crontab", "-l", environment=environment).stdout == others
        for written in (True, False):
            done = running.eduops("schedule", "install", "--cron", "--yes", "--json", environment=environment)
            assert json.loads(done.stdout)["written"] is written, done.stderr
        runs = _wait_for_run(running, environment)
        assert (runs[0]["state"], runs[0]["trigger"], runs[0]["actor"]) == (
            "succeeded",
            "cron",
            "值班（虚构）",
        )
        pulse = json.loads(running.eduops("schedule", "check", "--json", environment=environment).stdout)
        assert {each["name"]: each["state"] for each in pulse}["调度器"] == "fine"
        done = running.eduops("schedule", "uninstall", "--cron", "--yes", environment=environment)
        assert done.returncode == 0
        assert running.run("crontab", "-l", environment=environment).stdout == others


def _wait_for_run(running: cron.Cron, environment: dict[str, str]) -> list[dict[str, object]]:
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        done = running.eduops("schedule", "runs", "--json", environment=environment)
        found: list[dict[str, object]] = [run for run in json.loads(done.stdout) if run["state"] != "running"]
        if found:
            return found
        time.sleep(2)
    raise AssertionError("cron ran nothing")

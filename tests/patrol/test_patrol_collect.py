"""The real agent as a child process."""

import json

import pytest

from eduops.core.errors import ConfigError, OutsideError
from eduops.patrol.collect import collect_local
from eduops.patrol.rules.document import parse_document

QUICK = {"interval_seconds": 0.1, "timeout_seconds": 5}


def test_agent_measures_this_machine_with_psutil_and_without_our_secrets(monkeypatch, tmp_path):
    monkeypatch.setenv("EDUOPS_DATABASE_URL", "postgresql://nobody:secret@nowhere/eduops")
    folder = tmp_path / "备份"
    folder.mkdir()
    (folder / "a.dump").write_text("虚构")
    backups = [{"name": "虚构备份", "folder": str(folder)}]
    collected = collect_local({**QUICK, "backups": backups})
    assert 0 < collected.took_seconds < 30
    document = parse_document(collected.content)
    sections = {section.name: section for section in document.probes}
    assert sections["cpu"].status == sections["memory"].status == "ok"
    assert sections["backups"].data["backups"][0]["status"] == "ok"
    assert json.loads(collected.content)["psutil_version"]
    assert b"secret" not in collected.content


def test_configuration_that_the_agent_refuses_is_told_by_its_places():
    with pytest.raises(ConfigError) as caught:
        collect_local({**QUICK, "urls": [{"name": "首页"}], "colour": "red"})
    said = [str(problem) for problem in caught.value.problems]
    assert any("urls[0].url" in line for line in said)
    assert any("colour" in line for line in said)
    assert not any("/tmp" in line for line in said)


def test_agent_that_does_not_end_in_time_is_ended():
    with pytest.raises(OutsideError, match="没有结束"):
        collect_local({"interval_seconds": 5}, longest_seconds=0.3)


def test_agent_that_cannot_run_is_told_with_the_end_of_its_stderr(monkeypatch, tmp_path):
    broken = tmp_path / "eduops_agent"
    broken.mkdir()
    (broken / "__init__.py").write_text("")
    (broken / "__main__.py").write_text("raise SystemExit('坏了（虚构）')")
    monkeypatch.setattr("eduops.patrol.collect.agent_path", lambda: tmp_path)
    with pytest.raises(OutsideError, match="坏了（虚构）") as caught:
        collect_local(QUICK)
    assert caught.value.source == "eduops-agent"

"""`agents:` of patrol.yaml: what is misspelt there is told with its line, and what the agent takes passes."""

import json
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from eduops.core.config import load_yaml
from eduops.core.errors import ConfigError
from eduops.core.shipped import find_shipped
from eduops.patrol.rules.agent_settings import AgentSettings
from eduops.patrol.rules.threshold import PatrolConfig

sys.path.insert(0, str(Path(__file__).parents[2] / "agent"))
from eduops_agent.config import ConfigError as AgentError
from eduops_agent.config import load_config as load_as_agent

PATH = "/var/log/x"
CLIENT = {"name": "主库", "host": "db", "port": 5432, "socket": PATH, "user": "eduops", "password_file": PATH}
GOOD = {
    "interval_seconds": 1, "timeout_seconds": 15.5, "light": True, "state_folder": None,
    "system": {"packages": ["openssl"]},
    "processes": {"expected": [{"name": "java"}, {"name": "java", "command": "tomcat"}]},
    "services": {"expected": ["nginx", "tomcat9"]},
    "certificates": {"files": [PATH], "endpoints": [{"host": "edu.example.cn", "port": 443, "server_name": "a"}]},
    "urls": [{"name": "首页", "url": "https://edu.example.cn/", "text": "教育", "timeout_seconds": 3, "ca_file": PATH}],
    "logs": {"files": [{"path": PATH, "patterns": [{"name": "错", "pattern": "E(R)+"}], "encoding": "gb18030"}]},
    "backups": [{"name": "每日", "folder": PATH, "pattern": "*.dump"}, {"name": "每周", "folder": PATH}],
    "configuration": [PATH],
    "postgresql": [{**CLIENT, "database": "edu", "standbys": 1, "program": PATH}],
    "mysql": [{**CLIENT, "standbys": 0}],
    "redis": [CLIENT],
    "nginx": {
        "instances": [{"name": "门户", "status_url": "http://[::1]/s", "access_log": PATH, "pattern": r"s=(\d)"}],
        "state_file": PATH,
    },
    "tomcat": [{"name": "课程", "url": "http://127.0.0.1:8080/", "process": "/opt", "program": PATH}],
}  # fmt: skip
WRONG = (
    ({"servces": {"expected": ["nginx"]}}, "servces"),
    ({"services": ["nginx"]}, "services"),
    ({"services": {"expected": "nginx"}}, "services.expected"),
    ({"services": {"expected": [" "]}}, "services.expected"),
    ({"services": {"expected": [1]}}, "services.expected"),
    ({"services": {"excepted": ["nginx"]}}, "services.excepted"),
    ({"processes": {"expected": ["java"]}}, "processes.expected"),
    ({"processes": {"expected": [{"command": "x"}]}}, "processes.expected"),
    ({"certificates": {"files": ["a.pem"]}}, "certificates.files"),
    ({"certificates": {"endpoints": [{"host": "a", "port": "443"}]}}, "port"),
    ({"certificates": {"endpoints": [{"host": "a", "port": True}]}}, "port"),
    ({"certificates": {"endpoints": [{"host": "a", "port": 443.0}]}}, "port"),
    ({"certificates": {"endpoints": [{"host": "a", "port": 65536}]}}, "port"),
    ({"urls": [{"name": "a", "url": "edu.example.cn"}]}, "url"),
    ({"urls": [{"name": "a", "url": "http://u:p@edu.example.cn"}]}, "url"),
    ({"urls": {"name": "a", "url": "http://a"}}, "urls"),
    ({"urls": [{"name": "a", "url": "http://a", "timeout_seconds": 61}]}, "timeout_seconds"),
    ({"logs": {}}, "logs.files"),
    ({"logs": {"files": [{"path": PATH}]}}, "patterns"),
    ({"logs": {"files": [{"path": PATH, "patterns": [{"name": "a", "pattern": "("}]}]}}, "pattern"),
    ({"logs": {"files": [{"path": PATH, "patterns": [], "encoding": "gbkk"}]}}, "encoding"),
    ({"backups": [{"name": "a", "path": PATH}]}, "folder"),
    ({"configuration": [PATH, None]}, "configuration"),
    ({"postgresql": [{"name": "a", "password": "x"}]}, "password"),
    ({"postgresql": [{"name": "a"}, {"name": "a"}]}, "postgresql"),
    ({"mysql": [{"name": "a", "database": "x"}]}, "database"),
    ({"redis": [{"name": "a", "standbys": 1}]}, "standbys"),
    ({"redis": [{"port": 6379}]}, "name"),
    ({"nginx": [{"name": "a"}]}, "nginx"),
    ({"nginx": {"instances": [{"name": "a", "pattern": r"\d"}]}}, "pattern"),
    ({"tomcat": [{"name": "a", "user": "x"}]}, "user"),
    ({"light": "yes"}, "light"),
    ({"light": 1}, "light"),
    ({"state_folder": "state"}, "state_folder"),
    ({"interval_seconds": 0}, "interval_seconds"),
    ({"timeout_seconds": "15"}, "timeout_seconds"),
)


def load_with(tmp_path, settings):
    shipped = find_shipped("configs", "patrol.yaml").read_text(encoding="utf-8")
    assert "\nagents: {}" in shipped
    own = tmp_path / "patrol.yaml"
    agents = f"\nagents:\n  app-1:\n    {json.dumps(settings, ensure_ascii=False)}"
    own.write_text(shipped.replace("\nagents: {}", agents), encoding="utf-8")
    return load_yaml(own, PatrolConfig)


def agent_takes(tmp_path, settings):
    path = tmp_path / "agent.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    try:
        load_as_agent(str(path))
    except AgentError:
        return False
    return True


def test_what_the_agent_takes_passes_as_it_is(tmp_path):
    assert agent_takes(tmp_path, GOOD)
    assert load_with(tmp_path, GOOD).agents == {"app-1": GOOD}


def test_every_key_that_is_known_here_is_one_of_the_agents(tmp_path):
    assert set(GOOD) == set(AgentSettings.model_fields)


@pytest.mark.parametrize(("settings", "place"), WRONG)
def test_what_the_agent_refuses_is_refused_with_place_and_line(tmp_path, settings, place):
    assert not agent_takes(tmp_path, settings)
    with pytest.raises(ConfigError) as refused:
        load_with(tmp_path, settings)
    assert any(place in problem.address for problem in refused.value.problems)
    assert all(problem.line is not None for problem in refused.value.problems)


@pytest.mark.parametrize("settings", [settings for settings, _ in WRONG])
def test_here_and_there_the_same_is_wrong(settings):
    with pytest.raises(ValidationError):
        AgentSettings.model_validate(settings)


def test_a_slip_is_told_with_what_was_meant(tmp_path):
    with pytest.raises(ConfigError) as refused:
        load_with(tmp_path, {"servces": {"expected": ["nginx"]}})
    assert "没有这个键，是否想写「services」" in refused.value.problems[0].message

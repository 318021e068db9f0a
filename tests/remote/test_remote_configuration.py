"""remote.yaml: every problem is named, no secret stands in it, and the way to a host follows from it."""

from pathlib import Path

import pytest

from eduops.core.config import load_yaml
from eduops.core.errors import ConfigError
from eduops.remote.configuration import (
    RemoteConfig,
    find_config_path,
    get_spool,
    load_config,
    overall_seconds,
)
from eduops.remote.route import find_route


def route(settings, **host):
    config = RemoteConfig.model_validate(settings)
    facts = {"code": "app-1", "address": "10.66.0.11", "bastion": None, **host}
    return find_route(config, **facts, home=Path("/home-of-eduops"))


def test_shipped_file_is_correct_and_reaches_nobody(tmp_path):
    config = load_config(tmp_path)
    assert (config.at_once, config.bastions, config.hosts) == (8, {}, {})
    with pytest.raises(ConfigError, match="没有写登录用户"):
        find_route(config, code="app-1", address="10.66.0.11", bastion=None, home=tmp_path)


def test_homes_own_file_wins(tmp_path):
    (tmp_path / "remote.yaml").write_text("at_once: 3\n")
    assert find_config_path(tmp_path) == tmp_path / "remote.yaml"
    assert load_config(tmp_path).at_once == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at_once: 0", "at_once"),
        ("defaults: {port: 70000}", "defaults.port"),
        ("defaults: {password: secret}", "defaults.password"),
        ("defaults: {password_env: a, password_file: b}", "只能写一个"),
        ("defaults: {passphrase_env: 1-a}", "defaults.passphrase_env"),
        ("hosts: {app-1: {spool: relative}}", "hosts.app-1.spool"),
        ('hosts: {app-1: {spool: "/a\\0b"}}', "hosts.app-1.spool"),
        (
            "defaults: {key_file: ~nobody-such-user/k}",
            "第 1 行 defaults.key_file：本机没有用户 ~nobody-such-user",
        ),
        ("hosts: {a: {passphrase_file: ~nobody-such-user}}", "hosts.a.passphrase_file：本机没有用户"),
        ('bastions: {m: {address: a, password_file: "k\\0"}}', "bastions.m.password_file：路径里有空字符"),
        ('bastions: {m: {address: "a\\0b"}}', "bastions.m.address"),
        ('bastions: {m: {address: "a\\eb"}}', "bastions.m.address"),
        ("bastions: {main: {user: a}}", "bastions.main.address"),
        ("bastions: {main: {address: a b}}", "bastions.main.address"),
        ("bastions: {main: {address: a, kind: telnet}}", "bastions.main.kind"),
        ("bastions: {main: {address: a, via: none}}", "「none」不在 bastions 里"),
        ("bastions: {a: {address: a, via: b}, b: {address: b, via: a}}", "绕成了圈"),
        ("bastions: {a: {address: a, via: j}, j: {address: b, kind: jumpserver}}", "不能经 JumpServer"),
    ],
)
def test_mistakes_are_refused_with_their_place(tmp_path, text, said):
    file = tmp_path / "remote.yaml"
    file.write_text(text + "\n")
    with pytest.raises(ConfigError) as caught:
        load_yaml(file, RemoteConfig)
    assert any(said in str(problem) for problem in caught.value.problems)


def test_a_wrong_way_between_bastions_is_told_with_its_line(tmp_path):
    file = tmp_path / "remote.yaml"
    file.write_text(
        "bastions:\n  main: {address: a}\n  inner:\n    address: b\n    via: mian\n  far: {address: c, via: inner}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_yaml(file, RemoteConfig)
    (problem,) = caught.value.problems
    assert (problem.line, problem.message) == (5, "「mian」不在 bastions 里")


def test_an_address_that_ssh_would_obey_is_told_as_badly_written(tmp_path):
    file = tmp_path / "remote.yaml"
    file.write_text('bastions: {main: {address: "-o ProxyCommand=x"}}\n')
    with pytest.raises(ConfigError) as caught:
        load_yaml(file, RemoteConfig)
    assert "的写法不对" in caught.value.problems[0].message


def test_all_mistakes_are_told_at_once(tmp_path):
    file = tmp_path / "remote.yaml"
    file.write_text("at_once: 0\ndefaults: {port: 0}\nhosts: {a: {colour: red}}\n")
    with pytest.raises(ConfigError) as caught:
        load_yaml(file, RemoteConfig)
    assert len(caught.value.problems) == 3


def test_host_takes_its_own_settings_then_the_defaults():
    hop = route(
        {
            "defaults": {"user": "patrol", "port": 2022, "key_file": "keys/a"},
            "hosts": {"app-1": {"user": "other", "connect_seconds": 3}},
        }
    ).hops[0]
    assert (hop.user, hop.port, hop.connect_seconds) == ("other", 2022, 3)
    assert hop.key_file == Path("/home-of-eduops/keys/a")


def test_host_with_its_own_key_does_not_inherit_the_passphrase_of_another():
    hop = route(
        {
            "defaults": {"user": "patrol", "key_file": "/a", "passphrase_env": "A"},
            "hosts": {"app-1": {"key_file": "/b"}},
        }
    ).hops[0]
    assert hop.key_file == Path("/b")
    assert hop.passphrase.variable is None


def test_chain_leads_from_the_outermost_bastion_to_the_host():
    bastions = {
        "inner": {"address": "172.16.0.1", "via": "main"},
        "main": {"address": "10.66.0.1", "port": 2200},
    }
    found = route({"defaults": {"user": "u"}, "bastions": bastions}, bastion="inner")
    assert [hop.key_name for hop in found.hops] == [
        "[10.66.0.1]:2200",
        "[10.66.0.1]:2200/172.16.0.1",
        "[10.66.0.1]:2200/172.16.0.1/10.66.0.11",
    ]


def test_host_that_names_an_unknown_bastion_is_told_where_to_write_it():
    with pytest.raises(ConfigError, match="「gone」不在") as caught:
        route({"defaults": {"user": "u"}}, bastion="gone")
    assert "bastions" in caught.value.hint


def test_spool_and_time_are_the_hosts_or_the_defaults():
    config = RemoteConfig.model_validate(
        {
            "defaults": {"overall_seconds": 60},
            "hosts": {"app-1": {"spool": "/var/spool/a", "overall_seconds": 9}},
        }
    )
    assert (get_spool(config, "app-1"), overall_seconds(config, "app-1")) == ("/var/spool/a", 9)
    assert overall_seconds(config, "app-2") == 60
    with pytest.raises(ConfigError, match="spool"):
        get_spool(config, "app-2")

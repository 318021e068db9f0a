"""patrol.yaml: the shipped one is whole, roles inherit, and every slip is named with its line."""

from pathlib import Path

import pytest

from eduops.core.config import load_yaml
from eduops.core.errors import ConfigError
from eduops.patrol.configuration import find_config_path, load_config
from eduops.patrol.rules.threshold import PatrolConfig

SHIPPED = find_config_path(Path("/nowhere"))


def written(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = SHIPPED.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "patrol.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_homes_own_file_goes_before_the_shipped_one(tmp_path):
    assert find_config_path(tmp_path) == SHIPPED
    own = written(tmp_path)
    assert find_config_path(tmp_path) == own


def test_role_inherits_what_it_does_not_name():
    config = load_config(SHIPPED)
    database = config.for_role("database")
    assert database.memory_percent.warning == 92
    assert database.cpu_percent == config.default.cpu_percent
    assert database.mandatory == config.default.mandatory
    assert config.for_role("web") == config.default


def test_hash_tells_other_limits_apart(tmp_path):
    shipped = load_config(SHIPPED)
    same = load_config(written(tmp_path, ("mandatory: [system, cpu,", "mandatory: [cpu, system,")))
    other = load_config(written(tmp_path, ("cpu_percent: {warning: 80,", "cpu_percent: {warning: 81,")))
    assert shipped.default.hash == same.default.hash
    assert shipped.default.hash != other.default.hash
    assert shipped.default.hash != shipped.for_role("database").hash


@pytest.mark.parametrize(
    ("change", "address", "message"),
    [
        (
            ("cpu_percent: {warning: 80,", "cpu_percent: {warning: 96,"),
            "cpu_percent",
            "警告限 96 高于严重限 95",
        ),
        (("cpu_percent: {warning: 80,", "cpu_percent: {warning: .nan,"), "cpu_percent.warning", "不是"),
        (
            ("certificate_days: {warning: 30,", "certificate_days: {warning: 3,"),
            "certificate_days",
            "低于严重限 7",
        ),
        (("zombies: {warning: 5, critical: 50}", "zombies: {warning: 5}"), "zombies.critical", "缺少"),
        (("zombies: {warning: 5,", "zombies: {warning: -5,"), "zombies.warning", "不小于"),
        (("mandatory: [system, cpu,", "mandatory: [system, cpus,"), "default", "没有这样的检查项：cpus"),
        (
            ("mandatory: [system, cpu, memory, disks, processes, services, time_sync]", "mandatory: []"),
            "mandatory",
            "",
        ),
        (
            ("swap_percent: {warning: 10,", "swop_percent: {warning: 10,"),
            "roles.database.swop_percent",
            "没有这个键",
        ),
        (
            ("swap_percent: {warning: 10,", "swap_percent: {warning: 31,"),
            "roles.database.swap_percent",
            "高于严重限 30",
        ),
        (("  database:", "  datebase:"), "roles", "不在可选范围"),
        (("agents: {}", "agents: []"), "agents", "不是键值表"),
    ],
)
def test_slip_is_named_with_its_place(tmp_path, change, address, message):
    with pytest.raises(ConfigError) as caught:
        load_yaml(written(tmp_path, change), PatrolConfig)
    (problem,) = caught.value.problems
    assert address in problem.address
    assert message in problem.message
    assert problem.line


def test_slips_of_the_default_are_told_once_and_not_for_every_role(tmp_path):
    path = written(
        tmp_path, ("cpu_percent: {warning: 80,", "cpu_percent: {warning: x,"), ("zombies:", "zombie:")
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert [problem.address.split()[-1] for problem in caught.value.problems] == [
        "default.zombies",
        "default.cpu_percent.warning",
        "default.zombie",
    ]


def test_limits_may_be_equal_which_leaves_out_the_warning(tmp_path):
    config = load_config(written(tmp_path, ("zombies: {warning: 5,", "zombies: {warning: 50,")))
    assert config.default.zombies.warning == config.default.zombies.critical == 50

"""Which folder is the home, what lies where in it, and what its settings may say."""

from pathlib import Path

import pytest

from eduops.core.errors import ConfigError
from eduops.core.home import Home, Settings, find_home


@pytest.mark.parametrize(
    ("option", "environment", "path"),
    [
        ("/a", {"EDUOPS_HOME": "/b"}, "/a"),
        (None, {"EDUOPS_HOME": "/b"}, "/b"),
        (None, {"EDUOPS_HOME": ""}, "~/.local/share/eduops"),
        (None, {}, "~/.local/share/eduops"),
        ("~/x", {}, "~/x"),
        (None, {"EDUOPS_HOME": "~/y"}, "~/y"),
    ],
)
def test_option_goes_before_environment_before_default(option, environment, path):
    assert find_home(option and Path(option), environment).path == Path(path).expanduser()


def test_relative_home_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_home(Path("hier"), {}).path == tmp_path / "hier"


def test_home_of_an_unknown_account_is_a_configuration_error():
    with pytest.raises(ConfigError, match="~niemand-hier"):
        find_home(Path("~niemand-hier/x"), {})


@pytest.mark.parametrize(
    ("url", "database_url", "database_path", "uses_sqlite"),
    [
        (None, "sqlite:////h/eduops.db", "/h/eduops.db", True),
        ("", "sqlite:////h/eduops.db", "/h/eduops.db", True),
        ("sqlite:////x/y.db", "sqlite:////x/y.db", "/x/y.db", True),
        ("sqlite+pysqlite:////x/y.db?timeout=3", "sqlite+pysqlite:////x/y.db?timeout=3", "/x/y.db", True),
        ("postgresql://u@h/d", "postgresql://u@h/d", "/h/eduops.db", False),
    ],
)
def test_database_lies_where_it_was_set_or_in_the_home(url, database_url, database_path, uses_sqlite):
    home = find_home(Path("/h"), {"EDUOPS_DATABASE_URL": url} if url is not None else {})
    assert (home.database_url, home.database_path, home.uses_sqlite) == (
        database_url, Path(database_path), uses_sqlite,
    )  # fmt: skip


def test_home_that_is_not_there_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "none", tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigError, match="不存在或无权进入") as caught:
            Home(path).require()
        assert "eduops init" in caught.value.hint
    Home(tmp_path).require()


def test_settings_have_defaults_and_refuse_what_nobody_knows(tmp_path):
    home = Home(tmp_path)
    assert home.load_settings() == Settings()
    home.settings_path.write_text("customer: 虚构市医院\n", encoding="utf-8")
    assert home.load_settings() == Settings(customer="虚构市医院")
    home.settings_path.write_text("costumer: 虚构市医院\ninvented: vielleicht\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="有 2 处问题") as caught:
        home.load_settings()
    assert [problem.line for problem in caught.value.problems] == [1, 2]
    assert "是否想写「customer」" in caught.value.problems[0].message

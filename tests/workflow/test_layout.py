"""Laying out a home: everything is made once, nothing that is there is touched, nothing is left by a wrong start."""

import multiprocessing
import os
import pwd
import shutil
import sqlite3
import stat
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from eduops.contract.loader import OVERLAY_NAME, load_contract
from eduops.core.errors import ConfigError, InputError, OutsideError
from eduops.core.home import CONTRACT_NAME, FOLDERS, Home
from eduops.core.shipped import find_shipped
from eduops.store.schema import HEAD
from eduops.store.secret import load_cipher, require_fit
from eduops.store.store import open_store
from eduops.workflow.layout import lay_out

SHIPPED = find_shipped("configs", "contracts", CONTRACT_NAME)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def read_all(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "new" / "home")


def test_everything_is_made_and_closed_to_others(home):
    before = os.umask(0)
    try:
        laid = lay_out(home, customer="虚构市医院", vendor="虚构公司")
    finally:
        os.umask(before)
    assert laid.made == (
        "eduops.yaml",
        f"contracts/{CONTRACT_NAME}",
        "contracts/working-days.yaml",
        "personal.key",
        "patrol.yaml",
        "remote.yaml",
        "alert.yaml",
        "schedule.yaml",
        "backup.yaml",
        "eduops.db",
    )
    assert (laid.kept, laid.revision) == ((), HEAD)
    assert {path: mode(path) for path in (home.path, *map(home.folder, FOLDERS))} == dict.fromkeys(
        (home.path, *map(home.folder, FOLDERS)), 0o700
    )
    assert (mode(home.database_path), mode(home.key_path)) == (0o600, 0o600)
    settings = home.load_settings()
    assert (settings.customer, settings.vendor, settings.invented) == ("虚构市医院", "虚构公司", False)
    assert load_contract(home.path / settings.contract) == load_contract(SHIPPED)
    open_store(home.database_url).engine.dispose()


def test_second_time_keeps_every_file(home):
    lay_out(home)
    (home.path / "patrol.yaml").write_text("# 自己的阈值（虚构）\n")
    home.settings_path.write_text("customer: 改过的名字（虚构）\n")
    before = read_all(home.path)
    laid = lay_out(home, customer="别的名字（虚构）")
    assert laid.made == ()
    assert laid.kept == (
        "eduops.yaml",
        f"contracts/{CONTRACT_NAME}",
        "contracts/working-days.yaml",
        "personal.key",
        "patrol.yaml",
        "remote.yaml",
        "alert.yaml",
        "schedule.yaml",
        "backup.yaml",
        "eduops.db",
    )
    assert read_all(home.path) == before


def test_a_lost_key_is_not_replaced_where_personal_data_lie_under_it(home):
    lay_out(home)
    home.key_path.unlink()
    assert lay_out(home).made == ("personal.key",)
    with open_store(home.database_url).writing() as session:
        require_fit(session, load_cipher(home.key_path), is_writing=True)
    home.key_path.unlink()
    with pytest.raises(ConfigError, match=r"没有密钥文件 .*personal\.key"):
        lay_out(home)
    assert not home.key_path.exists()


def test_only_what_is_missing_is_made_again(home):
    lay_out(home)
    home.settings_path.unlink()
    shutil.rmtree(home.folder("reports"))
    assert lay_out(home).made == ("eduops.yaml",)
    assert home.folder("reports").is_dir()


@pytest.mark.parametrize(
    "name",
    ["某某：医院", "某某: 医院 # 东院", "'单' \"双\" \\ 引号", "true", "123", "- 列表", "{花}", "", "两\n行"],
)
def test_any_name_comes_back_as_it_was_given(home, name):
    lay_out(home, customer=name, vendor=name, invented=True)
    settings = home.load_settings()
    assert (settings.customer, settings.vendor, settings.invented) == (name, name, True)


def test_own_contract_is_taken(home, tmp_path):
    own = tmp_path / "自己的 合同#1.yaml"
    own.write_text(
        SHIPPED.read_text(encoding="utf-8").replace("title: ", "title: 虚构的", 1), encoding="utf-8"
    )
    laid = lay_out(home, contract=own)
    assert f"contracts/{own.name}" in laid.made
    assert load_contract(home.path / home.load_settings().contract).title.startswith("虚构的")
    assert {path.name for path in home.folder("contracts").iterdir()} == {own.name, OVERLAY_NAME}


def test_the_working_days_beside_an_own_contract_come_along(home, tmp_path):
    own = tmp_path / "合同.yaml"
    own.write_bytes(SHIPPED.read_bytes())
    (tmp_path / OVERLAY_NAME).write_text("add: [{on: 2026-03-07, source: 虚构}]\n", encoding="utf-8")
    lay_out(home, contract=own)
    (change,) = load_contract(home.path / home.load_settings().contract).working_days.add
    assert change.source == "虚构"


@pytest.mark.parametrize("content", [None, "", "contract: [", "contract: x\n", "a: 1\na: 2\n"])
def test_wrong_contract_makes_nothing(home, tmp_path, content):
    own = tmp_path / "合同.yaml"
    if content is not None:
        own.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        lay_out(home, contract=own)
    assert caught.value.problems
    assert not home.path.parent.exists()


@pytest.mark.parametrize("below", ["", "home", "deep/home"])
def test_home_under_a_regular_file_is_refused(tmp_path, below):
    (tmp_path / "file").write_text("在这里（虚构）")
    with pytest.raises(InputError, match="不能写入"):
        lay_out(Home(tmp_path / "file" / below))
    assert (tmp_path / "file").read_text() == "在这里（虚构）"


def test_folder_name_taken_by_a_file_is_refused(home):
    home.path.mkdir(parents=True)
    home.folder("reports").write_text("一个文件（虚构）")
    with pytest.raises(InputError, match="不能写入"):
        lay_out(home)


def _lay_out_as_nobody(home, contract, answer):
    if os.geteuid() == 0:
        # Root may write everywhere: where root runs the tests, another account tries.
        account = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
    try:
        lay_out(home, contract=contract)
    except InputError as error:
        answer.put(error.message)
    else:
        answer.put("")


@pytest.mark.parametrize(("below", "permissions"), [("home", 0o500), ("home", 0o000), ("", 0o500)])
def test_home_that_the_account_may_not_write_is_refused(below, permissions):
    with tempfile.TemporaryDirectory() as name:
        top, closed = Path(name), Path(name) / "closed"
        closed.mkdir()
        shutil.copyfile(SHIPPED, top / "contract.yaml")
        closed.chmod(permissions)
        top.chmod(0o711)
        context = multiprocessing.get_context("fork")
        answer = context.Queue()
        process = context.Process(
            target=_lay_out_as_nobody, args=(Home(closed / below), top / "contract.yaml", answer)
        )
        process.start()
        said = answer.get(timeout=30)
        process.join()
        closed.chmod(0o700)
        assert said == f"不能写入 {closed / below}：没有权限"
        assert list(closed.iterdir()) == []


def test_database_from_a_newer_version_is_refused_and_nothing_is_touched(home, migrated_file):
    home.path.mkdir(parents=True)
    shutil.copyfile(migrated_file, home.database_path)
    with closing(sqlite3.connect(home.database_path)) as database:
        database.execute("UPDATE alembic_version SET version_num = '20990101_future'")
        database.commit()
    before = read_all(home.path)
    with pytest.raises(ConfigError, match=r"20990101_future.*新"):
        lay_out(home)
    assert read_all(home.path) == before
    assert [path.name for path in home.path.iterdir()] == ["eduops.db"]


def test_file_that_is_no_database_is_refused_and_nothing_is_touched(home):
    home.path.mkdir(parents=True)
    home.database_path.write_bytes(b"no database at all " * 100)
    before = read_all(home.path)
    with pytest.raises(ConfigError, match="不是数据库"):
        lay_out(home)
    assert read_all(home.path) == before


@pytest.mark.server
def test_database_may_lie_on_postgresql(home, postgresql_server):
    home = Home(home.path, postgresql_server.create_database())
    assert "数据库" in lay_out(home).made
    assert not (home.path / "eduops.db").exists()
    again = lay_out(home)
    assert (again.made, again.kept[-1]) == ((), "数据库")
    open_store(home.database_url).engine.dispose()


def test_database_server_that_does_not_answer_leaves_nothing(home, tmp_path):
    home = Home(home.path, f"postgresql://nobody@/none?host={tmp_path}&connect_timeout=2")
    with pytest.raises(OutsideError, match="数据库操作失败"):
        lay_out(home)
    assert not home.path.exists()


def test_sqlite_file_elsewhere_is_made_there_and_private(home, tmp_path):
    home = Home(home.path, f"sqlite:///{tmp_path / 'elsewhere.db'}")
    lay_out(home)
    assert mode(tmp_path / "elsewhere.db") == 0o600
    assert not (home.path / "eduops.db").exists()


@pytest.mark.parametrize("name", ["x?y=1#z%41", "空 格", "引'号\"", "a%2Fb"])
def test_a_home_may_have_any_name(tmp_path, name):
    home = Home(tmp_path / name)
    lay_out(home)
    open_store(home.database_url).engine.dispose()
    assert (tmp_path / name / "eduops.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_four_starts_at_once_make_one_home(home):
    context = multiprocessing.get_context("spawn")
    starts = [context.Process(target=lay_out, args=(home,)) for _ in range(4)]
    for start in starts:
        start.start()
    for start in starts:
        start.join(60)
    assert [start.exitcode for start in starts] == [0] * 4
    open_store(home.database_url).engine.dispose()

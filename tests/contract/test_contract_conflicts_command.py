"""`eduops contract conflicts` as it is typed."""

import json
import shutil
from pathlib import Path

import pytest

from eduops.cli import failure
from eduops.cli.main import app
from eduops.core.home import CONTRACT_NAME
from eduops.core.shipped import find_shipped


@pytest.fixture
def home(migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copyfile(migrated_file, tmp_path / "eduops.db")
    (tmp_path / "contracts").mkdir()
    shutil.copy(find_shipped("configs", "contracts", CONTRACT_NAME), tmp_path / "contracts")
    monkeypatch.setenv("EDUOPS_HOME", str(tmp_path))
    monkeypatch.setenv("EDUOPS_NOW", "2026-03-05T12:00:00+08:00")
    monkeypatch.delenv("EDUOPS_DATABASE_URL", raising=False)
    return tmp_path


def _type(*words: str) -> int:
    arguments = ["contract", "conflicts", *words]
    return failure.guarded(lambda: app(arguments, standalone_mode=False, prog_name="eduops"), debug=False)


@pytest.mark.usefixtures("home")
def test_conflicts_are_listed_with_both_readings(capsys: pytest.CaptureFixture[str]) -> None:
    assert _type("--from", "2026-01-01", "--to", "2026-03-31") == 0
    said = capsys.readouterr().out
    for words in ("读法（14）", "非现场解决时限", "second_resolution", "采用"):
        assert words in said


@pytest.mark.usefixtures("home")
def test_conflicts_as_json_have_one_reading_in_force_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert _type("--from", "2026-01-01", "--to", "2026-03-31", "--as-of", "2026-03-31", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told) == 7
    assert all([each["in_force"] for each in one["readings"]].count(True) == 1 for one in told)


@pytest.mark.usefixtures("home")
def test_days_in_the_wrong_order_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert _type("--from", "2026-03-31", "--to", "2026-01-01") == 2
    assert "早于" in capsys.readouterr().err

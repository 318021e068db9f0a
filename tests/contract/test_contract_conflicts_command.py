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
    return _run("contract", "conflicts", *words)


def _run(*words: str) -> int:
    return failure.guarded(lambda: app(list(words), standalone_mode=False, prog_name="eduops"), debug=False)


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


@pytest.mark.usefixtures("home")
def test_finding_of_one_reading_says_what_it_counts_there(capsys: pytest.CaptureFixture[str]) -> None:
    for day in ("2026-03-02", "2026-03-03"):
        words = (
            "--title",
            "平台打不开（虚构）",
            "--impact",
            "system",
            "--cause",
            "software",
            "--at",
            f"{day} 09:00",
        )
        assert _run("ticket", "open", *words) == 0
    for number, day in enumerate(("2026-03-02", "2026-03-03"), 1):
        assert _run("ticket", "resolve", f"INC-2026-000{number}", "--at", f"{day} 09:20") == 0
    capsys.readouterr()
    assert _type("--from", "2026-03-01", "--to", "2026-03-31") == 0
    lines = [
        line for line in capsys.readouterr().out.splitlines() if "stoppage_count" in line and "只在" in line
    ]
    assert [line.partition("：INC")[0] for line in lines] == [
        "只在「stoppage_count: system_stoppages」下（提示，不计次）",
        "只在「stoppage_count: stoppages_of_term」下（违约，计 1 次）",
    ]


def test_check_ends_with_what_to_do_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = find_shipped("configs", "contracts", CONTRACT_NAME)
    assert _run("contract", "check", str(good)) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("下一步：放进数据目录的 contracts/")
    bad = tmp_path / "合同.yaml"
    bad.write_text(good.read_text().replace("zone:", "zoen:"))
    assert _run("contract", "check", str(bad)) == 3
    assert capsys.readouterr().out.splitlines()[-1].endswith(f"再运行 eduops contract check {bad}")

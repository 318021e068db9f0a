"""恢复演练证明: what it says of a drill that passed, failed or was killed, and what LibreOffice shows of it."""

import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from eduops.report.drill_certificate import (
    MOST_TABLES,
    TEMPLATE,
    BackupFact,
    CertificateFacts,
    FileFact,
    KeyFact,
    TableFact,
    build_context,
)
from eduops.report.render import as_mapping, render_document
from eduops.report.template import find_template

AT = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
HASH = "4c2d6dd9d45207421daf3c0a72bac8b76a6f2c5228fbd68af2cae6b5d9cdcd8e"


def build_facts(**changes: object) -> CertificateFacts:
    """An invented drill that passed."""
    backup = BackupFact(
        "BKP-2026-0007", "platform", "postgresql", "10.66.0.21:5432/edu", "异地存放处 nas", "age",
        "BKP-2026-0007-20260304T170000Z", AT - timedelta(hours=8), 734_003_200, HASH,
    )  # fmt: skip
    facts = CertificateFacts(
        ref="DRL-2026-0003", customer="某某医院（虚构）", vendor="某某公司（虚构）", prepared_by="王工", version="V1",
        made_at=AT + timedelta(hours=1), zone=ZoneInfo("Asia/Shanghai"), is_invented=True, backup=backup,
        started_at=AT, finished_at=AT + timedelta(minutes=12), drilled_by="王工", passed=True,
        scratch="eduops_scratch_drl_2026_0003_26125b", restore_milliseconds=312_480, limit_milliseconds=3_600_000,
        tables_compared=40, rows_compared=816, audit_number=118, audit_hash=HASH, ledger_count=9, ledger_hash=HASH,
        tables=tuple(TableFact(f"table_{n:02}", n, n, HASH[:32]) for n in range(40)),
        files=(FileFact("database.dump", 734_003_100, HASH),), has_sentinel=True, sentinel=True,
        keys=(KeyFact("age1f93gragl0", "age", True),), differences=(),
    )  # fmt: skip
    return replace(facts, **changes)  # type: ignore[arg-type]


def test_a_drill_that_passed_is_certified_with_every_figure() -> None:
    context = build_context(build_facts())

    assert context.title == "恢复演练证明"
    assert (
        "40 项（表、目录）816 行与备份时逐项一致，恢复用时 312.48 秒，在限时 60 分钟以内" in context.statement
    )
    lines = {line.label: line.value or line.code for line in (*context.backup, *context.drill)}
    assert lines["清单 SHA-256"] == HASH
    assert lines["取自"] == "异地存放处 nas：BKP-2026-0007-20260304T170000Z，734003200 字节，age 加密"
    assert lines["演练时间"] == "2026-03-05 09:00 至 2026-03-05 09:12，王工"
    assert lines["恢复用时"] == "312.48 秒（限时 60 分钟）"
    assert lines["哨兵"] == "备份前写入的记录已找到"
    assert lines["密钥副本"] == "age 密钥（age1f93gragl0）已用它解开"
    assert lines["结果"] == "通过"
    assert [row.name for row in context.tables] == [f"table_{n}" for n in range(39, 39 - MOST_TABLES, -1)]
    assert context.tables_note == "合计 40 项，备份时 780 行，恢复后 780 行。没有列出的 28 项见演练记录。"
    assert all(figure.command.startswith("eduops ") for figure in context.figures)


def test_a_drill_that_failed_is_no_certificate_and_says_why_first() -> None:
    tables = (TableFact("exam", 100, 90, HASH[:32]), *build_facts().tables)
    context = build_context(
        build_facts(
            passed=False, tables=tables, differences=("表 exam 备份时 100 行，恢复后 90 行",), sentinel=False
        )
    )

    assert context.title == "恢复演练结果（没有通过）"
    assert "不能认为这个来源的备份可以恢复" in context.statement
    assert context.differences == ("表 exam 备份时 100 行，恢复后 90 行",)
    assert (context.tables[0].name, context.tables[0].verdict) == ("exam", "不一致")
    assert context.verdict == "没有通过"
    assert "备份前写入的记录没有找到" in {line.value for line in context.drill}


def test_a_drill_that_was_killed_did_not_pass() -> None:
    context = build_context(
        build_facts(finished_at=None, passed=False, restore_milliseconds=0, sentinel=None, audit_number=None)
    )

    assert context.verdict == "没有做完（不算通过）"
    values = {line.value for line in context.drill}
    assert {"没有恢复出来（限时 60 分钟）", "演练没有进行到查找哨兵这一步"} <= values
    assert context.audit == "操作日志里没有这次演练的结果。"


def test_a_source_without_sentinel_key_or_limit_says_so() -> None:
    context = build_context(build_facts(has_sentinel=False, sentinel=None, keys=(), limit_milliseconds=None))

    values = {line.value for line in context.drill}
    assert {"备份前没有写入哨兵", "这次没有证明密钥", "312.48 秒（没有设限时）"} <= values
    assert "限时" not in context.statement


def test_a_hundred_differences_are_cut_and_counted() -> None:
    context = build_context(build_facts(passed=False, differences=[f"表 {n} 不同" for n in range(100)]))

    assert len(context.differences) == 11
    assert context.differences[-1] == "另有 90 处，见演练记录"


def test_the_shipped_template_is_what_the_code_makes(tmp_path: Path) -> None:
    shipped = find_template(None, TEMPLATE)
    code = shipped.parent / "make_templates.py"
    subprocess.run([sys.executable, code, tmp_path], cwd=shipped.parent.parent, check=True)

    with zipfile.ZipFile(tmp_path / TEMPLATE) as made, zipfile.ZipFile(shipped) as kept:
        assert {each: made.read(each) for each in made.namelist()} == {
            each: kept.read(each) for each in kept.namelist()
        }


@pytest.mark.slow
@pytest.mark.needs("soffice")
@pytest.mark.needs("pdftoppm")
@pytest.mark.parametrize("passed", [True, False])
def test_libreoffice_shows_two_pages_and_signatures_never_alone(tmp_path: Path, passed: bool) -> None:
    facts = build_facts(passed=passed, differences=() if passed else ("备份前写入的哨兵没有恢复出来",))
    path = tmp_path / "c.docx"
    render_document(find_template(None, TEMPLATE), as_mapping(build_context(facts)), path)
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    done = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "c.pdf"), "-"], check=True, capture_output=True, text=True
    )

    pages = ["".join(page.split()) for page in done.stdout.split("\f")[:-1]]
    assert len(pages) == 2
    assert ("恢复演练证明" if passed else "恢复演练结果（没有通过）") in pages[0]
    assert "虚构" in pages[0]
    assert "编制：王工" in pages[1]
    assert pages[1].count("（盖章）") == 2
    assert HASH in pages[1]

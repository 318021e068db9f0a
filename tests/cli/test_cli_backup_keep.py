"""`eduops backup` list, status, show, copy, prune and certificate as a person types them."""

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

CONFIGURATION = """
places:
  nas: {{kind: directory, path: {folder}/nas}}
sources:
  exam: {{engine: sqlite, path: {folder}/exam.db, places: [nas], max_age_hours: 26, keep: {{last: 1, daily: 0,
         weekly: 0, monthly: 0, yearly: 0}}}}
  home: {{engine: home, max_age_hours: 26}}
"""


@pytest.fixture
def exam(home: Path, tmp_path: Path) -> Path:
    """A database to back up, and the configuration that says so."""
    with closing(sqlite3.connect(tmp_path / "exam.db")) as database:
        database.execute("CREATE TABLE answer (id INTEGER)")
        database.execute("INSERT INTO answer VALUES (1)")
        database.commit()
    (tmp_path / "nas").mkdir()
    (home / "backup.yaml").write_text(CONFIGURATION.format(folder=tmp_path), encoding="utf-8")
    return tmp_path


def test_a_source_without_a_backup_stands_in_list_and_status(typed, exam):
    assert typed("backup", "list").out.count("没有可用的备份") == 2
    status = typed("backup", "status", "--json")
    assert status.code == 1
    assert [(row["source"], row["state"], row["age_hours"]) for row in status.json()] == [
        ("exam", "bad", None),
        ("home", "bad", None),
    ]
    assert "eduops backup run" in typed("backup", "status").out


def test_backed_up_copied_and_drilled_it_is_fine_and_show_tells_everything(typed, exam):
    assert typed("backup", "run", "exam").code == 0
    assert "都有副本了" in typed("backup", "copy", "--all").out
    assert typed("backup", "verify", "--source", "exam", "--place", "nas").code == 0
    assert typed("backup", "drill", "--source", "exam").code == 0

    assert typed("backup", "status", "--source", "exam").code == 0
    shown = typed("backup", "show", "BKP-2026-0001", "--json").json()
    assert [(copy["place"], copy["state"]) for copy in shown["copies"]] == [("nas", "verified")]
    assert [(check["place"], check["passed"]) for check in shown["checks"]] == [("nas", True)] * 2
    assert [(drill["ref"], drill["passed"]) for drill in shown["drills"]] == [("DRL-2026-0001", True)]
    said = typed("backup", "show", "BKP-2026-0001").out
    assert all(word in said for word in ("异地副本（1）", "校验（2）", "恢复演练（1）", shown["sha256"]))
    (row,) = typed("backup", "list", "--kind", "backup", "--json").json()
    assert (row["age_hours"], row["standing"], row["drilled_text"]) == (0.0, "fine", "DRL-2026-0001 通过")


def test_a_run_copies_to_the_places_of_its_source_and_a_failed_copy_is_told(typed, exam):
    good = typed("backup", "run", "exam")
    assert (good.code, "已复制到异地存放处 nas" in good.out) == (0, True)
    assert typed("backup", "status", "--source", "exam").code == 0

    (exam / "nas").rename(exam / "away")
    (exam / "nas").write_text("a file, where the folder should be")
    bad = typed("backup", "run", "exam")
    assert (bad.code, "BKP-2026-0002 已备份" in bad.out) == (1, True)
    assert "没有复制到异地存放处 nas" in bad.err


def test_list_is_narrowed_by_source_and_kind(typed, exam):
    typed("backup", "run", "--all")
    typed("backup", "drill", "--source", "exam")

    assert {row["source"] for row in typed("backup", "list", "--source", "home", "--json").json()} == {"home"}
    assert [row["ref"] for row in typed("backup", "list", "--kind", "drill", "--json").json()] == [
        "DRL-2026-0001"
    ]
    wrong = typed("backup", "list", "--kind", "copies")
    assert (wrong.code, "不在可选范围" in wrong.err) == (2, True)


def test_prune_shows_what_is_kept_and_why_asks_and_then_removes(typed, exam, home):
    for _ in range(2):
        typed("backup", "run", "exam")

    preview = typed("backup", "prune", "--dry-run", "--json").json()
    assert [(row["ref"], row["place"], row["is_kept"]) for row in preview] == [
        ("BKP-2026-0002", "main", True),
        ("BKP-2026-0001", "main", False),
        ("BKP-2026-0002", "nas", True),
        ("BKP-2026-0001", "nas", False),
    ]
    assert preview[0]["reasons"] == ["最后一份校验过的备份，任何规则都不删", "最近第 1 份"]
    asked = typed("backup", "prune")
    assert (asked.code, "需要确认" in asked.err) == (2, True)
    assert "任何规则都不删" in asked.out
    assert len(typed("backup", "list", "--kind", "backup", "--json").json()) == 2

    done = typed("backup", "prune", "--yes", "--json")
    assert (done.code, [(row["ref"], row["place"]) for row in done.json()["removed"]]) == (
        0,
        [("BKP-2026-0001", "main"), ("BKP-2026-0001", "nas")],
    )
    rows = {row["ref"]: row for row in typed("backup", "list", "--json").json()}
    assert rows["BKP-2026-0001"]["state"] == "removed"
    assert rows["BKP-2026-0001"]["good_text"] == "已删除"
    assert "按保留规则删除了" in rows["BKP-2026-0001"]["result"]
    refused = typed("backup", "drill", "BKP-2026-0001")
    assert (refused.code, "删除" in refused.err) == (4, True)
    entries = typed("audit", "list", "--subject", "BKP-2026-0001", "--json").json()
    assert [entry["change"]["step"] for entry in entries[:2]] == ["removed", "prune"]


def test_copy_wants_to_know_what_and_tells_a_place_that_cannot_be_written(typed, exam):
    assert typed("backup", "copy").code == 2
    typed("backup", "run", "home")
    assert "没有写 places" in typed("backup", "copy", "BKP-2026-0001").err
    assert "没有异地存放处「far」" in typed("backup", "copy", "--all", "--place", "far").err
    (exam / "nas").rmdir()
    typed("backup", "run", "exam")
    assert [row["place"] for row in typed("backup", "copy", "--all", "--dry-run", "--json").json()] == ["nas"]

    failed = typed("backup", "copy", "--all", "--json")

    assert failed.code == 1
    assert "异地存放处 nas" in failed.json()[0]["fault"]
    assert typed("backup", "status", "--source", "exam", "--json").json()[0]["reasons"] == [
        "异地存放处 nas 没有最新备份的副本"
    ]


def test_a_flipped_byte_is_never_fine_again(typed, exam, home):
    typed("backup", "run", "exam")
    (path,) = (home / "backups").glob("BKP-*/*.db")
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)

    assert typed("backup", "verify", "BKP-2026-0001").code == 1
    status = typed("backup", "status", "--source", "exam", "--json")
    assert (status.code, status.json()[0]["state"]) == (1, "bad")
    assert "内容变了" in json.dumps(status.json(), ensure_ascii=False)


def test_a_certificate_is_written_recorded_and_numbered(typed, exam, tmp_path):
    typed("backup", "run", "exam")
    typed("backup", "drill", "--source", "exam")

    first = typed("backup", "certificate", "DRL-2026-0001", "--out", tmp_path / "c.docx", "--json").json()
    second = typed("backup", "certificate", "DRL-2026-0001", "--json").json()

    assert (first["version"], second["version"]) == ("V1", "V2")
    assert first["path"] == str(tmp_path / "c.docx")
    with zipfile.ZipFile(tmp_path / "c.docx") as document:
        text = document.read("word/document.xml").decode()
    assert all(word in text for word in ("恢复演练证明", "DRL-2026-0001", "BKP-2026-0001", "通过", "answer"))
    kinds = {row["kind_text"] for row in typed("report", "list", "--json").json()}
    assert kinds == {"恢复演练证明"}
    missing = typed("backup", "certificate", "DRL-2026-0009")
    assert (missing.code, "没有演练 DRL-2026-0009" in missing.err) == (4, True)


def test_no_certificate_rests_on_an_audit_log_that_somebody_wrote_into(typed, exam, home):
    typed("backup", "run", "exam")
    typed("backup", "drill", "--source", "exam")
    with closing(sqlite3.connect(home / "eduops.db")) as database:
        database.execute("UPDATE audit_entry SET actor = '别人' WHERE id = 1")
        database.commit()

    refused = typed("backup", "certificate", "DRL-2026-0001")
    assert (refused.code, "操作日志第 1 条起核对不符" in refused.err) == (4, True)
    assert "audit verify" in refused.err

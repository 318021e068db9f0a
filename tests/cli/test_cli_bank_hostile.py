"""`eduops bank import` of files made to harm: one sentence, soon, in little memory; database and program live on."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sheet.made_files import make_ole
from sheet.made_hostile import (
    make_bad_checksum,
    make_bomb,
    make_empty,
    make_encrypted_part,
    make_entity_bomb,
    make_external_entity,
    make_far_cell,
    make_sentence,
    make_slip,
    make_truncated,
)

from eduops.cli.failure import WRONG_FILE, guarded
from eduops.cli.main import app
from eduops.sheet.export import Column, Table, write_table

IMPORT_AND_TELL = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, done.stderr, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""
"""Seconds of the processor: on a busy machine the clock on the wall says nothing."""


def make_encrypted(path: Path) -> Path:
    path.write_bytes(make_ole({"EncryptionInfo": b"x", "EncryptedPackage": b"y"}))
    return path


HOSTILE = [
    (make_bomb, "压缩炸弹"),
    (make_far_cell, "XFD1048576"),
    (make_external_entity, "外部实体"),
    (make_entity_bomb, "DTD"),
    (make_slip, "目录之外"),
    (make_truncated, "不完整或已损坏"),
    (make_bad_checksum, "校验和"),
    (make_empty, "空文件"),
    (make_sentence, "普通文字，不是表格"),
    (make_encrypted, "已加密"),
    (make_encrypted_part, "已加密"),
]


@pytest.fixture
def home(migrated_file: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "eduops.db").write_bytes(migrated_file.read_bytes())
    return folder


@pytest.mark.parametrize(("make", "words"), HOSTILE, ids=lambda value: getattr(value, "__name__", None))
def test_a_hostile_file_is_refused_and_the_database_is_not_touched(
    home: Path, tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    path, before = make(tmp_path / "题库.xlsx"), (home / "eduops.db").read_bytes()
    command = [sys.executable, "-m", "eduops", "--home", home, "bank", "import", path, "--bank", "虚构"]
    told = subprocess.run(
        [sys.executable, "-c", IMPORT_AND_TELL, *map(str, command)],
        capture_output=True,
        check=True,
        timeout=60,
    )
    code, said, seconds, peak_mb = json.loads(told.stdout)
    assert code == WRONG_FILE
    assert words in said
    assert "怎么办" in said
    assert "Traceback" not in said
    assert seconds < 5
    assert peak_mb < 300
    assert (home / "eduops.db").read_bytes() == before


def test_after_every_hostile_file_the_same_process_imports_a_good_one(home: Path, tmp_path: Path) -> None:
    def run(path: Path) -> int:
        words = ["--home", str(home), "bank", "import", str(path), "--bank", "虚构"]
        return guarded(lambda: app(words, standalone_mode=False, prog_name="eduops"), debug=False)

    assert {run(make(tmp_path / "题库.xlsx")) for make, _ in HOSTILE} == {WRONG_FILE}
    columns = [Column(name) for name in ("题型", "题干", "选项A", "选项B", "答案")]
    good = tmp_path / "好题.xlsx"
    write_table(good, [Table("题库", "", "", columns, [("单选题", "虚构题一", "甲", "乙", "A")])])
    assert run(good) == 0

"""Folders of files: changing while they are read, with links, odd names and things that are no files."""

import errno
import os
import socket
import stat
import subprocess
import sys
import threading

import pytest
from backup_job import dump, make_job, make_scratch, restore
from hypothesis import given, settings
from hypothesis import strategies as st

from eduops.backup import engine
from eduops.backup.engine import archive, directory, entry
from eduops.backup.rules import compare
from eduops.core.errors import NotAllowed, OutsideError


@pytest.fixture
def courses(tmp_path):
    root = tmp_path / "courses"
    (root / "心内科" / "视频").mkdir(parents=True)
    (root / "心内科" / "视频" / "心电图（虚构）.mp4").write_bytes(os.urandom(300_000))
    (root / "readme.txt").write_text("说明（虚构）")
    (root / "empty").mkdir()
    (root / "secret.pdf").write_bytes(b"x")
    (root / "secret.pdf").chmod(0o640)
    return root


@pytest.fixture
def job(courses, tmp_path):
    def build(**changes):
        return make_job(tmp_path, "courses", **({"engine": "directory", "path": str(courses)} | changes))

    return build


def test_restored_folder_is_the_one_that_was_packed(job, courses, tmp_path):
    dumped = dump(job(), tmp_path / "stage")
    assert {name: image.rows for name, image in dumped.images.items()} == {"files/.": 4, "files/心内科": 2}
    scratch, found, differences = restore(job(), tmp_path / "stage", tmp_path)
    assert (differences, compare(dumped.images, found), dumped.notes) == ([], [], ())
    restored = scratch.folder / directory.RESTORED
    video = "心内科/视频/心电图（虚构）.mp4"
    assert (restored / video).read_bytes() == (courses / video).read_bytes()
    assert stat.S_IMODE((restored / "secret.pdf").stat().st_mode) == 0o640
    assert int((restored / video).stat().st_mtime) == int((courses / video).stat().st_mtime)
    engine.clean(job(), scratch)
    assert not scratch.folder.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda root: (root / "readme.txt").write_text("改过（虚构）"), "目录 . 项数相同（4），内容不同"),
        (lambda root: (root / "readme.txt").unlink(), "目录 . 备份时 4 项，恢复后 3 项"),
        (lambda root: (root / "more").mkdir(), "目录 . 备份时 4 项，恢复后 5 项"),
        (lambda root: (root / "readme.txt").rename(root / "readme"), "目录 . 项数相同（4），内容不同"),
    ],
)
def test_what_differs_is_named(job, tmp_path, change, said):
    dumped = dump(job(), tmp_path / "stage")
    scratch, _, _ = restore(job(), tmp_path / "stage", tmp_path)
    change(scratch.folder / directory.RESTORED)
    assert compare(dumped.images, engine.read_restored(job(), scratch)) == [said]


def test_links_are_kept_as_links_and_never_followed(job, courses, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("不在备份里（虚构）")
    (courses / "away").symlink_to(outside)
    (courses / "dangling").symlink_to("nowhere/虚构")
    os.link(courses / "readme.txt", courses / "心内科" / "same.txt")
    dumped = dump(job(), tmp_path / "stage")
    assert "不在备份里".encode() not in (tmp_path / "stage" / entry.FILE).read_bytes()
    scratch, found, _ = restore(job(), tmp_path / "stage", tmp_path)
    assert compare(dumped.images, found) == []
    restored = scratch.folder / directory.RESTORED
    assert (restored / "away").readlink() == outside
    assert (restored / "readme.txt").samefile(restored / "心内科" / "same.txt")


def test_what_is_no_file_is_left_out_and_said(job, courses, tmp_path):
    os.mkfifo(courses / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(courses / "socket"))
        dumped = dump(job(), tmp_path / "stage")
    assert dumped.notes == ("2 个套接字、管道或设备没有备份：pipe、socket",)


def test_name_that_is_no_text_comes_back_as_its_bytes(job, courses, tmp_path):
    name = os.fsdecode(b"\xff\xfe.ppt")
    (courses / name).write_bytes(b"slides")
    dumped = dump(job(), tmp_path / "stage")
    assert dumped.notes == ("1 个名称不是 UTF-8，按原样的字节保存：\\xff\\xfe.ppt",)
    scratch, found, _ = restore(job(), tmp_path / "stage", tmp_path)
    assert compare(dumped.images, found) == []
    assert (scratch.folder / directory.RESTORED / name).read_bytes() == b"slides"


def test_file_that_never_stands_still_is_kept_and_said(job, courses, tmp_path):
    path, stop = courses / "log.txt", threading.Event()

    def write():
        while not stop.is_set():
            with path.open("ab") as stream:
                stream.write(b"line\n" * 2000)

    path.write_bytes(b"x" * 20_000_000)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        dumped = dump(job(), tmp_path / "stage")
    finally:
        stop.set()
        writer.join()
    assert any("都在变" in note and "log.txt" in note for note in dumped.notes)
    scratch, found, _ = restore(job(), tmp_path / "stage", tmp_path)
    assert compare(dumped.images, found) == []
    engine.clean(job(), scratch)


def test_excluded_names_and_paths_are_left_out(job, courses, tmp_path):
    (courses / "心内科" / "x.tmp").write_text("x")
    dumped = dump(job(exclude=["*.tmp", "心内科/视频", "empty/"]), tmp_path / "stage")
    assert {name: image.rows for name, image in dumped.images.items()} == {"files/.": 3}


def test_folder_in_which_backups_are_kept_is_not_packed_into_one(courses, tmp_path):
    store = courses / "backups"
    store.mkdir()
    (store / "old.tar").write_bytes(b"x" * 1000)
    job = make_job(tmp_path, "courses", avoid=(store,), engine="directory", path=str(courses))
    assert "files/backups" not in dump(job, store / "stage").images


def test_same_folder_is_packed_to_the_same_bytes(job, tmp_path):
    dump(job(), tmp_path / "one")
    dump(job(), tmp_path / "two")
    assert (tmp_path / "one" / entry.FILE).read_bytes() == (tmp_path / "two" / entry.FILE).read_bytes()


def test_sentinel_is_found_again(job, now, tmp_path):
    sentinel = engine.mark(job(), token="ab12", now=now)
    dump(job(), tmp_path / "stage")
    later = engine.mark(job(), token="cd34", now=now)
    scratch, _, _ = restore(job(), tmp_path / "stage", tmp_path)
    assert engine.has_sentinel(job(), scratch, sentinel)
    assert not engine.has_sentinel(job(), scratch, later)


def test_folder_that_is_gone_is_a_sentence(job, tmp_path):
    with pytest.raises(OutsideError, match="不在或进不去"):
        dump(job(path=str(tmp_path / "nowhere")), tmp_path / "stage")


_PACK_IN_LITTLE_ROOM = """
import resource, sys
from pathlib import Path
from eduops.backup.engine import archive
from eduops.core.errors import OutsideError
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    archive.pack(Path(sys.argv[1]), Path(sys.argv[2]), skip=lambda path: False)
except OutsideError as error:
    print(error.message)
"""


def test_disk_that_fills_up_is_a_sentence(courses, tmp_path):
    words = [sys.executable, "-c", _PACK_IN_LITTLE_ROOM, str(courses), str(tmp_path / "files.tar")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "失败：文件太大" in done.stdout


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out"])
def test_archive_that_leads_elsewhere_is_refused(tmp_path, name):
    import tarfile

    with tarfile.open(tmp_path / "bad.tar", "w") as bad:
        bad.addfile(tarfile.TarInfo(name))
    with pytest.raises(OutsideError, match="已损坏或不完整"):
        archive.unpack(tmp_path / "bad.tar", tmp_path / "into")
    assert not (tmp_path / "out").exists()


def test_archive_that_writes_through_its_own_link_is_refused(tmp_path):
    import tarfile

    with tarfile.open(tmp_path / "bad.tar", "w") as bad:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        bad.addfile(link)
        bad.addfile(tarfile.TarInfo("link/out"))
    with pytest.raises(OutsideError, match="已损坏或不完整"):
        archive.unpack(tmp_path / "bad.tar", tmp_path / "into")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_cut_off_archive_is_found(job, tmp_path, part):
    dump(job(), tmp_path / "stage")
    path = tmp_path / "stage" / entry.FILE
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(OutsideError, match="已损坏或不完整"):
        engine.check(job(), tmp_path / "stage")


def test_scratch_folder_of_somebody_else_stays(job, tmp_path):
    scratch = make_scratch(tmp_path)
    (scratch.folder / ".eduops-scratch").write_text("another")
    with pytest.raises(NotAllowed, match="没有这次演练的标记"):
        engine.clean(job(), scratch)
    assert scratch.folder.exists()


_NAMES = st.binary(min_size=1, max_size=12).filter(
    lambda name: not {0, 47} & set(name) and name not in (b".", b"..")
)


@settings(deadline=None, max_examples=40)
@given(files=st.dictionaries(_NAMES, st.binary(max_size=2000), max_size=6), folder=_NAMES)
def test_whatever_the_names_and_contents_they_come_back(tmp_path_factory, files, folder):
    work = tmp_path_factory.mktemp("any")
    root = work / "root"
    inner = root / os.fsdecode(folder)
    inner.mkdir(parents=True)
    for name, content in files.items():
        try:
            (inner / os.fsdecode(name)).write_bytes(content)
        except OSError as error:
            assert error.errno == errno.EILSEQ
    dumped = archive.pack(root, work / "files.tar", skip=lambda _path: False)
    archive.unpack(work / "files.tar", work / "again")
    assert dumped.images == archive.read_archive(work / "files.tar") == entry.read_folder(work / "again")

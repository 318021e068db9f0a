"""kill -9 in the middle of keeping: what is there under its name is whole, and the next start finds nothing else."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from killed import count_changes, kill_before, ten_points
from staged_backup import make_identity, put_backup

from eduops.backup import keep
from eduops.backup.keep import manifest, stored

FILES = {f"part-{n}": os.urandom(3000) for n in range(6)}


@pytest.fixture(params=["plain", "age"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> keep.DirectoryStore:
    if request.param == "plain":
        return keep.DirectoryStore("main", tmp_path / "store")
    recipient, identity = make_identity(tmp_path / "backup.age")
    return keep.DirectoryStore("vault", tmp_path / "store", (recipient,), identity)


def test_a_killed_put_leaves_all_of_it_or_nothing(store: keep.DirectoryStore) -> None:
    good = put_backup(store, "BKP-2026-0001")

    def put() -> None:
        put_backup(store, "BKP-2026-0002", FILES)

    changes = count_changes(put)
    keep.discard(store, "BKP-2026-0002")
    for number in ten_points(changes):
        kill_before(put, number)
        keep.sweep(store)
        names = {entry.name for entry in store.folder.iterdir()}
        assert names <= {"BKP-2026-0001", "BKP-2026-0002"}, number
        if "BKP-2026-0002" in names:
            assert keep.check(store, kept_there(store, "BKP-2026-0002")).faults == ()
        assert keep.check(store, good).faults == ()
        keep.discard(store, "BKP-2026-0002")


def test_a_killed_removal_leaves_all_of_it_or_nothing_after_the_next_start(
    store: keep.DirectoryStore,
) -> None:
    good = put_backup(store, "BKP-2026-0001")
    old = put_backup(store, "BKP-2026-0002", FILES)

    def remove() -> None:
        keep.remove(store, old)

    changes = count_changes(remove)
    for number in ten_points(changes):
        keep.discard(store, old.path)
        again = put_backup(store, old.path, FILES)
        kill_before(remove, number)
        keep.sweep(store)
        names = {entry.name for entry in store.folder.iterdir()}
        assert names <= {"BKP-2026-0001", "BKP-2026-0002"}
        if old.path in names:
            assert keep.check(store, again).faults == ()
        assert keep.check(store, good).faults == ()


def test_a_killed_copy_leaves_all_of_it_or_nothing_and_the_original_whole(
    store: keep.DirectoryStore, tmp_path: Path
) -> None:
    kept = put_backup(store, "BKP-2026-0001", FILES)
    place = keep.DirectoryStore("nas", tmp_path / "far", identity_file=store.identity_file)
    place.folder.mkdir()

    def copy() -> None:
        keep.copy(store, kept, place)

    changes = count_changes(copy)
    for number in ten_points(changes):
        keep.discard(place, kept.path)
        kill_before(copy, number)
        keep.sweep(place)
        names = {entry.name for entry in place.folder.iterdir()}
        assert names <= {kept.path}
        if names:
            assert keep.check(place, kept).faults == ()
        assert keep.check(store, kept).faults == ()


@pytest.mark.needs("restic")
def test_a_killed_run_takes_its_restic_with_it_and_the_repository_goes_on(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a good password\n")
    (tmp_path / "password").chmod(0o600)
    store = keep.ResticStore(
        "vault", str(tmp_path / "repository"), tmp_path / "password", tmp_path / "scratch"
    )
    good = put_backup(store, "BKP-2026-0001")
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from staged_backup import fill
from eduops.backup import keep
store = keep.ResticStore("vault", {store.repository!r}, Path({str(store.password_file)!r}), Path({str(store.scratch)!r}))
with keep.stage(store) as stage:
    (stage / "pipe").touch()
    fill(stage, "BKP-2026-0002", {{"big": bytes(range(256)) * 200_000}})
    print("ready", flush=True)
    keep.put(store, stage, "BKP-2026-0002")
"""
    for wait in (0.1, 0.8):
        run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"
        time.sleep(wait)
        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()
        wait_for_no_restic(store.repository)

        keep.sweep(store)
        assert [path.name for path in store.scratch.iterdir()] == [".restic-vault.made"]
        keep.discard(store, "BKP-2026-0002")
    assert keep.check(store, good).faults == ()
    keep.compact(store)
    assert keep.check(store, good).faults == ()


def wait_for_no_restic(repository: str) -> None:
    """restic gets its signal when its parent dies, and ends soon after."""
    until = time.monotonic() + 20
    while any(runs_on(repository, pid) for pid in Path("/proc").glob("[0-9]*")):
        assert time.monotonic() < until
        time.sleep(0.05)


def runs_on(repository: str, process: Path) -> bool:
    try:
        environment = (process / "environ").read_bytes().split(b"\0")
        return (
            process / "comm"
        ).read_text() == "restic\n" and f"RESTIC_REPOSITORY={repository}".encode() in environment
    except OSError:
        return False


def kept_there(store: keep.DirectoryStore, name: str) -> keep.Kept:
    """What the catalogue would have known of it."""
    folder = store.folder / name
    listed = stored.LIST if store.recipients else manifest.NAME
    return keep.Kept(name, 0, manifest.hash_path(folder / listed).sha256)

"""A staged backup as an engine leaves it, and the keys that it may be encrypted with."""

from datetime import UTC, datetime
from pathlib import Path

import pyrage

from eduops.backup import keep
from eduops.backup.keep import manifest

MADE_AT = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
FILES = {"edu.dump": b"rows " * 50_000, "files/course/a.txt": "课件".encode(), "files/empty": b""}


def fill(folder: Path, name: str, files: dict[str, bytes] | None = None) -> None:
    """What an engine dumps, and the manifest of it."""
    for path, content in (FILES if files is None else files).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    manifest.write(
        folder,
        manifest.Manifest(
            ref=name, source="exam", engine="sqlite", origin="/srv/exam.db", made_at=MADE_AT,
            files=manifest.hash_files(folder), tables={"learner": {"rows": 3, "checksum": "ab"}},
        ),
    )  # fmt: skip


def put_backup(
    store: keep.Store, name: str = "BKP-2026-0001", files: dict[str, bytes] | None = None
) -> keep.Kept:
    """A backup in the store."""
    with keep.stage(store) as stage:
        fill(stage, name, files)
        return keep.put(store, stage, name)


def make_identity(path: Path) -> tuple[str, Path]:
    """A recipient, and the file with its private key."""
    key = pyrage.x25519.Identity.generate()
    path.write_text(f"# public key: {key.to_public()}\n{key}\n", encoding="ascii")
    path.chmod(0o600)
    return str(key.to_public()), path

"""Backups of databases that are written to, against their bare parts in the same run.

SQLite: our dump against the bare backup API with `pages=-1`, and `eduops backup run` as a command against that, hashing
and `PRAGMA integrity_check`, each as a bare program of its own. PostgreSQL: the same with `pg_dump -Fc`, hashing and
`pg_restore` to nowhere. Restic: a second run of an SQLite file that nobody changed, against its parts and a bare
`restic backup` of the same dump.
A writer adds rows all the time. In turn, in the same run; medians.

Leaves with 1 where a median of ours is more than 1.3 times the bare one, or a command takes more than 150 MB.
`--megabytes 50` tries it small, `--only sqlite` one of them, `--json` prints figures.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import psycopg
from servers import postgresql_tcp

from eduops.backup import engine, keep
from eduops.backup.configuration import Source
from eduops.backup.engine.job import Job
from eduops.backup.keep import manifest
from eduops.core.home import Home

MEGABYTES, ROUNDS, LIMIT_RATIO, LIMIT_MB = 500, 3, 1.3, 150
KINDS = ("sqlite", "postgresql", "restic")
_BARE_SQLITE = (
    "import sqlite3, sys; a = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True);"
    "b = sqlite3.connect(sys.argv[2]); a.backup(b, pages=-1); b.close()"
)
_BARE_HASH = (
    "import hashlib, sys; f = open(sys.argv[1], 'rb'); print(hashlib.file_digest(f, 'sha256').hexdigest())"
)
_BARE_CHECK = (
    "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]);"
    "assert d.execute('PRAGMA integrity_check').fetchone() == ('ok',)"
)
_WRITE_SQLITE = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], timeout=60)
number = 10**9
while True:
    with database:
        database.executemany("INSERT INTO answer VALUES (?, 1, ?)", [(number + n, "written meanwhile") for n in range(20)])
    number += 20
    time.sleep(0.02)
"""
_WRITE_POSTGRESQL = """
import psycopg, sys, time
with psycopg.connect(sys.argv[1], autocommit=True) as session:
    while True:
        session.execute("INSERT INTO answer SELECT 10000000, 1, 'written meanwhile' FROM generate_series(1, 20)")
        time.sleep(0.02)
"""


def main() -> int:
    options = _parse()
    folder = Path(tempfile.mkdtemp(prefix="eduops-bench-", dir=options.folder))
    figures: dict[str, dict[str, float]] = {}
    try:
        for kind in options.only or KINDS:
            measure = {"sqlite": _sqlite, "postgresql": _postgresql, "restic": _restic}[kind]
            figures[kind] = measure(folder / kind, options.megabytes, options.rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        _print(figures, options)
    return int(any(_is_over(each) for each in figures.values()))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    parser.add_argument("--megabytes", type=int, default=MEGABYTES, help="数据量")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="轮数")
    parser.add_argument("--only", action="append", choices=KINDS, help="只量这一种")
    parser.add_argument("--folder", type=Path, help="在哪个目录下量")
    return parser.parse_args()


def _print(figures: dict[str, dict[str, float]], options: argparse.Namespace) -> None:
    print(f"{options.megabytes} MB，边写边备，{options.rounds} 轮的中位数（秒）")
    for kind, each in figures.items():
        print(f"{kind}")
        for name, value in each.items():
            print(f"  {name:<24}{value:8.2f}")
    print(f"ratio 上限 {LIMIT_RATIO}，peak_mb 上限 {LIMIT_MB}")


def _is_over(each: dict[str, float]) -> bool:
    return each["peak_mb"] > LIMIT_MB or any(
        value > LIMIT_RATIO for name, value in each.items() if name.endswith("ratio")
    )


def _sqlite(folder: Path, megabytes: int, rounds: int) -> dict[str, float]:
    home, source = _make_home(folder), folder / "live.db"
    _fill_sqlite(source, megabytes)
    _configure(home, f"exam: {{engine: sqlite, path: {source}, keep: {{last: 1}}}}")
    job = Job("exam", Source.model_validate({"engine": "sqlite", "path": str(source)}), Home(home))
    python, bare = sys.executable, folder / "bare.db"
    with _written([python, "-c", _WRITE_SQLITE, str(source)]):
        return _compare(
            folder,
            rounds,
            dump=lambda stage: engine.dump(job, stage),
            bare_dump=lambda: _time([python, "-c", _BARE_SQLITE, str(source), str(bare)], remove=bare),
            bare_rest=[[python, "-c", _BARE_HASH, str(bare)], [python, "-c", _BARE_CHECK, str(bare)]],
            home=home,
            name="exam",
        )


def _postgresql(folder: Path, megabytes: int, rounds: int) -> dict[str, float]:
    home, bare = _make_home(folder), folder / "bare.pgdump"
    with postgresql_tcp.running(password="bench") as server:
        database = server.create_database("edu")
        _fill_postgresql(server.url(database), megabytes)
        secret = folder / "password"
        secret.touch(mode=0o600)
        secret.write_text("bench\n")
        source = {
            "engine": "postgresql",
            "address": "127.0.0.1",
            "port": server.port,
            "user": "backup",
            "database": database,
            "password_file": str(secret),
        }
        _configure(home, f"platform: {json.dumps(source)}")
        job = Job("platform", Source.model_validate(source), Home(home))
        dump = ["pg_dump", "-Fc", f"--file={bare}", server.url(database)]
        with _written([sys.executable, "-c", _WRITE_POSTGRESQL, server.url(database)]):
            return _compare(
                folder,
                rounds,
                dump=lambda stage: engine.dump(job, stage),
                bare_dump=lambda: _time(dump, remove=bare),
                bare_rest=[
                    [sys.executable, "-c", _BARE_HASH, str(bare)],
                    ["pg_restore", f"--file={os.devnull}", str(bare)],
                ],
                home=home,
                name="platform",
            )


def _restic(folder: Path, megabytes: int, rounds: int) -> dict[str, float]:
    """The second run of a file that nobody changed: restic reads the new dump and finds every block there already.

    Bare are the dump, hashing, checking and `restic backup` of that dump; and the step to restic by itself.
    """
    home, source, bare = _make_home(folder), folder / "live.db", folder / "bare" / "database.db"
    _fill_sqlite(source, megabytes)
    bare.parent.mkdir()
    secret = folder / "restic.password"
    secret.touch(mode=0o600)
    secret.write_text("bench\n")
    theirs = ["restic", "-q", "-r", str(folder / "theirs"), "--password-file", str(secret)]
    _time([*theirs, "init"])
    store = f"{{kind: restic, repository: {folder / 'ours'}, password_file: {secret}}}"
    (home / "backup.yaml").write_text(
        f"stores: {{repo: {store}}}\nsources: {{home: {{engine: home, store: repo}},"
        f" exam: {{engine: sqlite, path: {source}, store: repo}}}}\n"
    )
    python = sys.executable
    parts = [
        [python, "-c", _BARE_SQLITE, str(source), str(bare)],
        [python, "-c", _BARE_HASH, str(bare)],
        [python, "-c", _BARE_CHECK, str(bare)],
    ]
    repo = keep.ResticStore("repo", str(folder / "ours"), secret, home / "backups")
    wholes, bares, commands, steps, peak = [], [], [], [], 0.0
    for number in range(rounds + 1):
        bare.unlink(missing_ok=True)
        rest = sum(_time(words) for words in parts)
        restic = _time([*theirs, "backup", str(bare.parent)])
        seconds, taken = _run_eduops(home, "exam")
        step = _put(repo, bare, number)
        if number:
            # The first run is the one that fills the repository.
            wholes.append(rest + restic)
            bares.append(restic)
            commands.append(seconds)
            steps.append(step)
        peak = max(peak, taken)
    figures = {
        "command_seconds": statistics.median(commands),
        "bare_all_seconds": statistics.median(wholes),
        "step_seconds": statistics.median(steps),
        "bare_restic_seconds": statistics.median(bares),
    }
    figures["command_ratio"] = figures["command_seconds"] / figures["bare_all_seconds"]
    figures["step_ratio"] = figures["step_seconds"] / figures["bare_restic_seconds"]
    return figures | {"peak_mb": peak}


def _put(store: keep.ResticStore, dump: Path, number: int) -> float:
    """Seconds for keeping a staged dump, its manifest already written."""
    with keep.stage(store) as stage:
        shutil.copyfile(dump, stage / dump.name)
        files = manifest.hash_files(stage)
        at = datetime(2026, 1, 1, tzinfo=UTC)
        manifest.write(stage, manifest.Manifest(f"X-{number}", "exam", "sqlite", "", at, files))
        started = time.monotonic()
        keep.put(store, stage, f"X-{number}")
        return time.monotonic() - started


def _compare(
    folder: Path,
    rounds: int,
    *,
    dump: Callable[[Path], object],
    bare_dump: Callable[[], float],
    bare_rest: list[list[str]],
    home: Path,
    name: str,
) -> dict[str, float]:
    dumps, bares, rests, commands, peak = [], [], [], [], 0.0
    for number in range(rounds):
        bares.append(bare_dump())
        rests.append(sum(_time(words) for words in bare_rest))
        stage = folder / f"stage{number}"
        stage.mkdir()
        started = time.monotonic()
        dump(stage)
        dumps.append(time.monotonic() - started)
        shutil.rmtree(stage)
        seconds, megabytes = _run_eduops(home, name)
        commands.append(seconds)
        peak = max(peak, megabytes)
        _empty(home / "backups")
    figures = {
        "dump_seconds": statistics.median(dumps),
        "bare_dump_seconds": statistics.median(bares),
        "command_seconds": statistics.median(commands),
        "bare_hash_check_seconds": statistics.median(rests),
    }
    whole = figures["bare_dump_seconds"] + figures["bare_hash_check_seconds"]
    figures["dump_ratio"] = figures["dump_seconds"] / figures["bare_dump_seconds"]
    figures["command_ratio"] = figures["command_seconds"] / whole
    figures["peak_mb"] = peak
    return figures


def _run_eduops(home: Path, name: str) -> tuple[float, float]:
    """Seconds, and the most megabytes that it or a program of its took."""
    words = [sys.executable, "-m", "eduops", "backup", "run", name]
    started = time.monotonic()
    process = subprocess.Popen(words, env={**os.environ, "EDUOPS_HOME": str(home)}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, name
    return time.monotonic() - started, usage.ru_maxrss / 1024


def _time(words: list[str], *, remove: Path | None = None) -> float:
    if remove is not None:
        remove.unlink(missing_ok=True)
    started = time.monotonic()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def _make_home(folder: Path) -> Path:
    folder.mkdir(parents=True)
    home = folder / "home"
    words = [sys.executable, "-m", "eduops", "init"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "EDUOPS_HOME": str(home)})
    return home


def _configure(home: Path, source: str) -> None:
    (home / "backup.yaml").write_text(f"sources:\n  home: {{engine: home}}\n  {source}\n")


def _empty(store: Path) -> None:
    for entry in store.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)


def _rows(megabytes: int) -> Iterator[tuple[int, int, str]]:
    """Answers of about 400 bytes, half of them words that compress, half not."""
    generator = random.Random(1)
    for number in range(megabytes * 2_200):
        noise = hashlib.sha256(number.to_bytes(8)).hexdigest() * 3
        yield number, generator.randrange(100_000), noise + "作答（虚构）" * 10


def _fill_sqlite(path: Path, megabytes: int) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE answer (id INTEGER, learner INTEGER, content TEXT)")
        database.execute("CREATE TABLE learner (id INTEGER PRIMARY KEY, name TEXT)")
        with database:
            database.executemany("INSERT INTO answer VALUES (?, ?, ?)", _rows(megabytes))
            database.executemany("INSERT INTO learner VALUES (?, '虚构')", ((n,) for n in range(10_000)))
        database.execute("CREATE INDEX answer_learner ON answer (learner)")


def _fill_postgresql(url: str, megabytes: int) -> None:
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("CREATE TABLE answer (id bigint, learner int, content text)")
        session.execute("CREATE TABLE learner (id int PRIMARY KEY, name text)")
        with session.cursor().copy("COPY answer FROM STDIN") as copy:
            for row in _rows(megabytes):
                copy.write_row(row)
        session.execute("CREATE INDEX ON answer (learner)")


@contextmanager
def _written(words: list[str]) -> Iterator[None]:
    process = subprocess.Popen(words)
    try:
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    sys.exit(main())

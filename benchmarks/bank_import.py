"""How long `eduops bank import` takes for 60,000 and 240,000 questions, on SQLite and on PostgreSQL.

The floor is python-calamine reading the same file and one raw `executemany` a table of the very rows that the command
left behind (banks, batch, questions, revisions, counters, audit log; the same schema and indexes, journal mode and
synchronous setting), on PostgreSQL a raw COPY of them. Command and floor run in processes of their own, in turn. The
workbook is invented (虚构) and has the shape of a real bank: fourteen columns, shared texts, stems of 35 letters,
every third with an explanation. Leaves with 1 where a limit is passed.
"""

import argparse
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import psycopg
import python_calamine
from xlsxwriter import Workbook

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from closing_line import SHARED_DATA
from servers import postgresql

ROWS, MORE = 60_000, 4
SHARED_GOOD = 35_937
ROUNDS, ROUNDS_OF_MANY = 5, 3
RATIO_LIMIT, FLAT_WITHIN, MEMORY_LIMIT_MB = 4.0, 0.25, 400
HEADINGS = (
    *("序号", "题型", "题干", "选项A", "选项B", "选项C", "选项D", "选项E"),
    *("正确答案", "答案解析", "难度", "分值", "知识点", "来源"),
)
LETTERS = "心肺肝肾胃脾血压脉搏体温呼吸护理药物治疗患者检查诊断急慢性炎症症状表现正常增高降低应首选禁忌注意观察记录评估"
MARKS = "，，，。、（）“”：05%-/ "
SOURCES = ("护理三基（虚构）", "药师考试（虚构）", "执业医师（虚构）", "院内（虚构）")


@dataclass(frozen=True)
class Job:
    """What is imported: the command but for its file, what its JSON counts, the tables it writes to in the order of
    their foreign keys, and what has to be typed in a fresh home before."""

    noun: str
    words: tuple[str, ...]
    options: tuple[str, ...]
    counted: str
    tables: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = (("init",),)

    def command(self, workbook: Path) -> tuple[str, ...]:
        """The words of the command for a file."""
        return (*self.words, str(workbook), *self.options)


# The invented workbook has no groups.
BANK = Job(
    noun="questions",
    words=("bank", "import"),
    options=("--bank", "虚构"),
    counted="imported",
    tables=("bank", "import_batch", "question", "question_revision", "counter", "audit_entry"),
)


@dataclass(frozen=True)
class Run:
    """One run's seconds; on PostgreSQL without the processor time of the server."""

    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Home:
    """A home where nothing was imported yet, and the address of its database."""

    folder: Path
    database: str
    environment: dict[str, str] = field(default_factory=dict)

    def eduops(self, *words: str) -> list[str]:
        """The command line of this home."""
        return [sys.executable, "-m", "eduops", "--home", str(self.folder), *words]

    def run(self, *words: str) -> bytes:
        """What the command prints. Leaves the benchmark where it fails."""
        done = subprocess.run(self.eduops(*words), capture_output=True, env=os.environ | self.environment)
        if done.returncode:
            raise SystemExit((done.stderr or done.stdout).decode()[:2000])
        return done.stdout


class Invention:
    """Invented texts of given lengths, cut from one long string."""

    def __init__(self, seed: int = 20241201) -> None:
        self.chance = random.Random(seed)
        mixed = LETTERS * 9 + MARKS * 3
        self.long = "".join(self.chance.choices(mixed, k=200_000)).replace("  ", " ")
        self.paths = ["/".join((self.text(2, 4), self.text(2, 4), self.text(3, 6))) for _ in range(2700)]

    def text(self, least: int, mean: float) -> str:
        """At least so many letters; longer ones are rarer."""
        length = least + min(int(self.chance.expovariate(1 / (mean - least))), 2000)
        begin = self.chance.randrange(len(self.long) - length)
        return self.long[begin : begin + length].strip(" -/") or "虚构"

    def row(self, number: int) -> list[object]:
        """One sound question."""
        count = 5 if number % 3 == 0 else 4
        options = [f"{self.text(3, 6)}{letter}" for letter in "甲乙丙丁戊"[:count]]
        key = "ACD" if number % 100 == 0 else self.chance.choice("ABCD")
        return [
            number,
            "多选题" if len(key) > 1 else "单选题",
            f"虚构题{number}：{self.text(7, 24)}____。",
            *options,
            *[None] * (5 - count),
            key,
            f"虚构。{self.text(10, 140)}" if number % 3 == 0 else None,
            None,
            1,
            self.chance.choice(self.paths) if number % 6 else None,
            SOURCES[number % 4],
        ]


def write_workbook(path: Path, rows: int) -> None:
    """Writes the invented bank, the same for the same number of rows."""
    invention = Invention()
    with Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("题库")
        sheet.write_row(0, 0, HEADINGS)
        for number in range(1, rows + 1):
            sheet.write_row(number, 0, invention.row(number))


class Sqlite:
    """The home's own database file."""

    name = "SQLite"

    def __init__(self, folder: Path, job: Job) -> None:
        self.folder = folder
        self.fresh = Home(folder / "fresh", "")
        for words in job.before:
            self.fresh.run(*words)

    @contextmanager
    def home(self) -> Iterator[Home]:
        """A fresh home, gone afterwards."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            folder = Path(name) / "home"
            shutil.copytree(self.fresh.folder, folder)
            yield Home(folder, str(folder / "eduops.db"))


class Postgresql:
    """A server of this run's own, without fsync; command and floor meet the same one."""

    name = "PostgreSQL"

    def __init__(self, folder: Path, job: Job, server: postgresql.Server) -> None:
        self.folder, self.server = folder, server
        self.fresh = self._at(folder / "fresh", server.create_database("fresh"))
        for words in job.before:
            self.fresh.run(*words)

    @contextmanager
    def home(self) -> Iterator[Home]:
        """A fresh home with a database of its own, gone afterwards."""
        url = self.server.create_database(template="fresh")
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            folder = Path(name) / "home"
            shutil.copytree(self.fresh.folder, folder)
            yield self._at(folder, url)
        self.server.drop_database(url)

    @staticmethod
    def _at(folder: Path, url: str) -> Home:
        return Home(folder, url, {"EDUOPS_DATABASE_URL": url})


Backend = Sqlite | Postgresql
Tables = dict[str, list[tuple[object, ...]]]


def load_sqlite(address: str, names: list[str]) -> Tables:
    """The rows of every table that an import writes to."""
    with closing(sqlite3.connect(address)) as database:
        rows = {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in names}
    return {table: found for table, found in rows.items() if found}


def insert_sqlite(address: str, tables: Tables) -> None:
    """The rows as they are, in one transaction."""
    with closing(sqlite3.connect(address, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("BEGIN IMMEDIATE")
        # A fresh home has some of them already: counters, the log.
        for table in reversed(tables):
            database.execute(f"DELETE FROM {table}")
        for table, rows in tables.items():
            marks = ", ".join("?" * len(rows[0]))
            database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        database.execute("COMMIT")


def load_postgresql(address: str, names: list[str]) -> Tables:
    """As of SQLite; every value is the text that COPY takes."""
    tables: Tables = {}
    with psycopg.connect(address) as database, database.cursor() as cursor:
        for table in names:
            with cursor.copy(f"COPY {table} TO STDOUT") as copy:
                tables[table] = list(copy.rows())
    return tables


def insert_postgresql(address: str, tables: Tables) -> None:
    """One COPY a table, in one transaction."""
    with psycopg.connect(address) as database, database.cursor() as cursor:
        for table in reversed(tables):
            cursor.execute(f"DELETE FROM {table}")
        for table, rows in tables.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)


FLOORS = {"SQLite": (load_sqlite, insert_sqlite), "PostgreSQL": (load_postgresql, insert_postgresql)}


def run_floor_here(name: str, workbook: str, filled: str, empty: str, *names: str) -> None:
    """Runs the floor in this process and prints the Run; the rows are in memory before it begins."""
    load, insert = FLOORS[name]
    tables = load(filled, list(names))
    wall, cpu = time.perf_counter(), time.process_time()
    python_calamine.CalamineWorkbook.from_path(workbook).get_sheet_by_index(0).to_python()
    insert(empty, tables)
    print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))


def run_floor(backend: Backend, job: Job, workbook: Path, filled: Home) -> Run:
    """The floor in a process of its own, from opening the file to the commit."""
    with backend.home() as empty:
        words = ("--floor", backend.name, str(workbook), filled.database, empty.database, *job.tables)
        done = subprocess.run((sys.executable, __file__, *words), check=True, capture_output=True)
    return Run(*json.loads(done.stdout))


def run_command(home: Home, job: Job, workbook: Path, rows: int) -> Run:
    """The whole command from start to end of its process, the child that reads the workbook included.

    `rows` is how many must go in.
    """
    wall, before = time.perf_counter(), os.times()
    told = home.run(*job.command(workbook), "--json")
    wall, after = time.perf_counter() - wall, os.times()
    if json.loads(told)[job.counted] != rows:
        raise SystemExit("not every row was imported")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(wall, cpu)


def run_command_afresh(backend: Backend, job: Job, workbook: Path, rows: int) -> Run:
    """The same in a home of its own."""
    with backend.home() as home:
        return run_command(home, job, workbook, rows)


def measure_peak_mb(backend: Backend, job: Job, workbook: Path) -> float:
    """The largest sum of the resident memory of the command and its child at one time, looked at every 5 ms."""
    peak_bytes = 0
    with backend.home() as home:
        command = home.eduops(*job.command(workbook))
        process = psutil.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | home.environment)
        while process.poll() is None:
            peak_bytes = max(peak_bytes, _resident_bytes(process))
            time.sleep(0.005)
    return peak_bytes / 1024 / 1024


def _resident_bytes(process: psutil.Popen) -> int:
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def compare(backend: Backend, job: Job, workbook: Path, rows: int, rounds: int) -> tuple[float, float]:
    """Floor and command in turn over the same file; prints both, gives the ratio and the command's µs a row."""
    runs: dict[str, list[Run]] = {"floor": [], "command": []}
    with backend.home() as filled:
        run_command(filled, job, workbook, rows)
        for _ in range(rounds):
            runs["floor"].append(run_floor(backend, job, workbook, filled))
            runs["command"].append(run_command_afresh(backend, job, workbook, rows))
    walls, cpus = (
        {kind: statistics.median(getattr(run, name) for run in seen) for kind, seen in runs.items()}
        for name in ("wall_seconds", "cpu_seconds")
    )
    print(f"{backend.name}, {rows:,} {job.noun} (medians of {rounds} rounds, in turn)")
    print("                wall s    CPU s")
    for kind in runs:
        print(f"{kind:12} {walls[kind]:9.2f} {cpus[kind]:8.2f}")
    ratio = walls["command"] / walls["floor"]
    print(
        f"ratio        {ratio:9.2f} {cpus['command'] / cpus['floor']:8.2f}   limit {RATIO_LIMIT:g} (wall)",
        flush=True,
    )
    return ratio, walls["command"] / rows * 1_000_000


def is_flat(few_cost: float, many_cost: float) -> bool:
    """Whether a row among many costs what one among few does; prints both."""
    ratio = many_cost / few_cost
    print(f"a row {few_cost:.1f} and {many_cost:.1f} µs, ratio {ratio:.2f}   limit 1 ± {FLAT_WITHIN}")
    return abs(ratio - 1) <= FLAT_WITHIN


def is_small(backend: Backend, job: Job, workbook: Path, rows: int) -> bool:
    """Whether the command keeps within its memory; prints the peak."""
    peak_mb = measure_peak_mb(backend, job, workbook)
    print(
        f"peak memory at {rows:,}: {peak_mb:.0f} MB, command and child together   limit {MEMORY_LIMIT_MB} MB"
    )
    return peak_mb < MEMORY_LIMIT_MB


def judge(backend: Backend, job: Job, few: tuple[Path, int], many: tuple[Path, int]) -> bool:
    """Every figure of one database; says whether all limits hold."""
    few_ratio, few_cost = compare(backend, job, *few, ROUNDS)
    many_ratio, many_cost = compare(backend, job, *many, ROUNDS_OF_MANY)
    passed = [
        max(few_ratio, many_ratio) <= RATIO_LIMIT,
        is_flat(few_cost, many_cost),
        is_small(backend, job, *few),
    ]
    return all(passed)


def measure(job: Job, write: Callable[[Path, int], None], rows: int) -> bool:
    """Every figure of a job on every database that is installed; says whether all limits hold."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = ((folder / f"{count}.xlsx", count) for count in (rows, rows * MORE))
        for path, count in (few, many):
            write(path, count)
        passed = [judge(Sqlite(folder / "sqlite", job), job, few, many)]
        if postgresql.find_programs() is None:
            print("PostgreSQL is not installed: its figures are left out")
        else:
            with postgresql.running() as server:
                passed.append(judge(Postgresql(folder / "postgresql", job, server), job, few, many))
    return all(passed)


def parse_rows(usual: int, about: str) -> int:
    """`--rows`, for a quick try."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--rows", type=int, default=usual, help=f"the larger run has {MORE} times as many")
    rows: int = parser.parse_args().rows
    return rows


def measure_shared() -> bool:
    """The ratio of a real bank where it lies beside the project: its bad rows left out, a marked copy written."""
    workbook = SHARED_DATA / "questions" / "bank_large_36k.xlsx"
    if not workbook.exists():
        print(f"{workbook.name} is not here: its figure is left out")
        return True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The marked copies are written beside the link, each under a name of its own.
        link = folder / workbook.name
        link.symlink_to(workbook.resolve())
        job = replace(BANK, noun=f"questions of {workbook.name}", options=(*BANK.options, "--skip-bad"))
        ratio, _ = compare(Sqlite(folder / "sqlite", job), job, link, SHARED_GOOD, ROUNDS)
    return ratio <= RATIO_LIMIT


def main() -> int:
    if sys.argv[1:2] == ["--floor"]:
        run_floor_here(*sys.argv[2:])
        return 0
    rows = parse_rows(ROWS, __doc__ or "")
    passed = [measure(BANK, write_workbook, rows), measure_shared()]
    return int(not all(passed))


if __name__ == "__main__":
    sys.exit(main())

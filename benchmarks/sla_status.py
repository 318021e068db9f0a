"""How long `eduops sla status` takes with 200 open tickets among 100,000, against a process that imports the same
libraries and runs one indexed SELECT, the two run in turn.

Leaves with 1 where it takes more than LIMIT times the floor. `--json` prints the figures for a program.
"""

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from eduops.core.home import CONTRACT_NAME
from eduops.core.shipped import find_shipped
from eduops.desk.models.ticket import Ticket
from eduops.store.engine import open_engine
from eduops.store.migration import upgrade
from eduops.store.store import open_store

LIMIT = 1.5
ROUNDS = 15
TICKETS, OPEN, STOPPAGES = 100_000, 200, 60
NOW = datetime(2026, 3, 5, 3, 50, tzinfo=UTC)
STATUS = (str(Path(sys.executable).with_name("eduops")), "sla", "status")
# What `sla status` loads that is not ours, and one SELECT of the open tickets by their index.
FLOOR = """
import sys, chinese_calendar, rich.console, rich.table, rich.text, sqlmodel, typer, yaml
from sqlalchemy import create_engine, text
with create_engine(f"sqlite:///{sys.argv[1]}").connect() as connection:
    print(len(connection.execute(text("SELECT ref, reported_at FROM ticket WHERE resolved_at IS NULL")).all()))
"""


@dataclass(frozen=True)
class Cost:
    """Medians over all rounds."""

    wall_milliseconds: float
    cpu_milliseconds: float


def lay_out(home: Path) -> None:
    """A home with invented tickets (虚构) over the term's first fifteen months; the newest 200 are open."""
    (home / "contracts").mkdir(parents=True)
    shipped = find_shipped("configs", "contracts", CONTRACT_NAME)
    (home / "contracts" / CONTRACT_NAME).write_bytes(shipped.read_bytes())
    url = f"sqlite:///{home / 'eduops.db'}"
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    rows = [build_row(number, random.Random(number)) for number in range(1, TICKETS + 1)]
    with open_store(url).writing() as session:
        session.execute(insert(Ticket), rows)


def build_row(number: int, chance: random.Random) -> dict[str, object]:
    is_open = number > TICKETS - OPEN
    minutes = chance.randrange(5, 700) if is_open else 720 + (TICKETS - number) * 6
    reported_at = NOW - timedelta(minutes=minutes)
    is_stoppage = number % (TICKETS // STOPPAGES) == 0 and not is_open
    return {
        "id": number,
        "ref": f"INC-2026-{number:06d}",
        "kind": "incident",
        "title": "视频卡顿（虚构）",
        "department": "虚构科",
        "impact": chance.choice(("system", "department")) if is_stoppage else "limited",
        "cause": "software",
        "reported_at": reported_at,
        "responded_at": None if is_open and chance.random() < 0.3 else reported_at + timedelta(minutes=5),
        "resolved_at": None if is_open else reported_at + timedelta(minutes=chance.randrange(10, 60)),
    }


def measure_once(command: tuple[str, ...], environment: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU milliseconds of one run of a command, its output thrown away."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1000, cpu * 1000


def measure(home: Path) -> tuple[Cost, Cost]:
    """The cost of the floor and of the command, run in turn so that a busy moment meets both."""
    kept = {
        name: value
        for name, value in os.environ.items()
        # Compiled modules are what people run with, whatever this environment says.
        if name not in ("PYTHONDONTWRITEBYTECODE", "EDUOPS_DATABASE_URL")
    }
    environment = {**kept, "EDUOPS_HOME": str(home), "EDUOPS_NOW": NOW.isoformat()}
    floor = (sys.executable, "-c", FLOOR, str(home / "eduops.db"))
    runs: dict[tuple[str, ...], list[tuple[float, float]]] = {floor: [], STATUS: []}
    for command in runs:
        measure_once(command, environment)  # warms the file cache and the compiled modules
    for _ in range(ROUNDS):
        for command, seen in runs.items():
            seen.append(measure_once(command, environment))
    low, shown = (
        Cost(*(round(statistics.median(values), 1) for values in zip(*seen, strict=True)))
        for seen in runs.values()
    )
    return low, shown


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        lay_out(home)
        floor, shown = measure(home)
    ratios = {
        "wall": round(shown.wall_milliseconds / floor.wall_milliseconds, 2),
        "cpu": round(shown.cpu_milliseconds / floor.cpu_milliseconds, 2),
    }
    if "--json" in sys.argv:
        print(json.dumps({"floor": asdict(floor), "status": asdict(shown), "ratio": ratios, "limit": LIMIT}))
    else:
        print(f"                        wall ms    CPU ms   (medians of {ROUNDS} rounds, in turn)")
        print(f"libraries + 1 SELECT    {floor.wall_milliseconds:7.1f}   {floor.cpu_milliseconds:7.1f}")
        print(f"eduops sla status       {shown.wall_milliseconds:7.1f}   {shown.cpu_milliseconds:7.1f}")
        print(f"ratio                   {ratios['wall']:7.2f}   {ratios['cpu']:7.2f}   limit {LIMIT}")
    return int(max(ratios.values()) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())

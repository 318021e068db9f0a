"""How long the SLA engine takes for 200,000 tickets of two years from the home's database, load and judgement.

The floor is the bare SELECTs of the same columns through sqlite3, every instant turned into a number, in a process of
its own, in turn with the engine's. The tickets are those of `sla_evaluate.py`. Leaves with 1 where a limit is passed.
"""

import json
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sla_evaluate import COUNT, ROUNDS, Run, write_tickets

from eduops.contract.engine import evaluate
from eduops.contract.loader import load_contract
from eduops.core.shipped import find_shipped
from eduops.desk.queries import FACT_COLUMNS
from eduops.desk.service.ticket_file import import_tickets, load_tickets
from eduops.ledger.queries import load_facts
from eduops.store.engine import open_engine
from eduops.store.migration import upgrade
from eduops.store.store import open_store

RATIO_LIMIT = 5.0
CONTRACT = find_shipped("configs", "contracts", "remote-education-2024-2026.yaml")
AS_OF = datetime(2026, 12, 1, tzinfo=UTC)
CHILDREN = {
    "ticket_exclusion": ("ticket_id", "from_at", "to_at", "reason", "agreed_by"),
    "ticket_reopening": ("ticket_id", "reopened_at", "resolved_at"),
}


def lay_out(path: Path) -> None:
    """A database with the invented tickets (虚构) in it, taken in as an import takes them."""
    url = f"sqlite:///{path}"
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    tickets = path.with_suffix(".jsonl")
    write_tickets(tickets, COUNT)
    zone = load_contract(CONTRACT).zone_info
    with open_store(url).writing() as session:
        import_tickets(
            session,
            load_tickets(tickets, zone),
            file=tickets.name,
            now=AS_OF,
            actor="量测（虚构）",
            zone=zone,
        )


def run_floor(path: Path) -> int:
    """Every row of the same columns, its instants as numbers."""

    def number(text: str) -> float:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()

    tables = {"ticket": tuple(column.key for column in FACT_COLUMNS), **CHILDREN}
    endings = ("_at", "_from", "_to", "_start", "_end", "_deadline")
    with sqlite3.connect(path) as connection:
        for table, columns in tables.items():
            instants = [place for place, name in enumerate(columns) if name.endswith(endings)]
            order = "reported_at, ref" if table == "ticket" else "id"
            statement = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}"
            for row in connection.execute(statement):
                _ = [number(row[place]) for place in instants if row[place] is not None]
    return 0


def run_engine(path: Path) -> int:
    """Every ticket loaded and judged; gives the number of findings."""
    contract = load_contract(CONTRACT)
    with open_store(f"sqlite:///{path}").reading() as session:
        facts = load_facts(session, contract)
    term = contract.term
    return len(evaluate(contract, facts, from_on=term.start, to_on=term.end_on, as_of=AS_OF).findings)


RUNS: dict[str, Callable[[Path], int]] = {"floor": run_floor, "engine": run_engine}


def measure_here(kind: str, path: Path) -> None:
    """Runs one kind in this process and prints the Run."""
    wall, cpu = time.perf_counter(), time.process_time()
    findings = RUNS[kind](path)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps([wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, findings]))


def main() -> int:
    if len(sys.argv) == 3:
        measure_here(sys.argv[1], Path(sys.argv[2]))
        return 0
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "eduops.db"
        lay_out(path)
        runs: dict[str, list[Run]] = {kind: [] for kind in RUNS}
        for _ in range(ROUNDS):
            for kind, seen in runs.items():
                command = (sys.executable, __file__, kind, str(path))
                seen.append(Run(*json.loads(subprocess.run(command, check=True, capture_output=True).stdout)))
    found = runs["engine"][0].findings
    print(f"{COUNT:,} tickets in SQLite, {found:,} findings (medians of {ROUNDS} rounds, in turn)")
    print("                wall s    CPU s")
    medians = {
        kind: [
            statistics.median(getattr(run, name) for run in seen) for name in ("wall_seconds", "cpu_seconds")
        ]
        for kind, seen in runs.items()
    }
    for kind, (wall, cpu) in medians.items():
        print(f"{kind:12} {wall:9.2f} {cpu:8.2f}")
    ratios = [engine / floor for engine, floor in zip(medians["engine"], medians["floor"], strict=True)]
    print(f"ratio        {ratios[0]:9.2f} {ratios[1]:8.2f}   limit {RATIO_LIMIT:g}")
    print(f"peak memory  {max(run.peak_mb for run in runs['engine']):6.0f} MB")
    return int(max(ratios) > RATIO_LIMIT)


if __name__ == "__main__":
    sys.exit(main())

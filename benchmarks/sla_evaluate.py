"""How long the SLA engine takes for 200,000 tickets of two years from a .jsonl file, end to end.

The floor is a bare loop that parses each line and turns its instants into numbers, in a process of its own, in turn
with the engine's. Then the cost of one ticket among 10,000 and among 1,000,000. Leaves with 1 where a limit is passed.
"""

import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from eduops.contract.engine import evaluate
from eduops.contract.fact import Facts
from eduops.contract.loader import load_contract
from eduops.contract.ticket_fact import parse_ticket
from eduops.core.shipped import find_shipped

COUNT, FEW, MANY = 200_000, 10_000, 1_000_000
ROUNDS = 5
# The tickets are invented (虚构), the same for the same count.
START = datetime(2024, 12, 1, tzinfo=UTC)
DAYS = 729
RATIO_LIMIT, MEMORY_LIMIT_MB, FLAT_WITHIN = 5.0, 1000, 0.25
INSTANTS = (
    *("reported_at", "responded_at", "arrived_at", "resolved_at", "closed_at"),
    *("planned_from", "planned_to", "outage_start", "outage_end"),
)


@dataclass(frozen=True)
class Run:
    """One run in a process of its own: seconds from opening the file to the answer, and the process's peak."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    findings: int


def write_tickets(path: Path, count: int, *, seed: int = 20241201) -> None:
    """Writes `count` tickets as .jsonl: half of them incidents, one in five waited, one in a hundred stopped something."""
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8") as stream:
        for number in range(count):
            stream.write(json.dumps(_build_ticket(chance, number), ensure_ascii=False) + "\n")


def _build_ticket(chance: random.Random, number: int) -> dict[str, object]:
    reported = START + timedelta(seconds=chance.randrange(DAYS * 86400))

    def after(low: float, high: float) -> str:
        instant = reported + timedelta(seconds=int(chance.uniform(low, high) * 60))
        return instant.isoformat().replace("+00:00", "Z")

    ticket: dict[str, object] = {
        "ref": f"INC-{number:07d}",
        "kind": chance.choice(["incident", "incident", "request", "consult"]),
        "title": "登录后看不到课程（虚构）",
        "impact": "limited",
        "cause": chance.choice(["software", "network", "customer"]),
        "department": "内科（虚构）",
        "channel": "phone",
        "reporter": "护士甲（虚构）",
        "reported_at": after(0, 0),
        "responded_at": after(1, 31),
        "resolved_at": after(40, 190),
        "closed_at": after(3000, 4000),
    }
    if chance.random() < 0.5:
        ticket["arrived_at"] = after(20, 40)
    if chance.random() < 0.2:
        ticket["exclusions"] = [
            {
                "from": after(10, 20),
                "to": after(21, 60),
                "reason": "等待接口（虚构）",
                "agreed_by": "周老师（虚构）",
            }
        ]
    if chance.random() < 0.05:
        ticket["reopened"] = [{"reopened_at": after(200, 300), "resolved_at": after(301, 600)}]
    if chance.random() < 0.03:
        ticket["plan"] = {
            "submitted_at": after(100, 500),
            "department_approved_at": after(501, 600),
            "management_approved_at": after(501, 600),
            "deadline": after(1000, 3000),
        }
    if chance.random() < 0.01:
        ticket |= {"impact": chance.choice(["system", "department"]), "cause": "software"}
        ticket |= {"outage_start": after(0, 5), "outage_end": after(10, 100)}
    return ticket


def run_floor(path: Path) -> int:
    """Every instant of every line as a number."""

    def number(text: str) -> float:
        return datetime.fromisoformat(text).timestamp()

    with path.open(encoding="utf-8") as stream:
        for line in stream:
            record = json.loads(line)
            numbers = [number(record[name]) for name in INSTANTS if name in record]
            if "plan" in record:
                numbers += map(number, record["plan"].values())
            for each in record.get("exclusions", ()):
                numbers += number(each["from"]), number(each["to"])
            for each in record.get("reopened", ()):
                numbers += number(each["reopened_at"]), number(each["resolved_at"])
    return 0


def run_engine(path: Path) -> int:
    """Every ticket read, checked and judged; gives the number of findings."""
    contract = load_contract(find_shipped("configs", "contracts", "remote-education-2024-2026.yaml"))
    zone = contract.zone_info
    with path.open(encoding="utf-8") as stream:
        tickets = tuple(parse_ticket(json.loads(line), zone) for line in stream)
    term = contract.term
    as_of = datetime(2026, 12, 1, tzinfo=UTC)
    answer = evaluate(contract, Facts(tickets=tickets), from_on=term.start, to_on=term.end_on, as_of=as_of)
    return len(answer.findings)


RUNS: dict[str, Callable[[Path], int]] = {"floor": run_floor, "engine": run_engine}


def measure_here(kind: str, path: Path) -> None:
    """Runs one kind in this process and prints the Run."""
    wall, cpu = time.perf_counter(), time.process_time()
    findings = RUNS[kind](path)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([wall, cpu, peak_mb, findings]))


def measure(kind: str, path: Path, rounds: int = 1) -> list[Run]:
    """So many runs, each in a new process."""
    command = (sys.executable, __file__, kind, str(path))
    return [
        Run(*json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
        for _ in range(rounds)
    ]


def compare(folder: Path) -> bool:
    """Floor and engine in turn over the same file; prints both and says whether the limits hold."""
    path = folder / "tickets.jsonl"
    write_tickets(path, COUNT)
    runs: dict[str, list[Run]] = {kind: [] for kind in RUNS}
    for _ in range(ROUNDS):
        for kind, seen in runs.items():
            seen += measure(kind, path)
    walls, cpus = (
        {kind: statistics.median(getattr(run, name) for run in seen) for kind, seen in runs.items()}
        for name in ("wall_seconds", "cpu_seconds")
    )
    peak_mb = max(run.peak_mb for run in runs["engine"])
    print(f"{COUNT:,} tickets, {runs['engine'][0].findings:,} findings (medians of {ROUNDS} rounds, in turn)")
    print("                wall s    CPU s")
    for kind in RUNS:
        print(f"{kind:12} {walls[kind]:9.2f} {cpus[kind]:8.2f}")
    ratios = [seconds["engine"] / seconds["floor"] for seconds in (walls, cpus)]
    print(f"ratio        {ratios[0]:9.2f} {ratios[1]:8.2f}   limit {RATIO_LIMIT:g}")
    print(f"peak memory  {peak_mb:6.0f} MB            limit {MEMORY_LIMIT_MB} MB")
    return max(ratios) <= RATIO_LIMIT and peak_mb <= MEMORY_LIMIT_MB


def is_flat(folder: Path) -> bool:
    """Whether a ticket among very many costs what one among few does; prints both."""
    costs = {}
    for count, rounds in ((FEW, ROUNDS), (MANY, 1)):
        path = folder / f"{count}.jsonl"
        write_tickets(path, count)
        run_seconds = statistics.median(run.cpu_seconds for run in measure("engine", path, rounds))
        costs[count] = run_seconds / count * 1_000_000
        print(f"{count:9,} tickets {costs[count]:7.1f} µs CPU a ticket")
        path.unlink()
    ratio = costs[MANY] / costs[FEW]
    print(f"ratio {ratio:.2f}   limit 1 ± {FLAT_WITHIN}")
    return abs(ratio - 1) <= FLAT_WITHIN


def main() -> int:
    if len(sys.argv) == 3:
        measure_here(sys.argv[1], Path(sys.argv[2]))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        passed = [compare(folder), is_flat(folder)]
    return int(not all(passed))


if __name__ == "__main__":
    sys.exit(main())

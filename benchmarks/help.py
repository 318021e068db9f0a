"""How long `eduops --help` takes, against a bare `python -c pass` measured in turn with it.

Leaves with 1 where the help takes more than LIMIT times the floor. `--json` prints the figures for a program.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

LIMIT = 15
ROUNDS = 25
FLOOR = (sys.executable, "-c", "pass")
HELP = (str(Path(sys.executable).with_name("eduops")), "--help")


@dataclass(frozen=True)
class Cost:
    """Medians over all rounds."""

    wall_milliseconds: float
    cpu_milliseconds: float


def measure_once(command: tuple[str, ...]) -> tuple[float, float]:
    """Wall and CPU milliseconds of one run of a command, its output thrown away."""
    # Compiled modules are what people run with, whatever this environment says.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**environment, "COLUMNS": "100"})
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1000, cpu * 1000


def measure(rounds: int) -> tuple[Cost, Cost]:
    """The cost of the floor and of the help, run in turn so that a busy moment meets both."""
    runs: dict[tuple[str, ...], list[tuple[float, float]]] = {FLOOR: [], HELP: []}
    for command in runs:
        measure_once(command)  # warms the file cache and the compiled modules
    for _ in range(rounds):
        for command, seen in runs.items():
            seen.append(measure_once(command))
    floor, shown = (
        Cost(*(round(statistics.median(values), 1) for values in zip(*seen, strict=True)))
        for seen in runs.values()
    )
    return floor, shown


def main() -> int:
    floor, shown = measure(ROUNDS)
    ratios = {
        "wall": round(shown.wall_milliseconds / floor.wall_milliseconds, 1),
        "cpu": round(shown.cpu_milliseconds / floor.cpu_milliseconds, 1),
    }
    if "--json" in sys.argv:
        print(json.dumps({"floor": asdict(floor), "help": asdict(shown), "ratio": ratios, "limit": LIMIT}))
    else:
        print(f"                  wall ms    CPU ms   (medians of {ROUNDS} rounds, in turn)")
        print(f"python -c pass    {floor.wall_milliseconds:7.1f}   {floor.cpu_milliseconds:7.1f}")
        print(f"eduops --help     {shown.wall_milliseconds:7.1f}   {shown.cpu_milliseconds:7.1f}")
        print(f"ratio             {ratios['wall']:7.1f}   {ratios['cpu']:7.1f}   limit {LIMIT}")
    return int(max(ratios.values()) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())

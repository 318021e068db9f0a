"""What a daily patrol of this host costs: `eduops-agent` against a scrape of prometheus-node-exporter and one
`glances --stdout-json`, in turn in the same run.

The agent's own processor time is that of its process and the probes it forks; the programs that it asks (dpkg-query,
systemctl, smartctl ...) are counted apart, as the document tells them. Memory is the peak of the proportional set size
(PSS) of a process and its forks, which counts what they share once; programs again left out. It is sampled in rounds of
its own, so that looking does not cost what is timed.

Leaves with 1 where the agent uses more than half of Glances' processor time, more than 25 MB, or takes more than 1.5 s
beside its sampling interval. `--glances PATH` (or GLANCES) and `--node-exporter PATH` (or NODE_EXPORTER) say where these
are; without one its comparison is left out, which is said with how to install it. `--json` prints the figures.
"""

import argparse
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from eduops.core.shipped import agent_path

ROUNDS = 7
SCRAPES = 40
INTERVAL_SECONDS = 1.0
LIMIT_CPU_RATIO, LIMIT_MEGABYTES, LIMIT_SECONDS = 0.5, 25.0, 1.5
SAMPLE_SECONDS = 0.002
PLUGINS = "system,uptime,cpu,percpu,load,mem,memswap,fs,diskio,network,processcount,processlist,connections"
INSTALL = {
    "glances": "python3 -m venv V && V/bin/pip install glances，再用 --glances V/bin/glances",
    "node_exporter": "apt-get install --no-install-recommends prometheus-node-exporter（Debian 会启动它；用后可停）",
}


@dataclass(frozen=True)
class Cost:
    """One run, or the medians of several."""

    cpu_milliseconds: float
    programs_milliseconds: float
    megabytes: float
    wall_seconds: float


@dataclass(frozen=True)
class Figures:
    """All sides, with their versions; None where one is not installed."""

    agent_version: str
    agent: Cost
    glances_version: str = ""
    glances: Cost | None = None
    exporter_version: str = ""
    exporter: Cost | None = None


def run_command(command: list[str], environment: dict[str, str]) -> tuple[bytes, float, float]:
    """Output, processor milliseconds of it and all it waited for, wall seconds."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        output.seek(0)
        content = output.read()
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} 以 {process.returncode} 结束")
    return content, (used.ru_utime + used.ru_stime) * 1000, wall


def sample_memory(command: list[str], environment: dict[str, str]) -> float:
    """Peak megabytes (PSS) of a command and its forks."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    program = Path(f"/proc/{process.pid}/exe").resolve()
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(read_pss(pid) for pid in list_family(process.pid, program)))
        time.sleep(SAMPLE_SECONDS)
    return peak / 1024


def list_family(pid: int, program: Path) -> Iterator[int]:
    """A process and its children that run the same program: forks, not the programs they start."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        try:
            is_fork = Path(f"/proc/{child}/exe").resolve() == program
        except OSError:
            continue
        if is_fork:
            yield int(child)


def read_pss(pid: int) -> int:
    """Kilobytes; nothing for one that has just gone."""
    try:
        with Path(f"/proc/{pid}/smaps_rollup").open() as stream:
            return next((int(line.split()[1]) for line in stream if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def build_environment(home: str) -> dict[str, str]:
    """What cron would give, and where the agent and psutil are."""
    psutil = find_spec("psutil")
    places = [str(agent_path())]
    if psutil is not None and psutil.origin is not None:
        places.append(str(Path(psutil.origin).parent.parent))
    return {
        "PATH": os.environ["PATH"],
        "HOME": home,
        "PYTHONPATH": os.pathsep.join(places),
        "LANG": "C.UTF-8",
    }


def measure_agent(environment: dict[str, str]) -> tuple[str, Cost]:
    """Version and cost of one patrol with every probe."""
    command = [sys.executable, "-S", "-m", "eduops_agent", "--interval", str(INTERVAL_SECONDS)]
    content, cpu, wall = run_command(command, environment)
    document = json.loads(content)
    programs = sum(section["programs_cpu_seconds"] or 0.0 for section in document["probes"]) * 1000
    memory = sample_memory(command, environment)
    return document["agent_version"], Cost(cpu - programs, programs, memory, wall - INTERVAL_SECONDS)


def measure_glances(program: str, home: str) -> Cost:
    """One look of Glances at the same subjects; its own rates need a second, too."""
    command = [program, "--stdout-json", PLUGINS, "--stop-after", "1", "-t", str(INTERVAL_SECONDS)]
    environment = {"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8"}
    content, cpu, wall = run_command(command, environment)
    if b"processlist" not in content and b"{" not in content:
        raise SystemExit("glances 没有输出 JSON")
    return Cost(cpu, 0.0, sample_memory(command, environment), wall - INTERVAL_SECONDS)


@contextmanager
def exporter_running(program: str) -> Iterator[tuple[int, int]]:
    """The exporter on a free loopback port: its process and the port."""
    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        port = probing.getsockname()[1]
    process = subprocess.Popen(
        [program, f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            try:
                scrape(port)
                break
            except OSError:
                time.sleep(0.05)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def scrape(port: int) -> int:
    """Bytes of one scrape."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    return len(connection.getresponse().read())


def measure_exporter(pid: int, port: int) -> Cost:
    """A scrape of the running exporter, the mean of many: the kernel counts in hundredths of a second."""
    before, started = read_ticks(pid), time.perf_counter()
    for _ in range(SCRAPES):
        scrape(port)
    wall = (time.perf_counter() - started) / SCRAPES
    cpu = (read_ticks(pid) - before) * 1000 / os.sysconf("SC_CLK_TCK") / SCRAPES
    return Cost(cpu, 0.0, read_pss(pid) / 1024, wall)


def read_ticks(pid: int) -> int:
    """Processor time since the process began."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(words[11]) + int(words[12])


def median(costs: list[Cost]) -> Cost:
    """Field by field."""
    return Cost(*(round(statistics.median(values), 2) for values in zip(*map(vars_of, costs), strict=True)))


def vars_of(cost: Cost) -> tuple[float, ...]:
    """The figures in their order."""
    return tuple(asdict(cost).values())


def read_version(program: str) -> str:
    """The first number that a program calls its version."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    words = (done.stdout + done.stderr).replace("\t", " ").split()
    return next((word.strip(",") for word in words if word[:1].isdigit() and "." in word), "?")


def measure_all(glances: str | None, exporter: str | None) -> Figures:
    """Medians, every side in turn so that a busy moment meets all."""
    seen: dict[str, list[Cost]] = {"agent": [], "glances": [], "exporter": []}
    with tempfile.TemporaryDirectory() as home:
        environment = build_environment(home)
        version, _ = measure_agent(environment)  # warms the file cache and the compiled modules
        if glances:
            measure_glances(glances, home)
        for _ in range(ROUNDS):
            seen["agent"].append(measure_agent(environment)[1])
            if glances:
                seen["glances"].append(measure_glances(glances, home))
            if exporter:
                with exporter_running(exporter) as (pid, port):
                    seen["exporter"].append(measure_exporter(pid, port))
    return Figures(
        version,
        median(seen["agent"]),
        read_version(glances) if glances else "",
        median(seen["glances"]) if glances else None,
        read_version(exporter) if exporter else "",
        median(seen["exporter"]) if exporter else None,
    )


def list_broken(figures: Figures) -> list[str]:
    """The limits that were passed."""
    broken = []
    if (
        figures.glances is not None
        and figures.agent.cpu_milliseconds > LIMIT_CPU_RATIO * figures.glances.cpu_milliseconds
    ):
        broken.append(f"处理器时间超过 glances 的 {LIMIT_CPU_RATIO:g} 倍")
    if figures.agent.megabytes > LIMIT_MEGABYTES:
        broken.append(f"内存超过 {LIMIT_MEGABYTES:g} MB")
    if figures.agent.wall_seconds > LIMIT_SECONDS:
        broken.append(f"除采样间隔外超过 {LIMIT_SECONDS:g} 秒")
    return broken


def show(figures: Figures) -> None:
    """A table for people."""
    print(f"medians of {ROUNDS} rounds in turn     CPU ms   programs ms   PSS MB   s beside interval")
    rows = [
        (f"eduops-agent {figures.agent_version}", figures.agent),
        (f"glances {figures.glances_version}", figures.glances),
        (f"node_exporter {figures.exporter_version}, 1 scrape", figures.exporter),
    ]
    for name, cost in rows:
        if cost is not None:
            print(
                f"{name:<33} {cost.cpu_milliseconds:8.1f}   {cost.programs_milliseconds:11.1f}"
                f"   {cost.megabytes:6.1f}   {cost.wall_seconds:17.3f}"
            )


def find(named: str | None, *names: str) -> str | None:
    """The program as named, else from the path."""
    return named or next(filter(None, map(shutil.which, names)), None)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--glances", default=os.environ.get("GLANCES"))
    parser.add_argument("--node-exporter", default=os.environ.get("NODE_EXPORTER"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    glances = find(options.glances, "glances")
    exporter = find(options.node_exporter, "prometheus-node-exporter", "node_exporter")
    for name, program in (("glances", glances), ("node_exporter", exporter)):
        if program is None:
            print(f"没有 {name}，不能比较；安装：{INSTALL[name]}", file=sys.stderr)
    figures = measure_all(glances, exporter)
    broken = list_broken(figures)
    if options.json:
        print(json.dumps({**asdict(figures), "broken": broken}, ensure_ascii=False))
    else:
        show(figures)
        for line in broken:
            print(f"未达到：{line}")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())

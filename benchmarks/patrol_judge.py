"""How long a year of patrol documents of 50 hosts (18,250) takes to be judged again, with other thresholds, and how much
room a document takes.

Counted: everything `eduops patrol judge` does for every host in turn: reading the packed documents and the kept checks
from SQLite, unpacking, parsing, the checksum, every check with what is known of its host (levels held, a baseline,
trends over 90 days), comparing with what is kept. Not counted: making the documents, start of the process, writing.
The floor, in the same run: zlib.decompress and json.loads of the same documents from memory.
Leaves with 1 where it takes LIMIT_SECONDS or more. `--json` prints the figures for a program; `--hosts N` takes fewer.
"""

import hashlib
import json
import random
import resource
import sys
import tempfile
import time
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import LargeBinary, func, select, type_coerce

from eduops.asset import service as assets
from eduops.asset.models import Host
from eduops.asset.rules import Environment, NewHost, Role
from eduops.patrol import configuration, service
from eduops.patrol.models import PatrolDocument, PatrolResult
from eduops.patrol.rules.run import Kind
from eduops.patrol.rules.threshold import Ceiling, PatrolConfig
from eduops.patrol.service import baseline as baselines
from eduops.patrol.service.judge import rejudge
from eduops.store.engine import open_engine
from eduops.store.migration import upgrade
from eduops.store.store import Store, open_store

LIMIT_SECONDS = 20.0
HOSTS, DAYS = 50, 365
FIRST = datetime(2026, 1, 1, 1, 0, tzinfo=UTC)
GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "patrol" / "demo-host.json"
ZONE = ZoneInfo("Asia/Shanghai")

Row = dict[str, Any]  # Any: documents are JSON


def build_document(template: Row, host: int, day: int, chance: random.Random) -> bytes:
    """An invented host's document (虚构) of a day, about as long as a real one: figures wander, one disk fills."""
    at = FIRST + timedelta(days=day, minutes=host)
    document: Row = {**template, "measured_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z")}
    document["host"] = {
        "hostname": f"虚构-{host:02d}",
        "machine_id_hash": hashlib.sha256(b"%d" % host).hexdigest(),
    }
    document["probes"] = [{**section, "data": _vary(section, day, chance)} for section in template["probes"]]
    document.pop("checksum")
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    document["checksum"] = hashlib.sha256(text.encode()).hexdigest()
    return json.dumps(document, indent=1).encode()


def _vary(section: Row, day: int, chance: random.Random) -> Row:
    data: Row = dict(section["data"])
    match section["name"]:
        case "cpu":
            used = round(min(99.0, chance.gauss(55, 18)), 1)
            data["total"] = {**data["total"], "used_percent": max(0.0, used)}
            data["cores"] = [
                {**data["cores"][0], "core": str(core), "used_percent": abs(used)} for core in range(8)
            ]
        case "memory":
            data["used_percent"] = round(min(99.0, max(1.0, chance.gauss(78, 6))), 1)
        case "disks":
            used = 40 + day % 180 * 0.3
            rows = [
                {**row, "status": "ok", "reason": ""} for row in data["filesystems"] if row["status"] == "ok"
            ]
            data["filesystems"] = [
                {
                    **rows[0],
                    "mount": mount,
                    "used_percent": round(min(99.9, max(0, share + chance.gauss(0, 0.4))), 1),
                }
                for mount, share in (("/", 62.0), ("/data", used), ("/backup", 71.0))
            ]
        case "network":
            row = data["listening"][0]
            data["listening"] = [{**row, "port": port} for port in range(8000, 8024)]
        case "processes":
            row = data["top_cpu"][0]
            data["top_cpu"] = [{**row, "pid": chance.randrange(99_999)} for _ in range(10)]
            data["top_memory"] = [{**row, "pid": chance.randrange(99_999)} for _ in range(10)]
            data["zombie_count"] = chance.choice((0, 0, 0, 1, 6))
        case "schedules":
            row = data["entries"][0]
            data["entries"] = [{**row, "command": f"{row['command']} {number}"} for number in range(20)]
    return data


def lay_out(store: Store, config: PatrolConfig, hosts: int) -> list[Host]:
    """Hosts with a year of documents, taken in one after the other as patrols are, and a baseline each."""
    template = json.loads(GOLDEN.read_text(encoding="utf-8"))
    made = []
    for number in range(hosts):
        chance = random.Random(number)
        with store.writing() as session:
            role = (Role.APPLICATION, Role.DATABASE)[number % 2]
            new = NewHost(
                f"host-{number:02d}",
                "虚构",
                role,
                Environment.PRODUCTION,
                f"10.0.0.{number + 1}",
                is_invented=True,
            )
            host = assets.add_host(session, new, now=FIRST)
            for day in range(DAYS):
                content = build_document(template, number, day, chance)
                run, _ = service.ingest(
                    session, host, content, config,
                    kind=Kind.DAILY, now=FIRST + timedelta(days=day + 1), actor="虚构", zone=ZONE, source="虚构",
                )  # fmt: skip
                if day == 0:
                    at = FIRST + timedelta(hours=12)
                    baselines.approve(session, host, run_ref=run.ref, note="虚构", actor="虚构", now=at)
            made.append(host)
    return made


def measure(store: Store, hosts: list[Host], config: PatrolConfig) -> Row:
    """Seconds of CPU and wall of all hosts judged again, and what changed."""
    wall, cpu = time.perf_counter(), time.process_time()
    judged = changed = failed = 0
    for host in hosts:
        with store.reading() as session:
            for found in rejudge(session, host, config):
                judged += 1
                changed += bool(found.shifts)
                failed += bool(found.failure)
    assert not failed
    return {
        "documents": judged,
        "with_changes": changed,
        "wall_seconds": round(time.perf_counter() - wall, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
    }


def measure_floor(store: Store) -> Row:
    """Unpacking and reading the same documents as JSON, and how long they are."""
    with store.reading() as session:
        packed = list(session.execute(select(type_coerce(PatrolDocument.content, LargeBinary))).scalars())
        results = session.execute(select(func.count()).select_from(PatrolResult)).scalar_one()
    wall, cpu, plain = time.perf_counter(), time.process_time(), 0
    for content in packed:
        text = zlib.decompress(content)
        plain += len(text)
        json.loads(text)
    return {
        "floor_wall_seconds": round(time.perf_counter() - wall, 2),
        "floor_cpu_seconds": round(time.process_time() - cpu, 2),
        "plain_bytes_per_document": round(plain / len(packed)),
        "packed_bytes_per_document": round(sum(map(len, packed)) / len(packed)),
        "checks_per_document": round(results / len(packed), 1),
    }


def main() -> int:
    hosts = int(sys.argv[sys.argv.index("--hosts") + 1]) if "--hosts" in sys.argv else HOSTS
    shipped = configuration.find_config_path(Path("/nowhere"))
    config = configuration.load_config(shipped)
    stricter = {
        "cpu_percent": Ceiling(warning=70, critical=90),
        "memory_percent": Ceiling(warning=80, critical=90),
    }
    other = config.model_copy(update={"default": config.default.model_copy(update=stricter)})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "eduops.db"
        engine = open_engine(f"sqlite:///{path}")
        upgrade(engine)
        engine.dispose()
        store = open_store(f"sqlite:///{path}")
        made = lay_out(store, config, hosts)
        floor = measure_floor(store)
        size = path.stat().st_size
        figures = {**measure(store, made, other), **floor}
        store.engine.dispose()
    # SQLite alone, everything in it: documents, checks, indexes.
    figures["database_bytes_per_document"] = round(size / figures["documents"])
    figures["cpu_ratio"] = round(figures["cpu_seconds"] / figures["floor_cpu_seconds"], 1)
    figures["peak_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    limit = LIMIT_SECONDS * hosts / HOSTS
    if "--json" in sys.argv:
        print(json.dumps({**figures, "limit_seconds": limit}))
    else:
        for name, figure in figures.items():
            print(f"{name:30}{figure:>12}")
        print(f"{'limit_seconds':30}{limit:>12}")
    return int(figures["wall_seconds"] >= limit)


if __name__ == "__main__":
    sys.exit(main())

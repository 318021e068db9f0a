"""A document of an invented host on which all is well, made from the golden one; and how one is signed."""

import hashlib
import json
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[1] / "golden" / "patrol" / "demo-host.json"

# Any, here and below: documents are JSON.
Document = dict[str, Any]


def sign(document: Document) -> bytes:
    """The document as the agent would print it, its checksum made anew."""
    rest = {key: value for key, value in document.items() if key != "checksum"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    signed = {**rest, "checksum": hashlib.sha256(text.encode("ascii")).hexdigest()}
    return (json.dumps(signed, indent=1) + "\n").encode("ascii")


def build_healthy() -> Document:
    """Every probe answered, nothing near a limit."""
    document: Document = json.loads(GOLDEN.read_text(encoding="utf-8"))
    disks, services = section(document, "disks")["data"], section(document, "services")["data"]
    disks["filesystems"] = [row for row in disks["filesystems"] if row["status"] == "ok"]
    section(document, "memory")["data"].update(swap_used_percent=5.0)
    for row in disks["filesystems"]:
        row.update(used_percent=50.0, inodes_used_percent=8.0, read_only=False)
    section(document, "processes")["data"].update(zombie_count=0, zombies=[])
    section(document, "processes")["data"]["expected"] = [
        {"name": "nginx", "command": "", "status": "ok", "reason": "", "count": 5}
    ]
    services["failed"] = []
    services["expected"] = [row for row in services["expected"] if row["active"] == "active"]
    for probe in ("certificates", "urls", "logs", "backups"):
        rows = section(document, probe)["data"]
        rows[probe] = [row for row in rows[probe] if row["status"] == "ok"][:1]
    section(document, "certificates")["data"]["certificates"][0]["chain_not_after"] = (
        "2026-09-20T00:00:00.000Z"
    )
    section(document, "logs")["data"]["logs"][0]["matches"][0]["count"] = 0
    return document


def section(document: Document, probe: str) -> Document:
    """One probe's section."""
    found: Document = next(item for item in document["probes"] if item["name"] == probe)
    return found


def put(document: Document, probe: str, address: str, value: object) -> Document:
    """The document with one figure changed, its address such as "filesystems.0.used_percent"."""
    place: Any = section(document, probe)["data"]
    *steps, last = address.split(".")
    for step in steps:
        place = place[int(step)] if step.isdigit() else place[step]
    place[int(last) if last.isdigit() else last] = value
    return document

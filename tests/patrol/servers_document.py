"""A document of an invented host on which all databases and middleware are well, made from the golden one."""

import json
from pathlib import Path
from typing import Any

from patrol.healthy_document import section, sign

from eduops.core.config import load_yaml
from eduops.core.shipped import find_shipped
from eduops.patrol.rules.document import parse_document
from eduops.patrol.rules.judgement import Judgement, judge
from eduops.patrol.rules.threshold import PatrolConfig

GOLDEN = Path(__file__).parents[1] / "golden" / "patrol" / "demo-servers.json"
CONFIG = load_yaml(find_shipped("configs", "patrol.yaml"), PatrolConfig)
SERVERS = ("postgresql", "mysql", "redis", "nginx", "tomcat")

# Any, here and below: documents are JSON.
Document = dict[str, Any]


def build_healthy_servers() -> Document:
    """Each probe with the one instance of the golden document that answers, nothing of it unread."""
    document: Document = json.loads(GOLDEN.read_text(encoding="utf-8"))
    for probe in SERVERS:
        data = section(document, probe)["data"]
        data["instances"] = [row for row in data["instances"] if row["status"] == "ok"]
    mysql = instance(document, "mysql")
    mysql.update(databases=[{"name": "edu_bank", "size_bytes": 1048576}], unread=[])
    return document


def instance(document: Document, probe: str) -> Document:
    """The first instance of a probe."""
    row: Document = section(document, probe)["data"]["instances"][0]
    return row


def judged(
    document: Document, role: str = "application", mandatory: frozenset[str] = frozenset()
) -> Judgement:
    """By the shipped limits of the role, with these probes mandatory; a host of servers alone has no other."""
    limits = CONFIG.for_role(role)
    limits = limits.model_copy(update={"mandatory": mandatory or frozenset(SERVERS)})
    return judge(parse_document(sign(document)), limits)

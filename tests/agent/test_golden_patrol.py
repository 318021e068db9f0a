"""The golden patrol documents, which the server's tests read, are such as this agent prints."""

import json
from pathlib import Path

import patrol_schema
import pytest
from eduops_agent.document import compute_checksum
from eduops_agent.probes import PROBES

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "patrol").glob("*.json"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_document_is_as_the_schema_says(path):
    document = json.loads(path.read_text())
    assert patrol_schema.list_problems(document) == []
    assert document["checksum"] == compute_checksum(document)
    names = [section["name"] for section in document["probes"]]
    # In the order of today's list; yesterday's agents had fewer probes.
    assert names == [name for name in PROBES if name in names]
    assert "虚构" in document["host"]["hostname"]


@pytest.mark.parametrize(
    ("address", "value"),
    [
        (("schema",), 2),
        (("checksum",), "short"),
        (("measured_at",), "2026-03-05 11:50"),
        (("colour",), "red"),
        (("probes", 0, "status"), "fine"),
        (("probes", 1, "data", "count"), "4"),
        (("probes", 2, "data"), None),
        (("probes", 3, "data", "filesystems", 0, "total_bytes"), -1),
        (("probes", 3, "data", "filesystems", 0, "read_only"), 0),
    ],
)
def test_schema_refuses_what_it_should(address, value):
    document = json.loads(GOLDEN[0].read_text())
    place = document
    for step in address[:-1]:
        place = place[step]
    place[address[-1]] = value
    assert len(patrol_schema.list_problems(document)) == 1


def test_changing_one_figure_breaks_the_sum():
    document = json.loads(GOLDEN[0].read_text())
    document["probes"][2]["data"]["available_bytes"] += 1
    assert document["checksum"] != compute_checksum(document)

"""The document's figures in Prometheus's text format, as node_exporter's textfile collector reads it."""

import re
from datetime import datetime, timezone
from typing import Any, Dict, Iterator, List, Optional, Tuple

from eduops_agent.metric import FAMILIES, Family, Metric
from eduops_agent.state import replace_file

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def render_metrics(document: Dict[str, Any]) -> str:
    """The figures as text; a figure that was not measured has no line, never a nought."""
    lines: List[str] = []
    for name, kind, words, samples in _list_families(document):
        known = dict(reversed(samples))
        if not known:
            continue
        lines += ["# HELP eduops_{} {}".format(name, words), "# TYPE eduops_{} {}".format(name, kind)]
        # Of two with the same labels the first: node_exporter refuses a whole file for one that comes twice.
        lines += ["eduops_{}{} {}".format(name, labels, known[labels]) for labels in sorted(known)]
    return "\n".join(lines) + "\n"


def write_metrics(path: str, document: Dict[str, Any]) -> bool:
    """Replaces the file, readable for whoever runs the collector; tells whether it could."""
    try:
        replace_file(path, render_metrics(document).encode("utf-8", "replace"), mode=0o644)
    except OSError:
        return False
    return True


def render_labels(labels: Dict[str, Any]) -> str:
    """Labels in braces, escaped as the format asks; nothing where there are none."""
    pairs = [
        '{}="{}"'.format(key, _escape("" if value is None else str(value))) for key, value in labels.items()
    ]
    return "{" + ",".join(pairs) + "}" if pairs else ""


_Samples = List[Tuple[str, str]]


def _list_families(document: Dict[str, Any]) -> Iterator[Tuple[str, str, str, _Samples]]:
    about = render_labels({"version": document["agent_version"], "schema": document["schema"]})
    yield "agent_info", "gauge", "The agent and the schema of its documents.", [(about, "1")]
    measured = _read_value(document["measured_at"], 1)
    yield "measured_timestamp_seconds", "gauge", "When measuring began.", [("", measured or "0")]
    probes = document["probes"]
    yield (
        "probe_up",
        "gauge",
        "1 where the probe measured; its status says why not.",
        [
            (
                render_labels({"probe": probe["name"], "status": probe["status"]}),
                str(int(probe["status"] == "ok")),
            )
            for probe in probes
        ],
    )
    yield (
        "probe_duration_seconds",
        "gauge",
        "How long the probe took.",
        [(render_labels({"probe": probe["name"]}), repr(probe["duration_seconds"])) for probe in probes],
    )
    data = {probe["name"]: probe["data"] for probe in probes if probe["status"] == "ok"}
    for family in FAMILIES:
        for metric in family.metrics:
            samples = list(_sample(family, metric, data[family.probe])) if family.probe in data else []
            yield metric.name, metric.kind, metric.help, samples
    units = data.get("services", {}).get("failed")
    yield "services_failed", "gauge", "Units that failed.", [] if units is None else [("", str(len(units)))]
    yield (
        "service_active",
        "gauge",
        "1 where an expected unit is active.",
        [
            (render_labels({"unit": row["expected"]}), str(int(row["active"] == "active")))
            for row in data.get("services", {}).get("expected", [])
        ],
    )


def _sample(family: Family, metric: Metric, data: Any) -> Iterator[Tuple[str, str]]:
    for row in _walk(data, [step for step in family.rows.split("/") if step]):
        value = _read_value(row.get(metric.key), metric.factor)
        if value is not None:
            yield render_labels({label: row.get(label) for label in family.labels}), value


# Any: a probe's data is JSON.
def _walk(data: Any, steps: List[str]) -> Iterator[Dict[str, Any]]:
    """The rows at the end of the path, each with what its parents say of it."""
    if not steps:
        yield data
        return
    below = data.get(steps[0])
    for row in below if isinstance(below, list) else [below]:
        if isinstance(row, dict):
            for found in _walk(dict(data, **row), steps[1:]):
                yield found


def _read_value(value: Any, factor: float) -> Optional[str]:
    if value in ("ok", "failed"):
        return str(int(value == "ok"))
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (int, float)):
        return repr(value) if factor == 1 else repr(round(value * factor, 9))
    if isinstance(value, str) and _INSTANT.match(value):
        instant = datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        return repr(instant.timestamp())
    return None


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

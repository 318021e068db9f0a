"""As much of JSON Schema (draft 7) as the patrol document's schema uses; anything else in it is refused."""

import json
import re
from pathlib import Path
from typing import Any

SCHEMA = json.loads((Path(__file__).parents[2] / "agent" / "eduops_agent" / "schema-1.json").read_text())

_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_KNOWN = {
    *(
        "$schema",
        "$ref",
        "title",
        "description",
        "definitions",
        "type",
        "const",
        "enum",
        "pattern",
        "minimum",
    ),
    *("required", "properties", "additionalProperties", "items", "allOf", "if", "then"),
}


def list_problems(value: Any, schema: dict[str, Any] = SCHEMA, place: str = "$") -> list[str]:
    """Every place where the value is not as the schema has it."""
    unknown = set(schema) - _KNOWN
    assert not unknown, f"{place}: teach this checker {unknown}"
    if "$ref" in schema:
        return list_problems(value, SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[1]], place)
    problems = _list_plain(value, schema, place)
    if isinstance(value, dict) and not problems:
        problems += _list_in_object(value, schema, place)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            problems += list_problems(item, schema["items"], f"{place}[{index}]")
    for part in schema.get("allOf", []):
        if not list_problems(value, part["if"], place):
            problems += list_problems(value, part["then"], place)
    return problems


def _list_plain(value: Any, schema: dict[str, Any], place: str) -> list[str]:
    problems = []
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is_kind(value, kind) for kind in kinds):
        return [f"{place}: {value!r} is no {kinds}"]
    if "const" in schema and value != schema["const"]:
        problems.append(f"{place}: {value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        problems.append(f"{place}: {value!r} is none of {schema['enum']}")
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        problems.append(f"{place}: {value!r} does not match {schema['pattern']}")
    if "minimum" in schema and isinstance(value, (int, float)) and value < schema["minimum"]:
        problems.append(f"{place}: {value!r} is below {schema['minimum']}")
    return problems


def _is_kind(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _list_in_object(value: dict[str, Any], schema: dict[str, Any], place: str) -> list[str]:
    known = schema.get("properties", {})
    problems = [f"{place}.{key}: missing" for key in schema.get("required", []) if key not in value]
    for key, item in value.items():
        if key in known:
            problems += list_problems(item, known[key], f"{place}.{key}")
        elif schema.get("additionalProperties") is False:
            problems.append(f"{place}.{key}: not in the schema")
    return problems

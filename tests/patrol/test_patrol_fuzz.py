"""Mutated documents: never a crash, and never normal where something was lost."""

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patrol.healthy_document import GOLDEN, build_healthy, sign

from eduops.core.config import load_yaml
from eduops.core.errors import InputError
from eduops.core.shipped import find_shipped
from eduops.patrol.rules.baseline import extract_parts
from eduops.patrol.rules.check import State
from eduops.patrol.rules.document import Document, parse_document
from eduops.patrol.rules.judgement import judge
from eduops.patrol.rules.threshold import PROBES, PatrolConfig

LIMITS = load_yaml(find_shipped("configs", "patrol.yaml"), PatrolConfig).default
HEALTHY = build_healthy()
STRICT = LIMITS.model_copy(update={"mandatory": frozenset(section["name"] for section in HEALTHY["probes"])})
SIGNED = sign(HEALTHY)
ORIGINAL = parse_document(SIGNED)

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
# What the host's state rests on: without any of these nobody can say that it is normal.
NEEDED = (
    ("system", "kernel"), ("system", "uptime_seconds"),
    ("cpu", "total"), ("cpu", "total", "used_percent"), ("cpu", "count"), ("cpu", "load_5m"),
    ("memory", "used_percent"), ("memory", "swap_used_percent"),
    ("disks", "filesystems"), ("disks", "filesystems", 0), ("disks", "filesystems", 0, "status"),
    ("disks", "filesystems", 0, "used_percent"), ("disks", "filesystems", 0, "inodes_used_percent"),
    ("disks", "filesystems", 0, "read_only"), ("disks", "filesystems", 0, "mount"),
    ("network", "interfaces"), ("network", "listening"),
    ("processes", "zombie_count"), ("processes", "is_complete"), ("processes", "expected"),
    ("processes", "expected", 0, "count"), ("processes", "expected", 0, "status"),
    ("services", "failed"), ("services", "expected"), ("services", "expected", 0, "active"),
    ("time_sync", "is_synchronized"), ("time_sync", "offset_seconds"),
    ("users", "count"),
    ("certificates", "certificates"), ("certificates", "certificates", 0, "chain_not_after"),
    ("urls", "urls"), ("urls", "urls", 0, "http_status"), ("urls", "urls", 0, "seconds"),
    ("logs", "logs"), ("logs", "logs", 0, "has_gap"), ("logs", "logs", 0, "matches"),
    ("logs", "logs", 0, "matches", 0, "count"),
    ("backups", "backups"), ("backups", "backups", 0, "age_seconds"), ("backups", "backups", 0, "newest"),
    ("schedules", "entries"), ("schedules", "unread"),
)  # fmt: skip


def _parsed(content: bytes) -> Document | None:
    try:
        return parse_document(content)
    except InputError:
        return None


# Any: documents are JSON.
def _addresses(value: Any, address: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [address] if address else []
    for key, item in inner:
        found += _addresses(item, (*address, key))
    return found


ADDRESSES = _addresses(HEALTHY)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_bytes_changed_on_the_way_are_refused_or_change_nothing(data):
    content = bytearray(SIGNED)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    document = _parsed(bytes(content))
    assert document is None or document == ORIGINAL


@settings(max_examples=400, deadline=None)
@given(address=st.sampled_from(ADDRESSES), junk=JUNK)
def test_signed_document_with_anything_anywhere_never_crashes(address, junk):
    document = copy.deepcopy(HEALTHY)
    place: Any = document
    for step in address[:-1]:
        place = place[step]
    place[address[-1]] = junk
    found = _parsed(sign(document))
    if found is not None:
        checks = judge(found, STRICT).checks
        assert all(check.text.isprintable() for check in checks)
        assert all(check.state in State for check in checks)


@settings(max_examples=300, deadline=None)
@given(
    address=st.sampled_from(NEEDED),
    junk=st.none() | st.text(max_size=8).filter(lambda text: text != "ok"),
    is_lost=st.booleans(),
)
def test_host_with_a_figure_lost_or_spoilt_is_never_normal(address, junk, is_lost):
    document = copy.deepcopy(HEALTHY)
    place: Any = next(item for item in document["probes"] if item["name"] == address[0])["data"]
    for step in address[1:-1]:
        place = place[step]
    if is_lost:
        del place[address[-1]]
    else:
        place[address[-1]] = junk
    names_nothing = (address[-1] == "offset_seconds" and not is_lost and junk is None) or (
        address[-1] in ("kernel", "mount") and not is_lost and bool(junk)
    )
    found = _parsed(sign(document))
    if found is None:
        # Control characters are refused, which is not normal either.
        return
    state = judge(found, STRICT).state
    # Of several file systems one may be gone without anybody knowing that there was one.
    if not names_nothing and not (is_lost and address == ("disks", "filesystems", 0)):
        assert state is not State.NORMAL


MUTATIONS = 10_000
# Every section that any agent ever printed, and what no agent would put there.
SECTIONS = [
    section
    for path in sorted(GOLDEN.parent.glob("*.json"))
    for section in json.loads(path.read_text(encoding="utf-8"))["probes"]
]
ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        10**30,
        -(10**30),
        1.5,
        -0.0,
        1e308,
        -1e308,
        5e-324,
        [],
        {},
        [[]],
        [None],
        {"": {}},
    ),
    *(
        "",
        "ok",
        "failed",
        "not_checked",
        "x" * 5000,
        "\x1b[2J",
        "\u202e",
        "\x00",
        "\ud800",
        "1970-01-01T00:00:00Z",
    ),
    *(
        "2026-03-05T03:50:00",
        "9999-12-31T23:59:59+14:00",
        "0001-01-01T00:00:00-14:00",
        "NaN",
        "-1",
        "%s",
        "{}",
    ),
    *([{}] * 501, [{"name": "x"}] * 3, ["x"] * 3),
)


def _mutate(value: Any, chance: random.Random) -> Any:
    """The value with one thing somewhere in it replaced, taken away, doubled or renamed."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.1:
        return chance.choice(ODD)
    if isinstance(value, list):
        at = chance.randrange(len(value))
        deeds = ([*value, value[at]], value[:at] + value[at + 1 :], list(reversed(value)))
        mutated = [*value[:at], _mutate(value[at], chance), *value[at + 1 :]]
        return mutated if chance.random() < 0.7 else chance.choice(deeds)
    key = chance.choice(list(value))
    rest = {name: item for name, item in value.items() if name != key}
    deed = chance.random()
    if deed < 0.8:
        return {**value, key: _mutate(value[key], chance)}
    return rest if deed < 0.9 else {**rest, key + "\u202e": value[key]}


def _mutate_section(section: dict[str, Any], chance: random.Random) -> Any:
    # Mostly within the figures: the envelope has few keys and would be refused nearly always.
    data = section["data"]
    for _ in range(chance.randint(1, 4)):
        data = _mutate(data, chance)
    whole = {**section, "data": data}
    return _mutate(whole, chance) if chance.random() < 0.2 else whole


@pytest.mark.slow
def test_ten_thousand_mutated_documents_are_judged_or_refused_and_never_crash():
    chance = random.Random(20260305)
    strict = LIMITS.model_copy(update={"mandatory": frozenset(PROBES)})
    judged = 0
    for _ in range(MUTATIONS):
        document: Any = {**HEALTHY, "probes": [_mutate_section(chance.choice(SECTIONS), chance)]}
        if chance.random() < 0.1:
            document = _mutate(document, chance)
        found = _parsed(sign(document)) if isinstance(document, dict) else None
        if found is None:
            continue
        judged += 1
        extract_parts(found)
        judgement = judge(found, strict)
        # One section is never a whole patrol.
        assert judgement.state is not State.NORMAL
        assert all(check.text.isprintable() and check.item.isprintable() for check in judgement.checks)
    # Were most refused by the envelope, little would have been tried.
    assert judged > MUTATIONS / 2

"""Mutated documents: never a crash, and never normal where something was lost."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from patrol.healthy_document import build_healthy, sign

from eduops.core.config import load_yaml
from eduops.core.errors import InputError
from eduops.core.shipped import find_shipped
from eduops.patrol.rules.check import State
from eduops.patrol.rules.document import Document, parse_document
from eduops.patrol.rules.judgement import judge
from eduops.patrol.rules.threshold import PatrolConfig

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
    ("disks", "filesystems", 0, "read_only"),
    ("network", "interfaces"),
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
        address[-1] == "kernel" and not is_lost and bool(junk)
    )
    state = judge(parse_document(sign(document)), STRICT).state
    # Of several file systems one may be gone without anybody knowing that there was one.
    if not names_nothing and not (is_lost and address == ("disks", "filesystems", 0)):
        assert state is not State.NORMAL

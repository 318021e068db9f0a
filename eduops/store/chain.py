"""A hash chain over append-only rows: each row's hash covers its content and the hash of the row before."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ALGORITHM = "sha256"
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Break:
    """The first row that does not fit: its number and why (`content`, `unreadable` or `order`)."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Link:
    """A row of a chain: number (1, 2, …), what it says, the hash before it, its own."""

    number: int
    payload: Mapping[str, object] | None
    """None where the row's values no longer read as they were written."""
    previous_hash: str
    hash: str


def link_hash(previous_hash: str, payload: Mapping[str, object]) -> str:
    """The hash of a row: SHA-256 over the previous hash and the payload's canonical JSON (sorted, no spaces)."""
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.new(ALGORITHM, f"{previous_hash}\n{text}".encode()).hexdigest()


def find_break(links: Iterable[Link]) -> Break | None:
    """The first link that was altered, lost or moved; None for a whole chain. What is missing at the end is
    found by comparing head and count with what was kept elsewhere."""
    previous, expected = GENESIS, 1
    for link in links:
        if link.number != expected:
            return Break(expected, "order")
        if link.payload is None:
            return Break(link.number, "unreadable")
        if link.previous_hash != previous:
            return Break(expected, "order")
        if not is_own(link.payload, link.previous_hash, link.hash):
            return Break(link.number, "content")
        previous, expected = link.hash, expected + 1
    return None


def is_own(payload: Mapping[str, object], previous_hash: str, found: str) -> bool:
    """Whether a hash is that of the payload; a payload with values that JSON cannot say has none."""
    try:
        return link_hash(previous_hash, payload) == found
    except (TypeError, ValueError, RecursionError):
        return False

"""Which findings go into the ledger, and whether its kept head still fits: pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from eduops.contract.finding import Finding
from eduops.store.chain import GENESIS, Link, find_break

POSTED_CONSEQUENCES = frozenset({"breach", "obligation"})
"""Notices are shown and reported, but are no entries of the breach ledger."""


@dataclass(frozen=True, slots=True)
class Head:
    """The chain's last hash and its length, as kept outside the table."""

    count: int
    hash: str


NO_HEAD = Head(0, GENESIS)


def list_postable(
    findings: Iterable[Finding], *, posted: Collection[str], with_provisional: bool
) -> list[Finding]:
    """The findings that the ledger lacks: of consequence breach or obligation, provisional ones only when asked."""
    return [
        finding
        for finding in findings
        if finding.consequence in POSTED_CONSEQUENCES
        and finding.key not in posted
        and (with_provisional or not finding.provisional)
    ]


def find_fault(links: Sequence[Link], kept: Head) -> str | None:
    """A Chinese sentence naming the first entry that does not fit; None for a whole ledger.

    The kept head may lag behind (a crash between the entry and the head's file), never run ahead.
    """
    broken = find_break(links)
    if broken:
        why = "内容被改动" if broken.reason == "content" else "次序不对，或前面的记录被删除、调换"
        return f"第 {broken.number} 条记录不符：{why}"
    if kept.count > len(links):
        return f"末尾缺少记录：登记过 {kept.count} 条，现在只有 {len(links)} 条"
    if kept.count and links[kept.count - 1].hash != kept.hash:
        return f"第 {kept.count} 条记录与另存的校验值不符：台账可能被整体改写"
    return None

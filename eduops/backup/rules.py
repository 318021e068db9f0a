"""Whether a restored copy is what was backed up: pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableImage:
    """A table's content in two figures: how many rows, and a checksum that does not depend on their order."""

    rows: int
    checksum: str


def compare(expected: Mapping[str, TableImage], found: Mapping[str, TableImage]) -> list[str]:
    """Every difference between what was backed up and what was restored, a Chinese sentence each."""
    differences = [f"表 {name} 没有恢复出来" for name in sorted(expected.keys() - found.keys())]
    differences += [f"多出表 {name}" for name in sorted(found.keys() - expected.keys())]
    for name in sorted(expected.keys() & found.keys()):
        before, after = expected[name], found[name]
        if before.rows != after.rows:
            differences.append(f"表 {name} 备份时 {before.rows} 行，恢复后 {after.rows} 行")
        elif before.checksum != after.checksum:
            differences.append(f"表 {name} 行数相同（{before.rows}），内容不同")
    return differences

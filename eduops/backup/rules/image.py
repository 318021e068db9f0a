"""Whether a restored copy is what was backed up: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FILES: Final = "files/"
"""Begins the name of what stands for a folder of files instead of a table."""


@dataclass(frozen=True, slots=True)
class TableImage:
    """A table's content in two figures: how many rows, and a checksum that does not depend on their order.

    A folder of files has an image, too: of each entry's kind, path and content.
    """

    rows: int
    checksum: str | None
    """None where the rows were counted only; it is then computed from the stored dump when it is needed."""


def compare(expected: Mapping[str, TableImage], found: Mapping[str, TableImage]) -> list[str]:
    """Every difference between what was backed up and what was restored, a Chinese sentence each.

    Checksums are compared where both sides have one.
    """
    differences = [f"{name_image(name)} 没有恢复出来" for name in sorted(expected.keys() - found.keys())]
    differences += [f"多出{name_image(name)}" for name in sorted(found.keys() - expected.keys())]
    for name in sorted(expected.keys() & found.keys()):
        before, after = expected[name], found[name]
        unit = "项" if name.startswith(FILES) else "行"
        if before.rows != after.rows:
            differences.append(f"{name_image(name)} 备份时 {before.rows} {unit}，恢复后 {after.rows} {unit}")
        elif None not in (before.checksum, after.checksum) and before.checksum != after.checksum:
            differences.append(f"{name_image(name)} {unit}数相同（{before.rows}），内容不同")
    return differences


def name_image(name: str) -> str:
    """The table or folder as people say it."""
    return f"目录 {name.removeprefix(FILES)}" if name.startswith(FILES) else f"表 {name}"


def is_complete(images: Mapping[str, TableImage]) -> bool:
    """Whether every one of them has a checksum."""
    return all(image.checksum is not None for image in images.values())


def render_counts(images: Mapping[str, TableImage]) -> str:
    """How much that is, for people: 3 张表 120 行，5 个文件项."""
    tables = {name: image.rows for name, image in images.items() if not name.startswith(FILES)}
    entries = sum(image.rows for name, image in images.items() if name.startswith(FILES))
    parts = [f"{len(tables)} 张表 {sum(tables.values())} 行"] if tables else []
    parts += [f"{entries} 个文件和目录"] if len(tables) < len(images) else []
    return "，".join(parts) or "空的来源"


# Any-valued JSON is narrowed here: what stands in the catalogue may have been written by somebody else.
def parse_images(tables: Mapping[str, object]) -> dict[str, TableImage]:
    """The images as the catalogue or a manifest has them. Raises ValueError for anything else."""
    images = {}
    for name, each in tables.items():
        if not isinstance(each, Mapping) or not isinstance(each.get("rows"), int):
            raise ValueError(name)
        checksum = each.get("checksum")
        images[name] = TableImage(each["rows"], str(checksum) if checksum is not None else None)
    return images

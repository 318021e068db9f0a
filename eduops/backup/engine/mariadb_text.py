"""The text of a MariaDB dump: its rows counted and summed, its definers left out."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from eduops.backup.rules.image import TableImage
from eduops.core.errors import OutsideError

_CREATING: Final = (b"/*!50003 CREATE*/", b"/*!50013 DEFINER=", b"CREATE DEFINER=")
_DEFINER: Final = re.compile(rb"DEFINER=`(?:[^`]|``)*`@`(?:[^`]|``)*`")


@dataclass(slots=True)
class Reader:
    """Follows a dump line by line: between LOCK and UNLOCK each row is a line of its own."""

    size: int = 0
    """Bytes so far."""
    _table: str | None = None
    _rows: dict[str, int] = field(default_factory=dict)
    _sums: dict[str, int] = field(default_factory=dict)

    def take(self, line: bytes) -> None:
        """The next line. Raises OutsideError for a dump that has many rows in one."""
        self.size += len(line)
        if self._table is None:
            if line.startswith(b"LOCK TABLES `") and line.endswith(b"` WRITE;\n"):
                self._table = line[13:-9].decode("utf-8", "replace").replace("``", "`")
                self._rows[self._table] = self._sums[self._table] = 0
        elif line.startswith(b"("):
            row = line.rstrip(b"\n")[:-1]
            self._rows[self._table] += 1
            self._sums[self._table] += int.from_bytes(hashlib.blake2b(row, digest_size=16).digest())
        elif line.startswith(b"UNLOCK TABLES;"):
            self._table = None
        elif line.startswith(b"INSERT INTO") and b" VALUES (" in line:
            raise OutsideError(
                "这个版本的 mariadb-dump 把许多行写在一行里，数不清行数",
                hint="在本机安装 mariadb-client 10.5 或更新的版本",
                source="mariadb-dump",
            )

    def images(self) -> dict[str, TableImage]:
        """What has been read."""
        return {
            name: TableImage(rows, f"{self._sums[name] % 2**128:032x}") for name, rows in self._rows.items()
        }


def without_definers(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Views, routines and triggers belong to whoever restores them, who need not be allowed to name others.

    Between LOCK and UNLOCK stand rows, which stay as they are.
    """
    is_row = False
    for line in lines:
        if line.startswith((b"LOCK TABLES ", b"UNLOCK TABLES;")):
            is_row = line.startswith(b"LOCK")
        if not is_row and line.startswith(_CREATING):
            line = _DEFINER.sub(b"", line, count=1)
        yield line

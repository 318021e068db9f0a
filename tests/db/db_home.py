"""A home's database with a little of everything, and commands typed as processes of their own."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, Date, Float, Integer, Table, insert

from eduops.ledger import queries
from eduops.ledger.models import LedgerEntry
from eduops.store import audit
from eduops.store.bulk import insert_rows
from eduops.store.chain import GENESIS, link_hash
from eduops.store.column import Hundredths, Json, PackedText, UtcDateTime
from eduops.store.models import Counter, JobRun, KeyCheck
from eduops.store.store import open_store
from eduops.workflow.table import all_tables

ACTOR = "工程师甲（虚构）"
AT = datetime(2026, 3, 5, 3, 50, 7, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    def json(self) -> Any:  # Any: whatever the command promises
        assert self.out, self.err
        return json.loads(self.out)


Typed = Callable[..., Said]


def spawn(
    home: Path, *words: object, through: tuple[str, ...] = (), **changes: str
) -> "subprocess.Popen[bytes]":
    """A command as a process of its own, begun by way of another program where one is named."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EDUOPS_")}
    environment |= {"EDUOPS_HOME": str(home), "EDUOPS_ACTOR": ACTOR, **changes}
    return subprocess.Popen(
        [*through, sys.executable, "-m", "eduops", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
    )  # fmt: skip


def fill(home: Path, *, runs: int = 50) -> None:
    """Three rows in every table, and some runs of jobs more; chains, counters and attachments fit."""
    store = open_store(f"sqlite:///{home / 'eduops.db'}")
    with store.writing() as session:
        for number in range(3):
            change = {"a": number, "text": "虚构 😀", "nested": {"b": [1, 2.5, None, True]}}
            audit.record(session, at=AT, actor="甲（虚构）", command="eduops x y", subject="S", change=change)
        for table in all_tables().sorted_tables:
            if table.name not in ("counter", "audit_entry", "ledger_entry", "ledger_closing", "key_check"):
                session.execute(insert(table), [make_row(table, number, home) for number in (1, 2, 3)])
        session.add(KeyCheck(id=1, digest="d" * 64))
        session.add(_ledger_entry())
        names = ("ticket", "learner", "attempt", "bank", "import_batch", "question", "question_group")
        session.add_all(
            [Counter(name="ledger_entry", last=1), *(Counter(name=name, last=3) for name in names)]
        )
        insert_rows(session, JobRun, (job_run(number) for number in range(runs)))
    store.engine.dispose()


def make_row(table: Table, number: int, home: Path) -> dict[str, Any]:
    """A row of any table; its keys point at the rows of that number, its texts are the row's own."""
    row = {column.name: _value(column, number) for column in table.columns}
    if table.name == "tenant_contract":
        row["parent_body_id"] = None
    if table.name == "ticket_attachment":
        content = f"附件 {number}（虚构）".encode()
        row["sha256"], row["size_bytes"] = hashlib.sha256(content).hexdigest(), len(content)
        place = home / "attachments" / row["sha256"][:2] / row["sha256"]
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
    return row


def _value(column: Column[Any], number: int) -> Any:  # Any: of whatever type the column is
    if column.foreign_keys:
        return number
    match column.type:
        case Json():
            return {"列": ["😀", 0.1, None, True, 10**12], "数": number, "空": {}}
        case Hundredths():
            return Decimal(f"{number}.05")
        case PackedText():
            return f"文档 {number}\0" * 1000
        case UtcDateTime():
            return AT.replace(microsecond=number)
        case Date():
            return date(2026, 3, number)
        case Boolean():
            return number == 2
        case Float():
            return number / 3
        case Integer():
            return number
        case kind:
            return f"{column.name} {number}：\t换行\n\\N'\"😀"[: getattr(kind, "length", None)]


def _ledger_entry() -> LedgerEntry:
    entry = LedgerEntry(
        id=1, kind="breach", finding_key="虚构", clause="2.3", rule="response", falls_on=date(2026, 3, 4), counted=1,
        finding={"数": [1, 0.1, "文"]}, detail={}, as_of=None, posted_at=AT, posted_by="甲", previous_hash=GENESIS, hash="",
    )  # fmt: skip
    entry.hash = link_hash(GENESIS, queries.payload(entry))
    return entry


def job_run(number: int) -> dict[str, object]:
    return {
        "job": f"虚构 {number % 7}", "due_at": AT + timedelta(seconds=number + 60), "started_at": None,
        "finished_at": None, "state": "missed", "exit_code": None, "command": "eduops x", "trigger": "hand",
        "machine": "虚构", "process": number, "output": None, "note": "换行\n制表\t反斜杠\\N 引号", "actor": "甲",
    }  # fmt: skip

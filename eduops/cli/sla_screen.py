"""What the verbs of `eduops sla` share: their options, how findings are drawn, who signs."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated

import typer

from eduops.cli import out
from eduops.cli.instant import parse_as_of, parse_day
from eduops.contract.schema import Contract
from eduops.core.errors import UsageError
from eduops.ledger.models import LedgerEntry
from eduops.ledger.rules import KINDS, Draft

FromOption = Annotated[str, typer.Option("--from", help="从哪天起（含），如 2026-07-01。")]
ToOption = Annotated[str, typer.Option("--to", help="到哪天止（含），如 2026-09-30。")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="截至哪个时刻的事实；只写日期指当天结束。不写就是现在。")
]
ProvisionalOption = Annotated[
    bool, typer.Option("--provisional", help="连同暂定的认定（原因未查明、节假日安排未公布）一起。")
]
NumberArgument = Annotated[int, typer.Argument(help="台账序号，见 eduops sla ledger。", metavar="序号")]

FINDING_COLUMNS = (
    out.Column("clause", "条款"),
    out.Column("consequence_text", "性质"),
    out.Column("subject", "对象"),
    out.Column("text", "认定"),
    out.Column("counted", "计次", right=True),
)
DRAFT_COLUMNS = (
    out.Column("kind_text", "记入"),
    out.Column("refers_to", "针对", right=True),
    out.Column("clause", "条款"),
    out.Column("counted", "计次", right=True),
    out.Column("text", "认定"),
)


_COUNTED_ONCE = "计次为 0 的违约：同一工单、同一事件只计一次，已在另一条里计过。"


def explain_uncounted(rows: Iterable[Mapping[str, object]]) -> None:
    """Says under a table why a breach in it counts nothing."""
    if any(_is_breach(row) and row["counted"] == 0 for row in rows):
        out.say(_COUNTED_ONCE)


def _is_breach(row: Mapping[str, object]) -> bool:
    # A ledger's row tells what was posted and how it stands, a finding only its consequence.
    if "kind" in row:
        return row["kind"] == "breach" and row.get("state", "in_force") in ("in_force", "amended")
    return row["consequence"] == "breach"


def parse_period(from_: str, to: str) -> tuple[date, date]:
    """The first and last day, both included. Raises UsageError."""
    from_on, to_on = parse_day(from_, option="--from"), parse_day(to, option="--to")
    if to_on < from_on:
        raise UsageError(f"--to {to} 早于 --from {from_}", hint="检查两个日期")
    return from_on, to_on


def parse_instant_of(as_of: str | None, contract: Contract, now: datetime) -> datetime:
    """The instant of `--as-of`; now where there is none."""
    return parse_as_of(as_of, now=now, zone=contract.zone_info, option="--as-of")


def build_rows(drafts: Iterable[Draft | LedgerEntry]) -> list[dict[str, object]]:
    """Entries, written or to be written: the finding with what is done about it."""
    return [
        {
            **each.finding,
            "counted": each.counted,
            "kind": each.kind,
            "kind_text": KINDS[each.kind],
            "refers_to": each.refers_to,
            "detail": dict(each.detail),
        }
        for each in drafts
    ]

"""Which patrols made by hand may be written down: pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from eduops.contract.period import day_of
from eduops.core.errors import InputError, NotAllowed
from eduops.patrol.rules.check import State
from eduops.patrol.rules.run import Kind

KINDS = (Kind.DAILY, Kind.BIG, Kind.MONTHLY)
"""The kinds that are made by hand; what is made on demand is daily work to the contract."""
STATES = (State.NORMAL, State.WARNING, State.CRITICAL)
"""What a person who looked can have found."""
_LONGEST_NOTE = 2000


def check_note(note: str) -> str:
    """What was looked at, trimmed. Raises InputError where nothing is said, or too much."""
    said = note.strip()
    if not said:
        raise InputError("人工巡检没有写看了什么", hint="用 --note 写明看了哪些内容、结果怎样")
    if len(said) > _LONGEST_NOTE:
        raise InputError(f"说明有 {len(said)} 个字，超过上限 {_LONGEST_NOTE}", hint="写短一些")
    return said


def check_instant(
    host: str,
    at: datetime,
    *,
    added_at: datetime,
    retired_at: datetime | None,
    now: datetime,
    zone: ZoneInfo,
) -> None:
    """Raises NotAllowed where the host was not under care at the instant, or it has not come yet.

    The host is under care from the first moment of the day on which it was added, as the contract's rules count.
    """
    said = f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
    if at > now:
        raise NotAllowed(f"巡检时刻 {said} 还没有到，不能预先登记", hint="检查 --at 写的时刻")
    added_on = day_of(added_at, zone)
    if day_of(at, zone) < added_on:
        raise NotAllowed(
            f"主机 {host} 自 {added_on} 起登记在册，{said} 时还没有", hint="检查 --at 写的时刻和主机代码"
        )
    if retired_at is not None and at >= retired_at:
        until = f"{retired_at.astimezone(zone):%Y-%m-%d %H:%M}"
        raise NotAllowed(
            f"主机 {host} 已于 {until} 停用，{said} 时不再看护", hint="检查 --at 写的时刻和主机代码"
        )

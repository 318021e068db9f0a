"""What stands in the ledger, what posting adds to it, and whether its kept head still fits: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

from eduops.contract.finding import Finding
from eduops.core.errors import Conflict, NotAllowed
from eduops.store.chain import GENESIS, Link, find_break

Kind = Literal["breach", "obligation", "revoke", "amend", "waive", "discharge"]
State = Literal["in_force", "amended", "waived", "discharged", "revoked"]

POSTED_CONSEQUENCES = ("breach", "obligation")
"""Notices are shown and reported, but are no entries of the breach ledger."""
KINDS: dict[str, str] = {
    "breach": "违约",
    "obligation": "整改义务",
    "amend": "更正",
    "revoke": "撤销",
    "waive": "豁免",
    "discharge": "销项",
}
STATES: dict[State, str] = {
    "in_force": "有效",
    "amended": "已更正",
    "waived": "已豁免",
    "discharged": "已销项",
    "revoked": "已撤销",
}


@dataclass(frozen=True, slots=True)
class Head:
    """The chain's last hash and its length, as kept outside the table."""

    count: int
    hash: str


NO_HEAD = Head(0, GENESIS)


@dataclass(frozen=True, slots=True)
class Draft:
    """What an entry says, before it has a number and its place in the chain."""

    kind: Kind
    key: str
    clause: str
    rule: str
    subject: str | None
    falls_on: date
    counted: int
    finding: Mapping[str, object]
    refers_to: int | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A breach or obligation as it stands after every later entry about it; `trail` holds their numbers."""

    number: int
    said: Draft
    state: State = "in_force"
    trail: tuple[int, ...] = ()

    @property
    def counted(self) -> int:
        """What it counts now: nothing once waived or revoked."""
        return 0 if self.state in ("waived", "revoked") else self.said.counted


def list_standings(entries: Iterable[tuple[int, Draft]]) -> list[Standing]:
    """Every breach and obligation with its present standing, oldest first; `entries` come in their order."""
    standings: dict[int, Standing] = {}
    for number, said in entries:
        if said.refers_to is None:
            standings[number] = Standing(number, said)
        else:
            standings[said.refers_to] = _correct(standings[said.refers_to], number, said)
    return list(standings.values())


def _correct(before: Standing, number: int, said: Draft) -> Standing:
    trail = (*before.trail, number)
    match said.kind:
        case "revoke":
            judged = replace(before.said, as_of=said.as_of)
            return replace(before, said=judged, state="revoked", trail=trail)
        case "waive":
            return replace(before, state="waived", trail=trail)
        case "discharge":
            return replace(before, state="discharged", trail=trail)
        case _:
            # A waived breach whose count changes stays waived.
            state: State = "amended" if before.state == "in_force" else before.state
            now = replace(said, kind=before.said.kind, refers_to=None, detail={})
            return replace(before, said=now, state=state, trail=trail)


def list_drafts(
    findings: Iterable[Finding],
    standings: Iterable[Standing],
    *,
    contract: str,
    from_on: date,
    to_on: date,
    as_of: datetime,
    with_provisional: bool,
) -> list[Draft]:
    """What posting adds: corrections of what stands, then the findings of [from_on, to_on] that the ledger lacks.

    `findings` are those of the whole term: an entry whose day has moved out of the days is not gone. What was
    judged as of a later instant is left alone: this answer knows less. New findings that are provisional are left
    out unless asked for; what stands already follows its finding, provisional or not.
    """
    last = {each.said.key: each for each in standings}
    alive = {key: each for key, each in last.items() if each.state != "revoked"}
    found = {each.key: each for each in findings}
    corrections: list[Draft] = []
    for key, standing in alive.items():
        finding = found.get(key)
        days = (standing.said.falls_on, finding.on if finding else standing.said.falls_on)
        is_within = any(from_on <= day <= to_on for day in days) and key.startswith(f"{contract}/")
        if is_within and not _is_judged_later(standing, as_of):
            corrections += _list_corrections(standing, finding, as_of)
    revoked = {each.key for each in corrections if each.kind == "revoke"}
    new = [
        _draft(each, as_of)
        for each in found.values()
        if each.consequence in POSTED_CONSEQUENCES
        and from_on <= each.on <= to_on
        and (each.key not in alive or each.key in revoked)
        and not _is_judged_later(last.get(each.key), as_of)
        and (with_provisional or not each.provisional)
    ]
    return [*corrections, *new]


def _is_judged_later(standing: Standing | None, as_of: datetime) -> bool:
    return standing is not None and standing.said.as_of is not None and standing.said.as_of > as_of


def _list_corrections(standing: Standing, finding: Finding | None, as_of: datetime) -> list[Draft]:
    if finding is None or finding.consequence != standing.said.kind:
        return [
            replace(
                standing.said, kind="revoke", counted=0, refers_to=standing.number, detail={}, as_of=as_of
            )
        ]
    if finding.counted == standing.said.counted:
        return []
    detail = {"counted_before": standing.said.counted}
    return [replace(_draft(finding, as_of), kind="amend", refers_to=standing.number, detail=detail)]


def _draft(finding: Finding, as_of: datetime) -> Draft:
    return Draft(
        kind="breach" if finding.consequence == "breach" else "obligation",
        key=finding.key,
        clause=finding.clause,
        rule=finding.rule,
        subject=finding.subject,
        falls_on=finding.on,
        counted=finding.counted,
        finding=finding.to_json(),
        as_of=as_of,
    )


def waive(standing: Standing, *, customer: str, document: str, reason: str) -> Draft:
    """The entry that takes a breach out of the count. Raises NotAllowed or Conflict where it cannot be."""
    _require_open(standing, "breach", "豁免")
    if not (customer.strip() and document.strip() and reason.strip()):
        raise NotAllowed(
            f"第 {standing.number} 条：豁免要写明甲方谁同意、凭哪份文件、为什么",
            hint="补上 --by、--document 和 --reason",
        )
    detail = {"customer": customer.strip(), "document": document.strip(), "reason": reason.strip()}
    return replace(
        standing.said, kind="waive", counted=0, refers_to=standing.number, detail=detail, as_of=None
    )


def discharge(standing: Standing, *, detail: Mapping[str, object], as_of: datetime | None) -> Draft:
    """The entry that closes an obligation with the figure in `detail`. Raises NotAllowed or Conflict."""
    require_obligation(standing)
    return replace(
        standing.said, kind="discharge", counted=0, refers_to=standing.number, detail=detail, as_of=as_of
    )


def require_obligation(standing: Standing) -> None:
    """Raises NotAllowed for what is no obligation, Conflict for one that stands no more."""
    _require_open(standing, "obligation", "销项")


def _require_open(standing: Standing, kind: Kind, verb: str) -> None:
    if standing.said.kind != kind:
        raise NotAllowed(
            f"第 {standing.number} 条是{KINDS[standing.said.kind]}，不能{verb}",
            hint=f"{verb}只用于{KINDS[kind]}；运行 eduops sla ledger 查看序号",
        )
    if standing.state not in ("in_force", "amended"):
        raise Conflict(
            f"第 {standing.number} 条{STATES[standing.state]}，不能再{verb}",
            hint="运行 eduops sla ledger 查看现状",
        )


_WHY = {
    "content": "内容被改动",
    "unreadable": "内容被改动，已读不出来",
    "order": "次序不对，或前面的记录被删除、调换",
}


def find_fault(links: Sequence[Link], kept: Head, *, missing: int, name: str = "记录") -> str | None:
    """A Chinese sentence naming the first entry that does not fit; None for a whole ledger.

    The kept head may lag behind (a crash between the entry and the head's file), never run ahead. Numbers are
    given out together with the entries: `missing` is how many more of them there are, negative for fewer.
    """
    broken = find_break(links)
    if broken:
        return f"第 {broken.number} 条{name}不符：{_WHY[broken.reason]}"
    recorded = max(kept.count, len(links) + missing)
    if recorded > len(links):
        return f"末尾缺少{name}：登记过 {recorded} 条，现在只有 {len(links)} 条"
    if missing:
        return f"{name}比发出的编号多 {-missing} 条：编号的登记被改动"
    if kept.count and links[kept.count - 1].hash != kept.hash:
        return f"第 {kept.count} 条{name}与另存的校验值不符：台账可能被整体改写"
    return None

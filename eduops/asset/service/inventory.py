"""Entries of the inventory: added, changed, retired one by one; many at once from a file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, delete

from eduops.asset.models import ServiceNeed
from eduops.asset.queries import inventory as queries
from eduops.asset.queries.host import list_local_hosts
from eduops.asset.queries.inventory import MODELS, Kept
from eduops.asset.rules import inventory as rules
from eduops.asset.rules.address import PortOf, is_local, usual_port
from eduops.asset.rules.entry import Entry, NewInterface, NewLicence, NewService, Said, list_slips, tidied
from eduops.asset.rules.host import NewHost
from eduops.asset.rules.inventory import Judged
from eduops.asset.rules.inventory_sheet import read_sheets
from eduops.asset.rules.inventory_tree import read_tree
from eduops.asset.rules.kind import HOSTS, SERVICES, Kind, kind_of
from eduops.asset.rules.raw_row import RawRow, read_row
from eduops.core.errors import Conflict, InputError, NotAllowed, Problem
from eduops.core.yaml_tree import load_tree
from eduops.sheet.read import read_workbook

_YAML = (".yaml", ".yml")
_MOST_NAMED = 10


def add_entry(session: Session, entry: Said, *, now: datetime, port_of: PortOf = usual_port) -> Said:
    """The entry as it is kept.

    Raises InputError for what cannot be or points at nothing, Conflict for a taken code or, of a host, a taken address.
    """
    entry = tidied(entry)
    _require_sound(session, entry)
    kind = kind_of(entry)
    if queries.find_row(session, kind, entry.code) is not None:
        said = f"{kind.word}代码 {entry.code} 已经用过"
        raise Conflict(said, hint=f"换一个代码；停用的{kind.word}也保留其代码，以免历史混淆")
    if isinstance(entry, NewHost):
        _refuse_taken_address(session, entry, port_of)
    _put(session, entry, None, now=now)
    return entry


def change_entry(
    session: Session, kind: Kind, code: str, changes: Mapping[str, object], *, port_of: PortOf = usual_port
) -> tuple[Entry, dict[str, object]]:
    """The entry as it is now, and what stood where something changed.

    Raises NotFound, NotAllowed for a retired one, InputError for what cannot be, Conflict for a host's taken address.
    """
    row = _get_in_use(session, kind, code)
    before = queries.get_entry(session, kind, code)
    entry = tidied(replace(before, **changes))  # type: ignore[arg-type]
    _require_sound(session, entry)
    if isinstance(entry, NewHost) and isinstance(before, NewHost) and rules.is_moved(before, entry):
        _refuse_taken_address(session, entry, port_of)
    differences = rules.list_differences(before, entry)
    if differences:
        _put(session, entry, row, now=row.added_at)
    return entry, {name: old for name, (old, _) in differences.items()}


def retire_entry(session: Session, kind: Kind, code: str, *, now: datetime) -> None:
    """Takes an entry out of care; its history stays. Raises NotFound, Conflict where it is retired or needed."""
    row = queries.get_row(session, kind, code)
    if row.retired_at is not None:
        raise Conflict(
            f"{kind.word} {code} 早已停用", hint=f"运行 eduops {kind.noun} show {code} 查看停用时间"
        )
    dependents = queries.list_dependents(session, row)
    if dependents:
        named = "、".join(f"{other.word} {name}" for other, name in dependents[:_MOST_NAMED])
        more = f" 等 {len(dependents)} 项" if len(dependents) > _MOST_NAMED else ""
        raise Conflict(
            f"{kind.word} {code} 还有指向它的：{named}{more}", hint="先停用它们，或用 change 改到别处"
        )
    row.retired_at = now
    session.add(row)
    session.flush()


def import_file(
    session: Session, path: Path, *, now: datetime, port_of: PortOf = usual_port
) -> tuple[Judged, tuple[str, ...]]:
    """What a YAML file or a workbook came to, written down; and what of a workbook nothing was taken from.

    Raises InputError with everything that is wrong, and nothing is written.
    """
    rows, problems, unused = load_rows(path)
    if len(rows) > rules.MOST_ENTRIES:
        raise InputError(
            f"{path} 有 {len(rows)} 项，超过 {rules.MOST_ENTRIES} 项", hint="检查是不是拿错了文件"
        )
    drafts, kept = [read_row(row) for row in rows], queries.load_inventory(session)
    judged = rules.judge_file(drafts, kept, file=path.name, port_of=port_of)
    found = sorted((*problems, *judged.problems), key=lambda each: each.line or 0)
    if found:
        said = f"{path} 有 {len(found)} 处错误，什么都没有写入"
        raise InputError(said, hint="改正后再导入一次", problems=found)
    if not rows:
        raise InputError(
            f"{path} 里没有一项主机、服务、接口或许可", hint="用 eduops host template 取空白表格"
        )
    _apply(session, judged, now=now)
    return judged, unused


def load_rows(path: Path) -> tuple[Sequence[RawRow], Sequence[Problem], tuple[str, ...]]:
    """The rows of a file, what is wrong with it, and what nothing was taken from. Raises InputError for no table."""
    if path.suffix.lower() in _YAML:
        tree = load_tree(path)
        rows = read_tree(tree)
        return rows, [replace(each, file=path.name) for each in tree.problems], ()
    sheets = read_sheets(read_workbook(path))
    return sheets.rows, sheets.problems, (*sheets.unused, *(f"工作表「{name}」" for name in sheets.skipped))


def _get_in_use(session: Session, kind: Kind, code: str) -> Kept:
    row = queries.get_row(session, kind, code)
    if row.retired_at is not None:
        raise NotAllowed(f"{kind.word} {code} 已经停用，不能再改", hint="要再用，登记为新的代码")
    return row


def _require_sound(session: Session, entry: Entry) -> None:
    kept = queries.load_inventory(session)
    heads = {each.attribute: each.heads[0] for each in kind_of(entry).fields}
    slips = [
        slip.message.replace("这一项", heads.get(slip.field, "这一项"), 1)
        for slip in (*list_slips(entry), *rules.list_unknown(entry, kept))
    ]
    if slips:
        raise InputError("；".join(dict.fromkeys(slips)), hint="改正后重试")


def _refuse_taken_address(session: Session, host: NewHost, port_of: PortOf) -> None:
    """Raises Conflict where another host in use is this machine, or is reached the same way."""
    if is_local(host.address):
        _refuse_second_local(session, host.code)
    other = rules.find_other(host, queries.load_inventory(session), port_of)
    if other is not None:
        code, way = other
        raise Conflict(
            f"{way} 已经登记为主机 {code}，不能再登记为 {host.code}",
            hint=f"{rules.MEND_WAY}；若 {code} 登记有误，改它的地址，或先 eduops host retire {code}",
        )


def _refuse_second_local(session: Session, code: str) -> None:
    taken = [host.code for host in list_local_hosts(session) if host.code != code]
    if taken:
        raise Conflict(
            f"本机（地址 local）已经登记为主机 {taken[0]}",
            hint=f"若登记有误，先 eduops host retire {taken[0]}；若是另一台机器，写它的 IP 地址或主机名",
        )


def _apply(session: Session, judged: Judged, *, now: datetime) -> None:
    """Writes the plans down: everything first without its needs, for a service may need one further down."""
    later: list[NewService] = []
    for plan in judged.plans:
        if plan.change == "unchanged":
            continue
        known = plan.before and queries.find_row(session, kind_of(plan.entry), plan.entry.code)
        entry = plan.entry
        if isinstance(entry, NewService):
            later.append(entry)
            entry = replace(entry, needs=plan.before.needs if isinstance(plan.before, NewService) else ())
        _put(session, entry, known or None, now=now)
    for service in later:
        _put_needs(session, service)
    session.flush()


def _put(session: Session, entry: Entry, row: Kept | None, *, now: datetime) -> None:
    values = _values_of(session, entry)
    if row is None:
        row = MODELS[kind_of(entry).key](**values, added_at=now)
    else:
        row.sqlmodel_update(values)
    session.add(row)
    session.flush()
    if isinstance(entry, NewService):
        _put_needs(session, entry)


# Any: each column has a type of its own.
def _values_of(session: Session, entry: Entry) -> dict[str, Any]:
    """The columns of an entry: ids in place of codes."""
    values = asdict(entry)
    match entry:
        case NewService():
            del values["needs"]
            values["host_id"] = queries.get_row(session, HOSTS, values.pop("host")).id
        case NewInterface():
            values["service_id"] = queries.get_row(session, SERVICES, values.pop("service")).id
        case NewLicence():
            host = values.pop("host")
            values["host_id"] = None if host is None else queries.get_row(session, HOSTS, host).id
        case NewHost():
            values |= {"role": entry.role.value, "environment": entry.environment.value}
    return values


def _put_needs(session: Session, service: NewService) -> None:
    row = queries.get_row(session, SERVICES, service.code)
    session.exec(delete(ServiceNeed).where(col(ServiceNeed.service_id) == row.id))
    for code in service.needs:
        needed = queries.get_row(session, SERVICES, code)
        session.add(ServiceNeed(service_id=row.id or 0, needed_id=needed.id or 0))
    session.flush()

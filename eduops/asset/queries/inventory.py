"""Everything under care at once: hosts, services with what they need, interfaces, licences."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlmodel import Session, col, select

from eduops.asset.models import Host, Interface, Licence, Service, ServiceNeed
from eduops.asset.rules.entry import Entry, NewInterface, NewLicence, NewService
from eduops.asset.rules.host import Environment, NewHost, Role
from eduops.asset.rules.inventory import Inventory
from eduops.asset.rules.kind import HOSTS, INTERFACES, LICENCES, SERVICES, Kind
from eduops.core.errors import NotFound

Kept = Host | Service | Interface | Licence
# Any: no type for a choice of tables suits both `select` and their columns.
MODELS: dict[str, type[Any]] = {
    HOSTS.key: Host,
    SERVICES.key: Service,
    INTERFACES.key: Interface,
    LICENCES.key: Licence,
}
"""The table of each kind."""


def find_row(session: Session, kind: Kind, code: str) -> Kept | None:
    """The row of this code, retired ones included."""
    model = MODELS[kind.key]
    found: Kept | None = session.exec(select(model).where(model.code == code)).first()
    return found


def get_row(session: Session, kind: Kind, code: str) -> Kept:
    """The row of this code, retired ones included. Raises NotFound."""
    row = find_row(session, kind, code)
    if row is None:
        how = f"运行 eduops {kind.noun} list 查看，或用 eduops {kind.noun} add 登记"
        raise NotFound(f"没有代码为 {code} 的{kind.word}", hint=how)
    return row


def list_rows(session: Session, kind: Kind, *, with_retired: bool = False) -> list[Kept]:
    """The rows of a kind by code; those in use only, unless asked otherwise."""
    model = MODELS[kind.key]
    query = select(model).order_by(col(model.code))
    if not with_retired:
        query = query.where(col(model.retired_at).is_(None))
    return list(session.exec(query))


def load_inventory(session: Session) -> Inventory:
    """What is in use, kind by kind and by code, and the codes of what was retired."""
    rows = {key: list(session.exec(select(model).order_by(model.code))) for key, model in MODELS.items()}
    retired = {key: frozenset(row.code for row in kept if row.retired_at) for key, kept in rows.items()}
    words = _Words(session, [row for kept in rows.values() for row in kept])
    entries = [words.entry_of(row) for kept in rows.values() for row in kept if row.retired_at is None]
    return Inventory(tuple(entries), retired)


def get_entry(session: Session, kind: Kind, code: str) -> Entry:
    """The entry of a code, retired ones included. Raises NotFound."""
    return list_entries_of(session, [get_row(session, kind, code)])[0]


def list_entries_of(session: Session, rows: Sequence[Kept]) -> list[Entry]:
    """The entries that rows stand for, in their order."""
    every = [each for key in (HOSTS, SERVICES) for each in list_rows(session, key, with_retired=True)]
    words = _Words(session, every)
    return [words.entry_of(row) for row in rows]


def list_dependents(session: Session, row: Kept) -> list[tuple[Kind, str]]:
    """(kind, code) of what is in use and points at a row."""
    inventory = load_inventory(session)
    match row:
        case Host():
            found = [
                (kind, entry.code)
                for kind in (SERVICES, LICENCES)
                for entry in inventory.in_use[kind.key].values()
                if getattr(entry, "host", None) == row.code
            ]
        case Service():
            found = list(_list_pointing_at(inventory, row.code))
        case _:
            found = []
    return found


def _list_pointing_at(inventory: Inventory, code: str) -> Iterator[tuple[Kind, str]]:
    for entry in inventory.in_use[SERVICES.key].values():
        if isinstance(entry, NewService) and code in entry.needs:
            yield SERVICES, entry.code
    for entry in inventory.in_use[INTERFACES.key].values():
        if isinstance(entry, NewInterface) and entry.service == code:
            yield INTERFACES, entry.code


class _Words:
    """Codes in place of ids."""

    def __init__(self, session: Session, rows: list[Kept]) -> None:
        self.hosts = {row.id: row.code for row in rows if isinstance(row, Host)}
        self.services = {row.id: row.code for row in rows if isinstance(row, Service)}
        self.needs: dict[int, list[str]] = {}
        for need in session.exec(select(ServiceNeed)):
            if need.needed_id in self.services:
                self.needs.setdefault(need.service_id, []).append(self.services[need.needed_id])

    def entry_of(self, row: Kept) -> Entry:
        match row:
            case Host():
                return NewHost(
                    row.code, row.name, Role(row.role), Environment(row.environment), row.address, row.campus,
                    row.bastion, row.owner, row.warranty_until, row.is_invented,
                )  # fmt: skip
            case Service():
                needs = tuple(sorted(self.needs.get(row.id, [])))
                return NewService(
                    row.code, row.name, self.hosts[row.host_id], row.kind, row.product, row.version, row.port,
                    row.note, needs,
                )  # fmt: skip
            case Interface():
                return NewInterface(
                    row.code, row.name, self.services[row.service_id], row.system, row.direction, row.protocol,
                    row.port, row.data, row.contact, row.note,
                )  # fmt: skip
            case Licence():
                host = None if row.host_id is None else self.hosts[row.host_id]
                return NewLicence(
                    row.code, row.product, row.kind, row.quantity, row.unit, row.holder, host, row.valid_from,
                    row.valid_until, row.is_perpetual, row.note,
                )  # fmt: skip

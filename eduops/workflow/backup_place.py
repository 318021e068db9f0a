"""Second places: a folder, or a host that is logged in to for as long as it takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eduops.backup import configuration, keep
from eduops.backup.keep.opening import SCRATCH
from eduops.backup.models import Backup
from eduops.remote import known_host
from eduops.remote.gateway import Gateway
from eduops.workflow.backup_job import Desk, find_way

_ROLE = "异地存放处"
Place = keep.DirectoryStore | keep.SftpStore


@contextmanager
def opened_place(desk: Desk, name: str, *, backup: Backup | None = None) -> Iterator[Place]:
    """The place of that name; encrypted copies are opened by the identity of the backup's own store, if it has one.

    Raises NotFound, ConfigError; who works with it meets OutsideError.
    """
    place = configuration.get_place(desk.config, name)
    identity = _find_identity(desk, backup)
    if place.host is None:
        folder = configuration.in_home(place.path, desk.home.path)
        yield keep.DirectoryStore(name, folder, identity_file=identity, role=_ROLE)
        return
    with desk.open_unit() as unit:
        route = find_way(unit.session, desk.home, place.host)
    gateway = Gateway(desk.home.path / known_host.FILE)
    try:
        yield keep.SftpStore(
            name, gateway, route, str(place.path), desk.home.folder(SCRATCH), identity_file=identity
        )
    finally:
        gateway.close()


def _find_identity(desk: Desk, backup: Backup | None) -> Path | None:
    store = desk.config.stores.get(backup.store) if backup else None
    if store is None or store.identity_file is None:
        return None
    return configuration.in_home(store.identity_file, desk.home.path)

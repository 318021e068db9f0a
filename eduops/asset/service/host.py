"""What we do with hosts: add, retire."""

from datetime import datetime

from sqlmodel import Session

from eduops.asset.models import Host
from eduops.asset.queries import host as queries
from eduops.asset.rules.host import NewHost
from eduops.asset.rules.kind import HOSTS
from eduops.asset.service import inventory


def add_host(session: Session, new: NewHost, *, now: datetime) -> Host:
    """The host as it is kept. Raises InputError for what cannot be, Conflict where the code or this machine is taken."""
    return queries.get_host(session, inventory.add_entry(session, new, now=now).code)


def retire_host(session: Session, code: str, *, now: datetime) -> Host:
    """The host, no longer under care; its history stays.

    Raises NotFound, or Conflict where it was retired before or something in use still stands on it.
    """
    inventory.retire_entry(session, HOSTS, code, now=now)
    return queries.get_host(session, code)

"""Every table of the house, for what concerns them all: migrations, backups, comparisons."""

from importlib import import_module

from sqlalchemy import MetaData
from sqlmodel import SQLModel

MODULES = (
    "eduops.store.models",
    "eduops.backup.models",
    "eduops.alert.models",
    "eduops.delivery.models",
    "eduops.ledger.models",
    "eduops.desk.models.ticket",
    "eduops.desk.models.quality",
    "eduops.training.models.exam",
    "eduops.training.models.course",
    "eduops.training.models.tenant",
    "eduops.training.models.learner",
    "eduops.asset.models",
    "eduops.patrol.models",
    "eduops.training.models.bank",
)


def all_tables() -> MetaData:
    """The metadata of every room, its models loaded."""
    for module in MODULES:
        import_module(module)
    return SQLModel.metadata

"""Alembic's entry: runs on the connection it is given, in batch mode so that SQLite can alter tables."""

from typing import Any, Literal

from alembic import context
from sqlmodel import AutoString


def render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Writes column types in a migration as short as they can be read again."""
    if kind != "type":
        return False
    if type(item).__module__ == "eduops.store.column":
        return f"column.{type(item).__name__}()"
    if isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    render_as_batch=True,
    compare_type=True,
    render_item=render,
)
with context.begin_transaction():
    context.run_migrations()

"""The tables of a PostgreSQL database, counted and summed by the server itself."""

from typing import Final

from psycopg import sql

from eduops.backup.engine.postgresql_client import Session, ask_row
from eduops.backup.rules.image import TableImage

# What a row looks like as text must not depend on who asks.
_PLAIN: Final = (
    ("DateStyle", "ISO"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("lc_monetary", "C"),
    ("row_security", "off"),
    ("search_path", "pg_catalog"),
    ("xmloption", "content"),
    ("statement_timeout", "0"),
)
# Tables whose rows pg_dump writes: extensions make theirs anew, and foreign ones lie elsewhere.
_LIST_TABLES: Final = """
SELECT n.nspname, c.relname,
       ARRAY(SELECT a.attname FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                  AND d.deptype = 'e')
ORDER BY 1, 2
"""


def read_images(session: Session) -> dict[str, TableImage]:
    """Every table as the session's transaction sees it. Raises psycopg.Error."""
    for name, value in _PLAIN:
        session.execute("SELECT set_config(%s, %s, true)", (name, value))
    images = {}
    for schema, table, columns in session.execute(_LIST_TABLES).fetchall():
        key = str(table) if schema == "public" else f"{schema}.{table}"
        images[key] = _image(session, str(schema), str(table), list(columns))  # type: ignore[call-overload]
    (blobs,) = ask_row(session, "SELECT count(*) FROM pg_largeobject_metadata")
    if blobs:
        images["pg_largeobject"] = TableImage(int(str(blobs)), None)
    return images


def _image(session: Session, schema: str, table: str, columns: list[str]) -> TableImage:
    # By name, as a restored child table may have its parent's columns in another order.
    row = sql.SQL("ROW({})::text").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
    statement = sql.SQL(
        'SELECT count(*), coalesce(sum(hashtextextended({} COLLATE "C", 0)), 0) FROM ONLY {}'
    ).format(row, sql.Identifier(schema, table))
    rows, total = ask_row(session, statement)
    return TableImage(int(str(rows)), f"{int(str(total)) % 2**128:032x}")

"""From one version of the tables to the next, forward only, all of it in one transaction.

Each step says in SQL what it changes: the tables as they were then are not in the code any more.
"""

from __future__ import annotations

import sqlalchemy as sa

from vigie.errors import StoreError
from vigie.store import postgres, sqlite
from vigie.store.tables import SCHEMA, meta_table, tables


def create(connection: sa.Connection) -> None:
    """All tables of a new store, at this version."""
    tables.create_all(connection)
    connection.execute(sa.insert(meta_table).values(key="schema", value=str(SCHEMA)))
    _mark(connection)


def upgrade(connection: sa.Connection, found: int) -> None:
    """Bring a store of version ``found`` to this version, inside the caller's transaction."""
    for version in range(found, SCHEMA):
        _STEPS[version](connection)
    connection.execute(sa.update(meta_table).where(meta_table.c.key == "schema").values(value=str(SCHEMA)))
    _mark(connection)


def version_of(connection: sa.Connection, name: str) -> int | None:
    """The version of the tables that are there; None when there are none. Refuses those of another program."""
    names = set(sa.inspect(connection).get_table_names())
    if not names & {"journal", "meta"}:
        return None
    columns = {column["name"] for column in sa.inspect(connection).get_columns("meta")} if "meta" in names else set()
    query = sa.select(meta_table.c.value).where(meta_table.c.key == "schema")
    found = connection.scalar(query) if {"key", "value"} <= columns and "journal" in names else None
    if found is None or not str(found).isdigit():
        raise StoreError(f"{name} is not a Vigie store: its tables are those of another program")
    return int(found)


def newer(name: str, found: int) -> str:
    """The sentence about a store of a newer version."""
    return f"the store {name} was written by a newer Vigie (schema {found}; this one knows {SCHEMA}): update Vigie"


def _mark(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        sqlite.mark(connection, SCHEMA)
        sqlite.protect(connection)
    else:
        postgres.protect(connection)


def _from_1(connection: sa.Connection) -> None:
    """Version 2: parts shared by rows, keys of deliveries, digests; the alerts no longer hold their rows twice."""
    binary = "BLOB" if connection.dialect.name == "sqlite" else "BYTEA"
    seq = "INTEGER" if connection.dialect.name == "sqlite" else "BIGINT"
    for statement in (
        f"ALTER TABLE journal ADD COLUMN key {binary}",
        f"ALTER TABLE journal ADD COLUMN digest {binary}",
        "CREATE UNIQUE INDEX journal_key ON journal (key) WHERE key IS NOT NULL",
        f"CREATE TABLE parts (id {seq} NOT NULL PRIMARY KEY, body TEXT NOT NULL, digest {binary} NOT NULL)",
        "ALTER TABLE alerts DROP COLUMN body",
    ):
        connection.exec_driver_sql(statement)
    if seq == "BIGINT":
        connection.exec_driver_sql("ALTER TABLE journal ALTER COLUMN seq TYPE BIGINT")
        connection.exec_driver_sql("ALTER TABLE alerts ALTER COLUMN seq TYPE BIGINT")


_STEPS = {1: _from_1}

"""Rows into the tables, many at once: the inner loop of the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from vigie.store.pack import Part

COLUMNS = ("seq", "written", "time", "kind", "beacon", "body", "key", "digest")
_LINES = f"INSERT INTO journal ({', '.join(COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_LATEST = "INSERT INTO alerts (id, seq) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq"
_ALERTS = (
    "INSERT INTO alerts (id, seq) SELECT * FROM unnest(%s::text[], %s::bigint[]) "
    "ON CONFLICT (id) DO UPDATE SET seq = excluded.seq"
)


def insert_rows(
    connection: sa.Connection, lines: Sequence[tuple[Any, ...]], parts: Sequence[Part], latest: Mapping[str, int]
) -> None:
    """Write journal rows, the parts they name, and which rows are now the latest of their alerts."""
    names = sorted(latest)
    if connection.dialect.name == "postgresql":
        if parts:
            _copy(connection, "parts", Part._fields, parts)
        _copy(connection, "journal", COLUMNS, lines)
        if names:
            connection.exec_driver_sql(_ALERTS, (names, [latest[name] for name in names]))
        return
    if parts:
        connection.exec_driver_sql("INSERT INTO parts (id, body, digest) VALUES (?, ?, ?)", [tuple(p) for p in parts])
    connection.exec_driver_sql(_LINES, list(lines))
    if names:
        connection.exec_driver_sql(_LATEST, [(name, latest[name]) for name in names])


def _copy(
    connection: sa.Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[str | int | bytes | None]]
) -> None:
    """Rows by PostgreSQL's COPY: its driver's other ways cost several times as much a row."""
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)

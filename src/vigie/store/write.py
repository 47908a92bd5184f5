"""Rows into the tables, many at once: the inner loop of the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from vigie.store.pack import Part
from vigie.store.tables import alerts_table, journal_table, parts_table


def insert_rows(
    connection: sa.Connection, lines: Sequence[Mapping[str, Any]], parts: Sequence[Part], latest: Mapping[str, int]
) -> None:
    """Write journal rows, the parts they name, and which rows are now the latest of their alerts."""
    if parts:
        connection.execute(sa.insert(parts_table), [part._asdict() for part in parts])
    connection.execute(sa.insert(journal_table), list(lines))
    if latest:
        insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(alerts_table)
        upsert = insert.on_conflict_do_update(index_elements=["id"], set_={"seq": insert.excluded.seq})
        connection.execute(upsert, [{"id": name, "seq": latest[name]} for name in sorted(latest)])

"""PostgreSQL as a store: durable settings, one writer at a time, triggers that keep the journal append-only."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from vigie.errors import StoreError
from vigie.store.sqlite import APPLICATION_ID
from vigie.store.tables import UNCHANGEABLE

CONNECT_S = 5
"""how long to wait for a server that does not answer"""
_DURABLE = ("on", "remote_write", "remote_apply")


def tune(engine: sa.Engine) -> None:
    """Every session waits for its commits to be on disk, whatever the server's default, and keeps no open reads."""

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            if cursor.fetchone()[0] not in _DURABLE:  # "off" and "local" may acknowledge what is lost later
                cursor.execute("SET synchronous_commit TO on")
            cursor.execute("SET idle_in_transaction_session_timeout TO 0")
        connection.commit()


def check(connection: sa.Connection, name: str) -> None:
    """Refuse a server that cannot keep what it acknowledges, and an encoding that cannot hold every name."""
    for setting in ("fsync", "full_page_writes"):
        if connection.exec_driver_sql(f"SHOW {setting}").scalar_one() != "on":
            raise StoreError(
                f"the store {name} cannot be trusted: its server has {setting} = off, so that what it "
                "acknowledges may be lost"
            )
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise StoreError(f"the store {name} is encoded in {encoding}: make the database with ENCODING 'UTF8'")


def lock(connection: sa.Connection, name: str) -> None:
    """Take the right to write for as long as this session lives. Raises StoreError when another session has it."""
    taken = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({APPLICATION_ID})").scalar_one()
    if not taken:
        holder = connection.exec_driver_sql(
            "SELECT pid FROM pg_locks WHERE locktype='advisory' AND classid=0 AND objsubid=1 AND granted "
            f"AND objid={APPLICATION_ID} AND database=(SELECT oid FROM pg_database WHERE datname=current_database())"
        ).scalar()
        raise StoreError(
            f"the store {name} is locked: another Vigie writes it" + (f" (session {holder})" if holder else "")
        )


def protect(connection: sa.Connection, *, on: bool = True) -> None:
    """Make the triggers that refuse to change the journal; ``on=False`` takes them away, for retention alone."""
    connection.exec_driver_sql(
        "CREATE OR REPLACE FUNCTION vigie_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$"
    )
    for table in UNCHANGEABLE:
        name = f"{table}_append_only"
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        if on:
            connection.exec_driver_sql(
                f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION vigie_append_only()"
            )

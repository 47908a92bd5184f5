"""SQLite as a store: durable settings, whose file it is, and triggers that keep the journal append-only."""

from __future__ import annotations

import sqlite3
from typing import Any

import sqlalchemy as sa

from vigie.errors import StoreError
from vigie.store.tables import UNCHANGEABLE

APPLICATION_ID = 0x56494749  # "VIGI", in the header of the SQLite file (PRAGMA application_id)
BUSY_S = 2.0
"""how long to wait for another program that holds the database"""
CHECK_BYTES = 64_000_000
"""a file up to this long is checked whole when it is opened; a longer one by ``vigie store check`` alone"""
_CACHE_KIB = 64_000
"""pages kept in memory: with a large book every row touches other pages of the indices"""
_WAL_PAGES = 4000
"""pages after which the log is moved into the database: fewer, longer moves than SQLite's 1000"""


def tune(engine: sa.Engine, *, read_only: bool) -> None:
    """Every connection: WAL, full synchronisation, a busy timeout, foreign keys, transactions where we say."""

    @sa.event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
        connection.execute(f"PRAGMA busy_timeout={int(BUSY_S * 1000)}")
        connection.execute("PRAGMA foreign_keys=ON")
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")  # NORMAL may lose the last commits when the power fails
            connection.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("vigie_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def check(connection: sa.Connection, name: str, *, whole: bool) -> int:
    """The schema version of the file, 0 when it is new; refuses another program's file and a damaged one.

    ``whole``: read every page, not only the first ones.
    """
    version: int = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    owner = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    used = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    if used and owner != APPLICATION_ID:
        raise StoreError(f"{name} is not a Vigie store: it is an SQLite database of another program")
    if whole and (state := damage(connection)):
        raise StoreError(
            f"the store {name} is damaged ({state}): keep the file, and copy what is whole of it with "
            "'vigie store salvage'"
        )
    return version if used else 0


def damage(connection: sa.Connection) -> str:
    """The first fault that SQLite finds in its pages, in its words; empty when there is none."""
    state = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    return "" if state == "ok" else " ".join(state.split())


def mark(connection: sa.Connection, schema: int) -> None:
    """Write version and owner into the header of the file."""
    connection.exec_driver_sql(f"PRAGMA user_version={schema}")
    connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")


def protect(connection: sa.Connection, *, on: bool = True) -> None:
    """Make the triggers that refuse to change the journal; ``on=False`` takes them away, for retention alone."""
    for table in UNCHANGEABLE:
        for verb in ("UPDATE", "DELETE"):
            name = f"{table}_no_{verb.lower()}"
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            if on:
                connection.exec_driver_sql(
                    f"CREATE TRIGGER {name} BEFORE {verb} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
                )

"""The tables of a store, and the number of their version.

``journal`` holds every record as a row of JSON and is never changed: triggers refuse to. ``parts`` holds what many rows
would repeat, such as the fields of a message, and is as unchangeable. ``alerts`` names the latest row of each alert; it
is derived, and written in the transaction of the journal row it comes from. ``meta`` holds the version.
"""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA = 2
_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

tables = sa.MetaData()
journal_table = sa.Table(
    "journal",
    tables,
    sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
    sa.Column("written", sa.Text, nullable=False),
    sa.Column("time", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("beacon", sa.Text),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("key", sa.LargeBinary(16)),
    sa.Column("digest", sa.LargeBinary(8)),
    sa.Index("journal_beacon", "beacon", "seq"),
    sa.Index("journal_kind", "kind", "seq"),
)
journal_key = sa.Index(
    "journal_key",
    journal_table.c.key,
    unique=True,
    sqlite_where=journal_table.c.key.is_not(None),
    postgresql_where=journal_table.c.key.is_not(None),
)
parts_table = sa.Table(
    "parts",
    tables,
    sa.Column("id", _SEQ, primary_key=True, autoincrement=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary(8), nullable=False),
)
alerts_table = sa.Table(
    "alerts",
    tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seq", _SEQ, sa.ForeignKey("journal.seq"), nullable=False),
)
meta_table = sa.Table(
    "meta", tables, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False)
)
UNCHANGEABLE = ("journal", "parts")
"""tables whose rows are written once"""

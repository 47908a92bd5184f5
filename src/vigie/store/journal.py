"""The journal: what happened, in order, append-only, on disk before anything of it is shown.

Three tables (SQLAlchemy Core). ``journal`` holds every record as a row of JSON and is never changed: in SQLite two
triggers refuse to. ``alerts`` holds the latest row of each alert; it is derived, and written in the transaction of
the journal row it comes from. ``meta`` holds the version of this schema.

One process writes a journal: two books fed from two places would each know half. A lock beside an SQLite file keeps a
second writer out; readers need none.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from vigie import jsonl
from vigie.errors import StoreError
from vigie.records import Alert, Record, Tick
from vigie.store import engine as engines
from vigie.store import rows as forms

SCHEMA = 1
_PAGE = 2000

tables = sa.MetaData()
journal_table = sa.Table(
    "journal",
    tables,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("written", sa.Text, nullable=False),
    sa.Column("time", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("beacon", sa.Text),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("journal_beacon", "beacon", "seq"),
    sa.Index("journal_kind", "kind", "seq"),
)
alerts_table = sa.Table(
    "alerts",
    tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seq", sa.Integer, sa.ForeignKey("journal.seq"), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
meta_table = sa.Table(
    "meta", tables, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False)
)


@dataclass(frozen=True)
class Row:
    """One line of the journal."""

    seq: int
    """1, 2, 3 ... in the order of writing, without gaps"""
    time: str | None
    """instant of the event, ISO 8601 with Z (for an alert: when it last changed); None when unknown"""
    kind: str
    """detection, solution, alert or tick"""
    beacon: str | None
    """id of the alert it belongs to: the hex ID with its ``X-`` and ``U-`` prefixes; None for a tick"""
    body: dict[str, Any]
    """the record as JSON"""


class Journal:
    """An open journal. Every method may be called from any thread. All raise StoreError, in one sentence."""

    def __init__(self, engine: sa.Engine, name: str, lock: engines.Lock | None, writable: bool) -> None:
        self._engine, self._lock_file, self._writable = engine, lock, writable
        self.name = name
        """the file, or the URL without its password"""
        self._guard = threading.RLock()
        self._seq = 0
        self.last_tick: str | None = None
        """time of the newest tick written by this process"""

    @classmethod
    def open(cls, url: str | None = None, *, read_only: bool = False) -> Journal:
        """Open or create a journal: an SQLAlchemy URL or the path of an SQLite file; by default one in the user's data.

        Raises StoreError for a store that is read-only, in use, of a newer version, damaged or something else.
        """
        place = engines.Place.of(url)
        place.check(read_only=read_only)
        lock = None if read_only or place.file is None else engines.Lock(place.file)
        try:
            engine = place.engine(read_only=read_only)
            journal = cls(engine, place.name, lock, not read_only)
            with journal._told("open"):
                journal._prepare(place)
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        return journal

    def _prepare(self, place: engines.Place) -> None:
        if place.sqlite:
            with self._engine.connect() as connection:
                engines.check_sqlite(connection, place.name, SCHEMA)
        with self._begin() if self._writable else self._engine.connect() as connection:
            found = sa.inspect(connection).has_table("meta") and connection.scalar(
                sa.select(meta_table.c.value).where(meta_table.c.key == "schema")
            )
            if found and int(found) > SCHEMA:
                raise StoreError(engines.newer(place.name, int(found), SCHEMA))
            if not found:
                if not self._writable:
                    raise StoreError(f"the store {place.name} holds no journal of Vigie")
                tables.create_all(connection)
                connection.execute(sa.insert(meta_table).values(key="schema", value=str(SCHEMA)))
                if place.sqlite:
                    engines.mark_sqlite(connection, SCHEMA)
            self._seq = connection.scalar(sa.select(sa.func.max(journal_table.c.seq))) or 0

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Errors of the database in one sentence."""
        try:
            yield
        except (sa.exc.SQLAlchemyError, OSError, msgspec.DecodeError) as error:
            raise StoreError(engines.sentence(error, self.name, doing)) from error

    def _begin(self) -> Any:
        """A write transaction: takes SQLite's write lock at once, so that it cannot fail half-way."""
        return self._engine.execution_options(vigie_write=True).begin()

    def append(self, records: Iterable[Record]) -> list[Row]:
        """Write the records in one transaction and return their rows, seq given. On disk when this returns.

        All are written or none. Samples and bursts have no place in a journal and raise TypeError.
        """
        if not self._writable:
            raise StoreError(f"the store {self.name} was opened for reading only")
        made = [(record, *forms.from_record(record)) for record in records]
        if not made:
            return []
        with self._guard, self._told("write"):
            written = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            rows, lines, latest = [], [], {}
            for seq, (record, time, kind, beacon, body) in enumerate(made, self._seq + 1):
                body_text = jsonl.line(body)
                rows.append(Row(seq, time, kind, beacon, msgspec.json.decode(body_text)))
                lines.append(
                    {"seq": seq, "written": written, "time": time, "kind": kind, "beacon": beacon, "body": body_text}
                )
                if isinstance(record, Alert):
                    latest[record.id] = {"id": record.id, "seq": seq, "body": body_text}
                elif isinstance(record, Tick):
                    self.last_tick = time
            with self._begin() as connection:
                connection.execute(sa.insert(journal_table), lines)
                for name, values in latest.items():
                    changed = connection.execute(
                        sa.update(alerts_table).where(alerts_table.c.id == name).values(**values)
                    )
                    if not changed.rowcount:
                        connection.execute(sa.insert(alerts_table).values(**values))
            self._seq = rows[-1].seq
            return rows

    def rows(
        self,
        after: int = 0,
        kinds: Collection[str] | None = None,
        beacon: str | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """Rows with ``seq > after``, oldest first; only of these kinds, of this alert id, and at most ``limit``."""
        query = sa.select(journal_table).where(journal_table.c.seq > after).order_by(journal_table.c.seq)
        if kinds is not None:
            query = query.where(journal_table.c.kind.in_(sorted(kinds)))
        if beacon is not None:
            query = query.where(journal_table.c.beacon == beacon)
        if limit is not None:
            query = query.limit(limit)
        return self._read(query)

    def scan(self, kinds: Collection[str] | None = None) -> Iterator[Row]:
        """All rows, oldest first, read in pages: for a journal that does not fit into memory."""
        after = 0
        while page := self.rows(after, kinds, limit=_PAGE):
            yield from page
            after = page[-1].seq

    def alerts(self) -> list[Row]:
        """The latest row of every alert, the one that changed last first."""
        return self._read(self._alerts().order_by(alerts_table.c.seq.desc()))

    def alert(self, alert_id: str) -> Row | None:
        """The latest row of one alert, or None."""
        return next(iter(self._read(self._alerts().where(alerts_table.c.id == alert_id))), None)

    @staticmethod
    def _alerts() -> sa.Select[Any]:
        return sa.select(journal_table).join(alerts_table, alerts_table.c.seq == journal_table.c.seq)

    def _read(self, query: sa.Select[Any]) -> list[Row]:
        with self._told("read"), self._engine.connect() as connection:
            return [
                Row(row.seq, row.time, row.kind, row.beacon, msgspec.json.decode(row.body))
                for row in connection.execute(query)
            ]

    def last_seq(self) -> int:
        """The newest seq on disk; 0 for an empty journal."""
        with self._told("read"), self._engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.max(journal_table.c.seq))) or 0

    def close(self) -> None:
        """Leave the store in one piece and let others write it. Closing twice does nothing."""
        with self._guard:
            self._engine.dispose()
            if self._lock_file is not None:
                self._lock_file.release()

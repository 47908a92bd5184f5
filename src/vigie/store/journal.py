"""The journal: what happened, in order, append-only, on disk before anything of it is shown.

One process writes a journal: two books fed from two places would each know half. A lock keeps a second writer out;
readers need none. The tables are in ``tables``, how a row is stored in ``pack``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from vigie.errors import StoreError
from vigie.records import Record
from vigie.store import engine as engines
from vigie.store import migrations, pack, postgres, sqlite
from vigie.store import rows as forms
from vigie.store.reader import Reader
from vigie.store.row import Row
from vigie.store.tables import SCHEMA, alerts_table, journal_table, parts_table
from vigie.store.write import insert_rows

__all__ = ["SCHEMA", "Journal", "Row"]

_log = logging.getLogger(__name__)
_CHUNK = 5000
"""values in one statement"""


class Journal(Reader):
    """An open journal. Every method may be called from any thread. All raise StoreError, in one sentence."""

    def __init__(self, place: engines.Place, engine: sa.Engine, lock: engines.Lock | None, writable: bool) -> None:
        super().__init__(place, engine)
        self._lock_file, self._writable = lock, writable
        self._guard = threading.RLock()
        self._writer: sa.Connection | None = None
        self._unsure = False
        """a write failed: whether it reached the disk has to be asked"""
        self._seq = 0
        self._packer = pack.Packer(0)
        self.last_tick: str | None = None
        """time of the newest tick written by this process"""

    @property
    def written(self) -> int:
        """The last row known to be on disk when this was opened or written to."""
        return self._seq

    @classmethod
    def open(cls, url: str | None = None, *, read_only: bool = False) -> Journal:
        """Open or create a journal: an SQLAlchemy URL or the path of an SQLite file; by default one in the user's data.

        A store of an older version is brought to this one, unless ``read_only``. Raises StoreError for a store that is
        read-only, in use, of a newer version, damaged or something else.
        """
        place = engines.Place.of(url)
        place.check(read_only=read_only)
        lock = None if read_only or place.file is None else engines.Lock(place.file)
        journal = None
        try:
            journal = cls(place, place.engine(read_only=read_only), lock, not read_only)
            with journal._told("open"):
                journal._prepare()
        except BaseException:
            if journal is not None:
                journal.close()
            elif lock is not None:
                lock.release()
            raise
        return journal

    def _prepare(self) -> None:
        with self._engine.connect() as connection:
            if self.place.sqlite:
                found = sqlite.check(connection, self.name, whole=self.place.whole_check())
                if found > SCHEMA:
                    raise StoreError(migrations.newer(self.name, found))
            else:
                postgres.check(connection, self.name)
        with self._write() if self._writable else self._engine.connect() as connection:
            version = migrations.version_of(connection, self.name)
            if version is not None and version > SCHEMA:
                raise StoreError(migrations.newer(self.name, version))
            if not self._writable:
                if version is None:
                    raise StoreError(f"the store {self.name} holds no journal of Vigie")
                self._schema = version
            elif version is None:
                migrations.create(connection)
            elif version < SCHEMA:
                migrations.upgrade(connection, version)
            self._take_stock(connection)
        if self._lock_file is not None:
            if version is not None and self._lock_file.mark > self._seq:
                self._note_loss(self._lock_file.mark)
            self._lock_file.reached(self._seq)

    def _take_stock(self, connection: sa.Connection) -> None:
        """Learn what is on disk: the last row and the last part."""
        self._seq = connection.scalar(sa.select(sa.func.max(journal_table.c.seq))) or 0
        if self._schema >= 2:
            self._packer = pack.Packer(connection.scalar(sa.select(sa.func.max(parts_table.c.id))) or 0)
        self._unsure = False

    def _note_loss(self, acknowledged: int) -> None:
        first, self._seq = self._seq + 1, acknowledged  # a seq that was given out is never given out again
        words = f"Rows {first} to {acknowledged} were acknowledged and are not here: the store was damaged or set back."
        _log.error("the store %s: %s", self.name, words)
        self.note("loss", words, first=first, last=acknowledged)

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        """A write transaction on the one connection that writes; it takes the right to write before anything else."""
        if self._stale and self._writer is not None:
            self._drop_writer()
        if self._writer is None:
            writer = self._engine.connect().execution_options(vigie_write=True)
            try:
                if not self.place.sqlite:
                    postgres.lock(writer, self.name)
                    writer.commit()
            except BaseException:
                writer.close()
                raise
            self._writer, self._stale = writer, False
        try:
            with self._writer.begin():
                yield self._writer
        except BaseException:
            self._drop_writer()
            raise

    def _drop_writer(self) -> None:
        """End the session that writes; what it wrote last has to be asked."""
        self._unsure = True
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.invalidate()
            writer.close()

    def append(self, records: Iterable[Record], keys: Mapping[int, bytes] | None = None) -> list[Row]:
        """Write the records in one transaction and return their rows, seq given. On disk when this returns.

        All are written or none. Samples and bursts have no place in a journal and raise TypeError. ``keys``: for the
        detections at these places, what a second delivery is told by (``rows.key_of``); a key is written once.
        """
        made = [forms.from_record(record) for record in records]
        found = keys or {}
        rows = self._append([(*values, found.get(place)) for place, values in enumerate(made)])
        for time, kind, *_ in made:
            if kind == "tick":
                self.last_tick = time
        return rows

    def note(self, what: str, words: str, *, beacon: str | None = None, **more: Any) -> Row:
        """Write a row of kind ``note``: about the journal itself, as when rows were lost or moved to an archive, or
        about one alert, such as what a register answered."""
        return self._append([(None, "note", beacon, {"what": what, "words": words, **more}, None)])[0]

    def _append(self, made: Sequence[tuple[str | None, str, str | None, dict[str, Any], bytes | None]]) -> list[Row]:
        if not self._writable:
            raise StoreError(f"the store {self.name} was opened for reading only")
        if not made:
            return []
        with self._guard, self._told("write"):
            if self._unsure:
                with self._write() as connection:
                    self._take_stock(connection)
            rows, lines = self._lines(made)
            latest = {str(row.beacon): row.seq for row in rows if row.kind == "alert"}
            try:
                with self._write() as connection:
                    insert_rows(connection, lines, self._packer.fresh(), latest)
            except BaseException:
                self._packer.forget()
                raise
            self._packer.written()
            self._seq = rows[-1].seq
            if self._lock_file is not None:
                self._lock_file.reached(self._seq)
            return rows

    def _lines(self, made: Sequence[tuple[Any, ...]]) -> tuple[list[Row], list[tuple[Any, ...]]]:
        written = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        rows, lines = [], []
        for seq, (time, kind, beacon, body, key) in enumerate(made, self._seq + 1):
            packed = self._packer.pack(body)
            values = (seq, written, time, kind, beacon, packed.text, key)
            lines.append((*values, pack.row_digest(*values)))
            rows.append(Row(seq, time, kind, beacon, packed.body, body.get("source")))
        return rows, lines

    def unreported(self) -> list[Row]:
        """Rows that reached the disk although their writing seemed to fail, as when a server dies while it answers.

        Whoever writes asks this before the next write, and learns from them: they are part of the journal.
        """
        with self._guard, self._told("read"):
            if not self._unsure:
                return []
            known = self._seq
            with self._write() as connection:
                self._take_stock(connection)
            return self.rows(after=known) if self._seq > known else []

    def copy_in(self, lines: Sequence[tuple[Any, ...]], parts: Sequence[pack.Part], latest: Mapping[str, int]) -> None:
        """Write rows of another store as they are stored there, numbers and all: for archives and salvage."""
        with self._guard, self._told("write"), self._write() as connection:
            insert_rows(connection, lines, parts, latest)
            self._take_stock(connection)

    def take_out(self, beacons: Collection[str], parts: Collection[int], words: str, **more: Any) -> Row:
        """Remove all rows of these alerts, and these parts, leaving a note in the same transaction.

        For retention alone, after what goes is safe in an archive: the one way in which anything leaves a journal.
        """
        ids, numbers = sorted(beacons), sorted(parts)
        guard = sqlite.protect if self.place.sqlite else postgres.protect
        rows, lines = self._lines([(None, "note", None, {"what": "archive", "words": words, **more}, None)])
        with self._guard, self._told("write"):
            with self._write() as connection:
                guard(connection, on=False)
                for first in range(0, len(ids), _CHUNK):
                    chosen = ids[first : first + _CHUNK]
                    connection.execute(sa.delete(alerts_table).where(alerts_table.c.id.in_(chosen)))
                    connection.execute(sa.delete(journal_table).where(journal_table.c.beacon.in_(chosen)))
                for first in range(0, len(numbers), _CHUNK):
                    chunk = numbers[first : first + _CHUNK]
                    connection.execute(sa.delete(parts_table).where(parts_table.c.id.in_(chunk)))
                insert_rows(connection, lines, self._packer.fresh(), {})
                guard(connection, on=True)
                self._take_stock(connection)
            if self._lock_file is not None:
                self._lock_file.reached(self._seq)
        return rows[0]

    def close(self) -> None:
        """Leave the store in one piece and let others write it. Closing twice does nothing."""
        with self._guard:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self._engine.dispose()
            if self._lock_file is not None:
                self._lock_file.release()

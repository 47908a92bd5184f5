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
from hashlib import blake2b
from typing import Any

import msgspec
import sqlalchemy as sa

from vigie.errors import StoreError
from vigie.records import Record
from vigie.store import engine as engines
from vigie.store import migrations, pack, postgres, sqlite
from vigie.store import rows as forms
from vigie.store.row import Row
from vigie.store.tables import SCHEMA, alerts_table, journal_table, parts_table
from vigie.store.write import COLUMNS, insert_rows

__all__ = ["SCHEMA", "Journal", "Row"]

_log = logging.getLogger(__name__)
_PAGE = 2000
_CHUNK = 5000
"""values in one question to the database"""
_PARTS = 2000
"""parts kept decoded, for rows that name them again"""
_SHOWN = ("seq", "time", "kind", "beacon", "body")


class Journal:
    """An open journal. Every method may be called from any thread. All raise StoreError, in one sentence."""

    def __init__(self, place: engines.Place, engine: sa.Engine, lock: engines.Lock | None, writable: bool) -> None:
        self.place = place
        """where it lies"""
        self._engine, self._lock_file, self._writable = engine, lock, writable
        self._guard = threading.RLock()
        self._writer: sa.Connection | None = None
        self._unsure = False
        """a write failed: whether it reached the disk has to be asked"""
        self._stale = False
        self._seq = 0
        self._schema = SCHEMA
        self._packer = pack.Packer(0)
        self._parts: dict[int, Any] = {}
        self.last_tick: str | None = None
        """time of the newest tick written by this process"""

    @property
    def name(self) -> str:
        """The file, or the URL without its password."""
        return self.place.name

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
    def _told(self, doing: str) -> Iterator[None]:
        """Errors of the database in one sentence."""
        try:
            yield
        except (sa.exc.SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error, OSError, msgspec.DecodeError) as error:
            self._stale = not self.place.sqlite  # whatever it was, the session that writes may have ended with it
            raise StoreError(engines.sentence(error, self.name, doing)) from error

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

    def note(self, what: str, words: str, **more: Any) -> Row:
        """Write a row about the journal itself, of kind ``note``: rows lost, rows moved to an archive."""
        return self._append([(None, "note", None, {"what": what, "words": words, **more}, None)])[0]

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

    def known(self, keys: Collection[bytes]) -> set[bytes]:
        """Those of these keys of detections that are in the journal."""
        wanted, found = list(keys), set[bytes]()
        with self._told("read"), self._engine.connect() as connection:
            for first in range(0, len(wanted), _CHUNK):
                query = sa.select(journal_table.c.key).where(journal_table.c.key.in_(wanted[first : first + _CHUNK]))
                found.update(bytes(key) for key in connection.scalars(query))
        return found

    def rows(
        self,
        after: int = 0,
        kinds: Collection[str] | None = None,
        beacon: str | None = None,
        limit: int | None = None,
        *,
        newest: bool = False,
    ) -> list[Row]:
        """Rows with ``seq > after``, oldest first; only of these kinds, of this alert id, and at most ``limit``.

        ``newest``: the limit keeps the last rows, not the first.
        """
        order = journal_table.c.seq.desc() if newest else journal_table.c.seq
        query = self._query().where(journal_table.c.seq > after).order_by(order)
        if kinds is not None:
            query = query.where(journal_table.c.kind.in_(sorted(kinds)))
        if beacon is not None:
            query = query.where(journal_table.c.beacon == beacon)
        if limit is not None:
            query = query.limit(limit)
        rows = self._read(query)
        return rows[::-1] if newest else rows

    def count(self, kind: str, beacon: str) -> int:
        """How many rows of this kind an alert has."""
        query = sa.select(sa.func.count()).where(journal_table.c.beacon == beacon, journal_table.c.kind == kind)
        with self._told("read"), self._engine.connect() as connection:
            return connection.scalar(query) or 0

    def scan(self, kinds: Collection[str] | None = None, after: int = 0) -> Iterator[Row]:
        """All rows with ``seq > after``, oldest first, read in pages: for a journal that does not fit into memory.

        The digest of every row is checked; raises StoreError naming the first that was changed.
        """
        last = self.last_seq()
        while after < last:
            upto = after + _PAGE
            found = self.span(after + 1, upto, kinds)
            yield from found
            after = upto if found else self._next(upto) - 1

    def span(self, first: int, last: int, kinds: Collection[str] | None = None) -> list[Row]:
        """The rows ``first`` to ``last``, each checked against its digest; raises StoreError naming a changed one."""
        query = self._query(checked=True).where(journal_table.c.seq.between(first, last))
        if kinds is not None:
            query = query.where(journal_table.c.kind.in_(sorted(kinds)))
        return self._read(query.order_by(journal_table.c.seq), checked=True)

    def stored(self, first: int, last: int) -> list[tuple[Any, ...]]:
        """The rows ``first`` to ``last`` as they are stored, in the order of the columns: for copies of a store."""
        query = sa.select(*(journal_table.c[name] for name in COLUMNS)).where(journal_table.c.seq.between(first, last))
        with self._told("read"), self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query.order_by(journal_table.c.seq))]

    def stored_parts(self, numbers: Collection[int]) -> list[pack.Part]:
        """Parts as they are stored."""
        wanted, found = sorted(numbers), list[pack.Part]()
        with self._told("read"), self._engine.connect() as connection:
            for first in range(0, len(wanted), _CHUNK):
                query = sa.select(parts_table).where(parts_table.c.id.in_(wanted[first : first + _CHUNK]))
                found += [pack.Part(part.id, part.body, bytes(part.digest)) for part in connection.execute(query)]
        return found

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

    def _next(self, after: int) -> int:
        """The first seq past ``after``; far away where rows were moved to an archive."""
        with self._told("read"), self._engine.connect() as connection:
            query = sa.select(sa.func.min(journal_table.c.seq)).where(journal_table.c.seq > after)
            return connection.scalar(query) or after + _PAGE

    def alerts(self, ids: Collection[str] | None = None) -> list[Row]:
        """The latest row of every alert, or of these (at most a few thousand), the one that changed last first."""
        query = self._alerts().order_by(alerts_table.c.seq.desc())
        return self._read(query if ids is None else query.where(alerts_table.c.id.in_(ids)))

    def alert(self, alert_id: str) -> Row | None:
        """The latest row of one alert, or None."""
        return next(iter(self._read(self._alerts().where(alerts_table.c.id == alert_id))), None)

    def _query(self, *, checked: bool = False) -> sa.Select[Any]:
        names = _SHOWN if not checked or self._schema < 2 else (*_SHOWN, "written", "key", "digest")
        return sa.select(*(journal_table.c[name] for name in names))

    def _alerts(self) -> sa.Select[Any]:
        return self._query().join(alerts_table, alerts_table.c.seq == journal_table.c.seq)

    def _read(self, query: sa.Select[Any], *, checked: bool = False) -> list[Row]:
        with self._told("read"), self._engine.connect() as connection:
            found = connection.execute(query).all()
            if checked and self._schema >= 2:
                for line in found:
                    self._check(line)
            bodies = pack.unpack((line.body for line in found), lambda wanted: self._fetch(connection, wanted))
        return [
            Row(line.seq, line.time, line.kind, line.beacon, body) for line, body in zip(found, bodies, strict=True)
        ]

    def _check(self, line: Any) -> None:
        if line.digest is None:  # written before there were digests
            return
        values = (line.seq, line.written, line.time, line.kind, line.beacon, line.body, line.key)
        if pack.row_digest(*values) != bytes(line.digest):
            raise StoreError(
                f"the store {self.name} is damaged: row {line.seq} is not as it was written; copy what is "
                "whole with 'vigie store salvage'"
            )

    def _fetch(self, connection: sa.Connection, wanted: set[int]) -> Mapping[int, Any]:
        """The parts of these numbers, out of those read last or from the database; each one's digest is checked."""
        kept = self._parts
        values = {number: kept[number] for number in wanted if number in kept}
        missing = sorted(wanted - values.keys())
        for first in range(0, len(missing), _CHUNK):
            query = sa.select(parts_table).where(parts_table.c.id.in_(missing[first : first + _CHUNK]))
            for part in connection.execute(query):
                if pack.part_digest(part.id, part.body) != bytes(part.digest):
                    raise StoreError(f"the store {self.name} is damaged: part {part.id} is not as it was written")
                values[part.id] = msgspec.json.decode(part.body)
        if lost := wanted - values.keys():
            raise StoreError(f"the store {self.name} is damaged: part {min(lost)} is missing")
        kept = {**kept, **{number: values[number] for number in missing}} if missing else kept
        self._parts = dict(list(kept.items())[-_PARTS:]) if len(kept) > _PARTS else kept
        return values

    def last_seq(self) -> int:
        """The newest seq on disk; 0 for an empty journal."""
        with self._told("read"), self._engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.max(journal_table.c.seq))) or 0

    def fingerprint(self, seq: int) -> str | None:
        """What tells row ``seq`` from that of another journal, or of this one set back and written on; None if gone."""
        query = sa.select(*(journal_table.c[name] for name in ("written", "kind", "body"))).where(
            journal_table.c.seq == seq
        )
        with self._told("read"), self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else blake2b(repr((seq, *row)).encode(), digest_size=16).hexdigest()

    def close(self) -> None:
        """Leave the store in one piece and let others write it. Closing twice does nothing."""
        with self._guard:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self._engine.dispose()
            if self._lock_file is not None:
                self._lock_file.release()

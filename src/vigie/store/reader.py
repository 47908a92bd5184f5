"""Reading a journal: rows in order, the latest of each alert, and as they are stored. From any thread."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

import msgspec
import sqlalchemy as sa

from vigie.errors import StoreError
from vigie.store import engine as engines
from vigie.store import pack
from vigie.store.row import Row
from vigie.store.tables import SCHEMA, alerts_table, journal_table, parts_table
from vigie.store.write import COLUMNS

_PAGE = 2000
_CHUNK = 5000
"""values in one question to the database"""
_KNOWN = "SELECT key FROM journal WHERE key"
_PARTS = 2000
"""parts kept decoded, for rows that name them again"""
_SHOWN = ("seq", "time", "kind", "beacon", "body")


class Reader:
    """What can be asked of a journal. All methods raise StoreError, in one sentence."""

    def __init__(self, place: engines.Place, engine: sa.Engine) -> None:
        self.place = place
        """where it lies"""
        self._engine = engine
        self._stale = False
        """the database failed: the session that writes may have ended with it"""
        self._schema = SCHEMA
        self._parts: dict[int, Any] = {}

    @property
    def name(self) -> str:
        """The file, or the URL without its password."""
        return self.place.name

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Errors of the database in one sentence."""
        try:
            yield
        except (sa.exc.SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error, OSError, msgspec.DecodeError) as error:
            self._stale = not self.place.sqlite  # whatever it was, the session that writes may have ended with it
            raise StoreError(engines.sentence(error, self.name, doing)) from error

    def known(self, keys: Collection[bytes]) -> set[bytes]:
        """Those of these keys of detections that are in the journal."""
        wanted, found = list(keys), set[bytes]()
        with self._told("read"), self._engine.connect() as connection:
            for first in range(0, len(wanted), _CHUNK):
                chosen = wanted[first : first + _CHUNK]
                # every delivery asks this: a query made by SQLAlchemy takes longer than the answer
                if self.place.sqlite:
                    marks = ",".join("?" * len(chosen))
                    asked = connection.exec_driver_sql(f"{_KNOWN} IN ({marks})", tuple(chosen))
                else:
                    asked = connection.exec_driver_sql(f"{_KNOWN} = ANY(%s)", (chosen,))
                found.update([bytes(key) for (key,) in asked])
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

    def _next(self, after: int) -> int:
        """The first seq past ``after``; far away where rows were moved to an archive."""
        with self._told("read"), self._engine.connect() as connection:
            query = sa.select(sa.func.min(journal_table.c.seq)).where(journal_table.c.seq > after)
            return connection.scalar(query) or after + _PAGE

    def alerts(self, ids: Collection[str] | None = None) -> list[Row]:
        """The latest row of every alert, or of these (at most a few thousand), the one that changed last first."""
        query = self._alerts().order_by(alerts_table.c.seq.desc())
        return self._read(query if ids is None else query.where(alerts_table.c.id.in_(ids)))

    def written_at(self, seq: int) -> tuple[int, str] | None:
        """The first row from ``seq`` on and when it was written, ISO 8601 with Z; None past the end."""
        query = sa.select(journal_table.c.seq, journal_table.c.written).where(journal_table.c.seq >= seq)
        with self._told("read"), self._engine.connect() as connection:
            row = connection.execute(query.order_by(journal_table.c.seq).limit(1)).first()
        return None if row is None else (row.seq, row.written)

    def last_written(self, moment: str) -> int:
        """The last row that was on disk at a moment, ISO 8601 with Z and milliseconds; 0 when none was.

        By bisection: rows are written in the order of their numbers.
        """
        low, high = 0, self.last_seq()
        while low < high:
            middle = (low + high + 1) // 2
            found = self.written_at(middle)
            if found is not None and found[1] <= moment:
                low = min(found[0], high)
            else:
                high = middle - 1
        return low

    def alerts_at(self, seq: int) -> list[Row]:
        """The latest row of every alert as row ``seq`` left it, the one that changed last first."""
        newest = (
            sa.select(journal_table.c.seq)
            .where(journal_table.c.beacon == alerts_table.c.id, journal_table.c.kind == "alert")
            .where(journal_table.c.seq <= seq)
            .order_by(journal_table.c.seq.desc())
            .limit(1)
            .correlate(alerts_table)
            .scalar_subquery()
        )
        every = sa.select(newest).select_from(alerts_table)
        with self._told("read"), self._engine.connect() as connection:
            wanted = sorted((one for one in connection.scalars(every) if one is not None), reverse=True)
        found: list[Row] = []
        for first in range(0, len(wanted), _CHUNK):
            part = wanted[first : first + _CHUNK]
            found += self._read(self._query().where(journal_table.c.seq.in_(part)).order_by(journal_table.c.seq.desc()))
        return found

    def row(self, seq: int) -> Row | None:
        """One row, or None."""
        return next(iter(self._read(self._query().where(journal_table.c.seq == seq))), None)

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

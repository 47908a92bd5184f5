"""What was sent to another centre and what came from it: numbered, kept as it was, gaps seen, repetitions known.

Message numbers run from 00000 to 99999 and begin anew (RCC manual v5.1, Annex 10: message field 1). A repeated message
has a new number and its first one as original number (message field 1, second part).
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from vigie.errors import StoreError

NUMBERS = 100_000
FAR = 1000
"""a number that jumps by more is taken for a new beginning, not for so many lost messages"""
_HEADER = re.compile(r"^\s*/?\s*(\d{1,5})\s+(\d{1,5})\s*/([^/\s]*)/", re.ASCII | re.MULTILINE)
_TABLES = (
    "CREATE TABLE IF NOT EXISTS sent (id INTEGER PRIMARY KEY, number INTEGER NOT NULL, original INTEGER, "
    "text TEXT NOT NULL, exercise INTEGER NOT NULL, made TEXT NOT NULL, left TEXT, key TEXT)",
    "CREATE TABLE IF NOT EXISTS received (id INTEGER PRIMARY KEY, number INTEGER, original INTEGER, name TEXT NOT NULL,"
    " digest TEXT NOT NULL, text BLOB NOT NULL, came TEXT NOT NULL, what TEXT NOT NULL, taken INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS received_number ON received (number, id)",
    "CREATE TABLE IF NOT EXISTS newest (one INTEGER PRIMARY KEY, number INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS gaps (number INTEGER PRIMARY KEY, noticed TEXT NOT NULL, asked TEXT, filled TEXT)",
    "CREATE TABLE IF NOT EXISTS handed (one INTEGER PRIMARY KEY, seq INTEGER NOT NULL)",
)
_KEYS = "CREATE UNIQUE INDEX IF NOT EXISTS sent_key ON sent (key)"
What = Literal["new", "duplicate", "unnumbered", "other"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message waiting to leave."""

    id: int
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a message that came turned out to be."""

    what: What
    """new; duplicate: the same number and text came before; other: the number came before with another text (taken all
    the same); unnumbered: no header could be read (taken all the same)"""
    id: int
    number: int | None
    missing: tuple[int, ...] = ()
    """numbers now known to be missing"""


class Ledger:
    """One partner's ledger, an SQLite file. From any thread. Raises StoreError."""

    def __init__(self, file: str | Path) -> None:
        self._guard = threading.RLock()
        self._file = file
        try:
            if file != ":memory:":
                Path(file).parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=5.0)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            for statement in _TABLES:
                self._db.execute(statement)
            if "key" not in [row[1] for row in self._db.execute("PRAGMA table_info (sent)")]:  # of an older version
                self._db.execute("ALTER TABLE sent ADD COLUMN key TEXT")
            self._db.execute(_KEYS)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the ledger {file} cannot be used: {error}") from None

    @contextlib.contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                    self._db.execute("COMMIT")
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise StoreError(f"the ledger {self._file} cannot be written: {error}") from None

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._guard:
            try:
                return list(self._db.execute(query, values).fetchall())
            except sqlite3.Error as error:
                raise StoreError(f"the ledger {self._file} cannot be read: {error}") from None

    # out

    def next_number(self) -> int:
        """The number of the next message."""
        last = self._rows("SELECT number FROM sent ORDER BY id DESC LIMIT 1")
        return (last[0][0] + 1) % NUMBERS if last else 1

    def send(
        self, make: Any, *, original: int | None = None, exercise: bool = False, key: str | None = None, seq: int = 0
    ) -> Outgoing:
        """Number and keep a message; ``make(number)`` writes its text. On disk when this returns.

        ``key``: tells the message from all others; one that was kept under it already is given back, and nothing is
        sent. ``seq``: its row in the journal, which is handed over from now on.
        """
        with self._write() as db:
            if seq:
                db.execute("INSERT OR REPLACE INTO handed VALUES (1, ?)", (seq,))
            before = self._rows("SELECT id, number, text FROM sent WHERE key = ?", key) if key else []
            if before:
                return Outgoing(*before[0])
            number = self.next_number()
            text = str(make(number))
            made = db.execute(
                "INSERT INTO sent (number, original, text, exercise, made, key) VALUES (?, ?, ?, ?, ?, ?)",
                (number, original, text, exercise, _now(), key),
            )
            return Outgoing(int(made.lastrowid or 0), number, text)

    def has(self, key: str) -> bool:
        """Whether a message was kept under this key."""
        return bool(self._rows("SELECT 1 FROM sent WHERE key = ?", key))

    @property
    def handed(self) -> int | None:
        """The journal's row up to which its messages have been handed over; None for a new ledger."""
        rows = self._rows("SELECT seq FROM handed")
        return int(rows[0][0]) if rows else None

    def hand(self, seq: int) -> None:
        """The journal's messages up to this row are none of this partner's, or have been handed over."""
        with self._write() as db:
            db.execute("INSERT OR REPLACE INTO handed VALUES (1, ?)", (seq,))

    def waiting(self, limit: int = 100) -> list[Outgoing]:
        """Messages that have not left, oldest first."""
        query = "SELECT id, number, text FROM sent WHERE left IS NULL ORDER BY id LIMIT ?"
        return [Outgoing(*row) for row in self._rows(query, limit)]

    def left(self, message: Outgoing) -> None:
        """The message lies at the other side."""
        with self._write() as db:
            db.execute("UPDATE sent SET left = ? WHERE id = ?", (_now(), message.id))

    def sent_as(self, number: int) -> tuple[str, bool] | None:
        """Text of the newest message sent under a number, and whether it was an exercise."""
        rows = self._rows("SELECT text, exercise FROM sent WHERE number = ? ORDER BY id DESC LIMIT 1", number)
        return (rows[0][0], bool(rows[0][1])) if rows else None

    # in

    def receive(self, name: str, data: bytes) -> Incoming:
        """Keep a message that came as ``name``, and say what it is. On disk when this returns."""
        digest = hashlib.sha256(data).hexdigest()
        match = _HEADER.search(data.decode("latin-1"))
        number = int(match[1]) if match else None
        original = int(match[2]) if match and int(match[2]) else None
        with self._write() as db:
            missing: tuple[int, ...] = ()
            what: What = "new"
            if number is None:
                what = "unnumbered"
                seen = self._rows("SELECT 1 FROM received WHERE digest = ? AND name = ?", digest, name)
                what = "duplicate" if seen else what
            else:
                before = self._rows(
                    "SELECT digest FROM (SELECT number, digest FROM received WHERE number IS NOT NULL "
                    "ORDER BY id DESC LIMIT ?) WHERE number = ?", NUMBERS // 2, number,
                )  # fmt: skip
                if before:
                    what = "duplicate" if any(row[0] == digest for row in before) else "other"
                else:
                    missing = self._missing(number)
                    newest = self.newest
                    if newest is None or (newest - number) % NUMBERS > FAR:  # no late one
                        db.execute("INSERT OR REPLACE INTO newest VALUES (1, ?)", (number,))
                db.executemany("INSERT OR REPLACE INTO gaps VALUES (?, ?, NULL, NULL)",
                               [(one, _now()) for one in missing])  # fmt: skip
                for filled in (number, original):
                    if filled is not None:
                        db.execute("UPDATE gaps SET filled = ? WHERE number = ? AND filled IS NULL", (_now(), filled))
            made = db.execute(
                "INSERT INTO received (number, original, name, digest, text, came, what, taken) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (number, original, name, digest, data, _now(), what, what == "duplicate"),
            )
            return Incoming(what, int(made.lastrowid or 0), number, missing)

    def _missing(self, number: int) -> tuple[int, ...]:
        """Numbers between the newest that came and this one."""
        newest = self.newest
        if newest is None:
            return ()
        ahead = (number - newest) % NUMBERS
        if not 1 < ahead <= FAR:
            return ()  # the next one, an old one that comes late, or a new beginning
        return tuple((newest + step) % NUMBERS for step in range(1, ahead))

    @property
    def newest(self) -> int | None:
        """The number that is furthest ahead of those that came; one that comes late does not change it."""
        rows = self._rows("SELECT number FROM newest")
        return int(rows[0][0]) if rows else None

    def to_take(self, limit: int = 100) -> list[tuple[int, bytes]]:
        """Messages that came and have not been handed on, oldest first."""
        return [(row[0], bytes(row[1])) for row in
                self._rows("SELECT id, text FROM received WHERE NOT taken ORDER BY id LIMIT ?", limit)]  # fmt: skip

    def taken(self, id_: int) -> None:
        """The message has been handed on."""
        with self._write() as db:
            db.execute("UPDATE received SET taken = 1 WHERE id = ?", (id_,))

    def missing(self, *, unasked: bool = False) -> list[int]:
        """Numbers that never came; ``unasked``: and were not asked for yet."""
        more = " AND asked IS NULL" if unasked else ""
        return [row[0] for row in self._rows(f"SELECT number FROM gaps WHERE filled IS NULL{more} ORDER BY noticed")]

    def asked(self, numbers: list[int]) -> None:
        """These have been asked for."""
        with self._write() as db:
            db.executemany("UPDATE gaps SET asked = ? WHERE number = ?", [(_now(), number) for number in numbers])

    def messages(self, limit: int = 100) -> list[dict[str, Any]]:
        """What came last, newest first."""
        rows = self._rows("SELECT number, name, came, what, text FROM received ORDER BY id DESC LIMIT ?", limit)
        return [{"number": row[0], "name": row[1], "time": row[2], "what": row[3],
                 "text": bytes(row[4]).decode("latin-1")} for row in rows]  # fmt: skip

    def counts(self) -> dict[str, int]:
        """Messages sent, waiting, received, and numbers missing."""
        one = self._rows(
            "SELECT (SELECT count(*) FROM sent WHERE left IS NOT NULL), (SELECT count(*) FROM sent WHERE left IS NULL),"
            " (SELECT count(*) FROM received WHERE what != 'duplicate'),"
            " (SELECT count(*) FROM received WHERE what = 'duplicate'),"
            " (SELECT count(*) FROM gaps WHERE filled IS NULL)"
        )[0]
        return dict(zip(("sent", "waiting", "received", "duplicates", "missing"), one, strict=True))

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._db.close()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

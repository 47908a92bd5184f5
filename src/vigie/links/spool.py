"""What waits to be delivered, on disk before anything is sent, in order, until the other side has it on disk too.

One SQLite file for each destination. A number is given once and never again, even when the spool has been empty
between: with the sender's name, made by chance with the file, it tells one delivery from all others.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vigie.errors import StoreError
from vigie.store.engine import Lock, sentence

_TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS waiting (n INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS refused (n INTEGER PRIMARY KEY, body TEXT NOT NULL, why TEXT NOT NULL)",
)


class SpoolFullError(StoreError):
    """There is no place for more until something has been delivered."""


@dataclass(frozen=True, slots=True)
class Item:
    """One detection on its way."""

    n: int
    body: str
    """one line of JSON"""


class Spool:
    """An open spool. From any thread; one process at a time. Raises StoreError."""

    def __init__(self, file: str | Path, limit_bytes: int = 256_000_000) -> None:
        self.file, self.limit_bytes = Path(file).absolute(), limit_bytes
        self._guard = threading.RLock()
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the spool {self.file} cannot be written: {error.strerror or error}") from None
        self._lock = Lock(self.file)
        try:
            with self._told("open"):
                self._db = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False, timeout=2.0)
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
                with self._write() as db:
                    for statement in _TABLES:
                        db.execute(statement)
                    db.execute("INSERT OR IGNORE INTO meta VALUES ('sender', ?)", (secrets.token_hex(8),))
                self.sender = str(self._meta("sender"))
                self._bytes, self._count = self._db.execute(
                    "SELECT coalesce(sum(length(body)), 0), count(*) FROM waiting"
                ).fetchone()
        except BaseException:
            self._lock.release()
            raise

    @contextlib.contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            words = sentence(error, str(self.file), doing).replace("the store", "the spool", 1)
            raise StoreError(words) from error

    @contextlib.contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._guard, self._told("write"):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    def _meta(self, key: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    @property
    def cursor(self) -> int | None:
        """What was put with the last ``put``: how far the journal has been read. None: never."""
        with self._guard, self._told("read"):
            found = self._meta("cursor")
        return None if found is None else int(found)

    def put(self, bodies: Sequence[str], cursor: int | None = None) -> None:
        """Keep these lines of JSON, and the cursor with them, in one transaction; on disk when this returns.

        Raises SpoolFullError when there is no place: none was taken. A body alone larger than the spool is taken when
        it is empty, for nothing received is lost.
        """
        size = sum(len(body) for body in bodies)
        with self._guard:
            if (self._count or len(bodies) > 1) and bodies and self._bytes + size > self.limit_bytes:
                raise SpoolFullError(f"the spool {self.file} is full: {self._count} detections wait in it")
            with self._write() as db:
                db.executemany("INSERT INTO waiting (body) VALUES (?)", [(body,) for body in bodies])
                if cursor is not None:
                    db.execute("INSERT OR REPLACE INTO meta VALUES ('cursor', ?)", (str(cursor),))
            self._bytes += size
            self._count += len(bodies)

    def batch(self, after: int = 0, limit: int = 100) -> list[Item]:
        """The oldest that wait, with numbers above ``after``."""
        with self._guard, self._told("read"):
            rows = self._db.execute("SELECT n, body FROM waiting WHERE n > ? ORDER BY n LIMIT ?", (after, limit))
            return [Item(*row) for row in rows]

    def done(self, upto: int, refused: Sequence[tuple[int, str]] = ()) -> int:
        """All up to this number are on disk at the other side; those it refused, with the reason, are kept here.

        How many they were.
        """
        with self._write() as db:
            for n, why in refused:
                db.execute(
                    "INSERT OR IGNORE INTO refused SELECT n, body, ? FROM waiting WHERE n = ? AND n <= ?",
                    (why, n, upto),
                )
            size, count = db.execute(
                "SELECT coalesce(sum(length(body)), 0), count(*) FROM waiting WHERE n <= ?", (upto,)
            ).fetchone()
            db.execute("DELETE FROM waiting WHERE n <= ?", (upto,))
            self._bytes -= size
            self._count -= count
        return int(count)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return int(self._count)

    def refused(self) -> list[dict[str, Any]]:
        """What the other side did not take, and why."""
        with self._guard, self._told("read"):
            rows = self._db.execute("SELECT n, body, why FROM refused ORDER BY n").fetchall()
        return [dict(zip(("n", "body", "why"), row, strict=True)) for row in rows]

    def close(self) -> None:
        """Close the file and let others use it."""
        with self._guard:
            self._db.close()
            self._lock.release()

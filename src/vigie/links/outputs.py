"""Outputs: each a thread of its own that reads the journal from where it stopped. None can hold up an alert.

The journal is the queue. What was written last is kept in memory for all of them; an output that was away, or is
slower than the traffic, reads on from the disk. So a failing one costs nothing, and misses nothing when it is back.
What is delivered when a process dies between sending and noting it, is delivered again: at least once, never less.
"""

from __future__ import annotations

import contextlib
import json
import logging
import random
import secrets
import sqlite3
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vigie.errors import StoreError, VigieError
from vigie.links.settings import AnyOutput

if TYPE_CHECKING:
    from vigie.store.journal import Journal, Row

_log = logging.getLogger(__name__)
KEPT = 1500
"""rows kept in memory for all outputs: each takes some 13 kB, and what is older is read from the disk"""
PAGE = 200
RETRY_S = (0.5, 60.0)
"""first and longest wait of an output that fails"""


class RefusedError(Exception):
    """The other side will never take this row: it is counted and left out (the journal has it)."""


class Sink(Protocol):
    """Where an output writes. Any OSError or VigieError means: not now, try again."""

    batch: int
    """rows that may be sent together"""

    def send(self, rows: Sequence[Row]) -> None:
        """Send the rows. Raises RefusedError for a row that can never be sent, when it is the only one."""

    def idle(self) -> None:
        """Called now and then when there is nothing to send."""

    def close(self) -> None:
        """Let go of what is open."""


def as_told(row: Row) -> dict[str, Any]:
    """A row as the live stream gives it."""
    return {"seq": row.seq, "time": row.time, "kind": row.kind, "beacon": row.beacon, "body": row.body}


class Recent:
    """The rows written last, for all outputs. ``publish`` never waits."""

    def __init__(self, kept: int = KEPT) -> None:
        self._rows: deque[Row] = deque(maxlen=kept)
        self._news = threading.Condition()

    def publish(self, row: Row) -> None:
        """A row is on disk."""
        with self._news:
            if self._rows and row.seq != self._rows[-1].seq + 1:
                self._rows.clear()
            self._rows.append(row)
            self._news.notify_all()

    def after(self, seq: int, limit: int) -> list[Row] | None:
        """Up to ``limit`` rows from ``seq + 1`` on; None when they are not in memory, or there are none."""
        with self._news:
            if not self._rows or not self._rows[0].seq <= seq + 1 <= self._rows[-1].seq:
                return None
            first = seq + 1 - self._rows[0].seq
            return list(islice(self._rows, first, first + limit))

    def wait(self, seq: int, timeout_s: float) -> None:
        """Until there is a row after ``seq``, or the time is over."""
        with self._news:
            if not self._rows or self._rows[-1].seq <= seq:
                self._news.wait(timeout_s)

    def wake(self) -> None:
        """End all waits."""
        with self._news:
            self._news.notify_all()


class Marks:
    """How far each output has come, and how it last told each alert. One SQLite file for all."""

    def __init__(self, file: str | Path) -> None:
        """Raises StoreError."""
        self._guard = threading.Lock()
        try:
            self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=5.0)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("CREATE TABLE IF NOT EXISTS marks (output TEXT PRIMARY KEY, seq INTEGER NOT NULL)")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS told "
                "(output TEXT NOT NULL, alert TEXT NOT NULL, how TEXT NOT NULL, PRIMARY KEY (output, alert))"
            )
            self._db.execute("INSERT OR IGNORE INTO told VALUES ('', '', ?)", (secrets.token_hex(6),))
            row = self._db.execute("SELECT how FROM told WHERE output = '' AND alert = ''").fetchone()
            self.origin = str(row[0])
            """a name of this journal by chance, for the ids of deliveries"""
        except sqlite3.Error as error:
            raise StoreError(f"the marks of the outputs {file} cannot be used: {error}") from None

    def get(self, output: str) -> int | None:
        """The last row an output is done with."""
        with self._guard:
            row = self._db.execute("SELECT seq FROM marks WHERE output = ?", (output,)).fetchone()
        return None if row is None else int(row[0])

    def told(self, output: str, alert: str) -> str | None:
        """How an output last told an alert."""
        with self._guard:
            row = self._db.execute("SELECT how FROM told WHERE output = ? AND alert = ?", (output, alert)).fetchone()
        return None if row is None else str(row[0])

    def set(self, output: str, seq: int, told: Mapping[str, str]) -> None:
        """An output is done with all rows up to this one. Raises StoreError."""
        try:
            with self._guard:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    self._db.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (output, seq))
                    rows = [(output, alert, how) for alert, how in told.items()]
                    self._db.executemany("INSERT OR REPLACE INTO told VALUES (?, ?, ?)", rows)
                    self._db.execute("COMMIT")
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
        except sqlite3.Error as error:
            raise StoreError(f"the marks of the outputs cannot be written: {error}") from None

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._db.close()


class Runner:
    """One output at work."""

    def __init__(self, settings: AnyOutput, sink: Sink, journal: Journal, recent: Recent, marks: Marks) -> None:
        self.settings, self._sink = settings, sink
        self._journal, self._recent, self._marks = journal, recent, marks
        self.name = settings.name or default_name(settings)
        self.state, self.error = "waiting", None
        self.sent = self.failures = self.refused = 0
        self.seq = self._begin()

    state: str
    error: str | None

    def health(self) -> dict[str, Any]:
        """How it fares, as ``/healthz`` prints it."""
        return {
            "name": self.name,
            "state": self.state,
            "error": self.error,
            "seq": self.seq,
            "sent": self.sent,
            "refused": self.refused,
            "failures": self.failures,
        }

    def run(self, stop: threading.Event) -> None:
        """Send until ``stop`` is set."""
        wait_s = RETRY_S[0]
        try:
            while not stop.is_set():
                try:
                    moved = self._step()
                    wait_s = RETRY_S[0]
                except (OSError, VigieError) as error:
                    self._failed(error)
                    stop.wait(wait_s * random.uniform(0.7, 1.0))
                    wait_s = min(wait_s * 2, RETRY_S[1])
                    continue
                if not moved:
                    self._recent.wait(self.seq, 1.0)
        except Exception as error:  # a fault of ours in one output must not be silent, and stops no other
            self.state, self.error = "failed", f"the output failed: {type(error).__name__}: {error}"
            _log.exception("output %s failed", self.name)
        finally:
            with contextlib.suppress(OSError, VigieError):
                self._sink.close()

    def _begin(self) -> int:
        last, mark = self._journal.last_seq(), self._marks.get(self.name)
        if mark is None or mark > last:  # new, or of another journal: begin with what happens from now on
            mark = last
            self._marks.set(self.name, mark, {})
        return mark

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        words = str(error) or type(error).__name__
        if self.error != words:
            _log.warning("output %s: %s; it goes on from row %d when it can", self.name, words, self.seq + 1)
        self.state, self.error = "failing", words
        with contextlib.suppress(OSError, VigieError):
            self._sink.close()

    def _step(self) -> bool:
        rows = self._recent.after(self.seq, PAGE) or self._journal.rows(self.seq, limit=PAGE)
        if not rows:
            self._sink.idle()
            return False
        group: list[Row] = []
        told: dict[str, str] = {}
        for row in rows:
            if self._wanted(row, told):
                group.append(row)
            if len(group) >= self._sink.batch or (row is rows[-1]):
                self._deliver(group, row.seq, told)
                group, told = [], {}
        return True

    def _deliver(self, group: list[Row], seq: int, told: dict[str, str]) -> None:
        if group:
            try:
                self._sink.send(group)
                self.sent += len(group)
            except RefusedError as error:
                self.refused += 1
                _log.error("output %s: row %d was refused and is left out: %s", self.name, group[0].seq, error)
            if self.state == "failing":
                _log.info("output %s works again", self.name)
            self.state, self.error = "working", None
        self._marks.set(self.name, seq, told)
        self.seq = seq

    def _wanted(self, row: Row, told: dict[str, str]) -> bool:
        settings, body = self.settings, row.body
        if row.kind not in settings.records or (body.get("exercise") and not settings.exercise):
            return False
        if row.kind != "alert":
            return True
        if settings.categories is not None and body.get("category") not in settings.categories:
            before = self._marks.told(self.name, body["id"])
            if before is None and body["id"] not in told:
                return False  # what was told as distress and turns out a test must be told as that
        if settings.every:
            return True
        position = body.get("position") or {}
        standing = [body.get("state"), body.get("category"), position.get("latitude"), position.get("longitude")]
        how = json.dumps(standing)
        if how == (told.get(body["id"]) or self._marks.told(self.name, body["id"])):
            return False
        told[body["id"]] = how
        return True


def default_name(settings: AnyOutput) -> str:
    """Kind and address of an output."""
    kind = str(type(settings).__struct_config__.tag)
    target = getattr(settings, "to", "") if kind != "mail" else ", ".join(getattr(settings, "to", ()))
    return f"{kind} {target}".strip()

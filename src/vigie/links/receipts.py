"""What the stations have delivered to this centre: how far each has come, and what is missing.

The numbers of a sender go up by one. So the highest that is on disk tells what comes again (its journal row is there
already) and what never came (a gap, shown until somebody looks into it).

The receipt is written after the journal. When the service dies between the two, the last batch comes again although it
is in the journal: it is known by its content among the last rows.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vigie.errors import InputError, StoreError
from vigie.jsonl import line

RECENT = 5000
"""detections at the end of the journal that are known by their content after a restart"""
_COMPARED = ("time", "hex", "hex_received", "sample", "frequency_hz", "cn0_dbhz", "channel", "source", "exercise")


@dataclass
class Station:
    """What is known of one sender."""

    name: str
    sender: str
    last: int = 0
    received: int = 0
    duplicates: int = 0
    refused: int = 0
    connected: int = 0
    seen: float | None = None

    def health(self, gaps: Sequence[tuple[int, int]], clock: float) -> dict[str, Any]:
        """How it fares, as ``/healthz`` prints it."""
        return {
            "name": self.name,
            "sender": self.sender,
            "state": "connected" if self.connected else "away",
            "last": self.last,
            "received": self.received,
            "duplicates": self.duplicates,
            "refused": self.refused,
            "missing": sum(last - first + 1 for first, last in gaps),
            "gaps": [list(gap) for gap in gaps[:20]],
            "silent_s": None if self.seen is None else round(clock - self.seen, 1),
        }


def content(body: Mapping[str, Any]) -> bytes:
    """A digest of what makes two detections one and the same."""
    return hashlib.sha256(line([body.get(name) for name in _COMPARED]).encode()).digest()[:16]


class Receipts:
    """Kept in an SQLite file beside the journal. From any thread. Raises StoreError."""

    def __init__(
        self,
        file: str | Path,
        recent: Callable[[], Iterable[Mapping[str, Any]]] = tuple,
        normal: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda body: body,
    ) -> None:
        """``recent`` gives the last detections of the journal, as their rows have them; ``normal`` makes the body of
        such a row of a delivered one (InputError: of this one none can be made)."""
        self._normal = normal
        self._guard = threading.Lock()
        self._senders: dict[str, threading.Lock] = {}
        self._read_recent, self._recent_contents = recent, None
        self._fresh: set[str] = set()
        self._stations: dict[str, Station] = {}
        self._gaps: dict[str, list[tuple[int, int]]] = {}
        try:
            self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=2.0)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS senders "
                "(sender TEXT PRIMARY KEY, name TEXT NOT NULL, last INTEGER NOT NULL)"
            )
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS gaps (sender TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL)"
            )
            for sender, name, last in self._db.execute("SELECT sender, name, last FROM senders"):
                self._stations[sender] = Station(name, sender, last)
            for sender, first, last in self._db.execute("SELECT sender, first, last FROM gaps ORDER BY first"):
                self._gaps.setdefault(sender, []).append((first, last))
        except sqlite3.Error as error:
            raise StoreError(f"the receipts {file} cannot be used: {error}") from None

    _recent_contents: set[bytes] | None

    @contextlib.contextmanager
    def connected(self, sender: str, name: str) -> Iterator[Station]:
        """While a sender is connected."""
        station = self.station(sender, name)
        with self._guard:
            station.connected += 1
        try:
            yield station
        finally:
            with self._guard:
                station.connected -= 1

    def station(self, sender: str, name: str) -> Station:
        """What is known of a sender, under the name of its token."""
        with self._guard:
            return self._stations.setdefault(sender, Station(name, sender))

    def deliver(
        self, station: Station, first: int, bodies: Sequence[Mapping[str, Any]], take: Callable[[list[int]], Any],
        *, numbers: Sequence[int] | None = None,
    ) -> tuple[int, Any]:  # fmt: skip
        """Take the bodies numbered from ``first`` on that are not here yet; the highest number that is on disk now.

        ``take`` gets the indexes of the new ones and returns when they are on disk; what it returns is handed on, None
        when nothing was new. When it raises, nothing is counted. ``numbers``: those of the bodies, rising, where they
        do not follow one another.
        """
        with self._guard:
            mine = self._senders.setdefault(station.sender, threading.Lock())
        with mine:  # two connections of one sender take turns
            counted = range(first, first + len(bodies)) if numbers is None else numbers
            new = [index for index, number in enumerate(counted) if number > station.last]
            if station.sender not in self._fresh:  # only the batch that was under way when the service ended
                new = [index for index in new if not self._known(bodies[index])]
            taken = take(new) if new else None
            upto, gap = counted[-1], None
            if (
                numbers is None and first > station.last + 1 and station.last
            ):  # of a sender that is new here nothing is known to be missing
                gap = station.last + 1, first - 1
            with self._guard:
                self._fresh.add(station.sender)
                station.received += len(new)
                station.duplicates += len(bodies) - len(new)
                station.seen = time.monotonic()
                if upto > station.last:
                    self._keep(station, upto, gap)
            return station.last, taken

    def _known(self, body: Mapping[str, Any]) -> bool:
        try:
            with self._guard:
                if self._recent_contents is None:
                    self._recent_contents = {content(kept) for kept in self._read_recent()}
            return content(self._normal(body)) in self._recent_contents
        except InputError:
            return False

    def _keep(self, station: Station, upto: int, gap: tuple[int, int] | None) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT OR REPLACE INTO senders VALUES (?, ?, ?)", (station.sender, station.name, upto))
            if gap:
                self._db.execute("INSERT INTO gaps VALUES (?, ?, ?)", (station.sender, *gap))
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise StoreError(f"the receipts cannot be written: {error}") from None
        station.last = upto
        if gap:
            self._gaps.setdefault(station.sender, []).append(gap)

    def health(self) -> list[dict[str, Any]]:
        """How each station fares."""
        with self._guard:
            now = time.monotonic()
            return [
                station.health(self._gaps.get(sender, ()), now) for sender, station in sorted(self._stations.items())
            ]

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._db.close()

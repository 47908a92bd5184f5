"""Hands journal rows to everybody who watches, from worker threads to event loops, without ever holding up a writer.

A watcher that is too slow loses its waiting rows, not the rows themselves: they are on disk, and it reads on from there
(``live.follow``). So neither a slow browser nor a dead one costs memory, and none has a gap.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from vigie.store.journal import Row

WAITING = 1000
"""rows that may wait for one watcher"""


class Watcher:
    """One reader of the live stream, bound to the event loop that made it."""

    def __init__(self, waiting: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._rows: deque[Row] = deque()
        self._waiting = waiting
        self._wake = asyncio.Event()
        self.lagged = False
        """True once rows were thrown away here: read the journal, then set it back"""
        self.closed = False

    def offer(self, row: Row | None) -> None:
        """Called from any thread; None ends the watch."""
        try:
            self._loop.call_soon_threadsafe(self._take, row)
        except RuntimeError:  # its event loop has ended
            self.closed = True

    def _take(self, row: Row | None) -> None:
        if row is None:
            self.closed = True
        elif len(self._rows) >= self._waiting:
            self._rows.clear()
            self.lagged = True
        elif not self.lagged:
            self._rows.append(row)
        self._wake.set()

    async def wait(self, timeout_s: float) -> list[Row]:
        """The rows that have come, oldest first; an empty list after ``timeout_s``, on a lag and at the end."""
        if not self._rows and not self.lagged and not self.closed:
            self._wake.clear()
            with anyio.move_on_after(timeout_s):
                await self._wake.wait()
        rows = list(self._rows)
        self._rows.clear()
        return rows


class Hub:
    """Where whoever writes the journal says what was written."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._watchers: set[Watcher] = set()
        self._sources: dict[str, dict[str, Any]] = {}
        self._closed = False

    def publish(self, row: Row) -> None:
        """Tell all watchers of a row that is on disk. From any thread; returns at once."""
        with self._guard:
            watchers = tuple(self._watchers)
            if row.kind == "detection":
                name = row.source or "unnamed"
                seen = self._sources.get(name, {"detections": 0})
                self._sources[name] = {"name": name, "detections": seen["detections"] + 1, "last": row.time}
        for watcher in watchers:
            watcher.offer(row)

    def sources(self) -> list[dict[str, Any]]:
        """Every source heard since the start: name, detections, time of the last."""
        with self._guard:
            return [self._sources[name] for name in sorted(self._sources)]

    @property
    def watchers(self) -> int:
        """How many read the live stream now."""
        return len(self._watchers)

    @contextmanager
    def watch(self, waiting: int = WAITING) -> Iterator[Watcher]:
        """A watcher that sees every row published from now on."""
        watcher = Watcher(waiting)
        with self._guard:
            watcher.closed = self._closed
            self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            with self._guard:
                self._watchers.discard(watcher)

    def close(self) -> None:
        """End every watch, so that a server with open streams can stop."""
        with self._guard:
            self._closed = True
            watchers = tuple(self._watchers)
        for watcher in watchers:
            watcher.offer(None)

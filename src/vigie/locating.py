"""Locates what satellites heard: reads detections from the journal, where they are on disk, and gives back positions.

Beside the chain, so that no sender waits for a location and a failed write disturbs none. At a start, and when a file
of orbits has changed, the last rows of the journal are read again, so that beacons are followed on; a position that the
journal has already is not given twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vigie import stages
from vigie.errors import ConfigError, StoreError, VigieError
from vigie.instants import Instant, parse
from vigie.records import Detection, Solution, Tick
from vigie.store import rows as forms

if TYPE_CHECKING:
    from vigie.orbit.ephemeris import Orbits
    from vigie.store.journal import Journal

_log = logging.getLogger(__name__)
BACK = 20_000
"""rows of the journal that are read again at a start"""
_PAGE = 500
_LOOK_S = 30.0
"""between two looks at the files"""
_WAIT_S = 1.0


class Locator:
    """Positions from satellites, by a thread of its own."""

    def __init__(
        self,
        files: Sequence[Path] | Orbits,
        journal: Journal,
        take: Callable[[Sequence[Solution]], Any],
        *,
        source: str = "",
        clock: Callable[[], Instant] | None = None,
    ) -> None:
        """``files``: of orbits, which are read again when they change; or the orbits themselves.

        ``take`` gets the positions of a burst, and returns when they are on disk. ``source``: who finds them.

        ``clock``: an instant before which nothing is still to come, where the stream is live. Raises VigieError for
        files that hold no orbit.
        """
        self._files = list(files) if isinstance(files, Sequence) else []
        self._given = None if isinstance(files, Sequence) else files
        self._journal, self._take = journal, take
        self._source, self._clock = source, clock
        self._news = threading.Event()
        self._orbits, self._stamps = self._read()
        self._over = False
        self._told: dict[str, tuple[Instant, int]] = {}
        """by alert, end and measurements of the newest position that the journal has"""
        self.located = 0
        self.error: str | None = None

    @property
    def orbits(self) -> Orbits:
        """The orbits that are held now."""
        return self._orbits

    def health(self) -> dict[str, Any]:
        """How it fares, as ``/healthz`` prints it."""
        return {"satellites": len(self._orbits), "located": self.located, "error": self.error}

    def wake(self) -> None:
        """There is something new in the journal."""
        self._news.set()

    def run(self, stop: threading.Event) -> None:
        """Locate until ``stop`` is set."""
        while not stop.is_set():
            try:
                if self._stamps != self._now():
                    self._orbits, self._stamps = self._read()
                    _log.info("orbits of %d satellites have been read again", len(self._orbits))
                self._follow(stop)
            except VigieError as error:  # of the journal, or of a file that is just being written
                self._failed(error)
                stop.wait(_WAIT_S if isinstance(error, StoreError) else _LOOK_S)
            except Exception as error:  # a fault of ours, which must be seen, and must not end all locating for good
                _log.exception("locating failed, and begins anew")
                self.error = f"locating failed: {type(error).__name__}: {error}"
                stop.wait(_LOOK_S)

    def _failed(self, error: VigieError) -> None:
        if self.error != str(error):
            _log.error("nothing is located now: %s", error)
        self.error = str(error)

    def _read(self) -> tuple[Orbits, list[tuple[int, int]]]:
        from vigie.orbit.files import read_files

        if self._given is not None:
            return self._given, []
        stamps = self._now()
        orbits = read_files(self._files)
        for bad in orbits.refused:
            _log.warning("orbits: %s: %s", bad.where, bad.reason)
        return orbits, stamps

    def _now(self) -> list[tuple[int, int]]:
        """What tells the files as they are from those that were read."""
        try:
            return [(found.st_mtime_ns, found.st_size) for found in (file.stat() for file in self._files)]
        except OSError as error:
            raise ConfigError(f"orbits.files: {error.filename} cannot be read: {error.strerror}") from None

    def _follow(self, stop: threading.Event) -> None:
        """Follow the journal until it is time to stop or the files have changed."""
        from vigie.orbit.fleet import aliases
        from vigie.visibility import Visibility

        self._over = False
        heard = self._heard(stop)
        first = next(heard, None)
        if first is None:
            return
        names = aliases(self._orbits, first.time)
        found = stages.locations(chain([first], heard), self._orbits, aliases=names)
        group: list[Solution] = []
        for record in Visibility(self._orbits).marked(found):
            if self._over:  # the bursts that are not complete stay for the next start
                return
            if isinstance(record, Solution):
                group.append(record)
                if not record.more:
                    self._give(group)
                    group = []

    def _heard(self, stop: threading.Event) -> Iterator[Detection | Tick]:
        """Detections of the journal, the last ones again, and the clock."""
        seq = max(self._journal.last_seq() - BACK, 0)
        for row in self._journal.rows(seq, kinds=("solution",)):
            if row.body["method"] != "encoded" and row.body.get("source", "") == self._source:
                self._told[str(row.beacon)] = parse(row.body["end"]), row.body["used"]
        looked = time.monotonic()
        while not stop.is_set():
            self._news.clear()
            rows = self._journal.rows(seq, kinds=("detection",), limit=_PAGE)
            for row in rows:
                yield cast("Detection", forms.to_record(row))
                seq = row.seq
            if time.monotonic() - looked > _LOOK_S:
                looked = time.monotonic()
                if self._now() != self._stamps:
                    break
            if not rows:
                if self._clock is not None:
                    yield Tick(self._clock())
                self._news.wait(_WAIT_S)
        self._over = True

    def _give(self, group: Sequence[Solution]) -> None:
        """Give the positions of a burst, unless the journal has them."""
        first = group[0]
        alert, told = ("X-" if first.exercise else "") + first.hex_id, (first.end, first.used)
        if alert in self._told and told <= self._told[alert]:
            return
        self._take([replace(one, source=self._source) for one in group])
        self._told[alert] = told
        self.located += 1
        self.error = None

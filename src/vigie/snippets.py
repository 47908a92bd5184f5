"""The samples of every burst, kept as a SigMF recording beside its record, within limits of size and age.

A snippet lets a burst be looked at again, measured and decoded anew. It is not what the alert rests on: a disk that is
full costs the snippet, says so, and costs nothing else.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from errno import EACCES, ENOTDIR
from pathlib import Path
from typing import Any

import numpy as np

from vigie import __version__, instants
from vigie.errors import ConfigError
from vigie.records import Burst, Record, Samples
from vigie.signal.recent import Recent, length_s

log = logging.getLogger(__name__)

_META, _DATA = ".sigmf-meta", ".sigmf-data"
MOST_BYTES = 2_000_000_000
MOST_AGE_S = 30 * 86_400.0
_SAY_EVERY_S = 60.0
_HALF_WIDTH_HZ = {"FGB": 1600.0, "SGB": 38_400.0}


class Shelf:
    """A folder of snippets that is kept small and young enough: the oldest go first. Shared by all sources."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES, most_age_s: float = MOST_AGE_S) -> None:
        """Raises ConfigError when the folder cannot be written or made. It is made with the first snippet: whoever only
        looks at a configuration leaves nothing behind, least of all a folder that another user cannot write to."""
        self.folder, self.most_bytes, self.most_age_s = folder, most_bytes, most_age_s
        self._guard = threading.Lock()
        try:
            place = next(one for one in (folder, *folder.absolute().parents) if one.exists())
            if not place.is_dir():
                raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR))
            if not os.access(place, os.W_OK | os.X_OK):
                raise PermissionError(EACCES, os.strerror(EACCES))
            found = [(data.stat().st_mtime, data.stat().st_size, data) for data in folder.glob(f"*/*{_DATA}")]
        except OSError as error:
            raise ConfigError(f"{folder}, the folder for snippets, cannot be used: {error.strerror}") from None
        self._files = deque(sorted(found))
        self.total_bytes = sum(size for _, size, _ in self._files)

    def add(self, data: Path, size: int) -> None:
        """A snippet was written: make room for it."""
        with self._guard:
            self._files.append((time.time(), size, data))
            self.total_bytes += size
            gone = 0
            while len(self._files) > 1 and self._too_much():
                _, size, oldest = self._files.popleft()
                oldest.with_suffix(_META).unlink(missing_ok=True)
                oldest.unlink(missing_ok=True)
                self.total_bytes -= size
                gone += 1
        if gone:
            log.info("%s: %d snippets deleted, the oldest, to stay within the limits", self.folder, gone)

    def _too_much(self) -> bool:
        return self.total_bytes > self.most_bytes or self._files[0][0] < time.time() - self.most_age_s


@dataclass
class Keeper:
    """Writes the snippets of one source."""

    shelf: Shelf
    source: str = ""
    margin_s: float = 0.1
    position_deg: tuple[float, ...] | None = None
    """of the station: latitude, longitude, metres above the ellipsoid"""
    written: int = 0
    failed: int = 0
    recent: Recent = field(default_factory=Recent)
    _said_at: float = -_SAY_EVERY_S

    def keep(self, stream: Iterable[Record]) -> Iterator[Record]:
        """The stream, each burst with the path of its snippet. ``recent`` must watch its samples."""
        for record in stream:
            yield replace(record, snippet=self.write(record)) if isinstance(record, Burst) else record

    def write(self, burst: Burst) -> str | None:
        """Write the snippet of one burst; the path of its metadata below the folder, None when there is none."""
        block = self.recent.of(burst, self.margin_s, self.margin_s)
        if block is None or block.audio != "iq":
            return None
        try:
            meta = self._write(burst, block)
            self.shelf.add(meta.with_suffix(_DATA), block.iq.nbytes)
        except OSError as error:
            self.failed += 1
            if time.monotonic() - self._said_at > _SAY_EVERY_S:
                self._said_at = time.monotonic()
                log.error("%s: snippets cannot be written: %s", self.shelf.folder, error.strerror)
            return None
        self.written += 1
        return meta.relative_to(self.shelf.folder).as_posix()

    def _write(self, burst: Burst, block: Samples) -> Path:
        start = burst.start if burst.start is not None else np.datetime64(time.time_ns(), "ns")
        day = str(start.astype("datetime64[D]"))
        stem = str(start.astype("datetime64[ms]")).replace(":", "").replace(".", "_") + "Z"
        where = "" if burst.frequency_hz is None else f"_{burst.frequency_hz:.0f}Hz"
        folder = self.shelf.folder / day
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1000):
            base = folder / f"{stem}{where}_{burst.kind}{f'_{number}' if number else ''}"
            if not base.with_name(base.name + _META).exists():
                break
        data, meta = base.with_name(base.name + _DATA), base.with_name(base.name + _META)
        try:
            block.iq.astype("<c8").tofile(data)
            draft = base.with_name(base.name + ".tmp")
            draft.write_text(json.dumps(self._metadata(burst, block), indent=1))
            os.replace(draft, meta)  # what has metadata is whole
        except OSError:
            data.unlink(missing_ok=True)
            raise
        return meta

    def _metadata(self, burst: Burst, block: Samples) -> dict[str, Any]:
        whole: dict[str, Any] = {
            "core:datatype": "cf32_le",
            "core:sample_rate": block.rate_hz,
            "core:version": "1.2.0",
            "core:recorder": f"Vigie {__version__}",
            "core:description": f"one burst received by {self.source or 'Vigie'}",
        }
        if self.position_deg is not None:
            lat, lon, *alt = self.position_deg
            whole["core:geolocation"] = {"type": "Point", "coordinates": [lon, lat, *alt]}
        capture: dict[str, Any] = {"core:sample_start": 0, "core:global_index": block.first}
        if block.centre_hz is not None:
            capture["core:frequency"] = block.centre_hz
        if block.start is not None:
            capture["core:datetime"] = instants.text(block.start)
        mark: dict[str, Any] = {
            "core:sample_start": max(burst.sample - block.first, 0),
            "core:sample_count": round(length_s(burst) * block.rate_hz),
            "core:label": f"{burst.kind} {burst.sync.replace('_', '-')}",
        }
        if burst.frequency_hz is not None:
            mark["core:freq_lower_edge"] = burst.frequency_hz - _HALF_WIDTH_HZ[burst.kind]
            mark["core:freq_upper_edge"] = burst.frequency_hz + _HALF_WIDTH_HZ[burst.kind]
        if burst.cn0_dbhz is not None:
            mark["core:comment"] = f"C/N0 {burst.cn0_dbhz:.1f} dB-Hz"
        return {"global": whole, "captures": [capture], "annotations": [mark]}

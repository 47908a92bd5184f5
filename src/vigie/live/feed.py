"""Where a live source meets the receiver: a bounded queue, dated by the clock, that notices what is missing.

A driver runs in its own thread and gives raw samples; the receiver pulls blocks at its own pace. The queue is bounded:
what does not fit is dropped, counted, dated and logged, never waited for. A driver that loses its source is started
again with back-off. What was received before a loss is not kept waiting for what comes after it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from vigie import instants
from vigie.errors import RecordingError
from vigie.records import Samples
from vigie.signal.recording import Audio, Format

log = logging.getLogger(__name__)

BLOCK_S = 0.1
QUEUE_S = 10.0
"""of samples wait for the receiver at most"""
STALL_S = 5.0
"""without samples: the source counts as lost"""
_BACK_OFF_S = (1.0, 2.0, 5.0, 10.0, 30.0)
_SLEW = 200e-6
"""seconds a second by which the estimate of the radio's clock may run late: more than any quartz is off"""
_LATE_S = 0.05
"""samples that stay this late for a while are not late: some before them are missing"""
_WATCH = 40
"""blocks over which lateness is watched: a network's delay is over by then"""
_SAY_EVERY_S = 10.0


class LostError(Exception):
    """A source that was there, or should be, and is not: worth trying again. Its text says why."""


class Driver(Protocol):
    """What reads one kind of source."""

    def __call__(self, feed: Feed) -> None:
        """Give samples until the source is over or ``feed.stop`` is set (return), or it is lost (raise LostError).

        Raises RecordingError or ConfigError for what no further try can mend.
        """


@dataclass
class Counts:
    """What a feed has seen, for ``/healthz``."""

    samples: int = 0
    dropped: int = 0
    """samples for which the queue had no room"""
    missing: int = 0
    """samples that never came: lost by the radio, the driver or the network"""
    gaps: int = 0
    connections: int = 0
    clipped: float = 0.0
    """share of the last blocks' numbers at the end of their range"""


@dataclass
class Feed:
    """A live source as blocks of samples."""

    name: str
    driver: Driver
    layout: Format
    rate_hz: float
    centre_hz: float | None
    audio: Audio = "iq"
    stall_s: float = STALL_S
    queue_s: float = QUEUE_S
    patient: bool = True
    """go on trying when the very first connection fails"""
    now: Callable[[], np.datetime64] = field(default=lambda: np.datetime64(time.time_ns(), "ns"))
    state: str = "waiting"
    """waiting, connecting, receiving, silent, lost, ended or failed"""
    error: str | None = None
    counts: Counts = field(default_factory=Counts)
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._ready = threading.Condition()
        self._queue: deque[tuple[int, np.datetime64, bytes]] = deque()
        self._held = 0  # samples in the queue
        self._first = 0  # index of the next sample, those that are missing included
        self._origin: np.datetime64 | None = None  # what the clock read at sample 0, as estimated
        self._late: deque[float] = deque(maxlen=_WATCH)
        self._last_given = time.monotonic()
        self._rest = b""
        self._flushed = True
        self._over = False
        self._fatal: Exception | None = None
        self._said: dict[str, tuple[float, int]] = {}
        self._thread: threading.Thread | None = None

    # -- the driver's side

    def connected(self, rate_hz: float | None = None) -> None:
        """The source is there and samples are about to come."""
        if rate_hz is not None:
            self.rate_hz = rate_hz
        self.counts.connections += 1
        self._rest = b""
        self._late.clear()
        self._last_given = time.monotonic()
        if self.counts.connections > 1:
            self.resume()
            log.warning("%s: there again at %s", self.name, instants.text(self.now()))

    def give(self, raw: bytes) -> None:
        """Samples as they come, in any portion."""
        raw = self._rest + raw if self._rest else raw
        size = self.layout.sample_bytes
        whole = len(raw) // size * size
        self._rest = raw[whole:]
        if not whole:
            return
        raw, count = raw[:whole], whole // size
        arrived = self.now()
        self._last_given = time.monotonic()
        with self._ready:
            self.state, self.error = "receiving", None
            start = self._date(arrived, count)
            self.counts.samples += count
            if self._held + count > self.queue_s * self.rate_hz:
                self.counts.dropped += count
                self._say("dropped", count, "%s: at %s the receiver is behind: %d samples dropped so far", arrived)
            else:
                self._queue.append((self._first, start, raw))
                self._held += count
            self._first += count
            self._ready.notify()
        self._clipping(raw)

    def missing(self, count: int) -> None:
        """The driver knows that so many samples never came."""
        if count > 0:
            with self._ready:
                self._first += count
                self.counts.missing += count
            self._gap(count, self.now())

    def overflow(self) -> None:
        """The driver knows that samples were lost, but not how many: the clock will tell."""
        self._say("overflow", 1, "%s: at %s the radio's driver lost samples, %d times so far", self.now())

    def silent(self, why: str) -> None:
        """Nothing comes, and there is nobody to ask."""
        if self.state != "silent" or self.error is None:
            log.warning("%s: at %s: %s", self.name, instants.text(self.now()), why)
        self.state, self.error = "silent", why

    def resume(self) -> None:
        """What comes next is taken now: after a loss or a silence the index goes on where the clock says."""
        if self._origin is None:
            return
        at = self.now()
        past_s = float((at - self._origin) / np.timedelta64(1, "s"))
        with self._ready:
            lost = max(round(past_s * self.rate_hz) - self._first, 1)
            self._first += lost
            self.counts.missing += lost
            self._origin = instants.after(at, -self._first / self.rate_hz)
        self._gap(lost, at)

    # -- the receiver's side

    def blocks(self) -> Iterator[Samples]:
        """Blocks as they come. Raises RecordingError when the source cannot be had at all."""
        self._thread = threading.Thread(target=self._drive, name=f"radio {self.name}", daemon=True)
        self._thread.start()
        length = max(1, round(BLOCK_S * self.rate_hz))
        try:
            while (taken := self._take(length)) is not None:
                yield taken
        finally:
            self.close()
        if self._fatal is not None:
            raise self._fatal

    def close(self) -> None:
        """Stop the driver. From any thread."""
        self.stop.set()
        with self._ready:
            self._ready.notify_all()

    def health(self) -> dict[str, Any]:
        """How it fares, as ``/healthz`` prints it."""
        counts = self.counts
        return {
            "state": self.state,
            "error": self.error,
            "rate_hz": self.rate_hz,
            "centre_hz": self.centre_hz,
            "samples": counts.samples,
            "dropped_samples": counts.dropped,
            "missing_samples": counts.missing,
            "gaps": counts.gaps,
            "connections": counts.connections,
            "clipped": round(counts.clipped, 6),
            "queue_s": round(self._held / self.rate_hz, 3),
            "silent_s": round(time.monotonic() - self._last_given, 1) if self.counts.samples else None,
        }

    def _take(self, length: int) -> Samples | None:
        """The next block; None when the source is over."""
        with self._ready:
            while True:
                if len(self._queue) and (self._held >= length or self._over or self._stalled()):
                    return self._block(length)
                if not self._queue and (self._over or self.stop.is_set()):
                    return None
                if not self._queue and not self._flushed and self._stalled():
                    return self._flush()
                self._ready.wait(0.1)

    def _stalled(self) -> bool:
        return self.stop.is_set() or time.monotonic() - self._last_given > 2 * BLOCK_S + 0.3

    def _block(self, length: int) -> Samples:
        """What is queued and goes together, about ``length`` samples of it."""
        first, start, raw = self._queue.popleft()
        parts, count = [raw], len(raw) // self.layout.sample_bytes
        while self._queue and self._queue[0][0] == first + count and count < length:
            raw = self._queue.popleft()[2]
            parts.append(raw)
            count += len(raw) // self.layout.sample_bytes
        self._held -= count
        self._flushed = False
        iq = self.layout.read(b"".join(parts))
        return Samples(iq, self.rate_hz, self.centre_hz, start, first, "", self.audio)

    def _flush(self) -> Samples:
        """One sample beyond a gap: it tells the receiver to look at what it holds, for nothing follows it."""
        self._flushed = True
        self._first += 2
        start = instants.after(self._origin or self.now(), (self._first - 1) / self.rate_hz)
        block = Samples(np.zeros(1, np.complex64), self.rate_hz, self.centre_hz, start, self._first - 1, "", self.audio)
        if not self._over and self.state == "receiving":
            self.state = "silent"
        return block

    # -- dating

    def _date(self, arrived: np.datetime64, count: int) -> np.datetime64:
        """The instant of the next sample, ``count`` of which have arrived now.

        No sample arrives before it was taken, so the earliest arrivals tell the radio's clock; the estimate may wander
        as fast as a quartz does. Lateness that stays is a hole in the samples.
        """
        end_s = (self._first + count) / self.rate_hz
        if self._origin is None:
            self._origin = instants.after(arrived, -end_s)
        late_s = float((arrived - instants.after(self._origin, end_s)) / np.timedelta64(1, "s"))
        self._late.append(late_s)
        if len(self._late) == _WATCH and min(self._late) > _LATE_S:
            lost = round(min(self._late) * self.rate_hz)
            self._first += lost
            self.counts.missing += lost
            self._gap(lost, arrived)
            self._late.clear()
        elif late_s < 0:
            self._origin = instants.after(self._origin, late_s)
            if late_s < -1:
                log.warning("%s: at %s this computer's clock was set back", self.name, instants.text(arrived))
        else:
            self._origin = instants.after(self._origin, min(late_s, _SLEW * count / self.rate_hz))
        return instants.after(self._origin, self._first / self.rate_hz)

    def _gap(self, count: int, at: np.datetime64) -> None:
        self.counts.gaps += 1
        log.warning("%s: %.3f s of samples are missing before %s", self.name, count / self.rate_hz, instants.text(at))

    def _say(self, kind: str, count: int, words: str, at: np.datetime64) -> None:
        """Say it at once, and then so seldom that a log can bear it, with the sum."""
        last, total = self._said.get(kind, (-_SAY_EVERY_S, 0))
        total += count
        if time.monotonic() - last >= _SAY_EVERY_S:
            last = time.monotonic()
            log.warning(words, self.name, instants.text(at), total)
        self._said[kind] = last, total

    def _clipping(self, raw: bytes) -> None:
        """Watch for numbers at the end of their range: a level too high makes bursts out of bursts."""
        kind = np.dtype(self.layout.dtype)
        if kind.kind not in "iu":
            return
        numbers, ends = np.frombuffer(raw, kind), np.iinfo(kind)
        share = float(np.count_nonzero((numbers == ends.min) | (numbers == ends.max)) / len(numbers))
        self.counts.clipped += 0.1 * (share - self.counts.clipped)
        if self.counts.clipped > 0.01:
            clipped = round(share * len(numbers))
            self._say("clipped", clipped, "%s: at %s the level is too high: %d numbers clipped so far", self.now())

    # -- the thread

    def _drive(self) -> None:
        failures = 0
        try:
            while not self.stop.is_set():
                self.state = "connecting"
                before, connected = self.counts.samples, self.counts.connections
                try:
                    self.driver(self)
                    self.state = "ended"
                    return
                except LostError as lost:
                    self.state, self.error = "lost", str(lost)
                    if self.counts.connections == 0 and not self.patient:
                        raise RecordingError(f"{self.name}: {lost}") from None
                failures = 1 if self.counts.samples > before else failures + 1
                wait_s = _BACK_OFF_S[min(failures, len(_BACK_OFF_S)) - 1]
                again = "there was no connection" if self.counts.connections == connected else "lost"
                log.warning(
                    "%s: %s at %s: %s; next try in %.0f s",
                    self.name, again, instants.text(self.now()), self.error, wait_s,
                )  # fmt: skip
                self.stop.wait(wait_s)
        except Exception as error:  # told to the receiver's thread, which raises it
            self.state, self.error, self._fatal = "failed", str(error), error
        finally:
            with self._ready:
                self._over = True
                self._ready.notify_all()

"""One band out of a wider stream: shifted to zero, filtered and thinned out, block by block.

A radio delivers what it can sample at, often far more than the band of interest; searching all of it costs time and
brings false alarms from other services. Several bands of one stream are several channels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vigie.errors import ConfigError
from vigie.instants import after
from vigie.records import Samples

_MARGIN = 1.25
"""the least rate kept, over the band's width"""
_STOP_DB = 80.0


@dataclass(frozen=True, slots=True)
class Band:
    """Radio frequencies from ``low_hz`` to ``high_hz``."""

    low_hz: float
    high_hz: float
    name: str = ""

    @property
    def centre_hz(self) -> float:
        """Its middle."""
        return (self.low_hz + self.high_hz) / 2

    @property
    def width_hz(self) -> float:
        """From edge to edge."""
        return self.high_hz - self.low_hz


def check(bands: Sequence[Band], rate_hz: float, centre_hz: float | None, what: str) -> None:
    """Raise ConfigError when a band does not lie within what is sampled."""
    for band in bands:
        if centre_hz is None:
            raise ConfigError(f"{what}: bands need a source whose centre frequency is known: state centre_hz")
        low, high = centre_hz - rate_hz / 2, centre_hz + rate_hz / 2
        if not (low <= band.low_hz < band.high_hz <= high):
            raise ConfigError(
                f"{what}: the band from {band.low_hz:.0f} to {band.high_hz:.0f} Hz is not within the "
                f"{low:.0f} to {high:.0f} Hz that are sampled"
            )


class Cutter:
    """Cuts one band out of a stream of blocks."""

    def __init__(self, band: Band, rate_hz: float, centre_hz: float) -> None:
        from scipy import signal

        self.band = band
        self.step = max(1, int(rate_hz / (band.width_hz * _MARGIN)))
        self.rate_hz = rate_hz / self.step
        self.shift = (band.centre_hz - centre_hz) / rate_hz
        edge = band.width_hz / 2
        width = min(self.rate_hz - 2 * edge, rate_hz - 2 * edge) / (rate_hz / 2)
        count, beta = signal.kaiserord(_STOP_DB, max(width, 1e-3))
        self.half = -(-count // 2 // self.step) * self.step if self.step > 1 else 0
        taps = signal.firwin(2 * self.half + 1, self.rate_hz / 2, window=("kaiser", beta), fs=rate_hz)
        self.taps: NDArray[np.float32] = taps.astype(np.float32) if self.half else np.ones(1, np.float32)
        self.next: int | None = None
        self.tail = np.zeros(0, np.complex64)

    def take(self, block: Samples) -> Samples | None:
        """What of the band can be told now; None when it is too little for a sample."""
        from scipy import signal

        if block.first != self.next:  # the beginning, or a gap: the filter starts from silence
            self.tail = np.zeros(self.half, np.complex64)
            self.begin = block.first - self.half
        self.next = block.first + len(block.iq)
        turns = np.mod(self.shift * (block.first + np.arange(len(block.iq))), 1.0)
        held = np.concatenate([self.tail, block.iq * np.exp(-2j * np.pi * turns).astype(np.complex64)])
        lead = -(self.begin + self.half) % self.step  # so that what comes out lies on multiples of the step
        count = (len(held) - lead - len(self.taps)) // self.step + 1
        if count <= 0:
            self.tail = held
            return None
        used = held[lead : lead + (count - 1) * self.step + len(self.taps)]
        kept = signal.upfirdn(self.taps, used, 1, self.step)[2 * self.half // self.step :][:count]
        at = self.begin + lead + self.half
        start = None if block.start is None else after(block.start, (at - block.first) / block.rate_hz)
        self.tail = held[lead + count * self.step :]
        self.begin += lead + count * self.step
        iq = np.ascontiguousarray(kept, np.complex64)
        name = " ".join(part for part in (block.channel, self.band.name) if part)
        return Samples(iq, self.rate_hz, self.band.centre_hz, start, at // self.step, name, block.audio)


def cut(blocks: Iterable[Samples], bands: Sequence[Band]) -> Iterator[Samples]:
    """The bands of each block as blocks of their own; without bands, the blocks as they are."""
    cutters: dict[tuple[str, float], list[Cutter]] = {}
    for block in blocks:
        if not bands or block.audio != "iq" or block.centre_hz is None:
            yield block
            continue
        key = block.channel, block.rate_hz
        if key not in cutters:
            cutters[key] = [Cutter(band, block.rate_hz, block.centre_hz) for band in bands]
        for cutter in cutters[key]:
            if (part := cutter.take(block)) is not None:
                yield part

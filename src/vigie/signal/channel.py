"""A stretch of wide samples, transformed once, from which narrow channels are cut at will."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft


@dataclass(frozen=True, slots=True, eq=False)
class Narrow:
    """One narrow channel: complex baseband about ``centre_hz``, its first sample at the first of the stretch."""

    iq: NDArray[np.complex64]
    rate_hz: float
    centre_hz: float
    """offset of the channel's zero frequency from that of the stretch"""
    middle: int
    """the bin of the stretch's spectrum that became its zero frequency"""
    size: int
    """how many bins it was cut from"""


class Stretch:
    """The spectrum of a stretch of samples. ``take`` cuts a channel out, ``remove`` takes a signal off.

    resampled_hz: a rate at which all of it will be wanted, by a transform that should be a fast one as well.
    """

    def __init__(self, iq: NDArray[np.complex64], rate_hz: float, resampled_hz: float | None = None) -> None:
        self.count, self.rate_hz = len(iq), rate_hz
        guard = int(0.02 * rate_hz)  # keeps the end of the stretch from leaking into its beginning
        least = self.count + guard
        self.size = _fast(least) if resampled_hz is None else _fast_twice(least, resampled_hz / rate_hz)
        self.spectrum: NDArray[np.complex64] = fft.fft(iq, self.size)

    def place(self, offset_hz: float, width_hz: float) -> Narrow:
        """Where ``take`` would cut: the channel without its samples."""
        size = min(_fast(max(16, int(np.ceil(width_hz / self.rate_hz * self.size)))), self.size)
        middle = round(offset_hz / self.rate_hz * self.size)
        rate_hz = self.rate_hz * size / self.size
        return Narrow(np.zeros(0, np.complex64), rate_hz, middle * self.rate_hz / self.size, middle, size)

    def take(self, offset_hz: float, width_hz: float) -> Narrow:
        """The channel ``width_hz`` wide (or as wide as the stretch) about ``offset_hz``; its rate is its width."""
        place = self.place(offset_hz, width_hz)
        size = place.size
        part = np.empty(size, np.complex64)
        for inside, outside in self._pieces(place):
            part[inside] = self.spectrum[outside]
        part *= _edges(size, self.size, True)
        iq = fft.ifft(part, overwrite_x=True)
        count = min(size, int(np.ceil(self.count * size / self.size)))
        return Narrow(iq[:count], place.rate_hz, place.centre_hz, place.middle, size)

    def remove(self, narrow: Narrow, first: int, signal: NDArray[np.complex64]) -> None:
        """Subtract ``signal``, which begins at sample ``first`` of the channel ``narrow``, from the stretch."""
        size = narrow.size
        padded = np.zeros(size, np.complex64)
        padded[first : first + len(signal)] = signal[: max(0, size - first)]
        taken = fft.fft(padded, overwrite_x=True)
        taken *= _edges(size, self.size, False)
        for inside, outside in self._pieces(narrow):
            self.spectrum[outside] -= taken[inside]

    def _pieces(self, narrow: Narrow) -> Iterator[tuple[slice, slice]]:
        """Runs of bins of a channel, in FFT order, and where they lie in the stretch."""
        positive = (narrow.size + 1) // 2
        for inside, count, bin_1 in (
            (0, positive, narrow.middle),
            (positive, narrow.size - positive, narrow.middle - (narrow.size - positive)),
        ):
            outside = bin_1 % self.size
            fits = min(count, self.size - outside)
            yield slice(inside, inside + fits), slice(outside, outside + fits)
            if fits < count:
                yield slice(inside + fits, inside + count), slice(0, count - fits)


@lru_cache(maxsize=256)
def _fast(size: int) -> int:
    return int(fft.next_fast_len(size, real=True))  # factors of 2, 3 and 5 alone: those of 7 and 11 take twice as long


@lru_cache(maxsize=64)
def _fast_twice(least: int, ratio: float) -> int:
    """A fast size whose ``resampled`` size is fast too and exact to a part in a million, if a tenth more allows it."""
    size = _fast(least)
    while size <= 1.1 * least:
        other = resampled(size, ratio)
        if other == _fast(other) and abs(other / (size * ratio) - 1) < 1e-6:
            return size
        size = _fast(size + 1)
    return _fast(least)


def resampled(size: int, ratio: float) -> int:
    """The even number of samples that ``size`` become at ``ratio`` times their rate."""
    return round(size * ratio) // 2 * 2


@lru_cache(maxsize=64)
def _edges(size: int, whole: int, narrowing: bool) -> NDArray[np.float32]:
    """Weights in FFT order, flat, falling to 0 over the outer twentieth on each side; flat for the whole stretch.

    They keep amplitudes as they are from a spectrum of ``whole`` bins to one of ``size`` (narrowing), or back.
    """
    scale = size / whole if narrowing else whole / size
    if size >= whole:
        return np.full(size, scale, np.float32)
    away = np.abs(fft.fftfreq(size)) * 2
    weights: NDArray[np.float32] = (scale * (0.5 + 0.5 * np.cos(np.pi * np.clip((away - 0.9) / 0.1, 0, 1)))).astype(
        np.float32
    )
    return weights

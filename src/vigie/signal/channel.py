"""A stretch of wide samples, transformed once, from which narrow channels are cut at will."""

from __future__ import annotations

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
    bins: NDArray[np.intp]
    """the bins of the stretch's spectrum that it was cut from"""


class Stretch:
    """The spectrum of a stretch of samples. ``take`` cuts a channel out, ``remove`` takes a signal off."""

    def __init__(self, iq: NDArray[np.complex64], rate_hz: float) -> None:
        self.count, self.rate_hz = len(iq), rate_hz
        guard = int(0.02 * rate_hz)  # keeps the end of the stretch from leaking into its beginning
        self.size = _fast(self.count + guard)
        self.spectrum: NDArray[np.complex64] = fft.fft(iq, self.size)

    def place(self, offset_hz: float, width_hz: float) -> Narrow:
        """Where ``take`` would cut: the channel without its samples."""
        size = min(_fast(max(16, int(np.ceil(width_hz / self.rate_hz * self.size)))), self.size)
        middle = round(offset_hz / self.rate_hz * self.size)
        bins = (middle + _offsets(size)) % self.size
        rate_hz = self.rate_hz * size / self.size
        return Narrow(np.zeros(0, np.complex64), rate_hz, middle * self.rate_hz / self.size, bins)

    def take(self, offset_hz: float, width_hz: float) -> Narrow:
        """The channel ``width_hz`` wide (or as wide as the stretch) about ``offset_hz``; its rate is its width."""
        place = self.place(offset_hz, width_hz)
        size = len(place.bins)
        iq = fft.ifft(self.spectrum[place.bins] * (_edges(size, self.size) * np.float32(size / self.size)))
        count = min(size, int(np.ceil(self.count * size / self.size)))
        return Narrow(iq[:count], place.rate_hz, place.centre_hz, place.bins)

    def remove(self, narrow: Narrow, first: int, signal: NDArray[np.complex64]) -> None:
        """Subtract ``signal``, which begins at sample ``first`` of the channel ``narrow``, from the stretch."""
        size = len(narrow.bins)
        padded = np.zeros(size, np.complex64)
        padded[first : first + len(signal)] = signal[: max(0, size - first)]
        self.spectrum[narrow.bins] -= fft.fft(padded) * (_edges(size, self.size) * np.float32(self.size / size))


@lru_cache(maxsize=256)
def _fast(size: int) -> int:
    return int(fft.next_fast_len(size))


@lru_cache(maxsize=32)
def _offsets(size: int) -> NDArray[np.intp]:
    """Bins from the middle of a channel, in FFT order."""
    offsets: NDArray[np.intp] = fft.fftfreq(size, 1 / size).astype(np.intp)
    return offsets


@lru_cache(maxsize=32)
def _edges(size: int, whole: int) -> NDArray[np.float32]:
    """Weights in FFT order: 1, falling to 0 over the outer twentieth on each side; all 1 for the whole stretch."""
    if size >= whole:
        return np.ones(size, np.float32)
    away = np.abs(fft.fftfreq(size)) * 2
    weights: NDArray[np.float32] = (0.5 + 0.5 * np.cos(np.pi * np.clip((away - 0.9) / 0.1, 0, 1))).astype(np.float32)
    return weights

"""Samples made ready for the search of second-generation bursts: filtered, whitened, levelled.

Carriers, pulses and other bursts then count as noise of their own power.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vigie.signal import sgb
from vigie.signal.channel import Stretch, resampled
from vigie.signal.sgb import CHIP_RATE_HZ, CHIP_S

FOUR_HZ = 4 * CHIP_RATE_HZ
"""samples of a stretch made ready, before every second is taken"""
_LEVEL_S = 0.03
_CLIP = 4.0
_CELL_HZ = 200.0

Complex32 = NDArray[np.complex64]
Real32 = NDArray[np.float32]


class Prepared:
    """A stretch filtered for half-sine chips, at two and at four samples a chip, whitened and levelled."""

    def __init__(self, stretch: Stretch, centre_hz: float) -> None:
        from scipy import fft, ndimage

        self.stretch = stretch
        size = stretch.size
        self.size4 = resampled(size, FOUR_HZ / stretch.rate_hz)
        middle = round(centre_hz / stretch.rate_hz * size)
        self.centre_hz = middle * stretch.rate_hz / size
        self.rate_hz = stretch.rate_hz * self.size4 / size / 2
        half = min(size // 2, self.size4 // 2)
        bins = np.arange(-half, half)
        band = stretch.spectrum[(middle + bins) % size] * (np.abs(middle + bins) <= size // 2)
        band = band * _matched(half, stretch.rate_hz / size)
        band *= _whitening(band, max(1, round(_CELL_HZ / (stretch.rate_hz / size))))
        wide = np.zeros(self.size4, np.complex64)
        wide[:half], wide[-half:] = band[half:], band[:half]
        self.four: Complex32 = fft.ifft(wide)
        count = int(stretch.count / stretch.rate_hz * self.rate_hz * 2)
        power = ndimage.uniform_filter1d(np.abs(self.four[:count]) ** 2, int(2 * _LEVEL_S * self.rate_hz))
        self.count = count // 2
        self.four = self.four[:count] / np.sqrt(np.maximum(power, max(float(power.max()) * 1e-9, 1e-37)))
        size_of = np.abs(self.four)
        self.four *= np.minimum(1.0, _CLIP / np.maximum(size_of, 1e-6))
        self.two = (np.ascontiguousarray(self.four[::2]), np.ascontiguousarray(self.four[1::2]))
        """half-chip steps, from the first sample and from a quarter of a chip later"""
        self.energy = [np.concatenate([[0.0], np.cumsum(np.abs(one) ** 2, dtype=np.float64)]) for one in self.two]


@lru_cache(maxsize=4)
def _matched(half: int, step_hz: float) -> Real32:
    """The matched filter of half-sine chips at 2 half bins about the carrier. Read-only."""
    gains: Real32 = sgb.pulse_spectrum(np.arange(-half, half) * (step_hz * CHIP_S), "half_sine").astype(np.float32)
    gains.flags.writeable = False
    return gains


def _whitening(band: Complex32, width: int) -> Real32:
    """Weights that bring lines and narrow signals down to the level of what is about them."""
    from scipy import ndimage

    blocks = len(band) // width
    if blocks < 16:
        return np.ones(len(band), np.float32)
    power = (np.abs(band[: blocks * width]) ** 2).reshape(blocks, width).mean(1)
    floor = ndimage.median_filter(power, size=min(101, blocks // 2 * 2 - 1), mode="nearest")
    weights = np.where(power > 3 * floor, np.sqrt(floor / np.maximum(power, 1e-37)), 1.0)
    spread = np.full(len(band), weights[-1], np.float32)
    spread[: blocks * width] = np.repeat(weights, width)
    return spread


def cleaned(iq: Complex32, rate_hz: float) -> Complex32:
    """Samples with lines, narrow signals and pulses brought down to the level of what is about them."""
    from scipy import fft

    size = fft.next_fast_len(len(iq))
    spectrum = fft.fftshift(fft.fft(iq, size))
    weights = _whitening(spectrum, max(1, round(_CELL_HZ / rate_hz * size)))
    if weights.min() < 1:
        iq = fft.ifft(fft.ifftshift(spectrum * weights))[: len(iq)]
    size_of = np.abs(iq)
    limit = 2 * _CLIP * float(np.median(size_of))
    return iq * np.minimum(1, limit / np.maximum(size_of, limit / 2)) if limit > 0 and size_of.max() > limit else iq

"""From a place and a rough frequency to phase, frequency, drift, timing and bit rate over a whole burst.

The receiver works on integrals over half bits. What is known at first are the carrier and bits 1-24; each step takes in
more bits, whose tentative decisions (soft, so that a doubtful bit pulls little) extend the reach of a fit of five
numbers. The residual carrier, a fifth of the power, needs no decision at all. The bit rate may be off by 1 %
(T.001 2.2.4): 1.4 bits over a message, so timing is followed like phase.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from vigie.constants import FGB_LONG_BITS, FGB_SHORT_BITS
from vigie.signal import track_loops
from vigie.signal.fgb import BIT_S, SYNC_BITS
from vigie.signal.track_loops import CARRIER_BITS, DRIFT_SIGMA_HZ_PER_S, EVEN, ODD

_STEPS = np.array([SYNC_BITS, 34, 48, 66, 88, FGB_SHORT_BITS])
_STRONG_STEPS = np.array([48, FGB_SHORT_BITS])
_STRONG = 10**3.8
"""C/N0 of a burst that may be followed in longer steps"""

Real = NDArray[np.floating[Any]]
Complex = NDArray[np.complexfloating[Any, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A burst as followed. Times from the first sample, phase polynomial about the beginning of bit 1."""

    start_s: float
    """beginning of bit 1"""
    stretch: float
    """length of a bit over its nominal 2.5 ms, less 1"""
    phase_rad: float
    frequency_hz: float
    drift_hz_per_s: float
    swing: Real
    """(144,) integral of each bit against "1", seconds of unit amplitude; positive for a 1"""
    noise_density: float
    amplitude: float
    bits: int
    """112 or 144: how long the burst lasts"""


_CARRIER_TIMES = (np.arange(-CARRIER_BITS, 0) + 0.5) * BIT_S
_BIT_TIMES = (np.arange(FGB_LONG_BITS) + 0.5) * BIT_S
_DRIFT_GRID = np.arange(-200.0, 201.0, 25.0)
_GRID_TIMES = np.concatenate([_CARRIER_TIMES, _BIT_TIMES[:SYNC_BITS]])
_DECHIRP = np.exp(-1j * np.pi * _DRIFT_GRID[:, None] * _GRID_TIMES**2).astype(np.complex64)
_GRID_SIZE = 256
_COARSE = 10.0
"""power over that of noise in 400 Hz, at 36 dB-Hz, from which a coarser grid does"""


def first_phase(known: Complex, noise_density: float) -> NDArray[np.float64]:
    """Phase, frequency and drift at the beginning of bit 1 from the carrier and bits 1-24 stripped of their swing."""
    power = float(np.vdot(known, known).real) / (noise_density * len(known) * BIT_S)
    # the steps that follow bring a strong burst home from further away
    step, size = (2, _GRID_SIZE // 2) if power > _COARSE else (1, _GRID_SIZE)
    drifts = _DRIFT_GRID[::step]
    spectrum = fft.fft(_DECHIRP[::step] * known.astype(np.complex64), size, axis=1, overwrite_x=True)
    weight = (spectrum.real**2 + spectrum.imag**2) / (noise_density * len(known) * BIT_S)
    weight -= 0.5 * (drifts[:, None] / DRIFT_SIGMA_HZ_PER_S) ** 2
    row, column = np.unravel_index(int(weight.argmax()), weight.shape)
    frequency = (column if column < size // 2 else column - size) / (size * BIT_S)
    phase = np.angle(spectrum[row, column]) - 2 * np.pi * frequency * _GRID_TIMES[0]
    return np.array([phase, 2 * np.pi * frequency, np.pi * drifts[row]])


def follow(
    iq: NDArray[np.complex64],
    rate_hz: float,
    start_s: float,
    sync: NDArray[np.int8],
    noise_density: float,
    any_rate: bool = False,
) -> Track:
    """Follow one burst whose bit 1 begins about start_s; its carrier is within some tens of Hz of zero.

    noise_density: power per Hz, the first guess of it. any_rate: the bit rate may be off by 2 %, which no beacon's is.
    """
    signs = np.asarray(2.0 * sync - 1, np.float64)
    total = track_loops.running_sum(iq, rate_hz)
    start_s, stretch = track_loops.place(total, rate_hz, start_s, signs, 5 if any_rate else 2)
    carrier = np.zeros(CARRIER_BITS, np.complex128)
    plain, swing = np.zeros((2, FGB_LONG_BITS), np.complex128)
    track_loops.read(total, rate_hz, start_s, stretch, carrier, plain, swing)
    known = EVEN * plain[:SYNC_BITS] - 1j * ODD * signs * swing[:SYNC_BITS]
    phase = first_phase(np.concatenate([carrier, known]), noise_density)
    start_s, stretch, noise, amplitude, bits, seen = track_loops.grow(
        total, rate_hz, len(iq) / rate_hz, _STEPS, _STRONG_STEPS, _STRONG, signs, start_s, stretch, noise_density, phase
    )
    frequency_hz, drift_hz_per_s = float(phase[1] / (2 * np.pi)), float(phase[2] / np.pi)
    return Track(start_s, stretch, float(phase[0]), frequency_hz, drift_hz_per_s, seen, noise, amplitude, bits)

"""Where bit 1 is, tested again once the phase of the whole burst is known.

Bits 1-24 found without a phase may be a slice of message that looks like them: in a weak burst one of fifty is. The fit
holds all the same, for the message repeats itself every bit; it merely counts bits from the wrong place. With phase,
level and noise from the fit, each half bit has a likelihood under carrier, known bit, unknown bit and silence; their
sums over the burst tell places apart far better than the search could.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_CARRIER_S, FGB_SHORT_BITS
from vigie.records import Sync
from vigie.signal.fgb import BIT_S, SYNC_BITS, sync_pattern
from vigie.signal.fitting import Fit

_CARRIER_HALVES = 2 * round(FGB_CARRIER_S / BIT_S)
_REACH = 100
"""half bits by which the place may be wrong"""
_SYNCS: tuple[Sync, ...] = ("normal", "self_test")
_MIRROR_COST = 3.0
"""nats by which a mirrored burst must do better: spectra are seldom mirrored"""
_SWINGS = np.stack([np.outer(2.0 * sync_pattern(sync) - 1, [1, -1]).ravel() for sync in _SYNCS])

Real = NDArray[np.floating[Any]]


class Framed(NamedTuple):
    """The likeliest place of bits 1-24."""

    start_s: float
    sync: Sync
    mirrored: bool
    """the channel has to be mirrored for them to fit"""
    moved: bool
    """this is not what the fit has"""


def framed(iq: NDArray[np.complex64], rate_hz: float, fit: Fit, sync: Sync) -> Framed:
    """Which half bit of a channel (n,) begins bit 1 of a fitted burst, and which known bits follow it."""
    half_s = 0.5 / fit.modulation.bit_rate_bps
    wide = _CARRIER_HALVES + _REACH
    edges = fit.start_s + half_s * np.arange(-wide, 2 * FGB_SHORT_BITS + _REACH + 1)
    past = np.arange(len(iq)) / rate_hz - fit.middle_s
    phase = fit.phase_rad + 2 * np.pi * past * (fit.frequency_hz + past * (fit.drift_hz_per_s / 2))
    halves = np.diff(_until(iq * np.exp(-1j * phase), rate_hz, edges)) / half_s
    here = (edges[:-1] > 0) & (edges[1:] < len(iq) / rate_hz)
    weight = np.where(here, 2 * half_s * fit.amplitude**2 / fit.noise_density, 0.0)
    level = halves / fit.amplitude
    even, odd = np.cos(fit.modulation.deviation_rad), np.sin(fit.modulation.deviation_rad)
    carrier = weight * (level.real - 0.5)
    message = weight * even * (level.real - even / 2)
    swing, cost = weight * odd * level.imag, weight * odd**2 / 2
    pairs = swing[:-1] - swing[1:]
    unknown = np.logaddexp(pairs, -pairs) - np.log(2) - cost[:-1] - cost[1:]
    begins = wide + np.arange(-_REACH, _REACH + 1)
    score = _sums(carrier, begins - _CARRIER_HALVES, _CARRIER_HALVES)
    score += _sums(message, begins, 2 * FGB_SHORT_BITS)
    score -= _sums(cost, begins, 2 * SYNC_BITS)
    for parity in (0, 1):  # unknown bits begin on every second half bit
        mine = begins % 2 == parity
        score[mine] += _sums(unknown[parity::2], begins[mine] // 2 + SYNC_BITS, FGB_SHORT_BITS - SYNC_BITS)
    known = np.lib.stride_tricks.sliding_window_view(swing, 2 * SYNC_BITS)[begins] @ _SWINGS.T
    scores = score[:, None, None] + np.stack([known, -known - _MIRROR_COST], axis=2)
    place, kind, mirrored = (int(index) for index in np.unravel_index(int(scores.argmax()), scores.shape))
    moved = begins[place] != wide or _SYNCS[kind] != sync or bool(mirrored)
    return Framed(float(edges[begins[place]]), _SYNCS[kind], bool(mirrored), moved)


def _sums(values: Real, first: NDArray[np.intp], count: int) -> Real:
    """Sum of ``count`` values from each place on."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    sums: Real = total[first + count] - total[first]
    return sums


def _until(iq: NDArray[np.complexfloating[Any, Any]], rate_hz: float, times_s: Real) -> NDArray[np.complex128]:
    """Integral from the first sample to each time; constant outside the channel."""
    total = np.zeros(len(iq) + 2, np.complex128)
    np.cumsum(iq, out=total[1:-1])
    total[-1] = total[-2]
    place = np.clip(times_s * rate_hz + 0.5, 0, len(iq))  # a sample stands for the stretch about it
    index = place.astype(np.intp)
    integral: NDArray[np.complex128] = (total[index] + (place - index) * (total[index + 1] - total[index])) / rate_hz
    return integral

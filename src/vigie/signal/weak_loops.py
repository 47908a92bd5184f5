"""The loops of ``weak``: likelihoods of whole bursts over grids of place, carrier and bit rate."""

from __future__ import annotations

from math import cos, exp, log, pi, sin, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_LONG_BITS, FGB_SHORT_BITS
from vigie.signal import track_loops
from vigie.signal.compiled import compiled
from vigie.signal.fgb import BIT_S, SYNC_BITS
from vigie.signal.track_loops import CARRIER_BITS

Real = NDArray[np.floating[Any]]
Complex = NDArray[np.complex128]

_BIT_S, _SYNC, _CARRIER, _LONG, _SHORT = BIT_S, SYNC_BITS, CARRIER_BITS, FGB_LONG_BITS, FGB_SHORT_BITS
_COMMON = 16
"""bits 1-16 are those of both syncs, and 17-24 of the one are those of the other turned over"""
_EVEN, _ODD = 0.480, 0.863
"""mean of a bit's wave along and across its carrier, with edges of 150 us"""
_POWER = _EVEN**2 + _ODD**2


@compiled
def known_energy(
    total: Complex, rate_hz: float, first_s: float, step_s: float, count: int, turns: Complex, signs: Real
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """|correlation|^2 with carrier and bits 1-24 at ``count`` places of bit 1, of either sync, (2, count).

    turns (T, 88): what takes a carrier off, one value a bit length; the best counts, and which that is is told too.
    signs (24,): of the normal sync.
    """
    best = np.zeros((2, count))
    which = np.zeros((2, count), np.int64)
    carrier = np.empty(_CARRIER, np.complex128)
    known = np.empty(_SYNC, np.complex128)
    for place in range(count):
        start_s = first_s + place * step_s
        last = track_loops.until(total, rate_hz, start_s - _CARRIER * _BIT_S)
        for bit in range(_CARRIER):
            end = track_loops.until(total, rate_hz, start_s + (bit + 1 - _CARRIER) * _BIT_S)
            carrier[bit] = end - last
            last = end
        plain_sum = np.empty(_SYNC, np.complex128)
        for bit in range(_SYNC):
            middle = track_loops.until(total, rate_hz, start_s + (bit + 0.5) * _BIT_S)
            end = track_loops.until(total, rate_hz, start_s + (bit + 1) * _BIT_S)
            plain_sum[bit] = _EVEN * (end - last)
            known[bit] = -1j * _ODD * signs[bit] * (2 * middle - last - end)
            last = end
        for turn in range(len(turns)):
            steady, head, tail = 0j, 0j, 0j
            for bit in range(_CARRIER):
                steady += turns[turn, bit] * carrier[bit]
            for bit in range(_SYNC):
                steady += turns[turn, _CARRIER + bit] * plain_sum[bit]
                if bit < _COMMON:
                    head += turns[turn, _CARRIER + bit] * known[bit]
                else:
                    tail += turns[turn, _CARRIER + bit] * known[bit]
            for kind in range(2):
                whole = steady + head + tail if kind == 0 else steady + head - tail
                energy = whole.real**2 + whole.imag**2
                if energy > best[kind, place]:
                    best[kind, place] = energy
                    which[kind, place] = turn
    return best, which


@compiled
def message_odds(
    carrier: Complex, plain: Complex, swing: Complex, signs: Real, turns: Complex, noise: float, amplitude: float,
    first: int, last: int,
) -> tuple[float, float, complex]:  # fmt: skip
    """Log-likelihood of carrier and bits 1-24, and of bits first to last, over that of noise; the known correlation.

    turns (208,): what takes the carrier off but for its phase, which is that of the known part.
    """
    known = 0j
    for bit in range(_CARRIER):
        known += turns[bit] * carrier[bit]
    for bit in range(_SYNC):
        known += turns[_CARRIER + bit] * (_EVEN * plain[bit] - 1j * _ODD * signs[bit] * swing[bit])
    rest = 0j
    for bit in range(first, last):
        rest += turns[_CARRIER + bit] * plain[bit]
    steady = known + _EVEN * rest
    size = sqrt(steady.real**2 + steady.imag**2) + 1e-30
    real, imag = steady.real / size, -steady.imag / size
    scale = 2 * amplitude / noise
    odds, product = 0.0, 1.0  # of ln cosh: the logarithm of a product of several costs as much as that of one
    for bit in range(first, last):
        turn = turns[_CARRIER + bit]
        across = swing[bit].real * turn.imag + swing[bit].imag * turn.real
        along = swing[bit].real * turn.real - swing[bit].imag * turn.imag
        lean = abs(scale * _ODD * (across * real + along * imag))
        odds += lean
        product *= 0.5 + 0.5 * exp(-2 * lean)
        if product < 1e-100:
            odds += log(product)
            product = 1.0
    odds += log(product)
    full = amplitude**2 / noise * _BIT_S
    odds += scale * _EVEN * (rest.real * real - rest.imag * imag) - (last - first) * full * _POWER
    told = scale * (known.real * real - known.imag * imag) - (_CARRIER + _SYNC * _POWER) * full
    return told, odds, complex(real, imag)


@compiled
def best_carrier(
    total: Complex, rate_hz: float, start_s: float, stretches: Real, signs: Real, slow: Complex, bent: Complex,
    noise: float, amplitude: float, reach: int, rate_trust: float,
) -> tuple[float, int, int, int]:  # fmt: skip
    """The likeliest of some bit rates, frequencies ``slow`` (F, 208) and drifts ``bent`` (D, 208): odds, indices."""
    carrier = np.zeros(_CARRIER, np.complex128)
    plain, swing = np.zeros(_LONG, np.complex128), np.zeros(_LONG, np.complex128)
    turns = np.empty(_CARRIER + _LONG, np.complex128)
    best, best_wide, best_slow, best_bent = -1e30, 0, 0, 0
    for wide in range(len(stretches)):
        track_loops.read(total, rate_hz, start_s, stretches[wide], carrier, plain, swing)
        for row in range(len(bent)):
            for column in range(len(slow)):
                for index in range(_CARRIER + reach):
                    turns[index] = bent[row, index] * slow[column, index]
                told, odds, _ = message_odds(carrier, plain, swing, signs, turns, noise, amplitude, _SYNC, reach)
                odds += told - rate_trust * stretches[wide] ** 2
                if odds > best:
                    best, best_wide, best_slow, best_bent = odds, wide, column, row
    return best, best_wide, best_slow, best_bent


@compiled
def best_timing(
    total: Complex, rate_hz: float, starts_s: Real, stretches: Real, signs: Real, turns: Complex,
    noise: float, amplitude: float, reach: int, rate_trust: float,
) -> tuple[float, int, int]:  # fmt: skip
    """The likeliest of some beginnings and bit rates, the carrier being known but for its phase: odds, indices."""
    carrier = np.zeros(_CARRIER, np.complex128)
    plain, swing = np.zeros(_LONG, np.complex128), np.zeros(_LONG, np.complex128)
    best, best_start, best_wide = -1e30, 0, 0
    for late in range(len(starts_s)):
        for wide in range(len(stretches)):
            track_loops.read(total, rate_hz, starts_s[late], stretches[wide], carrier, plain, swing)
            told, odds, _ = message_odds(carrier, plain, swing, signs, turns, noise, amplitude, _SYNC, reach)
            odds += told - rate_trust * stretches[wide] ** 2
            if odds > best:
                best, best_start, best_wide = odds, late, wide
    return best, best_start, best_wide


@compiled
def best_shift(
    total: Complex, rate_hz: float, start_s: float, stretch: float, signs: Real, frequency_hz: float, drift: float,
    about_s: float, noise: float, amplitude: float, reach: int, most: int,
) -> tuple[Real, Complex]:  # fmt: skip
    """Odds, and what takes the phase off, when bit 1 lies ``most`` bits earlier to later, for each of signs (2, 24)."""
    carrier = np.zeros(_CARRIER, np.complex128)
    plain, swing = np.zeros(_LONG, np.complex128), np.zeros(_LONG, np.complex128)
    times_s = np.empty(_CARRIER + _LONG)
    odds = np.empty((2 * most + 1, 2))
    phases = np.empty((2 * most + 1, 2), np.complex128)
    for shift in range(-most, most + 1):
        here_s = start_s + shift * _BIT_S * (1 + stretch)
        track_loops.read(total, rate_hz, here_s, stretch, carrier, plain, swing)
        for index in range(_CARRIER + _LONG):
            times_s[index] = here_s + (index - _CARRIER + 0.5) * _BIT_S - about_s
        turns = turned(times_s, frequency_hz, drift)
        for kind in range(2):
            told, more, phase = message_odds(carrier, plain, swing, signs[kind], turns, noise, amplitude, _SYNC, reach)
            odds[shift + most, kind] = told + more
            phases[shift + most, kind] = phase
    return odds, phases


@compiled
def turned(times_s: Real, frequency_hz: float, drift_hz_per_s: float) -> Complex:
    """What takes a carrier off at some times."""
    result = np.empty(len(times_s), np.complex128)
    for index in range(len(times_s)):
        angle = 2 * pi * times_s[index] * (frequency_hz + drift_hz_per_s * times_s[index] / 2)
        result[index] = complex(cos(angle), -sin(angle))
    return result

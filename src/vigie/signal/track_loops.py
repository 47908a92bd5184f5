"""The loops of ``tracking``: integrals over half bits, and the steps that follow phase, timing and level."""

from __future__ import annotations

from math import cos, pi, sin, tanh

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_CARRIER_S, FGB_LONG_BITS, FGB_PHASE_RAD, FGB_SHORT_BITS
from vigie.signal.compiled import compiled
from vigie.signal.fgb import BIT_S, SYNC_BITS

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]

CARRIER_BITS = round(FGB_CARRIER_S / BIT_S)  # 160 ms of carrier, in bit lengths
RATE_SIGMA = 0.004
"""prior of the bit rate's relative error; 1 % is legal, most beacons keep 0.1 %"""
DRIFT_SIGMA_HZ_PER_S = 150.0
EVEN, ODD = float(np.cos(FGB_PHASE_RAD)), float(np.sin(FGB_PHASE_RAD))
_DRIFT_TRUST = (pi * DRIFT_SIGMA_HZ_PER_S) ** -2
_EDGE = 1 / 8
"""early and late sampling, in bits"""
_STEP = 0.004
_NEAR = 0.006
"""stretch up to which a strong burst may be followed in long steps: one bit in 112 is 0.009"""
_LONG, _SHORT, _SYNC, _BIT_S, _CARRIER = FGB_LONG_BITS, FGB_SHORT_BITS, SYNC_BITS, BIT_S, CARRIER_BITS


@compiled
def running_sum(iq: NDArray[np.complex64], rate_hz: float) -> Complex:
    """Integral of a channel (n,) up to each sample, in seconds of unit amplitude, (n + 2,)."""
    total = np.zeros(len(iq) + 2, np.complex128)
    seen = 0j
    for index in range(len(iq)):
        seen += iq[index]
        total[index + 1] = seen / rate_hz
    total[-1] = total[-2]
    return total


@compiled
def until(total: Complex, rate_hz: float, time_s: float) -> complex:
    """Integral up to a time; constant outside the channel."""
    place = min(max(time_s * rate_hz + 0.5, 0.0), len(total) - 2.0)  # a sample stands for the stretch about it
    index = int(place)
    value: complex = total[index] + (place - index) * (total[index + 1] - total[index])
    return value


@compiled
def integrals(
    total: Complex, rate_hz: float, start_s: float, stretch: float, shift: float, plain: Complex, swing: Complex
) -> None:
    """Integral over each bit into ``plain``, against the pattern of a "1" into ``swing``; ``shift`` in bits."""
    bit_s = _BIT_S * (1 + stretch)
    last = until(total, rate_hz, start_s + bit_s * shift)
    for bit in range(_LONG):
        middle = until(total, rate_hz, start_s + bit_s * (bit + 0.5 + shift))
        end = until(total, rate_hz, start_s + bit_s * (bit + 1 + shift))
        plain[bit] = end - last
        swing[bit] = 2 * middle - last - end
        last = end


@compiled
def place(total: Complex, rate_hz: float, start_s: float, sync: Real, reach: int) -> tuple[float, float]:
    """The beginning of bit 1 and the stretch, up to ``reach`` steps, that agree best with bits 1-24."""
    best, best_s, best_wide = -1.0, start_s, 0
    for wide in range(-reach, reach + 1):
        stretch = wide * _STEP
        bit_s = _BIT_S * (1 + stretch)
        for late in range(-4, 5):
            first_s = start_s + late / 16 * _BIT_S
            seen = 0j
            last = until(total, rate_hz, first_s)
            for bit in range(_SYNC):
                middle = until(total, rate_hz, first_s + bit_s * (bit + 0.5))
                end = until(total, rate_hz, first_s + bit_s * (bit + 1))
                seen += sync[bit] * (2 * middle - last - end)
                last = end
            energy = (seen.real**2 + seen.imag**2) * (1 - 5 * abs(stretch))
            if energy > best:
                best, best_s, best_wide = energy, first_s, wide
    return best_s, best_wide * _STEP


@compiled
def solve(matrix: Real, right: Real) -> Real:
    """Solution of a small system, by elimination; both arguments are spent."""
    size = len(right)
    for column in range(size):
        pivot = column
        for row in range(column + 1, size):
            if abs(matrix[row, column]) > abs(matrix[pivot, column]):
                pivot = row
        for index in range(size):
            matrix[column, index], matrix[pivot, index] = matrix[pivot, index], matrix[column, index]
        right[column], right[pivot] = right[pivot], right[column]
        for row in range(column + 1, size):
            share = matrix[row, column] / matrix[column, column]
            for index in range(column, size):
                matrix[row, index] -= share * matrix[column, index]
            right[row] -= share * right[column]
    for column in range(size - 1, -1, -1):
        for index in range(column + 1, size):
            right[column] -= matrix[column, index] * right[index]
        right[column] /= matrix[column, column]
    return right


@compiled
def turn(phase: Real, time_s: float) -> complex:
    """What takes the carrier's phase off, at a time past the beginning of bit 1."""
    angle = phase[0] + time_s * (phase[1] + time_s * phase[2])
    return complex(cos(angle), -sin(angle))


@compiled
def phase_step(
    carrier: Complex, plain: Complex, swing: Complex, sync: Real, reach: int, start_s: float, stretch: float,
    length_s: float, noise: float, amplitude: float, phase: Real,
) -> float:  # fmt: skip
    """One Newton step of phase, frequency and drift over the carrier and ``reach`` bits; the amplitude seen."""
    normal, slope = np.zeros((3, 3)), np.zeros(3)
    level, here = 0.0, 0
    for index in range(_CARRIER + reach):
        if index < _CARRIER:
            time_s = (index - _CARRIER + 0.5) * _BIT_S
            seen = turn(phase, time_s) * carrier[index]
        else:
            bit = index - _CARRIER
            time_s = (bit + 0.5) * _BIT_S * (1 + stretch)
            straight = turn(phase, time_s)
            turned = straight * swing[bit]
            decided = sync[bit] if bit < _SYNC else tanh(2 * amplitude * ODD / noise * turned.imag)
            seen = EVEN * straight * plain[bit] - 1j * ODD * decided * turned
        if 0 < time_s + start_s < length_s:
            here += 1
        level += seen.real
        weight = max(seen.real, 0.0)
        powers = (1.0, time_s, time_s * time_s)
        for i in range(3):
            slope[i] += powers[i] * seen.imag
            for j in range(3):
                normal[i, j] += powers[i] * powers[j] * weight
    amplitude = max(level / max(here * _BIT_S, _BIT_S), 1e-30)
    scale = 2 * amplitude / noise
    for i in range(3):
        slope[i] *= scale
        for j in range(3):
            normal[i, j] *= scale
    normal[2, 2] += _DRIFT_TRUST
    slope[2] -= _DRIFT_TRUST * phase[2]
    for i in range(3):
        normal[i, i] += 1e-9 * normal[i, i] + 1e-30
    moved = solve(normal, slope)
    for i in range(3):
        phase[i] += moved[i]
    return amplitude


@compiled
def timing_step(
    total: Complex, rate_hz: float, swing: Complex, sync: Real, reach: int, start_s: float, stretch: float,
    noise: float, amplitude: float, phase: Real,
) -> tuple[float, float]:  # fmt: skip
    """One step of the start and of the bit length, from integrals taken early and late; the phase moves along."""
    early, late = np.zeros(_LONG, np.complex128), np.zeros(_LONG, np.complex128)
    unused = np.zeros(_LONG, np.complex128)
    integrals(total, rate_hz, start_s, stretch, -_EDGE, unused, early)
    integrals(total, rate_hz, start_s, stretch, _EDGE, unused, late)
    gain = 6 * amplitude * ODD  # mean slope: 2 for the edge within a bit, 4 more where neighbours are alike
    trust = gain**2 / (12 * _EDGE * noise / _BIT_S)
    normal, slope = np.zeros((2, 2)), np.zeros(2)
    for bit in range(reach):
        count = bit + 0.5
        straight = turn(phase, count * _BIT_S * (1 + stretch))
        decided = sync[bit] if bit < _SYNC else tanh(2 * amplitude * ODD / noise * (straight * swing[bit]).imag)
        lead = decided * (straight * (late[bit] - early[bit])).imag / _BIT_S * (trust / gain)
        weight = trust * decided**2
        normal[0, 0] += weight
        normal[0, 1] += weight * count
        normal[1, 1] += weight * count * count
        slope[0] += lead
        slope[1] += lead * count
    normal[1, 0] = normal[0, 1]
    normal[0, 0] += 1e-12
    normal[1, 1] += RATE_SIGMA**-2
    slope[1] -= stretch * RATE_SIGMA**-2
    moved = solve(normal, slope)
    shift_s = min(max(moved[0], -0.2), 0.2) * _BIT_S
    stretch = min(max(stretch + min(max(moved[1], -0.004), 0.004), -0.03), 0.03)
    # the polynomial stays tied to the beginning of bit 1
    phase[0] += shift_s * (phase[1] + shift_s * phase[2])
    phase[1] += 2 * shift_s * phase[2]
    return start_s + shift_s, stretch


@compiled
def measure(
    rate_hz: float, length_s: float, carrier: Complex, plain: Complex, swing: Complex, sync: Real, start_s: float,
    stretch: float, noise: float, amplitude: float, phase: Real,
) -> tuple[float, int]:  # fmt: skip
    """Noise from what a burst leaves empty, and how many bits the burst lasts."""
    # a running sum read between samples has less noise than it should, by a third of a sample at each end
    loss = 1 / (rate_hz * _BIT_S)
    power, count = 0.0, 0
    level, seeming = np.zeros(_LONG), 0.0
    for bit in range(_CARRIER):
        empty = (turn(phase, (bit - _CARRIER + 0.5) * _BIT_S) * carrier[bit]).imag
        if empty != 0:
            power += empty**2 / (1 - loss / 3)
            count += 1
    for bit in range(_LONG):
        straight = turn(phase, (bit + 0.5) * _BIT_S * (1 + stretch))
        across, along = straight * swing[bit], straight * plain[bit]
        level[bit] = across.imag
        if bit < _SHORT:
            for empty, share in ((across.real, 1 - loss), (along.imag, 1 - loss / 3)):
                if empty != 0:
                    power += empty**2 / share
                    count += 1
    if count > 50:
        noise = max(power / count * 2 / _BIT_S, 1e-30)
    flag = level[_SYNC]
    for bit in range(_LONG):
        straight = turn(phase, (bit + 0.5) * _BIT_S * (1 + stretch))
        across, along = straight * swing[bit], straight * plain[bit]
        decided = sync[bit] if bit < _SYNC else tanh(2 * amplitude * ODD / noise * across.imag)
        level[bit] = EVEN * along.real + ODD * decided * across.imag
        if bit < _SHORT:  # as large as bits would seem where there are none
            seeming += abs(across.real) * tanh(abs(across.real) * 2 * amplitude * ODD / noise)
    if start_s + (_SHORT + 8) * _BIT_S + _SHORT * _BIT_S * stretch > length_s:
        return noise, _LONG if flag > 0 else _SHORT  # cut off: the format flag alone tells
    unit = _BIT_S * amplitude
    shown = level[_SHORT:].mean() / unit
    blank = ODD * seeming / _SHORT / unit
    full = level[_SYNC:_SHORT].mean() / unit
    spread2 = noise / 2 / _BIT_S / amplitude**2 / (_LONG - _SHORT)
    odds = (shown - (full + blank) / 2) * (full - blank) / spread2
    hint = min(max(4 * amplitude * ODD / noise * flag, -5.0), 5.0)
    return noise, _LONG if odds + hint > 0 else _SHORT


@compiled
def grow(
    total: Complex, rate_hz: float, length_s: float, steps: NDArray[np.int64], strong_steps: NDArray[np.int64],
    strong_ratio: float, sync: Real, start_s: float, stretch: float, noise: float, phase: Real,
) -> tuple[float, float, float, float, int, Real]:  # fmt: skip
    """Take in more bits step by step, then all: start, stretch, noise, amplitude, bits, swing (144,) of each bit.

    ``phase`` (phase, frequency, drift in radians, at the beginning of bit 1) is worked on in place. A burst whose power
    is ``strong_ratio`` times the noise takes only the strong steps.
    """
    carrier = np.zeros(_CARRIER, np.complex128)
    plain, swing = np.zeros(_LONG, np.complex128), np.zeros(_LONG, np.complex128)
    read(total, rate_hz, start_s, stretch, carrier, plain, swing)
    amplitude, strong, present = 1e-30, False, _LONG
    for index in range(len(steps) + 2):
        last = index >= len(steps)
        if index == len(steps):
            noise, present = measure(
                rate_hz, length_s, carrier, plain, swing, sync, start_s, stretch, noise, amplitude, phase
            )
        reach = present if last else steps[index]
        if strong and not last and not (strong_steps == reach).any():
            continue
        strong = strong or (amplitude**2 > strong_ratio * noise and abs(stretch) < _NEAR)
        for _ in range(1 if strong or last else 2):
            amplitude = phase_step(
                carrier, plain, swing, sync, reach, start_s, stretch, length_s, noise, amplitude, phase
            )
        start_s, stretch = timing_step(total, rate_hz, swing, sync, reach, start_s, stretch, noise, amplitude, phase)
        read(total, rate_hz, start_s, stretch, carrier, plain, swing)
    noise, present = measure(rate_hz, length_s, carrier, plain, swing, sync, start_s, stretch, noise, amplitude, phase)
    seen = np.zeros(_LONG)
    for bit in range(_LONG):
        seen[bit] = (turn(phase, (bit + 0.5) * _BIT_S * (1 + stretch)) * swing[bit]).imag
    return start_s, stretch, noise, amplitude, present, seen


@compiled
def read(
    total: Complex, rate_hz: float, start_s: float, stretch: float, carrier: Complex, plain: Complex, swing: Complex
) -> None:
    """The integrals of the carrier, bit length by bit length, and of every bit."""
    last = until(total, rate_hz, start_s - _CARRIER * _BIT_S)
    for bit in range(_CARRIER):
        end = until(total, rate_hz, start_s + (bit + 1 - _CARRIER) * _BIT_S)
        carrier[bit] = end - last
        last = end
    integrals(total, rate_hz, start_s, stretch, 0.0, plain, swing)

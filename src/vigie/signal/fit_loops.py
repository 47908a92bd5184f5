"""The loops of ``fitting``: one pass over the samples of a burst for its normal equations, soft bits or replica.

Nine samples of ten lie between edges, where phase and level alone matter; only edges need the whole gradient. The phase
is turned by recursion, for it is a polynomial.
"""

from __future__ import annotations

from math import cos, floor, pi, sin, tanh

import numpy as np
from numpy.typing import NDArray

from vigie.signal.compiled import compiled
from vigie.signal.fgb import BIT_S, ramp_s
from vigie.signal.track_loops import solve

Real = NDArray[np.float64]
Complex = NDArray[np.complex64]

NUMBERS = 8
"""phase, frequency, drift, start, stretch, deviation, rise, asymmetry"""
_TURN = 2 * pi
_RAMP_PER_RISE = ramp_s(1.0)
_CLEAR = 1 - 1e-6
"""expectation of a bit's sign from which it is as good as known"""
_LEAST_STEPS, _MOST_STEPS = 2, 4
_SETTLED = 0.25
"""squared sigmas that the last step moved, below which no further one is made"""
_RIDGE = 1e-12
_BIT_S = BIT_S


@compiled
def levels_of(bits: NDArray[np.int8]) -> Real:
    """Level of each half bit, two of carrier before and the last one kept twice behind, (2 n + 4,)."""
    count = len(bits)
    levels = np.zeros(2 * count + 4)
    for index in range(count):
        sign = 2.0 * bits[index] - 1.0
        levels[2 * index + 2] = sign
        levels[2 * index + 3] = -sign
    levels[2 * count + 2] = levels[2 * count + 1]
    levels[2 * count + 3] = levels[2 * count + 1]
    return levels


@compiled
def swing_between(before: float, after: float, past: float, shift: float, length: float) -> float:
    """Phase in units of the deviation, ``past`` seconds past the nominal edge between two levels."""
    if before == after:
        return before
    past += shift if after > before else -shift
    if past <= -length / 2:
        return before
    if past >= length / 2:
        return after
    return before + (after - before) * (0.5 + 0.5 * sin(past * (pi / length)))


@compiled
def _steady_until(
    levels: Real, edge: int, last_edge: int, half_s: float, shift: float, length_s: float, past: float
) -> float:
    """When the phase next moves or a bit ends, past bit 1, from a place on a level ``past`` seconds from an edge."""
    if past >= 0:
        edge += 1
    if edge > last_edge:
        return 1e9
    rise = levels[edge + 2] - levels[edge + 1]
    if rise == 0.0:  # a bit may end there, and another be less sure
        return edge * half_s
    return min(edge * half_s, edge * half_s - (shift if rise > 0 else -shift) - length_s / 2)


@compiled
def normal_equations(
    part: Complex, first: int, rate_hz: float, middle_s: float, values: Real, half_s: float, length_s: float,
    rise_s: float, bits: NDArray[np.int8], sure: Real,
) -> tuple[float, Real, Real]:  # fmt: skip
    """Amplitude, force (8,) and normal matrix (8, 8) of one Gauss-Newton step, for unit noise and amplitude.

    part (n,): samples from number ``first`` on. sure (bits,): expectation of the sign of each bit; a doubtful bit
    leaves what does not hang on its sign.
    """
    levels = levels_of(bits)
    count, last_edge = len(bits), 2 * len(bits)
    normal = np.zeros((NUMBERS, NUMBERS))
    force = np.zeros(NUMBERS)
    row = np.zeros(NUMBERS)
    seen = 0.0
    # sums over all samples, in numbers of their own that stay in registers: of powers of time, and of those times level
    power_0 = power_1 = power_2 = power_3 = power_4 = 0.0
    force_0 = force_1 = force_2 = force_5 = 0.0
    level_0 = level_1 = level_2 = level_5 = 0.0
    shift = values[7] * half_s / 2
    step_s = 1 / rate_hz
    past = first * step_s - middle_s
    phase = values[0] + _TURN * past * (values[1] + past * values[2] / 2)
    slope = _TURN * step_s * (values[1] + values[2] * (past + step_s / 2))
    curve = _TURN * values[2] * step_s * step_s
    turn = complex(cos(phase), -sin(phase))
    advance = complex(cos(slope), -sin(slope))
    bend = complex(cos(curve), -sin(curve))
    plain_even, plain_odd = cos(values[5]), sin(values[5])
    per_half, per_length = 1 / half_s, pi / length_s
    index, last = 0, len(part)
    while index < last:
        on_s = (first + index) * step_s - values[3]
        seat = on_s * per_half
        edge = min(max(floor(seat + 0.5), -1), last_edge)
        from_edge = on_s - edge * half_s
        before, after = levels[edge + 1], levels[edge + 2]
        bit = floor(seat) >> 1
        trust = sure[bit] if 0 <= bit < count else 1.0
        trust2 = trust * trust
        steady = before == after
        if not steady:
            from_edge += shift if after > before else -shift
            steady = abs(from_edge) >= length_s / 2
        if steady:  # and so are all samples up to the next place where the level may change
            level = before if from_edge < 0 else after
            until_s = _steady_until(levels, edge, last_edge, half_s, shift, length_s, from_edge)
            end = min(last, max(index + 1, int((until_s + values[3]) * rate_hz) - first))
            even = plain_even if level != 0.0 else 1.0
            odd = plain_odd * level
            even2, odd2 = even * even, odd * odd
            straight, across = even2 + trust2 * odd2, trust2 * even2 + odd2
            both = 0.5 * (straight + across) * level
            sum_0 = sum_1 = sum_2 = 0j
            past_1 = past_2 = past_3 = past_4 = 0.0
            for here in range(index, end):
                past = (first + here) * step_s - middle_s
                seen_here = part[here] * turn
                turn *= advance
                advance *= bend
                past2 = past * past
                sum_0 += seen_here
                sum_1 += past * seen_here
                sum_2 += past2 * seen_here
                past_1 += past
                past_2 += past2
                past_3 += past2 * past
                past_4 += past2 * past2
            run = float(end - index)
            seen += even * sum_0.real + trust * odd * sum_0.imag
            force_0 += even * sum_0.imag - trust * odd * sum_0.real
            force_1 += even * sum_1.imag - trust * odd * sum_1.real
            force_2 += even * sum_2.imag - trust * odd * sum_2.real
            force_5 += level * (trust * even * sum_0.imag - odd * sum_0.real)
            power_0 += straight * run
            power_1 += straight * past_1
            power_2 += straight * past_2
            power_3 += straight * past_3
            power_4 += straight * past_4
            level_0 += both * run
            level_1 += both * past_1
            level_2 += both * past_2
            level_5 += across * level * level * run
            index = end
            continue
        past = (first + index) * step_s - middle_s
        past2 = past * past
        straightened = part[index] * turn
        real, imag = straightened.real, straightened.imag
        turn *= advance
        advance *= bend
        index += 1
        angle = from_edge * per_length
        level = before + (after - before) * (0.5 + 0.5 * sin(angle))
        even, odd = cos(values[5] * level), sin(values[5] * level)
        even2, odd2 = even * even, odd * odd
        straight, across = even2 + trust2 * odd2, trust2 * even2 + odd2
        both = 0.5 * (straight + across)
        seen += even * real + trust * odd * imag
        error, bent = even * imag - trust * odd * real, trust * even * imag - odd * real
        force_0 += error
        force_1 += past * error
        force_2 += past2 * error
        force_5 += level * bent
        power_0 += straight
        power_1 += straight * past
        power_2 += straight * past2
        power_3 += straight * past2 * past
        power_4 += straight * past2 * past2
        mixed = both * level
        level_0 += mixed
        level_1 += mixed * past
        level_2 += mixed * past2
        level_5 += across * level * level
        steep = values[5] * (after - before) * cos(angle) * (0.5 * per_length)
        row[3] = -steep
        row[4] = -steep * on_s / (1 + values[4])
        row[6] = -steep * from_edge / rise_s
        row[7] = (steep if after > before else -steep) * half_s / 2
        for i in (3, 4, 6, 7):
            force[i] += row[i] * bent
            mixed = both * row[i]
            normal[0, i] += mixed
            normal[1, i] += mixed * past
            normal[2, i] += mixed * past2
            pull = across * row[i]
            normal[i, 5] += pull * level
            for j in (3, 4, 6, 7):
                normal[i, j] += pull * row[j]
    turns = (1.0, _TURN, pi)
    powers = (power_0, power_1, power_2, power_3, power_4)
    force[0], force[1], force[2], force[5] = force_0, _TURN * force_1, pi * force_2, force_5
    normal[0, 5], normal[1, 5], normal[2, 5], normal[5, 5] = level_0, level_1, level_2, level_5
    for i in range(3):
        for j in range(3):
            normal[i, j] = turns[i] * turns[j] * powers[i + j]
        for j in range(3, NUMBERS):
            normal[i, j] *= turns[i]
            normal[j, i] = normal[i, j]
    for i in (3, 4, 6, 7):
        normal[5, i] = normal[i, 5]
    return seen / max(len(part), 1), force, normal


@compiled
def bit_correlations(
    part: Complex, first: int, rate_hz: float, middle_s: float, values: Real, half_s: float, length_s: float,
    bits: NDArray[np.int8],
) -> Real:  # fmt: skip
    """Correlation with each bit as 0 less that as 1 (n,), its neighbours as decided, shared edges included."""
    levels = levels_of(bits)
    count, last_edge = len(bits), 2 * len(bits)
    result = np.zeros(count)
    shift = values[7] * half_s / 2
    step_s = 1 / rate_hz
    past = first * step_s - middle_s
    phase = values[0] + _TURN * past * (values[1] + past * values[2] / 2)
    slope = _TURN * step_s * (values[1] + values[2] * (past + step_s / 2))
    curve = _TURN * values[2] * step_s * step_s
    turn = complex(cos(phase), -sin(phase))
    advance = complex(cos(slope), -sin(slope))
    bend = complex(cos(curve), -sin(curve))
    odd = sin(values[5])
    for index in range(len(part)):
        on_s = (first + index) * step_s - values[3]
        seat = on_s / half_s
        edge = min(max(floor(seat + 0.5), -1), last_edge)
        from_edge = on_s - edge * half_s
        before, after = levels[edge + 1], levels[edge + 2]
        real = part[index].real * turn.real - part[index].imag * turn.imag
        imag = part[index].real * turn.imag + part[index].imag * turn.real
        turn *= advance
        advance *= bend
        reach = length_s / 2 + abs(shift)
        if edge < 0 or (edge == last_edge and from_edge > reach):
            continue
        if abs(from_edge) >= reach:  # between edges a bit turned over mirrors the phase
            level = before if from_edge < 0 else after
            bit = (edge if from_edge >= 0 else edge - 1) // 2
            if 0 <= bit < count:
                result[bit] += -2 * odd * level * imag
            continue
        swing = values[5] * swing_between(before, after, from_edge, shift, length_s)
        kept = cos(swing) * real + sin(swing) * imag
        if edge % 2:  # within bit (edge - 1) / 2
            other = values[5] * swing_between(-before, -after, from_edge, shift, length_s)
            if edge // 2 < count:
                result[edge // 2] += cos(other) * real + sin(other) * imag - kept
            continue
        if edge >= 2:  # the bit before the edge turned over
            end = -after if edge == last_edge else after
            other = values[5] * swing_between(-before, end, from_edge, shift, length_s)
            result[edge // 2 - 1] += cos(other) * real + sin(other) * imag - kept
        if edge < last_edge:
            other = values[5] * swing_between(before, -after, from_edge, shift, length_s)
            result[edge // 2] += cos(other) * real + sin(other) * imag - kept
    for bit in range(count):
        if bits[bit] == 0:
            result[bit] = -result[bit]
    return result


@compiled
def render(
    first: int, count: int, rate_hz: float, middle_s: float, values: Real, half_s: float, length_s: float,
    bits: NDArray[np.int8], amplitude: float, begin_s: float, end_s: float,
) -> Complex:  # fmt: skip
    """The burst itself at samples ``first`` to ``first + count``; 0 before begin_s and after end_s."""
    levels = levels_of(bits)
    last_edge = 2 * len(bits)
    wave = np.zeros(count, np.complex64)
    shift = values[7] * half_s / 2
    step_s = 1 / rate_hz
    index = max(0, int(np.ceil(begin_s * rate_hz)) - first)
    last = min(count, int(np.floor(end_s * rate_hz)) + 1 - first)
    past = (first + index) * step_s - middle_s
    phase = values[0] + _TURN * past * (values[1] + past * values[2] / 2)
    slope = _TURN * step_s * (values[1] + values[2] * (past + step_s / 2))
    curve = _TURN * values[2] * step_s * step_s
    turn = complex(amplitude * cos(phase), amplitude * sin(phase))
    advance = complex(cos(slope), sin(slope))
    bend = complex(cos(curve), sin(curve))
    even, odd = cos(values[5]), sin(values[5])
    while index < last:
        on_s = (first + index) * step_s - values[3]
        edge = min(max(floor(on_s / half_s + 0.5), -1), last_edge)
        from_edge = on_s - edge * half_s
        before, after = levels[edge + 1], levels[edge + 2]
        level, end = swing_between(before, after, from_edge, shift, length_s), index + 1
        if level in (before, after):  # and so are all samples up to the next place where it may change
            if before != after:
                from_edge += shift if after > before else -shift
            until_s = _steady_until(levels, edge, last_edge, half_s, shift, length_s, from_edge)
            end = min(last, max(end, int((until_s + values[3]) * rate_hz) - first))
            held = complex(even, odd * level) if level != 0.0 else complex(1.0, 0.0)
        else:
            held = complex(cos(values[5] * level), sin(values[5] * level))
        for here in range(index, end):
            wave[here] = turn * held
            turn *= advance
            advance *= bend
        index = end
    return wave


@compiled
def decided(soft: Real, sync: NDArray[np.int8], bits: NDArray[np.int8], sure: Real) -> bool:
    """Bits, and how sure each is: the expectation of its sign, 0 to 1; those of the sync are known. Are all clear?"""
    clear = True
    for bit in range(len(soft)):
        if bit < len(sync):
            bits[bit], sure[bit] = sync[bit], 1.0
        else:
            bits[bit], sure[bit] = soft[bit] < 0, tanh(abs(soft[bit]) / 2)
            clear = clear and sure[bit] > _CLEAR
    return clear


@compiled
def steps(
    part: Complex, first: int, rate_hz: float, middle_s: float, values: Real, soft: Real, sync: NDArray[np.int8],
    amplitude: float, noise: float, centre: Real, trust: Real, limits: Real,
) -> tuple[bool, float, Real, Real]:  # fmt: skip
    """Gauss-Newton steps until they no longer matter; ``values`` (8,) is moved.

    Returns whether it held, the amplitude, the soft bits and the normal matrix. The prior of the values is ``centre``
    (8,) with the inverse variances ``trust`` (8,); ``limits`` (2, 8) are the least and the most that they may be.
    """
    count, begun_s, gain = len(soft), values[3], np.inf
    bits, sure = np.zeros(count, np.int8), np.zeros(count)
    least_rise_s = 1 / (rate_hz * _RAMP_PER_RISE)  # a shorter edge may fall between two samples, and tell nothing
    normal = np.zeros((NUMBERS, NUMBERS))
    for step in range(_MOST_STEPS + 1):
        clear = decided(soft, sync, bits, sure)
        half_s, length_s = _BIT_S * (1 + values[4]) / 2, _RAMP_PER_RISE * values[6]
        last = step == _MOST_STEPS or (step >= _LEAST_STEPS and gain < _SETTLED)
        if step and (last or not clear):  # bits that are sure need no second look but the last
            seen = bit_correlations(part, first, rate_hz, middle_s, values, half_s, length_s, bits)
            soft = 2 * amplitude / (noise * rate_hz) * seen
            if last and clear:
                break
        level, force, plain = normal_equations(
            part, first, rate_hz, middle_s, values, half_s, length_s, values[6], bits, sure
        )
        amplitude = max(level, 1e-30)
        if last:
            break
        scale = 2 * amplitude**2 / (noise * rate_hz)
        size, even, right = np.zeros(NUMBERS), np.zeros((NUMBERS, NUMBERS)), np.zeros(NUMBERS)
        for i in range(NUMBERS):
            for j in range(NUMBERS):
                normal[i, j] = scale * plain[i, j]
            normal[i, i] += trust[i]
            force[i] = force[i] * (scale / amplitude) - (values[i] - centre[i]) * trust[i]
            size[i] = np.sqrt(normal[i, i])
            if not 0 < size[i] < np.inf:
                return False, amplitude, soft, normal
        for i in range(NUMBERS):
            for j in range(NUMBERS):
                even[i, j] = normal[i, j] / (size[i] * size[j])
            even[i, i] += _RIDGE
            right[i] = force[i] / size[i]
        moved = solve(even, right)
        gain = 0.0
        for i in range(NUMBERS):
            gain += moved[i] / size[i] * force[i]
            values[i] += moved[i] / size[i]
        if not (abs(values[3] - begun_s) <= _BIT_S and np.isfinite(values).all()):
            return False, amplitude, soft, normal
        for i in range(4, NUMBERS):
            values[i] = min(max(values[i], limits[0, i]), limits[1, i])
        values[6] = max(values[6], least_rise_s)
    return True, amplitude, soft, normal


@compiled
def bounds(normal: Real) -> Real:
    """Diagonal of the inverse of a normal matrix, (8,)."""
    size = np.sqrt(np.diag(normal))
    diagonal = np.empty(NUMBERS)
    for number in range(NUMBERS):
        even, right = np.empty((NUMBERS, NUMBERS)), np.zeros(NUMBERS)
        for i in range(NUMBERS):
            for j in range(NUMBERS):
                even[i, j] = normal[i, j] / (size[i] * size[j])
            even[i, i] += _RIDGE
        right[number] = 1.0
        diagonal[number] = solve(even, right)[number] / size[number] ** 2
    return diagonal

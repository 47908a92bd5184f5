"""First-generation bursts too weak to be read alone, found by all that a burst has, to be read with others.

Bits 1-24 by themselves tell a place down to 26 dB-Hz. Here carrier and bits 1-24 are one known wave of 220 ms, summed
in phase, and the bits that follow speak with the energy that they swing the phase by, whatever they say. First the
carrier alone is summed in phase, which ends most lines of noise at little cost; then all places of bit 1 about it are
tried; the best ones are followed over the whole message on grids of carrier and bit rate (a maximum of the likelihood
may lie anywhere, and steps from a first guess would miss it at these levels).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from vigie.constants import FGB_CARRIER_S, FGB_LONG_BITS, FGB_SHORT_BITS
from vigie.records import Sync
from vigie.signal import fgb, track_loops, weak_loops
from vigie.signal.channel import Stretch
from vigie.signal.fgb import BIT_S, SYNC_BITS
from vigie.signal.track_loops import CARRIER_BITS
from vigie.signal.tracking import Track

Complex = NDArray[np.complex128]

_CARRIER_HZ = 400.0
"""channel in which the carrier is summed"""
_CARRIER_SIZE = 128
_CARRIER_STARTS_S = np.arange(-5, 6) * 0.01
_CARRIER_DRIFTS = np.arange(-5, 6) * 32.0
_CARRIER_REACH_HZ = 62.0
LEAST_CARRIER = 15.0
"""energy of the carrier over the noise density, summed in phase"""

_KNOWN_HZ = 3200.0
_OF_NOISE = 0.9
"""share of the power in that channel that surely is noise, were a weak burst in it"""
_PLACES_S = 0.04
"""how far bit 1 may be from where the carrier's end seems to be"""
_STEP_S = BIT_S / 8
_SLOW_HZ, _BENT = np.arange(-4, 5) * 1.4, np.arange(-3, 4) * 22.0
_LEAST_COARSE, LEAST_KNOWN = 16.0, 20.0
"""energy of carrier and bits 1-24 over the noise density, first on a coarse grid"""
_TRIED = 4
_TIMES_S = (np.arange(-CARRIER_BITS, FGB_LONG_BITS) + 0.5) * BIT_S
_AGO_S = (SYNC_BITS - CARRIER_BITS) / 2 * BIT_S
"""middle of the known part, from bit 1: frequencies count from there"""
_FREQUENCIES_HZ = np.arange(-3, 4) * 0.5
_DRIFTS = np.arange(-8, 9) * 8.0
_STRETCHES = np.arange(-2, 3) * 6e-4
_FINE_STRETCHES = np.arange(-6, 7) * 2.5e-4
_LEVELS = np.array([0.85, 0.92, 1.0, 1.08])
_FINE_STARTS_S = np.arange(-4, 5) * 75e-6
_SIGNS = np.array([2.0 * fgb.sync_pattern("normal") - 1, 2.0 * fgb.sync_pattern("self_test") - 1])
LEAST_ODDS = 34.0
"""nats over noise from which a burst is kept: the best of all places, carriers and bit rates in an hour of noise"""
LEAST_OVER_LINE = 9.0
"""the same over a line that goes on without bits"""
WEAK_RATE_SIGMA = 5e-4
"""relative error of the bit rate that weak bursts are taken to have: a hundred times what a beacon's crystal has, and
a twentieth of what C/S T.001 allows. Without it their timing costs half a decibel at 23.6 dB-Hz and one at 22"""
_RATE_TRUST = 0.5 * WEAK_RATE_SIGMA**-2
_SHIFTS = 12
"""bits by which the place may be wrong: one bit off, most of what is known looks the same"""
_SELF_TEST_COST = 3.0
"""nats: most bursts that matter are none"""
_SHORTER = -3.0
"""nats by which bits 113-144 may speak against being there"""


@dataclass(frozen=True, slots=True, eq=False)
class Weak:
    """A weak burst, followed."""

    track: Track
    """in a channel about ``centre_hz``"""
    sync: Sync
    centre_hz: float
    odds: float
    """log of the likelihood of this burst over that of noise, its numbers being the best of all that were tried"""
    over_line: float
    """the same over a carrier that goes on without bits"""


@lru_cache(maxsize=8)
def _carrier_turns(rate_hz: float, count: int) -> NDArray[np.complex64]:
    """What takes drifts off a carrier of ``count`` samples, (drifts, count)."""
    times_s = (np.arange(count) - (count - 1) / 2) / rate_hz
    turns: NDArray[np.complex64] = np.exp(-1j * np.pi * _CARRIER_DRIFTS[:, None] * times_s**2).astype(np.complex64)
    return turns


def carrier(stretch: Stretch, at_s: float, offset_hz: float, noise_density: float) -> tuple[float, float, float, float]:
    """The steady 160 ms about a line that was seen: energy over the noise, its middle (s), frequency and drift there.

    The frequency counts from the centre of the stretch.
    """
    narrow = stretch.take(offset_hz, _CARRIER_HZ)
    rate_hz = narrow.rate_hz
    count = round(FGB_CARRIER_S * rate_hz)
    firsts = np.rint((at_s + _CARRIER_STARTS_S) * rate_hz).astype(np.intp)
    firsts = np.unique(firsts[(firsts >= 0) & (firsts + count <= len(narrow.iq))])
    if not len(firsts):
        return 0.0, 0.0, 0.0, 0.0
    parts = narrow.iq[firsts[:, None] + np.arange(count)]
    spectra = fft.fft(parts[:, None, :] * _carrier_turns(rate_hz, count), _CARRIER_SIZE, axis=2, overwrite_x=True)
    power = spectra.real**2 + spectra.imag**2
    reach = int(_CARRIER_REACH_HZ / rate_hz * _CARRIER_SIZE)
    power[:, :, reach + 1 : _CARRIER_SIZE - reach] = 0
    start, drift, column = np.unravel_index(int(power.argmax()), power.shape)
    cycles = (int(column) if column <= reach else int(column) - _CARRIER_SIZE) / _CARRIER_SIZE
    energy = float(power[start, drift, column]) / (noise_density * rate_hz * count)
    middle_s = (float(firsts[start]) + (count - 1) / 2) / rate_hz
    return energy, middle_s, narrow.centre_hz + cycles * rate_hz, float(_CARRIER_DRIFTS[drift])


@lru_cache(maxsize=2)
def _known_turns(coarse: bool) -> Complex:
    """Frequencies and drifts near those found, taken off about the middle of the known part, (T, 88)."""
    slow, bent = (_SLOW_HZ[3:6], _BENT[1:6]) if coarse else (_SLOW_HZ, _BENT)
    times_s = _TIMES_S[: CARRIER_BITS + SYNC_BITS] - _AGO_S
    angles = slow[:, None, None] * times_s + bent[None, :, None] / 2 * times_s**2
    turns: Complex = np.exp(-2j * np.pi * angles).reshape(-1, len(times_s))
    return turns


def follow_weak(stretch: Stretch, at_s: float, offset_hz: float, noise_density: float) -> Weak | None:
    """The burst whose carrier shows as a line about a time and offset; None where too little speaks for one."""
    energy, middle_s, frequency_hz, drift = carrier(stretch, at_s, offset_hz, noise_density)
    if energy < LEAST_CARRIER:
        return None
    narrow = stretch.take(frequency_hz, _KNOWN_HZ)
    rate_hz = narrow.rate_hz
    due_s = middle_s + FGB_CARRIER_S / 2
    first = max(0, int((due_s - _PLACES_S - FGB_CARRIER_S - 0.01) * rate_hz))
    last = min(len(narrow.iq), int((due_s + _PLACES_S + FGB_LONG_BITS * BIT_S * 1.01) * rate_hz))
    part = narrow.iq[first:last]
    here = float(np.vdot(part, part).real) / max(len(part), 1) / rate_hz
    if energy * noise_density < LEAST_CARRIER * here * _OF_NOISE:  # noise is higher here and now than it mostly is
        return None
    noise_density = max(float(noise_density), here * _OF_NOISE)
    begin_s = first / rate_hz
    about_s = due_s + _AGO_S - begin_s
    past_s = np.arange(last - first) / rate_hz - about_s
    off_hz = frequency_hz - narrow.centre_hz + drift * (due_s + _AGO_S - middle_s)
    iq = part * np.exp(-2j * np.pi * past_s * (off_hz + drift / 2 * past_s))
    total = track_loops.running_sum(iq.astype(np.complex64), rate_hz)
    begin = due_s - begin_s - _PLACES_S
    count = int(2 * _PLACES_S / _STEP_S) + 1
    scale = noise_density * (CARRIER_BITS + SYNC_BITS) * BIT_S
    best, _ = weak_loops.known_energy(total, rate_hz, begin, _STEP_S, count, _known_turns(True), _SIGNS[0])
    if best.max() < _LEAST_COARSE * scale:
        return None
    known, kind, seat = 0.0, 0, _Seat(0.0, 0.0, 0.0, 0.0)
    for _ in range(_TRIED):
        place = int(best.max(axis=0).argmax())
        best[:, max(0, place - 2) : place + 3] = 0
        start_s = begin + (place - 1) * _STEP_S
        fine, which = weak_loops.known_energy(total, rate_hz, start_s, _STEP_S, 3, _known_turns(False), _SIGNS[0])
        if fine.max() > known:
            known = float(fine.max())
            kind, late = (int(index) for index in np.unravel_index(int(fine.argmax()), fine.shape))
            slow, bent = divmod(int(which[kind, late]), len(_BENT))
            seat = _Seat(start_s + late * _STEP_S, 0.0, float(_SLOW_HZ[slow]), float(_BENT[bent]))
    known /= scale
    if known < LEAST_KNOWN:
        return None
    one = _followed(total, rate_hz, seat, kind, noise_density, known)
    if one.odds < LEAST_ODDS or one.over_line < LEAST_OVER_LINE:
        return None
    track = one.track  # and now as the channel was before a carrier was taken off
    at_bit_1 = track.start_s - about_s
    phase = track.phase_rad + 2 * np.pi * at_bit_1 * (off_hz + drift / 2 * at_bit_1)
    whole = replace(
        track,
        start_s=track.start_s + begin_s,
        phase_rad=phase,
        frequency_hz=track.frequency_hz + off_hz + drift * at_bit_1,
        drift_hz_per_s=track.drift_hz_per_s + drift,
    )
    return replace(one, track=whole, centre_hz=narrow.centre_hz)


class _Seat(NamedTuple):
    """Numbers of a burst while it is looked for; the carrier's are those about the middle of the known part."""

    start_s: float
    stretch: float
    frequency_hz: float
    drift: float


def _followed(total: Complex, rate_hz: float, seat: _Seat, kind: int, noise: float, known: float) -> Weak:
    """Carrier, beginning and bit rate that are likeliest over the whole of a burst."""
    reach = FGB_SHORT_BITS
    amplitude = float(np.sqrt(known * noise / ((CARRIER_BITS + SYNC_BITS) * BIT_S)))
    start_s, stretch, frequency_hz, drift = seat
    stretches, times_s = _STRETCHES, _TIMES_S - _AGO_S
    carried = np.zeros(CARRIER_BITS, np.complex128)
    plain, swing = np.zeros((2, FGB_LONG_BITS), np.complex128)
    for fine in (1.0, 0.5, 0.25):
        frequencies, drifts = frequency_hz + fine * _FREQUENCIES_HZ, drift + fine * _DRIFTS
        slow = np.exp(-2j * np.pi * frequencies[:, None] * times_s)
        bent = np.exp(-1j * np.pi * drifts[:, None] * times_s**2)
        _, wide, column, row = weak_loops.best_carrier(
            total, rate_hz, start_s, stretches, _SIGNS[kind], slow, bent, noise, amplitude, reach, _RATE_TRUST
        )
        frequency_hz, drift, stretch = float(frequencies[column]), float(drifts[row]), float(stretches[wide])
        turns = slow[column] * bent[row]
        starts_s, stretches = start_s + fine * _FINE_STARTS_S, stretch + fine * _FINE_STRETCHES
        _, late, wide = weak_loops.best_timing(
            total, rate_hz, starts_s, stretches, _SIGNS[kind], turns, noise, amplitude, reach, _RATE_TRUST
        )
        start_s, stretch = float(starts_s[late]), float(stretches[wide])
        stretches = np.array([stretch])
        track_loops.read(total, rate_hz, start_s, stretch, carried, plain, swing)
        tried = [
            sum(weak_loops.message_odds(carried, plain, swing, _SIGNS[kind], turns, noise, level, SYNC_BITS, reach)[:2])
            for level in amplitude * _LEVELS
        ]
        amplitude *= float(_LEVELS[int(np.argmax(tried))])
    about_s = start_s + _AGO_S
    _, longer, _ = weak_loops.message_odds(
        carried, plain, swing, _SIGNS[kind], turns, noise, amplitude, FGB_SHORT_BITS, FGB_LONG_BITS
    )
    bits = FGB_LONG_BITS if longer > _SHORTER else FGB_SHORT_BITS
    odds, phases = weak_loops.best_shift(
        total, rate_hz, start_s, stretch, _SIGNS, frequency_hz, drift, about_s, noise, amplitude, bits, _SHIFTS
    )
    odds[:, 1] -= _SELF_TEST_COST
    shift, kind = (int(index) for index in np.unravel_index(int(odds.argmax()), odds.shape))
    start_s += (shift - _SHIFTS) * BIT_S * (1 + stretch)
    straight = phases[shift, kind]
    turns = weak_loops.turned(start_s - about_s + _TIMES_S, frequency_hz, drift)
    track_loops.read(total, rate_hz, start_s, stretch, carried, plain, swing)
    line = np.concatenate([carried, plain[:bits]]) @ turns[: CARRIER_BITS + bits]
    steady = abs(line) ** 2 / (noise * (CARRIER_BITS + bits) * BIT_S)
    ago_s = start_s - about_s
    phase = -np.angle(straight) + 2 * np.pi * ago_s * (frequency_hz + drift / 2 * ago_s)
    seen = (swing * turns[CARRIER_BITS:] * straight).imag
    track = Track(start_s, stretch, phase, frequency_hz + drift * ago_s, drift, seen, noise, amplitude, bits)
    likely = float(odds[shift, kind])
    return Weak(track, "self_test" if kind else "normal", 0.0, likely, likely - float(steady))

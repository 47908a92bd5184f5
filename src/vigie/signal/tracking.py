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

from vigie.constants import FGB_LONG_BITS, FGB_PHASE_RAD, FGB_SHORT_BITS
from vigie.signal.fgb import BIT_S, SYNC_BITS

CARRIER_BITS = 64  # 160 ms of carrier, in bit lengths
_STEPS = (SYNC_BITS, 34, 48, 66, 88, FGB_SHORT_BITS)
_COS, _SIN = float(np.cos(FGB_PHASE_RAD)), float(np.sin(FGB_PHASE_RAD))
_EDGE = 1 / 8
"""early and late sampling, in bits"""
_RATE_SIGMA = 0.004
"""prior of the bit rate's relative error; 1 % is legal, most beacons keep 0.1 %"""
_DRIFT_SIGMA_HZ_PER_S = 150.0

_STRONG_STEPS = (48, FGB_SHORT_BITS)
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


class Integrals:
    """Integrals of a channel over any times, by a running sum."""

    def __init__(self, iq: NDArray[np.complex64], rate_hz: float) -> None:
        self.rate_hz, self.count = rate_hz, len(iq)
        self.total = np.zeros(len(iq) + 2, np.complex128)
        np.cumsum(iq, out=self.total[1:-1])
        self.total[-1] = self.total[-2]
        self.total /= rate_hz

    def until(self, times_s: Real) -> Complex:
        """Integral from the first sample to each time, in seconds of unit amplitude; constant outside the channel."""
        place = np.clip(times_s * self.rate_hz + 0.5, 0, self.count)  # a sample stands for the stretch about it
        index = place.astype(np.intp)
        value: Complex = self.total[index]
        between: Complex = value + (place - index) * (self.total[index + 1] - value)
        return between


def bit_integrals(integrals: Integrals, start_s: float, stretch: float, shift: float = 0.0) -> tuple[Complex, Complex]:
    """Integral over each of 144 bits, plain and against the pattern of a "1"; ``shift`` in bits."""
    edges = start_s + BIT_S * (1 + stretch) * (np.arange(2 * FGB_LONG_BITS + 1) / 2 + shift)
    halves = np.diff(integrals.until(edges))
    return halves[0::2] + halves[1::2], halves[0::2] - halves[1::2]


def carrier_integrals(integrals: Integrals, start_s: float) -> Complex:
    """Integral over the 64 bit lengths before bit 1, the earliest first."""
    return np.diff(integrals.until(start_s + BIT_S * np.arange(-CARRIER_BITS, 1)))


_CARRIER_TIMES = (np.arange(-CARRIER_BITS, 0) + 0.5) * BIT_S
_BIT_TIMES = (np.arange(FGB_LONG_BITS) + 0.5) * BIT_S
_DRIFT_GRID = np.arange(-200.0, 201.0, 25.0)
_GRID_TIMES = np.concatenate([_CARRIER_TIMES, _BIT_TIMES[:SYNC_BITS]])
_DECHIRP = np.exp(-1j * np.pi * _DRIFT_GRID[:, None] * _GRID_TIMES**2)
_GRID_SIZE = 512


def first_phase(known: Complex, noise_density: float) -> Real:
    """Phase, frequency and drift at the beginning of bit 1 from the carrier and bits 1-24 stripped of their swing."""
    spectrum = np.fft.fft(_DECHIRP * known, _GRID_SIZE)
    weight = np.abs(spectrum) ** 2 / (noise_density * len(known) * BIT_S)
    weight -= 0.5 * (_DRIFT_GRID[:, None] / _DRIFT_SIGMA_HZ_PER_S) ** 2
    row, column = np.unravel_index(int(weight.argmax()), weight.shape)
    frequency = (column if column < _GRID_SIZE // 2 else column - _GRID_SIZE) / (_GRID_SIZE * BIT_S)
    phase = np.angle(spectrum[row, column]) - 2 * np.pi * frequency * _GRID_TIMES[0]
    return np.array([phase, 2 * np.pi * frequency, np.pi * _DRIFT_GRID[row]])


class _Follower:
    """The fit of one burst while it grows."""

    def __init__(self, iq: NDArray[np.complex64], rate_hz: float, start_s: float, sync: Real, noise: float) -> None:
        self.integrals = Integrals(iq, rate_hz)
        self.length_s = len(iq) / rate_hz
        self.sync, self.noise, self.amplitude = sync, noise, 1e-30
        self.start_s, self.stretch = _place(self.integrals, start_s, sync)
        self.reach, self.present = SYNC_BITS, FGB_LONG_BITS
        self._read()
        known = _COS * self.plain[:SYNC_BITS] - 1j * _SIN * sync * self.swing[:SYNC_BITS]
        self.phase = first_phase(np.concatenate([self.carrier, known]), noise)

    def _read(self) -> None:
        self.carrier = carrier_integrals(self.integrals, self.start_s)
        self.plain, self.swing = bit_integrals(self.integrals, self.start_s, self.stretch)

    def turn(self, times_s: Real) -> Complex:
        """What takes the carrier's phase off, at times past the beginning of bit 1."""
        turn: Complex = np.exp(-1j * (self.phase[0] + times_s * (self.phase[1] + times_s * self.phase[2])))
        return turn

    def decide(self, swing: Complex) -> Real:
        """Soft decisions, -1 to 1, of bits whose phase is straight."""
        decided: Real = np.tanh(2 * self.amplitude * _SIN / self.noise * swing.imag)
        decided[:SYNC_BITS] = self.sync
        return decided

    def fit_phase(self) -> None:
        """One Newton step of phase, frequency and drift over the carrier and ``reach`` bits."""
        times = np.concatenate([_CARRIER_TIMES, _BIT_TIMES[: self.reach] * (1 + self.stretch)])
        turn = self.turn(times)
        bits = turn[CARRIER_BITS:]
        swing = bits * self.swing[: self.reach]
        decided = self.decide(swing)
        phasors = np.concatenate(
            [turn[:CARRIER_BITS] * self.carrier, _COS * bits * self.plain[: self.reach] - 1j * _SIN * decided * swing]
        )
        here = (times + self.start_s > 0) & (times + self.start_s < self.length_s)
        self.amplitude = max(float(phasors.real.sum()) / max(float(here.sum()) * BIT_S, BIT_S), 1e-30)
        scale = 2 * self.amplitude / self.noise
        powers = np.stack([np.ones_like(times), times, times * times])
        normal = (powers * (np.maximum(phasors.real, 0) * scale)) @ powers.T
        slope = powers @ (phasors.imag * scale)
        trust = (np.pi * _DRIFT_SIGMA_HZ_PER_S) ** -2
        normal[2, 2] += trust
        slope[2] -= trust * self.phase[2]
        self.phase = self.phase + np.linalg.solve(normal + np.diag(1e-9 * np.diag(normal) + 1e-30), slope)

    def fit_timing(self) -> None:
        """One step of the start and of the bit length, from integrals taken early and late."""
        bits = self.turn(_BIT_TIMES[: self.reach] * (1 + self.stretch))
        decided = self.decide(bits * self.swing[: self.reach])
        early = bit_integrals(self.integrals, self.start_s, self.stretch, -_EDGE)[1]
        late = bit_integrals(self.integrals, self.start_s, self.stretch, _EDGE)[1]
        lead = decided * (bits * (late - early)[: self.reach]).imag / BIT_S
        gain = 6 * self.amplitude * _SIN  # mean slope: 2 for the edge within a bit, 4 more where neighbours are alike
        trust = gain**2 / (12 * _EDGE * self.noise / BIT_S)
        count = np.arange(self.reach) + 0.5
        weight = trust * decided**2
        normal = np.array([[weight.sum(), weight @ count], [weight @ count, weight @ count**2]])
        slope = np.array([lead.sum(), lead @ count]) * (trust / gain)
        normal[1, 1] += _RATE_SIGMA**-2
        slope[1] -= self.stretch * _RATE_SIGMA**-2
        moved, stretched = np.clip(np.linalg.solve(normal + np.diag([1e-12, 0]), slope), -0.2, 0.2)
        shift_s = moved * BIT_S
        self.start_s += shift_s
        self.stretch = float(np.clip(self.stretch + np.clip(stretched, -0.004, 0.004), -0.02, 0.02))
        a, b, c = self.phase  # the polynomial stays tied to the beginning of bit 1
        self.phase = np.array([a + shift_s * (b + shift_s * c), b + 2 * shift_s * c, c])
        self._read()

    def measure(self) -> None:
        """Noise from what a burst leaves empty, and whether the burst lasts beyond bit 112."""
        bits = self.turn(_BIT_TIMES * (1 + self.stretch))
        swing, plain = bits * self.swing, bits * self.plain
        early = slice(None, FGB_SHORT_BITS)
        # a running sum read between samples has less noise than it should, by a third of a sample at each end
        loss = 1 / (self.integrals.rate_hz * BIT_S)
        empty = np.concatenate(
            [
                swing[early].real / np.sqrt(1 - loss),
                plain[early].imag / np.sqrt(1 - loss / 3),
                (self.turn(_CARRIER_TIMES) * self.carrier).imag / np.sqrt(1 - loss / 3),
            ]
        )
        empty = empty[empty != 0]
        if len(empty) > 50:
            self.noise = max(float(np.mean(empty**2)) * 2 / BIT_S, 1e-30)
        level = _COS * plain.real + _SIN * self.decide(swing) * swing.imag
        late_start = self.start_s + FGB_SHORT_BITS * BIT_S * (1 + self.stretch)
        if late_start + 8 * BIT_S > self.length_s:  # cut off: the format flag alone tells
            self.present = FGB_LONG_BITS if swing[SYNC_BITS].imag > 0 else FGB_SHORT_BITS
            return
        shown = level[FGB_SHORT_BITS:].mean() / BIT_S / self.amplitude
        hiss = np.abs(swing[early].real)  # as large as bits would seem where there are none
        seeming = float(np.mean(hiss * np.tanh(hiss * 2 * self.amplitude * _SIN / self.noise)))
        blank = _SIN * seeming / BIT_S / self.amplitude
        full = level[SYNC_BITS:FGB_SHORT_BITS].mean() / BIT_S / self.amplitude
        spread2 = self.noise / 2 / BIT_S / self.amplitude**2 / (FGB_LONG_BITS - FGB_SHORT_BITS)
        odds = (shown - (full + blank) / 2) * (full - blank) / spread2
        flag = 4 * self.amplitude * _SIN / self.noise * swing[SYNC_BITS].imag
        self.present = FGB_LONG_BITS if odds + float(np.clip(flag, -5, 5)) > 0 else FGB_SHORT_BITS


def follow(
    iq: NDArray[np.complex64], rate_hz: float, start_s: float, sync: NDArray[np.int8], noise_density: float
) -> Track:
    """Follow one burst whose bit 1 begins about start_s; its carrier is within some tens of Hz of zero.

    noise_density: power per Hz, the first guess of it.
    """
    state = _Follower(iq, rate_hz, start_s, 2.0 * sync - 1, noise_density)
    strong = False
    for reach in _STEPS:
        if strong and reach not in _STRONG_STEPS:
            continue
        strong = state.amplitude**2 > _STRONG * state.noise
        state.reach = reach
        state.fit_phase()
        if not strong:
            state.fit_phase()
        state.fit_timing()
    state.measure()
    state.reach = state.present
    for _ in range(2):
        state.fit_phase()
        state.fit_timing()
    state.measure()
    return Track(
        state.start_s,
        state.stretch,
        float(state.phase[0]),
        float(state.phase[1] / (2 * np.pi)),
        float(state.phase[2] / np.pi),
        (state.turn(_BIT_TIMES * (1 + state.stretch)) * state.swing).imag,
        state.noise,
        state.amplitude,
        state.present,
    )


_PLACES = np.arange(-4, 5) / 16
_STRETCHES = np.arange(-2, 3) * 0.004
_SYNC_EDGES = np.arange(2 * SYNC_BITS + 1) / 2


def _place(integrals: Integrals, start_s: float, signs: Real) -> tuple[float, float]:
    """The beginning of bit 1 and the stretch that agree best with bits 1-24, on a grid about start_s."""
    edges = start_s + BIT_S * (_PLACES[:, None, None] + (1 + _STRETCHES[:, None]) * _SYNC_EDGES)
    halves = np.diff(integrals.until(edges))
    energy = np.abs((halves[..., 0::2] - halves[..., 1::2]) @ signs) ** 2 * (1 - 5 * np.abs(_STRETCHES))
    place, stretch = np.unravel_index(int(energy.argmax()), energy.shape)
    return start_s + float(_PLACES[place]) * BIT_S, float(_STRETCHES[stretch])

"""First-generation bursts that carry one message, each too weak to be followed alone, demodulated together.

What the other receptions say of the bits takes the modulation off a burst, so that its carrier adds up over the whole
message instead of the 160 ms before it. Each pass measures every reception anew with what the others then say
(expectation and maximisation: a bit that is not sure enters by its expectation), and what comes out of one reception
is never told to itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.constants import FGB_CARRIER_S, FGB_LONG_BITS, FGB_PHASE_RAD
from vigie.errors import InputError
from vigie.records import Sync
from vigie.signal import fgb, fit_loops, track_loops
from vigie.signal.fgb import BIT_S, SYNC_BITS
from vigie.signal.track_loops import CARRIER_BITS, EVEN, ODD

Real = NDArray[np.float64]

_FREQUENCIES_HZ = np.arange(-4.0, 4.01, 0.5)
_DRIFTS = np.arange(-160.0, 161.0, 8.0)
_DRIFT_SIGMA = 150.0
_STARTS_S = np.arange(-300e-6, 301e-6, 75e-6)
_STRETCHES = np.arange(-1.5e-3, 1.6e-3, 2.5e-4)
_TIMES_S = (np.arange(-CARRIER_BITS, FGB_LONG_BITS) + 0.5) * BIT_S
_MIDDLE_S = (FGB_LONG_BITS * BIT_S - FGB_CARRIER_S) / 2
_AWAY_S = _TIMES_S - _MIDDLE_S
_DECHIRP = np.exp(-1j * np.pi * _DRIFTS[:, None] * _AWAY_S**2)
_TURNS = np.exp(-2j * np.pi * _AWAY_S[:, None] * _FREQUENCIES_HZ)
_CENTRE = np.array([0.0, 0.0, 0.0, 0.0, 0.0, FGB_PHASE_RAD, 150e-6, 0.0])
_SIGMA = np.array([np.inf, np.inf, _DRIFT_SIGMA, 200e-6, 1e-3, 0.06, 60e-6, 0.03])
"""as ``fitting`` has it, but for the beginning and the bit rate, of which more is known here"""
_RIDGE = 1e-12 * np.eye(8)
_MOST_TRUST = 8.0


class Heard(NamedTuple):
    """Where a long first-generation burst lies in a channel of about 13 kHz."""

    iq: NDArray[np.complex64]
    rate_hz: float
    start_s: float
    """beginning of bit 1, within 0.3 ms"""
    frequency_hz: float
    """carrier in the middle of the burst, within 4 Hz"""


class _Weak:
    """One reception while it is measured."""

    def __init__(self, heard: Heard, sync: NDArray[np.int8]) -> None:
        self.rate_hz, self.sync = heard.rate_hz, sync
        times_s = np.arange(len(heard.iq)) / heard.rate_hz
        self.off_hz = heard.frequency_hz
        iq = heard.iq * np.exp(-2j * np.pi * heard.frequency_hz * times_s)
        self.first = max(0, int((heard.start_s - FGB_CARRIER_S) * heard.rate_hz))
        last = int(np.ceil((heard.start_s + FGB_LONG_BITS * BIT_S) * heard.rate_hz))
        self.part = np.ascontiguousarray(iq[self.first : last], np.complex64)
        self.total = track_loops.running_sum(np.ascontiguousarray(iq, np.complex64), heard.rate_hz)
        self.power = float(np.mean(np.abs(self.part) ** 2))
        self.start_s, self.due_s = heard.start_s, heard.start_s
        self.stretch = 0.0
        self.soft = np.zeros(FGB_LONG_BITS)

    def _known(self, start_s: float, stretch: float, signs: Real) -> NDArray[np.complex128]:
        """The carrier, and each bit with the swing of ``signs`` taken off, (208,)."""
        carrier = np.zeros(CARRIER_BITS, np.complex128)
        plain, swing = np.zeros((2, FGB_LONG_BITS), np.complex128)
        track_loops.read(self.total, self.rate_hz, start_s, stretch, carrier, plain, swing)
        return np.concatenate([carrier, EVEN * plain - 1j * ODD * signs * swing])

    def search(self, signs: Real) -> None:
        """Carrier, beginning and bit rate that agree best with bits of these expectations, on a grid."""
        carrier = np.zeros(len(_TIMES_S), np.complex128)
        for _ in range(2):
            known = self._known(self.start_s, self.stretch, signs)
            noise = max(self.power / self.rate_hz, 1e-30)
            score = np.abs((_DECHIRP * known) @ _TURNS) ** 2 / (noise * len(known) * BIT_S)
            score -= 0.5 * (_DRIFTS[:, None] / _DRIFT_SIGMA) ** 2
            row, column = np.unravel_index(int(score.argmax()), score.shape)
            self.frequency_hz, self.drift = float(_FREQUENCIES_HZ[column]), float(_DRIFTS[row])
            carrier = _DECHIRP[row] * _TURNS[:, column]
            best = -1.0
            for start_s in self.due_s + _STARTS_S:
                for stretch in _STRETCHES:
                    seen = np.abs(self._known(start_s, stretch, signs) @ carrier)
                    if seen > best:
                        best, self.start_s, self.stretch = float(seen), float(start_s), float(stretch)
        self.phase_rad = float(np.angle(self._known(self.start_s, self.stretch, signs) @ carrier))

    def fit(self, prior: Real, steps: int = 3) -> None:
        """Steps of all numbers of the waveform, and then what this reception says of each bit."""
        middle_s = self.start_s + _MIDDLE_S
        values = np.array(
            [self.phase_rad, self.frequency_hz, self.drift, self.start_s, self.stretch, *_CENTRE[5:]], np.float64
        )
        centre = _CENTRE.copy()
        centre[3] = self.due_s
        own = np.zeros(FGB_LONG_BITS)
        for step in range(steps + 1):
            belief = np.clip(prior + own, -_MOST_TRUST, _MOST_TRUST)
            bits, sure = (belief < 0).astype(np.int8), np.tanh(np.abs(belief) / 2)
            bits[:SYNC_BITS], sure[:SYNC_BITS] = self.sync, 1.0
            half_s, length_s = BIT_S * (1 + values[4]) / 2, fgb.ramp_s(float(values[6]))
            place = (self.part, self.first, self.rate_hz, middle_s, values, half_s, length_s)
            level, force, normal = fit_loops.normal_equations(*place, values[6], bits, sure)
            amplitude = max(level * len(self.part) / normal[0, 0], 1e-30)
            noise = max(self.power - amplitude**2, 0.1 * self.power) / self.rate_hz
            own = 2 * amplitude / (noise * self.rate_hz) * fit_loops.bit_correlations(*place, bits)
            if step == steps:
                break
            scale = 2 * amplitude**2 / (noise * self.rate_hz)
            normal = scale * normal + np.diag(_SIGMA**-2)
            force = force * (scale / amplitude) - (values - centre) * _SIGMA**-2
            size = np.sqrt(np.diag(normal))
            values = values + np.linalg.solve(normal / np.outer(size, size) + _RIDGE, force / size) / size
            values[3] = np.clip(values[3], self.due_s - BIT_S / 4, self.due_s + BIT_S / 4)
            values[4:] = np.clip(values[4:], [-0.03, 0.5, 10e-6, -0.15], [0.03, 1.6, 500e-6, 0.15])
        self.soft = own


def demodulate_first(receptions: Sequence[Heard], *, sync: Sync = "normal", passes: int = 4) -> NDArray[np.float32]:
    """LLRs (N, 144), ln P(0)/P(1), that each of several receptions of one long message holds of its bits.

    Ready for ``combine.add``. Noise is taken to be white over the channel.
    Raises InputError for a reception that ends before the 24 known bits do.
    """
    pattern = fgb.sync_pattern(sync)
    for heard in receptions:
        if len(heard.iq) / heard.rate_hz < heard.start_s + SYNC_BITS * BIT_S:
            raise InputError("a reception holds at least the 24 known bits of its burst")
    weak = [_Weak(heard, pattern) for heard in receptions]
    for _ in range(passes):
        total = np.sum([each.soft for each in weak], axis=0)
        for each in weak:
            each.search(_expected(total, pattern))
            each.fit(total - each.soft)
    return np.array([each.soft for each in weak], np.float32)


def _expected(belief: ArrayLike, pattern: NDArray[np.int8]) -> Real:
    """Expectation of the sign of each bit, 1 for a "1"; those of the sync are known."""
    signs: Real = -np.tanh(np.asarray(belief, np.float64) / 2)
    signs[:SYNC_BITS] = 2.0 * pattern - 1
    return signs

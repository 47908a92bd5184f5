"""The maximum-likelihood fit of one burst, its soft bits and the bounds of its numbers.

The model is C/S T.001's own waveform with the free numbers of one burst: amplitude, phase, frequency, drift, start, bit
length, deviation, rise time and symmetry. Its noise is white and Gaussian, so Gauss-Newton steps reach the
Cramer-Rao bound and their normal matrix is the bound (Kay, Estimation Theory, 3.9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_CARRIER_S
from vigie.signal import fgb
from vigie.signal.fgb import BIT_S, Modulation
from vigie.signal.tracking import Track

Real = NDArray[np.floating[Any]]

_CENTRE = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.1, 150e-6, 0.0])
_SIGMA = np.array([np.inf, np.inf, 1e3, np.inf, 0.02, 0.06, 60e-6, 0.03])
"""prior of phase, frequency, drift, start, stretch, deviation, rise and asymmetry: the limits of T.001 2.2.4, 2.3.6"""
_RIDGE = 1e-12 * np.eye(8)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """One burst, measured. Times in seconds past the first sample of the channel."""

    bits: NDArray[np.int8]
    """(112,) or (144,) hard decisions"""
    soft: NDArray[np.float32]
    """ln P(0)/P(1) of each bit; 0 where the recording has nothing"""
    start_s: float
    """beginning of bit 1"""
    middle_s: float
    """middle of the burst: the instant at which phase and frequency are stated"""
    phase_rad: float
    frequency_hz: float
    drift_hz_per_s: float
    amplitude: float
    noise_density: float
    modulation: Modulation
    sigma_start_s: float
    sigma_frequency_hz: float

    @property
    def cn0_dbhz(self) -> float:
        """Carrier power over noise density."""
        return float(10 * np.log10(self.amplitude**2 / self.noise_density))

    @property
    def end_s(self) -> float:
        """End of the last bit."""
        return self.start_s + len(self.bits) / self.modulation.bit_rate_bps

    def replica(self, times_s: Real) -> NDArray[np.complex128]:
        """The burst itself at times past the first sample; 0 before and after it."""
        past = times_s - self.middle_s
        swing = fgb.shape(times_s - self.start_s, self.bits, self.modulation).swing
        phase = self.phase_rad + 2 * np.pi * past * (self.frequency_hz + past * (self.drift_hz_per_s / 2))
        phase = phase + self.modulation.deviation_rad * swing
        wave: NDArray[np.complex128] = np.asarray(self.amplitude * np.exp(1j * phase), np.complex128)
        wave[(times_s < self.start_s - FGB_CARRIER_S) | (times_s > self.end_s)] = 0
        return wave


def fit(iq: NDArray[np.complex64], rate_hz: float, track: Track, sync: NDArray[np.int8], steps: int = 2) -> Fit | None:
    """Fit the waveform to a channel's samples (n,) about a tracked burst; its carrier is near zero frequency.

    sync (24,): the bits that are known. None when the fit runs away: there is no burst, or too little of one.
    """
    sent_s = track.bits * BIT_S * (1 + track.stretch)
    first = max(0, int(np.ceil((track.start_s - FGB_CARRIER_S) * rate_hz)))
    last = min(len(iq), int(np.floor((track.start_s + sent_s) * rate_hz)))
    if (last - first) / rate_hz < 24 * BIT_S:
        return None
    part = iq[first:last].astype(np.complex128)
    times = np.arange(first, last) / rate_hz
    middle_s = track.start_s + (sent_s - FGB_CARRIER_S) / 2
    past = times - middle_s
    ago = middle_s - track.start_s
    turned = track.phase_rad + 2 * np.pi * ago * (track.frequency_hz + ago * track.drift_hz_per_s / 2)
    slope = track.frequency_hz + ago * track.drift_hz_per_s
    values = np.array([turned, slope, track.drift_hz_per_s, track.start_s, track.stretch, *_CENTRE[5:]])
    soft = -4 * track.amplitude * np.sin(_CENTRE[5]) / track.noise_density * track.swing[: track.bits]
    amplitude, noise = track.amplitude, track.noise_density
    normal = np.eye(len(values))
    for step in range(steps + 1):
        bits, sure = _decided(soft, sync)
        modulation = _modulation(values)
        rotor = part * np.exp(-1j * (values[0] + 2 * np.pi * past * (values[1] + past * values[2] / 2)))
        on_s = times - values[3]
        seen = fgb.shape(on_s, bits, modulation)
        if step and (step == steps or sure.min() < 1):  # bits that are sure need no second look but the last
            gain = 2 * amplitude / (noise * rate_hz)
            soft = gain * _soft_bits(rotor, on_s, bits, seen.swing, values[5], modulation)
        place = np.clip(np.floor(on_s * modulation.bit_rate_bps) + 1, 0, track.bits + 1).astype(np.intp)
        trust = np.concatenate([[1.0], sure, [1.0]])[place]
        even, odd = np.cos(values[5] * seen.swing), np.sin(values[5] * seen.swing)
        # expectation over each bit's two values, by Bayes' rule: a doubtful bit leaves what does not hang on its sign
        amplitude = max(float(np.mean(even * rotor.real + trust * odd * rotor.imag)), 1e-30)
        if step == steps:
            break
        gradient = _gradient(past, on_s, seen, values, modulation)
        scale = 2 * amplitude**2 / (noise * rate_hz)
        pull = np.empty_like(gradient)
        pull[:3] = gradient[:3] * (even**2 + trust**2 * odd**2)
        pull[3:] = gradient[3:] * (trust**2 * even**2 + odd**2)
        normal = scale * (pull @ gradient.T) + np.diag(_SIGMA**-2)
        normal = (normal + normal.T) / 2
        force = np.concatenate(
            [
                gradient[:3] @ (even * rotor.imag - trust * odd * rotor.real),
                gradient[3:] @ (trust * even * rotor.imag - odd * rotor.real),
            ]
        )
        force = force * (scale / amplitude) - (values - _CENTRE) * _SIGMA**-2
        size = np.sqrt(np.diag(normal))
        if not (size > 0).all() or not np.isfinite(size).all():
            return None
        values = values + np.linalg.solve(normal / np.outer(size, size) + _RIDGE, force / size) / size
        if abs(values[3] - track.start_s) > BIT_S or not np.isfinite(values).all():
            return None
        values[4:] = np.clip(values[4:], [-0.03, 0.5, 10e-6, -0.15], [0.03, 1.6, 500e-6, 0.15])
    bits = (soft < 0).astype(np.int8)
    size = np.sqrt(np.diag(normal))
    bound = np.linalg.inv(normal / np.outer(size, size) + _RIDGE) / np.outer(size, size)
    return Fit(
        bits,
        soft.astype(np.float32),
        float(values[3]),
        middle_s,
        float(values[0]),
        float(values[1]),
        float(values[2]),
        amplitude,
        noise,
        _modulation(values),
        float(np.sqrt(bound[3, 3])),
        float(np.sqrt(bound[1, 1])),
    )


def _decided(soft: Real, sync: NDArray[np.int8]) -> tuple[NDArray[np.int8], Real]:
    """Bits, and how sure each is: 1, or the expectation of its sign, 0 to 1. Those of the sync are known."""
    bits = (soft < 0).astype(np.int8)
    sure = np.tanh(np.abs(soft) / 2)
    bits[: len(sync)] = sync
    sure[: len(sync)] = 1
    return bits, sure


def _modulation(values: Real) -> Modulation:
    return Modulation(float(values[5]), float(values[6]), float(values[7]), 1 / (BIT_S * (1 + float(values[4]))))


def _gradient(past: Real, on_s: Real, seen: fgb.Shape, values: Real, modulation: Modulation) -> Real:
    """Derivatives of the phase by each value, (8, n)."""
    bent = values[5] * seen.slope
    half_s = 0.5 / modulation.bit_rate_bps
    return np.stack(
        [
            np.ones_like(past),
            2 * np.pi * past,
            np.pi * past**2,
            -bent,
            -bent * on_s / (1 + values[4]),
            seen.swing,
            -bent * seen.past / modulation.rise_s,
            bent * seen.sense * (half_s / 2),
        ]
    )


def _soft_bits(
    rotor: NDArray[np.complex128],
    on_s: Real,
    bits: NDArray[np.int8],
    swing: Real,
    deviation_rad: float,
    modulation: Modulation,
) -> Real:
    """Correlation with each bit as 0 less that as 1, its neighbours as decided, edges shared with them included.

    Every second bit is turned over at a time: an edge between two bits then belongs to one change alone.
    """
    count = len(bits)
    place = on_s * modulation.bit_rate_bps
    result = np.zeros(count)
    waves = np.exp(-1j * deviation_rad * swing)
    for parity in (0, 1):
        turned = bits.copy()
        turned[parity::2] ^= 1
        other = np.exp(-1j * deviation_rad * fgb.shape(on_s, turned, modulation).swing)
        gain = (rotor * (other - waves)).real
        owner = np.rint((place - 0.5 - parity) / 2).astype(np.intp) * 2 + parity
        inside = (owner >= 0) & (owner < count)
        result += np.bincount(owner[inside], gain[inside], count)
    return np.where(bits == 1, result, -result)

"""The maximum-likelihood fit of one burst, its soft bits and the bounds of its numbers.

The model is C/S T.001's own waveform with the free numbers of one burst: amplitude, phase, frequency, drift, start, bit
length, deviation, rise time and symmetry. Its noise is white and Gaussian, so Gauss-Newton steps reach the
Cramer-Rao bound and their normal matrix is the bound (Kay, Estimation Theory, 3.9).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_CARRIER_S
from vigie.signal import fgb, fit_loops
from vigie.signal.fgb import BIT_S, Modulation
from vigie.signal.tracking import Track

Real = NDArray[np.floating[Any]]

_CENTRE = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.1, 150e-6, 0.0])
_SIGMA = np.array([np.inf, np.inf, 1e3, np.inf, 0.02, 0.06, 60e-6, 0.03])
"""prior of phase, frequency, drift, start, stretch, deviation, rise and asymmetry: the limits of T.001 2.2.4, 2.3.6"""
_LIMITS = np.array([[-np.inf] * 4 + [-0.03, 0.5, 10e-6, -0.15], [np.inf] * 4 + [0.03, 1.6, 500e-6, 0.15]])
_TRUST = _SIGMA**-2
_UNSURE_RISE = 2.07

_CROWDED = 1.3
"""power of a wider channel without the burst, over that of its noise, from which it holds something else"""
_PASSED = 0.45
"""half the width of a channel that is not weakened (``channel``), as a share of its rate"""
_WIDTHS = np.arange(0.005, 3.0, 0.01)
_SPECTRUM = (np.cos(np.pi * _WIDTHS) / (1 - 4 * _WIDTHS**2)) ** 2  # of the slope of a half cosine of unit length
_SHARES = np.cumsum(_SPECTRUM) / _SPECTRUM.sum()


def _edge_share(width: float) -> float:
    """Share of what edges tell of the time that a channel lets through; ``width``: its half width times their length.

    The normal equations count the whole slope of an edge, of which the channel has cut off what is beyond its width;
    the noise that the cut-off part of the slope is correlated with is in the channel all the same, folded.
    """
    return float(np.interp(width, _WIDTHS, _SHARES))


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

    def replica(self, first: int, count: int, rate_hz: float) -> NDArray[np.complex64]:
        """The burst itself at samples ``first`` to ``first + count`` of the channel; 0 before and after it."""
        sent = self.modulation
        carrier = (self.phase_rad, self.frequency_hz, self.drift_hz_per_s)
        values = np.array([*carrier, self.start_s, 0.0, sent.deviation_rad, sent.rise_s, sent.asymmetry])
        half_s, length_s = 0.5 / sent.bit_rate_bps, fgb.ramp_s(sent.rise_s)
        shape = (self.middle_s, values, half_s, length_s, self.bits, self.amplitude)
        return fit_loops.render(first, count, rate_hz, *shape, self.start_s - FGB_CARRIER_S, self.end_s)


def fit(
    iq: NDArray[np.complex64], rate_hz: float, track: Track, sync: NDArray[np.int8], rate_sigma: float | None = None
) -> Fit | None:
    """Fit the waveform to a channel's samples (n,) about a tracked burst; its carrier is near zero frequency.

    sync (24,): the bits that are known. rate_sigma: relative error that the bit rate is taken to have before anything
    is seen; as the specification allows if not given. None when the fit runs away: there is no burst, or too little of
    one.
    """
    sent_s = track.bits * BIT_S * (1 + track.stretch)
    first = max(0, int(np.ceil((track.start_s - FGB_CARRIER_S) * rate_hz)))
    last = min(len(iq), int(np.floor((track.start_s + sent_s) * rate_hz)))
    if (last - first) / rate_hz < 24 * BIT_S:
        return None
    part = np.ascontiguousarray(iq[first:last], np.complex64)
    middle_s = track.start_s + (sent_s - FGB_CARRIER_S) / 2
    ago = middle_s - track.start_s
    turned = track.phase_rad + 2 * np.pi * ago * (track.frequency_hz + ago * track.drift_hz_per_s / 2)
    slope = track.frequency_hz + ago * track.drift_hz_per_s
    values = np.array([turned, slope, track.drift_hz_per_s, track.start_s, track.stretch, *_CENTRE[5:]])
    soft = -4 * track.amplitude * np.sin(_CENTRE[5]) / track.noise_density * track.swing[: track.bits]
    trust = _TRUST
    if rate_sigma is not None:
        trust = trust.copy()
        trust[4] = rate_sigma**-2
    held, amplitude, soft, normal = fit_loops.steps(
        part, first, rate_hz, middle_s, values, soft.astype(np.float64), sync, track.amplitude, track.noise_density,
        _CENTRE, trust, _LIMITS,
    )  # fmt: skip
    if not held:
        return None
    bits = (soft < 0).astype(np.int8)
    bound = fit_loops.bounds(normal)
    return Fit(
        bits,
        soft.astype(np.float32),
        float(values[3]),
        middle_s,
        float(values[0]),
        float(values[1]),
        float(values[2]),
        amplitude,
        track.noise_density,
        _modulation(values),
        _sigma_start_s(float(bound[3]), float(values[6]), float(bound[6]), rate_hz),
        float(np.sqrt(bound[1])),
    )


def refined(iq: NDArray[np.complex64], rate_hz: float, found: Fit, sync: NDArray[np.int8]) -> Fit | None:
    """The same burst fitted again from where a fit ended, in a wider channel (n,) of the same centre.

    None where it runs away, or where the channel holds more than the burst and its noise.
    """
    first = max(0, int(np.ceil((found.start_s - FGB_CARRIER_S) * rate_hz)))
    last = min(len(iq), int(np.floor(found.end_s * rate_hz)))
    part = np.ascontiguousarray(iq[first:last], np.complex64)
    sent = found.modulation
    power = float(np.vdot(part, part).real) / max(len(part), 1)
    if power - found.amplitude**2 > _CROWDED * found.noise_density * rate_hz:
        return None
    stretch = 1 / (sent.bit_rate_bps * BIT_S) - 1
    numbers = (stretch, sent.deviation_rad, sent.rise_s, sent.asymmetry)
    values = np.array([found.phase_rad, found.frequency_hz, found.drift_hz_per_s, found.start_s, *numbers])
    held, amplitude, soft, normal = fit_loops.steps(
        part, first, rate_hz, found.middle_s, values, found.soft.astype(np.float64), sync, found.amplitude,
        found.noise_density, _CENTRE, _TRUST, _LIMITS,
    )  # fmt: skip
    if not held:
        return None
    bound = fit_loops.bounds(normal)
    return replace(
        found,
        bits=(soft < 0).astype(np.int8),
        soft=soft.astype(np.float32),
        start_s=float(values[3]),
        phase_rad=float(values[0]),
        frequency_hz=float(values[1]),
        drift_hz_per_s=float(values[2]),
        amplitude=amplitude,
        modulation=_modulation(values),
        sigma_start_s=_sigma_start_s(float(bound[3]), float(values[6]), float(bound[6]), rate_hz),
        sigma_frequency_hz=float(np.sqrt(bound[1])),
    )


def _sigma_start_s(bound: float, rise_s: float, rise_bound: float, rate_hz: float) -> float:
    """Standard deviation of a fitted beginning, from the bounds (squared) of the beginning and of the rise time.

    An edge fitted with a rise that is itself in error by a share e is weighed less well than the bound has it, by
    1.07 e^2 (a half cosine against one of another length), and the bound is that of the rise as fitted: e^2 on average.
    """
    unsure = 1 + _UNSURE_RISE * rise_bound / rise_s**2
    return float(np.sqrt(bound * unsure)) / _edge_share(fgb.ramp_s(rise_s) * _PASSED * rate_hz)


def _modulation(values: Real) -> Modulation:
    return Modulation(float(values[5]), float(values[6]), float(values[7]), 1 / (BIT_S * (1 + float(values[4]))))

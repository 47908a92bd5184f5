"""The transmitter of one first-generation burst, measured: its message is known, so it is modulated again and fitted.

The model is wider than the receiver's: a phase polynomial of the fourth order, deviations, rise and fall each of their
own, symmetry, start and bit length. Its noise is white, so the normal matrix of the last step is the Cramer-Rao bound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.constants import FGB_CARRIER_S
from vigie.records import Samples
from vigie.signal import fgb
from vigie.signal.channel import Stretch
from vigie.signal.fgb import BIT_S
from vigie.signal.measure import Edge, Spectrum, fgb_mask_db, mask_excess, noise_density, power_edge, spectrum, spread
from vigie.signal.measure_limits import Measured, missing

Real = NDArray[np.float64]

WIDTH_HZ = 60_000.0
"""looked at about the carrier: edges of 50 us are still whole"""
_ORDER, _WEAK_ORDER, _UNSTEADY_ORDER = 4, 2, 12
"""of the carrier's phase polynomial"""
_WEAK_DBHZ = 50.0
"""below this noise hides what a polynomial of higher order could show"""
_STEPS = 12
_UNSURE_DBHZ = 65.0
"""below this a carrier may be unsteady rather than noisy"""
_AVERAGE_S = 0.1
_CENTRE = np.array([1.1, 1.1, 175e-6, 175e-6, 0.0])
_LEAST = np.array([0.3, 0.3, 5e-6, 5e-6, -0.3])
_MOST = np.array([1.7, 1.7, 700e-6, 700e-6, 0.3])
_LEVER = np.array([0.1, 0.1, 100e-6, 100e-6, 0.05])


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One burst as fitted, for reports and plots. Times in seconds past its first bit."""

    quantities: dict[str, Measured]
    frequencies_hz: Real
    """successive averages over 100 ms, from the centre of the samples"""
    sigma_frequency_hz: float
    cn0_dbhz: float
    times_s: Real
    phase_rad: Real
    """of the samples, the carrier's own phase taken off"""
    model_rad: Real
    bit_s: float
    spectrum: Spectrum | None
    middle_hz: float
    """mean of 100 ms in the modulated part, from the centre of the samples"""


def measure(
    samples: Samples,
    start_s: float,
    offset_hz: float,
    drift_hz_per_s: float,
    bits: ArrayLike,
    bit_rate_bps: float = 400.0,
) -> Shown | None:
    """Measure the burst whose carrier begins start_s past the first of the samples, its carrier offset_hz from their
    centre in its middle. bits: all that were sent. None when the fit finds no burst there.
    """
    sent = fgb.as_bits(bits)
    stretch = Stretch(samples.iq, samples.rate_hz)
    narrow = stretch.take(offset_hz, min(WIDTH_HZ, samples.rate_hz))
    rate_hz = narrow.rate_hz
    place = start_s + FGB_CARRIER_S, offset_hz - narrow.centre_hz, drift_hz_per_s, sent, bit_rate_bps
    fitted = _Fit(narrow.iq, rate_hz, *place, _ORDER)
    good = fitted.run()
    other = _Fit(narrow.iq, rate_hz, *place, _WEAK_ORDER if good and fitted.cn0_dbhz < _WEAK_DBHZ else _UNSTEADY_ORDER)
    if (not good or fitted.cn0_dbhz < _UNSURE_DBHZ) and other.run():
        # a stiff carrier where it loses nothing, a supple one where it gains
        gain = other.amplitude / fitted.amplitude if good else np.inf
        if gain > (0.98 if other.order == _WEAK_ORDER else 1.02):
            fitted, good = other, True
    if not good:
        return None
    quantities = fitted.modulation()
    centre_hz = narrow.centre_hz + (samples.centre_hz or 0.0)
    carrier = fitted.carrier()
    quantities["carrier_hz"] = (
        Measured(centre_hz + carrier[0], carrier[1])
        if samples.centre_hz is not None
        else missing("the recording does not say its centre frequency")
    )
    frequencies, sigma_hz = fitted.averages()
    stable = spread(np.diff(frequencies).tolist(), sigma_hz)
    quantities["short_term_stability"] = _over(stable, samples.centre_hz or 406.05e6)
    quantities |= _power(fitted, narrow.iq, rate_hz)
    seen = _spectrum(samples, narrow.centre_hz + carrier[0], fitted, start_s)
    quantities["mask_excess_db"] = (
        missing("too little quiet beside the burst to tell the noise from it")
        if seen is None
        else mask_excess(seen, fgb_mask_db(seen.offset_hz), min(0.45 * samples.rate_hz, 50e3))
    )
    times, phase, model = fitted.shown()
    return Shown(
        quantities,
        frequencies + narrow.centre_hz,
        sigma_hz,
        fitted.cn0_dbhz,
        times,
        phase,
        model,
        fitted.bit_s,
        seen,
        fitted.average(-_AVERAGE_S) + narrow.centre_hz,
    )


def _over(measured: Measured, frequency_hz: float) -> Measured:
    """A frequency as a part of the carrier's."""
    if measured.value is None or measured.low is None or measured.high is None or measured.sigma is None:
        return measured
    value, sigma, low, high = measured.value, measured.sigma, measured.low, measured.high
    return Measured(value / frequency_hz, sigma / frequency_hz, low / frequency_hz, high / frequency_hz)


class _Fit:
    """The fit while it converges. ``poly``: the carrier's phase; ``form``: deviations, edges and symmetry."""

    def __init__(
        self,
        iq: NDArray[np.complex64],
        rate_hz: float,
        bit_1_s: float,
        offset_hz: float,
        drift: float,
        bits: NDArray[np.int8],
        bit_rate_bps: float,
        order: int,
    ) -> None:
        self.order = order
        self.iq, self.rate_hz, self.bits = iq, rate_hz, bits
        self.bit_s, self.bit_1_s = 1 / bit_rate_bps, bit_1_s
        end_s = bit_1_s + len(bits) / bit_rate_bps
        self.first = max(0, int(np.ceil((bit_1_s - FGB_CARRIER_S + 3e-3) * rate_hz)))
        self.last = min(len(iq), int((end_s - 1e-3) * rate_hz))
        self.middle_s = (bit_1_s - FGB_CARRIER_S + end_s) / 2
        self.times = np.arange(self.first, self.last) / rate_hz
        self.part = iq[self.first : self.last].astype(np.complex128)
        self.past = self.times - self.middle_s
        self.half_s = max((self.last - self.first) / rate_hz / 2, 1e-3)
        self.poly = np.zeros(self.order + 1)
        self.poly[1], self.poly[2] = 2 * np.pi * offset_hz * self.half_s, np.pi * drift * self.half_s**2
        self.form = _CENTRE.copy()
        self.bound = np.eye(self.order + 8)

    def powers(self, past: Real) -> Real:
        """(order + 1, n): powers of the time, in half lengths of the burst."""
        return (past / self.half_s) ** np.arange(self.order + 1)[:, None]

    def swing(self, times: Real) -> tuple[Real, Real]:
        """Phase of the modulation, and its derivatives by the start, the bit length and the five of form, (7, n)."""
        plus, minus, rise_s, fall_s, asymmetry = self.form
        half_s = self.bit_s / 2
        signs = 2 * self.bits.astype(int) - 1
        levels = np.concatenate([[0, 0], np.stack([signs, -signs], 1).ravel(), [-signs[-1], -signs[-1]]])
        on_s = times - self.bit_1_s
        edge = np.clip(np.rint(on_s / half_s), -1, 2 * len(signs))
        before, after = (levels[edge.astype(np.intp) + shift] for shift in (1, 2))
        sense = np.sign(after - before)
        past = on_s - edge * half_s + sense * asymmetry * half_s / 2
        length = np.where(sense >= 0, rise_s, fall_s)
        place = np.clip(past / length, -0.5, 0.5)
        step = 0.5 + 0.5 * np.sin(np.pi * place)
        slope = np.where(np.abs(past) < length / 2, np.pi / 2 * np.cos(np.pi * place) / length, 0.0)
        up = (before > 0) + ((after > 0).astype(int) - (before > 0)) * step
        down = (before < 0) + ((after < 0).astype(int) - (before < 0)) * step
        depth = plus * ((after > 0).astype(int) - (before > 0)) - minus * ((after < 0).astype(int) - (before < 0))
        bent = depth * slope
        gradient = np.stack(
            [
                -bent,
                -bent * edge / 2,
                up,
                -down,
                np.where(sense > 0, -bent * past / length, 0.0),
                np.where(sense < 0, -bent * past / length, 0.0),
                bent * sense * half_s / 2,
            ]
        )
        return plus * up - minus * down, gradient

    def run(self) -> bool:
        """Gauss-Newton steps; False when they lead nowhere."""
        if (self.last - self.first) / self.rate_hz < 0.2:
            return False
        powers = self.powers(self.past)
        self._find_phase(powers)
        for step in range(_STEPS):
            theta, gradient = self.swing(self.times)
            rotor = self.part * np.exp(-1j * (self.poly @ powers + theta))
            self.amplitude = max(float(rotor.real.mean()), 1e-30)
            error = rotor.imag / self.amplitude
            jacobian = np.concatenate([powers, gradient])
            size = np.sqrt((jacobian**2).sum(1)) + 1e-30
            scaled = jacobian / size[:, None]
            normal = scaled @ scaled.T + 1e-10 * np.eye(len(size))
            change = np.linalg.solve(normal, scaled @ error) / size
            if not np.isfinite(change).all():
                return False
            self.poly += change[: self.order + 1]
            self.bit_1_s += float(np.clip(change[self.order + 1], -BIT_S / 8, BIT_S / 8))
            self.bit_s += float(np.clip(change[self.order + 2], -1e-5, 1e-5))
            self.form = np.clip(self.form + np.clip(change[self.order + 3 :], -_LEVER, _LEVER), _LEAST, _MOST)
            if step == _STEPS - 1:
                self.quadrature = float(np.mean(rotor.imag**2))
                self.bound = np.linalg.inv(normal) / np.outer(size, size) * self.quadrature / self.amplitude**2
        self.noise_density = 2 * self.quadrature / self.rate_hz
        quality = self.amplitude**2 / float(np.mean(np.abs(self.part) ** 2))
        return quality > 0.02 and self.amplitude**2 > 30 * self.noise_density

    def _find_phase(self, powers: Real) -> None:
        """The polynomial through the phase of sums over 5 ms, so that the steps that follow begin near enough."""
        theta = self.swing(self.times)[0]
        straight = self.part * np.exp(-1j * (self.poly @ powers + theta))
        size = max(1, int(5e-3 * self.rate_hz))
        count = len(straight) // size
        sums = straight[: count * size].reshape(-1, size).sum(1)
        middles = self.past[: count * size].reshape(-1, size).mean(1)
        weight = np.abs(sums) / np.abs(sums).max(initial=1e-30)
        phase = np.unwrap(np.angle(sums))
        self.poly += np.linalg.lstsq((self.powers(middles) * weight).T, phase * weight, rcond=None)[0]

    @property
    def cn0_dbhz(self) -> float:
        """Carrier power over noise density."""
        return float(10 * np.log10(self.amplitude**2 / self.noise_density))

    def modulation(self) -> dict[str, Measured]:
        """What the edges and levels tell."""
        sigma = np.sqrt(np.diag(self.bound))
        plus, minus, rise, fall, asymmetry = self.form
        at = self.order + 3
        reach = {
            "rise": np.arccos(1 - 2 * (0.9 * plus + minus) / (plus + minus)) / np.pi,
            "fall": np.arccos(1 - 2 * (0.9 * minus + plus) / (plus + minus)) / np.pi,
        }
        # a channel this wide smears an edge by 0.7 over its width, which adds in squares: what that could amount to
        smear = [0.5 * (0.7 / self.rate_hz) ** 2 / length for length in (rise, fall)]
        times = [(rise * reach["rise"], sigma[at + 2], smear[0]), (fall * reach["fall"], sigma[at + 3], smear[1])]
        # Figure 2.7 measures a little above and below the middle of the swing
        early = (rise + fall) * np.arcsin(0.2 * plus / (plus + minus)) / np.pi
        gain = (self.bit_s / 2) / (self.bit_s / 2 - early)
        swing = (self.bound[at, at] + self.bound[at + 1, at + 1] + 2 * self.bound[at, at + 1]) / 4
        return {
            "deviation_rad": Measured(float(plus + minus) / 2, float(np.sqrt(max(swing, 0.0)))),
            "deviation_plus_rad": Measured(float(plus), float(sigma[at])),
            "deviation_minus_rad": Measured(-float(minus), float(sigma[at + 1])),
            "rise_time_s": Measured(float(times[0][0]), float(np.hypot(times[0][1] * reach["rise"], times[0][2]))),
            "fall_time_s": Measured(float(times[1][0]), float(np.hypot(times[1][1] * reach["fall"], times[1][2]))),
            "symmetry": Measured(float(asymmetry * gain), float(sigma[at + 4] * gain)),
            "bit_rate_bps": Measured(1 / self.bit_s, float(sigma[self.order + 2]) / self.bit_s**2),
        }

    def carrier(self) -> tuple[float, float]:
        """Mean frequency over the burst from the channel's centre, and its sigma."""
        span = self.powers(np.array([self.past[0], self.past[-1]]))
        lever = (span[:, 1] - span[:, 0]) / (2 * np.pi * (self.past[-1] - self.past[0]))
        part = self.bound[: self.order + 1, : self.order + 1]
        return float(lever @ self.poly), float(np.sqrt(lever @ part @ lever))

    def straight(self) -> NDArray[np.complex128]:
        """The samples with the modulation and the middle frequency taken off."""
        steady = np.zeros(self.order + 1)
        steady[1] = self.poly[1]
        theta = self.swing(self.times)[0]
        straight: NDArray[np.complex128] = self.part * np.exp(-1j * (steady @ self.powers(self.past) + theta))
        return straight

    def average(self, from_s: float) -> float:
        """Frequency of 100 ms that begin from_s past the burst's beginning; before its end when negative."""
        straight = self.straight()
        count = int(_AVERAGE_S * self.rate_hz)
        first = int(from_s * self.rate_hz) if from_s >= 0 else len(straight) - count - 1
        return float(_slope(straight[first : first + count], self.rate_hz) + self.poly[1] / (2 * np.pi * self.half_s))

    def averages(self) -> tuple[Real, float]:
        """Frequencies of successive 100 ms from the channel's centre, and the sigma that noise gives each."""
        straight = self.straight()
        count = int(_AVERAGE_S * self.rate_hz)
        lead = (len(straight) % count) // 2
        parts = straight[lead : lead + len(straight) // count * count].reshape(-1, count)
        found = np.array([_slope(part, self.rate_hz) for part in parts])
        ratio = self.amplitude**2 / self.noise_density
        sigma = float(np.sqrt(6 / (ratio * _AVERAGE_S**3)) / (2 * np.pi))
        return found + self.poly[1] / (2 * np.pi * self.half_s), sigma

    def shown(self) -> tuple[Real, Real, Real]:
        """Times past bit 1, phase of the samples without the carrier's, and that of the model."""
        theta = self.swing(self.times)[0]
        residual = np.angle(self.part * np.exp(-1j * (self.poly @ self.powers(self.past) + theta)))
        return self.times - self.bit_1_s, theta + residual, theta


def _slope(part: NDArray[np.complex128], rate_hz: float) -> float:
    """Least-squares slope of the phase of samples near zero frequency, Hz."""
    bins = max(1, int(2.5e-3 * rate_hz))
    sums = part[: len(part) // bins * bins].reshape(-1, bins).sum(1)
    phase = np.unwrap(np.angle(sums))
    at = np.arange(len(phase)) * bins / rate_hz
    at = at - at.mean()
    return float(at @ phase / (at @ at) / (2 * np.pi))


def _power(fitted: _Fit, iq: NDArray[np.complex64], rate_hz: float) -> dict[str, Measured]:
    """Beginning, end and rise of the power."""
    times = np.arange(len(iq)) / rate_hz
    turn = fitted.poly @ fitted.powers(np.clip(times - fitted.middle_s, -1.1 * fitted.half_s, 1.1 * fitted.half_s))
    theta = fitted.swing(np.clip(times, None, fitted.bit_1_s + (len(fitted.bits) - 0.01) * fitted.bit_s))[0]
    level = (iq * np.exp(-1j * (turn + theta))).real / fitted.amplitude
    sigma = float(np.sqrt(fitted.quadrature)) / fitted.amplitude
    begin_s = fitted.bit_1_s - FGB_CARRIER_S
    end_s = fitted.bit_1_s + len(fitted.bits) * fitted.bit_s
    rise = _edge(level, rate_hz, sigma, begin_s)
    fall = _edge(level[::-1], rate_hz, sigma, len(iq) / rate_hz - end_s)
    why = "the recording does not show the beginning of the burst, or too weakly"
    if rise is None:
        return dict.fromkeys(("carrier_length_s", "transmission_s", "power_rise_s"), missing(why))
    on_s = rise.at_90_s
    told = {
        "carrier_length_s": Measured(fitted.bit_1_s - on_s, rise.sigma_90_s),
        "power_rise_s": Measured(rise.length_s, rise.sigma_length_s),
        "transmission_s": missing("the recording does not show the end of the burst, or too weakly"),
    }
    if fall is not None:
        off_s = len(iq) / rate_hz - fall.at_90_s
        told["transmission_s"] = Measured(off_s - on_s, float(np.hypot(rise.sigma_90_s, fall.sigma_90_s)))
    return told


def _edge(level: Real, rate_hz: float, sigma: float, about_s: float) -> Edge | None:
    """The rise about a time; None when the samples do not reach before it."""
    first, last = int((about_s - 0.015) * rate_hz), int((about_s + 0.015) * rate_hz)
    if about_s < 0.004 or last > len(level):
        return None
    first = max(first, 0)
    found = power_edge(level[first:last], rate_hz, sigma)
    return None if found is None else replace(found, at_90_s=found.at_90_s + first / rate_hz)


def _spectrum(samples: Samples, carrier_hz: float, fitted: _Fit, start_s: float) -> Spectrum | None:
    """The spectrum of the burst about its carrier, against the quiet before and after it."""
    times = np.arange(len(samples.iq)) / samples.rate_hz
    iq = samples.iq * np.exp(-2j * np.pi * carrier_hz * times)
    begin_s, end_s = fitted.bit_1_s - FGB_CARRIER_S, fitted.bit_1_s + len(fitted.bits) * fitted.bit_s
    on = slice(max(0, int(begin_s * samples.rate_hz)), int(end_s * samples.rate_hz))
    before, after = iq[: max(0, int((begin_s - 5e-3) * samples.rate_hz))], iq[int((end_s + 5e-3) * samples.rate_hz) :]
    quiet: Any = before if len(before) >= len(after) else after
    if noise_density(quiet, samples.rate_hz) is None:
        return None
    return spectrum(iq[on], quiet, samples.rate_hz, fitted.amplitude**2)

"""The transmitter of one second-generation burst, measured: its message is known, so it is modulated again and fitted.

Carrier phase (fourth order), delay, chip rate, its variation, the lag of Q, and the complex levels of both arms and of
a residual carrier are fitted together to the samples. The model goes through the same filter as the samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.records import Samples, Sync
from vigie.signal import sgb, sgb_fitting
from vigie.signal.channel import Stretch
from vigie.signal.measure import (
    Spectrum,
    mask_excess,
    noise_density,
    power_edge,
    sgb_mask_db,
    spectrum,
)
from vigie.signal.measure_limits import Measured, missing
from vigie.signal.prn import CHIPS
from vigie.signal.sgb import BURST_S, CARRIER_HZ, CHIP_RATE_HZ, CHIP_S, Modulation, Pulse

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]

WIDTH_HZ = 200_000.0
_ORDER = 4
_STEPS = 4
_AVERAGE_S = 1 / 6
"""166.7 ms"""
_BLOCK_S = 0.01
_MODEL_RATE_HZ: dict[Pulse, float] = {"half_sine": 400_000.0, "rrc": 200_000.0, "rect": 6_400_000.0}
"""the model is made at no lower rate, so that what it folds back is small"""
_KEPT = 0.9 + 0.1 * 3 / 8
"""of white noise, by a channel whose edges fall like a raised cosine over its outer twentieths"""
_FINER = 4
_SHOWN_CHIPS = 4000


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One burst as fitted, for reports and plots."""

    quantities: dict[str, Measured]
    frequencies_hz: Real
    """successive averages over 166.7 ms, from the centre of the samples"""
    sigma_frequency_hz: float
    cn0_dbhz: float
    pulse: Pulse
    points: Complex
    """(n,) chips of both arms after the matched filter, code included: ideally +-1 +-1j"""
    spectrum: Spectrum | None
    middle_hz: float


def measure(
    samples: Samples,
    start_s: float,
    offset_hz: float,
    drift_hz_per_s: float,
    bits: ArrayLike,
    sync: Sync = "normal",
    chip_rate_hz: float = CHIP_RATE_HZ,
) -> Shown | None:
    """Measure the burst whose preamble begins start_s past the first of the samples, its carrier offset_hz from their
    centre in its middle. bits: the 250 of the message. None when the fit finds no burst there.
    """
    sent = sgb.as_bits(bits)
    stretch = Stretch(samples.iq, samples.rate_hz)
    narrow = stretch.take(offset_hz, min(WIDTH_HZ, samples.rate_hz))
    ahead_s = BURST_S / 2 - sgb.PREAMBLE_S / 2
    found = sgb_fitting.demodulate(
        narrow.iq,
        narrow.rate_hz,
        start_s,
        offset_hz - narrow.centre_hz - ahead_s * drift_hz_per_s,
        drift_hz_per_s,
        sync=sync,
        stretch=CHIP_RATE_HZ / chip_rate_hz - 1,
        bits=sent,
    )
    if found is None or found.cn0_dbhz < 30:
        return None
    fitted = _Fit(narrow.iq, narrow.rate_hz, found, sent)
    fitted.run()
    noise = _noise(fitted, whole=narrow.rate_hz >= samples.rate_hz)
    quantities = fitted.quantities(noise)
    centre_hz = narrow.centre_hz + (samples.centre_hz or 0.0)
    quantities["carrier_hz"] = (
        Measured(centre_hz + quantities["carrier_hz"].value, quantities["carrier_hz"].sigma)
        if samples.centre_hz is not None and quantities["carrier_hz"].value is not None
        else missing("the recording does not say its centre frequency")
    )
    frequencies, sigma_hz = fitted.averages()
    largest = float(np.abs(np.diff(frequencies)).max()) / CARRIER_HZ
    quantities["carrier_variation"] = Measured(largest, float(np.sqrt(2)) * sigma_hz / CARRIER_HZ)
    points, evm = fitted.constellation(noise)
    quantities["evm"] = evm
    quantities |= _power(fitted)
    seen = _spectrum(samples, fitted)
    if seen is None:
        why = missing("too little quiet beside the burst to tell the noise from it")
        quantities |= {"mask_excess_db": why, "out_of_band": why}
    else:
        from_band_hz = seen.offset_hz + (samples.centre_hz or CARRIER_HZ) - CARRIER_HZ
        quantities["mask_excess_db"] = mask_excess(seen, sgb_mask_db(from_band_hz), 0.45 * samples.rate_hz)
        quantities["out_of_band"] = _out_of_band(seen, from_band_hz, samples.rate_hz)
    return Shown(
        quantities,
        frequencies + narrow.centre_hz,
        sigma_hz,
        fitted.cn0_dbhz,
        fitted.pulse,
        points[:_SHOWN_CHIPS],
        seen,
        float(np.mean(frequencies)) + narrow.centre_hz,
    )


class _Fit:
    """The fit while it converges."""

    def __init__(
        self, iq: NDArray[np.complex64], rate_hz: float, found: sgb_fitting.Fit, bits: NDArray[np.int8]
    ) -> None:
        self.iq, self.rate_hz, self.pulse = iq.astype(np.complex128), rate_hz, found.pulse
        self.chips = sgb.spread(bits, found.sync)
        self.times = np.arange(len(iq)) / rate_hz
        self.middle_s, self.stretch = found.middle_s, found.stretch
        self.chip_drift, self.lag = 0.0, 0.5
        self.poly = np.zeros(_ORDER + 1)
        half_s = BURST_S / 2
        self.poly[1:3] = 2 * np.pi * found.frequency_hz * half_s, np.pi * found.drift_hz_per_s * half_s**2
        self.here = (self.times > found.start_s + 1.5e-3) & (self.times < found.end_s - 1.5e-3)
        self.factor = max(1, int(np.ceil(_MODEL_RATE_HZ[found.pulse] / rate_hz)))
        fine = np.arange(len(iq) * self.factor) / (rate_hz * self.factor)
        self.fine = fine
        self.near = (fine > found.start_s - 5e-3) & (fine < found.end_s + 5e-3)

    def arms(self) -> tuple[Complex, Complex]:
        """Both arms as the channel shows them."""
        rate = CHIP_RATE_HZ / (1 + self.stretch)
        modulation = Modulation(self.pulse, rate, self.chip_drift, self.lag)
        # sgb.arms counts chips from the beginning, and bends them about its middle
        past = self.fine[self.near] - self.middle_s + CHIPS / rate / 2
        arm_i, arm_q = sgb.arms(past, *self.chips, modulation)
        return self._through(arm_i), self._through(arm_q)

    def slopes(self, arm: Complex) -> Complex:
        """Derivative of an arm by its delay."""
        from scipy import fft

        turn = -2j * np.pi * fft.fftfreq(len(arm), 1 / self.rate_hz)
        slope: Complex = fft.ifft(fft.fft(arm) * turn)
        return slope

    def _through(self, arm: Real) -> Complex:
        """An arm made at the fine rate, filtered as the channel is (it is flat but for its edges)."""
        from scipy import fft

        whole = np.zeros(len(self.fine))
        whole[self.near] = arm
        if self.factor == 1:
            return whole.astype(np.complex128)
        spectrum_of = fft.rfft(whole)
        count = len(self.iq)
        kept: Complex = np.asarray(fft.irfft(spectrum_of[: count // 2 + 1], count) / self.factor, np.complex128)
        return kept

    def powers(self) -> Real:
        """(order + 1, n): powers of the time past the middle, in half bursts."""
        powers: Real = ((self.times - self.middle_s) / (BURST_S / 2)) ** np.arange(_ORDER + 1)[:, None]
        return powers

    def run(self) -> None:
        """Gauss-Newton steps of everything; the levels of the arms are linear and solved for with the rest."""
        anchor = self.middle_s
        here = self.here
        for _ in range(_STEPS):
            powers = ((self.times[here] - anchor) / (BURST_S / 2)) ** np.arange(_ORDER + 1)[:, None]
            turn = np.exp(1j * (self.poly @ powers))
            arm_i, arm_q = self.arms()
            slope_i, slope_q = self.slopes(arm_i)[here], self.slopes(arm_q)[here]
            arm_i, arm_q = arm_i[here], arm_q[here]
            straight = self.iq[here] / turn
            levels, *_ = np.linalg.lstsq(np.stack([arm_i, arm_q, np.ones_like(arm_i)], 1), straight, rcond=None)
            self.level_i, self.level_q, self.leak = (complex(one) for one in levels)
            model = self.level_i * arm_i + self.level_q * arm_q + self.leak
            past = self.times[here] - self.middle_s
            slope = self.level_i * slope_i + self.level_q * slope_q
            columns = [1j * model * powers[order] for order in range(1, _ORDER + 1)]
            rate = CHIP_RATE_HZ / (1 + self.stretch)
            bend = (past**2 - (BURST_S / 2) ** 2) / (2 * rate)
            columns += [slope, slope * past, -slope * bend, self.level_q * slope_q / rate]
            columns += [arm_i, 1j * arm_i, arm_q, 1j * arm_q, np.ones_like(arm_i), 1j * np.ones_like(arm_i)]
            matrix = np.stack(columns)
            residual = straight - model
            size = np.sqrt((np.abs(matrix) ** 2).sum(1))
            scaled = matrix / size[:, None]
            normal = (scaled @ scaled.conj().T).real + 1e-12 * np.eye(len(size))
            change = np.linalg.solve(normal, (scaled.conj() @ residual).real) / size
            self.poly[1:] += change[:_ORDER]
            moved, stretched, drifted, lag = change[_ORDER : _ORDER + 4]
            self.middle_s += float(np.clip(moved, -CHIP_S / 4, CHIP_S / 4))
            self.stretch += float(np.clip(stretched, -2e-5, 2e-5))
            self.chip_drift += float(np.clip(drifted, -5, 5))
            self.lag += float(np.clip(lag, -0.1, 0.1))
            power = float(np.mean(np.abs(residual) ** 2)) / 2
            self.bound = np.linalg.inv(normal) / np.outer(size, size) * power
            self.residual, self.turn = residual, turn
            self.residual_density = 2 * power / self.rate_hz
            self.model = model
        self.anchor_s = anchor
        self.amplitude = float(np.sqrt((abs(self.level_i) ** 2 + abs(self.level_q) ** 2) / 2))

    @property
    def cn0_dbhz(self) -> float:
        """Carrier power over noise density, from what the fit leaves."""
        return float(10 * np.log10(self.amplitude**2 / self.residual_density))

    @property
    def start_s(self) -> float:
        """Beginning of the first chip."""
        return self.middle_s - CHIPS / 2 * CHIP_S * (1 + self.stretch)

    @property
    def end_s(self) -> float:
        """End of the last chip on Q."""
        return self.start_s + (CHIPS + self.lag) * CHIP_S * (1 + self.stretch)

    def quantities(self, noise: float | None) -> dict[str, Measured]:
        """What the fitted numbers tell."""
        # errors of the constellation points are noise to the fit, so its own residual is the right noise
        sigma = np.sqrt(np.diag(self.bound))
        rate = CHIP_RATE_HZ / (1 + self.stretch)
        lever = np.array([1.0, 0.0, 1.0, 0.0]) / (np.pi * BURST_S)  # mean slope over the burst: odd orders
        carrier = float(lever @ self.poly[1:])
        part = self.bound[:_ORDER, :_ORDER]
        ratio = self.level_i / self.level_q
        at = _ORDER + 4
        relative = float(np.hypot(sigma[at] / abs(self.level_i), sigma[at + 2] / abs(self.level_q)))
        leak, leak_sigma = abs(self.leak) ** 2 / self.amplitude**2, float(sigma[at + 4] ** 2) / self.amplitude**2
        preamble = self._preamble_rate()
        return {
            "carrier_hz": Measured(carrier, float(np.sqrt(lever @ part @ lever))),
            "chip_rate_hz": Measured(rate, float(sigma[_ORDER + 1]) * rate),
            "chip_rate_preamble_hz": preamble,
            "chip_rate_variation_hz_per_s": Measured(self.chip_drift, float(sigma[_ORDER + 2])),
            "iq_offset_chips": Measured(self.lag, float(sigma[_ORDER + 3])),
            "iq_amplitude_ratio": Measured(abs(ratio), abs(ratio) * relative),
            "iq_skew_rad": Measured(-float(np.angle(ratio * 1j)), relative),
            "carrier_leak_dbc": Measured(
                10 * float(np.log10(max(leak - 2 * leak_sigma, leak / 100, 1e-12))),
                None,
                10 * float(np.log10(max(leak - 4 * np.sqrt(leak * leak_sigma) - 4 * leak_sigma, 1e-12))),
                10 * float(np.log10(leak + 4 * np.sqrt(leak * leak_sigma) + 4 * leak_sigma + 1e-12)),
            ),
            "preamble_s": Measured(sgb.PREAMBLE_S * CHIP_RATE_HZ / rate, sgb.PREAMBLE_S * float(sigma[_ORDER + 1])),
        }

    def _preamble_rate(self) -> Measured:
        """Chip rate over the preamble: timing of blocks of 10 ms past that of the whole fit, and its slope."""
        here = self.times[self.here]
        slope = sum(
            level * self.slopes(arm)[self.here]
            for level, arm in zip((self.level_i, self.level_q), self.arms(), strict=True)
        )
        block = ((here - self.start_s) / _BLOCK_S).astype(np.intp)
        inside = (block >= 0) & (here < self.start_s + sgb.PREAMBLE_S)
        force = np.bincount(block[inside], (self.residual * np.conj(slope)).real[inside])
        weight = np.bincount(block[inside], (np.abs(slope) ** 2)[inside])
        good = weight > weight.max() / 4
        at = (np.flatnonzero(good) + 0.5) * _BLOCK_S
        delay, weight = force[good] / weight[good], weight[good]
        at = at - np.average(at, weights=weight)
        spread = float((weight * at**2).sum())
        stretched = float((weight * at * delay).sum()) / spread
        sigma = float(np.sqrt(self.residual_density * self.rate_hz / 2 / spread))
        middle_s = sgb.PREAMBLE_S / 2 - BURST_S / 2
        rate = CHIP_RATE_HZ / (1 + self.stretch) + self.chip_drift * middle_s
        return Measured(rate * (1 - stretched), sigma * rate)

    def averages(self) -> tuple[Real, float]:
        """Frequencies of successive 166.7 ms from the channel's centre, and the sigma that noise gives each."""
        steady = np.zeros(_ORDER + 1)
        steady[1] = self.poly[1]
        powers = ((self.times[self.here] - self.anchor_s) / (BURST_S / 2)) ** np.arange(_ORDER + 1)[:, None]
        wiped = self.iq[self.here] * np.exp(-1j * (steady @ powers)) * np.conj(self.model)
        count = len(wiped) // 6
        bins = max(1, int(2.5e-3 * self.rate_hz))
        found = []
        for number in range(6):
            part = wiped[number * count : (number + 1) * count]
            phase = np.unwrap(np.angle(part[: count // bins * bins].reshape(-1, bins).sum(1)))
            at = (np.arange(len(phase)) - (len(phase) - 1) / 2) * bins / self.rate_hz
            found.append(at @ phase / (at @ at) / (2 * np.pi))
        ratio = self.amplitude**2 / self.residual_density
        sigma = float(np.sqrt(6 / (ratio * _AVERAGE_S**3)) / (2 * np.pi))
        return np.array(found) + self.poly[1] / (np.pi * BURST_S), sigma

    def constellation(self, noise: float | None) -> tuple[Complex, Measured]:
        """The chips after the matched filter, and the error vectors' magnitude with the receiver's noise taken off."""
        from scipy import fft

        whole = np.zeros(len(self.iq), np.complex128)
        whole[self.here] = self.residual
        frequencies = fft.fftfreq(len(whole), 1 / self.rate_hz)
        rate = CHIP_RATE_HZ / (1 + self.stretch)
        gains = sgb.pulse_spectrum(frequencies / rate, self.pulse)
        energy = float(
            (gains**2).mean() * self.rate_hz / rate
        )  # of the pulse, in chips: a half when all of it is there
        seen = fft.fft(whole) * gains
        fine = np.zeros(_FINER * len(seen), np.complex128)  # interpolated: between samples a cubic loses noise
        half = len(seen) // 2
        fine[:half], fine[-half:] = seen[:half], seen[-half:]
        matched = fft.ifft(fine) * (_FINER / energy)
        number = np.arange(CHIPS)
        past = (number + 0.5 - CHIPS / 2) / rate
        errors = []
        good = np.ones(CHIPS, bool)
        for level, lag in ((self.level_i, 0.0), (self.level_q, self.lag)):
            times = self.middle_s + past * (1 - self.chip_drift / rate * past / 2) + lag / rate
            place = times * self.rate_hz * _FINER
            good &= (times > self.times[self.here][0]) & (times < self.times[self.here][-1])
            errors.append(_interpolate(matched, place) / level)
        points = (self.chips[0] + errors[0].real) + 1j * (self.chips[1] + errors[1].real)
        raw = float(np.mean([(one.real[good] ** 2).mean() for one in errors]))
        if noise is None:
            words = "with the receiver's noise in it: there is no quiet beside the burst to measure that"
            return points[good], Measured(float(np.sqrt(raw)), None, 0.0, float(np.sqrt(raw)) * 1.02, words)
        share = noise * rate / (4 * energy * self.amplitude**2 / 2)
        sigma = float(np.hypot(raw * np.sqrt(1 / CHIPS), share * 0.01))
        low, value, high = (float(np.sqrt(max(raw - share + away * sigma, 0.0))) for away in (-1.96, 0.0, 1.96))
        return points[good], Measured(value, (high - low) / 3.92, low, high)


def _interpolate(values: Complex, place: Real) -> Complex:
    """Values at fractional places, by cubic interpolation of a signal sampled well above its bandwidth."""
    index = np.clip(place.astype(np.intp), 1, len(values) - 3)
    u = place - index
    y0, y1, y2, y3 = (values[index + shift] for shift in (-1, 0, 1, 2))
    found: Complex = (
        (((y3 - y0) / 6 + (y1 - y2) / 2) * u + (y0 + y2) / 2 - y1) * u + y2 - y1 / 2 - y0 / 3 - y3 / 6
    ) * u + y1
    return found


def _noise(fitted: _Fit, whole: bool) -> float | None:
    """Power per Hz of what lies before and after the burst; ``whole``: the channel is all of the samples' band."""
    before, after = fitted.times < fitted.start_s - 3e-3, fitted.times > fitted.end_s + 3e-3
    quiet = fitted.iq[before | after]
    quiet = quiet[int(2e-3 * fitted.rate_hz) : -int(2e-3 * fitted.rate_hz) or None]
    if len(quiet) < 0.02 * fitted.rate_hz:
        return None
    density = noise_density(quiet, fitted.rate_hz)
    return None if density is None else density / (1.0 if whole else _KEPT)


def _power(fitted: _Fit) -> dict[str, Measured]:
    """Beginning, end, rise and fall of the power, from the coherent amplitude of all chips."""
    powers = ((fitted.times - fitted.anchor_s) / (BURST_S / 2)) ** np.arange(_ORDER + 1)[:, None]
    turn = np.exp(-1j * (fitted.poly @ np.clip(powers, -2, 2)))
    arm_i, arm_q = fitted.arms()
    model = fitted.level_i * arm_i + fitted.level_q * arm_q
    level = (fitted.iq * turn * np.conj(model)).real / fitted.amplitude**2
    sigma = float(np.sqrt(fitted.residual_density * fitted.rate_hz / 2)) / fitted.amplitude
    told: dict[str, Measured] = {}
    places = []
    for key, about_s, direction in (("rise", fitted.start_s, 1), ("fall", fitted.end_s, -1)):
        first, last = (int((about_s + away) * fitted.rate_hz) for away in (-4e-3, 4e-3))
        edge = None
        if first >= 0 and last <= len(level):
            edge = power_edge(level[first:last][::direction], fitted.rate_hz, sigma)
        if edge is None:
            told[f"power_{key}_s"] = missing("the recording does not show it, or too weakly")
            continue
        told[f"power_{key}_s"] = Measured(edge.length_s, float(np.hypot(edge.sigma_length_s, CHIP_S / 5)))
        at_s = edge.at_90_s if direction == 1 else (last - first) / fitted.rate_hz - edge.at_90_s
        places.append((first / fitted.rate_hz + at_s, edge.sigma_90_s))
    told["transmission_s"] = missing("the recording does not show both ends of the burst")
    if len(places) == 2:
        told["transmission_s"] = Measured(places[1][0] - places[0][0], float(np.hypot(places[0][1], places[1][1])))
    return told


def _spectrum(samples: Samples, fitted: _Fit) -> Spectrum | None:
    """The spectrum of the burst about the centre of the samples, against the quiet beside it."""
    on = slice(max(0, int(fitted.start_s * samples.rate_hz)), int(fitted.end_s * samples.rate_hz))
    before = samples.iq[: max(0, int((fitted.start_s - 3e-3) * samples.rate_hz))]
    after = samples.iq[int((fitted.end_s + 3e-3) * samples.rate_hz) :]
    quiet: Any = before if len(before) >= len(after) else after
    if noise_density(quiet, samples.rate_hz) is None:
        return None
    return spectrum(samples.iq[on], quiet, samples.rate_hz, fitted.amplitude**2)


def _out_of_band(seen: Spectrum, from_band_hz: Real, rate_hz: float) -> Measured:
    """Share of the power that lies beyond 50 kHz from 406.05 MHz, as far as the recording reaches."""
    usable = np.abs(seen.offset_hz) < 0.45 * rate_hz
    beyond = usable & (np.abs(from_band_hz) > 50e3)
    if not beyond.any():
        return missing("the recording is too narrow to show what lies outside the band")
    total = float(seen.level[usable].sum())
    share = float(seen.level[beyond].sum()) / total
    sigma = float(np.sqrt((seen.sigma[beyond] ** 2).sum())) / total
    return Measured(share, sigma, note=f"seen to {0.45 * rate_hz / 1e3:.0f} kHz from the centre")

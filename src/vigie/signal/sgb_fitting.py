"""From a place and a rough frequency to the soft bits of a second-generation burst and the numbers of its signal.

Matched filter, chips taken at the times that the chip rate dictates, code wiped off, then: a grid over the chip rate
(energy of each bit whatever its phase), a grid over frequency and drift (phases of the bits squared, which takes their
signs away), the phase from the preamble, and Gauss-Newton steps of phase, frequency, drift, delay and chip rate over
the whole burst with soft decisions. Noise is white and Gaussian, so the normal matrix of the last step is the
Cramer-Rao bound (Kay, Estimation Theory, 3.9).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.errors import InputError
from vigie.records import Sync
from vigie.signal import prn, sgb
from vigie.signal.prn import BIT_CHIPS, CHIPS, PREAMBLE_CHIPS
from vigie.signal.sgb import BURST_S, CARRIER_HZ, CHIP_S, Modulation, Pulse

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]

_OVERSAMPLING = 8
"""samples a chip after the matched filter"""
_BLOCK = 64
"""chips summed before the phase is looked at: 1/600 s"""
_BLOCKS = CHIPS // _BLOCK
_BLOCK_S = _BLOCK * CHIP_S
_PER_BIT = BIT_CHIPS // _BLOCK
_PILOTS = PREAMBLE_CHIPS // BIT_CHIPS
_AWAY_I: Real = np.linspace(0.5, CHIPS - 0.5, CHIPS) * CHIP_S - BURST_S / 2
_AWAY_Q: Real = _AWAY_I + CHIP_S / 2
_BLOCK_AWAY = (np.arange(_BLOCKS) + 0.5) * _BLOCK_S - BURST_S / 2 + CHIP_S / 4
_PREAMBLE_AWAY_S = sgb.PREAMBLE_S / 2 - BURST_S / 2
_MARGIN_S = 1e-3
STRETCH_REACH = 60e-6
"""how far the chip period may be from nominal: 15 millionths are legal, 32 more come with 13 kHz of Doppler"""
_STRETCH_STEP = 6e-6
_FREQUENCY_REACH_HZ, _FREQUENCY_STEP_HZ = 3.0, 0.2
_DRIFT_REACH, _DRIFT_STEP = 80.0, 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """One burst, measured. Times in seconds past the first sample; phase, frequency and drift in its middle."""

    sync: Sync
    soft: NDArray[np.float32]
    """(250,) ln P(0)/P(1) of the message bits, bit 1 first; 0 where the recording has nothing"""
    middle_s: float
    stretch: float
    """chip period over nominal, less 1"""
    phase_rad: float
    frequency_hz: float
    drift_hz_per_s: float
    amplitude: float
    noise_density: float
    pulse: Pulse
    gain_i: complex
    """of each arm, relative to the whole; 1 in a perfect burst"""
    gain_q: complex
    evidence: float
    """nats by which the message bits lie on one line, as no noise does: exp(-evidence) a trial"""
    sigma_middle_s: float
    sigma_start_s: float
    sigma_frequency_hz: float
    sigma_drift_hz_per_s: float

    @property
    def bits(self) -> NDArray[np.int8]:
        """(250,) hard decisions."""
        return (self.soft < 0).astype(np.int8)

    @property
    def start_s(self) -> float:
        """Beginning of the preamble."""
        return self.middle_s + float(_arrivals(np.array([-BURST_S / 2]), self.stretch, self.drift_hz_per_s)[0])

    @property
    def end_s(self) -> float:
        """End of the last bit on Q."""
        return self.middle_s + (BURST_S / 2 + CHIP_S / 2) * (1 + self.stretch)

    @property
    def chip_rate_hz(self) -> float:
        """Mean over the burst, as received."""
        return sgb.CHIP_RATE_HZ / (1 + self.stretch)

    @property
    def cn0_dbhz(self) -> float:
        """Carrier power over noise density."""
        return float(10 * np.log10(self.amplitude**2 / self.noise_density))

    def replica(self, times_s: Real) -> Complex:
        """The burst itself at times past the first sample; 0 before and after it."""
        away = times_s - self.middle_s
        # a chip arrives at nominal * (1 + stretch) - drift / 2 * nominal^2 from the middle; this is the inverse
        nominal = away / (1 + self.stretch) + self.drift_hz_per_s / (2 * CARRIER_HZ) * away**2
        chips_i, chips_q = sgb.spread(self.bits, self.sync)
        arm_i, arm_q = sgb.arms(nominal + BURST_S / 2, chips_i, chips_q, Modulation(pulse=self.pulse))
        turn = self.phase_rad + 2 * np.pi * away * (self.frequency_hz + away * (self.drift_hz_per_s / 2))
        wave: Complex = (self.gain_i * arm_i + 1j * self.gain_q * arm_q) * (self.amplitude * np.exp(1j * turn))
        return wave


def _arrivals(nominal_s: NDArray[np.floating[Any]], stretch: float, drift_hz_per_s: float) -> Real:
    """When what was sent nominal_s from the middle of the burst arrives, from its middle.

    The Doppler rate bends the chip rate as it bends the carrier.
    """
    arrivals: Real = nominal_s * (1 + stretch) - nominal_s**2 * (drift_hz_per_s / (2 * CARRIER_HZ))
    return arrivals


class _Filtered:
    """A burst's samples with its carrier taken off, after the matched filter of its pulse."""

    def __init__(self, spectrum: NDArray[np.complex64], rate_hz: float, pulse: Pulse, begin_s: float) -> None:
        from scipy import fft

        size = len(spectrum)
        wanted = fft.next_fast_len(round(size * _OVERSAMPLING * sgb.CHIP_RATE_HZ / rate_hz))
        self.rate_hz, self.begin_s = rate_hz * wanted / size, begin_s
        frequencies = fft.fftfreq(size, 1 / rate_hz)
        gains = sgb.pulse_spectrum(frequencies * CHIP_S, pulse)
        energies = gains**2
        self.energy = float(energies.mean() * rate_hz * CHIP_S * 2)
        """part of the pulse's energy that the channel lets through"""
        self.slope2 = float((2 * np.pi) ** 2 * (frequencies**2 * energies).sum() / energies.sum())
        """mean square of the angular frequency: what timing lives on"""
        half = min(size, wanted) // 2
        padded = np.zeros(wanted, np.complex64)
        weights = (gains * (CHIP_S * wanted / size / np.sqrt(self.energy))).astype(np.float32)
        padded[:half] = spectrum[:half] * weights[:half]
        padded[-half:] = spectrum[-half:] * weights[-half:]
        self.y: NDArray[np.complex64] = fft.ifft(padded)

    def nearest(self, times_s: Real) -> NDArray[np.complex64]:
        """Filtered samples nearest to each time, 0 outside."""
        places = ((times_s - self.begin_s) * self.rate_hz + 0.5).astype(np.intp)
        samples: NDArray[np.complex64] = np.take(self.y, places, mode="clip")
        return samples

    def at(self, times_s: Real) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
        """Filtered signal at each time and its derivative, per second, by cubic interpolation."""
        place = np.clip((times_s - self.begin_s) * self.rate_hz, 1, len(self.y) - 3)
        index = place.astype(np.intp)
        u = (place - index).astype(np.float32)
        y0, y1, y2, y3 = (self.y[index + shift] for shift in (-1, 0, 1, 2))
        a = (y3 - y0) / 6 + (y1 - y2) / 2
        b = (y0 + y2) / 2 - y1
        c = y2 - y1 / 2 - y0 / 3 - y3 / 6
        value = ((a * u + b) * u + c) * u + y1
        slope = ((3 * a * u + 2 * b) * u + c) * np.float32(self.rate_hz)
        return value, slope


class _Fitter:
    """The fit of one burst while it converges."""

    def __init__(
        self, part: NDArray[np.complex64], rate_hz: float, begin_s: float, sync: Sync, frequency_hz: float, drift: float
    ) -> None:
        self.rate_hz, self.begin_s, self.sync = rate_hz, begin_s, sync
        self.part, self.present = part, part != 0
        self.code_i, self.code_q = prn.levels(sync, "i"), prn.levels(sync, "q")
        self.drift0, self.frequency0 = drift, frequency_hz
        self.phase = np.zeros(3)  # phase, angular frequency, half the angular drift, all past what was taken off
        self.stretch = 0.0
        self.filters: dict[Pulse, _Filtered] = {}

    def take_off_carrier(self, middle_s: float) -> None:
        """Take the rough carrier off; its phase is 0 at middle_s, its frequency there frequency0."""
        from scipy import fft

        self.middle_s = self.anchor_s = middle_s
        times = self.begin_s + np.arange(len(self.part)) / self.rate_hz
        away = times - middle_s
        self.times = times
        self.off = np.exp(-2j * np.pi * (away * (self.frequency0 + away * (self.drift0 / 2)))).astype(np.complex64)
        self.size = fft.next_fast_len(len(self.part))
        self.spectrum: NDArray[np.complex64] = fft.fft(self.part * self.off, self.size)

    def shape(self, pulse: Pulse) -> None:
        """Use the matched filter of a pulse."""
        self.pulse = pulse
        if pulse not in self.filters:
            self.filters[pulse] = _Filtered(self.spectrum, self.rate_hz, pulse, self.begin_s)
        self.filtered = self.filters[pulse]

    def chip_times(self) -> tuple[Real, Real]:
        """When the middles of the chips of I and Q arrive."""
        drift = self.drift0 + self.phase[2] / np.pi
        return (
            self.middle_s + _arrivals(_AWAY_I, self.stretch, drift),
            self.middle_s + _arrivals(_AWAY_Q, self.stretch, drift),
        )

    def fit_stretch(self, reach: float) -> None:
        """The chip rate whose bits hold most energy; the middle of the preamble stays where it is."""
        preamble_s = self.middle_s + _PREAMBLE_AWAY_S * (1 + self.stretch)
        best, first = -1.0, self.stretch
        steps = int(np.ceil(reach / _STRETCH_STEP))
        energies = []
        for step in range(-steps, steps + 1):
            self.stretch = first + step * _STRETCH_STEP
            self.middle_s = preamble_s - _PREAMBLE_AWAY_S * (1 + self.stretch)
            times_i, times_q = self.chip_times()
            sums = [
                (self.filtered.nearest(times) * code).reshape(-1, BIT_CHIPS).sum(1)
                for times, code in ((times_i, self.code_i), (times_q, self.code_q))
            ]
            energies.append(float(sum((np.abs(one) ** 2).sum() for one in sums)))
        best = int(np.argmax(energies))
        shift = 0.0
        if 0 < best < len(energies) - 1:
            low, mid, high = energies[best - 1 : best + 2]
            shift = 0.5 * (low - high) / min(low - 2 * mid + high, -1e-30)
        self.stretch = first + (best - steps + float(np.clip(shift, -0.5, 0.5))) * _STRETCH_STEP
        self.middle_s = preamble_s - _PREAMBLE_AWAY_S * (1 + self.stretch)

    def read(self) -> None:
        """Sums over blocks of 64 chips, and their derivatives by the delay, both arms on the real axis."""
        times_i, times_q = self.chip_times()
        y_i, slope_i = self.filtered.at(times_i)
        y_q, slope_q = self.filtered.at(times_q)
        places = np.floor((times_i - self.begin_s) * self.rate_hz).astype(np.intp)
        inside = (places >= 0) & (places < len(self.part)) & np.take(self.present, places, mode="clip")
        self.code_here = inside.reshape(_BLOCKS, _BLOCK).mean(1)
        self.sums = np.stack([_block_sums(y_i * self.code_i), -1j * _block_sums(y_q * self.code_q)])
        self.slopes = np.stack([_block_sums(slope_i * self.code_i), -1j * _block_sums(slope_q * self.code_q)])
        self.sums *= self.code_here > 0
        self.away = _BLOCK_AWAY * (1 + self.stretch) + (self.middle_s - self.anchor_s)

    def turn(self) -> Complex:
        """What takes the remaining phase off each block."""
        turn: Complex = np.exp(-1j * (self.phase[0] + self.away * (self.phase[1] + self.away * self.phase[2])))
        return turn

    def fit_squares(self) -> None:
        """Frequency, drift and phase from the squares of the bits, and the sign from the preamble."""
        bits = self.sums.reshape(2, -1, _PER_BIT).sum(2)
        away = self.away.reshape(-1, _PER_BIT).mean(1)
        past = away - away[:_PILOTS].mean()
        if self.prior is not None:
            self._fit_signs(bits, away, past)
            return
        squares = (bits**2).sum(0)
        drifts = np.arange(-_DRIFT_REACH, _DRIFT_REACH + 1e-9, _DRIFT_STEP)
        frequencies = np.arange(-_FREQUENCY_REACH_HZ, _FREQUENCY_REACH_HZ + 1e-9, _FREQUENCY_STEP_HZ)
        bent = squares * np.exp(-2j * np.pi * drifts[:, None] * past**2)
        score = np.abs(bent @ np.exp(-4j * np.pi * past[:, None] * frequencies))
        row, column = np.unravel_index(int(score.argmax()), score.shape)
        frequency, drift = frequencies[column], drifts[row]
        anchor = away[:_PILOTS].mean()
        slope = frequency - anchor * drift  # at the anchor's time zero
        self.phase = np.array([0.0, 2 * np.pi * slope, np.pi * drift])
        turned = (bits.sum(0) * np.exp(-1j * away * (self.phase[1] + away * self.phase[2])))[:_PILOTS]
        self.phase[0] = np.angle(turned.sum())

    def _fit_signs(self, bits: Complex, away: Real, past: Real) -> None:
        """Phase, frequency and drift from the preamble and from bits of which something is known."""
        assert self.prior is not None
        signs = np.ones(bits.shape)
        signs[:, _PILOTS:] = np.tanh(self.prior / 2)
        known = (signs * bits).sum(0)
        drifts = np.arange(-_DRIFT_REACH, _DRIFT_REACH + 1e-9, _DRIFT_STEP)
        frequencies = np.arange(-_FREQUENCY_REACH_HZ, _FREQUENCY_REACH_HZ + 1e-9, _FREQUENCY_STEP_HZ)
        bent = known * np.exp(-1j * np.pi * drifts[:, None] * past**2)
        score = bent @ np.exp(-2j * np.pi * past[:, None] * frequencies)
        row, column = np.unravel_index(int(np.abs(score).argmax()), score.shape)
        frequency, drift = frequencies[column], drifts[row]
        anchor = away[:_PILOTS].mean()
        self.phase = np.array([0.0, 2 * np.pi * (frequency - anchor * drift), np.pi * drift])
        turned = known * np.exp(-1j * away * (self.phase[1] + away * self.phase[2]))
        self.phase[0] = np.angle(turned.sum())

    def decide(self, level: Real) -> Real:
        """Soft signs of the bits, (2, 600) block by block, from the real parts of their blocks."""
        bits = level.reshape(2, -1, _PER_BIT).sum(2)
        belief = 2 * self.amplitude / self.noise * bits
        if self.prior is not None:
            belief[:, _PILOTS:] += self.prior / 2
        signs = np.tanh(belief)
        signs[:, :_PILOTS] = 1.0
        if self.known is not None:
            signs[:, _PILOTS:] = self.known
        return np.repeat(signs, _PER_BIT, axis=1)

    known: Real | None = None
    prior: Real | None = None
    """(2, 125) LLRs of the message bits from elsewhere"""
    amplitude = 1.0
    noise = 1.0

    def first_level(self) -> None:
        """Amplitude and noise from the preamble and from what the phase leaves empty."""
        straight = self.sums * self.turn()
        pilots = straight[:, : _PILOTS * _PER_BIT]
        span = max(float(self.code_here[: _PILOTS * _PER_BIT].sum()) * _BLOCK_S, _BLOCK_S)
        self.amplitude = max(float(pilots.real.sum()) / span, 1e-30)
        self._noise(straight)

    def _noise(self, straight: Complex) -> None:
        span = max(float(self.code_here.sum()) * _BLOCK_S, _BLOCK_S)
        self.noise = max(2 * float((straight.imag**2).sum()) / span, 1e-30)

    def step(self) -> None:
        """One Gauss-Newton step of everything."""
        straight = self.sums * self.turn()
        signs = self.decide(straight.real)
        wiped = (signs * straight).sum(0)
        self.amplitude = max(float(wiped.real.sum()) / max(float(self.code_here.sum()) * _BLOCK_S, _BLOCK_S), 1e-30)
        span = (signs**2).sum(0) / 2 * self.code_here * _BLOCK_S
        self._noise(straight)
        scale = 2 * self.amplitude / self.noise
        powers = np.stack([np.ones_like(self.away), self.away, self.away**2])
        self.phase_normal = (powers * (span * scale * self.amplitude)) @ powers.T
        self.phase = self.phase + np.linalg.solve(
            self.phase_normal + _ridge(self.phase_normal), powers @ (wiped.imag * scale)
        )
        late = (signs * (self.slopes * self.turn()).real).sum(0)
        linear = np.stack([np.ones_like(_BLOCK_AWAY), _BLOCK_AWAY])
        self.time_normal = (linear * (span * scale * self.amplitude * self.filtered.slope2)) @ linear.T
        self.time_normal[1, 1] += (40e-6) ** -2
        force = linear @ (late * scale)
        force[1] -= self.stretch * (40e-6) ** -2
        moved, stretched = np.linalg.solve(self.time_normal + _ridge(self.time_normal), force)
        self.middle_s += float(np.clip(moved, -CHIP_S / 4, CHIP_S / 4))
        self.stretch += float(np.clip(stretched, -10e-6, 10e-6))

    def noise_without(self, fitted: Fit) -> float:
        """Noise density that the matched filter lets through once the burst is subtracted."""
        from scipy import fft

        here = (self.times > fitted.start_s) & (self.times < fitted.end_s) & self.present
        rest = ((self.part - fitted.replica(self.times)) * self.off * here).astype(np.complex64)
        power = np.abs(fft.fft(rest, self.size)) ** 2
        gains = sgb.pulse_spectrum(fft.fftfreq(self.size, 1 / self.rate_hz) * CHIP_S, self.pulse) ** 2
        return max(float((power * gains).sum() / gains.sum() / max(here.sum(), 1) / self.rate_hz), 1e-30)

    def best_pulse(self) -> Pulse:
        """The pulse whose matched filter holds most of the burst."""
        best, most = self.pulse, -np.inf
        for pulse in sgb.PULSES:
            self.shape(pulse)
            self.read()
            straight = self.sums * self.turn()
            level = float((self.decide(straight.real) * straight.real).sum())
            if level > most:
                best, most = pulse, level
        return best


def _ridge(normal: Real) -> Real:
    return np.diag(1e-9 * np.diag(normal) + 1e-30)


def _block_sums(chips: NDArray[np.complex64]) -> Complex:
    sums: Complex = chips.reshape(_BLOCKS, _BLOCK).sum(1).astype(np.complex128)
    return sums


def demodulate(
    iq: NDArray[np.complex64],
    rate_hz: float,
    start_s: float,
    frequency_hz: float,
    drift_hz_per_s: float = 0.0,
    *,
    sync: Sync = "normal",
    stretch: float = 0.0,
    stretch_reach: float = STRETCH_REACH,
    bits: ArrayLike | None = None,
    prior: ArrayLike | None = None,
    steps: int = 5,
) -> Fit | None:
    """Fit the burst whose preamble begins about start_s (within a third of a chip) to samples (n,).

    frequency_hz: its carrier in the middle of the preamble, within 3 Hz; drift_hz_per_s: within 80. stretch: the chip
    period over nominal, less 1, within stretch_reach. bits: the message where it is known, which makes the numbers
    better. prior: LLRs (250,) of the message from elsewhere, other receptions say; they help to follow the carrier and
    are not in the soft bits that come out. Parts of the burst may be missing, as zeros or beyond the end. None when
    less than the preamble is in reach.
    """
    length_s = len(iq) / rate_hz
    first = max(0, int((start_s - _MARGIN_S) * rate_hz))
    last = min(len(iq), int(np.ceil((start_s + BURST_S * (1 + stretch) + _MARGIN_S) * rate_hz)))
    if not rate_hz > 0:
        raise InputError(f"a sample rate of {rate_hz} Hz: it must be positive")
    if start_s < -_MARGIN_S or start_s + sgb.PREAMBLE_S > length_s or not np.any(iq[first:last]):
        return None
    ahead_s = -_PREAMBLE_AWAY_S
    state = _Fitter(
        iq[first:last], rate_hz, first / rate_hz, sync, frequency_hz + ahead_s * drift_hz_per_s, drift_hz_per_s
    )
    if bits is not None:
        signs = 1.0 - 2 * sgb.as_bits(bits)
        state.known = np.stack([signs[0::2], signs[1::2]])
    if prior is not None:
        state.prior = np.asarray(prior, np.float64).reshape(-1, 2).T
    state.stretch = stretch
    state.take_off_carrier(start_s + sgb.PREAMBLE_S / 2 - _PREAMBLE_AWAY_S * (1 + stretch))
    state.shape("half_sine")
    state.fit_stretch(stretch_reach)
    state.read()
    state.fit_squares()
    state.first_level()
    for step in range(steps):
        state.step()
        if step == 1:
            state.shape(state.best_pulse())
        state.read()
    return _result(state)


def _evidence(straight: Complex, noise: float) -> float:
    """Squares of the message bits, added in phase, over what noise shows: exponential, of mean 1."""
    bits = straight.reshape(2, -1, _PER_BIT).sum(2)[:, _PILOTS:]
    per_bit = noise * _BLOCK_S * _PER_BIT / 2
    return float(abs((bits**2).sum()) ** 2 / (2 * bits.size * per_bit**2))


def _result(state: _Fitter) -> Fit:
    """What the fit has found, with the noise measured on what is left of the samples without the burst."""
    straight = state.sums * state.turn()
    signs = state.decide(straight.real)
    weight = max(float(state.code_here.sum()) * _BLOCK_S / 2, _BLOCK_S)
    gains = (signs * straight).sum(1) / weight
    amplitude = max(float(np.sqrt((np.abs(gains) ** 2).mean())), 1e-30)
    away_s = state.middle_s - state.anchor_s
    frequency0 = state.frequency0 + away_s * state.drift0
    phase0 = 2 * np.pi * away_s * (state.frequency0 + away_s * state.drift0 / 2)
    bound = np.linalg.inv(state.phase_normal + _ridge(state.phase_normal))
    delay = np.linalg.inv(state.time_normal + _ridge(state.time_normal))
    lever = np.array([0.0, 1.0, 2 * away_s]) / (2 * np.pi)
    edge = np.array([1.0, -BURST_S / 2])
    levels = (straight * gains.conj()[:, None]).real.reshape(2, -1, _PER_BIT).sum(2)
    fitted = Fit(
        sync=state.sync,
        soft=levels[:, _PILOTS:].T.ravel().astype(np.float32),
        middle_s=state.middle_s,
        stretch=state.stretch,
        phase_rad=float(phase0 + state.phase @ [1.0, away_s, away_s**2]),
        frequency_hz=float(frequency0 + state.phase @ lever),
        drift_hz_per_s=float(state.drift0 + state.phase[2] / np.pi),
        amplitude=amplitude / np.sqrt(state.filtered.energy),
        noise_density=state.noise,
        pulse=state.pulse,
        gain_i=complex(gains[0] / amplitude),
        gain_q=complex(gains[1] / amplitude),
        evidence=0.0,
        sigma_middle_s=float(np.sqrt(delay[0, 0])),
        sigma_start_s=float(np.sqrt(edge @ delay @ edge)),
        sigma_frequency_hz=float(np.sqrt(lever @ bound @ lever)),
        sigma_drift_hz_per_s=float(np.sqrt(bound[2, 2]) / np.pi),
    )
    noise = state.noise_without(fitted)
    rise = float(np.sqrt(noise / state.noise))
    return replace(
        fitted,
        soft=(fitted.soft * np.float32(4 / noise)),
        noise_density=noise,
        evidence=_evidence(straight, noise),
        sigma_middle_s=fitted.sigma_middle_s * rise,
        sigma_start_s=fitted.sigma_start_s * rise,
        sigma_frequency_hz=fitted.sigma_frequency_hz * rise,
        sigma_drift_hz_per_s=fitted.sigma_drift_hz_per_s * rise,
    )

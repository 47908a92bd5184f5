"""Where in a stretch of samples a first-generation burst may be: carrier lines, then the known synchronisation bits.

A burst shows as a line: all its power for 160 ms, and a fifth of it (the residual carrier, cos^2 of 1.1 rad) as long as
the message lasts. Lines are found in a short-time spectrum summed over 160 ms: 20 ms windows are blind to a Doppler
rate of some hundred Hz/s, and the sum loses little against one coherent window. Each line is then tried for bits 1-24.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from vigie.constants import FGB_CARRIER_S, FGB_PHASE_RAD
from vigie.records import Sync
from vigie.signal import fgb
from vigie.signal.channel import Narrow
from vigie.signal.compiled import compiled

WINDOW_S = 0.020
HOP_S = 0.010
FRAMES = 15  # 15 windows of 20 ms, half overlapped, are the 160 ms of the carrier
LINE_THRESHOLD = 3.2
"""line power over the noise floor: crossed about once a second in 100 kHz of white noise, reached at 24 dB-Hz"""
WEAK_LINE = 2.4
"""the same of what is looked at for a burst to be read with others alone: four times a second, reached at 22.5 dB-Hz"""
SYNC_THRESHOLD = 13.0
"""energy of the correlation with bits 1-24 over the noise density; 17.6 dB (58) is expected at 30 dB-Hz"""
_INVERTED_COST = 3.0
"""energy by which a mirrored burst must do better: spectra are seldom mirrored"""
_COS, _SIN = float(np.cos(FGB_PHASE_RAD)), float(np.sin(FGB_PHASE_RAD))
_LINE_S = 0.75 * WINDOW_S * 0.67
"""height of the line that a steady carrier of unit power shows"""
_FINE_HZ = 100.0
"""columns nearer than which share their noise by windowing"""
_LEFT = 1.5e-3
"""part of a line that the subtracted copy of its burst may leave"""
_FLOOR_BELOW_PEAK = 3e-6
"""the floor is never taken lower than this part of the strongest line: leakage and rounding lie there"""


class LineMap:
    """Power of spectral lines against the local noise, (time, frequency), and the search for its peaks."""

    def __init__(self, iq: NDArray[np.complex64], rate_hz: float, subtracted: float = 0.0) -> None:
        """The map of samples (n,); ``subtracted``: power of the strongest burst that was taken off them."""
        self.rate_hz = rate_hz
        self.hop = max(1, round(HOP_S * rate_hz))
        power = _short_time_power(iq, rate_hz, self.hop)
        self.bins = power.shape[1]
        self.step_hz = rate_hz / self.bins
        self.floor = noise_floor(power, self.step_hz)
        self.lines = _sum_over_carrier(power)
        peak = max(float(self.lines.max(initial=0.0)), subtracted * _LINE_S)
        self.floor = np.maximum(self.floor, max(peak * _FLOOR_BELOW_PEAK, 1e-37))
        self.lines /= self.floor

    def offset_hz(self, column: int) -> float:
        """Frequency of a column, from the centre."""
        return float((column if column < (self.bins + 1) // 2 else column - self.bins) * self.step_hz)

    def noise_density(self, offset_hz: float) -> float:
        """Noise power per Hz about ``offset_hz``."""
        return float(self.floor[round(offset_hz / self.step_hz) % self.bins])

    def peak(self) -> tuple[int, int, float]:
        """Frame, column and height of the strongest line left."""
        frame, column = divmod(int(self.lines.argmax()), self.bins)
        return frame, column, float(self.lines[frame, column])

    def time_s(self, frame: int) -> float:
        """Seconds past the first sample at which the 160 ms of a frame begin."""
        return frame * self.hop / self.rate_hz

    def _rows(self, start_s: float, end_s: float) -> slice:
        hop_s = self.hop / self.rate_hz
        return slice(max(0, int(np.floor(start_s / hop_s))), max(0, int(np.ceil(end_s / hop_s)) + 1))

    def _columns(self, low_hz: float, high_hz: float) -> NDArray[np.intp]:
        first, last = round(low_hz / self.step_hz), round(high_hz / self.step_hz)
        columns: NDArray[np.intp] = np.arange(first, min(last, first + self.bins - 1) + 1) % self.bins
        return columns

    def begins(self, frame: int, column: int) -> bool:
        """Whether nothing showed there in the 160 ms before."""
        columns = np.arange(column - 2, column + 3) % self.bins
        return frame > FRAMES and bool((self.lines[frame - FRAMES - 1, columns] < LINE_THRESHOLD).all())

    def quiet(self, end_s: float, offset_hz: float, low_hz: float, high_hz: float, below: float = np.inf) -> bool:
        """Whether nothing lower than ``below`` shows before end_s, on both sides low_hz to high_hz from a place."""
        before = self.lines[self._rows(0.0, end_s)]
        for side in ((offset_hz - high_hz, offset_hz - low_hz), (offset_hz + low_hz, offset_hz + high_hz)):
            here = before[:, self._columns(*side)]
            if ((here >= LINE_THRESHOLD) & (here < below)).any():
                return False
        return True

    def forget(self, start_s: float, end_s: float, low_hz: float, high_hz: float) -> None:
        """Strike out a part of the map: what is there has been looked at."""
        self.lines[self._rows(start_s, end_s), self._columns(low_hz, high_hz)] = 0

    def raise_floor(self, start_s: float, end_s: float, offset_hz: float, power: float) -> None:
        """Believe nothing that the imperfect copy of a burst of this power may have left behind.

        A copy takes off all but some thousandths near the carrier; edges unlike the model's spread wider.
        """
        line = power * _LINE_S
        if line < 100 * self.noise_density(offset_hz) or line * _LEFT <= float(self.floor.min()):
            return
        away = np.abs(
            (np.arange(self.bins) * self.step_hz - offset_hz + self.rate_hz / 2) % self.rate_hz - self.rate_hz / 2
        )
        left = line * _LEFT / np.maximum(away / 800.0, 1.0) ** 2
        self.lines[self._rows(start_s, end_s)] *= (self.floor / np.maximum(self.floor, left)).astype(np.float32)

    def refresh(self, narrow: Narrow, start_s: float, end_s: float, half_width_hz: float, least: float) -> None:
        """Measure a part of the map again, from a channel off which a burst has been taken.

        What was struck out stays so. ``least``: power per Hz below which nothing is to be believed there.
        """
        hop = max(1, round(HOP_S * narrow.rate_hz))
        hop_s = self.hop / self.rate_hz
        rows = self._rows(start_s, end_s)
        first_row, last_row = rows.start, min(rows.stop, len(self.lines))
        if last_row <= first_row:
            return
        first = int(first_row * hop_s * narrow.rate_hz)
        last = int((last_row + FRAMES + 1) * hop_s * narrow.rate_hz)
        power = _short_time_power(narrow.iq[first:last], narrow.rate_hz, hop)
        columns = self._columns(narrow.centre_hz - half_width_hz, narrow.centre_hz + half_width_hz)
        offsets = np.where(columns < (self.bins + 1) // 2, columns, columns - self.bins) * self.step_hz
        from_columns = np.rint((offsets - narrow.centre_hz) * power.shape[1] / narrow.rate_hz) % power.shape[1]
        limits = 1 / (FRAMES * np.maximum(self.floor[columns], least))
        step = hop_s * narrow.rate_hz / hop
        _lower_lines(self.lines, power, first_row, last_row, step, columns, from_columns.astype(np.intp), limits)


@compiled
def _lower_lines(
    lines: NDArray[np.float32],
    power: NDArray[np.float32],
    first_row: int,
    last_row: int,
    step: float,
    columns: NDArray[np.intp],
    from_columns: NDArray[np.intp],
    scales: NDArray[np.float64],
) -> None:
    """Lower a part of a map (frames, bins) to the lines that ``power`` shows; ``step`` of its frames are one row."""
    total = np.zeros(len(power) + 1)
    for index in range(len(columns)):
        for frame in range(len(power)):
            total[frame + 1] = total[frame] + power[frame, from_columns[index]]
        for row in range(first_row, last_row):
            frame = min(int((row - first_row) * step + 0.5), len(power) - 1)
            seen = (total[min(frame + FRAMES, len(power))] - total[frame]) * scales[index]
            if seen < lines[row, columns[index]]:
                lines[row, columns[index]] = seen


def _short_time_power(iq: NDArray[np.complex64], rate_hz: float, hop: int) -> NDArray[np.float32]:
    """Power per Hz in half-overlapped windows of 20 ms, (frames, bins)."""
    length = 2 * hop
    if len(iq) < length:
        iq = np.pad(iq, (0, length - len(iq)))
    count = (len(iq) - length) // hop + 1
    frames = np.lib.stride_tricks.as_strided(iq, (count, length), (hop * iq.itemsize, iq.itemsize), writeable=False)
    return _squares(fft.fft(frames * _window(length, rate_hz), axis=1, overwrite_x=True))


@lru_cache(maxsize=64)
def _window(length: int, rate_hz: float) -> NDArray[np.float32]:
    """A Hann window that keeps power per Hz."""
    window = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(length) + 0.5) / length)).astype(np.float32)
    window /= np.float32(np.sqrt((window**2).sum() * rate_hz))
    return window


@compiled
def _squares(spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Squared magnitude of each element, in one pass."""
    power = np.empty(spectrum.shape, np.float32)
    for row in range(spectrum.shape[0]):
        for column in range(spectrum.shape[1]):
            value = spectrum[row, column]
            power[row, column] = value.real * value.real + value.imag * value.imag
    return power


def _sum_over_carrier(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over the FRAMES windows from each frame on (fewer at the end of the stretch count as silence)."""
    total = np.zeros((len(power) + 1, power.shape[1]), np.float32)
    np.cumsum(power, axis=0, out=total[1:])
    last = np.minimum(np.arange(len(power)) + FRAMES, len(power))
    lines: NDArray[np.float32] = (total[last] - total[:-1]) / np.float32(FRAMES)
    return lines


def noise_floor(power: NDArray[np.float32], step_hz: float) -> NDArray[np.float32]:
    """Noise power per Hz of each column: the median over time and about 2 kHz, made unbiased for exponential noise."""
    every = 2 if step_hz < _FINE_HZ and power.shape[1] % 2 == 0 else 1
    sparse = np.ascontiguousarray(power[::2, ::every].T)  # windows half overlapped tell little more, nor do columns
    middle = sparse.shape[1] // 2
    low = np.partition(sparse, middle, axis=1)[:, middle] / np.float32(np.log(2))
    size = min(len(low), 2 * round(1000 / (every * step_hz)) + 1)
    floor: NDArray[np.float32] = ndimage.median_filter(low, size, mode="wrap")
    return np.repeat(floor, every)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Bits 1-24 as they seem to lie in a narrow channel."""

    start_s: float
    """beginning of bit 1, seconds past the first sample of the channel"""
    offset_hz: float
    """carrier at that time, from the channel's centre"""
    sync: Sync
    energy: float
    """of the correlation with bits 1-24, over the noise density"""
    inverted: bool
    """the spectrum is mirrored: I and Q are swapped, or the phase is reversed"""


def find_sync(
    narrow: Narrow,
    noise_density: float,
    first_s: float,
    last_s: float,
    *,
    about_hz: float = 0.0,
    reach_hz: float = 36.0,
    most: int = 3,
    with_carrier: bool = True,
) -> Iterator[Candidate]:
    """The likeliest places of bits 1-24 whose bit 1 begins from first_s to last_s, the strongest first.

    ``narrow`` needs a rate of about 3.2 kHz. ``reach_hz``: how far the carrier may be from ``about_hz`` in the channel.
    """
    rate = narrow.rate_hz
    margin = int(0.01 * rate)
    begin = int(np.floor(first_s * rate)) - margin
    end = int(np.ceil(last_s * rate)) + margin
    sync_n = int(np.ceil(fgb.SYNC_BITS * fgb.BIT_S * rate))
    before = int(FGB_CARRIER_S * rate)
    taken = _slice(narrow.iq, begin - before, end + sync_n)
    size = fft.next_fast_len(len(taken), real=True)  # of its circular correlation only what does not wrap is looked at
    spectrum = fft.fft(taken, size)
    common, last = _templates(rate, size)
    bin_hz = rate / size
    spacing = max(1, round(12.0 / bin_hz))
    steps = round(reach_hz / bin_hz / spacing)
    shifts = np.arange(-steps, steps + 1) * spacing + round(about_hz / bin_hz)
    spectra = np.empty((3, len(shifts), size), np.complex64)
    spectra[0] = spectrum[(np.arange(size) + shifts[:, None]) % size]
    np.multiply(spectra[0], common, out=spectra[1])
    np.multiply(spectra[0], last, out=spectra[2])
    baseband, head, tail = fft.ifft(spectra, axis=2, overwrite_x=True)
    quarter = int(FGB_CARRIER_S * rate / 4) if with_carrier else 0
    best, score = _scores(
        baseband, head, tail, before, end - begin, sync_n, quarter, noise_density * sync_n * rate,
        noise_density * quarter * rate,
    )  # fmt: skip
    for _ in range(most):
        kind, mirror, row, place = np.unravel_index(int(score.argmax()), score.shape)
        energy = float(best[kind, mirror, row, place])
        if score[kind, mirror, row, place] <= 0:
            return
        if energy >= SYNC_THRESHOLD:
            start_s = (begin + int(place)) / rate
            yield Candidate(
                start_s, float(shifts[row] * bin_hz), "self_test" if kind else "normal", energy, bool(mirror)
            )
        # its mirror image half a bit away may yet be the better one
        score[:, mirror, :, max(0, place - int(fgb.BIT_S * rate)) : place + int(fgb.BIT_S * rate) + 1] = -1


def line_hz(narrow: Narrow, at_s: float) -> float:
    """Frequency of the carrier whose 160 ms begin about at_s, in the channel, to a few Hz."""
    first = max(0, round(at_s * narrow.rate_hz))
    part = narrow.iq[first : first + round(FGB_CARRIER_S * narrow.rate_hz)]
    spectrum = fft.fft(part, 1024)
    column = int(np.argmax(spectrum.real**2 + spectrum.imag**2))
    return (column if column < 512 else column - 1024) * narrow.rate_hz / 1024


def _slice(iq: NDArray[np.complex64], first: int, last: int) -> NDArray[np.complex64]:
    """Samples first to last, with zeros where there are none."""
    if first >= 0 and last <= len(iq):
        return iq[first:last]
    padded = np.zeros(max(0, last - first), np.complex64)
    inside = iq[max(0, first) : max(0, last)]
    padded[max(0, -first) : max(0, -first) + len(inside)] = inside
    return padded


@lru_cache(maxsize=16)
def _templates(rate: float, size: int) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """Conjugate spectra of bits 1-16 and of bits 17-24 (normal) as +-1."""
    count = int(np.ceil(fgb.SYNC_BITS * fgb.BIT_S * rate))
    t_s = (np.arange(count) + 0.5) / rate  # half a sample late, as a sample stands for the stretch about it
    q = fgb.shape(t_s - 0.5 / rate, fgb.sync_pattern("normal"), fgb.Modulation(rise_s=250e-6)).swing
    tail = t_s > 16 * fgb.BIT_S
    common, last = (np.conj(fft.fft(part.astype(np.complex64), size)) for part in (np.where(tail, 0, q), q * tail))
    return common, last


@compiled
def _scores(
    baseband: NDArray[np.complex64],
    head: NDArray[np.complex64],
    tail: NDArray[np.complex64],
    before: int,
    count: int,
    sync_n: int,
    quarter: int,
    sync_noise: float,
    carrier_noise: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Energy of bits 1-24 at each of ``count`` places from ``before`` on, and that with the carrier before them.

    baseband, head, tail (shifts, n): the channel, its correlations with bits 1-16 and 17-24. Energies (sync, mirror,
    shifts, count) are over the noise. With its residual carrier a burst is told from its mirror image, and from itself
    half a bit away. The carrier is four coherent stretches of ``quarter`` samples, 0 for none; a drift gives it a
    frequency of its own, so the best of all shifts counts.
    """
    rows, length = baseband.shape
    total = np.zeros((rows, length + 1), np.complex128)
    for row in range(rows):
        seen = 0j
        for index in range(length):
            seen += baseband[row, index]
            total[row, index + 1] = seen
    best = np.empty((2, 2, rows, count), np.float32)
    score = np.empty((2, 2, rows, count), np.float32)
    swing = 1j * _SIN
    for place in range(count):
        at = before + place
        carrier = 0.0
        if quarter:
            for row in range(rows):
                energy = 0.0
                for part in range(4):
                    piece = total[row, at - part * quarter] - total[row, at - (part + 1) * quarter]
                    energy += piece.real**2 + piece.imag**2
                carrier = max(carrier, energy)
            carrier /= carrier_noise
        for row in range(rows):
            steady = _COS * (total[row, at + sync_n] - total[row, at])
            for kind in range(2):
                swung = swing * (head[row, at] + tail[row, at] if kind == 0 else head[row, at] - tail[row, at])
                straight, mirrored = steady - swung, steady + swung
                energy = (straight.real**2 + straight.imag**2) / sync_noise
                best[kind, 0, row, place] = energy
                score[kind, 0, row, place] = energy + carrier
                energy = (mirrored.real**2 + mirrored.imag**2) / sync_noise - _INVERTED_COST
                best[kind, 1, row, place] = energy
                score[kind, 1, row, place] = energy + carrier
    return best, score

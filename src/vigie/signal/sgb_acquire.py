"""Where in a stretch of samples second-generation bursts begin.

Two steps, the first with few survivors for the second:

1. Every place and carrier, partially coherent. With samples r at half-chip steps and the known chips p of the
   preamble, the product r[i+D] r*[i] of samples D apart no longer turns with the carrier, only with its phase over D;
   correlated with p[i+D] p*[i] at every place it gives one complex number per D, and their Fourier sum over D is the
   energy at each carrier, summed over stretches of about 2 D coherent samples. It costs one transform per D, however
   many carriers.
2. The candidates, coherent over the whole preamble: carrier, drift and place on a fine grid.

Thresholds follow from stated false-alarm rates in noise; the samples are whitened and levelled before, so that
carriers, pulses and other bursts count as noise of their own power.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vigie.records import Sync
from vigie.signal import prn, sgb
from vigie.signal.channel import Stretch
from vigie.signal.prn import PREAMBLE_CHIPS
from vigie.signal.sgb import CHIP_RATE_HZ, CHIP_S, PREAMBLE_S

LAGS = 96
"""products of samples 1 to 96 chips apart: coherent over 5 ms"""
FEW_LAGS = 64
"""the same where few carriers are searched, of which noise shows fewer"""
CANDIDATES_PER_S = 150.0
"""places that noise alone sends on to the coherent step, for each sequence"""
FITS_PER_S = 0.02
"""places that noise alone sends on to the fit of a whole burst"""
FALSE_ALARMS_PER_HOUR = 1e-3
"""preambles that noise alone shows, once the fit is not needed to believe them"""
DRIFT_REACH_HZ_PER_S = 400.0
SYNCS: tuple[Sync, ...] = ("normal", "self_test")

_HALF = 2 * PREAMBLE_CHIPS
_BLOCK = 32_768
_PLACES = _BLOCK - _HALF
_GROUP = 4
_CHUNK = 4096
_STEP_HZ = 100.0
_NEAR_HZ = 2000.0
"""carriers this far off lose 0.4 dB at most when four lags are summed"""
_PAIR = 1.018
"""standard deviation of two neighbouring places summed over that of independent ones; measured"""
_LEVEL_S = 0.03
_CLIP = 4.0
_CELL_HZ = 200.0
_SUBS = 200
_DRIFT_STEP = 50.0
_TURNS = 512

Complex32 = NDArray[np.complex64]
Real32 = NDArray[np.float32]


class Cell(NamedTuple):
    """A place and a carrier that stand out in the first step."""

    height: float
    """standard deviations of noise"""
    sync: Sync
    place: int
    """middle of the first chip on I, in half chips: there or up to one further"""
    carrier_hz: float
    """from the centre that was prepared"""
    excess: float
    """energy by which noise that stands out so exceeds what it holds near a carrier, as a part of it"""


class Candidate(NamedTuple):
    """A preamble that may be there. Times in seconds past the first sample of the stretch."""

    sync: Sync
    start_s: float
    """by the nominal chip rate, from the middle of the preamble"""
    offset_hz: float
    """carrier in the middle of the preamble, from the centre of the samples"""
    drift_hz_per_s: float
    energy: float
    """of the preamble over that of noise which stands out as much in the first step, nats"""


@lru_cache(maxsize=2)
def _code_spectra(sync: Sync) -> Complex32:
    """Conjugate spectra of p[i+D] p*[i] over half-chip steps for D of 1 to LAGS chips, (LAGS, _BLOCK). Read-only.

    Those of two neighbouring places are summed: a burst that lies between them has lost 2.4 dB at each, whose noise is
    nearly independent.
    """
    from scipy import fft

    chips = _chips(sync)
    spectra = np.empty((LAGS, _BLOCK), np.complex64)
    for lag in range(1, LAGS + 1):
        product = np.zeros(_BLOCK, np.float32)
        product[: _HALF - 2 * lag] = chips[2 * lag :] * chips[: _HALF - 2 * lag]
        product[1:] += product[:-1].copy()
        spectra[lag - 1] = fft.fft(product * np.float32(np.sqrt(0.5)))
    np.conj(spectra, out=spectra)
    spectra.flags.writeable = False
    return spectra


@lru_cache(maxsize=2)
def _chips(sync: Sync) -> Real32:
    """The preamble's chips in the order they are sent: I at even places, Q (without its quarter turn) at odd ones."""
    chips = np.empty(_HALF, np.float32)
    chips[0::2] = prn.levels(sync, "i")[:PREAMBLE_CHIPS]
    chips[1::2] = prn.levels(sync, "q")[:PREAMBLE_CHIPS]
    chips.flags.writeable = False
    return chips


@lru_cache(maxsize=2)
def _turned_chips(sync: Sync) -> Complex32:
    """The same, conjugate and with the quarter turn of Q."""
    turned = _chips(sync).astype(np.complex64)
    turned[1::2] *= -1j
    turned.flags.writeable = False
    return turned


def lag_threshold(false_alarm: float, lags: int = LAGS) -> float:
    """What a cell of the first step exceeds with this chance in noise, in standard deviations.

    A quadratic form in Gaussian noise; Cornish-Fisher with its third cumulant.
    """
    from scipy.special import ndtri

    z = -float(ndtri(false_alarm))
    skew = 6 * lags**2 * _HALF / (2 * lags * _HALF) ** 1.5
    return float(z + (z * z - 1) * skew / 6)


class Prepared:
    """A stretch filtered for half-sine chips, at two and at four samples a chip, whitened and levelled."""

    def __init__(self, stretch: Stretch, centre_hz: float) -> None:
        from scipy import fft, ndimage

        self.stretch = stretch
        size = stretch.size
        self.size4 = round(size * 4 * CHIP_RATE_HZ / stretch.rate_hz) // 2 * 2
        middle = round(centre_hz / stretch.rate_hz * size)
        self.centre_hz = middle * stretch.rate_hz / size
        self.rate_hz = stretch.rate_hz * self.size4 / size / 2
        half = min(size // 2, self.size4 // 2)
        bins = np.arange(-half, half)
        band = stretch.spectrum[(middle + bins) % size] * (np.abs(middle + bins) <= size // 2)
        band = band * _matched(half, stretch.rate_hz / size)
        band *= _whitening(band, max(1, round(_CELL_HZ / (stretch.rate_hz / size))))
        wide = np.zeros(self.size4, np.complex64)
        wide[:half], wide[-half:] = band[half:], band[:half]
        self.four: Complex32 = fft.ifft(wide)
        count = int(stretch.count / stretch.rate_hz * self.rate_hz * 2)
        power = ndimage.uniform_filter1d(np.abs(self.four[:count]) ** 2, int(2 * _LEVEL_S * self.rate_hz))
        self.count = count // 2
        self.four = self.four[:count] / np.sqrt(np.maximum(power, max(float(power.max()) * 1e-9, 1e-37)))
        size_of = np.abs(self.four)
        self.four *= np.minimum(1.0, _CLIP / np.maximum(size_of, 1e-6))
        self.two = (np.ascontiguousarray(self.four[::2]), np.ascontiguousarray(self.four[1::2]))
        """half-chip steps, from the first sample and from a quarter of a chip later"""
        self.energy = [np.concatenate([[0.0], np.cumsum(np.abs(one) ** 2, dtype=np.float64)]) for one in self.two]


@lru_cache(maxsize=4)
def _matched(half: int, step_hz: float) -> Real32:
    """The matched filter of half-sine chips at 2 half bins about the carrier. Read-only."""
    gains: Real32 = sgb.pulse_spectrum(np.arange(-half, half) * (step_hz * CHIP_S), "half_sine").astype(np.float32)
    gains.flags.writeable = False
    return gains


def _whitening(band: Complex32, width: int) -> Real32:
    """Weights that bring lines and narrow signals down to the level of what is about them."""
    from scipy import ndimage

    blocks = len(band) // width
    if blocks < 16:
        return np.ones(len(band), np.float32)
    power = (np.abs(band[: blocks * width]) ** 2).reshape(blocks, width).mean(1)
    floor = ndimage.median_filter(power, size=min(101, blocks // 2 * 2 - 1), mode="nearest")
    weights = np.where(power > 3 * floor, np.sqrt(floor / np.maximum(power, 1e-37)), 1.0)
    spread = np.full(len(band), weights[-1], np.float32)
    spread[: blocks * width] = np.repeat(weights, width)
    return spread


def cleaned(iq: Complex32, rate_hz: float) -> Complex32:
    """Samples with lines, narrow signals and pulses brought down to the level of what is about them."""
    from scipy import fft

    size = fft.next_fast_len(len(iq))
    spectrum = fft.fftshift(fft.fft(iq, size))
    weights = _whitening(spectrum, max(1, round(_CELL_HZ / rate_hz * size)))
    if weights.min() < 1:
        iq = fft.ifft(fft.ifftshift(spectrum * weights))[: len(iq)]
    size_of = np.abs(iq)
    limit = 2 * _CLIP * float(np.median(size_of))
    return iq * np.minimum(1, limit / np.maximum(size_of, limit / 2)) if limit > 0 and size_of.max() > limit else iq


class Plan(NamedTuple):
    """How the first step goes about its search."""

    lags: int
    pool: int
    """how many neighbouring lags are summed, 1, 2 or 4: it saves time where carriers turn little over so many chips"""
    carriers_hz: NDArray[np.floating[Any]]
    """from the centre that was prepared"""


def plan(reach_hz: float) -> Plan:
    """The cheapest search that finds what can be read, for carriers within reach_hz."""
    lags = FEW_LAGS if reach_hz <= _NEAR_HZ else LAGS
    pool = 4 if reach_hz <= _NEAR_HZ else 2 if reach_hz <= 2 * _NEAR_HZ else 1
    step_hz = _STEP_HZ * LAGS / lags
    reach = int(np.ceil(reach_hz / step_hz))
    return Plan(lags, pool, np.arange(-reach, reach + 1.0) * step_hz)


def lag_map(two: Complex32, first: int, codes: list[Complex32], lags: int = LAGS, pool: int = 1) -> list[Real32]:
    """For each sequence the correlations of lagged products at places first to first + _PLACES.

    (2 lags / pool, _PLACES) each: real parts, then imaginary parts.
    """
    from scipy import fft

    samples = np.zeros(_BLOCK + 2 * lags, np.complex64)
    part = two[first : first + len(samples)]
    samples[: len(part)] = part
    base = samples[:_BLOCK].conj()
    rows, each = lags // pool, _GROUP // pool
    maps = [np.empty((2 * rows, _PLACES), np.float32) for _ in codes]
    products = np.empty((_GROUP, _BLOCK), np.complex64)
    filtered = np.empty((_GROUP, _BLOCK), np.complex64)
    waiting = [np.empty((_GROUP, _BLOCK), np.complex64) for _ in codes]
    for low in range(0, lags, _GROUP):  # few at a time: they stay in the processor's cache
        for row in range(_GROUP):
            lag = 2 * (low + row + 1)
            np.multiply(samples[lag : lag + _BLOCK], base, out=products[row])
        spectra = fft.fft(products, axis=1, overwrite_x=True)
        done = low // pool
        at = done % _GROUP
        for result, code, pooled in zip(maps, codes, waiting, strict=True):
            if pool == 1:
                np.multiply(spectra, code[low : low + _GROUP], out=pooled)
            else:
                np.multiply(spectra, code[low : low + _GROUP], out=filtered)
                np.sum(filtered.reshape(each, pool, _BLOCK), axis=1, out=pooled[at : at + each])
            if at + each == _GROUP:
                back = fft.ifft(pooled, axis=1, overwrite_x=True)[:, :_PLACES]
                begin = done + each - _GROUP
                result[begin : begin + _GROUP] = back.real
                result[rows + begin : rows + begin + _GROUP] = back.imag
    return maps


def steering(carriers_hz: NDArray[np.floating[Any]], lags: int = LAGS, pool: int = 1) -> Real32:
    """What turns a lag map into energy at each carrier, (n, 2 lags / pool), in standard deviations of noise."""
    chips = np.arange(1, lags + 1)
    sigma = _PAIR * np.sqrt(2 * (_HALF - 2.0 * chips).sum())
    turn = 2 * np.pi * carriers_hz[:, None] * (chips.reshape(-1, pool).mean(1) * CHIP_S)
    weights: Real32 = (2 / sigma * np.concatenate([np.cos(turn), np.sin(turn)], axis=1)).astype(np.float32)
    return weights


def first_step(prepared: Prepared, reach_hz: float, until_s: float, syncs: tuple[Sync, ...] = SYNCS) -> list[Cell]:
    """Cells above the threshold, the highest first; only the highest of its neighbourhood is told."""
    lags, pool, carriers_hz = plan(reach_hz)
    steer = steering(carriers_hz, lags, pool)
    threshold = lag_threshold(CANDIDATES_PER_S / (2 * CHIP_RATE_HZ * len(carriers_hz)), lags)
    spectra = [_code_spectra(sync) for sync in syncs]
    cells: list[Cell] = []
    end = max(1, int(min(prepared.count - _HALF, until_s * prepared.rate_hz + 2)))
    for first in range(0, end, _PLACES):
        for sync, found in zip(syncs, lag_map(prepared.two[0], first, spectra, lags, pool), strict=True):
            for begin in range(0, min(_PLACES, end - first), _CHUNK):
                heights = steer @ found[:, begin : min(begin + _CHUNK, end - first)]
                over = np.flatnonzero(heights > threshold)
                rows, columns = np.divmod(over, heights.shape[1])
                tops = heights.ravel()[over]
                for top, row, column in zip(tops.tolist(), rows.tolist(), columns.tolist(), strict=True):
                    excess = top * np.sqrt(lags / _HALF)
                    cells.append(Cell(top, sync, first + begin + column, float(carriers_hz[row]), excess))
    return _tops(cells)


def _tops(cells: list[Cell]) -> list[Cell]:
    """The highest cell of each neighbourhood; a much lower one at the same place is a side lobe."""
    kept: list[Cell] = []
    near: dict[tuple[Sync, int], list[Cell]] = {}
    for cell in sorted(cells, reverse=True):
        around = [one for key in (-1, 0, 1) for one in near.get((cell.sync, cell.place // 8 + key), ())]
        if any(
            abs(one.place - cell.place) <= 6
            and (abs(one.carrier_hz - cell.carrier_hz) <= 250 or cell.height < 0.4 * one.height)
            for one in around
        ):
            continue
        kept.append(cell)
        near.setdefault((cell.sync, cell.place // 8), []).append(cell)
    return kept


_DRIFTS = np.arange(-DRIFT_REACH_HZ_PER_S, DRIFT_REACH_HZ_PER_S + 1, _DRIFT_STEP)
_SUB_S = PREAMBLE_S / _SUBS
_SUB_TIMES = (np.arange(_SUBS) + 0.5) * _SUB_S - PREAMBLE_S / 2
_DECHIRP = np.exp(-1j * np.pi * _DRIFTS[:, None] * _SUB_TIMES**2).astype(np.complex64)
_FINE_REACH_HZ = 150.0
_GLANCE = 8.0
"""nats that the place itself must show before its neighbours are looked at"""
_TRIALS = 1100.0
"""independent looks at one candidate: places, drifts, carriers; measured in noise"""


def false_alarms_per_s(energy: float, syncs: int = len(SYNCS)) -> float:
    """How often noise shows a preamble of more than this energy, in nats."""
    return float(min(1.0, _TRIALS * np.exp(-energy)) * CANDIDATES_PER_S * syncs)


def coherent_threshold(per_s: float = FITS_PER_S, syncs: int = len(SYNCS)) -> float:
    """Energy, in nats, that noise exceeds this often in the coherent step."""
    return float(np.log(_TRIALS * CANDIDATES_PER_S * syncs / per_s))


@lru_cache(maxsize=1024)
def _turns(carrier_hz: float, rate_hz: float) -> tuple[Complex32, Complex32]:
    """What takes a carrier off the samples of 1/1200 s, (64,), and off the sums over them, (200,)."""
    each = _HALF // _SUBS
    turn = -2j * np.pi * carrier_hz / rate_hz
    return np.exp(turn * np.arange(each)).astype(np.complex64), np.exp(turn * each * np.arange(_SUBS)).astype(
        np.complex64
    )


def _subs(prepared: Prepared, sync: Sync, place4: int, carrier_hz: float) -> tuple[Complex32, float]:
    """Sums of the preamble over 1/1200 s with the chips and the carrier taken off, (200,), and the energy of it all."""
    first, late = divmod(place4, 2)
    within, among = _turns(carrier_hz, prepared.rate_hz)
    samples = prepared.two[late][first : first + _HALF]
    energy = prepared.energy[late]
    subs: Complex32 = ((samples * _turned_chips(sync)).reshape(_SUBS, -1) @ within).astype(np.complex64) * among
    return subs, float(energy[first + _HALF] - energy[first])


def _spectra(subs: Complex32, dechirp: Complex32, turns: int) -> Real32:
    """Energy of the preamble at each drift and carrier within _FINE_REACH_HZ, not yet over the noise."""
    from scipy import fft

    spectrum = fft.fft(dechirp * subs, turns, axis=1)
    reach = int(_FINE_REACH_HZ * turns * _SUB_S)
    near = np.concatenate([spectrum[:, -reach:], spectrum[:, : reach + 1]], axis=1)
    energy: Real32 = near.real**2 + near.imag**2
    return energy


def second_step(prepared: Prepared, cell: Cell) -> Candidate | None:
    """The whole preamble coherently about a cell of the first step; None where it holds no more than noise does."""
    sync, place, carrier_hz, noise = cell.sync, 2 * cell.place + 1, cell.carrier_hz, 1 + cell.excess
    last = len(prepared.four) - 2 * _HALF
    if not 0 <= place <= last:
        return None
    subs, power = _subs(prepared, sync, place, carrier_hz)
    if power <= 0 or _spectra(subs, _DECHIRP[::2], _TURNS // 2).max() < _GLANCE * power * noise:
        return None
    shifts = [shift for shift in range(-2, 3) if 0 <= place + shift <= last]
    looks = []
    for shift in shifts:
        subs, power = _subs(prepared, sync, place + shift, carrier_hz)
        looks.append(_spectra(subs, _DECHIRP, _TURNS) / np.float32(power * noise))
    best = np.stack(looks)
    row, drift, column = (int(index) for index in np.unravel_index(int(best.argmax()), best.shape))
    fine = [
        _vertex(best[:, drift, column], row),
        _vertex(best[row, :, column], drift),
        _vertex(best[row, drift, :], column),
    ]
    return Candidate(
        sync,
        (place + shifts[0] + fine[0]) / 2 / prepared.rate_hz - CHIP_S / 2,
        prepared.centre_hz + carrier_hz + (fine[2] - best.shape[2] // 2) / (_TURNS * _SUB_S),
        float(_DRIFTS[0] + fine[1] * _DRIFT_STEP),
        float(best[row, drift, column]),
    )


def _vertex(values: Real32, top: int) -> float:
    """Where the parabola through a maximum and its neighbours peaks."""
    if not 0 < top < len(values) - 1:
        return float(top)
    low, mid, high = (float(values[top + step]) for step in (-1, 0, 1))
    bend = low - 2 * mid + high
    return top + (float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5)) if bend < 0 else 0.0)

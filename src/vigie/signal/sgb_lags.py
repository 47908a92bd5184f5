"""Where preambles of second-generation bursts may lie: every place and carrier, partially coherent.

With samples r at half-chip steps and the known chips p of the preamble, the product r[i+D] r*[i] of samples D apart no
longer turns with the carrier, only with its phase over D; correlated with p[i+D] p*[i] at every place it gives one
complex number per D, and their Fourier sum over D is the energy at each carrier, summed over stretches of about 2 D
coherent samples. It costs one transform per D, however many carriers.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vigie.records import Sync
from vigie.signal import prn
from vigie.signal.compiled import compiled
from vigie.signal.prn import PREAMBLE_CHIPS
from vigie.signal.sgb import CHIP_RATE_HZ, CHIP_S
from vigie.signal.sgb_prepare import Complex32, Prepared, Real32

LAGS = 96
"""products of samples 1 to 96 chips apart: coherent over 5 ms"""
FEW_LAGS = 64
"""the same where few carriers are searched, of which noise shows fewer"""
CANDIDATES_PER_S = 150.0
"""places that noise alone sends on to the coherent step, for each sequence"""
SYNCS: tuple[Sync, ...] = ("normal", "self_test")
PREAMBLE_PLACES = 2 * PREAMBLE_CHIPS
"""half chips of a preamble"""

_HALF = PREAMBLE_PLACES
_BLOCK = 40_960  # transforms of this length cost least for each place that they tell
_PLACES = _BLOCK - _HALF
_GROUP = 4
_CHUNK = 4096
_STEP_HZ = 100.0
_NEAR_HZ = 2000.0
"""carriers this far off lose 0.4 dB at most when four lags are summed"""
_PAIR = 1.018
"""standard deviation of two neighbouring places summed over that of independent ones; measured"""


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


@lru_cache(maxsize=2)
def _code_spectra(sync: Sync) -> Complex32:
    """Conjugate spectra of p[i+D] p*[i] over half-chip steps for D of 1 to LAGS chips, (LAGS, _BLOCK). Read-only.

    Those of two neighbouring places are summed: a burst that lies between them has lost 2.4 dB at each, whose noise is
    nearly independent.
    """
    from scipy import fft

    chips = preamble_chips(sync)
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
def preamble_chips(sync: Sync) -> Real32:
    """The preamble's chips in the order they are sent: I at even places, Q (without its quarter turn) at odd ones."""
    chips = np.empty(_HALF, np.float32)
    chips[0::2] = prn.levels(sync, "i")[:PREAMBLE_CHIPS]
    chips[1::2] = prn.levels(sync, "q")[:PREAMBLE_CHIPS]
    chips.flags.writeable = False
    return chips


def lag_threshold(false_alarm: float, lags: int = LAGS) -> float:
    """What a cell of the first step exceeds with this chance in noise, in standard deviations.

    A quadratic form in Gaussian noise; Cornish-Fisher with its third cumulant.
    """
    from scipy.special import ndtri

    z = -float(ndtri(false_alarm))
    skew = 6 * lags**2 * _HALF / (2 * lags * _HALF) ** 1.5
    return float(z + (z * z - 1) * skew / 6)


class Plan(NamedTuple):
    """How the first step goes about its search."""

    lags: int
    pool: int
    """how many neighbouring lags are summed, 1, 2 or 4: it saves time where carriers turn little over so many chips"""
    carriers_hz: NDArray[np.floating[Any]]
    """from the centre that was prepared up; as many lie below it"""


def plan(reach_hz: float) -> Plan:
    """The cheapest search that finds what can be read, for carriers within reach_hz."""
    lags = FEW_LAGS if reach_hz <= _NEAR_HZ else LAGS
    pool = 4 if reach_hz <= _NEAR_HZ else 2 if reach_hz <= 2 * _NEAR_HZ else 1
    step_hz = _STEP_HZ * LAGS / lags
    reach = int(np.ceil(reach_hz / step_hz))
    return Plan(lags, pool, np.arange(reach + 1.0) * step_hz)


@compiled
def _pooled(spectra: Complex32, code: Complex32, pool: int, out: Complex32) -> None:
    """Spectra (n, m) filtered by those of a code and summed ``pool`` by ``pool``, into out (n / pool, m)."""
    for row in range(out.shape[0]):
        total = out[row]
        for shift in range(pool):  # a row at a time: the processor's wide registers take several places at once
            one, two = spectra[row * pool + shift], code[row * pool + shift]
            for place in range(total.shape[0]):
                product = one[place] * two[place]
                total[place] = product if shift == 0 else total[place] + product


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
                _pooled(spectra, code[low : low + _GROUP], pool, pooled[at : at + each])
            if at + each == _GROUP:
                back = fft.ifft(pooled, axis=1, overwrite_x=True)[:, :_PLACES]
                begin = done + each - _GROUP
                result[begin : begin + _GROUP] = back.real
                result[rows + begin : rows + begin + _GROUP] = back.imag
    return maps


def steering(carriers_hz: NDArray[np.floating[Any]], lags: int = LAGS, pool: int = 1) -> tuple[Real32, Real32]:
    """What turns the real and the imaginary half of a lag map into energy at each carrier, (n, lags / pool) each.

    The sum of both is the energy at the carrier, their difference that at the opposite one, in standard deviations of
    noise.
    """
    chips = np.arange(1, lags + 1)
    sigma = _PAIR * np.sqrt(2 * (_HALF - 2.0 * chips).sum())
    turn = 2 * np.pi * carriers_hz[:, None] * (chips.reshape(-1, pool).mean(1) * CHIP_S)
    return (2 / sigma * np.cos(turn)).astype(np.float32), (2 / sigma * np.sin(turn)).astype(np.float32)


def first_step(prepared: Prepared, reach_hz: float, until_s: float, syncs: tuple[Sync, ...] = SYNCS) -> list[Cell]:
    """Cells above the threshold, the highest first; only the highest of its neighbourhood is told."""
    lags, pool, carriers_hz = plan(reach_hz)
    steer = steering(carriers_hz, lags, pool)
    threshold = lag_threshold(CANDIDATES_PER_S / (2 * CHIP_RATE_HZ * (2 * len(carriers_hz) - 1)), lags)
    spectra = [_code_spectra(sync) for sync in syncs]
    cells: list[Cell] = []
    end = max(1, int(min(prepared.count - _HALF, until_s * prepared.rate_hz + 2)))
    for first in range(0, end, _PLACES):
        for sync, found in zip(syncs, lag_map(prepared.two[0], first, spectra, lags, pool), strict=True):
            for begin in range(0, min(_PLACES, end - first), _CHUNK):
                part = found[:, begin : min(begin + _CHUNK, end - first)]
                for top, row, column in _over(part, steer, threshold):
                    excess = top * np.sqrt(lags / _HALF)
                    carrier_hz = float(np.copysign(carriers_hz[abs(row)], row))
                    cells.append(Cell(top, sync, first + begin + column, carrier_hz, excess))
    return _tops(cells)


def _over(part: Real32, steer: tuple[Real32, Real32], threshold: float) -> Iterator[tuple[float, int, int]]:
    """Energies above a threshold in a part of a lag map: each with its carrier's number, negative ones below the
    centre, and its place.
    """
    rows = len(part) // 2
    even, odd = steer[0] @ part[:rows], steer[1] @ part[rows:]
    size = np.abs(odd)
    size += even  # the higher of the two carriers
    for at in np.flatnonzero(size > threshold).tolist():
        row, column = divmod(at, part.shape[1])
        middle, side = float(even[row, column]), float(odd[row, column])
        for top, sign in ((middle + side, 1), (middle - side, -1)) if row else ((middle, 1),):
            if top > threshold:
                yield top, sign * row, column


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

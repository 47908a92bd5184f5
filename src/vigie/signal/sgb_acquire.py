"""Where in a stretch of samples second-generation bursts begin.

Two steps, the first with few survivors for the second: every place and carrier, partially coherent (``sgb_lags``), then
the candidates, coherent over the whole preamble: carrier, drift and place on a fine grid. Thresholds follow from stated
false-alarm rates in noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vigie.records import Sync
from vigie.signal.sgb import CHIP_S, PREAMBLE_S
from vigie.signal.sgb_lags import CANDIDATES_PER_S, PREAMBLE_PLACES, SYNCS, Cell, preamble_chips
from vigie.signal.sgb_prepare import Complex32, Prepared, Real32

FITS_PER_S = 0.02
"""places that noise alone sends on to the fit of a whole burst"""
FALSE_ALARMS_PER_HOUR = 1e-3
"""preambles that noise alone shows, once the fit is not needed to believe them"""
DRIFT_REACH_HZ_PER_S = 400.0

_HALF = PREAMBLE_PLACES
_SUBS = 200
_DRIFT_STEP = 50.0
_TURNS = 512
_AT_ONCE = 16


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
def _turned_chips(sync: Sync) -> Complex32:
    """The same, conjugate and with the quarter turn of Q."""
    turned = preamble_chips(sync).astype(np.complex64)
    turned[1::2] *= -1j
    turned.flags.writeable = False
    return turned


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
    """Energy of preambles (..., 200) at each drift and carrier within _FINE_REACH_HZ, not yet over the noise."""
    from scipy import fft

    spectrum = fft.fft(dechirp * subs[..., None, :], turns, axis=-1, overwrite_x=True)
    reach = int(_FINE_REACH_HZ * turns * _SUB_S)
    near = np.concatenate([spectrum[..., -reach:], spectrum[..., : reach + 1]], axis=-1)
    energy: Real32 = near.real**2 + near.imag**2
    return energy


def _last(prepared: Prepared) -> int:
    """The last quarter chip at which a whole preamble can begin."""
    return len(prepared.four) - 2 * _HALF


def promising(prepared: Prepared, cells: Sequence[Cell]) -> NDArray[np.bool_]:
    """Which cells (n,) of the first step show enough of a preamble at their place to be looked at closely."""
    answer = np.zeros(len(cells), np.bool_)
    whole = [number for number, cell in enumerate(cells) if 0 <= 2 * cell.place + 1 <= _last(prepared)]
    for first in range(0, len(whole), _AT_ONCE):
        some = whole[first : first + _AT_ONCE]
        subs, least = np.empty((len(some), _SUBS), np.complex64), np.empty(len(some))
        for row, number in enumerate(some):
            cell = cells[number]
            subs[row], power = _subs(prepared, cell.sync, 2 * cell.place + 1, cell.carrier_hz)
            least[row] = max(_GLANCE * power * (1 + cell.excess), 1e-30)
        answer[some] = _spectra(subs, _DECHIRP[::2], _TURNS // 2).max(axis=(1, 2)) >= least
    return answer


def second_step(prepared: Prepared, cell: Cell) -> Candidate:
    """The whole preamble coherently about a promising cell of the first step."""
    sync, place, carrier_hz, noise = cell.sync, 2 * cell.place + 1, cell.carrier_hz, 1 + cell.excess
    last = _last(prepared)
    shifts = [shift for shift in range(-2, 3) if 0 <= place + shift <= last]
    looks = [_subs(prepared, sync, place + shift, carrier_hz) for shift in shifts]
    best = _spectra(np.stack([subs for subs, _ in looks]), _DECHIRP, _TURNS)
    best /= np.array([[[power * noise]] for _, power in looks], np.float32)
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

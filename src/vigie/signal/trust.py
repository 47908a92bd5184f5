"""How far soft bits can be trusted: the odds that a mended word is what was sent.

The codes of C/S T.001 accept much that is chance: 4.4 % of random words pass BCH(82,61) with three corrections. So a
mended word is weighed, by Bayes' rule, against all that could have left the same remainder: more errors than the code
mends, or no burst at all. Every term comes from the soft bits: those of the message and of the known bits 1-24.
"""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_BIT_RATE_BPS, FGB_PHASE_RAD
from vigie.records import Sync
from vigie.signal import fgb

Soft = NDArray[np.float32]

_SIGNS = {sync: 1.0 - 2.0 * fgb.sync_pattern(sync) for sync in fgb.FRAME_SYNC}
_PLACES_TRIED = 1e4
"""for each real burst: what bits 1-24 must outweigh"""
_PLACES_WRONG = 30.0
"""the same within what surely is a burst: slices of its message that ``framing`` may have taken for bits 1-24"""
_ERRORS_OF_CHANCE = 0.05
"""share of bits that soft bits out of mere noise say to be wrong: rather more"""
_DISPLACED, _DISPLACED_ODDS = 12, 1e-6
"""bits by which bit 1 may lie elsewhere; odds below which that is not looked into"""
_FREE_BITS = 61
"""of bits 25-106; the other 21 must agree with them"""


def evidence(soft: Soft, sync: Sync) -> float:
    """Log of the likelihood of bits 1-24 as the known pattern over that as random bits; at most 24 ln 2, 16.6."""
    agree = soft[: fgb.SYNC_BITS] * _SIGNS[sync]
    return float(fgb.SYNC_BITS * log(2) - np.logaddexp(0, -agree).sum())


def false_alarm_odds(soft: Soft, sync: Sync, cn0_dbhz: float | None = None) -> float:
    """Odds that there is no burst where bits 1-24 were found. Chance shows the pattern, but no bits as clear.

    soft (n,): unclipped. With the C/N0 of the fit they tell noise under a carrier from bits: all that is left then is a
    burst, or something like it, seen from the wrong place.
    """
    errors = float(np.mean(1 / (1 + np.exp(np.minimum(np.abs(soft[24:106].astype(np.float64)), 50.0)))))
    places = _PLACES_TRIED
    if cn0_dbhz is not None:
        places = _PLACES_TRIED * float(np.exp(-np.clip(swing(soft, cn0_dbhz), 0.0, 50.0))) + _PLACES_WRONG
    return float(places * np.exp(-evidence(soft, sync)) * min(1.0, errors / _ERRORS_OF_CHANCE) ** 4)


def displaced(soft: Soft, sync: Sync) -> list[tuple[int, float]]:
    """Other places of bit 1, in bits later, with the odds that bits 1-24 give them: those worth a second look.

    Where bit 1 is thought to lie one bit too early, the first field looks like a code word all the same, for the code
    is a shortened cyclic one: its own bits cannot tell.
    """
    signs, own = _SIGNS[sync], evidence(soft, sync)
    found = []
    for later in (*range(-_DISPLACED, 0), *range(1, _DISPLACED + 1)):
        seen = soft[max(0, later) : fgb.SYNC_BITS + later].astype(np.float64)
        known = signs[fgb.SYNC_BITS - len(seen) :]
        odds = float(np.exp(min(len(seen) * log(2) - np.logaddexp(0, -seen * known).sum() - own, 50.0)))
        if odds > _DISPLACED_ODDS:
            found.append((later, odds))
    return found


def moved(soft: Soft, later: int) -> Soft:
    """The soft bits (n,) of a burst if its bit 1 lies so many bits later; 0 where nothing is known."""
    result = np.zeros_like(soft)
    result[max(0, -later) : len(soft) - max(0, later)] = soft[max(0, later) : len(soft) - max(0, -later)]
    return result


def swing(soft: Soft, cn0_dbhz: float, here: bool = False) -> float:
    """Log of the likelihood of bits 25-106 as bits of either value over that as noise without bits.

    Soft bits have twice the variance of their mean, which C/N0 gives, around plus or minus the mean, or around zero.
    here: of those alone that lie in the samples.
    """
    mean = 4 * np.sin(FGB_PHASE_RAD) ** 2 * 10 ** (cn0_dbhz / 10) / FGB_BIT_RATE_BPS
    bits = soft[24:106].astype(np.float64)
    half = np.abs(bits[bits != 0] if here else bits) / 2
    return float(np.sum(np.logaddexp(half, -half) - np.log(2) - mean / 4))


def chance_of_word(soft: Soft, bits: str) -> float:
    """How much likelier chance would have given these soft bits than the code word of bits 25-106 does."""
    sent = np.array([bit == "1" for bit in bits[24:106]])
    trust = soft[24:106].astype(np.float64)
    agree = np.where(sent, -trust, trust)
    return float(np.exp(min(-np.sum(np.log(2) - np.logaddexp(0, -agree)) + _FREE_BITS * np.log(2), 50.0)))

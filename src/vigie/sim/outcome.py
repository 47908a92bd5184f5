"""What a receiver makes of a burst: whether it reads it, and how far its time and frequency are off.

Reading is the algebraic code's limit on independent bit errors, which the receiver here reaches from 29 dB-Hz on
(``benchmarks/fgb_receive.py``). Errors are the Cramer-Rao bound with message known (``docs/design/scale.md``) and what
station and payload add.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_PHASE_RAD

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

FGB_BIT_HZ, SGB_BIT_HZ = 400.0, 300.0
_FGB_SLOPE = 216 * (2 * FGB_PHASE_RAD) ** 2 / 187e-6
"""integral of the squared slope of the envelope of a burst, 1/s: 216 edges of 2.2 rad, each in 187 us"""
_SGB_SLOPE = (2 * np.pi * 19_200.0) ** 2
"""the same of half-sine chips: 19.2 kHz rms width, one second"""
SARP_SIGMA_HZ = 0.35
"""frequency error of a processor on board, rms (from memory: C/S T.003 could not be read)"""
SARP_SIGMA_S = 5e-3
"""of its time tag (from memory)"""


def bit_error_rate(cn0_dbhz: Array, second: Flags) -> Array:
    """Chance of a wrong bit with the carrier known: Q(sqrt(2 Eb/N0)); FGB keep a part of their power as carrier."""
    from scipy.special import erfc

    ratio = 10 ** (np.asarray(cn0_dbhz) / 10)
    energy = np.where(second, ratio / SGB_BIT_HZ, ratio * np.sin(FGB_PHASE_RAD) ** 2 / FGB_BIT_HZ)
    return np.asarray(0.5 * erfc(np.sqrt(energy)))


def read(cn0_dbhz: Array, second: Flags, long: Flags, rng: np.random.Generator) -> tuple[Flags, Flags]:
    """Whether the identity could be read, and whether all of it could: (k,) each.

    FGB: at most 3 errors in bits 25-106 and, of a long message, 2 in 107-144 (BCH-1, BCH-2); SGB: 6 in 250.
    """
    rate = bit_error_rate(cn0_dbhz, second)
    first = np.where(second, rng.binomial(250, rate) <= 6, rng.binomial(82, rate) <= 3)
    rest = rng.binomial(np.where(long, 38, 6), rate) <= np.where(long, 2, 0)
    return first, first & (second | rest)


def sigma_foa_hz(cn0_dbhz: Array, second: Flags) -> Array:
    """Cramer-Rao bound of the frequency, the message known."""
    length_s = np.where(second, 1.0, 0.52)
    return np.asarray(np.sqrt(6 / ((2 * np.pi) ** 2 * 10 ** (cn0_dbhz / 10) * length_s**3)))


def sigma_toa_s(cn0_dbhz: Array, second: Flags) -> Array:
    """Cramer-Rao bound of the time, the message known."""
    return np.asarray(np.sqrt(0.5 / (10 ** (cn0_dbhz / 10) * np.where(second, _SGB_SLOPE, _FGB_SLOPE))))

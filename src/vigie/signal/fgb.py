"""First-generation bursts: the waveform of C/S T.001 2.2-2.3, exact or impaired as the specification allows.

160 ms of carrier, then 112 or 144 biphase-L bits at 400 bit/s that swing the carrier's phase by +-1.1 rad. A "1" is the
advanced phase first (Figure 2.5). Time zero of a waveform is the beginning of bit 1; an edge lies where the phase
passes the middle of its swing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.constants import FGB_BIT_RATE_BPS, FGB_CARRIER_S, FGB_LONG_BITS, FGB_PHASE_RAD, FGB_SHORT_BITS
from vigie.errors import InputError
from vigie.records import Sync

BIT_S = 1 / FGB_BIT_RATE_BPS
BIT_SYNC = "1" * 15  # T.001 2.2.4.1
FRAME_SYNC: dict[Sync, str] = {"normal": "000101111", "self_test": "011010000"}  # T.001 2.2.4.2
SYNC_BITS = 24
_RAMP_PER_RISE = float(np.pi / np.arccos(-0.9))  # a half cosine passes 95 % of its swing at 0.856 of its length


@dataclass(frozen=True, slots=True)
class Modulation:
    """What T.001 2.2.4 and 2.3.6 leave free in the modulation of one burst."""

    deviation_rad: float = FGB_PHASE_RAD
    rise_s: float = 150e-6
    """from the start of a transition to 90 % of the final level (Figure 2.6), that is 95 % of the swing"""
    asymmetry: float = 0.0
    """(t1 - t2) / (t1 + t2) of the advanced and retarded halves (Figure 2.7)"""
    bit_rate_bps: float = FGB_BIT_RATE_BPS
    carrier_s: float = FGB_CARRIER_S


def sync_pattern(sync: Sync) -> NDArray[np.int8]:
    """Bits 1-24 of a message, (24,) of 0 and 1."""
    return np.array([int(bit) for bit in BIT_SYNC + FRAME_SYNC[sync]], np.int8)


def as_bits(bits: str | ArrayLike) -> NDArray[np.int8]:
    """(n,) of 0 and 1 from a string or an array. Raises InputError for anything else."""
    array = np.array(list(bits)) if isinstance(bits, str) else np.asarray(bits)
    if array.ndim != 1 or not np.isin(array, ["0", "1"] if array.dtype.kind == "U" else [0, 1]).all():
        raise InputError("the bits of a burst are a row of 0 and 1")
    return array.astype(np.int8)


class Shape(NamedTuple):
    """The swing of the phase at some times, each (n,)."""

    swing: NDArray[np.floating[Any]]
    """phase in units of the deviation"""
    slope: NDArray[np.floating[Any]]
    """its derivative, 1/s"""
    past: NDArray[np.floating[Any]]
    """seconds past the middle of the nearest edge"""
    sense: NDArray[np.floating[Any]]
    """1 where the nearest edge rises, -1 where it falls, 0 where there is none"""


def ramp_s(rise_s: float) -> float:
    """Length of a whole edge."""
    return max(rise_s, 1e-9) * _RAMP_PER_RISE


def shape(t_s: NDArray[np.floating[Any]], bits: NDArray[Any], modulation: Modulation = Modulation()) -> Shape:
    """The swing at t_s (n,), seconds past the beginning of bit 1.

    It is 0 in the carrier before bit 1 and keeps its last level after the last bit. An edge is a half cosine.
    """
    half_s = 0.5 / modulation.bit_rate_bps
    signs = 2.0 * np.asarray(bits) - 1.0
    levels = np.zeros(2 * len(signs) + 4)
    levels[2:-2:2] = signs
    levels[3:-2:2] = -signs
    levels[-2:] = levels[-3]
    swings = np.diff(levels)
    edge = np.clip(np.rint(t_s / half_s), -1, 2 * len(signs))
    index = edge.astype(np.intp) + 1
    sense = np.sign(swings)[index]
    past = t_s - edge * half_s
    if modulation.asymmetry:
        past = past + sense * (modulation.asymmetry * half_s / 2)
    length_s = ramp_s(modulation.rise_s)
    value = np.where(past < 0, levels[index], levels[index + 1])
    slope = np.zeros_like(value)
    near = np.flatnonzero(np.abs(past) < length_s / 2)  # on an edge: few samples are
    part, swing = past[near] * (np.pi / length_s), swings[index[near]]
    value[near] = levels[index[near]] + swing * (0.5 + 0.5 * np.sin(part))
    slope[near] = swing * np.cos(part) * (np.pi / (2 * length_s))
    return Shape(value, slope, past, sense)


def modulate(
    bits: str | ArrayLike,
    rate_hz: float,
    modulation: Modulation = Modulation(),
    *,
    frequency_hz: float = 0.0,
    drift_hz_per_s: float = 0.0,
    phase_rad: float = 0.0,
    start_s: float = 0.0,
    duration_s: float | None = None,
    power_rise_s: float = 0.0,
) -> NDArray[np.complex64]:
    """One burst of unit power as complex baseband, (n,), silent before and after.

    bits: 112 or 144, bit 1 first. frequency_hz is the carrier in the middle of the burst, phase_rad its phase at the
    beginning of bit 1. The carrier begins start_s after the first sample. duration_s: length of the array, to the end
    of the burst if None. power_rise_s: linear rise of the power at the beginning and fall at the end (T.001 2.3.2).
    """
    sent = as_bits(bits)
    if len(sent) not in (FGB_SHORT_BITS, FGB_LONG_BITS):
        raise InputError(f"a first-generation burst has 112 or 144 bits, not {len(sent)}")
    if not rate_hz > 0:
        raise InputError(f"a sample rate of {rate_hz} Hz: it must be positive")
    length_s = modulation.carrier_s + len(sent) / modulation.bit_rate_bps
    count = int(np.ceil((start_s + length_s if duration_s is None else duration_s) * rate_hz))
    first = max(0, int(np.ceil(start_s * rate_hz)))
    last = min(count, int(np.ceil((start_s + length_s) * rate_hz)))
    iq = np.zeros(count, np.complex64)
    if last <= first:
        return iq
    on_s = np.arange(first, last) / rate_hz - start_s
    q = shape(on_s - modulation.carrier_s, sent, modulation).swing
    middle_s = on_s - length_s / 2
    turn = 2 * np.pi * (frequency_hz * middle_s + drift_hz_per_s / 2 * middle_s**2)
    at_bit_1 = modulation.carrier_s - length_s / 2
    turn -= 2 * np.pi * (frequency_hz * at_bit_1 + drift_hz_per_s / 2 * at_bit_1**2) - phase_rad
    wave = np.exp(1j * (turn + modulation.deviation_rad * q))
    if power_rise_s > 0:
        wave *= np.sqrt(np.clip(np.minimum(on_s, length_s - on_s) / power_rise_s, 0.0, 1.0))
    iq[first:last] = wave
    return iq

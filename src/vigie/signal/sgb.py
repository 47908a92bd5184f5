"""Second-generation bursts: the waveform of C/S T.018 2.2-2.3, exact or impaired.

Offset QPSK spread at 38,400 chips a second on each arm: 6,400 chips of preamble, then 250 bits of 256 chips, the odd
ones on I and the even ones on Q, which lags by half a chip. One burst lasts one second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.errors import InputError
from vigie.records import Sync
from vigie.signal import prn
from vigie.signal.prn import BIT_CHIPS, CHIPS, PREAMBLE_CHIPS

CHIP_RATE_HZ = 38_400.0  # T.018 2.2.3 f
CHIP_S = 1 / CHIP_RATE_HZ
BURST_S = CHIPS * CHIP_S
PREAMBLE_S = PREAMBLE_CHIPS * CHIP_S
BITS = 250
CARRIER_HZ = 406.05e6  # T.018 2.3.1.1

Pulse = Literal["half_sine", "rrc", "rect"]
PULSES: tuple[Pulse, ...] = ("half_sine", "rrc", "rect")
_SPAN = 8
"""a root-raised-cosine pulse is cut this many chips from its middle, where it has fallen below -60 dB"""

Real = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Modulation:
    """What T.018 2.3 leaves free in the modulation of one burst, and how far a transmitter may be from it."""

    pulse: Pulse = "half_sine"
    """of one chip: a half sine one chip long (IEEE 802.15.4), a root raised cosine, or none"""
    chip_rate_hz: float = CHIP_RATE_HZ
    """mean over the burst; 38,400 +-0.6 is legal"""
    chip_drift_hz_per_s: float = 0.0
    """+-0.6 chips/s2 is legal"""
    offset_chips: float = 0.5
    """lag of Q behind I; 0.5 +-1 % is legal"""
    imbalance: float = 0.0
    """amplitude of I over that of Q, less 1; +-0.15 is legal"""
    skew_rad: float = 0.0
    """how far the phase from I to Q exceeds a quarter turn"""
    evm: float = 0.0
    """RMS error of the constellation points, as a part of their length; 0.025 is legal"""
    roll_off: float = 0.8


def as_bits(bits: str | ArrayLike) -> NDArray[np.int8]:
    """The 250 bits of a message, (250,) of 0 and 1, from a string or an array. Raises InputError for anything else."""
    array = np.array(list(bits)) if isinstance(bits, str) else np.asarray(bits)
    if array.ndim != 1 or not np.isin(array, ["0", "1"] if array.dtype.kind == "U" else [0, 1]).all():
        raise InputError("the bits of a burst are a row of 0 and 1")
    if len(array) != BITS:
        raise InputError(f"a second-generation burst has {BITS} bits, not {len(array)}")
    return array.astype(np.int8)


def spread(bits: NDArray[Any], sync: Sync = "normal") -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The chips of I and of Q as signal levels, (38400,) each: bit 1 goes on I, and a 1 inverts its chips."""
    signs = 1 - 2 * np.concatenate([np.zeros(2 * PREAMBLE_CHIPS // BIT_CHIPS), bits]).astype(np.float32)
    return (
        prn.levels(sync, "i") * np.repeat(signs[0::2], BIT_CHIPS),
        prn.levels(sync, "q") * np.repeat(signs[1::2], BIT_CHIPS),
    )


def pulse_shape(away: Real, pulse: Pulse, roll_off: float = 0.8) -> Real:
    """The pulse of a chip at times ``away`` from its middle, in chips. Its energy is half a chip: the burst's is 1."""
    if pulse == "half_sine":
        return np.where(np.abs(away) < 0.5, np.cos(np.pi * away), 0.0)
    if pulse == "rect":
        return np.where((away >= -0.5) & (away < 0.5), np.sqrt(0.5), 0.0)
    grid = np.linspace(-_SPAN, _SPAN, 512 * _SPAN + 1)
    return np.asarray(np.interp(away, grid, _root_raised_cosine(grid, roll_off), 0.0, 0.0))


def _root_raised_cosine(away: Real, roll_off: float) -> Real:
    beta = roll_off
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (np.sin(np.pi * away * (1 - beta)) + 4 * beta * away * np.cos(np.pi * away * (1 + beta))) / (
            np.pi * away * (1 - (4 * beta * away) ** 2)
        )
    value = np.where(np.abs(away) < 1e-9, 1 - beta + 4 * beta / np.pi, value)
    turn = np.pi / (4 * beta)
    limit = beta / np.sqrt(2) * ((1 + 2 / np.pi) * np.sin(turn) + (1 - 2 / np.pi) * np.cos(turn))
    value = np.where(np.abs(np.abs(away) - 1 / (4 * beta)) < 1e-7, limit, value)
    shape: Real = value * np.sqrt(0.5)
    return shape


def pulse_spectrum(frequency: NDArray[np.floating[Any]], pulse: Pulse, roll_off: float = 0.8) -> Real:
    """Fourier transform of ``pulse_shape``, real and even; frequency in cycles a chip."""
    spectrum: Real
    if pulse == "rect":
        spectrum = np.sqrt(0.5) * np.sinc(frequency)
    elif pulse == "half_sine":
        spectrum = 0.5 * (np.sinc(frequency - 0.5) + np.sinc(frequency + 0.5))
    else:
        past = np.clip((np.abs(frequency) - (1 - roll_off) / 2) / roll_off, 0.0, 1.0)
        spectrum = np.sqrt(0.5) * np.cos(np.pi / 2 * past)
    return spectrum


def arms(
    past_s: Real,
    chips_i: NDArray[np.floating[Any]],
    chips_q: NDArray[np.floating[Any]],
    modulation: Modulation = Modulation(),
) -> tuple[Real, Real]:
    """I and Q at times (n,) past the beginning of the burst, 0 before and after it. Each has a mean power of 1/2."""
    rate = modulation.chip_rate_hz + modulation.chip_drift_hz_per_s / 2 * (past_s - BURST_S)
    middles = past_s * rate - 0.5
    return _arm(middles, chips_i, modulation), _arm(middles - modulation.offset_chips, chips_q, modulation)


def _arm(middles: Real, levels: NDArray[np.floating[Any]], modulation: Modulation) -> Real:
    """One arm at times in chips past the middle of its first chip."""
    nearest = np.floor(middles + 0.5)
    away = middles - nearest
    padded = np.zeros(CHIPS + 2 * _SPAN + 2)
    padded[_SPAN + 1 : -_SPAN - 1] = levels
    index = np.clip(nearest, -_SPAN - 1, CHIPS + _SPAN).astype(np.intp) + _SPAN + 1
    if modulation.pulse != "rrc":
        return padded[index] * pulse_shape(away, modulation.pulse)
    total = np.zeros(len(middles))
    for lag in range(-_SPAN, _SPAN + 1):
        near = np.clip(index + lag, 0, len(padded) - 1)
        total += padded[near] * pulse_shape(away - lag, "rrc", modulation.roll_off)
    return total


def modulate(
    bits: str | ArrayLike,
    rate_hz: float,
    modulation: Modulation = Modulation(),
    *,
    sync: Sync = "normal",
    frequency_hz: float = 0.0,
    drift_hz_per_s: float = 0.0,
    phase_rad: float = 0.0,
    start_s: float = 0.0,
    duration_s: float | None = None,
    power_rise_s: float = 0.0,
    rng: np.random.Generator | None = None,
) -> NDArray[np.complex64]:
    """One burst of unit power as complex baseband, (n,), silent before and after.

    bits: the 250 of the message, bit 1 first. frequency_hz and phase_rad are the carrier's in the middle of the burst.
    The burst begins start_s after the first sample. duration_s: length of the array, to the end of the burst if None.
    power_rise_s: linear rise of the power at the beginning and fall at the end (T.018 2.4.1). rng draws the errors of
    the constellation points and is needed only for them. The waveform is sampled as it is: what lies beyond half the
    sample rate folds back, so a low rate is best made from a high one.
    """
    if not rate_hz > 0:
        raise InputError(f"a sample rate of {rate_hz} Hz: it must be positive")
    chips_i, chips_q = spread(as_bits(bits), sync)
    if modulation.evm:
        if rng is None:
            raise InputError("errors of the constellation points need a random number generator")
        chips_i = chips_i + np.float32(modulation.evm) * rng.standard_normal(CHIPS, np.float32)
        chips_q = chips_q + np.float32(modulation.evm) * rng.standard_normal(CHIPS, np.float32)
    length_s = (CHIPS + modulation.offset_chips) / modulation.chip_rate_hz
    tail_s = _SPAN * CHIP_S if modulation.pulse == "rrc" else 0.0
    count = int(np.ceil((start_s + length_s if duration_s is None else duration_s) * rate_hz))
    first = max(0, int(np.ceil((start_s - tail_s) * rate_hz)))
    last = min(count, int(np.ceil((start_s + length_s + tail_s) * rate_hz)))
    iq = np.zeros(count, np.complex64)
    if last <= first:
        return iq
    past_s = np.arange(first, last) / rate_hz - start_s
    arm_i, arm_q = arms(past_s, chips_i, chips_q, modulation)
    ratio = 1 + modulation.imbalance
    gain_q = np.sqrt(2 / (1 + ratio * ratio))
    wave = ratio * gain_q * arm_i + 1j * gain_q * np.exp(1j * modulation.skew_rad) * arm_q
    middle_s = past_s - BURST_S / 2
    wave *= np.exp(1j * (phase_rad + 2 * np.pi * middle_s * (frequency_hz + drift_hz_per_s / 2 * middle_s)))
    if power_rise_s > 0:
        wave *= np.sqrt(np.clip(np.minimum(past_s, length_s - past_s) / power_rise_s, 0.0, 1.0))
    iq[first:last] = wave
    return iq

"""Second-generation bursts in noise for the benchmarks, and what theory says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import comb, erfc, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from vigie.message import country
from vigie.message.bch import BCH_SGB
from vigie.records import Sync
from vigie.signal import sgb
from vigie.signal.sgb import BURST_S, CARRIER_HZ, CHIP_RATE_HZ, Modulation, Pulse

RATE_HZ = 160_000.0
COUNTRIES = sorted(country.codes())
START_S = (0.002, 0.22)
"""an unknown start: 0.37 s of places are searched at once, so more would cost more and ask no more"""
LENGTH_S = 1.24


@dataclass(frozen=True)
class Truth:
    """What was sent."""

    word: int
    sync: Sync
    frequency_hz: float
    drift_hz_per_s: float
    start_s: float
    middle_s: float


def ideal(cn0_dbhz: float) -> float:
    """Exact messages of ideal coherent reception with hard decisions and six corrected bits."""
    ber = 0.5 * erfc(sqrt(10 ** (cn0_dbhz / 10) / 300))
    return sum(comb(250, errors) * ber**errors * (1 - ber) ** (250 - errors) for errors in range(7))


def bounds(cn0_dbhz: float) -> tuple[float, float]:
    """Cramer-Rao bounds of the carrier (Hz) and of the time (s) in the middle of a burst of half-sine chips.

    Phase, drift and chip rate are unknown; the time at which the burst begins has twice the bound.
    """
    energy = 2 * 10 ** (cn0_dbhz / 10) * BURST_S
    return sqrt(12 / energy) / (2 * pi * BURST_S), 1 / (sqrt(energy) * pi * CHIP_RATE_HZ)


def message(rng: np.random.Generator) -> int:
    """250 bits with an allocated country and the spare bits as they should be; the rest is random."""
    draw = f"{int.from_bytes(rng.bytes(26), 'big') >> 6:0202b}"
    data = draw[:30] + f"{COUNTRIES[rng.integers(len(COUNTRIES))]:010b}" + draw[40:140] + "1" * 14 + draw[154:]
    return BCH_SGB.encode(int(data, 2))


def burst(
    rng: np.random.Generator,
    cn0_dbhz: float,
    reach_hz: float,
    drift: float,
    pulse: str,
    impaired: bool,
    changes: Mapping[str, float] = {},
    only: Sync | None = None,
) -> tuple[NDArray[np.complex64], Truth]:
    """One burst in noise. changes: what to add to the numbers of its modulation. only: its sequence, else any."""
    word = message(rng)
    bits = [int(bit) for bit in f"{word:0250b}"]
    offset_hz = rng.uniform(-1200, 1200) if reach_hz > 1200 else 0.0
    doppler_hz = rng.uniform(-1, 1) * (reach_hz - abs(offset_hz))
    rate_hz_per_s = rng.uniform(-drift, drift)
    chip_rate = (CHIP_RATE_HZ + rng.uniform(-0.6, 0.6)) * (1 + doppler_hz / CARRIER_HZ)
    chip_drift = CHIP_RATE_HZ * rate_hz_per_s / CARRIER_HZ
    chosen: Pulse = sgb.PULSES[rng.integers(3)] if pulse == "any" else pulse
    modulation = Modulation(pulse=chosen, chip_rate_hz=chip_rate, chip_drift_hz_per_s=chip_drift)
    if impaired:
        modulation = Modulation(
            pulse=chosen,
            chip_rate_hz=chip_rate,
            chip_drift_hz_per_s=chip_drift,
            offset_chips=0.5 + rng.uniform(-0.005, 0.005),
            imbalance=rng.uniform(-0.15, 0.15),
            skew_rad=rng.uniform(-0.02, 0.02),
            evm=0.025,
        )
    modulation = replace(modulation, **{name: getattr(modulation, name) + more for name, more in changes.items()})
    start_s = rng.uniform(*START_S)
    drawn: Sync = "normal" if rng.random() < 0.8 else "self_test"
    sync = only or drawn
    frequency_hz = offset_hz + doppler_hz
    iq = sgb.modulate(
        bits,
        RATE_HZ,
        modulation,
        sync=sync,
        frequency_hz=frequency_hz,
        drift_hz_per_s=rate_hz_per_s,
        phase_rad=rng.uniform(0, 2 * pi),
        start_s=start_s,
        duration_s=LENGTH_S,
        power_rise_s=0.4e-3,
        rng=rng,
    )
    iq = iq + noise(rng, len(iq)) * np.float32(sqrt(10 ** (-cn0_dbhz / 10) * RATE_HZ / 2))
    chip_rate, chip_drift = modulation.chip_rate_hz, modulation.chip_drift_hz_per_s
    past_s = BURST_S / 2
    for _ in range(3):  # when chip 19,200 arrives
        past_s = 19_200 / (chip_rate + chip_drift / 2 * (past_s - BURST_S))
    frequency_hz += rate_hz_per_s * (past_s - BURST_S / 2)
    return iq, Truth(word, sync, frequency_hz, rate_hz_per_s, start_s, start_s + past_s)


def noise(rng: np.random.Generator, count: int) -> NDArray[np.complex64]:
    """White noise of power 2."""
    return rng.standard_normal(2 * count, np.float32).view(np.complex64)

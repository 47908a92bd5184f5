"""First-generation bursts demodulated together, of which none could be followed alone."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest

from vigie.errors import InputError
from vigie.signal import combine, fgb
from vigie.signal.together import Heard, demodulate_first

RATE_HZ = 12_800.0


def heard(rng: np.random.Generator, bits: np.ndarray, cn0_dbhz: float) -> Heard:
    start_s = 0.02 + rng.uniform(0, 1e-3)
    iq = fgb.modulate(
        bits,
        RATE_HZ,
        fgb.Modulation(rise_s=rng.uniform(50e-6, 250e-6), bit_rate_bps=400 * (1 + rng.uniform(-1e-3, 1e-3))),
        frequency_hz=rng.uniform(-1, 1),
        drift_hz_per_s=rng.uniform(-50, 50),
        phase_rad=rng.uniform(0, 2 * pi),
        start_s=start_s,
        duration_s=0.6,
    )
    noise = rng.standard_normal(2 * len(iq), np.float32).view(np.complex64)
    iq = iq + noise * np.float32(np.sqrt(RATE_HZ / 2 / 10 ** (cn0_dbhz / 10)))
    return Heard(iq.astype(np.complex64), RATE_HZ, start_s + 0.16 + rng.uniform(-1e-4, 1e-4), 0.0)


def message(rng: np.random.Generator) -> np.ndarray:
    return np.concatenate([fgb.sync_pattern("normal"), rng.integers(0, 2, 120)])


def test_eight_bursts_are_worth_nine_decibels() -> None:
    """Added, eight bursts of 22 dB-Hz are one of 31: 1.5 wrong bits of 120 are expected of ideal reception."""
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(6):
        bits = message(rng)
        soft = demodulate_first([heard(rng, bits, 22.0) for _ in range(8)])
        assert soft.shape == (8, 144)
        errors.append(int(np.count_nonzero((combine.add(list(soft)) < 0) != bits)))
    assert np.mean(errors) < 4


def test_soft_bits_are_those_of_each_reception_alone() -> None:
    """They have the size that this reception's own level gives them, however sure the others are."""
    rng = np.random.default_rng(2)
    levels, spread = [], []
    for _ in range(8):
        bits = message(rng)
        weak, strong = heard(rng, bits, 24.0), heard(rng, bits, 40.0)
        soft = demodulate_first([weak, strong, strong])[0] * (1 - 2 * bits)
        levels.append(soft[24:].mean())
        spread.append(soft[24:].var())
    expected = 4 * np.sin(1.1) ** 2 * 10**2.4 / 400
    assert np.mean(levels) == pytest.approx(expected, rel=0.15)
    assert np.mean(spread) == pytest.approx(2 * expected, rel=0.25)


def test_a_reception_that_is_too_short_is_refused() -> None:
    with pytest.raises(InputError, match="24 known bits"):
        demodulate_first([Heard(np.zeros(100, np.complex64), RATE_HZ, 0.16, 0.0)])

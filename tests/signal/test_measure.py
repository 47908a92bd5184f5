"""Transmitters measured: known impairments come back within the stated uncertainty, and verdicts follow the limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal as dsp

from vigie.measuring import medium_term
from vigie.records import Samples
from vigie.signal import fgb, measure_fgb, measure_sgb, sgb
from vigie.signal.measure import fgb_mask_db, power_edge, sgb_mask_db, spread
from vigie.signal.measure_limits import LIMITS, Measured, judge, row

RATE_HZ, CENTRE_HZ = 100e3, 406.025e6
BITS = "1" * 15 + "000101111" + "".join(np.random.default_rng(5).choice(["0", "1"], 120))
SURE = 4.5
"""sigmas beyond which a value is taken for wrong: a chance of 7 in a million"""


def noisy(wave: np.ndarray, rate_hz: float, cn0_dbhz: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(2 * len(wave), np.float32).view(np.complex64)
    return np.asarray(wave + noise * np.float32(np.sqrt(rate_hz / 2 / 10 ** (cn0_dbhz / 10))), np.complex64)


def first(cn0_dbhz: float, seed: int = 0, phase: np.ndarray | None = None, **modulation: Any) -> measure_fgb.Shown:
    """A burst 3210.5 Hz above the centre, measured from a start that is 0.1 ms and a frequency that is 0.2 Hz off."""
    wave = fgb.modulate(
        BITS, RATE_HZ, fgb.Modulation(**modulation),
        frequency_hz=3210.5, start_s=0.1, duration_s=0.75, power_rise_s=2e-3, phase_rad=1.0,
    )  # fmt: skip
    if phase is not None:
        wave = wave * np.exp(1j * phase[: len(wave)])
    samples = Samples(noisy(wave, RATE_HZ, cn0_dbhz, seed), RATE_HZ, CENTRE_HZ, None)
    shown = measure_fgb.measure(samples, 0.1001, 3210.3, 0.0, BITS, modulation.get("bit_rate_bps", 400.0) * 1.0003)
    assert shown is not None
    return shown


def verdicts(quantities: dict[str, Measured], kind: str) -> dict[str, str | None]:
    limits = {limit.key: limit for limit in LIMITS[kind]}  # type: ignore[index]
    bits = len(BITS) if kind == "FGB" else None
    return {key: row(limits[key], one, bits=bits)["verdict"] for key, one in quantities.items()}


@pytest.mark.parametrize(("cn0_dbhz", "seed"), [(45.0, 1), (80.0, 3)])
def test_the_quantities_of_a_first_generation_burst_come_back(cn0_dbhz: float, seed: int) -> None:
    shown = first(cn0_dbhz, seed, deviation_rad=1.15, rise_s=120e-6, asymmetry=0.02, bit_rate_bps=401.0)
    assert shown.cn0_dbhz == pytest.approx(cn0_dbhz, abs=0.5)
    above_middle = 2 * (120e-6 * np.pi / np.arccos(-0.9)) * np.arcsin(0.1) / np.pi
    truth = {
        "carrier_hz": CENTRE_HZ + 3210.5,
        "deviation_rad": 1.15,
        "deviation_plus_rad": 1.15,
        "deviation_minus_rad": -1.15,
        "rise_time_s": 120e-6,
        "fall_time_s": 120e-6,
        "symmetry": 0.02 * (0.5 / 401) / (0.5 / 401 - above_middle),  # as Figure 2.7 measures it
        "bit_rate_bps": 401.0,
        "carrier_length_s": 0.160 - 0.9 * 2e-3,
        "transmission_s": 0.160 + 144 / 401 - 2 * 0.9 * 2e-3,
        "power_rise_s": 0.8 * 2e-3,
    }
    for key, value in truth.items():
        measured = shown.quantities[key]
        assert measured.value is not None
        assert measured.sigma is not None
        assert abs(measured.value - value) < SURE * measured.sigma, key
    stable = shown.quantities["short_term_stability"]
    assert stable.interval is not None
    assert stable.interval[0] < 1e-12 * 10 ** ((80 - cn0_dbhz) / 20)  # nothing but noise


def test_what_is_outside_the_limits_fails_and_what_is_within_passes() -> None:
    good = verdicts(first(72.0, deviation_rad=1.1, bit_rate_bps=400.0).quantities, "FGB")
    assert {key for key, verdict in good.items() if verdict == "fail"} == {"carrier_length_s"}  # 1.8 ms of it rise
    assert good["mask_excess_db"] == "pass"
    bad = verdicts(first(72.0, deviation_rad=1.3, rise_s=300e-6, asymmetry=0.08, bit_rate_bps=405.0).quantities, "FGB")
    failed = {"deviation_rad", "deviation_plus_rad", "deviation_minus_rad", "rise_time_s", "fall_time_s", "symmetry"}
    assert {key for key, verdict in bad.items() if verdict == "fail"} >= failed | {"bit_rate_bps"}


def test_a_weak_burst_is_uncertain_rather_than_judged() -> None:
    told = verdicts(first(34.0, 7, deviation_rad=1.19, rise_s=60e-6).quantities, "FGB")
    assert {told["deviation_plus_rad"], told["rise_time_s"], told["mask_excess_db"]} == {"uncertain"}
    assert "fail" not in told.values()


def test_an_unsteady_oscillator_is_measured() -> None:
    rng = np.random.default_rng(11)
    wanted = 5e-9 * CENTRE_HZ
    differences: list[float] = []
    for seed in range(4):
        # white frequency noise: the Allan deviation of 100 ms averages is their standard deviation
        steps = rng.standard_normal(75_000) * wanted * np.sqrt(0.1 * RATE_HZ)
        shown = first(70.0, seed, phase=2 * np.pi * np.cumsum(steps) / RATE_HZ)
        differences += list(np.diff(shown.frequencies_hz) / CENTRE_HZ)
    stable = spread(differences, shown.sigma_frequency_hz / CENTRE_HZ)
    assert stable.interval is not None
    assert stable.interval[0] < 5e-9 * np.sqrt(1.2) < stable.interval[1]  # a slope weighs the middle more
    assert stable.interval[0] > 2e-9
    assert row(LIMITS["FGB"][1], stable)["verdict"] == "fail"


def test_medium_term_stability() -> None:
    rng = np.random.default_rng(2)
    at_min = np.arange(20) * 50 / 60
    parts = 1e-6 + 0.7e-9 * at_min + 2e-9 * rng.standard_normal(20)
    told = medium_term(at_min, parts, 1e-10)
    slope, residual = told["medium_term_slope_per_min"], told["medium_term_residual"]
    assert slope.value is not None
    assert slope.sigma is not None
    assert abs(slope.value - 0.7e-9) < SURE * slope.sigma
    assert residual.value == pytest.approx(2e-9, rel=0.5)
    for few in (at_min[:17], at_min[:18] / 3):
        short = medium_term(few, parts[: len(few)], 1e-10)["medium_term_residual"]
        assert short.value is None
        assert "18 bursts over about 15 minutes are needed" in short.note


def second(pulse: str, cn0_dbhz: float, seed: int, evm: float) -> measure_sgb.Shown:
    bits = np.random.default_rng(3).integers(0, 2, 250)
    modulation = sgb.Modulation(pulse, 38_400.3, 0.2, 0.503, 0.05, 0.02, evm)  # type: ignore[arg-type]
    over = 1 if pulse == "rrc" else 8  # a root raised cosine folds nothing back
    wave = sgb.modulate(
        bits, over * 200e3, modulation, frequency_hz=310.5, drift_hz_per_s=1.0, start_s=0.1, duration_s=1.2,
        power_rise_s=3e-4, rng=np.random.default_rng(seed),
    )  # fmt: skip
    if over > 1:
        wave = dsp.resample_poly(wave, 1, over, window=("kaiser", 8.0))
    samples = Samples(noisy(wave, 200e3, cn0_dbhz, seed), 200e3, 406.05e6, None)
    shown = measure_sgb.measure(samples, 0.10001, 310.3, 0.5, bits)
    assert shown is not None
    return shown


@pytest.mark.parametrize(("pulse", "cn0_dbhz", "evm"), [("half_sine", 85.0, 0.01), ("rrc", 70.0, 0.04)])
def test_the_quantities_of_a_second_generation_burst_come_back(pulse: str, cn0_dbhz: float, evm: float) -> None:
    shown = second(pulse, cn0_dbhz, 4, evm)
    assert shown.pulse == pulse
    truth = {
        "carrier_hz": 406.05e6 + 310.5,
        "chip_rate_hz": 38_400.3,
        "chip_rate_preamble_hz": 38_400.3 - 0.2 * (0.5 - 1 / 12),
        "chip_rate_variation_hz_per_s": 0.2,
        "iq_offset_chips": 0.503,
        "iq_amplitude_ratio": 1.05,
        "iq_skew_rad": 0.02,
        "power_rise_s": 0.8 * 3e-4,
        "power_fall_s": 0.8 * 3e-4,
        "transmission_s": (38_400 + 0.503) / 38_400.3 - 2 * 0.9 * 3e-4,
    }
    for key, value in truth.items():
        measured = shown.quantities[key]
        assert measured.value is not None
        assert measured.sigma is not None
        assert abs(measured.value - value) < SURE * measured.sigma, key
    found = shown.quantities["evm"]
    assert found.interval is not None
    assert found.interval[0] - 2e-4 < evm < found.interval[1] + 2e-4
    told = verdicts(shown.quantities, "SGB")
    assert told["evm"] == ("pass" if evm < 0.025 else "fail")
    assert told["chip_rate_hz"] == told["iq_offset_chips"] == told["power_rise_s"] == "pass"
    assert abs(shown.points.real.mean()) < 0.1


def test_an_edge_of_power_is_found_with_its_length() -> None:
    rng = np.random.default_rng(0)
    for ramp_s in (0.5e-3, 4e-3):
        times = np.arange(1200) / 48e3
        clean = np.sqrt(np.clip((times - 9e-3) / ramp_s, 0, 1))
        edge = power_edge(clean + 0.05 * rng.standard_normal(1200), 48e3, 0.05)
        assert edge is not None
        assert abs(edge.at_90_s - (9e-3 + 0.9 * ramp_s)) < SURE * edge.sigma_90_s
        assert abs(edge.length_s - 0.8 * ramp_s) < SURE * edge.sigma_length_s
    assert power_edge(np.ones(1000), 48e3, 0.05) is None


@given(st.floats(-10, 10), st.floats(0, 5), st.floats(-10, 10), st.floats(0, 10))
def test_a_verdict_needs_the_whole_interval(value: float, sigma: float, low: float, width: float) -> None:
    told = judge(Measured(value, sigma), low, low + width)
    inside = [low <= edge <= low + width for edge in (value - 1.96 * sigma, value + 1.96 * sigma)]
    assert (told == "pass") == all(inside)
    if told == "fail":
        assert not low <= value <= low + width
    assert judge(Measured(value, sigma), None, None) is None
    assert judge(Measured(value), low, None) == "uncertain"
    assert judge(Measured(None), low, low) is None


def test_the_table_cites_a_clause_for_every_limit() -> None:
    for kind, limits in LIMITS.items():
        assert len({limit.key for limit in limits}) == len(limits)
        for limit in limits:
            assert limit.section.startswith({"FGB": "T.001 2.", "SGB": "T.018 2."}[kind]) or limit.note
    assert row(LIMITS["FGB"][0], Measured(406.0301e6, 1.0))["limit"] == [406.026e6, 406.036e6]
    assert row(LIMITS["FGB"][0], Measured(406.0301e6, 1.0), channel_hz=406.028e6)["verdict"] == "fail"
    assert list(fgb_mask_db(np.array([0, 5e3, 10e3, 20e3, 30e3]))) == [0, -20, -30, -35, -40]
    assert list(sgb_mask_db(np.array([0, 45e3, 60e3]))) == [-20, -37.5, -40]

"""Spread of each measured value against the uncertainty that it states, over many simulated bursts.

    OPENBLAS_NUM_THREADS=1 python benchmarks/measure.py [--kind FGB,SGB] [--cn0 50:70:10] [--bursts 40] [--json]

Each burst has a transmitter of its own, drawn anew: frequency, deviation, rise, symmetry and bit rate (FGB, 48 kHz),
or frequency, drift, chip rate, offset, amplitudes, skew and constellation errors (SGB, 200 kHz). Columns:

bias/sigma  mean error over the mean stated sigma: 0 within 1/sqrt(bursts) for an honest value
rms/sigma   root mean square of each error over its own stated sigma: 1.00 is as good as it says, above 1 is too sure
inside      share of the 95 % intervals that hold the truth
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from typing import Any

import numpy as np

from vigie.records import Samples
from vigie.signal import fgb, measure_fgb, measure_sgb, sgb

CENTRE_HZ = 406.04e6
FGB_RATE_HZ, SGB_RATE_HZ = 48e3, 200e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kind", default="FGB,SGB")
    parser.add_argument("--cn0", default="50:70:10", help="dB-Hz, first:last:step")
    parser.add_argument("--bursts", type=int, default=40, help="of each kind and strength")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    low, high, step = (float(part) for part in options.cn0.split(":"))
    for kind in options.kind.split(","):
        for cn0_dbhz in np.arange(low, high + 1e-6, step):
            rng = np.random.default_rng([options.seed, round(10 * cn0_dbhz), kind == "SGB"])
            told = strength(kind, float(cn0_dbhz), options.bursts, rng)
            print(json.dumps(told)) if options.json else table(told)


def strength(kind: str, cn0_dbhz: float, bursts: int, rng: np.random.Generator) -> dict[str, Any]:
    """The figures of one kind at one C/N0."""
    errors, sigmas = defaultdict(list), defaultdict(list)
    measured, began = 0, time.process_time()
    for _ in range(bursts):
        shown, truth = {"FGB": first, "SGB": second}[kind](cn0_dbhz, rng)
        if shown is None:
            continue
        measured += 1
        for key, value in truth.items():
            found = shown.quantities[key]
            if found.value is not None and found.sigma:
                errors[key].append(found.value - value)
                sigmas[key].append(found.sigma)
    return {
        "kind": kind,
        "cn0_dbhz": cn0_dbhz,
        "bursts": bursts,
        "measured": measured,
        "cpu_s_a_burst": (time.process_time() - began) / bursts,
        "quantities": {key: figures(np.array(errors[key]), np.array(sigmas[key])) for key in errors},
    }


def figures(error: np.ndarray, sigma: np.ndarray) -> dict[str, float]:
    return {
        "bursts": len(error),
        "sigma": float(sigma.mean()),
        "rms": float(np.sqrt(np.mean(error**2))),
        "bias_over_sigma": float(error.mean() / sigma.mean()),
        "rms_over_sigma": float(np.sqrt(np.mean((error / sigma) ** 2))),
        "inside": float(np.mean(np.abs(error) < 1.96 * sigma)),
    }


def noisy(wave: np.ndarray, rate_hz: float, cn0_dbhz: float, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal(2 * len(wave), np.float32).view(np.complex64)
    return np.asarray(wave + noise * np.float32(np.sqrt(rate_hz / 2 / 10 ** (cn0_dbhz / 10))), np.complex64)


def first(cn0_dbhz: float, rng: np.random.Generator) -> tuple[measure_fgb.Shown | None, dict[str, float]]:
    """A first-generation burst, measured from a start and a frequency that are a little off; and what is true of it."""
    bits = fgb.BIT_SYNC + fgb.FRAME_SYNC["normal"] + "".join(map(str, rng.integers(0, 2, 120)))
    offset_hz, rate_bps = rng.uniform(-5000, 5000), rng.uniform(396, 404)
    deviation, rise_s, asymmetry = rng.uniform(1.0, 1.2), rng.uniform(80e-6, 220e-6), rng.uniform(-0.04, 0.04)
    modulation = fgb.Modulation(deviation_rad=deviation, rise_s=rise_s, asymmetry=asymmetry, bit_rate_bps=rate_bps)
    power_rise_s = rng.uniform(1e-3, 4e-3)
    wave = fgb.modulate(
        bits, FGB_RATE_HZ, modulation, frequency_hz=offset_hz, start_s=0.1, duration_s=0.75,
        power_rise_s=power_rise_s, phase_rad=rng.uniform(0, 2 * np.pi),
    )  # fmt: skip
    samples = Samples(noisy(wave, FGB_RATE_HZ, cn0_dbhz, rng), FGB_RATE_HZ, CENTRE_HZ, None)
    shown = measure_fgb.measure(samples, 0.1001, offset_hz - 0.2, 0.0, bits, rate_bps * 1.0003)
    above_middle = 2 * (rise_s * np.pi / np.arccos(-0.9)) * np.arcsin(0.1) / np.pi
    return shown, {
        "carrier_hz": CENTRE_HZ + offset_hz,
        "deviation_rad": deviation,
        "deviation_plus_rad": deviation,
        "deviation_minus_rad": -deviation,
        "rise_time_s": rise_s,
        "fall_time_s": rise_s,
        "symmetry": asymmetry * (0.5 / rate_bps) / (0.5 / rate_bps - above_middle),  # as T.001 Figure 2.7 measures it
        "bit_rate_bps": rate_bps,
        "carrier_length_s": 0.160 - 0.9 * power_rise_s,
        "transmission_s": 0.160 + 144 / rate_bps - 2 * 0.9 * power_rise_s,
        "power_rise_s": 0.8 * power_rise_s,
    }


def second(cn0_dbhz: float, rng: np.random.Generator) -> tuple[measure_sgb.Shown | None, dict[str, float]]:
    """A second-generation burst of root-raised-cosine pulses, which fold nothing back at this rate."""
    bits = rng.integers(0, 2, 250)
    chip_rate_hz, variation, offset = 38_400 + rng.uniform(-0.5, 0.5), rng.uniform(-0.3, 0.3), rng.uniform(0.49, 0.51)
    ratio, skew, evm = rng.uniform(-0.08, 0.08), rng.uniform(-0.03, 0.03), rng.uniform(0.005, 0.03)
    carrier_hz, drift = rng.uniform(-1000, 1000), rng.uniform(-2, 2)
    power_rise_s = rng.uniform(1e-4, 5e-4)
    modulation = sgb.Modulation("rrc", chip_rate_hz, variation, offset, ratio, skew, evm)
    wave = sgb.modulate(
        bits, SGB_RATE_HZ, modulation, frequency_hz=carrier_hz, drift_hz_per_s=drift, start_s=0.1, duration_s=1.2,
        power_rise_s=power_rise_s, rng=rng,
    )  # fmt: skip
    samples = Samples(noisy(wave, SGB_RATE_HZ, cn0_dbhz, rng), SGB_RATE_HZ, 406.05e6, None)
    shown = measure_sgb.measure(samples, 0.10001, carrier_hz - 0.2, drift, bits)
    return shown, {
        "carrier_hz": 406.05e6 + carrier_hz,
        "chip_rate_hz": chip_rate_hz,
        "chip_rate_preamble_hz": chip_rate_hz - variation * (0.5 - 1 / 12),
        "chip_rate_variation_hz_per_s": variation,
        "iq_offset_chips": offset,
        "iq_amplitude_ratio": 1 + ratio,
        "iq_skew_rad": skew,
        "power_rise_s": 0.8 * power_rise_s,
        "power_fall_s": 0.8 * power_rise_s,
        "transmission_s": (38_400 + offset) / chip_rate_hz - 2 * 0.9 * power_rise_s,
    }


def table(told: dict[str, Any]) -> None:
    print(
        f"{told['kind']} at {told['cn0_dbhz']:.0f} dB-Hz: {told['measured']} of {told['bursts']} bursts measured, "
        f"{told['cpu_s_a_burst']:.2f} s of CPU each"
    )
    print(f"  {'quantity':30} {'sigma':>10} {'rms':>10} {'bias/sigma':>10} {'rms/sigma':>9} {'inside':>6}")
    for key, row in told["quantities"].items():
        print(
            f"  {key:30} {row['sigma']:10.3g} {row['rms']:10.3g} {row['bias_over_sigma']:10.2f} "
            f"{row['rms_over_sigma']:9.2f} {row['inside']:6.2f}"
        )


if __name__ == "__main__":
    main()

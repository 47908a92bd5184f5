"""Sensitivity, accuracy and cost of the first-generation receiver on simulated bursts.

    python benchmarks/fgb_receive.py --cn0 28:36:1 --bursts 300 --conditions clean,leo --seed 11

Each burst is one recording: noise, the burst at an unknown time and offset, noise. Conditions:
clean   0 Hz, exact clock, 1.1 rad
static  +-2 kHz, +-2 Hz/s, clock +-0.1 %, 1.1 +-0.05 rad, rise 50-250 us
leo     +-5 kHz, +-150 Hz/s, clock +-0.1 %, 1.1 +-0.1 rad, rise 50-250 us, asymmetry to 0.05
worst   as leo with clock +-1 %, the widest that C/S T.001 2.2.4 allows

read    share of bursts whose every bit from 25 on came out right
partly  share of which the first protected field alone was read and believed
wrong   bursts with a believed message that was not sent
The ideal receiver knows carrier, clock and place: bit error rate Q(sqrt(2 sin^2(1.1) C / (400 N0))), at most 3 errors
in 82 bits and 2 in 38. Times and frequencies are compared with the Cramer-Rao bound of the fitted model, as the
receiver states it (sigma); 1.00 is as good as it says. ``/bound`` compares with the bound of the burst as it was sent,
all eight numbers unknown and no prior, at any bandwidth: use --rate 48000, for a wave sampled slower is folded. TOA is
the beginning of the carrier, ``middle`` the middle of the message, which an unknown bit rate leaves alone: the bound of
5.2 us at 35 dB-Hz (150 us of rise) is for that.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import comb, erfc, sin, sqrt
from typing import Any

import numpy as np

from messages import random_message
from vigie import stages
from vigie.message import soft
from vigie.records import Burst, Samples
from vigie.signal import fit_loops
from vigie.signal.fgb import BIT_S, Modulation, as_bits, modulate, ramp_s

_COLUMNS = {
    "cn0": "5.1f", "ideal": "6.3f", "read": "6.3f", "partly": "6.3f", "wrong": "5d", "found": "6.3f", "false": "5d",
    "ber": "7.4f", "toa_us": "7.2f", "toa_over_sigma": "6.2f", "toa_over_bound": "6.2f", "middle_us": "7.2f",
    "foa_hz": "7.4f", "foa_over_sigma": "6.2f", "foa_over_bound": "6.2f", "cpu": "7.4f",
}  # fmt: skip
_HEAD = (
    "         dB-Hz  ideal   read partly wrong  found false     ber  TOA us /sigma /bound  middle  FOA Hz /sigma /bound"
    "  CPU"
)
_BOUND_RATE_HZ = 96_000.0
CONDITIONS = ("clean", "static", "leo", "worst")


@dataclass
class Sent:
    """One burst and what is true of it."""

    block: Samples
    bits: str
    start_s: float
    frequency_hz: float
    drift_hz_per_s: float
    phase_rad: float
    modulation: Modulation
    cn0_dbhz: float


def send(rng: np.random.Generator, condition: str, cn0_dbhz: float, rate_hz: float, long: bool) -> Sent:
    """A recording of one burst in noise of density 1."""
    wide = {"clean": 0.0, "static": 2e3, "leo": 5e3, "worst": 5e3}[condition]
    drift = {"clean": 0.0, "static": 2.0, "leo": 150.0, "worst": 150.0}[condition]
    clock = {"clean": 0.0, "static": 1e-3, "leo": 1e-3, "worst": 1e-2}[condition]
    deviation = {"clean": 0.0, "static": 0.05, "leo": 0.1, "worst": 0.1}[condition]
    bits = random_message(rng, long)
    modulation = Modulation(
        1.1 + float(rng.uniform(-deviation, deviation)),
        150e-6 if condition == "clean" else float(rng.uniform(50e-6, 250e-6)),
        float(rng.uniform(-0.05, 0.05)) if condition in ("leo", "worst") else 0.0,
        400 * (1 + float(rng.uniform(-clock, clock))),
    )
    start_s = float(rng.uniform(0.25, 0.30))
    frequency_hz = float(rng.uniform(-wide, wide))
    drift_hz_per_s, phase_rad = float(rng.uniform(-drift, drift)), float(rng.uniform(0, 2 * np.pi))
    wave = modulate(
        bits,
        rate_hz,
        modulation,
        frequency_hz=frequency_hz,
        drift_hz_per_s=drift_hz_per_s,
        phase_rad=phase_rad,
        start_s=start_s,
        duration_s=start_s + 0.53 + 0.25,
    )
    noise = rng.standard_normal(2 * len(wave), np.float32).view(np.complex64) * np.float32(sqrt(rate_hz / 2))
    iq = wave * np.float32(10 ** (cn0_dbhz / 20)) + noise
    block = Samples(iq, rate_hz, 406.05e6, np.datetime64(0, "ns"))
    return Sent(block, bits, start_s, frequency_hz, drift_hz_per_s, phase_rad, modulation, cn0_dbhz)


@dataclass
class Score:
    """What came of the bursts of one point."""

    sent: int = 0
    read: int = 0
    partly: int = 0
    wrong: int = 0
    found: int = 0
    false: int = 0
    bit_errors: int = 0
    bits: int = 0
    time_errors_s: list[float] = field(default_factory=list)
    frequency_errors_hz: list[float] = field(default_factory=list)
    middle_errors_s: list[float] = field(default_factory=list)
    time_sigmas_s: list[float] = field(default_factory=list)
    frequency_sigmas_hz: list[float] = field(default_factory=list)
    time_bounds_s: list[float] = field(default_factory=list)
    frequency_bounds_hz: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    signal_s: float = 0.0

    def row(self) -> dict[str, Any]:
        """The numbers to print."""

        def rms(values: list[float]) -> float:
            return float(np.sqrt(np.mean(np.square(values)))) if values else float("nan")

        def normal(errors: list[float], sigmas: list[float]) -> float:
            return rms(list(np.divide(errors, sigmas))) if errors else float("nan")

        return {
            "sent": self.sent,
            "read": self.read / self.sent,
            "partly": self.partly / self.sent,
            "wrong": self.wrong,
            "found": self.found / self.sent,
            "false": self.false,
            "ber": self.bit_errors / max(self.bits, 1),
            "toa_us": rms(self.time_errors_s) * 1e6,
            "toa_over_sigma": normal(self.time_errors_s, self.time_sigmas_s),
            "toa_over_bound": rms(self.time_errors_s) / rms(self.time_bounds_s) if self.read else float("nan"),
            "middle_us": rms(self.middle_errors_s) * 1e6,
            "foa_hz": rms(self.frequency_errors_hz),
            "foa_over_sigma": normal(self.frequency_errors_hz, self.frequency_sigmas_hz),
            "foa_over_bound": rms(self.frequency_errors_hz) / rms(self.frequency_bounds_hz)
            if self.read
            else float("nan"),
            "cpu": self.cpu_s / self.signal_s,
        }


def count(score: Score, sent: Sent) -> None:
    """Receive one recording and count what came of it."""
    began = time.process_time()
    records = list(stages.bursts(iter([sent.block])))
    readings = [(burst, stages.read(burst)) for burst in records if isinstance(burst, Burst)]
    score.cpu_s += time.process_time() - began
    score.signal_s += len(sent.block.iq) / sent.block.rate_hz
    score.sent += 1
    for burst, reading in readings:
        assert burst.start is not None
        assert burst.frequency_offset_hz is not None
        late_s = float(burst.start.astype("int64")) * 1e-9 - sent.start_s
        true = abs(late_s) < 1e-3 and abs(burst.frequency_offset_hz - sent.frequency_hz) < 20
        score.found += true
        score.false += not true
        if true:
            hard = "".join("1" if value < 0 else "0" for value in burst.soft)
            score.bit_errors += sum(a != b for a, b in zip(hard, sent.bits, strict=False))
            score.bits += min(len(hard), len(sent.bits))
        if reading is None or reading.identity < stages.LEAST_IDENTITY:
            continue
        if not reading.whole:
            score.partly += 1
            score.wrong += reading.bits[24:106] != sent.bits[24:106]
            continue
        right = reading.bits[24:] == sent.bits[24:]
        score.read += right
        score.wrong += not right
        if right:
            score.time_errors_s.append(late_s)
            ago_bits = len(sent.bits) / 2
            assert burst.bit_rate_bps is not None
            longer_s = ago_bits / burst.bit_rate_bps - ago_bits / sent.modulation.bit_rate_bps
            score.middle_errors_s.append(late_s + longer_s)
            score.time_sigmas_s.append(burst.sigma_time_s or 1.0)
            score.frequency_errors_hz.append(burst.frequency_offset_hz - sent.frequency_hz)
            score.frequency_sigmas_hz.append(burst.sigma_frequency_hz or 1.0)
            time_s, frequency_hz = bound(sent)
            score.time_bounds_s.append(time_s)
            score.frequency_bounds_hz.append(frequency_hz)


def bound(sent: Sent) -> tuple[float, float]:
    """Cramer-Rao bounds of the beginning (s) and of the carrier in the middle (Hz) of a burst as it was sent."""
    bits, way = as_bits(sent.bits), sent.modulation
    stretch = 1 / (way.bit_rate_bps * BIT_S) - 1
    length_s = way.carrier_s + len(bits) / way.bit_rate_bps
    values = np.array([0, 0, 0, way.carrier_s, stretch, way.deviation_rad, way.rise_s, way.asymmetry])
    _, _, normal = fit_loops.normal_equations(
        np.zeros(int(length_s * _BOUND_RATE_HZ), np.complex64), 0, _BOUND_RATE_HZ, length_s / 2, values,
        0.5 / way.bit_rate_bps, ramp_s(way.rise_s), way.rise_s, bits, np.ones(len(bits)),
    )  # fmt: skip
    squares = fit_loops.bounds(2 * 10 ** (sent.cn0_dbhz / 10) / _BOUND_RATE_HZ * normal)
    return float(np.sqrt(squares[3])), float(np.sqrt(squares[1]))


def ideal(cn0_dbhz: float, long: bool) -> float:
    """Share that the ideal hard-decision receiver reads."""
    error = 0.5 * erfc(sqrt(sin(1.1) ** 2 * 10 ** (cn0_dbhz / 10) / 400))

    def within(bits: int, errors: int) -> float:
        return sum(comb(bits, k) * error**k * (1 - error) ** (bits - k) for k in range(errors + 1))

    return within(82, 3) * (within(38, 2) if long else (1 - error) ** 6)


def noise_only(rng: np.random.Generator, seconds: float, rate_hz: float, doppler_hz: float | None) -> dict[str, Any]:
    """Bursts and messages found in bare noise, the cost of looking, and the most memory that it took."""

    def blocks() -> Iterator[Samples]:
        for index in range(int(seconds * 2)):
            count = int(rate_hz / 2)
            noise = rng.standard_normal(2 * count, np.float32).view(np.complex64)
            yield Samples(noise, rate_hz, None, None, index * count)

    began = time.process_time()
    stages_of = stages.bursts(blocks(), doppler_hz=doppler_hz)
    found = [burst for burst in stages_of if isinstance(burst, Burst)]
    spent = time.process_time() - began
    read = [reading for burst in found if (reading := stages.read(burst)) is not None]
    return {
        "seconds": seconds,
        "doppler_hz": doppler_hz,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "bursts": len(found),
        "messages": sum(reading.identity >= stages.LEAST_IDENTITY for reading in read),
        "cpu": spent / seconds,
    }


def cost(seconds: int, seed: int) -> Iterator[dict[str, Any]]:
    """CPU seconds a second of signal, by bandwidth and by bursts a second."""
    busy(np.random.default_rng(seed), 2, 25e3, 5)  # compiles what is compiled
    for rate_hz in (25e3, 100e3, 250e3):
        for bursts_per_s in (0, 1, 5, 10, 20):
            yield {
                "rate_hz": rate_hz,
                "bursts_per_s": bursts_per_s,
                **busy(np.random.default_rng(seed), seconds, rate_hz, bursts_per_s),
            }


def busy(rng: np.random.Generator, seconds: int, rate_hz: float, bursts_per_s: int) -> dict[str, Any]:
    """A crowded band: how many of its bursts are read and what a second of it costs."""
    total = np.zeros(int(seconds * rate_hz), np.complex64)
    sent = set()
    for _ in range(seconds * bursts_per_s):
        bits = random_message(rng, True)
        start_s = float(rng.uniform(0, seconds - 0.53))
        wave = modulate(bits, rate_hz, frequency_hz=float(rng.uniform(-0.45, 0.45) * rate_hz), phase_rad=1.0)
        first = int(start_s * rate_hz)
        total[first : first + len(wave)] += wave * np.float32(10 ** (rng.uniform(38, 45) / 20))
        sent.add(bits[24:])
    noise = rng.standard_normal(2 * len(total), np.float32).view(np.complex64) * np.float32(sqrt(rate_hz / 2))
    total += noise
    count = int(rate_hz / 2)
    blocks = [Samples(total[i : i + count], rate_hz, None, None, i) for i in range(0, len(total), count)]
    began = time.process_time()
    readings = [
        stages.read(burst) for burst in stages.bursts(iter(blocks), doppler_hz=None) if isinstance(burst, Burst)
    ]
    spent = time.process_time() - began
    got = {one.bits[24:] for one in readings if one and one.whole and one.identity >= stages.LEAST_IDENTITY}
    return {"sent": len(sent), "read": len(got & sent), "wrong": len(got - sent), "cpu": spent / seconds}


def ideal_soft(cn0_dbhz: float, count: int, rng: np.random.Generator) -> tuple[float, float]:
    """Share of long messages whose most likely word is right, and that are believed too, with ideal soft bits."""
    mean = 4 * sin(1.1) ** 2 * 10 ** (cn0_dbhz / 10) / 400
    sent = [random_message(rng, True) for _ in range(count)]
    signs = 1 - 2.0 * np.array([list(bits) for bits in sent], int)
    heard = soft.fgb_all(signs * mean + rng.standard_normal(signs.shape) * sqrt(2 * mean))
    right = np.array([one.bits[24:] == bits[24:] for one, bits in zip(heard, sent, strict=True)])
    sure = np.array(
        [
            one.identity_probability >= stages.LEAST_IDENTITY
            and one.probability >= stages.LEAST_REST * one.identity_probability
            for one in heard
        ]
    )
    return float(right.mean()), float((right & sure).mean())


def plot(table: list[dict[str, Any]], path: str, seed: int) -> None:
    """The share read against C/N0, one curve a condition, with theory."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise SystemExit("--plot needs matplotlib, which is not installed") from None
    for name in dict.fromkeys(row["condition"] for row in table):
        part = [row for row in table if row["condition"] == name]
        share = np.array([row["read"] for row in part])
        spread = 2 * np.sqrt(np.maximum(share * (1 - share), 1e-9) / np.array([row["sent"] for row in part]))
        pyplot.errorbar([row["cn0"] for row in part], share, spread, marker="o", capsize=2, label=name)
    levels = np.arange(27, 34.01, 0.5)
    rng = np.random.default_rng(seed)
    bounds = np.array([ideal_soft(level, 500, rng) for level in levels])
    pyplot.plot(levels, [ideal(level, True) for level in levels], "k--", label="ideal, hard decisions")
    pyplot.plot(levels, bounds[:, 0], "k:", label="ideal, soft decisions, whatever comes out")
    pyplot.plot(levels, bounds[:, 1], "k-", linewidth=0.8, label="ideal, soft decisions, believed")
    pyplot.xlabel("C/N0, dB-Hz")
    pyplot.ylabel("messages read")
    pyplot.grid(alpha=0.3)
    pyplot.legend()
    pyplot.savefig(path, dpi=120)


def plot_cost(table: list[dict[str, Any]], path: str) -> None:
    """CPU seconds a second of signal against bursts a second, one curve a bandwidth; the aim is a thirtieth."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise SystemExit("--cost-plot needs matplotlib, which is not installed") from None
    pyplot.figure()
    for rate_hz in dict.fromkeys(row["rate_hz"] for row in table):
        part = [row for row in table if row["rate_hz"] == rate_hz]
        pyplot.plot(
            [row["bursts_per_s"] for row in part], [row["cpu"] for row in part], "o-", label=f"{rate_hz / 1e3:.0f} kHz"
        )
    pyplot.axhline(1 / 30, color="k", linestyle="--", label="30 times real time")
    pyplot.xlabel("bursts a second")
    pyplot.ylabel("CPU seconds a second of signal, one core")
    pyplot.grid(alpha=0.3)
    pyplot.legend()
    pyplot.savefig(path, dpi=120)


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cn0", default="28:34:1", help="first:last:step, dB-Hz")
    parser.add_argument("--bursts", type=int, default=200, help="bursts a point")
    parser.add_argument("--conditions", default="clean,leo")
    parser.add_argument("--rate", type=float, default=16000.0, help="sample rate, Hz")
    parser.add_argument("--short", action="store_true", help="short messages instead of long ones")
    parser.add_argument("--noise", type=float, default=0.0, metavar="S", help="also look at S seconds of bare noise")
    parser.add_argument(
        "--doppler", type=float, default=0.0, metavar="HZ", help="in the noise also look for SGB this far; 0: do not"
    )
    parser.add_argument(
        "--busy", type=int, default=0, metavar="S", help="also S seconds of 100 kHz, 10 bursts a second"
    )
    parser.add_argument(
        "--cost", type=int, default=0, metavar="S", help="also the cost of S seconds by bandwidth and burst rate"
    )
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", metavar="FILE.png")
    parser.add_argument("--cost-plot", metavar="FILE.png", help="with --cost: cost against burst rate and bandwidth")
    options = parser.parse_args()
    first, last, step = (float(part) for part in options.cn0.split(":"))
    levels = np.arange(first, last + step / 2, step)
    table = []
    for name in options.conditions.split(",") if options.bursts else []:
        if name not in CONDITIONS:
            parser.error(f"--conditions {name}: it must be among {', '.join(CONDITIONS)}")
        for level in levels:
            rng = np.random.default_rng([options.seed, CONDITIONS.index(name), round(level * 100)])
            score = Score()
            for _ in range(options.bursts):
                count(score, send(rng, name, float(level), options.rate, not options.short))
            row = {"condition": name, "cn0": float(level), "ideal": ideal(float(level), not options.short)}
            row |= score.row()
            table.append(row)
            if options.json:
                print(json.dumps(row), flush=True)
                continue
            if len(table) == 1:
                print(_HEAD)
            told = " ".join(f"{row[key]:{width}}" for key, width in _COLUMNS.items())
            print(f"{name:8} {told}", flush=True)
    costs = []
    for row in cost(options.cost, options.seed) if options.cost else ():
        costs.append(row)
        print(json.dumps({"condition": "cost", **row}), flush=True)
    if costs and options.cost_plot:
        plot_cost(costs, options.cost_plot)
    for name, result in (
        (
            "noise",
            options.noise
            and noise_only(np.random.default_rng(options.seed), options.noise, 100e3, options.doppler or None),
        ),
        ("busy", options.busy and busy(np.random.default_rng(options.seed), options.busy, 100e3, 10)),
    ):
        if result:
            print(json.dumps({"condition": name, **result}))
    if options.plot:
        plot(table, options.plot, options.seed)


if __name__ == "__main__":
    main()

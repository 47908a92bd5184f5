"""How well second-generation bursts are received: messages, wrong messages, frequency, time and cost against C/N0.

    python benchmarks/sgb_receive.py --cn0 26 27 28 28.4 29.2 35 --bursts 300
    python benchmarks/sgb_receive.py --noise 60        false alarms in seconds of noise
    python benchmarks/sgb_receive.py --cost            CPU time of the search

The receiver is blind: it is given neither time, carrier, drift, chip rate, pulse nor sequence. Every burst is drawn
within C/S T.018, with the Doppler shift and rate of a satellite in low orbit on its carrier and on its chip rate.
Run it with OPENBLAS_NUM_THREADS=1 for CPU times of one core.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import comb, erfc, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from vigie import stages
from vigie.message import country
from vigie.message.bch import BCH_SGB
from vigie.records import Samples, Sync
from vigie.signal import sgb, sgb_acquire, sgb_lags, sgb_prepare, sgb_search
from vigie.signal.channel import Stretch
from vigie.signal.sgb import BURST_S, CARRIER_HZ, CHIP_RATE_HZ, Modulation, Pulse

RATE_HZ = 160_000.0
COUNTRIES = sorted(country.codes())
START_S = (0.002, 0.22)
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


@dataclass
class Tally:
    """What became of the bursts of one point."""

    cn0_dbhz: float
    bursts: int = 0
    found: int = 0
    right: int = 0
    """hard decision, six bits corrected, plausible"""
    wrong: int = 0
    wrong_ungated: int = 0
    soft_right: int = 0
    """as the receiver reads them: soft decision, surely enough to be passed on"""
    soft_wrong: int = 0
    extra: int = 0
    ideal: float = 0.0
    cpu_s: float = 0.0
    soft_cpu_s: float = 0.0
    foa_rms_hz: float = 0.0
    foa_bound_hz: float = 0.0
    foa_over_sigma: float = 0.0
    toa_middle_rms_us: float = 0.0
    toa_middle_bound_us: float = 0.0
    toa_start_rms_us: float = 0.0
    toa_start_bound_us: float = 0.0
    toa_start_over_sigma: float = 0.0
    cn0_bias_db: float = 0.0


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


def burst(
    rng: np.random.Generator, cn0_dbhz: float, reach_hz: float, drift: float, pulse: str, impaired: bool
) -> tuple[NDArray[np.complex64], Truth]:
    """One burst in noise."""
    draw = f"{int.from_bytes(rng.bytes(26), 'big') >> 6:0202b}"
    data = draw[:30] + f"{COUNTRIES[rng.integers(len(COUNTRIES))]:010b}" + draw[40:140] + "1" * 14 + draw[154:]
    word = BCH_SGB.encode(int(data, 2))
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
    start_s = rng.uniform(*START_S)
    sync: Sync = "normal" if rng.random() < 0.8 else "self_test"
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
    past_s = BURST_S / 2
    for _ in range(3):  # when chip 19,200 arrives
        past_s = 19_200 / (chip_rate + chip_drift / 2 * (past_s - BURST_S))
    frequency_hz += rate_hz_per_s * (past_s - BURST_S / 2)
    return iq, Truth(word, sync, frequency_hz, rate_hz_per_s, start_s, start_s + past_s)


def noise(rng: np.random.Generator, count: int) -> NDArray[np.complex64]:
    """White noise of power 2."""
    return rng.standard_normal(2 * count, np.float32).view(np.complex64)


def plausible(soft: NDArray[np.float32], received: int, word: int) -> bool:
    """Whether the corrected bits are as doubtful as wrong bits are expected to be, four deviations at most."""
    flipped = np.array([int(bit) for bit in f"{received ^ word:0250b}"], bool)
    level = np.abs(soft.astype(np.float64))
    chance = 1 / (1 + np.exp(np.minimum(level, 700)))
    expected = float(chance @ level)
    spread = sqrt(float((chance * (1 - chance)) @ level**2))
    return float(level[flipped].sum()) <= expected + 4 * spread


def point(options: argparse.Namespace, cn0_dbhz: float) -> Tally:
    """Bursts of one C/N0."""
    rng = np.random.default_rng([options.seed, round(1000 * cn0_dbhz)])
    tally = Tally(cn0_dbhz, ideal=ideal(cn0_dbhz))
    errors = []
    for _ in range(options.bursts):
        iq, truth = burst(rng, cn0_dbhz, options.reach, options.drift, options.pulse, options.impaired)
        begun = time.process_time()
        found = sgb_search.bursts_in(
            iq, RATE_HZ, absolute=True, reach_hz=options.reach, until_s=START_S[1] + 0.01, rounds=1
        )
        tally.cpu_s += time.process_time() - begun
        tally.bursts += 1
        right = soft_right = False
        for one in found:
            received = int("".join(map(str, one.fit.bits)), 2)
            corrected = BCH_SGB.correct(received)
            begun = time.process_time()
            reading = stages.read(sgb_search.burst_of(one, Samples(iq, RATE_HZ, CARRIER_HZ, None)))
            tally.soft_cpu_s += time.process_time() - begun
            if reading is not None and reading.identity >= stages.LEAST_IDENTITY:
                exact = int(reading.bits, 2) == truth.word and one.fit.sync == truth.sync
                soft_right |= exact
                tally.soft_wrong += not exact
            near = abs(one.fit.middle_s - truth.middle_s) < 1e-4 and abs(one.offset_hz - truth.frequency_hz) < 20
            tally.found += near
            tally.extra += not near
            if corrected is None:
                continue
            if corrected[0] == truth.word and one.fit.sync == truth.sync:
                right |= plausible(one.fit.soft, received, corrected[0])
                errors.append(
                    (
                        one.offset_hz - truth.frequency_hz,
                        one.fit.middle_s - truth.middle_s,
                        one.fit.start_s - truth.start_s,
                        (one.offset_hz - truth.frequency_hz) / one.fit.sigma_frequency_hz,
                        (one.fit.start_s - truth.start_s) / one.fit.sigma_start_s,
                        one.fit.cn0_dbhz - cn0_dbhz,
                    )
                )
            else:
                tally.wrong_ungated += 1
                tally.wrong += plausible(one.fit.soft, received, corrected[0])
        tally.right += right
        tally.soft_right += soft_right
    tally.cpu_s /= max(tally.bursts, 1)
    tally.soft_cpu_s /= max(tally.bursts, 1)
    foa, toa = bounds(cn0_dbhz)
    tally.foa_bound_hz, tally.toa_middle_bound_us, tally.toa_start_bound_us = foa, toa * 1e6, toa * 2e6
    if errors:
        rms = np.sqrt(np.mean(np.array(errors) ** 2, axis=0))
        tally.foa_rms_hz, tally.toa_middle_rms_us, tally.toa_start_rms_us = (
            float(rms[0]),
            float(rms[1] * 1e6),
            float(rms[2] * 1e6),
        )
        tally.foa_over_sigma, tally.toa_start_over_sigma = float(rms[3]), float(rms[4])
        tally.cn0_bias_db = float(np.mean([error[5] for error in errors]))
    return tally


def false_alarms(options: argparse.Namespace) -> Iterator[str]:
    """What noise alone sends through each step."""
    rng = np.random.default_rng(options.seed)
    energies: list[float] = []
    candidates = 0
    rounds = max(1, round(options.noise / 2.08))
    for _ in range(rounds):
        iq = noise(rng, int(RATE_HZ * 2.5))
        prepared = sgb_prepare.Prepared(Stretch(iq, RATE_HZ), 0.0)
        cells = sgb_lags.first_step(prepared, options.reach, 2.08)
        candidates += len(cells)
        worth = sgb_acquire.promising(prepared, cells)
        looks = [sgb_acquire.second_step(prepared, cell) for cell, look in zip(cells, worth, strict=True) if look]
        energies += [candidate.energy for candidate in looks]
    seconds = 2.08 * rounds
    yield f"{candidates / seconds / 2:.1f} candidates a second and sequence (stated: {sgb_lags.CANDIDATES_PER_S})"
    for level in np.arange(8.0, 18.0):
        over = sum(energy > level for energy in energies)
        stated = sgb_acquire.false_alarms_per_s(level) * seconds
        yield f"energy of the preamble over {level:4.1f} nats: {over} times in {seconds:.0f} s, stated {stated:.1f}"
    yield f"threshold {sgb_acquire.coherent_threshold():.1f} nats: {sgb_acquire.FITS_PER_S} fits a second stated"


def cost(options: argparse.Namespace) -> Iterator[str]:
    """CPU seconds a second of noise, whole search."""
    rng = np.random.default_rng(options.seed)
    for rate_hz in (100_000.0, 160_000.0, 1_024_000.0):
        iq = noise(rng, int(rate_hz * (2.08 + 1.03)))
        for reach_hz in (1_500.0, 13_000.0):
            times = []
            for _ in range(3):
                begun = time.process_time()
                sgb_search.bursts(Samples(iq, rate_hz, CARRIER_HZ, None), reach_hz=reach_hz, until_s=2.08)
                times.append((time.process_time() - begun) / 2.08)
            yield f"{rate_hz / 1e3:7.0f} kHz, +-{reach_hz / 1e3:4.1f} kHz: {min(times):.3f} CPU s a second"


COLUMNS = (
    ("C/N0", "cn0_dbhz", "7.2f"),
    ("found", "found", "6d"),
    ("right", "right", "6d"),
    ("of", "bursts", "6d"),
    ("ideal", "ideal", "7.4f"),
    ("wrong", "wrong", "6d"),
    ("ungated", "wrong_ungated", "8d"),
    ("soft", "soft_right", "6d"),
    ("wrong", "soft_wrong", "6d"),
    ("extra", "extra", "6d"),
    ("FOA Hz", "foa_rms_hz", "8.4f"),
    ("bound", "foa_bound_hz", "8.4f"),
    ("/sigma", "foa_over_sigma", "7.2f"),
    ("mid us", "toa_middle_rms_us", "8.3f"),
    ("bound", "toa_middle_bound_us", "8.3f"),
    ("start us", "toa_start_rms_us", "9.3f"),
    ("bound", "toa_start_bound_us", "8.3f"),
    ("/sigma", "toa_start_over_sigma", "7.2f"),
    ("C/N0 dB", "cn0_bias_db", "8.2f"),
    ("CPU s", "cpu_s", "6.2f"),
    ("soft s", "soft_cpu_s", "7.2f"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cn0", type=float, nargs="+", default=[26, 27, 27.9, 28.4, 29.2, 32, 35])
    parser.add_argument("--bursts", type=int, default=50, help="bursts a point")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reach", type=float, default=13_000.0, help="carriers are drawn and searched this far, Hz")
    parser.add_argument("--drift", type=float, default=300.0, help="largest Doppler rate, Hz/s")
    parser.add_argument("--pulse", choices=[*sgb.PULSES, "any"], default="half_sine")
    parser.add_argument("--impaired", action="store_true", help="as far from ideal as T.018 2.3.3 allows")
    parser.add_argument("--json", action="store_true", help="one object a point")
    parser.add_argument("--noise", type=float, metavar="SECONDS", help="measure false alarms instead")
    parser.add_argument("--cost", action="store_true", help="measure the cost of the search instead")
    options = parser.parse_args()
    if options.noise or options.cost:
        for line in false_alarms(options) if options.noise else cost(options):
            print(line, flush=True)
        return
    if not options.json:
        print("".join(f"{title:>{int(form.split('.')[0].rstrip('d'))}}" for title, _, form in COLUMNS))
    for cn0_dbhz in options.cn0:
        tally = point(options, cn0_dbhz)
        if options.json:
            print(json.dumps(asdict(tally)), flush=True)
        else:
            print("".join(format(getattr(tally, name), form) for _, name, form in COLUMNS), flush=True)


if __name__ == "__main__":
    main()

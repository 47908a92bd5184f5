"""How well second-generation bursts are received: messages, wrong messages, frequency, time and cost against C/N0.

    python benchmarks/sgb_receive.py --cn0 26 27 28 28.4 29.2 35 --bursts 300
    python benchmarks/sgb_receive.py --cn0 27.9 28.7 --bursts 1000 --keep sweep.jsonl --plot sweep.png
    python benchmarks/sgb_receive.py --noise 60        false alarms in seconds of noise
    python benchmarks/sgb_receive.py --cost            CPU time of the search

The receiver is blind: it is given neither time, carrier, drift, chip rate, pulse nor sequence. Every burst is drawn
within C/S T.018, with the Doppler shift and rate of a satellite in low orbit on its carrier and on its chip rate.
--keep: what was measured is kept in a file, batch by batch, and a run that was broken off goes on where it stood.
Run it with OPENBLAS_NUM_THREADS=1 for CPU times of one core.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgb_bursts import RATE_HZ, START_S, Truth, bounds, burst, ideal, message, noise
from vigie import stages
from vigie.message import soft
from vigie.message.bch import BCH_SGB
from vigie.records import Samples
from vigie.signal import sgb, sgb_acquire, sgb_lags, sgb_prepare, sgb_search
from vigie.signal.channel import Stretch
from vigie.signal.sgb import CARRIER_HZ

BATCH = 25
"""bursts of one seed: what is kept at a time"""
ERRORS = ("foa", "middle", "start", "foa_over_sigma", "start_over_sigma")


@dataclass
class Tally:
    """What became of some bursts of one C/N0."""

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
    cpu_s: float = 0.0
    soft_cpu_s: float = 0.0
    measured: int = 0
    squares: list[float] = field(default_factory=lambda: [0.0] * len(ERRORS))
    """sums of squared errors: Hz, s, s and what each is of its stated sigma"""
    bias_db: float = 0.0
    """sum of the errors of C/N0"""

    def add(self, other: Tally) -> None:
        """Take in the bursts of another."""
        for name in (one.name for one in fields(self) if one.name not in ("cn0_dbhz", "squares")):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.squares = [one + more for one, more in zip(self.squares, other.squares, strict=True)]

    def row(self) -> dict[str, Any]:
        """The numbers to print."""
        rms = dict(zip(ERRORS, np.sqrt(np.array(self.squares) / max(self.measured, 1)).tolist(), strict=True))
        foa_hz, toa_s = bounds(self.cn0_dbhz)
        counts = {name: value for name, value in asdict(self).items() if name not in ("squares", "bias_db")}
        return {
            **counts,
            "ideal": ideal(self.cn0_dbhz),
            "foa_rms_hz": rms["foa"],
            "foa_bound_hz": foa_hz,
            "foa_over_sigma": rms["foa_over_sigma"],
            "toa_middle_rms_us": rms["middle"] * 1e6,
            "toa_middle_bound_us": toa_s * 1e6,
            "toa_start_rms_us": rms["start"] * 1e6,
            "toa_start_bound_us": toa_s * 2e6,
            "toa_start_over_sigma": rms["start_over_sigma"],
            "cn0_bias_db": self.bias_db / max(self.measured, 1),
            "cpu_s": self.cpu_s / max(self.bursts, 1),
            "soft_cpu_s": self.soft_cpu_s / max(self.bursts, 1),
        }


def plausible(soft: NDArray[np.float32], received: int, word: int) -> bool:
    """Whether the corrected bits are as doubtful as wrong bits are expected to be, four deviations at most."""
    flipped = np.array([int(bit) for bit in f"{received ^ word:0250b}"], bool)
    level = np.abs(soft.astype(np.float64))
    chance = 1 / (1 + np.exp(np.minimum(level, 700)))
    expected = float(chance @ level)
    spread = sqrt(float((chance * (1 - chance)) @ level**2))
    return float(level[flipped].sum()) <= expected + 4 * spread


def one_burst(
    tally: Tally,
    iq: NDArray[np.complex64],
    truth: Truth,
    reach_hz: float,
    rounds: int = 1,
    others: bool = False,
) -> None:
    """Receive one burst and count what became of it; ``others``: there are more, of which nothing is counted."""
    begun = time.process_time()
    found = sgb_search.bursts_in(
        iq, RATE_HZ, absolute=True, reach_hz=reach_hz, until_s=START_S[1] + 0.01, rounds=rounds
    )
    if others:
        found = [one for one in found if abs(one.offset_hz - truth.frequency_hz) < 20]
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
        if corrected[0] != truth.word or one.fit.sync != truth.sync:
            tally.wrong_ungated += 1
            tally.wrong += plausible(one.fit.soft, received, corrected[0])
            continue
        right |= plausible(one.fit.soft, received, corrected[0])
        foa_hz, start_s = one.offset_hz - truth.frequency_hz, one.fit.start_s - truth.start_s
        over = (foa_hz / one.fit.sigma_frequency_hz, start_s / one.fit.sigma_start_s)
        errors = (foa_hz, one.fit.middle_s - truth.middle_s, start_s, *over)
        tally.squares = [total + error**2 for total, error in zip(tally.squares, errors, strict=True)]
        tally.measured += 1
        tally.bias_db += one.fit.cn0_dbhz - tally.cn0_dbhz
    tally.right += right
    tally.soft_right += soft_right


def batch(options: argparse.Namespace, cn0_dbhz: float, number: int) -> Tally:
    """Some bursts of one C/N0; each batch has a seed of its own."""
    rng = np.random.default_rng([options.seed, round(1000 * cn0_dbhz), number])
    tally = Tally(cn0_dbhz)
    for _ in range(min(BATCH, options.bursts - number * BATCH)):
        iq, truth = burst(rng, cn0_dbhz, options.reach, options.drift, options.pulse, options.impaired)
        one_burst(tally, iq, truth, options.reach)
    return tally


class Kept:
    """Batches measured before, in a file of JSON lines; of those of unlike settings nothing is taken."""

    def __init__(self, path: Path | None, options: argparse.Namespace) -> None:
        self.path = path
        self.settings = {name: getattr(options, name) for name in ("seed", "reach", "drift", "pulse", "impaired")}
        self.done: dict[tuple[float, int, int], Tally] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                told = json.loads(line)
                if told["settings"] == self.settings:
                    tally = Tally(**told["tally"])
                    self.done[tally.cn0_dbhz, told["batch"], tally.bursts] = tally

    def get(self, options: argparse.Namespace, cn0_dbhz: float, number: int) -> Tally:
        """A batch, measured now if it has not been."""
        key = (cn0_dbhz, number, min(BATCH, options.bursts - number * BATCH))
        if key not in self.done:
            self.done[key] = tally = batch(options, cn0_dbhz, number)
            if self.path is not None:
                with self.path.open("a", encoding="utf-8") as file:
                    line = {"settings": self.settings, "batch": number, "tally": asdict(tally)}
                    file.write(json.dumps(line) + "\n")
        return self.done[key]


def point(options: argparse.Namespace, kept: Kept, cn0_dbhz: float) -> Tally:
    """Bursts of one C/N0."""
    tally = Tally(cn0_dbhz)
    for number in range(-(-options.bursts // BATCH)):
        tally.add(kept.get(options, cn0_dbhz, number))
    return tally


def ideal_soft(cn0_dbhz: float, count: int, rng: np.random.Generator) -> tuple[float, float]:
    """Share of messages whose most likely word is right, and that are believed too, with ideal soft bits."""
    mean = 4 / 300 * 10 ** (cn0_dbhz / 10)
    right = believed = 0
    for _ in range(count):
        bits = f"{message(rng):0250b}"
        signs = 1 - 2.0 * np.array(list(bits), int)
        heard = soft.sgb((signs * mean + rng.standard_normal(250) * sqrt(2 * mean)).astype(np.float32))
        right += heard.bits == bits
        believed += heard.bits == bits and heard.probability >= stages.LEAST_IDENTITY
    return right / count, believed / count


def plot(rows: list[dict[str, Any]], path: str, seed: int) -> None:
    """The share of messages read against C/N0, with theory."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise SystemExit("--plot needs matplotlib, which is not installed") from None
    rows = sorted(rows, key=lambda row: row["cn0_dbhz"])
    share = np.array([row["soft_right"] / row["bursts"] for row in rows])
    spread = 2 * np.sqrt(np.maximum(share * (1 - share), 1e-9) / np.array([row["bursts"] for row in rows]))
    pyplot.errorbar([row["cn0_dbhz"] for row in rows], share, spread, marker="o", capsize=2, label="read, blind")
    levels = np.arange(25, 30.01, 0.5)
    rng = np.random.default_rng(seed)
    known = np.array([ideal_soft(level, 150, rng) for level in levels])
    pyplot.plot(levels, [ideal(level) for level in levels], "k--", label="ideal, hard decisions")
    pyplot.plot(levels, known[:, 0], "k:", label="ideal, soft decisions, whatever comes out")
    pyplot.plot(levels, known[:, 1], "k-", linewidth=0.8, label="ideal, soft decisions, believed")
    pyplot.xlabel("C/N0, dB-Hz")
    pyplot.ylabel("messages read")
    pyplot.grid(alpha=0.3)
    pyplot.legend()
    pyplot.savefig(path, dpi=120)


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
    parser.add_argument("--keep", type=Path, metavar="FILE.jsonl", help="keep what is measured; go on where it stood")
    parser.add_argument("--plot", metavar="FILE.png", help="the share read, with theory")
    parser.add_argument("--noise", type=float, metavar="SECONDS", help="measure false alarms instead")
    parser.add_argument("--cost", action="store_true", help="measure the cost of the search instead")
    options = parser.parse_args()
    if options.noise or options.cost:
        for line in false_alarms(options) if options.noise else cost(options):
            print(line, flush=True)
        return
    if not options.json:
        print("".join(f"{title:>{int(form.split('.')[0].rstrip('d'))}}" for title, _, form in COLUMNS))
    kept = Kept(options.keep, options)
    rows = []
    for cn0_dbhz in options.cn0:
        row = point(options, kept, cn0_dbhz).row()
        rows.append(row)
        told = json.dumps(row) if options.json else "".join(format(row[name], form) for _, name, form in COLUMNS)
        print(told, flush=True)
    if options.plot:
        plot(rows, options.plot, options.seed)


if __name__ == "__main__":
    main()

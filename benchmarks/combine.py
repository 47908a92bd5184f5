"""What adding the soft bits of several receptions of one message gains, against the law of 10 log N dB.

    python benchmarks/combine.py --bursts 100                  soft bits of perfect receivers, both generations
    python benchmarks/combine.py --waves --bursts 30           waveforms in noise, demodulated and added
    python benchmarks/combine.py --chain --bursts 30           what the stage reads of bursts that a beacon repeats

For each N the C/N0 at which 90 % of the messages are read is found between levels half a dB apart. A message counts
when it is right and sure enough to be passed on; wrong ones are counted apart. --waves: every reception has its own
time, carrier, drift, phase and noise; its time is given within 4 us and its carrier within 1 Hz, as another satellite's
or antenna's reception tells them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from math import log10, pi, sin

import numpy as np
from numpy.typing import NDArray

from vigie import stages
from vigie.constants import FGB_CARRIER_S
from vigie.message import soft
from vigie.message.bch import BCH1, BCH2, BCH_SGB
from vigie.records import Burst, Generation
from vigie.signal import combine, fgb, sgb
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC
from vigie.signal.fitting import fit
from vigie.signal.tracking import follow

RATE_HZ = 100_000.0
ALONE_DBHZ = {"FGB": 28.5, "SGB": 27.0}
"""about where 90 % are read of single bursts"""
COUNTS = (1, 2, 4, 8)

Soft = NDArray[np.float32]
Trial = Callable[[np.random.Generator, Generation, int, float], bool | None]
"""read and right; None: read and wrong"""


def message(rng: np.random.Generator, generation: Generation) -> str:
    """A message that could be sent: an allocated country, a protocol in use, the fixed bits as they should be."""
    if generation == "FGB":  # a serial user protocol with a position (T.001 A2.5, A2.2.2)
        data = (0b11 << 59) | (227 << 49) | (0b011 << 46) | int(rng.integers(0, 2**43))
        latitude = int(rng.integers(2)) << 11 | int(rng.integers(90)) << 4 | int(rng.integers(15))
        longitude = int(rng.integers(2)) << 12 | int(rng.integers(180)) << 4 | int(rng.integers(15))
        body = format(BCH2.encode(1 << 25 | latitude << 13 | longitude), "038b")
        return BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(data), "082b") + body
    draw = f"{int.from_bytes(rng.bytes(26), 'big') >> 6:0202b}"
    return format(BCH_SGB.encode(int(draw[:30] + f"{227:010b}" + draw[40:140] + "1" * 14 + draw[154:], 2)), "0250b")


def ideal(rng: np.random.Generator, generation: Generation, bits: str, cn0_dbhz: float) -> Soft:
    """Soft bits of a receiver that knows carrier, clock and place."""
    per_bit = sin(1.1) ** 2 / 400 if generation == "FGB" else 1 / 300
    mean = 4 * per_bit * 10 ** (cn0_dbhz / 10)
    signs = 1.0 - 2 * np.array([bit == "1" for bit in bits])
    return (mean * signs + np.sqrt(2 * mean) * rng.standard_normal(len(bits))).astype(np.float32)


def verdict(generation: Generation, total: Soft, bits: str) -> bool | None:
    """Whether soft bits are read; None when what is read is wrong."""
    if generation == "FGB":
        first = soft.fgb(total)
        sure, right = first.probability >= stages.LEAST_REST, first.bits[24:] == bits[24:]
    else:
        second = soft.sgb(total)
        sure, right = second.probability >= stages.LEAST_IDENTITY, second.bits == bits
    return None if sure and not right else sure


def soft_bits(rng: np.random.Generator, generation: Generation, count: int, cn0_dbhz: float) -> bool | None:
    """Soft bits of perfect receivers, added."""
    bits = message(rng, generation)
    return verdict(generation, combine.add([ideal(rng, generation, bits, cn0_dbhz) for _ in range(count)]), bits)


def waves(rng: np.random.Generator, generation: Generation, count: int, cn0_dbhz: float) -> bool | None:
    """Waveforms in noise: second-generation ones demodulated together, first-generation ones each alone."""
    bits = message(rng, generation)
    if generation == "FGB":
        return verdict(generation, combine.add([first_wave(rng, bits, cn0_dbhz) for _ in range(count)]), bits)
    receptions = []
    for _ in range(count):
        start_s, drift = 0.01 + rng.uniform(0, 1e-4), rng.uniform(-50, 50)
        iq = sgb.modulate(
            bits, RATE_HZ, start_s=start_s, duration_s=1.03, drift_hz_per_s=drift, phase_rad=rng.uniform(0, 2 * pi)
        )
        noise = rng.standard_normal(2 * len(iq), np.float32).view(np.complex64)
        iq += noise * np.float32(np.sqrt(RATE_HZ / 2 / 10 ** (cn0_dbhz / 10)))
        at_preamble_hz = -drift * 5 / 12 + rng.uniform(-1, 1)
        receptions.append(
            combine.Reception(iq, RATE_HZ, start_s + rng.uniform(-4e-6, 4e-6), at_preamble_hz, drift + rng.normal(0, 5))
        )
    fits = combine.demodulate_together(receptions)
    return verdict(generation, combine.add([fit.soft for fit in fits if fit is not None]), bits)


def first_wave(rng: np.random.Generator, bits: str, cn0_dbhz: float) -> Soft:
    """Soft bits of one first-generation burst whose place is known within 100 us and its carrier within 1 Hz."""
    rate_hz, start_s, noise_density = 12_800.0, 0.02 + rng.uniform(0, 1e-3), 10 ** (-cn0_dbhz / 10)
    modulation = fgb.Modulation(rise_s=rng.uniform(50e-6, 250e-6), bit_rate_bps=400 * (1 + rng.uniform(-1e-3, 1e-3)))
    iq = fgb.modulate(
        bits,
        rate_hz,
        modulation,
        frequency_hz=rng.uniform(-1, 1),
        drift_hz_per_s=rng.uniform(-50, 50),
        phase_rad=rng.uniform(0, 2 * pi),
        start_s=start_s,
        duration_s=0.6,
    )
    noise = rng.standard_normal(2 * len(iq), np.float32).view(np.complex64)
    iq += noise * np.float32(np.sqrt(rate_hz / 2 * noise_density))
    known = fgb.sync_pattern("normal")
    track = follow(iq, rate_hz, start_s + FGB_CARRIER_S + rng.uniform(-1e-4, 1e-4), known, noise_density)
    fitted = fit(iq, rate_hz, track, known)
    blank = np.zeros(len(bits), np.float32)
    if fitted is not None:
        blank[: len(fitted.soft)] = fitted.soft
    return blank


def chain(rng: np.random.Generator, generation: Generation, count: int, cn0_dbhz: float) -> bool | None:
    """Bursts of one beacon 50 s apart on one carrier, as the stage reads them: one of them must have been read whole.

    Its last bits may have changed from burst to burst for all the stage knows, so each must bear them out by itself.
    """
    bits = message(rng, generation)
    reader = stages.Reader()
    result: bool | None = False
    for number in range(count):
        start = np.datetime64(50 * number, "s").astype("datetime64[ns]")
        burst = Burst(generation, start, 0, "normal", ideal(rng, generation, bits, cn0_dbhz), None, 1000.0)
        reading = reader.read(burst)
        if reading is not None and reading.identity >= stages.LEAST_IDENTITY:
            place = slice(24, None if reading.whole else 106) if generation == "FGB" else slice(None)
            if reading.bits[place] != bits[place]:
                return None
            result = result or reading.whole
    return result


def threshold(
    trial: Trial, generation: Generation, count: int, bursts: int, seed: int
) -> tuple[float | None, int, dict[float, float]]:
    """The C/N0 (dB-Hz) at which 90 % are read, wrong messages, and the shares measured."""
    rng = np.random.default_rng([seed, count, len(trial.__name__)])
    level = round(2 * (ALONE_DBHZ[generation] - 10 * log10(count))) / 2
    shares: dict[float, float] = {}
    wrong = 0

    def share(cn0_dbhz: float) -> float:
        nonlocal wrong
        if cn0_dbhz not in shares:
            results = [trial(rng, generation, count, cn0_dbhz) for _ in range(bursts)]
            wrong += sum(result is None for result in results)
            shares[cn0_dbhz] = sum(result is True for result in results) / bursts
        return shares[cn0_dbhz]

    while share(level) < 0.9 and len(shares) < 12:
        level += 0.5
    while share(level - 0.5) >= 0.9 and len(shares) < 12:
        level -= 0.5
    low, high = share(level - 0.5), share(level)
    found = level - 0.5 * (high - 0.9) / (high - low) if low < 0.9 <= high else None
    return found, wrong, dict(sorted(shares.items()))


def main() -> None:
    """Print a row for each generation and number of bursts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bursts", type=int, default=100, help="messages a point")
    parser.add_argument("--generation", choices=["FGB", "SGB"], help="one alone")
    parser.add_argument("--waves", action="store_true", help="waveforms instead of soft bits")
    parser.add_argument("--chain", action="store_true", help="what the stage reads, with the bursts' soft bits alone")
    parser.add_argument("--counts", type=int, nargs="+", default=list(COUNTS), help="numbers of bursts; the first is 1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one object a row")
    options = parser.parse_args()
    trial: Trial = waves if options.waves else chain if options.chain else soft_bits
    generations: tuple[Generation, ...] = (options.generation,) if options.generation else ("FGB", "SGB")
    for generation in generations:
        alone: float | None = None
        for count in options.counts:
            level, wrong, shares = threshold(trial, generation, count, options.bursts, options.seed)
            alone = level if count == 1 else alone
            short = None if level is None or alone is None else level - (alone - 10 * log10(count))
            row = {"generation": generation, "bursts": count, "threshold_dbhz": level, "short_of_law_db": short}
            if options.json:
                print(json.dumps({**row, "wrong": wrong, "read": shares}), flush=True)
            else:
                told = "none" if level is None else f"{level:5.2f} dB-Hz"
                law = "" if short is None else f"{short:+5.2f} dB from the law"
                print(f"{generation}  N = {count}: 90 % at {told}  {law}  wrong {wrong}", flush=True)


if __name__ == "__main__":
    main()

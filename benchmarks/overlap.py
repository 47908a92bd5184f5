"""Bursts on top of one another: how often each is read.

    python benchmarks/overlap.py --bursts 40                    FGB over FGB: 500 Hz apart, 6 dB unlike
    python benchmarks/overlap.py --bursts 20 --cases all        both generations, strong over weak

Both bursts are drawn in one recording of noise, which goes through the receiver as a stream. A burst counts when its
message is right and sure enough to be passed on.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vigie import stages
from vigie.message.bch import BCH1, BCH2, BCH_SGB
from vigie.records import Burst, Generation, Samples
from vigie.signal import fgb, sgb
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC

CASES: dict[str, tuple[float, tuple[tuple[Generation, float, float, float, float], ...]]] = {
    # name: sample rate, then of each burst: generation, C/N0 (dB-Hz), carrier (Hz), spread of carrier and start (s)
    "FGB 500 Hz, 6 dB": (20e3, (("FGB", 42, 1000, 0, 0), ("FGB", 36, 1500, 0, 5e-3))),
    "FGB 500 Hz, 6 dB, weak": (20e3, (("FGB", 38, 1000, 0, 0), ("FGB", 32, 1500, 0, 5e-3))),
    "SGB 37 under FGB 65": (100e3, (("SGB", 37, 0, 1e3, 0), ("FGB", 65, 0, 3e4, 0.3))),
    "FGB 35 under SGB 52": (100e3, (("SGB", 52, 0, 1e3, 0), ("FGB", 35, 0, 3e4, 0.3))),
    "SGB 35 under SGB 50": (100e3, (("SGB", 50, 0, 1e3, 0), ("SGB", 35, 0, 1e3, 0.5))),
    "SGB 500 Hz, 6 dB": (100e3, (("SGB", 42, 0, 0, 0), ("SGB", 36, 500, 0, 5e-3))),
}


def message(rng: np.random.Generator, generation: Generation) -> str:
    """A long message of random content with an allocated country."""
    if generation == "FGB":
        data = (1 << 60) | (227 << 49) | (2 << 45) | int(rng.integers(0, 2**45))
        body = format(BCH2.encode(int(rng.integers(0, 2**26))), "038b")
        return BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(data), "082b") + body
    draw = f"{int.from_bytes(rng.bytes(26), 'big') >> 6:0202b}"
    return format(BCH_SGB.encode(int(draw[:30] + f"{227:010b}" + draw[40:140] + "1" * 14 + draw[154:], 2)), "0250b")


def recording(rng: np.random.Generator, case: str) -> tuple[NDArray[np.complex64], float, list[str]]:
    """Samples, their rate, and what was sent."""
    rate_hz, bursts = CASES[case]
    seconds = 3.0 if any(one[0] == "SGB" for one in bursts) else 1.5
    iq = rng.standard_normal(2 * int(seconds * rate_hz), np.float32).view(np.complex64) * np.float32(
        np.sqrt(rate_hz / 2)
    )
    sent = []
    start_s = float(rng.uniform(0.5, 0.7))
    for generation, cn0_dbhz, carrier_hz, spread_hz, apart_s in bursts:
        bits = message(rng, generation)
        begin_s = start_s + float(rng.uniform(-apart_s, apart_s))
        first = int(begin_s * rate_hz)
        wave = (fgb if generation == "FGB" else sgb).modulate(
            bits,
            rate_hz,
            frequency_hz=carrier_hz + float(rng.uniform(-spread_hz, spread_hz)),
            phase_rad=float(rng.uniform(0, 2 * np.pi)),
            start_s=begin_s - first / rate_hz,
        )
        iq[first : first + len(wave)] += wave * np.float32(10 ** (cn0_dbhz / 20))
        sent.append(bits)
    return iq, rate_hz, sent


def blocks(iq: NDArray[np.complex64], rate_hz: float) -> Iterator[Samples]:
    for first in range(0, len(iq), 8192):
        yield Samples(iq[first : first + 8192], rate_hz, 406.05e6, None, first)


def payload(bits: str) -> str:
    return bits[24:] if len(bits) < 250 else bits


def main() -> None:
    """Print a row for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bursts", type=int, default=40, help="pairs a case")
    parser.add_argument("--cases", choices=["fgb", "all"], default="fgb")
    parser.add_argument("--doppler", type=float, default=1500.0, help="Hz, as vigie receive")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for case in CASES:
        if options.cases == "fgb" and "SGB" in case:
            continue
        rng = np.random.default_rng([options.seed, len(case)])
        first = second = both = wrong = 0
        cpu_s = 0.0
        for _ in range(options.bursts):
            iq, rate_hz, sent = recording(rng, case)
            begun = time.process_time()
            told = stages.bursts(blocks(iq, rate_hz), doppler_hz=options.doppler)
            readings = [stages.read(burst) for burst in told if isinstance(burst, Burst)]
            cpu_s += (time.process_time() - begun) * rate_hz / len(iq)
            got = {payload(one.bits) for one in readings if one and one.whole and one.identity >= stages.LEAST_IDENTITY}
            here = [payload(bits) in got for bits in sent]
            first, second, both = first + here[0], second + here[1], both + all(here)
            wrong += len(got - {payload(bits) for bits in sent})
        row = {"case": case, "first": first, "second": second, "both": both, "of": options.bursts, "wrong": wrong}
        if options.json:
            print(json.dumps({**row, "cpu_s": cpu_s / options.bursts}), flush=True)
        else:
            print(
                f"{case:24} first {first:3d}  second {second:3d}  both {both:3d} of {options.bursts}  wrong {wrong}",
                f" {cpu_s / options.bursts:.2f} CPU s a second",
                flush=True,
            )


if __name__ == "__main__":
    main()

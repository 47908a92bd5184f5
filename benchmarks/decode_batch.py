"""How many messages a second ``decode_many`` reads on one core, the codes' check included.

    python benchmarks/decode_batch.py [--count N] [--json FILE]

Each line: messages of one kind, as hex strings or as bits, decoded to the columns of ``batch.CORE`` and to all columns.
``known``: an archive, a few thousand beacons heard again and again; ``random``: every message of its own. Times are CPU
seconds of the process, the best of three.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from vigie.message import bch, country
from vigie.message.batch import CORE, decode_many
from vigie.message.batch_words import BCH1, BCH2, from_bits, remainder

TARGETS = {"FGB": 1_000_000, "SGB": 500_000}


def put(bits: np.ndarray, first: int, last: int, number: np.ndarray | int) -> None:
    width = last - first + 1
    numbers = np.broadcast_to(np.asarray(number, np.uint64), len(bits))
    bits[:, first - 1 : last] = (numbers[:, None] >> np.arange(width - 1, -1, -1, dtype=np.uint64)) & np.uint64(1)


def with_code(bits: np.ndarray, first: int, code: bch.Code) -> None:
    parity = code.n - code.k
    bits[:, first + code.k - 1 : first + code.n - 1] = 0
    left = remainder(from_bits(np.ascontiguousarray(bits[:, first - 1 : first + code.n - 1])), 1, 1, code)
    put(bits, first + code.k, first + code.k + parity - 1, left)


def fgb_bits(count: int, rng: np.random.Generator) -> np.ndarray:
    """Long messages of the protocols in daily use, from allocated countries, with positions on the globe."""
    bits = rng.integers(0, 2, (count, 144), dtype=np.uint8)
    put(bits, 1, 24, 0xFFFE2F)
    put(bits, 25, 25, 1)
    put(bits, 27, 36, rng.choice(country.codes(), count))
    kind = rng.choice(7, count, p=(0.25, 0.2, 0.15, 0.1, 0.15, 0.1, 0.05))
    for number, (flag, code, width) in enumerate(
        ((0, 0b0010, 4), (0, 0b0011, 4), (0, 0b0111, 4), (0, 0b1101, 4), (1, 0b010, 3), (1, 0b011, 3), (0, 0b1001, 4))
    ):
        rows = np.flatnonzero(kind == number)
        part = bits[rows]
        put(part, 26, 26, flag)
        put(part, 37, 36 + width, code)
        if number < 3:  # standard location: fixed bits, 0.25 degree steps, offsets in range
            put(part, 66, 74, rng.integers(0, 360, len(part)))
            put(part, 76, 85, rng.integers(0, 720, len(part)))
            put(part, 107, 110, 0b1101)
            for start in (113, 123):
                put(part, start + 1, start + 5, rng.integers(0, 31, len(part)))
                put(part, start + 6, start + 9, rng.integers(0, 15, len(part)))
        elif number in (3, 6):
            put(part, 41, 42, rng.integers(0, 3, len(part)))
            put(part, 68, 75, rng.integers(0, 180, len(part)))
            put(part, 77, 85, rng.integers(0, 360, len(part)))
            put(part, 109, 109, 1)
            put(part, 113, 114, 1)
            for start in (115, 124):
                put(part, start + 5, start + 8, rng.integers(0, 15, len(part)))
        else:
            put(part, 109, 115, rng.integers(0, 90, len(part)))
            put(part, 121, 128, rng.integers(0, 180, len(part)))
            put(part, 82, 83, 0)
            for place in range(40, 76, 6):  # digits in modified Baudot
                put(part, place, place + 5, rng.choice([0b001101, 0b011101, 0b011001, 0b010000, 0b001010], len(part)))
            if number == 5:
                put(part, 40, 42, rng.choice([0, 2, 4, 6], len(part)))
        bits[rows] = part
    with_code(bits, 25, BCH1)
    with_code(bits, 107, BCH2)
    return bits


def sgb_bits(count: int, rng: np.random.Generator) -> np.ndarray:
    bits = rng.integers(0, 2, (count, 250), dtype=np.uint8)
    put(bits, 31, 40, rng.choice(country.codes(), count))
    put(bits, 43, 43, 0)
    put(bits, 45, 51, rng.integers(0, 90, count))
    put(bits, 68, 75, rng.integers(0, 180, count))
    put(bits, 90, 90, 0)
    put(bits, 91, 93, rng.integers(0, 6, count))
    put(bits, 94, 123, rng.integers(200_000_000, 776_000_000, count))
    put(bits, 138, 140, rng.integers(0, 4, count))
    put(bits, 141, 154, (1 << 14) - 1)
    put(bits, 155, 158, rng.choice([0, 0, 0, 1, 2], count))
    with_code(bits, 1, bch.BCH_SGB)
    return bits


def with_errors(bits: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """One or two wrong bits in ``share`` of the messages."""
    wrong = np.flatnonzero(rng.random(len(bits)) < share)
    for _ in range(2):
        bits[wrong, rng.integers(26, 106, wrong.size)] ^= 1
    return bits


def texts_of(bits: np.ndarray, lead: int) -> list[str]:
    padded = np.hstack([np.zeros((len(bits), lead), np.uint8), bits])
    digits = padded.shape[1] // 4
    raw = np.packbits(padded, axis=1) if digits % 2 == 0 else np.packbits(np.hstack([padded, padded[:, :4]]), axis=1)
    whole = raw.tobytes().hex().upper()
    step = raw.shape[1] * 2
    return [whole[at : at + digits] for at in range(0, len(whole), step)]


def best(work: Callable[[], Any], times: int = 3) -> float:
    spent = []
    for _ in range(times):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return min(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", metavar="FILE")
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    decode_many(fgb_bits(100, rng)).columns(CORE)  # tables are made on first use
    decode_many(sgb_bits(100, rng)).columns(CORE)
    results = []
    print(f"{'messages':28s} {'core columns/s':>15s} {'all columns/s':>15s} {'target':>10s}")
    for kind, make, lead in (("FGB", fgb_bits, 0), ("SGB", sgb_bits, 2)):
        for sort in ("known", "random"):
            beacons = make(min(20_000, given.count) if sort == "known" else given.count, rng)
            bits = beacons[rng.integers(0, len(beacons), given.count)] if sort == "known" else beacons
            bits = with_errors(bits.copy(), 0.05, rng)
            for form, source in (("hex", texts_of(bits, lead)), ("bits", bits)):
                names = [name for name in CORE if name != "input" or form == "hex"]
                core = given.count / best(lambda s=source, n=names: decode_many(s).columns(n))
                every = [name for name in decode_many(source[:1000]).names if name not in ("input", "odd")]
                whole = given.count / best(lambda s=source, n=every: decode_many(s).columns(n), 1)
                results.append({"generation": kind, "messages": sort, "form": form, "count": given.count,
                                "core_per_s": core, "all_per_s": whole})  # fmt: skip
                title = f"{kind} {sort}, {form}"
                print(f"{title:28s} {core:15,.0f} {whole:15,.0f} {TARGETS[kind]:10,d}", flush=True)
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump({"numpy": np.__version__, "results": results}, file, indent=1)


if __name__ == "__main__":
    main()

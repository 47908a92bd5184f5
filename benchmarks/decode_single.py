"""What one message costs: decoded in a running program, and as a whole ``vigie decode HEX``.

    python benchmarks/decode_single.py [--json FILE]

In process: CPU microseconds a message, the best of several rounds over messages of every layout. As a process: CPU
seconds and peak memory of the command, the median of several runs, beside the budget of 0.25 s.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from vigie.message import bch, beacon, fgb
from vigie.message.fgb_tables import PROTOCOLS

BUDGET_S, TARGET_US = 0.25, 40.0
EXAMPLE = "FFFED08E39048D158AC01E3AA482856824CE"


def fgb_texts(errors: int, dice: random.Random) -> list[str]:
    """A whole message of every protocol, with so many bits wrong in its first field."""
    texts = []
    for protocol in PROTOCOLS:
        word = dice.getrandbits(120) | 0xFFFE2F << 120 | 1 << 119
        tail = protocol.tails[0]
        fixed = [(row.first, row.last, row.fixed) for row in tail.fields if row.fixed is not None]
        for low, high, value in (*protocol.when, (27, 36, 227), *tail.when, *fixed):
            mask = (1 << (high - low + 1)) - 1
            word = word & ~(mask << 144 - high) | value << 144 - high
        word = fgb.with_parity(word, 144, bch2=tail.fields[-1].name == "bch2")
        for place in dice.sample(range(38, 120), errors):
            word ^= 1 << place
        texts.append(f"{word:036X}")
    return texts


def sgb_texts(errors: int, dice: random.Random) -> list[str]:
    texts = []
    for _ in range(40):
        word = bch.BCH_SGB.encode(dice.getrandbits(202))
        for place in dice.sample(range(250), errors):
            word ^= 1 << place
        texts.append(f"{word:063X}")
    return texts


def cost_us(texts: list[str], decode: Callable[[str], Any], rounds: int = 15) -> float:
    for text in texts:
        decode(text)
    spent = []
    for _ in range(rounds):
        before = time.process_time()
        for _ in range(5):
            for text in texts:
                decode(text)
        spent.append((time.process_time() - before) / (5 * len(texts)))
    return min(spent) * 1e6


def process(arguments: list[str]) -> tuple[float, float]:
    """CPU seconds and peak memory (MB) of a command."""
    child = os.posix_spawn(
        sys.executable, [sys.executable, "-m", "vigie", *arguments], os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )  # fmt: skip
    _, _, usage = os.wait4(child, 0)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", metavar="FILE")
    given = parser.parse_args()
    dice = random.Random(1)
    result: dict[str, Any] = {"python": sys.version.split()[0]}
    print(f"one message in a running program, CPU us (target {TARGET_US:g} for one without errors)")
    for name, texts in (
        ("FGB without errors", fgb_texts(0, dice)),
        ("FGB with 1 wrong bit", fgb_texts(1, dice)),
        ("FGB with 3 wrong bits", fgb_texts(3, dice)),
        ("SGB without errors", sgb_texts(0, dice)),
        ("SGB with 6 wrong bits", sgb_texts(6, dice)),
    ):
        result[name] = cost_us(texts, beacon.decode)
        print(f"  {name:24s} {result[name]:8.1f}")
    runs = [process(["decode", EXAMPLE]) for _ in range(given.runs)]
    result["process_cpu_s"] = statistics.median(cpu for cpu, _ in runs)
    result["process_peak_mb"] = statistics.median(peak for _, peak in runs)
    print(f"\nvigie decode {EXAMPLE}\n  CPU {result['process_cpu_s']:.3f} s (budget {BUDGET_S:g} s), "
          f"peak memory {result['process_peak_mb']:.1f} MB")  # fmt: skip
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)


if __name__ == "__main__":
    main()

"""Random and mutated inputs through decode, rlm and encode: no undocumented exception, no slow input.

    python benchmarks/fuzz_message.py --inputs 1000000
    python benchmarks/fuzz_message.py --atheris        # coverage-guided, when atheris is installed

Each input is a text (random digits of every length a form has, a vector with bits turned over, digits cut, doubled or
replaced by anything) for decode and rlm, and what decode said with values replaced for encode. Documented are HexError
and FieldError (InputError). Prints counts and the slowest input.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from vigie.errors import InputError
from vigie.message import beacon, rlm
from vigie.message.encode import encode

LIMIT_S = 0.010
LENGTHS = (15, 20, 22, 23, 28, 30, 36, 40, 51, 63)
ODD = ["", None, True, -1, 10**30, 1.5, float("nan"), "\u0000", "ZZZ", "9" * 400, [], {}, {"raw": 1}, "1010", 7, 227]
SEEDS = [
    "FFFED08E39048D158AC01E3AA482856824CE",
    "FFFE2F56E6804002202009655250",
    "56E6804002202009655250",
    "ADCD00800440401",
    "8D68008A87051DD7FE98B783200907",
    "FFFE2F4F2DA58E9AC8750F8B681700000000",
    "0039823D32618658622811F0000000000003FFF004030680258492A4FC57A49",
    "9934039823D000000000000",
]


def text(rng: random.Random) -> str:
    """One input for a decoder."""
    kind = rng.randrange(6)
    if kind == 0:
        return "".join(rng.choices("0123456789ABCDEF", k=rng.choice(LENGTHS)))
    seed = rng.choice(SEEDS)
    if kind in (1, 2):
        word = int(seed, 16)
        for _ in range(rng.choice((1, 2, 3, 4, 6, 7, 12, 30))):
            word ^= 1 << rng.randrange(4 * len(seed))
        return format(word, f"0{len(seed)}X")
    place = rng.randrange(len(seed))
    if kind == 3:
        return seed[:place] + seed[place + rng.randrange(4) :]
    if kind == 4:
        return seed[:place] + seed[place:] * rng.randrange(1, 40)
    junk = "".join(chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x110000 - 2048)))) for _ in range(3))
    return seed[:place] + junk + seed[place:]


def mutated(rng: random.Random) -> dict[str, Any]:
    """One object for the encoder."""
    facts = json.loads(json.dumps(dict(beacon.decode(rng.choice(SEEDS[:6])).facts)))
    if rng.random() < 0.5:
        facts = {key: value for key, value in facts.items() if key not in ("fields", "layout")}
    for _ in range(rng.randrange(4)):
        key = rng.choice(list(facts) or ["protocol"])
        if rng.random() < 0.3:
            facts.pop(key, None)
        else:
            facts[key] = rng.choice(ODD)
    return facts


def _timed(function: Callable[[Any], Any], value: Any) -> float:
    """CPU seconds of one run, however it ends."""
    begun = time.thread_time()
    with contextlib.suppress(Exception):
        function(value)
    return time.thread_time() - begun


def attempt(name: str, function: Callable[[Any], Any], value: Any, counts: Counter[str], worst: list[Any]) -> None:
    """Run one input; count how it ended."""
    begun = time.thread_time()
    try:
        function(value)
    except InputError:
        counts[f"{name} refused"] += 1
    except Exception as error:
        kind = f"{name} UNDOCUMENTED {type(error).__name__}: {str(error)[:60]}"
        counts[kind] += 1
        if counts[kind] == 1:
            print(f"{kind}: {value!r}"[:400], file=sys.stderr)
    else:
        counts[f"{name} done"] += 1
    spent = time.thread_time() - begun
    if spent > LIMIT_S:  # an input that is slow is slow again: not the machine, not the collection of garbage
        spent = min(spent, _timed(function, value), _timed(function, value))
    if spent > LIMIT_S:
        counts[f"{name} slower than {LIMIT_S * 1e3:.0f} ms"] += 1
    if spent > worst[0]:
        worst[:] = [spent, name, value]


class Guided(random.Random):
    """Draws from the bytes that a coverage-guided fuzzer gives, so that it can learn what each of them does."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = iter(data)

    def getrandbits(self, count: int, /) -> int:
        """Bits of the next bytes, zeros after the last."""
        return sum(next(self._data, 0) << 8 * place for place in range((count + 7) // 8)) & ((1 << count) - 1)

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        """A number of a range: modulo, for drawing again might never end."""
        low, high = (0, start) if stop is None else (start, stop)
        return low + self.getrandbits((high - low).bit_length() + 8) % (high - low)

    def random(self) -> float:
        """A fraction."""
        return self.getrandbits(16) / 65536

    def choice(self, seq: Any) -> Any:
        """One of a sequence."""
        return seq[self.randrange(len(seq))]


def guided(inputs: int, seed: int) -> None:
    """Coverage-guided fuzzing of decode, rlm and encode with atheris; stops at the first undocumented exception."""
    import atheris

    with atheris.instrument_imports(include=["vigie"]):
        for name in [name for name in sys.modules if name.split(".")[0] == "vigie"]:
            del sys.modules[name]
        from vigie.errors import InputError
        from vigie.message import beacon, rlm
        from vigie.message.encode import encode

    worst: list[Any] = [0.0, "", ""]

    def one(data: bytes) -> None:
        kind, data = (data[0] % 5 if data else 0), data[1:]
        function, value = (
            (beacon.decode, data.decode("latin-1")),
            (rlm.decode, data.decode("latin-1")),
            (beacon.decode, data.hex()),
            (rlm.decode, data.hex()),
            (encode, None),
        )[kind]
        if value is None:
            value = mutated(Guided(data))
        begun = time.thread_time()
        with contextlib.suppress(InputError):
            function(value)
        spent = time.thread_time() - begun
        if spent > worst[0]:
            worst[:] = [spent, function.__name__, value]
            print(
                f"slowest so far {spent * 1e3:.2f} ms (with the fuzzer's counters), {worst[1]} of {str(value)[:100]!r}"
            )

    atheris.Setup([sys.argv[0], f"-runs={inputs}", f"-seed={seed}", "-max_len=200", "-print_final_stats=1"], one)
    atheris.Fuzz()


def main() -> None:
    """Fuzz and print the counts; exit 1 when anything undocumented or slow was met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=406)
    parser.add_argument("--atheris", action="store_true")
    options = parser.parse_args()
    if options.atheris:
        guided(options.inputs, options.seed)
        return
    rng, counts = random.Random(options.seed), Counter[str]()
    for value in SEEDS:  # tables are built at first use
        beacon.decode(value)
    worst: list[Any] = [0.0, "", ""]
    for number in range(options.inputs):
        if number % 3 < 2:
            attempt(("decode", "rlm")[number % 3], (beacon.decode, rlm.decode)[number % 3], text(rng), counts, worst)
        else:
            attempt("encode", encode, mutated(rng), counts, worst)
        if sys.stderr.isatty() and number % 10_000 == 0:
            print(f"\r{number:,}", end="", file=sys.stderr)
    for name, count in sorted(counts.items()):
        print(f"{name:40s} {count:>12,}")
    print(f"slowest: {worst[0] * 1e3:.2f} ms, {worst[1]} of {str(worst[2])[:100]!r}")
    sys.exit(any("UNDOCUMENTED" in name or "slower" in name for name in counts))


if __name__ == "__main__":
    main()

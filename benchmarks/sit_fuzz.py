"""Mutated messages through the parsers: counts undocumented exceptions, lost text and slow inputs.

Every mutation of a sample (bytes changed, cut, doubled, lines swapped, two samples spliced) is split, parsed and, where
it parsed, written and parsed again. Only ``SitError`` may be raised. Prints one JSON object.

    python benchmarks/sit_fuzz.py --samples ../shared/data/mcc/samples --messages 1000000
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

from vigie import sit

PIECES = (
    b"/", b"\n", b"\r\n", b"  ", b"****", b"!!!", b"QQQQ", b"/LASSIT\n", b"/ENDMSG\n", b"END OF MESSAGE\n", b"N/A",
    b"00 000 0000", b"99.9N", b"-00 60.0S 180 60.0W", b"31 FEB 15 2460", b"29 235960 FEB", b"\xff\xfe", b"\x00",
    "\u2013".encode(), b"9" * 40, b" " * 200, b"1. DISTRESS COSPAS-SARSAT ", b"<!DOCTYPE x>", b"]]>",
    b"&lt;", b"BEACON ID:", b"/12738 00000/2320/99 279 1958\n/185/3660\n",
    b"16. REMARKS ", b"HEX ID", b"DOPPLER A - ", b"ENCODED - 12 12.0N",
)  # fmt: skip


def mutate(rng: random.Random, corpus: list[bytes]) -> bytes:
    """One to six random changes to a random sample."""
    data = bytearray(rng.choice(corpus))
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(data) + 1)
        kind = rng.randrange(8)
        if kind == 0 and data:
            data[place % len(data)] = rng.randrange(256)
        elif kind == 1:
            del data[place : place + rng.choice((1, 1, 2, 5, 20, 200))]
        elif kind == 2:
            data[place:place] = rng.choice(PIECES)
        elif kind == 3:
            lines = bytes(data).split(b"\n")
            i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[i], lines[j] = lines[j], lines[i]
            data = bytearray(b"\n".join(lines))
        elif kind == 4:
            other = rng.choice(corpus)
            data[place:] = other[rng.randrange(len(other)) :]
        elif kind == 5:
            del data[place:]
        elif kind == 6:
            end = place + rng.choice((1, 10, 80))
            data[place:place] = bytes(data[place:end]) * rng.choice((1, 3, 50))
        elif data:
            data[place % len(data)] = rng.choice(b"0123456789 /.-NSEWABDU")
    return bytes(data[:20_000])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path("../shared/data/mcc/samples"))
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write-every", type=int, default=4, help="write and read back every n-th message")
    options = parser.parse_args()
    corpus = [path.read_bytes() for path in sorted(options.samples.glob("*.*")) if path.suffix in {".txt", ".xml"}]
    if not corpus:
        sys.exit(f"no samples in {options.samples}")
    rng, counts, failures, slowest = random.Random(options.seed), Counter[str](), [], (0.0, b"")
    began = time.process_time()
    for number in range(options.messages):
        data = mutate(rng, corpus)
        started = time.process_time()
        try:
            for first, text in sit.split(data):
                counts["messages"] += 1
                try:
                    message = sit.parse(text, first)
                except sit.SitError:
                    counts["refused"] += 1
                    continue
                counts[f"read as {message.form}"] += 1
                if number % options.write_every == 0:
                    try:
                        again = sit.parse(sit.format_message(message.facts))
                    except sit.SitError:
                        counts["not writable"] += 1
                        continue
                    same = all(again.values.get(k) == v for k, v in message.values.items() if k != "fields")
                    counts["written and read back equal" if same else "written and read back different"] += 1
        except Exception as error:  # the point of a fuzzer: whatever it is, it is reported
            counts["undocumented exceptions"] += 1
            failures.append({"error": repr(error)[:300], "input": data.hex()[:4000]})
        slowest = max(slowest, (time.process_time() - started, data))
    report = {
        "seed": options.seed,
        "mutations": options.messages,
        "undocumented exceptions": 0,
        **dict(sorted(counts.items())),
        "cpu_s": round(time.process_time() - began, 1),
        "slowest_ms": round(slowest[0] * 1e3, 1),
        "slowest_bytes": len(slowest[1]),
        "failures": failures[:5],
    }
    print(json.dumps(report, indent=1))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

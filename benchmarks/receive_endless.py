"""The memory of a receiver on a stream that does not end, and what it costs there.

    python benchmarks/receive_endless.py
    python benchmarks/receive_endless.py --hours 10 --bursts 1 --doppler 0 --plot memory.png

A crowded band of 100 kHz, one minute long, made once with bursts of both generations, is sent again and again through
a pipe to ``vigie receive -``, as fast as it takes it. Memory is what is the process's own (RssAnon), sampled every few
minutes of the stream; what is told at the end is its growth an hour of stream after the first tenth, by least squares,
and how many of the bursts sent came out. With none sent it is the noise of a night: every message is then a false one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from vigie.signal import fgb, sgb

sys.path.insert(0, str(Path(__file__).resolve().parent))
from combine import message

RATE_HZ = 100_000
MINUTE_S = 60


def band(rng: np.random.Generator, per_s: float, second: int) -> np.ndarray[Any, np.dtype[np.complex64]]:
    """A minute of noise of density 1 with so many first-generation bursts a second and ``second`` of the others."""
    total = rng.standard_normal(2 * RATE_HZ * MINUTE_S, np.float32).view(np.complex64) * np.float32(
        (RATE_HZ / 2) ** 0.5
    )

    def add(wave: np.ndarray[Any, np.dtype[np.complex64]], cn0_dbhz: float) -> None:
        first = int(rng.integers(0, len(total) - len(wave)))
        total[first : first + len(wave)] += wave * np.float32(10 ** (cn0_dbhz / 20))

    for _ in range(round(per_s * MINUTE_S)):
        offset_hz = float(rng.uniform(-45e3, 45e3))
        add(fgb.modulate(message(rng, "FGB"), RATE_HZ, frequency_hz=offset_hz), float(rng.uniform(36, 45)))
    for _ in range(second):
        offset_hz = float(rng.uniform(-1500, 1500))
        add(sgb.modulate(message(rng, "SGB"), RATE_HZ, frequency_hz=offset_hz), float(rng.uniform(36, 45)))
    return total


def memory_mb(pid: int) -> float:
    """What is the process's own."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1000


def cpu_s(pid: int) -> float:
    """Processor time used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2.0, help="of the stream")
    parser.add_argument("--bursts", type=float, default=2.0, help="first-generation bursts a second")
    parser.add_argument("--second", type=int, default=6, help="second-generation bursts a minute")
    parser.add_argument("--doppler", type=float, default=1500.0, help="how far those are looked for, Hz; 0: not at all")
    parser.add_argument("--every", type=float, default=5.0, help="minutes of the stream between samples")
    parser.add_argument("--seed", type=int, default=406)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", metavar="FILE.png")
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    minute = band(rng, given.bursts, given.second).view(np.float32)
    scale = 100 / max(float(np.abs(minute).max()), 1e-9) * 2
    raw = np.clip(np.round(minute * scale), -127, 127).astype(np.int8).tobytes()
    options = ["--format", "cs8", "--sample-rate", str(RATE_HZ), "--center-frequency", "406050000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "vigie", "receive", "-", "--json", "--doppler", str(given.doppler), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    lines = process.stdout
    got = [0]

    def count() -> None:
        for line in lines:
            got[0] += json.loads(line).get("hex") is not None

    reader = threading.Thread(target=count)
    reader.start()
    rows: list[tuple[float, float, float, int]] = []
    began = time.monotonic()
    minutes = round(given.hours * 60)
    for number in range(1, minutes + 1):
        process.stdin.write(raw)
        if number % given.every == 0 or number == minutes:
            rows.append((number / 60, memory_mb(process.pid), cpu_s(process.pid), got[0]))
            row = dict(zip(("hours", "memory_mb", "cpu_s", "messages"), rows[-1], strict=True))
            row["times_real_time"] = round(number * 60 / (time.monotonic() - began), 1)
            print(json.dumps(row) if given.json else "  ".join(f"{key} {value:.6g}" for key, value in row.items()))
            sys.stdout.flush()
    process.stdin.close()
    reader.join()
    process.wait()
    table = np.array(rows)
    late = table[table[:, 0] > given.hours / 10]
    slope = float(np.polyfit(late[:, 0], late[:, 1], 1)[0]) if len(late) > 2 else float("nan")
    told = {
        "growth_mb_an_hour": round(slope, 3),
        "most_mb": float(table[:, 1].max()),
        "sent": round(given.bursts * MINUTE_S) * minutes + given.second * minutes * (given.doppler > 0),
        "messages": got[0],
    }
    print(json.dumps(told) if given.json else "  ".join(f"{key} {value}" for key, value in told.items()))
    if given.plot:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 4), layout="constrained")
        axes = figure.subplots()
        axes.plot(table[:, 0], table[:, 1], ".-")
        axes.set(xlabel="hours of the stream", ylabel="memory, MB", ylim=(0, None))
        figure.savefig(given.plot)


if __name__ == "__main__":
    main()

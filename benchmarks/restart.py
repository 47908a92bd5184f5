"""How long a start takes, by the length of the journal: with the snapshot and without.

Writes detections of a fleet of beacons through the chain, and at each of the lengths asked for opens the store anew
in a process of its own: all rows read, then from the snapshot. Also the
processor time of one detection on the way in, the bytes of one on disk, and the memory of the process that holds it.

    python benchmarks/restart.py --detections 100000 1000000
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import load
from vigie import ingest, instants
from vigie.chain import Chain
from vigie.instants import after
from vigie.restore import take_snapshot
from vigie.store import snapshot
from vigie.store.journal import Journal


def fill(chain: Chain, fleet: list[str], first: int, last: int, rng: np.random.Generator) -> float:
    """Feed the detections ``first`` to ``last``; processor seconds of it."""
    began = time.process_time()
    for start in range(first, last, 500):
        group = []
        for number in range(start, min(start + 500, last)):
            digits = fleet[number if number < len(fleet) else int(rng.integers(len(fleet)))]
            time_ = instants.text(after(load.START, number * 0.05))
            group.append(ingest.detection({"hex": digits, "time": time_, "frequency_hz": 406.031e6, "source": "roof"}))
        chain.feed(group)
    return time.process_time() - began


def opened(url: str) -> dict[str, Any]:
    """Open a store as a service does; wall and processor seconds, and the memory it takes."""
    began, cpu = time.monotonic(), time.process_time()
    journal = Journal.open(url)
    chain = Chain(journal, lambda row: None)
    told = {"wall_s": round(time.monotonic() - began, 2), "cpu_s": round(time.process_time() - cpu, 2)}
    told |= {"alerts": len(chain.book.alerts()), "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
    journal.close()
    return told


def start(url: str) -> dict[str, Any]:
    """``opened`` in a new process."""
    done = subprocess.run([sys.executable, __file__, "--open", url], capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def size(url: str) -> int:
    """Bytes of an SQLite store on disk; 0 elsewhere."""
    place = Path(url.removeprefix("sqlite:///"))
    return sum(os.path.getsize(f"{place}{end}") for end in ("", "-wal") if os.path.exists(f"{place}{end}"))


def main() -> None:
    """Fill, open, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", default="sqlite", help="sqlite, postgresql or a URL")
    parser.add_argument("--detections", nargs="+", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--beacons", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=406)
    parser.add_argument("--open", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.open:
        print(json.dumps(opened(given.open)))
        return
    fleet = [load.hex_of(number) for number in range(given.beacons)]
    rng = np.random.default_rng(given.seed)
    with ExitStack() as stack:
        url, written = next(load.stores(given.store, stack)), 0
        for count in given.detections:
            journal = Journal.open(url)
            cpu_s = fill(Chain(journal, lambda row: None), fleet, written, count, rng)
            told: dict[str, Any] = {"detections": count, "write_cpu_us": round(cpu_s / (count - written) * 1e6)}
            journal.close()
            told["bytes_each"] = round(size(url) / count)
            written = count
            journal = Journal.open(url, read_only=True)
            snapshot.drop(journal)
            told["whole"] = start(url)
            told["snapshot_row"] = take_snapshot(journal)
            path = snapshot.place(journal)
            told["snapshot_mb"] = round(path.stat().st_size / 1e6) if path and path.exists() else 0
            journal.close()
            told["snapshot"] = start(url)
            print(json.dumps(told))
            sys.stdout.flush()


if __name__ == "__main__":
    main()

"""From a station to a centre: how fast, and what is lost when either end is killed again and again.

``python benchmarks/links.py --count 20000 --kills 20`` prints a line, with ``--json`` as JSON. Two processes on this
machine: ``vigie send`` with its spool, a service with its journal. Faults: SIGKILL at random moments, either side in
turn by chance; afterwards the journal must hold every detection once, in order.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from vigie import jsonl
from vigie.links.spool import Spool
from vigie.sim.detections import YACHT, detection
from vigie.store.rows import detection_body

CENTRE = """
import sys
from vigie import service
from vigie.store.journal import Journal
from vigie.web.hub import Hub
service.serve(service.Service(Journal.open(sys.argv[1]), Hub()), service.listen("127.0.0.1", int(sys.argv[2])))
"""


def kept(store: Path) -> int:
    """Detections in the journal."""
    try:
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM journal WHERE kind = 'detection'").fetchone()[0])
    except sqlite3.Error:
        return 0


def times(store: Path) -> list[str]:
    """Their times, in the order of the journal."""
    with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as db:
        return [row[0] for row in db.execute("SELECT time FROM journal WHERE kind = 'detection' ORDER BY seq")]


def run(place: Path, scheme: str, count: int, kills: int, seed: int, beacons: int) -> dict[str, object]:
    """One run; the counts."""
    rng = random.Random(seed)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store, spool_file = place / "centre.sqlite", place / "spool.sqlite"
    ids = [detection({**YACHT, "callsign": f"V{number:05d}"}) for number in range(beacons)]
    bodies = []
    for number in range(count):
        body = jsonl.plain(detection_body(ids[number % beacons]))
        bodies.append(body | {"time": f"2026-11-22T{6 + number // 36000:02d}:{number // 600 % 60:02d}:"
                                      f"{number // 10 % 60:02d}.{number % 10}Z"})  # fmt: skip
    spool = Spool(spool_file, 10**10)
    began = time.perf_counter()
    for first in range(0, count, 100):
        spool.put([jsonl.line(body) for body in bodies[first : first + 100]])
    spooling_s = time.perf_counter() - began
    spool.close()
    nothing = place / "nothing.jsonl"
    nothing.write_text("")
    environment = {**os.environ, "XDG_DATA_HOME": str(place)}
    to = f"{scheme}://127.0.0.1:{port}"
    started: list[subprocess.Popen[bytes]] = []

    def centre() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", CENTRE, str(store), str(port)], env=environment))
        return started[-1]

    def sender() -> subprocess.Popen[bytes]:
        arguments = ["-m", "vigie", "send", str(nothing), "--to", to, "--spool", str(spool_file)]
        started.append(subprocess.Popen([sys.executable, *arguments], env=environment, stderr=subprocess.DEVNULL))
        return started[-1]

    done = {"centre": 0, "station": 0}
    try:
        at_centre = centre()
        while kept(store) == 0 and not store.exists():
            time.sleep(0.05)
        at_station, began = sender(), time.perf_counter()
        first_at: float | None = None
        while at_station.poll() is None:
            now = kept(store)
            if now and first_at is None:
                first_at = time.perf_counter()
            if sum(done.values()) < kills and now * (kills + 1) > count * sum(done.values()):
                time.sleep(rng.uniform(0.0, 0.1))
                if rng.random() < 0.5:
                    at_centre.kill()
                    at_centre.wait()
                    at_centre, done["centre"] = centre(), done["centre"] + 1
                elif at_station.poll() is None:
                    at_station.kill()
                    at_station.wait()
                    at_station, done["station"] = sender(), done["station"] + 1
            time.sleep(0.02)
        ended = time.perf_counter()
    finally:
        for process in started:
            process.kill()
            process.wait()
    arrived = times(store)
    wanted = [str(body["time"]).replace(".0Z", "Z") for body in bodies]
    arrived = [text.replace("00Z", "Z") if "." in text else text for text in arrived]
    return {
        "scheme": scheme,
        "detections": count,
        "kills": done,
        "lost": len(set(wanted) - set(arrived)),
        "doubled": len(arrived) - len(set(arrived)),
        "in_order": arrived == wanted,
        "spooling_per_s": round(count / spooling_s),
        "delivered_per_s": None if kills else round(count / (ended - (first_at or began))),
        "wall_s": round(ended - began, 1),
    }


def main() -> None:
    """Print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000, help="detections in one run")
    parser.add_argument("--kills", type=int, default=0, help="SIGKILLs in one run")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--beacons", type=int, default=100)
    parser.add_argument("--scheme", choices=("ws", "http"), default="ws")
    parser.add_argument("--seed", type=int, default=406)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for number in range(options.runs):
        with tempfile.TemporaryDirectory() as place:
            told = run(Path(place), options.scheme, options.count, options.kills, options.seed + number,
                       options.beacons)  # fmt: skip
        if options.json:
            print(json.dumps(told), flush=True)
        else:
            print("  ".join(f"{name} {value}" for name, value in told.items()), flush=True)


if __name__ == "__main__":
    main()

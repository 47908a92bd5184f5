"""End to end: a scenario as samples, received, located, alerted and scored against its truth.

    OPENBLAS_NUM_THREADS=1 python benchmarks/sim_exercise.py [--scenario NAME] [--keep FOLDER] [--seconds S] [--json]

Each satellite's channel is simulated as I/Q and received by ``vigie receive``. Medium-orbit receptions are located
every two minutes, the low pass when it ends; every record enters the alert book in the order in which it was there.
Nothing but the samples and the published orbits passes from the simulation on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import msgspec
import numpy as np

from vigie import instants
from vigie.cli.locate import solution
from vigie.jsonl import plain
from vigie.locate.estimate import locate_one
from vigie.locate.measurement import Measurement, Settings
from vigie.orbit.files import read_files
from vigie.sim import alerted, scenario, score, truth
from vigie.sim.run import simulate
from vigie.sim.world import World

WINDOW_S = 120.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--scenario", default="morning")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--keep", type=Path, help="keep the recordings and what came of them here")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    asked = scenario.load(scenario.path_of(options.scenario))
    if options.seconds:
        asked = msgspec.structs.replace(asked, duration_s=options.seconds, end=None)
    with tempfile.TemporaryDirectory() as spare:
        numbers = run(asked, options.keep or Path(spare))
    if options.json:
        print(json.dumps(plain(numbers)))
        return
    for name in ("distress", "alerts", "detection_rate", "location", "times_s", "cpu_s"):
        print(f"{name}: {json.dumps(plain(numbers[name]))}")


def run(asked, folder):
    began = time.process_time()
    simulate(asked, folder, level="samples")
    spent = {"simulate": time.process_time() - began}
    rows, receiving = [], 0.0
    for recording in sorted(folder.glob("*.sigmf-meta")):
        before = time.monotonic()
        said = subprocess.run(
            [sys.executable, "-m", "vigie", "receive", str(recording), "--json"], capture_output=True, text=True
        )
        receiving += time.monotonic() - before
        rows += [json.loads(line) | {"satellite": recording.stem} for line in said.stdout.splitlines()]
    spent["receive_wall"] = receiving
    began = time.process_time()
    stream = [detection(row) for row in rows]
    made = list(locations(stream, asked, folder))
    spent["locate"] = time.process_time() - began
    everything = sorted([*stream, *made], key=lambda row: row["delivered"])
    (folder / "stream.jsonl").write_text("\n".join(json.dumps(plain(row)) for row in everything) + "\n")
    true = truth.read(folder / "truth.jsonl")
    alerts = alerted.alerts(everything)
    card = score.compare([*everything, *alerts], true)
    numbers = score.figures(card, true)
    named = {true.by_hex_id.get(row["hex_id"]): row["state"] for row in alerts if row["hex_id"]}
    return {
        "distress": {name: named.get(name) for name, told in true.beacons.items() if told.facts["distress"]},
        "alerts": numbers["alerts"],
        "detection_rate": numbers["all"]["detection_rate"],
        "location": numbers["all"]["location"],
        "times_s": numbers["all"]["times_s"],
        "by": numbers["by"]["kind"],
        "cpu_s": spent,
    }


def detection(row):
    """A line of ``vigie receive`` as a detection of that satellite."""
    middle = instants.after(instants.parse(row["time"]), row.get("frequency_at_s") or 0.0)
    hex_id = (row.get("message") or {}).get("hex_id")
    return row | {
        "beacon": hex_id,
        "at": "satellite",
        "exercise": True,
        "source": "exercise",
        "middle": middle,
        "delivered": instants.text(instants.after(instants.parse(row["time"]), 2.0)),
    }


def measurement(row, low):
    start = instants.parse(row["time"])
    precise = not low
    return Measurement(
        beacon=row["beacon"],
        time=row["middle"] if low else start,
        satellite=row["satellite"],
        foa_hz=row["frequency_hz"],
        sigma_foa_hz=float(np.hypot(row["sigma_frequency_hz"], 0.05)),
        carrier_hz=406.04e6,
        toa=start if precise else None,
        sigma_toa_s=float(np.hypot(row["sigma_time_s"], 2e-6)) if precise else None,
    )


def locations(stream, asked, folder):
    orbits = read_files(sorted((folder / "orbits").iterdir()))
    low = {item.name for item in World(asked).satellites if item.system == "LEO"}
    by_beacon = defaultdict(list)
    for row in stream:
        if row["beacon"] and row["hex"] and row["message"]["category"] == "distress":
            by_beacon[row["beacon"]].append(row)
    for mine in by_beacon.values():
        mine.sort(key=lambda row: row["time"])
        windows = defaultdict(list)
        for row in mine:
            if row["satellite"] in low:
                windows["pass"].append(row)
            else:
                past = float((instants.parse(row["time"]) - asked.began) / np.timedelta64(1, "s"))
                windows[int(past // WINDOW_S)].append(row)
        for name, group in windows.items():
            settings = Settings(motion="static" if name == "pass" else "auto", altitude_sigma_m=1500.0)
            moving = any("altitude_code" in row["message"] for row in group)
            if name == "pass" and (moving or len(group) < 4):  # Doppler of one satellite cannot place an aircraft
                continue
            if moving:
                settings = Settings(altitude_m=5000.0, altitude_sigma_m=5000.0, speeds_mps=(30.0, 250.0))
            for fix in locate_one([measurement(row, name == "pass") for row in group], orbits, settings):
                if fix.solved:
                    yield plain(solution(fix)) | {"delivered": max(row["delivered"] for row in group)}


if __name__ == "__main__":
    main()

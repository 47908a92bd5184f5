"""End to end: a scenario as samples, received, located, alerted and scored against its truth.

    OPENBLAS_NUM_THREADS=1 python benchmarks/sim_exercise.py [--scenario NAME] [--keep FOLDER] [--seconds S]
        [--workers N] [--json]

Each satellite's channel is simulated as I/Q and received by ``vigie receive``, both generations: within 13 kHz of
406.05 MHz for a low satellite, 3 kHz for a higher one. Medium-orbit receptions are located every two minutes, the low
pass when it ends; every record enters the alert book in the order in which it was there, and what it decides to tell is
written as messages to centres. Nothing but the samples and the published orbits passes from the simulation on. What is
in the folder of --keep already, recordings and NAME.received.jsonl, is not made again.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from vigie import centre, instants, stages
from vigie.cli.locate import solution
from vigie.jsonl import plain
from vigie.locate.estimate import locate_one
from vigie.locate.measurement import Measurement, Settings
from vigie.orbit.files import read_files
from vigie.records import ExerciseSit, Sit
from vigie.sim import alerted, scenario, score, truth
from vigie.sim.run import simulate
from vigie.sim.world import World

WINDOW_S = 120.0
FIRST = ("first_detection", "first_alert", "first_location", "confirmed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--scenario", default="morning")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--keep", type=Path, help="keep the recordings and what came of them here")
    parser.add_argument("--workers", type=int, default=1, help="channels received at once")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    asked = scenario.load(scenario.path_of(options.scenario))
    if options.seconds:
        asked = msgspec.structs.replace(asked, duration_s=options.seconds, end=None)
    with tempfile.TemporaryDirectory() as spare:
        numbers = run(asked, options.keep or Path(spare), options.workers)
    if options.json:
        print(json.dumps(plain(numbers)))
        return
    for name in ("distress", "first_s", "alerts", "detection_rate", "by", "location", "times_s", "sits", "cpu_s"):
        print(f"{name}: {json.dumps(plain(numbers[name]))}")


def run(asked, folder, workers):
    began = time.process_time()
    if not (folder / "truth.jsonl").exists():
        simulate(asked, folder, level="samples")
    spent = {"simulate": time.process_time() - began}
    low = low_satellites(asked)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with ThreadPoolExecutor(workers) as pool:
        said = pool.map(lambda path: received(path, path.stem in low), sorted(folder.glob("*.sigmf-meta")))
        rows = [row for channel in said for row in channel]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent["receive"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
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
    distress = [name for name, told in true.beacons.items() if told.facts["distress"]]
    return {
        "distress": {name: named.get(name) for name in distress},
        "first_s": {name: {what: first(card, true.beacons[name], what) for what in FIRST} for name in distress},
        "alerts": numbers["alerts"],
        "detection_rate": numbers["all"]["detection_rate"],
        "location": numbers["all"]["location"],
        "times_s": numbers["all"]["times_s"],
        "by": {kind: group["detection_rate"] for kind, group in numbers["by"]["kind"].items()},
        "sits": sits(everything),
        "cpu_s": spent,
    }


def first(card, told, what):
    past = score.since_activation(card, [told], what)
    return round(float(past[0]), 1) if past.size and np.isfinite(past[0]) else None


def low_satellites(asked):
    return {item.name for item in World(asked).satellites if item.system == "LEO"}


def received(recording, low):
    """The lines of one channel."""
    kept = recording.with_suffix(".received.jsonl")
    if not kept.exists():
        reach = "13000" if low else "3000"
        command = [sys.executable, "-m", "vigie", "receive", str(recording), "--json", "--doppler", reach]
        kept.write_text(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return [json.loads(line) | {"satellite": recording.stem} for line in kept.read_text().splitlines()]


def sits(everything):
    """Messages that the alerts call for, by number and destination, as the French centre writes them in training."""
    settings = centre.read({"centre": {"name": "FMCC", "training": True}}, Path())
    ordered = (record for _, record in sorted(alerted.records(everything), key=lambda item: item[0]))
    stream = stages.sits(stages.alerts(stages.solutions(ordered), settings.book()), settings.centre)
    made = [record for record in stream if isinstance(record, ExerciseSit | Sit)]
    wrong = [record for record in made if isinstance(record, Sit)]
    assert not wrong, "a message of an exercise that could be sent"
    return dict(Counter(f"{record.message.number} to {record.message.to}" for record in made))


def detection(row):
    """A line of ``vigie receive`` as a detection of that satellite."""
    middle = instants.after(instants.parse(row["time"]), row.get("frequency_at_s") or 0.0)
    hex_id = (row.get("message") or {}).get("hex_id")
    return row | {
        "beacon": hex_id,
        "at": "satellite",
        "exercise": True,
        "source": "exercise",
        "middle": instants.text(middle),
        "delivered": instants.text(instants.after(instants.parse(row["time"]), 2.0)),
    }


def measurement(row, low):
    start = instants.parse(row["time"])
    precise = not low
    return Measurement(
        beacon=row["beacon"],
        time=instants.parse(row["middle"]) if low else start,
        satellite=row["satellite"],
        foa_hz=row["frequency_hz"],
        sigma_foa_hz=float(np.hypot(row["sigma_frequency_hz"], 0.05)),
        carrier_hz=406.04e6,
        toa=start if precise else None,
        sigma_toa_s=float(np.hypot(row["sigma_time_s"], 2e-6)) if precise else None,
    )


def locations(stream, asked, folder):
    orbits = read_files(sorted((folder / "orbits").iterdir()))
    low = low_satellites(asked)
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

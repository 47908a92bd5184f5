"""End to end: a scenario as samples, received, located, alerted and scored against its truth.

    OPENBLAS_NUM_THREADS=1 python benchmarks/sim_exercise.py [--scenario NAME] [--keep FOLDER] [--seconds S]
        [--workers N] [--json]

Each satellite's channel is simulated as I/Q and received by ``vigie receive``, both generations: within 13 kHz of
406.05 MHz for a low satellite, 3 kHz for a higher one. What is received while a station of its system works is followed
by the locator of ``vigie run``, in the order in which it was there and with the clock's ticks; every record enters the
alert book, and what that decides to tell is written as messages to other centres and to a rescue centre. Nothing but
the samples and the published orbits passes from the simulation on. What is in the folder of --keep already, recordings
and NAME.received.jsonl, is not made again. Ends with status 1 and says so when a distress beacon is lost, not located
or not confirmed, or an alert false.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from vigie import centre, ingest, instants, stages
from vigie.jsonl import plain
from vigie.orbit.files import read_files
from vigie.orbit.fleet import aliases
from vigie.records import ExerciseSit, Sit, Solution, Tick
from vigie.sim import alerted, scenario, score, truth
from vigie.sim.run import simulate
from vigie.sim.sky import working
from vigie.sim.world import World

LAG_S = 5.0
"""the locator's clock is this far behind, as that of the service"""
AREA = {"type": "Polygon", "coordinates": [[[-15, 40], [3, 40], [3, 52], [-15, 52], [-15, 40]]]}
CENTRE = {
    "centre": {"name": "FMCC", "training": True, "areas": "areas.geojson"},
    "destinations": {"RESCUE": {"code": "RCC1", "kind": "rcc", "form": "sit185"}},
    "countries": {"227": {"unlocated": ["RESCUE"]}},
}
"""the French centre in training, with one rescue centre of its own (invented)"""
SHOWN = ("distress", "first_s", "alerts", "detection_rate", "by", "location", "times_s", "sits", "cpu_s")
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
    else:
        for name in SHOWN:
            print(f"{name}: {json.dumps(plain(numbers[name]))}")
    for fault in numbers["short"]:
        print(f"falls short: {fault}", file=sys.stderr)
    sys.exit(1 if numbers["short"] else 0)


def short_of(numbers):
    """What is to hold of every exercise and does not; of a part that ends early some of it cannot."""
    alerts, found = numbers["alerts"], []
    found += [f"a false distress alert of {name}" for name in alerts["false"]]
    found += [f"{name} was lost" for name in alerts["lost"]]
    for name, when in numbers["first_s"].items():
        found += [f"{name}: no {what}" for what in ("first_alert", "first_location") if when[what] is None]
        # an ELT(DT) is never confirmed (USMCC manual 3.2.2.1)
        if when["confirmed"] is None and numbers["kinds"][name] != "ELT_DT":
            found.append(f"{name} was not confirmed")
    return found


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
    stream = in_sight([detection(row) for row in rows], asked)
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
    result = {
        "kinds": {name: true.beacons[name].facts["beacon_kind"] for name in distress},
        "distress": {name: named.get(name) for name in distress},
        "first_s": {name: {what: first(card, true.beacons[name], what) for what in FIRST} for name in distress},
        "alerts": numbers["alerts"],
        "detection_rate": numbers["all"]["detection_rate"],
        "location": numbers["all"]["location"],
        "times_s": numbers["all"]["times_s"],
        "by": {kind: group["detection_rate"] for kind, group in numbers["by"]["kind"].items()},
        "sits": sits(everything, folder),
        "cpu_s": spent,
    }
    return result | {"short": short_of(result)}


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


def sits(everything, folder):
    """Messages that the alerts call for, by number, form and destination."""
    area = {"type": "Feature", "properties": {"name": "RESCUE"}, "geometry": AREA}
    (folder / "areas.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [area]}))
    settings = centre.read(CENTRE, folder)
    ordered = (record for _, record in sorted(alerted.records(everything), key=lambda item: item[0]))
    stream = stages.sits(stages.alerts(stages.solutions(ordered), settings.book()), settings.centre)
    made = [record for record in stream if isinstance(record, ExerciseSit | Sit)]
    wrong = [record for record in made if isinstance(record, Sit)]
    assert not wrong, "a message of an exercise that could be sent"
    (folder / "sits.txt").write_text("\n\n".join(record.message.text for record in made) + "\n")
    told = Counter(f"{one.number} ({one.form}) to {one.to}" for one in (record.message for record in made))
    return dict(sorted(told.items()))


def detection(row):
    """A line of ``vigie receive`` as a detection of that satellite."""
    hex_id = (row.get("message") or {}).get("hex_id")
    return row | {
        "beacon": hex_id,
        "at": "satellite",
        "exercise": True,
        "source": "exercise",
        "delivered": instants.text(instants.after(instants.parse(row["time"]), 2.0)),
    }


def in_sight(rows, asked):
    """What was received while a station of the satellite's system worked."""
    systems = {item.name: item.system for item in World(asked).satellites}
    kept = []
    for row in rows:
        past_s = np.array([instants.seconds_past(instants.parse(row["time"]), asked.began)])
        stations = [one for one in asked.stations if one.system == systems[row["satellite"]]]
        if any(working(one.off, past_s)[0] for one in stations):
            kept.append(row)
    return kept


def locations(rows, asked, folder):
    """What the locator of the service finds, as rows, each with the moment at which it is found."""
    orbits = read_files(sorted((folder / "orbits").iterdir()))
    events = [(instants.parse(row["delivered"]), ingest.detection(row)) for row in rows]
    moments = [instants.after(asked.began, float(second)) for second in range(round(asked.length_s) + 10)]
    events += [(moment, Tick(instants.after(moment, -LAG_S))) for moment in moments]
    events.sort(key=lambda event: event[0])
    now = [asked.began]

    def stream():
        for moment, record in events:
            now[0] = moment
            yield record

    for record in stages.locations(stream(), orbits, aliases=aliases(orbits, asked.began)):
        if isinstance(record, Solution):
            yield plain(row_of(record)) | {"delivered": instants.text(now[0])}


def row_of(found):
    """A solution as ``vigie locate`` prints it, as far as the score reads it."""
    return {
        "beacon": found.hex_id,
        "method": found.method,
        "probability": found.probability,
        "side": None if found.probability > 0.999999 else "A" if found.probability > 0.5 else "B",
        "latitude": found.lat_deg,
        "longitude": found.lon_deg,
        "altitude_m": found.alt_m,
        "ehe_m": found.ehe_m,
        "covariance_m2": found.covariance_m2,
        "start": found.start,
        "end": found.end,
        "used": found.used,
        "satellites": found.satellites,
        "exercise": found.exercise,
        "more": found.more,
    }


if __name__ == "__main__":
    main()

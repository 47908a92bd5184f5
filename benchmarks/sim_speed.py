"""How fast the simulator is: beacon-hours a second at the level of detections, real time at the level of samples.

    OPENBLAS_NUM_THREADS=1 python benchmarks/sim_speed.py [--beacons 40] [--json]

CPU time of one process. Detections are counted with their lines written. A beacon-hour is 72 bursts of 50 s, each at
every satellite of the scenario in view. Samples: one channel of a medium-orbit satellite, noise and bursts, complex64.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import msgspec

from vigie.sim import scenario
from vigie.sim.run import simulate
from vigie.sim.scenario import Channel, Crowd, Output


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--beacons", type=int, default=40)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--seconds", type=float, default=60.0, help="of samples")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for row in (*detections(options.beacons, options.hours), *samples(options.seconds)):
        print(json.dumps(row) if options.json else "  ".join(f"{key} {value}" for key, value in row.items()))


def crowd(count):
    return Crowd(
        name="crowd", count=count, kind="PLB", position="internal", box=(20.0, -60.0, 60.0, 30.0),
        message={"protocol": "std_plb_serial", "country_code": 366, "tac": 1020, "serial_number": 1},
    )  # fmt: skip


def detections(beacons, hours):
    world = scenario.load(scenario.path_of("world"))
    for name, systems in (("LEO only", ("LEO",)), ("LEO, MEO and GEO, six stations", ("LEO", "MEO", "GEO"))):
        satellites = tuple(item for item in world.satellites if item.system in systems)
        asked = msgspec.structs.replace(
            world, satellites=satellites, beacons=(), crowds=(crowd(beacons),), interference=(), duration_s=hours * 3600
        )
        with tempfile.TemporaryDirectory() as folder:
            began = time.process_time()
            done = simulate(asked, Path(folder))
            spent = time.process_time() - began
        yield {
            "case": name,
            "beacon_hours": beacons * hours,
            "lines": done.lines,
            "cpu_s": round(spent, 2),
            "beacon_hours_per_cpu_s": round(beacons * hours / spent, 1),
            "lines_per_cpu_s": round(done.lines / spent),
        }


def samples(seconds):
    world = scenario.load(scenario.path_of("world"))
    medium = tuple(item for item in world.satellites if item.system == "MEO")
    for rate in (50e3, 100e3, 153.6e3):
        channel = Channel(satellites=("43057",), rate_hz=rate, until_s=seconds)
        asked = msgspec.structs.replace(
            world, satellites=medium, beacons=(), crowds=(crowd(20),), interference=(), duration_s=seconds + 5,
            output=Output(level="samples", channel=channel),
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            began = time.process_time()
            simulate(asked, Path(folder))
            spent = time.process_time() - began
        yield {
            "case": f"samples of one channel, {rate / 1e3:g} kHz, 20 beacons",
            "seconds": seconds,
            "cpu_s": round(spent, 2),
            "times_real_time": round(seconds / spent, 1),
        }


if __name__ == "__main__":
    main()

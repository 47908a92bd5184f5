"""What a location costs: batched single bursts, one alone, and bursts of a long track together. CPU time, one core.

OPENBLAS_NUM_THREADS=1 python benchmarks/locate_cost.py [--orbits ../shared/data/orbits] [--json]
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from vigie.geodesy import ecef_m, local_axes
from vigie.locate.batch import single_bursts
from vigie.locate.estimate import locate_one
from vigie.locate.measurement import Measurement, Settings
from vigie.locate.observe import observe
from vigie.locate.single import single_burst
from vigie.locate.uplink import path
from vigie.orbit.files import read_files

START = np.datetime64("2026-08-23T00:00:00", "ns")
SECOND = np.timedelta64(1_000_000_000, "ns")
CARRIER_HZ = 406.04e6
SETTINGS = Settings(cells="never", orbit_errors=False, motion="static")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    folder = Path(__file__).resolve().parents[2] / "shared/data/orbits"
    parser.add_argument("--orbits", type=Path, default=folder)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    orbits = read_files([options.orbits / "meosar_2026-08-22.tle"])
    rng = np.random.default_rng(0)
    for row in chain(batched(orbits, rng), single(orbits, rng), track(orbits, rng)):
        print(
            json.dumps(row) if options.json else "  ".join(f"{key} {value}" for key, value in row.items()), flush=True
        )


def batched(orbits, rng):
    """Twenty thousand bursts anywhere on Earth, N random satellites above 5 degrees."""
    times = START + np.arange(0, 86_400, 600) * SECOND
    states = [one.state(times) for one in orbits.ephemerides]
    places, speeds = (np.stack([state[part] for state in states], axis=1) for part in (0, 1))
    for count in (3, 4, 6, 10):
        size = 20_000
        lat, lon = np.degrees(np.arcsin(rng.uniform(-0.95, 0.95, size))), rng.uniform(-180, 180, size)
        truth, instant = ecef_m(lat, lon, 0.0), rng.integers(0, len(times), size)
        line = places[instant] - truth[:, None]
        sine = np.einsum("bnk,bk->bn", line, local_axes(lat, lon)[:, 2]) / np.linalg.norm(line, axis=-1)
        chosen = np.argsort(np.where(sine > np.sin(np.radians(5)), rng.random(sine.shape), 2), axis=1)[:, :count, None]
        satellite = np.take_along_axis(places[instant], chosen, 1)
        speed = np.take_along_axis(speeds[instant], chosen, 1)
        link = path(truth[:, None], np.zeros(3), satellite, speed)
        toa = link.delay_s + rng.normal(size=(size, count)) * 13e-6
        foa = CARRIER_HZ * link.ratio_less_1 + rng.normal(size=(size, count)) * 0.2
        sigma_t, sigma_f = np.full((size, count), 13e-6), np.full((size, count), 0.2)
        best = np.inf
        for _ in range(3):
            begin = time.process_time()
            fixes = single_bursts(satellite, speed, toa, sigma_t, foa, sigma_f, CARRIER_HZ, 0.0, 10.0)
            best = min(best, time.process_time() - begin)
        off = np.einsum("bij,bj->bi", local_axes(lat, lon), fixes.place_m - truth)[:, :2]
        nees = np.einsum("bi,bij,bj->b", off, np.linalg.inv(fixes.covariance_m2[:, :2, :2]), off)
        yield {
            "case": f"batched single bursts, N = {count}",
            "solutions_per_s": round(size / best),
            "sure_percent": round(100 * float(fixes.sure.mean()), 2),
            "nees_of_the_sure": round(float(nees[fixes.sure].mean()), 3),
            "sure_and_beyond_6_sigma": int(np.sum(fixes.sure & (nees > 36))),
        }


def single(orbits, rng):
    """One burst alone: on plain numbers, as a batch of one, and through the whole estimator with its search."""
    for count in (3, 4, 6, 10):
        heard, satellite, speed, toa, foa = burst(orbits, rng, count)
        sigma_t, sigma_f = np.full((1, count), 13e-6), np.full((1, count), 0.2)
        batch = partial(single_bursts, satellite, speed, toa, sigma_t, foa, sigma_f, CARRIER_HZ)
        plain = [part[0].tolist() for part in (satellite, speed, toa, sigma_t, foa, sigma_f)]
        rows = (
            ("single_burst", partial(single_burst, *plain, CARRIER_HZ), 500),
            ("batch of one", batch, 20),
            ("whole estimator", partial(locate_one, heard, orbits, SETTINGS), 20),
        )
        for name, call, repeats in rows:
            call()
            begin = time.process_time()
            for _ in range(repeats):
                call()
            yield {
                "case": f"one burst alone, N = {count}, {name}",
                "ms": round((time.process_time() - begin) / repeats * 1e3, 3),
            }


def track(orbits, rng):
    """Growth with the number of bursts, six satellites."""
    for bursts in (10, 30, 100, 300):
        heard = burst(orbits, rng, 6, bursts)[0]
        locate_one(heard, orbits, SETTINGS)
        begin = time.process_time()
        locate_one(heard, orbits, SETTINGS)
        spent = time.process_time() - begin
        yield {
            "case": f"{bursts} bursts, six satellites",
            "ms": round(spent * 1e3, 1),
            "ms_per_burst": round(spent * 1e3 / bursts, 2),
        }


def burst(orbits, rng, count, repeats=1):
    """Bursts of a beacon in the Mediterranean through its first satellites above 10 degrees, in both forms."""
    place = ecef_m(38.0, 10.0, 0.0)
    times = START + np.arange(repeats) * 20 * SECOND
    heard, states, toa, foa = [], [], [], []
    for ephemeris in orbits.ephemerides:
        arrival, received, elevation = observe(ephemeris, place, times, CARRIER_HZ)
        if elevation.min() < 10 or len(states) == count:
            continue
        states.append(ephemeris.state(arrival[:1]))
        toa.append((arrival[0] - START).astype("int64") * 1e-9)
        foa.append(received[0] - CARRIER_HZ)
        for index in range(repeats):
            name = ephemeris.names[1]
            late = np.timedelta64(round(rng.normal() * 13e3), "ns")
            value = float(received[index] + rng.normal() * 0.2)
            time_ = arrival[index] + late
            heard.append(Measurement("beacon", time_, name, str(index), value, 0.2, CARRIER_HZ, time_, 13e-6))
    satellite, speed = (np.array([state[part][0] for state in states])[None] for part in (0, 1))
    return heard, satellite, speed, np.array(toa)[None], np.array(foa)[None]


if __name__ == "__main__":
    main()

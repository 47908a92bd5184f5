"""A beacon that moves, located as if it stood still and with the model chosen by evidence.

    python benchmarks/locate_moving.py [--orbits ../shared/data/orbits] [--trials 40] [--speeds 0,0.1,3] [--json]

Six random satellites in medium orbits, first-generation noise (13 us, 0.2 Hz), one burst and six bursts 50 s apart. The
error is that of the place at the last burst. Then the filter over time: 24 bursts, the speed as stated from the start,
or from the twelfth burst on, or up to it; what it says after each from the third on. Shares come with their standard
errors; bursts of one track are not independent, so the filter's count by tracks.

``--only prior``: how often the mixture of all models holds the truth, in the linearised problem of random scenes with
twenty draws of noise each. Quick enough to choose the odds of the models by.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from vigie.geodesy import distance_m, ecef_m, geodetic, local_axes
from vigie.locate import ellipse
from vigie.locate.estimate import locate_one
from vigie.locate.follow import follow
from vigie.locate.grouping import bursts as grouped
from vigie.locate.measurement import Measurement, Settings
from vigie.locate.motion import models
from vigie.locate.normal import evaluate
from vigie.locate.observe import observe
from vigie.locate.problem import build
from vigie.locate.rows import gather
from vigie.orbit.files import read_files
from vigie.orbit.passes import look

START = np.datetime64("2026-08-23T00:00:00", "ns")
SECOND = np.timedelta64(1_000_000_000, "ns")
CARRIER_HZ = 406.04e6
COUNT = 24
SETTINGS = Settings(cells="never", orbit_errors=False, altitude_sigma_m=100.0, wander_ppb=0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    folder = Path(__file__).resolve().parents[2] / "shared/data/orbits"
    parser.add_argument("--orbits", type=Path, default=folder)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--only", choices=["batch", "filter", "changes", "prior"], default=None)
    parser.add_argument("--speeds", default="0,0.1,0.3,1,3,10,60", help="metres a second, of batch and filter")
    parser.add_argument("--bursts", default="1,6", help="of the batch")
    parser.add_argument("--seed", type=int, default=0, help="of the random places, satellites, courses and noise")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    orbits = read_files([options.orbits / "meosar_2026-08-22.tle"])
    speeds = [float(text) for text in options.speeds.split(",")]
    trials, seed = options.trials, options.seed
    steady = [("all the time", 0, COUNT, speed) for speed in speeds]
    changes = [("from burst 12", 12, COUNT, 3.0), ("from burst 12", 12, COUNT, 10.0)]
    changes += [("until burst 12", 0, 12, 3.0), ("until burst 12", 0, 12, 10.0)]
    rows = {
        "batch": batch(orbits, trials, speeds, seed, [int(text) for text in options.bursts.split(",")]),
        "filter": filtered(orbits, trials, steady, seed),
        "changes": filtered(orbits, trials, changes, seed),
        "prior": prior(orbits, trials, speeds, seed),
    }
    for name, found in rows.items():
        if options.only in (None, name):
            for row in found:
                text = json.dumps(row) if options.json else "  ".join(f"{key} {value}" for key, value in row.items())
                print(text, flush=True)


def batch(orbits, trials, speeds, seed, counts):
    """All bursts solved together."""
    for bursts in counts:
        for speed in speeds:
            rng = np.random.default_rng((seed, int(speed * 10), bursts))
            found: dict[str, list[tuple[float, float, float, bool]]] = {"static": [], "auto": []}
            for _ in range(trials):
                heard, places, velocities = scene(orbits, rng, speed, bursts)
                for motion in ("static", "auto"):
                    settings = replace(SETTINGS, motion=motion)
                    fix = locate_one(heard, orbits, settings)[0]
                    if fix.lat_deg is None or fix.lon_deg is None:
                        continue
                    miss = float(distance_m(*places[-1], fix.lat_deg, fix.lon_deg))
                    own = np.array(fix.velocity_mps or (0.0, 0.0))
                    found[motion].append((miss, fix.ehe_m or 0.0, float(np.hypot(*(own - velocities[-1]))), fix.moving))
            for motion, rows in found.items():
                if not rows:
                    yield {"speed_mps": speed, "bursts": bursts, "model": motion, "without_a_place_percent": 100.0}
                    continue
                miss, ehe, wrong, moving = (np.array(column) for column in zip(*rows, strict=True))
                row = {
                    "speed_mps": speed,
                    "bursts": bursts,
                    "model": motion,
                    "p50_km": round(float(np.median(miss)) / 1e3, 2),
                    "p95_km": round(float(np.quantile(miss, 0.95)) / 1e3, 2),
                    "ehe_p50_km": round(float(np.median(ehe)) / 1e3, 2),
                    "in_ehe_percent": _share(miss < ehe),
                    "velocity_error_p50_mps": round(float(np.median(wrong)), 2),
                    "said_to_move_percent": round(100 * float(np.mean(moving)), 1),
                    "without_a_place_percent": round(100 * (1 - len(rows) / trials), 1),
                    "trials": trials,
                }
                yield row


def filtered(orbits, trials, cases, seed):
    """Followed burst by burst."""
    for case, start, stop, speed in cases:
        rng = np.random.default_rng((seed, int(speed * 10), start, stop))
        rows, spent = [], 0.0
        for track in range(trials):
            heard, places, velocities = scene(orbits, rng, speed, COUNT, start, stop)
            heard.sort(key=lambda item: item.time)
            begin = time.process_time()
            for burst, fixes in enumerate(follow(heard, orbits, SETTINGS)):
                fix = fixes[0]
                if burst >= 2 and fix.solved:
                    miss = float(distance_m(*places[burst], fix.lat_deg, fix.lon_deg))
                    own = np.array(fix.velocity_mps or (0.0, 0.0))
                    wrong = float(np.hypot(*(own - velocities[burst])))
                    rows.append((track, burst, miss, fix.ehe_m, wrong, fix.moving))
            spent += time.process_time() - begin
        track, burst, miss, ehe, wrong, moving = (np.array(column) for column in zip(*rows, strict=True))
        last = burst >= COUNT - 4
        yield {
            "case": f"filter, moving {case}",
            "speed_mps": speed,
            "p50_km_of_the_last_four": round(float(np.median(miss[last])) / 1e3, 2),
            "p95_km": round(float(np.quantile(miss[last], 0.95)) / 1e3, 2),
            "ehe_p50_km": round(float(np.median(ehe[last])) / 1e3, 2),
            "in_ehe_percent_of_all": _share(miss < ehe, track),
            "in_ehe_percent_of_the_last_four": _share(miss[last] < ehe[last], track[last]),
            "velocity_error_p50_mps": round(float(np.median(wrong[last])), 2),
            "said_to_move_percent": round(100 * float(np.mean(moving[last])), 1),
            "tracks": trials,
            "ms_per_burst": round(1e3 * spent / trials / COUNT, 1),
        }


def prior(orbits, trials, speeds, seed):
    """The mixture of models on Gaussian draws from the information that scenes of each length hold."""
    for bursts_n in (1, 3, 6, 12, 24):
        rng = np.random.default_rng((seed, bursts_n))
        known = [_information(*scene(orbits, rng, 0.0, bursts_n)[:2], orbits) for _ in range(trials)]
        for speed in speeds:
            rng, inside, radius = np.random.default_rng(seed), [], []
            for information in known:
                spread = np.linalg.cholesky(np.linalg.inv(information))
                for course in rng.uniform(0, 2 * np.pi, 20):
                    truth = np.array([0, 0, 0, speed * np.sin(course), speed * np.cos(course)])
                    off, ehe = _mixed(information, truth + spread @ rng.normal(size=5))
                    inside.append(np.hypot(*off) < ehe)
                    radius.append(ehe)
            yield {
                "case": f"prior, {bursts_n} bursts",
                "speed_mps": speed,
                "in_ehe_percent": _share(np.array(inside)),
                "ehe_p50_km": round(float(np.median(radius)) / 1e3, 2),
            }


def _information(heard, places, orbits):
    """Of place and velocity (5, 5), nothing assumed of the velocity."""
    gathered, _ = gather(grouped(heard)[0], orbits)
    problem = replace(build(gathered, gathered.rows, SETTINGS), speed_sigma_mps=1e4)
    return evaluate(problem, ecef_m(*places[-1], 0.0)[None], np.zeros((1, 2))).matrix[0]


def _mixed(information, found):
    """Place (east, north) and 95 % radius that the models together make of an estimate (5,) with that information."""
    weights, offsets, covariances = [], [], []
    for model in models(SETTINGS):
        size = 3 if model.still else 5
        matrix, pull = information[:size, :size].copy(), information[:size] @ found
        if not model.still:
            matrix[[3, 4], [3, 4]] += model.speed_mps**-2
        mean = np.zeros(5)
        mean[:size] = np.linalg.solve(matrix, pull)
        left = found - mean
        cost = left @ information @ left + (0 if model.still else mean[3:] @ mean[3:] / model.speed_mps**2)
        room = -0.5 * np.linalg.slogdet(matrix)[1] - (0 if model.still else 2 * np.log(model.speed_mps))
        weights.append(-0.5 * cost + room + np.log(model.odds))
        offsets.append(mean[:2])
        covariances.append(np.linalg.inv(matrix)[:2, :2])
    share = np.exp(np.array(weights) - max(weights))
    return share @ np.array(offsets) / share.sum(), ellipse.mixture(share, offsets, covariances)[2]


def _share(inside, track=None):
    """Percentage, and its standard error: over tracks, or over single trials."""
    inside = inside.astype(float)
    each = inside if track is None else np.array([np.mean(inside[track == one]) for one in np.unique(track)])
    # with few outside the share's own scatter says little: what a share of 95 % would scatter by is the least
    spread = max(float(np.std(each)), np.sqrt(0.95 * 0.05) if track is None else 0.0)
    return f"{100 * float(np.mean(inside)):.1f} +- {100 * spread / np.sqrt(len(each)):.1f}"


def scene(orbits, rng, speed, bursts, start=0, stop=10**9):
    """Measurements of a beacon that moves between two bursts; its places (degrees) and velocities (east, north)."""
    lat, lon = float(np.degrees(np.arcsin(rng.uniform(-0.94, 0.94)))), float(rng.uniform(-180, 180))
    begin = START + int(rng.integers(0, 80_000)) * SECOND
    course = rng.uniform(0, 2 * np.pi)
    velocity = speed * np.array([np.sin(course), np.cos(course)])
    times = begin + np.arange(bursts) * 50 * SECOND
    moving = ((np.arange(bursts) >= start) & (np.arange(bursts) < stop))[:, None]
    where, speeds = [ecef_m(lat, lon, 0.0)], []
    for burst in range(bursts):  # along the ellipsoid, on a steady course
        speeds.append(velocity @ local_axes(*geodetic(where[-1])[:2])[:2] * moving[burst])
        onwards = geodetic(where[-1] + speeds[-1] * 50.0)
        where.append(ecef_m(onwards[0], onwards[1], 0.0))
    where, speeds = np.array(where[:-1]), np.array(speeds)
    site, axes = ecef_m(lat, lon, 0.0), local_axes(lat, lon)
    seen = [one for one in orbits.ephemerides if look(site, axes, one.state(np.array([begin]))[0])[0][0] > 8.0]
    sent = CARRIER_HZ + rng.normal() * 500 + rng.normal(size=bursts) * 0.2
    heard = []
    for index in rng.choice(len(seen), 6, replace=False):
        arrival, received, elevation = observe(seen[index], where, times, sent, speeds, tec=15.0, troposphere=True)
        for burst in np.flatnonzero(elevation > 2.0):
            late = arrival[burst] + np.timedelta64(round(rng.normal() * 13e-6 * 1e9), "ns")
            foa = float(received[burst] + rng.normal() * 0.2)
            name = seen[index].names[1]
            heard.append(Measurement("beacon", late, name, str(burst), foa, 0.2, CARRIER_HZ, late, 13e-6))
    lat_deg, lon_deg, _ = geodetic(where)
    return heard, list(zip(lat_deg.tolist(), lon_deg.tolist(), strict=True)), velocity * moving


if __name__ == "__main__":
    main()

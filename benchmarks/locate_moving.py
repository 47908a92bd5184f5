"""A beacon that moves, located as if it stood still and with the model chosen by evidence.

    python benchmarks/locate_moving.py [--orbits ../shared/data/orbits] [--trials 40] [--json]

Six random satellites in medium orbits, first-generation noise (13 us, 0.2 Hz), one burst and six bursts 50 s apart. The
error is that of the place at the last burst.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from vigie.geodesy import distance_m, ecef_m, geodetic, local_axes
from vigie.locate.estimate import locate_one
from vigie.locate.measurement import Measurement, Settings
from vigie.locate.observe import observe
from vigie.orbit.files import read_files
from vigie.orbit.passes import look

START = np.datetime64("2026-08-23T00:00:00", "ns")
SECOND = np.timedelta64(1_000_000_000, "ns")
CARRIER_HZ = 406.04e6
SETTINGS = Settings(cells="never", orbit_errors=False, altitude_sigma_m=100.0, wander_ppb=0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    folder = Path(__file__).resolve().parents[2] / "shared/data/orbits"
    parser.add_argument("--orbits", type=Path, default=folder)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    orbits = read_files([options.orbits / "meosar_2026-08-22.tle"])
    for bursts in (1, 6):
        for speed in (0.0, 1.0, 3.0, 10.0, 60.0):
            rng = np.random.default_rng(int(speed) + bursts)
            found: dict[str, list[tuple[float, float, float, bool]]] = {"static": [], "auto": []}
            for _ in range(options.trials):
                heard, truth, velocity = scene(orbits, rng, speed, bursts)
                for motion in ("static", "auto"):
                    settings = replace(SETTINGS, motion=motion)
                    fix = locate_one(heard, orbits, settings)[0]
                    if fix.lat_deg is None or fix.lon_deg is None:
                        continue
                    miss = float(distance_m(*truth, fix.lat_deg, fix.lon_deg))
                    own = np.array(fix.velocity_mps or (0.0, 0.0))
                    found[motion].append((miss, fix.ehe_m or 0.0, float(np.hypot(*(own - velocity))), fix.moving))
            for motion, rows in found.items():
                miss, ehe, wrong, moving = (np.array(column) for column in zip(*rows, strict=True))
                row = {
                    "speed_mps": speed,
                    "bursts": bursts,
                    "model": motion,
                    "p50_km": round(float(np.median(miss)) / 1e3, 2),
                    "p95_km": round(float(np.quantile(miss, 0.95)) / 1e3, 2),
                    "ehe_p50_km": round(float(np.median(ehe)) / 1e3, 2),
                    "in_ehe_percent": round(100 * float(np.mean(miss < ehe)), 1),
                    "velocity_error_p50_mps": round(float(np.median(wrong)), 2),
                    "said_to_move_percent": round(100 * float(np.mean(moving)), 1),
                    "trials": len(rows),
                }
                text = json.dumps(row) if options.json else "  ".join(f"{key} {value}" for key, value in row.items())
                print(text, flush=True)


def scene(orbits, rng, speed, bursts):
    """Measurements, the place at the last burst (degrees) and the velocity (east, north)."""
    lat, lon = float(np.degrees(np.arcsin(rng.uniform(-0.94, 0.94)))), float(rng.uniform(-180, 180))
    start = START + int(rng.integers(0, 80_000)) * SECOND
    course = rng.uniform(0, 2 * np.pi)
    velocity = speed * np.array([np.sin(course), np.cos(course)])
    own = velocity @ local_axes(lat, lon)[:2]
    times = start + np.arange(bursts) * 50 * SECOND
    where = ecef_m(lat, lon, 0.0) + own * (np.arange(bursts) * 50.0)[:, None]
    site, axes = ecef_m(lat, lon, 0.0), local_axes(lat, lon)
    seen = [one for one in orbits.ephemerides if look(site, axes, one.state(np.array([start]))[0])[0][0] > 8.0]
    sent = CARRIER_HZ + rng.normal() * 500 + rng.normal(size=bursts) * 0.2
    heard = []
    for index in rng.choice(len(seen), 6, replace=False):
        arrival, received, _ = observe(seen[index], where, times, sent, own, tec=15.0, troposphere=True)
        for burst in range(bursts):
            time = arrival[burst] + np.timedelta64(round(rng.normal() * 13e-6 * 1e9), "ns")
            foa = float(received[burst] + rng.normal() * 0.2)
            name = seen[index].names[1]
            heard.append(Measurement("beacon", time, name, str(burst), foa, 0.2, CARRIER_HZ, time, 13e-6))
    end = geodetic(where[-1])
    return heard, (float(end[0]), float(end[1])), velocity


if __name__ == "__main__":
    main()

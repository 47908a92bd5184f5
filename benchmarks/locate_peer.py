"""Against two peers, on the same input in the same run: Orekit for the physics, gnss_lib_py for the algorithm.

    pip install orekit-jpype gnss-lib-py      # Orekit needs a Java virtual machine
    python benchmarks/locate_peer.py --data ../shared/data [--only orekit|gnss_lib_py] [--json]

orekit       places and velocities of satellites from the same elements (SGP4, TEME to Earth-fixed), one-way range and
             range rate to a ground point. Orekit reads the Earth orientation and leap seconds of ``astropy-iers-data``.
gnss_lib_py  snapshot weighted least squares of the code measurements of every epoch at Esbjerg; then what each further
             term of our model changes, one after another, down to the solution of the whole day.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from locate_real import C_MPS, ESBC_M, gnss_measurements
from vigie.geodesy import ecef_m, geodetic, local_axes
from vigie.locate.estimate import locate_one
from vigie.locate.grouping import bursts
from vigie.locate.measurement import Measurement, Settings
from vigie.locate.problem import build
from vigie.locate.rows import gather
from vigie.locate.solver import minimise
from vigie.locate.uplink import path
from vigie.orbit.ephemeris import Orbits
from vigie.orbit.files import read_files

START = np.datetime64("2026-08-23T09:00:00", "ns")
SECOND = np.timedelta64(1_000_000_000, "ns")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
    parser.add_argument("--only", choices=["orekit", "gnss_lib_py"], default=None)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for name, rows in (("orekit", orekit), ("gnss_lib_py", gnss_lib_py)):
        if options.only in (None, name):
            for row in rows(options.data):
                text = json.dumps(row) if options.json else "  ".join(f"{key} {value}" for key, value in row.items())
                print(text, flush=True)


def orekit(data: Path) -> Iterator[dict[str, Any]]:
    """Low, medium and stationary satellites, twelve instants within a day."""
    import orekit_jpype

    orekit_jpype.initVM()
    _orekit_data()
    from org.hipparchus.geometry.euclidean.threed import Vector3D
    from org.orekit.bodies import GeodeticPoint, OneAxisEllipsoid
    from org.orekit.estimation.measurements import GroundStation, ObservableSatellite, Range, RangeRate
    from org.orekit.frames import FramesFactory, TopocentricFrame
    from org.orekit.orbits import CartesianOrbit
    from org.orekit.propagation import SpacecraftState
    from org.orekit.propagation.analytical.tle import TLE, TLEPropagator
    from org.orekit.time import AbsoluteDate, TimeScalesFactory
    from org.orekit.utils import Constants, IERSConventions, PVCoordinates

    utc = TimeScalesFactory.getUTC()
    fixed = FramesFactory.getITRF(IERSConventions.IERS_2010, True)
    ground = ecef_m(43.0, 5.0, 100.0)
    earth = OneAxisEllipsoid(Constants.WGS84_EARTH_EQUATORIAL_RADIUS, Constants.WGS84_EARTH_FLATTENING, fixed)
    # none of the Earth's motion is estimated: offset and drift of the prime meridian and pole stay zero
    station = GroundStation(TopocentricFrame(earth, GeodeticPoint(np.radians(43.0), np.radians(5.0), 100.0), "here"))
    drivers = (
        *(station.getPrimeMeridianOffsetDriver(), station.getPolarOffsetXDriver(), station.getPolarOffsetYDriver()),
        *(station.getPrimeMeridianDriftDriver(), station.getPolarDriftXDriver(), station.getPolarDriftYDriver()),
    )
    for driver in drivers:
        driver.setReferenceDate(AbsoluteDate(2026, 8, 23, 9, 0, 0.0, utc))
    for kind in ("leo", "meo", "geo"):
        file = data / f"orbits/{kind}sar_2026-08-22.tle"
        ours = read_files([file])
        off: dict[str, list[Any]] = {name: [] for name in ("place", "speed", "range", "rate", "rate_exact")}
        spent = {"orekit": 0.0, "vigie": 0.0}
        for first, second in _sets(file)[:12]:
            propagator = TLEPropagator.selectExtrapolator(TLE(first, second))
            ephemeris = ours.find(first[2:7])
            assert ephemeris is not None
            for hours in range(0, 24, 2):
                instant = START + hours * 3600 * SECOND
                date = AbsoluteDate(2026, 8, 23, 9, 0, 0.0, utc).shiftedBy(float(hours * 3600))
                begin = time.process_time()
                position, velocity = ephemeris.state(np.array(instant))
                spent["vigie"] += time.process_time() - begin
                begin = time.process_time()
                theirs = propagator.getPVCoordinates(date, fixed)
                spent["orekit"] += time.process_time() - begin
                off["place"].append(np.linalg.norm(_array(theirs.getPosition()) - position))
                off["speed"].append(np.linalg.norm(_array(theirs.getVelocity()) - velocity))
                # the link alone: the same place and velocity for both
                own = PVCoordinates(Vector3D(*position.tolist()), Vector3D(*velocity.tolist()))
                inertial = fixed.getTransformTo(FramesFactory.getEME2000(), date).transformPVCoordinates(own)
                inertial = PVCoordinates(inertial.getPosition(), inertial.getVelocity())  # gravity's own acceleration
                orbit = CartesianOrbit(inertial, FramesFactory.getEME2000(), date, Constants.WGS84_EARTH_MU)
                state, heard = SpacecraftState(orbit), ObservableSatellite(0)
                far = Range(station, False, date, 0.0, 1.0, 1.0, heard).estimate(0, 0, [state])
                fast = RangeRate(station, date, 0.0, 1.0, 1.0, False, heard).estimate(0, 0, [state])
                link = _down(ephemeris, ground, instant)
                if link.direction @ ground < 0:
                    continue  # below the horizon
                off["range"].append(abs(far.getEstimatedValue()[0] - link.delay_s * C_MPS))
                theirs_mps = fast.getEstimatedValue()[0]
                off["rate"].append(abs(theirs_mps + link.ratio_less_1 * C_MPS))
                # the exact ratio of frequencies is 1 - rate / c plus terms of second order in speed over c
                off["rate_exact"].append(abs(theirs_mps + _first_order(ephemeris, ground, instant) * C_MPS))
        yield {
            "case": f"orekit, {kind}",
            "place_m": _worst(off["place"]),
            "velocity_mmps": _worst(np.array(off["speed"]) * 1e3),
            "one_way_range_m": _worst(off["range"]),
            "range_rate_mmps": _worst(np.array(off["rate"]) * 1e3),
            "range_rate_to_first_order_mmps": _worst(np.array(off["rate_exact"]) * 1e3),
            "us_a_state": {name: round(value / len(off["place"]) * 1e6) for name, value in spent.items()},
        }


def _worst(values: Any) -> float:
    return float(f"{np.max(values):.3g}")


def _array(vector: Any) -> Any:
    return np.array([vector.getX(), vector.getY(), vector.getZ()])


def _sets(file: Path) -> list[tuple[str, str]]:
    lines = [line.rstrip() for line in file.read_text().splitlines()]
    return [(one, two) for one, two in pairwise(lines) if one[:2] == "1 " and two[:2] == "2 "]


def _down(ephemeris: Any, ground: Any, received: np.datetime64, relativity: bool = False) -> Any:
    """The link from a satellite to the ground by the moment of reception, as Orekit's ranges have it."""
    delay = 0.08
    for _ in range(5):
        left = received - np.timedelta64(round(delay * 1e9), "ns")
        link = path(ground, np.zeros(3), *ephemeris.state(np.array(left)), sense=1, relativity=relativity)
        delay = float(link.delay_s)
    return link


def _first_order(ephemeris: Any, ground: Any, received: np.datetime64) -> float:
    """Minus the geometric range rate over c, on axes that do not turn: the ratio without its squares."""
    link = _down(ephemeris, ground, received)
    spin = np.array([0.0, 0.0, 7.292115e-5])
    left = received - np.timedelta64(round(float(link.delay_s) * 1e9), "ns")
    position, velocity = ephemeris.state(np.array(left))
    turn = spin[2] * float(link.delay_s)
    cos, sin = np.cos(turn), np.sin(turn)
    there = np.array([cos * ground[0] - sin * ground[1], sin * ground[0] + cos * ground[1], ground[2]])
    line = position - there
    relative = velocity + np.cross(spin, position) - np.cross(spin, there)
    return -float(line @ relative / np.linalg.norm(line)) / C_MPS


def _orekit_data() -> None:
    """Earth orientation and leap seconds for Orekit, from the same package that we take them from."""
    import astropy_iers_data
    from java.io import File
    from org.orekit.data import DataContext, DirectoryCrawler

    folder = Path(tempfile.mkdtemp())
    shutil.copy(astropy_iers_data.IERS_A_FILE, folder / "finals2000A.all")
    rows = []
    for line in Path(astropy_iers_data.IERS_LEAP_SECOND_FILE).read_text().splitlines():
        if line.strip() and line[0] != "#":
            mjd, day, month, year, offset = line.split()
            start = f" {year} {MONTHS[int(month) - 1]} {int(day):2d} =JD {float(mjd) + 2400000.5:9.1f}"
            rows.append(f"{start}  TAI-UTC= {float(offset):11.7f} S + (MJD - 41317.) X 0.0      S")
    (folder / "tai-utc.dat").write_text("\n".join(rows) + "\n")
    DataContext.getDefault().getDataProvidersManager().addProvider(DirectoryCrawler(File(str(folder))))


def gnss_lib_py(data: Path) -> Iterator[dict[str, Any]]:
    """Every epoch alone by the peer and by us; then our terms one by one."""
    from gnss_lib_py.algorithms.snapshot import wls

    measurements = gnss_measurements(data, "sp3", "toa")
    epochs: dict[str, list[Measurement]] = {}
    for item in measurements:
        epochs.setdefault(str(item.burst), []).append(item)
    groups = [items for items in epochs.values() if len(items) >= 6]
    peer, spent = [], 0.0
    for items in groups:
        satellites = np.array([item.satellite_ecef_m for item in items])
        # measurements stand for reception at one moment: what differs is when the signals left
        seconds = np.array([float((item.time - items[0].time).astype("int64")) * 1e-9 for item in items])
        ranges = ((seconds + 0.075) * C_MPS)[:, None]
        begin = time.process_time()
        # a first solution gives the clock, by which light times are told from pseudoranges
        found = wls(np.zeros((4, 1)), satellites.copy(), ranges)  # it turns the array that it is given
        found = wls(found, satellites.copy(), ranges - found[3, 0])
        spent += time.process_time() - begin
        peer.append(found[:3, 0])
    yield {"case": f"gnss_lib_py, {len(peer)} epochs alone"} | _errors(peer, spent)
    free: dict[str, Any] = {"altitude_sigma_m": 1e5, "known_altitude_sigma_m": 1e5}
    bare = {"tec_tecu": 0.0, "tec_sigma_tecu": 0.0, "troposphere": False}
    steps = {
        "ours: equal weights, no air, height free": (free | bare, True),
        "weights by C/N0": (free | bare, False),
        "troposphere": (free | bare | {"troposphere": True}, False),
        "ionosphere of 15 TECU": (free | {"tec_sigma_tecu": 0.0}, False),
        "its error an unknown": (free, False),
        "height known": ({"known_altitude_sigma_m": 1.0}, False),
    }
    for name, (more, equal) in steps.items():
        settings = Settings(direction="down", relativity=False, motion="static", orbit_errors=False, **more)
        places, spent = [], 0.0
        for items in groups:
            place, seconds_used = _ours(items, settings, equal)
            places.append(place)
            spent += seconds_used
        row: dict[str, Any] = {"case": f"{name}, epochs alone"} | _errors(places, spent)
        if equal:
            row["from_the_peer_mm"] = _worst(np.linalg.norm(np.array(places) - np.array(peer), axis=1) * 1e3)
        yield row
    whole = Settings(
        direction="down",
        relativity=False,
        motion="static",
        orbit_errors=False,
        known_altitude_sigma_m=1.0,
        wander_ppb=1e6,
        epoch_gap_s=1e9,
    )
    begin = time.process_time()
    fix = locate_one(measurements, settings=whole)[0]
    place = ecef_m(fix.lat_deg or 0.0, fix.lon_deg or 0.0, fix.alt_m or 0.0)
    yield {"case": "the whole day together"} | _errors([place], time.process_time() - begin)


def _ours(items: list[Measurement], settings: Settings, equal: bool) -> tuple[Any, float]:
    """Place of one epoch by our equations, from the same start; and the time that took."""
    from dataclasses import replace

    if equal:
        items = [replace(item, sigma_toa_s=1e-8) for item in items]
    gathered, _ = gather(bursts(items)[0], Orbits(()))
    assert gathered is not None
    begin = time.process_time()
    problem = build(gathered, gathered.rows, settings)
    lat, lon, _ = geodetic(np.mean(gathered.rows.satellite_m, axis=0))
    place = minimise(problem, ecef_m(lat, lon, 0.0)[None])[0][0]
    return place, time.process_time() - begin


def _errors(places: list[Any], spent: float) -> dict[str, Any]:
    lat, lon, _ = geodetic(ESBC_M)
    off = (np.array(places) - ESBC_M) @ local_axes(lat, lon).T
    across = np.hypot(off[:, 0], off[:, 1])
    return {
        "across_p50_m": round(float(np.median(across)), 2),
        "up_p50_m": round(float(np.median(off[:, 2])), 2),
        "rms_3d_m": round(float(np.sqrt(np.mean(np.sum(off**2, axis=1)))), 2),
        "ms_each": round(spent / len(places) * 1e3, 2),
    }


if __name__ == "__main__":
    main()

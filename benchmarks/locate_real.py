"""Real measurements against known places: Iridium Doppler in Hong Kong, GPS and Galileo in Esbjerg.

    python benchmarks/locate_real.py --data ../shared/data [--json]

The satellites send and the ground receives, so the path is run the other way (``direction="down"``); everything else is
the estimator as beacons use it. Truth is used for the errors alone (and the known height, where the row says so).

The station's place in its file is Denmark's ETRS89, which moves with Europe; precise orbits are on the Earth's axes
(ITRF2014). By 2020 the two were 0.77 m apart, so errors are against the place on the Earth's axes, and
``against_the_file_m`` is the other one.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from vigie.geodesy import ecef_m, geodetic, local_axes
from vigie.locate.estimate import locate_one
from vigie.locate.measurement import Fix, Measurement, Settings
from vigie.orbit.files import read_files, text_of

C_MPS = 299_792_458.0
IRIDIUM_HZ, L1_HZ = 1_626.270833e6, 1_575.42e6
ESBC_FILE_M = np.array([3582105.2910, 532589.7313, 5232754.8054])
ESBC_2015_M = np.array([3582104.8458, 532590.0946, 5232755.0863])
"""ITRF2014, epoch 2015.0: the pair that tests the Nordic transformation to ETRS89-DNK (EPSG:1080), whose other half is
the file's place to a millimetre"""
EURASIA_RADPY = np.radians(np.array([-0.085, -0.531, 0.770]) / 3_600e3)
"""rotation of the plate, Altamimi et al., Geophys. J. Int. 209, 2017, table 1"""
ESBC_M = ESBC_2015_M + np.cross(EURASIA_RADPY, ESBC_2015_M) * 5.48
DAY = np.datetime64("2020-06-25", "ns")
SPIN = np.array([0.0, 0.0, 7.292115e-5])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
    parser.add_argument("--trials", type=int, default=200, help="of the noise-added table, per number of satellites")
    parser.add_argument(
        "--only", choices=["all", "plain"], default="all", help="plain: no noise-added rows, no windows"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [iridium(options.data), iridium(options.data, known_height=False), iridium(options.data, exact_states=True)]
    for source in ("sp3", "broadcast", "tle"):
        rows += [gnss(options.data, source, use) for use in ("toa", "foa", "both")]
    rows += [gnss(options.data, "sp3", use, air=False) for use in ("toa", "foa")]
    if options.only == "all":
        rows += noisy(options.data, options.trials)
        rows += windows(options.data, max(options.trials * 3 // 20, 3))
    for row in rows:
        print(json.dumps(row) if options.json else "  ".join(f"{key} {value}" for key, value in row.items()))


def iridium(data: Path, known_height: bool = True, exact_states: bool = False) -> dict[str, Any]:
    """Nine Iridium satellites, 436 Doppler values in 35 s, satellite states given (made from TLE).

    The states' error is taken as that of TLE half a day old, 1 km along the track; ``exact_states``: as none.
    """
    with (data / "location/iridium_hk/Iridium_Doppler_measurements.csv").open() as file:
        rows = list(csv.reader(file))[1:]
    lat, lon, alt = (float(value) for value in rows[0][10:13])
    start = np.datetime64("2024-01-01", "ns")  # the file gives seconds alone; the date has no part in the model
    measurements = [
        Measurement(
            "receiver",
            start + np.timedelta64(round(float(row[0]) * 1e9), "ns"),
            row[1],
            burst=str(index),
            foa_hz=IRIDIUM_HZ + float(row[2]),
            sigma_foa_hz=5.0,
            carrier_hz=IRIDIUM_HZ,
            satellite_ecef_m=(float(row[3]), float(row[4]), float(row[5])),
            satellite_velocity_mps=(float(row[6]), float(row[7]), float(row[8])),
            satellite_sigma_m=None if exact_states else 1_000.0,
            altitude_m=alt if known_height else None,
        )
        for index, row in enumerate(rows)
    ]
    settings = Settings(direction="down", wander_ppb=0.0, motion="static", known_altitude_sigma_m=1.0)
    fix, seconds = _timed(measurements, settings)
    name = "iridium_hk" + ("" if known_height else ", height free") + (", states exact" if exact_states else "")
    return {"case": name} | _result(fix, ecef_m(lat, lon, alt), seconds)


def gnss(data: Path, source: str, use: str, air: bool = True) -> dict[str, Any]:
    """GPS and Galileo code and Doppler of 23.5 h: ``source`` sp3, broadcast or tle; ``use`` toa, foa or both."""
    measurements = gnss_measurements(data, source, use)
    settings = Settings(
        direction="down",
        relativity=False,  # it is in the satellites' clocks
        wander_ppb=1e6,  # every epoch its own receiver frequency
        motion="static",
        known_altitude_sigma_m=1.0,
        orbit_errors=source == "tle",
        epoch_gap_s=1e9,
        tec_tecu=15.0 if air else 0.0,
        tec_sigma_tecu=15.0 if air else 0.0,
        troposphere=air,
        reject=source != "tle",  # elements of another quality each: no satellite is wrong, all are
    )
    fix, seconds = _timed(measurements, settings)
    return {"case": f"gnss_esbc {source} {use}" + ("" if air else ", no air")} | _result(
        fix, ESBC_M, seconds, ESBC_FILE_M
    )


def gnss_measurements(data: Path, source: str, use: str) -> list[Measurement]:
    """The observations with the satellites' clocks taken off, and the satellites' states when the signals left."""
    folder = data / "orbits/precise_2020-06-25"
    precise = read_files([folder / "GRG0MGXFIN_20201770000_01D_15M_ORB.SP3.gz"])
    file = {
        "sp3": None,
        "broadcast": "ESBC00DNK_R_20201770000_01D_MN.rnx.gz",
        "tle": "gps_galileo_tle_2020-06-22_26.txt",
    }
    name = file[source]
    orbits = precise if name is None else read_files([folder / name])
    listed = (folder / "norad_prn_2020.csv").read_text().splitlines()
    delays = group_delays(folder / "ESBC00DNK_R_20201770000_01D_MN.rnx.gz")
    numbers = {row.split(",")[2]: row.split(",")[3].rstrip("U") for row in listed}
    with (data / "location/gnss_esbc_2020177/obs_30min.csv").open() as lines:
        observations = list(csv.reader(lines))[1:]
    height = float(geodetic(ESBC_M)[2])
    found = []
    for second, prn, code_m, doppler_hz, cn0 in observations:
        clocks, orbit = precise.find(prn), orbits.find(numbers.get(prn, "-") if source == "tle" else prn)
        if clocks is None or orbit is None:
            continue
        received = DAY + _ns(float(second) - 18.0)  # GPS to UTC
        left = np.array(received - _ns(float(code_m) / C_MPS))
        offset = float(clocks.clock(left)) + _eccentricity(clocks, left) - delays.get(prn, 0.0)
        minute = _ns(30.0)
        rate = float(clocks.clock(left + minute) - clocks.clock(left - minute)) / 60
        rate += _eccentricity(clocks, left + _ns(1.0)) - _eccentricity(clocks, left)
        position, velocity = orbit.state(left - _ns(offset))
        if not (np.isfinite(position).all() and np.isfinite(offset)):
            continue
        toa = received + _ns(float(code_m) / C_MPS + offset)  # one reception: what differs is when the signals left
        weak = 10 ** ((45 - float(cn0)) / 20)
        found.append(
            Measurement(
                "station",
                toa,
                prn,
                burst=second,
                foa_hz=L1_HZ * (1 - rate) + float(doppler_hz) if use != "toa" else None,
                sigma_foa_hz=0.15 * weak,
                carrier_hz=L1_HZ,
                toa=toa if use != "foa" else None,
                sigma_toa_s=3.0 / C_MPS * weak,
                satellite_ecef_m=tuple(position.tolist()),
                satellite_velocity_mps=tuple(velocity.tolist()),
                satellite_sigma_m=float(orbit.sigma_m(left)[1]) if source == "tle" else None,
                altitude_m=height,
            )
        )
    return found


def group_delays(path: Path) -> dict[str, float]:
    """Seconds by which each satellite's first carrier leaves later than its clock says, the day's median.

    Clocks of SP3 (and of the navigation message) are those of two carriers combined; one who receives the first alone
    has to take off TGD (GPS) or BGD E1-E5a (Galileo): the third number of a record's seventh line (RINEX 3.05, A8).
    """
    lines = text_of(path).splitlines()
    starts = [index for index, line in enumerate(lines) if line[:1] in ("G", "E") and line[1:3].isdigit()]
    found: dict[str, list[float]] = {}
    for index in starts:
        found.setdefault(lines[index][:3], []).append(float(lines[index + 6][42:61].replace("D", "E")))
    return {prn: float(np.median(values)) for prn, values in found.items()}


def noisy(data: Path, trials: int) -> list[dict[str, Any]]:
    """Single epochs of N random satellites with the noise of a beacon added: 13 us and, at 406 MHz, 0.2 Hz.

    Beside the errors the ones predicted by each solution's own covariance.
    """
    rng = np.random.default_rng(0)
    by_epoch: dict[str, list[Measurement]] = {}
    for item in gnss_measurements(data, "sp3", "both"):
        by_epoch.setdefault(str(item.burst), []).append(item)
    settings = Settings(
        direction="down",
        relativity=False,
        motion="static",
        known_altitude_sigma_m=1.0,
        orbit_errors=False,
        wander_ppb=1e6,
        reject=False,
    )
    sigma_hz = 0.2 * L1_HZ / 406.04e6
    rows = []
    for count in (3, 4, 6, 10):
        errors, predicted, inside, normal = [], [], 0, []
        epochs = [epoch for epoch in by_epoch.values() if len(epoch) >= count]
        for _ in range(trials):
            epoch = epochs[rng.integers(len(epochs))]
            heard = []
            for index in rng.choice(len(epoch), count, replace=False):
                item = epoch[index]
                toa = item.time + _ns(rng.normal() * 13e-6)
                heard.append(
                    Measurement(
                        "station",
                        toa,
                        item.satellite,
                        item.burst,
                        (item.foa_hz or 0) + rng.normal() * sigma_hz,
                        sigma_hz,
                        L1_HZ,
                        toa,
                        13e-6,
                        item.satellite_ecef_m,
                        item.satellite_velocity_mps,
                        altitude_m=item.altitude_m,
                    )
                )
            fix = locate_one(heard, settings=settings)[0]
            if not fix.solved or fix.covariance_m2 is None:
                continue
            off = _offset(fix, ESBC_M)[:2]
            ee, en, nn = fix.covariance_m2
            errors.append(float(np.hypot(*off)))
            predicted.append(np.sqrt(ee + nn))
            normal.append(float(off @ np.linalg.solve([[ee, en], [en, nn]], off)))
            inside += errors[-1] < (fix.ehe_m or 0)
        rows.append(
            {
                "case": f"gnss_esbc + 13 us, 0.2 Hz, N = {count}",
                "p50_km": round(float(np.median(errors)) / 1e3, 2),
                "p95_km": round(float(np.quantile(errors, 0.95)) / 1e3, 2),
                "rms_over_predicted": round(
                    float(np.sqrt(np.mean(np.square(errors)) / np.mean(np.square(predicted)))), 3
                ),
                "nees": round(float(np.mean(normal)), 2),
                "in_ehe_percent": round(100 * inside / len(errors), 1),
                "trials": len(errors),
            }
        )
    return rows


def windows(data: Path, trials: int) -> list[dict[str, Any]]:
    """Two-line elements: 25 random satellites in random windows of the day, against the radius stated."""
    rng = np.random.default_rng(0)
    settings = Settings(
        cells="never",
        direction="down",
        relativity=False,
        wander_ppb=1e6,
        motion="static",
        known_altitude_sigma_m=1.0,
        epoch_gap_s=1e9,
        reject=False,
    )
    rows = []
    for use in ("toa", "foa", "both"):
        measurements = gnss_measurements(data, "tle", use)
        satellites = sorted({str(item.satellite) for item in measurements})
        for hours in (0.6, 2, 6, 24):
            found = []
            for _ in range(trials):
                start = rng.uniform(0, 24 - hours) * 3600
                chosen = set(rng.choice(satellites, 25, replace=False))
                end = start + hours * 3600
                heard = [m for m in measurements if m.satellite in chosen and start <= float(m.burst or 0) <= end]
                fix = locate_one(heard, settings=settings)[0]
                if fix.solved:
                    found.append((float(np.hypot(*_offset(fix, ESBC_M)[:2])), fix.ehe_m or 0.0))
            error, stated = np.array(found).T
            rows.append(
                {
                    "case": f"gnss_esbc tle {use}, windows of {hours} h",
                    "p50_m": round(float(np.median(error))),
                    "ehe_p50_m": round(float(np.median(stated))),
                    "in_ehe_percent": round(100 * float(np.mean(error < stated)), 1),
                    "trials": len(found),
                }
            )
    return rows


def _ns(seconds: float) -> np.timedelta64:
    return np.timedelta64(round(seconds * 1e9), "ns")


def _eccentricity(orbit: Any, instant: Any) -> float:
    """Relativistic clock term of an eccentric orbit, -2 r.v / c^2 (IS-GPS-200, 20.3.3.3.3.1)."""
    position, velocity = orbit.state(instant)
    return float(-2 * position @ (velocity + np.cross(SPIN, position)) / C_MPS**2)


def _timed(measurements: list[Measurement], settings: Settings) -> tuple[Fix, float]:
    start = time.process_time()
    fix = locate_one(measurements, settings=settings)[0]
    return fix, time.process_time() - start


def _offset(fix: Fix, truth_m: Any) -> Any:
    """East, north, up of a fix past the truth (m)."""
    lat, lon, _ = geodetic(truth_m)
    return local_axes(lat, lon) @ (ecef_m(fix.lat_deg or 0.0, fix.lon_deg or 0.0, fix.alt_m or 0.0) - truth_m)


def _result(fix: Fix, truth_m: Any, seconds: float, other_m: Any = None) -> dict[str, Any]:
    if not fix.solved:
        return {"verdict": fix.verdict, "error_m": None}
    east, north, up = _offset(fix, truth_m)
    other = {} if other_m is None else {"against_the_file_m": round(float(np.hypot(*_offset(fix, other_m)[:2])), 2)}
    return {
        "error_m": round(float(np.hypot(east, north)), 2),
        **other,
        "up_m": round(float(up), 1),
        "ehe_m": round(fix.ehe_m or 0, 1),
        "rms_foa_hz": fix.residual_foa_hz and round(fix.residual_foa_hz, 3),
        "rms_toa_m": fix.residual_toa_s and round(fix.residual_toa_s * C_MPS, 2),
        "used": fix.used,
        "rejected": len(fix.rejected),
        "cpu_s": round(seconds, 2),
    }


if __name__ == "__main__":
    main()

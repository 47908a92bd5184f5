"""The estimator against the Cramer-Rao bound, its error ellipses and side probabilities against what happens.

    python benchmarks/locate_bounds.py [--orbits ../shared/data/orbits] [--trials 300] [--json]

Simulated with the model that the estimator uses and noise as stated, a beacon at rest, orbits exact, height known to
10 m. The bound is the covariance of the same measurements at the true place (the Fisher information's inverse, with the
priors of height, drift and wander that the simulation draws from).

raw         root mean square error over the bound's, all trials of a row together (1 is perfect)
nees        mean of the squared error in units of the stated covariance (2 is perfect)
in50, in95  share of truths within the stated 50 % and 95 % circles, percent

Each as counted (``raw...``), and with the linear estimator's error for the same noise as control variate
(``efficiency`` for the error): one Gauss-Newton step from the truth is at the bound, and in its circles, exactly as
theory says, so only what the real estimator adds is left to chance. Figures come with their standard errors.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.geodesy import ecef_m, geodetic, local_axes
from vigie.locate import ellipse
from vigie.locate.batch import BurstFixes, single_bursts
from vigie.locate.estimate import locate_one
from vigie.locate.grouping import bursts
from vigie.locate.measurement import Fix, Measurement, Settings
from vigie.locate.normal import evaluate
from vigie.locate.observe import observe
from vigie.locate.problem import build
from vigie.locate.rows import gather
from vigie.locate.uplink import path
from vigie.orbit.ephemeris import Orbits, path_axes
from vigie.orbit.files import read_files
from vigie.orbit.passes import look

Array = NDArray[np.float64]
START = np.datetime64("2026-08-23T00:00:00", "ns")
SECOND = np.timedelta64(1_000_000_000, "ns")
CARRIER_HZ = 406.04e6
FGB = (13e-6, 0.2)
FGB_BOUND = (5.2e-6, 0.0185)  # Cramer-Rao at 35 dB-Hz
SGB_BOUND = (0.108e-6, 0.0069)
CASES = (("FGB 13 us 0.2 Hz", FGB), ("FGB bound 35 dB-Hz", FGB_BOUND), ("SGB bound 35 dB-Hz", SGB_BOUND))
WANDER_PPB = 0.5
DRIFT_PPB_PER_MIN = 1.0
_PLACES: dict[np.datetime64, Array] = {}
SETTINGS = Settings(
    cells="never",
    orbit_errors=False,
    motion="static",
    altitude_sigma_m=10.0,
    wander_ppb=WANDER_PPB,
    drift_ppb_per_min=DRIFT_PPB_PER_MIN,
    tec_tecu=0.0,
    tec_sigma_tecu=0.0,
    troposphere=False,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    folder = Path(__file__).resolve().parents[2] / "shared/data/orbits"
    parser.add_argument("--orbits", type=Path, default=folder)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--only", choices=["leo", "meo", "meo10", "many", "image"], default=None)
    parser.add_argument("--seed", type=int, default=0, help="of the random places, passes and noise")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    low = read_files([options.orbits / "leosar_2026-08-22.tle"])
    medium = read_files([options.orbits / "meosar_2026-08-22.tle"])
    trials, seed = options.trials, options.seed
    jobs = {
        "leo": leo(low, trials, seed),
        "many": many(medium, seed),
        "meo": meo(medium, trials, seed, (1,)),
        "meo10": meo(medium, trials, seed, (10,)),
        "image": image(low, trials, seed),
    }
    for name, rows in jobs.items():
        if options.only in (None, name):
            for row in rows:
                text = json.dumps(row) if options.json else "  ".join(f"{key} {value}" for key, value in row.items())
                print(text, flush=True)


def leo(low: Orbits, trials: int, seed: int) -> Iterator[dict[str, Any]]:
    """Whole passes by cross-track angle: frequencies of 0.012 Hz (35 dB-Hz and better) and of 0.35 Hz (on-board)."""
    for least, most in ((0.5, 2), (2, 8), (8, 14), (14, 19)):
        for sigma in (0.012, 0.35):
            rng = np.random.default_rng((seed, int(least * 10), int(sigma * 1e3)))
            tally = Tally()
            for place, name, times in random_passes(low, rng, trials, least, most):
                heard = hear(low, [name], place, times, rng, None, sigma)
                if len(heard) >= 4:
                    tally.add(heard, low, place)
            yield {"case": f"LEO pass, {least}-{most} deg cross-track, {sigma} Hz"} | tally.row()


def meo(medium: Orbits, trials: int, seed: int, repeats: Sequence[int] = (1, 10)) -> Iterator[dict[str, Any]]:
    """N random satellites above 5 degrees, one burst and ten; every scene with each of the three noises in turn."""
    for count in (3, 4, 6, 10):
        for bursts_n in repeats:
            rng = np.random.default_rng((seed, count, bursts_n))
            tallies = [Tally() for _ in CASES]
            for _ in range(trials):
                place = random_place(rng)
                start = START + int(rng.integers(0, 48)) * 1800 * SECOND
                names = sighted(medium, place, start)
                chosen = rng.choice(names, min(count, len(names)), replace=False)
                times = start + np.arange(bursts_n) * 50 * SECOND
                clean = hear(medium, chosen, place, times, rng, 0.0, 0.0, least_deg=0.0)
                for tally, (_, sigmas) in zip(tallies, CASES, strict=True):
                    tally.add(noisy(clean, rng, *sigmas), medium, place)
            for tally, (name, _) in zip(tallies, CASES, strict=True):
                yield {"case": f"MEO {name}, N = {count}, {bursts_n} burst{'s' * (bursts_n > 1)}"} | tally.row()


def many(medium: Orbits, seed: int, size: int = 20_000) -> Iterator[dict[str, Any]]:
    """Single bursts by the batch function, twenty thousand of each kind: the same equations without the search.

    Of those that it marks as sure; the rest, at most two in a hundred, is left to ``locate_one``.
    """
    times = START + np.arange(0, 86_400, 1800) * SECOND
    states = [one.state(times) for one in medium.ephemerides]
    places, speeds = (np.stack([state[part] for state in states], axis=1) for part in (0, 1))
    for case, (name, (sigma_s, sigma_hz)) in enumerate(CASES):
        for count in (3, 4, 6, 10):
            rng = np.random.default_rng((seed, case, count))
            lat, lon = np.degrees(np.arcsin(rng.uniform(-0.94, 0.94, size))), rng.uniform(-180, 180, size)
            truth, instant = ecef_m(lat, lon, rng.normal(size=size) * 10.0), rng.integers(0, len(times), size)
            axes = local_axes(lat, lon)
            line = places[instant] - truth[:, None]
            sine = np.einsum("bnk,bk->bn", line, axes[:, 2]) / np.linalg.norm(line, axis=-1)
            high = np.where(sine > np.sin(np.radians(5)), rng.random(sine.shape), 2.0)
            chosen = np.argsort(high, axis=1)[:, :count, None]
            satellite = np.take_along_axis(places[instant], chosen, 1)
            speed = np.take_along_axis(speeds[instant], chosen, 1)
            link = path(truth[:, None], np.zeros(3), satellite, speed)
            toa, foa = link.delay_s, CARRIER_HZ * link.ratio_less_1
            sigmas = np.full((size, count), sigma_s), np.full((size, count), sigma_hz)
            noisy = toa + rng.normal(size=toa.shape) * sigma_s, foa + rng.normal(size=foa.shape) * sigma_hz

            def solve(toa: Array, foa: Array, start: Array | None, given: tuple[Any, ...]) -> BurstFixes:
                satellite, speed, (sigma_t, sigma_f) = given
                return single_bursts(satellite, speed, toa, sigma_t, foa, sigma_f, CARRIER_HZ, 0.0, 10.0, start_m=start)

            fixes = solve(*noisy, None, (satellite, speed, sigmas))
            bound = solve(toa, foa, truth, (satellite, speed, sigmas)).covariance_m2[:, :2, :2]
            sure = fixes.sure
            off = np.einsum("bij,bj->bi", axes, fixes.place_m - truth)[sure, :2]
            stated = fixes.covariance_m2[sure, :2, :2]
            error2 = np.einsum("bi,bij,bj->b", off, np.linalg.inv(bound[sure]), off)
            nees = np.einsum("bi,bij,bj->b", off, np.linalg.inv(stated), off)
            miss = np.hypot(off[:, 0], off[:, 1])
            inside = [100 * float(np.mean(miss < ellipse.radius_m(stated, level))) for level in (0.5, 0.95)]
            yield {
                "case": f"MEO {name}, N = {count}, batch",
                "efficiency": round(float(np.sqrt(np.mean(error2) / 2)), 4),
                "nees": f"{np.mean(nees):.3f} +- {2 / np.sqrt(sure.sum()):.3f}",
                "in50": round(inside[0], 1),
                "in95": round(inside[1], 1),
                "trials": int(sure.sum()),
                "unsure": int(size - sure.sum()),
            }


def image(low: Orbits, trials: int, seed: int) -> Iterator[dict[str, Any]]:
    """Stated probability of the first side against how often it is the true one: whole and four-burst passes."""
    rng = np.random.default_rng((seed, 9))
    stated, right = [], []
    for index, (place, name, times) in enumerate(random_passes(low, rng, 3 * trials, 0.3, 21)):
        heard = sorted(hear(low, [name], place, times, rng, None, 0.35), key=lambda item: item.time)
        heard = (heard, heard[:4], heard[: int(rng.integers(5, 9))])[index % 3]
        if len(heard) < 4:
            continue
        fixes = locate_one(heard, low, SETTINGS)
        if not fixes[0].solved:
            continue
        distance = [np.linalg.norm(offset(fix, place)) for fix in fixes]
        stated += [fix.probability or 0.0 for fix in fixes]
        right += [index == int(np.argmin(distance)) for index in range(len(fixes))]
    probability, truth = np.array(stated), np.array(right)
    for low_edge in np.arange(0, 1.0, 0.1):
        mine = (probability >= low_edge) & (probability < low_edge + 0.1 + (low_edge > 0.85))
        if mine.sum():
            share = float(truth[mine].mean())
            yield {
                "case": f"side stated {low_edge:.1f}-{low_edge + 0.1:.1f}",
                "stated": round(float(probability[mine].mean()), 3),
                "right": round(share, 3),
                "standard_error": round(float(np.sqrt(max(share * (1 - share), 0.25 / mine.sum()) / mine.sum())), 3),
                "sides": int(mine.sum()),
            }


class Tally:
    """Errors of one row of the table."""

    def __init__(self) -> None:
        self.error2: list[float] = []
        self.linear2: list[float] = []
        self.nees: list[float] = []
        self.inside: list[tuple[bool, ...]] = []
        self.failed = 0

    def add(self, heard: list[Measurement], orbits: Orbits, place: tuple[float, float]) -> None:
        """One trial; with two sides the one nearer to the truth counts (which is likelier is ``image``'s matter)."""
        fixes = [fix for fix in locate_one(heard, orbits, SETTINGS) if fix.solved]
        if not fixes:
            self.failed += 1
            return
        fix = min(fixes, key=lambda one: float(np.linalg.norm(offset(one, place))))
        off = offset(fix, place)
        ee, en, nn = fix.covariance_m2 or (np.nan,) * 3
        covariance = np.array([[ee, en], [en, nn]])
        bound, linear = bound_of(heard, orbits, place)
        self.error2.append(float(off @ np.linalg.solve(bound, off)))
        self.linear2.append(float(linear @ np.linalg.solve(bound, linear)))
        self.nees.append(float(off @ np.linalg.solve(covariance, off)))
        miss, straight = float(np.hypot(*off)), float(np.hypot(*linear))
        stated = ellipse.radius_m(covariance, 0.5), fix.ehe_m or 0.0
        self.inside.append(
            (*(miss < one for one in stated), *(straight < ellipse.radius_m(bound, level) for level in (0.5, 0.95)))
        )

    def row(self) -> dict[str, Any]:
        """The figures. Errors are taken in units of each trial's bound, or the worst geometry would decide alone."""
        count = len(self.nees)
        root = np.sqrt(count)
        inside = 100.0 * np.array(self.inside, float)
        more = inside[:, :2] - inside[:, 2:]
        added, wider = np.array(self.error2) - self.linear2, np.array(self.nees) - self.linear2
        efficiency = float(np.sqrt(1 + np.mean(added) / 2))
        return {
            "efficiency": f"{efficiency:.3f} +- {np.std(added) / root / 4 / efficiency:.3f}",
            "raw": f"{np.sqrt(np.mean(self.error2) / 2):.3f} +- {0.5 / root:.3f}",
            "nees": f"{2 + np.mean(wider):.3f} +- {np.std(wider) / root:.3f}",
            "raw_nees": f"{np.mean(self.nees):.2f} +- {2 / root:.2f}",
            "in50": f"{50 + np.mean(more[:, 0]):.1f} +- {np.std(more[:, 0]) / root:.1f}",
            "in95": f"{95 + np.mean(more[:, 1]):.1f} +- {np.std(more[:, 1]) / root:.1f}",
            "raw_in50": f"{np.mean(inside[:, 0]):.1f} +- {50 / root:.1f}",
            "raw_in95": f"{np.mean(inside[:, 1]):.1f} +- {21.8 / root:.1f}",
            "trials": count,
            "failed": self.failed,
        }


def bound_of(heard: list[Measurement], orbits: Orbits, place: tuple[float, float]) -> tuple[Array, Array]:
    """Covariance (2, 2) of east and north at the true place, and the linear estimator's error there (2,)."""
    gathered, _ = gather(bursts(heard)[0], orbits)
    assert gathered is not None
    normal = evaluate(build(gathered, gathered.rows, SETTINGS), ecef_m(*place, 0.0)[None], np.zeros((1, 2)))
    return np.linalg.inv(normal.matrix[0])[:2, :2], np.linalg.solve(normal.matrix[0], normal.vector[0])[:2]


def hear(
    orbits: Orbits,
    names: Any,
    place: tuple[float, float],
    times: NDArray[np.datetime64],
    rng: np.random.Generator,
    sigma_toa_s: float | None,
    sigma_foa_hz: float,
    least_deg: float = 5.0,
) -> list[Measurement]:
    """Receptions with noise, the beacon's own wander and drift, and its height, drawn from the priors."""
    since = (times - times[0]).astype("int64") * 1e-9
    slope = rng.normal() * DRIFT_PPB_PER_MIN * 1e-9 * CARRIER_HZ / 60
    sent = (
        CARRIER_HZ + rng.normal() * 500 + slope * since + rng.normal(size=len(times)) * WANDER_PPB * 1e-9 * CARRIER_HZ
    )
    where = ecef_m(*place, rng.normal() * 10.0)
    found = []
    for name in names:
        ephemeris = orbits.find(name)
        assert ephemeris is not None
        arrival, received, elevation = observe(ephemeris, where, times, sent)
        for index in np.flatnonzero(elevation > least_deg):
            time, foa_hz = arrival[index], float(received[index])
            toa = None if sigma_toa_s is None else time
            found.append(Measurement("beacon", time, name, str(index), foa_hz, 0.0, CARRIER_HZ, toa, sigma_toa_s))
    return noisy(found, rng, sigma_toa_s, sigma_foa_hz)


def noisy(
    heard: list[Measurement], rng: np.random.Generator, sigma_toa_s: float | None, sigma_foa_hz: float
) -> list[Measurement]:
    """The same receptions with noise added, and its size stated."""
    found = []
    for item in heard:
        late = 0.0 if sigma_toa_s is None else rng.normal() * sigma_toa_s
        time = item.time + np.timedelta64(round(late * 1e9), "ns")
        foa_hz = (item.foa_hz or 0.0) + rng.normal() * sigma_foa_hz
        toa = None if sigma_toa_s is None else time
        found.append(
            replace(item, time=time, foa_hz=foa_hz, sigma_foa_hz=sigma_foa_hz, toa=toa, sigma_toa_s=sigma_toa_s)
        )
    return found


def random_place(rng: np.random.Generator) -> tuple[float, float]:
    return float(np.degrees(np.arcsin(rng.uniform(-0.94, 0.94)))), float(rng.uniform(-180, 180))


def random_passes(
    low: Orbits, rng: np.random.Generator, count: int, least_deg: float, most_deg: float
) -> Iterator[tuple[tuple[float, float], str, NDArray[np.datetime64]]]:
    """Places abeam of a satellite at a random moment, an angle off its track at the Earth's centre; burst times."""
    for _ in range(count):
        ephemeris = low.ephemerides[rng.integers(len(low))]
        middle = START + int(rng.integers(0, 86_400)) * SECOND
        axes = path_axes(*ephemeris.state(np.array(middle)))
        angle = np.radians(rng.uniform(least_deg, most_deg)) * rng.choice([-1, 1])
        lat, lon, _ = geodetic((np.cos(angle) * axes[0] + np.sin(angle) * axes[2]) * 6.371e6)
        times = middle + ((np.arange(-9, 10) * 50 + rng.uniform(0, 50)) * 1e9).astype("timedelta64[ns]")
        yield (float(lat), float(lon)), ephemeris.names[1], times


def sighted(orbits: Orbits, place: tuple[float, float], time: np.datetime64) -> list[str]:
    """Satellites above 5 degrees."""
    elevation = look(ecef_m(*place, 0.0), local_axes(*place), everywhere(orbits, time))[0]
    return [item.names[1] for item, high in zip(orbits.ephemerides, elevation, strict=True) if high > 5.0]


def everywhere(orbits: Orbits, time: np.datetime64) -> Array:
    """Where all satellites are (n, 3); each instant is asked for once."""
    if time not in _PLACES:
        _PLACES[time] = np.array([item.state(np.array(time))[0] for item in orbits.ephemerides])
    return _PLACES[time]


def offset(fix: Fix, place: tuple[float, float]) -> Array:
    """East and north of a fix past the truth (m)."""
    there = ecef_m(fix.lat_deg or 0.0, fix.lon_deg or 0.0, 0.0)
    lat, lon, _ = geodetic(ecef_m(*place, 0.0))
    return np.asarray((local_axes(lat, lon) @ (there - ecef_m(*place, 0.0)))[:2])


if __name__ == "__main__":
    main()

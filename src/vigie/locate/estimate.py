"""Where beacons are: the estimator's front door, for any mix of satellites and encoded positions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vigie.geodesy import ecef_m
from vigie.locate import ellipse
from vigie.locate.fixes import fixes_of, not_solved
from vigie.locate.grouping import bursts
from vigie.locate.hypotheses import Explanation, consistent, without_contradictions
from vigie.locate.measurement import Ellipse, Fix, Measurement, Rejected, Settings
from vigie.locate.normal import Problem, evaluate
from vigie.locate.orbit_error import SIZE, OrbitCorrection, moved, rate_radps
from vigie.locate.problem import build, degrees_of_freedom
from vigie.locate.rows import Gathered, gather
from vigie.locate.starts import Search, search
from vigie.orbit.ephemeris import Orbits
from vigie.records import Solution

Array = NDArray[np.float64]

_NO_ORBITS = Orbits(())
_SENSIBLE = {
    "foa_hz": (0.0, 1e12),
    "sigma_foa_hz": (1e-6, 1e6),
    "sigma_toa_s": (1e-11, 10.0),
    "carrier_hz": (1e6, 1e11),
    "altitude_m": (-1e4, 1e5),
    "sigma_position_m": (1e-3, 1e7),
    "satellite_sigma_m": (0.0, 1e7),
}
"""least and greatest values that are taken; beyond them weights would swamp or vanish in floating point"""


def locate(
    measurements: Iterable[Measurement],
    orbits: Orbits = _NO_ORBITS,
    settings: Settings | None = None,
    aliases: Mapping[str, str] | None = None,
    references: Mapping[str, tuple[float, float, float]] | None = None,
) -> list[Fix]:
    """Fixes of all beacons, beacon by beacon in the order they first appear; of one beacon the likeliest first.

    ``aliases``: other names of satellites. ``references``: beacons whose place (latitude, longitude in degrees, height
    in metres) is known; their measurements correct the orbits for the others and they are not located themselves.
    Never raises for what a measurement says: a fix without a place tells in ``verdict`` why.
    """
    settings = settings or Settings()
    by_beacon: dict[str, list[Measurement]] = {}
    for item in measurements:
        by_beacon.setdefault(item.beacon, []).append(item)
    known = references or {}
    correction = orbit_correction(
        {name: by_beacon[name] for name in known if name in by_beacon}, known, orbits, settings, aliases
    )
    return [
        fix
        for name, mine in by_beacon.items()
        if name not in known
        for fix in locate_one(mine, orbits, settings, aliases, correction)
    ]


def locate_one(
    measurements: Sequence[Measurement],
    orbits: Orbits = _NO_ORBITS,
    settings: Settings | None = None,
    aliases: Mapping[str, str] | None = None,
    correction: OrbitCorrection | None = None,
) -> list[Fix]:
    """Fixes of one beacon from everything heard of it, the likeliest first; at least one, perhaps without a place."""
    settings = settings or Settings()
    good, rejected = checked(measurements)
    groups, repeated = bursts(good)
    rejected += repeated
    anchors = [item for group in groups for item in group if item.position_deg is not None]
    gathered, orphaned = gather(groups, orbits, aliases)
    rejected += orphaned
    if gathered is None:
        if anchors:
            return [_encoded(anchors, rejected)]
        why = rejected[0].reason if rejected else "no measurement was given"
        return [not_solved(measurements, rejected, f"not one usable measurement: {why}")]
    rows = gathered.rows
    measured, unknowns = degrees_of_freedom(rows, len(anchors))
    if measured < unknowns:
        if anchors:
            return [_encoded(anchors, rejected)]
        return [not_solved(measurements, rejected, _too_few(gathered, measured, unknowns), gathered)]
    problem = build(gathered, rows, settings, anchors, correction)
    problem, unseen, found = _in_view(problem, gathered)
    rejected += unseen
    measured, unknowns = degrees_of_freedom(problem.rows, len(anchors))
    if measured < unknowns:
        return [not_solved(measurements, rejected, _too_few(gathered, measured, unknowns), gathered)]
    best = without_contradictions(problem, problem.rows, settings, gathered.satellites, found)
    rejected += _left_out(best, gathered)
    return fixes_of(best, gathered, anchors, rejected, settings, consistent(best))


def checked(measurements: Sequence[Measurement]) -> tuple[list[Measurement], list[Rejected]]:
    """Measurements with usable numbers; the others, or their unusable part, with the reason."""
    good, rejected = [], []
    for item in measurements:
        fault = _fault(item)
        if fault is None and item.foa_hz is not None and not _plausible(item):
            rejected.append(
                Rejected(item, "foa", f"{item.foa_hz:.0f} Hz is no frequency near {item.carrier_hz:.0f} Hz")
            )
            item = replace(item, foa_hz=None)
            fault = "nothing else was measured" if item.toa is None and item.position_deg is None else None
            if fault:
                continue
        if fault is None:
            good.append(item)
        else:
            rejected.append(Rejected(item, "all", fault))
    return good, rejected


def _plausible(item: Measurement) -> bool:
    """Within what a satellite's speed can do: 8 km/s is 27 ppm; an oscillator far off its channel stays allowed for."""
    return item.foa_hz is not None and abs(item.foa_hz / item.carrier_hz - 1) < 1e-4


def _fault(item: Measurement) -> str | None:
    for name, (low, high) in _SENSIBLE.items():
        value = getattr(item, name)
        if value is None:
            continue
        if not np.isfinite(value):
            return f"{name} is not a number"
        if not low <= value <= high:
            return f"{name} is {value:g}, outside {low:g} to {high:g}"
    if np.isnat(item.time) or (item.toa is not None and np.isnat(item.toa)):
        return "its time is not known"
    if item.position_deg is not None:
        lat, lon = item.position_deg
        if not (np.isfinite(lat) and np.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 360):
            return f"{lat}, {lon} is no place on Earth"
        return None
    if item.foa_hz is None and item.toa is None and item.satellite is None and item.satellite_ecef_m is None:
        return "neither a frequency nor a precise time was measured, and no satellite is named that heard it"
    if item.toa is not None and abs(item.toa - item.time) > np.timedelta64(1, "s"):
        return "its toa is not the instant that its time says"
    return None


def _too_few(gathered: Gathered, measured: int, unknowns: int) -> str:
    satellites, bursts_n = len(gathered.satellites), gathered.rows.first.size
    return (
        f"{measured} usable measurement{'s' * (measured != 1)} of {satellites} satellite{'s' * (satellites != 1)} and "
        f"{bursts_n} burst{'s' * (bursts_n != 1)} for {unknowns} unknowns"
    )


def _in_view(problem: Problem, gathered: Gathered) -> tuple[Problem, list[Rejected], Search | None]:
    """The problem without receptions of satellites that cannot see the ground that all the others see.

    With the search over that ground; None when receptions were taken out, since it has to be made again.
    """
    found = search(problem)
    hidden = problem.rows.heard & (found.seen == 0)
    if not hidden.any():
        return problem, [], found
    rejected = [
        Rejected(gathered.measurements[row], "all", "its satellite is below the horizon of every place the others see")
        for row in np.flatnonzero(hidden)
    ]
    return replace(problem, rows=problem.rows.without(hidden, hidden)), rejected, None


def _left_out(best: Explanation, gathered: Gathered) -> list[Rejected]:
    rejected = []
    for row, part in best.left_out:
        whole = part.startswith("satellite")
        name = gathered.measurements[row].satellite
        why = f"satellite {name} contradicts the others" if whole else f"its {part} contradicts the other measurements"
        rejected.append(Rejected(gathered.measurements[row], "all" if whole else part, why))
    return rejected


def _encoded(anchors: Sequence[Measurement], rejected: list[Rejected]) -> Fix:
    """The last place the beacon sent, when nothing else can be solved."""
    last = max(anchors, key=lambda item: item.time)
    assert last.position_deg is not None
    sigma = last.sigma_position_m or 100.0
    covariance = np.diag([sigma**2, sigma**2])
    major, minor, azimuth = ellipse.axes(covariance)
    return Fix(
        beacon=last.beacon,
        method="encoded",
        verdict="ok",
        start=min(item.time for item in anchors),
        end=last.time,
        used=1,
        rejected=tuple(rejected),
        notes=("the place that the beacon sent: no independent location",),
        lat_deg=last.position_deg[0],
        lon_deg=(last.position_deg[1] + 180) % 360 - 180,
        alt_m=last.altitude_m,
        probability=1.0,
        covariance_m2=(sigma**2, 0.0, sigma**2),
        ellipse=Ellipse(float(major), float(minor), float(azimuth)),
        ehe_m=float(ellipse.radius_m(covariance)),
        bursts=len(anchors),
    )


def orbit_correction(
    measurements: Mapping[str, Sequence[Measurement]],
    places: Mapping[str, tuple[float, float, float]],
    orbits: Orbits,
    settings: Settings | None = None,
    aliases: Mapping[str, str] | None = None,
) -> OrbitCorrection | None:
    """Errors of the satellites' orbits from beacons at known places; None without any.

    Each beacon's own frequency and drift are solved for along with them. Beacon after beacon, each starting from what
    the ones before it have taught.
    """
    settings = settings or Settings()
    known: OrbitCorrection | None = None
    for name, mine in measurements.items():
        groups, _ = bursts(checked(mine)[0])
        gathered, _ = gather(groups, orbits, aliases)
        if gathered is None:
            continue
        problem = build(gathered, gathered.rows, settings, (), known)
        if problem.orbit is None:
            continue
        place = ecef_m(*places[name])
        normal = evaluate(replace(problem, fixed=True), place[None], np.zeros((1, 2)))
        size = len(problem.orbit.mean_m)
        mean, covariance = normal.linear[0, -size:], normal.linear_inverse[0, -size:, -size:]
        radius = np.linalg.norm(problem.rows.satellite_m, axis=-1)
        of = problem.rows.satellite
        rate = rate_radps(np.array([np.mean(radius[of == index]) for index in range(len(gathered.satellites))]))
        known = _merged(known, OrbitCorrection(gathered.satellites, mean, covariance, rate, gathered.epoch))
    return known


def _merged(old: OrbitCorrection | None, new: OrbitCorrection) -> OrbitCorrection:
    """``new``, and of ``old`` the satellites that ``new`` does not speak of."""
    if old is None:
        return new
    old = moved(old, new.epoch)
    rest = [index for index, name in enumerate(old.satellites) if name not in new.satellites]
    of = np.array([SIZE * index + number for index in rest for number in range(SIZE)], int)
    size = len(new.mean_m)
    covariance = np.zeros((size + of.size, size + of.size))
    covariance[:size, :size] = new.covariance_m2
    covariance[size:, size:] = old.covariance_m2[np.ix_(of, of)]
    names = (*new.satellites, *(old.satellites[index] for index in rest))
    mean, rate = np.concatenate([new.mean_m, old.mean_m[of]]), np.concatenate([new.rate_radps, old.rate_radps[rest]])
    return OrbitCorrection(names, mean, covariance, rate, new.epoch)


def solution_of(fix: Fix, hex_id: str, exercise: bool = False) -> Solution | None:
    """A fix as the pipeline's record; None for a fix without a place."""
    if fix.lat_deg is None or fix.lon_deg is None or fix.method is None:
        return None
    return Solution(
        hex_id=hex_id,
        method=fix.method,
        lat_deg=fix.lat_deg,
        lon_deg=fix.lon_deg,
        start=fix.start,
        end=fix.end,
        ehe_m=fix.ehe_m,
        alt_m=fix.alt_m,
        covariance_m2=fix.covariance_m2,
        probability=1.0 if fix.probability is None else fix.probability,
        used=fix.used,
        exercise=exercise,
        velocity_mps=fix.velocity_mps,
        cells=fix.cells,
    )

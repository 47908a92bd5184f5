"""The Doppler curve of a position and what is left of it, computed anew from the journal's bursts and the orbits.

The journal keeps bursts and positions, not the estimator's residuals: these are those of the same bursts against the
orbits that are held now, with the beacon's frequency, and its drift, that fit them best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie import instants
from vigie.locate.measurement import Fix, Measurement, Settings
from vigie.locate.residuals import Residuals, residuals
from vigie.orbit.ephemeris import Orbits
from vigie.orbit.fleet import aliases
from vigie.records import Solution

MOST = 2000
"""receptions drawn, the newest"""
STEPS = 40
"""of the foretold curve of one satellite"""
_LEFT_OUT = 5.0
"""a reception so many times the spread of the others away is not fitted"""
_EDGE = np.timedelta64(500, "ms")


def curves(solutions: Sequence[Solution], heard: Sequence[Measurement], orbits: Orbits) -> dict[str, Any] | None:
    """The receptions between the start and the end of these positions (the sides of one pass), and each one's curve.

    None when the journal has none of them, or no orbit is known of those who heard.
    """
    start, end = min(one.start for one in solutions) - _EDGE, max(one.end for one in solutions) + _EDGE
    used = [one for one in heard if start <= one.time <= end and one.foa_hz is not None][-MOST:]
    if not used:
        return None
    names = aliases(orbits, used[-1].time)
    sides = []
    for solution in solutions:
        side = _side(solution, used, orbits, names)
        if side is None:
            return None
        sides.append(side)
    return {"start": instants.text(start), "end": instants.text(end), "sides": sides}


def _side(
    solution: Solution, used: Sequence[Measurement], orbits: Orbits, names: Mapping[str, str]
) -> dict[str, Any] | None:
    nominal_hz = used[0].carrier_hz
    fix = Fix(
        used[0].beacon, None, "ok", solution.start, solution.end, solution.used, (), lat_deg=solution.lat_deg,
        lon_deg=solution.lon_deg, alt_m=solution.alt_m, velocity_mps=solution.velocity_mps, frequency_hz=nominal_hz,
    )  # fmt: skip
    one = residuals(fix, used, orbits, Settings(), names)
    if one is None:
        return None
    since_s = (one.times - solution.end).astype("int64") * 1e-9
    sent_hz = (one.foa_hz + nominal_hz) / (one.foretold_hz + nominal_hz) * nominal_hz
    line, good = _line(since_s, sent_hz)
    fitted = replace(fix, frequency_hz=line[0], drift_hz_per_s=line[1])
    told, drawn = residuals(fitted, used, orbits, Settings(), names), None
    between = _between(used)
    if between:
        drawn = residuals(fitted, between, orbits, Settings(), names)
    if told is None:
        return None
    left = told.left_hz[good]
    return {
        "latitude": solution.lat_deg,
        "longitude": solution.lon_deg,
        "probability": solution.probability,
        "frequency_hz": round(line[0], 3),
        "drift_hz_per_s": round(line[1], 6),
        "left_rms_hz": round(float(np.sqrt(np.nanmean(left**2))), 4) if left.size else None,
        "receptions": _receptions(told, good),
        "foretold": _drawn(drawn) if drawn is not None else [],
    }


def _line(at_s: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[tuple[float, float], NDArray[np.bool_]]:
    """Value at zero and slope of the best line, and which rows went into it."""
    good = np.isfinite(values)
    line = (float(np.median(values[good])) if good.any() else 0.0, 0.0)
    for _ in range(3):
        if good.sum() < 4 or np.ptp(at_s[good]) < 30:
            line = (float(np.median(values[good])), 0.0)
        else:
            slope, at_zero = np.polyfit(at_s[good], values[good] - line[0], 1)
            line = (float(at_zero) + line[0], float(slope))
        away = np.abs(values - line[0] - line[1] * at_s)
        spread = max(1.4826 * float(np.median(away[good])), 0.05)
        good = np.isfinite(values) & (away < _LEFT_OUT * spread)
    return line, good


def _between(used: Sequence[Measurement]) -> list[Measurement]:
    """Moments between the receptions of each satellite that heard several."""
    found = []
    for name in dict.fromkeys(one.satellite for one in used):
        times = [one.time for one in used if one.satellite == name]
        first, last = min(times), max(times)
        if len(times) > 2:
            steps = [first + (last - first) * index // STEPS for index in range(STEPS + 1)]
            found += [Measurement(used[0].beacon, time, name, carrier_hz=used[0].carrier_hz) for time in steps]
    return found


def _receptions(told: Residuals, good: NDArray[np.bool_]) -> list[dict[str, Any]]:
    return [
        {
            "satellite": told.satellites[row],
            "time": instants.text(told.times[row]),
            "received_hz": _number(told.foa_hz[row], 3),
            "foretold_hz": _number(told.foretold_hz[row], 3),
            "left_hz": _number(told.left_hz[row], 4),
            "late_us": _number(told.late_s[row] * 1e6, 2),
            "fitted": bool(good[row]),
        }
        for row in range(len(told.times))
    ]


def _drawn(told: Residuals) -> list[dict[str, Any]]:
    lines = []
    for name in dict.fromkeys(told.satellites):
        mine = [row for row, satellite in enumerate(told.satellites) if satellite == name]
        times = [instants.text(told.times[row]) for row in mine]
        lines.append({"satellite": name, "times": times, "hz": [_number(told.foretold_hz[row], 2) for row in mine]})
    return lines


def _number(value: Any, digits: int) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None

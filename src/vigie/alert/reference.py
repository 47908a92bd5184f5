"""The MCC reference position: a mean of positions that agree, weighted by quality (R 3.2.2.2).

What weighs is in the manual: for an encoded position whether it is refined, for a DOA one its expected error, for a
Doppler one its geometry and points. How much each weighs is in C/S A.002, which was not read: the weight here is the
inverse square of the expected error, which is ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vigie.alert.matching import apart_m, kind
from vigie.alert.rules import DOA_ERROR_M, DOPPLER_ERROR_M, MATCH_M, REFERENCE_FLOOR_M, REFERENCE_WINDOW_S
from vigie.alert.spans import seconds
from vigie.geodesy import ecef_m, geodetic
from vigie.instants import Instant
from vigie.records import Reference, Solution

_UNSTATED_M = {"doppler": DOPPLER_ERROR_M.value, "doa": DOA_ERROR_M.value, "encoded": DOPPLER_ERROR_M.value}


def established(
    agreed: Sequence[Solution],
    known: Sequence[Solution],
    first_seen: Instant,
    *,
    old: Reference | None = None,
    renewed: bool = False,
) -> Reference:
    """The reference that positions which agree establish, with those of the last hour that match them.

    ``agreed``: at least one. ``known``: all positions of the alert, theirs among them. ``old``: the reference they
    agree with, where there is one. ``renewed``: nothing but ``agreed`` counts, they contradict the old one.
    """
    end = max(solution.end for solution in agreed)
    chosen = list(agreed)
    if not renewed:
        anchors: list[Solution | Reference] = [*agreed, *([old] if old else [])]
        for other in known:
            recent = 0 <= seconds(end, other.end) <= REFERENCE_WINDOW_S.value
            if recent and other not in chosen and all(apart_m(other, near) <= MATCH_M.value for near in anchors):
                chosen.append(other)
    lat_deg, lon_deg = _mean(chosen)
    start = min(first_seen, min(solution.start for solution in chosen))
    return Reference(lat_deg, lon_deg, start, end, len(chosen), renewed)


def _mean(chosen: Sequence[Solution]) -> tuple[float, float]:
    """Weighted mean of places as points in space, so that neither the poles nor the date line matter."""
    weights = np.array([_weight(solution) for solution in chosen])
    points = ecef_m([s.lat_deg for s in chosen], [s.lon_deg for s in chosen])
    lat, lon, _ = geodetic(weights @ points / weights.sum())
    return float(lat), float(lon)


def _weight(solution: Solution) -> float:
    error_m = solution.ehe_m if solution.ehe_m is not None else _UNSTATED_M[kind(solution)]
    return solution.probability / max(error_m, REFERENCE_FLOOR_M.value) ** 2

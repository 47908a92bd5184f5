"""Where to start: a search over everything the satellites could have heard, so that no solution rests on luck.

A grid covers the ground from which a signal could reach the satellites; chi-square is computed at every point with the
best transmit times, frequency and drift; every local minimum of the grid starts a descent. A valley that the grid does
not see would have to be narrower than its spacing, which is chosen well below the width that the geometry allows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vigie.constants import WGS84_A_M
from vigie.geodesy import ecef_m, geodetic, local_axes
from vigie.locate.normal import Problem, evaluate
from vigie.locate.rows import Rows, axes_of

Array = NDArray[np.float64]

_SIDE = 61
_LOWEST_DEG = -2.0  # elevation down to which a signal may come: refraction, a raised beacon
_MOST_ROWS = 48


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What the search over the ground found."""

    starts_m: Array
    """(s, 3) ECEF, by rising chi-square"""
    seen: Array
    """(n,) share of the best-covered ground that each reception's satellite sees: 0 for one that cannot belong"""
    points: int
    """places tried"""


def search(problem: Problem, most: int = 24) -> Search:
    """Starting places for a problem; ``most`` of them, the lowest chi-square first.

    The map is an azimuthal equal-area one about the middle of the sub-satellite points, 61 by 61 places over the ground
    in view: 120 km apart for one low pass, 400 km for satellites in medium orbits.
    """
    rows = problem.rows
    ground, shape, high, best = _in_view(rows)
    seen = np.mean(high[best], axis=0) if best.any() else np.zeros(rows.size)
    if not best.any():
        return Search(np.zeros((0, 3)), seen, ground.shape[0])
    lean = _thinned(problem)
    cost = np.full(ground.shape[0], np.inf)
    chosen = np.flatnonzero(best)
    for part in np.array_split(chosen, max(1, chosen.size * lean.rows.size // 40_000)):
        cost[part] = evaluate(lean, ground[part], np.zeros((part.size, 2))).cost
    low = _local_minima(cost.reshape(shape))
    order = low[np.argsort(cost[low], kind="stable")][:most]
    return Search(ground[order], seen, int(chosen.size))


def _in_view(rows: Rows) -> tuple[Array, tuple[int, int], NDArray[np.bool_], NDArray[np.bool_]]:
    """The map's places and shape; which receptions' satellites each sees; and which places see the most of them."""
    ground, shape = _grid(rows, (rows.toa_weight > 0) | (rows.foa_weight > 0))
    high = elevation_sine(ground, rows) > np.sin(np.radians(_LOWEST_DEG))
    counts = np.sum(high & rows.heard, axis=-1)
    return ground, shape, high, counts == max(int(counts.max(initial=0)), 1)


def frequency(problem: Problem) -> tuple[float, float] | None:
    """Sent less nominal frequency and its sigma (Hz) wherever on the ground in view the beacon is; None if unmeasured.

    What a stationary satellite tells of a beacon that it cannot place.
    """
    if not problem.columns.shape[1]:
        return None
    ground, _, _, best = _in_view(problem.rows)
    if not best.any():
        return None
    normal = evaluate(_thinned(problem), ground[best], np.zeros((int(best.sum()), 2)))
    share = np.exp(-0.5 * (normal.cost - np.min(normal.cost)))
    share /= share.sum()
    here, own = normal.linear[:, 0], normal.linear_inverse[:, 0, 0]
    mean = float(share @ here)
    return mean, float(np.sqrt(share @ (own + (here - mean) ** 2)))


def mirrored(problem: Problem, places_m: Array) -> Array:
    """Places ``(s, 3)`` on the other side of the tracks of the satellites, one for each satellite of at most two.

    A Doppler curve is nearly the same on both sides of the track. Where the track passes close by, both lie within one
    step of the grid, so the other side is not left to it.
    """
    rows = problem.rows
    use = (rows.toa_weight > 0) | (rows.foa_weight > 0)
    present = np.unique(rows.satellite[use])
    if present.size > 2 or not len(places_m):
        return np.zeros((0, 3))
    across = axes_of(rows)[:, 2, :]
    found = []
    for satellite in present:
        mine = np.flatnonzero(use & (rows.satellite == satellite))
        range2 = np.sum((rows.satellite_m[mine] - places_m[:, None, :]) ** 2, axis=-1)
        normal = across[mine][np.argmin(range2, axis=1)]  # of the orbit's plane at closest approach
        other = places_m - 2 * np.sum(places_m * normal, axis=-1, keepdims=True) * normal
        lat, lon, _ = geodetic(other)
        found.append(ecef_m(lat, lon, 0.0))
    return np.concatenate(found)


def _grid(rows: Rows, use: NDArray[np.bool_]) -> tuple[Array, tuple[int, int]]:
    """Places ``(m, 3)`` on the ellipsoid around the middle of what the satellites see, and the map's shape."""
    above = rows.satellite_m[use] / np.linalg.norm(rows.satellite_m[use], axis=-1, keepdims=True)
    radius = np.linalg.norm(rows.satellite_m[use], axis=-1)
    reach = np.arccos(np.clip(WGS84_A_M / radius, -1, 1)) + np.radians(3)
    # the ground that the satellite with the smallest view sees holds the beacon
    nearest = above[np.argsort(reach, kind="stable")[0]]
    mine = above @ nearest > np.cos(np.radians(60))
    tight = reach < np.min(reach) + np.radians(5)
    middle = np.mean(above[mine & tight], axis=0)
    middle /= np.linalg.norm(middle)
    wide = min(float(np.max(np.arccos(np.clip(above[mine & tight] @ middle, -1, 1)))) + float(np.min(reach)), np.pi)
    edge = 2 * np.sin(wide / 2)
    line = np.linspace(-edge, edge, _SIDE)
    x, y = (axis.ravel() for axis in np.meshgrid(line, line, indexing="ij"))
    out = np.hypot(x, y)
    angle = 2 * np.arcsin(np.clip(out / 2, 0, 1))
    east = np.cross([0.0, 0.0, 1.0], middle)
    east = east / np.linalg.norm(east) if np.linalg.norm(east) > 1e-6 else np.array([1.0, 0.0, 0.0])
    north = np.cross(middle, east)
    aside = (x[:, None] * east + y[:, None] * north) / np.maximum(out, 1e-12)[:, None]
    point = np.cos(angle)[:, None] * middle + np.sin(angle)[:, None] * aside
    lat, lon, _ = geodetic(point * WGS84_A_M)
    return ecef_m(lat, lon, 0.0), (_SIDE, _SIDE)


def elevation_sine(ground: Array, rows: Rows) -> Array:
    """Sine of the elevation of every reception's satellite at every place ``(m, n)``."""
    lat, lon, _ = geodetic(ground)
    up = local_axes(lat, lon)[:, 2, :]
    height = np.sum(ground * up, axis=-1)[:, None]
    level = up @ rows.satellite_m.T - height
    distance2 = (
        np.sum(ground * ground, axis=-1)[:, None]
        + np.sum(rows.satellite_m**2, axis=-1)
        - 2 * ground @ rows.satellite_m.T
    )
    return np.asarray(level / np.sqrt(distance2))


def _thinned(problem: Problem) -> Problem:
    """The same problem without what only matters near the minimum, and with at most four dozen receptions' bursts."""
    rows = problem.rows
    if rows.size > _MOST_ROWS:
        bursts = rows.first.size
        keep = np.unique(np.linspace(0, bursts - 1, max(3, _MOST_ROWS * bursts // rows.size)).round().astype(int))
        kept = np.isin(rows.burst_of(), keep)
        sizes = np.bincount(rows.burst_of()[kept], minlength=bursts)[keep]
        columns = problem.columns[kept]
        rows = Rows(
            first=np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp),
            seconds=rows.seconds[kept],
            satellite_m=rows.satellite_m[kept],
            satellite_mps=rows.satellite_mps[kept],
            toa_s=rows.toa_s[kept],
            toa_weight=rows.toa_weight[kept],
            foa_hz=rows.foa_hz[kept],
            foa_weight=rows.foa_weight[kept],
            nominal_hz=rows.nominal_hz[kept],
            satellite=rows.satellite[kept],
            day_s=rows.day_s[kept],
            heard=rows.heard[kept],
        )
        problem = replace(problem, columns=columns, rows=rows)
    # a valley as wide as the grid's step must show: nothing is held to be known better than what one step changes
    return replace(
        problem,
        tec=0.0,
        tec_sigma_tecu=None,
        troposphere=False,
        orbit=None,
        speed_sigma_mps=None,
        altitude_sigma_m=max(problem.altitude_sigma_m, 1_000.0),
        ground=None,
    )


def _local_minima(cost: Array) -> NDArray[np.intp]:
    """Flat indices of places not higher than their eight neighbours (outside the map counts as higher)."""
    wide = np.pad(cost, 1, constant_values=np.inf)
    rows, columns = cost.shape
    lowest = np.isfinite(cost)
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            lowest &= cost <= wide[down : down + rows, right : right + columns]
    return np.flatnonzero(lowest)

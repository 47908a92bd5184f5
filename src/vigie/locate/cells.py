"""Where the beacon may be, cell by cell: the posterior on H3's hexagons, for when it is several places or no ellipse.

The cells grow outwards from every place found, for as long as they hold more than a few thousandths of the best one's
density. In each the estimator's own equations are evaluated, so a bent or lopsided posterior shows its shape; height,
velocity and all linear unknowns are taken at their best there, with the room that is left to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vigie.geodesy import ecef_m, geodetic, local_axes
from vigie.locate.normal import Normal, Problem, evaluate
from vigie.locate.solver import Minimum

Array = NDArray[np.float64]

_MOST = 4_000
_SHOWN = 700
_FINEST, _COARSEST = 13, 2
_EDGE = np.log(1e-3)  # of the densest cell: beyond lies a few thousandths of the whole
_HALF = np.sqrt(-2 * np.log(0.05))
_BENT = 0.35
_AREA_M2 = 4.357449416e12 / 7.0 ** np.arange(16)
"""mean area of a cell by resolution (H3, table of cell statistics; each a seventh of the one before)"""


@dataclass(frozen=True, slots=True, eq=False)
class Mode:
    """One place with its share of the probability: what each of its explanations weighs."""

    share: float
    members: tuple[tuple[float, Problem, Minimum], ...]
    covariance: Array
    """(2, 2) east, north, all explanations together"""


def bent(mode: Mode, scale: float) -> bool:
    """Whether chi-square on the rim of the 95 % ellipse differs by a third from what an ellipse would make it."""
    _, problem, one = max(mode.members, key=lambda item: item[0])
    values, vectors = np.linalg.eigh(one.covariance[:2, :2])
    turn = np.arange(12) * np.pi / 6
    rim = (np.stack([np.cos(turn), np.sin(turn)], axis=-1) * np.sqrt(values) * _HALF) @ vectors.T
    lat, lon, height = geodetic(one.place_m)
    there = one.place_m + rim @ local_axes(lat, lon)[:2]
    lat, lon, _ = geodetic(there)
    cost = _cost(problem, ecef_m(lat, lon, height), one)[0] - one.cost
    return bool(np.any(np.abs(cost / _HALF**2 - 1) > _BENT)) if np.isfinite(scale) else False


def cells(modes: Sequence[Mode], scale: float) -> tuple[tuple[str, float], ...]:
    """H3 cells with the probability of each, the likeliest first; their sum is that of the modes.

    ``scale``: by how much variances are widened. Empty when the places are too thin or too wide for cells.
    """
    import h3

    area = sum(np.pi * _HALF**2 * 2.3 * np.sqrt(np.linalg.det(mode.covariance)) * scale for mode in modes)
    thin = min(float(np.linalg.eigvalsh(mode.covariance)[0]) for mode in modes) * scale
    wanted = max(min(2.0 * thin, area / 60), area / _MOST)
    resolution = int(np.searchsorted(-_AREA_M2, -wanted))
    if resolution > _FINEST or resolution < _COARSEST:
        return ()
    found: dict[str, float] = {}
    for mode in modes:
        density = _density(mode, scale, resolution, _MOST // len(modes))
        total = sum(density.values())
        for name, value in density.items():
            found[name] = found.get(name, 0.0) + mode.share * value / total
    while len(found) > _SHOWN and resolution > _COARSEST:
        resolution -= 1
        coarse: dict[str, float] = {}
        for name, value in found.items():
            parent = h3.cell_to_parent(name, resolution)
            coarse[parent] = coarse.get(parent, 0.0) + value
        found = coarse
    return tuple(sorted(((name, float(value)) for name, value in found.items()), key=lambda item: -item[1]))


def _density(mode: Mode, scale: float, resolution: int, most: int) -> dict[str, float]:
    """Density on the cells about a mode, grown outwards from its places while it lasts."""
    import h3

    starts = [geodetic(one.place_m) for _, _, one in mode.members]
    frontier = {h3.latlng_to_cell(float(lat), float(lon), resolution) for lat, lon, _ in starts}
    known: dict[str, float] = {}
    best = -np.inf
    while frontier and len(known) < most:
        names = sorted(frontier)
        values = _log_density(mode, scale, np.array([h3.cell_to_latlng(name) for name in names]))
        known.update(zip(names, values.tolist(), strict=True))
        best = max(best, float(np.max(values)))
        grown = {near for name in names if known[name] > best + _EDGE for near in h3.grid_disk(name, 1)}
        frontier = grown - known.keys()
    return {name: float(np.exp(value - best)) for name, value in known.items() if value > best + _EDGE}


def _log_density(mode: Mode, scale: float, degrees: Array) -> Array:
    """Logarithm of the density at latitudes and longitudes ``(m, 2)``, all explanations together."""
    parts = []
    for weight, problem, one in mode.members:
        level = geodetic(one.place_m)[2] if problem.ground is None else problem.ground(degrees[:, 0], degrees[:, 1])[0]
        place = ecef_m(degrees[:, 0], degrees[:, 1], level)
        chunks = np.array_split(place, max(1, len(place) * problem.rows.size // 20_000))
        both = [_cost(problem, chunk, one) for chunk in chunks]
        cost, volume = (np.concatenate([pair[part] for pair in both]) for part in (0, 1))
        inside = np.log(weight) - 0.5 * np.linalg.slogdet(one.covariance[:2, :2])[1]
        top = _cost(problem, one.place_m[None], one)
        parts.append(inside - 0.5 * (cost - top[0]) / scale - 0.5 * (volume - top[1]))
    return np.asarray(np.logaddexp.reduce(parts, axis=0))


def _cost(problem: Problem, place: Array, one: Minimum) -> tuple[Array, Array]:
    """Chi-square at places ``(m, 3)``, height and velocity at their best, and the room left to all but the place."""
    velocity = np.broadcast_to(one.velocity_mps, (len(place), 2))
    normal: Normal = evaluate(problem, place, velocity)
    block, pull = normal.matrix[:, 2:, 2:], normal.vector[:, 2:]
    gain = np.sum(pull * np.linalg.solve(block, pull[..., None])[..., 0], axis=-1)
    return normal.cost - gain, normal.log_volume + np.linalg.slogdet(block)[1]

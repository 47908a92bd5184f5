"""Levenberg-Marquardt on the reduced normal equations, from many starts at once, and the distinct minima it finds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vigie.geodesy import geodetic, local_axes
from vigie.locate.normal import Normal, Problem, evaluate

Array = NDArray[np.float64]

_STEPS = 30
_PATIENCE = 8
_LONGEST_M = 1.5e6


@dataclass(frozen=True, slots=True, eq=False)
class Minimum:
    """One place where chi-square is least, with its normal equations."""

    place_m: Array
    """(3,) ECEF"""
    velocity_mps: Array
    """(2,) east, north"""
    cost: float
    covariance: Array
    """(p, p) of east, north, up and, if solved for, velocity"""
    linear: Array
    linear_covariance: Array
    log_evidence_volume: float
    """half the logarithm of the determinant of the full covariance: the room the data leave"""
    converged: bool


def minimise(problem: Problem, starts_m: Array, speeds_mps: Array | None = None) -> tuple[Array, Array, Normal, Array]:
    """Follow every start ``(s, 3)`` down to its minimum: places, velocities, normal equations, and which converged.

    A start stops when its next step gains less than a hundredth of a sigma, or is refused until nothing moves.
    """
    place = np.array(starts_m, float)
    velocity = np.zeros((len(place), 2)) if speeds_mps is None else np.array(speeds_mps, float)
    damping = np.full(len(place), 1e-3)
    here = evaluate(problem, place, velocity)
    done = np.zeros(len(place), bool)
    for count in range(_STEPS):
        if count >= _PATIENCE and done.any():  # what is still far above a minimum found would carry no weight
            done |= here.cost > 4 * np.min(here.cost[done]) + 400
        live = np.flatnonzero(~done)
        if not live.size:
            break
        step, fine = _step(here, live, damping)
        new_place, new_velocity = moved(place[live], velocity[live], step)
        there = evaluate(problem, new_place, new_velocity)
        better = there.cost <= here.cost[live] * (1 + 1e-12) + 1e-12
        won = live[better]
        place[won], velocity[won] = new_place[better], new_velocity[better]
        _put(here, won, there, better)
        damping[live] = np.where(better, damping[live] / 8, damping[live] * 6)
        done[live] = (better & fine) | (damping[live] > 1e6)
    return place, velocity, here, done


def _step(here: Normal, live: NDArray[np.intp], damping: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Damped step of each live start, and whether it is so small that the minimum is reached."""
    matrix, vector = here.matrix[live], here.vector[live]
    diagonal = np.maximum(np.diagonal(matrix, axis1=-2, axis2=-1), 1e-30)
    scale = 1 / np.sqrt(diagonal)
    unit = matrix * scale[:, :, None] * scale[:, None, :]
    unit = unit + (damping[live, None, None] + 1e-12) * np.eye(matrix.shape[-1])
    step = np.linalg.solve(unit, (vector * scale)[..., None])[..., 0] * scale
    length = np.linalg.norm(step[:, :3], axis=-1)
    step *= np.minimum(1, _LONGEST_M / np.maximum(length, 1))[:, None]
    gain = np.abs(np.sum(step * vector, axis=-1))  # squared length in sigmas, about
    small = gain < 1e-4 * (1 + here.cost[live] / 30)  # where nothing fits, the last digits of the place do not matter
    return step, (small | (length < 0.01)) & (damping[live] < 1)


def moved(place: Array, velocity: Array, step: Array) -> tuple[Array, Array]:
    """Places after steps east, north, up; along the ellipsoid, so that long steps do not leave the ground."""
    lat, lon, height = geodetic(place)
    axes = local_axes(lat, lon)
    flat = place + np.einsum("...k,...kc->...c", step[..., :2], axes[..., :2, :])
    new_lat, new_lon, _ = geodetic(flat)
    up = local_axes(new_lat, new_lon)[..., 2, :]
    _, _, risen = geodetic(flat)
    moved = flat + up * (height + step[..., 2] - risen)[..., None]
    return moved, velocity + (step[..., 3:5] if step.shape[-1] == 5 else 0.0)


def _put(here: Normal, won: NDArray[np.intp], there: Normal, better: NDArray[np.bool_]) -> None:
    for name in ("matrix", "vector", "cost", "linear", "linear_inverse", "cross", "log_volume"):
        getattr(here, name)[won] = getattr(there, name)[better]


def minima(problem: Problem, starts_m: Array, apart_m: float = 1_000.0) -> list[Minimum]:
    """The distinct minima that the starts lead to, the lowest first.

    Two ends are one minimum when they are closer than ``apart_m`` or than one sigma of the place.
    """
    place, velocity, normal, done = minimise(problem, starts_m)
    found: list[Minimum] = []
    for index in np.argsort(normal.cost, kind="stable"):
        one = _minimum(problem, place[index], velocity[index], normal, int(index), bool(done[index]))
        if one is None or any(_same(one, other, apart_m) for other in found):
            continue
        found.append(one)
    return found


def _same(one: Minimum, other: Minimum, apart_m: float) -> bool:
    off = one.place_m - other.place_m
    if np.linalg.norm(off) < apart_m:
        return True
    lat, lon, _ = geodetic(other.place_m)
    local = local_axes(lat, lon)[:2] @ off
    if np.linalg.norm(off) > 1e6:
        return False
    return bool(local @ np.linalg.solve(other.covariance[:2, :2], local) < 1.0)


def _minimum(problem: Problem, place: Array, velocity: Array, normal: Normal, index: int, done: bool) -> Minimum | None:
    matrix = normal.matrix[index]
    scale = 1 / np.sqrt(np.maximum(np.diagonal(matrix), 1e-300))
    unit = matrix * scale[:, None] * scale[None, :]
    values, vectors = np.linalg.eigh(unit)
    values = np.maximum(values, 1e-14)  # a direction that nothing measures: as wide as can be written
    covariance = (vectors / values) @ vectors.T * scale[:, None] * scale[None, :]
    inverse, cross = normal.linear_inverse[index], normal.cross[index]
    gain = inverse @ cross.T
    volume = -np.sum(np.log(values)) + 2 * np.sum(np.log(scale)) - float(normal.log_volume[index])
    return Minimum(
        place_m=place,
        velocity_mps=velocity,
        cost=float(normal.cost[index]),
        covariance=covariance,
        linear=normal.linear[index],
        linear_covariance=inverse + gain @ covariance @ gain.T,
        log_evidence_volume=0.5 * volume,
        converged=done,
    )

"""Normal equations of one place hypothesis, or of many at once: the kernel of the estimator.

Unknown transmit times and frequencies are never solved for. A burst's time of transmission is common to its times of
arrival, so subtracting their weighted mean removes it exactly; a burst's frequency is its beacon's, plus a scatter of
its own with a known sigma, and subtracting the fitting part of the mean leaves rows that are independent again (the
whitening of a random effect: the part is 1 - sqrt(1 - k) with k = W / (W + 1/sigma^2), W the burst's weight). What is
left that enters linearly (frequency, drift, orbit errors, electron content) is one small block, eliminated by Schur's
complement, so that only place and velocity remain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vigie.constants import SPEED_OF_LIGHT_MPS
from vigie.geodesy import geodetic, local_axes
from vigie.locate import media
from vigie.locate.measurement import Ground
from vigie.locate.orbit_error import ORBIT, SIZE
from vigie.locate.rows import Rows
from vigie.locate.uplink import path

Array = NDArray[np.float64]

_SLOPE_STEP_M = 500.0


@dataclass(frozen=True, slots=True, eq=False)
class OrbitError:
    """Unknowns of s satellites' orbits and payloads (``vigie.locate.orbit_error``)."""

    place: Array
    """(n, 6, 3) Earth-fixed metres that a metre of each number moves the satellite of each reception by"""
    speed: Array
    """(n, 6, 3) the same of its velocity over the turning Earth (1/s)"""
    precision: Array
    """(8s, 8s) prior, 1/m2"""
    mean_m: Array
    """(8s,) what the numbers are expected to be"""
    payload: tuple[float, float]
    """one-sigma calibration of a payload: delay (m), frequency (m/s)"""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Everything that stays the same while places are tried."""

    rows: Rows
    altitude_m: float
    altitude_sigma_m: float
    columns: Array
    """(n, q) how each reception's frequency depends on the linear unknowns of the beacon's oscillator"""
    precision: Array
    """(q,) prior 1/sigma2 of those; 0 for a free one"""
    wander_hz: float
    """scatter of a burst's frequency; infinite: every burst has its own"""
    tec: media.TecModel | float = 0.0
    tec_sigma_tecu: tuple[float, float, float] | None = None
    """of the content overhead and of its slopes to the east and north (in 1000 km); None: known exactly"""
    troposphere: bool = True
    relativity: bool = True
    orbit: OrbitError | None = None
    """None: exact orbits"""
    speed_sigma_mps: float | None = None
    """None: the beacon stands still"""
    climb_sigma_mps: float = 0.0
    """vertical speed of a moving beacon, one sigma about none, a linear unknown after the oscillator's; 0: it keeps its
    height"""
    reference_s: float = 0.0
    """when the solved place holds, for a moving beacon"""
    anchors: tuple[tuple[Array, float], ...] = ()
    """encoded places (ECEF) and their sigmas on the ground (m)"""
    sense: int = -1
    ground: Ground | None = None
    """in place of the one height everywhere"""
    fixed: bool = False
    """the place is known: only the linear unknowns are wanted"""


@dataclass(frozen=True, slots=True, eq=False)
class Normal:
    """Reduced normal equations at places ``(...)``.

    ``matrix (..., p, p)`` and ``vector (..., p)``: of east, north, up (m) and, for a moving beacon, the velocity east
    and north (m/s). ``cost (...)``: chi-square, all linear unknowns at their best.
    """

    matrix: Array
    vector: Array
    cost: Array
    linear: Array
    """(..., q) the linear unknowns that go with the place"""
    linear_inverse: Array
    """(..., q, q) inverse of their block"""
    cross: Array
    """(..., p, q)"""
    log_volume: Array
    """logarithm of the determinant of the linear block"""


def evaluate(problem: Problem, place_m: Array, velocity_mps: Array) -> Normal:
    """Normal equations at ``place_m (..., 3)`` (ECEF), ``velocity_mps (..., 2)`` (east, north)."""
    design, residual, _ = design_rows(problem, place_m, velocity_mps)
    p = _places(problem)
    matrix = np.swapaxes(design, -1, -2) @ design
    vector = (np.swapaxes(design, -1, -2) @ residual[..., None])[..., 0]
    cost = np.sum(residual * residual, axis=-1)
    if not problem.fixed:
        _place_priors(problem, place_m, velocity_mps, matrix, vector, cost)
    _linear_priors(problem, p, matrix, vector, cost)
    return _reduce(matrix, vector, cost, p)


def _reduce(matrix: Array, vector: Array, cost: Array, p: int) -> Normal:
    """Schur's complement of the linear block, on scaled columns."""
    q = matrix.shape[-1] - p
    block = matrix[..., p:, p:]
    scale = np.sqrt(np.maximum(np.diagonal(block, axis1=-2, axis2=-1), 1e-300))
    unit = block / (scale[..., :, None] * scale[..., None, :]) + 1e-13 * np.eye(q)
    inverse = np.linalg.inv(unit) / (scale[..., :, None] * scale[..., None, :])
    cross = matrix[..., :p, p:]
    linear = (inverse @ vector[..., p:, None])[..., 0]
    reduced = matrix[..., :p, :p] - cross @ inverse @ np.swapaxes(cross, -1, -2)
    log_volume = np.linalg.slogdet(unit)[1] + 2 * np.sum(np.log(scale), axis=-1)
    return Normal(
        matrix=(reduced + np.swapaxes(reduced, -1, -2)) / 2,
        vector=vector[..., :p] - (cross @ linear[..., None])[..., 0],
        cost=cost - np.sum(vector[..., p:] * linear, axis=-1),
        linear=linear,
        linear_inverse=inverse,
        cross=cross,
        log_volume=log_volume,
    )


def _places(problem: Problem) -> int:
    return 0 if problem.fixed else 3 if problem.speed_sigma_mps is None else 5


def columns_of(problem: Problem) -> int:
    """Number of linear unknowns."""
    orbit = 0 if problem.orbit is None else len(problem.orbit.mean_m)
    air = 0 if problem.tec_sigma_tecu is None else 3
    return int(problem.columns.shape[1]) + int(climbs(problem)) + air + orbit


def climbs(problem: Problem) -> bool:
    """Whether the beacon may rise and fall."""
    return problem.speed_sigma_mps is not None and problem.climb_sigma_mps > 0


def design_rows(problem: Problem, place_m: Array, velocity_mps: Array) -> tuple[Array, Array, Array]:
    """Whitened design ``(..., 2n, p + q)`` and residuals ``(..., 2n)``, and the plain residuals ``(..., 2, n)``.

    First the n times (seconds over their sigma), then the n frequencies. The plain residuals are measured less
    predicted with transmit times and frequencies still in them.
    """
    rows, n = problem.rows, problem.rows.size
    lat, lon, height = geodetic(place_m)
    axes = local_axes(lat, lon)[..., None, :, :]
    ground, own, elapsed = place_m[..., None, :], np.zeros(3), None
    if problem.speed_sigma_mps is not None:
        elapsed = rows.seconds - problem.reference_s
        own = np.einsum("...k,...kc->...c", velocity_mps, axes[..., 0, :2, :])[..., None, :]
        ground = ground + own * elapsed[..., None]
    link = path(ground, own, rows.satellite_m, rows.satellite_mps, problem.sense, problem.relativity)
    extra_s, extra_ratio, content = _media(problem, ground, axes, height[..., None])
    ratio = 1 + link.ratio_less_1 + extra_ratio
    sent_hz = rows.nominal_hz + rows.foa_hz
    late_s = rows.toa_s - link.delay_s - extra_s
    high_hz = (rows.foa_hz - rows.nominal_hz * (ratio - 1)) / ratio  # sent less nominal
    slope_hz = sent_hz / ratio**2

    p, q = _places(problem), columns_of(problem)
    design = np.zeros((*late_s.shape[:-1], 2, n, p + q))
    times, freqs = design[..., 0, :, :], design[..., 1, :, :]
    if p:
        local = np.swapaxes(axes, -1, -2)
        times[..., :3] = (link.delay_by_place[..., None, :] @ local)[..., 0, :]
        freqs[..., :3] = (link.ratio_by_place[..., None, :] @ local)[..., 0, :] * slope_hz[..., None]
    if p == 5 and elapsed is not None:
        times[..., 3:5] = times[..., :2] * elapsed[..., None]
        by_velocity = (link.ratio_by_velocity[..., None, :] @ local)[..., 0, :2]
        freqs[..., 3:5] = freqs[..., :2] * elapsed[..., None] + by_velocity * slope_hz[..., None]
    at = p + problem.columns.shape[1]
    freqs[..., p:at] = problem.columns
    if climbs(problem) and elapsed is not None:
        up = axes[..., 2, :, None]
        risen = (link.ratio_by_place[..., None, :] @ up)[..., 0, 0] * elapsed
        rising = (link.ratio_by_velocity[..., None, :] @ up)[..., 0, 0]
        times[..., at] = (link.delay_by_place[..., None, :] @ up)[..., 0, 0] * elapsed
        freqs[..., at] = (risen + rising) * slope_hz
        at += 1
    if content is not None:
        times[..., at : at + 3] = content[0]
        freqs[..., at : at + 3] = content[1] * slope_hz[..., None]
        at += 3
    if problem.orbit is not None:
        place, speed = problem.orbit.place, problem.orbit.speed
        by_time = (place @ link.delay_by_place[..., None])[..., 0]
        by_freq = (place @ link.ratio_by_place[..., None])[..., 0]
        by_freq += (speed @ link.direction[..., None])[..., 0] / SPEED_OF_LIGHT_MPS
        first, reception = at + SIZE * rows.satellite, np.arange(n)
        index = first[:, None] + np.arange(ORBIT)
        times[..., reception[:, None], index] = -by_time
        freqs[..., reception[:, None], index] = -by_freq * slope_hz[..., None]
        times[..., reception, first + ORBIT] = 1 / SPEED_OF_LIGHT_MPS
        freqs[..., reception, first + ORBIT + 1] = slope_hz / SPEED_OF_LIGHT_MPS

    residual = np.stack([late_s, high_hz], axis=-2)
    joined = np.concatenate([design, residual[..., None]], axis=-1)
    _centre(joined[..., 0, :, :], rows, rows.toa_weight, np.inf)
    _centre(joined[..., 1, :, :], rows, rows.foa_weight, problem.wander_hz)
    joined = joined.reshape(*joined.shape[:-3], 2 * n, p + q + 1)
    return joined[..., :-1], joined[..., -1], residual


def _media(
    problem: Problem, ground: Array, axes: Array, height: Array
) -> tuple[Array, Array, tuple[Array, Array] | None]:
    """Delay and frequency ratio (less one) of the air, and what more content and slopes would add if they are asked."""
    rows, up = problem.rows, axes[..., 2, :]
    delay, ratio = np.zeros(rows.seconds.shape), np.zeros(rows.seconds.shape)
    content = None
    if callable(problem.tec) or problem.tec or problem.tec_sigma_tecu is not None:
        content = media.per_content(ground, axes, rows.satellite_m, rows.satellite_mps, rows.nominal_hz)
        tecu = media.vertical_tecu(problem.tec, ground, up, rows.satellite_m, rows.day_s)
        delay, ratio = content[0][..., 0] * tecu, content[1][..., 0] * tecu
    if problem.troposphere:
        wet = media.troposphere(ground, up, height, rows.satellite_m, rows.satellite_mps)
        delay, ratio = delay + wet[0], ratio + wet[1]
    return delay, ratio, None if problem.tec_sigma_tecu is None else content


def _centre(values: Array, rows: Rows, weight: Array, scatter: float) -> None:
    """Whiten rows ``(..., n, columns)`` in place: burst by burst take off the mean (or its part), weigh by 1/sigma."""
    weight = np.broadcast_to(weight, values.shape[:-1])
    total = np.add.reduceat(weight, rows.first, axis=-1)
    mean = np.add.reduceat(values * weight[..., None], rows.first, axis=-2)
    mean /= np.where(total > 0, total, 1)[..., None]
    known = total / (total + scatter**-2) if np.isfinite(scatter) and scatter > 0 else np.ones_like(total)
    part = np.zeros_like(total) if scatter == 0 else 1 - np.sqrt(1 - known)
    values -= np.repeat(part[..., None] * mean, np.diff(np.append(rows.first, rows.size)), axis=-2)
    values *= np.sqrt(weight)[..., None]


def _place_priors(
    problem: Problem, place_m: Array, velocity_mps: Array, matrix: Array, vector: Array, cost: Array
) -> None:
    """Height, speed and encoded places, added to the normal equations in place."""
    lat, lon, height = geodetic(place_m)
    level, sigma, slope = _ground(problem, lat, lon)
    miss = (level - height) / sigma
    by = np.stack([-slope[0], -slope[1], np.ones_like(miss)], axis=-1) / sigma[..., None]
    matrix[..., :3, :3] += by[..., :, None] * by[..., None, :]
    vector[..., :3] += by * miss[..., None]
    cost += miss**2
    if problem.speed_sigma_mps is not None:
        for axis in (0, 1):
            matrix[..., 3 + axis, 3 + axis] += problem.speed_sigma_mps**-2
            vector[..., 3 + axis] -= velocity_mps[..., axis] / problem.speed_sigma_mps**2
        cost += np.sum(velocity_mps**2, axis=-1) / problem.speed_sigma_mps**2
    if problem.anchors:
        axes = local_axes(lat, lon)
        for anchor, spread in problem.anchors:
            off = np.einsum("...ij,...j->...i", axes[..., :2, :], anchor - place_m)
            for axis in (0, 1):
                matrix[..., axis, axis] += spread**-2
            vector[..., :2] += off / spread**2
            cost += np.sum(off**2, axis=-1) / spread**2


def _ground(problem: Problem, lat: Array, lon: Array) -> tuple[Array, Array, tuple[Array, Array]]:
    """Height of the ground, its sigma, and its slope to the east and north."""
    if problem.ground is None:
        flat = np.zeros_like(lat)
        return flat + problem.altitude_m, flat + problem.altitude_sigma_m, (flat, flat)
    level, sigma = problem.ground(lat, lon)
    step_deg = _SLOPE_STEP_M / 111_320.0
    aside = step_deg / np.maximum(np.cos(np.radians(lat)), 0.01)
    slopes = [
        (problem.ground(lat + north, lon + east)[0] - problem.ground(lat - north, lon - east)[0]) / (2 * _SLOPE_STEP_M)
        for north, east in ((0.0, aside), (step_deg, 0.0))
    ]
    return level, sigma, (slopes[0], slopes[1])


def _linear_priors(problem: Problem, p: int, matrix: Array, vector: Array, cost: Array) -> None:
    """Priors of oscillator, vertical speed, electron content and orbits, added in place."""
    at = p + problem.columns.shape[1]
    for index, one in enumerate(problem.precision):
        matrix[..., p + index, p + index] += one
    if climbs(problem):
        matrix[..., at, at] += problem.climb_sigma_mps**-2
        at += 1
    for sigma in problem.tec_sigma_tecu or ():
        matrix[..., at, at] += sigma**-2
        at += 1
    if problem.orbit is not None:
        matrix[..., at:, at:] += problem.orbit.precision
        pull = problem.orbit.precision @ problem.orbit.mean_m
        vector[..., at:] += pull
        cost += problem.orbit.mean_m @ pull

"""Thousands of single bursts at once: the same model and weights, a beacon at rest, no search over the ground.

For simulations, statistics and the first pass over a flood of bursts. Each element says whether it may be trusted:
where chi-square is not what chance makes it, where the descent did not end, or where too few satellites leave room for
a second place, ``vigie.locate.estimate.locate_one`` with its search has to decide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.constants import WGS84_A_M
from vigie.geodesy import ecef_m, geodetic, local_axes
from vigie.locate.single import chance_limit
from vigie.locate.uplink import path

Array = NDArray[np.float64]

_CHUNK = 1024  # so that the work stays in the processor's cache
_STEPS = 14


@dataclass(frozen=True, slots=True, eq=False)
class BurstFixes:
    """Solutions of ``b`` bursts."""

    place_m: Array
    """(b, 3) ECEF; NaN where there was nothing to solve"""
    covariance_m2: Array
    """(b, 3, 3) east, north, up"""
    frequency_hz: Array
    """(b,) sent less nominal"""
    chi2: Array
    dof: NDArray[np.intp]
    settled: NDArray[np.bool_]
    """the descent ended in a minimum"""
    sure: NDArray[np.bool_]
    """settled, at least three satellites, chi-square within its 99.9 % limit"""


def single_bursts(
    satellite_m: Array,
    satellite_mps: Array,
    toa_s: Array,
    sigma_toa_s: Array,
    foa_hz: Array,
    sigma_foa_hz: Array,
    nominal_hz: float,
    altitude_m: ArrayLike = 0.0,
    altitude_sigma_m: float = 500.0,
    start_m: Array | None = None,
) -> BurstFixes:
    """Places of ``b`` bursts, each heard by up to ``n`` satellites.

    satellite_m, satellite_mps ``(b, n, 3)``: Earth-fixed at arrival. toa_s ``(b, n)``: arrival past any reference of
    the burst's own. foa_hz ``(b, n)``: received less ``nominal_hz``. An infinite sigma marks what was not measured. The
    air's part is to be taken off before (``vigie.locate.media``) or put into the sigmas.
    """
    parts = []
    for at in range(0, len(toa_s), _CHUNK):
        cut = slice(at, at + _CHUNK)
        parts.append(
            _solve(
                satellite_m[cut],
                satellite_mps[cut],
                toa_s[cut],
                1 / sigma_toa_s[cut],
                foa_hz[cut],
                1 / sigma_foa_hz[cut],
                nominal_hz,
                np.broadcast_to(np.asarray(altitude_m, float), (len(toa_s),))[cut],
                altitude_sigma_m,
                None if start_m is None else start_m[cut],
            )
        )
    return BurstFixes(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _solve(
    sat: Array,
    vel: Array,
    toa: Array,
    root_t: Array,
    foa: Array,
    root_f: Array,
    nominal: float,
    altitude: Array,
    altitude_sigma: float,
    start: Array | None,
) -> tuple[Array, ...]:
    place = _middle(sat, (root_t > 0) | (root_f > 0), altitude) if start is None else np.array(start, float)
    count = len(place)
    out_n, out_cost, out_f = np.zeros((count, 3, 3)), np.full(count, np.inf), np.zeros(count)
    settled = np.zeros(count, bool)
    live = np.arange(count)
    damping = np.full(count, 1e-3)
    trial = place.copy()
    step = np.zeros((count, 3))
    out_g = np.zeros((count, 3))
    for _ in range(_STEPS):
        whole = live.size == count
        rows = slice(None) if whole else live
        normal, vector, cost, sent, height = _normal(
            trial[rows], sat[rows], vel[rows], toa[rows], root_t[rows], foa[rows], root_f[rows], nominal
        )
        miss = altitude[rows] - height
        normal[:, 2, 2] += altitude_sigma**-2
        vector[:, 2] += miss / altitude_sigma**2
        cost += (miss / altitude_sigma) ** 2
        better = cost <= out_cost[rows] * (1 + 1e-9) + 1e-9
        won = live[better]
        gain = np.abs(np.sum(step[won] * vector[better], axis=-1)) + (np.sum(step[won] ** 2, axis=-1) > 1e8)
        place[won], out_n[won], out_g[won] = trial[won], normal[better], vector[better]
        out_cost[won], out_f[won] = cost[better], sent[better]
        damping[live] = np.where(better, damping[live] * 0.1, damping[live] * 8)
        settled[won[(gain < 1e-3) & np.any(step[won] != 0, axis=-1)]] = True
        live = live[~settled[live] & (damping[live] < 1e6)]
        if not live.size:
            break
        step[live] = _damped(out_n[live], out_g[live], damping[live])
        trial[live] = _moved(place[live], step[live])
    measured = np.sum(root_t > 0, axis=-1) + np.sum(root_f > 0, axis=-1)
    dof = measured - 2 - np.any(root_t > 0, axis=-1) - np.any(root_f > 0, axis=-1)
    covariance = _inverse(out_n)
    heard = np.sum((root_t > 0) | (root_f > 0), axis=-1)
    sure = settled & (heard >= 3) & (out_cost < chance_limit(np.maximum(dof, 1))) & (dof > 0)
    return np.where(dof[:, None] >= 0, place, np.nan), covariance, out_f, out_cost, dof, settled, sure


def _middle(sat: Array, use: NDArray[np.bool_], altitude: Array) -> Array:
    """Place under the mean direction of the satellites."""
    unit = sat / np.linalg.norm(sat, axis=-1, keepdims=True)
    mean = np.sum(np.where(use[..., None], unit, 0), axis=-2)
    mean[~np.any(use, axis=-1)] = (1.0, 0.0, 0.0)  # nothing measured: anywhere, it is marked as unsolved
    lat, lon, _ = geodetic(mean / np.linalg.norm(mean, axis=-1, keepdims=True) * WGS84_A_M)
    return ecef_m(lat, lon, altitude)


def _normal(
    place: Array, sat: Array, vel: Array, toa: Array, root_t: Array, foa: Array, root_f: Array, nominal: float
) -> tuple[Array, Array, Array, Array, Array]:
    """Normal equations of each burst, transmit time and frequency eliminated by centring; the frequency; the height."""
    lat, lon, height = geodetic(place)
    axes = np.swapaxes(local_axes(lat, lon), -1, -2)
    link = path(place[:, None, :], np.zeros(3), sat, vel)
    late = toa - link.delay_s
    ratio = 1 + link.ratio_less_1
    high = (foa - nominal * link.ratio_less_1) / ratio
    weight_t, weight_f = root_t**2, root_f**2
    by_t = link.delay_by_place @ axes
    by_f = (link.ratio_by_place @ axes) * ((nominal + foa) / ratio**2)[..., None]
    count = toa.shape[-1]
    design = np.empty((len(place), 2 * count, 4))
    total_f = np.maximum(np.sum(weight_f, axis=-1), 1e-300)
    sent = np.sum(high * weight_f, axis=-1) / total_f
    total_t = np.maximum(np.sum(weight_t, axis=-1), 1e-300)
    mean_t = np.sum(late * weight_t, axis=-1) / total_t
    design[:, :count, 3] = (late - mean_t[:, None]) * root_t
    design[:, count:, 3] = (high - sent[:, None]) * root_f
    design[:, :count, :3] = (by_t - (weight_t[:, None, :] @ by_t) / total_t[:, None, None]) * root_t[..., None]
    design[:, count:, :3] = (by_f - (weight_f[:, None, :] @ by_f) / total_f[:, None, None]) * root_f[..., None]
    joint = np.swapaxes(design, -1, -2) @ design
    return joint[:, :3, :3].copy(), joint[:, :3, 3].copy(), joint[:, 3, 3].copy(), sent, height


def _damped(normal: Array, vector: Array, damping: Array) -> Array:
    """Levenberg steps, at most 2000 km long."""
    diagonal = np.maximum(np.diagonal(normal, axis1=-2, axis2=-1), 1e-30)
    matrix = normal.copy()
    for axis in (0, 1, 2):
        matrix[:, axis, axis] += damping * diagonal[:, axis]
    step = (_inverse(matrix) @ vector[..., None])[..., 0]
    length = np.sqrt(np.sum(step * step, axis=-1))
    return np.asarray(step * np.minimum(1, 2e6 / np.maximum(length, 1))[:, None])


def _moved(place: Array, step: Array) -> Array:
    """Places after steps along the ellipsoid; a long step bends with it."""
    lat, lon, height = geodetic(place)
    flat = place + (step[:, None, :] @ local_axes(lat, lon))[:, 0, :]
    new_lat, new_lon, new_height = geodetic(flat)
    up = local_axes(new_lat, new_lon)[:, 2, :]
    return np.asarray(flat + up * (height + step[:, 2] - new_height)[:, None])


def _inverse(matrix: Array) -> Array:
    """Inverses of symmetric ``(b, 3, 3)`` matrices by cofactors, on scaled rows."""
    scale = 1 / np.sqrt(np.maximum(np.diagonal(matrix, axis1=-2, axis2=-1), 1e-300))
    a = matrix * scale[:, :, None] * scale[:, None, :]
    out = np.empty_like(a)
    out[:, 0, 0] = a[:, 1, 1] * a[:, 2, 2] - a[:, 1, 2] ** 2
    out[:, 1, 1] = a[:, 0, 0] * a[:, 2, 2] - a[:, 0, 2] ** 2
    out[:, 2, 2] = a[:, 0, 0] * a[:, 1, 1] - a[:, 0, 1] ** 2
    out[:, 0, 1] = out[:, 1, 0] = a[:, 0, 2] * a[:, 1, 2] - a[:, 0, 1] * a[:, 2, 2]
    out[:, 0, 2] = out[:, 2, 0] = a[:, 0, 1] * a[:, 1, 2] - a[:, 0, 2] * a[:, 1, 1]
    out[:, 1, 2] = out[:, 2, 1] = a[:, 0, 1] * a[:, 0, 2] - a[:, 1, 2] * a[:, 0, 0]
    determinant = a[:, 0, 0] * out[:, 0, 0] + a[:, 0, 1] * out[:, 0, 1] + a[:, 0, 2] * out[:, 0, 2]
    out /= np.where(np.abs(determinant) > 1e-300, determinant, 1e-300)[:, None, None]
    return np.asarray(out * scale[:, :, None] * scale[:, None, :])

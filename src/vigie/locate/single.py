"""One burst alone, in a fraction of a millisecond: ``vigie.locate.batch`` for a batch of one, on plain numbers.

The same model, weights and eliminations; with a dozen satellites, calling NumPy would cost ten times the arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, inf, sin, sqrt
from typing import Any

from vigie.constants import (
    EARTH_GM_M3PS2,
    EARTH_ROTATION_RADPS,
    SPEED_OF_LIGHT_MPS,
    WGS84_A_M,
    WGS84_B_M,
    WGS84_E2,
)

_C = SPEED_OF_LIGHT_MPS
_SPIN = EARTH_ROTATION_RADPS
_GM = EARTH_GM_M3PS2
_STEPS = 14
_LONGEST_M = 2e6
_POLE2 = WGS84_E2 / (1 - WGS84_E2) * WGS84_B_M

Vector = tuple[float, float, float]
Six = tuple[float, float, float, float, float, float]
"""upper triangle of a symmetric matrix: xx, xy, xz, yy, yz, zz"""


@dataclass(frozen=True, slots=True)
class BurstFix:
    """Solution of one burst; the fields mean what they mean in ``vigie.locate.batch.BurstFixes``."""

    place_m: Vector
    lat_deg: float
    lon_deg: float
    height_m: float
    covariance_m2: Six
    """upper triangle, east, north, up"""
    frequency_hz: float
    chi2: float
    dof: int
    settled: bool
    sure: bool


@dataclass(slots=True)
class _Equations:
    """Normal equations at a place, transmit time and frequency eliminated; unknowns are Earth-fixed x, y, z."""

    matrix: Six
    vector: Vector
    cost: float
    sent_hz: float


def single_burst(
    satellite_m: Sequence[Sequence[float]],
    satellite_mps: Sequence[Sequence[float]],
    toa_s: Sequence[float],
    sigma_toa_s: Sequence[float],
    foa_hz: Sequence[float],
    sigma_foa_hz: Sequence[float],
    nominal_hz: float,
    altitude_m: float = 0.0,
    altitude_sigma_m: float = 500.0,
    start_m: Vector | None = None,
) -> BurstFix:
    """Place of a burst heard by ``n`` satellites; arguments as of ``batch.single_bursts`` without its first axis.

    Plain sequences (``array.tolist()``) are quickest. With fewer measurements than unknowns ``settled`` is False.
    """
    links = _links(satellite_m, satellite_mps, toa_s, sigma_toa_s, foa_hz, sigma_foa_hz)
    times = sum(1 for link in links if link[9] > 0)
    freqs = sum(1 for link in links if link[10] > 0)
    dof = times + freqs - 2 - (times > 0) - (freqs > 0)
    heard = sum(1 for link in links if link[9] > 0 or link[10] > 0)
    place = _middle(links, altitude_m) if start_m is None else start_m
    lat, lon, height = _geodetic(place)
    delays = [_distance(place, link) / _C for link in links]
    if dof < 0:
        return BurstFix(place, *_degrees(lat, lon), height, (inf, inf, inf, inf, inf, inf), 0.0, 0.0, dof, False, False)
    here = _equations(links, delays, place, lat, lon, height, nominal_hz, altitude_m, altitude_sigma_m)
    damping, settled = 1e-6, False
    for _ in range(_STEPS):
        step = _step(here, damping)
        x, y, z = step
        gain = x * here.vector[0] + y * here.vector[1] + z * here.vector[2]
        moved = _moved(place, step, lat, lon, height)
        settled = gain < 1e-3 and damping < 1.0 and x * x + y * y + z * z < 1e8
        there = _equations(links, delays, *moved, nominal_hz, altitude_m, altitude_sigma_m)
        if there.cost <= here.cost * (1 + 1e-9) + 1e-2:  # light times lag by one step: that moves the last digits
            (place, lat, lon, height), here = moved, there
            damping *= 0.1
            if settled:
                break
        else:
            settled = False
            damping = max(damping * 8, 1e-3)
            if damping > 1e6:
                break
    sure = settled and heard >= 3 and dof > 0 and here.cost < chance_limit(max(dof, 1))
    local = _local(_inverse(here.matrix), lat, lon)
    return BurstFix(place, *_degrees(lat, lon), height, local, here.sent_hz, here.cost, dof, settled, sure)


def chance_limit(dof: Any) -> Any:
    """What chi-square exceeds once in a thousand (Wilson and Hilferty's cube root, no tables); numbers or arrays."""
    part = 2 / (9 * dof)
    return dof * (1 - part + 3.09 * part**0.5) ** 3


def _links(
    satellite_m: Sequence[Sequence[float]],
    satellite_mps: Sequence[Sequence[float]],
    toa_s: Sequence[float],
    sigma_toa_s: Sequence[float],
    foa_hz: Sequence[float],
    sigma_foa_hz: Sequence[float],
) -> list[tuple[float, ...]]:
    """What each link is asked for at every place: state on axes that do not turn, clock rate, measurements, weights."""
    links: list[tuple[float, ...]] = []
    first_s = 0.0
    for (x, y, z), (vx, vy, vz), late, sigma_s, high, sigma_hz in zip(
        satellite_m, satellite_mps, toa_s, sigma_toa_s, foa_hz, sigma_foa_hz, strict=True
    ):
        first_s = first_s or late  # times near zero keep their digits
        vx, vy = vx - _SPIN * y, vy + _SPIN * x
        slow = (_GM / sqrt(x * x + y * y + z * z) + (vx * vx + vy * vy + vz * vz) / 2) / _C**2
        weights = (sigma_s**-2 if sigma_s < inf else 0.0, sigma_hz**-2 if sigma_hz < inf else 0.0)
        links.append((x, y, z, vx, vy, vz, slow, late - first_s, high, *weights))
    return links


def _equations(
    links: list[tuple[float, ...]],
    delays: list[float],
    place: Vector,
    lat: float,
    lon: float,
    height: float,
    nominal_hz: float,
    altitude_m: float,
    altitude_sigma_m: float,
) -> _Equations:
    """See ``uplink.path`` for the model; ``delays`` are those of the place before and are brought up to this one."""
    gx, gy, gz = place
    slow = (_GM / sqrt(gx * gx + gy * gy + gz * gz) + _SPIN**2 * (gx * gx + gy * gy) / 2) / _C**2
    tw = tx = ty = tz = tr = txx = txy = txz = tyy = tyz = tzz = txr = tyr = tzr = trr = 0.0
    fw = fx = fy = fz = fr = fxx = fxy = fxz = fyy = fyz = fzz = fxr = fyr = fzr = frr = 0.0
    for index, (rx, ry, rz, vx, vy, vz, clock, late, high, wt, wf) in enumerate(links):
        angle = _SPIN * delays[index]
        bx, by = gx + angle * gy, gy - angle * gx  # turned back by the light time; second order is 0.2 mm
        lx, ly, lz = rx - bx, ry - by, rz - gz
        distance = sqrt(lx * lx + ly * ly + lz * lz)
        delays[index] = delay = distance / _C
        ux, uy, uz = lx / distance, ly / distance, lz / distance
        own_x, own_y = -_SPIN * by, _SPIN * bx
        bottom = -(ux * own_x + uy * own_y) / _C
        if wt:
            a, b, c, r = -ux / _C, -uy / _C, -uz / _C, late - delay
            wa, wb, wc = wt * a, wt * b, wt * c
            tw += wt
            tx += wa
            ty += wb
            tz += wc
            tr += wt * r
            txx += wa * a
            txy += wa * b
            txz += wa * c
            tyy += wb * b
            tyz += wb * c
            tzz += wc * c
            txr += wa * r
            tyr += wb * r
            tzr += wc * r
            trr += wt * r * r
        if wf:
            rate = ux * (vx - own_x) + uy * (vy - own_y) + uz * vz
            ratio = -rate / _C / (1 + bottom)
            ratio += (1 + ratio) * (clock - slow)
            r = (high - nominal_hz * ratio) / (1 + ratio)
            scale = (nominal_hz + high) / (1 + ratio) / (1 + bottom) / _C
            a = (vx - own_x - rate * ux) / distance * scale + _SPIN * uy * scale
            b = (vy - own_y - rate * uy) / distance * scale - _SPIN * ux * scale
            c = (vz - rate * uz) / distance * scale
            wa, wb, wc = wf * a, wf * b, wf * c
            fw += wf
            fx += wa
            fy += wb
            fz += wc
            fr += wf * r
            fxx += wa * a
            fxy += wa * b
            fxz += wa * c
            fyy += wb * b
            fyz += wb * c
            fzz += wc * c
            fxr += wa * r
            fyr += wb * r
            fzr += wc * r
            frr += wf * r * r
    it, jt = 1 / (tw or 1.0), 1 / (fw or 1.0)  # the means, taken off
    across = cos(lat)
    ex, ey, ez = across * cos(lon), across * sin(lon), sin(lat)
    hw = altitude_sigma_m**-2
    miss = altitude_m - height
    return _Equations(
        (
            txx - tx * tx * it + fxx - fx * fx * jt + hw * ex * ex,
            txy - tx * ty * it + fxy - fx * fy * jt + hw * ex * ey,
            txz - tx * tz * it + fxz - fx * fz * jt + hw * ex * ez,
            tyy - ty * ty * it + fyy - fy * fy * jt + hw * ey * ey,
            tyz - ty * tz * it + fyz - fy * fz * jt + hw * ey * ez,
            tzz - tz * tz * it + fzz - fz * fz * jt + hw * ez * ez,
        ),
        (
            txr - tx * tr * it + fxr - fx * fr * jt + hw * ex * miss,
            tyr - ty * tr * it + fyr - fy * fr * jt + hw * ey * miss,
            tzr - tz * tr * it + fzr - fz * fr * jt + hw * ez * miss,
        ),
        trr - tr * tr * it + frr - fr * fr * jt + hw * miss * miss,
        fr * jt,
    )


def _step(here: _Equations, damping: float) -> Vector:
    """Levenberg's step, at most 2000 km long."""
    xx, xy, xz, yy, yz, zz = here.matrix
    more = 1 + damping
    a, b, c, d, e, f = _inverse((xx * more, xy, xz, yy * more, yz, zz * more))
    x, y, z = here.vector
    step = (a * x + b * y + c * z, b * x + d * y + e * z, c * x + e * y + f * z)
    length = sqrt(step[0] ** 2 + step[1] ** 2 + step[2] ** 2)
    if length > _LONGEST_M:
        part = _LONGEST_M / length
        return step[0] * part, step[1] * part, step[2] * part
    return step


def _moved(place: Vector, step: Vector, lat: float, lon: float, height: float) -> tuple[Vector, float, float, float]:
    """A place after a step along the ellipsoid, its geodetic latitude, longitude (rad) and height."""
    across = cos(lat)
    rise = step[0] * across * cos(lon) + step[1] * across * sin(lon) + step[2] * sin(lat)
    flat = place[0] + step[0], place[1] + step[1], place[2] + step[2]
    lat, lon, risen = _geodetic(flat)
    wanted = height + rise
    lift = wanted - risen
    across = cos(lat)
    moved = flat[0] + lift * across * cos(lon), flat[1] + lift * across * sin(lon), flat[2] + lift * sin(lat)
    return moved, lat, lon, wanted


def _geodetic(place: Vector) -> tuple[float, float, float]:
    """Latitude, longitude (rad) and height (m): Bowring's formula, better than a millimetre near the ground."""
    x, y, z = place
    across = sqrt(x * x + y * y)
    reduced = atan2(z * WGS84_A_M, across * WGS84_B_M)
    s, c = sin(reduced), cos(reduced)
    lat = atan2(z + _POLE2 * s * s * s, across - WGS84_E2 * WGS84_A_M * c * c * c)
    s = sin(lat)
    inside = 1 - WGS84_E2 * s * s
    return lat, atan2(y, x), across * cos(lat) + z * s - WGS84_A_M * sqrt(inside)


def _middle(links: list[tuple[float, ...]], altitude_m: float) -> Vector:
    """Place under the mean direction of the satellites."""
    x = y = z = 0.0
    for link in links:
        if link[9] or link[10]:
            radius = sqrt(link[0] * link[0] + link[1] * link[1] + link[2] * link[2])
            x, y, z = x + link[0] / radius, y + link[1] / radius, z + link[2] / radius
    length = sqrt(x * x + y * y + z * z) or 1.0
    lat, lon, _ = _geodetic((x / length * WGS84_A_M, y / length * WGS84_A_M, z / length * WGS84_A_M))
    normal = WGS84_A_M / sqrt(1 - WGS84_E2 * sin(lat) ** 2)
    across = (normal + altitude_m) * cos(lat)
    return across * cos(lon), across * sin(lon), (normal * (1 - WGS84_E2) + altitude_m) * sin(lat)


def _distance(place: Vector, link: tuple[float, ...]) -> float:
    return sqrt((link[0] - place[0]) ** 2 + (link[1] - place[1]) ** 2 + (link[2] - place[2]) ** 2)


def _inverse(matrix: Six) -> Six:
    """Inverse of a symmetric matrix by cofactors, on rows scaled to a unit diagonal."""
    xx, xy, xz, yy, yz, zz = matrix
    p, q, r = (1 / sqrt(max(value, 1e-300)) for value in (xx, yy, zz))
    xy, xz, yz = xy * p * q, xz * p * r, yz * q * r
    a, b, c = 1 - yz * yz, xz * yz - xy, xy * yz - xz
    d, e, f = 1 - xz * xz, xy * xz - yz, 1 - xy * xy
    over = a + xy * b + xz * c
    over = 1 / (over if abs(over) > 1e-300 else 1e-300)
    return a * over * p * p, b * over * p * q, c * over * p * r, d * over * q * q, e * over * q * r, f * over * r * r


def _local(matrix: Six, lat: float, lon: float) -> Six:
    """A covariance on the axes east, north, up."""
    xx, xy, xz, yy, yz, zz = matrix
    sl, cl, so, co = sin(lat), cos(lat), sin(lon), cos(lon)
    axes = ((-so, co, 0.0), (-sl * co, -sl * so, cl), (cl * co, cl * so, sl))
    turned = [(xx * a + xy * b + xz * c, xy * a + yy * b + yz * c, xz * a + yz * b + zz * c) for a, b, c in axes]
    dot = [[u[0] * v[0] + u[1] * v[1] + u[2] * v[2] for v in turned] for u in axes]
    return dot[0][0], dot[0][1], dot[0][2], dot[1][1], dot[1][2], dot[2][2]


def _degrees(lat: float, lon: float) -> tuple[float, float]:
    return lat * 57.29577951308232, lon * 57.29577951308232

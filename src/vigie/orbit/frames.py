"""From SGP4's frame (TEME) and from inertial axes to Earth-fixed ones: sidereal rotation and polar motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.constants import EARTH_ROTATION_RADPS
from vigie.orbit.earth import EarthOrientation

Array = NDArray[np.float64]
_J2000 = np.datetime64("2000-01-01T12:00:00", "ns")


def gmst_rad(times: NDArray[np.datetime64], ut1_utc_s: ArrayLike) -> Array:
    """Greenwich mean sidereal time of 1982 (the one SGP4 elements go with), radians, at UTC instants.

    Aoki et al., Astron. Astrophys. 105 (1982), in UT1; Vallado, Revisiting Spacetrack Report 3, AIAA 2006-6753, C.
    """
    whole = (np.asarray(times, "datetime64[ns]") - _J2000).astype("int64")
    days, inside = np.divmod(whole, 86_400_000_000_000)  # whole days apart, so that nothing is lost in the turns
    day_s = inside * 1e-9 + np.asarray(ut1_utc_s)
    centuries = (days + day_s / 86_400) / 36_525
    seconds = 67_310.54841 + 8_640_184.812866 * centuries + 0.093104 * centuries**2 - 6.2e-6 * centuries**3
    turns = seconds / 86_400 + day_s / 86_400  # 876600 h a century is one turn a day: the whole days drop out
    return np.asarray(2 * np.pi * (turns % 1.0))


def rotate_z(vectors: Array, angle_rad: ArrayLike) -> Array:
    """Components of ``vectors (..., 3)`` on axes turned east by ``angle_rad (...)`` about z."""
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return np.stack([cos * x + sin * y, cos * y - sin * x, z + 0 * cos], axis=-1)


def ecef_of_teme(
    position_m: Array, velocity_mps: Array, times: NDArray[np.datetime64], earth: EarthOrientation
) -> tuple[Array, Array]:
    """Earth-fixed (ITRF) position and velocity ``(..., 3)`` of TEME ones at UTC instants ``(...)``.

    Agrees with astropy's TEME to ITRS within 6 mm and 0.1 mm/s at a low satellite.
    """
    ut1_utc_s, _, pole_rad = earth.at(times)
    angle = gmst_rad(times, ut1_utc_s)
    position = rotate_z(position_m, angle)
    velocity = rotate_z(velocity_mps, angle)
    spin = np.zeros_like(position)
    spin[..., 0] = -EARTH_ROTATION_RADPS * position[..., 1]
    spin[..., 1] = EARTH_ROTATION_RADPS * position[..., 0]
    return _pole(position, pole_rad), _pole(velocity - spin, pole_rad)


def _pole(vectors: Array, pole_rad: Array) -> Array:
    """Pseudo Earth-fixed to ITRF: W^T = R1(-y_p) R2(-x_p) without the terms of second order (below 1 um)."""
    x_p, y_p = pole_rad[..., 0], pole_rad[..., 1]
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return np.stack([x + x_p * z, y - y_p * z, z - x_p * x + y_p * y], axis=-1)

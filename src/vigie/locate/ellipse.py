"""From a covariance on the ground to what rescuers use: the 95 % ellipse and the 95 % circle (EHE)."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

TWO_AXES_95 = 2.4477468306808166  # square root of the 95 % point of chi-square with 2 degrees: -2 ln 0.05
_ANGLES = (np.arange(48) + 0.5) * (np.pi / 2) / 48


def axes(covariance_m2: ArrayLike, probability: float = 0.95) -> tuple[Array, Array, Array]:
    """Semi-major and semi-minor axis (m) and azimuth of the major one (degrees from north, 0 to 180).

    ``covariance_m2 (..., 2, 2)``: east, north.
    """
    cov = np.asarray(covariance_m2, float)
    ee, en, nn = cov[..., 0, 0], cov[..., 0, 1], cov[..., 1, 1]
    mean, half = (ee + nn) / 2, np.hypot((ee - nn) / 2, en)
    scale = np.sqrt(-2 * np.log1p(-probability))
    azimuth = np.degrees(0.5 * np.arctan2(2 * en, nn - ee)) % 180
    return scale * np.sqrt(mean + half), scale * np.sqrt(np.maximum(mean - half, 0)), azimuth


def radius_m(covariance_m2: ArrayLike, probability: float = 0.95) -> Array:
    """Radius of the circle about the solution that holds the truth with a probability, ``(...)`` of ``(..., 2, 2)``.

    1.96 sigma for a needle, 2.448 sigma for a circle; between them the Gaussian is integrated over the angle (48
    points, exact to 1e-6) and the radius found by Newton's method.
    """
    cov = np.asarray(covariance_m2, float)
    ee, en, nn = cov[..., 0, 0], cov[..., 0, 1], cov[..., 1, 1]
    mean, half = (ee + nn) / 2, np.hypot((ee - nn) / 2, en)
    major2 = mean + half
    flat = np.sqrt(np.clip((mean - half) / np.where(major2 > 0, major2, 1), 1e-8, 1))
    # P(r) = 1 - mean over angles of exp(-r^2 k(angle) / 2) weighted by flat / (k of the angle): polar coordinates
    angle = np.arctan(np.tan(_ANGLES) * flat[..., None])  # crowds the points where a needle has its weight
    spread = np.cos(angle) ** 2 + (np.sin(angle) / flat[..., None]) ** 2
    stretch = flat[..., None] * (1 + np.tan(_ANGLES) ** 2) / (1 + (flat[..., None] * np.tan(_ANGLES)) ** 2)
    weight = stretch / (spread * flat[..., None]) / _ANGLES.size
    weight = weight / np.sum(weight, axis=-1, keepdims=True)
    # the needle's radius is below every other one, and from there Newton's steps on a convex curve cannot overshoot
    r2 = np.full(flat.shape, NormalDist().inv_cdf((1 + probability) / 2) ** 2)
    for _ in range(20):
        tail = weight * np.exp(-r2[..., None] * spread / 2)
        r2 = r2 + (np.sum(tail, axis=-1) - (1 - probability)) / np.sum(tail * spread / 2, axis=-1)
    return np.asarray(np.sqrt(np.maximum(r2, 0) * major2))

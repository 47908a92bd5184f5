"""From a covariance on the ground to what rescuers use: the 95 % ellipse and the 95 % circle (EHE)."""

from __future__ import annotations

from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

TWO_AXES_95 = 2.4477468306808166  # square root of the 95 % point of chi-square with 2 degrees: -2 ln 0.05
_SAMPLE = 1_000
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


def mixture(
    weights: ArrayLike, offsets_m: ArrayLike, covariances_m2: ArrayLike, probability: float = 0.95
) -> tuple[Array, float, float]:
    """Several Gaussians seen as one place: covariance about their mean, by how much the axes of its ellipse are to be
    stretched, and the radius of the circle, so that each holds the probability of the Gaussians themselves.

    weights ``(k,)``; offsets ``(k, 2)``, covariances ``(k, 2, 2)``: east, north. A tenth of the probability one
    kilometre off is missed by two sigmas of the sum's covariance, and one part in a thousand far away would fill it.
    Both are counted on 1000 points of every Gaussian (spread by the golden angle; right to a hundredth).
    """
    share = np.asarray(weights, float) / np.sum(weights)
    off, each = np.asarray(offsets_m, float), np.asarray(covariances_m2, float)
    off = off - share @ off
    cov = np.einsum("k,kij->ij", share, each + off[:, :, None] * off[:, None, :])
    if share.max() > 1 - 1e-6:
        return cov, 1.0, float(radius_m(cov, probability))
    kept = share > 1e-6
    share, off, each = share[kept], off[kept], each[kept]
    values, vectors = np.linalg.eigh(each)
    half = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    points = (off[:, None] + np.einsum("kij,nj->kni", half, _points())).reshape(-1, 2)
    weight = np.repeat(share / share.sum() / _SAMPLE, _SAMPLE)
    distance = np.hypot(points[:, 0], points[:, 1])
    sigmas = np.sqrt(np.einsum("ni,ij,nj->n", points, np.linalg.inv(cov), points))
    stretch = _quantile(sigmas, weight, probability) / np.sqrt(-2 * np.log1p(-probability))
    return cov, float(stretch), float(_quantile(distance, weight, probability))


@cache
def _points() -> Array:
    """Points ``(n, 2)`` that stand for a round Gaussian of one sigma: equal shares, at the golden angle."""
    index = np.arange(_SAMPLE)
    radius, angle = np.sqrt(-2 * np.log1p(-(index + 0.5) / _SAMPLE)), index * np.pi * (3 - np.sqrt(5))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)


def _quantile(values: Array, weight: Array, probability: float) -> float:
    order = np.argsort(values)
    return float(np.interp(probability, np.cumsum(weight[order]), values[order]))

"""How satellites are wrong: six numbers of the orbit and two of the payload, and what they do as time passes.

An orbit a little off the true one moves about it as Clohessy and Wiltshire describe (J. Aerospace Sci. 27, 1960): a
constant lead or lag, a swing once a revolution (along the track twice as wide as up and down), one across, and a drift
along the track that goes with a wrong height. Errors of elements follow this for a day to a twentieth of their size
(``docs/design/location.md``), so measurements of a day share six unknowns, and do not average the orbit away. The
payload's delay and frequency translation are calibrated as well as may be, and what is left is the same all day too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vigie.constants import EARTH_GM_M3PS2

Array = NDArray[np.float64]

ORBIT = 6
"""numbers of the orbit: mean height, lead along the track, cosine and sine of the swing up and along, and across (m)"""
SIZE = 8
"""and of the payload: delay (m) and frequency (m/s of range rate)"""
UNMODELLED = 0.05
"""what does not follow it, as a part of the error along the track"""
COMMON_ABOVE_M = 100.0
"""error along the track from which on an orbit is taken for one of public elements"""
_COMMON = 0.5
"""correlation of public elements' leads: all Galileos lagged by 1.6 +- 0.4 km, GPS by 1.4 +- 2.2 km on one day"""


@dataclass(frozen=True, slots=True, eq=False)
class OrbitCorrection:
    """What reference beacons have told of the satellites' errors."""

    satellites: tuple[str, ...]
    mean_m: Array
    """(8s,)"""
    covariance_m2: Array
    """(8s, 8s)"""
    rate_radps: Array
    """(s,) mean motions"""
    epoch: np.datetime64
    """when the numbers hold"""


def rate_radps(radius_m: Array) -> Array:
    """Mean motion at a radius."""
    return np.asarray(np.sqrt(EARTH_GM_M3PS2 / radius_m**3))


def shapes(rate: Array, seconds: Array) -> tuple[Array, Array]:
    """Place and inertial velocity ``(n, 6, 3)`` (radial, along, across) that a metre of each number makes.

    ``rate``, ``seconds (n,)``: mean motion (rad/s) and time past the epoch of the numbers.
    """
    n, t = rate, seconds
    cos, sin = np.cos(n * t), np.sin(n * t)
    place, speed = np.zeros((*t.shape, ORBIT, 3)), np.zeros((*t.shape, ORBIT, 3))
    place[..., 0, 0], place[..., 0, 1] = 1.0, -1.5 * n * t
    place[..., 1, 1] = 1.0
    place[..., 2, 0], place[..., 2, 1] = cos, -2 * sin
    place[..., 3, 0], place[..., 3, 1] = sin, 2 * cos
    place[..., 4, 2], place[..., 5, 2] = cos, sin
    speed[..., 0, 1] = -1.5 * n
    speed[..., 2, 0], speed[..., 2, 1] = -n * sin, -2 * n * cos
    speed[..., 3, 0], speed[..., 3, 1] = n * cos, -2 * n * sin
    speed[..., 4, 2], speed[..., 5, 2] = -n * sin, n * cos
    # the axes turn with the satellite: one that is ahead has also turned further round the Earth
    speed[..., 0] -= n[..., None] * place[..., 1]
    speed[..., 1] += n[..., None] * place[..., 0]
    return place, speed


def prior(sigma_m: Array, payload: tuple[float, float] = (0.0, 0.0)) -> Array:
    """Covariance ``(8s, 8s)`` of the numbers of satellites with errors ``(s, 3)``: radial, along, across.

    ``payload``: sigmas of delay (m) and frequency (m/s). The leads of satellites known by public elements alone share a
    part.
    """
    up, along, across = np.maximum(sigma_m, 0.05).T
    delay, speed = np.full_like(up, max(payload[0], 1e-3)), np.full_like(up, max(payload[1], 1e-6))
    each = np.stack([0.01 * along, along, up, up, across, across, delay, speed], axis=-1)
    covariance = np.diag(each.reshape(-1) ** 2)
    shared = np.where(along > COMMON_ABOVE_M, along, 0.0)
    lead = np.arange(len(sigma_m)) * SIZE + 1
    joint = _COMMON * shared[:, None] * shared
    np.fill_diagonal(joint, along**2)
    covariance[np.ix_(lead, lead)] = joint
    return covariance


def moved(correction: OrbitCorrection, epoch: np.datetime64) -> OrbitCorrection:
    """The same correction at another epoch."""
    later = float((epoch - correction.epoch) / np.timedelta64(1, "s"))
    turn = np.zeros((len(correction.mean_m),) * 2)
    for index, n in enumerate(correction.rate_radps):
        cos, sin = np.cos(n * later), np.sin(n * later)
        block = np.eye(SIZE)
        block[1, 0] = -1.5 * n * later
        for at in (2, 4):
            block[at : at + 2, at : at + 2] = [[cos, sin], [-sin, cos]]
        span = slice(SIZE * index, SIZE * (index + 1))
        turn[span, span] = block
    return replace(
        correction,
        mean_m=turn @ correction.mean_m,
        covariance_m2=turn @ correction.covariance_m2 @ turn.T,
        epoch=epoch,
    )

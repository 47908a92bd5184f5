"""The forward model: when and on what frequency a satellite hears a beacon. One model for simulator and estimator.

Everything is computed in the axes that stand still in space and coincide with the Earth-fixed ones when the signal is
at the satellite. There the beacon was, one light time earlier, turned back by the Earth's rotation; the frequency
ratio is the exact special-relativistic one with the gravitational shift. Two media may delay and bend the frequency:
``vigie.locate.media``. A downlink is the same path run the other way: ``sense=+1``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.constants import EARTH_GM_M3PS2, EARTH_ROTATION_RADPS, SPEED_OF_LIGHT_MPS

Array = NDArray[np.float64]

_C = SPEED_OF_LIGHT_MPS
_SPIN = EARTH_ROTATION_RADPS
_GM = EARTH_GM_M3PS2


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Delay and frequency ratio of one-way links ``(...)``, with gradients by the ground end's place and velocity."""

    delay_s: Array
    ratio_less_1: Array
    """received over sent frequency, less one: kept apart from the one it is added to, to lose no digits"""
    delay_by_place: Array
    """(..., 3) seconds a metre, Earth-fixed"""
    ratio_by_place: Array
    """(..., 3) per metre"""
    ratio_by_velocity: Array
    """(..., 3) per metre a second"""
    direction: Array
    """(..., 3) unit vector from the ground end to the satellite"""


def path(
    ground_m: ArrayLike,
    ground_mps: ArrayLike,
    satellite_m: ArrayLike,
    satellite_mps: ArrayLike,
    sense: int = -1,
    relativity: bool = True,
) -> Path:
    """One-way links between ground ends and satellites, all Earth-fixed ``(..., 3)``, broadcast together.

    ``sense`` -1: an uplink, the satellite's state taken when the signal reaches it. +1: a downlink, the state taken
    when the signal leaves it. ``ground_mps`` is the velocity over the turning Earth, ``ground_m`` the place at the
    moment the signal is at the ground. The satellite's state does not change with the ground's place, so the gradients
    are those of a measurement made on board.
    Light time is solved to below a millimetre in one step: the Earth turns 5 m in the time the first guess is wrong by.
    """
    ground = np.asarray(ground_m, float)
    r, v = np.asarray(satellite_m, float), np.asarray(satellite_mps, float)
    first_s = _length(r - ground) / _C
    # where the ground end was (or will be) on the axes of the satellite's moment; again with the better delay
    turned = _turned(ground, sense * _SPIN * first_s)
    line = r - turned
    distance = _length(line)
    turned = _turned(ground, sense * _SPIN * distance / _C)
    line = r - turned
    distance = _length(line)
    direction = line / distance[..., None]

    ground_v = _spun(turned)
    angle = sense * _SPIN * distance / _C
    own = np.asarray(ground_mps, float)
    ground_v = ground_v + (_turned(own, angle) if np.any(own) else 0.0)
    sat_v = v + _spun(r)
    along_sat = _dot(direction, sat_v) / _C
    along_ground = _dot(direction, ground_v) / _C
    if sense < 0:  # the beacon sends: (1 - u.v_sat/c) / (1 - u.v_beacon/c)
        top, bottom = -along_sat, -along_ground
    else:  # the satellite sends, along -u
        top, bottom = along_ground, along_sat
    ratio = (top - bottom) / (1 + bottom)
    if relativity:
        shift = _potential(r, sat_v) - _potential(turned, ground_v)
        ratio = ratio + (1 + ratio) * (-sense * shift)

    # Gradients in the still axes; the small turn between them and the ground's own axes is undone at the end.
    # d(delay): c dt = -u.(dx + spin-velocity dt), so dt = -u.dx / c / (1 + sense u.v_spin/c)
    spin_part = _dot(direction, _spun(turned)) / _C
    delay_by = -direction / (_C * (1 + sense * spin_part))[..., None]
    relative = sat_v - ground_v
    across = relative - _dot(direction, relative)[..., None] * direction
    # range rate u.(v_sat - v_ground): its gradient is -across/distance + u x-terms of the spin (v_ground moves with x)
    by_place = (across / distance[..., None] + _spun_transposed(direction)) / _C
    ratio_by = by_place * (1 + ratio)[..., None] / (1 + bottom)[..., None]
    if relativity:
        radius = _length(turned)
        ratio_by = ratio_by - sense * (_GM / _C**2 / radius**3)[..., None] * turned
    by_velocity = direction * (1 + ratio)[..., None] / ((1 + bottom) * _C)[..., None]
    back = -angle
    return Path(
        distance / _C,
        ratio,
        _turned(delay_by, back),
        _turned(ratio_by, back),
        _turned(by_velocity, back),
        direction,
    )


def _dot(a: Array, b: Array) -> Array:
    """Scalar products of vectors ``(..., 3)``; written out: three times as fast as a sum over this axis."""
    return np.asarray(a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2])


def _length(a: Array) -> Array:
    return np.asarray(np.sqrt(_dot(a, a)))


def _turned(vectors: Array, angle_rad: Array) -> Array:
    """Vectors ``(..., 3)`` moved east about z by small angles ``(...)`` (series to the third order)."""
    cos, sin = 1 - angle_rad**2 / 2, angle_rad - angle_rad**3 / 6
    x, y = vectors[..., 0], vectors[..., 1]
    turned = np.empty(np.broadcast_shapes(vectors.shape, (*np.shape(angle_rad), 3)))
    turned[..., 0] = cos * x - sin * y
    turned[..., 1] = sin * x + cos * y
    turned[..., 2] = vectors[..., 2]
    return turned


def _spun(place: Array) -> Array:
    """Velocity that the Earth's spin gives to places ``(..., 3)``."""
    spun = np.zeros_like(place)
    spun[..., 0] = -_SPIN * place[..., 1]
    spun[..., 1] = _SPIN * place[..., 0]
    return spun


def _spun_transposed(direction: Array) -> Array:
    """Gradient by x of direction . (spin x x)."""
    return -_spun(direction)


def _potential(place: Array, velocity: Array) -> Array:
    """Rate of clocks: gravitational potential and half the square of the speed, over c squared: a clock's slowness."""
    radius = _length(place)
    return np.asarray((_GM / radius + _dot(velocity, velocity) / 2) / _C**2)

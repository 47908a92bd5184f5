"""What the air does to an uplink: ionosphere and troposphere, as delays and as the frequency shifts of their change.

The ionosphere is one thin layer with a total electron content that the caller chooses (a constant, or Klobuchar's
model from a navigation message); the estimator keeps what is wrong with it as an unknown of its own.
Group delay 40.3 TEC / (c f^2); the phase moves the other way (Misra and Enge, Global Positioning System, 5.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vigie.constants import SPEED_OF_LIGHT_MPS, WGS84_A_M

Array = NDArray[np.float64]

TECU = 1e16  # electrons a square metre
_LAYER_M = 450_000.0
_ZENITH_M = 2.4  # troposphere: hydrostatic 2.3 m at sea level and 0.1 m of vapour
_SCALE_HEIGHT_M = 8_400.0

TecModel = Callable[[Array, Array, Array, Array], Array]
"""Vertical TEC in TECU of latitude and longitude of the pierce point (radians), GPS-like seconds of the UTC day, and
elevation (radians); any shape"""


@dataclass(frozen=True, slots=True)
class Klobuchar:
    """The GPS single-frequency model (IS-GPS-200, 20.3.3.5.2.5), turned into vertical TEC."""

    alpha: tuple[float, ...]
    """four"""
    beta: tuple[float, ...]
    """four"""

    def __call__(self, lat_rad: Array, lon_rad: Array, day_s: Array, elevation_rad: Array) -> Array:
        """Vertical TEC (TECU) at pierce points."""
        magnetic = (lat_rad + np.radians(11.6) * np.cos(lon_rad - np.radians(291.0))) / np.pi
        local_s = (day_s + lon_rad / np.pi * 43_200) % 86_400
        amplitude = np.maximum(sum(a * magnetic**k for k, a in enumerate(self.alpha)), 0)
        period = np.maximum(sum(b * magnetic**k for k, b in enumerate(self.beta)), 72_000)
        phase = 2 * np.pi * (local_s - 50_400) / period
        delay_s = 5e-9 + np.where(np.abs(phase) < 1.57, amplitude * (1 - phase**2 / 2 + phase**4 / 24), 0)
        return np.asarray(delay_s * SPEED_OF_LIGHT_MPS * 1_575.42e6**2 / 40.3 / TECU)


def slant(ground_m: Array, up: Array, satellite_m: Array) -> tuple[Array, Array]:
    """How much longer than upright a ray is in the layer, and its elevation (rad). Shapes ``(..., 3)``; ``up`` unit."""
    line = satellite_m - ground_m
    sine = np.sum(line * up, axis=-1) / np.sqrt(np.sum(line * line, axis=-1))
    sine = np.clip(sine, -1, 1)
    radius = np.sqrt(np.sum(ground_m * ground_m, axis=-1))
    across = radius / (WGS84_A_M + _LAYER_M) * np.sqrt(1 - np.maximum(sine, 0) ** 2)
    across = np.minimum(across, 0.97)  # a place tried above the layer: no physics there, but no NaN either
    return 1 / np.sqrt(1 - across**2), np.arcsin(sine)


def per_tecu(
    ground_m: Array, up: Array, satellite_m: Array, satellite_mps: Array, frequency_hz: Array
) -> tuple[Array, Array]:
    """Delay (s) and frequency ratio (less one) that each TECU of vertical content adds to links ``(...)``."""
    longer, _ = slant(ground_m, up, satellite_m)
    later, _ = slant(ground_m, up, satellite_m + satellite_mps)
    delay = 40.3 * TECU / (SPEED_OF_LIGHT_MPS * frequency_hz**2)
    return delay * longer, delay * (later - longer)  # the phase advances: a growing path raises the frequency


def per_content(
    ground_m: Array, axes: Array, satellite_m: Array, satellite_mps: Array, frequency_hz: Array
) -> tuple[Array, Array]:
    """The same ``(..., 3)`` of the content above the ground end and of its slopes to the east and north.

    ``axes (..., 3, 3)``: east, north, up at the ground end. The slopes are in TECU a thousand kilometres, the distance
    that of the pierce point.
    """
    now = _content(ground_m, axes, satellite_m)
    later = _content(ground_m, axes, satellite_m + satellite_mps)
    delay = np.asarray(40.3 * TECU / (SPEED_OF_LIGHT_MPS * frequency_hz**2))[..., None]
    return delay * now, delay * (later - now)


def _content(ground_m: Array, axes: Array, satellite_m: Array) -> Array:
    """Slant content ``(..., 3)`` that a TECU overhead, and one of slope to the east and to the north, make."""
    line = satellite_m - ground_m
    east, north, rise = (np.sum(line * axes[..., axis, :], axis=-1) for axis in (0, 1, 2))
    flat = np.sqrt(east * east + north * north)
    elevation = np.maximum(np.arctan2(rise, flat), 0)
    across = np.sqrt(np.sum(ground_m * ground_m, axis=-1)) / (WGS84_A_M + _LAYER_M) * np.cos(elevation)
    across = np.minimum(across, 0.97)  # as in ``slant``
    longer = 1 / np.sqrt(1 - across**2)
    away = (np.pi / 2 - elevation - np.arcsin(across)) * WGS84_A_M / 1e6 / np.maximum(flat, 1.0)
    return np.stack([longer, longer * away * east, longer * away * north], axis=-1)


def vertical_tecu(model: TecModel | float, ground_m: Array, up: Array, satellite_m: Array, day_s: Array) -> Array:
    """Vertical content at each ray's pierce point (TECU), ``(...)``."""
    if not callable(model):
        return np.full(np.broadcast_shapes(ground_m.shape[:-1], satellite_m.shape[:-1]), float(model))
    line = satellite_m - ground_m
    line = line / np.sqrt(np.sum(line * line, axis=-1, keepdims=True))
    radius2 = np.sum(ground_m * ground_m, axis=-1)
    inward = np.sum(line * ground_m, axis=-1)
    reach = -inward + np.sqrt(np.maximum(inward**2 + (WGS84_A_M + _LAYER_M) ** 2 - radius2, 0))
    pierce = ground_m + reach[..., None] * line
    lat = np.arctan2(pierce[..., 2], np.hypot(pierce[..., 0], pierce[..., 1]))
    elevation = slant(ground_m, up, satellite_m)[1]
    return model(lat, np.arctan2(pierce[..., 1], pierce[..., 0]), day_s, elevation)


def troposphere(
    ground_m: Array, up: Array, height_m: Array, satellite_m: Array, satellite_mps: Array
) -> tuple[Array, Array]:
    """Delay (s) and frequency ratio (less one) of the neutral air on links ``(...)``.

    2.4 m at the zenith of a beacon at sea level, less with its height; mapping of Black and Eisner (J. Geophys. Res.
    89, 1984), good to 2 % above 5 degrees.
    """
    zenith = _ZENITH_M * np.exp(-np.maximum(height_m, -500) / _SCALE_HEIGHT_M) / SPEED_OF_LIGHT_MPS

    def mapped(place: Array) -> Array:
        sine = np.sin(np.maximum(slant(ground_m, up, place)[1], 0))
        return np.asarray(1.001 / np.sqrt(0.002001 + sine**2))

    now = mapped(satellite_m)
    return zenith * now, -zenith * (mapped(satellite_m + satellite_mps) - now)

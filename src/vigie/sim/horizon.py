"""Skylines: what stands between a beacon and a low satellite, from given points or from a grid of heights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vigie.locate.measurement import Ground

Array = NDArray[np.float64]

BEHIND_DB = 40.0
"""what a ridge takes away: diffraction over it is left out"""
_RADIUS_M = 6_371_000.0
_EYE_M = 1.5
"""of the antenna above the ground"""
_AWAY_M = np.geomspace(50.0, 60_000.0, 120)
_AZIMUTH_DEG = np.arange(0.0, 360.0, 2.0)


def of_points(points: Sequence[tuple[float, float]], azimuth_deg: Array) -> Array:
    """Elevation (degrees) of a skyline given by points of azimuth and elevation, straight between them."""
    azimuths, heights = np.array(sorted((a % 360.0, e) for a, e in points)).T
    return np.asarray(np.interp(azimuth_deg, azimuths, heights, period=360.0))


def of_ground(ground: Ground, lat_deg: float, lon_deg: float, height_m: float, azimuth_deg: Array) -> Array:
    """Elevation (degrees) of the skyline that heights of the ground make around a place, out to 60 km.

    An antenna below the ground is taken to stand on it. The Earth is a sphere here, and air bends nothing.
    """
    turn = np.radians(_AZIMUTH_DEG)[:, None]
    north, east = _AWAY_M * np.cos(turn), _AWAY_M * np.sin(turn)
    lat = np.clip(lat_deg + np.degrees(north / _RADIUS_M), -90.0, 90.0)
    lon = lon_deg + np.degrees(east / _RADIUS_M) / max(float(np.cos(np.radians(lat_deg))), 1e-3)
    own = float(ground(np.array([lat_deg]), np.array([lon_deg]))[0][0])
    eye_m = max(height_m, own) + _EYE_M
    rise_m = ground(lat, lon)[0] - eye_m - _AWAY_M**2 / (2 * _RADIUS_M)
    skyline = np.degrees(np.arctan2(rise_m, _AWAY_M)).max(axis=1)
    return np.asarray(np.interp(azimuth_deg, _AZIMUTH_DEG, skyline, period=360.0))

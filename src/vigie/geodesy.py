"""WGS-84 geodesy: ECEF metres ``(..., 3)`` to and from degrees and ellipsoidal height, local axes, distances."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.constants import WGS84_A_M, WGS84_B_M, WGS84_E2

Array = NDArray[np.float64]


def ecef_m(lat_deg: ArrayLike, lon_deg: ArrayLike, alt_m: ArrayLike = 0.0) -> Array:
    """Earth-fixed ``(..., 3)`` metres of geodetic latitude, longitude (degrees) and ellipsoidal height (m)."""
    lat, lon, alt = np.broadcast_arrays(np.radians(lat_deg), np.radians(lon_deg), np.asarray(alt_m, float))
    normal = WGS84_A_M / np.sqrt(1 - WGS84_E2 * np.sin(lat) ** 2)
    across = (normal + alt) * np.cos(lat)
    return np.stack(
        [across * np.cos(lon), across * np.sin(lon), (normal * (1 - WGS84_E2) + alt) * np.sin(lat)], axis=-1
    )


def geodetic(position_m: ArrayLike) -> tuple[Array, Array, Array]:
    """Latitude and longitude (degrees) and ellipsoidal height (m) of ECEF positions ``(..., 3)`` in metres.

    Bowring's formula (Survey Review 23, 1976) with two Newton steps on the reduced latitude: better than 1e-9 degrees
    and 1 mm from the ground to above the geostationary orbit.
    """
    x, y, z = np.moveaxis(np.asarray(position_m, float), -1, 0)
    across = np.hypot(x, y)
    reduced = np.arctan2(z * WGS84_A_M, across * WGS84_B_M)
    second_e2 = WGS84_E2 / (1 - WGS84_E2)
    for _ in range(3):
        lat = np.arctan2(
            z + second_e2 * WGS84_B_M * np.sin(reduced) ** 3, across - WGS84_E2 * WGS84_A_M * np.cos(reduced) ** 3
        )
        reduced = np.arctan2(WGS84_B_M * np.sin(lat), WGS84_A_M * np.cos(lat))
    normal = WGS84_A_M / np.sqrt(1 - WGS84_E2 * np.sin(lat) ** 2)
    alt = across * np.cos(lat) + z * np.sin(lat) - normal * (1 - WGS84_E2 * np.sin(lat) ** 2)
    return np.degrees(lat), np.degrees(np.arctan2(y, x)), alt


def local_axes(lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
    """Unit vectors east, north, up in ECEF, as rows: ``(..., 3, 3)``."""
    lat, lon = np.broadcast_arrays(np.radians(lat_deg), np.radians(lon_deg))
    zero = np.zeros_like(lat)
    east = np.stack([-np.sin(lon), np.cos(lon), zero], axis=-1)
    north = np.stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)], axis=-1)
    up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    return np.stack([east, north, up], axis=-2)


def distance_m(lat1_deg: Any, lon1_deg: Any, lat2_deg: Any, lon2_deg: Any) -> Any:
    """Geodesic distance on WGS-84 in metres (Karney's algorithm, through pyproj). Scalars or arrays."""
    return _ellipsoid().inv(lon1_deg, lat1_deg, lon2_deg, lat2_deg)[2]


@cache
def _ellipsoid() -> Any:
    from pyproj import Geod

    return Geod(ellps="WGS84")

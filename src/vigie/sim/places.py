"""Where simulated beacons are: at rest, drifting, on a course or along a track."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.geodesy import ecef_m
from vigie.sim.scenario import Beacon

Array = NDArray[np.float64]


def place(beacon: Beacon, past_s: ArrayLike) -> tuple[Array, Array, Array]:
    """Latitude and longitude (degrees) and height (m), each ``(n,)``, at times past its activation."""
    past = np.atleast_1d(np.asarray(past_s, float))
    if beacon.track:
        points = beacon.track
        at = [point.at_s for point in points]
        lon = np.unwrap([point.longitude for point in points], period=360)
        lat = np.interp(past, at, [point.latitude for point in points])
        height = np.interp(past, at, [point.altitude_m for point in points])
        return lat, (np.interp(past, at, lon) + 180) % 360 - 180, height
    motion = beacon.motion
    height = beacon.altitude_m + motion.climb_mps * past
    if not motion.speed_mps:
        return np.full(past.shape, beacon.latitude), np.full(past.shape, beacon.longitude), height
    from pyproj import Geod

    course, turn = np.radians(motion.course_deg), np.radians(motion.turn_deg_per_h) / 3600
    if turn:
        east = motion.speed_mps / turn * (np.cos(course) - np.cos(course + turn * past))
        north = motion.speed_mps / turn * (np.sin(course + turn * past) - np.sin(course))
    else:
        east, north = motion.speed_mps * past * np.sin(course), motion.speed_mps * past * np.cos(course)
    lon, lat, _ = Geod(ellps="WGS84").fwd(
        np.full(past.shape, beacon.longitude),
        np.full(past.shape, beacon.latitude),
        np.degrees(np.arctan2(east, north)),
        np.hypot(east, north),
    )
    return np.asarray(lat), np.asarray(lon), height


def moves(beacon: Beacon) -> bool:
    """Whether its place changes."""
    return bool(beacon.track or beacon.motion.speed_mps or beacon.motion.climb_mps)


def velocity_mps(beacon: Beacon, past_s: Array) -> Array:
    """Earth-fixed velocity ``(n, 3)``."""
    if not moves(beacon):
        return np.zeros((len(past_s), 3))
    return np.asarray(ecef_m(*place(beacon, past_s + 0.5)) - ecef_m(*place(beacon, past_s - 0.5)))

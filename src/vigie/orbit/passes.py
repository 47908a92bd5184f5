"""Which satellite is in view of a place, and when: rise, culmination, set; footprints; mutual visibility."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.constants import WGS84_A_M, WGS84_E2
from vigie.geodesy import ecef_m, local_axes
from vigie.orbit.ephemeris import Array, Ephemeris, Orbits, Times

_SECOND = np.timedelta64(1_000_000_000, "ns")


@dataclass(frozen=True, slots=True)
class Pass:
    """One stay of a satellite above a site's horizon. ``rise``, ``set``: None when outside the span asked for."""

    satellite: str
    names: tuple[str, ...]
    source: str
    rise: np.datetime64 | None
    rise_azimuth_deg: float | None
    culmination: np.datetime64
    azimuth_deg: float
    elevation_deg: float
    range_m: float
    set: np.datetime64 | None
    set_azimuth_deg: float | None
    age_s: float
    """age of the orbital elements at culmination"""
    partner_elevation_deg: float | None = None
    """at culmination over the other place, of a pass that both must see; the pass is then the time that both do, and
    culmination is when the lower of the two elevations is highest"""


def look(site_m: ArrayLike, axes: Array, position_m: ArrayLike) -> tuple[Array, Array, Array]:
    """Elevation and azimuth (degrees) and distance (m) of Earth-fixed positions ``(..., 3)`` seen from a site.

    ``axes`` are the site's ``geodesy.local_axes``. No refraction.
    """
    line = np.asarray(position_m) - np.asarray(site_m)
    local = np.einsum("...ij,...j->...i", axes, line)
    distance = np.linalg.norm(line, axis=-1)
    elevation = np.degrees(np.arcsin(np.clip(local[..., 2] / distance, -1, 1)))
    return elevation, np.degrees(np.arctan2(local[..., 0], local[..., 1])) % 360, distance


def passes(
    orbits: Orbits,
    lat_deg: float,
    lon_deg: float,
    alt_m: float,
    start: np.datetime64,
    hours: float,
    min_elevation_deg: float = 0.0,
    partner: tuple[float, float, float] | None = None,
) -> list[Pass]:
    """Every pass of every satellite over a site that touches the span, in order of culmination.

    With a ``partner`` (latitude, longitude in degrees, height in metres): the times in which both places see the
    satellite above ``min_elevation_deg``; a beacon there is heard and relayed to a station here at once. Times are
    right to 10 ms for the given orbit. A satellite whose orbit is unknown in the whole span has none.
    """
    places = ((lat_deg, lon_deg, alt_m),) if partner is None else ((lat_deg, lon_deg, alt_m), partner)
    sites = [(ecef_m(*place), local_axes(*place[:2])) for place in places]
    start = start.astype("datetime64[ns]")
    found = [
        item
        for ephemeris in orbits.ephemerides
        for item in _of_one(ephemeris, sites, start, hours * 3600, min_elevation_deg)
    ]
    return sorted(found, key=lambda item: (item.culmination, item.satellite))


def _of_one(
    ephemeris: Ephemeris, sites: Sequence[tuple[Array, Array]], start: np.datetime64, span_s: float, least_deg: float
) -> list[Pass]:
    def elevation(seconds: Array) -> Array:
        position = ephemeris.state(_times(start, seconds))[0]
        return np.asarray(np.min([look(*site, position)[0] for site in sites], axis=0))

    position, _ = ephemeris.state(_times(start, np.array([0.0, span_s / 2, span_s])))
    radius = np.linalg.norm(position, axis=-1)
    low = bool(np.any(radius < 9e6))
    grid = np.linspace(0, span_s, max(2, int(np.ceil(span_s / (20 if low else 120))) + 1))
    up = elevation(grid)
    above = up > least_deg  # False where the orbit is unknown
    rises = _crossing(elevation, grid, np.flatnonzero(~above[:-1] & above[1:]), least_deg)
    sets = _crossing(elevation, grid, np.flatnonzero(above[:-1] & ~above[1:]), least_deg)
    edges = np.diff(np.concatenate([[0], above.astype(int), [0]]))
    found = []
    for first, after in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        begin = rises.get(int(first) - 1)
        end = sets.get(int(after) - 1)
        top = _top(elevation, 0.0 if begin is None else begin, span_s if end is None else end)
        found.append(_pass(ephemeris, sites, start, begin, top, end))
    return found


def _crossing(
    elevation: Callable[[Array], Array], grid: Array, before: NDArray[np.intp], level: float
) -> dict[int, float]:
    """Seconds at which the elevation crosses a level, by the index of the step it does so in (bisection)."""
    low, high = grid[before], grid[before + 1]
    rising = elevation(high) > level if before.size else np.zeros(0, bool)
    for _ in range(16):
        middle = (low + high) / 2
        inside = (elevation(middle) > level) == rising if before.size else rising
        low, high = np.where(inside, low, middle), np.where(inside, middle, high)
    return dict(zip(before.tolist(), ((low + high) / 2).tolist(), strict=True))


def _top(elevation: Callable[[Array], Array], begin: float, end: float) -> float:
    """Second of the highest elevation between two instants: a coarse look, then narrower ones."""
    low, high = begin, end
    while high - low > 0.02:
        grid = np.linspace(low, high, 41)
        best = int(np.nanargmax(elevation(grid)))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 40)]
    return float((low + high) / 2)


def _pass(
    ephemeris: Ephemeris,
    sites: Sequence[tuple[Array, Array]],
    start: np.datetime64,
    begin: float | None,
    top: float,
    end: float | None,
) -> Pass:
    seconds = np.array([np.nan if begin is None else begin, top, np.nan if end is None else end])
    times = _times(start, np.nan_to_num(seconds, nan=top))
    position = ephemeris.state(times)[0]
    (elevation, azimuth, distance), *others = (look(*site, position) for site in sites)
    return Pass(
        satellite=ephemeris.names[0],
        names=ephemeris.names,
        source=ephemeris.source,
        rise=None if begin is None else times[0],
        rise_azimuth_deg=None if begin is None else float(azimuth[0]),
        culmination=times[1],
        azimuth_deg=float(azimuth[1]),
        elevation_deg=float(elevation[1]),
        range_m=float(distance[1]),
        set=None if end is None else times[2],
        set_azimuth_deg=None if end is None else float(azimuth[2]),
        age_s=float(ephemeris.age_s(times[1:2])[0]),
        partner_elevation_deg=float(others[0][0][1]) if others else None,
    )


def _times(start: np.datetime64, seconds: Array) -> Times:
    return np.asarray(start + np.rint(seconds * 1e3).astype("int64") * (_SECOND // 1000))


def footprint(position_m: Array, min_elevation_deg: float = 0.0, points: int = 72) -> Array:
    """Outline of the ground that sees a satellite above an elevation: ``(points, 2)`` latitude, longitude (degrees).

    In the order of azimuths from the point below the satellite, east first, on the ellipsoid. No refraction.
    """
    position_m = np.asarray(position_m, float)
    radius = float(np.linalg.norm(position_m))
    least = np.radians(min_elevation_deg)
    centre = position_m / radius
    east = np.cross([0.0, 0.0, 1.0], centre)
    east = east / np.linalg.norm(east) if np.linalg.norm(east) > 1e-9 else np.array([0.0, 1.0, 0.0])
    north = np.cross(centre, east)
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)[:, None]
    outwards = np.cos(turn) * east + np.sin(turn) * north
    angle = np.full(points, np.arccos(np.clip(WGS84_A_M * np.cos(least) / radius, -1, 1)) - least)  # on a sphere
    for _ in range(4):  # and then on the ellipsoid, by Newton's steps with the sphere's slope
        ring = np.cos(angle)[:, None] * centre + np.sin(angle)[:, None] * outwards
        lat = np.degrees(np.arctan2(ring[:, 2], np.hypot(ring[:, 0], ring[:, 1]) * (1 - WGS84_E2)))
        lon = np.degrees(np.arctan2(ring[:, 1], ring[:, 0]))
        elevation = np.radians(look(ecef_m(lat, lon, 0.0), local_axes(lat, lon), position_m)[0])
        above = np.cos(angle) - WGS84_A_M / radius
        slope = (np.sin(angle) ** 2 + above * np.cos(angle)) / (np.sin(angle) ** 2 + above**2)
        angle = angle + (elevation - least) / np.maximum(slope, 1.0)
    return np.stack([lat, lon], axis=-1)


def in_view(orbits: Orbits, sites_m: Array, times: Times, min_elevation_deg: float = 0.0) -> NDArray[np.bool_]:
    """Whether all sites ``(n, 3)`` see a satellite at once: ``(satellites, len(times))``, in the order of the set.

    With a beacon and a station as the sites this is mutual visibility.
    """
    from vigie.geodesy import geodetic

    lat, lon, _ = geodetic(sites_m)
    axes = local_axes(lat, lon)
    rows = []
    for ephemeris in orbits.ephemerides:
        position, _ = ephemeris.state(times)
        seen = [look(site, frame, position)[0] >= min_elevation_deg for site, frame in zip(sites_m, axes, strict=True)]
        rows.append(np.all(seen, axis=0))
    return np.array(rows).reshape(len(orbits), -1)

"""In which areas a place lies, and within which buffers: areas are polygons on a sphere, overlaps are kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vigie.errors import InputError

if TYPE_CHECKING:
    from shapely import STRtree
    from shapely.geometry.base import BaseGeometry

_RADIUS_M = 6_371_008.8  # mean radius of the Earth (IUGG): half a percent is well within a buffer's meaning

_STEP_DEG = 0.5


class Hit(NamedTuple):
    """Where a place lies."""

    inside: tuple[str, ...]
    near: tuple[str, ...]
    """areas outside which it lies, but within their buffer"""
    nearest: str | None = None
    """the nearest area where it lies in none and near none: a guess"""


@dataclass(frozen=True, eq=False)
class Area:
    """One area of responsibility."""

    name: str
    shape: BaseGeometry
    buffer_m: float = 0.0

    @cached_property
    def rings(self) -> list[NDArray[np.float64]]:
        """Every border line, (n, 2) longitude and latitude in degrees, in short steps, for it may follow a parallel."""
        from shapely import segmentize

        fine = segmentize(self.shape, _STEP_DEG)
        parts = getattr(fine, "geoms", [fine])
        return [np.asarray(ring.coords)[:, :2] for part in parts for ring in (part.exterior, *part.interiors)]

    def distance_m(self, lat_deg: float, lon_deg: float) -> float:
        """Least distance of a place outside to the border, along the sphere."""
        return min(_to_line_m(ring, lat_deg, lon_deg) for ring in self.rings)


@dataclass(frozen=True, eq=False)
class Areas:
    """A set of areas, which may overlap and may leave gaps."""

    areas: tuple[Area, ...]
    guess: bool = False
    """name the nearest area for a place in none: for sets known to have gaps"""
    _boxes: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        boxes = np.array([area.shape.bounds for area in self.areas], float).reshape(-1, 4)
        object.__setattr__(self, "_boxes", boxes)

    @cached_property
    def _tree(self) -> STRtree:
        from shapely import STRtree

        return STRtree([area.shape for area in self.areas])

    def at(self, lat_deg: float, lon_deg: float) -> Hit:
        """The areas that hold a place, borders included, and those whose buffer does."""
        from shapely.geometry import Point

        if not self.areas:
            return Hit((), ())
        lon_deg = (lon_deg + 180) % 360 - 180
        found = {int(i) for i in self._tree.query(Point(lon_deg, lat_deg), predicate="intersects")}
        if lon_deg == -180:
            found |= {int(i) for i in self._tree.query(Point(180.0, lat_deg), predicate="intersects")}
        inside = tuple(dict.fromkeys(self.areas[i].name for i in sorted(found)))
        near = []
        for index in self._candidates(lat_deg, lon_deg) - found:
            area = self.areas[index]
            if area.buffer_m and area.name not in inside and area.distance_m(lat_deg, lon_deg) <= area.buffer_m:
                near.append((index, area.name))
        names = tuple(dict.fromkeys(name for _, name in sorted(near)))
        nearest = None
        if self.guess and not inside and not names:
            nearest = self._nearest(lat_deg, lon_deg)
        return Hit(inside, names, nearest)

    @cached_property
    def _corners(self) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Every corner of every area as a unit vector, and the index of its area."""
        rings = [(index, ring) for index, area in enumerate(self.areas) for ring in area.rings]
        lon, lat = np.radians(np.concatenate([ring for _, ring in rings])).T
        owner = np.repeat([index for index, _ in rings], [len(ring) for _, ring in rings])
        return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1), owner

    def _nearest(self, lat_deg: float, lon_deg: float) -> str:
        """The area with the nearest corner: no more than a guess, so corners will do."""
        corners, owner = self._corners
        lat, lon = math.radians(lat_deg), math.radians(lon_deg)
        here = np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])
        return self.areas[int(owner[np.argmax(corners @ here)])].name

    def _candidates(self, lat_deg: float, lon_deg: float) -> set[int]:
        """Areas whose box, widened by the largest buffer, holds the place."""
        reach = math.degrees(max((area.buffer_m for area in self.areas), default=0.0) / _RADIUS_M) * 1.01
        if not reach:
            return set()
        west, south, east, north = self._boxes.T
        across = reach / max(math.cos(math.radians(min(abs(lat_deg) + reach, 89.9))), 1e-3)
        gap = np.minimum(np.abs((west - lon_deg + 180) % 360 - 180), np.abs((east - lon_deg + 180) % 360 - 180))
        within = (west <= lon_deg) & (lon_deg <= east)
        close = (south - reach <= lat_deg) & (lat_deg <= north + reach) & (within | (gap <= across))
        return {int(i) for i in np.flatnonzero(close)}


def _to_line_m(line: NDArray[np.float64], lat_deg: float, lon_deg: float) -> float:
    """Least distance from a place to a line of points (lon, lat): flat, in the plane of true distances from it."""
    lat, lon = np.radians(line[:, 1]), np.radians(line[:, 0] - lon_deg)
    here = math.radians(lat_deg)
    cosine = np.sin(here) * np.sin(lat) + np.cos(here) * np.cos(lat) * np.cos(lon)
    angle = np.arccos(np.clip(cosine, -1, 1))
    scale = np.where(angle < 1e-12, 1.0, angle / np.maximum(np.sin(angle), 1e-12))
    x = scale * np.cos(lat) * np.sin(lon)
    y = scale * (np.cos(here) * np.sin(lat) - np.sin(here) * np.cos(lat) * np.cos(lon))
    points = np.stack([x, y], axis=-1) * _RADIUS_M
    start, step = points[:-1], np.diff(points, axis=0)
    length = np.maximum((step**2).sum(axis=-1), 1e-9)
    along = np.clip(-(start * step).sum(axis=-1) / length, 0, 1)
    return float(np.hypot(*(start + along[:, None] * step).T).min())


def from_geojson(
    collection: Mapping[str, Any], *, key: str = "name", buffers_m: Mapping[str, float] | None = None
) -> list[Area]:
    """The areas of a GeoJSON FeatureCollection of polygons; ``key``: the property that names the destination.

    A feature may state its own ``buffer_km``. Raises InputError naming the feature that is no area.
    """
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    found = []
    features = collection.get("features")
    if not isinstance(features, list):
        raise InputError("the areas are no GeoJSON FeatureCollection: 'features' is missing")
    for number, feature in enumerate(features, 1):
        try:
            name = str(feature["properties"][key])
            outline = shape(feature["geometry"])
            own = feature["properties"].get("buffer_km")
        except (KeyError, TypeError, ValueError, AttributeError, ShapelyError) as error:
            raise InputError(f"feature {number} of the areas: {type(error).__name__} {error}") from None
        if outline.geom_type not in ("Polygon", "MultiPolygon") or outline.is_empty:
            raise InputError(f"feature {number} of the areas, {name!r}, is a {outline.geom_type}, not a polygon")
        if not outline.is_valid:
            outline = _mended(outline)
        buffer_m = float(own) * 1000 if own is not None else (buffers_m or {}).get(name, 0.0)
        found.append(Area(name, outline, buffer_m))
    return found


def _mended(outline: BaseGeometry) -> BaseGeometry:
    """A polygon whose border crosses itself, as the polygons it encloses."""
    from shapely import make_valid
    from shapely.geometry import MultiPolygon

    parts = [part for part in getattr(make_valid(outline), "geoms", [make_valid(outline)]) if part.area > 0]
    flat = [piece for part in parts for piece in getattr(part, "geoms", [part])]
    return flat[0] if len(flat) == 1 else MultiPolygon(flat)


def merged(sets: Iterable[Iterable[Area]], *, guess: bool = False) -> Areas:
    """Several sets as one."""
    return Areas(tuple(area for one in sets for area in one), guess)

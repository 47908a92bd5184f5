"""What the console shows beside the journal: the samples of a burst, the curve of a position, the sky, the areas.

All of it is looked up when somebody asks, in worker threads, and bounded in work. What is not there says why, in words.
"""

from __future__ import annotations

import math
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from vigie import instants
from vigie.errors import HexError, VigieError
from vigie.records import Detection, Solution
from vigie.store import rows as forms

if TYPE_CHECKING:
    from pathlib import Path

    from vigie.alert.areas import Areas
    from vigie.orbit.ephemeris import Orbits
    from vigie.service import Service
    from vigie.store.journal import Row

KEPT = 24
"""pictures kept for who asks next"""
_NAME = re.compile(r"\d{4}-\d\d-\d\d/[A-Za-z0-9_-]{1,120}\.sigmf-meta", re.ASCII)
_EARTH_M = 6_371_008.8
_SIMPLER_DEG = 0.01


def _none(why: str) -> dict[str, Any]:
    return {"state": "none", "why": why}


class Evidence:
    """Answers for one service. Every method may be called from any thread."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._guard = threading.Lock()
        self._work = threading.BoundedSemaphore(2)
        """two pictures at once: each takes a processor for a moment"""
        self._pictures: OrderedDict[tuple[str, int], dict[str, Any]] = OrderedDict()
        self._drawn: dict[str, Any] | None = None

    def burst(self, row: Row) -> dict[str, Any]:
        """The picture of one burst by its row of the journal."""
        found = self.snippet(row)
        if isinstance(found, str):
            return _none(found)
        try:
            key = (str(found), found.stat().st_mtime_ns)
        except OSError:
            return _none(_GONE)
        with self._guard:
            if key in self._pictures:
                self._pictures.move_to_end(key)
                return self._pictures[key]
        with self._work:
            from vigie.burst_picture import picture

            try:
                told = {"state": "kept", **picture(found, row.body)}
            except VigieError as error:
                return _none(f"The samples cannot be drawn: {error}.")
        with self._guard:
            self._pictures[key] = told
            while len(self._pictures) > KEPT:
                self._pictures.popitem(last=False)
        return told

    def snippet(self, row: Row) -> Path | str:
        """The metadata file of a burst's samples, inside the folder of its own source; or why there is none."""
        body = row.body
        source = next((one for one in self._service.sources if one.name == body.get("source")), None)
        if source is None:
            return "The burst came from another station, an earlier setting or a message: its samples are not here."
        if source.keeper is None:
            return "This source keeps no samples: its setting is off, or it has no folder for them."
        name = body.get("snippet")
        if not name:
            return "No samples were kept of this burst: audio has none, and a full disk or a gap costs them."
        if not _NAME.fullmatch(str(name)):
            return "The journal names no file of samples that could be one of ours."
        folder = source.keeper.shelf.folder.resolve()
        path = (folder / str(name)).resolve()
        if folder not in path.parents or not path.is_file() or not path.with_suffix(".sigmf-data").is_file():
            return _GONE
        return path

    def curve(self, solutions: Sequence[Mapping[str, Any]], rows: Sequence[Row]) -> dict[str, Any]:
        """Curve and residuals of the sides of one pass. ``rows``: the positions' and the bursts', of one alert."""
        orbits = self._orbits()
        if orbits is None:
            return _none("No orbits are configured here, so nothing can be foretold.")
        if all(one.get("method") == "encoded" for one in solutions):
            return _none("An encoded position is the beacon's own: no curve stands behind it.")
        from vigie.curve import curves
        from vigie.locate.solutions import measurement_of

        wanted = {(one["latitude"], one["longitude"], one["end"]) for one in solutions}
        found = {
            (row.body["latitude"], row.body["longitude"], row.body["end"]): cast("Solution", forms.to_record(row))
            for row in rows
            if row.kind == "solution" and (row.body["latitude"], row.body["longitude"], row.body["end"]) in wanted
        }
        heard = [
            one
            for row in rows
            if row.kind == "detection" and (one := measurement_of(cast("Detection", forms.to_record(row)))) is not None
        ]
        if not found:
            return _none("The journal has no such position.")
        with self._work:
            told = curves(list(found.values()), heard, orbits)
        if told is None:
            return _none("The journal holds no burst of this position whose satellite's orbit is known here.")
        return {"state": "kept", **told}

    def look_up(self, text: str) -> dict[str, Any]:
        """A beacon in the register, by any form of its ID."""
        centre = self._service.centre
        register = centre.register if centre else None
        if register is None or not (register.entries or register.outside):
            return {"state": "none", "why": "No register is configured here."}
        try:
            answer = register.look_up(text)
        except HexError as error:
            return {"state": "none", "why": f"{error}"}
        fields = dict(answer.entry.fields) if answer.entry else {}
        return {"state": answer.state, "source": answer.source, "why": answer.why, "fields": fields}

    def areas(self) -> dict[str, Any]:
        """The service areas of the centre and their buffers as GeoJSON."""
        centre = self._service.centre
        found = centre.network.areas if centre else None
        if found is None or found.guess or not found.areas:
            why = "No service areas are configured here: destinations go by country code and by the nearest land."
            return {"type": "FeatureCollection", "features": [], "why": why}
        with self._guard:
            if self._drawn is None:
                self._drawn = {"type": "FeatureCollection", "features": _features(found), "why": ""}
            return self._drawn

    def sky(self, satellites: Sequence[str], time: instants.Instant) -> list[dict[str, Any]]:
        """Where satellites stood at an instant, and how far their horizon reached; or why that is not known."""
        orbits = self._orbits()
        if orbits is None:
            return [{"name": name, "why": "No orbits are configured here."} for name in satellites]
        from vigie.geodesy import geodetic
        from vigie.orbit.fleet import aliases

        names = aliases(orbits, time)
        told: list[dict[str, Any]] = []
        for name in satellites:
            found = orbits.find(name) or orbits.find(names.get(name, ""))
            if found is None:
                told.append({"name": name, "why": "Its orbit is not known here."})
                continue
            position, _ = found.state(np.array([time], "datetime64[ns]"))
            if not np.isfinite(position).all():
                told.append({"name": name, "why": "Its orbit does not reach this time."})
                continue
            lat, lon, alt = (float(value[0]) for value in geodetic(position))
            reach_m = _EARTH_M * math.acos(_EARTH_M / (_EARTH_M + max(alt, 0.0)))
            told.append({"name": name, "latitude": lat, "longitude": lon, "altitude_m": alt, "reach_m": reach_m})
        return told

    def _orbits(self) -> Orbits | None:
        return self._service.locator.orbits if self._service.locator else None


_GONE = "The samples were deleted: the oldest go first, within the limits of size and age."


def _features(areas: Areas) -> list[dict[str, Any]]:
    """Each area, and the band about it within which its centre is told as well."""
    from shapely import simplify
    from shapely.geometry import mapping

    told = []
    for area in areas.areas:
        shape = simplify(area.shape, _SIMPLER_DEG)
        values = {"name": area.name, "buffer_km": round(area.buffer_m / 1000, 1)}
        told.append({"type": "Feature", "properties": {**values, "part": "area"}, "geometry": mapping(shape)})
        if area.buffer_m:
            geometry = mapping(simplify(_band(area.rings, area.buffer_m), _SIMPLER_DEG))
            told.append({"type": "Feature", "properties": {**values, "part": "buffer"}, "geometry": geometry})
    return told


_PIECE = 8
"""points of a border that are widened at once, in a plane of their own"""


def _band(rings: Sequence[Any], width_m: float) -> Any:
    """All places within a distance of border lines, as polygons in degrees."""
    from pyproj import Transformer
    from shapely import transform, union_all
    from shapely.geometry import LineString

    pieces = []
    for ring in rings:
        for start in range(0, len(ring) - 1, _PIECE):
            line = ring[start : start + _PIECE + 1]
            lon, lat = line[len(line) // 2]
            flat = f"+proj=aeqd +lat_0={lat} +lon_0={lon} +R={_EARTH_M}"
            there = Transformer.from_crs(f"+proj=longlat +R={_EARTH_M}", flat, always_xy=True)
            x, y = there.transform(line[:, 0], line[:, 1])
            wide = LineString(np.stack([x, y], axis=-1)).buffer(width_m, quad_segs=6)

            def back(points: Any, there: Any = there, lon: float = lon) -> Any:
                east, north = there.transform(points[:, 0], points[:, 1], direction="INVERSE")
                return np.stack([lon + (east - lon + 180) % 360 - 180, north], axis=-1)

            pieces.append(transform(wide, back))
    return union_all(pieces)

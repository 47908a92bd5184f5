"""Whether a satellite could see a place, from orbits: what tells an image or a suspect position."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from vigie.geodesy import ecef_m, local_axes
from vigie.instants import Instant
from vigie.orbit.ephemeris import Orbits
from vigie.orbit.fleet import aliases
from vigie.orbit.passes import look
from vigie.records import Record, Solution

LOWEST_DEG = -1.0
"""a satellite this far below the horizon is out of sight: refraction and height are within the degree (ours)"""


class Visibility:
    """Answers from a set of orbits; None for a satellite it has not, or whose orbit cannot be told at the time."""

    def __init__(self, orbits: Orbits) -> None:
        self._orbits = orbits

    def __call__(self, satellite: str, time: Instant, lat_deg: float, lon_deg: float) -> bool | None:
        found = self._orbits.find(satellite)
        if found is None:
            name = aliases(self._orbits, time).get(satellite)
            found = None if name is None else self._orbits.find(name)
        if found is None:
            return None
        position, _ = found.state(np.array([time], "datetime64[ns]"))
        if not np.isfinite(position).all():
            return None
        elevation = look(ecef_m(lat_deg, lon_deg), local_axes(lat_deg, lon_deg), position)[0]
        return bool(elevation[0] >= LOWEST_DEG)

    def marked(self, stream: Iterable[Record]) -> Iterable[Record]:
        """The stream with every solution marked that lies outside the footprint of a satellite it came by (R 3.2.5)."""
        for record in stream:
            if isinstance(record, Solution) and record.satellites and not record.outside:
                place = record.lat_deg, record.lon_deg
                middle = record.start + (record.end - record.start) // 2
                lost = tuple(name for name in record.satellites if self(name, middle, *place) is False)
                record = replace(record, outside=lost) if lost else record
            yield record

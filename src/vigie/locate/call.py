"""``vigie.locate``: beacons located from whatever tells times and frequencies, with orbits from wherever they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vigie.locate import estimate
from vigie.locate.lines import measurement_of_row
from vigie.locate.measurement import Fix, Measurement, Settings
from vigie.locate.solutions import measurement_of
from vigie.orbit.ephemeris import Orbits
from vigie.orbit.files import read_files
from vigie.orbit.fleet import aliases
from vigie.records import Detection

Heard = Measurement | Detection | Mapping[str, Any]
Where = Orbits | str | Path | Iterable[str | Path]


def locate(
    measurements: Iterable[Heard],
    orbits: Where = (),
    settings: Settings | None = None,
    *,
    known: Mapping[str, tuple[float, float, float]] | None = None,
) -> list[Fix]:
    """Where each beacon is: fixes of all beacons, of one beacon the likeliest first (both sides of an unclear pass).

    measurements: ``locate.measurement.Measurement``; or objects with the keys that ``vigie locate`` reads; or
    detections made at a named satellite, the others being passed over, for there is nothing to locate by in them.
    orbits: files (TLE, OMM, SP3, RINEX navigation), or ``Orbits``; none when the measurements state the satellites.
    known: beacons at a known place (latitude, longitude, degrees; height, m), which correct the orbits for the others.

    A fix without a place says in ``verdict`` why. Raises InputError for an object with a wrong key, naming it, and for
    a file that cannot be read.
    """
    heard = [item for item in map(_measurement, measurements) if item is not None]
    ephemerides = _orbits(orbits)
    names = aliases(ephemerides, heard[0].time) if heard else {}
    return estimate.locate(heard, ephemerides, settings, names, known)


def _measurement(item: Heard) -> Measurement | None:
    if isinstance(item, Measurement):
        return item
    return measurement_of(item) if isinstance(item, Detection) else measurement_of_row(item)


def _orbits(orbits: Where) -> Orbits:
    if isinstance(orbits, Orbits):
        return orbits
    return read_files(Path(path) for path in ([orbits] if isinstance(orbits, str | Path) else orbits))

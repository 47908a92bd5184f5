"""Orbit files of any known form, told apart by their content; gzip is undone."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path

from vigie.errors import InputError
from vigie.orbit.earth import EarthOrientation
from vigie.orbit.elements import read_omm, read_tle
from vigie.orbit.ephemeris import Orbits, join
from vigie.orbit.rinex import read_navigation
from vigie.orbit.sp3 import read_sp3


def read(text: str, where: str, earth: EarthOrientation | None = None) -> Orbits:
    """Orbits from the text of a TLE, OMM (JSON, XML, CSV), SP3 or RINEX navigation file.

    Raises InputError when the text is none of these, or holds no satellite.
    """
    head = text.lstrip()[:200]
    if head.startswith("#") and head[1:2] in "abcd" and "\n##" in text[:300]:
        orbits = read_sp3(text, where, earth)
    elif "RINEX VERSION" in head:
        orbits = read_navigation(text, where, earth)
    elif head[:1] in ("{", "[", "<") or "OBJECT_NAME" in head or "CCSDS_OMM" in head:
        orbits = read_omm(text, where, earth)
    else:
        orbits = read_tle(text, where, earth)
    if not orbits.ephemerides:
        bad = orbits.refused
        why = f": {bad[0].where}: {bad[0].reason}" if bad else " (TLE, OMM, SP3 and RINEX navigation are known)"
        raise InputError(f"{where}: no usable satellite orbit{why}")
    return orbits


def read_files(paths: Iterable[Path], earth: EarthOrientation | None = None) -> Orbits:
    """The orbits of several files together. Raises InputError naming the file that cannot be read."""
    return join(read(text_of(path), path.name, earth) for path in paths)


def text_of(path: Path) -> str:
    """A file's text, gzip undone. Raises InputError."""
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (OSError, EOFError) as error:
        raise InputError(f"{path}: not readable: {error}") from None
    return data.decode("utf-8", "replace")

"""Two-line elements and Orbit Mean-Elements Messages, propagated by SGP4.

Every line's checksum is tested; a set that fails is refused by line number and the rest are kept. Elements of one
satellite with several epochs serve together: each instant takes the nearest.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.errors import InputError
from vigie.orbit.earth import EarthOrientation, packaged
from vigie.orbit.ephemeris import Array, Orbits, Refused, Times, nearest
from vigie.orbit.frames import ecef_of_teme

_JD_UNIX = 2_440_587.5
_DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, eq=False)
class Elements:
    """Mean elements of one satellite, one or more epochs in order of time."""

    names: tuple[str, ...]
    source: str
    epochs: Times
    satrecs: tuple[Any, ...]
    earth: EarthOrientation

    def state(self, times: Times) -> tuple[Array, Array]:
        """SGP4 (Vallado 2006) to TEME, then to the turning Earth; NaN where SGP4 gives up (decayed, absurd age)."""
        times = np.asarray(times, "datetime64[ns]")
        flat = times.reshape(-1)
        position, velocity = np.full((flat.size, 3), np.nan), np.full((flat.size, 3), np.nan)
        days, inside = np.divmod(flat.astype("int64"), _DAY_NS)
        which = nearest(self.epochs, flat)
        for index in np.unique(which):
            mine = which == index
            error, r_km, v_kmps = self.satrecs[index].sgp4_array(_JD_UNIX + days[mine], inside[mine] / _DAY_NS)
            good = np.asarray(error) == 0
            position[mine] = np.where(good[:, None], np.asarray(r_km) * 1e3, np.nan)
            velocity[mine] = np.where(good[:, None], np.asarray(v_kmps) * 1e3, np.nan)
        position, velocity = ecef_of_teme(position, velocity, flat, self.earth)
        return position.reshape(*times.shape, 3), velocity.reshape(*times.shape, 3)

    def age_s(self, times: Times) -> Array:
        """Seconds between each instant and the epoch of the elements used for it."""
        times = np.asarray(times, "datetime64[ns]")
        return np.asarray(np.abs((times - self.epochs[nearest(self.epochs, times)]).astype("int64")) * 1e-9)

    def sigma_m(self, times: Times) -> Array:
        """Error of public elements by age (radial, along, across), with UT1's own error added along and across.

        Medium orbits: measured against SP3 for GPS and Galileo elements up to a day old, 2.5 and 1.7 km along
        (``docs/design/location.md``), growing slowly. Low orbits: about 2 km a day along the track at 850 km, found
        by DORIS fixes.
        """
        times = np.asarray(times, "datetime64[ns]")
        days = self.age_s(times) / 86_400
        revolutions_per_day = self.satrecs[0].no_kozai * 1440 / (2 * math.pi)
        if revolutions_per_day > 6:
            sigma = np.stack([100 + 50 * days, 150 + 1800 * days + 60 * days**2, 100 + 40 * days], axis=-1)
        elif revolutions_per_day > 1.5:
            sigma = np.stack([250 + 10 * days, 2500 + 150 * days, 250 + 40 * days], axis=-1)
        else:
            sigma = np.stack([1500 + 50 * days, 4000 + 800 * days, 1500 + 100 * days], axis=-1)
        _, ut1_sigma_s, _ = self.earth.at(times)
        radius_m = 42_241_000 * revolutions_per_day ** (-2 / 3)
        turn = ut1_sigma_s * 7.3e-5 * radius_m
        sigma[..., 1:] = np.hypot(sigma[..., 1:], turn[..., None])
        return sigma


def checksum(line: str) -> int:
    """The last digit a TLE line should have: digits as they are, a minus as one, modulo ten."""
    return sum(int(char) if char.isdigit() else char == "-" for char in line[:68]) % 10


def read_tle(text: str, where: str = "the elements", earth: EarthOrientation | None = None) -> Orbits:
    """Two- or three-line sets. Sets with a wrong checksum, length or number are refused, named by their line."""
    from sgp4.api import Satrec

    refused: list[Refused] = []
    found: dict[int, list[tuple[np.datetime64, Any, tuple[str, ...]]]] = defaultdict(list)
    title, first = "", None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.rstrip()
        place = f"{where}, line {number}"
        if re.match(r"1 [ 0-9A-Z]{5}", line) and len(line) > 60:
            if first is not None:
                refused.append(Refused(f"{where}, line {first[0]}", "line 1 of a set without its line 2"))
            first = (number, line)
        elif re.match(r"2 [ 0-9A-Z]{5}", line) and len(line) > 60:
            if first is None:
                refused.append(Refused(place, "line 2 of a set without its line 1"))
                continue
            fault = _fault(first[1], line)
            if fault:
                refused.append(Refused(f"{where}, line {first[0] + fault[0]}", fault[1]))
            else:
                satrec = Satrec.twoline2rv(first[1][:69], line[:69])
                names = tuple(name for name in (title, str(satrec.satnum), satrec.intldesg.strip()) if name)
                found[satrec.satnum].append((_epoch(satrec), satrec, names))
            title, first = "", None
        elif line.strip() and not line.startswith("#"):
            if first is not None:
                refused.append(Refused(f"{where}, line {first[0]}", "line 1 of a set without its line 2"))
                first = None
            title = line[2:].strip() if line.startswith("0 ") else line.strip()
    if first is not None:
        refused.append(Refused(f"{where}, line {first[0]}", "line 1 of a set without its line 2"))
    return _orbits(found, refused, "TLE", earth or packaged())


def _fault(first: str, second: str) -> tuple[int, str] | None:
    """What is wrong with a pair of lines: (0 or 1 for the line, the sentence), or None."""
    for index, line in enumerate((first, second)):
        if len(line) < 69 or not line[68].isdigit():
            return index, f"{len(line)} characters where a line of elements has 69"
        if int(line[68]) != checksum(line):
            return index, f"its checksum is {line[68]} and should be {checksum(line)}"
    if first[2:7] != second[2:7]:
        return 1, f"satellite {second[2:7].strip()} follows line 1 of satellite {first[2:7].strip()}"
    return None


def read_omm(text: str, where: str = "the elements", earth: EarthOrientation | None = None) -> Orbits:
    """OMM as JSON (one object or a list), XML or CSV (CCSDS 502.0-B; the forms CelesTrak and Space-Track publish).

    Raises InputError when the text is none of them.
    """
    from sgp4 import omm
    from sgp4.api import Satrec

    head = text.lstrip()[:1]
    try:
        if head in "[{" and head:
            rows = json.loads(text)
            rows = rows if isinstance(rows, list) else [rows]
        elif head == "<":
            rows = list(omm.parse_xml(io.StringIO(text)))
        else:
            rows = list(omm.parse_csv(io.StringIO(text)))
    except (ValueError, SyntaxError, KeyError) as error:
        raise InputError(f"{where}: no orbit mean-elements message: {error}") from None
    refused: list[Refused] = []
    found: dict[int, list[tuple[np.datetime64, Any, tuple[str, ...]]]] = defaultdict(list)
    for number, row in enumerate(rows, 1):
        satrec = Satrec()
        try:
            fields = {name: str(value) for name, value in row.items() if value is not None}
            fields["EPOCH"] = _six_digits(fields["EPOCH"])
            fields.setdefault("ELEMENT_SET_NO", "999")
            omm.initialize(satrec, fields)
        except (KeyError, ValueError, AttributeError) as error:
            refused.append(Refused(f"{where}, element set {number}", f"not usable: {error}"))
            continue
        names = [fields.get("OBJECT_NAME", ""), str(satrec.satnum), fields.get("OBJECT_ID", "")]
        found[satrec.satnum].append((_epoch(satrec), satrec, tuple(name for name in names if name)))
    return _orbits(found, refused, "OMM", earth or packaged())


def _six_digits(epoch: str) -> str:
    """An OMM epoch with exactly six digits after the second, as the sgp4 package wants it."""
    head, _, digits = epoch.rstrip("Z").partition(".")
    return f"{head}.{(digits + '000000')[:6]}"


def _epoch(satrec: Any) -> np.datetime64:
    days = (satrec.jdsatepoch - _JD_UNIX) * _DAY_NS
    return np.datetime64(round(days) + round(satrec.jdsatepochF * _DAY_NS), "ns")


def _orbits(
    found: dict[int, list[tuple[np.datetime64, Any, tuple[str, ...]]]],
    refused: list[Refused],
    source: str,
    earth: EarthOrientation,
) -> Orbits:
    ephemerides = []
    for sets in found.values():
        sets.sort(key=lambda item: item[0])
        epochs: NDArray[np.datetime64] = np.array([item[0] for item in sets])
        names = tuple(dict.fromkeys(name for item in reversed(sets) for name in item[2]))
        ephemerides.append(Elements(names, source, epochs, tuple(item[1] for item in sets), earth))
    return Orbits(tuple(ephemerides), tuple(refused))

"""Encoded positions of first-generation beacons: a coarse place, an offset, and the pattern that says "no position".

All codings of C/S T.001 A3.3 are one scheme with different steps. The coarse value is a count of minutes of arc with a
hemisphere flag; the offset is minutes and seconds with a sign, added to the *unsigned* coarse value (A3.3.1). The
defaults of A3.2 say that there is no position, or no offset. A value outside its range is no position either; it is
told apart, since the beacon meant to say something.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from vigie.errors import FieldError
from vigie.message.codecs import UINT, enum, stepped
from vigie.message.fields import Facts, Field, Part, Raws

Status = Literal["encoded", "not_available", "out_of_range", "unreliable", "not_sent"]
KEYS = (
    "latitude",
    "longitude",
    "coarse_latitude",
    "coarse_longitude",
    "position_status",
    "position_resolution_deg",
)
_DOC = "The offset is applied to the unsigned coarse value; the default pattern says that there is none (A3.2, A3.3.1)."
SECONDS_DEFAULT = 15  # 1111, which would be 60 s: out of range (A3.2 c)
FINE_DEG = 4 / 3600
"""what a position is coded to when it has both offsets: four seconds of arc"""
SIGN = enum({0: "minus", 1: "plus"})


@dataclass(frozen=True)
class Axis:
    """How one coordinate is coded. Steps are in minutes of arc."""

    name: Literal["latitude", "longitude"]
    limit_min: int
    step_min: int
    """what one count of the degrees field is worth"""
    degrees_bits: int
    minutes_step_min: int = 0
    """what one count of the minutes field is worth; 0 when there is no such field"""
    minutes_bits: int = 0
    offset_minutes_bits: int = 0
    """width of the offset's minutes; 0 when the coding has no offset"""
    offset_limit_min: int = 0

    @cached_property
    def default(self) -> int:
        return (1 << self.degrees_bits) - 1

    @cached_property
    def _names(self) -> tuple[str, ...]:
        parts = ("hemisphere", "degrees", "minutes", "offset_sign", "offset_minutes", "offset_seconds")
        return tuple(f"{self.name}_{part}" for part in parts)

    @property
    def resolution_min(self) -> float:
        return self.minutes_step_min or self.step_min

    def coarse_min(self, raws: Raws) -> tuple[int | None, Status]:
        """Unsigned coarse value in minutes of arc, and why there is none."""
        _, degrees_name, minutes_name, *_ = self._names
        degrees, minutes = raws[degrees_name], raws.get(minutes_name, 0)
        if degrees == self.default and minutes == 0:
            return None, "not_available"
        value = degrees * self.step_min + minutes * self.minutes_step_min
        if minutes * self.minutes_step_min >= 60 or value > self.limit_min:
            return None, "out_of_range"
        return value, "encoded"

    def offset_s(self, raws: Raws) -> int | None:
        """Signed offset in seconds of arc; None when it is the default or out of range."""
        *_, sign_name, minutes_name, seconds_name = self._names
        minutes, seconds = raws[minutes_name], raws[seconds_name]
        if seconds == SECONDS_DEFAULT or minutes > self.offset_limit_min:
            return None
        value = minutes * 60 + seconds * 4
        return value if raws[sign_name] else -value

    def offset_is_odd(self, raws: Raws) -> bool:
        """An offset that is neither a value in range nor the default."""
        minutes, seconds = raws[f"{self.name}_offset_minutes"], raws[f"{self.name}_offset_seconds"]
        default = seconds == SECONDS_DEFAULT and minutes == 0 and raws[f"{self.name}_offset_sign"] == 1
        return not default and self.offset_s(raws) is None

    def both(self, raws: Raws, fine: bool) -> tuple[float | None, float | None, Status, bool]:
        """Signed degrees with the offset (when ``fine``) and without, the status, and whether there is an offset."""
        offset = self.offset_s(raws) if fine else None
        coarse, status = self.coarse_min(raws)
        if coarse is None:
            return None, None, status, offset is not None
        seconds = coarse * 60
        sign = -3600 if raws[self._names[0]] else 3600
        plain = round(seconds / sign, 7) + 0.0
        if offset is None or seconds + offset > self.limit_min * 60:
            return plain, plain, status, offset is not None
        return round((seconds + offset) / sign, 7) + 0.0, plain, status, True

    def fields(self, first: int) -> tuple[Field, ...]:
        """The rows of the coarse value, whose hemisphere flag is bit ``first``."""
        letters = "NS" if self.name == "latitude" else "EW"
        last = first + self.degrees_bits
        whole = self.step_min == 60
        rows: tuple[Field, ...] = (
            Field(f"{self.name}_hemisphere", first, first, enum(dict(enumerate(letters))), doc="Hemisphere flag",
                  hidden=True),
            Field(
                f"{self.name}_degrees", first + 1, last, UINT if whole else stepped(self.step_min / 60), "deg",
                f"Degrees of {self.name}" if whole else f"Coarse {self.name}",
                default=self.default, hidden=True,
            ),
        )  # fmt: skip
        if self.minutes_bits:
            codec, end = stepped(self.minutes_step_min), last + self.minutes_bits
            rows += (
                Field(f"{self.name}_minutes", last + 1, end, codec, "min", f"Minutes of {self.name}", hidden=True),
            )
        return rows

    def offset_fields(self, first: int) -> tuple[Field, ...]:
        """The rows of the offset, whose sign is bit ``first``."""
        last = first + self.offset_minutes_bits
        return (
            Field(f"{self.name}_offset_sign", first, first, SIGN, doc="Sign of the offset", default=1,
                  hidden=True),
            Field(f"{self.name}_offset_minutes", first + 1, last, UINT, "min", "Minutes of the offset",
                  hidden=True),
            Field(
                f"{self.name}_offset_seconds", last + 1, last + 4, stepped(4), "s", "Seconds of the offset",
                default=SECONDS_DEFAULT, hidden=True,
            ),
        )  # fmt: skip

    def write(self, fine_deg: float | None, coarse_deg: float | None, offset: bool) -> dict[str, int]:
        """Numbers for a coordinate: the nearest coarse value (or the one given) and the rounded offset (A3.3.1)."""
        numbers: dict[str, int] = {}
        if fine_deg is None and coarse_deg is None:
            degrees, minutes, hemisphere, numbers = self.default, 0, 0, self._no_offset(offset)
        else:
            value = fine_deg if fine_deg is not None else coarse_deg
            anchor = coarse_deg if coarse_deg is not None else fine_deg
            if value is None or anchor is None or not abs(value) * 60 <= self.limit_min:
                raise FieldError(self.name, None, f"{value} is outside +-{self.limit_min // 60} degrees")
            hemisphere = int(anchor < 0 or (anchor == 0 and value < 0))
            steps = int(abs(anchor) * 60 / self.resolution_min + 0.5)
            coarse = round(steps * self.resolution_min)
            degrees, rest = divmod(coarse, self.step_min)
            minutes = rest // self.minutes_step_min if self.minutes_step_min else 0
            if offset:
                numbers = self._offset(value * (-1 if hemisphere else 1), coarse)
        numbers[f"{self.name}_hemisphere"] = hemisphere
        numbers[f"{self.name}_degrees"] = degrees
        if self.minutes_bits:
            numbers[f"{self.name}_minutes"] = minutes
        return numbers

    def _no_offset(self, offset: bool) -> dict[str, int]:
        names = ("sign", 1), ("minutes", 0), ("seconds", SECONDS_DEFAULT)
        return {f"{self.name}_offset_{name}": value for name, value in names} if offset else {}

    def _offset(self, unsigned_deg: float, coarse_min: int) -> dict[str, int]:
        total = 4 * int(unsigned_deg * 900 + 0.5) if unsigned_deg >= 0 else -4 * int(-unsigned_deg * 900 + 0.5)
        total -= coarse_min * 60
        minutes, seconds = divmod(abs(total), 60)
        if minutes > self.offset_limit_min:
            raise FieldError(self.name, None, f"{total} s from its coarse value is more than the offset can hold")
        numbers = {"sign": int(total >= 0), "minutes": minutes, "seconds": seconds // 4}
        return {f"{self.name}_offset_{name}": value for name, value in numbers.items()}


@dataclass(frozen=True)
class Coding:
    """The position coding of a family of protocols."""

    latitude: Axis
    longitude: Axis
    offset: bool = True

    @property
    def axes(self) -> tuple[Axis, Axis]:
        return self.latitude, self.longitude

    def coarse_fields(self, first: int) -> tuple[Field, ...]:
        rows = self.latitude.fields(first)
        return rows + self.longitude.fields(rows[-1].last + 1)

    def offset_fields(self, first: int) -> tuple[Field, ...]:
        rows = self.latitude.offset_fields(first)
        return rows + self.longitude.offset_fields(rows[-1].last + 1)

    def default_raws(self) -> dict[str, int]:
        """The numbers of the default pattern of the coarse position (A3.2)."""
        numbers: dict[str, int] = {}
        for axis in self.axes:
            numbers.update(axis.write(None, None, offset=False))
        return numbers

    def part(self, fine: bool) -> Part:
        """The position as one value. ``fine``: the message has the offset, too."""
        names = [row.name for row in self.coarse_fields(1)] + ([r.name for r in self.offset_fields(1)] if fine else [])

        def read(raws: Raws) -> Facts:
            return self._read(raws, fine)

        def write(facts: Facts, raws: Raws) -> dict[str, int]:
            current = self._read(raws, fine)
            numbers: dict[str, int] = {}
            for axis in self.axes:
                name, coarse_name = axis.name, f"coarse_{axis.name}"
                if name not in facts and coarse_name not in facts:
                    continue
                value = _number(name, facts.get(name))
                coarse = _number(coarse_name, facts.get(coarse_name))
                if (value, coarse) == (current[name], current.get(coarse_name)):
                    continue  # as it stands: an odd pattern with the same meaning is kept
                numbers.update(axis.write(value, coarse if self.offset else None, fine))
            halves = {axis.coarse_min({**raws, **numbers})[1] == "not_available" for axis in self.axes}
            if numbers and len(halves) > 1:
                raise FieldError("latitude", None, "a position is a latitude and a longitude: one is missing")
            return numbers

        return Part(KEYS, tuple(names), read, write, _DOC)

    def _read(self, raws: Raws, fine: bool) -> Facts:
        lat, lat_coarse, lat_status, lat_fine = self.latitude.both(raws, fine)
        lon, lon_coarse, lon_status, lon_fine = self.longitude.both(raws, fine)
        status: Status = "encoded"
        if lat is None or lon is None:  # half a position is no position
            lat = lon = lat_coarse = lon_coarse = None
            status = "not_available" if lat_status == lon_status == "not_available" else "out_of_range"
        resolution = FINE_DEG if lat_fine and lon_fine else self.latitude.resolution_min / 60
        facts: Facts = {
            "latitude": lat,
            "longitude": lon,
            "position_status": status,
            "position_resolution_deg": resolution if lat is not None else None,
        }
        if self.offset:
            facts["coarse_latitude"], facts["coarse_longitude"] = lat_coarse, lon_coarse
        return facts

    def odd(self, raws: Raws) -> list[str]:
        """What is wrong with the position, in words."""
        said = []
        for axis in self.axes:
            if axis.coarse_min(raws)[1] == "out_of_range":
                said.append(f"{axis.name} is outside its range (A3.3): no position is taken from this message")
            if f"{axis.name}_offset_sign" in raws and axis.offset_is_odd(raws):
                said.append(
                    f"{axis.name} offset is neither a value in range nor the default (A3.2 c): the coarse value stands"
                )
        return said


def _number(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise FieldError(name, None, f"{value!r} is not a number of degrees")
    return float(value)


def _coding(
    step: int, lat_bits: int, lon_bits: int, minutes: tuple[int, int] = (0, 0), offset: tuple[int, int] = (0, 0)
) -> Coding:
    return Coding(
        Axis("latitude", 90 * 60, step, lat_bits, *minutes, *offset),
        Axis("longitude", 180 * 60, step, lon_bits, *minutes, *offset),
        offset=offset != (0, 0),
    )


USER = _coding(60, 7, 8, minutes=(4, 4))  # A3.3.4.3: 4 minutes, in PDF-2 alone
STANDARD = _coding(15, 9, 10, offset=(5, 30))  # A3.3.5.3, A3.3.5.4
NATIONAL = _coding(60, 7, 8, minutes=(2, 5), offset=(2, 3))  # A3.3.6.2, A3.3.6.3
HALF_DEGREE = _coding(30, 8, 9, offset=(4, 15))  # RLS A3.3.7, ELT(DT) A3.3.8

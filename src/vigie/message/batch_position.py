"""Encoded positions of many messages at once: to the last bit the degrees that one message at a time gives.

Degrees are whole multiples of a step, so the decimal rounding is done on integers, which leaves no room for error.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vigie.message.batch_columns import Column
from vigie.message.batch_words import Numbers
from vigie.message.position import SECONDS_DEFAULT, Axis, Coding
from vigie.message.sgb_tables import LATITUDE, LONGITUDE, STEPS
from vigie.message.sgb_tables import Axis as FineAxis

Take = Callable[[str], Numbers]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
STATUS = ("encoded", "not_available", "out_of_range", "no_capability")


def _seconds_degrees(seconds: Ints) -> NDArray[np.float64]:
    """Degrees rounded to 1e-7; a third of a second is never half a unit, so ties do not occur."""
    scaled = np.abs(seconds) * 25_000
    return np.asarray(np.sign(seconds) * ((2 * scaled + 9) // 18) / 1e7)


def _coarse(axis: Axis, take: Take) -> tuple[Ints, Mask, Mask]:
    """Unsigned minutes of arc, where there is no position, and where it is out of range."""
    degrees = take(f"{axis.name}_degrees").astype(np.int64)
    minutes = take(f"{axis.name}_minutes").astype(np.int64) if axis.minutes_bits else np.zeros_like(degrees)
    value = degrees * axis.step_min + minutes * axis.minutes_step_min
    absent = (degrees == axis.default) & (minutes == 0)
    return value, absent, ~absent & ((minutes * axis.minutes_step_min >= 60) | (value > axis.limit_min))


def _offset(axis: Axis, take: Take) -> tuple[Ints, Mask, Mask]:
    """Signed seconds of arc, where the offset is one, and where it is neither one nor the default."""
    minutes = take(f"{axis.name}_offset_minutes").astype(np.int64)
    seconds = take(f"{axis.name}_offset_seconds").astype(np.int64)
    plus = take(f"{axis.name}_offset_sign") == 1
    good = (seconds != SECONDS_DEFAULT) & (minutes <= axis.offset_limit_min)
    default = (seconds == SECONDS_DEFAULT) & (minutes == 0) & plus
    value = minutes * 60 + seconds * 4
    return np.where(plus, value, -value), good, ~good & ~default


def coded_positions(coding: Coding, fine: bool, take: Take) -> tuple[dict[str, Column], Mask]:
    """The facts of ``Coding.part``, and where something is odd about them."""
    size = take(f"{coding.latitude.name}_degrees").size
    there, none = np.ones(size, bool), np.ones(size, bool)
    offsets = np.full(size, fine)
    odd = np.zeros(size, bool)
    facts: dict[str, NDArray[np.float64]] = {}
    for axis in coding.axes:
        minutes, absent, outside = _coarse(axis, take)
        seconds = minutes * 60
        there &= ~absent & ~outside
        none &= absent
        odd |= outside
        sign = np.where(take(f"{axis.name}_hemisphere") == 1, -1, 1)
        facts[f"coarse_{axis.name}"] = _seconds_degrees(sign * seconds)
        if fine:
            offset, good, strange = _offset(axis, take)
            odd |= strange
            offsets &= good
            seconds = seconds + np.where(good & (seconds + offset <= axis.limit_min * 60), offset, 0)
        facts[axis.name] = _seconds_degrees(sign * seconds)
    columns = {name: Column(value, there) for name, value in facts.items() if coding.offset or "coarse" not in name}
    status = np.where(there, 0, np.where(none, 1, 2)).astype(np.int32)
    columns["position_status"] = Column(status, None, STATUS)
    step = coding.latitude.resolution_min / 60
    columns["position_resolution_deg"] = Column(np.where(offsets, 4 / 3600, step), there)
    return columns, odd


def _fine(axis: FineAxis, take: Take) -> tuple[NDArray[np.float64], Mask, Mask, Mask]:
    """Degrees, and where there is one, where there never will be one, and where it is out of range."""
    degrees, fraction = (take(f"{axis.name}_{part}").astype(np.int64) for part in ("degrees", "fraction"))
    flag = take(f"{axis.name}_hemisphere") == 1
    absent = (degrees == axis.default_degrees) & (fraction == axis.default_fraction)
    steps = degrees * STEPS + fraction
    outside = ~absent & (steps > axis.limit_deg * STEPS)
    # rounded to 1e-8 on integers, a tie to the even neighbour, as round() does
    scaled = steps * (10**8 // 2**8)  # 10^8 / 2^15 = 390625 / 2^7
    units, rest = scaled >> 7, scaled & 127
    units += (rest > 64) | ((rest == 64) & (units & 1 == 1))
    return np.where(flag, -units, units) / 1e8, ~absent & ~outside, absent & flag, outside


def fine_positions(take: Take) -> dict[str, Column]:
    """The facts of ``sgb_tables.POSITION``."""
    lat, lat_there, lat_never, lat_outside = _fine(LATITUDE, take)
    lon, lon_there, lon_never, lon_outside = _fine(LONGITUDE, take)
    there = lat_there & lon_there
    outside = ~there & (lat_there | lon_there | lat_outside | lon_outside)
    status = np.where(there, 0, np.where(outside, 2, np.where(lat_never & lon_never, 3, 1))).astype(np.int32)
    return {
        "latitude": Column(lat, there),
        "longitude": Column(lon, there),
        "position_status": Column(status, None, STATUS),
        "position_resolution_deg": Column(np.full(there.size, 1 / STEPS), there),
    }

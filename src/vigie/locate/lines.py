"""Measurements as JSON lines: what ``vigie locate`` reads and ``vigie simulate`` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vigie import instants
from vigie.errors import InputError
from vigie.locate.measurement import Measurement


def measurement_of_line(line: str, label: str = "") -> Measurement:
    """The measurement that a JSON line states. Raises InputError naming the key."""
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InputError(f"no JSON object: {error}") from None
    if not isinstance(row, dict):
        raise InputError("no JSON object")
    return measurement_of_row(row, label)


def measurement_of_row(row: Mapping[str, Any], label: str = "") -> Measurement:
    """The same of the object itself. ``label`` names it when it is rejected. Raises InputError naming the key."""
    time = _instant(row, "time") or _instant(row, "toa")
    if time is None:
        raise InputError("time is missing")
    beacon = _name(row, "beacon")
    if beacon is None:
        raise InputError("beacon is missing")
    latitude, longitude = _number(row, "latitude"), _number(row, "longitude")
    return Measurement(
        beacon=beacon,
        time=time,
        satellite=_name(row, "satellite"),
        burst=_name(row, "burst"),
        foa_hz=_number(row, "foa_hz"),
        sigma_foa_hz=_number(row, "sigma_foa_hz"),
        carrier_hz=_number(row, "carrier_hz") or _number(row, "foa_hz") or 406.04e6,
        toa=_instant(row, "toa"),
        sigma_toa_s=_number(row, "sigma_toa_s"),
        satellite_ecef_m=_vector(row, "satellite_ecef_m"),
        satellite_velocity_mps=_vector(row, "satellite_velocity_mps"),
        satellite_sigma_m=_number(row, "satellite_sigma_m"),
        altitude_m=_number(row, "altitude_m"),
        position_deg=None if latitude is None or longitude is None else (latitude, longitude),
        sigma_position_m=_number(row, "sigma_position_m"),
        label=label,
    )


def _number(row: Mapping[str, Any], key: str) -> float | None:
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"{key} is {value!r}: a number is wanted")
    return float(value)


def _name(row: Mapping[str, Any], key: str) -> str | None:
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InputError(f"{key} is {value!r}: a name or a whole number is wanted")
    return str(value)


def _instant(row: Mapping[str, Any], key: str) -> Any:
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InputError(f"{key} is {value!r}: an ISO 8601 time is wanted")
    return instants.parse(value)


def _vector(row: Mapping[str, Any], key: str) -> tuple[float, float, float] | None:
    value = row.get(key)
    if value is None:
        return None
    good = isinstance(value, list) and len(value) == 3
    if not good or not all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in value):
        raise InputError(f"{key} is {value!r}: three numbers are wanted")
    return float(value[0]), float(value[1]), float(value[2])

"""Bursts as a station sends them, for the console's tests, its benchmark and its pictures. Synthetic, not heard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from vigie.message import beacon
from vigie.message.encode import encode
from vigie.records import Solution

PLB = "FFFE2F8E373C80072E60936E79B508E1E934"  # France, Bay of Biscay
SECOND_PLB = "FFFE2F9F773C8007AB92EBE6CCF580200CDF"  # Australia, Tasman Sea
MARITIME = "FFFE2FCE34EB28140AA68E3F94A62200B5DE"  # France, an EPIRB with a position
UNLOCATED = "FFFE2F4EF41BA52069AE8DC4ADC400000000"  # Greece, an EPIRB without one
ELT = "FFFE2F53C6F80B88E014EFFAC39000000000"  # Canada
SELF_TEST = "FFFED096E738098F1D6C601B99771B0367AD"
TEST = "FFFE2F905EAF47953442B8D137F7144453A7"
ORBITOGRAPHY = "FFFE2FCE315F14B1878E8344734E5A1EC533"
NATIONAL = "FFFE2F5019A5FE5AC1C6A375D70D00000000"


def flip(text: str, *bits: int) -> str:
    """A 36-digit message with these bits (first bit 1) wrong."""
    word = int(text, 16)
    for bit in bits:
        word ^= 1 << (len(text) * 4 - bit)
    return f"{word:0{len(text)}X}"


UNRELIABLE = flip(PLB, 30, 41, 55, 60, 71, 80)


def burst(text: str, age_s: float = 0.0, **values: Any) -> dict[str, Any]:
    """A detection as ``vigie receive --json`` prints it, ``age_s`` ago."""
    time = datetime.now(UTC) - timedelta(seconds=age_s)
    return {
        "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "hex": text,
        "sync": "self_test" if text.startswith("FFFED0") else "normal",
        "frequency_hz": 406_040_125.4,
        "cn0_dbhz": 41.3,
        "sigma_frequency_hz": 0.4,
        "sigma_time_s": 2e-5,
        "source": "Toulouse roof",
        **values,
    }


def repeated(text: str, count: int, age_s: float, **values: Any) -> list[dict[str, Any]]:
    """``count`` bursts 50 s apart, the last ``age_s`` ago, each a little different."""
    return [
        burst(text, age_s + 50.0 * index, cn0_dbhz=41.3 - 0.7 * (index % 4), frequency_hz=406_040_125.4 + 0.9 * index)
        | values
        for index in reversed(range(count))
    ]


def mixed() -> list[dict[str, Any]]:
    """Three distress calls with positions, one without, and one of everything that is none."""
    return [
        *repeated(ORBITOGRAPHY, 6, 2100.0),
        *repeated(TEST, 1, 5400.0),
        *repeated(SELF_TEST, 1, 640.0),
        *repeated(SECOND_PLB, 9, 33.0, source="Albany"),
        *repeated(flip(MARITIME, 50, 58), 1, 162.0),
        *repeated(MARITIME, 3, 12.0),
        *repeated(PLB, 4, 71.0),
        *repeated(UNLOCATED, 14, 5.0, source="Piraeus"),
        *repeated(NATIONAL, 2, 250.0),
        *repeated(UNRELIABLE, 1, 95.0),
        *repeated(ELT, 3, 20.0, exercise=True, source="exercise"),
    ]


def doppler(text: str, places: list[tuple[float, float, float, float]], age_s: float = 60.0) -> list[Solution]:
    """Both sides of a Doppler pass over the beacon of a message: latitude, longitude, EHE in m, probability."""
    end = np.datetime64(datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=age_s), "ns")
    hex_id = str(beacon.decode(text).hex_id)
    start = end - np.timedelta64(540, "s")
    return [
        Solution(
            hex_id,
            "doppler",
            lat,
            lon,
            start,
            end,
            ehe,
            covariance_m2=(0.13 * ehe**2, 0.05 * ehe**2, 0.06 * ehe**2),
            probability=share,
            used=9,
        )
        for lat, lon, ehe, share in places
    ]


def many(count: int) -> list[str]:
    """Distinct messages of ``count`` beacons all over the world."""
    facts = dict(beacon.decode(PLB).facts)
    rng = np.random.default_rng(406)
    countries = (227, 257, 366, 503, 316, 232, 211, 247, 431, 412, 710, 601)
    made = []
    for serial in range(count):
        place = {
            "latitude": round(float(np.degrees(np.arcsin(rng.uniform(-0.95, 0.97)))), 3),
            "longitude": round(float(rng.uniform(-180, 180)), 3),
        }
        values = {"country_code": countries[serial % len(countries)], "serial_number": serial % 16384, **place}
        made.append(encode({**facts, **values, "coarse_latitude": None, "coarse_longitude": None}))
    return made

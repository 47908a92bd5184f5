"""Random messages as beacons send them: identities, places and countries drawn at large, encoded by C/S T.001."""

from __future__ import annotations

from typing import Any

import numpy as np

from vigie.message.encode import encode

_COUNTRIES = (227, 232, 257, 316, 338, 366, 412, 503, 701)
_UNKNOWN_PLACE = 0.15
"""share of beacons that have no position yet"""


def _place(rng: np.random.Generator) -> dict[str, Any]:
    if rng.random() < _UNKNOWN_PLACE:
        return {"latitude": None, "longitude": None}
    latitude = np.degrees(np.arcsin(rng.uniform(-1, 1)))
    return {"latitude": float(latitude), "longitude": float(rng.uniform(-180, 180))}


def _identity(rng: np.random.Generator, protocol: str) -> dict[str, Any]:
    if protocol == "std_epirb_mmsi":
        return {"mmsi_digits": f"{rng.integers(10**6):06d}", "specific_beacon": "0"}
    if protocol == "std_elt_24bit":
        return {"aircraft_24bit": f"{rng.integers(2**24):06X}"}
    if protocol.startswith("std"):
        return {"tac": int(rng.integers(100, 1000)), "serial_number": int(rng.integers(2**14))}
    return {"national_id": int(rng.integers(2**18))}


LONG = ("std_epirb_mmsi", "std_elt_24bit", "std_elt_serial", "std_epirb_serial", "std_plb_serial",
        "nat_elt", "nat_epirb", "nat_plb")  # fmt: skip
SHORT = ("user_serial_plb", "user_serial_elt_serial", "user_serial_epirb_float_free")


def random_message(rng: np.random.Generator, long: bool) -> str:
    """144 or 112 bits of a legal message, normal sync."""
    country = {"country_code": int(rng.choice(_COUNTRIES))}
    if long:
        protocol = str(rng.choice(LONG))
        facts = {"protocol": protocol, **country, **_identity(rng, protocol), **_place(rng)}
    else:
        facts = {
            "protocol": str(rng.choice(SHORT)),
            **country,
            "serial_number": int(rng.integers(2**20)),
            "national_use": "0" * 10,
            "tac_flag": True,
            "tac_or_national_use": int(rng.integers(100, 1000)),
            "auxiliary_device": "121.5",
            "format": "short",
        }
    digits = encode(facts)
    return format(int(digits, 16), f"0{4 * len(digits)}b")

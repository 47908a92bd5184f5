"""Detections made without a signal: real messages, encoded and decoded, of invented beacons, at any time.

For tests and benchmarks of what comes after the receiver.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vigie.instants import Instant, after, parse
from vigie.message import beacon
from vigie.message.encode import encode
from vigie.records import Detection, Message, Solution

START = parse("2026-11-22T06:00:00Z")
PLB = {"protocol": "std_plb_serial", "country_code": 227, "tac": 1020, "serial_number": 1}
YACHT = {"protocol": "user_radio_callsign", "country_code": 227, "callsign": "VIGI001"}
ELT_DT = {"protocol": "elt_dt", "country_code": 227, "aircraft_24bit": "F0F0F0"}
CANCEL = {"protocol": "elt_dt_aircraft_24bit_cancellation", "country_code": 227, "aircraft_24bit": "F0F0F0"}
TEST = {"protocol": "user_test", "country_code": 227}
ORBITOGRAPHY = {"protocol": "user_orbitography", "country_code": 227, "orbitography_id": "VIGIE 0"}
NATIONAL = {"protocol": "user_national", "country_code": 227}


def at(seconds: float) -> Instant:
    """So many seconds past the start."""
    return after(START, seconds)


def message(facts: dict[str, Any], *, wrong: tuple[int, ...] = (), **more: Any) -> Message:
    """The message that states these facts, with some wrong bits."""
    digits = encode(facts | more)
    bits = int(digits, 16)
    for bit in wrong:
        bits ^= 1 << (len(digits) * 4 - bit)
    return beacon.decode(format(bits, f"0{len(digits)}X"))


def detection(facts: dict[str, Any], seconds: float = 0.0, *, wrong: tuple[int, ...] = (), **more: Any) -> Detection:
    """A detection of that message; ``exercise`` and ``source`` may be among the further values."""
    told = {key: more.pop(key) for key in ("exercise", "source", "sync", "channel") if key in more}
    return Detection(message(facts, wrong=wrong, **more), at(seconds), **told)


def solution(
    method: Any, lat_deg: float, lon_deg: float, seconds: float, *, facts: dict[str, Any] = PLB, **more: Any
) -> Solution:
    """A solution by another method for that beacon."""
    hex_id = message(facts).hex_id
    assert hex_id is not None
    end = at(seconds)
    return Solution(hex_id, method, lat_deg, lon_deg, end - np.timedelta64(10, "s"), end, 5000.0, **more)

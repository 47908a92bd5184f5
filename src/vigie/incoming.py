"""Alerts of other centres as records: what a message between centres says, as detections and positions of our own kind.

The message of the beacon is not in such a text, only its ID (or, in a SIT 185, its 30 digits): what the ID tells is
decoded from it. The positions are those that the other centre found, with its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vigie import instants, sit
from vigie.alert.satellites import system
from vigie.errors import HexError
from vigie.message import beacon
from vigie.records import Detection, Message, Solution

_NM_M = 1852.0
_EXERCISE = re.compile(r"\W*(EXERCISE\W*){2,}", re.ASCII)
_KINDS = {"doppler_a": "A", "doppler_b": "B", "doa": "D", "encoded": "E"}


def records(message: sit.Sit, *, exercise: bool = False) -> list[Detection | Solution]:
    """What an alert between centres tells, in the order in which the alert book takes it; all of it is one alert.

    Empty for a message that tells of no detection: a narrative, a site report, one whose beacon ID cannot be read.
    """
    values = message.values
    identity, rows = values.get("beacon_id"), _rows(values)
    if not identity or not rows:
        return []
    reliable = values.get("beacon_message_reliable") is not False
    by = str(values.get("orig_mcc") or values.get("orig_facility") or "")
    told = _message(str(identity), values, reliable)
    if told is None:
        return []
    made: list[Detection | Solution] = []
    if not any(row["sol"] in "EU" for row in rows):  # what the ID tells comes with a burst of its own
        made.append(_record({**rows[0], "sol": "U"}, told, by, reliable, exercise, values))
    for row in sorted(rows, key=lambda row: row["sol"] in "EU"):
        made.append(_record(row, told, by, reliable, exercise, values))
    return [replace(one, more=True) for one in made[:-1]] + made[-1:]


def _rows(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The solutions of national text, or the positions of a SIT 185 in the same form."""
    if values.get("solutions"):
        return [row for row in values["solutions"] if row.get("detect_time")]
    time = values.get("detect_time")
    if not time:
        return []
    common = {"detect_time": time, "source": values.get("orig_mcc"), "num": values.get("num_points") or 1}
    satellite = str(values.get("detected_by") or "")
    rows = [
        {**common, **place, "sol": _KINDS[key], "sat": satellite}
        for key, place in (values.get("positions") or {}).items()
        if place and key in _KINDS
    ]
    return rows or [{**common, "sol": "U", "sat": satellite}]


def _message(identity: str, values: Mapping[str, Any], reliable: bool) -> Message | None:
    try:
        found = beacon.decode(str(values.get("beacon_message_30hex") or identity))
    except HexError:
        return None
    if not reliable:
        facts = {**found.facts, "hex_id": None, "verdict": "unreliable", "category": "unreliable"}
        return Message(found.kind, identity, found.form, facts)
    stated = {**found.facts, "hex_id": identity}
    headers = " ".join(
        map(str, [values.get("title"), *(values.get("special_headers") or [values.get("special_header")])])
    )
    if "DISTRESS TRACKING" in headers:
        stated["beacon_type"] = "ELT_DT"
    return Message(found.kind, found.received, found.form, stated)


def _record(
    row: Mapping[str, Any], told: Message, by: str, reliable: bool, exercise: bool, values: Mapping[str, Any]
) -> Detection | Solution:
    time = instants.parse(row["detect_time"])
    source, satellite = str(row.get("source") or by), _satellite(row.get("sat"))
    if row["sol"] in "EU" or row.get("lat") is None:
        facts = dict(told.facts)
        facts |= {"latitude": None, "longitude": None}
        if row["sol"] == "E" and row.get("lat") is not None:
            facts |= {"latitude": row["lat"], "longitude": row["lon"]}
            facts["position_resolution_deg"] = _resolution(values.get("position_resolution"))
        frequency = values.get("detection_frequency_mhz")
        return Detection(
            replace(told, facts=facts),
            time,
            frequency_hz=None if frequency is None else float(frequency) * 1e6,
            source=source,
            exercise=exercise,
            at="satellite",
            satellite=satellite if int(row.get("num") or 0) < 2 or satellite != "MEO" else "",
        )
    first = values.get("first_detect_time")
    start = min(instants.parse(first), time) if first and row["sol"] == "D" else time
    error = row.get("ee_nm")
    return Solution(
        told.hex_id or f"U-{told.received}",
        "doa" if row["sol"] == "D" else "doppler",
        row["lat"],
        row["lon"],
        start,
        time,
        None if not error or error >= 999 else float(error) * _NM_M,
        probability=1.0 if row.get("prob") is None else row["prob"] / 100,
        used=int(row.get("num") or 1),
        exercise=exercise,
        satellites=(satellite,) if satellite and system(satellite) != "MEO" else (),
        source=source,
    )


def _satellite(text: Any) -> str:
    name = str(text or "").strip().upper()
    return "" if name in {"", "---", "N/A"} else "MEO" if name == "MEOSAR" else name


def _resolution(text: Any) -> float | None:
    """Degrees of the words that national text has for the resolution of an encoded position (R Table 3.2.7)."""
    number, _, unit = str(text or "").partition(" ")
    scale = {"SECONDS": 1 / 3600, "MINUTES": 1 / 60, "METERS": 1 / 111_000, "METRES": 1 / 111_000, "DEGREE": 1.0}
    return float(number) * scale[unit] if number.isdigit() and unit in scale else None


def is_exercise(message: sit.Sit) -> bool:
    """Whether a message says of itself that it is an exercise: a line of that word alone, as those of Vigie have it.

    How others mark theirs is not in the documents that were read.
    """
    return any(_EXERCISE.fullmatch(line) for line in message.text.splitlines())

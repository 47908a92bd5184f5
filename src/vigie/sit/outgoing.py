"""The message that an alert and a notice make: values by name, and their text in the form that its destination takes.

Knows the records, nothing of how an alert came to be. What is inferred is said in the message's remarks.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vigie.instants import Instant, seconds_past
from vigie.records import Alert, ExerciseSit, Notice, Sit, Solution
from vigie.sit import outgoing_slashed
from vigie.sit.sheet import SitError
from vigie.sit.text import format_message
from vigie.sit.values import whole_seconds

INFERRED = "THE RULE BEHIND THIS MESSAGE IS INFERRED, NOT READ IN A C/S DOCUMENT"
NO_OPERATOR = "ZGA"
"""the designator that stands for an operator that is not known (R 3.3.4)"""
_NM_M = 1852.0
_SYSTEMS = {"doppler": "LEOSAR", "doa": "MEOSAR", "fused": "MEOSAR"}
_PREVIOUS = 5  # R 3.5.3: solutions of the last five messages


@dataclass(frozen=True, slots=True)
class Address:
    """How a destination is addressed, and in which form it takes messages."""

    code: str
    form: str = "sit185"
    """national, sit185, narrative (a SIT 185 inside a SIT 915), sit925 (inside a SIT 925), sarmaster, automated (the US
    9-line format) or ladr"""
    via: str = ""
    """the centre through which it is reached, where that is another one"""


@dataclass(frozen=True)
class Centre:
    """The centre that sends."""

    name: str = "VIGIE"
    code: str = "0000"
    """four digits that stand for it in a message's header"""
    address: Callable[[str], Address] = field(default=lambda name: Address(_code_of(name)))
    training: bool = False
    """every message is an exercise's, whatever the alert is: nothing that sends takes one"""
    registration: Callable[[str], Sequence[str]] | None = None
    """lines of the register about a beacon, by its hex ID"""
    contributor: str = ""
    """code of the centre at the repository of aircraft in distress; ICAO assigns it"""


def _code_of(name: str) -> str:
    return "".join(letter for letter in name.upper() if letter.isascii() and letter.isalnum())[:10] or "UNKNOWN"


def message(alert: Alert, notice: Notice, centre: Centre) -> Sit | ExerciseSit:
    """The message that a notice calls for. One that cannot be written in its form becomes a plain narrative that says
    all the same things, because an alert must not be lost over a form."""
    where = centre.address(notice.to)
    time = alert.changed if alert.changed is not None else alert.last_seen
    head = _envelope(notice, centre, where, time)
    values = _values(alert, notice, centre, where, head)
    try:
        written, form = format_message(values), str(values["form"])
    except SitError as error:
        values = _plain(alert, notice, head, str(error))
        written, form = format_message(values), "narrative"
    made = Sit(
        notice.to, where.code, str(values.get("sit") or notice.number), notice.serial, form, written, time, alert.id,
        notice.why, values,
    )  # fmt: skip
    return ExerciseSit(made) if alert.exercise or centre.training else made


def _envelope(notice: Notice, centre: Centre, where: Address, time: Instant) -> dict[str, Any]:
    return {
        "msg_no": f"{notice.serial:05d}",
        "orig_no": "00000",
        "orig_facility": centre.code,
        "transmit_time": whole_seconds(time),
        "sit": notice.number,
        "dest": where.code,
    }


def _values(alert: Alert, notice: Notice, centre: Centre, where: Address, head: dict[str, Any]) -> dict[str, Any]:
    if where.form == "ladr":
        return _repository(alert, notice, centre)
    if where.form == "national" or notice.number.endswith("76"):
        return _national(alert, notice, centre, head)
    if where.form in outgoing_slashed.FORMS and outgoing_slashed.fits(alert, notice):
        return outgoing_slashed.values(alert, notice, head, _split(alert)[0], where.form)
    wrapped = {"narrative": "915", "sit925": "925"}.get(where.form, "185")
    if wrapped == "925" and len(_identity(alert)) not in (15, 23):  # it begins with the ID of the beacon
        wrapped = "915"
    return _plain_text(alert, notice, centre, head, wrapped)


# -- national text (R 3, 4) -------------------------------------------------------------------------------------------


def _national(alert: Alert, notice: Notice, centre: Centre, head: dict[str, Any]) -> dict[str, Any]:
    closing = notice.number.endswith("76")
    new, old = _split(alert)
    special = [
        words
        for words, holds in (
            ("EXERCISE EXERCISE EXERCISE", alert.exercise or centre.training),
            ("UNRELIABLE BEACON (HEXADECIMAL) ID", alert.category == "unreliable"),
            ("SHIP SECURITY ALERT", _security(alert.facts)),
            ("DISTRESS TRACKING ELT", _tracking(alert.facts)),
        )
        if holds
    ]
    identity = _identity(alert)
    values: dict[str, Any] = {
        **head,
        "form": "usmcc_rcc",
        "title": notice.title,
        "special_headers": special,
        "beacon_id": identity if len(identity) in (15, 23) else None,
        "site_id": f"{alert.site:05d}",
        "mcc_reference_position": _reference(alert, notice),
        "position_conflict": "CONFLICT" in notice.title,
        "processing_time": head["transmit_time"],
        "processing_mcc": centre.name,
        "sent_to": [other.to for other in alert.notices if other.number == notice.number],
        "previously_sent_to": list(alert.told),
        "previous_solutions": [_row(one, centre, ()) for one in old[:_PREVIOUS]],
    }
    if closing:
        values["status"] = "CLOSED - TIMEOUT" if alert.state == "closed" else "OPEN - NO DETECTION"
        if alert.state == "closed":
            values["status"] = _closed(alert)
        return values
    areas = () if alert.reference else notice.buffers
    values["solutions"] = [_row(one, centre, areas, alert.facts) for one in new] or [_unlocated(alert, centre)]
    values["uncorroborated"] = any("UNCORROBORATED" in remark for remark in alert.remarks)
    values["cancellation_confirmed"] = True if alert.state == "cancelled" else None
    values["warnings"] = [remark for remark in _remarks(alert, notice) if "UNCORROBORATED" not in remark]
    values |= _decode(alert)
    lines = list(centre.registration(identity)) if centre.registration else []
    values["registration"] = lines or ["REGISTRATION INFORMATION IS NOT AVAILABLE"]
    return values


def _closed(alert: Alert) -> str:
    if "duty officer" in alert.reason:
        return "CLOSED - BY MCC OPERATOR"
    if "cancelled by the user" in alert.reason:
        return "CLOSED - USER CANCELLATION"
    return "CLOSED - TIME_OPEN" if "longest time" in alert.reason else "CLOSED - TIMEOUT"


def _row(one: Solution, centre: Centre, areas: Sequence[str], facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    kind = {"encoded": "E", "doa": "D", "fused": "D"}.get(one.method) or ("A" if one.probability >= 0.5 else "B")
    doppler, error = kind in "AB", one.ehe_m
    row = {
        "sol": kind,
        "prob": round(one.probability * 100) if doppler else None,
        "ee_nm": None if error is None or kind != "D" else min(round(error / _NM_M), 999),
        "lat": round(one.lat_deg, 5),
        "lon": round(one.lon_deg, 5),
        "detect_time": whole_seconds(one.end),
        "sat": (one.satellites[0] if doppler and one.satellites else "MEO" if kind == "D" else "---")[:8],
        "num": min(one.used, 999),
        "source": (one.source or centre.name)[:8],
    }
    return {**row, **({"srr": list(areas[:3])} if areas else {})}


def _unlocated(alert: Alert, centre: Centre) -> dict[str, Any]:
    return {
        "sol": "U",
        "prob": None,
        "ee_nm": None,
        "lat": None,
        "lon": None,
        "detect_time": whole_seconds(alert.last_seen),
        "sat": "---",
        "num": min(alert.bursts, 999),
        "source": centre.name[:8],
    }


def _reference(alert: Alert, notice: Notice) -> dict[str, Any] | None:
    place = alert.reference
    if place is None:
        return None
    hours = float(seconds_past(alert.last_seen, alert.first_seen)) / 3600
    return {
        "lat": round(place.lat_deg, 5),
        "lon": round(place.lon_deg, 5),
        "duration_h": round(hours, 1),
        "srr": list(notice.buffers[:3]),
    }


def _decode(alert: Alert) -> dict[str, Any]:
    facts = alert.facts
    if alert.category == "unreliable" or not facts:
        return {"decode_text": ["NO DATA PROVIDED BECAUSE THE BEACON CODING IS NOT RELIABLE"]}
    keys = (
        ("country_name", facts.get("country")),
        ("country_code", facts.get("country_code")),
        ("beacon_type", str(facts.get("beacon_type") or "NATIONAL USER").replace("_", " ")),
        ("craft_id", craft(facts)),
        ("specific_beacon", facts.get("specific_beacon")),
        ("serial", facts.get("serial_number")),
        ("manufacturer", f"TAC {facts['tac']}" if facts.get("tac") is not None else None),
        ("addr24", facts.get("aircraft_24bit")),
        ("aircraft_operator", facts.get("aircraft_operator_3ld")),
    )
    found = {key: str(value).upper() for key, value in keys if value not in (None, "")}
    lines = []
    if alert.return_link is not None:
        found["rls_provider"] = alert.return_link.provider.upper()
        stands = "RECEIVED" if alert.return_link.state == "received" else "CAPABLE"
        if alert.return_link.automatic:
            lines.append(f"RLM TYPE-1 {stands} (AUTOMATIC ACKNOWLEDGEMENT)")
        if alert.return_link.manual:
            lines.append("RLM TYPE-2 CAPABLE (MANUAL ACKNOWLEDGEMENT)")
    return {**found, "decode_text": lines}


def craft(facts: Mapping[str, Any]) -> str | None:
    """What names the vessel or the aircraft in a message; None when nothing does."""
    keys = ("aircraft_registration", "callsign", "mmsi", "aircraft_operator_3ld", "vessel_id")
    return next((str(facts[key]) for key in keys if facts.get(key) not in (None, "")), None)


# -- SIT 185 (R 6) ----------------------------------------------------------------------------------------------------

_TITLES = {
    "70": "INITIAL",
    "71": "INITIAL LOCATED",
    "72": "POSITION UPDATE",
    "73": "POSITION CONFLICT",
    "74": "POSITION CONFIRMED",
    "75": "POSITION CONFIRMED UPDATE",
    "77": "DETECTION UPDATE",
    "78": "NOTIFICATION OF COUNTRY OF BEACON REGISTRATION",
    "79": "POSITION UPDATE",
}


def _plain_text(alert: Alert, notice: Notice, centre: Centre, head: dict[str, Any], number_of: str) -> dict[str, Any]:
    facts, number = alert.facts, notice.number[1:]
    kind = "SHIP SECURITY" if _security(facts) else "DISTRESS TRACKING" if _tracking(facts) else "DISTRESS"
    words = _TITLES.get(number, "POSITION UPDATE")
    for said in ("CONFLICT", "UNRESOLVED DOPPLER POSITION MATCH", "USER CANCELLATION"):
        if said in notice.title:
            words = f"POSITION {said}" if said == "CONFLICT" else said
    new, _ = _split(alert)
    test = "TEST " if alert.exercise or centre.training else ""
    identity = _identity(alert)
    values: dict[str, Any] = {
        **head,
        "form": "sit185",
        "sit": number_of,
        "wrapped_beacon_id": identity if number_of == "925" else None,
        "title": f"{test}{kind} COSPAS-SARSAT {words} ALERT",
        "orig_mcc": centre.name,
        "ref": identity,
        "beacon_id": identity if len(identity) in (15, 23) else None,
        "detect_time": whole_seconds(new[0].end if new else alert.last_seen),
        "detect_precision": "s",
        "detected_by": _SYSTEMS.get(new[0].method) if new else None,
        "positions": _positions(alert, new),
        "warnings": [remark for remark in alert.remarks if "UNCORROBORATED" not in remark],
        "uncorroborated": any("UNCORROBORATED" in remark for remark in alert.remarks) or None,
        "cancellation_confirmed": True if alert.state == "cancelled" else None,
        "remarks": [*(["EXERCISE EXERCISE EXERCISE"] if test else []), *_lines(notice.why), *_said(notice)],
    }
    if alert.category == "unreliable":
        values["beacon_message_reliable"] = False
    elif facts:
        values |= {
            "country_code": str(facts.get("country_code") or ""),
            "country_name": str(facts.get("country") or "UNKNOWN").upper(),
            "beacon_type": str(facts.get("beacon_type") or "NATIONAL USER").replace("_", " "),
        }
        if facts.get("aircraft_operator_3ld"):
            values["aircraft_operator"] = str(facts["aircraft_operator_3ld"])
        if facts.get("tac") is not None and facts.get("serial_number") is not None:
            values |= {"tac": str(facts["tac"]), "serial": str(facts["serial_number"])}
    if centre.registration:
        values["registration"] = list(centre.registration(identity))
    return {key: value for key, value in values.items() if value is not None}


def _positions(alert: Alert, new: Sequence[Solution]) -> dict[str, Any]:
    places: dict[str, Any] = {}
    if alert.reference is not None:
        places["confirmed"] = {"lat": round(alert.reference.lat_deg, 5), "lon": round(alert.reference.lon_deg, 5)}
    for one in new:
        place: dict[str, Any] = {"lat": round(one.lat_deg, 5), "lon": round(one.lon_deg, 5)}
        if one.method == "doppler":
            key = "doppler_a" if one.probability >= 0.5 and "doppler_a" not in places else "doppler_b"
            places[key] = {**place, "prob": round(one.probability * 100)}
        elif one.method == "encoded":
            places["encoded"] = place
        else:
            error = None if one.ehe_m is None else min(round(one.ehe_m / _NM_M), 999)
            places["doa"] = {**place, **({} if error is None else {"ee_nm": error})}
    return places


# -- the repository of aircraft in distress, and what is left when a form fails --------------------------------------


def _repository(alert: Alert, notice: Notice, centre: Centre) -> dict[str, Any]:
    new, _ = _split(alert)
    one = next((s for s in new if s.method == "encoded"), new[0] if new else None)
    time = whole_seconds(alert.changed if alert.changed is not None else alert.last_seen)
    seed = hashlib.sha256(f"{centre.name}/{notice.to}/{notice.serial}/{alert.id}/{time}".encode()).digest()
    facts = alert.facts
    return {
        "form": "ladr",
        "identifier": str(uuid.UUID(bytes=seed[:16], version=4)),
        "timestamp": time,
        "contributor_code": centre.contributor or None,
        "adt_type": "ELT_DT",
        "beacon_id": _identity(alert),
        "aircraft_address": facts.get("aircraft_24bit"),
        "registration": facts.get("aircraft_registration"),
        "time_at_position": whole_seconds(one.end) if one else None,
        "lat": round(one.lat_deg, 5) if one else None,
        "lon": round(one.lon_deg, 5) if one else None,
        "operator_3ld": facts.get("aircraft_operator_3ld") or NO_OPERATOR,
    }


def _plain(alert: Alert, notice: Notice, head: dict[str, Any], error: str) -> dict[str, Any]:
    """All that is known, as free text. Its lines are short and hold nothing that could end a message."""
    said = [
        "EXERCISE EXERCISE EXERCISE" if alert.exercise else "",
        notice.title,
        f"BEACON ID: {_identity(alert)}",
        f"STATE: {alert.state.upper()}",
        *(
            f"{s.method.upper()} POSITION {s.lat_deg:.5f} {s.lon_deg:.5f} AT {whole_seconds(s.end)}"
            for s in alert.solutions[:_PREVIOUS]
        ),
        *alert.remarks,
        notice.why,
        f"THE USUAL FORM COULD NOT BE WRITTEN: {error}",
    ]
    lines = [line for words in said if words for line in _lines(words)]
    return {**head, "form": "narrative", "sit": "915", "narrative": lines}


# -- small parts ------------------------------------------------------------------------------------------------------


def _split(alert: Alert) -> tuple[list[Solution], list[Solution]]:
    """The positions of the newest alert, the likelier side first, and those before."""
    if not alert.solutions:
        return [], []
    newest = alert.solutions[0].end
    new = [one for one in alert.solutions if one.end == newest]
    new.sort(key=lambda one: (one.method == "encoded", -one.probability))
    return new, [one for one in alert.solutions if one.end != newest]


def _identity(alert: Alert) -> str:
    return alert.hex_id or alert.id.rpartition("U-")[2]


def _security(facts: Mapping[str, Any]) -> bool:
    return facts.get("protocol") == "std_ship_security"


def _tracking(facts: Mapping[str, Any]) -> bool:
    return facts.get("protocol") == "elt_dt" or facts.get("beacon_type") == "ELT_DT"


def _said(notice: Notice) -> list[str]:
    return [INFERRED] if notice.inferred else []


def _remarks(alert: Alert, notice: Notice) -> list[str]:
    return [line for words in (*alert.remarks, *_said(notice)) for line in _lines(words)]


def _lines(words: str, width: int = 64) -> list[str]:
    """A sentence in capital letters, in lines short enough for a message of 69 characters."""
    made = [""]
    for word in words.upper().replace("/", "-").split():
        if made[-1] and len(made[-1]) + 1 + len(word) > width:
            made.append("")
        made[-1] = f"{made[-1]} {word}".strip()
    return [line for line in made if line]

"""What a message says, in sentences for people."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from vigie.message.fgb_tables import PROTOCOLS

_BEACON = {
    "ELT": "an ELT (aircraft)",
    "EPIRB": "an EPIRB (vessel)",
    "PLB": "a PLB (person)",
    "ELT_DT": "an ELT(DT) (aircraft in flight)",
    "TEST": "a test beacon",
    "ORBITOGRAPHY": "an orbitography beacon (part of the system)",
    "SYSTEM": "a system beacon",
}
_IDENTITY = (
    ("mmsi", "MMSI %s"),
    ("callsign", "call sign %s"),
    ("aircraft_24bit", "aircraft address %s"),
    ("aircraft_registration", "aircraft registration %s"),
    ("aircraft_operator", "aircraft operator %s"),
    ("aircraft_operator_3ld", "aircraft operator %s"),
    ("orbitography_id", "station %s"),
    ("national_id", "national number %s"),
    ("tac", "type approval certificate %s"),
    ("rls_tac", "RLS type approval certificate %s"),
    ("serial_number", "serial number %s"),
    ("specific_beacon", "beacon %s of the vessel"),
    ("epirb_ais_last4", "EPIRB-AIS number ending %s"),
    ("aircraft_operator_serial", "number %s of the operator"),
)
ID_FORMS = ("hexid_15", "hexid_23")
_EMERGENCY = {
    "unspecified": "unspecified distress",
    "fire_explosion": "fire or explosion",
    "listing_capsizing": "listing, in danger of capsizing",
    "disabled_adrift": "disabled and adrift",
    "abandoning_ship": "abandoning ship",
    "spare": "a code without a meaning",
}


_MINUTES = {2: "%05.2f", 3: "%06.3f"}


def degrees_minutes(value: float, letters: str, decimals: int = 2) -> str:
    """``43 43.93 N``: degrees and decimal minutes with the hemisphere letter."""
    unit = 10**decimals
    degrees, minutes = divmod(round(abs(value) * 60 * unit), 60 * unit)
    return f"{degrees} {_MINUTES[decimals] % (minutes / unit)} {letters[value < 0]}"


def position(facts: Mapping[str, Any]) -> str:
    """The encoded position in words, with how finely it is coded; or why there is none."""
    lat, lon = facts.get("latitude"), facts.get("longitude")
    if lat is None or lon is None:
        status = facts.get("position_status")
        return {
            "not_available": "The beacon has no position to send.",
            "no_capability": "The beacon is not able to send a position.",
            "out_of_range": "The encoded position is out of range and not used.",
            "unreliable": "The encoded position has more errors than its code can mend and is not used.",
            "not_sent": "The encoded position was not sent: the message ended before it.",
        }.get(status or "", "This kind of message carries no position.")
    step = facts.get("position_resolution_deg")
    decimals = 3 if step and step < 1 / 3600 else 2
    text = f"Encoded position {degrees_minutes(lat, 'NS', decimals)}, {degrees_minutes(lon, 'EW', decimals)}"
    if step:
        text += f", coded in steps of {_size(step * 3600)}"
    source = facts.get("position_source")
    return f"{text}{f', from {source} navigation' if source else ''}."


@cache
def _size(step_s: float) -> str:
    if step_s < 1:
        return f"{step_s:.2f} seconds"
    return f"{step_s:.0f} seconds" if step_s < 60 else f"{step_s / 60:.0f} minutes"


def _errors(facts: Mapping[str, Any]) -> list[str]:
    said = []
    if "bch_errors" in facts:
        count = facts["bch_errors"]
        if count is None:
            said.append("The message has more errors than its code can mend: nothing in it is to be trusted.")
        elif count:
            said.append(f"{count} bit{'s' * (count > 1)} of the message corrected.")
    elif "bch_computed" in facts:
        said.append("The message came without its code: errors in it cannot be seen.")
    for key, name in (("bch1_errors", "first"), ("bch2_errors", "second")):
        if key not in facts:
            continue
        count = facts[key]
        if count is None:
            ending = (
                "the identity is not to be trusted." if name == "first" else "what it holds (bits 107-132) is not used."
            )
            said.append(f"The {name} protected field has more errors than its code can mend: {ending}")
        elif count:
            said.append(f"{count} bit{'s' * (count > 1)} of the {name} protected field corrected.")
    bits = facts.get("corrected_bits")
    if bits:
        said.append(f"Corrected: bit{'s' * (len(bits) > 1)} {', '.join(map(str, bits))}.")
    return said


def emergency(said: Mapping[str, Any]) -> str:
    """The nature of distress in words (C/S T.001 Tables A4 and A5)."""
    if said["kind"] == "maritime":
        meaning = _EMERGENCY.get(said["meaning"], said["meaning"])
        return f"Nature of distress: {meaning}."
    names = {"fire": "fire", "medical_help": "medical help needed", "disabled": "disabled"}
    told = [words for key, words in names.items() if said.get(key)]
    return f"Nature of distress: {', '.join(told) or 'unspecified'}."


_ROTATING = (
    ("elapsed_hours", "active for %s h"),
    ("minutes_since_location", "position %s min old"),
    ("time_of_location_s", "position of %s UTC"),
    ("altitude_m", "altitude %s m"),
    ("gnss_status", "fix %s"),
    ("hdop", "HDOP %s"),
    ("vdop", "VDOP %s"),
    ("activation", "activation %s"),
    ("triggering_event", "trigger %s"),
    ("battery_percent", "battery %s %%"),
    ("rls_provider", "return link of %s"),
    ("twc_provider", "two-way service of %s"),
    ("deactivation", "turned off %s"),
)
_YES = (
    ("rlm_type1_capable", "accepts automatic acknowledgements"),
    ("rlm_type2_capable", "accepts manually generated return messages"),
    ("rlm_type1_received", "automatic acknowledgement received"),
    ("rlm_type2_received", "manually generated return message received"),
    ("twc_acknowledged", "two-way acknowledgement received"),
)


@cache
def _rotating_words(keys: tuple[str, ...]) -> tuple[list[tuple[str, str]], ...]:
    """What is said of a rotating field with these keys: of its values, its flags, its questions."""
    questions = [(f"question_{letter}", f"answer_{letter}") for letter in "abc"]
    return tuple([pair for pair in pairs if pair[0] in keys] for pairs in (_ROTATING, _YES, questions))


def rotating(said: Mapping[str, Any]) -> str:
    """The rotating field of a second-generation message in words (C/S T.018 3.3)."""
    values, flags, questions = _rotating_words(tuple(said))
    told = []
    for key, form in values:
        value = said[key]
        if value is not None:
            if key == "time_of_location_s":
                value = f"{value // 3600:02d}:{value // 60 % 60:02d}:{value % 60:02d}"
            told.append(form % (value.replace("_", " ") if isinstance(value, str) else value))
    told += [words for key, words in flags if said[key]]
    told += [f"question {said[key]} answered {said[answer]}" for key, answer in questions if said[key]]
    return f"Rotating field {said['id']}: {', '.join(told) or 'nothing that the standard defines'}."


@cache
def _titles() -> dict[str, str]:
    return {row.name: row.title for row in PROTOCOLS}


@lru_cache(maxsize=4096)
def _origin(beacon: str | None, country: str | None, code: int, layout: str) -> str:
    """What kind of beacon it is, whose, and how the message is coded, in the words of its table."""
    kind = _BEACON.get(beacon or "", "a beacon")
    land = country or f"an unallocated country code ({code})"
    return f"From {kind}, registered in {land}. {_titles().get(layout.partition('.')[0], 'Second generation')}."


def sentences(facts: Mapping[str, Any]) -> list[str]:
    """The message in sentences: what traffic, whose, where, how sure, what is odd."""
    said = [f"{facts['category_words']}."]
    said.append(_origin(facts.get("beacon_type"), facts["country"], facts["country_code"], facts["layout"]))
    get = facts.get
    known = [form % value for key, form in _IDENTITY if (value := get(key)) is not None and value != ""]
    if known:
        said.append(f"Identity: {', '.join(known)}.")
    if facts.get("emergency"):
        said.append(emergency(facts["emergency"]))
    second = facts["generation"] == "SGB"
    if facts["kind"] not in ID_FORMS and (not second or "position_status" in facts):
        said.append(position(facts))
    if second and facts.get("rotating_field"):
        said.append(rotating(facts["rotating_field"]))
    if facts.get("truncated"):
        said.append("The message ended with bit 112: its second protected field was not sent.")
    said += _errors(facts)
    said += [f"Odd: {text}." for text in facts.get("odd", ())]
    said += [f"Input: {text}." for text in facts.get("changes", ())]
    return said

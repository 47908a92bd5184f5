"""What a message says, in sentences for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    ("mmsi", "MMSI {}"),
    ("callsign", "call sign {}"),
    ("aircraft_24bit", "aircraft address {}"),
    ("aircraft_registration", "aircraft registration {}"),
    ("aircraft_operator", "aircraft operator {}"),
    ("aircraft_operator_3ld", "aircraft operator {}"),
    ("orbitography_id", "station {}"),
    ("national_id", "national number {}"),
    ("tac", "type approval certificate {}"),
    ("rls_tac", "RLS type approval certificate {}"),
    ("serial_number", "serial number {}"),
    ("specific_beacon", "beacon {} of the vessel"),
)
_EMERGENCY = {
    "unspecified": "unspecified distress",
    "fire_explosion": "fire or explosion",
    "listing_capsizing": "listing, in danger of capsizing",
    "disabled_adrift": "disabled and adrift",
    "abandoning_ship": "abandoning ship",
    "spare": "a code without a meaning",
}


def degrees_minutes(value: float, letters: str) -> str:
    """``43 43.93 N``: degrees and decimal minutes with the hemisphere letter."""
    hundredths = round(abs(value) * 6000)
    return f"{hundredths // 6000} {hundredths % 6000 / 100:05.2f} {letters[value < 0]}"


def position(facts: Mapping[str, Any]) -> str:
    """The encoded position in words, with how finely it is coded; or why there is none."""
    lat, lon = facts.get("latitude"), facts.get("longitude")
    if lat is None or lon is None:
        status = facts.get("position_status")
        return {
            "not_available": "The beacon has no position to send.",
            "out_of_range": "The encoded position is out of range and not used.",
            "unreliable": "The encoded position has more errors than its code can mend and is not used.",
            "not_sent": "The encoded position was not sent: the message ended before it.",
        }.get(status or "", "This kind of message carries no position.")
    text = f"Encoded position {degrees_minutes(lat, 'NS')}, {degrees_minutes(lon, 'EW')}"
    step = facts.get("position_resolution_deg")
    if step:
        size = f"{step * 3600:.0f} seconds" if step < 1 / 60 else f"{step * 60:.0f} minutes"
        text += f", coded in steps of {size}"
    source = facts.get("position_source")
    return f"{text}{f', from {source} navigation' if source else ''}."


def _errors(facts: Mapping[str, Any]) -> list[str]:
    said = []
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


def sentences(facts: Mapping[str, Any]) -> list[str]:
    """The message in sentences: what traffic, whose, where, how sure, what is odd."""
    said = [f"{facts['category_words']}."]
    kind = _BEACON.get(facts.get("beacon_type") or "", "a beacon")
    land = facts.get("country") or f"an unallocated country code ({facts.get('country_code')})"
    said.append(f"From {kind}, registered in {land}; protocol {facts.get('protocol')}.")
    known = [form.format(facts[key]) for key, form in _IDENTITY if facts.get(key) not in (None, "")]
    if known:
        said.append(f"Identity: {', '.join(known)}.")
    if facts.get("emergency"):
        said.append(emergency(facts["emergency"]))
    said.append(position(facts))
    if facts.get("truncated"):
        said.append("The message ended with bit 112: its second protected field was not sent.")
    said += _errors(facts)
    said += [f"Odd: {text}." for text in facts.get("odd", ())]
    said += [f"Input: {text}." for text in facts.get("changes", ())]
    return said

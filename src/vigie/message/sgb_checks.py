"""What is odd about a second-generation message: values that C/S T.018 does not allow, or that contradict each other.

Bits that the standard fixes are looked after by their rows (``Layout.odd``).
"""

from __future__ import annotations

from collections.abc import Mapping

from vigie.message import sgb_tables as tables
from vigie.message.fields import Facts


def oddities(facts: Facts, raws: Mapping[str, int]) -> list[str]:
    """What a message states that C/S T.018 does not allow, in words, each with its table."""
    said = []
    if facts.get("position_status") == "out_of_range":
        said.append("latitude or longitude is outside its range (Table 3.1): no position is taken from this message")
    elif facts.get("latitude") is None and raws.get("latitude_hemisphere") != raws.get("longitude_hemisphere"):
        said.append("latitude and longitude give different reasons for having no position (Table 3.1)")
    if raws["vessel_id_type"] == 7 and not raws["test_protocol"]:
        said.append("the identity reserved for system testing is invalid without the test protocol flag (Table 3.1)")
    if raws["vessel_id_type"] == 6:
        said.append("identity type 110 is spare (Table 3.1)")
    if raws.get("mmsi", 0) > 999_999_999:
        said.append("bits 94-123 are more than nine digits: no MMSI (Table 3.1)")
    if raws.get("epirb_ais_last4", 0) > 9999 and raws["epirb_ais_last4"] != tables.NO_EPIRB_AIS:
        said.append("bits 124-137 are more than four digits: no EPIRB-AIS number (Table 3.1)")
    if raws.get("aircraft_operator_serial") == 0:
        said.append("the operator's serial number is 0, not 1 to 4095 (Table 3.1)")
    if "beacon_type" in raws:
        _type_oddities(facts, raws, said)
        _rotating_oddities(facts["rotating_field"]["id"], facts, raws, said)
    return said


def _type_oddities(facts: Facts, raws: Mapping[str, int], said: list[str]) -> None:
    system = facts["beacon_type"] == "SYSTEM"
    if raws["beacon_type"] in (4, 5, 6):
        said.append(f"beacon type {raws['beacon_type']:03b} is spare (Table 3.1)")
    if raws["tac"] in tables.SYSTEM_TACS and not system:
        said.append(f"certificate number {raws['tac']} is reserved for system beacons, which this does not say it is")
    if system and raws["tac"] not in tables.SYSTEM_TACS:
        said.append(f"a system beacon has a certificate number from 65521 to 65535, not {raws['tac']} (Table 3.1)")


def _rotating_oddities(number: int, facts: Facts, raws: Mapping[str, int], said: list[str]) -> None:
    if 5 <= number <= 14:
        said.append(f"rotating field {number} is spare (Table 3.8)")
    if number == 1 and facts["beacon_type"] != "ELT_DT":
        said.append("rotating field 1 is sent by ELT(DT)s alone (Table 3.10)")
    if facts["beacon_type"] == "ELT_DT" and number not in (1, 3, 15):
        said.append(f"an ELT(DT) does not send rotating field {number} (Table 3.10)")
    if number in (2, 4) and not raws["rls_function"]:
        said.append(f"rotating field {number} is sent though bit 42 says that no return-link function is enabled")
    if number == 1 and 86_400 <= raws["time_of_location_s"] < (1 << 17) - 1:
        said.append("the time of the position is past the end of the day (Table 3.4)")
    if number == 2:
        said += _rls_oddities(raws)
    if number == 15 and raws["deactivation"] in (0, 3):
        said.append("the method of deactivation is a spare code (Table 3.9)")


def _rls_oddities(raws: Mapping[str, int]) -> list[str]:
    said = []
    if not raws["rlm_type1_capable"] and not raws["rlm_type2_capable"]:
        said.append("neither kind of return message is accepted, which Table 3.5 does not allow")
    if raws.get("rlm_type2_received"):
        said.append("bit 171 (return message of type 2 received) is reserved for future use (Table 3.5)")
    elif "rlm_type1_received" in raws and not raws["rlm_type1_received"] and raws["rlm_bits_61_80"]:
        said.append("bits 172-191 repeat a return message though none was received (Table 3.5)")
    return said

"""The labels of a SIT 185 and the patterns of what stands behind them (RCC manual v5.1, chapter 6, Annexes 4, 11)."""

from __future__ import annotations

import re

from vigie.sit import values as forms

POSITIONS = {
    "CONFIRMED": "confirmed",
    "RESOLVED": "confirmed",
    "COMPOSITE": "confirmed",
    "MCC REFERENCE": "confirmed",
    "DOPPLER A": "doppler_a",
    "DOPPLER B": "doppler_b",
    "DOA": "doa",
    "ENCODED": "encoded",
    "GNSS": "encoded",
}
NAMES = tuple(dict.fromkeys(POSITIONS.values()))
LEGACY_SECTIONS = 16
NUMBERED = re.compile(
    r"(\d{1,2})(?:\s{0,3}[.)]\s{0,20}|\s{2,20}|\s(?=[A-Z]{3})(?!(?:" + "|".join(forms.MONTHS) + r")\s))(.*)", re.ASCII
)
LETTERED = re.compile(r"(?:[A-H]\s?[.)]|[-*])\s+(?=\S)", re.ASCII)
RUN_TOGETHER = re.compile(r"\s(1[0-6])\.\s+(?=[A-Z]{3})", re.ASCII)
LABEL = re.compile(
    rf"({'|'.join(POSITIONS)})"
    r"(?: POSITION)?\s*(?:[-:]|(?=\s\d|\d|\s*NIL|\s*\(|$))\s*(.*)",
    re.ASCII,
)
NUMBER = re.compile(r"(?:MSG|MESSAGE)\s*(?:NO|NUMBER|NR)?\s*\.?\s*:?\s*(\d{1,9})(?:/\S{0,20})?\b", re.ASCII)
REF = re.compile(
    r"(?:(?<![A-Z])([A-Z]{1,5}MCC|CMC|MCC)\s+)?REF(?:ERENCE)?\s*(?:NO|NUMBER)?\s*[.:]{0,2}\s*(.*)", re.ASCII
)
DETECTED = re.compile(r"(LAST |FIRST )?DETECTED\s*(?:AT)?\s*:?\s*(.*)", re.ASCII)
BY = re.compile(r"(?<![A-Z])BY\s*:?\s*(\S.*)", re.ASCII)
FREQUENCY = re.compile(r"DETECTION FREQUENCY\s*[:-]?\s*(.*)", re.ASCII)
MHZ = re.compile(r"(\d{3}\.\d{1,6})\s*(?:MHZ)?", re.ASCII)
COUNTRY = re.compile(r"COUNTRY OF (?:BEACON )?REGISTRATION\s*[:-]?\s*(?:(\d{3})(?!\d)\s*[/-]?\s*)?(.*)", re.ASCII)
HEX = re.compile(r"(?<![0-9A-Z])(?:15|23)?[ -]?HEX(?:ADECIMAL)?\s*(?:ID|IDENTIFICATION|CODE)\s*[:-]?\s*(.*)", re.ASCII)
HEX30 = re.compile(r"30[ -]?HEX\s*(?:MSG|MESSAGE)?\s*:?\s*([0-9A-F]{30})(?![0-9A-F])", re.ASCII)
HOMING = re.compile(r"HOMING(?: SIGNAL)?\s*[:-]?\s*(\S.*)", re.ASCII)
LUT = re.compile(r"(?<![A-Z])LUT(?:\s*ID\s*:?|\s*:)\s*(\S.*?)(?:\s{3,}(.*))?", re.ASCII)
POINTS = re.compile(r"NUMBER OF (?:POINTS|BURSTS|PACKETS)\s*:?\s*(\d{1,4})", re.ASCII)
PROB = re.compile(r"PROB(?:ABILITY)?\s*:?\s*(\d{1,3})\s*(?:PERCENT|PER CENT|PCT|%)?", re.ASCII)
ERROR = re.compile(
    r"(?:ESTIMATED |EXPECTED )?(?:HORIZONTAL )?ERROR\s*(?:OF)?\s*:?\s*(OVER )?(\d{1,4}(?:\.\d{1,3})?)\s*(N\.?M|KM)?S?",
    re.ASCII,
)
SERIAL = re.compile(r"TAC\s*:?\s*(\d{1,5})\s+SERIAL\s*(?:NO|NUMBER)\.?\s*:?\s*(\d{1,9})\b", re.ASCII)
STANDARD = re.compile(r"SERIAL\s*(?:NO|NUMBER)\.?\s*:?\s*(\d{4})\s+(\d{5})\b", re.ASCII)
CMC_HEAD = re.compile(r"DATE:\s*(.*?)\s*FROM:\s*(.*)", re.ASCII)
REGISTRATION = re.compile(r"REGISTRATION (?:INFORMATION )?(?:AT|IS NOT|NOT)\b.*", re.ASCII)
CONTACT = re.compile(r"(?:AFTN|PHONE|TEL|TELEPHONE|FAX|EMAIL|E-MAIL|WEB|TELEX|CONTACT|POC)\s*[:.].*", re.ASCII)
ITEM = re.compile(r"([A-Z][A-Z0-9 ()/.-]{2,39}?)\s*:\s*(.*)", re.ASCII)
NEXT_PASS = re.compile(r"NEXT PASS|EXPECTED DATA TIME", re.ASCII)
EMPTY = {"", "NIL", "N/A", "NONE", "UNKNOWN", "-"}
SIMPLE = (
    ("emergency_code", re.compile(r"EMERGENCY CODE\s*[:-]?\s*(.*)", re.ASCII)),
    ("position_device", re.compile(r"ENCODED POSITION PROVIDED BY\s*[:-]?\s*(.*)", re.ASCII)),
    ("activation_type", re.compile(r"ACTIVATION TYPE\s*[:-]?\s*(.*)", re.ASCII)),
    ("beacon_number", re.compile(r"BEACON NUMBER ON AIRCRAFT OR VESSEL\s*(?:NO\.?)?\s*[:-]?\s*(.*)", re.ASCII)),
    ("aircraft_operator", re.compile(r"AIRCRAFT OPERATOR DESIGNATOR\s*[:-]?\s*(.*)", re.ASCII)),
    ("position_uncertainty", re.compile(r"(?:GNSS|ENCODED) POSITION UNCERTAINTY\s*[:-]?\s*(.*)", re.ASCII)),
    ("manufacturer", re.compile(r"BEACON MANUFACTURER\s*/\s*MODEL\s*[:-]?\s*(.*)", re.ASCII)),
    ("beacon_type", re.compile(r"BEACON TYPE\s*[:-]?\s*(.*)", re.ASCII)),
    ("user_class", re.compile(r"USER CLASS\s*[:-]?\s*(.*)", re.ASCII)),
)  # fmt: skip
"""labels whose text is the value"""
KNOWN_PLAIN = (
    re.compile(r"(?:ALERT |BEACON )?(?:POSITIONS?|POSITION INFORMATION|MESSAGE INFORMATION)\s*:?", re.ASCII),
    re.compile(r"(?:OTHER|OTHER ENCODED|OPERATIONAL) INFORMATION\s*:?(?:\s*NIL)?", re.ASCII),
    re.compile(r"(?:NEXT PASS|EXPECTED DATA).*|REMARKS\s*:?(?:\s*NIL)?|NIL|END OF MESSAGE|QQQQ|/", re.ASCII),
    re.compile(r"TO\s*:.*|FORMAT FILE\s*:.*|\S{1,12}\.FMT", re.ASCII),
)

"""The layouts of first-generation messages as rows of data (C/S T.001 Issue 4 Rev. 12, Annex A).

A message is a header, one of the first protected fields (PDF-1) below, BCH-1, and what follows it: six unprotected
bits, or a second protected field (PDF-2) with BCH-2. Each ``Protocol`` row tells the bits that select it, its PDF-1,
and what may follow. Nothing else states a bit position.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vigie.errors import FieldError
from vigie.message import position
from vigie.message.codecs import FLAG, UINT, Codec, bits, decimal, enum, fixed, hexadecimal, packed_digits, text
from vigie.message.fields import Facts, Field, Part, Raws, opaque
from vigie.message.position import Coding

Match = tuple[int, int, int]
"""first bit, last bit, the number they hold"""


@dataclass(frozen=True, eq=False)
class Tail:
    """What follows BCH-1, from bit 107 on; ``when`` tells it from its neighbours."""

    name: str
    title: str
    clause: str
    fields: tuple[Field, ...]
    parts: tuple[Part, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    when: tuple[Match, ...] = ()
    fine: bool = False
    """True when it completes the coarse position of PDF-1"""
    holds_position: bool = False
    """True when the whole position stands here"""


@dataclass(frozen=True, eq=False)
class Protocol:
    """One way of coding PDF-1 (bits 25-85) and what may follow it."""

    name: str
    title: str
    clause: str
    when: tuple[Match, ...]
    fields: tuple[Field, ...]
    """bits 37 to 85"""
    facts: Mapping[str, Any]
    tails: tuple[Tail, ...]
    """of a long message, the first that matches"""
    short: Tail
    parts: tuple[Part, ...] = ()
    coding: Coding | None = None
    """of the position in PDF-1"""
    has_position: bool = True
    """False when fixed bits stand where the coding has the position"""


def fix(name: str, first: int, last: int, value: int, doc: str) -> Field:
    """A row whose bits the standard fixes."""
    return Field(name, first, last, fixed(value, last - first + 1), doc=doc, fixed=value, default=value)


# -- shared rows -------------------------------------------------------------------------------------------------------

FRAME_SYNC = {0b000101111: "normal", 0b011010000: "self_test"}
SYNC = (
    Field("bit_sync", 1, 15, fixed(0x7FFF, 15), doc="Bit synchronization, fifteen ones (2.2.4.1)", fixed=0x7FFF,
          default=0x7FFF),
    Field("frame_sync", 16, 24, enum(FRAME_SYNC, width=9), doc="Frame synchronization: normal or self-test (2.2.4.2)",
          default=0b000101111),
)  # fmt: skip
FORMAT = Field("format", 25, 25, enum({0: "short", 1: "long"}), doc="Format flag (A1.2.1)")
HEAD = (
    Field("protocol_flag", 26, 26, enum({0: "location", 1: "user"}), doc="Protocol flag (A1.2.2)"),
    Field("country_code", 27, 36, UINT, doc="Country of registration, ITU MID (A1.2.3)"),
)
BCH1_ROW = Field("bch1", 86, 106, bits(21), doc="BCH-1, 21-bit code over bits 25-85 (B1)")
BCH2_ROW = Field("bch2", 133, 144, bits(12), doc="BCH-2, 12-bit code over bits 107-132 (B2)")
AUXILIARY = Field(
    "auxiliary_device", 84, 85, enum({0: "none", 1: "121.5", 2: "sart_9ghz", 3: "other"}),
    doc="Auxiliary radio-locating device (A2.1)", default=1,
)  # fmt: skip
SOURCE = enum({0: "external", 1: "internal"})
MARITIME_EMERGENCY = {
    0b0000: "unspecified", 0b0001: "fire_explosion", 0b0010: "flooding", 0b0011: "collision", 0b0100: "grounding",
    0b0101: "listing_capsizing", 0b0110: "sinking", 0b0111: "disabled_adrift", 0b1000: "abandoning_ship",
}  # fmt: skip  # Table A4


def user_code(code: int) -> Field:
    return fix("protocol_code", 37, 39, code, "User protocol code (Table A2-A)")


def location_code(code: int) -> Field:
    return fix("protocol_code", 37, 40, code, "Location protocol code (Table A2-B)")


def source_row(bit: int) -> Field:
    return Field("position_source", bit, bit, SOURCE, doc="Source of the encoded position (A3.3.2.1)")


def homing_row(bit: int) -> Field:
    return Field("homing_121_5", bit, bit, FLAG, doc="121.5 MHz homing transmitter in the beacon (A3.3.2.2)")


# -- parts: values held by several fields -----------------------------------------------------------------------------


def _mmsi_part(digits: str) -> Part:
    """Nine digits: the country code and six more (A1.2.3)."""

    def read(raws: Raws) -> Facts:
        return {"mmsi": f"{raws['country_code']:03d}{raws[digits]:06d}"}

    def write(facts: Facts, raws: Raws) -> dict[str, int]:
        value = facts["mmsi"]
        if value == read(raws)["mmsi"]:
            return {}
        try:
            decimal(9).write(value)
        except ValueError as error:
            raise FieldError("mmsi", None, str(error)) from None
        if len(value) != 9 or int(value[:3]) != raws["country_code"]:
            raise FieldError(
                "mmsi", (27, 36), f"{value} does not begin with the country code {raws['country_code']} (A1.2.3)"
            )
        return {digits: int(value[3:])}

    return Part(("mmsi",), ("country_code", digits), read, write, "Country code and the last six digits of the MMSI")


_MARITIME_TEXT = text(6, right=True)


def _maritime_read(raws: Raws) -> Facts:
    said = _MARITIME_TEXT.read(raws["maritime_identity"])
    if len(said) == 6 and said.isdecimal():
        return {"mmsi": f"{raws['country_code']:03d}{said}", "callsign": None}
    return {"mmsi": None, "callsign": said or None}


def _maritime_write(facts: Facts, raws: Raws) -> dict[str, int]:
    mmsi, callsign = facts.get("mmsi"), facts.get("callsign")
    if _maritime_read(raws) == {"mmsi": mmsi, "callsign": callsign}:
        return {}
    try:
        if mmsi is not None:
            decimal(9).write(mmsi)
            if len(mmsi) != 9 or int(mmsi[:3]) != raws["country_code"]:
                raise ValueError(f"{mmsi} is not nine digits that begin with the country code {raws['country_code']}")
            return {"maritime_identity": _MARITIME_TEXT.write(mmsi[3:])}
        return {"maritime_identity": _MARITIME_TEXT.write(callsign or "")}
    except ValueError as error:
        raise FieldError("maritime_identity", (40, 75), str(error)) from None


MARITIME_IDENTITY = Part(
    ("mmsi", "callsign"), ("country_code", "maritime_identity"), _maritime_read, _maritime_write,
    "Six digits are the end of an MMSI, anything else a radio call sign (A2.2)",
)  # fmt: skip

_LETTERS, _DIGITS = text(4), packed_digits(3)


def _callsign_read(raws: Raws) -> Facts:
    return {"callsign": (_LETTERS.read(raws["callsign_text"]) + _DIGITS.read(raws["callsign_digits"])) or None}


def _callsign_write(facts: Facts, raws: Raws) -> dict[str, int]:
    said = facts["callsign"] or ""
    if said == (_callsign_read(raws)["callsign"] or ""):
        return {}
    if not isinstance(said, str) or len(said) > 7:
        raise FieldError("callsign", (40, 75), f"{said!r} is not a call sign of up to seven characters")
    try:
        return {"callsign_text": _LETTERS.write(said[:4]), "callsign_digits": _DIGITS.write(said[4:])}
    except ValueError as error:
        raise FieldError("callsign", (40, 75), str(error)) from None


CALLSIGN = Part(
    ("callsign",), ("callsign_text", "callsign_digits"), _callsign_read, _callsign_write,
    "Four modified-Baudot characters, then three binary-coded digits (A2.3)",
)  # fmt: skip


def _tac_read(raws: Raws) -> Facts:
    """Bits 74-83 are a type approval certificate number only when bit 43 says so (A2.5)."""
    return {"tac": raws["tac_or_national_use"]} if raws["tac_flag"] else {}


def _tac_write(facts: Facts, raws: Raws) -> dict[str, int]:
    tac = facts["tac"]
    if tac is None:
        return {}
    if isinstance(tac, bool) or not isinstance(tac, int) or not 0 <= tac < 1024:
        raise FieldError("tac", (74, 83), f"{tac!r} is not a certificate number from 0 to 1023")
    return {"tac_flag": 1, "tac_or_national_use": tac}


TAC_PART = Part(("tac",), ("tac_flag", "tac_or_national_use"), _tac_read, _tac_write, _tac_read.__doc__ or "")

# RLS certificate numbers: a 10-bit number added to the series of the beacon type (A3.3.7.1, note).
_RLS_SERIES = {0b00: 2000, 0b01: 1000, 0b10: 3000}


def _rls_tac_read(raws: Raws) -> Facts:
    series = _RLS_SERIES.get(raws["rls_beacon_type"])
    return {"rls_tac_truncated": raws["rls_tac_number"]} if series is None else {
        "rls_tac": series + raws["rls_tac_number"]
    }  # fmt: skip


def _rls_tac_write(facts: Facts, raws: Raws) -> dict[str, int]:
    series = _RLS_SERIES.get(raws["rls_beacon_type"])
    name = "rls_tac_truncated" if series is None else "rls_tac"
    value = facts.get(name)
    if value is None or value == _rls_tac_read(raws).get(name):
        return {}
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value - (series or 0) < 960:
        low = series or 0
        raise FieldError(name, (43, 52), f"{value!r} is not a number from {low} to {low + 959} (1111... means MMSI)")
    return {"rls_tac_number": value - (series or 0)}


RLS_TAC = Part(
    ("rls_tac", "rls_tac_truncated"), ("rls_beacon_type", "rls_tac_number"), _rls_tac_read, _rls_tac_write,
    "The number is the last three digits; the beacon type tells the thousand (A3.3.7.1)",
)  # fmt: skip


def _emergency_part(maritime: bool) -> Part:
    """Bits 109-112 are an emergency code only when bit 107 says so, else national use (A2.9)."""

    def read(raws: Raws) -> Facts:
        code = raws["emergency_code"]
        if not raws["emergency_code_flag"]:
            return {"emergency": None}
        if maritime:
            meaning = MARITIME_EMERGENCY.get(code, "spare")
            return {"emergency": {"kind": "maritime", "code": f"{code:04b}", "meaning": meaning}}
        said = {"fire": bool(code & 8), "medical_help": bool(code & 4), "disabled": bool(code & 2)}
        return {"emergency": {"kind": "non_maritime", **said}}

    def write(facts: Facts, raws: Raws) -> dict[str, int]:
        given = facts["emergency"]
        if given == read(raws)["emergency"]:
            return {}
        if given is None:
            return {"emergency_code_flag": 0, "emergency_code": 0}
        if not isinstance(given, dict):
            raise FieldError("emergency", (107, 112), f"{given!r} is not an object")
        if maritime:
            code = str(given.get("code", ""))
            if not code:
                names = {name: f"{number:04b}" for number, name in MARITIME_EMERGENCY.items()}
                code = names.get(given.get("meaning", ""), "")
            if len(code) != 4 or code.strip("01"):
                raise FieldError("emergency", (109, 112), f"{given!r} has neither a four-bit code nor a known meaning")
            return {"emergency_code_flag": 1, "emergency_code": int(code, 2)}
        weights = {"fire": 8, "medical_help": 4, "disabled": 2}
        return {"emergency_code_flag": 1, "emergency_code": sum(w for key, w in weights.items() if given.get(key))}

    clause = "Table A4" if maritime else "Table A5"
    names = "emergency_code_flag", "emergency_code"
    return Part(("emergency",), names, read, write, f"Nature of distress ({clause})")


# -- what follows BCH-1 ------------------------------------------------------------------------------------------------

_ACTIVATION = enum({0: "manual", 1: "automatic_and_manual"})


def _supplementary(maritime: bool) -> Tail:
    words = "maritime" if maritime else "non-maritime"
    return Tail(
        "short",
        f"Short message, {words} emergency code",
        "A2.9",
        (
            Field("emergency_code_flag", 107, 107, FLAG, doc="Bits 109-112 hold an emergency code (A2.9)"),
            Field("activation", 108, 108, _ACTIVATION, doc="How the beacon can be activated (A2.9)"),
            Field("emergency_code", 109, 112, bits(4), doc="Emergency code, or national use (A2.9.1-A2.9.3)"),
        ),
        (_emergency_part(maritime),),
    )


MARITIME_SHORT = _supplementary(True)
PERSONAL_SHORT = _supplementary(False)
NATIONAL_SHORT = Tail(
    "short",
    "Short message, bits for national use",
    "A2.8",
    (opaque("national_use_2", 107, 112, "National use (A2.8)"),),
)
WITHDRAWN_SHORT = Tail(
    "short",
    "Short message, a withdrawn format",
    "A3.1 note",
    (opaque("supplementary_data", 107, 112, "Not defined in this issue of the standard"),),
    facts={"withdrawn": True},
)
USER_LONG = Tail(
    "long",
    "User-location: position to 4 minutes in PDF-2",
    "A3.3.4, Figure A7",
    (source_row(107), *position.USER.coarse_fields(108), BCH2_ROW),
    (position.USER.part(fine=False),),
    holds_position=True,
)
NATIONAL_LONG = Tail(
    "long",
    "National use in PDF-2",
    "A2.8",
    (opaque("national_use_2", 107, 132, "National use (A2.8)"), BCH2_ROW),
)
ORBITOGRAPHY_LONG = Tail(
    "long",
    "National use without a second code",
    "A2.7; C/S T.006 3.2",
    (opaque("national_use_2", 107, 144, "For the operators of ground stations; BCH-2 need not hold (T.006 3.2)"),),
)
OPAQUE_LONG = Tail("long", "PDF-2 not defined", "Table A2", (opaque("pdf2", 107, 132, "Not defined"), BCH2_ROW))
STANDARD_LONG = Tail(
    "long",
    "Standard location: offset to 4 seconds in PDF-2",
    "A3.3.5.4, Figure A8",
    (
        fix("fixed", 107, 110, 0b1101, "Fixed bits (A3.3.5.4 a, b)"),
        source_row(111),
        homing_row(112),
        *position.STANDARD.offset_fields(113),
        BCH2_ROW,
    ),
    fine=True,
)
_NATIONAL_ID_2 = opaque("additional_identification", 127, 132, "Additional identification, national use (A3.3.6.3 g)")


def _national_head(flag: int) -> tuple[Field, ...]:
    return (
        fix("fixed", 107, 109, 0b110, "Fixed bits (A3.3.6.3 a)"),
        Field("additional_data_flag", 110, 110, FLAG, doc="Bits 113-126 hold a position offset (A3.3.6.3 b)",
              default=flag),
        source_row(111),
        homing_row(112),
    )  # fmt: skip


NATIONAL_LOCATION_LONG = Tail(
    "long",
    "National location: offset to 4 seconds in PDF-2",
    "A3.3.6.3, Figure A9",
    (*_national_head(1), *position.NATIONAL.offset_fields(113), _NATIONAL_ID_2, BCH2_ROW),
    when=((110, 110, 1),),
    fine=True,
)
NATIONAL_LOCATION_OTHER = Tail(
    "national",
    "National location: PDF-2 defined nationally",
    "A3.3.6.3, Figure A9",
    (*_national_head(0), opaque("national_use_2", 113, 126, "National use (A3.3.6.3 e, f)"), _NATIONAL_ID_2, BCH2_ROW),
    when=((110, 110, 0),),
)
RLS_LONG = Tail(
    "long",
    "Return link service: RLS data and offset to 4 seconds in PDF-2",
    "A3.3.7.2, Figure A10",
    (
        source_row(107),
        homing_row(108),
        Field("rlm_type1_capable", 109, 109, FLAG, doc="Automatic acknowledgement accepted (A3.3.7.2 b 1)", default=1),
        Field("rlm_type2_capable", 110, 110, FLAG, doc="Manually generated return message accepted (A3.3.7.2 b 1)"),
        Field("rlm_type1_received", 111, 111, FLAG, doc="Automatic acknowledgement received (A3.3.7.2 b 2)"),
        Field("rlm_type2_received", 112, 112, FLAG, doc="Manually generated return message received (A3.3.7.2 b 2)"),
        Field("rls_provider", 113, 114, enum({1: "galileo", 2: "glonass", 3: "bds"}),
              doc="Return link service provider (A3.3.7.2 b 3)", default=1),
        *position.HALF_DEGREE.offset_fields(115),
        BCH2_ROW,
    ),
    fine=True,
)  # fmt: skip

# A3.3.8.3 b: the altitude steps, metres above sea level; each step reaches up to and including its limit.
ALTITUDE_LIMITS_M = (400, 800, 1200, 1600, 2200, 2800, 3400, 4000, 4800, 5600, 6600, 7600, 8800, 10000)
_ACTIVATED = {0: "manual", 1: "automatic_by_beacon", 2: "automatic_external"}
_FRESHNESS = {0: "rotating_field", 1: "over_60_s_or_default", 2: "2_to_60_s", 3: "current"}


def _altitude_read(raws: Raws) -> Facts:
    code = raws["altitude_code"]
    low = ALTITUDE_LIMITS_M[code - 1] if 0 < code < 15 else None
    return {"altitude_above_m": low, "altitude_up_to_m": ALTITUDE_LIMITS_M[code] if code < 14 else None}


def _altitude_write(facts: Facts, raws: Raws) -> dict[str, int]:
    wanted = {key: facts.get(key) for key in ("altitude_above_m", "altitude_up_to_m")}
    for code in (raws["altitude_code"], *range(15)):
        if _altitude_read({"altitude_code": code}) == wanted:
            return {"altitude_code": code}
    raise FieldError("altitude_code", (109, 112), f"{wanted} is none of the steps of A3.3.8.3 b")


_ALTITUDE = Part(
    ("altitude_above_m", "altitude_up_to_m"), ("altitude_code",), _altitude_read, _altitude_write,
    "Altitude step, metres above sea level (A3.3.8.3 b)",
)  # fmt: skip
_ELT_DT_HEAD = (
    Field("means_of_activation", 107, 108, enum(_ACTIVATED), doc="What activated the beacon (A3.3.8.3 a)"),
    Field("altitude_code", 109, 112, bits(4), doc="Altitude step (A3.3.8.3 b)", default=15),
    Field("location_freshness", 113, 114, enum(_FRESHNESS), doc="Age of the position (A3.3.8.3 c)", default=1),
)
ELT_DT_CANCELLED = Tail(
    "cancellation",
    "ELT(DT) cancellation message",
    "A3.3.8.5, Figure A11",
    (
        fix("cancellation_2", 107, 114, 0b00111100, "Fixed sequence (A3.3.8.5)"),
        fix("cancellation_3", 115, 123, 0b011110000, "Fixed sequence (A3.3.8.5)"),
        fix("cancellation_4", 124, 132, 0b011110000, "Fixed sequence (A3.3.8.5)"),
        BCH2_ROW,
    ),
)
ELT_DT_LONG = Tail(
    "long",
    "ELT(DT): altitude, freshness and offset to 4 seconds in PDF-2",
    "A3.3.8.3, Figure A11",
    (*_ELT_DT_HEAD, *position.HALF_DEGREE.offset_fields(115), BCH2_ROW),
    (_ALTITUDE,),
    fine=True,
)
_ROTATING_HEAD = (
    *_ELT_DT_HEAD[:2],
    replace(_ELT_DT_HEAD[2], default=0),
    Field("rotating_field_type", 115, 117, enum({0: "operator_3ld"}), doc="Rotating field type (A3.3.8.3 f)"),
)
ELT_DT_OPERATOR = Tail(
    "operator",
    "ELT(DT): aircraft operator designator in PDF-2",
    "A3.3.8.3 f, g",
    (
        *_ROTATING_HEAD,
        Field("aircraft_operator_3ld", 118, 132, text(3, short=True), doc="Aircraft operator; ZGA: none (A3.3.8.3 g)",
              default=0b100010101111000),
        BCH2_ROW,
    ),
    (_ALTITUDE,),
    when=((113, 114, 0), (115, 117, 0)),
)  # fmt: skip
ELT_DT_ROTATING = Tail(
    "rotating",
    "ELT(DT): a rotating field not yet defined in PDF-2",
    "A3.3.8.3 f",
    (*_ROTATING_HEAD, opaque("rotating_field", 118, 132, "Spare (A3.3.8.3 f)"), BCH2_ROW),
    (_ALTITUDE,),
    when=((113, 114, 0),),
)
_ELT_DT_TAILS = (ELT_DT_OPERATOR, ELT_DT_ROTATING, ELT_DT_LONG)


def truncated(tail: Tail) -> Tail:
    """A long message that ends with bit 112 (4.5.4): the rows that fit, unprotected; the rest as bits."""
    kept = tuple(row for row in tail.fields if row.last <= 112)
    start = kept[-1].last + 1 if kept else 107
    if start <= 112:
        kept += (opaque("cut_off", start, 112, "Beginning of a field that was not sent"),)
    names = {row.name for row in kept} | {"country_code"}
    parts = tuple(part for part in tail.parts if names.issuperset(part.fields))
    facts = {"truncated": True} | (no_position("not_sent") if tail.holds_position else {})
    return Tail(f"{tail.name}_truncated", f"{tail.title}; ends at bit 112", "4.5.4", kept, parts, facts)


def unreliable(tail: Tail) -> Tail:
    """A PDF-2 whose code could not be mended: plain fields as received, no position, no value of several fields."""
    facts = no_position("unreliable") if tail.holds_position else {}
    return replace(tail, name=f"{tail.name}_unreliable", parts=(), fine=False, facts=facts)


def no_position(status: position.Status) -> dict[str, Any]:
    """The facts of a position that PDF-2 should have held."""
    return {"latitude": None, "longitude": None, "position_status": status}


# -- the protocols -----------------------------------------------------------------------------------------------------

_REGISTRATION = text(7, right=True)
_SPECIFIC = Field(
    "specific_beacon", 76, 81, text(1), doc="Which beacon of the vessel: 0 the first (A2.2)", default=0b001101
)
_SPARE_82 = fix("spare", 82, 83, 0, "Spare")
_STANDARD = position.STANDARD
_NATIONAL = position.NATIONAL
_HALF = position.HALF_DEGREE


def _user(
    name: str, title: str, clause: str, code: int, rows: tuple[Field, ...], facts: Mapping[str, Any], *,
    short: Tail = PERSONAL_SHORT, long: Tail = USER_LONG, parts: tuple[Part, ...] = (), when: tuple[Match, ...] = (),
    protocol: str = "",
) -> Protocol:  # fmt: skip
    stated = {"protocol": protocol or name, **facts}
    when = ((26, 26, 1), (37, 39, code), *when)
    return Protocol(name, title, clause, when, (user_code(code), *rows), stated, (long,), short, parts)


def _serial_row(number: int, name: str, title: str, clause: str, kind: str, rows: tuple[Field, ...]) -> Protocol:
    serial_type = Field("serial_type", 40, 42, enum({number: name}), doc="Beacon type (A2.5)", default=number)
    maritime = name.startswith("epirb")
    return _user(
        f"user_serial_{name}", title, clause, 0b011,
        (
            serial_type,
            Field("tac_flag", 43, 43, FLAG, doc="Bits 74-83 hold a type approval certificate number (A2.5)"),
            *rows,
            Field("tac_or_national_use", 74, 83, UINT, doc="Type approval certificate number, or national use (A2.5)"),
            AUXILIARY,
        ),
        {"beacon_type": kind} if kind else {},
        short=MARITIME_SHORT if maritime else PERSONAL_SHORT, parts=(TAC_PART,), when=((40, 42, number),),
        protocol="user_serial",
    )  # fmt: skip


_SERIAL_NUMBER = (
    Field("serial_number", 44, 63, UINT, doc="Serial number (A2.5.1)"),
    opaque("national_use", 64, 73, "Zeros, or national use (A2.5.1)"),
)
_USER_PROTOCOLS = (
    _user(
        "user_orbitography", "Orbitography (system beacon)", "A2.7; C/S T.006 3.2", 0b000,
        (
            Field("orbitography_id", 40, 81, text(7, right=True), doc="Name of the station (T.006 3.2)"),
            opaque("orbitography_data", 82, 85, "Zeros (T.006 3.2)"),
        ),
        {"beacon_type": "ORBITOGRAPHY"}, short=NATIONAL_SHORT, long=ORBITOGRAPHY_LONG,
    ),
    _user(
        "user_aviation", "Aviation user (aircraft registration)", "A2.4", 0b001,
        (
            Field("aircraft_registration", 40, 81, _REGISTRATION, doc="Aircraft registration marking (A2.4)"),
            Field("specific_elt_number", 82, 83, UINT, doc="Which ELT of the aircraft: 0 the first (A2.4)"),
            AUXILIARY,
        ),
        {"beacon_type": "ELT"},
    ),
    _user(
        "user_maritime", "Maritime user (MMSI or call sign)", "A2.2", 0b010,
        (
            Field("maritime_identity", 40, 75, _MARITIME_TEXT, doc="Last six digits of the MMSI, or call sign (A2.2)",
                  hidden=True),
            _SPECIFIC, _SPARE_82, AUXILIARY,
        ),
        {"beacon_type": "EPIRB"}, short=MARITIME_SHORT, parts=(MARITIME_IDENTITY,),
    ),
    _serial_row(0b000, "elt_serial", "Serial user, ELT with serial number", "A2.5.1", "ELT", _SERIAL_NUMBER),
    _serial_row(0b001, "elt_aircraft_operator", "Serial user, ELT with aircraft operator and serial number", "A2.5.3",
                "ELT",
                (Field("aircraft_operator", 44, 61, text(3), doc="Aircraft operator designator (A2.5.3)"),
                 Field("serial_number", 62, 73, UINT, doc="Serial number of the operator (A2.5.3)"))),
    _serial_row(0b010, "epirb_float_free", "Serial user, float-free EPIRB", "A2.5.1", "EPIRB", _SERIAL_NUMBER),
    _serial_row(0b011, "elt_aircraft_24bit", "Serial user, ELT with aircraft 24-bit address", "A2.5.2", "ELT",
                (Field("aircraft_24bit", 44, 67, hexadecimal(6), doc="Aircraft 24-bit address (A2.5.2)"),
                 Field("specific_elt_number", 68, 73, UINT, doc="Which ELT of the aircraft: 0 the first (A2.5.2)"))),
    _serial_row(0b100, "epirb_non_float_free", "Serial user, EPIRB that does not float free", "A2.5.1", "EPIRB",
                _SERIAL_NUMBER),
    _serial_row(0b101, "spare_5", "Serial user, spare type 101", "Table A2-A", "",
                (opaque("national_use", 44, 73, "Not defined"),)),
    _serial_row(0b110, "plb", "Serial user, PLB", "A2.5.1", "PLB", _SERIAL_NUMBER),
    _serial_row(0b111, "spare_7", "Serial user, spare type 111", "Table A2-A", "",
                (opaque("national_use", 44, 73, "Not defined"),)),
    _user("user_national", "National user", "A2.8", 0b100, (opaque("national_use", 40, 85, "National use (A2.8)"),), {},
          short=NATIONAL_SHORT, long=NATIONAL_LONG),
    _user("user_sgb_reserved", "Reserved for second-generation beacons", "Table A2-A; T.018 3.6", 0b101,
          (opaque("sgb_identity", 40, 85, "As defined in C/S T.018 3.6"),), {}, short=NATIONAL_SHORT, long=OPAQUE_LONG),
    _user("user_radio_callsign", "Radio call sign user", "A2.3", 0b110,
          (
              Field("callsign_text", 40, 63, _LETTERS, doc="First four characters (A2.3)", hidden=True),
              Field("callsign_digits", 64, 75, _DIGITS, doc="Last three digits (A2.3)", hidden=True, default=0xAAA),
              _SPECIFIC, _SPARE_82, AUXILIARY,
          ),
          {"beacon_type": "EPIRB"}, short=MARITIME_SHORT, parts=(CALLSIGN,)),
    _user("user_test", "Test user", "A2.6", 0b111, (opaque("test_data", 40, 85, "Test beacon data (A2.6)"),),
          {"beacon_type": "TEST"}, short=NATIONAL_SHORT),
)  # fmt: skip


def _location(
    name: str, title: str, clause: str, code: int, rows: tuple[Field, ...], facts: Mapping[str, Any], coding: Coding,
    tails: tuple[Tail, ...], *, parts: tuple[Part, ...] = (), when: tuple[Match, ...] = (), protocol: str = "",
) -> Protocol:  # fmt: skip
    return Protocol(
        name, title, clause, ((26, 26, 0), (37, 40, code), *when),
        (location_code(code), *rows, *coding.coarse_fields(rows[-1].last + 1)), {"protocol": protocol or name, **facts},
        tails, WITHDRAWN_SHORT, parts, coding,
    )  # fmt: skip


def _standard(name: str, title: str, code: int, rows: tuple[Field, ...], kind: str, *parts: Part) -> Protocol:
    facts = {"beacon_type": kind} if kind else {}
    return _location(name, title, "A3.3.5", code, rows, facts, _STANDARD, (STANDARD_LONG,), parts=parts)


_MMSI_DIGITS = decimal(6)
_TAC_SERIAL = (
    Field("tac", 41, 50, UINT, doc="Type approval certificate number (A3.3.5.2 c i)"),
    Field("serial_number", 51, 64, UINT, doc="Serial number (A3.3.5.2 c i)"),
)
_SPECIFIC_4 = Codec(
    "0 to 15, as a text",
    str,
    lambda value: int(value) if str(value).isdecimal() else UINT.write(value),
    {"type": "string", "pattern": "^([0-9]|1[0-5])$"},
)
_SPARE_PROTOCOL = (opaque("identification", 41, 85, "Not defined"),)


def _spare(code: int) -> Protocol:
    return Protocol(
        f"spare_{code:04b}", f"Spare location protocol code {code:04b}", "Table A2-B", ((26, 26, 0), (37, 40, code)),
        (location_code(code), *_SPARE_PROTOCOL), {"protocol": "spare"}, (OPAQUE_LONG,), WITHDRAWN_SHORT,
    )  # fmt: skip


_RLS_TYPES = ((0b00, "elt", "ELT"), (0b01, "epirb", "EPIRB"), (0b10, "plb", "PLB"), (0b11, "test", "TEST"))
_RLS_MMSI_TYPES = (
    (0b00, "first_epirb", "EPIRB", "first"),
    (0b01, "second_epirb", "EPIRB", "second"),
    (0b10, "plb", "PLB", None),
    (0b11, "test", "TEST", None),
)


def _rls_type(number: int, kind: str) -> Field:
    return Field("rls_beacon_type", 41, 42, enum({number: kind}), doc="Beacon type (A3.3.7.1)", default=number)


_RLS_PROTOCOLS = tuple(
    _location(
        f"rls_mmsi_{kind}", f"Return link service, MMSI, {kind.replace('_', ' ')}", "A3.3.7.1", 0b1101,
        (
            _rls_type(number, kind),
            fix("rls_mmsi_mark", 43, 46, 0b1111, "Says that an MMSI follows (A3.3.7.1)"),
            Field("mmsi_digits", 47, 66, _MMSI_DIGITS, doc="Last six digits of the MMSI (A3.3.7.1)"),
        ),
        {"beacon_type": beacon, **({"specific_beacon": specific} if specific else {})},
        _HALF, (RLS_LONG,), parts=(_mmsi_part("mmsi_digits"),), when=((43, 46, 0b1111), (41, 42, number)),
        protocol="rls",
    )
    for number, kind, beacon, specific in _RLS_MMSI_TYPES
) + tuple(
    _location(
        f"rls_{kind}", f"Return link service, {kind} with certificate number", "A3.3.7.1", 0b1101,
        (
            _rls_type(number, kind),
            Field("rls_tac_number", 43, 52, UINT, doc="Last three digits of the RLS certificate number (A3.3.7.1)"),
            Field("serial_number", 53, 66, UINT, doc="Serial number (A3.3.7.1)"),
        ),
        {"beacon_type": beacon}, _HALF, (RLS_LONG,), parts=(RLS_TAC,), when=((41, 42, number),), protocol="rls",
    )
    for number, kind, beacon in _RLS_TYPES
)  # fmt: skip

_ELT_DT_KINDS: tuple[tuple[int, str, str, tuple[Field, ...]], ...] = (
    (0b00, "aircraft_24bit", "aircraft 24-bit address",
     (Field("aircraft_24bit", 43, 66, hexadecimal(6), doc="Aircraft 24-bit address (A3.3.8.1)"),)),
    (0b01, "aircraft_operator_serial", "aircraft operator and serial number",
     (Field("aircraft_operator", 43, 57, text(3, short=True), doc="Aircraft operator designator (A3.3.8.1)"),
      Field("serial_number", 58, 66, UINT, doc="Serial number of the operator (A3.3.8.1)"))),
    (0b10, "tac_serial", "certificate number and serial number",
     (Field("tac", 43, 52, UINT, doc="Type approval certificate number (A3.3.8.1)"),
      Field("serial_number", 53, 66, UINT, doc="Serial number (A3.3.8.1)"))),
    (0b11, "spare", "identity kind reserved for future use",
     (opaque("identification", 43, 66, "Reserved (A3.3.8.1)"),)),
)  # fmt: skip
_ELT_DT_TEST = "Identity of the ELT(DT) location test protocol: all zeros or all ones (A3.3.8.1)"


def _elt_dt(number: int, kind: str, words: str, rows: tuple[Field, ...]) -> tuple[Protocol, ...]:
    identity = Field(
        "identity_type", 41, 42, enum({number: kind}), doc="Kind of identity (A3.3.8.1)", default=number
    )  # fmt: skip
    base = _location(
        f"elt_dt_{kind}", f"ELT(DT), {words}", "A3.3.8", 0b1001, (identity, *rows),
        {"beacon_type": "ELT_DT", "cancellation": False, "elt_dt_test": False}, _HALF, _ELT_DT_TAILS,
        when=((41, 42, number),), protocol="elt_dt",
    )  # fmt: skip
    tests = tuple(
        replace(
            base,
            name=f"elt_dt_test_{kind}_{'ones' if value else 'zeros'}",
            title=f"ELT(DT) location test, {words}, identity all {'ones' if value else 'zeros'}",
            when=(*base.when, (43, 66, value)),
            facts={**base.facts, "elt_dt_test": True},
            fields=(location_code(0b1001), identity, fix("test_identity", 43, 66, value, _ELT_DT_TEST),
                    *_HALF.coarse_fields(67)),
        )
        for value in (0, (1 << 24) - 1)
    )  # fmt: skip
    cancelled = tuple(
        replace(
            row,
            name=f"{row.name}_cancellation",
            title=f"{row.title}: cancellation",
            clause="A3.3.8.5",
            when=(*row.when, (67, 75, 0b111111010), (76, 85, 0b1111111010)),
            fields=(
                *(item for item in row.fields if item.last <= 66),
                fix("cancellation_1", 67, 85, 0b1111110101111111010, "Fixed sequences (A3.3.8.5)"),
            ),
            facts={**row.facts, "cancellation": True},
            tails=(ELT_DT_CANCELLED,),
            has_position=False,
        )
        for row in (*tests, base)
    )
    return (*cancelled, *tests, base)


_LOCATION_PROTOCOLS = (
    _spare(0b0000),
    _spare(0b0001),
    _standard(
        "std_epirb_mmsi", "Standard location, EPIRB with MMSI", 0b0010,
        (
            Field("mmsi_digits", 41, 60, _MMSI_DIGITS, doc="Last six digits of the MMSI (A3.3.5.2 a)"),
            Field("specific_beacon", 61, 64, _SPECIFIC_4, doc="Which beacon of the vessel (A3.3.5.2 a)"),
        ),
        "EPIRB", _mmsi_part("mmsi_digits"),
    ),
    _standard("std_elt_24bit", "Standard location, ELT with aircraft 24-bit address", 0b0011,
              (Field("aircraft_24bit", 41, 64, hexadecimal(6), doc="Aircraft 24-bit address (A3.3.5.2 b)"),), "ELT"),
    _standard("std_elt_serial", "Standard location, ELT with serial number", 0b0100, _TAC_SERIAL, "ELT"),
    _standard("std_elt_operator", "Standard location, ELT with aircraft operator", 0b0101,
              (Field("aircraft_operator", 41, 55, text(3, short=True), doc="Aircraft operator (A3.3.5.2 c ii)"),
               Field("serial_number", 56, 64, UINT, doc="Serial number of the operator (A3.3.5.2 c ii)")), "ELT"),
    _standard("std_epirb_serial", "Standard location, EPIRB with serial number", 0b0110, _TAC_SERIAL, "EPIRB"),
    _standard("std_plb_serial", "Standard location, PLB with serial number", 0b0111, _TAC_SERIAL, "PLB"),
    _location("nat_elt", "National location, ELT", "A3.3.6", 0b1000,
              (Field("national_id", 41, 58, UINT, doc="Number given by the country (A3.3.6.1)"),),
              {"beacon_type": "ELT"}, _NATIONAL, (NATIONAL_LOCATION_LONG, NATIONAL_LOCATION_OTHER)),
    *(row for kind in _ELT_DT_KINDS for row in _elt_dt(*kind)),
    _location("nat_epirb", "National location, EPIRB", "A3.3.6", 0b1010,
              (Field("national_id", 41, 58, UINT, doc="Number given by the country (A3.3.6.1)"),),
              {"beacon_type": "EPIRB"}, _NATIONAL, (NATIONAL_LOCATION_LONG, NATIONAL_LOCATION_OTHER)),
    _location("nat_plb", "National location, PLB", "A3.3.6", 0b1011,
              (Field("national_id", 41, 58, UINT, doc="Number given by the country (A3.3.6.1)"),),
              {"beacon_type": "PLB"}, _NATIONAL, (NATIONAL_LOCATION_LONG, NATIONAL_LOCATION_OTHER)),
    _standard("std_ship_security", "Standard location, ship security", 0b1100,
              (Field("mmsi_digits", 41, 60, _MMSI_DIGITS, doc="Last six digits of the MMSI (A3.3.5.2 d)"),
               fix("fixed_1", 61, 64, 0, "Fixed bits (A3.3.5.2 d)")), "", _mmsi_part("mmsi_digits")),
    *_RLS_PROTOCOLS,
    _standard("std_test", "Standard location, test", 0b1110,
              (opaque("test_data", 41, 64, "Test beacon data (A3.3.5.5)"),), "TEST"),
    _location("nat_test", "National location, test", "A3.3.6.4", 0b1111,
              (Field("national_id", 41, 58, UINT, doc="Test beacon number (A3.3.6.4)"),),
              {"beacon_type": "TEST"}, _NATIONAL, (NATIONAL_LOCATION_LONG, NATIONAL_LOCATION_OTHER)),
)  # fmt: skip

PROTOCOLS: tuple[Protocol, ...] = _USER_PROTOCOLS + _LOCATION_PROTOCOLS
"""Every protocol of Table A2, in the order in which they are tried."""

"""The layouts of first-generation messages as rows of data (C/S T.001 Issue 4 Rev. 12, Annex A).

A message is a header, one of the first protected fields (PDF-1) below, BCH-1, and one of ``fgb_tails``. Each
``Protocol`` row tells the bits that select it, its PDF-1, and what may follow. Nothing else states a bit position.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vigie.message import position
from vigie.message.codecs import FLAG, UINT, Codec, bits, decimal, enum, fixed, hexadecimal, text
from vigie.message.fgb_parts import (
    CALLSIGN,
    CALLSIGN_DIGITS,
    CALLSIGN_LETTERS,
    MARITIME_IDENTITY,
    MARITIME_TEXT,
    RLS_TAC,
    TAC_PART,
    mmsi_part,
)
from vigie.message.fgb_tails import (
    ELT_DT_CANCELLED,
    ELT_DT_TAILS,
    MARITIME_SHORT,
    NATIONAL_LOCATION_LONG,
    NATIONAL_LOCATION_OTHER,
    NATIONAL_LONG,
    NATIONAL_SHORT,
    OPAQUE_LONG,
    ORBITOGRAPHY_LONG,
    PERSONAL_SHORT,
    RLS_LONG,
    STANDARD_LONG,
    USER_LONG,
    WITHDRAWN_SHORT,
    Match,
    Tail,
)
from vigie.message.fields import Field, Part, fix, opaque
from vigie.message.position import Coding


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
BCH1_ROW = Field("bch1", 86, 106, bits(21), doc="BCH-1, 21-bit code over bits 25-85 (B1)", hidden=True)
AUXILIARY = Field(
    "auxiliary_device", 84, 85, enum({0: "none", 1: "121.5", 2: "sart_9ghz", 3: "other"}),
    doc="Auxiliary radio-locating device (A2.1)", default=1,
)  # fmt: skip


def user_code(code: int) -> Field:
    return fix("protocol_code", 37, 39, code, "User protocol code (Table A2-A)")


def location_code(code: int) -> Field:
    return fix("protocol_code", 37, 40, code, "Location protocol code (Table A2-B)")


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
            Field("maritime_identity", 40, 75, MARITIME_TEXT, doc="Last six digits of the MMSI, or call sign (A2.2)",
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
              Field("callsign_text", 40, 63, CALLSIGN_LETTERS, doc="First four characters (A2.3)", hidden=True),
              Field("callsign_digits", 64, 75, CALLSIGN_DIGITS, doc="Last three digits (A2.3)", hidden=True,
                    default=0xAAA),
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
        _HALF, (RLS_LONG,), parts=(mmsi_part("mmsi_digits"),), when=((43, 46, 0b1111), (41, 42, number)),
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
        {"beacon_type": "ELT_DT", "cancellation": False, "elt_dt_test": False}, _HALF, ELT_DT_TAILS,
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
        "EPIRB", mmsi_part("mmsi_digits"),
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
               fix("fixed_1", 61, 64, 0, "Fixed bits (A3.3.5.2 d)")), "", mmsi_part("mmsi_digits")),
    *_RLS_PROTOCOLS,
    _standard("std_test", "Standard location, test", 0b1110,
              (opaque("test_data", 41, 64, "Test beacon data (A3.3.5.5)"),), "TEST"),
    _location("nat_test", "National location, test", "A3.3.6.4", 0b1111,
              (Field("national_id", 41, 58, UINT, doc="Test beacon number (A3.3.6.4)"),),
              {"beacon_type": "TEST"}, _NATIONAL, (NATIONAL_LOCATION_LONG, NATIONAL_LOCATION_OTHER)),
)  # fmt: skip

PROTOCOLS: tuple[Protocol, ...] = _USER_PROTOCOLS + _LOCATION_PROTOCOLS
"""Every protocol of Table A2, in the order in which they are tried."""

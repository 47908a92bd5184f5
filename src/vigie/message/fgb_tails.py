"""What may follow BCH-1 in a first-generation message, as rows of data: bits 107-112, or PDF-2 with BCH-2.

C/S T.001 Annex A: A2.9 for short messages, A3.3 for location protocols, 4.5.4 for long messages cut off at bit 112.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vigie.message import position
from vigie.message.codecs import FLAG, bits, enum, text
from vigie.message.fgb_parts import ALTITUDE, emergency_part
from vigie.message.fields import Field, Part, fix, opaque

Match = tuple[int, int, int]
"""first bit, last bit, the number they hold"""

BCH2_ROW = Field("bch2", 133, 144, bits(12), doc="BCH-2, 12-bit code over bits 107-132 (B2)", hidden=True)
SOURCE = enum({0: "external", 1: "internal"})


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


def source_row(bit: int) -> Field:
    return Field("position_source", bit, bit, SOURCE, doc="Source of the encoded position (A3.3.2.1)")


def homing_row(bit: int) -> Field:
    return Field("homing_121_5", bit, bit, FLAG, doc="121.5 MHz homing transmitter in the beacon (A3.3.2.2)")


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
        (emergency_part(maritime),),
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

_ACTIVATED = {0: "manual", 1: "automatic_by_beacon", 2: "automatic_external"}
_FRESHNESS = {0: "rotating_field", 1: "over_60_s_or_default", 2: "2_to_60_s", 3: "current"}


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
    (ALTITUDE,),
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
    (ALTITUDE,),
    when=((113, 114, 0), (115, 117, 0)),
)  # fmt: skip
ELT_DT_ROTATING = Tail(
    "rotating",
    "ELT(DT): a rotating field not yet defined in PDF-2",
    "A3.3.8.3 f",
    (*_ROTATING_HEAD, opaque("rotating_field", 118, 132, "Spare (A3.3.8.3 f)"), BCH2_ROW),
    (ALTITUDE,),
    when=((113, 114, 0),),
)
ELT_DT_TAILS = (ELT_DT_OPERATOR, ELT_DT_ROTATING, ELT_DT_LONG)


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

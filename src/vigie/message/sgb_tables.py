"""The layouts of second-generation messages as rows of data (C/S T.018 Issue 1 Rev. 12, section 3).

A message is the main field (bits 1-154), in which one of eight vessel identities stands, one of sixteen rotating
fields (155-202), and the parity of one code over it all (203-250). Bits -1 and 0 are the two that the ground segment
puts before a message (Appendix E, note). Nothing else states a bit position.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from operator import itemgetter
from typing import Any, Literal

from vigie.errors import FieldError
from vigie.message.codecs import FLAG, UINT, Codec, bits, decimal, enum, hexadecimal, stepped, text
from vigie.message.fields import Facts, Field, Part, Raws, fix, opaque

FIRST, DATA_LAST, LAST = -1, 202, 250
ID_LAST, SHORT_ID_LAST = 92, 60  # Table 3.11: 23 and 15 hex digits, in bits of their own
SYSTEM_TACS = range(65521, 65536)  # Table 3.1, note on the certificate number


def unless(codec: Codec, none: int, words: str, instead: int | None = None) -> Codec:
    """``codec`` with one number that stands for no value; a value that would have it is written as ``instead``."""

    def read(raw: int) -> Any:
        return None if raw == none else codec.read(raw)

    def write(value: Any) -> int:
        if value is None:
            return none
        raw = codec.write(value)
        return instead if raw == none and instead is not None else raw

    kinds = codec.schema.get("type")
    schema = {**codec.schema, "type": [kinds, "null"] if isinstance(kinds, str) else kinds}
    return Codec(f"{codec.words}; {words}", read, write, schema)


# -- the position (Table 3.1, Appendix C) -----------------------------------------------------------------------------

Status = Literal["encoded", "not_available", "no_capability", "out_of_range"]
FRACTION_BITS = 15
STEPS = 1 << FRACTION_BITS
"""steps of a degree"""
POSITION_KEYS = ("latitude", "longitude", "position_status", "position_resolution_deg")


@dataclass(frozen=True)
class Axis:
    """How one coordinate is coded: a hemisphere flag, whole degrees, and a fraction of a degree."""

    name: Literal["latitude", "longitude"]
    letters: str
    limit_deg: int
    first: int
    """its first bit, the hemisphere flag"""
    degrees_bits: int
    default_fraction: int
    """with degrees all ones: no position. The flag tells why (C.3, Table 3.1)"""

    @property
    def last(self) -> int:
        return self.first + self.degrees_bits + FRACTION_BITS

    @cached_property
    def default_degrees(self) -> int:
        return (1 << self.degrees_bits) - 1

    @cached_property
    def _pieces(self) -> Callable[[Raws], tuple[int, int, int]]:
        return itemgetter(*(f"{self.name}_{piece}" for piece in ("hemisphere", "degrees", "fraction")))

    def fields(self) -> tuple[Field, ...]:
        split = self.first + self.degrees_bits
        flag = enum(dict(enumerate(self.letters)))
        return (
            Field(f"{self.name}_hemisphere", self.first, self.first, flag, doc="Hemisphere flag", hidden=True),
            Field(f"{self.name}_degrees", self.first + 1, split, UINT, "deg", f"Degrees of {self.name}",
                  default=self.default_degrees, hidden=True),
            Field(f"{self.name}_fraction", split + 1, self.last, stepped(1 / STEPS), "deg",
                  f"Decimal part of a degree of {self.name}", default=self.default_fraction, hidden=True),
        )  # fmt: skip

    def read(self, raws: Raws) -> tuple[float | None, Status]:
        """Signed degrees, rounded to 1e-8, or why there are none."""
        flag, degrees, fraction = self._pieces(raws)
        if degrees == self.default_degrees and fraction == self.default_fraction:
            return None, "no_capability" if flag else "not_available"
        steps = degrees * STEPS + fraction
        if steps > self.limit_deg * STEPS:
            return None, "out_of_range"
        return round((-steps if flag else steps) / STEPS, 8) + 0.0, "encoded"

    def write(self, value: Any) -> dict[str, int]:
        """Numbers of the nearest step (C.4.2: rounded, not truncated)."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= self.limit_deg:
            problem = f"{value!r} is not a number of degrees within +-{self.limit_deg}"
            raise FieldError(self.name, (self.first, self.last), problem)
        degrees, fraction = divmod(int(abs(value) * STEPS + 0.5), STEPS)
        return self._numbers(int(value < 0), degrees, fraction)

    def none(self, flag: int) -> dict[str, int]:
        """Numbers of the default pattern."""
        return self._numbers(flag, self.default_degrees, self.default_fraction)

    def _numbers(self, flag: int, degrees: int, fraction: int) -> dict[str, int]:
        values = {"hemisphere": flag, "degrees": degrees, "fraction": fraction}
        return {f"{self.name}_{name}": number for name, number in values.items()}


LATITUDE = Axis("latitude", "NS", 90, 44, 7, 0b000001111100000)
LONGITUDE = Axis("longitude", "EW", 180, 67, 8, 0b111110000011111)


def _position_read(raws: Raws) -> Facts:
    (lat, lat_status), (lon, lon_status) = LATITUDE.read(raws), LONGITUDE.read(raws)
    if lat is not None and lon is not None:
        return dict(zip(POSITION_KEYS, (lat, lon, "encoded", 1 / STEPS), strict=True))
    statuses = {lat_status, lon_status}
    status: Status = "out_of_range"  # half a position is no position
    if statuses <= {"not_available", "no_capability"}:
        status = "no_capability" if statuses == {"no_capability"} else "not_available"
    return {"latitude": None, "longitude": None, "position_status": status, "position_resolution_deg": None}


def _position_write(facts: Facts, raws: Raws) -> dict[str, int]:
    current = _position_read(raws)
    lat, lon = (facts.get(name, current[name]) for name in ("latitude", "longitude"))
    status = facts.get("position_status", current["position_status"])
    if lat is not None and lon is not None:
        numbers = {} if lat == current["latitude"] else LATITUDE.write(lat)
        return numbers if lon == current["longitude"] else numbers | LONGITUDE.write(lon)
    if lat is not None or lon is not None:
        missing = LATITUDE if lat is None else LONGITUDE
        raise FieldError(missing.name, (missing.first, missing.last), "is missing: a position has both coordinates")
    if current["latitude"] is None and status == current["position_status"]:
        return {}  # as it stands: an odd pattern with the same meaning is kept
    if status == "out_of_range":
        raise FieldError("position_status", (LATITUDE.first, LONGITUDE.last), "out_of_range has no pattern of its own")
    flag = int(status == "no_capability")
    return LATITUDE.none(flag) | LONGITUDE.none(flag)


POSITION_ROWS = LATITUDE.fields() + LONGITUDE.fields()
POSITION = Part(
    POSITION_KEYS, tuple(row.name for row in POSITION_ROWS), _position_read, _position_write,
    "Degrees and decimal parts; one pattern says that there is no position now, one that there never is (C.3)",
)  # fmt: skip

# -- the main field (Table 3.1) ---------------------------------------------------------------------------------------

LEAD = (
    Field("mode", -1, -1, enum({0: "normal", 1: "self_test"}), doc="Spreading sequence used (Table 2.2; Appendix E)"),
    fix("lead", 0, 0, 0, "Zero that fills up the ground segment's form (Appendix E)"),
)
TAC = Field("tac", 1, 16, UINT, doc="Type approval certificate number")
SERIAL = Field("serial_number", 17, 30, UINT, doc="Serial number")
COUNTRY = Field("country_code", 31, 40, UINT, doc="Country of registration, ITU MID")
TEST = Field("test_protocol", 43, 43, FLAG, doc="Test protocol message, not for operational use")
VESSEL_NAMES = {
    0: "none", 1: "mmsi", 2: "radio_callsign", 3: "aircraft_registration", 4: "aircraft_24bit",
    5: "aircraft_operator", 6: "spare", 7: "system_testing",
}  # fmt: skip
VESSEL_TYPE = Field("vessel_id_type", 91, 93, enum(VESSEL_NAMES), doc="Which vessel identity follows")
HEAD = (
    TAC,
    SERIAL,
    COUNTRY,
    Field("homing", 41, 41, FLAG, doc="At least one homing device fitted, and working once it has begun"),
    Field("rls_function", 42, 42, FLAG, doc="A return-link function is enabled"),
    TEST,
    *POSITION_ROWS,
    VESSEL_TYPE,
)
BEACON_TYPE = Field(
    "beacon_type", 138, 140, enum({0: "ELT", 1: "EPIRB", 2: "PLB", 3: "ELT_DT", 7: "SYSTEM"}), doc="Kind of beacon"
)
BCH_ROW = Field("bch", 203, 250, hexadecimal(12), doc="48-bit code over bits 1-202 (B.1)", hidden=True)


@dataclass(frozen=True, eq=False)
class Vessel:
    """One way of coding bits 94-137."""

    number: int
    title: str
    fields: tuple[Field, ...]

    @property
    def name(self) -> str:
        return VESSEL_NAMES[self.number]


NO_MMSI, NO_EPIRB_AIS = 111111, 0b10101010101010
# a three-letter designator in 15 bits; 00010 is no letter either
_DESIGNATOR = unless(text(3, short=True), 0, "zeros = none is coded", instead=0b00010 << 10)
_SPARE_2 = fix("vessel_spare", 136, 137, 0, "Spare")
VESSELS = (
    Vessel(0, "no aircraft or maritime identity",
           (opaque("vessel_national_use", 94, 137, "Zeros, or national use"),)),
    Vessel(1, "maritime MMSI", (
        Field("mmsi", 94, 123, unless(decimal(9), NO_MMSI, "000111111 = none"), doc="MMSI of the vessel",
              default=NO_MMSI),
        Field("epirb_ais_last4", 124, 137, unless(decimal(4), NO_EPIRB_AIS, "10922 = no EPIRB-AIS"),
              doc="Last four digits of the EPIRB-AIS identity 974...", default=NO_EPIRB_AIS),
    )),
    Vessel(2, "radio call sign", (
        Field("callsign", 94, 135, unless(text(7), text(7).write(""), "spaces = none"), doc="Radio call sign",
              default=text(7).write("")),
        _SPARE_2,
    )),
    Vessel(3, "aircraft registration marking", (
        Field("aircraft_registration", 94, 135, unless(text(7, right=True), text(7).write(""), "spaces = none"),
              doc="Aircraft registration marking (tail number)", default=text(7).write("")),
        _SPARE_2,
    )),
    Vessel(4, "aircraft 24-bit address", (
        Field("aircraft_24bit", 94, 117, hexadecimal(6), doc="Aircraft 24-bit address"),
        Field("aircraft_operator_3ld", 118, 132, _DESIGNATOR,
              doc="Aircraft operator designator; ZGA: the operator has none"),
        fix("vessel_spare", 133, 137, 0, "Spare"),
    )),
    Vessel(5, "aircraft operator and serial number", (
        Field("aircraft_operator", 94, 108, _DESIGNATOR, doc="Aircraft operator designator"),
        Field("aircraft_operator_serial", 109, 120, UINT, doc="Serial number given by the operator, 1 to 4095",
              default=1),
        fix("vessel_spare", 121, 137, 0x1FFFF, "Spare"),
    )),
    Vessel(6, "spare identity type", (opaque("vessel_spare", 94, 137, "Not defined"),)),
    Vessel(7, "reserved for system testing",
           (opaque("system_testing_data", 94, 137, "Zeros, or additional information"),)),
)  # fmt: skip
"""by number: bits 91-93"""

# -- the rotating fields (Tables 3.3 to 3.9) --------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Rotating:
    """One kind of rotating field, bits 155-202; ``when``: first bit, last bit and the number that select it."""

    number: int
    name: str
    title: str
    clause: str
    fields: tuple[Field, ...]
    when: tuple[int, int, int] | None = None
    spare_bits: int = (1 << 14) - 1
    """what bits 141-154 of the main field hold beside it"""

    @property
    def part(self) -> Part:
        return _rotating_part(self)


def _rotating_part(row: Rotating) -> Part:
    """The rotating field as one object: its number under ``id``, and its values."""
    rows = {item.name: item for item in row.fields[1:] if item.fixed is None}
    readers = tuple((name, item.read) for name, item in rows.items())

    def read(raws: Raws) -> Facts:
        said: Facts = {"id": row.number}
        for name, reader in readers:
            said[name] = reader(raws[name])
        return {"rotating_field": said}

    def write(facts: Facts, raws: Raws) -> dict[str, int]:
        given, current = facts["rotating_field"], read(raws)["rotating_field"]
        if not isinstance(given, Mapping):
            raise FieldError("rotating_field", (155, 202), f"{given!r} is not an object")
        for name in given:
            if name not in current:
                known = ", ".join(current)
                raise FieldError(f"rotating_field.{name}", (155, 202), f"rotating field {row.number} has only {known}")
        changed = {name: value for name, value in given.items() if value != current[name]}
        if "id" in changed:
            raise FieldError("rotating_field.id", (155, 158), f"{changed['id']!r} is not {row.number}")
        return {name: rows[name].write(value) for name, value in changed.items()}

    names = tuple(item.name for item in row.fields)
    return Part(("rotating_field",), names, read, write, f"Rotating field {row.number}: {row.title} ({row.clause})")


def _rotating(number: int, name: str, title: str, clause: str, *rows: Field, **more: Any) -> Rotating:
    head = Field("rotating_field_id", 155, 158, UINT, doc="Which rotating field this is (3.3)", default=number)
    hidden = tuple(replace(item, hidden=True) for item in (head, *rows))  # stated by the part, under rotating_field
    return Rotating(number, name, title, clause, hidden, **more)


_DOP_NAMES = ("<=1", "1-2", "2-3", "3-4", "4-5", "5-6", "6-7", "7-8", "8-10", "10-12", "12-15", "15-20", "20-30",
              "30-50", ">50")  # fmt: skip
_DOP = unless(enum(dict(enumerate(_DOP_NAMES))), 15, "1111 = not available")


def _altitude_write(value: Any) -> int:
    if value is None:
        return 1023
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -400 <= value <= 15952:
        raise ValueError(f"{value!r} is not a number of metres from -400 to 15952")
    return int((value + 400) / 16 + 0.5)


_ALTITUDE = Field(
    "altitude_m", 176, 185,
    Codec("steps of 16 m from -400 m, rounded; all ones = not available",
          lambda raw: None if raw == 1023 else raw * 16 - 400, _altitude_write, {"type": ["number", "null"]}),
    "m", "Altitude of the encoded position; the ends stand for what lies beyond them", default=1023,
)  # fmt: skip
_GNSS = {0: "no_fix", 1: "2d", 2: "3d"}
_BATTERY = "all ones = not available"
_PROVIDERS = enum({1: "galileo", 2: "glonass", 3: "bds"})
_RLS_HEAD = (
    fix("rls_unassigned_1", 159, 160, 0, "Unassigned"),
    Field("rlm_type1_capable", 161, 161, FLAG, doc="Automatic acknowledgement accepted", default=1),
    Field("rlm_type2_capable", 162, 162, FLAG, doc="Manually generated return message accepted"),
    fix("rls_reserved", 163, 166, 0, "Reserved"),
    Field("rls_provider", 167, 169, _PROVIDERS, doc="Return link service provider", default=1),
)
_RLS_TAIL = fix("rls_unassigned_2", 192, 202, 0, "Unassigned")


def _two_way(letter: str, first: int) -> tuple[Field, Field]:
    return (
        Field(f"question_{letter}", first, first + 6, UINT, doc=f"Question or instruction {letter.upper()}; 0: none"),
        Field(f"answer_{letter}", first + 7, first + 10, UINT, doc=f"Answer to {letter.upper()}; 0: received"),
    )


ROTATING = (
    _rotating(
        0, "objective", "G.008 objective requirements", "Table 3.3",
        Field("elapsed_hours", 159, 164, UINT, "h", "Whole hours since activation; 63: that or more"),
        Field("minutes_since_location", 165, 175, stepped(1, none=2047, words="minutes; 2047 = no position yet"),
              "min", "Whole minutes since the encoded position was taken; 2046: that or more", default=2047),
        _ALTITUDE,
        Field("hdop", 186, 189, _DOP, doc="Horizontal dilution of precision", default=15),
        Field("vdop", 190, 193, _DOP, doc="Vertical dilution of precision", default=15),
        Field("activation", 194, 195, enum({0: "manual", 1: "automatic_by_beacon", 2: "automatic_external"}),
              doc="What activated the beacon"),
        Field("battery_percent", 196, 198, unless(enum({0: "<=5", 1: "5-10", 2: "10-25", 3: "25-50", 4: "50-75",
                                                        5: "75-100"}), 7, _BATTERY),
              "%", "Remaining battery capacity", default=7),
        Field("gnss_status", 199, 200, enum(_GNSS), doc="Fix that the encoded position rests on"),
        fix("rotating_spare", 201, 202, 0, "Spare"),
    ),
    _rotating(
        1, "in_flight", "ELT(DT) in-flight emergency", "Table 3.4",
        Field("time_of_location_s", 159, 175,
              stepped(1, none=(1 << 17) - 1, words="seconds of the UTC day; all ones = not available"),
              "s", "When the encoded position was taken", default=(1 << 17) - 1),
        _ALTITUDE,
        Field("triggering_event", 186, 189,
              enum({1: "manual_crew", 4: "g_switch_deformation", 8: "automatic_avionics"}), doc="Latest trigger",
              default=1),
        Field("gnss_status", 190, 191, enum(_GNSS), doc="Fix that the encoded position rests on"),
        Field("battery_percent", 192, 193, unless(enum({0: "<=33", 1: "33-66", 2: ">66"}), 3, _BATTERY),
              "%", "Remaining battery capacity", default=3),
        fix("rotating_spare", 194, 202, 0, "Spare"),
    ),
    _rotating(
        2, "rls", "return link service, Galileo", "Table 3.5", *_RLS_HEAD,
        Field("rlm_type1_received", 170, 170, FLAG, doc="Automatic acknowledgement received"),
        Field("rlm_type2_received", 171, 171, FLAG, doc="Manually generated return message received"),
        Field("rlm_bits_61_80", 172, 191, bits(20), doc="Bits 61-80 of the return-link message received"),
        _RLS_TAIL,
        when=(167, 169, 1),
    ),
    _rotating(
        2, "rls_other", "return link service, another provider than Galileo", "Table 3.5", *_RLS_HEAD[:-1],
        replace(_RLS_HEAD[-1], default=2),
        fix("rls_feedback", 170, 191, 0, "Reserved: feedback is defined for Galileo alone"),
        _RLS_TAIL,
    ),
    _rotating(3, "national", "national use", "Table 3.6",
              opaque("national_use", 159, 202, "As defined by the country; zeros by default")),
    _rotating(
        4, "two_way", "two-way communication", "Table 3.7",
        Field("twc_provider", 159, 161, _PROVIDERS, doc="Provider of the two-way service", default=1),
        Field("twc_version", 162, 166, UINT, doc="Version of the database of messages"),
        Field("twc_acknowledged", 167, 167, FLAG, doc="Acknowledgement of type 3 received since activation"),
        fix("twc_spare", 168, 169, 0, "Spare"),
        *_two_way("a", 170), *_two_way("b", 181), *_two_way("c", 192),
    ),
    *(
        _rotating(number, f"spare_{number}", "spare", "Table 3.8",
                  opaque("rotating_data", 159, 202, "Not defined; zeros by default"))
        for number in range(5, 15)
    ),
    _rotating(
        15, "cancellation", "cancellation message", "Table 3.9",
        fix("cancellation_fixed", 159, 200, (1 << 42) - 1, "Ones"),
        Field("deactivation", 201, 202, enum({1: "automatic_external", 2: "manual"}), doc="How it was turned off",
              default=2),
        spare_bits=0,
    ),
)  # fmt: skip
"""every rotating field, in the order in which they are tried"""


def spare_row(rotating: Rotating) -> Field:
    """Bits 141-154: ones, but zeros beside a cancellation (Table 3.1)."""
    return fix("spare_bits", 141, 154, rotating.spare_bits, "Ones; zeros in a cancellation message")


# -- the hex ID (Table 3.11) ------------------------------------------------------------------------------------------


def moved(row: Field, by: int) -> Field:
    """The same field at other bits."""
    return replace(row, first=row.first + by, last=row.last + by)


ID_HEAD = (
    fix("id_mark_1", 1, 1, 1, "Tells a second-generation ID from a first-generation one (Table 3.11)"),
    moved(COUNTRY, 2 - COUNTRY.first),
    fix("id_mark_2", 12, 14, 0b101, "Tells a second-generation ID from a first-generation one (Table 3.11)"),
    moved(TAC, 15 - TAC.first),
    moved(SERIAL, 31 - SERIAL.first),
    moved(TEST, 45 - TEST.first),
    moved(VESSEL_TYPE, 46 - VESSEL_TYPE.first),
)
VESSEL_TO_ID = 49 - 94
"""bit 94 of a message is bit 49 of its ID"""
SHORT_ID_REST = opaque("vessel_id_beginning", 49, 60, "First 12 bits of the vessel identity")

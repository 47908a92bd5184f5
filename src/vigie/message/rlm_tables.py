"""The layouts of Galileo return-link messages as rows of data (Galileo OS SIS ICD issue 2.2, 4.3.8 and 5.3).

A message has 80 bits (short) or 160 (long), sent in four or eight parts of 20 bits. Each part stands in the SAR field
of an odd I/NAV page on E1-B, behind two bits that tell where a message begins and how long it is.
"""

from __future__ import annotations

from vigie.message.codecs import FLAG, UINT, bits, enum, hexadecimal
from vigie.message.fields import Facts, Field, Layout, Part, Raws, opaque

SHORT, LONG = 80, 160
PART_BITS = 20
SPARE_DATA = 0b10101010101010101010
"""what satellites send in a SAR field without a message: its 21 spare bits alternate"""

# -- the SAR field (Tables 62 and 63) ---------------------------------------------------------------------------------

SAR_FIELD = Layout(
    "sar_field",
    "SAR field of an I/NAV page on E1-B",
    "Galileo OS SIS ICD 4.3.8, Tables 62-66",
    (
        Field("start_bit", 1, 1, FLAG, doc="First part of a message, or no message at all"),
        Field("long_rlm", 2, 2, FLAG, doc="Part of a long message of eight parts, not of a short one of four"),
        Field("rlm_data", 3, 22, bits(PART_BITS), doc="Twenty bits of the message"),
    ),
)

# -- the message (Tables 105 and 106) ---------------------------------------------------------------------------------

SERVICES = {0b0001: "acknowledgement", 0b1111: "test"}
"""message codes of short messages; every other code, and every code of a long message, is spare"""
_HEAD = (
    Field("beacon_hex_id_15", 1, 60, hexadecimal(15), doc="15-hex ID of the beacon the message is for"),
    Field("message_code", 61, 64, bits(4), doc="Return link service"),
)


def _layout(name: str, service: str, last: int, *rows: Field) -> Layout:
    """A layout whose parameters (from bit 65 to the parity bit, the last) are also stated as a whole."""
    parity = Field("parity", last, last, bits(1), doc="Makes the number of ones even", hidden=True)
    rows = (*rows, parity)
    first, names = rows[0].first, tuple(row.name for row in rows)

    def read(raws: Raws) -> Facts:
        value = 0
        for row in rows:
            value = value << row.width | raws[row.name]
        return {"parameters": format(value, f"0{last - first + 1}b")}

    def write(facts: Facts, raws: Raws) -> dict[str, int]:
        whole = Field("parameters", first, last, bits(last - first + 1)).write(facts["parameters"])
        return {row.name: whole >> (last - row.last) & ((1 << row.width) - 1) for row in rows}

    kind = "long" if last == LONG else "short"
    return Layout(
        f"rlm.{name}",
        f"Galileo return-link message, {kind}: {service}",
        "Galileo OS SIS ICD 5.3, Tables 105 and 106",
        (*_HEAD, *rows),
        (Part(("parameters",), names, read, write, "Bits 65 to the end, parity bit included"),),
        {"rlm_type": kind, "service": service},
    )


ACKNOWLEDGEMENT = _layout(
    "acknowledgement",
    "acknowledgement",
    SHORT,
    Field("acknowledgement_type", 65, 66, enum({0b10: "type1", 0b01: "type2"}), default=0b10,
          doc="Type 1: automatic. Type 2: manually generated (not in issue 2.2)"),
    opaque("acknowledgement_spare", 67, 79, "Spare"),
)  # fmt: skip
TEST = _layout("test", "test", SHORT, opaque("test_reserved", 65, 79, "Reserved"))
SPARE_SHORT = _layout("spare", "spare", SHORT, opaque("spare_parameters", 65, 79, "Not defined"))
SPARE_LONG = _layout("long", "spare", LONG, opaque("spare_parameters", 65, 159, "Not defined"))


def layout_of(code: int, last: int) -> Layout:
    """The layout of a message of ``last`` bits with this message code."""
    if last == LONG:
        return SPARE_LONG
    return {0b0001: ACKNOWLEDGEMENT, 0b1111: TEST}.get(code, SPARE_SHORT)


LAYOUTS = (ACKNOWLEDGEMENT, TEST, SPARE_SHORT, SPARE_LONG)

# -- the page (Table 38) ----------------------------------------------------------------------------------------------

INAV_PAGE = Layout(
    "inav_page",
    "Nominal I/NAV page on E1-B, even part and odd part, tails included",
    "Galileo OS SIS ICD 4.3.2.3, Table 38",
    (
        Field("even_odd_1", 1, 1, FLAG, doc="0: even part"),
        Field("alert_1", 2, 2, FLAG, doc="Alert page: no SAR field"),
        Field("word_type", 3, 8, UINT, doc="Kind of word; 63: dummy page, no SAR field"),
        opaque("data_1", 9, 114, "Navigation data, first part"),
        opaque("tail_1", 115, 120, "Tail"),
        Field("even_odd_2", 121, 121, FLAG, doc="1: odd part"),
        Field("alert_2", 122, 122, FLAG, doc="Alert page: no SAR field"),
        opaque("data_2", 123, 138, "Navigation data, second part"),
        opaque("osnma", 139, 178, "Navigation message authentication"),
        Field("sar", 179, 200, bits(22), doc="SAR field"),
        opaque("spare", 201, 202, "Spare"),
        Field("crc", 203, 226, bits(24), doc="Checksum over bits 1-114 and 121-202 (5.1.9.4)"),
        opaque("ssp", 227, 234, "Secondary synchronisation pattern"),
        opaque("tail_2", 235, 240, "Tail"),
    ),
)
CRC_GENERATOR = 0x1864CFB
"""(1 + X) P(X) of 5.1.9.4, with the term X^24"""
DUMMY_WORD = 63

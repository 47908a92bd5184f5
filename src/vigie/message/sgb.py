"""Second-generation messages (C/S T.018): which layout a message has, what it states, and its bits from values.

A message is an integer ``word`` whose last bit is message bit ``last``: 250, 202 (without its code), 92 or 60 (a bare
23- or 15-hex ID, which has bit numbers of its own).
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from vigie.message import bch, country, moffset
from vigie.message import sgb_tables as tables
from vigie.message.fields import Facts, Field, Layout
from vigie.message.reading import Seen
from vigie.message.sgb_checks import oddities
from vigie.message.sgb_tables import DATA_LAST, FIRST, ID_LAST, LAST, SHORT_ID_LAST, Rotating, Vessel
from vigie.records import Category

FORMS = {
    "sgb_63": (FIRST, LAST),
    "sgb_51": (FIRST, DATA_LAST),
    "sgb_202_left_aligned": (1, DATA_LAST),
    "hexid_23": (1, ID_LAST),
    "hexid_15": (1, SHORT_ID_LAST),
}
"""first and last message bit of each second-generation form"""
FILL_BITS = 2  # behind bit 202 in the left-aligned form


def _field(word: int, last: int, row: Field) -> int:
    """The number in a row's bits of a word that ends with bit ``last``."""
    return word >> (last - row.last) & ((1 << row.width) - 1)


def _places(*rows: Field) -> tuple[tuple[int, int], ...]:
    """Shift and mask of each row in a word of 202 bits."""
    return tuple((DATA_LAST - row.last, (1 << row.width) - 1) for row in rows)


# the fields that select the layout: kind of identity, kind of rotating field, and the provider of the return link
_SELECTORS = _places(
    tables.VESSEL_TYPE,
    tables.ROTATING[0].fields[0],
    next(row for kind in tables.ROTATING for row in kind.fields if kind.when and row.first == kind.when[0]),
)


def _layout_of(word: int, first: int, last: int) -> Layout:
    data = word >> (last - DATA_LAST)
    (a, vessel), (b, rotating), (c, selector) = _SELECTORS
    return _selected(data >> a & vessel, data >> b & rotating, data >> c & selector, first, last)


@cache
def _selected(vessel: int, rotating: int, selector: int, first: int, last: int) -> Layout:
    kinds = (row for row in tables.ROTATING if row.number == rotating)
    kind = next(row for row in kinds if row.when is None or row.when[2] == selector)
    return layout(tables.VESSELS[vessel], kind, first, last)


@cache
def layout(vessel: Vessel, rotating: Rotating, first: int = FIRST, last: int = LAST) -> Layout:
    """The whole layout from bit ``first`` (-1 with the two leading bits, else 1) to ``last`` (250, or 202)."""
    rows = (
        *tables.LEAD, *tables.HEAD, *vessel.fields, tables.BEACON_TYPE, tables.spare_row(rotating), *rotating.fields,
        tables.BCH_ROW,
    )  # fmt: skip
    kept = tuple(row for row in rows if row.first >= first and row.last <= last)
    return Layout(
        f"sgb.{vessel.name}.{rotating.name}",
        f"Second generation, {vessel.title}. Rotating field {rotating.number}: {rotating.title}",
        f"C/S T.018 Table 3.1; {rotating.clause}",
        kept,
        (tables.POSITION, rotating.part),
        {"protocol": "sgb"},
    )


@cache
def id_layout(vessel: Vessel, last: int = ID_LAST) -> Layout:
    """The hex ID of 23 digits, or its first 15 (``last`` 60), in bits of its own."""
    head = tables.ID_HEAD
    rest = (
        tuple(tables.moved(row, tables.VESSEL_TO_ID) for row in vessel.fields)
        if last == ID_LAST
        else (tables.SHORT_ID_REST,)
    )
    name = f"sgb_id_{last // 4}.{vessel.name}"
    title = f"Second-generation hex ID of {last // 4} digits, {vessel.title}"
    return Layout(name, title, "C/S T.018 3.6, Table 3.11", (*head, *rest), (), {"protocol": "sgb"})


def _id_runs() -> tuple[int, list[tuple[int, int, int]]]:
    """The hex ID's fixed bits, and the runs of message bits it is made of: shift in 202 bits, mask, shift in the ID.

    Fields that follow one another in both are one run.
    """
    rows = (
        tables.ID_HEAD[0], tables.COUNTRY, tables.ID_HEAD[2], tables.TAC, tables.SERIAL, tables.TEST,
        tables.VESSEL_TYPE, *tables.VESSELS[0].fields,
    )  # fmt: skip
    marks, end = 0, ID_LAST
    runs: list[tuple[int, int, int]] = []
    before: int | None = None
    for row in rows:
        end -= row.width
        if row.fixed is not None:
            marks |= row.fixed << end
        elif before is not None and row.first == before + 1:
            runs[-1] = (DATA_LAST - row.last, runs[-1][1] << row.width | (1 << row.width) - 1, end)
        else:
            runs.append((DATA_LAST - row.last, (1 << row.width) - 1, end))
        before = row.last if row.fixed is None else None
    return marks, runs


_ID_MARKS, _ID_RUNS = _id_runs()


def hex_id(word: int, last: int) -> str:
    """The 23-hex ID of a message (3.6, Table 3.11)."""
    data, value = word >> (last - DATA_LAST), _ID_MARKS
    for shift, mask, place in _ID_RUNS:
        value |= (data >> shift & mask) << place
    return f"{value:023X}"


def is_id(digits: str) -> bool:
    """Whether 15 hex digits are the beginning of a second-generation ID: its marks tell (3.6 note 1)."""
    word, last = int(digits, 16), len(digits) * 4
    return all(_field(word, last, row) == row.fixed for row in tables.ID_HEAD if row.fixed is not None)


class Decoded(NamedTuple):
    """A message after correction: layout, numbers, what was mended. ``None`` errors: beyond the code's power."""

    layout: Layout
    seen: Seen
    word: int
    last: int
    bch_errors: int | None = 0
    has_bch: bool = False
    corrected_bits: tuple[int, ...] = ()


_WHOLE = (1 << LAST) - 1


def decode(word: int, first: int, last: int) -> Decoded:
    """Understand a message: mend its code, choose the layout, read the numbers. Never raises for any bits.

    ``first``: -1 with the two leading bits, else 1; ``last``: 250, 202, 92 (a 23-hex ID) or 60 (a 15-hex ID).
    """
    if last <= ID_LAST:
        vessel = tables.VESSELS[_field(word, last, tables.ID_HEAD[-1])]
        rows = id_layout(vessel, last)
        return Decoded(rows, rows.see(word), word, last)
    errors: int | None = 0
    corrected: tuple[int, ...] = ()
    if last == LAST:
        received = word & _WHOLE
        mended = bch.BCH_SGB.correct(received)
        if mended is None:
            errors = None
        elif mended[1]:
            errors, changed = mended[1], received ^ mended[0]
            corrected = tuple(LAST - place for place in range(LAST - 1, -1, -1) if changed >> place & 1)
            word ^= changed
    rows = _layout_of(word, first, last)
    return Decoded(rows, rows.see(word), word, last, errors, last == LAST, corrected)


def with_parity(word: int, last: int) -> int:
    """``word`` with its 48-bit code computed from bits 1-202 (B.1); as it is when it has none."""
    if last != LAST:
        return word
    parity = bch.BCH_SGB.n - bch.BCH_SGB.k
    data = (word & _WHOLE) >> parity
    return word >> parity << parity | bch.BCH_SGB.parity(data)


# -- the 51-digit forms -----------------------------------------------------------------------------------------------


def _misfit(body: int) -> int:
    """How badly 202 bits fit a beacon's message: 0 where every fixed, reserved and limited value is right.

    Bits 141-154 tell most; a maker's mistake in one of the other fixed fields counts for a few bits at most.
    """
    decoded = decode(body, 1, DATA_LAST)
    raws = decoded.seen.raws
    wrong = 0
    for row in decoded.layout.fields:
        if row.fixed is not None:
            count = (raws[row.name] ^ row.fixed).bit_count()
            wrong += count if row.name == "spare_bits" else min(count, 3)
    wrong += 3 * (country.name(raws["country_code"]) is None)
    wrong += 3 * sum(axis.read(raws)[1] == "out_of_range" for axis in (tables.LATITUDE, tables.LONGITUDE))
    wrong += raws["beacon_type"] in (4, 5, 6)
    wrong += raws["vessel_id_type"] == 6
    return wrong + (5 <= raws["rotating_field_id"] <= 14)


_NEAR = 2  # a reading that misses by no more than this many bits is still possible


def alignment(digits: str) -> tuple[str, str | None]:
    """The form of 51 digits, told by the checks that 202 bits carry, and a sentence when both readings are possible.

    Either two leading bits and bits 1-202 (the ground segment's form) or bits 1-202 and two trailing zeros (as the
    standard prints its example, B.1).
    """
    word, fill = int(digits, 16), (1 << FILL_BITS) - 1
    if word & fill:
        return "sgb_51", None
    right, left = word & ((1 << DATA_LAST) - 1), word >> FILL_BITS
    readings = [
        (_misfit(right) + 3 * (word >> DATA_LAST & 1), "sgb_51", "two leading bits, then bits 1-202", right),
        (_misfit(left), "sgb_202_left_aligned", "bits 1-202, then two zeros", left),
    ]
    best, other = sorted(readings, key=lambda reading: reading[0])  # stable: the ground segment's form where they tie
    if other[0] > max(best[0], _NEAR):
        return best[1], None
    return best[1], (
        f"read as {best[2]}; {other[2]} is possible as well, for 51 digits do not tell (B.1): "
        f"that would be beacon {hex_id(other[3], DATA_LAST)}"
    )


# -- what a message states --------------------------------------------------------------------------------------------


def facts_of(decoded: Decoded, into: Facts | None = None) -> Facts:
    """What the message states, with what is odd about it under ``odd``; added to the facts ``into`` when given."""
    facts, raws = decoded.layout.state(decoded.seen, into), decoded.seen.raws
    facts["odd"] = decoded.layout.odd(raws) + oddities(facts, raws)
    return facts


def category_of(facts: Facts) -> Category:
    """What kind of traffic it is. Whatever is not plainly something else is distress.

    A cancellation counts as one only with its fixed bits right: a distress call must not end by a mistaken bit.
    """
    if facts["verdict"] == "unreliable":
        return "unreliable"
    if facts.get("mode") == "self_test":
        return "self_test"
    if facts["test_protocol"]:
        return "test"
    if facts.get("beacon_type") == "SYSTEM":
        return "orbitography"
    return "cancelled" if facts.get("cancellation") else "distress"


def message(digits: str, form: str) -> tuple[dict[str, Any], Facts]:
    """Every field for people, and everything that hex digits in one of ``FORMS`` state."""
    first, last = FORMS[form]
    word = int(digits, 16) >> (FILL_BITS if form == "sgb_202_left_aligned" else 0)
    decoded = decode(word, first, last)
    long_id, short_id = _ids(decoded)
    facts: Facts = {
        "input": digits,
        "generation": "SGB",
        "kind": form,
        "layout": decoded.layout.name,
        "protocol": None,
        "hex_id": None,
        "hex_id_23": long_id,
        "hex_id_15": short_id,
        "country_code": None,
        "country": None,
        "latitude": None,
        "longitude": None,
    }
    facts_of(decoded, facts)
    if last >= DATA_LAST:
        facts["mode"] = facts.get("mode")
        facts["cancellation"] = facts["rotating_field"]["id"] == 15 and _is_fixed(decoded, "cancellation_fixed")
        facts["bch_computed"] = format(_parity(decoded), "012X")
    if decoded.has_bch:
        facts["bch_encoded"] = digits[-12:]
        facts["bch_errors"] = decoded.bch_errors
    facts["corrected_bits"] = list(decoded.corrected_bits)
    facts["verdict"] = bch.verdict_of(decoded.bch_errors)
    if facts["verdict"] != "unreliable":
        facts["hex_id"] = long_id or short_id
        if facts.get("rls_function"):
            facts["crc16"], facts["moffset_minutes"] = moffset.of(short_id)
    facts["category"] = category_of(facts)
    return decoded.seen.fields, facts


def _parity(decoded: Decoded) -> int:
    """The 48 bits that belong to bits 1-202, as mended."""
    if decoded.has_bch and decoded.bch_errors is not None:
        return decoded.word & ((1 << LAST - DATA_LAST) - 1)
    return bch.BCH_SGB.parity(decoded.word >> (decoded.last - DATA_LAST) & ((1 << DATA_LAST) - 1))


def _ids(decoded: Decoded) -> tuple[str | None, str]:
    """The hex IDs of 23 and 15 digits."""
    if decoded.last == SHORT_ID_LAST:
        return None, format(decoded.word, "015X")
    full = format(decoded.word, "023X") if decoded.last == ID_LAST else hex_id(decoded.word, decoded.last)
    return full, full[:15]


def _is_fixed(decoded: Decoded, name: str) -> bool:
    return decoded.seen.raws[name] == decoded.layout.by_name[name].fixed


def all_layouts() -> list[Layout]:
    """Every layout of the standard: each vessel identity with each rotating field, and the hex IDs."""
    whole = [layout(vessel, rotating) for vessel in tables.VESSELS for rotating in tables.ROTATING]
    return whole + [id_layout(vessel, last) for vessel in tables.VESSELS for last in (ID_LAST, SHORT_ID_LAST)]

"""First-generation messages (C/S T.001): which layout a message has, what it states, and its bits from values.

A message is an integer ``word`` whose last bit is message bit ``last`` (112 or 144, or 85 for a bare hex ID); bits
before the first one known are zero.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from vigie.message import bch, hexform, moffset
from vigie.message.fgb_tables import BCH1_ROW, FORMAT, HEAD, PROTOCOLS, SYNC, Protocol
from vigie.message.fgb_tails import Match, Tail, truncated, unreliable
from vigie.message.fields import Facts, Layout
from vigie.message.position import FINE_DEG
from vigie.message.reading import Seen
from vigie.records import Category

FORMS = {"hexid_15": (26, 85), "message_22": (25, 112), "message_28": (1, 112), "message_30": (25, 144),
         "message_36": (1, 144)}  # fmt: skip
"""first and last message bit of each first-generation form"""
ID_FIRST, ID_LAST = 26, 85  # 3.3: the 15-hex ID
SHORT, LONG = 112, 144
_FILLER = ((1 << 32) - 1, 0)  # bits 113-144 of a long message that ended at bit 112 (4.5.4)
_KEY_MATCHES = ((26, 26), (37, 42))


def bit(word: int, last: int, first_bit: int, last_bit: int) -> int:
    """The number in bits ``first_bit`` to ``last_bit`` of a word that ends with bit ``last``."""
    return word >> (last - last_bit) & ((1 << (last_bit - first_bit + 1)) - 1)


def _matches(word: int, last: int, when: tuple[Match, ...]) -> bool:
    for first_bit, last_bit, value in when:  # a loop: this is on the way of every message
        if word >> (last - last_bit) & ((1 << (last_bit - first_bit + 1)) - 1) != value:
            return False
    return True


@cache
def candidates(key: int) -> tuple[tuple[Protocol, tuple[tuple[int, int, int], ...]], ...]:
    """Protocols possible with seven bits (26 and 37-42), and of each what else must be so: shift, mask, value.

    Shifts count from bit 85.
    """
    word = (key >> 6) << 16 | (key & 63)  # bit 26 ... bit 42
    possible = []
    for row in PROTOCOLS:
        inside = tuple(match for match in row.when if match[1] <= 42)
        if _matches(word, 42, inside):
            rest = tuple(
                (ID_LAST - high, (1 << (high - low + 1)) - 1, value) for low, high, value in row.when if high > 42
            )
            possible.append((row, rest))
    return tuple(possible)


def protocol_of(word: int, last: int) -> Protocol:
    """The row of Table A2 that bits 26-85 select. Every pattern selects one."""
    word >>= last - ID_LAST
    for row, rest in candidates(word >> 53 & 64 | word >> 43 & 63):
        for shift, mask, value in rest:
            if word >> shift & mask != value:
                break
        else:
            return row
    raise AssertionError("the table of protocols covers every pattern")


@cache
def layout(protocol: Protocol, tail: Tail | None, first: int = 1) -> Layout:
    """The whole layout from bit ``first`` (1 with sync, 25 without, 26 for a hex ID); ``tail`` None stops at bit 85."""
    rows = (*SYNC, FORMAT, *HEAD, *protocol.fields, BCH1_ROW, *(tail.fields if tail else ()))
    kept = tuple(row for row in rows if row.first >= first and (tail or row.last <= ID_LAST))
    parts = list(protocol.parts)
    if protocol.coding and protocol.has_position and not (tail and tail.facts.get("withdrawn")):
        parts.append(protocol.coding.part(fine=bool(tail and tail.fine)))
    if tail:
        parts += tail.parts
    facts = {**protocol.facts, **(tail.facts if tail else {})}
    name = f"{protocol.name}.{tail.name}" if tail else protocol.name
    title = f"{protocol.title}. {tail.title}" if tail else protocol.title
    clause = f"{protocol.clause}; {tail.clause}" if tail else protocol.clause
    return Layout(name, title, f"C/S T.001 {clause}", kept, tuple(parts), facts)


_truncated, _unreliable = cache(truncated), cache(unreliable)


@cache
def _id_default(protocol: Protocol) -> tuple[int, int]:
    """Mask of the ID bits to keep, and the default position pattern to put beside them (3.3)."""
    if protocol.coding is None:
        return (1 << 60) - 1, 0
    rows = protocol.coding.coarse_fields(1)
    raws, pattern = protocol.coding.default_raws(), 0
    for row in rows:
        pattern = pattern << row.width | raws[row.name]
    return (1 << 60) - (1 << rows[-1].last), pattern


def hex_id(word: int, last: int, protocol: Protocol | None = None) -> str:
    """The 15-hex ID: bits 26-85 with the position bits at their defaults (3.3). ``protocol``: where it is known."""
    mask, default = _id_default(protocol or protocol_of(word, last))
    return format(bit(word, last, ID_FIRST, ID_LAST) & mask | default, "015X")


class Decoded(NamedTuple):
    """A message after correction: layout, numbers, what was mended. ``None`` errors: beyond the code's power."""

    layout: Layout
    protocol: Protocol
    seen: Seen
    word: int
    last: int
    bch1_errors: int | None = 0
    bch2_errors: int | None = 0
    has_bch1: bool = False
    has_bch2: bool = False
    truncated: bool = False
    corrected_bits: tuple[int, ...] = ()
    filler: str = ""
    """eight hex digits that came after a message of 112 bits in a form of 144"""


def _correct(word: int, last: int, first_bit: int, last_bit: int, code: bch.Code) -> tuple[int, int | None]:
    """``word`` with one of its codes mended, and the count of corrected bits (None: left as received)."""
    shift = last - last_bit
    received = bit(word, last, first_bit, last_bit)
    mended = code.correct(received)
    if mended is None:
        return word, None
    return word ^ ((received ^ mended[0]) << shift), mended[1]


def decode(word: int, first: int, last: int) -> Decoded:
    """Understand a message: mend both codes, choose the layout, read the numbers.

    ``first``: 1, 25 or 26; ``last``: 85 (a bare hex ID), 112 or 144. Never raises for any bits.
    """
    if last == ID_LAST:
        protocol = protocol_of(word, last)
        plain = layout(protocol, None, 26)
        return Decoded(plain, protocol, plain.see(word), word, last)

    received = word
    word, bch1_errors = _correct(word, last, 25, 106, bch.BCH1)
    protocol = protocol_of(word, last)
    long, filler = bit(word, last, 25, 25) == 1, ""
    if last == LONG and (not long or word & 0xFFFFFFFF in _FILLER):
        filler = format(word & 0xFFFFFFFF, "08X")
        word, received, last = word >> 32, received >> 32, SHORT
    cut = long and last == SHORT

    tail, bch2_errors, has_bch2 = protocol.short, 0 if not long else None, False
    if long:
        mended = word
        has_bch2 = not cut and protocol.tails[-1].fields[-1].name == "bch2"
        if has_bch2:
            mended, bch2_errors = _correct(word, last, 107, 144, bch.BCH2)
        # which bits follow is itself coded in PDF-2: a truncated message is taken for the usual one
        if cut:
            tail = _truncated(usual_tail(protocol))
        elif has_bch2 and bch2_errors is None:
            tail = _unreliable(usual_tail(protocol))
        else:
            tail = next(row for row in protocol.tails if not row.when or _matches(mended, last, row.when))
        word = mended
    rows = layout(protocol, tail, first)
    changed = word ^ received
    fixed: tuple[int, ...] = ()
    if changed:
        fixed = tuple(last - place for place in range(changed.bit_length() - 1, -1, -1) if changed >> place & 1)
    return Decoded(
        rows, protocol, rows.see(word), word, last, bch1_errors, bch2_errors, True, has_bch2, cut, fixed, filler
    )  # fmt: skip


def usual_tail(protocol: Protocol) -> Tail:
    """What follows when the bits that would tell cannot be used: the row with a position, if there is one."""
    return next((row for row in protocol.tails if row.fine), protocol.tails[-1])


@cache
def tails_of(protocol: Protocol) -> tuple[Tail, ...]:
    """Everything that may follow BCH-1 of a protocol, cut off and beyond mending included."""
    usual = usual_tail(protocol)
    return (protocol.short, *protocol.tails, _truncated(usual), _unreliable(usual))


def with_parity(word: int, last: int, *, bch2: bool) -> int:
    """``word`` with BCH-1 and, for a long message that has it, BCH-2 computed from its data bits (Annex B)."""
    shift = last - 106
    data = bit(word, last, 25, 85)
    word = word & ~(((1 << 21) - 1) << shift) | bch.BCH1.parity(data) << shift
    if bch2:
        word = word & ~0xFFF | bch.BCH2.parity(bit(word, last, 107, 132))
    return word


def facts_of(decoded: Decoded, into: Facts | None = None) -> Facts:
    """What the message states, with what is odd about it under ``odd``; added to ``into`` where that is given."""
    facts = decoded.layout.state(decoded.seen, into)
    raws = decoded.seen.raws
    said = decoded.layout.odd(raws)
    coding = decoded.protocol.coding
    # with both offsets in range there is nothing to look for
    if coding and "position_status" in facts and facts.get("position_resolution_deg") != FINE_DEG:
        said += coding.odd(raws)
    if raws.get("rls_beacon_type") is not None and raws.get("rlm_type1_capable") == 0 == raws.get("rlm_type2_capable"):
        said.append("neither kind of return message is accepted, which A3.3.7.2 does not allow")
    if facts.get("withdrawn"):
        said.append("a short location message: this format was withdrawn (A3.1), its position bits are not interpreted")
    if decoded.has_bch2 and decoded.bch2_errors is None:
        said.append("what is stated of bits 107-132 is as received: their code could not mend them")
    if decoded.filler and int(decoded.filler, 16) not in _FILLER:
        said.append("bits 113-144 after the end of a short message are neither all zeros nor all ones; not used")
    if decoded.filler:
        facts["filler"] = decoded.filler
    facts["odd"] = said
    return facts


def all_layouts(first: int = 1) -> list[Layout]:
    """Every layout of the standard, each protocol with everything that may follow it."""
    return [
        layout(row, tail, first)
        for row in PROTOCOLS
        for tail in ((row.short, *row.tails) if row.when[0] == (26, 26, 1) else row.tails)
    ]


def category_of(facts: Facts) -> Category:
    """What kind of traffic it is. Whatever is not plainly something else is distress."""
    if facts["verdict"] == "unreliable":
        return "unreliable"
    if facts.get("frame_sync") == "self_test":
        return "self_test"
    if facts.get("beacon_type") == "TEST" or facts.get("elt_dt_test"):
        return "test"
    if facts["protocol"] == "user_orbitography":
        return "orbitography"
    if facts.get("cancellation"):
        return "cancelled"
    return "national" if facts["protocol"] == "user_national" else "distress"


def message(digits: str, form: str) -> tuple[dict[str, Any], Facts]:
    """Every field for people, and everything that hex digits in one of ``FORMS`` state."""
    first, last = FORMS[form]
    received = int(digits, 16)
    decoded = decode(received, first, last)
    facts: Facts = {
        "input": digits,
        "generation": "FGB",
        "kind": form,
        "layout": decoded.layout.name,
        "protocol": None,
        "hex_id": None,
        "hex_id_15": hex_id(decoded.word, decoded.last, decoded.protocol),
        "country_code": None,
        "country": None,
        "latitude": None,
        "longitude": None,
    }
    facts_of(decoded, facts)
    if first == 1:
        nearest, wrong = hexform.sync_of(bit(decoded.word, decoded.last, 1, 24))
        facts["frame_sync"] = nearest
        if wrong:
            facts["odd"].append(f"{wrong} of the 24 sync bits are wrong; taken for {nearest.replace('_', '-')}")
    if form == "hexid_15" and facts["hex_id_15"] != digits:
        facts["odd"].append("the position bits of this hex ID are not at their defaults (3.3); hex_id has them so")
    if decoded.has_bch1:
        facts["bch1_errors"] = decoded.bch1_errors
        facts["bch1_encoded"] = format(bit(received, last, 86, 106), "021b")
        facts["truncated"] = decoded.truncated
    if decoded.has_bch2:
        facts["bch2_errors"] = decoded.bch2_errors
        facts["bch2_encoded"] = format(received & 0xFFF, "012b")
        facts["pdf2_verdict"] = bch.verdict_of(decoded.bch2_errors)
    facts["corrected_bits"] = list(decoded.corrected_bits)
    facts["verdict"] = bch.verdict_of(decoded.bch1_errors)
    if facts["verdict"] == "ok" and decoded.bch2_errors and decoded.has_bch2:
        facts["verdict"] = "corrected"
    facts["hex_id"] = None if facts["verdict"] == "unreliable" else facts["hex_id_15"]
    if facts["protocol"] == "rls" and facts["hex_id"]:
        facts["crc16"], facts["moffset_minutes"] = moffset.of(facts["hex_id"])
    facts["category"] = category_of(facts)
    return decoded.seen.fields, facts

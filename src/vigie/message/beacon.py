"""The front door of the message layer: a hex string or bits in, a ``Message`` with everything it states out.

``decode("9C7E...")`` and ``from_bits("1111...")``. What a message states stands in ``Message.facts``, a plain dict
whose keys are those that ``vigie decode --json`` prints.
"""

from __future__ import annotations

from typing import Any

from vigie.errors import HexError
from vigie.message import country, describe, fgb, hexform, moffset
from vigie.message.fields import Layout
from vigie.records import Category, Message, Verdict

FORMS = {"hexid_15": (26, 85), "message_22": (25, 112), "message_28": (1, 112), "message_30": (25, 144),
         "message_36": (1, 144)}  # fmt: skip
"""first and last message bit of each first-generation form"""
CATEGORY_WORDS: dict[Category, str] = {
    "distress": "Distress",
    "test": "Test: not a distress call",
    "self_test": "Self-test: not a distress call",
    "orbitography": "Orbitography: a system beacon, not a distress call",
    "national": "National use: treat as distress until the country's authority says otherwise",
    "cancelled": "Distress cancelled by the user",
    "unreliable": "Identity not to be trusted: more bit errors than the code can mend",
}


def decode(text: str) -> Message:
    """The message that a hex string holds, in any of the forms of ``hexform``.

    Raises HexError when the text is no beacon message: empty, with a character that is no hex digit, of a length that
    no form has, or without a sync pattern where the form begins with one. Never raises for any bits.
    """
    parsed = hexform.parse(text)
    if parsed.form not in FORMS:
        raise HexError("generation", f"{len(parsed.digits)} hex digits are a second-generation message")
    first, last = FORMS[parsed.form]
    word = int(parsed.digits, 16)
    if first == 1:
        nearest, errors = hexform.sync_of(fgb.bit(word, last, 1, 24))
        if errors > hexform.SYNC_ERRORS:
            raise HexError(
                "sync",
                f"{len(parsed.digits)} hex digits must begin with FFFE2F (normal) or FFFED0 (self-test), "
                f"not {parsed.digits[:6]} ({errors} bits from {nearest.replace('_', '-')})",
            )
    return _message(word, first, last, parsed.digits, parsed.form, list(parsed.changes))


def from_bits(bits: str) -> Message:
    """The message of 112 or 144 demodulated bits, a text of zeros and ones that starts with bit 1 (sync included)."""
    form = {112: "message_28", 144: "message_36"}.get(len(bits))
    if form is None or bits.strip("01"):
        raise HexError("length", f"a first-generation message is 112 or 144 zeros and ones, not {len(bits)} characters")
    word = int(bits, 2)
    return _message(word, 1, len(bits), format(word, f"0{len(bits) // 4}X"), form, [])


def _verdict(errors: int | None) -> Verdict:
    return "unreliable" if errors is None else "corrected" if errors else "ok"


def _category(facts: dict[str, Any]) -> Category:
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


def _message(word: int, first: int, last: int, digits: str, form: str, changes: list[str]) -> Message:
    decoded = fgb.decode(word, first, last)
    facts: dict[str, Any] = {
        "input": digits,
        "generation": "FGB",
        "kind": form,
        "layout": decoded.layout.name,
        "protocol": None,
        "hex_id": None,
        "hex_id_15": fgb.hex_id(decoded.word, decoded.last),
        "country_code": None,
        "country": None,
        "latitude": None,
        "longitude": None,
    }
    stated = fgb.facts_of(decoded)
    if first == 1:
        nearest, wrong = hexform.sync_of(fgb.bit(decoded.word, decoded.last, 1, 24))
        stated["frame_sync"] = nearest
        if wrong:
            stated["odd"].append(f"{wrong} of the 24 sync bits are wrong; taken for {nearest.replace('_', '-')}")
    if form == "hexid_15" and facts["hex_id_15"] != digits:
        stated["odd"].append("the position bits of this hex ID are not at their defaults (3.3); hex_id has them so")
    facts |= stated
    for parity in ("bch1", "bch2"):
        facts.pop(parity, None)  # stated as received, below
    name = country.name(facts["country_code"])
    facts["country"] = name
    if name is None:
        facts["odd"].append(f"country code {facts['country_code']} is not allocated by the ITU (A1.2.3)")
    if decoded.has_bch1:
        facts["bch1_errors"] = decoded.bch1_errors
        facts["bch1_encoded"] = _received_bits(digits, first, 86, 106)
        facts["truncated"] = decoded.truncated
    if decoded.has_bch2:
        facts["bch2_errors"] = decoded.bch2_errors
        facts["bch2_encoded"] = _received_bits(digits, first, 133, 144)
        facts["pdf2_verdict"] = _verdict(decoded.bch2_errors)
    facts["corrected_bits"] = list(decoded.corrected_bits)
    facts["verdict"] = _verdict(decoded.bch1_errors)
    if facts["verdict"] == "ok" and decoded.bch2_errors and decoded.has_bch2:
        facts["verdict"] = "corrected"
    facts["hex_id"] = None if facts["verdict"] == "unreliable" else facts["hex_id_15"]
    if facts["protocol"] == "rls" and facts["hex_id"]:
        facts["crc16"], facts["moffset_minutes"] = moffset.of(facts["hex_id"])
    category = _category(facts)
    facts["category"], facts["category_words"] = category, CATEGORY_WORDS[category]
    facts["changes"] = changes
    facts["fields"] = fields_of(decoded.layout, decoded.raws)
    facts["description"] = describe.sentences(facts)
    return Message("FGB", digits, form, facts)


def _received_bits(digits: str, first: int, first_bit: int, last_bit: int) -> str:
    bits = format(int(digits, 16), f"0{len(digits) * 4}b")
    return bits[first_bit - first : last_bit - first + 1]


def fields_of(layout: Layout, raws: dict[str, int]) -> dict[str, dict[str, Any]]:
    """Every field of a message: its bits, number, value, unit and meaning."""
    return {
        row.name: {
            "bits": [row.first, row.last],
            "raw": raws[row.name],
            "value": row.codec.read(raws[row.name]),
            "unit": row.unit or None,
            "doc": row.doc,
        }
        for row in layout.fields
    }

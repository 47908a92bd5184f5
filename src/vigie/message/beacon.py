"""The front door of the message layer: a hex string or bits in, a ``Message`` with everything it states out.

``decode("9C7E...")`` and ``from_bits("1111...")``. What a message states stands in ``Message.facts``, a plain dict
whose keys are those that ``vigie decode --json`` prints. ``fgb`` and ``sgb`` know the two generations; what they say
is finished here.
"""

from __future__ import annotations

from typing import Any

from vigie.errors import HexError
from vigie.message import country, describe, fgb, hexform, sgb
from vigie.message.fields import Layout
from vigie.records import Category, Message, Sync

FORMS = fgb.FORMS
CATEGORY_WORDS: dict[Category, str] = {
    "distress": "Distress",
    "test": "Test: not a distress call",
    "self_test": "Self-test: not a distress call",
    "orbitography": "Orbitography: a system beacon, not a distress call",
    "national": "National use: treat as distress until the country's authority says otherwise",
    "cancelled": "Distress cancelled by the user",
    "unreliable": "Identity not to be trusted: more bit errors than the code can mend",
}
_SYSTEM_WORDS = "System beacon: not a distress call"


def decode(text: str, *, form: str | None = None) -> Message:
    """The message that a hex string holds, in any of the forms of ``hexform``.

    ``form`` names the form where the number of digits leaves a choice: ``sgb_51`` or ``sgb_202_left_aligned``; without
    it the message's own checks tell. Raises HexError when the text is no beacon message: empty, with a character that
    is no hex digit, of a length that no form has, or without a sync pattern where the form begins with one. Never
    raises for any bits.
    """
    parsed = hexform.parse(text)
    digits, found, note = parsed.digits, parsed.form, None
    if form is not None:
        if form != found and (form, found) != ("sgb_202_left_aligned", "sgb_51"):
            raise HexError("length", f"{len(digits)} hex digits are {found}, not {form}")
        found = form
    elif found == "sgb_51":
        found, note = sgb.alignment(digits)
    second = found not in fgb.FORMS or (found == "hexid_15" and sgb.is_id(digits))
    if not second:
        _refuse_without_sync(digits, found)
    return _message(second, digits, found, list(parsed.changes), note)


def from_bits(bits: str, *, sync: Sync = "normal") -> Message:
    """The message of demodulated bits, a text of zeros and ones that starts with bit 1.

    112 or 144 bits are a first-generation message with its sync; 250 a second-generation one, of the mode ``sync``.
    """
    form = {112: "message_28", 144: "message_36", 250: "sgb_63"}.get(len(bits))
    if form is None or bits.strip("01"):
        raise HexError("length", f"a message is 112, 144 or 250 zeros and ones, not {len(bits)} characters")
    if form == "sgb_63":
        bits = ("10" if sync == "self_test" else "00") + bits
    return _message(form == "sgb_63", format(int(bits, 2), f"0{len(bits) // 4}X"), form, [], None)


def _refuse_without_sync(digits: str, form: str) -> None:
    if fgb.FORMS[form][0] != 1:
        return
    nearest, errors = hexform.sync_of(int(digits[:6], 16))
    if errors > hexform.SYNC_ERRORS:
        raise HexError(
            "sync",
            f"{len(digits)} hex digits must begin with FFFE2F (normal) or FFFED0 (self-test), "
            f"not {digits[:6]} ({errors} bits from {nearest.replace('_', '-')})",
        )


def _message(second: bool, digits: str, form: str, changes: list[str], note: str | None) -> Message:
    layout, raws, facts = sgb.message(digits, form) if second else fgb.message(digits, form)
    if note:
        facts["odd"].append(note)
    name = country.name(facts["country_code"])
    facts["country"] = name
    if name is None:
        clause = "T.018 Table 3.1" if second else "A1.2.3"
        facts["odd"].append(f"country code {facts['country_code']} is not allocated by the ITU ({clause})")
    system = facts["category"] == "orbitography" and facts.get("beacon_type") == "SYSTEM"
    facts["category_words"] = _SYSTEM_WORDS if system else CATEGORY_WORDS[facts["category"]]
    facts["changes"] = changes
    facts["fields"] = fields_of(layout, raws)
    facts["description"] = describe.sentences(facts)
    return Message("SGB" if second else "FGB", digits, form, facts)


def fields_of(layout: Layout, raws: dict[str, int]) -> dict[str, dict[str, Any]]:
    """Every field of a message: its bits, number, value, unit and meaning."""
    return {
        name: {
            "bits": [first, last],
            "raw": raws[name],
            "value": reader(raws[name]),
            "unit": unit,
            "doc": doc,
        }
        for name, first, last, reader, unit, doc in layout.columns
    }

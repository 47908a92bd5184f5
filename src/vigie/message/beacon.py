"""The front door of the message layer: a hex string or bits in, a ``Message`` with everything it states out.

``decode("9C7E...")``, ``from_bits("1111...")`` and ``from_llr(ratios)``. What a message states stands in
``Message.facts``, a plain dict whose keys are those that ``vigie decode --json`` prints. ``fgb`` and ``sgb`` know the
two generations; what they say is finished here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from vigie.errors import HexError
from vigie.message import country, describe, fgb, hexform, sgb
from vigie.records import Category, Message, Sync

if TYPE_CHECKING:  # NumPy is imported where it is needed: the command line must start without it
    from numpy.typing import ArrayLike

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
TRUSTED = 0.99
"""probability of a hex ID below which a softly decoded message is unreliable"""
_SYSTEM_WORDS = "System beacon: not a distress call"
_ID_WORDS = "An ID alone: it tells whose beacon it is, not that anybody is in distress"


def decode(text: str | None = None, *, form: str | None = None, llr: ArrayLike | None = None) -> Message:
    """The message that a hex string holds, in any of the forms of ``hexform``; or ``llr``, as ``from_llr`` takes them.

    ``form`` names the form where the number of digits leaves a choice: ``sgb_51`` or ``sgb_202_left_aligned``; without
    it the message's own checks tell. Raises HexError when the text is no beacon message: empty, with a character that
    is no hex digit, of a length that no form has, or without a sync pattern where the form begins with one. Never
    raises for any bits.
    """
    if llr is not None:
        return from_llr(llr)
    parsed = hexform.parse(text or "")
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


def from_llr(
    llr: ArrayLike, *, sync: Sync = "normal", expected_ids: Mapping[str, float] | Iterable[str] | None = None
) -> Message:
    """The most likely message of log-likelihood ratios ln P(0)/P(1), (112,), (144,) or (250,) from bit 1 on.

    Its facts have two more keys: ``confidence``, the probability that all of it is right, and ``identity_confidence``,
    that its hex ID is. Below ``TRUSTED`` the verdict is unreliable, however well the bits fit a code. ``expected_ids``:
    hex IDs that may be on the air, with the prior probability of each. ``sync``: the mode of a second-generation burst.
    Raises InputError for another number of ratios.
    """
    import numpy as np

    from vigie.message import soft

    ratios = np.asarray(llr, np.float64)
    if ratios.shape == (250,):
        second = soft.sgb(ratios, expected_ids=expected_ids)
        bits, whole, identity = second.bits, second.probability, second.identity_probability
    else:
        first = soft.fgb(ratios, expected_ids=expected_ids)
        bits, whole, identity = first.bits, first.probability, first.hex_id_probability
    received = "".join("1" if ratio < 0 else "0" for ratio in ratios[: len(bits)])
    message = mended(bits, received, sync=sync, trusted=identity >= TRUSTED)
    return replace(message, facts={**message.facts, "confidence": whole, "identity_confidence": identity})


def mended(bits: str, received: str, *, sync: Sync = "normal", trusted: bool = True) -> Message:
    """The message of the bits that a decoder chose, with those that came otherwise stated as corrected.

    ``bits`` and ``received`` are texts of zeros and ones of one length, as ``from_bits`` takes them. Without
    ``trusted`` the verdict is unreliable: the message is worth keeping, its identity is not to be relied on.
    """
    message = from_bits(bits, sync=sync)
    start = 1 if message.kind == "SGB" else 25  # the first-generation sync is no part of a code
    pairs = enumerate(zip(received, bits, strict=True), 1)
    wrong = [bit for bit, (came, chosen) in pairs if came != chosen and bit >= start]
    facts = {**message.facts, "input": _hex_of(message.received, received), "corrected_bits": wrong}
    counts = {"bch_errors": (1, 250), "bch1_errors": (25, 106), "bch2_errors": (107, 144)}
    for name, (first, last) in counts.items():
        if facts.get(name) is not None:
            facts[name] = sum(first <= bit <= last for bit in wrong)
    for name, (first, last) in {"bch1_encoded": (86, 106), "bch2_encoded": (133, 144)}.items():
        if name in facts:
            facts[name] = received[first - 1 : last]
    if facts["verdict"] == "ok" and wrong:
        facts["verdict"] = "corrected"
    if not trusted:
        facts |= {"verdict": "unreliable", "hex_id": None, "category": "unreliable"}
        facts["category_words"] = CATEGORY_WORDS["unreliable"]
    facts["description"] = describe.sentences(facts)
    return Message(message.kind, facts["input"], message.form, facts)


def _hex_of(like: str, bits: str) -> str:
    """Hex digits of bits in the form of ``like``, which may begin with two more bits."""
    lead = len(like) * 4 - len(bits)
    word = int(like, 16) >> len(bits) << len(bits) | int(bits, 2) if lead else int(bits, 2)
    return format(word, f"0{len(like)}X")


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
    fields, facts = sgb.message(digits, form) if second else fgb.message(digits, form)
    if note:
        facts["odd"].append(note)
    name = country.name(facts["country_code"])
    facts["country"] = name
    if name is None:
        clause = "T.018 Table 3.1" if second else "A1.2.3"
        facts["odd"].append(f"country code {facts['country_code']} is not allocated by the ITU ({clause})")
    system = facts["category"] == "orbitography" and facts.get("beacon_type") == "SYSTEM"
    facts["category_words"] = _SYSTEM_WORDS if system else CATEGORY_WORDS[facts["category"]]
    if form in describe.ID_FORMS and facts["category"] == "distress":
        facts["category_words"] = _ID_WORDS
    facts["changes"] = changes
    facts["fields"] = fields
    facts["description"] = describe.sentences(facts)
    return Message("SGB" if second else "FGB", digits, form, facts)

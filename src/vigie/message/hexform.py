"""Hex strings as people and programs write them: cleaned, told apart by length, refused with the reason.

What was changed is always said: a letter O read as a zero may hide a wrong digit.
"""

from __future__ import annotations

from typing import NamedTuple

from vigie.errors import HexError

SYNC_NORMAL = 0b111111111111111_000101111
SYNC_SELF_TEST = 0b111111111111111_011010000
SYNC_ERRORS = 2
"""wrong bits among the 24 of both sync patterns (C/S T.001 2.2.4) with which a message is still taken for one"""
_LENGTHS = {
    15: "hexid_15",
    22: "message_22",
    23: "hexid_23",
    28: "message_28",
    30: "message_30",
    36: "message_36",
    51: "sgb_51",
    63: "sgb_63",
}
_WHAT = (
    "15 (hex ID), 22 or 30 (bits 25 to 112 or 144), 28 or 36 (from bit 1), 23 (second-generation hex ID), "
    "51 or 63 (second-generation message)"
)
_BLANKS = " \t\r\n\f\v\u00a0\u2007\u2009\u202f_-:.,;'\""
_NO_BLANKS = {ord(blank): None for blank in _BLANKS}
_DIGITS = "0123456789ABCDEF"
_LOOKALIKES = {"O": "0", "I": "1", "L": "1"}
_REPLACE = {ord(letter): digit for letter, digit in _LOOKALIKES.items()}


class HexForm(NamedTuple):
    """A cleaned hex string and how it is to be read."""

    digits: str
    form: str
    changes: tuple[str, ...]
    """what was changed to read it, in words"""


def parse(text: str) -> HexForm:
    """Clean ``text`` and tell what it is. Raises HexError (empty, character, length)."""
    form = _LENGTHS.get(len(text))
    if form and not text.strip(_DIGITS):  # nothing to clean: as programs write it
        return HexForm(text, form, ())
    digits, changes = clean(text)
    form = _LENGTHS.get(len(digits))
    if form is None:
        plural = "digit" if len(digits) == 1 else "digits"
        raise HexError("length", f"{len(digits)} hex {plural}: a beacon message has {_WHAT}")
    return HexForm(digits, form, changes)


def clean(text: str) -> tuple[str, tuple[str, ...]]:
    """Upper-case hex digits of ``text`` and what was changed for it. Raises HexError (empty, character)."""
    changes: list[str] = []
    digits = text.translate(_NO_BLANKS)
    if len(digits) != len(text.strip()):
        changes.append("blanks and separators left out")
    if digits[:2] in ("0x", "0X"):
        digits = digits[2:]
        changes.append("prefix 0x left out")
    digits = digits.upper()
    for place, letter in enumerate(digits):
        if letter in _LOOKALIKES:
            changes.append(f"letter {letter} at digit {place + 1} read as {_LOOKALIKES[letter]}")
    digits = digits.translate(_REPLACE)
    if not digits:
        raise HexError("empty", "there is nothing to decode: the input is empty")
    wrong = [(place, letter) for place, letter in enumerate(digits) if letter not in _DIGITS]
    if wrong:
        place, letter = wrong[0]
        raise HexError("character", f"{letter!r} at digit {place + 1} is not a hex digit (0-9, A-F)")
    return digits, tuple(changes)


def sync_of(word: int) -> tuple[str, int]:
    """Which sync pattern the 24 bits are nearest to (normal, self_test) and how many of them differ."""
    normal, self_test = (word ^ SYNC_NORMAL).bit_count(), (word ^ SYNC_SELF_TEST).bit_count()
    return ("normal", normal) if normal <= self_test else ("self_test", self_test)

"""Two-way meanings of a field's whole number: what the bits say, and the bits for what is to be said.

A codec turns the ``raw`` number of a field into a value and back. For any value read from a message,
``read(write(value)) == value``. ``write`` raises ValueError, saying what would fit, when a value has no bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# C/S T.001 Table A3 and C/S T.018 Table 3.2, modified Baudot: six bits a character.
BAUDOT = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ -/0123456789",
        (
            0b111000, 0b110011, 0b101110, 0b110010, 0b110000, 0b110110, 0b101011, 0b100101, 0b101100, 0b111010,
            0b111110, 0b101001, 0b100111, 0b100110, 0b100011, 0b101101, 0b111101, 0b101010, 0b110100, 0b100001,
            0b111100, 0b101111, 0b111001, 0b110111, 0b110101, 0b110001,
            0b100100, 0b011000, 0b010111,
            0b001101, 0b011101, 0b011001, 0b010000, 0b001010, 0b000001, 0b010101, 0b011100, 0b001100, 0b000011,
        ),
        strict=True,
    )
)  # fmt: skip
_CHARACTER = {code: character for character, code in BAUDOT.items()}
UNREADABLE = "?"
"""stands for a code that is no character; written as a code that is none either, so it reads back as itself"""


@dataclass(frozen=True)
class Codec:
    """What a field's number means. ``words`` tells people; ``schema`` is the JSON Schema of the value."""

    words: str
    read: Callable[[int], Any]
    write: Callable[[Any], int]
    schema: Mapping[str, Any]


def _whole(value: Any, what: str = "a whole number") -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not {what}")
    if value < 0:
        raise ValueError(f"{value} is negative")
    return value


UINT = Codec("unsigned whole number", int, _whole, {"type": "integer", "minimum": 0})


def _flag(value: Any) -> int:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return int(value)


FLAG = Codec("1 = yes, 0 = no", bool, _flag, {"type": "boolean"})


def bits(width: int) -> Codec:
    """Bits that the standard leaves to others, as a text of zeros and ones."""

    def write(value: Any) -> int:
        if not isinstance(value, str) or len(value) != width or value.strip("01"):
            raise ValueError(f"{value!r} is not {width} zeros and ones")
        return int(value, 2)

    return Codec(
        "bits as they stand",
        f"{{:0{width}b}}".format,
        write,
        {"type": "string", "pattern": f"^[01]{{{width}}}$"},
    )


def fixed(expected: int, width: int) -> Codec:
    """Bits with one right value. Another value is read as it stands and reported as odd."""
    codec = bits(width)
    return Codec(f"always {expected:0{width}b}", codec.read, codec.write, codec.schema)


def enum(names: Mapping[int, str], spare: str = "spare", width: int = 0) -> Codec:
    """One of several names; a number without a name reads as ``spare_NUMBER``. ``width``: bits to show of a number."""
    numbers = {name: number for number, name in names.items()}
    width = width or max(number.bit_length() for number in names) or 1

    def write(value: Any) -> int:
        if isinstance(value, str) and value in numbers:
            return numbers[value]
        head, _, tail = str(value).rpartition("_")
        if head == spare and tail.isdecimal() and int(tail) not in names:
            return int(tail)
        raise ValueError(f"{value!r} is none of {', '.join(numbers)}")

    return Codec(
        "; ".join(f"{number:0{width}b} = {name}" for number, name in names.items()),
        lambda raw: names.get(raw) or f"{spare}_{raw}",
        write,
        {"type": "string", "examples": list(numbers)},
    )


def hexadecimal(digits: int) -> Codec:
    """A number as upper-case hex digits, such as a 24-bit aircraft address."""

    def write(value: Any) -> int:
        try:
            if not isinstance(value, str) or len(value) != digits or not value.isalnum():
                raise ValueError
            return int(value, 16)
        except ValueError:
            raise ValueError(f"{value!r} is not {digits} hex digits") from None

    return Codec(
        f"{digits} hex digits",
        f"{{:0{digits}X}}".format,
        write,
        {"type": "string", "pattern": f"^[0-9A-F]{{{digits}}}$"},
    )


def decimal(digits: int) -> Codec:
    """A number as a fixed count of decimal digits, such as the last six of an MMSI."""

    def write(value: Any) -> int:
        if not isinstance(value, str) or not value.isdecimal() or not value.isascii() or len(value) < digits:
            raise ValueError(f"{value!r} is not {digits} decimal digits")
        return int(value)

    return Codec(
        f"{digits} decimal digits",
        f"{{:0{digits}d}}".format,
        write,
        {"type": "string", "pattern": f"^[0-9]{{{digits},}}$"},
    )


def stepped(step: float, offset: float = 0, none: int | None = None, words: str = "") -> Codec:
    """``raw * step + offset``; the number ``none`` reads as None (no data)."""

    def write(value: Any) -> int:
        if value is None:
            if none is None:
                raise ValueError("a value is needed")
            return none
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e15:
            raise ValueError(f"{value!r} is not a number that could fit")
        raw = round((value - offset) / step)
        if abs(raw * step + offset - value) > 1e-6 * max(1.0, abs(value)):
            raise ValueError(f"{value} is not a multiple of {step}" + (f" past {offset}" if offset else ""))
        return raw

    return Codec(
        words or f"steps of {step}" + (f" from {offset}" if offset else ""),
        lambda raw: None if raw == none else raw * step + offset,
        write,
        {"type": ["number", "null"]},
    )


def text(characters: int, *, right: bool = False, short: bool = False) -> Codec:
    """Modified-Baudot text of a number of characters, filled with spaces (C/S T.001 Table A3).

    ``right``: right-justified, else left-justified. ``short``: letters in five bits, their first bit (1) left out
    (C/S T.001 A3.3.5.2 note 2). A code that is no character reads as ``?``.
    """
    width = 5 if short else 6
    mask, prefix = (1 << width) - 1, 0b100000 if short else 0
    alphabet = {code: character for code, character in _CHARACTER.items() if not short or code >= prefix}
    codes = {character: code & mask for code, character in alphabet.items()}
    # a five-bit code without a character: 00000 would be 100000
    codes[UNREADABLE] = 0

    def read(raw: int) -> str:
        found = [
            alphabet.get(raw >> width * place & mask | prefix, UNREADABLE) for place in range(characters - 1, -1, -1)
        ]
        return "".join(found).strip()

    def write(value: Any) -> int:
        if not isinstance(value, str) or len(value) > characters:
            raise ValueError(f"{value!r} is not a text of up to {characters} characters")
        wrong = sorted(set(value.upper()) - set(codes))
        if wrong:
            raise ValueError(f"{value!r} has {' '.join(wrong)}, which modified Baudot cannot write")
        raw = 0
        for character in value.upper().rjust(characters) if right else value.upper().ljust(characters):
            raw = raw << width | codes[character]
        return raw

    side = "right" if right else "left"
    return Codec(
        f"{characters} modified-Baudot characters" + (" of five bits" if short else f", {side}-justified"),
        read,
        write,
        {"type": "string", "maxLength": characters},
    )


def packed_digits(digits: int) -> Codec:
    """Binary-coded decimal digits, four bits each, left-justified; 1010 is a space (C/S T.001 A2.3)."""

    def read(raw: int) -> str:
        nibbles = [raw >> 4 * place & 15 for place in range(digits - 1, -1, -1)]
        return "".join(str(n) if n < 10 else " " if n == 10 else UNREADABLE for n in nibbles).rstrip()

    def write(value: Any) -> int:
        if not isinstance(value, str) or len(value) > digits or set(value) - set("0123456789 ?"):
            raise ValueError(f"{value!r} is not up to {digits} digits")
        raw = 0
        for character in value.ljust(digits):
            raw = raw << 4 | {" ": 10, UNREADABLE: 15}.get(character, ord(character) - 48)
        return raw

    schema = {"type": "string", "pattern": f"^[0-9 ?]{{0,{digits}}}$"}
    return Codec(f"{digits} binary-coded digits", read, write, schema)

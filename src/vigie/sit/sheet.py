"""A message as numbered lines, and the account of what was made of each: read, odd, or not understood.

Nothing of a message is lost: ``Reading.leave`` lists what no rule took, and the raw text goes with the values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from vigie.errors import InputError

MOST_CHARACTERS = 200_000
"""A longer text is refused: no message between centres comes near it (AFTN allows 1 800, RCC 6.2.6)."""
MOST_IN_LINE = 2_000
"""A longer line is kept and listed, but not searched for anything."""
_WIDE = " " * 41
_BLANKS = re.compile(r" {41,}")
_BREAK = re.compile(r"\r{0,2}\n|\r")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ufeff]")
_PLAIN = str.maketrans({"\u2013": "-", "\u2014": "-", "\u2212": "-", "\u00a0": " ", "\u2019": "'", "\t": " "})


class SitError(InputError):
    """A message that cannot be read or written. ``line``: its number from 1, or None where no line is at fault."""

    kind = "sit"

    def __init__(self, line: int | None, reason: str) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Line:
    """One line as received, without its end. ``number`` counts from 1 in the whole input."""

    number: int
    text: str
    ascii: str = field(init=False, compare=False)
    """trimmed, dashes and blanks of other alphabets made ASCII, runs of blanks cut to forty"""
    plain: str = field(init=False, compare=False)
    """for matching: ``ascii`` in upper case"""

    def __post_init__(self) -> None:
        text = self.text.strip()
        if not text.isascii() or "\t" in text:
            text = text.translate(_PLAIN).strip()
        if _WIDE in text:
            text = _BLANKS.sub(" " * 40, text)
        object.__setattr__(self, "ascii", text)
        object.__setattr__(self, "plain", text.upper())

    def printed(self, value: str) -> str:
        """A piece of ``plain`` in the case in which it was printed."""
        if len(self.plain) != len(self.ascii):  # upper case of some letters is longer
            return value
        place = self.plain.find(value)
        return self.ascii[place : place + len(value)] if place >= 0 else value


def text_of(data: bytes | str) -> str:
    """The text of received bytes: UTF-8, or Windows-1252 where it is none; never refused, no byte dropped unseen."""
    if isinstance(data, str):
        return data
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def lines_of(text: str, first: int = 1) -> list[Line]:
    """The lines of a text; any line end is taken, control characters become blanks."""
    rows = _BREAK.split(text)
    if rows and not rows[-1]:
        rows.pop()
    clean = (row if row.isprintable() else _CONTROL.sub(" ", row) for row in rows)
    return [Line(number, row.rstrip()) for number, row in enumerate(clean, first)]


@dataclass
class Reading:
    """What has been made of one message so far."""

    values: dict[str, Any] = field(default_factory=dict)
    unread: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)

    def note(self, line: Line | int | None, message: str) -> None:
        """Something odd that was tolerated, with the line it was seen on."""
        self.notes.append({"line": line.number if isinstance(line, Line) else line, "message": message})

    def leave(self, line: Line | None, text: str | None = None, place: str = "") -> None:
        """A line, or a piece of it, that was not understood: kept, listed. ``place``: where a writer puts it back."""
        kept = text.strip() if text is not None else line.ascii if line else ""
        if kept:
            row = {"line": line.number if line else None, "text": kept}
            self.unread.append(row | ({"place": place} if place else {}))

    def put(self, key: str, value: Any, line: Line, place: str = "") -> None:
        """A value under its key; a second, different one does not replace the first but is kept and listed."""
        if key not in self.values:
            self.values[key] = value
        elif self.values[key] != value:
            self.note(line, f"{key} is given twice: {self.values[key]!r} is kept, {value!r} not")
            self.leave(line, place=place)

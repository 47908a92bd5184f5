"""Messages between centres: text in, values out, and back.

Which form a text has follows from its shape and its SIT number together, because numbers are used twice: 160-169 were
US text until 2016 and are the US automated format since, 170-183 mean one thing to SARMaster and another in US text,
and a SIT 185 travels alone or inside a 915 or 925 (RCC manual v5.1; Annexes 9 to 11).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vigie.sit import catalogue, envelope, ladr, narrative, national, sit185, slashed
from vigie.sit.sheet import MOST_CHARACTERS, MOST_IN_LINE, Line, Reading, SitError, lines_of, text_of


@dataclass(frozen=True, slots=True)
class Sit:
    """One message between centres."""

    form: str
    """usmcc_rcc, usmcc_auto, usmcc_support, sit185, sarmaster, a002_automatic, narrative, ladr or unknown"""
    values: dict[str, Any]
    """what it says, by name; unknown is None"""
    text: str
    """as received"""
    unread: tuple[dict[str, Any], ...] = field(default=())
    """what was not understood: {"line": number from 1, "text": ...}"""
    notes: tuple[dict[str, Any], ...] = field(default=())
    """what was odd and tolerated: {"line": number or None, "message": ...}"""

    @property
    def facts(self) -> dict[str, Any]:
        """Everything, as ``vigie sit parse --json`` prints it."""
        lists = {"unread": list(self.unread), "notes": list(self.notes), "text": self.text}
        return {"form": self.form, **self.values, **lists}


TOLD = ("beacon_id", "solutions", "mcc_reference_position", "positions", "lat", "lon")
"""values that must come through writing and reading whole: whose beacon it is, and where"""


def split(data: bytes | str) -> Iterator[tuple[int, str]]:
    """The messages of a file: number of the first line, and text. A file without any gives none."""
    text = text_of(data)
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        start, line = 0, 1
        while start < len(text):
            after = text.find("<?xml", start + 1)
            after = len(text) if after < 0 else after
            if text[start:after].strip("\ufeff \t\r\n"):
                yield line, text[start:after]
            line += text.count("\n", start, after)
            start = after
        return
    for piece in envelope.split(lines_of(text)):
        yield piece[0].number, "\n".join(line.text for line in piece) + "\n"


def parse(data: bytes | str, first_line: int = 1) -> Sit:
    """Read one message. ``first_line``: its first line's number in the file it came from.

    Raises SitError, with the line and the reason, only where nothing can be made of the text: it is empty, too long,
    has neither envelope nor title, or is XML that is broken, unsafe or of another kind. Everything else is read as far
    as it goes; what is not understood is listed in ``unread`` and what was tolerated in ``notes``.
    """
    text = text_of(data)
    if len(text) > MOST_CHARACTERS:
        raise SitError(first_line, f"{len(text)} characters are more than {MOST_CHARACTERS}, more than any message has")
    reading = Reading()
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        ladr.read(text, reading)
    else:
        _read_text(lines_of(text, first_line), reading, first_line)
    form = reading.values.pop("form")
    if found := catalogue.meaning(form, reading.values.get("sit")):
        reading.values["meaning"] = found
    return Sit(form, reading.values, text, tuple(reading.unread), tuple(reading.notes))


def _read_text(lines: list[Line], reading: Reading, first_line: int) -> None:
    first = next((line for line in lines if line.plain), None)
    if first is None:
        raise SitError(first_line, "an empty message")
    for place, line in enumerate(lines):
        if len(line.text) > MOST_IN_LINE:
            reading.note(line, f"a line of {len(line.text)} characters, longer than any that is read")
            reading.leave(line, line.text, place=envelope.OUTSIDE)
            lines[place] = Line(line.number, "")
    body = envelope.read(lines, reading)
    if body is None and not sit185.has_shape(lines) and national.is_certain(lines):
        reading.values |= dict.fromkeys(("msg_no", "orig_no", "orig_facility", "transmit_time", "sit", "dest"))
        reading.note(None, "the envelope is missing: number, originator, time and SIT number are not known")
        national.read(lines, reading)
        return
    if body is None:
        if not (sit185.has_shape(lines) or sit185.is_likely(lines)):
            raise SitError(
                first.number,
                f"{first.plain[:60]!r} is neither a header '/nnnnn nnnnn/nnnn/yy ddd hhmm' followed by '/SIT/DEST' "
                "nor the title of a SIT 185, and no later line is either",
            )
        sit185.read(lines, reading)
        return
    number = reading.values["sit"]
    if sit185.has_shape(body) or (number == "185" and not national.is_certain(body)):
        sit185.read(_inner(body, reading), reading)
    elif number in narrative.KNOWN:
        narrative.read(body, reading)
    elif number and slashed.has_shape(body):
        slashed.read(body, reading)
    elif national.has_shape(body):
        national.read(body, reading)
    else:
        narrative.read(body, reading)


def _inner(body: list[Line], reading: Reading) -> list[Line]:
    """The lines of a SIT 185. Inside a 915 or 925 it begins at its title; a 925 begins with the beacon ID."""
    if reading.values["sit"] == "185":
        return body
    title = next((index for index, line in enumerate(body) if envelope.is_title(line)), 0)
    for line in body[:title]:
        text = line.plain.strip("/ ")
        if reading.values["sit"] == "925" and text and len(text) in (15, 23):
            reading.values["wrapped_beacon_id"] = text
        elif text:
            reading.leave(line)
    return body[title:]


def format_message(facts: dict[str, Any]) -> str:
    """Write a message from its values, as ``Sit.facts`` has them. SitError names what is missing or does not fit.

    A message that was read, and may have been damaged, is read again as it is written: what another centre would take
    for something else is not handed out.
    """
    from vigie.sit import writing

    written = writing.write(facts)
    if "text" not in facts:
        return written
    again = parse(written)
    wrong = [key for key in TOLD if facts.get(key) is not None and again.values.get(key) != facts[key]]
    if again.form != facts.get("form"):
        wrong.append("form")
    if wrong:
        raise SitError(None, f"what would be written would not be read as it is meant: {', '.join(wrong)}")
    return written

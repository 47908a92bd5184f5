"""National text for rescue centres: the US format (SIT 170-179, 370-379; before 2016 also 160-169).

Blocks under lines of asterisks, then lines known by their labels (RCC manual v5.1, chapters 3 and 4). What the message
means follows from its SIT number and its reference position, never from its title.
"""

from __future__ import annotations

import re
from typing import Any

from vigie.sit import solutions
from vigie.sit import values as forms
from vigie.sit.labels_national import BLOCKS, DECODE
from vigie.sit.sheet import Line, Reading

_LABEL = re.compile(
    r"(?<![A-Z0-9])(" + "|".join(sorted(map(re.escape, DECODE), key=len, reverse=True)) + r")\s{0,9}:",
    re.ASCII | re.IGNORECASE,
)
_HEADING = re.compile(r"\*{2,120}\s*([^*]*?)\s*\*{0,120}")
_SPECIAL = re.compile(r"!{2,40}\s*([^!]*?)\s*!{0,40}")
_IDENTITY = re.compile(r"BEACON ID:\s*(.*?)\s*(?:SITE ID:\s*(\S*)\s*(?:CLOSE TIME:\s*(.*))?)?", re.ASCII)
_REFERENCE = re.compile(r"\s*(\d{1,4}(?:\.\d{0,3})?)\s{0,9}HRS?\.?\s*(.*)", re.ASCII)
_FREQUENCY = re.compile(r"(\d{3}\.\d{1,6})\s*MHZ", re.ASCII)
_IHDB = re.compile(r"(\d{1,6})\s+IHDB RECORD\(S\) FOUND(?:, MOST RECENT:\s*(\d{4}-\d{2}-\d{2}))?\.?", re.ASCII)
_NAMES = re.compile(r"(?:[A-Z0-9_-]{2,12}(?:[ ,]{1,40}|$)){0,40}", re.ASCII)
_NONE = {"N/A", "NONE", "NIL"}


def has_shape(body: list[Line]) -> bool:
    """Whether a body is national text: headings of asterisks or a beacon identity line."""
    return any(line.plain.startswith("**") or _IDENTITY.match(line.plain) for line in body)


def is_certain(lines: list[Line]) -> bool:
    """Whether text without an envelope is national text: it has the heading of a block and a beacon identity line."""
    headings = [match[1] for line in lines if (match := _HEADING.fullmatch(line.plain))]
    known = any(words in heading for heading in headings for _, words in BLOCKS)
    return known and any(line.plain.startswith("BEACON ID:") for line in lines)


class _Reader:
    """Walks the lines; ``block`` says whose lines they are."""

    def __init__(self, body: list[Line], reading: Reading) -> None:
        self.body, self.reading, self.put = body, reading, reading.values
        self.block, self.index, self.previous = "head", 0, False
        self.waiting = ""
        """the list or the label that following lines belong to"""

    def run(self) -> None:
        self.put |= {"form": "usmcc_rcc", "position_confirmed": False, "solutions": []}
        while self.index < len(self.body):
            line = self.body[self.index]
            self.index += 1
            if line.plain in {"", "QQQQ", "/"}:
                self.waiting = "" if self.waiting.endswith("sent_to") and self.put.get(self.waiting) else self.waiting
                if self.block in {"registration", "feedback"}:
                    self.put[self.block].append("")
            elif not self._heading(line):
                getattr(self, f"_{self.block}")(line)
        for key in ("registration", "feedback"):
            if key in self.put:
                self.put[key] = _trim(self.put[key])
        if self.put.get("position_resolution") == "4 SECONDS":
            self._check_grid()
        if self.put["solutions"] or "mcc_reference_position" in self.put or "beacon_id" in self.put:
            return
        self.reading.note(None, "no beacon ID, no solution and no reference position was found")

    def _check_grid(self) -> None:
        """Minutes of a position coded in steps of 4 seconds end in few ways; any other says that a digit is wrong."""
        for solution in self.put["solutions"]:
            for key in ("lat", "lon"):
                value = solution[key]
                if solution["sol"] == "E" and value is not None:
                    steps = abs(value) * 900
                    if abs(steps - round(steps)) * 4 / 60 > 0.0085:
                        text = f"the encoded {key} {value} is no multiple of the stated resolution of 4 seconds"
                        self.reading.note(None, text)

    def _heading(self, line: Line) -> bool:
        match = _SPECIAL.fullmatch(line.plain)
        if match and match[1]:
            self._special(line, match[1])
            return True
        match = _HEADING.fullmatch(line.plain)
        if not match:
            return False
        block = next((name for name, words in BLOCKS if words in match[1]), None)
        if block is None:
            if self.block == "feedback":
                self._feedback(line)
                return True
            if "title" in self.put:
                self._keep(line)
                return True
            self.put["title"] = match[1]
            if self.block != "head":
                self.reading.note(line, "the title stands after other blocks")
            return True
        self.waiting = ""
        self.block = block
        if block == "conflict":
            self.put["position_conflict"], self.block = True, "solutions"
        if block in {"registration", "feedback"}:
            self.put.setdefault(block, [])
        return True

    def _special(self, line: Line, text: str) -> None:
        if "special_header" in self.put:
            self.put.setdefault("special_headers", [self.put["special_header"]]).append(text)
        self.put.setdefault("special_header", text)
        if "UNRELIABLE" in text:
            self.put["beacon_message_reliable"] = False

    def _head(self, line: Line) -> None:
        """Before the first block: identity, status, and the text some messages begin with."""
        if not self._identity(line):
            if "title" in self.put:
                self._sentence(line)
            else:
                self.put.setdefault("preface", []).append(line.ascii)

    def _identity(self, line: Line) -> bool:
        text = line.plain
        match = _IDENTITY.fullmatch(text) if text.startswith("BEACON ID:") else None
        if match:
            self._beacon(line, match)
        elif text.startswith("SITE ID:"):
            self._set("site_id", text[8:].strip() or None, line)
        elif text.startswith("STATUS:"):
            self._set("status", line.text.strip()[7:].strip(), line)
        else:
            return False
        return True

    def _beacon(self, line: Line, match: re.Match[str]) -> None:
        identity = forms.hex_id(match[1])
        if identity is None and match[1]:
            self.reading.note(line, f"{match[1]!r} is no beacon ID of 15 or 23 hexadecimal digits")
            self.reading.leave(line, match[1], place="beacon_id")
        self._set("beacon_id", identity, line)
        if identity:
            self.put.setdefault("beacon_id_mid", forms.country_of(identity))
        if match[2]:
            self._set("site_id", match[2], line)
        if match[3]:
            self._time("close_time", match[3], line)

    def _time(self, key: str, text: str, line: Line) -> None:
        time = forms.national(text, self.put.get("transmit_time"))
        if time is None and text.strip() not in _NONE:
            self.reading.note(line, f"{key}: {text!r} is no date of the calendar, or the header's time is not known")
            self.reading.leave(line, text, place=key)
        self._set(key, time, line)

    def _reference(self, line: Line) -> None:
        place = forms.position(line.plain)
        rest = _REFERENCE.fullmatch(place[3]) if place else None
        if solutions.is_row(line) and not rest:
            self.block = "solutions"
            self._solutions(line)
        elif place and not place[2].strip() and (rest or not place[3].strip()):
            areas = solutions.srr_list(rest[2]) if rest else []
            found = {"lat": place[0], "lon": place[1], "duration_h": float(rest[1]) if rest else None}
            self._set("mcc_reference_position", found | ({"srr": areas} if areas else {}), line)
            self.put["position_confirmed"] = True
        elif not solutions.is_head(line):
            self._sentence(line)

    def _solutions(self, line: Line) -> None:
        if solutions.is_row(line):
            after = self.body[self.index] if self.index < len(self.body) else None
            found = solutions.read(line, self.reading, after)
            if found:
                self.put["previous_solutions" if self.previous else "solutions"].append(found[0])
                self.index += found[1]
                return
            self.reading.note(line, "begins as a solution but cannot be read as one")
            self._keep(line)
        elif not solutions.is_head(line) and not self._identity(line):
            self._sentence(line)

    def _sentence(self, line: Line) -> None:
        """The notes below a table."""
        text = line.plain
        if text.startswith("DETECTION FREQUENCY:"):
            match = _FREQUENCY.search(text)
            self._set("detection_frequency_mhz", float(match[1]) if match else None, line)
            if not match:
                self.put["detection_frequency_note"] = text[20:].strip()
        elif text.startswith("FIRST DETECT TIME:"):
            self._time("first_detect_time", text[18:].strip(), line)
        elif text.startswith("UNCORROBORATED MEOSAR ALERT"):
            self.put["uncorroborated"] = True
        elif "HIGH PROBABILITY THAT" in text and "DOPPLER POSITION" in text and "ACCURATE WITHIN 5 KM" in text:
            self.put["doppler_nominal_5km"] = True
        elif "IMAGE POSITION" in text or text.startswith(("WARNING", "CAUTION")):
            self.put.setdefault("warnings", []).append(line.ascii)
        elif "CANCELLATION" in text and "CONFIRMED" in text:
            self.put["cancellation_confirmed"] = not re.search(r"NOT CONFIRMED|UNCONFIRMED", text)
        elif match := _IHDB.fullmatch(text):
            self.put |= {"ihdb_records": int(match[1]), "ihdb_most_recent": match[2]}
        else:
            self._keep(line)

    def _set(self, key: str, value: Any, line: Line) -> None:
        self.reading.put(key, value, line, place=self._place())

    def _keep(self, line: Line) -> None:
        self.reading.leave(line, place=self._place())

    def _place(self) -> str:
        return "previous" if self.previous else {"reference": "solutions"}.get(self.block, self.block)

    def _decode(self, line: Line) -> None:
        text = line.ascii
        labels = list(_LABEL.finditer(text))
        if not labels or text[: labels[0].start()].strip():
            self._decode_sentence(line)
            return
        for label, after in zip(labels, [*labels[1:], None], strict=True):
            value = text[label.end() : after.start() if after else None].strip()
            key = DECODE[label[1].upper()]
            if key == "addr24":
                value = value.upper().removeprefix("HEX=")
            if value:
                self._set(key, value, line)
            self.waiting = key if not value and key == "altitude_text" else ""

    def _decode_sentence(self, line: Line) -> None:
        text = line.plain
        if self.waiting == "altitude_text":
            self.put["altitude_text"], self.waiting = text, ""
        elif "NOT RELIABLE" in text:
            self.put["beacon_message_reliable"] = False
            self.put.setdefault("decode_text", []).append(line.ascii)
        elif _IHDB.fullmatch(text) or ("CANCELLATION" in text and "CONFIRMED" in text):
            self._sentence(line)
        else:
            self.put.setdefault("decode_text", []).append(line.ascii)

    def _registration(self, line: Line) -> None:
        self.put["registration"].append(line.text.rstrip())

    def _feedback(self, line: Line) -> None:
        text = line.plain
        if text.startswith("BEACON ID:"):
            self._identity(line)
        self.put["feedback"].append(line.text.rstrip())

    def _support(self, line: Line) -> None:
        text = line.plain
        head, colon, rest = text.partition(":")
        if head.endswith("PROCESSING TIME") and colon:
            if name := head.removesuffix("PROCESSING TIME").strip():
                self._set("processing_mcc", name, line)
            self._time("processing_time", rest.strip(), line)
        elif head.endswith("MESSAGE IS BEING SENT TO") and colon:
            self._receivers("sent_to", rest, line)
        elif head.endswith("PREVIOUSLY SENT TO") and colon:
            self._receivers("previously_sent_to", rest, line)
        elif head == "PREVIOUS MESSAGE INFORMATION" and colon:
            self.previous, self.waiting = True, ""
            self.put.setdefault("previous_solutions", [])
        elif self.waiting and _NAMES.fullmatch(line.ascii):
            self._receivers(self.waiting, text, line)
        else:
            self._solutions(line)

    def _receivers(self, key: str, text: str, line: Line) -> None:
        self.waiting = key
        if not _NAMES.fullmatch(text.strip()) and text.strip() not in _NONE:
            self._keep(line)
            text = ""
        found = self.put.setdefault(key, [])
        if text.strip() in _NONE:
            self.waiting = ""
        found += [name for name in re.split(r"[\s,]+", text.strip()) if name and name not in _NONE]


def _trim(rows: list[str]) -> list[str]:
    """Rows without the empty ones at both ends."""
    first = next((i for i, row in enumerate(rows) if row.strip()), len(rows))
    last = next((i for i, row in enumerate(reversed(rows)) if row.strip()), 0)
    return rows[first : len(rows) - last]


def read(body: list[Line], reading: Reading) -> None:
    """Put what national text says into the reading."""
    _Reader(body, reading).run()

"""Message fields as numbered rows, each with a two-way text form.

The numbers are the MF numbers of C/S A.002 as the USMCC RCC Messages Manual v5.1 (21 Sep 2023), Annexes 9 to 11, prints
them; C/S A.002 itself was not read, so nothing here claims conformity with it. Names that begin with ``auto.`` are
fields of the US automated format (Annex 9), which have no MF number there.

``read`` takes what centres send and raises ValueError with the reason; ``write`` prints the template.
``read(write(value)) == value`` for every value read from a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vigie.sit import values as forms

RCC = "RCC manual v5.1"
_NUMBER = re.compile(r"[+-]?\d{1,9}(?:\.\d{1,9})?")
_PATTERN = re.compile(r"(s?)(n+)(?:\.(n+))?")


@dataclass(frozen=True)
class Codec:
    """A two-way text form: ``read`` text to value, ``write`` value to text; both raise ValueError with the reason."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]


@dataclass(frozen=True)
class Field:
    """One numbered field."""

    number: str
    name: str
    template: str
    codec: Codec
    key: str = ""
    """its name among a message's values, where it has one of its own"""
    doc: str = ""
    source: str = RCC
    empty: str = " "
    """what stands for None between two slashes"""

    def read(self, text: str) -> Any:
        """The value of the text between two slashes; None when it is blank, or what stands for None."""
        given = text.strip()
        return self.codec.read(given) if given and given != self.empty else None

    def write(self, value: Any) -> str:
        """The text of a value; ``empty`` for None."""
        return self.empty if value is None else self.codec.write(value)


def free() -> Codec:
    """Any text on one line without a slash."""

    def write(value: Any) -> str:
        text = str(value)
        if not text.isprintable() or "/" in text:
            raise ValueError(f"{value!r} does not fit between two slashes of one line")
        return text

    return Codec(lambda text: text, write)


def digits(width: int) -> Codec:
    """Exactly ``width`` digits, kept as text: a number that names something."""

    def check(value: Any) -> str:
        text = str(value)
        if not (len(text) == width and text.isascii() and text.isdigit()):
            raise ValueError(f"{value!r} is not {width} digit{'s' * (width > 1)}")
        return text

    return Codec(check, check)


def numbers(template: str) -> Codec:
    """Numbers of fixed width, blanks between; one alone is a value, several are a list. n a digit, s a sign."""
    parts = [(bool(sign), len(whole), len(decimals)) for sign, whole, decimals in _PATTERN.findall(template)]

    def read(text: str) -> Any:
        words = text.split()
        if len(words) != len(parts) or not all(_NUMBER.fullmatch(word) for word in words):
            raise ValueError(f"{text!r} is not {template}")
        found = [float(word) + 0.0 if part[2] else int(word) for word, part in zip(words, parts, strict=True)]
        return found if len(found) > 1 else found[0]

    def write(value: Any) -> str:
        given = list(value) if isinstance(value, (list, tuple)) else [value]
        if len(given) != len(parts) or not all(isinstance(v, (int, float)) for v in given):
            raise ValueError(f"{value!r} is not {template}")
        return " ".join(_print(v, *part) for v, part in zip(given, parts, strict=True))

    def _print(value: float, sign: bool, whole: int, decimals: int) -> str:
        width = whole + (decimals + 1 if decimals else 0)
        text = f"{abs(value):0{width}.{decimals}f}"
        if value < 0 and not sign:
            raise ValueError(f"{value!r} is negative, the template is {template}")
        return ("-" if value < 0 else "+") * sign + text

    return Codec(read, write)


def degrees(template: str, limit: float) -> Codec:
    """Signed degrees within a limit. A text without a decimal point is some other field that has slipped in here."""
    plain = numbers(template)

    def read(text: str) -> float:
        if "." not in text:
            raise ValueError(f"{text!r} is not {template}")
        return check(plain.read(text))

    def check(value: Any) -> float:
        if not isinstance(value, (int, float)) or abs(value) > limit:
            raise ValueError(f"{value!r} degrees is beyond {limit:g}")
        return value

    return Codec(read, lambda value: plain.write(check(value)))


def time(seconds: str = "") -> Codec:
    """``yy ddd hhmm`` and seconds; ISO 8601 as a value, None for the zeros that stand for no time."""

    def read(text: str) -> str | None:
        found = forms.julian(text)
        if found is None and text.strip("0 .:"):
            raise ValueError(f"{text!r} is no time 'yy ddd hhmm{seconds}'")
        return found

    return Codec(read, lambda value: forms.to_julian(value, seconds))


def pair(width: int) -> Codec:
    """Two numbers that name messages: current and original."""
    one = digits(width)

    def read(text: str) -> list[str]:
        words = text.split()
        if len(words) != 2 or not all(word.isascii() and word.isdigit() and len(word) <= width for word in words):
            raise ValueError(f"{text!r} is not two numbers of {width} digits")
        return [word.zfill(width) for word in words]

    return Codec(read, lambda value: " ".join(one.write(part) for part in value))


def hexes(*lengths: int) -> Codec:
    """Hexadecimal digits, as many as one of the lengths."""

    def check(value: Any) -> str:
        text = re.sub(r"\s+", "", str(value)).upper()
        if len(text) not in lengths or not re.fullmatch(r"[0-9A-F]+", text):
            raise ValueError(f"{value!r} is not {' or '.join(map(str, lengths))} hexadecimal digits")
        return text

    return Codec(check, check)


def flag() -> Codec:
    """A sign and three digits, kept as text: -000 is not +000."""

    def check(value: Any) -> str:
        if not re.fullmatch(r"[+-]\d{3}", str(value), re.ASCII):
            raise ValueError(f"{value!r} is not a sign and three digits")
        return str(value)

    return Codec(check, check)


def yes_no() -> Codec:
    """Y or N."""

    def read(text: str) -> bool:
        if text not in {"Y", "N"}:
            raise ValueError(f"{text!r} is neither Y nor N")
        return text == "Y"

    return Codec(read, lambda value: "Y" if value else "N")


_ROWS = (
    Field("1", "message numbers", "nnnnn nnnnn", pair(5), doc="current, sequential per destination; original, 00000 "
          "unless the message is a retransmission (3.1)"),
    Field("1B", "original message number for this beacon", "nnnnn", digits(5),
          doc="SARMaster only; the USMCC puts the last five digits of its site number there (Annexes 10, 11)"),
    Field("2", "originating facility", "nnnn", digits(4), "orig_facility", "MCC: country code and one digit (3.1)"),
    Field("3", "transmit time", "yy ddd hhmm", time(), "transmit_time", "UTC (3.1)"),
    Field("4", "SIT number", "nnn", free(), "sit", "automated format nnna (3.1)"),
    Field("5", "destination", "nnnn", free(), "dest", "MCC id, or a national code of up to six characters (3.1)"),
    Field("6", "satellite", "nnn", digits(3), "satellite", "300: a set of MEOSAR satellites (Annex 10, Table 10.2)"),
    Field("7B", "orbit of next visibility", "nnnnn", digits(5), doc="SARMaster only (Annex 11 A.3)"),
    Field("8", "number of alerts", "nn", digits(2), "n_alerts", "Annex 11 samples"),
    Field("11", "source LUT", "nnnn", digits(4), "lut", "first three digits: country code (Annex 10)"),
    Field("12", "data flag and frequency band", "cn", free(),
          doc="DOA: + and 8. What + and - mean for a LEO pass was in no document read (Annex 10, Table 10.2)"),
    Field("13", "frequency: bias, drift, its rate", "snnnnn.n nnn.n snn.nn", numbers("snnnnn.n nnn.n snn.nn"),
          doc="Hz; the bias is from 406.025 MHz by inference from samples (Annex 10)"),
    Field("14", "time of closest approach or of detection", "yy ddd hhmm ss.ss", time(" ss.ss"), "detect_time",
          "MEOSAR: last burst (Annex 10)", empty="00 000 0000 00.00"),
    Field("15", "window factor; DOA: footprint", "n", digits(1),
          doc="DOA: 0 inside every satellite's footprint, 8 unknown, 9 outside (Annex 10, Table 10.2)"),
    Field("16", "iterations", "n", digits(1), doc="0 for DOA (Annex 10, Table 10.2)"),
    Field("17", "cross-track angle", "nn.nnn", numbers("nn.nnn"), doc="degrees; 0 for DOA (Annex 10, Table 10.2)"),
    Field("18", "DOA: expected horizontal error", "nnnn", digits(4),
          doc="NM, rounded up; 0000 not available, 0999 over 150 NM; of a LEO pass another number (Annex 10)"),
    Field("19", "121.5 MHz only", "nn", free(), doc="obsolete (Annex 11)"),
    Field("20", "121.5 MHz only", "nnnn nn", free(), doc="obsolete (Annex 11)"),
    Field("21", "number of points", "nn", digits(2), doc="MEOSAR: packets; 01 on a first alert may mean that it is "
          "uncorroborated (Annex 10)"),
    Field("22", "beacon ID", "15 or 23 hex", hexes(15, 23), "beacon_id", "position bits at default (3.2.1.1)"),
    Field("23", "406 MHz message", "30 hex", hexes(30, 63), "beacon_message_30hex",
          "bits 25-144; a short message is filled with zeros on the right (2.1.3)"),
    Field("24", "position flag and SAR code", "snnn", flag(), doc="unconfirmed: + and +; confirmed and "
          "matching: + on the reference, - on the new solution; conflict after confirmation: - and - (Table 10.4)"),
    Field("25", "latitude", "snn.nnn", degrees("snn.nnn", 90), doc="degrees, north positive; 0 when not applicable"),
    Field("26", "longitude", "snnn.nnn", degrees("snnn.nnn", 180), doc="degrees, east positive; 0 when not applicable"),
    Field("27", "error ellipse: heading, major, minor", "nnn nnn.n nnn.n", numbers("nnn nnn.n nnn.n"),
          doc="units were in no document read (Annex 11 samples)"),
    Field("28", "probability", "nn", numbers("nn"), doc="per cent; 50-99 A, 01-50 B, 99 on a confirmed line, 00 DOA"),
    Field("29", "next visibility", "yy ddd hhmm", time(), doc="numbered so in Annex 11; the text of Annex 10 calls the "
          "confidence factor 29", empty="00 000 0000"),
    Field("30", "confidence factor", "n", digits(1), doc="numbered so in Annex 11; in the text of Annex 10 it is 29"),
    Field("31", "residual deviation and trend", "nnn.n nnn.n", numbers("nnn.n nnn.n"),
          doc="numbered so in Annex 11; in the text of Annex 10 it is 30; printed samples wrap before it"),
    Field("665", "country name, or BEACON MESSAGE IS NOT RELIABLE", "text", free(),
          doc="SARMaster only (Annex 11 A.2)"),
    Field("666", "ELT id 1 (not 406)", "text", free(), doc="SARMaster only (Annex 11 A.2)"),
    Field("667", "ELT id 2 (not 406)", "text", free(), doc="SARMaster only (Annex 11 A.2)"),
    Field("668", "duration", "nnn.nnn", numbers("nnn.nnn"), "duration_h", "hours; SARMaster only (Annex 11 A.2)"),
    Field("669", "satellite of next pass", "aaa", free(), doc="SARMaster only (Annex 11 A.2)"),
    Field("670", "number of passes", "nn", numbers("nn"), doc="SARMaster only (Annex 11 A.2)"),
    Field("671", "number of solutions", "nn", numbers("nn"), doc="SARMaster only (Annex 11 A.2)"),
    Field("672", "SRR name", "aaaaaa", free(), doc="SARMaster only (Annex 11 A.2)"),
    Field("673", "LUT of next pass", "aaa", free(), doc="SARMaster only (Annex 11 A.2)"),
    Field("674", "missed pass solution", "aa", free(), doc="blank, A, B or AB; SARMaster only (Annex 11 A.2)"),
    Field("auto.craft", "HHR ID of a CSEL beacon", "text", free(), doc="NA for any other (Annex 9, Table 9.1)"),
    Field("auto.site", "site number", "nnnnnn", free(), "site_id", "Annex 9"),
    Field("auto.reliable", "beacon message reliable", "Y or N", yes_no(), "reliable", "Annex 9"),
    Field("auto.program", "program", "text", free(), "program", "Annex 9"),
    Field("auto.type", "beacon type", "text", free(), "beacon_type", "Annex 9"),
    Field("auto.time", "detection time", "yy ddd hhmmss", time("ss"), doc="Annex 9", empty="zz zzz zzzzzz"),
    Field("auto.sat", "satellite", "aaa", free(), "sat", "as printed on national text; W00 MEOSAR (Annex 9)"),
    Field("auto.lat", "latitude", "snn.nnnn", degrees("snn.nnnn", 90), doc="degrees, north positive (Annex 9)",
          empty="szz.zzzz"),
    Field("auto.lon", "longitude", "snnn.nnnn", degrees("snnn.nnnn", 180), doc="degrees, east positive (Annex 9)",
          empty="szzz.zzzz"),
    Field("auto.3", "position uncertainty", "nnnn.nn", numbers("nnnn.nn"), doc="DOA: expected error in km; Doppler: "
          "0.01 inside the satellite's footprint, 0 outside; 9999.99 no information (Annex 9, Table 9.1)"),
    Field("auto.quality", "encoded position quality", "a", free(), doc="R refined, C coarse, G gross, Z no data "
          "(Annex 9, Table 9.1)", empty="Z"),
    Field("auto.prob", "Doppler probability", "nn", numbers("nn"), doc="per cent; DOA: 01 inside the satellites' "
          "footprint, 00 outside (Annex 9, Table 9.1)", empty="zz"),
)  # fmt: skip

FIELDS: dict[str, Field] = {row.number: row for row in _ROWS}
"""Every numbered field by its number."""

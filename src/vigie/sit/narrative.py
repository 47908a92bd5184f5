"""Narratives (605, 915, 925, 950) and support messages (951-956, 985): free text, and the few lines that are regular.

RCC manual v5.1, chapters 5 and 6 and Annex 11. The text is the message: it is kept whole, under ``narrative``.
"""

from __future__ import annotations

import re
from typing import Any

from vigie.sit import values as forms
from vigie.sit.sheet import Line, Reading

NARRATIVES = {"605": "system status or narrative", "915": "narrative", "925": "beacon registration data",
              "950": "US narrative"}  # fmt: skip
SUPPORT = {"951": "alert site query report", "952": "beacon registration", "953": "mutual visibility schedule",
           "956": "characteristics of an SGB type approval number",
           "985": "characteristics of an SGB type approval number"}  # fmt: skip
KNOWN = NARRATIVES | SUPPORT
_IDENTITY = re.compile(r"BEACON ID:\s*(.*?)\s*(?:SITE ID:\s*(\S*))?", re.ASCII)
_PASS = re.compile(
    r"(\d{3})\s{1,40}(\d{2} \d{4} [A-Z]{3})\s{1,40}([A-Z]{1,2}\d{1,2}|MEO)\s{1,40}(\S{1,12})\s{1,40}(\S.{0,60})",
    re.ASCII,
)
_HEXACODE = re.compile(r"(?:HEXACODE|HEX ID|15 HEX ID)\s*:?\s*([0-9A-F ]{15,40})", re.ASCII)


def _passes(body: list[Line], near: str | None) -> list[dict[str, Any]]:
    """Rows of a mutual visibility schedule: ``FREQ DD HHMM MON SAT SOURCE VISIBILITY``."""
    found = [match for line in body if (match := _PASS.fullmatch(line.plain))]
    keys = ("frequency", "time", "sat", "source", "visibility")
    rows = [dict(zip(keys, match.groups(), strict=True)) for match in found]
    return [row | {"time": forms.national(row["time"], near)} for row in rows]


def _characteristics(body: list[Line]) -> dict[str, Any]:
    """Certificate number and items of a message about a type of beacon."""
    found: dict[str, Any] = {"items": {}}
    for line in body:
        if match := re.search(r"\bTAC\s+(\d{1,5})\b", line.plain):
            found.setdefault("tac", int(match[1]))
        for part in re.split(r"(?:^|\s)-\s+", line.plain):
            label, mark, value = part.partition(":") if ":" in part else part.partition("=")
            if mark and line.plain.startswith("-"):
                found["items"].setdefault(label.strip(), value.strip())
    return found


def read(body: list[Line], reading: Reading) -> None:
    """Keep the text; pick out the beacon it is about where a line says so."""
    sit, put = reading.values["sit"], reading.values
    put["form"] = "usmcc_support" if sit in SUPPORT or sit == "950" else "narrative"
    if sit not in KNOWN:
        put["form"] = "unknown"
        reading.note(None, f"nothing is known of the body of a SIT {sit or 'without a number'}: it is kept as text")
    rows = [line.text.rstrip() for line in body]
    if rows and rows[0].startswith("/"):
        rows[0] = rows[0][1:]
        reading.note(body[0], "the text begins with a slash, which is taken off")
    while rows and not rows[-1].strip():
        rows.pop()
    put["narrative"] = rows
    for line in body:
        text = line.plain.removeprefix("/")
        match = _IDENTITY.fullmatch(text) if text.startswith("BEACON ID:") else None
        match = match or _HEXACODE.fullmatch(text)
        found = match and forms.hex_id(match[1])
        if match and found:
            put.setdefault("beacon_id", found)
            put.setdefault("beacon_id_mid", forms.country_of(found))
            if match.re is _IDENTITY and match[2]:
                put.setdefault("site_id", match[2])
        elif sit == "925" and line is body[0] and (found := forms.hex_id(text)):
            put |= {"beacon_id": found, "beacon_id_mid": forms.country_of(found)}
    if sit == "953":
        put["passes"] = _passes(body, put.get("transmit_time"))
    if sit in {"956", "985"}:
        put |= _characteristics(body)
    if put["form"] == "unknown":
        for line in body:
            reading.leave(line)

"""The envelope of a message, and where one message of a file ends and the next begins.

    /CURNO ORGNO/SRCE/YY DDD HHMM
    /SIT/DEST[/satellite/number of alerts]
    body
    /LASSIT
    /ENDMSG

Source: RCC manual v5.1, 3.1 and Annexes 9 to 11. Tolerated, because printed messages have it: a missing first slash,
seconds in the time, /LASTSIT, missing last lines, lines of the transport before and after.
"""

from __future__ import annotations

import re
from typing import Any

from vigie.sit import values as forms
from vigie.sit.fields import FIELDS
from vigie.sit.sheet import Line, Reading, SitError

_HEADER = re.compile(r"/?\s{0,9}([^\s/]{1,9})\s{1,9}([^\s/]{1,9})\s{0,9}/([^/]{0,12})/([^/]{0,40})/?", re.ASCII)
_SIT = re.compile(
    r"/?\s{0,9}(\d{3}[A-Z]?)\s{0,9}/\s{0,9}([0-9A-Z]{1,10})(?:\s{0,9}/([^/]{0,9}))?(?:/([^/]{0,9}))?\s{0,9}/?", re.ASCII
)
_WHOLE_HEADER = re.compile(r"/?\s{0,9}\d{5}\s{1,9}\d{5}\s{0,9}/\d{4}/\d{2} \d{3} \d{4}(?:\d{2}|\.\d{2})?/?", re.ASCII)
_KNOWN_SIT = re.compile(r"/\s{0,9}(?:1[0-9]{2}[A-Z]?|3[2-7][0-9]|605|9[1258][05]|95[0-9])\s{0,9}/.*", re.ASCII)
_LAST = re.compile(r"/?\s{0,3}LAST?SIT", re.ASCII)
_END = re.compile(r"/?\s{0,3}ENDMSG", re.ASCII)
_TITLE = re.compile(
    r"(?:1\s{0,3}[.)]?\s{0,9})?(?:(?:DISTRESS|TRACKING|SHIP|SECURITY|SSAS|TEST|ELT)\s{1,3}){0,3}COSPAS\W{0,3}SARSAT\b.*\b(?:ALERT|NOTIFICATION|MESSAGE)|"
    r"1\s{0,3}[.)]\s{0,9}.{0,60}COSPAS\W{0,3}SARSAT\b.*",
    re.ASCII,
)
_ENDS_185 = re.compile(r"END OF MESSAGE", re.ASCII)


OUTSIDE = "envelope"
"""place of what stood outside a message's body"""


def is_title(line: Line) -> bool:
    """Whether a line is the title of a SIT 185."""
    return _TITLE.match(line.plain[:200]) is not None


def _next_text(lines: list[Line], index: int) -> int | None:
    return next((i for i in range(index, min(index + 20, len(lines))) if lines[i].plain), None)


def find(lines: list[Line]) -> tuple[int | None, int | None] | None:
    """Indexes of the header line and of the SIT line; either may be too damaged to be known. None without both.

    The first pair wins. Without one, a whole header whose next line is no SIT line, or a SIT line of a known kind.
    """
    spare: tuple[int | None, int | None] | None = None
    for index, line in enumerate(lines):
        text = line.plain
        if _HEADER.fullmatch(text):
            after = _next_text(lines, index + 1)
            if after is not None and _SIT.fullmatch(lines[after].plain):
                return index, after
            if spare is None and _WHOLE_HEADER.fullmatch(text):
                spare = index, None
        elif spare is None and text.startswith("/") and _KNOWN_SIT.fullmatch(text) and _SIT.fullmatch(text):
            before = next((i for i in range(index - 1, -1, -1) if lines[i].plain), None)
            spare = (before if before is not None and "/" in lines[before].plain else None), index
    return spare


def _starts(lines: list[Line], index: int) -> bool:
    """Whether an envelope begins at a line."""
    text = lines[index].plain
    if not _HEADER.fullmatch(text):
        return False
    after = _next_text(lines, index + 1)
    return bool(_WHOLE_HEADER.fullmatch(text)) or (after is not None and bool(_SIT.fullmatch(lines[after].plain)))


def split(lines: list[Line]) -> list[list[Line]]:
    """The messages of a file, in order: each begins at its envelope, or at its title where it has none.

    What stands between two messages stays with the one before it, so that no line is lost.
    """
    starts, inside, last_end, seen_title, seen_sit = [], False, 0, False, False
    for index, line in enumerate(lines):
        if _starts(lines, index):
            starts.append(index)
            inside, seen_title, seen_sit = True, True, False
        elif _KNOWN_SIT.fullmatch(line.plain) and _SIT.fullmatch(line.plain):
            if inside and seen_sit:  # the header of another message has been lost
                before = next((i for i in range(index - 1, starts[-1], -1) if lines[i].plain), index)
                starts.append(before if "/" in lines[before].plain and before > starts[-1] + 1 else index)
            seen_sit = True
        elif _END.fullmatch(line.plain) or (not inside and _ENDS_185.match(line.plain)):
            inside, last_end = False, index + 1
            if last_end < len(lines) and lines[last_end].plain.endswith(".FMT"):
                last_end += 1
        elif not inside and is_title(line):
            starts.append(max(last_end, starts[-1] + 1) if starts and seen_title else last_end)
            seen_title = True
    cuts = sorted({0, *starts[1:]}) if starts else [0]
    pieces = [lines[first:last] for first, last in zip(cuts, [*cuts[1:], len(lines)], strict=True)]
    return [piece for piece in pieces if any(line.plain for line in piece)]


def read(lines: list[Line], reading: Reading) -> list[Line] | None:
    """Put the header's values into the reading and return the body's lines; None when there is no envelope."""
    found = find(lines)
    if found is None:
        return None
    first, second = found
    for line in lines[: first if first is not None else second]:
        reading.leave(line, place=OUTSIDE)
    if first is not None:
        _read_header(lines[first], reading)
    else:
        reading.values |= dict.fromkeys(("msg_no", "orig_no", "orig_facility", "transmit_time"))
        reading.note(None, "the header line is missing: message number, originator and time are not known")
    match = _SIT.fullmatch(lines[second].plain) if second is not None else None
    reading.values |= {"sit": match[1] if match else None, "dest": match[2] if match else None}
    if match:
        for key, text in (("satellite", match[3]), ("n_alerts", match[4])):
            if text and text.strip():
                reading.values[key] = text.strip()
    else:
        reading.note(None, "the line with SIT number and destination cannot be read: the form is told by its shape")
    begin = (second if second is not None else first or 0) + 1
    end = next((i for i in range(begin, len(lines)) if _LAST.fullmatch(lines[i].plain)), None)
    stop = next((i for i in range(begin, len(lines)) if _END.fullmatch(lines[i].plain)), None)
    body_end = min(i for i in (end, stop, len(lines)) if i is not None)
    if stop is None:
        reading.note(None, "no /ENDMSG: the message may have been cut off")
    for line in lines[body_end:]:
        if not (_LAST.fullmatch(line.plain) or _END.fullmatch(line.plain)):
            reading.leave(line, place=OUTSIDE)
    body = lines[begin:body_end]
    while body and body[-1].plain in {"", "QQQQ"}:
        body.pop()
    return body


def _read_header(line: Line, reading: Reading) -> None:
    match = _HEADER.fullmatch(line.plain)
    if match is None:
        reading.values |= dict.fromkeys(("msg_no", "orig_no", "orig_facility", "transmit_time"))
        reading.note(line, "the header cannot be read: message number, originator and time are not known")
        reading.leave(line, place=OUTSIDE)
        return
    if not line.plain.startswith("/"):
        reading.note(line, "the first slash is missing")
    for key, text in (("msg_no", match[1]), ("orig_no", match[2])):
        good = text.isascii() and text.isdigit() and len(text) <= 5
        reading.values[key] = text if good else None
        if not good:
            reading.note(line, f"{text!r} is no message number")
            reading.leave(line, text, place=OUTSIDE)
    facility = match[3].strip()
    reading.values["orig_facility"] = facility or None
    if not re.fullmatch(r"\d{4}", facility, re.ASCII):
        reading.note(line, f"{facility!r} is no originating facility of four digits")
    time = forms.julian(match[4])
    reading.values["transmit_time"] = time
    if time is None:
        reading.note(line, f"{match[4].strip()!r} is no transmit time 'yy ddd hhmm'")
        reading.leave(line, match[4], place=OUTSIDE)


def write(values: dict[str, Any], body: list[str], seconds: bool = False) -> str:
    """A whole message round a body. SitError names the value that is missing or does not fit."""
    head = []
    for key in ("msg_no", "orig_no"):
        text = str(values.get(key) or "")
        if not re.fullmatch(r"\d{1,5}", text, re.ASCII):
            raise SitError(None, f"{key} {values.get(key)!r} is not a number of up to five digits")
        head.append(text.zfill(5))
    source, time = str(values.get("orig_facility") or ""), values.get("transmit_time")
    if not re.fullmatch(r"[0-9A-Z]{1,6}", source, re.ASCII) or not time:
        raise SitError(None, f"orig_facility {source!r} and transmit_time {time!r} are both needed for the header")
    sit, dest = str(values.get("sit") or ""), str(values.get("dest") or "")
    if not re.fullmatch(r"\d{3}[A-Z]?", sit, re.ASCII) or not re.fullmatch(r"[0-9A-Z]{1,10}", dest, re.ASCII):
        raise SitError(None, f"sit {sit!r} and dest {dest!r} are both needed, letters and digits only")
    second = f"/{sit}/{dest}"
    if values.get("satellite") is not None or values.get("n_alerts") is not None:
        second += f"/{values.get('satellite') or ''}/{values.get('n_alerts') or ''}"
    for row in body:
        if "\n" in row or _LAST.fullmatch(row.strip().upper()) or _END.fullmatch(row.strip().upper()):
            raise SitError(None, f"{row!r} cannot stand in a body: it is no line, or it would end the message")
    try:
        seconds = seconds or forms.split_iso(time)[0].second != 0
        moment = forms.to_julian(time, "ss") if seconds else FIELDS["3"].write(time)
    except ValueError as error:
        raise SitError(None, f"transmit_time: {error}") from None
    lines = [f"/{head[0]} {head[1]}/{source}/{moment}", second, *body, "/LASSIT", "/ENDMSG"]
    return "\n".join(lines) + "\n"

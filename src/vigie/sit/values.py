"""Text forms of the values that messages between centres carry: times, positions, beacon identities.

Every reader takes what centres really send (blanks left out or added, 60.0 minutes, a negative zero) and gives None
for what cannot be read; the caller says so and keeps the text. Repeats are bounded, so no text makes them slow.
Sources: USMCC RCC Messages Manual v5.1 (21 Sep 2023), called RCC below.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from vigie.instants import Instant
from vigie.instants import text as text_of

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
FIRST_YEAR = 80
"""Two digits from here on are of the last century: the system's first message is of 1982."""

_POSITION = re.compile(
    r"(?<![\d.])(-?)(\d{1,2})[ \t°]{1,9}(\d{1,2}(?:\.\d{0,6})?)[ \t']{0,9}([NS])[ \t,/-]{0,40}"
    r"(-?)(\d{1,3})[ \t°]{1,9}(\d{1,2}(?:\.\d{0,6})?)[ \t']{0,9}([EW])(?![A-Z])",
    re.ASCII,
)
_LATITUDE = re.compile(r"(?<![\d.])(-?)(\d{1,2})[ \t°]{1,9}(\d{1,2}(?:\.\d{0,6})?)[ \t']{0,9}([NS])(?![A-Z])", re.ASCII)
_LONGITUDE = re.compile(
    r"(?<![\d.])(-?)(\d{1,3})[ \t°]{1,9}(\d{1,2}(?:\.\d{0,6})?)[ \t']{0,9}([EW])(?![A-Z])", re.ASCII
)
_JULIAN = re.compile(
    r"(\d{2})[ \t]{1,9}(\d{3})[ \t]{1,9}(\d{2})(\d{2})(?:[ \t]{0,9}(\d{2})(\.\d{1,9})?|\.(\d{2}))?", re.ASCII
)
_NATIONAL = re.compile(r"(\d{1,2})[ \t]{1,9}(\d{2})(\d{2})(\d{2})?[ \t]{0,9}Z?[ \t]{0,9}([A-Z]{3})(?![A-Z])", re.ASCII)
_DATED = re.compile(
    r"(\d{1,2})[ \t]{1,9}([A-Z]{3})[ \t]{1,9}(\d{4}|\d{2})[ \t]{1,9}(\d{2}):?(\d{2})"
    r"(?:[ \t:]{0,3}(\d{2})(?:\.(\d{1,9}))?)?(?!\d)",
    re.ASCII,
)
_CLOCK_FIRST = re.compile(
    r"(\d{2}):?(\d{2})[ \t]{0,9}(?:UTC|Z)[ \t]{1,9}(\d{1,2})[ \t]{1,9}([A-Z]{3})[ \t]{1,9}(\d{4}|\d{2})(?!\d)", re.ASCII
)
_MONTH_FIRST = re.compile(r"(\d{1,2})[ \t]{1,9}(\d{2})(\d{2})[ \t]{1,9}([A-Z]{3})[ \t]{1,9}(\d{2})(?!\d)", re.ASCII)
_HEX = re.compile(r"[0-9A-F]+")


def whole_seconds(time: Instant) -> str:
    """An instant as ISO 8601 in whole seconds, truncated (RCC 3.2.3.5)."""
    return text_of(time.astype("datetime64[s]").astype("datetime64[ns]"))


def year_of(two: int) -> int:
    """The year of two printed digits."""
    return two + (1900 if two >= FIRST_YEAR else 2000)


def iso(year: int, month: int, day: int, hour: int, minute: int, second: int = 0, digits: str = "") -> str | None:
    """ISO 8601 text with the digits that were printed; None when there is no such date or time of day.

    A printed second of 60 is the next minute's first.
    """
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 60):
        return None
    try:
        moment = datetime(year, month, day, hour, minute) + timedelta(seconds=second)
    except (ValueError, OverflowError):
        return None
    fraction = f".{digits}" if digits.strip("0") else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z" if year >= 1000 else None


def julian(text: str) -> str | None:
    """``yy ddd hhmm[ ss.ss]`` (RCC 3.1, Annexes 9 and 10) as ISO 8601; None for zeros and for what is no time."""
    match = _JULIAN.fullmatch(text.strip())
    if not match:
        return None
    year, day = year_of(int(match[1])), int(match[2])
    if not 1 <= day <= 366:
        return None
    date = datetime(year, 1, 1) + timedelta(days=day - 1)
    if date.year != year:
        return None
    seconds = int(match[5] or match[7] or 0)
    return iso(year, date.month, date.day, int(match[3]), int(match[4]), seconds, (match[6] or "")[1:])


def to_julian(time: str | None, seconds: str = "") -> str:
    """The inverse of ``julian``. ``seconds``: "" for none, "ss" for two digits at once, " ss.ss" for hundredths."""
    if time is None:
        return "00 000 0000" + {"": "", "ss": "00", " ss.ss": " 00.00"}[seconds]
    moment, digits = split_iso(time)
    text = f"{moment:%y %j %H%M}"
    if seconds == "ss":
        return text + f"{moment:%S}"
    return text + (f" {moment:%S}.{digits or '00':0<2}" if seconds else "")


def split_iso(time: str) -> tuple[datetime, str]:
    """The whole second of an ISO 8601 text with Z, and the digits after it. ValueError when it is none."""
    head, _, digits = time.removesuffix("Z").partition(".")
    if digits and not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{time!r} is no time such as 2015-12-24T18:43:21Z")
    try:
        moment = datetime.strptime(head, "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        raise ValueError(f"{time!r} is no time such as 2015-12-24T18:43:21Z") from None
    return moment, digits


def national(text: str, near: str | None) -> str | None:
    """``DD HHMMSS MON`` or ``DD HHMM MON`` (RCC 3.2): the year is that of ``near``, the header's time.

    Across the turn of the year the header's year would be almost a year off; then the year beside it is taken.
    None without a header time, or when there is no such date.
    """
    match = _NATIONAL.search(text)
    if not match or near is None or match[5] not in MONTHS:
        return None
    header = split_iso(near)[0]
    month, day = MONTHS.index(match[5]) + 1, int(match[1])
    clock = int(match[2]), int(match[3]), int(match[4] or 0)
    found = [iso(header.year + step, month, day, *clock) for step in (0, -1, 1)]
    for other in found[1:]:
        if other and abs(split_iso(other)[0] - header) < timedelta(days=45):
            return other
    return found[0]


def to_national(time: str, seconds: bool = True) -> str:
    """The inverse of ``national``."""
    moment = split_iso(time)[0]
    return f"{moment:%d %H%M%S}"[: 9 if seconds else 7] + f" {MONTHS[moment.month - 1]}"


def dated(text: str) -> tuple[str, str] | None:
    """``DD MON YY HHMM[ SS]`` (RCC 6, SIT 185): ISO 8601 and the precision, "min" or "s"."""
    match = _DATED.search(text)
    if match and match[2] in MONTHS:
        year = int(match[3]) if len(match[3]) == 4 else year_of(int(match[3]))
        seconds, digits = int(match[6] or 0), match[7] or ""
        time = iso(year, MONTHS.index(match[2]) + 1, int(match[1]), int(match[4]), int(match[5]), seconds, digits)
        return (time, "s" if match[6] else "min") if time else None
    match = _CLOCK_FIRST.search(text)
    if match and match[4] in MONTHS:
        year = int(match[5]) if len(match[5]) == 4 else year_of(int(match[5]))
        time = iso(year, MONTHS.index(match[4]) + 1, int(match[3]), int(match[1]), int(match[2]))
        return (time, "min") if time else None
    match = _MONTH_FIRST.search(text)
    if match and match[4] in MONTHS:
        year = year_of(int(match[5]))
        time = iso(year, MONTHS.index(match[4]) + 1, int(match[1]), int(match[2]), int(match[3]))
        return (time, "min") if time else None
    return None


def to_dated(time: str, precision: str = "min") -> str:
    """The inverse of ``dated``."""
    moment = split_iso(time)[0]
    return f"{moment:%d} {MONTHS[moment.month - 1]} {moment:%y %H%M}" + (f"{moment:%S}" if precision == "s" else "")


def _degrees(minus: str, degrees: str, minutes: str, side: str, limit: int) -> float | None:
    value = int(degrees) + float(minutes) / 60
    if float(minutes) > 60 or value > limit:
        return None
    return round(-value if (side in "SW") != bool(minus) else value, 5) + 0.0


def latitude(text: str) -> float | None:
    """Degrees of the first ``DD MM.T H`` with N or S in the text."""
    match = _LATITUDE.search(text)
    if match and text[: match.start()].rstrip()[-1:].isdigit():
        return None
    return _degrees(match[1], match[2], match[3], match[4], 90) if match else None


def longitude(text: str) -> float | None:
    """Degrees of the first ``DDD MM.T H`` with E or W in the text."""
    match = _LONGITUDE.search(text)
    if match and text[: match.start()].rstrip()[-1:].isdigit():
        return None
    return _degrees(match[1], match[2], match[3], match[4], 180) if match else None


def position(text: str) -> tuple[float, float, str, str] | None:
    """Latitude, longitude (degrees) of the first position in the text, what stands before it and what after."""
    match = _POSITION.search(text)
    if not match or text[: match.start()].rstrip()[-1:].isdigit():  # seconds follow the minutes: not this form
        return None
    lat = _degrees(match[1], match[2], match[3], match[4], 90)
    lon = _degrees(match[5], match[6], match[7], match[8], 180)
    return None if lat is None or lon is None else (lat, lon, text[: match.start()], text[match.end() :])


def looks_like_position(text: str) -> bool:
    """Whether the text has the shape of a position, whatever its range."""
    return _POSITION.search(text) is not None


def to_position(lat: float, lon: float, decimals: int = 1) -> str:
    """``DD MM.TH DDD MM.TH``, as Doppler, DOA and reference positions are printed; encoded ones have two decimals."""
    return f"{_minutes(lat, 2, 'NS', decimals)} {_minutes(lon, 3, 'EW', decimals)}"


def decimals_for(lat: float, lon: float, least: int) -> int:
    """How many decimals of a minute keep a position given to 5 decimals of a degree; ``least`` where they do."""
    for decimals in range(least, 4):
        found = position(to_position(lat, lon, decimals))
        if found and found[:2] == (round(lat, 5), round(lon, 5)):
            return decimals
    return 4


def _minutes(value: float, width: int, sides: str, decimals: int) -> str:
    total = round(abs(value) * 60 * 10**decimals)
    degrees, rest = divmod(total, 60 * 10**decimals)
    minutes = f"{rest / 10**decimals:0{3 + decimals}.{decimals}f}"
    return f"{degrees:0{width}d} {minutes}{sides[value < 0]}"


def hex_id(text: str) -> str | None:
    """A 15- or 23-digit beacon ID, printed in one piece or in groups; None when it is none (masked, wrong length)."""
    digits = re.sub(r"\s+", "", text).upper()
    return digits if len(digits) in (15, 23) and _HEX.fullmatch(digits) else None


def leading_hex_id(text: str) -> tuple[str | None, str]:
    """The beacon ID at the start of a text, in one piece or in groups, and the rest of the text."""
    found: tuple[str | None, str] = (None, text)
    digits, place = "", 0
    for match in re.finditer(r"\s*([0-9A-Fa-f]{1,30})(?![0-9A-Za-z])", text):
        if match.start() != place or len(digits) > 23:
            break
        digits, place = digits + match[1].upper(), match.end()
        if len(digits) in (15, 23):
            found = (digits, text[place:])
    return found


def grouped(identity: str) -> str:
    """A beacon ID as the national text prints it: 5-5-5, and 6-6-6-5 for 23 digits (RCC 3.2.1)."""
    step = 5 if len(identity) == 15 else 6
    return " ".join(identity[place : place + step] for place in range(0, len(identity), step))


def country_of(identity: str) -> int:
    """The country code (MID) in a 15- or 23-digit beacon ID: ten bits after the first (C/S T.001 A1.2.3, T.018 3.6)."""
    return int(identity[:3], 16) >> 1 & 0x3FF

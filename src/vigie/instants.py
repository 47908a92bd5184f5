"""Instants: UTC ``datetime64[ns]`` between modules, ISO 8601 with ``Z`` outside, float seconds in kernels.

A float of Unix seconds steps by 0.24 us (71 m of light travel), so it is never used for an instant.
Leap seconds: ``datetime64`` counts days of 86 400 s, as POSIX does; an instant inside a leap second cannot be written.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from vigie.errors import InputError

Instant = np.datetime64
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:[.,]\d{1,9})?)?)?\s*(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)


def parse(text: str) -> Instant:
    """The instant that an ISO 8601 text names, to the nanosecond. A text without a zone is UTC.

    Raises InputError when the text is no date, or a date that does not exist.
    """
    match = _ISO.fullmatch(text.strip())
    if not match:
        raise InputError(f"{text!r} is no ISO 8601 time such as 2026-11-22T06:30:00.5Z")
    day, minute, second, zone = match.groups()
    try:
        instant = np.datetime64(f"{day}T{minute or '00:00'}{(second or ':00').replace(',', '.')}", "ns")
    except ValueError as error:
        raise InputError(f"{text!r} is no date of the calendar: {error}") from None
    if zone and zone != "Z":
        digits = zone[1:].replace(":", "")
        offset = np.timedelta64(int(digits[:2]) * 60 + int(digits[2:]), "m")
        instant = instant - offset if zone[0] == "+" else instant + offset
    return instant


def text(instant: Instant) -> str:
    """ISO 8601 with ``Z``: as many digits after the second as the instant needs (0, 3, 6 or 9)."""
    full = str(instant.astype("datetime64[ns]"))
    head, _, digits = full.partition(".")
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{head}.{digits}Z" if digits else f"{head}Z"


def seconds_past(instants: Any, epoch: Instant) -> Any:
    """Float seconds past ``epoch`` of one instant or an array of them; exact to better than 1 ns within 50 days."""
    return (np.asarray(instants, "datetime64[ns]") - epoch).astype("int64") * 1e-9


def after(epoch: Instant, seconds: float) -> Instant:
    """The instant ``seconds`` past ``epoch``, to the nanosecond."""
    return epoch + np.timedelta64(round(seconds * 1e9), "ns")

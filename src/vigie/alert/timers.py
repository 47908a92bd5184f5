"""What the clock brings: sites that close, reports that are due. A ``Tick`` only says that it is time.

The times themselves are in the records, so a journal that leaves out the ticks that changed nothing gives the same
alerts again.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from vigie.alert import states
from vigie.alert.entry import Entry
from vigie.alert.practice import Practice
from vigie.alert.rules import (
    CLOCK_GAP_S,
    CLOSE_AGE_S,
    CLOSE_CANCELLED_S,
    CLOSE_LOCATED_S,
    CLOSE_OTHER_S,
    ELTDT_SLOW_S,
    NO_DETECTION_S,
    Rule,
)
from vigie.alert.spans import nanoseconds
from vigie.instants import Instant

AT_ONCE: Final = -(1 << 62)
"""earlier than any time"""
_RUNS = (*states.ACTIVE, "unreliable")


class Due(NamedTuple):
    """Something to be done."""

    time: int
    """nanoseconds past 1970"""
    what: str
    """settle, waiting, silence, timeout or aged"""


def _ns(rule: Rule) -> int:
    return round(rule.value * 1e9)


_CLOSE = {True: _ns(CLOSE_LOCATED_S), False: _ns(CLOSE_OTHER_S)}
_CANCELLED, _AGE, _GAP = _ns(CLOSE_CANCELLED_S), _ns(CLOSE_AGE_S), _ns(CLOCK_GAP_S)
_SILENCE, _SLOW = _ns(NO_DETECTION_S), _ns(ELTDT_SLOW_S)


def _closing(entry: Entry) -> Due:
    """When the site closes by silence or by age, whichever comes first (R Table 2.1, SIT 176)."""
    floor = AT_ONCE if entry.floor is None else nanoseconds(entry.floor)
    after = _CANCELLED if entry.state == "cancelled" else _CLOSE[entry.quick]
    heard = nanoseconds(entry.last_seen)
    if entry.solutions and entry.state not in states.ENDING:  # a position says that it was heard then
        heard = max(heard, nanoseconds(entry.solutions[0].end))
    quiet = max(heard, floor) + after
    age = max(nanoseconds(entry.first_seen) + _AGE, floor + after)
    return Due(quiet, "timeout") if quiet <= age else Due(age, "aged")


def closing(entry: Entry) -> Instant | None:
    """When the site closes if the beacon is not heard again; None when no clock runs."""
    return np.datetime64(_closing(entry).time, "ns") if entry.state in _RUNS else None


def next_due(entry: Entry, practice: Practice) -> Due | None:
    """What is due first."""
    if entry.group is not None:
        return Due(AT_ONCE, "settle")
    if entry.state not in _RUNS:
        return None
    found = [_closing(entry)]
    if entry.sent:
        last = max(nanoseconds(sent.time) for sent in entry.sent[-8:])
        if entry.waiting:
            found.append(Due(last + _SLOW, "waiting"))
        if practice.applies("no_detection") and not entry.silence_told:
            found.append(Due(last + _SILENCE, "silence"))
    return min(found)


def due(entry: Entry, practice: Practice) -> int | None:
    """When to look at an alert, nanoseconds past 1970."""
    found = next_due(entry, practice)
    return None if found is None else found.time


def gap(due: Due, now: Instant) -> bool:
    """Whether the clock is so far past the time that it did not run meanwhile: that silence was heard by nobody."""
    return nanoseconds(now) - due.time > _GAP

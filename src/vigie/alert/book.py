"""The book of alerts: the one object of Vigie that remembers. Rebuilt at any time by feeding it the journal again.

It knows no clock: whatever it decides follows from the records and their own times, so a replay gives the same alerts.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vigie.alert import states
from vigie.alert.matching import blurs, encoded, judge, moves
from vigie.alert.rules import CANCELLATION_WINDOW_S, CANCELLATIONS, PLACES, SAME_BURST_S
from vigie.instants import Instant, seconds_past
from vigie.records import Alert, Category, Detection, Record, Solution, Tick

_HEARD = 256  # burst times kept to tell a copy of a burst from a new one


@dataclass(slots=True)
class _Entry:
    """One alert as it grows."""

    id: str
    hex_id: str | None
    exercise: bool
    category: Category
    first_seen: Instant
    last_seen: Instant
    changed: Instant
    state: str = states.NEW
    before: str = states.NEW
    """the state in which a cancellation found the alert"""
    reason: str = ""
    bursts: int = 0
    heard: list[Instant] = field(default_factory=list)
    """times of the bursts counted, in order"""
    calls: Instant | None = None
    """time of the newest distress burst"""
    cancels: list[Instant] = field(default_factory=list)
    """times of the cancellation messages since, in order"""
    solutions: tuple[Solution, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    told: Instant | None = None
    """time of the message that ``facts`` are of"""
    news: Solution | None = None
    """the solution that last was news"""
    flies: bool = False

    def alert(self) -> Alert:
        return Alert(
            self.id,
            self.hex_id,
            self.state,
            self.reason,
            self.category,
            self.exercise,
            self.first_seen,
            self.last_seen,
            self.bursts,
            self.solutions,
            self.facts,
            self.changed,
        )


class AlertBook:
    """What is known of every beacon heard: takes records in the order of the journal, says which alerts changed."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        """An empty book, or one that has taken these records already."""
        self._entries: dict[str, _Entry] = {}
        self._saved: dict[str, _Entry | None] | None = None
        """entries as they were before the block of ``all_or_nothing``"""
        self.clock: Instant | None = None
        """the latest time the stream has named"""
        for record in records:
            self.take(record)

    def alerts(self) -> list[Alert]:
        """Every alert as it stands, in the order of first appearance."""
        return [entry.alert() for entry in self._entries.values()]

    def alert(self, alert_id: str) -> Alert | None:
        """One alert, or None."""
        entry = self._entries.get(alert_id)
        return None if entry is None else entry.alert()

    def take(self, record: Record) -> list[Alert]:
        """Learn from one record; the alerts it changed. Records of other kinds change nothing."""
        match record:
            case Detection():
                self._advance(record.time)
                return [self._detection(record)]
            case Solution():
                self._advance(record.end)
                return self._solution(record)
            case Tick():
                self._advance(record.time)
        return []

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """What is taken in this block is forgotten again if the block ends in an exception: it was not journalled."""
        self._saved, clock = {}, self.clock
        try:
            yield
        except BaseException:
            self.clock = clock
            for alert_id, entry in self._saved.items():
                if entry is None:
                    self._entries.pop(alert_id, None)
                else:
                    self._entries[alert_id] = entry
            raise
        finally:
            self._saved = None

    def _entry(self, alert_id: str) -> _Entry | None:
        entry = self._entries.get(alert_id)
        if self._saved is not None and alert_id not in self._saved:
            copy = entry and replace(entry, heard=entry.heard[:], cancels=entry.cancels[:])
            self._saved[alert_id] = copy
        return entry

    def _advance(self, time: Instant) -> None:
        self.clock = time if self.clock is None else max(self.clock, time)

    def _detection(self, detection: Detection) -> Alert:
        message, time = detection.message, detection.time
        alert_id = states.alert_id(message, exercise=detection.exercise)
        category = _category(detection)
        entry = self._entry(alert_id)
        if entry is None:
            hex_id = states.beacon_id(message)
            entry = _Entry(alert_id, hex_id, detection.exercise, category, time, time, time)
            self._entries[alert_id] = entry
        if category in ("distress", "national", "cancelled") and entry.state in states.CALM:
            _begin_anew(entry, time)
        entry.flies = entry.flies or moves(message)
        solution = None if category == "cancelled" else encoded(detection)
        event, words = _event(entry, detection, category, solution)
        _apply(entry, event, words, category)
        if event not in states.CALM or entry.state in states.CALM:  # a test tells nothing of a distress call
            _count(entry, time)
            if category != "unreliable" and (entry.told is None or time >= entry.told):
                entry.facts, entry.told = message.facts, time
            if solution is not None and not blurs(solution, entry.solutions):
                _place(entry, solution, event)
        entry.changed = max(entry.changed, time)
        return entry.alert()

    def _solution(self, solution: Solution) -> list[Alert]:
        alert_id = ("X-" if solution.exercise else "") + solution.hex_id
        entry = self._entry(alert_id)
        if entry is None:  # the detections went another way: a place is reason enough for an alert
            entry = _Entry(
                alert_id, solution.hex_id, solution.exercise, "distress", solution.start, solution.end, solution.end
            )
            self._entries[alert_id] = entry
        elif solution.method == "encoded":
            return []  # learnt from its detection already
        event = "same"
        if entry.state not in states.CALM:
            event, words = judge(solution, entry.solutions, news=entry.news, flies=entry.flies)
            # after a cancellation a place may come of the cancellation's own bursts: it is no new call
            _apply(entry, "late" if entry.state in states.ENDING else event, words, entry.category)
        _place(entry, solution, event)
        entry.changed = max(entry.changed, solution.end)
        return [entry.alert()]


def _category(detection: Detection) -> Category:
    """The category of a burst; one sent with the self-test frame sync is a self-test whatever else it says."""
    category = detection.message.category
    if detection.message.hex_id is None or detection.message.verdict == "unreliable":
        return "unreliable"
    return "self_test" if detection.sync == "self_test" and category in ("distress", "national") else category


def _begin_anew(entry: _Entry, time: Instant) -> None:
    """A beacon heard in a test has begun a distress call: what belongs to the test stays in the journal only."""
    entry.first_seen = entry.last_seen = entry.changed = time
    entry.bursts, entry.heard, entry.solutions, entry.news = 0, [], (), None


def _count(entry: _Entry, time: Instant) -> None:
    """Count the burst unless it is a copy of one counted: the same transmission heard by another receiver."""
    entry.first_seen, entry.last_seen = min(entry.first_seen, time), max(entry.last_seen, time)
    window = np.timedelta64(round(SAME_BURST_S.value * 1e9), "ns")
    if not any(abs(time - other) < window for other in entry.heard):
        entry.bursts += 1
        insort(entry.heard, time)
        del entry.heard[:-_HEARD]


def _event(entry: _Entry, detection: Detection, category: Category, solution: Solution | None) -> tuple[str, str]:
    """The event of the table that this burst is for this alert, and details in words."""
    time = detection.time
    if category == "cancelled":
        return _cancellation(entry, time)
    if category not in ("distress", "national"):
        return category, ""
    if entry.state in states.ENDING and _before_cancellation(entry, time):
        return "late", ""
    entry.calls = time if entry.calls is None else max(entry.calls, time)
    entry.cancels = [cancel for cancel in entry.cancels if cancel > time]
    if solution is None:
        return "burst", ""
    return judge(solution, entry.solutions, news=entry.news, flies=entry.flies)


def _before_cancellation(entry: _Entry, time: Instant) -> bool:
    return bool(entry.cancels and time < entry.cancels[0])


def _cancellation(entry: _Entry, time: Instant) -> tuple[str, str]:
    if entry.calls is not None and time < entry.calls:
        return "late", ""  # the beacon called again after it
    window = np.timedelta64(round(SAME_BURST_S.value * 1e9), "ns")
    if not any(abs(time - other) < window for other in entry.cancels):
        insort(entry.cancels, time)
    needed = int(CANCELLATIONS.value)
    runs = zip(entry.cancels, entry.cancels[needed - 1 :], strict=False)
    if any(float(seconds_past(last, first)) <= CANCELLATION_WINDOW_S.value for first, last in runs):
        return "cancelled", f"{needed} cancellation messages within {CANCELLATION_WINDOW_S.value:.0f} s."
    return "cancellation", f"{len(entry.cancels)} of the {needed} messages that confirm it."


def _apply(entry: _Entry, event: str, words: str, category: Category) -> None:
    """Move the entry along the table, and its category with it."""
    old = entry.state
    entry.state, reason = states.step(old, event, entry.before)
    if reason:
        entry.reason = f"{reason} {words}".strip()
    if entry.state in states.ENDING and old not in states.ENDING:
        entry.before = states.NEW if old in states.CALM else old
    if entry.state == "cancelled" or (entry.state == "cancelling" and entry.before == states.NEW):
        entry.category = "cancelled"
    elif entry.state in states.DISTRESS:
        if category in ("distress", "national") and entry.category != "distress":
            entry.category = category
    else:
        entry.category = category


def _place(entry: _Entry, solution: Solution, event: str) -> None:
    """Put a solution into the list, newest first; one at the same place by the same method is prolonged."""
    if event in ("first", "moved", "conflicting", "matching"):
        entry.news = solution
    kept = []
    for known in entry.solutions:
        same_place = (known.lat_deg, known.lon_deg) == (solution.lat_deg, solution.lon_deg)
        if known.method == solution.method == "encoded" and same_place:
            solution = replace(
                solution,
                start=min(known.start, solution.start),
                end=max(known.end, solution.end),
                used=known.used + solution.used,
            )
        else:
            kept.append(known)
    ordered = sorted([solution, *kept], key=lambda item: item.end, reverse=True)
    entry.solutions = tuple(ordered[: int(PLACES.value)])

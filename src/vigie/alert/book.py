"""The book of alerts: the one object of Vigie that remembers. Rebuilt at any time by feeding it the journal again.

It knows no clock: whatever it decides follows from the records and their own times, so a replay gives the same alerts.
What the clock brings (a site that closes) comes with a ``Tick`` and is decided by times that are in the records, so the
ticks that changed nothing need not be kept.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from vigie.alert import remarks, returnlink, states, telling, timers
from vigie.alert.desk import Desk, Visible
from vigie.alert.entry import Entry
from vigie.alert.hearing import begins, category_of, corroborate, event_of, hear, mark_of
from vigie.alert.matching import blurs, encoded, moves
from vigie.alert.network import Network, standing
from vigie.alert.practice import Practice, named
from vigie.alert.routing import Home, Registered
from vigie.alert.spans import nanoseconds
from vigie.alert.telling import Change
from vigie.instants import Instant
from vigie.records import Alert, Category, Detection, Notice, Order, Record, Solution, Tick


class AlertBook:
    """What is known of every beacon heard: takes records in the order of the journal, says which alerts changed."""

    def __init__(
        self,
        records: Iterable[Record] = (),
        *,
        practice: Practice | None = None,
        network: Network | None = None,
        registered: Registered | None = None,
        visible: Visible | None = None,
        home: Home | None = None,
    ) -> None:
        """An empty book, or one that has taken these records already.

        ``network``: who is told; by default all centres, by country code and by the nearest land. ``registered``: asks
        the register. ``home``: asks it for the rescue centres of a home port. ``visible``: asks the orbits.
        A replay gives the same alerts if these give the same answers.
        """
        self._entries: dict[str, Entry] = {}
        self._saved: dict[str, Entry | None] | None = None
        """entries as they were before the block of ``all_or_nothing``"""
        self._timers: list[tuple[int, str]] = []
        """heap of the times at which an alert is to be looked at, with its id; an alert may be in it more than once"""
        chosen = practice or named("international")
        self._desk = Desk(chosen, network if network is not None else standing(), registered, visible, home)
        self.clock: Instant | None = None
        """the latest time the stream has named"""
        for record in records:
            self.take(record)

    @property
    def serials(self) -> dict[str, int]:
        """The number of the last message for each destination."""
        return self._desk.serials

    def alerts(self) -> list[Alert]:
        """Every alert as its last change left it, in the order of first appearance."""
        return [entry.shown or self._alert(entry) for entry in self._entries.values()]

    def alert(self, alert_id: str) -> Alert | None:
        """One alert, or None."""
        entry = self._entries.get(alert_id)
        return None if entry is None else entry.shown or self._alert(entry)

    def take(self, record: Record) -> list[Alert]:
        """Learn from one record; the alerts it changed. Records of other kinds change nothing."""
        match record:
            case Detection():
                self._advance(record.time)
                return self._detection(record)
            case Solution():
                self._advance(record.end)
                return self._solution(record)
            case Tick():
                self._advance(record.time)
                return self._tick(record.time)
            case Order():
                self._advance(record.time)
                return self._order(record)
        return []

    @property
    def memory(self) -> dict[str, Any]:
        """All that the book has learnt, and nothing of what it was set up with."""
        return {"entries": self._entries, "timers": self._timers, "serials": self._desk.serials, "clock": self.clock}

    @memory.setter
    def memory(self, memory: dict[str, Any]) -> None:
        self._entries, self._timers = memory["entries"], memory["timers"]
        self._desk.serials, self.clock = memory["serials"], memory["clock"]

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """What is taken in this block is forgotten again if the block ends in an exception: it was not journalled."""
        self._saved, clock, serials = {}, self.clock, dict(self._desk.serials)
        try:
            yield
        except BaseException:
            self.clock, self._desk.serials = clock, serials
            for alert_id, entry in self._saved.items():
                if entry is None:
                    self._entries.pop(alert_id, None)
                else:
                    self._entries[alert_id] = entry
                    self._watch(entry)
            raise
        finally:
            self._saved = None

    def _entry(self, alert_id: str) -> Entry | None:
        entry = self._entries.get(alert_id)
        if self._saved is not None and alert_id not in self._saved:
            self._saved[alert_id] = entry and entry.copy()
        return entry

    def _add(self, entry: Entry) -> Entry:
        self._entries[entry.id] = entry
        return entry

    def _advance(self, time: Instant) -> None:
        self.clock = time if self.clock is None else max(self.clock, time)

    def _watch(self, entry: Entry) -> None:
        """Look at the alert when something is due."""
        due = timers.due(entry, self._desk.practice)
        if due is not None:
            heapq.heappush(self._timers, (due, entry.id))

    def _alert(self, entry: Entry, notices: Iterable[Notice] = ()) -> Alert:
        said = remarks.of(entry, self._desk.network)
        entry.shown = entry.alert(tuple(notices), said, timers.closing(entry))
        return entry.shown

    def _detection(self, detection: Detection) -> list[Alert]:
        message, time = detection.message, detection.time
        category = category_of(detection)
        alert_id, doubtful = self._whose(detection, category)
        entry = self._entry(alert_id)
        if entry is None:
            hex_id = states.beacon_id(message)
            entry = self._add(Entry(alert_id, hex_id, detection.exercise, category, time, time, time))
        mark = mark_of(entry)
        notices = self._desk.settle_unless(entry, time)
        begun = begins(entry, category, time)
        if begun:
            entry.begin_anew(time)
        entry.flies = entry.flies or moves(message)
        solution = None if category in ("cancelled", "unreliable") or doubtful else encoded(detection)
        event, words = event_of(entry, detection, category, late=entry.state == "closed" and not begun)
        again = entry.state in states.ENDING and event in ("burst", "position")
        link = entry.link
        corroborates = False
        # a test tells nothing of a distress call
        if event not in states.CALM or entry.state in (states.NEW, *states.CALM):
            first = entry.bursts == 0
            entry.count(time)
            corroborates = corroborate(entry, detection, first, self._desk.network.clean)
            if category != "unreliable" and (entry.message_time is None or time >= entry.message_time):
                entry.message, entry.message_time = message, time
                entry.doubtful = False
                entry.link = returnlink.update(entry.link, message.facts, time, confirmed=entry.reference is not None)
            entry.doubtful = entry.doubtful or doubtful
            hear(entry, detection, solution)
        entry.changed = max(entry.changed, time)
        turn = message.facts.get("rotating_field") if category == "distress" else None
        base = Change(
            event,
            states.row(entry.state, "burst"),
            words,
            time,
            sources=(detection.source,) if detection.source else (),
            corroborates=corroborates,
            again=again,
            rotating=turn.get("id") if isinstance(turn, dict) else None,
            link_changed=link != entry.link,
        )
        if event == "position" and solution is not None:
            notices += self._desk.position(entry, solution, category, base, more=detection.more)
        else:
            if solution is not None and event == "late" and not blurs(solution, entry.solutions):
                entry.place(solution)
            if event == "burst" and detection.more:  # its position follows: what to tell is judged with it
                return self._done(entry, mark, notices + self._desk.announced(entry, category))
            notices += self._desk.step(entry, event, words, category, base)
        return self._done(entry, mark, notices)

    def _done(self, entry: Entry, mark: object, notices: list[Notice]) -> list[Alert]:
        """The alert as it stands after a record; when something else may be due now, the clock will look at it."""
        if mark_of(entry) != mark:
            self._watch(entry)
        return [self._alert(entry, notices)]

    def _whose(self, detection: Detection, category: Category) -> tuple[str, bool]:
        """The alert a burst belongs to, and whether that rests on an ID that is not to be trusted.

        An unreliable message belongs to an open alert whose ID it happens to bear (R 2.1.4, 3.2.8).
        """
        message = detection.message
        prefix = "X-" if detection.exercise else ""
        if category == "unreliable" and message.verdict == "unreliable":
            stated = message.facts.get("hex_id_23") or message.facts.get("hex_id_15")
            known = self._entries.get(f"{prefix}{stated}") if stated else None
            if known is not None and known.state in states.ACTIVE:
                return known.id, True
        return states.alert_id(message, exercise=detection.exercise), False

    def _solution(self, solution: Solution) -> list[Alert]:
        alert_id = ("X-" if solution.exercise else "") + solution.hex_id
        entry = self._entry(alert_id)
        if entry is None:  # the detections went another way: a place is reason enough for an alert
            hex_id, start, end = solution.hex_id, solution.start, solution.end
            entry = self._add(Entry(alert_id, hex_id, solution.exercise, "distress", start, end, end))
            if solution.hex_id.startswith("U-"):
                entry.hex_id, entry.category = None, "unreliable"
        elif solution.method == "encoded" and entry.bursts:
            return []  # learnt from its detection already
        mark, notices = mark_of(entry), list[Notice]()
        if entry.state in states.CALM:
            entry.place(solution)
        elif entry.state == "closed" and solution.start <= entry.last_seen:
            entry.place(solution)
            notices = self._desk.step(entry, "late", "", entry.category, self._desk.plain(entry, solution))
        else:
            if entry.state == "closed":
                entry.begin_anew(solution.start)
            notices = self._desk.found(entry, solution)
        entry.changed = max(entry.changed, solution.end)
        return self._done(entry, mark, notices)

    def _tick(self, now: Instant) -> list[Alert]:
        """What is due by the clock of the stream."""
        limit = nanoseconds(now)
        changed: dict[str, list[Notice]] = {}
        ids = set()
        while self._timers and self._timers[0][0] <= limit:
            ids.add(heapq.heappop(self._timers)[1])
        for alert_id in sorted(ids):  # an order that does not depend on what was forgotten in between
            entry = self._entry(alert_id)
            if entry is None:
                continue
            for _ in range(8):  # one look may make another thing due
                found = self._desk.look(entry, now)
                if found is None:
                    break
                changed.setdefault(alert_id, []).extend(found)
            self._watch(entry)
        return [self._alert(self._entries[alert_id], notices) for alert_id, notices in changed.items()]

    def _order(self, order: Order) -> list[Alert]:
        """What a duty officer decided. An order about an alert that is not known changes nothing."""
        entry = self._entry(order.alert)
        if entry is None or entry.category not in telling.TOLD:
            return []
        notices = self._desk.settle(entry)
        by = f" By {order.by}." if order.by else ""
        change = self._desk.now(entry, order.time)
        match order.what:
            case "close":
                notices += self._desk.step(entry, "close", by.strip(), entry.category, change)
            case "add" if order.to:
                entry.added = (*entry.added, order.to)
                entry.removed -= {order.to}
                entry.to = tuple(dict.fromkeys((*entry.to, order.to)))
                notices += self._desk.resent(entry, change, order.to, f"Added by the duty officer.{by}")
            case "remove":
                entry.removed |= {order.to}
                entry.to = tuple(name for name in entry.to if name != order.to)
            case "resend":
                for name in (order.to,) if order.to else entry.to:
                    notices += self._desk.resent(entry, change, name, f"Sent again by the duty officer.{by}")
        entry.changed = max(entry.changed, order.time)
        return [self._alert(entry, notices)]

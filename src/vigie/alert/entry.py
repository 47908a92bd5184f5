"""One alert as it grows inside the book. What changes in place is copied for ``all_or_nothing``, the rest replaced."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from vigie.alert import states
from vigie.alert.routing import Route
from vigie.alert.rules import PLACES, SAME_BURST_S
from vigie.instants import Instant
from vigie.records import Alert, Category, Message, Notice, Reference, ReturnLink, Solution

_HEARD = 256  # burst times kept to tell a copy of a burst from a new one
_SENT = 400  # messages of one activation that the re-send rules look back on
_SAME_BURST = np.timedelta64(round(SAME_BURST_S.value * 1e9), "ns")


class Sent(NamedTuple):
    """A message that was decided on: what the re-send rules compare with."""

    number: str
    time: Instant
    """the latest detection in it"""
    solutions: tuple[Solution, ...]
    to: tuple[str, ...]
    event: str = ""


class Group(NamedTuple):
    """An alert of which not every record has come: the other side of a pass, the encoded position beside a DOA one."""

    state: str
    """the state before the first of them"""
    known: tuple[Solution, ...]
    """the positions before them"""
    found: tuple[Solution, ...]
    more: bool
    """whether the records themselves said that another follows"""


@dataclass(slots=True)
class Entry:
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
    message: Message | None = None
    """the newest message to be trusted, and"""
    message_time: Instant | None = None
    """its time"""
    news: Solution | None = None
    """the solution that last was news"""
    flies: bool = False
    site: int = 1
    group: Group | None = None
    reference: Reference | None = None
    shadows: tuple[tuple[str, Instant], ...] = ()
    """LEO and GEO satellites that heard it without a position, and when: they tell an image (R 3.2.6)"""
    images: frozenset[tuple[float, float]] = frozenset()
    quick: bool = False
    """a DOA position or a geostationary satellite was among what was received: the site closes sooner"""
    floor: Instant | None = None
    """the time from which silence counts, where the clock did not run before"""
    silence_told: bool = False
    first_burst: tuple[Instant, str] | None = None
    """time and satellite of the first burst, while nothing else is known of the beacon"""
    corroborated: bool = True
    """False while one burst by one MEOSAR satellite is all there is (R 3.2.7)"""
    doubtful: bool = False
    """an unreliable message with this ID came last: what is shown is of an earlier reliable one (R 3.2.8)"""
    rotating: Mapping[int, Instant] = field(default_factory=dict)
    """when each type of rotating field was told last"""
    link: ReturnLink | None = None
    sent: tuple[Sent, ...] = ()
    waiting: bool = False
    """an ELT(DT) was heard since the last message: the best of it is due after a while"""
    to: tuple[str, ...] = ()
    home: tuple[str, ...] = ()
    """who is to be notified as country of registration"""
    nocr: tuple[str, ...] = ()
    """who was notified as country of registration"""
    added: tuple[str, ...] = ()
    removed: frozenset[str] = frozenset()
    route: Route = field(default_factory=Route)
    """where it goes, and"""
    routed: tuple[Any, ...] = ()
    """what that was found from"""
    shown: Alert | None = None
    """the record that the last change gave"""
    areas: tuple[str, ...] = ()
    """areas in which the newest positions lie, the primary ones first"""

    def copy(self) -> Entry:
        """As it is now, whatever happens to it."""
        made = Entry(*_VALUES(self))
        made.heard, made.cancels = self.heard[:], self.cancels[:]
        return made

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the newest message to be trusted says; nothing before there was one."""
        return {} if self.message is None else self.message.facts

    @property
    def told(self) -> tuple[str, ...]:
        """Who has got a message about this activation."""
        return tuple(dict.fromkeys([name for sent in self.sent for name in sent.to]))

    @property
    def uncorroborated(self) -> bool:
        """Whether all there is may be an artefact of the ground segment."""
        return not self.corroborated

    def begin_anew(self, time: Instant) -> None:
        """A new activation: what belongs to the old one, or to a test, stays in the journal only."""
        fresh = Entry(self.id, self.hex_id, self.exercise, self.category, time, time, time, state=self.state)
        fresh.site = self.site + 1 if self.state == "closed" else self.site
        fresh.flies, fresh.message, fresh.message_time = self.flies, self.message, self.message_time
        for name in Entry.__slots__:
            setattr(self, name, getattr(fresh, name))

    def count(self, time: Instant) -> bool:
        """Count the burst unless it is a copy of one counted: the same transmission heard by another receiver."""
        if not self.bursts:  # a position came first: from now on its bursts say when it was heard
            self.first_seen = self.last_seen = time
        self.first_seen, self.last_seen = min(self.first_seen, time), max(self.last_seen, time)
        place = bisect_left(self.heard, time)
        for other in self.heard[max(place - 1, 0) : place + 1]:
            if abs(time - other) < _SAME_BURST:
                return False
        self.bursts += 1
        insort(self.heard, time)
        del self.heard[:-_HEARD]
        return True

    def cancel(self, time: Instant) -> None:
        """Note a cancellation message, unless it is a copy of one."""
        if not any(abs(time - other) < _SAME_BURST for other in self.cancels):
            insort(self.cancels, time)

    def place(self, solution: Solution) -> None:
        """Put a solution into the list, newest first; an encoded one at the same place is prolonged."""
        kept = []
        for known in self.solutions:
            same_place = (known.lat_deg, known.lon_deg) == (solution.lat_deg, solution.lon_deg)
            if known.method == solution.method == "encoded" and same_place:
                solution = _prolonged(solution, known)
            else:
                kept.append(known)
        ordered = sorted([solution, *kept], key=lambda item: item.end, reverse=True)
        self.solutions = tuple(ordered[: int(PLACES.value)])

    def remember(self, sent: Sent) -> None:
        """A message was decided on."""
        self.sent = (*self.sent, sent)[-_SENT:]

    def alert(self, notices: tuple[Notice, ...] = (), remarks: tuple[str, ...] = (), until: Any = None) -> Alert:
        """The record of it."""
        told = self.told
        if notices:
            now, ever = Counter(n.to for n in notices), Counter(name for sent in self.sent for name in sent.to)
            told = tuple(name for name in told if ever[name] > now[name])
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
            self.site,
            self.to,
            told,
            notices,
            self.reference,
            remarks,
            self.link,
            until,
        )


def _prolonged(new: Solution, known: Solution) -> Solution:
    """An encoded position that was heard again: from the first to the last time."""
    values = list(_PARTS(new))
    values[_START], values[_END] = min(known.start, new.start), max(known.end, new.end)
    values[_USED] = known.used + new.used
    return Solution(*values)


# a copy of a dataclass by dataclasses.replace takes several times as long, and each burst makes some
_VALUES = attrgetter(*(item.name for item in fields(Entry)))
_NAMES = tuple(item.name for item in fields(Solution))
_PARTS = attrgetter(*_NAMES)
_START, _END, _USED = (_NAMES.index(name) for name in ("start", "end", "used"))

"""What a record means for an alert: the transition of the table, the positions judged, the messages called for.

The book keeps the alerts; the desk works on one of them at a time and remembers only the numbers of its messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from vigie.alert import resend, returnlink, states, telling, timers
from vigie.alert.entry import Entry, Group, Sent
from vigie.alert.hearing import move
from vigie.alert.matching import blurs, judge, kind, two_sides
from vigie.alert.network import Network
from vigie.alert.practice import Practice
from vigie.alert.reference import established
from vigie.alert.routing import Home, Registered, Route, Subject, route
from vigie.alert.spans import nanoseconds
from vigie.alert.telling import Change
from vigie.instants import Instant
from vigie.records import Category, Notice, Solution

Visible = Callable[[str, Instant, float, float], bool | None]
"""whether a satellite could see a place (latitude, longitude) at a time; None where that is not known"""
_LAST_SERIAL = 99_999


@dataclass
class Desk:
    """Works on alerts by a practice, for a network."""

    practice: Practice
    network: Network
    registered: Registered | None = None
    visible: Visible | None = None
    home: Home | None = None
    serials: dict[str, int] = field(default_factory=dict)
    """the number of the last message for each destination"""

    # -- positions ------------------------------------------------------------------------------------------------

    def found(self, entry: Entry, solution: Solution) -> list[Notice]:
        """A Doppler or DOA position of a beacon that calls, or did."""
        entry.quick = entry.quick or kind(solution) == "doa"
        was_alone = entry.uncorroborated
        if kind(solution) in ("doa", "doppler"):
            entry.corroborated = True
        base = self.plain(entry, solution)._replace(corroborates=was_alone and entry.corroborated)
        notices = [] if self._joins(entry, solution) else self.settle(entry)
        if entry.state in states.ENDING:
            # after a cancellation a place may come of the cancellation's own bursts: it is no new call
            entry.place(solution)
            return notices + self.step(entry, "late", "", entry.category, base)
        half = solution.method == "doppler" and solution.probability < 1
        other = next((one for one in entry.solutions if two_sides(solution, one)), None)
        if half and other is not None and entry.group is None:  # its pass was judged without it
            known = tuple(one for one in entry.solutions if one is not other)
            entry.group = Group(entry.state, known, (other,), False)
        whole = other is not None
        return notices + self.position(
            entry, solution, entry.category, base, more=solution.more or (half and not whole)
        )

    def position(
        self, entry: Entry, solution: Solution, category: Category, base: Change, *, more: bool
    ) -> list[Notice]:
        """A new position: placed at once, judged when its alert is complete."""
        if entry.group is None:
            if blurs(solution, entry.solutions):
                return self.step(entry, "same", "", category, base)
            if not more:
                known = entry.solutions
                entry.place(solution)
                return self._judged(entry, known, (solution,), category, base)
            entry.group = Group(entry.state, entry.solutions, (), solution.more)
        entry.group = entry.group._replace(found=(*entry.group.found, solution), more=solution.more)
        entry.place(solution)
        if more:
            if entry.state in (states.NEW, *states.OVER, "unlocated", "unreliable"):
                move(entry, "first", "", category)  # it is located from now on; what to tell is not settled
            return []
        return self.settle(entry, base, category)

    def announced(self, entry: Entry, category: Category) -> list[Notice]:
        """A burst whose position comes with the next record."""
        if entry.group is None:
            entry.group = Group(entry.state, entry.solutions, (), True)
            move(entry, "burst", "", category)
        return []

    def _joins(self, entry: Entry, solution: Solution) -> bool:
        """Whether a position belongs to the alert that is not complete yet."""
        group = entry.group
        return group is None or group.more or any(two_sides(solution, other) for other in group.found)

    def settle_unless(self, entry: Entry, time: Instant) -> list[Notice]:
        """Before a burst: an alert that waited for more is judged as it is, unless the burst belongs to it."""
        group = entry.group
        if group is None or (group.more and (not group.found or group.found[-1].end == time)):
            return []
        return self.settle(entry)

    def settle(self, entry: Entry, base: Change | None = None, category: Category | None = None) -> list[Notice]:
        """Judge the positions of an alert together: all of them are here, or no more are waited for."""
        group, entry.group = entry.group, None
        if group is None:
            return []
        entry.state = group.state
        if not group.found:  # a burst that announced a position which did not come
            plain = Change("burst", states.row(entry.state, "burst"), "", entry.last_seen)
            return self.step(entry, "burst", "", category or entry.category, base or plain)
        newest = max(group.found, key=lambda one: one.end)
        found = group.found
        change = base or self.plain(entry, newest)
        return self._judged(entry, group.known, found, category or entry.category, change)

    def _judged(
        self, entry: Entry, known: tuple[Solution, ...], found: tuple[Solution, ...], category: Category, base: Change
    ) -> list[Notice]:
        verdict = judge(found, known, news=entry.news, flies=entry.flies, reference=entry.reference)
        event: str = verdict.event
        words = verdict.words
        fresh = self._images(entry, found)
        if event in ("same", "moved") and entry.state not in states.OVER and not entry.flies:
            better = resend.improved(entry, found, self.practice) or fresh
            if better and not (event == "moved" and found[-1].method == "encoded"):
                event, words = "better", better
        if event in ("first", "moved", "better", "conflicting", "matching", "renewed", "unresolved"):
            entry.news = found[-1]
        agreed = event in ("matching", "renewed")
        confirms = agreed and (entry.reference is None or event == "renewed")
        if agreed:
            old = entry.reference if event == "matching" else None
            places = (*found, *known)
            entry.reference = established(verdict.agreed, places, entry.first_seen, old=old, renewed=event == "renewed")
            entry.link = returnlink.update(entry.link, {}, base.time, confirmed=True)
        return self.step(entry, event, words, category, base._replace(found=found, confirms=confirms))

    def _images(self, entry: Entry, found: tuple[Solution, ...]) -> str:
        """Doppler sides that a satellite which heard the beacon could not see (R 3.2.6); in words, when one is new."""
        if self.visible is None or entry.reference is not None:
            return ""
        news = ""
        for side in found:
            place = (side.lat_deg, side.lon_deg)
            if side.method != "doppler" or place in entry.images:
                continue
            for satellite, time in entry.shadows:
                if time <= side.end and self.visible(satellite, time, *place) is False:
                    entry.images = entry.images | {place}
                    news = f"One side of the Doppler pass was out of sight of satellite {satellite}."
                    break
        return news

    def plain(self, entry: Entry, solution: Solution) -> Change:
        sources = (solution.source,) if solution.source else ()
        return Change("same", states.row(entry.state, "same"), "", solution.end, sources=sources)

    # -- what it means --------------------------------------------------------------------------------------------

    def step(self, entry: Entry, event: str, words: str, category: Category, base: Change) -> list[Notice]:
        """One transition of the table, and the messages it calls for."""
        row = states.row(entry.state, event)
        move(entry, event, words, category)
        change = base._replace(event=event, row=row, words=f"{row.words} {words}".strip())
        if entry.state in states.CALM or entry.category not in telling.TOLD:
            return []
        change = change._replace(route=self._route(entry, change))
        made = telling.drafts(entry, change, self.practice, self.network, self.registered)
        return self._number(entry, change, made)

    def _route(self, entry: Entry, change: Change) -> Route:
        """Who is told from now on: before confirmation whoever was, and more; after it those of the reference."""
        sure = entry.reference
        places: tuple[tuple[float, float], ...]
        if sure is not None:
            places = ((sure.lat_deg, sure.lon_deg),)
        else:
            places = tuple((one.lat_deg, one.lon_deg) for one in change.found or entry.solutions[:1])
        if change.event == "late" or (entry.to and not change.found):
            places = entry.routed[0] if entry.routed else places
        key = (places, entry.category, entry.facts.get("country_code"), sure is None)
        if entry.routed == key:
            return entry.route
        asked = self.registered(entry.hex_id) if self.registered and entry.hex_id else None
        reliable = entry.category != "unreliable"
        home = self.home(entry.hex_id) if self.home and entry.hex_id else ()
        subject = Subject(entry.facts, entry.hex_id, places, reliable, entry.flies, asked, home)
        found = route(subject, self.network, self.practice)
        entry.routed, entry.route = key, found
        entry.areas, entry.home = found.areas, found.nocr or entry.home
        kept = entry.to if sure is None or not found.to else ()
        sticky = entry.nocr if self.practice.nocr_sticky and sure is None else ()
        names = dict.fromkeys((*kept, *found.to, *sticky, *entry.added))
        entry.to = tuple(name for name in names if name not in entry.removed)
        return found

    def _number(self, entry: Entry, change: Change, made: Iterable[telling.Draft]) -> list[Notice]:
        """Number the messages, and remember what they told."""
        notices = []
        for draft in made:
            serial = (self.serials.get(draft.to, 0) + 1) % (_LAST_SERIAL + 1)
            self.serials[draft.to] = serial
            notices.append(
                Notice(
                    draft.number, draft.to, serial, draft.title, draft.why, draft.source, draft.inferred, entry.areas
                )
            )
        if notices:
            to = tuple(notice.to for notice in notices)
            entry.nocr += tuple(n.to for n in notices if n.number.endswith("78") and n.to not in entry.nocr)
            entry.remember(Sent(notices[0].number, change.time, change.found, to, change.event))
            entry.waiting = False
            if change.rotating is not None:
                entry.rotating = {**entry.rotating, change.rotating: change.time}
        return notices

    # -- the clock and the duty officer ---------------------------------------------------------------------------

    def look(self, entry: Entry, now: Instant) -> list[Notice] | None:
        """Do what is due of one alert; None when nothing is."""
        due = timers.next_due(entry, self.practice)
        if due is None or due.time > nanoseconds(now):
            return None
        if due.what == "settle":
            return self.settle(entry)
        late = timers.gap(due, now)
        if due.what == "silence":
            entry.silence_told = True
            return [] if late else self._report(entry, now)
        if due.what == "waiting":
            entry.waiting = False
            return self._best(entry, now)
        if late:
            entry.floor = now
            return []
        entry.changed = max(entry.changed, now)
        return self.step(entry, due.what, "", entry.category, self.now(entry, now))

    def now(self, entry: Entry, now: Instant) -> Change:
        return Change("same", states.row(entry.state, "same"), "", now)

    def _report(self, entry: Entry, now: Instant) -> list[Notice]:
        """Nothing was told for a while: the site is reported open (R Table 2.1, SIT 176)."""
        row = states.row(entry.state, "timeout")
        words = "No message for 35 minutes; the site is open."
        change = self.now(entry, now)._replace(event="silence", row=row, words=words)
        choice = telling.Wanted("176", telling.STATUS, words, "R Table 2.1 (SIT 176), 4.7.2", False)
        return self._number(entry, change, telling.addressed(entry, change, choice, self.network))

    def _best(self, entry: Entry, now: Instant) -> list[Notice]:
        """The best of what an ELT(DT) sent since the last message (R 3.2.3.9 (8))."""
        found = resend.best(entry)
        base = self.now(entry, now if found is None else found.end)
        time = max((t for t in entry.heard), default=now) if found is None else found.end
        change = base._replace(found=(found,) if found else (), time=time, words="Ten minutes have passed.")
        choice = telling.flying_kind(entry, change)
        return self._number(entry, change, telling.addressed(entry, change, choice, self.network))

    def resent(self, entry: Entry, change: Change, name: str, why: str) -> list[Notice]:
        choice = telling.as_it_stands(entry)._replace(why=why, source="R 3.2.3.8.2 (6), (7)", inferred=False)
        found = entry.solutions[:1]
        last = max((sent.time for sent in entry.sent), default=entry.last_seen)
        draft = telling.draft(entry, change, choice, name)
        return self._number(entry, change._replace(found=found, time=last, event="same"), [draft])

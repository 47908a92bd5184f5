"""The book of alerts: the one object of Vigie that remembers. Rebuilt at any time by feeding it the journal again.

It knows no clock: whatever it decides follows from the records and their own times, so a replay gives the same alerts.
What the clock brings (a site that closes) comes with a ``Tick`` and is decided by times that are in the records, so the
ticks that changed nothing need not be kept.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from vigie.alert import remarks, resend, returnlink, states, telling, timers
from vigie.alert.entry import Entry, Group, Sent
from vigie.alert.matching import blurs, encoded, judge, kind, moves, two_sides
from vigie.alert.network import Network, standing
from vigie.alert.practice import Practice, named
from vigie.alert.reference import established
from vigie.alert.routing import Registered, Route, Subject, route
from vigie.alert.rules import CANCELLATION_WINDOW_S, CANCELLATIONS, SAME_BURST_S
from vigie.alert.satellites import system
from vigie.alert.spans import seconds
from vigie.alert.telling import Change
from vigie.instants import Instant
from vigie.records import Alert, Category, Detection, Notice, Order, Record, Solution, Tick

Visible = Callable[[str, Instant, float, float], bool | None]
"""whether a satellite could see a place (latitude, longitude) at a time; None where that is not known"""
_LAST_SERIAL = 99_999
_SHADOWS = 50


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
    ) -> None:
        """An empty book, or one that has taken these records already.

        ``network``: who is told; by default all centres, by country code and by the nearest land. ``registered``: asks
        the register. ``visible``: asks the orbits. A replay gives the same alerts if these give the same answers.
        """
        self._entries: dict[str, Entry] = {}
        self._saved: dict[str, Entry | None] | None = None
        """entries as they were before the block of ``all_or_nothing``"""
        self._timers: list[tuple[int, str]] = []
        """heap of the times at which an alert is to be looked at, with its id; an alert may be in it more than once"""
        self._practice = practice or named("international")
        self._network = network if network is not None else standing()
        self._registered, self._visible = registered, visible
        self.serials: dict[str, int] = {}
        """the number of the last message for each destination"""
        self.clock: Instant | None = None
        """the latest time the stream has named"""
        for record in records:
            self.take(record)

    def alerts(self) -> list[Alert]:
        """Every alert as it stands, in the order of first appearance."""
        return [self._alert(entry) for entry in self._entries.values()]

    def alert(self, alert_id: str) -> Alert | None:
        """One alert, or None."""
        entry = self._entries.get(alert_id)
        return None if entry is None else self._alert(entry)

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

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """What is taken in this block is forgotten again if the block ends in an exception: it was not journalled."""
        self._saved, clock, serials = {}, self.clock, dict(self.serials)
        try:
            yield
        except BaseException:
            self.clock, self.serials = clock, serials
            for alert_id, entry in self._saved.items():
                if entry is None:
                    self._entries.pop(alert_id, None)
                else:
                    self._entries[alert_id] = entry
                    self._watch(entry)
            raise
        finally:
            self._saved = None

    # -- entries --------------------------------------------------------------------------------------------------

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
        due = timers.due(entry, self._practice)
        if due is not None:
            heapq.heappush(self._timers, (due, entry.id))

    def _alert(self, entry: Entry, notices: Iterable[Notice] = ()) -> Alert:
        said = remarks.of(entry, self._network)
        return entry.alert(tuple(notices), said, timers.closing(entry))

    # -- detections -----------------------------------------------------------------------------------------------

    def _detection(self, detection: Detection) -> list[Alert]:
        message, time = detection.message, detection.time
        category = _category(detection)
        alert_id, doubtful = self._whose(detection, category)
        entry = self._entry(alert_id)
        if entry is None:
            hex_id = states.beacon_id(message)
            entry = self._add(Entry(alert_id, hex_id, detection.exercise, category, time, time, time))
        mark = _mark(entry)
        notices = self._settle_unless(entry, time)
        begun = self._begins(entry, category, time)
        if begun:
            entry.begin_anew(time)
        entry.flies = entry.flies or moves(message)
        solution = None if category in ("cancelled", "unreliable") or doubtful else encoded(detection)
        event, words = _event(entry, detection, category, late=entry.state == "closed" and not begun)
        again = entry.state in states.ENDING and event in ("burst", "position")
        link = entry.link
        corroborates = False
        if event not in states.CALM or entry.state in states.CALM:  # a test tells nothing of a distress call
            first = entry.bursts == 0
            entry.count(time)
            corroborates = self._corroborate(entry, detection, first)
            if category != "unreliable" and (entry.facts_time is None or time >= entry.facts_time):
                entry.facts, entry.facts_time = message.facts, time
                entry.doubtful = False
                entry.link = returnlink.update(entry.link, message.facts, time, confirmed=entry.reference is not None)
            entry.doubtful = entry.doubtful or doubtful
            self._hear(entry, detection, solution)
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
            notices += self._position(entry, solution, category, base, more=detection.more)
        else:
            if solution is not None and event == "late" and not blurs(solution, entry.solutions):
                entry.place(solution)
            if event == "burst" and detection.more:  # its position follows: what to tell is judged with it
                return self._done(entry, mark, notices + self._announced(entry, category))
            notices += self._step(entry, event, words, category, base)
        return self._done(entry, mark, notices)

    def _done(self, entry: Entry, mark: object, notices: list[Notice]) -> list[Alert]:
        """The alert as it stands after a record; when something else may be due now, the clock will look at it."""
        if _mark(entry) != mark:
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

    @staticmethod
    def _begins(entry: Entry, category: Category, time: Instant) -> bool:
        """Whether a burst begins another activation: after a test, or after the site was closed."""
        if entry.state == "closed":
            calls = ("distress", "national", "cancelled", "unreliable")
            return category in calls and bool(time > entry.last_seen)
        return entry.state in states.CALM and category in ("distress", "national", "cancelled")

    def _corroborate(self, entry: Entry, detection: Detection, first: bool) -> bool:
        """Note whether more than one burst by one MEOSAR satellite is known; True when this one makes it so."""
        satellite = detection.satellite
        if first:
            entry.corroborated = system(satellite) != "MEO" if satellite else True
            entry.first_burst = (detection.time, satellite)
            return False
        if entry.corroborated or entry.first_burst is None:
            return False
        time, by = entry.first_burst
        another = abs(seconds(detection.time, time)) >= SAME_BURST_S.value or by != satellite
        entry.corroborated = another or detection.source in self._network.clean
        return entry.corroborated

    def _hear(self, entry: Entry, detection: Detection, solution: Solution | None) -> None:
        """Note by which kind of satellite it was heard."""
        by = system(detection.satellite) if detection.satellite else None
        entry.quick = entry.quick or by == "GEO"
        entry.silence_told = False
        if solution is None and by in ("LEO", "GEO"):
            entry.shadows = (*entry.shadows, (detection.satellite, detection.time))[-_SHADOWS:]

    # -- solutions ------------------------------------------------------------------------------------------------

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
        mark, notices = _mark(entry), list[Notice]()
        if entry.state in states.CALM:
            entry.place(solution)
        elif entry.state == "closed" and solution.start <= entry.last_seen:
            entry.place(solution)
            notices = self._step(entry, "late", "", entry.category, self._plain(entry, solution))
        else:
            if entry.state == "closed":
                entry.begin_anew(solution.start)
            notices = self._found(entry, solution)
        entry.changed = max(entry.changed, solution.end)
        return self._done(entry, mark, notices)

    def _plain(self, entry: Entry, solution: Solution) -> Change:
        sources = (solution.source,) if solution.source else ()
        return Change("same", states.row(entry.state, "same"), "", solution.end, sources=sources)

    def _found(self, entry: Entry, solution: Solution) -> list[Notice]:
        """A Doppler or DOA position of a beacon that calls, or did."""
        entry.quick = entry.quick or kind(solution) == "doa"
        was_alone = entry.uncorroborated
        if kind(solution) in ("doa", "doppler"):
            entry.corroborated = True
        base = self._plain(entry, solution)._replace(corroborates=was_alone and entry.corroborated)
        notices = [] if self._joins(entry, solution) else self._settle(entry)
        if entry.state in states.ENDING:
            # after a cancellation a place may come of the cancellation's own bursts: it is no new call
            entry.place(solution)
            return notices + self._step(entry, "late", "", entry.category, base)
        half = solution.method == "doppler" and solution.probability < 1
        other = next((one for one in entry.solutions if two_sides(solution, one)), None)
        if half and other is not None and entry.group is None:  # its pass was judged without it
            known = tuple(one for one in entry.solutions if one is not other)
            entry.group = Group(entry.state, known, (other,), False)
        whole = other is not None
        return notices + self._position(
            entry, solution, entry.category, base, more=solution.more or (half and not whole)
        )

    def _position(
        self, entry: Entry, solution: Solution, category: Category, base: Change, *, more: bool
    ) -> list[Notice]:
        """A new position: placed at once, judged when its alert is complete."""
        if entry.group is None:
            if blurs(solution, entry.solutions):
                return self._step(entry, "same", "", category, base)
            if not more:
                known = entry.solutions
                entry.place(solution)
                return self._judged(entry, known, (solution,), category, base)
            entry.group = Group(entry.state, entry.solutions, (), solution.more)
        entry.group = entry.group._replace(found=(*entry.group.found, solution), more=solution.more)
        entry.place(solution)
        if more:
            if entry.state in (states.NEW, *states.OVER, "unlocated", "unreliable"):
                _move(entry, "first", "", category)  # it is located from now on; what to tell is not settled
            heapq.heappush(self._timers, (timers.AT_ONCE, entry.id))
            return []
        return self._settle(entry, base, category)

    def _announced(self, entry: Entry, category: Category) -> list[Notice]:
        """A burst whose position comes with the next record."""
        if entry.group is None:
            entry.group = Group(entry.state, entry.solutions, (), True)
            _move(entry, "burst", "", category)
        heapq.heappush(self._timers, (timers.AT_ONCE, entry.id))
        return []

    def _joins(self, entry: Entry, solution: Solution) -> bool:
        """Whether a position belongs to the alert that is not complete yet."""
        group = entry.group
        return group is None or group.more or any(two_sides(solution, other) for other in group.found)

    def _settle_unless(self, entry: Entry, time: Instant) -> list[Notice]:
        """Before a burst: an alert that waited for more is judged as it is, unless the burst belongs to it."""
        group = entry.group
        if group is None or (group.more and (not group.found or group.found[-1].end == time)):
            return []
        return self._settle(entry)

    def _settle(self, entry: Entry, base: Change | None = None, category: Category | None = None) -> list[Notice]:
        """Judge the positions of an alert together: all of them are here, or no more are waited for."""
        group, entry.group = entry.group, None
        if group is None:
            return []
        entry.state = group.state
        if not group.found:  # a burst that announced a position which did not come
            plain = Change("burst", states.row(entry.state, "burst"), "", entry.last_seen)
            return self._step(entry, "burst", "", category or entry.category, base or plain)
        newest = max(group.found, key=lambda one: one.end)
        found = group.found
        change = base or self._plain(entry, newest)
        return self._judged(entry, group.known, found, category or entry.category, change)

    def _judged(
        self, entry: Entry, known: tuple[Solution, ...], found: tuple[Solution, ...], category: Category, base: Change
    ) -> list[Notice]:
        verdict = judge(found, known, news=entry.news, flies=entry.flies, reference=entry.reference)
        event: str = verdict.event
        words = verdict.words
        fresh = self._images(entry, found)
        if event in ("same", "moved") and entry.state not in states.OVER and not entry.flies:
            better = resend.improved(entry, found, self._practice) or fresh
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
        return self._step(entry, event, words, category, base._replace(found=found, confirms=confirms))

    def _images(self, entry: Entry, found: tuple[Solution, ...]) -> str:
        """Doppler sides that a satellite which heard the beacon could not see (R 3.2.6); in words, when one is new."""
        if self._visible is None or entry.reference is not None:
            return ""
        news = ""
        for side in found:
            place = (side.lat_deg, side.lon_deg)
            if side.method != "doppler" or place in entry.images:
                continue
            for satellite, time in entry.shadows:
                if time <= side.end and self._visible(satellite, time, *place) is False:
                    entry.images = entry.images | {place}
                    news = f"One side of the Doppler pass was out of sight of satellite {satellite}."
                    break
        return news

    # -- what it means --------------------------------------------------------------------------------------------

    def _step(self, entry: Entry, event: str, words: str, category: Category, base: Change) -> list[Notice]:
        """One transition of the table, and the messages it calls for."""
        row = states.row(entry.state, event)
        _move(entry, event, words, category)
        change = base._replace(event=event, row=row, words=f"{row.words} {words}".strip())
        if entry.state in states.CALM or entry.category not in telling.TOLD:
            return []
        change = change._replace(route=self._route(entry, change))
        made = telling.drafts(entry, change, self._practice, self._network, self._registered)
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
        asked = self._registered(entry.hex_id) if self._registered and entry.hex_id else None
        reliable = entry.category != "unreliable"
        subject = Subject(entry.facts, entry.hex_id, places, reliable, entry.flies, asked)
        found = route(subject, self._network, self._practice)
        entry.routed, entry.route = key, found
        entry.areas, entry.home = found.areas, found.nocr or entry.home
        kept = entry.to if sure is None or not found.to else ()
        sticky = entry.nocr if self._practice.nocr_sticky and sure is None else ()
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

    def _tick(self, now: Instant) -> list[Alert]:
        """What is due by the clock of the stream."""
        limit = int(now.astype("datetime64[ns]").astype("int64"))
        changed: dict[str, list[Notice]] = {}
        ids = set()
        while self._timers and self._timers[0][0] <= limit:
            ids.add(heapq.heappop(self._timers)[1])
        for alert_id in sorted(ids):  # an order that does not depend on what was forgotten in between
            entry = self._entry(alert_id)
            if entry is None:
                continue
            for _ in range(8):  # one look may make another thing due
                found = self._look(entry, now)
                if found is None:
                    break
                changed.setdefault(alert_id, []).extend(found)
            self._watch(entry)
        return [self._alert(self._entries[alert_id], notices) for alert_id, notices in changed.items()]

    def _look(self, entry: Entry, now: Instant) -> list[Notice] | None:
        """Do what is due of one alert; None when nothing is."""
        due = timers.next_due(entry, self._practice)
        if due is None or due.time > int(now.astype("datetime64[ns]").astype("int64")):
            return None
        if due.what == "settle":
            return self._settle(entry)
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
        return self._step(entry, due.what, "", entry.category, self._now(entry, now))

    def _now(self, entry: Entry, now: Instant) -> Change:
        return Change("same", states.row(entry.state, "same"), "", now)

    def _report(self, entry: Entry, now: Instant) -> list[Notice]:
        """Nothing was told for a while: the site is reported open (R Table 2.1, SIT 176)."""
        row = states.row(entry.state, "timeout")
        words = "No message for 35 minutes; the site is open."
        change = self._now(entry, now)._replace(event="silence", row=row, words=words)
        choice = telling.Wanted("176", telling.STATUS, words, "R Table 2.1 (SIT 176), 4.7.2", False)
        return self._number(entry, change, telling.addressed(entry, change, choice, self._network))

    def _best(self, entry: Entry, now: Instant) -> list[Notice]:
        """The best of what an ELT(DT) sent since the last message (R 3.2.3.9 (8))."""
        found = resend.best(entry)
        base = self._now(entry, now if found is None else found.end)
        time = max((t for t in entry.heard), default=now) if found is None else found.end
        change = base._replace(found=(found,) if found else (), time=time, words="Ten minutes have passed.")
        choice = telling.flying_kind(entry, change)
        return self._number(entry, change, telling.addressed(entry, change, choice, self._network))

    def _order(self, order: Order) -> list[Alert]:
        """What a duty officer decided. An order about an alert that is not known changes nothing."""
        entry = self._entry(order.alert)
        if entry is None or entry.category not in telling.TOLD:
            return []
        notices = self._settle(entry)
        by = f" By {order.by}." if order.by else ""
        change = self._now(entry, order.time)
        match order.what:
            case "close":
                notices += self._step(entry, "close", by.strip(), entry.category, change)
            case "add" if order.to:
                entry.added = (*entry.added, order.to)
                entry.removed -= {order.to}
                entry.to = tuple(dict.fromkeys((*entry.to, order.to)))
                notices += self._resent(entry, change, order.to, f"Added by the duty officer.{by}")
            case "remove":
                entry.removed |= {order.to}
                entry.to = tuple(name for name in entry.to if name != order.to)
            case "resend":
                for name in (order.to,) if order.to else entry.to:
                    notices += self._resent(entry, change, name, f"Sent again by the duty officer.{by}")
        entry.changed = max(entry.changed, order.time)
        return [self._alert(entry, notices)]

    def _resent(self, entry: Entry, change: Change, name: str, why: str) -> list[Notice]:
        choice = telling.as_it_stands(entry)._replace(why=why, source="R 3.2.3.8.2 (6), (7)", inferred=False)
        found = entry.solutions[:1]
        last = max((sent.time for sent in entry.sent), default=entry.last_seen)
        draft = telling.draft(entry, change, choice, name)
        return self._number(entry, change._replace(found=found, time=last, event="same"), [draft])


def _mark(entry: Entry) -> object:
    """What decides when something is due, beside the times at which the beacon was heard."""
    return entry.state, entry.quick, entry.waiting, len(entry.sent), entry.site, entry.group is None


def _category(detection: Detection) -> Category:
    """The category of a burst; one sent with the self-test frame sync is a self-test whatever else it says."""
    category = detection.message.category
    if detection.message.hex_id is None or detection.message.verdict == "unreliable":
        return "unreliable"
    return "self_test" if detection.sync == "self_test" and category in ("distress", "national") else category


def _event(entry: Entry, detection: Detection, category: Category, *, late: bool) -> tuple[str, str]:
    """The event of the table that this burst is for this alert, and details in words; ``position`` is judged later."""
    time = detection.time
    if late and category in ("distress", "national", "cancelled"):
        return "late", ""
    if category == "cancelled":
        return _cancellation(entry, time)
    if category not in ("distress", "national"):
        return category, ""
    if entry.state in states.ENDING and entry.cancels and time < entry.cancels[0]:
        return "late", ""
    entry.calls = time if entry.calls is None else max(entry.calls, time)
    entry.cancels = [cancel for cancel in entry.cancels if cancel > time]
    return ("burst" if detection.message.position_deg is None else "position"), ""


def _cancellation(entry: Entry, time: Instant) -> tuple[str, str]:
    if entry.calls is not None and time < entry.calls:
        return "late", ""  # the beacon called again after it
    entry.cancel(time)
    needed = int(CANCELLATIONS.value)
    runs = zip(entry.cancels, entry.cancels[needed - 1 :], strict=False)
    if any(seconds(last, first) <= CANCELLATION_WINDOW_S.value for first, last in runs):
        return "cancelled", f"{needed} cancellation messages within {CANCELLATION_WINDOW_S.value:.0f} s."
    return "cancellation", f"{len(entry.cancels)} of the {needed} messages that confirm it."


def _move(entry: Entry, event: str, words: str, category: Category) -> None:
    """Move the entry along the table, and its category with it."""
    old = entry.state
    entry.state, reason = states.step(old, event, entry.before)
    if reason:
        entry.reason = f"{reason} {words}".strip()
    if entry.state in states.ENDING and old not in states.ENDING:
        entry.before = states.NEW if old in states.OVER else old
    if entry.state == "cancelled" or (entry.state == "cancelling" and entry.before == states.NEW):
        entry.category = "cancelled"
    elif entry.state in states.ACTIVE:
        if category in ("distress", "national") and entry.category != "distress":
            entry.category = category
    elif entry.state != "closed":
        entry.category = category

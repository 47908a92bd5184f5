"""The table of alert states: complete, without loose ends, and never losing a distress."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from vigie.alert import states, telling
from vigie.alert.book import AlertBook
from vigie.alert.practice import named
from vigie.alert.rules import PLACES as KEPT
from vigie.records import Alert, Order, Tick
from vigie.sim.detections import CANCEL, ELT_DT, ORBITOGRAPHY, PLB, TEST, YACHT, at, detection, message, solution
from vigie.store.journal import Row
from vigie.store.rows import alert_body, from_record, to_record

PLACES_KEPT = int(KEPT.value)
BEACONS = [PLB, YACHT, ELT_DT, CANCEL, TEST, ORBITOGRAPHY]


def test_every_event_is_defined_once_in_every_state() -> None:
    given = [(state, row.event) for row in states.TABLE for state in row.states]
    assert sorted(given) == sorted(itertools.product(states.ALL, states.EVENTS))


def test_every_row_leads_to_a_known_state_and_names_its_source() -> None:
    for row in states.TABLE:
        assert row.to in (*states.STATES, states.STAY, states.BEFORE), row
        assert row.source, row
        assert row.inferred or not row.source.startswith("ours"), row


def test_every_state_can_be_reached_and_none_but_a_test_or_a_cancellation_leaves_distress() -> None:
    reached, edge = {states.NEW}, [states.NEW]
    while edge:
        state = edge.pop()
        for event, before in itertools.product(states.EVENTS, (states.NEW, *states.OPEN, *states.SURE)):
            to, _ = states.step(state, event, before)
            if state in states.DISTRESS:
                assert to in states.DISTRESS, (state, event)
            if to == "cancelled" and state != "cancelled":
                assert event == "cancelled"
            if to == "closed" and state != "closed":
                assert event in (*states.TIMERS, "close")
            if to not in reached:
                reached.add(to)
                edge.append(to)
    assert reached == set(states.ALL)


PLACES = [(45.0, -5.0), (45.05, -5.0), (45.5, -5.0), (45.0, 170.0), (-89.9, 0.0)]
TIMES = st.one_of(st.integers(0, 400), st.integers(-90_000, 200_000), st.sampled_from([7 * 10**9, -4 * 10**9]))
"""seconds: usual, late or far ahead, and a clock that is centuries wrong"""


class Life(RuleBasedStateMachine):
    """Any records, in any order: the book takes them, loses no distress and no position, and a replay agrees."""

    @initialize(practice=st.sampled_from(["international", "us"]))
    def begin(self, practice: str) -> None:
        self.practice = named(practice)
        self.book = AlertBook(practice=self.practice)
        self.taken: list[tuple[Any, bool]] = []
        """each record, and whether an alert came of it"""
        self.distress: set[str] = set()
        self.places: dict[tuple[str, int], set[tuple[float, float]]] = {}
        """every place that was taken in, by alert and activation"""
        self.emitted: list[Any] = []
        self.serials: set[tuple[str, int]] = set()

    def take(self, record: Any) -> list[Alert]:
        alerts = self.book.take(record)
        self.taken.append((record, bool(alerts)))
        self.emitted += [alert_body(alert) for alert in alerts]
        for alert in alerts:
            keys = {(notice.to, notice.serial) for notice in alert.notices}
            assert len(keys) == len(alert.notices)
            assert not keys & self.serials  # no message twice
            self.serials |= keys
            assert alert.category in telling.TOLD or not alert.notices
        return alerts

    @rule(
        facts=st.sampled_from(BEACONS),
        seconds=TIMES,
        place=st.sampled_from([None, *PLACES]),
        test=st.booleans(),
        exercise=st.booleans(),
        wrong=st.sampled_from([(), (30,), (33, 46, 58, 63, 77, 91)]),
        satellite=st.sampled_from(["", "401", "402", "G16", "S12"]),
        more=st.booleans(),
    )
    def burst(self, facts, seconds, place, test, exercise, wrong, satellite, more) -> None:  # type: ignore[no-untyped-def]
        extra = {"frame_sync": "self_test"} if test else {}
        if place is not None and facts in (PLB, ELT_DT):
            extra |= {"latitude": place[0], "longitude": place[1]}
        made = replace(
            detection(facts, seconds, exercise=exercise, wrong=wrong, **extra), satellite=satellite, more=more
        )
        (alert,) = self.take(made)
        if made.message.category == "distress":
            self.distress.add(states.alert_id(made.message, exercise=exercise))
            found = made.message.position_deg
            if found is not None and made.message.verdict != "unreliable" and alert.hex_id == made.message.hex_id:
                self.places.setdefault((alert.id, alert.site), set()).add(found)

    @rule(
        method=st.sampled_from(["doppler", "doa", "fused"]),
        place=st.sampled_from(PLACES),
        other=st.sampled_from([None, *PLACES]),
        seconds=TIMES,
        satellites=st.sampled_from([(), ("401", "402"), ("402", "403"), ("S12",)]),
        more=st.booleans(),
    )
    def found(self, method, place, other, seconds, satellites, more) -> None:  # type: ignore[no-untyped-def]
        share = 0.7 if other is not None and method == "doppler" else 1.0
        made = [replace(solution(method, *place, seconds, probability=share), satellites=satellites, more=more)]
        if other is not None and method == "doppler" and seconds % 3:
            made.append(replace(made[0], lat_deg=other[0], lon_deg=other[1], probability=0.3))
        for one in made:
            known = self.book.alert(one.hex_id)
            (alert,) = self.take(one)
            if known is None or known.state not in states.CALM:
                self.distress.add(one.hex_id)
            if known is None or known.state not in states.CALM:
                self.places.setdefault((alert.id, alert.site), set()).add((one.lat_deg, one.lon_deg))

    @rule(seconds=TIMES)
    def tick(self, seconds: int) -> None:
        self.take(Tick(at(seconds)))

    @rule(facts=st.sampled_from(BEACONS), what=st.sampled_from(["close", "add", "remove", "resend"]), seconds=TIMES)
    def order(self, facts: Any, what: Any, seconds: int) -> None:
        self.take(Order(at(seconds), message(facts).hex_id or "", what, "SPMCC"))

    @rule(seconds=TIMES, place=st.sampled_from(PLACES))
    def taken_back(self, seconds: int, place: tuple[float, float]) -> None:
        """What could not be journalled is forgotten, messages and timers included."""
        before, clock, serials = self.book.alerts(), self.book.clock, dict(self.book.serials)
        try:
            with self.book.all_or_nothing():
                self.book.take(detection(PLB, seconds, latitude=place[0], longitude=place[1]))
                self.book.take(solution("doa", *place, seconds))
                self.book.take(Tick(at(seconds)))
                raise OSError
        except OSError:
            pass
        assert (self.book.alerts(), self.book.clock, self.book.serials) == (before, clock, serials)

    @invariant()
    def no_distress_is_lost(self) -> None:
        for alert_id in getattr(self, "distress", ()):
            alert = self.book.alert(alert_id)
            assert alert is not None
            assert alert.state in states.DISTRESS
            assert alert.category in ("distress", "cancelled")

    @invariant()
    def no_position_is_lost(self) -> None:
        for (alert_id, site), places in getattr(self, "places", {}).items():
            alert = self.book.alert(alert_id)
            assert alert is not None
            if alert.site == site and alert.state not in states.CALM and len(alert.solutions) < PLACES_KEPT:
                known = {(one.lat_deg, one.lon_deg) for one in alert.solutions}
                assert all(any(math.dist(p, k) < 0.05 for k in known) for p in places), alert

    def teardown(self) -> None:
        if not getattr(self, "taken", None):
            return
        again, emitted = AlertBook(practice=self.practice), []
        for seq, (record, told) in enumerate(self.taken, 1):
            if isinstance(record, Tick) and not told and seq % 2:
                continue  # the journal keeps few of the ticks that changed nothing
            time, kind, beacon, body = from_record(record)
            body = msgspec.json.decode(msgspec.json.encode(body))
            emitted += [alert_body(alert) for alert in again.take(to_record(Row(seq, time, kind, beacon, body)))]
        assert emitted == self.emitted
        assert again.alerts() == self.book.alerts()
        assert again.serials == self.book.serials


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)

"""The table of alert states: complete, without loose ends, and never losing a distress."""

from __future__ import annotations

import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from vigie.alert import states
from vigie.alert.book import AlertBook
from vigie.records import Tick
from vigie.sim.detections import CANCEL, ELT_DT, ORBITOGRAPHY, PLB, TEST, YACHT, at, detection, solution
from vigie.store.journal import Row
from vigie.store.rows import alert_body, from_record, to_record

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
            if to not in reached:
                reached.add(to)
                edge.append(to)
    assert reached == set(states.ALL)


class Life(RuleBasedStateMachine):
    """Any bursts, in any order: the book takes them, forgets no distress, and a replay gives the same alerts."""

    @initialize()
    def begin(self) -> None:
        self.book, self.taken, self.distress = AlertBook(), [], set()
        self.emitted = []

    def take(self, record: object) -> None:
        self.taken.append(record)
        self.emitted += [alert_body(alert) for alert in self.book.take(record)]  # type: ignore[arg-type]

    @rule(
        facts=st.sampled_from(BEACONS),
        seconds=st.integers(0, 400),
        lat=st.sampled_from([None, 45.0, 45.05, 45.5]),
        test=st.booleans(),
        exercise=st.booleans(),
        wrong=st.sampled_from([(), (30,), (33, 46, 58, 63, 77, 91)]),
    )
    def burst(self, facts, seconds, lat, test, exercise, wrong) -> None:  # type: ignore[no-untyped-def]
        more = {"frame_sync": "self_test"} if test else {}
        if lat is not None and facts in (PLB, ELT_DT):
            more |= {"latitude": lat, "longitude": -5.0}
        made = detection(facts, seconds, exercise=exercise, wrong=wrong, **more)
        self.take(made)
        if made.message.category == "distress":
            self.distress.add(states.alert_id(made.message, exercise=exercise))

    @rule(
        method=st.sampled_from(["doppler", "doa", "fused"]),
        lat=st.sampled_from([45.0, 45.5]),
        seconds=st.integers(0, 4000),
    )
    def place(self, method, lat, seconds) -> None:  # type: ignore[no-untyped-def]
        made = solution(method, lat, -5.0, seconds)
        known = self.book.alert(made.hex_id)
        self.take(made)
        if known is None or known.state not in states.CALM:
            self.distress.add(made.hex_id)

    @rule(seconds=st.integers(0, 4000))
    def tick(self, seconds) -> None:  # type: ignore[no-untyped-def]
        before = self.book.alerts()
        self.take(Tick(at(seconds)))
        assert self.book.alerts() == before

    @invariant()
    def no_distress_is_lost(self) -> None:
        for alert_id in getattr(self, "distress", ()):
            alert = self.book.alert(alert_id)
            assert alert is not None
            assert alert.state in states.DISTRESS
            assert alert.category in ("distress", "cancelled")

    def teardown(self) -> None:
        if not getattr(self, "taken", None):
            return
        again, emitted = AlertBook(), []
        for seq, record in enumerate(self.taken, 1):
            time, kind, beacon, body = from_record(record)
            emitted += [alert_body(alert) for alert in again.take(to_record(Row(seq, time, kind, beacon, body)))]
        assert emitted == self.emitted
        assert again.alerts() == self.book.alerts()


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)

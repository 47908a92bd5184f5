"""The alert rules, told as stories."""

from __future__ import annotations

import pytest

from vigie.alert import states
from vigie.alert.book import AlertBook
from vigie.records import Alert, Tick
from vigie.sim.detections import (
    CANCEL,
    ELT_DT,
    NATIONAL,
    ORBITOGRAPHY,
    PLB,
    TEST,
    YACHT,
    at,
    detection,
    message,
    solution,
)
from vigie.store.rows import alert_body


def told(*records: object) -> Alert:
    """The one alert after these records."""
    book = AlertBook(records)  # type: ignore[arg-type]
    assert len(book.alerts()) == 1
    return book.alerts()[0]


def test_a_distress_without_position_is_an_unlocated_alert_under_its_hex_id() -> None:
    alert = told(detection(YACHT))
    assert (alert.state, alert.category, alert.bursts, alert.solutions) == ("unlocated", "distress", 1, ())
    assert alert.id == alert.hex_id == message(YACHT).hex_id
    assert alert.facts["country"] == "France"


def test_repeated_bursts_are_counted_and_change_nothing_else() -> None:
    alert = told(*(detection(YACHT, 50.0 * number) for number in range(4)))
    assert (alert.state, alert.bursts, alert.first_seen, alert.last_seen) == ("unlocated", 4, at(0), at(150))
    assert alert.reason == "A distress burst without a position was received."


def test_the_same_burst_by_two_receivers_is_one_burst() -> None:
    alert = told(detection(YACHT, source="a"), detection(YACHT, 0.4, source="b"), detection(YACHT, 50))
    assert alert.bursts == 2


def test_the_first_position_locates_and_its_error_is_half_the_cell() -> None:
    alert = told(detection(PLB), detection(PLB, 50, latitude=45.0, longitude=-5.0))
    assert alert.state == "located"
    place = alert.solutions[0]
    assert (place.method, place.lat_deg, place.lon_deg) == ("encoded", 45.0, -5.0)
    # a cell of 4" is 123.5 m by 87.6 m at 45 degrees (WGS-84 arc lengths)
    assert place.ehe_m == pytest.approx(((123.5 / 2) ** 2 + (87.6 / 2) ** 2) ** 0.5, rel=2e-3)


def test_a_position_moved_between_3_and_20_km_is_an_update_and_less_is_none() -> None:
    first = detection(PLB, latitude=45.0, longitude=-5.0)
    assert told(first, detection(PLB, 50, latitude=45.02, longitude=-5.0)).state == "located"
    moved = told(first, detection(PLB, 50, latitude=45.1, longitude=-5.0))
    assert moved.state == "updated"
    assert "11.1 km" in moved.reason
    assert [place.lat_deg for place in moved.solutions] == [45.1, 45.0]


def test_many_small_steps_add_up_to_an_update() -> None:
    steps = [detection(PLB, 300.0 * step, latitude=45.0 + step / 100, longitude=-5.0) for step in range(8)]
    assert [told(*steps[: count + 1]).state for count in range(4)] == ["located", "located", "located", "updated"]
    assert "3.3 km" in told(*steps[:4]).reason
    assert "3.3 km" in told(*steps).reason


def test_positions_more_than_20_km_apart_conflict_and_go_on_conflicting() -> None:
    far = detection(PLB, 50, latitude=45.2, longitude=-5.0)
    alert = told(detection(PLB, latitude=45.0, longitude=-5.0), far, detection(PLB, 100, latitude=45.2, longitude=-5.0))
    assert alert.state == "conflict"
    assert "22.2 km" in alert.reason
    assert "20 km" in alert.reason
    assert len(alert.solutions) == 2
    assert (alert.solutions[0].start, alert.solutions[0].end) == (at(50), at(100))


def test_encoded_positions_alone_never_confirm() -> None:
    alert = told(*(detection(PLB, 50.0 * number, latitude=45.0, longitude=-5.0) for number in range(30)))
    assert alert.state == "located"


@pytest.mark.parametrize("method", ["doppler", "doa", "fused"])
def test_an_independent_position_within_20_km_confirms(method: str) -> None:
    first = detection(PLB, latitude=45.0, longitude=-5.0)
    assert told(first, solution(method, 45.1, -5.0, 300)).state == "confirmed"
    assert told(first, solution(method, 45.3, -5.0, 300)).state == "conflict"


def test_a_confirmed_position_can_be_contradicted_and_agreed_with_again() -> None:
    sure = (detection(PLB, latitude=45.0, longitude=-5.0), solution("doa", 45.1, -5.0, 300))
    moved = detection(PLB, 600, latitude=46.0, longitude=-5.0)
    assert told(*sure, moved).state == "confirmed_conflict"
    assert told(*sure, moved, solution("doa", 46.0, -5.0, 900)).state == "confirmed"


def test_two_doppler_sides_of_one_pass_confirm_nothing() -> None:
    pair = [solution("doppler", 45.0, lon, 300, probability=p) for lon, p in ((-5.0, 0.7), (-5.1, 0.3))]
    assert told(detection(PLB), *pair).state == "located"


def test_two_sides_of_one_pass_are_no_movement_and_the_likelier_is_the_position() -> None:
    pair = [solution("doppler", 45.0, lon, 300, probability=p) for lon, p in ((-5.0, 0.78), (12.0, 0.22))]
    alert = told(detection(PLB), *pair)
    assert (alert.state, alert.reason.split(".")[0]) == ("located", "A distress burst with a position was received")
    assert alert_body(alert)["position"]["longitude"] == -5.0


def test_an_elt_dt_is_never_confirmed_and_may_fly_any_distance() -> None:
    first = detection(ELT_DT, latitude=47.0, longitude=-5.0)
    assert told(first, detection(ELT_DT, 600, latitude=47.0, longitude=-7.0)).state == "updated"
    assert told(first, solution("doa", 47.01, -5.0, 5, facts=ELT_DT)).state == "updated"
    assert told(first, solution("doa", 48.0, -5.0, 5, facts=ELT_DT)).state == "conflict"


def test_the_operator_burst_of_an_elt_dt_does_not_blur_its_position() -> None:
    fine = detection(ELT_DT, latitude=47.3, longitude=-6.9)
    alert = told(fine, detection(ELT_DT, 4.9, latitude=47.3, longitude=-6.9, aircraft_operator_3ld="QQQ"))
    assert alert.bursts == 2
    assert [(place.lat_deg, place.lon_deg) for place in alert.solutions] == [(47.3, -6.9)]


def test_a_finer_position_after_a_coarse_one_is_an_update() -> None:
    coarse = detection(PLB, latitude=45.1, longitude=-5.1, wrong=(108, 113, 118, 123, 128))
    assert coarse.message.facts["pdf2_verdict"] == "unreliable"
    alert = told(coarse, detection(PLB, 50, latitude=45.1, longitude=-5.1))
    assert alert.state == "updated"


def test_a_cancellation_needs_three_messages_within_110_s() -> None:
    call = detection(ELT_DT, latitude=47.0, longitude=-5.0)
    one, two, three = (detection(CANCEL, 20.0 + 10 * number) for number in range(3))
    assert one.message.category == "cancelled"
    assert (told(call, one, two).state, told(call, one, two).category) == ("cancelling", "distress")
    done = told(call, one, two, three)
    assert (done.state, done.category, done.bursts) == ("cancelled", "cancelled", 4)
    assert len(done.solutions) == 1
    late = detection(CANCEL, 140)
    assert told(call, one, two, late).state == "cancelling"


def test_a_burst_after_the_cancellation_reopens_the_alert_and_an_older_one_does_not() -> None:
    call = detection(ELT_DT, latitude=47.0, longitude=-5.0)
    cancels = [detection(CANCEL, 20.0 + 10 * number) for number in range(3)]
    again = told(call, *cancels, detection(ELT_DT, 60, latitude=47.0, longitude=-5.0))
    assert (again.state, again.category) == ("located", "distress")
    delayed = told(call, *cancels, detection(ELT_DT, 15, latitude=47.0, longitude=-5.0))
    assert (delayed.state, delayed.bursts) == ("cancelled", 5)
    assert told(call, detection(ELT_DT, 60), *cancels).state == "located"


def test_a_place_found_for_a_cancelled_beacon_does_not_call_again() -> None:
    call = detection(ELT_DT, latitude=47.0, longitude=-5.0)
    cancels = [detection(CANCEL, 20.0 + 10 * number) for number in range(3)]
    alert = told(call, *cancels, solution("doa", 47.1, -5.0, 60, facts=ELT_DT))
    assert (alert.state, alert.category) == ("cancelled", "cancelled")
    assert [place.method for place in alert.solutions] == ["doa", "encoded"]


def test_a_cancellation_without_an_alert_is_one() -> None:
    alert = told(detection(CANCEL))
    assert (alert.state, alert.category) == ("cancelling", "cancelled")
    assert told(detection(CANCEL), detection(ELT_DT, 10)).state == "unlocated"
    assert alert.id == told(detection(ELT_DT)).id


@pytest.mark.parametrize(
    ("facts", "category"),
    [(TEST, "test"), (ORBITOGRAPHY, "orbitography"), (PLB | {"frame_sync": "self_test"}, "self_test")],
)
def test_what_is_no_distress_says_so(facts: dict[str, object], category: str) -> None:
    alert = told(detection(facts))
    assert (alert.category, alert.state) == (category, category)
    assert "no distress" in states.STATES[alert.state]
    assert alert.bursts == 1
    assert alert.facts["country_code"] == detection(facts).message.facts["country_code"]


def test_national_use_is_treated_as_distress() -> None:
    alert = told(detection(NATIONAL))
    assert (alert.category, alert.state) == ("national", "unlocated")
    assert "treat as distress" in states.category_words(alert.category)


def test_a_distress_after_a_self_test_begins_anew_and_a_self_test_takes_nothing_away() -> None:
    tested = detection(PLB, latitude=45.0, longitude=-5.0, frame_sync="self_test")
    call = detection(PLB, 3600)
    alert = told(tested, call)
    assert (alert.state, alert.category, alert.first_seen, alert.bursts) == ("unlocated", "distress", at(3600), 1)
    assert alert.solutions == ()
    after = told(call, detection(PLB, 3700, frame_sync="self_test", latitude=45.0, longitude=-5.0))
    assert (after.state, after.category, after.solutions) == ("unlocated", "distress", ())
    assert (after.bursts, after.last_seen, after.changed) == (1, at(3600), at(3700))
    assert "stands" in after.reason


def test_an_exercise_is_another_alert_than_the_real_one() -> None:
    book = AlertBook([detection(PLB), detection(PLB, exercise=True)])
    real, exercise = book.alerts()
    assert exercise.id == f"X-{real.id}"
    assert (real.exercise, exercise.exercise, real.bursts, exercise.bursts) == (False, True, 1, 1)
    assert states.category_words("distress", exercise=True) == "EXERCISE - distress"


def test_an_unreliable_identity_is_never_merged() -> None:
    wrong = (33, 46, 58, 63, 77, 91)
    bad = detection(PLB, 10, wrong=wrong)
    book = AlertBook([detection(PLB), bad, detection(PLB, 60, wrong=wrong), detection(PLB, exercise=True, wrong=wrong)])
    trusted, doubtful, exercise = book.alerts()
    assert doubtful.id == f"U-{bad.message.received}"
    assert exercise.id == f"X-U-{bad.message.received}"
    assert (doubtful.hex_id, doubtful.state, doubtful.bursts, trusted.bursts) == (None, "unreliable", 2, 1)
    assert doubtful.facts == {}


def test_order_of_arrival_does_not_matter_to_times() -> None:
    alert = told(detection(YACHT, 100), detection(YACHT, 50), Tick(at(200)), detection(YACHT, 0))
    assert (alert.first_seen, alert.last_seen, alert.bursts) == (at(0), at(100), 3)


def test_a_block_that_fails_leaves_the_book_as_it_was() -> None:
    book = AlertBook([detection(PLB, latitude=45.0, longitude=-5.0)])
    before, clock = book.alerts(), book.clock

    def fail() -> None:
        with book.all_or_nothing():
            book.take(detection(PLB, 50, latitude=46.0, longitude=-5.0))
            book.take(detection(YACHT, 60))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (book.alerts(), book.clock) == (before, clock)
    assert book.take(detection(PLB, 50, latitude=46.0, longitude=-5.0))[0].bursts == 2

"""The traps that the digest of the rules names, each with a test of its own (those of texts are in tests/sit)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import vigie
from vigie import incoming, sit
from vigie.alert.book import AlertBook
from vigie.alert.matching import apart_m, independent
from vigie.alert.network import standing
from vigie.alert.practice import named
from vigie.alert.routing import Subject, route
from vigie.alert.satellites import system
from vigie.message import beacon
from vigie.records import Order, Tick
from vigie.register import Register, beacon_id
from vigie.sim.detections import PLB, YACHT, at, detection, message, solution


def test_distance_is_in_metres_along_the_earth_and_apart_from_independence() -> None:
    """Trap 1: a tenth of a degree of longitude is 11 km at the equator and 2 km in the north."""
    equator = [solution("doa", 0.0, lon, 0) for lon in (0.0, 0.19)]
    north = [solution("doa", 80.0, lon, 0) for lon in (0.0, 0.19)]
    assert apart_m(*equator) == pytest.approx(21_150, rel=1e-3)
    assert apart_m(*north) == pytest.approx(3_683, rel=1e-3)
    assert not independent(*equator)
    assert not independent(*north)
    assert independent(equator[0], solution("encoded", 60.0, 60.0, 0))


def test_times_in_the_future_and_out_of_order_change_nothing_but_the_times() -> None:
    """Trap 2: the time of closest approach may lie ten minutes ahead; nothing is sorted by arrival."""
    records = [
        detection(PLB, latitude=45.0, longitude=-5.0),
        replace(solution("doppler", 45.1, -5.0, 600), start=at(580)),
        detection(PLB, 50, latitude=45.0, longitude=-5.0),
    ]
    for order in ([0, 1, 2], [1, 0, 2], [2, 1, 0], [1, 2, 0]):
        (alert,) = AlertBook(records[index] for index in order).alerts()
        assert (alert.state, alert.first_seen, alert.last_seen, alert.bursts) == ("confirmed", at(0), at(50), 2)
    wrong_clock = [*records, detection(YACHT, 3e9)]  # a century ahead: it closes no other site
    assert AlertBook(wrong_clock).alerts()[0].state == "confirmed"


def test_the_title_does_not_tell_the_stage_and_the_number_does() -> None:
    """Trap 3: INITIAL LOCATED ALERT stands above 171 and above 174, where the position is confirmed at once."""
    one = replace(solution("doa", 45.0, -5.0, 0), start=at(0), more=True)
    book = AlertBook()
    book.take(one)
    (alert,) = book.take(detection(PLB, latitude=45.0, longitude=-5.0))
    told = {(n.number, n.title) for n in alert.notices if n.number[1:] != "78"}
    assert told == {("174", "406 BEACON INITIAL LOCATED ALERT")}
    (first,) = AlertBook().take(detection(PLB, latitude=45.0, longitude=-5.0))
    assert ("171", "406 BEACON INITIAL LOCATED ALERT") in {(n.number, n.title) for n in first.notices}


def test_a_printed_sample_with_faults_is_read_as_far_as_it_goes(shared: Path) -> None:
    """Trap 4: wrong hemispheres, five-digit lengths, dates of another month: no exception, no alert lost."""
    for path in sorted((shared / "mcc" / "samples").iterdir()):
        if path.suffix == ".txt":
            parsed = sit.parse(path.read_bytes())
            made = incoming.records(parsed)
            (alert,) = AlertBook(made).alerts() if made else (None,)
            assert alert is None or alert.id.endswith(parsed.values["beacon_id"])


def test_areas_overlap_and_a_country_has_many_codes() -> None:
    """Trap 5; the codes that are no country's are in test_rules."""
    network, practice = standing(), named("international")
    to = {route(Subject({"country_code": code}, "X", ()), network, practice).to for code in (226, 227, 228)}
    assert to == {("FMCC",)}


def test_numbers_are_used_again_and_two_names_mean_two_centres() -> None:
    """Trap 6: SAMCC is Saudi Arabia's in the list of centres, ASMCC South Africa's; satellite numbers have a system."""
    network = standing()
    assert network.destination("SAMCC").code != network.destination("ASMCC").code
    assert (system("S12"), system("012"), system("G16"), system("318"), system("401")) == (
        "LEO",
        "LEO",
        "GEO",
        "MEO",
        "MEO",
    )
    assert system("12345") is None
    assert system("") is None


def test_a_moved_position_does_not_open_another_site() -> None:
    """The classic error: a location protocol's ID without defaulted position bits."""
    moved = [detection(PLB, 300.0 * n, latitude=45.0 + n / 50, longitude=-5.0) for n in range(10)]
    assert len(AlertBook(moved).alerts()) == 1
    assert len({one.message.received for one in moved}) == 10
    assert {beacon_id(one.message.received) for one in moved} == {message(PLB).hex_id}


def test_two_generations_of_one_craft_are_two_sites() -> None:
    sgb = beacon.decode("00E608F4C986196188A047C000000000000FFFC0100C1A00960")
    book = AlertBook([detection(PLB), replace(detection(PLB, 5), message=sgb)])
    assert [len(alert.hex_id or "") for alert in book.alerts()] == [15, 23]


def test_an_order_or_a_tick_before_anything_is_no_error() -> None:
    book = AlertBook([Tick(at(0)), Order(at(0), "nobody", "resend")])
    assert book.alerts() == []


def test_a_doppler_side_that_stays_alone_is_not_lost() -> None:
    side = solution("doppler", 45.0, -5.0, 300, probability=0.7)
    book = AlertBook([detection(PLB), side])
    assert (book.alerts()[0].state, len(book.alerts()[0].solutions)) == ("located", 1)
    (alert,) = book.take(Tick(at(0)))  # any tick ends the waiting
    assert [n.number for n in alert.notices if n.number[1:] != "78"] == ["171"]


def test_the_register_and_the_alert_agree_on_the_id() -> None:
    register = Register()
    assert register.add(f"hex_id,owner\n{detection(PLB, latitude=45.0, longitude=-5.0).message.received},Ana\n") == []
    assert register.look_up(message(PLB).hex_id or "").state == "found"


def test_samples_without_a_licence_are_not_shipped() -> None:
    """The uploads of EUROCONTROL's repository, which has no licence file, are read where they lie, by tests alone."""
    root = Path(vigie.__file__).parent
    assert not list(root.rglob("*.xml"))
    assert not [path for path in (root / "data").iterdir() if "ladr" in path.name.lower()]

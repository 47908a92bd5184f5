"""Each rule of the public manual that the book applies, told as a story with its section."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vigie.alert.areas import from_geojson, merged
from vigie.alert.book import AlertBook
from vigie.alert.network import Network, Special, configured, standing, united_states
from vigie.alert.practice import named, names
from vigie.alert.rules import RULES
from vigie.errors import ConfigError
from vigie.message import beacon
from vigie.records import Alert, Message, Order, Reference, Solution, Tick
from vigie.sim.detections import CANCEL, ELT_DT, PLB, TEST, YACHT, at, detection, message, solution

RLS = {"protocol": "rls", "rls_beacon_type": "plb", "rls_tac": 3002, "serial_number": 135, "country_code": 227}
SECURITY = {"protocol": "std_ship_security", "country_code": 227, "mmsi": "227123456"}
HOUR = 3600.0


def book(*records: object, **settings: object) -> AlertBook:
    return AlertBook(records, **settings)  # type: ignore[arg-type]


def one(*records: object, **settings: object) -> Alert:
    alerts = book(*records, **settings).alerts()
    assert len(alerts) == 1
    return alerts[0]


def numbers(*records: object, **settings: object) -> list[str]:
    """The SIT numbers of all notices, in order, but notifications to the country; those to several once."""
    taken = AlertBook(**settings)  # type: ignore[arg-type]
    said: list[str] = []
    for record in records:
        for alert in taken.take(record):  # type: ignore[arg-type]
            said += dict.fromkeys(notice.number for notice in alert.notices if notice.number[1:] != "78")
    return said


def pass_(
    seconds: float, a: tuple[float, float], b: tuple[float, float], share: float, satellite: str
) -> list[Solution]:
    """The two sides of a Doppler pass."""
    return [
        solution("doppler", *place, seconds, probability=p, satellites=(satellite,))
        for place, p in ((a, share), (b, 1 - share))
    ]


def us(**more: object) -> dict[str, object]:
    boxes = {"AFRCC": (-125, 30, -70, 49), "CGD01": (-75, 38, -50, 48), "UKMCC": (-15, 48, 5, 62)}
    features = [
        {"properties": {"name": name}, "geometry": {"type": "Polygon", "coordinates": [_ring(*box)]}}
        for name, box in boxes.items()
    ]
    areas = merged([from_geojson({"features": features})])
    return {"practice": named("us"), "network": united_states(areas)} | more


def _ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


# -- constants and practices ------------------------------------------------------------------------------------------


def test_every_constant_has_a_source_and_what_is_ours_is_marked() -> None:
    for name, rule in RULES.items():
        assert rule.rule, name
        assert rule.source, name
        assert rule.source.startswith(("R ", "C/S", "ours")), name
        assert rule.inferred or not rule.source.startswith("ours"), name


def test_the_constants_are_those_of_the_reference_data(shared: Path) -> None:
    import json

    given = {row["key"]: row for row in json.loads((shared / "mcc" / "params.json").read_text())["params"]}
    scale = {"km": 1e3, "min": 60.0, "h": 3600.0, "s": 1.0, "messages": 1, "fraction": 1, "percent points": 0.01}
    same = {
        "match_distance": "match_distance",
        "doppler_apart": "doppler_pair_min_tca_separation",
        "doa_apart": "doa_pair_alt_last_detect_separation",
        "doa_portion_apart": "doa_pair_min_time_separation",
        "reference_window": "reference_position_window",
        "doa_error_most": "doa_ehe_improve_max",
        "doa_better_fgb": "doa_ehe_improve_abs_fgb",
        "doa_better_sgb": "doa_ehe_improve_abs_sgb",
        "doa_better_share": "doa_ehe_improve_rel",
        "doa_again": "doa_before_confirmation_interval",
        "doa_again_match": "doa_after_confirmation_match_interval",
        "doa_again_conflict": "doa_after_confirmation_conflict_interval",
        "eltdt_fast_window": "eltdt_fast_window",
        "eltdt_fast": "eltdt_fast_interval",
        "eltdt_slow": "eltdt_slow_interval",
        "encoded_update": "encoded_update_min_change",
        "doppler_gain": "doppler_a_probability_gain",
        "redetection": "detection_update_interval",
        "no_detection": "no_detection_report",
        "close_located": "site_close_no_detection_doa_or_geo",
        "close_other": "site_close_no_detection_other",
        "close_cancelled": "site_close_after_cancellation",
        "close_age": "site_max_open",
        "cancellations": "cancellation_messages",
        "cancellation_window": "cancellation_window",
        "rotating_field": "rotating_field_interval",
        "ladr_apart": "ladr_min_interval",
        "buffer": "srr_buffer_default",
    }
    for ours, theirs in same.items():
        assert RULES[ours].value == pytest.approx(given[theirs]["value"] * scale[given[theirs]["unit"]]), ours


def test_a_practice_is_chosen_by_name_and_an_unknown_one_is_refused() -> None:
    assert set(names()) >= {"international", "us"}
    with pytest.raises(ConfigError, match="international, us"):
        named("elsewhere")


# -- independence (Table 3.2.4) ---------------------------------------------------------------------------------------


def test_two_doppler_passes_confirm_by_another_satellite_or_by_time() -> None:
    def told(seconds: float, satellite: str) -> str:
        far = (10.0, 60.0)
        first = pass_(0, (45.0, -5.0), (44.0, 20.0), 0.7, "S11")
        return one(*first, *pass_(seconds, (45.05, -5.0), far, 0.7, satellite)).state

    assert told(300, "S12") == "confirmed"
    assert told(300, "S11") == "located"
    assert told(1300, "S11") == "confirmed"


def test_two_passes_that_match_on_both_sides_stay_unresolved() -> None:
    """R Table 3.2.4 note, and the sample of 4.3.2: 95/05 and 90/10 of two satellites, less than a kilometre apart."""
    first = pass_(0, (27.095, -82.386), (24.435, -69.96), 0.9, "S11")
    second = pass_(48, (27.095, -82.385), (24.433, -69.96), 0.95, "S10")
    alert = one(*first, *second)
    assert (alert.state, alert.reference) == ("unresolved", None)
    assert len(alert.solutions) == 4
    assert "172" in numbers(*first, *second)
    settled = one(*first, *second, solution("doa", 27.1, -82.4, 100))
    assert settled.state == "confirmed"


def test_two_doa_positions_confirm_by_satellites_and_two_seconds_or_by_half_an_hour() -> None:
    def told(seconds: float, *satellites: str) -> str:
        first = solution("doa", 45.0, -5.0, 0, satellites=("401", "402", "403"))
        return one(first, solution("doa", 45.02, -5.0, seconds, satellites=satellites)).state

    assert told(50, "401", "402", "404") == "confirmed"
    assert told(50, "401", "402", "403") == "located"
    assert told(50, "401", "402") == "located"  # the newer set has none of its own
    assert told(1, "401", "402", "404") == "located"
    assert told(1800, "401", "402", "403") == "confirmed"


def test_a_location_made_with_a_pass_confirms_it_only_when_other_satellites_would_do_alone() -> None:
    def told(*satellites: str, seconds: float = 5) -> str:
        first = pass_(0, (45.0, -5.0), (52.0, 20.0), 0.6, "S7")
        return one(*first, solution("doa", 45.02, -5.0, seconds, satellites=satellites)).state

    assert told("S7", "401", "402") == "updated"
    assert told("S7", "401", "402", "403") == "confirmed"
    assert told("401", "402") == "confirmed"  # nothing shared: the published rule
    assert told("S7", "401", seconds=3600) == "confirmed"  # another time, other bursts


def test_a_location_that_leaves_two_places_open_is_no_conflict_with_itself() -> None:
    def finding(seconds: float, north_deg: float = 0.0) -> list[Solution]:
        places = ((45.0 + north_deg, -5.0, 0.7, True), (60.0 + north_deg, 30.0, 0.3, False))
        return [
            solution("doa", lat, lon, seconds, probability=share, more=more, satellites=("401", "402"))
            for lat, lon, share, more in places
        ]

    assert one(*finding(0), *finding(50, 0.01)).state == "located"
    assert one(*finding(0), *finding(50, 5.0)).state == "conflict"


def test_distance_is_measured_along_the_earth_over_the_date_line_and_near_the_pole() -> None:
    first = detection(PLB, latitude=0.0, longitude=180.0)
    assert one(first, solution("doa", 0.0, -179.9, 300)).state == "confirmed"
    polar = detection(PLB, latitude=89.5, longitude=0.0)
    assert one(polar, solution("doa", 89.5, 15.0, 300)).state == "confirmed"  # 15 degrees are 15 km there
    assert one(polar, solution("doa", 89.5, 30.0, 300)).state == "conflict"


def test_a_swapped_pair_of_the_same_pass_is_no_conflict() -> None:
    """u172_position_update_prob: another station, the same pass, better probability: an update in the US only."""
    first = pass_(0, (42.957, -58.313), (53.353, -0.977), 0.5, "S7")
    again = pass_(0.5, (53.287, -0.893), (42.357, -58.23), 0.86, "S7")
    assert one(*first, *again).state == "located"
    assert one(*first, *again, **us()).state == "updated"


# -- the reference position (3.2.2.2) ---------------------------------------------------------------------------------


def test_the_reference_is_a_mean_weighted_by_quality_of_the_last_hour() -> None:
    alert = one(detection(PLB, latitude=45.0, longitude=-5.0), solution("doa", 45.1, -5.0, 300))
    assert isinstance(alert.reference, Reference)
    # encoded: no better than 1 km counts; DOA 5 km: weights 25 to 1
    assert alert.reference.lat_deg == pytest.approx(45.0 + 0.1 / 26, abs=1e-4)
    assert (alert.reference.used, alert.reference.start, alert.reference.end) == (2, at(0), at(300))
    later = one(
        detection(PLB, latitude=45.0, longitude=-5.0),
        solution("doa", 45.1, -5.0, 300),
        solution("doa", 45.1, -5.0, 3 * HOUR),
    )
    assert later.reference is not None
    assert later.reference.lat_deg == pytest.approx(45.1)
    assert later.reference.used == 1


def test_after_confirmation_positions_are_compared_with_the_reference() -> None:
    sure = (detection(PLB, latitude=45.0, longitude=-5.0), solution("doa", 45.05, -5.0, 300))
    assert one(*sure, solution("doa", 45.1, -5.0, 1300)).state == "confirmed"
    far = one(*sure, solution("doa", 46.0, -5.0, 1300))
    assert far.state == "confirmed_conflict"
    assert "reference position" in far.reason


def test_new_positions_that_agree_among_themselves_establish_it_anew() -> None:
    """R 3.2.2.2.1 and 3.2.3.10, with the warning."""
    sure = (detection(PLB, latitude=45.0, longitude=-5.0), solution("doa", 45.05, -5.0, 300))
    away = (solution("doa", 46.0, -5.0, 1300), solution("doa", 46.05, -5.0, 3200))
    alert = one(*sure, *away)
    assert alert.state == "confirmed"
    assert alert.reference is not None
    assert (alert.reference.renewed, alert.reference.used) == (True, 2)
    assert alert.reference.lat_deg == pytest.approx(46.025, abs=1e-3)
    assert "WARNING: MCC REFERENCE POSITION RE-ESTABLISHED USING ONLY NEW DATA" in alert.remarks


# -- re-sending (3.2.3.9, Table 2.1) ----------------------------------------------------------------------------------


def doa(
    seconds: float, ehe_m: float = 8000.0, lat: float = 45.0, satellites: tuple[str, ...] = ("401", "402")
) -> Solution:
    return replace(solution("doa", lat, -5.0, seconds, satellites=satellites), ehe_m=ehe_m)


def test_a_doa_position_is_sent_again_when_much_better_or_five_minutes_later() -> None:
    first = doa(0)
    assert numbers(first, doa(50)) == ["171"]
    assert numbers(first, doa(50, 4200)) == ["171"]  # 3.8 km better, not by half
    assert numbers(first, doa(50, 4000)) == ["171", "172"]
    assert numbers(first, doa(300)) == ["171"]
    assert numbers(first, doa(301)) == ["171", "172"]
    assert numbers(doa(0, 900_000), doa(50, 300_000)) == ["171"]  # above 277.8 km nothing is better


def test_after_confirmation_doa_matches_are_told_each_quarter_of_an_hour_and_conflicts_each_ten_minutes() -> None:
    sure = (detection(PLB, latitude=45.0, longitude=-5.0), doa(100))
    assert numbers(*sure) == ["171", "174"]
    assert numbers(*sure, doa(900)) == ["171", "174"]
    assert numbers(*sure, doa(1000)) == ["171", "174", "175"]
    away = doa(200, lat=46.0)
    assert numbers(*sure, away) == ["171", "174", "175"]
    assert numbers(*sure, away, doa(700, lat=46.0)) == ["171", "174", "175"]
    assert numbers(*sure, away, doa(800, lat=46.0)) == ["171", "174", "175", "175"]


def test_encoded_positions_are_told_by_distance_and_a_lasting_conflict_once() -> None:
    first = detection(PLB, latitude=45.0, longitude=-5.0)
    near = detection(PLB, 50, latitude=45.1, longitude=-5.0)
    far = [detection(PLB, 100.0 + 50 * n, latitude=45.5, longitude=-5.0) for n in range(5)]
    assert numbers(first, near, *far) == ["171", "179", "173"]


def test_a_silent_redetection_is_told_after_half_an_hour_in_the_united_states_only() -> None:
    bursts = [detection(YACHT, 50.0 * n) for n in range(80)]
    assert numbers(*bursts) == ["170"]
    american = [detection(YACHT | {"country_code": 366}, 50.0 * n) for n in range(80)]
    assert numbers(*american, **us()) == ["170", "177", "177"]


def test_an_unlocated_beacon_without_registration_or_craft_is_not_told_in_the_united_states() -> None:
    plain = PLB | {"country_code": 366}
    assert numbers(detection(plain), **us()) == []
    assert numbers(detection(plain), **us(registered=lambda _: True)) == ["170"]
    assert numbers(detection(PLB)) == ["170"]


# -- an ELT(DT) (3.2.3.9 (7) to (9)) ----------------------------------------------------------------------------------


def test_an_elt_dt_is_told_burst_by_burst_for_half_a_minute_then_every_ten_minutes() -> None:
    def burst(seconds: float) -> object:
        return detection(ELT_DT, seconds, latitude=47.0 + seconds / 1e4, longitude=-5.0)

    quick = [burst(5.0 * n) for n in range(7)]
    assert numbers(*quick) == ["171"] + 6 * ["179"]
    slow = [burst(35.0 + 30 * n) for n in range(25)]
    said = numbers(*quick, *slow)
    assert len(said) == 7 + 1  # 30 s + 600 s
    ticked = numbers(*quick, burst(40), Tick(at(629)), Tick(at(631)), Tick(at(700)))
    assert len(ticked) == 8


def test_bursts_of_an_elt_dt_less_than_three_seconds_apart_are_told_once() -> None:
    said = numbers(*(detection(ELT_DT, s, latitude=47.0, longitude=-5.0) for s in (0, 2.5, 5.0)))
    assert said == ["171", "179"]


def test_doa_and_encoded_of_an_elt_dt_in_one_alert_match_and_confirm_nothing() -> None:
    first = detection(ELT_DT, latitude=47.0, longitude=-5.0)
    found = solution("doa", 47.01, -5.0, 5, facts=ELT_DT)
    taken = book(first)
    (alert,) = taken.take(found)
    assert alert.reference is None
    assert [(n.number, n.title) for n in alert.notices] == [("172", "406 BEACON DOA POSITION MATCH")]


def test_an_old_position_of_an_elt_dt_is_not_compared_with_a_new_one() -> None:
    first = detection(ELT_DT, latitude=47.0, longitude=-5.0)
    assert one(first, solution("doa", 48.0, -5.0, 300, facts=ELT_DT)).state == "updated"


# -- user cancellation, closure ---------------------------------------------------------------------------------------


def cancelled() -> list[object]:
    call = detection(ELT_DT, latitude=47.0, longitude=-5.0)
    return [call, *(detection(CANCEL, 20.0 + 10 * number) for number in range(3))]


def test_a_confirmed_cancellation_is_told_and_closes_after_a_quarter_of_an_hour() -> None:
    assert numbers(*cancelled())[-1] == "179"
    assert one(*cancelled(), Tick(at(939))).state == "cancelled"
    closed = one(*cancelled(), Tick(at(940)))
    assert (closed.state, closed.category) == ("closed", "cancelled")
    assert len(closed.solutions) == 1


def test_a_call_after_a_cancellation_is_told_again() -> None:
    again = detection(ELT_DT, 700, latitude=47.0, longitude=-5.0)
    assert numbers(*cancelled(), again)[-1] in ("177", "179")


@pytest.mark.parametrize(("found", "hours"), [(None, 6), ("doa", 2)])
def test_a_site_closes_when_the_beacon_is_silent(found: str | None, hours: int) -> None:
    records = [detection(YACHT), *([solution(found, 45.0, -5.0, 0, facts=YACHT)] if found else [])]
    assert one(*records, Tick(at(hours * HOUR - 1))).state != "closed"
    closed = one(*records, Tick(at(hours * HOUR)))
    assert (closed.state, closed.until) == ("closed", None)
    assert closed.reason.startswith("Closed")


def test_a_geostationary_satellite_makes_a_site_close_sooner() -> None:
    heard = replace(detection(YACHT), satellite="G16")
    assert one(heard, Tick(at(2 * HOUR))).state == "closed"


def test_a_site_closes_after_36_hours_however_often_it_is_heard() -> None:
    records = [detection(YACHT, HOUR * n) for n in range(36)]
    assert one(*records, Tick(at(36 * HOUR - 1))).state == "unlocated"
    assert one(*records, Tick(at(36 * HOUR))).state == "closed"


def test_a_new_burst_after_closure_begins_another_activation() -> None:
    closed = [detection(YACHT), Tick(at(6 * HOUR))]
    alert = one(*closed, detection(YACHT, 7 * HOUR))
    assert (alert.state, alert.site, alert.bursts, alert.first_seen) == ("unlocated", 2, 1, at(7 * HOUR))
    late = one(*closed, detection(YACHT, -10.0))
    assert (late.state, late.site, late.bursts) == ("closed", 1, 2)


def test_a_position_found_late_for_a_closed_site_is_kept_and_opens_nothing() -> None:
    closed = [detection(PLB), Tick(at(6 * HOUR))]
    alert = one(*closed, replace(solution("doa", 45.0, -5.0, 5), start=at(-5)))
    assert (alert.state, len(alert.solutions)) == ("closed", 1)


def test_the_clock_that_did_not_run_closes_nothing() -> None:
    """An old recording, or a restart after a night: silence that nobody listened to is none."""
    old = [detection(YACHT), Tick(at(100 * 24 * HOUR))]
    alert = one(*old)
    assert (alert.state, alert.until) == ("unlocated", at(100 * 24 * HOUR + 6 * HOUR))
    assert one(*old, Tick(at(100 * 24 * HOUR + 6 * HOUR))).state == "closed"


def test_a_site_report_comes_once_for_each_silence_in_the_united_states() -> None:
    american = detection(YACHT | {"country_code": 366})
    quiet = [Tick(at(2099)), Tick(at(2101)), Tick(at(4300))]
    assert numbers(american, *quiet, **us()) == ["170", "176"]
    assert numbers(american, *quiet) == ["170"]


def test_a_duty_officer_closes_adds_removes_and_sends_again() -> None:
    first = detection(YACHT)
    key = message(YACHT).hex_id or ""
    assert one(first, Order(at(60), key, "close", by="Ana")).reason == "Closed by the duty officer. By Ana."
    added = one(first, Order(at(60), key, "add", "SPMCC"))
    assert added.to == ("FMCC", "SPMCC")
    assert one(first, Order(at(60), key, "remove", "FMCC")).to == ()
    assert numbers(first, Order(at(60), key, "resend", "FMCC")) == ["170", "170"]
    assert book(first).take(Order(at(60), "unknown", "close")) == []


# -- validation and odd beacons ---------------------------------------------------------------------------------------


def unreliable_copy(seconds: float) -> object:
    """A message whose first field cannot be mended, and whose ID happens to be that of the PLB."""
    good = detection(PLB, seconds)
    facts = {**good.message.facts, "verdict": "unreliable", "hex_id": None, "category": "unreliable"}
    return replace(good, message=Message(good.message.kind, "F" * 36, good.message.form, facts))


def test_an_unreliable_message_with_the_id_of_an_open_site_joins_it_and_nothing_is_read_from_it() -> None:
    taken = book(detection(PLB), unreliable_copy(50))
    (alert,) = taken.alerts()
    assert (alert.state, alert.bursts, alert.category) == ("unlocated", 2, "distress")
    assert any("FROM A PREVIOUS RELIABLE BEACON MESSAGE" in remark for remark in alert.remarks)
    assert alert.facts["verdict"] == "ok"
    cleared = one(detection(PLB), unreliable_copy(50), detection(PLB, 100))
    assert cleared.remarks == ()
    assert len(book(unreliable_copy(0), detection(PLB, 50)).alerts()) == 2  # the reliable one came later


def test_an_unreliable_identity_is_told_by_position_only() -> None:
    bad = detection(PLB, wrong=(33, 46, 58, 63, 77, 91))
    key = f"U-{bad.message.received}"
    taken = book(bad)
    assert (taken.alerts()[0].to, taken.alerts()[0].notices) == ((), ())
    (alert,) = taken.take(Solution(key, "doa", 45.0, -5.0, at(0), at(10), 5000.0))
    assert alert.category == "unreliable"
    assert [notice.number for notice in alert.notices] == ["171"]
    assert alert.hex_id is None


def test_a_test_message_is_never_told() -> None:
    assert numbers(detection(TEST), detection(PLB, frame_sync="self_test", latitude=45.0, longitude=-5.0)) == []


def test_a_ship_security_alert_goes_to_the_authority_and_never_by_position() -> None:
    alert = one(detection(SECURITY, latitude=36.0, longitude=-60.0))
    assert alert.to == ("FMCC",)
    assert numbers(detection(SECURITY, latitude=36.0, longitude=-60.0)) == ["171"]
    american = SECURITY | {"country_code": 366, "mmsi": "366123456"}
    sure = (detection(american, latitude=45.0, longitude=-5.0), solution("doa", 45.0, -5.0, 300, facts=american))
    assert set(one(*sure, **us()).to) == {"LANTAREA", "PACAREA"}


def test_one_burst_by_one_navigation_satellite_is_uncorroborated_until_another_comes() -> None:
    """R 3.2.7 and Tables 3.2.17 and 3.2.18."""
    first = replace(detection(YACHT | {"country_code": 366}), satellite="401")
    alone = one(first)
    assert "UNCORROBORATED MEOSAR ALERT" in alone.remarks
    copy = replace(first, source="other antenna")
    assert "UNCORROBORATED MEOSAR ALERT" in one(first, copy).remarks
    assert one(first, replace(first, satellite="402")).remarks == ()
    assert one(first, replace(detection(YACHT | {"country_code": 366}, 50), satellite="401")).remarks == ()
    assert one(replace(first, satellite="S12")).remarks == ()


def test_an_uncorroborated_alert_is_held_back_and_told_when_corroborated() -> None:
    plain = PLB | {"country_code": 440}  # Korea: its centre takes LEO and GEO only
    first, second = replace(detection(plain), satellite="401"), replace(detection(plain, 50), satellite="402")
    assert numbers(first) == []
    assert numbers(first, second) == ["170"]
    clean = replace(standing(), clean=frozenset({"TLS"}))
    assert numbers(replace(first, source="TLS"), network=clean) == ["170"]
    assert "UNCORROBORATED MEOSAR ALERT" in one(replace(first, source="TLS"), network=clean).remarks
    american = replace(detection(YACHT | {"country_code": 366}), satellite="401")  # it names its craft
    assert numbers(american, replace(detection(YACHT | {"country_code": 366}, 50), satellite="402"), **us()) == [
        "170",
        "177",
    ]


def test_a_side_that_a_satellite_could_not_see_is_the_image() -> None:
    """R 3.2.6: a geostationary satellite heard the beacon without a position, and cannot see one side."""
    heard = replace(detection(PLB), satellite="G16")
    sides = pass_(600, (45.0, -5.0), (44.0, 60.0), 0.45, "S12")

    def visible(satellite: str, time: object, lat: float, lon: float) -> bool:
        assert satellite == "G16"
        return lon < 0

    taken = book(heard, *sides, visible=visible)
    (alert,) = taken.alerts()
    assert alert.remarks == ("LIKELY IMAGE POSITION: THE A POSITION",)
    assert alert.state == "located"
    assert one(heard, *sides).remarks == ()
    assert one(heard, *sides, solution("doa", 45.0, -5.0, 700), visible=visible).remarks == ()


def test_a_position_outside_a_footprint_is_suspect() -> None:
    found = replace(solution("doa", 45.0, -5.0, 300), outside=("402",))
    assert one(detection(PLB), found).remarks == (
        "NEW DOA POSITION DATA SUSPECT - OUTSIDE REPORTING SATELLITE FOOTPRINT",
    )


def test_a_country_code_that_is_no_country_gets_no_notification() -> None:
    """R Table 3.3.2; the true code of 983 66.... is 366."""
    craft = {"protocol": "std_epirb_mmsi", "country_code": 983, "mmsi": "983660456"}
    alert = one(detection(craft, latitude=36.0, longitude=-60.0))
    assert not any(notice.number == "178" for notice in alert.notices)
    assert alert.remarks[0].startswith("MID ALLOCATED FOR MMSI OF CRAFT")
    assert one(detection(craft)).to == ("USMCC",)
    ais = PLB | {"country_code": 974}
    assert one(detection(ais)).remarks == ("MID ALLOCATED FOR EPIRB AIS",)
    assert one(detection(ais)).to == ()


def test_a_special_programme_replaces_or_adds_to_normal_routing() -> None:
    prefix = (message(PLB).hex_id or "")[:8]
    base = standing()
    added = replace(base, special=(Special(prefix, "Trial", ("SPMCC",), header="CAUTION: BEACON TEST 12"),))
    instead = replace(base, special=(Special(prefix, "Trial", ("SPMCC",), replace=True),))
    assert set(one(detection(PLB), network=added).to) == {"FMCC", "SPMCC"}
    assert one(detection(PLB), network=added).remarks == ("CAUTION: BEACON TEST 12",)
    assert one(detection(PLB), network=instead).to == ("SPMCC",)
    with pytest.raises(ConfigError, match="NOWHERE"):
        replace(base, special=(Special("1", "x", ("NOWHERE",)),))


def test_the_country_of_registration_is_notified_once_of_a_beacon_outside_its_area() -> None:
    spain = {"latitude": 40.0, "longitude": -4.0}
    taken = book(detection(PLB))
    (alert,) = taken.take(detection(PLB, 50, **spain))
    assert {(n.number, n.to) for n in alert.notices} == {("178", "FMCC"), ("171", "SPMCC")}
    (again,) = taken.take(detection(PLB, 100, latitude=41.0, longitude=-4.0))
    assert not any(n.number == "178" for n in again.notices)
    home = one(detection(PLB, latitude=47.0, longitude=2.0))
    assert {(n.number, n.to) for n in home.notices} <= {("171", "FMCC")}


# -- the return link (3.3.2) ------------------------------------------------------------------------------------------


def test_an_acknowledgement_is_owed_at_confirmation_and_settled_by_the_beacons_own_bits() -> None:
    call = detection(RLS, latitude=45.0, longitude=-5.0)
    sure = solution("doa", 45.0, -5.0, 300, facts=RLS)

    def state(*records: object) -> str:
        link = one(*records).return_link
        assert link is not None
        assert link.provider == "galileo"
        return link.state

    received = detection(RLS, 350, latitude=45.0, longitude=-5.0, rlm_type1_received=True)
    lost = detection(RLS, 400, latitude=45.0, longitude=-5.0)
    assert state(call) == "capable"
    assert state(call, sure) == "owed"
    assert state(call, sure, received) == "received"
    assert state(call, sure, received, lost) == "lost"
    assert state(call, sure, received, lost, replace(received, time=at(450))) == "received"
    assert one(detection(YACHT)).return_link is None


def test_the_provider_hears_of_it_at_confirmation_and_when_the_feedback_changes() -> None:
    spanish = RLS | {"country_code": 224}
    taken = book(network=replace(standing(), own="SPMCC"))

    def to_provider(record: object) -> list[str]:
        (alert,) = taken.take(record)  # type: ignore[arg-type]
        return [notice.number for notice in alert.notices if notice.to == "FMCC"]

    place = {"latitude": 40.0, "longitude": -4.0}
    assert to_provider(detection(spanish, **place)) == []
    assert to_provider(solution("doa", 40.0, -4.0, 300, facts=spanish)) == ["174"]
    assert to_provider(detection(spanish, 350, **place, rlm_type1_received=True)) == ["177"]
    assert to_provider(detection(spanish, 400, **place, rlm_type1_received=True)) == []
    assert to_provider(detection(spanish, 450, **place)) == ["177"]


def test_a_rotating_field_is_told_first_and_then_every_ten_minutes() -> None:
    sgb = "00E608F4C986196188A047C000000000000FFFC0100C1A00960"
    base = beacon.decode(sgb)
    stated = dict(base.facts)

    def turn(seconds: float, number: int) -> object:
        told = {**stated, "rotating_field": {"id": number}}
        return replace(detection(PLB, seconds), message=Message("SGB", base.received, base.form, told))

    said = numbers(turn(0, 0), turn(50, 0), turn(100, 1), turn(150, 1), turn(700, 0), turn(701, 1), turn(705, 1))
    assert said == ["371", "379", "379", "379"]


def test_nothing_of_this_needs_a_network() -> None:
    alert = one(detection(PLB, latitude=45.0, longitude=-5.0), network=Network())
    assert (alert.to, alert.state) == ((), "located")


@pytest.mark.parametrize(("capability", "stops"), [("LG", True), ("LGM", False), ("", False)])
def test_a_centre_without_meosar_stops_after_confirmation(capability: str, stops: bool) -> None:
    network = configured("FMCC", standing(), destinations={
        **standing().destinations, "FMCC": replace(standing().destinations["FMCC"], capability=capability)
    })  # fmt: skip
    place = {"latitude": 45.0, "longitude": -5.0}
    book = AlertBook(network=network)
    told = [[n.number for alert in book.take(record) for n in alert.notices] for record in (
        detection(PLB | place),
        solution("doa", 45.01, -5.0, 10, facts=PLB, satellites=("401",)),  # confirms
        solution("doa", 45.02, -5.0, 2000, facts=PLB, satellites=("402",)),  # matches
        solution("doa", 46.0, -5.0, 4000, facts=PLB, satellites=("403",)),  # conflicts
    )]  # fmt: skip
    assert set(told[1]) == {"174"}
    assert told[2] == [] if stops else set(told[2]) == {"175"}
    assert set(told[3]) == {"175"}

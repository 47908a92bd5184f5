"""Who is told: areas, buffers, overlaps, country codes, special tables, the way between centres."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie.alert.areas import Areas, from_geojson, merged
from vigie.alert.book import AlertBook
from vigie.alert.network import Country, Destination, Network, centres, standing, united_states
from vigie.alert.practice import named
from vigie.alert.routing import Subject, held, route
from vigie.errors import ConfigError, InputError
from vigie.geodesy import distance_m
from vigie.register import Register
from vigie.sim.detections import YACHT, detection, message

FRANCE = {"country_code": 227, "beacon_type": "PLB"}


def box(name: str, west: float, south: float, east: float, north: float, **more: object) -> dict[str, object]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"properties": {"name": name, **more}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def areas(*boxes: dict[str, object], **more: object) -> Areas:
    return merged([from_geojson({"features": list(boxes)})], **more)  # type: ignore[arg-type]


def test_overlapping_areas_are_all_told_and_a_border_belongs_to_both() -> None:
    two = areas(box("A", 0, 40, 10, 50), box("B", 8, 40, 20, 50))
    assert two.at(45, 9).inside == ("A", "B")
    assert two.at(45, 8).inside == ("A", "B")
    assert two.at(45, 5).inside == ("A",)
    assert two.at(45, 30) == ((), (), None)


def test_a_buffer_reaches_as_far_as_it_says_and_no_farther() -> None:
    one = areas(box("A", 0, 40, 10, 50, buffer_km=50))
    east_m = float(distance_m(45, 10, 45, 10.6))
    assert east_m == pytest.approx(47_300, rel=0.01)
    assert one.at(45, 10.6).near == ("A",)
    assert one.at(45, 10.7).near == ()
    assert areas(box("A", 0, 40, 10, 50)).at(45, 10.1).near == ()


def test_a_buffer_works_over_the_date_line_and_near_the_pole() -> None:
    one = areas(box("A", 170, -10, 180, 10, buffer_km=50), box("P", -180, 88, 180, 89, buffer_km=60))
    assert one.at(0, -179.7).near == ("A",)
    assert one.at(0, -179.4).near == ()
    assert one.at(0, 180).inside == ("A",)
    assert one.at(0, -180).inside == ("A",)
    assert one.at(89.5, 77).near == ("P",)
    assert one.at(-45, 77) == ((), (), None)


@given(st.floats(-80, 80), st.floats(-179, 179), st.floats(0.05, 3), st.floats(0.05, 3))
def test_the_distance_to_a_border_is_that_of_geodesy_within_a_percent(
    lat: float, lon: float, up: float, right: float
) -> None:
    one = areas(box("A", -20, -5, -10, 5))
    area = one.areas[0]
    corner = float(distance_m(5 + up, -10 + right, 5, -10))
    assert area.distance_m(5 + up, -10 + right) <= corner * 1.01
    assert area.distance_m(5 + up, -15) == pytest.approx(float(distance_m(5 + up, -15, 5, -15)), rel=0.012)


def test_what_is_no_area_is_refused_by_number() -> None:
    with pytest.raises(InputError, match="feature 2"):
        from_geojson({"features": [box("A", 0, 0, 1, 1), {"properties": {}, "geometry": None}]})
    point = {"properties": {"name": "x"}, "geometry": {"type": "Point", "coordinates": [0, 0]}}
    with pytest.raises(InputError, match="not a polygon"):
        from_geojson({"features": [point]})
    with pytest.raises(InputError, match="FeatureCollection"):
        from_geojson({})


def test_a_border_that_crosses_itself_is_mended() -> None:
    bow = [[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]
    shape = {"properties": {"name": "A"}, "geometry": {"type": "Polygon", "coordinates": [bow]}}
    assert areas(shape).at(5, 9).inside == ("A",)


def test_the_areas_of_the_reference_data_hold_the_places_of_its_samples(shared: Path) -> None:
    collection = json.loads((shared / "mcc" / "srr" / "mcc_areas_approx.geojson").read_text())
    found = merged([from_geojson(collection, key="mcc")], guess=True)
    assert found.at(48.0, 2.0).inside == ("FMCC",)
    assert "SPMCC" in found.at(28.0, -15.5).inside
    assert found.at(0.0, -100.0).nearest is not None  # the hole of the south-east Pacific


# -- networks ---------------------------------------------------------------------------------------------------------


def test_messages_between_centres_go_through_the_nodal_ones() -> None:
    """R Annex 3 and the digest: an unlocated beacon of Peru, seen in Hong Kong."""

    def path(name: str, to: str) -> list[str]:
        way = [name]
        while way[-1] != to:
            way.append(replace(standing(), own=way[-1]).next_hop(to))
        return way

    assert path("HKMCC", "PEMCC") == ["HKMCC", "JAMCC", "USMCC", "PEMCC"]
    assert path("FMCC", "UKMCC") == ["FMCC", "UKMCC"]
    assert path("UKMCC", "FMCC") == ["UKMCC", "FMCC"]
    assert all(path("CYMCC", name)[-1] == name for name in centres())


def test_a_destination_named_and_not_described_is_refused() -> None:
    with pytest.raises(ConfigError, match="'NOWHERE'"):
        Network("X", {}, {227: Country(("NOWHERE",))})


def test_the_united_states_routes_by_annex_14_and_table_3_2_11() -> None:
    network, us = united_states(), named("us")

    def to(code: int, kind: str = "PLB", protocol: str = "", **more: object) -> set[str]:
        facts = {"country_code": code, "beacon_type": kind, "protocol": protocol}
        return set(route(Subject(facts, "X", (), **more), network, us).to)  # type: ignore[arg-type]

    assert to(366) == {"AFRCC"}
    assert to(366, "EPIRB") == {"PACAREA"}
    assert to(303) == {"AKRCC"}
    assert to(319) == {"CGD07"}
    assert to(306) == {"NANTSP", "SANJN"}  # all alerts are copied to San Juan
    assert to(351) == {"PANSP"}
    assert to(345) == {"MEXISP", "MEXTEL"}
    assert to(203) == {"FMCC"}
    assert to(319, protocol="std_ship_security") == {"CAYMSS"}
    assert to(366, protocol="std_ship_security") == {"LANTAREA", "PACAREA"}


def test_an_epirb_off_the_coast_belongs_to_the_coast_guard_alone() -> None:
    coast = [box("AFRCC", -110, 30, -80, 45, buffer_km=50), box("CGD05", -80, 30, -60, 45, buffer_km=50)]
    network, us = united_states(areas(*coast)), named("us")

    def to(kind: str) -> set[str]:
        facts = {"country_code": 366, "beacon_type": kind}
        return set(route(Subject(facts, "X", ((40.0, -80.2),)), network, us).to)

    assert to("EPIRB") == {"CGD05"}
    assert to("ELT") == {"AFRCC", "CGD05"}


def test_an_unreliable_located_alert_is_copied_to_the_security_authorities_of_the_united_states() -> None:
    network = united_states(areas(box("CGD01", -75, 38, -50, 48)))
    found = route(Subject({}, None, ((42.96, -58.3),), reliable=False), network, named("us"))
    assert set(found.to) == {"CGD01", "LANTAREA", "PACAREA"}
    assert route(Subject({}, None, (), reliable=False), network, named("us")).to == ()


def test_a_centre_is_reached_itself_or_through_the_one_in_whose_place_it_is() -> None:
    network = united_states(areas(box("HALIFAX", -70, 43, -55, 50)))
    facts, place = {"country_code": 316, "beacon_type": "EPIRB"}, ((45.0, -60.0),)
    assert route(Subject(facts, "X", place), network, named("us")).to == ("CMCC",)
    backing = replace(network, backing_up=frozenset({"CMCC"}))
    assert route(Subject(facts, "X", place), backing, named("us")).to == ("HALIFAX",)


def test_what_no_document_confirms_is_said() -> None:
    found = route(Subject({"country_code": 201}, "X", ()), standing(), named("international"))
    assert not found.sure
    assert "confirmed by no document" in found.notes[0]
    assert route(Subject({"country_code": 227}, "X", ()), standing(), named("international")).sure


@pytest.mark.parametrize(
    ("kind", "capability", "facts", "places", "sent"),
    [
        ("mcc", "LGM", {"country_code": 227}, (), True),
        ("mcc", "LG", {"country_code": 227}, (), False),
        ("rcc", "", {"country_code": 366, "callsign": "X"}, (), True),
        ("rcc", "", {"country_code": 366}, (), False),
        ("rcc", "", {"country_code": 345}, ((20.0, -95.0),), True),
        ("rcc", "", {"country_code": 345}, (), False),
    ],
)
def test_table_3_2_17_row_by_row(
    kind: str, capability: str, facts: dict[str, object], places: object, sent: bool
) -> None:
    there = Destination("X", "X", kind, "sit185", capability)  # type: ignore[arg-type]
    subject = Subject(facts, "X", places)  # type: ignore[arg-type]
    assert (held(there, subject, (), united_states(), named("us")) == "") is sent
    assert held(there, subject._replace(flies=True), (), united_states(), named("us")) == ""


def test_the_register_names_the_rescue_centre_of_a_home_port() -> None:
    register = Register()
    american = YACHT | {"country_code": 366}
    hex_id = message(american).hex_id
    register.add(f"hex id;HOME PORT PRIMARY SRR;SECONDARY SRR;Owner\n{hex_id};CGD14;AKRCC;Ana\n")
    assert register.home(hex_id or "") == ("CGD14", "AKRCC")
    for home, expected in ((register.home, ("CGD14", "AKRCC")), (None, ("PACAREA",))):  # R 3.2.3.8.2 f, g
        book = AlertBook(network=united_states(), practice=named("us"), home=home)
        (alert,) = book.take(detection(american))
        assert alert.to == expected

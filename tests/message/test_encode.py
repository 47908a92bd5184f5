from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vigie import jsonl
from vigie.errors import FieldError
from vigie.message import beacon
from vigie.message.encode import encode

FORMS = {"": (15, 22, 30), "FFFE2F": (28, 36), "FFFED0": (28, 36)}


def through_json(facts: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(jsonl.line(facts))
    return value


def test_decode_then_encode_gives_back_every_reference_message(shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "beacons" / "fgb.jsonl").read_text().splitlines()]
    wrong = [row["id"] for row in rows if encode(through_json(beacon.decode(row["hex"]).facts)) != row["hex"].upper()]
    assert not wrong


@given(st.data())
def test_decode_then_encode_gives_back_any_bits(data: st.DataObject) -> None:
    sync, lengths = data.draw(st.sampled_from(sorted(FORMS.items())))
    length = data.draw(st.sampled_from(lengths))
    rest = length - len(sync)
    digits = sync + data.draw(st.text("0123456789ABCDEF", min_size=rest, max_size=rest))
    assert encode(through_json(beacon.decode(digits).facts)) == digits


latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)
RESOLUTION_DEG = {"std_plb_serial": 4 / 3600, "nat_plb": 4 / 3600, "rls": 4 / 3600, "user_aviation": 4 / 60}


@pytest.mark.parametrize("protocol", RESOLUTION_DEG)
@given(lat=latitudes, lon=longitudes)
def test_a_position_comes_back_within_half_a_step(protocol: str, lat: float, lon: float) -> None:
    facts: dict[str, Any] = {"protocol": protocol, "country_code": 227, "latitude": lat, "longitude": lon}
    if protocol == "rls":
        facts |= {"beacon_type": "PLB", "rls_tac": 3100, "serial_number": 7}
    back = beacon.decode(encode(facts)).facts
    # 0 N 0 E from an external source is all zeros in a user-location message: the filler of one that was cut off
    assume(not back["truncated"])
    half = RESOLUTION_DEG[protocol] / 2 + 1e-6
    assert abs(back["latitude"] - lat) <= half
    assert abs(back["longitude"] - lon) <= half
    assert back["position_status"] == "encoded"
    assert not back["odd"]


def test_worked_position_of_the_standard() -> None:
    """C/S T.001 B2: 43 33.63 N, 1 28.85 E in steps of 4 minutes."""
    facts = {
        "protocol": "user_aviation", "country_code": 227, "aircraft_registration": "FGABCD", "specific_elt_number": 0,
        "auxiliary_device": "121.5", "latitude": 43 + 33.63 / 60, "longitude": 1 + 28.85 / 60,
        "position_source": "internal", "kind": "message_30",
    }  # fmt: skip
    assert int(encode(facts), 16) & (1 << 38) - 1 == 0b10010101110000000000010111_000101010001


def test_a_changed_value_gets_new_codes_and_leaves_the_rest() -> None:
    before = dict(beacon.decode("FFFED08E39048D158AC01E3AA482856824CF").facts)
    after = beacon.decode(encode({**before, "altitude_code": "1000", "latitude": 10.0})).facts
    changed = {key for key in before if before[key] != after[key]}
    assert (after["altitude_above_m"], after["latitude"], after["longitude"]) == (4000, 10.0, before["longitude"])
    assert after["verdict"] == "ok"
    assert {"aircraft_24bit", "frame_sync", "hex_id", "location_freshness"}.isdisjoint(changed)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "protocol"),
        ({"protocol": "smoke_signal"}, "is none of"),
        ({"protocol": "nat_plb"}, "country_code (bits 27-36): is needed"),
        (
            {"protocol": "nat_plb", "country_code": 1024},
            "country_code (bits 27-36): 1024 is out of range, at most 1023",
        ),
        ({"protocol": "nat_plb", "country_code": -1}, "-1 is negative"),
        ({"protocol": "nat_plb", "country_code": True}, "not a whole number"),
        ({"protocol": "nat_plb", "country_code": 227, "national_id": 1 << 18}, "national_id (bits 41-58)"),
        ({"protocol": "nat_plb", "country_code": 227, "colour": "red"}, "colour: is no field of nat_plb.long"),
        ({"protocol": "nat_plb", "country_code": 227, "latitude": 10}, "one is missing"),
        ({"protocol": "nat_plb", "country_code": 227, "latitude": 90.5, "longitude": 0}, "outside +-90"),
        ({"protocol": "nat_plb", "country_code": 227, "latitude": "north", "longitude": 0}, "not a number of degrees"),
        ({"protocol": "nat_plb", "country_code": 227, "latitude": float("nan"), "longitude": 0}, "not a number"),
        ({"protocol": "nat_plb", "country_code": 227, "format": "short"}, "withdrawn"),
        ({"protocol": "user_serial", "country_code": 227}, "several forms"),
        ({"protocol": "user_aviation", "country_code": 227, "aircraft_registration": "F-GABCDE"}, "up to 7 characters"),
        ({"protocol": "user_aviation", "country_code": 227, "aircraft_registration": "F_GAB"}, "cannot write"),
        ({"protocol": "std_epirb_mmsi", "country_code": 227, "mmsi": "228000000"}, "does not begin with the country"),
        ({"protocol": "user_radio_callsign", "country_code": 227, "callsign": "ABCDEFG"}, "callsign (bits 40-75)"),
        ({"protocol": "rls", "beacon_type": "PLB", "country_code": 227, "rls_tac": 1042}, "rls_tac (bits 43-52)"),
        ({"protocol": "nat_plb", "country_code": 227, "kind": "message_28"}, "long message"),
        ({"layout": "nat_plb.long", "fields": {}}, "has no whole number under 'raw'"),
        ({"layout": "nat_plb.long", "fields": 3}, "fields: is not an object"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(facts: dict[str, Any], words: str) -> None:
    with pytest.raises(FieldError) as caught:
        encode(facts)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("facts", "layout"),
    [
        (
            {"protocol": "elt_dt", "aircraft_24bit": "123456", "aircraft_operator_3ld": "AFR"},
            "elt_dt_aircraft_24bit.operator",
        ),
        (
            {"protocol": "elt_dt", "aircraft_24bit": "123456", "cancellation": True},
            "elt_dt_aircraft_24bit_cancellation.cancellation",
        ),
        ({"protocol": "rls", "beacon_type": "TEST", "mmsi": "227000001"}, "rls_mmsi_test.long"),
        ({"protocol": "user_serial", "serial_type": "plb", "serial_number": 1}, "user_serial_plb.short"),
        (
            {"protocol": "user_serial", "serial_type": "plb", "serial_number": 1, "latitude": 1, "longitude": 2},
            "user_serial_plb.long",
        ),
        ({"protocol": "nat_plb", "national_id": 1, "national_use_2": "10101010101010"}, "nat_plb.national"),
        ({"protocol": "std_plb_serial", "tac": 1, "truncated": True}, "std_plb_serial.long_truncated"),
    ],
)
def test_the_layout_follows_from_the_values(facts: dict[str, Any], layout: str) -> None:
    decoded = beacon.decode(encode({"country_code": 227, **facts})).facts
    assert decoded["layout"] == layout
    for key, value in facts.items():
        assert decoded[key] == value

"""Second-generation messages against other people's decodes, the standard's own examples, and their own laws."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie.errors import FieldError, HexError
from vigie.message import bch, beacon, moffset, sgb, sgb_encode
from vigie.message import sgb_tables as tables
from vigie.message.encode import encode
from vigie.message.fields import Layout

VECTORS = [json.loads(line) for line in (Path(__file__).parents[1] / "vectors" / "sgb.jsonl").read_text().splitlines()]
WHOLE = [row for row in VECTORS if "main" in row]
IDS = [row for row in VECTORS if "id" in row]
LAYOUTS = sgb.all_layouts()
# C/S T.018 B.1: the worked message as printed, its two forms without a code and the one with it
B1_LEFT = "00E608F4C986196188A047C000000000000FFFC0100C1A00960"
B1_RIGHT = "0039823D32618658622811F0000000000003FFF004030680258"
B1_CODE = 0b010010010010101001001111110001010111101001001001
B1 = B1_RIGHT + format(B1_CODE, "012X")


def differences(facts: Any, expected: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Keys of ``expected`` that ``facts`` states otherwise; positions to 1e-8 degrees."""

    def same(got: Any, want: Any) -> bool:
        if isinstance(want, dict):
            return isinstance(got, dict) and all(key in got and same(got[key], value) for key, value in want.items())
        if isinstance(want, float) and isinstance(got, (int, float)):
            return abs(got - want) < 1.1e-8
        return bool(got == want)

    missing = object()
    return {key: (want, facts.get(key)) for key, want in expected.items() if not same(facts.get(key, missing), want)}


def build(row: Mapping[str, Any]) -> str:
    """63 digits from the bits as the standard prints them, with the code put in and the bits of ``flip`` turned."""
    main, rotating = row["main"].replace(" ", ""), row["rotating"].replace(" ", "")
    assert (len(main), len(rotating)) == (154, 48)
    word = bch.BCH_SGB.encode(int(main + rotating, 2)) | int(row["lead"], 2) << 250
    for bit in row.get("flip", ()):
        word ^= 1 << (250 - bit)
    return format(word, "063X")


def part(name: str, bits: str) -> dict[str, Any]:
    """What one part of the tables reads in its bits alone."""
    word = int(bits, 2)
    if name == "position_44_90":
        rows = Layout("position", "", "", tables.POSITION_ROWS, (tables.POSITION,))
    elif name == "vessel_id_91_137":
        vessel = tables.VESSELS[word >> 44]
        rows = Layout("vessel", "", "", (tables.VESSEL_TYPE, *vessel.fields))
    else:
        assert name == "rotating_field_155_202"
        kinds = [row for row in tables.ROTATING if row.number == word >> 44]
        row = next(row for row in kinds if row.when is None or word >> 202 - row.when[1] & 7 == row.when[2])
        rows = Layout("rotating", "", "", row.fields, (row.part,))
        stated: dict[str, Any] = rows.read(rows.unpack(word))["rotating_field"]
        return stated
    return rows.read(rows.unpack(word))


def test_every_reference_message_decodes_to_what_its_sources_state(shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "beacons" / "sgb.jsonl").read_text().splitlines()]
    wrong, seen = {}, 0
    for row in rows:
        kind, expected = row["kind"], dict(row["expect"])
        if kind == "sgb_prn":
            continue  # spreading sequences belong to the signal layer
        if kind == "moffset":
            crc16, minutes = moffset.of(row["hex"])
            facts: Mapping[str, Any] = {"crc16": crc16, "moffset_minutes": minutes}
        elif kind == "sgb_field" and row["field"] == "latitude_fraction_from_decimal":
            assert expected.pop("input") == "35 deg 46.295 min N"
            facts = {"fraction_int": tables.LATITUDE.write(35 + 46.295 / 60)["latitude_fraction"]}
        elif kind == "sgb_field":
            facts = part(row["field"], row["bits"])
        else:
            # one string stands there in both alignments: as meant, and as somebody read it by mistake
            by_mistake = row["id"] == "sgb-s-0012"
            facts = beacon.decode(row["hex"], form="sgb_51" if by_mistake else None).facts
            expected["kind"] = kind
            assert encode(json.loads(json.dumps(dict(facts)))) == row["hex"], row["id"]
        seen += 1
        found = differences(facts, expected)
        if found:
            wrong[row["id"]] = found
    assert not wrong
    assert seen >= 32


@pytest.mark.parametrize("row", WHOLE, ids=[row["clause"] for row in WHOLE])
def test_messages_written_from_the_standard(row: dict[str, Any]) -> None:
    facts = beacon.decode(build(row)).facts
    assert not differences(facts, row["expect"])
    for words in row["odd"]:
        assert any(words in text for text in facts["odd"]), facts["odd"]
    if not row["odd"] and "country" not in row["clause"]:
        assert facts["odd"] == []
    assert encode(json.loads(json.dumps(dict(facts)))) == build(row)


@pytest.mark.parametrize("row", IDS, ids=[row["clause"] for row in IDS])
def test_hex_ids_written_from_the_standard(row: dict[str, Any]) -> None:
    bits = row["id"].replace(" ", "")
    digits = format(int(bits, 2), f"0{len(bits) // 4}X")
    facts = beacon.decode(digits).facts
    assert facts["generation"] == "SGB"
    assert not differences(facts, row["expect"])
    assert all(any(words in text for text in facts["odd"]) for words in row["odd"])
    assert encode(json.loads(json.dumps(dict(facts)))) == digits


def test_vectors_reach_every_vessel_identity_and_every_rotating_field() -> None:
    facts = [beacon.decode(build(row)).facts for row in WHOLE]
    assert {row["vessel_id_type"] for row in facts} == set(tables.VESSEL_NAMES.values())
    assert {row["rotating_field"]["id"] for row in facts} == set(range(16))
    assert {row["layout"].rpartition(".")[2] for row in facts} == {row.name for row in tables.ROTATING}


def test_the_worked_example_of_the_standard() -> None:
    """C/S T.018 B.1 and B.2."""
    facts = beacon.decode(B1).facts
    assert facts["bch_computed"] == facts["bch_encoded"] == format(B1_CODE, "012X") == "492A4FC57A49"
    assert facts["hex_id_23"] == facts["hex_id"] == "9934039823D000000000000"
    assert facts["hex_id_15"] == "9934039823D0000"
    assert (facts["latitude"], facts["longitude"]) == (48.79315186, 69.00875854)
    assert facts["rotating_field"] == {
        "id": 0, "elapsed_hours": 1, "minutes_since_location": 6, "altitude_m": 432, "hdop": "<=1", "vdop": "1-2",
        "activation": "manual", "battery_percent": "75-100", "gnss_status": "3d",
    }  # fmt: skip
    assert facts["odd"] == []
    assert moffset.of("9934039823D8000") == ("AA6B", 7)  # Appendix F


def test_both_alignments_of_51_digits_are_told_apart() -> None:
    left, right = beacon.decode(B1_LEFT), beacon.decode(B1_RIGHT)
    assert (left.form, right.form) == ("sgb_202_left_aligned", "sgb_51")
    assert left.facts["mode"] is None
    for key in ("tac", "serial_number", "latitude", "rotating_field", "hex_id", "bch_computed"):
        assert left.facts[key] == right.facts[key]
    assert "bch_errors" not in right.facts
    assert "51 digits do not tell" not in " ".join([*left.facts["odd"], *right.facts["odd"]])
    assert beacon.decode(B1_LEFT, form="sgb_51").facts["tac"] == 920
    with pytest.raises(HexError, match="sgb_63"):
        beacon.decode(B1, form="sgb_51")


@pytest.mark.parametrize("row", WHOLE, ids=[row["clause"] for row in WHOLE])
def test_every_vector_is_recognised_in_both_alignments(row: dict[str, Any]) -> None:
    data = int(row["main"].replace(" ", "") + row["rotating"].replace(" ", ""), 2)
    lead = int(row["lead"], 2)
    right, left = format(lead << 202 | data, "051X"), format(data << 2, "051X")
    assert beacon.decode(right).form == "sgb_51"
    assert beacon.decode(left).form == "sgb_202_left_aligned"


def test_51_digits_that_can_be_read_both_ways_say_so() -> None:
    both = [text for text in (ambiguous(seed) for seed in range(400)) if text]
    assert both
    facts = beacon.decode(both[0]).facts
    assert any("51 digits do not tell" in text for text in facts["odd"])


def ambiguous(seed: int) -> str | None:
    """A 51-digit string whose two readings fit equally well, if this seed makes one."""
    rng = random.Random(seed)
    # spare bits all ones in both readings, rotating field 12 in one and 3 in the other, no fixed bits after them
    word = rng.getrandbits(204) & ~3
    word &= ~(3 << 202)
    for last in (154, 152):
        word |= ((1 << 14) - 1) << (202 - last)
    text = format(word, "051X")
    return text if sgb.alignment(text)[1] else None


def test_a_system_beacon_is_said_to_be_one() -> None:
    row = next(row for row in WHOLE if "TAC 65521" in row["clause"])
    facts = beacon.decode(build(row)).facts
    assert facts["category_words"] == "System beacon: not a distress call"


def test_from_bits_takes_250_bits_and_the_mode() -> None:
    bits = format(int(B1, 16), "0252b")[2:]
    assert beacon.from_bits(bits).received == B1
    assert beacon.from_bits(bits, sync="self_test").category == "self_test"


# -- laws -------------------------------------------------------------------------------------------------------------


@given(st.sampled_from(LAYOUTS), st.data())
def test_numbers_are_a_lossless_view_of_the_bits(rows: Layout, data: st.DataObject) -> None:
    width = rows.last - rows.first + 1
    word = data.draw(st.integers(0, (1 << width) - 1))
    assert rows.pack(rows.unpack(word)) == word


@given(st.sampled_from(LAYOUTS), st.data())
def test_values_read_from_a_message_are_written_back_as_themselves(rows: Layout, data: st.DataObject) -> None:
    width = rows.last - rows.first + 1
    raws = rows.unpack(data.draw(st.integers(0, (1 << width) - 1)))
    for row in rows.fields:
        value = row.codec.read(raws[row.name])
        if row.name != "rotating_field_id":
            assert row.codec.read(row.write(value)) == value, row.name
    facts = rows.read(raws)
    blank = {row.name: raws[row.name] if row.fixed is not None else row.default for row in rows.fields}
    if facts.get("position_status") == "out_of_range":
        facts = {key: value for key, value in facts.items() if key not in tables.POSITION_KEYS}
    again = rows.read(rows.write(facts, blank))
    assert {key: again[key] for key in facts} == facts


@given(st.integers(0, (1 << 252) - 1))
def test_every_bit_comes_back_through_the_encoder(word: int) -> None:
    digits = format(word, "063X")
    assert encode(json.loads(json.dumps(dict(beacon.decode(digits).facts)))) == digits


@given(st.integers(0, (1 << 202) - 1), st.sampled_from(["sgb_51", "sgb_202_left_aligned"]))
def test_51_digits_come_back_through_the_encoder(data: int, form: str) -> None:
    digits = format(data if form == "sgb_51" else data << 2, "051X")
    assert encode(dict(beacon.decode(digits, form=form).facts)) == digits


@given(st.integers(0, (1 << 202) - 1), st.sets(st.integers(1, 250), max_size=6))
def test_up_to_six_wrong_bits_change_nothing_that_is_stated(data: int, wrong: set[int]) -> None:
    sent = bch.BCH_SGB.encode(data)
    received = sent
    for bit in wrong:
        received ^= 1 << (250 - bit)
    right, mended = (beacon.decode(format(word, "063X")).facts for word in (sent, received))
    assert mended["corrected_bits"] == sorted(wrong)
    assert mended["bch_errors"] == len(wrong)
    assert mended["verdict"] == ("corrected" if wrong else "ok")
    apart = {"input", "bch_encoded", "bch_errors", "corrected_bits", "verdict", "description"}
    assert {k: v for k, v in mended.items() if k not in apart} == {k: v for k, v in right.items() if k not in apart}


@given(st.integers(0, (1 << 202) - 1), st.sets(st.integers(1, 250), min_size=7, max_size=40))
def test_more_wrong_bits_are_reported_or_mended_into_another_message(data: int, wrong: set[int]) -> None:
    word = bch.BCH_SGB.encode(data)
    for bit in wrong:
        word ^= 1 << (250 - bit)
    facts = beacon.decode(format(word, "063X")).facts
    if facts["bch_errors"] is None:
        assert facts["verdict"] == facts["category"] == "unreliable"
        assert facts["hex_id"] is None
    else:
        assert facts["bch_errors"] <= 6
        assert sgb.with_parity(word, 250) != word


@given(st.sampled_from([15, 23, 51, 63]), st.data())
def test_any_digits_of_a_right_length_are_decoded(length: int, data: st.DataObject) -> None:
    digits = data.draw(st.text("0123456789ABCDEF", min_size=length, max_size=length))
    message = beacon.decode(digits)
    assert message.received == digits
    assert message.facts["description"]
    assert json.dumps(dict(message.facts))


@given(st.text("0123456789ABCDEFabcdefOIlx -\n", max_size=70), st.sampled_from([None, "sgb_51", "sgb_63", "hexid_15"]))
def test_whatever_is_no_message_is_refused(text: str, form: str | None) -> None:
    try:
        facts = beacon.decode(text, form=form).facts
    except HexError as error:
        facts = {"description": str(error)}
    assert facts["description"]


# -- encoding ---------------------------------------------------------------------------------------------------------

PLB = {"protocol": "sgb", "tac": 10123, "serial_number": 4567, "country_code": 227, "beacon_type": "PLB"}


def test_a_message_from_values_alone() -> None:
    asked = {
        **PLB, "homing": True, "latitude": 43.7, "longitude": -7.25, "vessel_id_type": "aircraft_24bit",
        "aircraft_24bit": "3A1B2C", "aircraft_operator_3ld": "AFR",
        "rotating_field": {"id": 0, "elapsed_hours": 2, "altitude_m": 430.24, "gnss_status": "3d"},
    }  # fmt: skip
    facts = beacon.decode(encode(asked)).facts
    assert facts["verdict"] == "ok"
    assert facts["odd"] == []
    assert abs(facts["latitude"] - 43.7) < 2**-16
    assert facts["longitude"] == -7.25
    assert facts["rotating_field"]["altitude_m"] == 432
    assert facts["rotating_field"]["battery_percent"] is None
    expected = {key: asked[key] for key in asked if key not in ("latitude", "rotating_field")}
    assert not differences(facts, expected)


def test_a_message_from_values_without_a_position_says_why_it_has_none() -> None:
    for status in ("not_available", "no_capability"):
        facts = beacon.decode(encode({**PLB, "position_status": status})).facts
        assert facts["position_status"] == status


def test_changing_values_of_a_decoded_message_computes_its_code_anew() -> None:
    facts = json.loads(json.dumps(dict(beacon.decode(B1).facts)))
    changed = beacon.decode(encode({**facts, "serial_number": 574, "latitude": None, "longitude": None})).facts
    assert (changed["serial_number"], changed["position_status"], changed["verdict"]) == (574, "not_available", "ok")
    moved = {**facts, "vessel_id_type": "mmsi", "mmsi": "227123456", "rotating_field": {"id": 15}}
    del moved["vessel_national_use"]
    cancelled = beacon.decode(encode(moved)).facts
    assert cancelled["mmsi"] == "227123456"
    assert cancelled["epirb_ais_last4"] is None
    assert (cancelled["category"], cancelled["verdict"], cancelled["odd"]) == ("cancelled", "ok", [])


def test_wrong_bits_are_encoded_as_they_came() -> None:
    for flips in ([1, 2, 3], list(range(1, 12))):
        word = int(B1, 16)
        for bit in flips:
            word ^= 1 << (250 - bit)
        digits = format(word, "063X")
        assert encode(dict(beacon.decode(digits).facts)) == digits


@pytest.mark.parametrize(
    ("values", "field", "bits"),
    [
        ({"tac": 65536}, "tac", (1, 16)),
        ({"serial_number": 16384}, "serial_number", (17, 30)),
        ({"serial_number": None}, "serial_number", (17, 30)),
        ({"country_code": -1}, "country_code", (31, 40)),
        ({"latitude": 90.1, "longitude": 0}, "latitude", (44, 66)),
        ({"latitude": 1, "longitude": 180.5}, "longitude", (67, 90)),
        ({"latitude": 1}, "longitude", (67, 90)),
        ({"latitude": float("nan"), "longitude": 1}, "latitude", (44, 66)),
        ({"position_status": "out_of_range"}, "position_status", (44, 90)),
        ({"vessel_id_type": "ship"}, "vessel_id_type", (91, 93)),
        ({"mmsi": "2271234567890"}, "mmsi", (94, 123)),
        ({"callsign": "ABCDEFGH"}, "callsign", (94, 135)),
        ({"callsign": "AB_C"}, "callsign", (94, 135)),
        ({"aircraft_24bit": "GGGGGG"}, "aircraft_24bit", (94, 117)),
        ({"aircraft_operator": "AB1"}, "aircraft_operator", (94, 108)),
        ({"aircraft_operator_serial": 4096}, "aircraft_operator_serial", (109, 120)),
        ({"beacon_type": "BUOY"}, "beacon_type", (138, 140)),
        ({"rotating_field": {"id": 16}}, "rotating_field.id", (155, 158)),
        ({"rotating_field": {"id": 0, "elapsed_hours": 64}}, "elapsed_hours", (159, 164)),
        ({"rotating_field": {"id": 0, "altitude_m": 16000}}, "altitude_m", (176, 185)),
        ({"rotating_field": {"id": 0, "depth": 1}}, "rotating_field.depth", (155, 202)),
        ({"rotating_field": 3}, "rotating_field", (155, 202)),
        ({"mode": "silent"}, "mode", (-1, -1)),
        ({"kind": "sgb_99"}, "kind", None),
        ({"colour": "red"}, "colour", None),
        ({"fields": {"tac": {"raw": 1 << 16}}}, "tac", (1, 16)),
        ({"fields": {"tac": {"raw": "1"}}}, "tac", None),
    ],
)
def test_what_does_not_fit_is_refused(values: dict[str, Any], field: str, bits: tuple[int, int] | None) -> None:
    with pytest.raises(FieldError) as caught:
        sgb_encode.encode({**PLB, **values})
    assert (caught.value.field, caught.value.bits) == (field, bits)

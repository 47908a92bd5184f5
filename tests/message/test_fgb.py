"""First-generation messages against other people's decodes, the standard, and their own laws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie.message import bch, beacon, fgb
from vigie.message.fgb_tables import PROTOCOLS

VECTORS = [json.loads(line) for line in (Path(__file__).parents[1] / "vectors" / "fgb.jsonl").read_text().splitlines()]
LAYOUTS = fgb.all_layouts()


def differences(facts: Any, expected: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Keys of ``expected`` that ``facts`` states otherwise; positions to 1e-6 degrees."""

    def same(got: Any, want: Any) -> bool:
        return abs(got - want) < 1e-6 if isinstance(want, float) and isinstance(got, (int, float)) else got == want

    return {key: (want, facts.get(key)) for key, want in expected.items() if not same(facts.get(key), want)}


def build(pdf1: str, pdf2: str, sync: int = 0b111111111111111000101111) -> str:
    """Hex of a message from its data bits as the standard prints them, with both codes put in."""
    data, rest = pdf1.replace(" ", ""), pdf2.replace(" ", "")
    assert len(data) == 61, len(data)
    assert len(rest) in (6, 26), len(rest)
    bits = format(sync, "024b") + format(bch.BCH1.encode(int(data, 2)), "082b")
    bits += rest if len(rest) == 6 else format(bch.BCH2.encode(int(rest, 2)), "038b")
    return format(int(bits, 2), f"0{len(bits) // 4}X")


def test_every_reference_message_decodes_to_what_its_sources_state(shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "beacons" / "fgb.jsonl").read_text().splitlines()]
    assert len(rows) >= 326
    wrong = {}
    for row in rows:
        facts = beacon.decode(row["hex"]).facts
        found = differences(facts, {**row["expect"], "kind": row["kind"]})
        if found:
            wrong[row["id"]] = found
    assert not wrong


@pytest.mark.parametrize("row", VECTORS, ids=[row["clause"] for row in VECTORS])
def test_messages_written_from_the_standard(row: dict[str, Any]) -> None:
    facts = beacon.decode(build(row["pdf1"], row["pdf2"])).facts
    assert not differences(facts, row["expect"])
    assert facts["verdict"] == "ok"


def test_vectors_reach_every_protocol_that_the_tables_know() -> None:
    """Layouts used by the vectors here and by those of the shared corpus together; the names left out say why."""
    reached = {beacon.decode(build(row["pdf1"], row["pdf2"])).facts["layout"].partition(".")[0] for row in VECTORS}
    in_corpus = {
        "user_orbitography", "user_sgb_reserved", "std_epirb_mmsi", "std_elt_24bit", "std_elt_serial",
        "std_epirb_serial", "std_test", "nat_epirb", "nat_test", "rls_elt", "rls_epirb", "spare_0000",
        "user_serial_elt_serial", "user_serial_elt_aircraft_24bit", "user_serial_epirb_non_float_free",
        "elt_dt_aircraft_operator_serial",
    }  # fmt: skip
    same_rows_as_another = {
        name for name in (row.name for row in PROTOCOLS)
        if name.startswith("elt_dt_") and ("test" in name or "cancellation" in name)
    } | {"user_serial_spare_7"}  # fmt: skip
    assert {row.name for row in PROTOCOLS} - reached - in_corpus - same_rows_as_another == set()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@given(data=st.data())
def test_unpack_and_pack_are_inverse_and_values_survive(layout: Any, data: st.DataObject) -> None:
    word = data.draw(st.integers(0, 2**layout.last - 1))
    raws = layout.unpack(word)
    assert layout.pack(raws) == word
    facts = layout.read(raws)
    assert layout.read(layout.write(facts, raws)) == facts
    for row in layout.fields:
        value = row.codec.read(raws[row.name])
        assert row.codec.read(row.write(value)) == value


def test_layouts_cover_every_bit_once_and_every_field_is_documented() -> None:
    for layout in LAYOUTS:
        assert layout.first == 1
        assert layout.last in (112, 144)
        assert sum(row.width for row in layout.fields) == layout.last
        assert all(row.doc for row in layout.fields)


@given(st.integers(0, 2**144 - 1))
def test_any_bits_select_a_protocol_and_are_decoded(word: int) -> None:
    decoded = fgb.decode(word, 1, 144)
    assert decoded.layout.pack(decoded.seen.raws) == decoded.word
    assert len(fgb.hex_id(decoded.word, decoded.last)) == 15


@given(st.data())
def test_errors_up_to_the_power_of_both_codes_change_nothing_that_is_stated(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from([row for row in VECTORS if len(row["pdf2"].replace(" ", "")) == 26]))
    clean = build(row["pdf1"], row["pdf2"])
    first = data.draw(st.sets(st.integers(25, 106), max_size=3))
    second = data.draw(st.sets(st.integers(107, 144), max_size=2))
    word = int(clean, 16)
    for bit in first | second:
        word ^= 1 << (144 - bit)
    facts = beacon.decode(format(word, "036X")).facts
    filler = word & 0xFFFFFFFF in (0, 0xFFFFFFFF)
    if not filler:
        assert not differences(facts, row["expect"])
        assert (facts["bch1_errors"], facts["bch2_errors"]) == (len(first), len(second))
        assert facts["corrected_bits"] == sorted(first | second)
        assert facts["verdict"] == ("corrected" if first or second else "ok")


def test_beyond_the_power_the_identity_is_not_to_be_trusted() -> None:
    # bits that no word within three of a code word has, found by trial and kept as a fact
    facts = beacon.decode("D52FE0000000000FB7EC00FFFFFFFF").facts
    assert facts["bch1_errors"] is None
    assert facts["hex_id"] is None
    assert (facts["verdict"], facts["category"]) == ("unreliable", "unreliable")
    assert any("not to be trusted" in sentence for sentence in facts["description"])


def test_a_second_field_beyond_mending_leaves_the_coarse_position() -> None:
    row = next(row for row in VECTORS if "A3.3.5.2 c ii" in row["clause"])
    word = int(build(row["pdf1"], row["pdf2"]), 16)
    facts = next(
        facts
        for pattern in range(1, 1 << 12)
        if (facts := beacon.decode(format(word ^ pattern, "036X")).facts)["bch2_errors"] is None
    )
    assert (facts["latitude"], facts["longitude"]) == (48.75, 2.25)
    assert facts["pdf2_verdict"] == "unreliable"
    assert facts["hex_id"] == facts["hex_id_15"]


@pytest.mark.parametrize("filler", ["00000000", "FFFFFFFF"])
def test_a_long_message_that_stops_at_bit_112(filler: str) -> None:
    """C/S T.001 4.5.4: the filler must not become a position, though all zeros are a code word."""
    row = next(row for row in VECTORS if row["clause"].startswith("T.001 B2"))
    digits = build(row["pdf1"], row["pdf2"])[:28] + filler
    facts = beacon.decode(digits).facts
    assert facts["truncated"] is True
    assert (facts["latitude"], facts["position_status"]) == (None, "not_sent")
    assert beacon.decode(digits[:28]).facts["truncated"] is True


def test_bits_after_a_short_message_are_not_used_and_said_to_be_odd() -> None:
    facts = beacon.decode("FFFE2F56E6804002202009655250" + "12345678").facts
    assert (facts["format"], facts["hex_id"], facts["filler"]) == ("short", "ADCD00800440401", "12345678")
    assert any("113-144" in text for text in facts["odd"])


def test_self_test_sync_makes_any_message_a_self_test() -> None:
    row = VECTORS[4]
    facts = beacon.decode(build(row["pdf1"], row["pdf2"], sync=0b111111111111111011010000)).facts
    assert (facts["frame_sync"], facts["category"]) == ("self_test", "self_test")


def test_from_bits_says_the_same_as_hex() -> None:
    digits = build(VECTORS[0]["pdf1"], VECTORS[0]["pdf2"])
    assert beacon.from_bits(format(int(digits, 16), "0144b")).facts == beacon.decode(digits).facts

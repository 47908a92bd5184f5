"""Galileo return-link messages: broadcasts decoded by others, the standard, joining, and the command."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from vigie.cli.rlm import command
from vigie.errors import FieldError, HexError
from vigie.message import rlm
from vigie.message.rlm_tables import LAYOUTS, SAR_FIELD, SPARE_DATA

VECTORS = [json.loads(line) for line in (Path(__file__).parents[1] / "vectors" / "rlm.jsonl").read_text().splitlines()]
ACK = "2DDAAF95923FDFF18001"  # broadcast 54 times on 2025-03-11
LONG = "000006D00C4C115580115DDAC0E858B2000B0001"  # broadcast on 2025-07-07


def differences(facts: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Keys of ``expected`` that ``facts`` states otherwise."""
    missing = object()

    def same(got: Any, want: Any) -> bool:
        if isinstance(want, dict):
            return isinstance(got, Mapping) and all(same(got.get(key, missing), value) for key, value in want.items())
        return bool(got == want)

    return {key: (want, facts.get(key)) for key, want in expected.items() if not same(facts.get(key, missing), want)}


def fields_of(digits: str, satellite: str = "", start_s: float | None = None) -> list[rlm.SarField]:
    """The SAR fields that carry a message."""
    count, word = len(digits) // 5, int(digits, 16)
    return [
        rlm.SarField(
            number == 0,
            count == 8,
            word >> 20 * (count - 1 - number) & 0xFFFFF,
            satellite,
            None if start_s is None else start_s + 2 * number,
        )
        for number in range(count)
    ]


def empty(satellite: str = "", time_s: float | None = None, data: int = SPARE_DATA) -> rlm.SarField:
    return rlm.SarField(True, False, data, satellite, time_s)


def test_every_broadcast_message_decodes_to_what_its_sources_state(shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "beacons" / "rlm.jsonl").read_text().splitlines()]
    assert len(rows) >= 13
    wrong = {}
    for row in rows:
        facts = rlm.decode(row["hex"])
        found = differences(facts, {**row["expect"], "kind": row["kind"]})
        if found or rlm.encode(facts) != row["hex"]:
            wrong[row["id"]] = found
    assert not wrong


@pytest.mark.parametrize("row", VECTORS, ids=[row["clause"] for row in VECTORS])
def test_messages_written_from_the_standard(row: dict[str, Any]) -> None:
    bits = row["bits"].replace(" ", "")
    digits = format(int(bits, 2), f"0{len(bits) // 4}X")
    facts = rlm.decode(digits)
    assert not differences(facts, row["expect"])
    assert all(any(words in text for text in facts["odd"]) for words in row["odd"]), facts["odd"]
    assert facts["parameters"] == bits[64:]
    assert rlm.encode(facts) == digits


@given(st.sampled_from([20, 40]), st.data())
def test_any_digits_of_a_right_length_are_decoded_and_come_back(length: int, data: st.DataObject) -> None:
    digits = data.draw(st.text("0123456789ABCDEF", min_size=length, max_size=length))
    facts = rlm.decode(digits)
    assert rlm.encode(json.loads(json.dumps(facts))) == digits
    assert facts["parity_ok"] == (int(digits, 16).bit_count() % 2 == 0)


@given(st.sampled_from((*LAYOUTS, SAR_FIELD)), st.data())
def test_numbers_are_a_lossless_view_of_the_bits(rows: Any, data: st.DataObject) -> None:
    word = data.draw(st.integers(0, (1 << rows.last) - 1))
    assert rows.pack(rows.unpack(word)) == word


@pytest.mark.parametrize(
    ("text", "kind"), [("", "empty"), (ACK[:-1], "length"), (ACK + "0", "length"), ("Z" + ACK[1:], "character")]
)
def test_what_is_no_message_is_refused(text: str, kind: str) -> None:
    with pytest.raises(HexError) as caught:
        rlm.decode(text)
    assert caught.value.kind == kind


def test_a_message_from_values_gets_its_parity() -> None:
    assert rlm.encode({"beacon_hex_id_15": ACK[:15], "service": "acknowledgement"}) == ACK
    facts = rlm.decode(rlm.encode({"beacon_hex_id_15": ACK[:15], "service": "test", "test_reserved": "0" * 14 + "1"}))
    assert (facts["service"], facts["parity_ok"]) == ("test", True)
    for wrong in ({"service": "test"}, {"beacon_hex_id_15": ACK[:15]}, {"rlm_type": "wide", "service": "test"},
                  {"beacon_hex_id_15": "12", "service": "test"}):  # fmt: skip
        with pytest.raises(FieldError):
            rlm.encode(wrong)


# -- joining ----------------------------------------------------------------------------------------------------------


def hexes(fields: list[rlm.SarField]) -> list[str | None]:
    return [joined.hex for joined in rlm.parts(fields)]


def test_a_sar_field_of_22_bits() -> None:
    assert rlm.sar_field("11" + "0" * 19 + "1", "E07", 8.0) == rlm.SarField(True, True, 1, "E07", 8.0)
    with pytest.raises(HexError):
        rlm.sar_field("0" * 21)
    with pytest.raises(HexError):
        rlm.sar_field("2" * 22)


@pytest.mark.parametrize("digits", [ACK, LONG])
def test_parts_in_order_make_the_message(digits: str) -> None:
    fields = [empty(), empty(), *fields_of(digits), empty(), *fields_of(digits), empty()]
    found = list(rlm.parts(fields))
    assert [joined.hex for joined in found] == [digits, digits]
    assert found[0].have == tuple(range(1, len(digits) // 5 + 1))


def test_empty_fields_make_no_message_whatever_their_spare_bits() -> None:
    assert hexes([empty() for _ in range(40)]) == []
    assert hexes([empty(data=number * 4001) for number in range(40)] + [empty()]) == []


def test_the_filling_in_the_place_of_the_first_part_makes_no_message() -> None:
    found = list(rlm.parts([empty(), empty(), *fields_of(ACK)[1:], empty()]))
    assert [joined.hex for joined in found] == [None]
    assert "filling of an empty field" in found[0].problem


def test_two_satellites_do_not_mix() -> None:
    one, two = fields_of(ACK, "E07", 100), fields_of(LONG, "E12", 100)
    mixed = [field for pair in zip(one, two[:4], strict=True) for field in pair] + two[4:]
    assert {(joined.satellite, joined.hex) for joined in rlm.parts(mixed)} == {("E07", ACK), ("E12", LONG)}


@given(st.permutations(range(8)))
def test_parts_with_times_may_come_in_any_order(order: list[int]) -> None:
    fields = fields_of(LONG, "E12", 1000)
    assert hexes([fields[number] for number in order]) == [LONG]


def test_a_page_delivered_twice_changes_nothing() -> None:
    fields = fields_of(ACK, "E07", 50)
    doubled = [field for field in fields for _ in range(2)]
    late = [*fields, empty("E07", 58), *fields, *(empty("E07", 60 + 2 * n) for n in range(40))]
    assert hexes(doubled) == hexes(late) == [ACK]


def test_two_different_parts_in_one_page_are_reported() -> None:
    fields = fields_of(ACK, "E07", 50)
    other = rlm.SarField(False, False, 7, "E07", 52.0)
    found = list(rlm.parts([*fields[:2], other, *fields[2:]]))
    assert [joined.hex for joined in found] == [None, ACK]
    assert "same page" in found[0].problem


@pytest.mark.parametrize("lost", [1, 2, 3, 4])
def test_a_missing_part_is_reported_and_the_next_message_is_not_hurt(lost: int) -> None:
    fields = [*fields_of(ACK, "E07", 100), empty("E07", 108), *fields_of(LONG, "E07", 110), empty("E07", 126)]
    del fields[lost - 1]
    found = list(rlm.parts(fields))
    whole = [joined.hex for joined in found if joined.hex]
    broken = [joined for joined in found if joined.hex is None]
    assert whole == [LONG]
    assert len(broken) == 1
    if lost == 1:
        assert "first part was not received" in broken[0].problem
    else:
        assert f"part {lost} of 4 not received" in broken[0].problem
        assert lost not in broken[0].have


def test_without_times_a_message_cut_short_by_the_next_is_reported() -> None:
    found = list(rlm.parts([*fields_of(ACK)[:3], *fields_of(ACK), empty()]))
    assert [joined.hex for joined in found] == [ACK, None]
    assert found[1].have == (1, 2, 3)


def test_parts_that_disagree_on_the_length_make_no_message() -> None:
    fields = fields_of(ACK)
    fields[2] = rlm.SarField(False, True, fields[2].data)
    found = list(rlm.parts([*fields, empty()]))
    assert [joined.hex for joined in found] == [None]
    assert "do not agree" in found[0].problem


FIELDS = st.builds(
    rlm.SarField,
    st.booleans(),
    st.booleans(),
    st.integers(0, 0xFFFFF),
    st.sampled_from(["E07", "E12"]),
    st.none() | st.integers(0, 200).map(float),
)


@given(st.lists(FIELDS, max_size=60))
def test_no_part_is_used_twice_and_nothing_is_raised(fields: list[rlm.SarField]) -> None:
    for joined in rlm.parts(fields):
        assert (joined.hex is None) == bool(joined.problem)
        if joined.hex:
            assert rlm.decode(joined.hex)["kind"] in rlm.FORMS


def page(field: rlm.SarField, word_type: int = 5, alert: bool = False) -> str:
    """The I/NAV page that carries a SAR field."""
    even = f"0{alert:b}{word_type:06b}" + "10" * 53
    odd = f"1{alert:b}" + "0110" * 4 + "0" * 40 + f"{field.start:b}{field.long:b}{field.data:020b}" + "00"
    checksum = rlm.crc24(int(even + odd, 2), 196)
    return format(int(even + "000000" + odd + format(checksum, "024b") + "00000100" + "000000", 2), "060X")


def test_the_checksum_of_pages() -> None:
    # the check value that catalogues of CRCs give for this polynomial (CRC-24/LTE-A: 0x864CFB, starting from 0)
    assert rlm.crc24(int.from_bytes(b"123456789", "big"), 72) == 0xCDE703


def test_sar_fields_of_whole_pages() -> None:
    fields = fields_of(ACK, "E07", 100)
    assert [rlm.sar_of_page(page(field), "E07", field.time_s) for field in fields] == fields
    assert rlm.sar_of_page(page(fields[0], alert=True)) is None
    assert rlm.sar_of_page(page(fields[0], word_type=63)) is None
    wrong = int(page(fields[0]), 16) ^ 1 << 50
    with pytest.raises(HexError, match="checksum"):
        rlm.sar_of_page(format(wrong, "060X"))
    with pytest.raises(HexError, match="60 hex digits"):
        rlm.sar_of_page("00")


@given(st.integers(0, (1 << 240) - 1))
def test_any_240_bits_are_a_page_or_refused(word: int) -> None:
    found = None
    with contextlib.suppress(HexError):
        found = rlm.sar_of_page(format(word, "060X"))
    assert found is None or found.data >> 20 == 0


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_one_object_a_message_and_goes_on_after_a_refusal() -> None:
    result = CliRunner().invoke(command, ["--json", ACK.lower(), "12", LONG])
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert result.exit_code == 1
    assert [line.get("rlm_type") for line in lines] == ["short", None, "long"]
    assert lines[0]["input"] == ACK.lower()
    assert lines[0]["beacon"]["protocol"] == "rls"
    assert lines[1] == {"input": "12", "error": {"kind": "length", "message": lines[1]["error"]["message"]}}


def test_the_command_reads_standard_input_and_speaks_to_people() -> None:
    result = CliRunner().invoke(command, [], input=f"{ACK}\n\n{LONG}\n")
    assert result.exit_code == 0
    assert "Acknowledgement to a beacon." in result.output
    assert "United States of America" in result.output


def test_the_command_joins_sar_fields() -> None:
    def line(field: rlm.SarField) -> str:
        return f"{field.satellite} {field.time_s} {field.start:b}{field.long:b}{field.data:020b}"

    lines = [line(field) for field in [*fields_of(ACK, "E07", 10), *fields_of(ACK, "E07", 20)[1:]]]
    result = CliRunner().invoke(command, ["--parts", "--json"], input="\n".join([*lines, "E07 x 1"]))
    assert result.exit_code == 1
    pages = [f"E07 {field.time_s} {page(field)}" for field in fields_of(LONG, "E07", 30)]
    whole = CliRunner().invoke(command, ["--parts", "--json"], input="\n".join(pages))
    assert (whole.exit_code, json.loads(whole.output)["parameters"][:4]) == (0, "1000")
    first, *rest = [json.loads(text) for text in result.output.splitlines()]
    assert (first["beacon_hex_id_15"], first["satellite"], first["time_s"]) == (ACK[:15], "E07", 10.0)
    assert {row["error"]["kind"] for row in rest} == {"incomplete", "layout"}

"""Laws over random values, random damage and random JSON: two-way forms agree, nothing is lost, one kind of error."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vigie import sit
from vigie.sit import values as forms
from vigie.sit.fields import FIELDS
from vigie.sit.formats import FORMATS

WHENEVER = st.datetimes(datetime(1980, 1, 1), datetime(2079, 12, 31, 23, 59, 59)).map(
    lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}Z"
)
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def template_texts(template: str) -> st.SearchStrategy[str]:
    """Texts of a numeric template: n a digit, s a sign."""
    pattern = template.replace(".", r"\.").replace("n", "[0-9]").replace("s", "[+-]")
    return st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)


NUMERIC = [row for row in FIELDS.values() if re.fullmatch(r"[sn. ]+", row.template)]


@pytest.mark.parametrize("row", NUMERIC, ids=lambda row: row.number)
@QUIET
@given(data=st.data())
def test_a_field_reads_what_it_writes(row: Any, data: st.DataObject) -> None:
    text = data.draw(template_texts(row.template))
    try:
        value = row.read(text)
    except ValueError:
        assert row.number in {"25", "26", "auto.lat", "auto.lon"}  # beyond the range of an angle
        return
    assert row.read(row.write(value)) == value


@given(WHENEVER, st.integers(0, 99))
def test_day_of_year_times_are_two_way(time: str, hundredths: int) -> None:
    assert forms.julian(forms.to_julian(time)) == time[:17] + "00Z"
    assert forms.julian(forms.to_julian(time, "ss")) == time
    exact = time.replace("Z", f".{hundredths:02d}Z") if hundredths else time
    assert forms.julian(forms.to_julian(exact, " ss.ss")) == exact


@given(WHENEVER, st.integers(-40, 40))
def test_national_times_are_two_way_near_their_header(time: str, days: int) -> None:
    moment = forms.split_iso(time)[0]
    header = f"{moment.fromordinal(max(1, moment.toordinal() + days)):%Y-%m-%dT%H:%M:%S}Z"
    assert forms.national(forms.to_national(time), header) == time


@given(WHENEVER)
def test_dated_times_are_two_way(time: str) -> None:
    assert forms.dated(forms.to_dated(time, "s")) == (time, "s")
    assert forms.dated(forms.to_dated(time)) == (time[:17] + "00Z", "min")


@given(st.floats(-90, 90), st.floats(-180, 180), st.sampled_from((1, 2)))
def test_positions_are_two_way(lat: float, lon: float, decimals: int) -> None:
    text = forms.to_position(lat, lon, decimals)
    found = forms.position(text)
    assert found is not None
    assert abs(found[0] - lat) <= 0.51 / 60 / 10**decimals + 1e-5
    assert abs(found[1] - lon) <= 0.51 / 60 / 10**decimals + 1e-5
    assert forms.to_position(found[0], found[1], decimals).translate({ord("S"): "N", ord("W"): "E"}) == text.translate(
        {ord("S"): "N", ord("W"): "E"}
    )  # zero has no hemisphere


@given(st.integers(0, 16**15 - 1), st.booleans())
def test_identities_are_two_way(number: int, second_generation: bool) -> None:
    identity = f"{number:023X}" if second_generation else f"{number:015X}"
    assert forms.hex_id(forms.grouped(identity)) == identity
    assert forms.leading_hex_id(f"{forms.grouped(identity)} HOMING 121.5")[0] == identity


def test_every_number_of_a_format_is_a_row() -> None:
    assert {number for layout in FORMATS for row in layout.rows for number in row.numbers} <= FIELDS.keys()


@cache
def corpus(shared: Path) -> list[bytes]:
    folder = shared / "mcc" / "samples"
    return [path.read_bytes() for path in sorted(folder.glob("*.*")) if path.suffix in {".txt", ".xml"}]


def test_a_line_nobody_foresaw_is_found_again_wherever_it_stands(shared: Path) -> None:
    lost = []
    for path in sorted((shared / "mcc" / "samples").glob("*.txt")):
        lines = path.read_text(encoding="utf-8").split("\n")
        for place in range(len(lines)):
            text = "\n".join([*lines[:place], "QZ7 UNFORESEEN WORDS", *lines[place:]])
            facts = {key: value for key, value in sit.parse(text).facts.items() if key != "text"}
            if "UNFORESEEN" not in json.dumps(facts):
                lost.append(f"{path.name}: before line {place + 1}")
    assert not lost


EDIT = st.tuples(
    st.integers(0, 4000),
    st.integers(0, 60),
    st.one_of(
        st.binary(max_size=8),
        st.sampled_from(
            [
                b"\n",
                b"/",
                b"****",
                b"/ENDMSG\n",
                b"END OF MESSAGE\n",
                b"1. DISTRESS COSPAS-SARSAT ALERT\n",
                b" " * 99,
                b"9" * 40,
            ]
        ),
    ),
)


@settings(QUIET, max_examples=400)
@given(which=st.integers(0, 98), edits=st.lists(EDIT, min_size=1, max_size=5))
def test_damage_raises_only_the_documented_error(shared: Path, which: int, edits: list[tuple[int, int, bytes]]) -> None:
    data = corpus(shared)[which]
    for place, length, new in edits:
        data = data[:place] + new + data[place + length :]
    for first, text in sit.split(data):
        try:
            message = sit.parse(text, first)
        except sit.SitError:
            continue
        assert message.facts["text"] == text
        json.dumps(message.facts)
        try:
            written = sit.format_message(message.facts)
        except sit.SitError:
            continue
        again = sit.parse(written)
        for key in ("beacon_id", "solutions", "mcc_reference_position", "positions", "lat", "lon"):
            assert again.values.get(key) == message.values.get(key), key


@QUIET
@given(st.binary(max_size=400))
def test_any_bytes_raise_only_the_documented_error(data: bytes) -> None:
    for first, text in sit.split(data):
        try:
            sit.parse(text, first)
        except sit.SitError:
            continue


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(QUIET, max_examples=300)
@given(
    which=st.integers(0, 98),
    changes=st.dictionaries(st.integers(0, 60), st.one_of(JSON, st.just("drop")), min_size=1, max_size=4),
)
def test_any_values_raise_only_the_documented_error(shared: Path, which: int, changes: dict[int, Any]) -> None:
    facts = dict(sit.parse(corpus(shared)[which]).facts)
    names = sorted(facts)
    for index, value in changes.items():
        if value == "drop":
            facts.pop(names[index % len(names)], None)
        else:
            facts[names[index % len(names)]] = value
    try:
        written = sit.format_message(facts)
    except sit.SitError:
        return
    assert isinstance(written, str)

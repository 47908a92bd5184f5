import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie import instants
from vigie.errors import InputError


@given(st.integers(min_value=-(2**62), max_value=2**62))
def test_text_and_parse_are_inverse_to_the_nanosecond(nanoseconds: int) -> None:
    instant = np.datetime64(nanoseconds, "ns")
    assert instants.parse(instants.text(instant)) == instant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22", "2026-11-22T00:00:00Z"),
        ("2026-11-22T06:30Z", "2026-11-22T06:30:00Z"),
        ("2026-11-22 06:30:00.5", "2026-11-22T06:30:00.500Z"),
        ("2026-11-22T06:30:00,000000001+01:30", "2026-11-22T05:00:00.000000001Z"),
        ("2026-02-28T23:30:00-0100", "2026-03-01T00:30:00Z"),
    ],
)
def test_forms_of_iso_8601(text: str, expected: str) -> None:
    assert instants.text(instants.parse(text)) == expected


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "2026-02-30T00:00Z", "2026-11-22T25:00Z", "1645386152"]
)
def test_what_is_no_time_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError, match=r"no ISO 8601 time|no date"):
        instants.parse(text)


def test_seconds_past_an_epoch_keep_the_nanosecond() -> None:
    epoch = instants.parse("2026-11-22T00:00:00Z")
    later = instants.after(epoch, 86400.000000001)
    assert instants.text(later) == "2026-11-23T00:00:00.000000001Z"
    assert instants.seconds_past([epoch, later], epoch).tolist() == [0.0, 86400.000000001]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie.errors import HexError
from vigie.message import beacon, hexform

GOOD = "FFFED08E39048D158AC01E3AA482856824CE"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.lower(), []),
        (f"  {GOOD}\n", []),
        (" ".join(GOOD[i : i + 4] for i in range(0, 36, 4)), ["blanks"]),
        (f"0x{GOOD}", ["prefix 0x"]),
        (GOOD.replace("0", "O"), ["letter O"] * 3),
        (GOOD.replace("0", "o"), ["letter O"] * 3),
        (GOOD.replace("1", "l"), ["letter L"] * 2),
    ],
)
def test_what_people_type_is_read_and_every_change_is_said(text: str, said: list[str]) -> None:
    message = beacon.decode(text)
    assert message.received == GOOD
    changes = message.facts["changes"]
    assert len(changes) == len(said)
    assert all(part in change for part, change in zip(said, changes, strict=True))


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("", "empty", "nothing to decode"),
        ("   ", "empty", "nothing to decode"),
        (GOOD[:-1], "length", "35 hex digits"),
        ("F", "length", "1 hex digit:"),
        (GOOD + "0", "length", "37 hex digits"),
        ("G" + GOOD[1:], "character", "'G' at digit 1"),
        ("\u0660" * 15, "character", "at digit 1"),
        ("0" + GOOD[1:], "sync", "FFFE2F (normal) or FFFED0 (self-test)"),
        ("FFFFFF56E6804002202009655250", "sync", "not FFFFFF"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(text: str, kind: str, words: str) -> None:
    with pytest.raises(HexError) as caught:
        beacon.decode(text)
    assert caught.value.kind == kind
    assert words in str(caught.value)


def test_a_wrong_bit_or_two_in_the_sync_is_accepted_and_said() -> None:
    message = beacon.decode("7FFED0" + GOOD[6:])
    assert message.facts["frame_sync"] == "self_test"
    assert any("1 of the 24 sync bits" in text for text in message.facts["odd"])


@given(st.text(max_size=70))
def test_any_text_is_decoded_or_refused(text: str) -> None:
    try:
        facts = beacon.decode(text).facts
    except HexError as error:
        facts = {"description": str(error)}
    assert facts["description"]


@given(st.sampled_from([15, 22, 30]), st.data())
def test_any_digits_of_a_right_length_are_decoded(length: int, data: st.DataObject) -> None:
    digits = data.draw(st.text("0123456789ABCDEF", min_size=length, max_size=length))
    assert beacon.decode(digits).received == digits


def test_parse_alone() -> None:
    assert hexform.parse("adcd0 08004 40401") == hexform.HexForm(
        "ADCD00800440401", "hexid_15", ("blanks and separators left out",)
    )

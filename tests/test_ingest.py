"""Detections from outside: the bits are read, and nothing else that a sender made of them."""

from __future__ import annotations

from typing import Any

import pytest

from vigie import ingest
from vigie.errors import InputError
from vigie.message import beacon
from vigie.message.encode import encode

SENT = "FFFE2F8E371EC02D2BE026F527770441206D"


def turned(*bits: int) -> str:
    """The message with some bits turned over."""
    word = int(SENT, 16)
    for bit in bits:
        word ^= 1 << (144 - bit)
    return format(word, "036X")


def test_a_message_mended_beyond_the_algebraic_power_keeps_its_identity_and_says_what_came() -> None:
    wrong = (30, 41, 55, 68, 97)
    assert beacon.decode(turned(*wrong)).hex_id is None
    message = ingest.detection({"hex": SENT, "hex_received": turned(*wrong)}).message
    assert message.hex_id == beacon.decode(SENT).hex_id
    assert (message.verdict, message.received) == ("corrected", turned(*wrong))
    assert message.facts["corrected_bits"] == list(wrong)
    assert message.facts["bch1_errors"] == len(wrong)


@pytest.mark.parametrize("more", [{}, {"hex_received": SENT}, {"message": {"hex_id": "000000000000000"}}])
def test_a_message_as_it_came_is_what_its_hex_says(more: dict[str, Any]) -> None:
    assert ingest.detection({"hex": SENT, **more}).message == beacon.decode(SENT)


def test_a_sound_identity_with_an_unreadable_rest_is_read_from_what_came() -> None:
    cut = turned(110, 115, 120, 125, 130)
    message = ingest.detection({"hex": None, "hex_received": cut, "message": {"verdict": "ok"}}).message
    assert message == beacon.decode(cut)
    assert message.hex_id == beacon.decode(SENT).hex_id


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "hex is missing"),
        ({"hex": None, "hex_received": SENT}, "hex is missing"),
        ({"hex": "zz"}, "no beacon message"),
        ({"hex": SENT, "hex_received": SENT[:28]}, "not one message"),
        ({"hex": SENT, "time": "yesterday"}, "time:"),
        ({"hex": SENT, "sync": "loud"}, "no detection"),
    ],
)
def test_what_is_no_detection_is_refused_with_the_reason(body: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        ingest.detection(body)


def test_a_message_that_somebody_holds_is_not_decoded_again_however_many_came_since() -> None:
    digits = [encode({"protocol": "std_plb_serial", "country_code": 227, "tac": 1020, "serial_number": n})
              for n in range(1100)]  # fmt: skip
    held = ingest.detection({"hex": digits[0]}).message
    for other in digits[1:]:
        ingest.detection({"hex": other})
    assert ingest.detection({"hex": digits[0]}).message is held

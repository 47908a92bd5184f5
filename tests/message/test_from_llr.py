"""Messages from log-likelihood ratios: what the soft decoder chose, stated as any other message."""

from __future__ import annotations

import numpy as np
import pytest

from vigie.errors import InputError
from vigie.message import beacon

LONG = "FFFE2F8D68008A87051DD7FE98B783200907"
SHORT = "FFFE2F56E6804002202009655250"
SECOND = "0039823D32618658622811F0000000000003FFF004030680258492A4FC57A49"
SURE = 20.0


def ratios(digits: str, wrong: dict[int, float] | None = None) -> np.ndarray:
    """Ratios of the bits of a message, all sure; ``wrong``: bit number and the (weak) ratio for the wrong value."""
    bits = format(int(digits, 16), f"0{len(digits) * 4}b")[-250:]
    llr = np.array([SURE if bit == "0" else -SURE for bit in bits])
    for bit, strength in (wrong or {}).items():
        llr[bit - 1] = -np.sign(llr[bit - 1]) * strength
    return llr


@pytest.mark.parametrize("digits", [LONG, SHORT, SECOND])
def test_sure_bits_state_what_their_hex_states(digits: str) -> None:
    soft, plain = dict(beacon.decode(llr=ratios(digits)).facts), beacon.decode(digits).facts
    assert soft.pop("confidence") > 0.999999
    assert soft.pop("identity_confidence") > 0.999999
    assert soft == plain


@pytest.mark.parametrize(
    ("digits", "bits", "counts"),
    [
        (LONG, [30, 41, 55, 68, 97, 110, 121, 140], {"bch1_errors": 5, "bch2_errors": 3}),
        (SECOND, [3, 17, 44, 61, 90, 133, 180, 222, 249], {"bch_errors": 9}),
    ],
)
def test_weak_wrong_bits_beyond_the_algebraic_power_are_mended_and_stated(
    digits: str, bits: list[int], counts: dict[str, int]
) -> None:
    message = beacon.decode(llr=ratios(digits, dict.fromkeys(bits, 0.3)))
    facts, plain = message.facts, beacon.decode(digits).facts
    assert facts["corrected_bits"] == bits
    assert {name: facts[name] for name in counts} == counts
    assert (facts["verdict"], facts["hex_id"]) == ("corrected", plain["hex_id"])
    assert (facts["latitude"], facts["longitude"]) == (plain["latitude"], plain["longitude"])
    assert any("corrected" in sentence.lower() for sentence in facts["description"])
    assert message.received != digits


def test_noise_is_never_trusted() -> None:
    rng = np.random.default_rng(406)
    for _ in range(40):
        facts = beacon.from_llr(rng.normal(0, 1.0, 144)).facts
        assert facts["identity_confidence"] < beacon.TRUSTED
        assert (facts["verdict"], facts["hex_id"], facts["category"]) == ("unreliable", None, "unreliable")


def test_an_expected_beacon_is_found_deeper_in_the_noise() -> None:
    rng = np.random.default_rng(1)
    hex_id = beacon.decode(LONG).hex_id
    assert hex_id
    amplitude, sigma = 1.0, 1.05
    clean = np.sign(ratios(LONG))
    blind = known = 0
    for _ in range(30):
        llr = 2 * amplitude / sigma**2 * (amplitude * clean + rng.normal(0, sigma, 144))
        blind += beacon.from_llr(llr).hex_id == hex_id
        known += beacon.from_llr(llr, expected_ids=[hex_id]).hex_id == hex_id
    assert known > blind


def test_another_number_of_ratios_is_refused() -> None:
    with pytest.raises(InputError, match="113"):
        beacon.from_llr(np.zeros(113))

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie.message.bch import BCH1, BCH2, BCH_SGB, Code

CODES = [BCH1, BCH2, BCH_SGB]


def test_worked_examples_of_the_standards() -> None:
    """C/S T.001 B1 (hex ID ADCD0 08004 40401) and B2 (43 32 N, 1 28 E); C/S T.018 B.1."""
    word = int("56E6804002202009655250", 16) >> 6  # bits 25-106
    assert BCH1.encode(word >> 21) == word
    assert format(word & 0x1FFFFF, "021b") == "001011001010101001001"
    assert format(BCH2.parity(0b10010101110000000000010111), "012b") == "000101010001"
    sgb = int("0039823D32618658622811F0000000000003FFF004030680258492A4FC57A49", 16)
    assert BCH_SGB.encode(sgb >> 48) == sgb


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
@given(st.data())
def test_every_pattern_within_the_power_is_mended(code: Code, data: st.DataObject) -> None:
    word = code.encode(data.draw(st.integers(0, 2**code.k - 1)))
    places = data.draw(st.sets(st.integers(0, code.n - 1), max_size=code.t))
    received = word
    for place in places:
        received ^= 1 << place
    assert code.correct(received) == (word, len(places))


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
@given(st.data())
def test_beyond_the_power_a_word_is_refused_or_another_code_word_is_near(code: Code, data: st.DataObject) -> None:
    received = data.draw(st.integers(0, 2**code.n - 1))
    mended = code.correct(received)
    if mended is not None:
        word, count = mended
        assert code.remainder(word) == 0
        assert (word ^ received).bit_count() == count <= code.t


@pytest.mark.parametrize(("code", "share"), [(BCH1, 0.0438), (BCH2, 0.181)], ids=["BCH-1", "BCH-2"])
def test_share_of_random_words_that_pass_is_the_sphere_count(code: Code, share: float) -> None:
    """Words within t bits of a code word, counted: sum of C(n, i) for i <= t over 2^(n-k)."""
    rng, trials = random.Random(406), 6000
    passed = sum(code.correct(rng.getrandbits(code.n)) is not None for _ in range(trials))
    assert passed / trials == pytest.approx(share, abs=5 * (share / trials) ** 0.5)


def test_linear_codes_add() -> None:
    rng = random.Random(1)
    for code in CODES:
        one, two = rng.getrandbits(code.k), rng.getrandbits(code.k)
        assert code.encode(one) ^ code.encode(two) == code.encode(one ^ two)

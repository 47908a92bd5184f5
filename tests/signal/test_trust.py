"""What is believed of a burst whose first bit may lie elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie import stages
from vigie.records import Burst
from vigie.signal import fgb, trust

EARLY = """
-12.2 -2.2 -12.5 0.6 -6.3 -8.1 -16.4 -11.1 -6.2 -17.8 -10.4 -6.2 -1.9 -13.2 -10.9 -0.8 6.4 6.8 -1.9 -1.7 3.1 -15.9
-7.3 -1.0 -2.0 -14.4 11.4 15.2 -0.8 -5.0 -11.4 -7.4 11.9 -13.7 13.8 5.8 6.0 9.1 6.2 0.1 -10.9 -3.3 10.2 6.9 -10.4 8.0
-11.5 13.7 -6.9 -9.4 8.1 -8.7 -4.2 -2.3 7.8 2.9 12.0 -13.6 -6.5 12.3 13.5 11.8 -11.2 12.0 -8.7 -5.9 12.9 -6.2 12.6
11.2 5.8 -12.4 5.9 -3.0 0.3 -4.8 5.6 15.9 -12.7 -10.7 7.1 -4.9 -4.7 6.3 -16.2 -12.7 7.1 -9.0 -2.2 12.4 -14.1 -17.7
-14.9 -12.6 -5.7 -9.9 4.3 6.2 9.8 15.0 -8.3 -10.5 -9.9 3.0 -7.9 9.4 7.2 -5.4 -10.1 14.0 -12.0 6.9 3.3 15.0 9.3 8.9
-9.0 9.7 0.2 -5.9 1.9 -3.9 13.4 4.6 1.3 15.4 -3.7 17.0 -13.8 -2.6 16.2 -5.6 7.9 4.1 3.5 -8.1 -5.3 -6.4 -13.8 -6.6
16.3 3.3 9.9 7.1
"""
"""soft bits of a burst of 30 dB-Hz whose bit 1 the receiver had placed one bit too early"""
SOFT = np.array(EARLY.split(), np.float32)


def heard(soft: np.ndarray) -> Burst:
    return Burst("FGB", np.datetime64(0, "ns"), 0, "normal", soft, 406.05e6, 0.0, cn0_dbhz=30.1)


def test_a_shifted_code_word_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its 82 bits are one bit from a code word, and bits 1-24 agree with the pattern but for four."""
    reading = stages.read(heard(SOFT))
    assert reading is None or reading.identity < 0.01
    monkeypatch.setattr(trust, "displaced", lambda soft, sync: [])
    misled = stages.read(heard(SOFT))
    assert misled is not None
    assert misled.identity > stages.LEAST_IDENTITY  # by its own bits alone it cannot be told


def test_in_its_place_it_is_read() -> None:
    assert 1 in dict(trust.displaced(SOFT, "normal"))
    reading = stages.read(heard(trust.moved(SOFT, 1)))
    assert reading is not None
    assert reading.identity > 0.99
    assert reading.bits[:48] == "111111111111111000101111100011101000001110010101"


@given(st.integers(-12, 12).filter(bool), st.floats(6.0, 20.0))
def test_a_place_is_found_from_another(later: int, strength: float) -> None:
    soft = np.zeros(144, np.float32)
    soft[: fgb.SYNC_BITS] = strength * (1.0 - 2.0 * fgb.sync_pattern("normal"))
    soft[fgb.SYNC_BITS :] = strength * np.random.default_rng(1).choice([-1.0, 1.0], 120)
    assert not trust.displaced(soft, "normal")
    lost = trust.moved(soft, later)  # bit 1 seems that much later, so it lies that much earlier
    if later < 0:
        odds = dict(trust.displaced(lost, "normal"))
        assert odds[-later] == max(odds.values())
    assert np.array_equal(trust.moved(lost, -later)[12:-12], soft[12:-12])

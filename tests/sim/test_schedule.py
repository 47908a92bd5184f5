"""Transmission schedules against C/S T.001 2.2.1 and C/S T.018 2.2.1."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vigie.sim.schedule import bursts

SEEDS = st.integers(0, 2**32 - 1)


def gaps(name: str, seed: int, length_s: float = 8000.0) -> tuple[float, np.ndarray]:
    at_s, _ = bursts(name, length_s, np.random.default_rng(seed))  # type: ignore[arg-type]
    assert at_s[-1] < length_s
    return float(at_s[0]), np.diff(at_s)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_first_generation(seed: int) -> None:
    first, gap = gaps("fgb", seed)
    assert 47.5 <= first <= 52.5  # T.001 4.5.6: not before one period has passed
    assert gap.min() >= 47.5
    assert gap.max() <= 52.5
    assert abs(gap.mean() - 50) < 0.6


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_second_generation(seed: int) -> None:
    first, gap = gaps("sgb", seed)
    assert first <= 5
    assert np.all((gap[:5] >= 4.8) & (gap[:5] <= 5.0))
    assert np.all((gap[5:64] >= 25) & (gap[5:64] <= 35))
    assert np.all((gap[64:] >= 115) & (gap[64:] <= 125))


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_distress_tracking(seed: int) -> None:
    for name in ("elt_dt", "sgb_elt_dt"):
        first, gap = gaps(name, seed)
        assert first <= 5
        assert np.all((gap[:23] >= 4.8) & (gap[:23] <= 5.0))
        assert np.all((gap[23:41] >= 9.8) & (gap[23:41] <= 10.0))
        assert np.all((gap[41:] >= 27) & (gap[41:] <= 30))


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_distress_tracking_with_the_operator(seed: int) -> None:
    at_s, operator = bursts("elt_dt_operator", 3000.0, np.random.default_rng(seed))
    assert np.flatnonzero(operator[:24]).tolist() == [1, 5, 9, 13, 17, 21]  # every fourth from burst 2 on
    assert operator[24:45].sum() == 3  # three additional ones make 21 of the 18
    rest = at_s[~operator]
    assert rest.size > 40
    later = np.flatnonzero(operator[45:]) + 45
    assert np.all(np.abs(at_s[later] - at_s[later - 1] - 15.0) <= 0.5)


def test_two_way_return_link_keeps_the_shorter_interval_for_an_hour() -> None:
    _, gap = gaps("sgb_two_way", 3)
    assert np.all((gap[5:124] >= 25) & (gap[5:124] <= 35))
    assert np.all(gap[124:] >= 115)

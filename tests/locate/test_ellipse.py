"""Ellipse and 95 % radius against sampling and against the two limits that have closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigie.locate import ellipse


@settings(max_examples=50, deadline=None)
@given(major=st.floats(1, 1e6), share=st.floats(0.001, 1), angle=st.floats(0, 180))
def test_axes_come_back(major, share, angle):
    turn = np.radians(angle)
    along = np.array([np.sin(turn), np.cos(turn)])  # azimuth from north
    across = np.array([np.cos(turn), -np.sin(turn)])
    covariance = major**2 * np.outer(along, along) + (major * share) ** 2 * np.outer(across, across)
    a, b, azimuth = ellipse.axes(covariance)
    assert a == pytest.approx(2.4477468 * major, rel=1e-6)
    assert b == pytest.approx(2.4477468 * major * share, rel=1e-3)
    if share < 0.99:
        assert min(abs(azimuth - angle), 180 - abs(azimuth - angle)) < 0.01
    assert 1.9599 * major <= ellipse.radius_m(covariance) <= 2.4478 * major


@pytest.mark.parametrize(("share", "radius"), [(1.0, 2.447747), (1e-4, 1.959964)])
def test_circle_and_needle(share, radius):
    assert ellipse.radius_m(np.diag([1.0, share**2])) == pytest.approx(radius, abs=1e-5)


@pytest.mark.parametrize("probability", [0.5, 0.95])
def test_the_circle_holds_its_share(probability):
    rng = np.random.default_rng(0)
    sample = rng.normal(size=(200_000, 2)) * [1.0, 0.4]
    inside = np.mean(np.hypot(*sample.T) < ellipse.radius_m(np.diag([1.0, 0.16]), probability))
    assert inside == pytest.approx(probability, abs=0.004)


def test_batches_are_single_cases():
    rng = np.random.default_rng(1)
    half = rng.normal(size=(7, 2, 2))
    many = half @ np.swapaxes(half, -1, -2)
    assert np.allclose(ellipse.radius_m(many), [ellipse.radius_m(one) for one in many])

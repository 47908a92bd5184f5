"""The forward model: gradients against finite differences, light time against its definition, simulator against it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigie.constants import EARTH_ROTATION_RADPS, SPEED_OF_LIGHT_MPS
from vigie.geodesy import ecef_m, local_axes
from vigie.locate import media
from vigie.locate.observe import at_satellite, observe
from vigie.locate.uplink import path
from vigie.orbit.files import read_files

RADII_M = (7.2e6, 2.6e7, 4.2164e7)


def scene(radius_m, lat, lon, seed):
    """A place, a satellite above its horizon, and velocities of both."""
    rng = np.random.default_rng(seed)
    place = ecef_m(lat, lon, 100.0)
    aside = rng.normal(size=3)
    direction = place / np.linalg.norm(place) + 0.4 * aside / np.linalg.norm(aside)
    satellite = radius_m * direction / np.linalg.norm(direction)
    speed = rng.normal(size=3)
    return place, rng.normal(size=3) * 20, satellite, speed / np.linalg.norm(speed) * np.sqrt(3.986e14 / radius_m)


places = {
    "lat": st.floats(-89, 89),
    "lon": st.floats(-180, 180),
    "radius_m": st.sampled_from(RADII_M),
    "seed": st.integers(0, 10**6),
    "sense": st.sampled_from((-1, 1)),
}


@settings(max_examples=60, deadline=None)
@given(**places)
def test_gradients_are_those_of_finite_differences(lat, lon, radius_m, seed, sense):
    place, own, satellite, speed = scene(radius_m, lat, lon, seed)
    link = path(place, own, satellite, speed, sense)
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = 50.0
        more, less = (path(place + sign * step, own, satellite, speed, sense) for sign in (1, -1))
        assert (more.delay_s - less.delay_s) / 100 == pytest.approx(link.delay_by_place[axis], abs=1e-17)
        slope = (more.ratio_less_1 - less.ratio_less_1) / 100
        # left out of the gradient: how the light time turns the axes, 2e-18 a metre (1 nHz a metre at 406 MHz)
        assert slope == pytest.approx(link.ratio_by_place[axis], abs=1e-4 * np.abs(link.ratio_by_place).max() + 5e-18)
        fast, slow = (path(place, own + sign * step, satellite, speed, sense) for sign in (1, -1))
        slope = (fast.ratio_less_1 - slow.ratio_less_1) / 100
        assert slope == pytest.approx(link.ratio_by_velocity[axis], abs=1e-4 / SPEED_OF_LIGHT_MPS)


@settings(max_examples=40, deadline=None)
@given(**places)
def test_light_time_closes_to_a_millimetre(lat, lon, radius_m, seed, sense):
    place, own, satellite, speed = scene(radius_m, lat, lon, seed)
    delay = 0.0
    for _ in range(8):
        angle = sense * EARTH_ROTATION_RADPS * delay
        cos, sin = np.cos(angle), np.sin(angle)
        then = np.array([cos * place[0] - sin * place[1], sin * place[0] + cos * place[1], place[2]])
        delay = np.linalg.norm(satellite - then) / SPEED_OF_LIGHT_MPS
    found = path(place, own, satellite, speed, sense).delay_s
    assert abs(found - delay) * SPEED_OF_LIGHT_MPS < 1e-3


def test_frequency_is_the_rate_of_phase(shared):
    """Received over sent frequency is how fast emission time runs against arrival time, clocks aside."""
    orbits = read_files([shared / "orbits/leosar_2026-08-22.tle"])
    place, own = ecef_m(43.0, 5.0, 0.0), np.array([30.0, -20.0, 10.0])
    satellite = orbits.ephemerides[0]
    sent = np.datetime64("2026-08-22T20:10", "ns") + np.arange(-2, 3) * np.timedelta64(500_000_000, "ns")
    places = place + own * np.arange(-2, 3)[:, None] * 0.5
    arrival, received, _ = observe(satellite, places, sent, 406e6, np.broadcast_to(own, (5, 3)), relativity=False)
    rate = (sent[4] - sent[0]).astype(float) / (arrival[4] - arrival[0]).astype(float)
    assert received[2] / 406e6 - 1 == pytest.approx(rate - 1, abs=2e-9)  # 1 ns in 2 s of time stamps


def test_relativity_has_the_textbook_size():
    """A clock in a circular orbit of 26 560 km gains 4.46e-10 on one at the equator (Ashby, Living Rev. 6, 2003)."""
    place, satellite = ecef_m(0.0, 0.0, 0.0), np.array([26.56e6, 0, 0])
    speed = np.array([0, np.sqrt(3.986004418e14 / 26.56e6) - EARTH_ROTATION_RADPS * 26.56e6, 0])
    with_it, without = (path(place, np.zeros(3), satellite, speed, relativity=on).ratio_less_1 for on in (True, False))
    assert with_it - without == pytest.approx(-4.46e-10, abs=0.04e-10)


def test_a_repeater_brings_the_uplink_down_and_back(shared):
    orbits = read_files([shared / "orbits/meosar_2026-08-22.tle"])
    satellite = orbits.find("GSAT0210") or orbits.ephemerides[30]
    station = ecef_m(28.0, -15.6, 50.0)
    up = np.datetime64("2026-08-22T12:00", "ns") + np.arange(3) * np.timedelta64(60_000_000_000, "ns")
    position, speed = satellite.state(up)
    link = path(station, np.zeros(3), position, speed, sense=1)
    received = up + np.rint(link.delay_s * 1e9).astype("int64").astype("timedelta64[ns]")
    high = (406.05e6 + 1138.05e6) * (1 + link.ratio_less_1)
    arrival, frequency = at_satellite(satellite, station, received, high, 1138.05e6, troposphere=False)
    assert np.abs((arrival - up).astype(int)).max() <= 1
    assert np.abs(frequency - 406.05e6).max() < 1e-4


def test_the_downlinks_ionosphere_is_taken_off(shared):
    """Twenty TECU at 1544 MHz: 3.4 to 10 m of delay, a fourteenth of what they do at 406 MHz."""
    orbits = read_files([shared / "orbits/meosar_2026-08-22.tle"])
    station = ecef_m(28.0, -15.6, 50.0)
    received = np.datetime64("2026-08-22T12:00", "ns")
    satellite = next(
        item
        for item in orbits.ephemerides
        if np.dot(item.state(np.array(received))[0] - station, station) > 0.5 * 2e7 * 6.4e6
    )
    plain, thick = (at_satellite(satellite, station, received, 1544.1e6, 1138.05e6, tec=tec)[0] for tec in (0.0, 20.0))
    metres = float((plain - thick).astype("int64")) * 1e-9 * SPEED_OF_LIGHT_MPS
    assert 3.0 < metres < 11.0


@settings(max_examples=30, deadline=None)
@given(lat=st.floats(-80, 80), lon=st.floats(-180, 180), seed=st.integers(0, 10**6))
def test_the_air_delays_more_near_the_horizon(lat, lon, seed):
    place, _, satellite, speed = scene(2.6e7, lat, lon, seed)
    up = local_axes(lat, lon)[2]
    delay, _ = media.per_tecu(place, up, satellite, speed, 406e6)
    longer, elevation = media.slant(place, up, satellite)
    assert delay / longer == pytest.approx(40.3e16 / (SPEED_OF_LIGHT_MPS * 406e6**2))
    assert 1.0 <= longer < 3.6
    wet, _ = media.troposphere(place, up, np.array(0.0), satellite, speed)
    if elevation > np.radians(5):
        assert 2.3 < wet * SPEED_OF_LIGHT_MPS < 2.45 / np.sin(elevation)


def test_the_frequency_shift_of_the_air_is_the_change_of_its_delay():
    place, _, satellite, speed = scene(7.2e6, 45.0, 10.0, 3)
    up = local_axes(45.0, 10.0)[2]
    one, ratio = media.per_tecu(place, up, satellite, speed, 406e6)
    later, _ = media.per_tecu(place, up, satellite + speed, speed, 406e6)
    assert ratio == pytest.approx(later - one)
    wet, down = media.troposphere(place, up, np.array(0.0), satellite, speed)
    after, _ = media.troposphere(place, up, np.array(0.0), satellite + speed, speed)
    assert down == pytest.approx(wet - after)


def test_klobuchar_peaks_in_the_afternoon():
    model = media.Klobuchar((4.6566e-9, 1.4901e-8, -5.9605e-8, -1.1921e-7), (8.192e4, 9.8304e4, -6.5536e4, -5.2429e5))
    hours = np.arange(24) * 3600.0
    tec = model(np.zeros(24), np.zeros(24), hours, np.full(24, np.pi / 2))
    assert np.argmax(tec) == 14
    assert 8 < tec.min() < 10  # the model's constant night: 5 ns at 1575 MHz
    assert tec.max() > 12

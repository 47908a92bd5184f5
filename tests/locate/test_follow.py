"""A beacon followed burst by burst: the batch's place and honesty, motion seen when it begins, faults named."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.locate.scene import SECOND, bursts
from tests.locate.test_estimate import MEDIUM, PLACE, START, error_m, in_view_from, low_pass, nees

from vigie.geodesy import ecef_m, geodetic, local_axes
from vigie.locate.estimate import locate_one
from vigie.locate.follow import follow
from vigie.locate.measurement import Measurement, Settings
from vigie.locate.terrain import Grid, Terrain

EXACT = Settings(orbit_errors=False, cells="never")
COUNT = 10


@pytest.fixture(scope="module")
def still(fleet_orbits):
    """Ten bursts of a beacon at rest, in the order of arrival."""
    times = START + np.arange(COUNT) * 50 * SECOND
    heard = bursts(fleet_orbits, in_view_from(fleet_orbits, MEDIUM)[:6], PLACE, times, np.random.default_rng(3))
    return sorted(heard, key=lambda item: item.time)


@pytest.mark.parametrize("motion", ["static", "auto"])
def test_every_burst_makes_the_place_better_and_the_end_is_the_batch(fleet_orbits, still, motion):
    settings = dataclasses.replace(EXACT, motion=motion)
    told = [fixes[0] for fixes in follow(still, fleet_orbits, settings)]
    assert [fix.bursts for fix in told] == list(range(1, COUNT + 1))
    assert all(nees(fix) < 14 for fix in told)
    assert told[-1].ehe_m < 0.5 * told[0].ehe_m
    assert not told[-1].moving
    whole = locate_one(still, fleet_orbits, settings)[0]
    apart = np.linalg.norm(ecef_m(whole.lat_deg, whole.lon_deg, 0.0) - ecef_m(told[-1].lat_deg, told[-1].lon_deg, 0.0))
    assert apart < 0.3 * whole.ehe_m
    assert told[-1].ehe_m == pytest.approx(whole.ehe_m, rel=0.3)


def test_elements_do_not_average_away(fleet_orbits, still):
    """With two-line elements the filter stays as wide as the batch, which knows that their errors last."""
    settings = dataclasses.replace(EXACT, orbit_errors=True, motion="static")
    told = list(follow(still, fleet_orbits, settings))[-1][0]
    whole = locate_one(still, fleet_orbits, settings)[0]
    exact = locate_one(still, fleet_orbits, dataclasses.replace(EXACT, motion="static"))[0]
    assert whole.ehe_m > 1.3 * exact.ehe_m
    assert told.ehe_m == pytest.approx(whole.ehe_m, rel=0.3)


@pytest.mark.parametrize("speed", [3.0, 30.0])
def test_a_beacon_that_starts_to_move(fleet_orbits, still, speed):
    own = np.array([0.8, -0.6]) * speed
    ecef = own @ local_axes(*PLACE[:2])[:2]
    count = 12
    times = START + (COUNT + np.arange(count)) * 50 * SECOND
    end = tuple(float(value) for value in geodetic(ecef_m(*PLACE) + ecef * count * 50))
    names = in_view_from(fleet_orbits, MEDIUM)[:6]
    later = bursts(fleet_orbits, names, (*end[:2], 0.0), times, np.random.default_rng(5), velocity_mps=tuple(own))
    told = [fixes[0] for fixes in follow([*still, *sorted(later, key=lambda item: item.time)], fleet_orbits, EXACT)]
    assert not told[COUNT - 1].moving
    assert told[-1].moving
    assert np.hypot(*(np.array(told[-1].velocity_mps) - own)) < max(1.0, 0.1 * speed)
    assert error_m(told[-1], end) < 1.5 * told[-1].ehe_m


def test_one_wrong_satellite_is_left_out_and_named(fleet_orbits, still):
    wrong = still[-1]
    bent = [*still[:-1], dataclasses.replace(wrong, foa_hz=wrong.foa_hz + 60.0)]
    last = list(follow(bent, fleet_orbits, EXACT))[-1][0]
    assert [item.measurement.satellite for item in last.rejected] == [wrong.satellite]
    assert nees(last) < 14


def test_both_sides_are_carried_until_something_tells_them_apart(fleet_orbits):
    name, times = low_pass(fleet_orbits)
    rng = np.random.default_rng(7)
    heard = bursts(fleet_orbits, [name], PLACE, times, rng, None, 0.35, 300.0)
    medium = in_view_from(fleet_orbits, MEDIUM, times[-1])[:3]
    heard += bursts(fleet_orbits, medium, PLACE, times[-1:] + 50 * SECOND, rng, 13e-6, 0.2, 300.0)
    told = list(follow(sorted(heard, key=lambda item: item.time), fleet_orbits, EXACT))
    assert not told[0][0].solved
    assert len(told[3]) == 2
    assert told[-1][0].probability > 0.99
    assert nees(told[-1][0]) < 14


def test_time_is_that_of_the_measurements(fleet_orbits, still):
    """An instant closes a burst; bursts named or not, late ones too, end in the same place."""
    told = follow([*still[:6], START + 30 * SECOND, *still[6:]], fleet_orbits, EXACT)
    assert next(told)[0].used == 6
    plain = list(follow(still, fleet_orbits, EXACT))[-1][0]
    unnamed = list(follow([dataclasses.replace(item, burst=None) for item in still], fleet_orbits, EXACT))[-1][0]
    assert (unnamed.lat_deg, unnamed.lon_deg) == pytest.approx((plain.lat_deg, plain.lon_deg), abs=1e-6)
    late = [*still[:12], *still[18:], *still[12:18]]
    assert nees(list(follow(late, fleet_orbits, EXACT))[-1][0]) < 14


def test_a_sent_place_and_what_cannot_be_used(fleet_orbits, still):
    sent = Measurement("TEST", still[-1].time + 20 * SECOND, position_deg=PLACE[:2], sigma_position_m=50.0)
    nothing = Measurement("TEST", still[-1].time + 40 * SECOND, "99999", foa_hz=406.04e6)
    told = list(follow([*still, sent, nothing], fleet_orbits, EXACT))
    assert told[-2][0].method == "fused"
    assert error_m(told[-2][0]) < 200
    assert "no orbit of satellite 99999" in told[-1][0].rejected[0].reason
    assert told[-1][0].solved
    assert list(follow([], fleet_orbits)) == []


@pytest.mark.parametrize("told", ["measured", "ground"])
def test_a_known_height_stays_known(fleet_orbits, told):
    """A beacon at 2500 m whose height is stated, or known by a grid: the filter is as wide as the batch."""
    high = (*PLACE[:2], 2500.0)
    times = START + np.arange(6) * 50 * SECOND
    heard = bursts(fleet_orbits, in_view_from(fleet_orbits, MEDIUM)[:4], high, times, np.random.default_rng(4))
    settings = dataclasses.replace(EXACT, motion="static")
    if told == "measured":
        heard = [dataclasses.replace(item, altitude_m=2500.0) for item in heard]
    else:
        grid = Grid(41.0, 3.0, 0.1, np.full((41, 41), 2500.0))
        settings = dataclasses.replace(settings, ground=Terrain((grid,), geoid_m=0.0))
    last = list(follow(sorted(heard, key=lambda item: item.time), fleet_orbits, settings))[-1][0]
    whole = locate_one(heard, fleet_orbits, settings)[0]
    assert last.alt_m == pytest.approx(2500.0, abs=60.0)
    assert last.ehe_m == pytest.approx(whole.ehe_m, rel=0.03)
    assert error_m(last, high) < 2 * last.ehe_m


def test_a_pass_of_a_low_satellite_stays_doppler(fleet_orbits):
    name, times = low_pass(fleet_orbits)
    heard = bursts(fleet_orbits, [name], PLACE, times, np.random.default_rng(7), None, 0.35, 300.0)
    told = [fixes for fixes in follow(heard, fleet_orbits, EXACT) if fixes and fixes[0].solved]
    assert max(len(fixes) for fixes in told) == 2
    assert {fix.method for fixes in told for fix in fixes} == {"doppler"}


def test_filters_of_a_low_pass_weigh_no_speed_of_which_it_tells_nothing(fleet_orbits):
    """The fourth burst of a strong pass once made 4 km into 80 km, and the other side the likelier one."""
    name, times = low_pass(fleet_orbits)
    heard = bursts(fleet_orbits, [name], PLACE, times[:7], np.random.default_rng(7), None, 0.05, 300.0)
    told = list(follow(heard, fleet_orbits, EXACT))
    for count in range(3, 8):
        whole = locate_one(heard[:count], fleet_orbits, EXACT)
        assert [fix.ehe_m for fix in told[count - 1]] == pytest.approx([fix.ehe_m for fix in whole], rel=0.05)
        assert told[count - 1][0].probability == pytest.approx(whole[0].probability, abs=0.02)


@pytest.mark.parametrize("climb_mps", [0.0, -25.0])
def test_one_in_an_aircraft_may_be_high_and_fast(fleet_orbits, climb_mps):
    """At 11 km and 240 m/s: one satellite alone would put its speed down to another place; a descent shifts tones."""
    own, high = np.array([200.0, -130.0, climb_mps]), (*PLACE[:2], 11_000.0)
    ecef = own @ local_axes(*PLACE[:2])
    times = START + np.arange(8) * 5 * SECOND
    rng = np.random.default_rng(5)
    names = in_view_from(fleet_orbits, MEDIUM)[:6]
    heard = []
    for number, time in enumerate(times):
        place = tuple(float(value) for value in geodetic(ecef_m(*high) + ecef * 5 * number))
        heard += bursts(fleet_orbits, names, place, np.array([time]), rng, velocity_mps=tuple(own))
    heard = sorted(heard, key=lambda item: item.time)
    heard = [dataclasses.replace(item, flies=True, burst=None) for item in heard]
    assert not any(follow([item for item in heard if item.satellite == names[0]], fleet_orbits, EXACT))
    told = [fixes[0] for fixes in follow(heard, fleet_orbits, EXACT)]
    for number, fix in enumerate(told):
        where = geodetic(ecef_m(*high) + ecef * 5 * number)
        assert error_m(fix, tuple(float(value) for value in where)) < 2 * fix.ehe_m
    assert told[-1].ehe_m < 2_500
    assert not any(fix.rejected for fix in told)
    assert np.hypot(*(np.array(told[-1].velocity_mps) - own[:2])) < 5.0

"""The filter over time and bad input: the fault is named, the place stays honest, the track goes on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.locate.scene import SECOND, bursts, in_sight
from tests.locate.test_bad_input import START, honest

from vigie.locate.follow import follow
from vigie.locate.measurement import Settings
from vigie.locate.track import Track

SETTINGS = Settings(orbit_errors=False, cells="never")
COUNT = 6
WRONG = 4
"""number of the burst that the fault is in"""


def scene(orbits, seed):
    """Six bursts of a beacon at rest through six medium satellites, in order of time."""
    rng = np.random.default_rng(seed)
    place = (float(np.degrees(np.arcsin(rng.uniform(-0.9, 0.9)))), float(rng.uniform(-180, 180)), 0.0)
    medium = [name for name in in_sight(orbits, place, START) if 0.006 < orbits.find(name).satrecs[0].no_kozai < 0.02]
    names = rng.choice(medium, 6, replace=False)
    heard = bursts(orbits, names, place, START + np.arange(COUNT) * 50 * SECOND, rng)
    return place, sorted(heard, key=lambda item: item.time), rng


def changed(item, orbits, place, kind, rng):
    """One reception spoilt."""
    if kind == "nan":
        return dataclasses.replace(item, foa_hz=float("nan"))
    if kind == "another beacon":
        return dataclasses.replace(item, foa_hz=item.foa_hz + rng.choice([-1, 1]) * rng.uniform(200, 5000))
    if kind == "clock jump":
        jump = np.timedelta64(int(rng.uniform(2, 50) * 1e6), "ns")
        return dataclasses.replace(item, time=item.time + jump, toa=item.toa + jump)
    if kind == "no orbit":
        return dataclasses.replace(item, satellite="99999")
    visible = set(in_sight(orbits, place, item.time, -45.0))
    kinds = {one.names[1]: one.satrecs[0].no_kozai for one in orbits.ephemerides}
    return dataclasses.replace(
        item, satellite=next(name for name in kinds if name not in visible and 0.006 < kinds[name] < 0.02)
    )


@pytest.mark.parametrize("kind", ["nan", "another beacon", "clock jump", "no orbit", "below the horizon"])
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_one_bad_reception_is_named_and_the_rest_goes_on(fleet_orbits, kind, seed):
    place, heard, rng = scene(fleet_orbits, seed)
    at = next(index for index, item in enumerate(heard) if item.burst == str(WRONG))
    spoilt = changed(heard[at], fleet_orbits, place, kind, rng)
    told = [fixes[0] for fixes in follow([*heard[:at], spoilt, *heard[at + 1 :]], fleet_orbits, SETTINGS)]
    assert [item.measurement.satellite for fix in told for item in fix.rejected] == [spoilt.satellite]
    assert all(honest(fix, place) for fix in told)
    assert told[-1].used == len(heard) - 1


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_order_and_repetition_within_a_burst_do_not_matter(fleet_orbits, seed):
    place, heard, rng = scene(fleet_orbits, seed)
    mixed = []
    for burst in range(COUNT):
        mine = [item for item in heard if item.burst == str(burst)]
        mixed += [mine[index] for index in rng.permutation(len(mine))] + mine[:1]
    plain = [fixes[0] for fixes in follow(heard, fleet_orbits, SETTINGS)][-1]
    told = [fixes[0] for fixes in follow(mixed, fleet_orbits, SETTINGS)]
    fix = told[-1]
    assert all("given before" in one.rejected[0].reason for one in told)
    assert honest(fix, place)
    assert fix.ehe_m == pytest.approx(plain.ehe_m, rel=0.05)
    assert (fix.lat_deg, fix.lon_deg) == pytest.approx((plain.lat_deg, plain.lon_deg), abs=1e-3)


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_a_burst_of_another_beacon_does_not_carry_the_place_away(fleet_orbits, seed):
    """Every reception of one burst belongs to a beacon ten degrees away: told, not believed, the next burst is good."""
    place, heard, rng = scene(fleet_orbits, seed)
    far = (float(np.clip(place[0] + 10 * rng.choice([-1, 1]), -75, 75)), place[1], 0.0)
    names = sorted({item.satellite for item in heard})
    other = bursts(
        fleet_orbits, names, far, np.array([START + WRONG * 50 * SECOND]), rng, offset_hz=3030.0, least_deg=2
    )
    other = [dataclasses.replace(item, burst=str(WRONG)) for item in other]
    mixed = [item for item in heard if item.burst != str(WRONG)] + other
    told = [fixes[0] for fixes in follow(sorted(mixed, key=lambda item: item.time), fleet_orbits, SETTINGS)]
    assert all("contradicts all that was heard before" in item.reason for item in told[WRONG].rejected)
    assert len(told[WRONG].rejected) == len(other)
    assert all(honest(fix, place) for fix in told)


def test_numbers_that_fail_end_one_track_are_said_and_hold_up_no_other_beacon(fleet_orbits, monkeypatch):
    _, heard, _ = scene(fleet_orbits, 3)
    others = [dataclasses.replace(item, beacon="other") for item in heard]
    step = Track._step

    def failing(self, group, rejected):
        if group[0].beacon != "other" and group[0].burst == str(WRONG):
            raise ValueError("array must not contain infs or NaNs")
        return step(self, group, rejected)

    monkeypatch.setattr(Track, "_step", failing)
    both = sorted([*heard, *others], key=lambda item: item.time)
    told = [fixes[0] for fixes in follow(both, fleet_orbits, SETTINGS)]
    mine, theirs = ([fix for fix in told if (fix.beacon == "other") is other] for other in (False, True))
    assert mine[WRONG].verdict.startswith("not solvable: the calculation failed: array")
    assert all(fix.solved for fix in (*mine[:WRONG], *mine[WRONG + 1 :], *theirs))
    assert len(mine) == len(theirs) == COUNT

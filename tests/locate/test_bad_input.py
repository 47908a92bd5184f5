"""Whatever is wrong with measurements, the answer is a verdict, a named rejection or a wide ellipse; never a confident
wrong place. Laws over random scenes: an accepted solution holds the truth within what it says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.locate.scene import CARRIER_HZ, SECOND, bursts, in_sight

from vigie.geodesy import distance_m
from vigie.locate.estimate import locate, locate_one
from vigie.locate.measurement import Measurement, Settings
from vigie.orbit.ephemeris import Orbits

START = np.datetime64("2026-08-23T09:00:00", "ns")
EXACT = Settings(orbit_errors=False, cells="never")
STILL = Settings(orbit_errors=False, motion="static")
STALE = Settings(motion="static", cells="never")
QUIET = {"max_examples": 3, "deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
seeds = st.integers(0, 10**6)


def scene(orbits, seed, count=6, times=1, **more):
    """A random place on Earth, and what ``count`` medium-orbit satellites hear of it."""
    rng = np.random.default_rng(seed)
    place = (float(np.degrees(np.arcsin(rng.uniform(-0.95, 0.95)))), float(rng.uniform(-180, 180)), 0.0)
    medium = {item.names[1] for item in orbits.ephemerides if item.satrecs[0].no_kozai < 0.02}
    medium -= {item.names[1] for item in orbits.ephemerides if item.satrecs[0].no_kozai < 0.006}
    names = [name for name in in_sight(orbits, place, START) if name in medium]
    when = START + np.arange(times) * 50 * SECOND
    return place, bursts(orbits, rng.choice(names, count, replace=False), place, when, rng, **more), rng


def honest(fix, place, factor=2.5):
    """No place, or the truth within a few times the 95 % radius (2.5 of them is 6 sigmas)."""
    return not fix.solved or distance_m(place[0], place[1], fix.lat_deg, fix.lon_deg) < factor * fix.ehe_m


@settings(**QUIET)
@given(seed=seeds)
def test_one_frequency_wrong_is_named(fleet_orbits, seed):
    place, heard, rng = scene(fleet_orbits, seed)
    heard[2] = dataclasses.replace(heard[2], foa_hz=heard[2].foa_hz + rng.choice([-1, 1]) * rng.uniform(100, 3000))
    fix = locate_one(heard, fleet_orbits, EXACT)[0]
    assert honest(fix, place)
    assert [item.measurement.satellite for item in fix.rejected][:1] == [heard[2].satellite]


@settings(**QUIET)
@given(seed=seeds)
def test_a_clock_jump_of_one_satellite_is_named(fleet_orbits, seed):
    place, heard, rng = scene(fleet_orbits, seed, times=2)
    jump = np.timedelta64(int(rng.uniform(2, 50) * 1e6), "ns")
    wrong = heard[0].satellite
    heard = [
        dataclasses.replace(item, time=item.time + jump, toa=item.toa + jump) if item.satellite == wrong else item
        for item in heard
    ]
    fix = locate_one(heard, fleet_orbits, EXACT)[0]
    assert honest(fix, place)
    assert {item.measurement.satellite for item in fix.rejected} == {wrong}


@settings(**QUIET)
@given(seed=seeds)
def test_a_wrong_association_is_named(fleet_orbits, seed):
    """One reception of another beacon, a thousand kilometres and a channel away."""
    place, heard, rng = scene(fleet_orbits, seed)
    far = (float(np.clip(place[0] + 12 * rng.choice([-1, 1]), -75, 75)), place[1], 0.0)
    other = bursts(fleet_orbits, [heard[1].satellite], far, np.array([START]), rng, offset_hz=3030.0, least_deg=0.0)
    if not other:
        return
    heard[1] = dataclasses.replace(other[0], burst=heard[0].burst)
    fix = locate_one(heard, fleet_orbits, EXACT)[0]
    assert honest(fix, place)
    assert heard[1].satellite in {item.measurement.satellite for item in fix.rejected}


@settings(**QUIET)
@given(seed=seeds, sign=st.sampled_from([-1, 1]))
def test_a_burst_named_twice_at_different_times(fleet_orbits, seed, sign):
    """The moment with most receptions is the burst, whether the odd one came before or after it."""
    place, heard, _ = scene(fleet_orbits, seed)
    off = sign * 50 * SECOND
    odd = dataclasses.replace(heard[0], time=heard[0].time + off, toa=heard[0].toa + off)
    fix = locate_one([*heard, odd], fleet_orbits, EXACT)[0]
    assert honest(fix, place)
    assert [item.measurement for item in fix.rejected] == [odd]
    assert "wrong association" in fix.rejected[0].reason
    assert fix.used == len(heard)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_clock_wrong_for_all_is_no_place(fleet_orbits, seed):
    """A station whose clock is an hour off: everything contradicts everything, and nothing is left out to hide it."""
    _, heard, rng = scene(fleet_orbits, seed, count=5, times=2)
    off = int(rng.choice([-1, 1]) * rng.uniform(1800, 7200)) * SECOND
    wrong = [dataclasses.replace(item, time=item.time + off, toa=item.toa + off) for item in heard]
    fix = locate_one(wrong, fleet_orbits, EXACT)[0]
    assert not fix.solved
    assert "contradict" in fix.verdict or "below the horizon" in fix.rejected[0].reason


@settings(**QUIET)
@given(seed=seeds)
def test_repeated_measurements_count_once(fleet_orbits, seed):
    _, heard, _ = scene(fleet_orbits, seed)
    once = locate_one(heard, fleet_orbits, EXACT)[0]
    thrice = locate_one(heard * 3, fleet_orbits, EXACT)[0]
    assert thrice.ehe_m == pytest.approx(once.ehe_m, rel=1e-3)
    assert len(thrice.rejected) == 2 * len(heard)
    assert "given before" in thrice.rejected[0].reason


def test_several_antennas_on_one_satellite_are_not_several_satellites(fleet_orbits):
    _, heard, _ = scene(fleet_orbits, 5, count=4)
    micro = np.timedelta64(1_000, "ns")
    again = [
        dataclasses.replace(heard[0], time=heard[0].time + k * micro, toa=heard[0].toa + k * micro) for k in (1, 2, 3)
    ]
    once, often = (locate_one(some, fleet_orbits, STILL)[0] for some in (heard, [*heard, *again]))
    assert often.used == 7
    assert often.rejected == ()
    assert often.ehe_m > 0.97 * once.ehe_m
    assert distance_m(once.lat_deg, once.lon_deg, often.lat_deg, often.lon_deg) < 0.3 * once.ehe_m


@settings(**QUIET)
@given(seed=seeds)
def test_the_order_of_measurements_does_not_matter(fleet_orbits, seed):
    _, heard, rng = scene(fleet_orbits, seed, count=4, times=3)
    there = locate_one(heard, fleet_orbits, EXACT)[0]
    back = locate_one([heard[index] for index in rng.permutation(len(heard))], fleet_orbits, EXACT)[0]
    assert distance_m(there.lat_deg, there.lon_deg, back.lat_deg, back.lon_deg) < 0.02 * there.ehe_m


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("foa_hz", float("nan"), "foa_hz is not a number"),
        ("sigma_foa_hz", float("inf"), "sigma_foa_hz is not a number"),
        ("sigma_toa_s", -1.0, "sigma_toa_s is -1, outside"),
        ("sigma_foa_hz", 1e-200, "sigma_foa_hz is 1e-200, outside"),
        ("altitude_m", 1e30, "altitude_m is 1e+30, outside"),
        ("time", np.datetime64("NaT", "ns"), "time is not known"),
        ("satellite", "12345", "no orbit of satellite 12345"),
        ("satellite", None, "neither a satellite nor its state"),
        ("time", START + 5 * SECOND, "not the instant that its time says"),
    ],
)
def test_numbers_that_are_none_are_rejected_and_the_rest_used(fleet_orbits, field, value, reason):
    place, heard, _ = scene(fleet_orbits, 6)
    heard[3] = dataclasses.replace(heard[3], **{field: value})
    fix = locate_one(heard, fleet_orbits, EXACT)[0]
    assert fix.solved
    assert honest(fix, place)
    assert reason in fix.rejected[0].reason


@settings(**QUIET)
@given(seed=seeds)
def test_a_frequency_of_another_band_is_left_out(fleet_orbits, seed):
    place, heard, _ = scene(fleet_orbits, seed)
    heard[3] = dataclasses.replace(heard[3], foa_hz=121.5e6)
    fix = locate_one(heard, fleet_orbits, EXACT)[0]
    assert honest(fix, place)
    assert fix.rejected[0].part == "foa"


@settings(**QUIET)
@given(seed=seeds)
def test_a_satellite_below_the_horizon_is_named(fleet_orbits, seed):
    place, heard, _ = scene(fleet_orbits, seed)
    visible = in_sight(fleet_orbits, place, START, -45.0)
    below = next(
        item.names[1]
        for item in fleet_orbits.ephemerides
        if item.names[1] not in visible and 0.006 < item.satrecs[0].no_kozai < 0.02
    )
    heard[0] = dataclasses.replace(heard[0], satellite=below)
    fix = locate_one(heard, fleet_orbits, EXACT)[0]
    assert honest(fix, place)
    assert below in {item.measurement.satellite for item in fix.rejected}


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_measurements(fleet_orbits, count):
    _, heard, _ = scene(fleet_orbits, 8, count=count, sigma_foa_hz=None)
    fix = locate_one(heard, fleet_orbits, EXACT)[0]
    assert fix.verdict.startswith("not solvable: ")
    assert f"{count} usable measurement" in fix.verdict


@settings(**QUIET)
@given(seed=seeds)
def test_one_medium_satellite_is_no_location(fleet_orbits, seed):
    place, heard, _ = scene(fleet_orbits, seed, count=1, times=4)
    fix = locate_one(heard, fleet_orbits, EXACT)[0]
    assert not fix.solved or (fix.ehe_m > 20_000 and honest(fix, place))


@settings(**(QUIET | {"max_examples": 2}))
@given(seed=seeds)
def test_all_measurements_equal(fleet_orbits, seed):
    place, heard, _ = scene(fleet_orbits, seed)
    same = [dataclasses.replace(item, foa_hz=heard[0].foa_hz, time=heard[0].time, toa=heard[0].toa) for item in heard]
    fix = locate_one(same, fleet_orbits, EXACT)[0]
    assert honest(fix, place)


@settings(**QUIET)
@given(seed=seeds)
def test_no_orbits_at_all(fleet_orbits, seed):
    _, heard, _ = scene(fleet_orbits, seed)
    fix = locate_one(heard, Orbits(()), EXACT)[0]
    assert fix.verdict.startswith("not solvable: not one usable measurement: no orbit of satellite")
    assert len(fix.rejected) == len(heard)


@settings(**QUIET)
@given(seed=seeds, days=st.integers(8, 200))
def test_stale_orbits_are_told_and_paid_for(fleet_orbits, seed, days):
    """Elements used long after their epoch by one who does not know how wrong they are: told, and a wider ellipse."""
    rng = np.random.default_rng(seed)
    later = START + days * 86_400 * SECOND
    place = (float(rng.uniform(-60, 60)), float(rng.uniform(-180, 180)), 0.0)

    def medium(time):
        names = in_sight(fleet_orbits, place, time)
        return [name for name in names if 0.006 < fleet_orbits.find(name).satrecs[0].no_kozai < 0.02][:6]

    heard = bursts(fleet_orbits, medium(later), place, np.array([later]), rng)
    aged = locate_one(heard, fleet_orbits, STALE)[0]
    assert any("days from its elements" in note for note in aged.notes)
    assert not aged.solved or honest(aged, place)
    trusting = locate_one(heard, fleet_orbits, dataclasses.replace(STALE, orbit_errors=False))[0]
    if aged.solved and trusting.solved:
        assert aged.ehe_m > trusting.ehe_m


@settings(**QUIET)
@given(seed=seeds, factor=st.floats(20, 300), count=st.integers(6, 9))
def test_sigmas_stated_far_too_small_widen_the_ellipse(fleet_orbits, seed, factor, count):
    place, heard, _ = scene(fleet_orbits, seed, count=count)
    bold = [dataclasses.replace(item, sigma_foa_hz=0.2 / factor, sigma_toa_s=13e-6 / factor) for item in heard]
    fix = locate_one(bold, fleet_orbits, dataclasses.replace(STILL, cells="never"))[0]
    assert honest(fix, place)
    assert any("times what was stated" in note or "contradict" in fix.verdict for note in (*fix.notes, ""))


def crowd(orbits, seed, share):
    """Eighty frequencies, a share of them wrong."""
    place, heard, rng = scene(orbits, seed, count=8, times=10, sigma_toa_s=None)
    wrong = rng.choice(len(heard), max(8, int(share * len(heard))), replace=False)
    bent = [
        dataclasses.replace(item, foa_hz=item.foa_hz + (rng.choice([-1, 1]) * rng.uniform(5, 40) if k in wrong else 0))
        for k, item in enumerate(heard)
    ]
    plain, fix = (
        locate_one(bent, orbits, dataclasses.replace(STILL, cells="never", reject=reject))[0]
        for reject in (False, True)
    )
    return place, plain, fix


def test_a_crowd_with_many_wrong_ones_is_weighed_robustly(fleet_orbits):
    """A fifth wrong, too many to try the absence of each: they count less, and that is told."""
    place, plain, fix = crowd(fleet_orbits, 15, 0.2)
    assert honest(fix, place)
    assert not plain.solved or fix.ehe_m < 0.7 * plain.ehe_m  # taken all alike they are no location
    assert any("count less" in note for note in fix.notes)


@settings(**(QUIET | {"max_examples": 2}))
@given(seed=seeds, share=st.floats(0.1, 0.25))
def test_a_crowd_with_wrong_ones_is_never_sure_of_a_wrong_place(fleet_orbits, seed, share):
    """Named, or lowered in weight, or the ellipse is widened; whichever, it is told and no worse than doing nothing."""
    place, plain, fix = crowd(fleet_orbits, seed, share)
    assert honest(fix, place)
    assert not (fix.solved and plain.solved) or fix.ehe_m < 1.01 * plain.ehe_m
    told = " ".join((*fix.notes, fix.verdict))
    assert fix.rejected or any(word in told for word in ("count less", "times what was stated", "contradict"))


def test_beacons_are_kept_apart(fleet_orbits):
    place, heard, _ = scene(fleet_orbits, 14)
    other_place, other, _ = scene(fleet_orbits, 15)
    other = [dataclasses.replace(item, beacon="OTHER") for item in other]
    mixed = [item for pair in zip(heard, other, strict=True) for item in pair]
    fixes = locate(mixed, fleet_orbits, EXACT)
    assert [fix.beacon for fix in fixes] == ["TEST", "OTHER"]
    assert honest(fixes[0], place)
    assert honest(fixes[1], other_place)


def test_nothing_given():
    fix = locate_one([])[0]
    assert fix.verdict == "not solvable: not one usable measurement: no measurement was given"
    assert locate([]) == []


@settings(**QUIET)
@given(
    seed=seeds,
    empty=st.lists(
        st.sampled_from(["no orbit", "nothing measured", "no time", "no satellite"]), min_size=1, max_size=6
    ),
)
def test_nothing_usable_is_told_and_spoils_nothing(fleet_orbits, seed, empty):
    """Receptions without content: alone no location, and every one is named; beside good ones they are harmless."""
    place, heard, _ = scene(fleet_orbits, seed, count=6)
    spoilt = {
        "no orbit": {"satellite": "99999"},
        "nothing measured": {"foa_hz": float("nan"), "toa": None},
        "no time": {"time": np.datetime64("NaT", "ns")},
        "no satellite": {"satellite": None},
    }
    bad = [dataclasses.replace(heard[k % 6], burst=f"bad {k}", **spoilt[kind]) for k, kind in enumerate(empty)]
    alone = locate_one(bad, fleet_orbits, EXACT)
    assert len(alone) == 1
    assert alone[0].verdict.startswith("not solvable: not one usable measurement: ")
    assert len(alone[0].rejected) == len(bad)
    good, mixed = (locate_one(some, fleet_orbits, EXACT)[0] for some in (heard, [*bad, *heard]))
    assert distance_m(good.lat_deg, good.lon_deg, mixed.lat_deg, mixed.lon_deg) < 1.0
    assert len(mixed.rejected) == len(bad)
    assert honest(mixed, place)


def test_an_impossible_state_is_rejected():
    inside = Measurement(
        "B", START, "X", foa_hz=CARRIER_HZ, satellite_ecef_m=(1e3, 0, 0), satellite_velocity_mps=(0, 0, 0)
    )
    assert "no place in orbit" in locate_one([inside])[0].verdict


@settings(**QUIET)
@given(seed=seeds, count=st.integers(3, 8))
def test_whatever_the_place_the_truth_is_within_what_is_said(fleet_orbits, seed, count):
    place, heard, _ = scene(fleet_orbits, seed, count=count)
    fixes = locate_one(heard, fleet_orbits, EXACT)
    assert any(honest(fix, place) for fix in fixes)
    assert sum(fix.probability for fix in fixes) == pytest.approx(1.0, abs=0.02)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    field=st.sampled_from(
        ["foa_hz", "sigma_foa_hz", "sigma_toa_s", "carrier_hz", "altitude_m", "satellite_sigma_m", "sigma_position_m"]
    ),
    value=st.floats(),
    row=st.integers(0, 3),
)
def test_no_number_makes_it_fail(fleet_orbits, field, value, row):
    _, heard, _ = scene(fleet_orbits, 16, count=4)
    heard[row] = dataclasses.replace(heard[row], **{field: value})
    for fix in locate_one(heard, fleet_orbits, STILL):
        assert fix.verdict == "ok" or fix.verdict.startswith("not solvable: ")
        if fix.solved:
            assert np.isfinite([fix.lat_deg, fix.lon_deg, fix.ehe_m, fix.probability]).all()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    position=st.tuples(st.floats(), st.floats(), st.floats()),
    velocity=st.tuples(st.floats(), st.floats(), st.floats()),
)
def test_no_satellite_state_makes_it_fail(fleet_orbits, position, velocity):
    _, heard, _ = scene(fleet_orbits, 16, count=4)
    heard[0] = dataclasses.replace(heard[0], satellite_ecef_m=position, satellite_velocity_mps=velocity)
    assert locate_one(heard, fleet_orbits, STILL)[0].verdict

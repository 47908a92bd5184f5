"""The estimator on simulated beacons: places, sides, motion, fusion; errors as large as it says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.locate.scene import CARRIER_HZ, SECOND, bursts, in_sight

from vigie.geodesy import distance_m, ecef_m, local_axes
from vigie.locate.batch import single_bursts
from vigie.locate.estimate import locate, locate_one, solution_of
from vigie.locate.measurement import Measurement, Settings
from vigie.locate.single import single_burst
from vigie.locate.uplink import path
from vigie.orbit.ephemeris import Orbits
from vigie.orbit.passes import passes

PLACE = (43.0, 5.0, 0.0)
START = np.datetime64("2026-08-23T09:00:00", "ns")
EXACT = Settings(orbit_errors=False)
STILL = Settings(orbit_errors=False, motion="static")


def error_m(fix, place=PLACE):
    return float(distance_m(place[0], place[1], fix.lat_deg, fix.lon_deg))


def nees(fix, place=PLACE):
    off = (ecef_m(fix.lat_deg, fix.lon_deg, 0.0) - ecef_m(place[0], place[1], 0.0)) @ local_axes(*place[:2])[:2].T
    ee, en, nn = fix.covariance_m2
    return float(off @ np.linalg.solve([[ee, en], [en, nn]], off))


MEDIUM, STATIONARY = (0.006, 0.02), (0.004, 0.006)  # radians a minute


def in_view_from(orbits, kind, time=START):
    """NORAD numbers of the satellites of a kind of orbit above the place's horizon."""
    names = in_sight(orbits, PLACE, time)
    return [name for name in names if kind[0] < orbits.find(name).satrecs[0].no_kozai < kind[1]]


def low_pass(orbits, place=PLACE, least=20.0, most=60.0):
    """A pass of a low satellite culminating between two elevations: name and burst times."""
    low = Orbits(tuple(item for item in orbits.ephemerides if item.satrecs[0].no_kozai > 0.03))
    for item in passes(low, *place, START, 24.0):
        if least < item.elevation_deg < most and item.range_m < 3e6 and item.rise is not None:
            count = int((item.set - item.rise) / SECOND // 50) - 3
            return item.names[1], item.rise + 95 * SECOND + np.arange(count) * 50 * SECOND
    raise AssertionError("no such pass")


@pytest.mark.parametrize("count", [3, 4, 6, 10])
def test_a_single_burst_through_medium_orbits(fleet_orbits, count):
    rng = np.random.default_rng(count)
    names = in_view_from(fleet_orbits, MEDIUM)
    errors = []
    for _ in range(6):
        heard = bursts(fleet_orbits, rng.choice(names, count, replace=False), PLACE, np.array([START]), rng)
        fix = locate_one(heard, fleet_orbits, STILL)[0]
        assert fix.method == "doa"
        assert fix.frequency_hz == pytest.approx(CARRIER_HZ + 30, abs=4)
        errors.append(nees(fix))
    assert np.mean(errors) < 5  # chi-square of two degrees: mean 2, six of them


def test_two_satellites_leave_two_places(fleet_orbits):
    rng = np.random.default_rng(5)
    names = in_view_from(fleet_orbits, MEDIUM)
    fixes = locate_one(bursts(fleet_orbits, names[:2], PLACE, np.array([START]), rng), fleet_orbits, STILL)
    assert [fix.side for fix in fixes] == ["A", "B"]
    assert sum(fix.probability for fix in fixes) == pytest.approx(1.0, abs=0.01)
    assert min(nees(fix) for fix in fixes) < 14
    assert any("nothing checks them" in note for note in fixes[0].notes)


def test_a_low_pass_is_located_and_its_side_known(fleet_orbits):
    rng = np.random.default_rng(6)
    name, times = low_pass(fleet_orbits)
    heard = bursts(fleet_orbits, [name], PLACE, times, rng, None, 0.35, 300.0, 0.004)
    fix = locate_one(heard, fleet_orbits, EXACT)[0]
    assert fix.method == "doppler"
    assert fix.probability > 0.95
    assert error_m(fix) < 2_000
    assert nees(fix) < 14
    assert fix.rejected == ()
    assert not fix.moving
    record = solution_of(fix, "ADCD0228C500401")
    assert (record.lat_deg, record.method, record.ehe_m) == (fix.lat_deg, "doppler", fix.ehe_m)


def test_four_bursts_leave_the_side_open_and_a_known_frequency_closes_it(fleet_orbits):
    rng = np.random.default_rng(7)
    name, times = low_pass(fleet_orbits)
    heard = bursts(fleet_orbits, [name], PLACE, times[:4], rng, None, 0.35, 300.0)
    sides = locate_one(heard, fleet_orbits, EXACT)
    assert [fix.side for fix in sides] == ["A", "B"]
    assert sides[0].probability < 0.8
    assert min(error_m(fix) for fix in sides) < 15_000
    # the same bursts through a stationary satellite: the frequency free of the pass's Doppler
    stationary = in_view_from(fleet_orbits, STATIONARY)
    both = heard + bursts(fleet_orbits, stationary[:1], PLACE, times[:4], rng, None, 0.5, 300.0)
    fix = locate_one(both, fleet_orbits, EXACT)[0]
    assert fix.method == "fused"
    assert fix.probability > 0.99
    assert error_m(fix) < 15_000


@pytest.mark.parametrize("angle_deg", [0.5, 0.8, 1.5])
def test_the_two_sides_of_a_close_pass_are_both_found(fleet_orbits, angle_deg):
    """Both within one step of the search's grid: the other side is reached by mirroring."""
    from vigie.geodesy import geodetic
    from vigie.orbit.ephemeris import path_axes

    satellite = fleet_orbits.find("METOP-B")
    for seed in range(4):
        rng = np.random.default_rng(seed)
        middle = START + int(rng.integers(0, 40_000)) * SECOND
        axes = path_axes(*satellite.state(np.array(middle)))
        angle = np.radians(angle_deg) * rng.choice([-1, 1])
        lat, lon, _ = geodetic((np.cos(angle) * axes[0] + np.sin(angle) * axes[2]) * 6.371e6)
        place = (float(lat), float(lon), 0.0)
        times = middle + (np.arange(-9, 10) * 50) * SECOND
        fixes = locate_one(bursts(fleet_orbits, ["METOP-B"], place, times, rng, None, 0.02, 300.0), fleet_orbits, STILL)
        assert min(nees(fix, place) for fix in fixes) < 25


def test_a_stationary_satellite_alone_is_no_location(fleet_orbits):
    rng = np.random.default_rng(8)
    name = in_view_from(fleet_orbits, STATIONARY)[0]
    heard = bursts(fleet_orbits, [name], PLACE, START + np.arange(10) * 50 * SECOND, rng, None, 0.5)
    fix = locate_one(heard, fleet_orbits, EXACT)[0]
    assert not fix.solved
    assert fix.verdict.startswith("not solvable: ")
    assert abs(fix.frequency_hz - CARRIER_HZ - 30.0) < 4 * fix.sigma_frequency_hz < 10
    assert solution_of(fix, "ADCD0228C500401") is None


def test_an_encoded_place_picks_the_side_and_a_lone_one_is_passed_on(fleet_orbits):
    rng = np.random.default_rng(9)
    name, times = low_pass(fleet_orbits)
    heard = bursts(fleet_orbits, [name], PLACE, times[:4], rng, None, 0.35, 300.0)
    sent = Measurement("TEST", times[0], position_deg=(43.001, 5.001), sigma_position_m=120.0)
    fixes = locate_one([*heard, sent], fleet_orbits, EXACT)
    assert fixes[0].method == "fused"
    assert error_m(fixes[0]) < 500
    assert fixes[0].probability > 0.99
    alone = locate_one([sent], fleet_orbits, EXACT)[0]
    assert alone.method == "encoded"
    assert alone.ehe_m == pytest.approx(2.4477 * 120, rel=1e-3)


def test_everything_together(fleet_orbits):
    rng = np.random.default_rng(10)
    name, times = low_pass(fleet_orbits)
    medium = in_view_from(fleet_orbits, MEDIUM, times[3])[:5]
    heard = bursts(fleet_orbits, [name], PLACE, times, rng, None, 0.35, 300.0)
    heard += bursts(fleet_orbits, medium, PLACE, times, rng, 13e-6, 0.2, 300.0)
    fix = locate_one(heard, fleet_orbits, STILL)[0]
    assert fix.method == "fused"
    assert error_m(fix) < 1_500
    assert nees(fix) < 14
    assert fix.bursts == len(times)


@pytest.mark.parametrize("speed", [0.0, 3.0, 10.0, 60.0])
def test_a_moving_beacon_is_seen_to_move(fleet_orbits, speed):
    rng = np.random.default_rng(11)
    names = in_view_from(fleet_orbits, MEDIUM)[:6]
    times = START + np.arange(6) * 50 * SECOND
    heard = bursts(fleet_orbits, names, PLACE, times, rng, velocity_mps=(speed * 0.8, -speed * 0.6))
    fix = locate_one(heard, fleet_orbits, EXACT)[0]
    assert fix.rejected == ()
    assert fix.moving == (speed > 0)
    assert nees(fix) < 14
    if speed:
        assert np.hypot(fix.velocity_mps[0] - speed * 0.8, fix.velocity_mps[1] + speed * 0.6) < 1.5
    else:
        assert fix.velocity_mps is None


def test_reference_beacons_correct_the_orbit(fleet_orbits):
    """Elements with a satellite 1.5 km ahead: uncorrected that is the location's error, corrected little is left."""
    rng = np.random.default_rng(12)
    name, times = low_pass(fleet_orbits)
    known = {"REF1": (43.6, 1.5, 100.0), "REF2": (28.0, -15.6, 50.0)}
    late = np.timedelta64(200_000_000, "ns")  # 0.2 s at 7.5 km/s
    heard = []
    for beacon, place in {"TEST": PLACE, **known}.items():
        every = np.arange(times[0] - 200 * SECOND, times[-1] + 200 * SECOND, 50 * SECOND)
        for item in bursts(fleet_orbits, [name], place, every, rng, None, 0.1, 0.0 if beacon == "TEST" else 10.0):
            heard.append(dataclasses.replace(item, beacon=beacon, time=item.time + late))
    settings = Settings(motion="static", wander_ppb=0.2)
    [plain] = [fix for fix in locate(heard, fleet_orbits, settings) if fix.beacon == "TEST"][:1]
    [better] = [fix for fix in locate(heard, fleet_orbits, settings, references=known) if fix.beacon == "TEST"][:1]
    assert error_m(plain) > 1_000
    assert error_m(better) < 0.3 * error_m(plain)
    assert better.ehe_m < plain.ehe_m
    assert {fix.beacon for fix in locate(heard, fleet_orbits, settings, references=known)} == {"TEST"}


def test_a_payload_that_is_off_is_paid_for_and_learned(fleet_orbits):
    """Half a hertz of translation for each satellite: it does not average away, but reference beacons tell it."""
    rng = np.random.default_rng(21)
    names, times = in_view_from(fleet_orbits, MEDIUM)[:6], START + np.arange(6) * 50 * SECOND
    off_hz = dict(zip(names, rng.normal(size=6) * 0.5, strict=True))
    there = (48.0, 2.0, 100.0)

    def heard(place, beacon):
        return [
            dataclasses.replace(item, beacon=beacon, foa_hz=item.foa_hz + off_hz[item.satellite])
            for item in bursts(fleet_orbits, names, place, times, rng, sigma_toa_s=1e-3, sigma_foa_hz=0.05)
        ]

    both = [*heard(PLACE, "TEST"), *heard(there, "REF")]
    settings = Settings(motion="static", cells="never", payload_sigma_hz=0.5, tec_sigma_tecu=1.0)
    alone, with_reference = (
        locate(both, fleet_orbits, settings, references=known)[0] for known in ({}, {"REF": there})
    )
    certain = locate_one(both[: len(both) // 2], fleet_orbits, dataclasses.replace(settings, payload_sigma_hz=0.0))[0]
    assert alone.ehe_m > 1.5 * certain.ehe_m
    assert with_reference.ehe_m < 0.5 * alone.ehe_m
    assert nees(alone) < 14
    assert nees(with_reference) < 14


def test_the_age_of_elements_widens_the_ellipse(fleet_orbits):
    rng = np.random.default_rng(13)
    name, times = low_pass(fleet_orbits)
    fresh = bursts(fleet_orbits, [name], PLACE, times, rng, None, 0.35, 300.0)
    month = 30 * 86_400 * SECOND
    place = next(iter(low_pass_later(fleet_orbits, name, month)))
    old = bursts(fleet_orbits, [name], PLACE, place, rng, None, 0.35, 300.0)
    young, aged = (locate_one(heard, fleet_orbits, Settings(motion="static"))[0] for heard in (fresh, old))
    assert young.ehe_m < 10_000
    assert aged.ehe_m > 5 * young.ehe_m
    assert any("days from its elements" in note for note in aged.notes)


def low_pass_later(orbits, name, later):
    for item in passes(Orbits((orbits.find(name),)), *PLACE, START + later, 48.0):
        if item.names[1] == name and 20 < item.elevation_deg < 60 and item.rise is not None and item.set is not None:
            yield item.rise + 20 * SECOND + np.arange(int((item.set - item.rise) / SECOND // 50)) * 50 * SECOND


def test_many_bursts_at_once_are_single_bursts(fleet_orbits):
    rng = np.random.default_rng(14)
    names = in_view_from(fleet_orbits, MEDIUM)[:5]
    states = [fleet_orbits.find(name).state(np.array(START)) for name in names]
    satellites, speeds = (np.array([state[part] for state in states]) for part in (0, 1))
    link = path(ecef_m(*PLACE), np.zeros(3), satellites, speeds)
    count = 2_000
    toa = link.delay_s + rng.normal(size=(count, 5)) * 13e-6
    foa = CARRIER_HZ * link.ratio_less_1 + 30 + rng.normal(size=(count, 5)) * 0.2
    many = single_bursts(
        np.broadcast_to(satellites, (count, 5, 3)),
        np.broadcast_to(speeds, (count, 5, 3)),
        toa,
        np.full((count, 5), 13e-6),
        foa,
        np.full((count, 5), 0.2),
        CARRIER_HZ,
        0.0,
        1.0,
    )
    off = (many.place_m - ecef_m(*PLACE)) @ local_axes(*PLACE[:2]).T
    each = np.einsum("bi,bij,bj->b", off[:, :2], np.linalg.inv(many.covariance_m2[:, :2, :2]), off[:, :2])
    assert many.settled.all()
    assert many.sure.mean() > 0.995
    assert np.mean(each) == pytest.approx(2.0, abs=0.15)  # three sigmas of the mean of 2000 are 0.13
    assert np.mean(many.chi2) == pytest.approx(6.0, abs=0.3)
    one = [
        Measurement(
            "TEST",
            START + np.timedelta64(round(toa[0, k] * 1e9), "ns"),
            names[k],
            "0",
            CARRIER_HZ + foa[0, k],
            0.2,
            CARRIER_HZ,
            START + np.timedelta64(round(toa[0, k] * 1e9), "ns"),
            13e-6,
            tuple(satellites[k]),
            tuple(speeds[k]),
        )
        for k in range(5)
    ]
    bare = Settings(
        orbit_errors=False, motion="static", tec_tecu=0, tec_sigma_tecu=0, troposphere=False, altitude_sigma_m=1.0
    )
    fix = locate_one(one, settings=bare)[0]
    assert np.linalg.norm(ecef_m(fix.lat_deg, fix.lon_deg, fix.alt_m) - many.place_m[0]) < 5.0


@pytest.mark.parametrize("count", [3, 4, 6, 10])
def test_one_burst_on_plain_numbers_is_the_batch(fleet_orbits, count):
    """``single_burst`` and ``single_bursts`` are one model: same places, covariances and verdicts."""
    rng = np.random.default_rng(count)
    names = in_view_from(fleet_orbits, MEDIUM)
    for missing in (False, True):
        chosen = rng.choice(names, count, replace=False)
        states = [fleet_orbits.find(name).state(np.array(START)) for name in chosen]
        satellites, speeds = (np.array([state[part] for state in states]) for part in (0, 1))
        link = path(ecef_m(*PLACE), np.zeros(3), satellites, speeds)
        toa = link.delay_s + rng.normal(size=count) * 13e-6
        foa = CARRIER_HZ * link.ratio_less_1 + 30 + rng.normal(size=count) * 0.2
        sigma_t, sigma_f = np.full(count, 13e-6), np.full(count, 0.2)
        if missing:
            sigma_t[0] = sigma_f[-1] = np.inf
        parts = (satellites, speeds, toa, sigma_t, foa, sigma_f)
        many = single_bursts(*(part[None] for part in parts), CARRIER_HZ, 0.0, 10.0)
        one = single_burst(*(part.tolist() for part in parts), CARRIER_HZ, 0.0, 10.0)
        assert (one.settled, one.sure, one.dof) == (many.settled[0], many.sure[0], many.dof[0])
        sigma = np.sqrt(many.covariance_m2[0, 0, 0])
        assert np.linalg.norm(np.array(one.place_m) - many.place_m[0]) < 0.02 * sigma
        assert one.covariance_m2 == pytest.approx(many.covariance_m2[0][np.triu_indices(3)], rel=1e-2, abs=sigma)
        assert one.chi2 == pytest.approx(many.chi2[0], abs=0.01)
        assert one.frequency_hz == pytest.approx(many.frequency_hz[0], abs=0.01)


def test_one_burst_with_too_little_is_not_settled():
    nothing = single_burst([[2.6e7, 0, 0]], [[0, 3e3, 0]], [0.08], [13e-6], [0.0], [np.inf], CARRIER_HZ)
    assert not nothing.settled
    assert not nothing.sure


def test_a_burst_that_was_not_measured_is_not_solved():
    nothing = np.full((1, 4), np.inf)
    satellites = np.array([[[2.6e7, 0, 0], [0, 2.6e7, 0], [0, 0, 2.6e7], [1.5e7, 1.5e7, 1.5e7]]])
    empty = single_bursts(
        satellites, np.zeros((1, 4, 3)), np.zeros((1, 4)), nothing, np.zeros((1, 4)), nothing, CARRIER_HZ
    )
    assert np.isnan(empty.place_m).all()
    assert not empty.sure.any()

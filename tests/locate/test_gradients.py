"""Every column of the estimator's design against finite differences of what it predicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.locate.scene import SECOND, bursts, in_sight

from vigie.geodesy import ecef_m, geodetic, local_axes
from vigie.locate import orbit_error
from vigie.locate.grouping import bursts as grouped
from vigie.locate.measurement import Settings
from vigie.locate.normal import design_rows
from vigie.locate.problem import build
from vigie.locate.rows import gather

START = np.datetime64("2026-08-23T09:00:00", "ns")
seeds = st.integers(0, 10**6)


def problem_of(orbits, seed, speed=20.0):
    """Satellites of every kind of orbit, three bursts over an hour; a place 20 km from the true one."""
    rng = np.random.default_rng(seed)
    place = (float(np.degrees(np.arcsin(rng.uniform(-0.9, 0.9)))), float(rng.uniform(-180, 180)), 0.0)
    names = rng.choice(in_sight(orbits, place, START), 5, replace=False)
    times = START + np.array([0, 50, 3600]) * SECOND
    heard = bursts(orbits, names, place, times, rng, least_deg=8.0)
    gathered, _ = gather(grouped(heard)[0], orbits)
    problem = build(gathered, gathered.rows, Settings(drift_ppb_per_min=5.0))
    near = ecef_m(place[0] + 0.15, place[1] + 0.1, 300.0)
    return replace(problem, speed_sigma_mps=speed), near, rng


def slope(problem, place, velocity, change, step):
    """Change of the whitened residuals with ``change(problem, place, velocity, amount)``, two-sided."""
    more, less = (design_rows(*change(problem, place, velocity, sign * step))[1] for sign in (1, -1))
    return (more - less) / (2 * step)


def close(found, expected, left_out=1e-12):
    """Within a thousandth of the column's largest value: what second differences and light time leave."""
    return bool(np.max(np.abs(found - expected)) < 1e-3 * np.max(np.abs(expected)) + left_out)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=seeds)
def test_by_place_and_velocity(fleet_orbits, seed):
    problem, place, rng = problem_of(fleet_orbits, seed)
    problem = replace(problem, tec=0.0, troposphere=False)  # the air's share of the gradient is left out: next test
    velocity = rng.normal(size=2) * 20
    design = design_rows(problem, place, velocity)[0]
    axes = local_axes(*geodetic(place)[:2])
    for axis in range(3):

        def shift(problem, place, velocity, amount, axis=axis):
            return problem, place + amount * axes[axis], velocity

        if axis == 2:  # east and north of a moving beacon turn with the place: upwards they do not
            assert close(-slope(problem, place, velocity, shift, 50.0), design[:, axis])
        still = replace(problem, speed_sigma_mps=None)
        assert close(-slope(still, place, np.zeros(2), shift, 50.0), design_rows(still, place, np.zeros(2))[0][:, axis])
    for axis in range(2):

        def faster(problem, place, velocity, amount, axis=axis):
            return problem, place, velocity + amount * np.eye(2)[axis]

        assert close(-slope(problem, place, velocity, faster, 0.5), design[:, 3 + axis])


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=seeds)
def test_the_air_changes_little_with_the_place(fleet_orbits, seed):
    """Its gradient is left out of the design: with it, no column would differ by more than a hundredth."""
    problem, place, _ = problem_of(fleet_orbits, seed)
    problem = replace(problem, speed_sigma_mps=None)
    axes = local_axes(*geodetic(place)[:2])
    design = design_rows(problem, place, np.zeros(2))[0]
    for axis in range(2):

        def shift(problem, place, velocity, amount, axis=axis):
            return problem, place + amount * axes[axis], velocity

        left_out = -slope(problem, place, np.zeros(2), shift, 500.0) - design[:, axis]
        assert np.max(np.abs(left_out)) < 1e-2 * np.max(np.abs(design[:, axis]))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=seeds)
def test_by_electron_content_frequency_and_drift(fleet_orbits, seed):
    problem, place, _ = problem_of(fleet_orbits, seed)
    velocity = np.array([3.0, -4.0])
    design = design_rows(problem, place, velocity)[0]
    at = 5 + problem.columns.shape[1]

    def more_electrons(problem, place, velocity, amount):
        return replace(problem, tec=problem.tec + amount), place, velocity

    assert close(-slope(problem, place, velocity, more_electrons, 5.0), design[:, at])
    lat, lon, _ = geodetic(place)
    axes, pairs = local_axes(lat, lon), []
    for axis in (0, 1):  # a content that grows to the east, or to the north, of the place: a model of the pierce point

        def sloping(problem, place, velocity, amount, axis=axis):
            def model(lat_rad, lon_rad, day_s, elevation_rad):
                point = np.stack(
                    [np.cos(lat_rad) * np.cos(lon_rad), np.cos(lat_rad) * np.sin(lon_rad), np.sin(lat_rad)]
                )
                local = np.tensordot(axes, point, 1)
                angle = np.arctan2(np.hypot(local[0], local[1]), local[2])
                return amount * 6.378 * angle * local[axis] / np.maximum(np.hypot(local[0], local[1]), 1e-9)

            return replace(problem, tec=model), place, velocity

        expected = -slope(problem, place, np.zeros(2), sloping, 5.0)
        times = np.arange(design.shape[0]) < problem.rows.size
        found = design_rows(problem, place, np.zeros(2))[0][:, at + 1 + axis]
        pairs.append((found[times], expected[times]))
    # the model's latitudes are geocentric, 0.2 degrees from the ellipsoid's; its rate is that of the rays alone; where
    # the satellites lie along one axis, what there is along the other is as small as that
    largest = max(float(np.max(np.abs(expected))) for _, expected in pairs)
    assert all(np.max(np.abs(found - expected)) < 0.05 * largest for found, expected in pairs)
    for index in range(problem.columns.shape[1]):

        def higher(problem, place, velocity, amount, index=index):
            # a beacon that sends higher is heard higher by the Doppler ratio, which the rows divide out again
            rows = problem.rows
            bare = replace(problem, speed_sigma_mps=5.0)
            late, high = design_rows(bare, place, velocity)[2]
            assert late.shape == high.shape
            ratio = (rows.nominal_hz + rows.foa_hz) / (rows.nominal_hz + high)
            return (
                replace(problem, rows=replace(rows, foa_hz=rows.foa_hz + amount * ratio * problem.columns[:, index])),
                place,
                velocity,
            )

        assert close(slope(problem, place, velocity, higher, 0.01), design[:, 5 + index])


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=seeds)
def test_by_the_orbits(fleet_orbits, seed):
    """Satellites moved as the six numbers say; the velocity over the ground is that of the moved orbit."""
    problem, place, rng = problem_of(fleet_orbits, seed)
    design = design_rows(problem, place, np.zeros(2))[0]
    at = 5 + problem.columns.shape[1] + 3
    for index in range(orbit_error.ORBIT):
        which = int(rng.integers(problem.rows.satellite.max() + 1))

        def moved(problem, place, velocity, amount, index=index, which=which):
            rows = problem.rows
            mine = (rows.satellite == which)[:, None] * amount
            return (
                replace(
                    problem,
                    rows=replace(
                        rows,
                        satellite_m=rows.satellite_m + mine * problem.orbit.place[:, index],
                        satellite_mps=rows.satellite_mps + mine * problem.orbit.speed[:, index],
                    ),
                ),
                place,
                velocity,
            )

        column = design[:, at + orbit_error.SIZE * which + index]
        numeric = -slope(replace(problem, tec=0.0, troposphere=False), place, np.zeros(2), moved, 50.0)
        assert close(numeric, column, 4e-7), "2.5 km, a usual error of elements, would be wrong by 0.001 sigma"


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=seeds)
def test_by_the_payload(fleet_orbits, seed):
    """A payload that is later, and one whose translation is higher."""
    problem, place, rng = problem_of(fleet_orbits, seed)
    rows, which = problem.rows, int(rng.integers(problem.rows.satellite.max() + 1))
    design = design_rows(problem, place, np.zeros(2))[0]
    at = 5 + problem.columns.shape[1] + 3 + orbit_error.SIZE * which + orbit_error.ORBIT
    mine = rows.satellite == which

    def later(problem, place, velocity, amount):
        return replace(problem, rows=replace(rows, toa_s=rows.toa_s + mine * amount / 299_792_458.0)), place, velocity

    def higher(problem, place, velocity, amount):
        shift_hz = mine * amount / 299_792_458.0 * (rows.nominal_hz + rows.foa_hz)
        return replace(problem, rows=replace(rows, foa_hz=rows.foa_hz + shift_hz)), place, velocity

    assert close(slope(problem, place, np.zeros(2), later, 50.0), design[:, at])
    assert close(slope(problem, place, np.zeros(2), higher, 0.05), design[:, at + 1])


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_orbit_errors_are_orbits(seed):
    """A swing stays a swing: the speeds are the rates of the places, on axes that turn with the satellite and Earth."""
    rng = np.random.default_rng(seed)
    rate = np.full(3, rng.uniform(6e-5, 1.1e-3))
    seconds = rng.uniform(-4e4, 4e4) + np.array([-0.5, 0.0, 0.5])
    place, speed = orbit_error.shapes(rate, seconds)
    turning = np.zeros_like(place[1])
    turning[:, 0], turning[:, 1] = -rate[1] * place[1, :, 1], rate[1] * place[1, :, 0]
    np.testing.assert_allclose(place[2] - place[0] + turning, speed[1], atol=1e-6 * rate[0] + 1e-9)


def test_a_correction_moves_with_its_orbit():
    """The numbers at another epoch describe the same places."""
    rng = np.random.default_rng(1)
    rate, start = np.array([1.458e-4]), START
    known = orbit_error.OrbitCorrection(("X",), rng.normal(size=8), np.diag(rng.uniform(1, 2, 8)), rate, start)
    later = orbit_error.moved(known, start + 7200 * SECOND)
    there = orbit_error.shapes(rate, np.array([9000.0]))[0][0]
    then = orbit_error.shapes(rate, np.array([1800.0]))[0][0]
    np.testing.assert_allclose(known.mean_m[:6] @ there, later.mean_m[:6] @ then, atol=1e-9)
    before, after = known.covariance_m2[:6, :6], later.covariance_m2[:6, :6]
    np.testing.assert_allclose(there.T @ before @ there, then.T @ after @ then, atol=1e-9)
    np.testing.assert_array_equal(known.mean_m[6:], later.mean_m[6:])  # the payload's do not turn with the orbit


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=seeds)
def test_by_vertical_speed(fleet_orbits, seed):
    """Against the simulator: the same beacon, at the same place at the end, climbing and descending."""
    place, names = (44.0, 3.0, 9000.0), in_sight(fleet_orbits, (44.0, 3.0, 0.0), START)[:6]
    times, up = START + np.array([0, 5, 25]) * SECOND, 20.0
    problems = []
    for climb in (up, -up):
        heard = bursts(
            fleet_orbits, names, place, times, np.random.default_rng(seed), velocity_mps=(150.0, 80.0, climb)
        )
        gathered, _ = gather(grouped(heard)[0], fleet_orbits)
        problems.append(build(gathered, gathered.rows, Settings(climb_mps=20.0)))
    at, velocity = ecef_m(*place), np.array([150.0, 80.0])
    sets = [design_rows(replace(problem, speed_sigma_mps=250.0), at, velocity) for problem in problems]
    column = 5 + problems[0].columns.shape[1]
    expected = (sets[0][1] - sets[1][1]) / (2 * up)
    assert np.max(np.abs(sets[0][0][:, column] - expected)) < 2e-3 * np.max(np.abs(expected))

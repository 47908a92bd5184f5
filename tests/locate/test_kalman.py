"""The filter: what it carries on and takes in, however different the sizes of what is known and what is measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.locate.scene import SECOND, bursts
from tests.locate.test_estimate import MEDIUM, PLACE, START, error_m, in_view_from

from vigie.geodesy import ecef_m
from vigie.locate import kalman
from vigie.locate.grouping import bursts as grouped
from vigie.locate.measurement import Settings
from vigie.locate.motion import Model
from vigie.locate.rows import gather
from vigie.locate.track import Hypothesis, Track

EXACT = Settings(orbit_errors=False, cells="never")
CARRIER_HZ = 406.04e6


def heard_of(orbits, sigma_toa_s, sigma_foa_hz, count=6, satellites=8):
    """Bursts of a beacon at rest, each as a list of measurements."""
    names, times = in_view_from(orbits, MEDIUM)[:satellites], START + np.arange(count) * 50 * SECOND
    return grouped(bursts(orbits, names, PLACE, times, np.random.default_rng(3), sigma_toa_s, sigma_foa_hz))[0]


def diffuse(model, settings=EXACT):
    return kalman.fresh(model, ecef_m(*PLACE), 0.0, settings, 1e6, CARRIER_HZ)


@pytest.mark.parametrize("sigmas", [(13e-6, 0.2), (1e-8, 1e-3), (1e-11, 1e-6)])
def test_filters_begin_however_well_is_measured(fleet_orbits, sigmas):
    """With the smallest sigmas that are taken, a covariance lost its last digits and was none any more."""
    track = Track(fleet_orbits, EXACT, {})
    for group in heard_of(fleet_orbits, *sigmas, count=3):
        (fix,) = track.take(group)
    assert track.hypotheses
    assert fix.solved
    assert error_m(fix) < 1.5 * fix.ehe_m + 0.3  # a time is told to a nanosecond


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(toa=st.floats(-11, -3), foa=st.floats(-6, 1), speed=st.sampled_from([0.0, 0.2, 1.0, 30.0, 250.0]))
def test_no_variance_is_ever_negative_and_none_grows_by_a_measurement(fleet_orbits, toa, foa, speed):
    wide = Settings(climb_mps=20.0 if speed > 100 else 0.0)
    belief = diffuse(Model(speed, 600.0), wide)
    for group in heard_of(fleet_orbits, 10.0**toa, 10.0**foa, count=4, satellites=5):
        gathered, _ = gather([group], fleet_orbits)
        heard = kalman.burst(gathered, START, wide, CARRIER_HZ)
        use = np.ones(gathered.rows.size, bool)
        kalman.predict(belief, heard.seconds, wide)
        before = np.diagonal(belief.covariance)
        log_likelihood, surprise = kalman.update(belief, heard, use)
        after = np.diagonal(belief.covariance)
        assert np.isfinite([log_likelihood, surprise]).all()
        assert np.all(after[: before.size] <= before * (1 + 1e-6))
        assert np.all(after >= 0)
    assert np.all(np.isfinite(belief.covariance))


def test_a_root_is_that_of_the_textbooks_covariance(fleet_orbits):
    """P - P H' (H P H' + 1)^-1 H P, where its digits suffice; and a place that was sent, by the same."""
    belief = kalman.fresh(Model(1.0, 3600.0), ecef_m(*PLACE), 0.0, EXACT, 3_000.0, CARRIER_HZ)
    belief.root[kalman.FREQUENCY, kalman.FREQUENCY] = 5.0  # from 12 kHz on nothing of it would be left
    group = heard_of(fleet_orbits, 13e-6, 0.2)[0]
    gathered, _ = gather([group], fleet_orbits)
    heard = kalman.burst(gathered, START, EXACT, CARRIER_HZ)
    kalman.predict(belief, heard.seconds, EXACT)
    prior = belief.copy()
    use = np.ones(gathered.rows.size, bool)
    log_likelihood, surprise = kalman.update(belief, heard, use, prior.place_m)
    kalman._meet(prior, heard)
    design, residual = kalman._rows(prior, heard, use, prior.place_m, np.zeros(2))
    total = design @ prior.covariance @ design.T + np.eye(len(residual))
    gain = prior.covariance @ design.T @ np.linalg.inv(total)
    assert belief.covariance == pytest.approx(prior.covariance - gain @ total @ gain.T, rel=1e-5, abs=1e-3)
    assert belief.mean[3:] == pytest.approx((gain @ residual)[3:], rel=1e-5, abs=1e-6)
    assert surprise == pytest.approx(residual @ np.linalg.solve(total, residual), rel=1e-6)
    assert log_likelihood == pytest.approx(-0.5 * surprise - 0.5 * np.linalg.slogdet(total)[1], rel=1e-6)
    east = belief.copy()
    kalman.update_place(east, belief.place_m, 10.0)
    variance = belief.covariance[0, 0]
    assert east.covariance[0, 0] <= variance * 100 / (variance + 100) * (1 + 1e-9)


@settings(max_examples=20, deadline=None)
@given(dt=st.floats(1e-3, 5e3), part=st.floats(0.05, 0.95), speed=st.sampled_from([0.0, 1.0, 250.0]))
def test_two_steps_are_one(dt, part, speed):
    once, twice = (diffuse(Model(speed, 600.0)) for _ in range(2))
    kalman.predict(once, dt, EXACT)
    kalman.predict(twice, part * dt, EXACT)
    kalman.predict(twice, dt, EXACT)
    scale = np.sqrt(np.maximum(np.diagonal(once.covariance), 1e-12))
    assert np.max(np.abs(once.covariance - twice.covariance) / np.outer(scale, scale)) < 1e-9


def test_a_model_out_of_the_question_keeps_what_it_knows(fleet_orbits):
    """Its weight falls below what can be written; once it then became a mixture of nothing, without any spread."""
    track = Track(fleet_orbits, EXACT, {})
    beliefs = [diffuse(model) for model in (Model(0.0, 3600.0), Model(1.0, 3600.0), Model(30.0, 600.0))]
    one = Hypothesis(beliefs, np.array([-1e5, 0.0, -1.0]))
    track._mix(one, 50.0)
    assert all(np.diagonal(belief.covariance)[0] == pytest.approx(1e12) for belief in beliefs)
    assert np.isfinite(one.log_weights).all()

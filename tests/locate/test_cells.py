"""The probability map: it says what the fixes say where these are ellipses, and holds the truth where they are not."""

from __future__ import annotations

import dataclasses

import h3
import numpy as np
import pytest
from tests.locate.scene import SECOND, bursts, in_sight
from tests.locate.test_estimate import MEDIUM, PLACE, START, in_view_from, low_pass

from vigie.geodesy import ecef_m, local_axes
from vigie.locate.estimate import locate_one, solution_of
from vigie.locate.measurement import Settings

EXACT = Settings(orbit_errors=False)


def test_an_ellipse_needs_no_map(fleet_orbits):
    names = in_view_from(fleet_orbits, MEDIUM)[:8]
    heard = bursts(fleet_orbits, names, PLACE, START + np.arange(3) * 50 * SECOND, np.random.default_rng(1))
    assert locate_one(heard, fleet_orbits, EXACT)[0].cells == ()
    [fix] = locate_one(heard, fleet_orbits, dataclasses.replace(EXACT, cells="always", motion="static"))
    name, probability = zip(*fix.cells, strict=True)
    assert sum(probability) == pytest.approx(1.0)
    assert list(probability) == sorted(probability, reverse=True)
    where = np.array([h3.cell_to_latlng(one) for one in name])
    off = (ecef_m(where[:, 0], where[:, 1], 0.0) - ecef_m(fix.lat_deg, fix.lon_deg, 0.0)) @ local_axes(
        fix.lat_deg, fix.lon_deg
    )[:2].T
    mean = probability @ off
    covariance = (off - mean).T * probability @ (off - mean)
    stated = np.array([[fix.covariance_m2[0], fix.covariance_m2[1]], [fix.covariance_m2[1], fix.covariance_m2[2]]])
    assert np.linalg.norm(mean) < 0.1 * np.sqrt(np.trace(stated))
    np.testing.assert_allclose(covariance, stated, atol=0.15 * np.trace(stated))


def test_two_sides_are_on_one_map(fleet_orbits):
    name, times = low_pass(fleet_orbits)
    heard = bursts(fleet_orbits, [name], PLACE, times[:4], np.random.default_rng(7), None, 0.35, 300.0)
    one, other = locate_one(heard, fleet_orbits, EXACT)
    assert other.cells == ()
    assert sum(probability for _, probability in one.cells) == pytest.approx(1.0, abs=1e-3)
    near = {fix.side: 0.0 for fix in (one, other)}
    for cell, probability in one.cells:
        where = h3.cell_to_latlng(cell)
        away = [np.hypot(where[0] - fix.lat_deg, where[1] - fix.lon_deg) for fix in (one, other)]
        near["AB"[int(np.argmin(away))]] += probability
    assert near["A"] == pytest.approx(one.probability, abs=0.02)
    resolution = h3.get_resolution(one.cells[0][0])
    around = h3.grid_disk(h3.latlng_to_cell(*PLACE[:2], resolution), 1)
    assert any(cell in around for cell, _ in one.cells)
    assert solution_of(one, "ADCD0228C500401").cells == one.cells


def test_a_bent_posterior_is_mapped(fleet_orbits):
    """Two satellites, hundreds of kilometres: a banana, whose ellipse alone would mislead."""
    found = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        place = (float(rng.uniform(-50, 50)), float(rng.uniform(-180, 180)), 0.0)
        names = [name for name in in_sight(fleet_orbits, place, START) if 0.006 < rate(fleet_orbits, name) < 0.02]
        chosen = rng.choice(names, 2, replace=False)
        heard = bursts(fleet_orbits, chosen, place, np.array([START]), rng, 5e-5, 1.0)
        fix = locate_one(heard, fleet_orbits, dataclasses.replace(EXACT, motion="static"))[0]
        if fix.solved and fix.cells:
            ninety_nine = np.cumsum([probability for _, probability in fix.cells]) < 0.999
            shown = {cell for (cell, _), inside in zip(fix.cells, ninety_nine, strict=True) if inside}
            resolution = h3.get_resolution(fix.cells[0][0])
            found.append(bool(shown & set(h3.grid_disk(h3.latlng_to_cell(*place[:2], resolution), 1))))
    assert len(found) >= 2
    assert sum(found) >= len(found) - 1


def rate(orbits, name):
    return orbits.find(name).satrecs[0].no_kozai

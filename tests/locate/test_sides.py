"""Which side of a Doppler pass: told by the other pass, by another satellite's frequency, by a mere sighting."""

from __future__ import annotations

import numpy as np
import pytest
from tests.locate.scene import SECOND, bursts
from tests.locate.test_estimate import MEDIUM, PLACE, START, STATIONARY, error_m, in_view_from, low_pass

from vigie.locate.estimate import locate_one
from vigie.locate.measurement import Measurement, Settings
from vigie.orbit.ephemeris import Orbits
from vigie.orbit.passes import passes

EXACT = Settings(orbit_errors=False, cells="never", motion="static")


@pytest.fixture(scope="module")
def open_pass(fleet_orbits):
    """Four bursts of a pass: name, times, receptions; both sides about equal."""
    name, times = low_pass(fleet_orbits)
    heard = bursts(fleet_orbits, [name], PLACE, times[:4], np.random.default_rng(7), None, 0.35, 300.0)
    one, other = locate_one(heard, fleet_orbits, EXACT)
    assert one.probability < 0.8
    return name, times, heard, one if error_m(one) > error_m(other) else other


def test_the_other_pass_tells(fleet_orbits, open_pass):
    name, times, heard, _ = open_pass
    low = Orbits(tuple(item for item in fleet_orbits.ephemerides if item.satrecs[0].no_kozai > 0.03))
    later = next(
        item
        for item in passes(low, *PLACE, times[-1] + 1200 * SECOND, 12.0)
        if item.elevation_deg > 15 and item.range_m < 3e6 and item.rise is not None and item.set is not None
    )
    again = later.rise + 60 * SECOND + np.arange(5) * 100 * SECOND
    both = heard + bursts(fleet_orbits, [later.names[1]], PLACE, again, np.random.default_rng(8), None, 0.35, 299.0)
    fix = locate_one(both, fleet_orbits, EXACT)[0]
    assert fix.probability > 0.95
    assert error_m(fix) < 3 * fix.ehe_m
    assert fix.satellites == (name, later.names[1])


@pytest.mark.parametrize("kind", [STATIONARY, MEDIUM])
def test_a_frequency_from_elsewhere_tells(fleet_orbits, open_pass, kind):
    """The transmitted frequency by one satellite whose Doppler is another one; its times are not even measured."""
    _, times, heard, _ = open_pass
    names = in_view_from(fleet_orbits, kind, times[0])[:1]
    more = bursts(fleet_orbits, names, PLACE, times[:4], np.random.default_rng(9), None, 0.5, 300.0)
    fix = locate_one(heard + more, fleet_orbits, EXACT)[0]
    assert fix.probability > 0.99
    assert error_m(fix) < 15_000
    assert fix.method == "fused"


def test_a_sighting_tells(fleet_orbits, open_pass):
    """An earlier satellite heard the beacon and could not locate it: the side that it could not see is out."""
    _, _, heard, wrong = open_pass
    sightings = sorted(
        (item for item in passes(fleet_orbits, *PLACE, START - 7200 * SECOND, 2.0) if item.rise is not None),
        key=lambda item: item.rise,
    )
    from vigie.geodesy import ecef_m, local_axes
    from vigie.orbit.passes import look

    site, axes = ecef_m(wrong.lat_deg, wrong.lon_deg, 0.0), local_axes(wrong.lat_deg, wrong.lon_deg)
    for item in sightings:
        moment = item.rise + 60 * SECOND
        position, _ = fleet_orbits.find(item.names[1]).state(np.array(moment))
        if look(site, axes, position)[0] < -6:
            break
    else:
        pytest.skip("no satellite rose for the right side alone")
    seen = Measurement("TEST", moment, item.names[1])
    fix = locate_one([*heard, seen], fleet_orbits, EXACT)[0]
    assert fix.probability > 0.99
    assert error_m(fix) < 3 * fix.ehe_m
    assert fix.used == 4
    assert fix.rejected == ()


def test_a_sighting_alone_is_no_location(fleet_orbits):
    seen = Measurement("TEST", START, in_view_from(fleet_orbits, MEDIUM)[0])
    fix = locate_one([seen], fleet_orbits, EXACT)[0]
    assert fix.verdict.startswith("not solvable: 0 usable measurements")

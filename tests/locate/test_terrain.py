"""Heights of the ground from grids, and what they do for a location."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.locate.scene import bursts
from tests.locate.test_estimate import PLACE, error_m, low_pass

from vigie.errors import InputError
from vigie.locate.estimate import locate_one
from vigie.locate.measurement import Settings
from vigie.locate.terrain import Grid, Terrain, read_terrain


@given(lat=st.floats(40, 42), lon=st.floats(178, 180), turn=st.sampled_from([-360, 0, 360]))
def test_a_plane_is_read_exactly(lat, lon, turn):
    """Bilinear between the points, whichever way longitudes are counted."""
    rows, columns = np.mgrid[0:21, 0:21] * 0.1
    grid = Grid(40.0, 178.0, 0.1, 100 * rows + 30 * columns)
    height, rough = grid.at(np.array(lat), np.array(lon + turn))
    assert height == pytest.approx(100 * (lat - 40) + 30 * (lon - 178), abs=1e-6)
    assert rough == pytest.approx(13.0)


def test_outside_it_is_the_ellipsoid():
    ground = Terrain((Grid(40.0, 0.0, 1.0, np.array([[500.0, 500.0], [500.0, np.nan]])),), 400.0)
    height, sigma = ground(np.array([40.0, 50.0, 40.9]), np.array([0.0, 0.5, 0.9]))
    assert height[1:].tolist() == [0.0, 0.0]
    assert sigma[1:].tolist() == [400.0, 400.0]


def test_an_srtm_tile(tmp_path):
    tile = tmp_path / "S10W065.hgt"
    metres = np.arange(9, dtype=">i2").reshape(3, 3)
    metres[0, 0] = -32768
    tile.write_bytes(metres.tobytes())
    ground = read_terrain([tile], geoid_m=0.0)
    assert ground(np.array(-10.0), np.array(-65.0))[0] == 6  # the last line is the southern one
    assert ground(np.array(-9.0), np.array(-64.0))[0] == 2
    assert ground(np.array(-9.1), np.array(-64.9)) == (0.0, 500.0)  # beside an unknown point
    tile.write_bytes(b"12345")
    with pytest.raises(InputError, match="no SRTM tile"):
        read_terrain([tile])


@pytest.mark.parametrize("text", ["", "ncols 2\nnrows 2\ncellsize 1\nxllcorner 0\nyllcorner 0\n1 2 3", "P2 3 3"])
def test_what_is_no_grid(tmp_path, text):
    path = tmp_path / "ground.asc"
    path.write_text(text)
    with pytest.raises(InputError, match=r"ground\.asc: no Esri ASCII grid"):
        read_terrain([path])
    with pytest.raises(InputError, match="not readable"):
        read_terrain([tmp_path / "absent.asc"])


def test_a_beacon_on_a_plateau(fleet_orbits):
    """A pass over a beacon at 3000 m: kilometres off on the ellipsoid, right with the ground's height and slope."""
    name, times = low_pass(fleet_orbits)
    high = (PLACE[0], PLACE[1], 3000.0)
    heard = bursts(fleet_orbits, [name], high, times, np.random.default_rng(1), None, 0.1, 300.0)
    slope = np.broadcast_to(3000 + (np.arange(41) - 20) * 60.0, (41, 41))  # 600 m a degree, to the east
    ground = Terrain((Grid(41.0, 3.0, 0.1, slope),), geoid_m=0.0)
    plain = Settings(orbit_errors=False, motion="static", altitude_sigma_m=100.0)
    flat, hilly = (
        locate_one(heard, fleet_orbits, settings)[0]
        for settings in (plain, Settings(orbit_errors=False, motion="static", ground=ground))
    )
    assert error_m(flat) > 1_500
    assert error_m(hilly) < 500
    assert hilly.alt_m == pytest.approx(3000, abs=100)

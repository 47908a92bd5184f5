"""Earth orientation and the TEME frame against IERS values and against astropy."""

from __future__ import annotations

import numpy as np
import pytest

from vigie.orbit.earth import packaged
from vigie.orbit.elements import read_tle
from vigie.orbit.frames import gmst_rad

METOP_B = """METOP-B
1 38771U 12049A   26234.28642702  .00000056  00000+0  45504-4 0  9992
2 38771  98.6453 284.4498 0003062 135.8622 224.2800 14.21454353722652
"""

# astropy 7 (TEME to ITRS, IERS-A of astropy-iers-data 0.2026.11.2) over sgp4 2.27
ASTROPY = [
    (
        "2026-08-22T12:00:00",
        [-4708134.40657751, 5233815.61272383, 1514846.82243726],
        [2273.31185717, -49.66982442, 7186.32457223],
    ),
    (
        "2026-08-23T05:17:43.125",
        [-287687.70911815, 1438085.87475648, 7038265.81219847],
        [4521.51128662, 5925.76148608, -1025.33728927],
    ),
]


@pytest.mark.parametrize(("time", "position", "velocity"), ASTROPY)
def test_earth_fixed_states_are_astropys(time, position, velocity):
    satellite = read_tle(METOP_B).find("METOP-B")
    found, speed = satellite.state(np.array(time, "datetime64[ns]"))
    # later issues of the Earth-orientation table may move the pole and UT1 by a few centimetres at a satellite
    assert np.linalg.norm(found - position) < 0.5
    assert np.linalg.norm(speed - velocity) < 1e-3


def test_ut1_has_the_published_values():
    earth = packaged()
    ut1, sigma, pole = earth.at(np.array(["2020-06-25", "2016-12-31T23:59:59", "2017-01-01"], "datetime64[ns]"))
    # IERS finals2000A: 2020-06-25 UT1-UTC -0.2426 s; the leap second of 2016 lifts it by one second
    assert ut1[0] == pytest.approx(-0.2426, abs=2e-3)
    assert ut1[2] - ut1[1] == pytest.approx(1.0, abs=1e-4)
    assert np.all(sigma[0] < 1e-4)
    assert np.all(np.abs(pole) < 1e-5)


def test_the_error_grows_beyond_the_table():
    earth = packaged()
    far = np.array("2040-01-01", "datetime64[ns]")
    assert earth.quality(np.datetime64(far)) == "none"
    assert earth.quality(np.datetime64("2020-06-25")) == "measured"
    assert 0.05 < float(earth.at(far)[1]) <= 0.9


def test_gps_clock_to_utc_across_a_leap_second():
    gps = np.array(["2016-12-31T23:59:59", "2017-01-01T00:00:18", "2020-06-25T00:00:18"], "datetime64[ns]")
    utc = packaged().utc_of_gps(gps)
    assert list(utc.astype("datetime64[s]").astype(str)) == [
        "2016-12-31T23:59:42",
        "2017-01-01T00:00:00",
        "2020-06-25T00:00:00",
    ]


def test_sidereal_time_turns_once_more_a_year_than_the_sun():
    # Meeus, Astronomical Algorithms, example 12.a: 1987 April 10, 0h UT: 13h 10m 46.3668s
    angle = gmst_rad(np.array("1987-04-10", "datetime64[ns]"), 0.0)
    assert np.degrees(angle) / 15 == pytest.approx(13 + 10 / 60 + 46.3668 / 3600, abs=1e-7)

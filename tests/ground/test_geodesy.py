import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie import geodesy

METRE = 1.0
MILLIMETRE = 1e-3

latitudes = st.floats(min_value=-90, max_value=90)
longitudes = st.floats(min_value=-180, max_value=180)


@given(latitudes, longitudes, st.floats(min_value=-10e3, max_value=4.3e7))
def test_ecef_and_geodetic_are_inverse(lat_deg: float, lon_deg: float, alt_m: float) -> None:
    position_m = geodesy.ecef_m(lat_deg, lon_deg, alt_m)
    again_m = geodesy.ecef_m(*geodesy.geodetic(position_m))
    assert np.linalg.norm(position_m - again_m) < MILLIMETRE


def test_against_an_independent_program() -> None:
    """Positions of the IGS station ESBC (RINEX header) through pyproj, an independent implementation."""
    from pyproj import Transformer

    station_m = (3582105.2910, 532589.7313, 5232754.8054)
    lon, lat, alt = Transformer.from_crs(4978, 4979, always_xy=True).transform(*station_m)
    ours = [float(value) for value in geodesy.geodetic(station_m)]
    assert ours == pytest.approx([lat, lon, alt], abs=1e-8)


def test_one_degree_of_latitude_at_the_equator() -> None:
    assert geodesy.distance_m(0, 0, 1, 0) == pytest.approx(110574.4, abs=METRE)  # WGS-84 meridian arc


@given(latitudes, longitudes)
def test_local_axes_are_a_right_handed_frame(lat_deg: float, lon_deg: float) -> None:
    axes = geodesy.local_axes(lat_deg, lon_deg)
    assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)


def test_batches_are_leading_axes() -> None:
    lat, lon = np.meshgrid([10.0, 20.0, 30.0], [5.0, 6.0])
    together = geodesy.ecef_m(lat, lon)
    assert together.shape == (2, 3, 3)
    assert np.array_equal(together[1, 2], geodesy.ecef_m(30.0, 6.0))

"""Passes against a fine scan of the elevation, footprints against the elevation at their edge."""

from __future__ import annotations

import json

import numpy as np
import pytest

from vigie.geodesy import distance_m, ecef_m, local_axes
from vigie.orbit.files import read_files
from vigie.orbit.passes import footprint, in_view, look, passes

START = np.datetime64("2026-08-23T00:00:00", "ns")
SECOND = np.timedelta64(1_000_000_000, "ns")


@pytest.fixture(scope="module")
def low(shared):
    return read_files([shared / "orbits/leosar_2026-08-22.tle"])


def test_passes_are_those_of_a_second_by_second_scan(low):
    site, axes = ecef_m(43.55, 1.48, 150.0), local_axes(43.55, 1.48)
    times = START + np.arange(6 * 3600) * SECOND
    found = passes(low, 43.55, 1.48, 150.0, START, 6.0)
    for satellite in low.ephemerides:
        elevation = look(site, axes, satellite.state(times)[0])[0]
        above = elevation > 0
        count = int(np.sum(np.diff(above.astype(int)) == 1) + above[0])
        mine = [item for item in found if item.satellite == satellite.names[0]]
        assert len(mine) == count
        for item in mine:
            during = (times >= (item.rise or START)) & (times <= (item.set or times[-1]))
            assert elevation[during].max() <= item.elevation_deg + 1e-6
            assert elevation[during].max() == pytest.approx(item.elevation_deg, abs=0.06)  # a second
            for edge in (item.rise, item.set):
                if edge is not None:
                    there = look(site, axes, satellite.state(np.array(edge))[0])[0]
                    assert abs(there) < 0.002


def test_a_stationary_satellite_stays(shared):
    orbits = read_files([shared / "orbits/geosar_2026-08-22.tle"])
    found = [item for item in passes(orbits, 0.0, -75.0, 0.0, START, 24.0) if item.satellite == "GOES 19"]
    assert len(found) == 1
    assert found[0].rise is None
    assert found[0].set is None
    assert found[0].elevation_deg > 80


@pytest.mark.parametrize("least", [0.0, 5.0, 20.0])
def test_the_edge_of_the_footprint_sees_the_satellite_at_its_elevation(low, least):
    position, _ = low.ephemerides[0].state(np.array(START))
    edge = footprint(position, least)
    places = ecef_m(edge[:, 0], edge[:, 1], 0.0)
    elevation, _, _ = look(places, local_axes(edge[:, 0], edge[:, 1]), position)
    assert np.abs(elevation - least).max() < 1e-3


def test_the_footprint_of_a_satellite_over_the_pole():
    edge = footprint(np.array([0.0, 0.0, 7.2e6]))
    assert np.ptp(edge[:, 0]) < 1e-6
    assert 60 < edge[0, 0] < 70


def test_mutual_visibility_is_seen_by_both(low):
    sites = np.stack([ecef_m(43.5, 1.5, 0.0), ecef_m(28.0, -15.6, 0.0)])
    times = START + np.arange(0, 86_400, 60) * SECOND
    both = in_view(low, sites, times)
    assert np.array_equal(both, in_view(low, sites[:1], times) & in_view(low, sites[1:], times))
    assert both.any()


def test_command_line(shared, capfd):
    from vigie.cli.passes import command

    path = str(shared / "orbits/leosar_2026-08-22.tle")
    code = command.main(
        ["--site", "43.55,1.48", "--orbits", path, "--start", "2026-08-23", "--hours", "6", "--json"],
        standalone_mode=False,
    )
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert code == 0
    assert rows
    assert all(row["elevation_deg"] > 0 for row in rows)
    assert rows == sorted(rows, key=lambda row: row["culmination"])
    assert {"satellite", "rise", "culmination", "set"} <= set(rows[0])


def run(capfd, *arguments):
    from vigie.cli.passes import command

    code = command.main(list(arguments), standalone_mode=False)
    return code, capfd.readouterr()


def test_mutual_passes_are_the_time_that_both_see_the_satellite(low):
    here, there = (43.55, 1.48, 150.0), (28.0, -15.6, 0.0)
    sites = np.stack([ecef_m(*here), ecef_m(*there)])
    found = passes(low, *here, START, 24.0, 5.0, there)
    times = START + np.arange(0, 86_400, 10) * SECOND
    both = in_view(low, sites, times, 5.0)
    assert found
    for satellite, seen in zip(low.ephemerides, both, strict=True):
        told = np.zeros(len(times), bool)
        for item in found:
            if item.names == satellite.names:
                told |= (times >= (item.rise or START)) & (times <= (item.set or times[-1]))
                assert min(item.elevation_deg, item.partner_elevation_deg) >= 5.0
        assert np.sum(told != seen) <= 1
    alone = passes(low, *here, START, 24.0, 5.0)
    assert alone[0].partner_elevation_deg is None
    assert len(found) < len(alone)


def test_command_line_tells_mutual_visibility_and_footprints(shared, capfd):
    path = str(shared / "orbits/leosar_2026-08-22.tle")
    common = ["--site", "43.55,1.48", "--orbits", path, "--start", "2026-08-23", "--hours", "12", "--mutual", "45,10"]
    code, told = run(capfd, *common, "--footprint", "--json")
    rows = [json.loads(line) for line in told.out.splitlines()]
    assert code == 0
    assert rows
    for row in rows:
        edge = np.array(row["footprint"])
        assert edge.shape == (72, 2)
        assert 2.0e6 < row["footprint_radius_m"] < 3.5e6
        for lat, lon in ((43.55, 1.48), (45.0, 10.0), tuple(row["below"])):
            apart = distance_m(np.full(72, lat), np.full(72, lon), edge[:, 0], edge[:, 1])
            assert apart.min() < row["footprint_radius_m"]
        assert row["partner_elevation_deg"] > 0
    code, told = run(capfd, *common, "--footprint")
    assert code == 0
    assert "there " in told.out
    assert "seen within " in told.out


def test_two_places_that_see_nothing_together(shared, capfd):
    path = str(shared / "orbits/leosar_2026-08-22.tle")
    start = ["--start", "2026-08-23", "--hours", "6"]
    code, told = run(capfd, "--site", "43.55,1.48", "--orbits", path, *start, "--mutual", "-43,-178")
    assert code == 1
    assert "to both places at once" in told.err

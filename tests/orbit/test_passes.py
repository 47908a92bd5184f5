"""Passes against a fine scan of the elevation, footprints against the elevation at their edge."""

from __future__ import annotations

import json

import numpy as np
import pytest

from vigie.geodesy import ecef_m, local_axes
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
    assert np.abs(elevation - least).max() < 0.6


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

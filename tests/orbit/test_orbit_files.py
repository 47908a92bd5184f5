"""Orbit files: what is read, what is refused by name, and how far the sources agree."""

from __future__ import annotations

import json

import numpy as np
import pytest

from vigie.errors import InputError
from vigie.orbit import fleet
from vigie.orbit.elements import checksum, read_omm, read_tle
from vigie.orbit.ephemeris import join, path_axes
from vigie.orbit.files import read, read_files, text_of

METOP_B = """METOP-B
1 38771U 12049A   26234.28642702  .00000056  00000+0  45504-4 0  9992
2 38771  98.6453 284.4498 0003062 135.8622 224.2800 14.21454353722652
"""
SPIN = np.array([0, 0, 7.292115e-5])


def test_a_wrong_checksum_is_named_and_the_rest_kept():
    broken = METOP_B.replace("98.6453", "98.6454")
    orbits = read_tle(broken + METOP_B, "two.tle")
    assert len(orbits) == 1
    assert [(bad.where, bad.reason) for bad in orbits.refused] == [
        ("two.tle, line 3", "its checksum is 2 and should be 3")
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text.replace("\n2 38771", "\n2 38772").replace("722652", "722653"), "follows line 1"),
        (lambda text: text.rstrip()[:-1] + "\n", "68 characters"),
        (lambda text: "\n".join(text.splitlines()[:2]), "without its line 2"),
        (lambda text: text.splitlines()[0] + "\n" + text.splitlines()[2], "without its line 1"),
    ],
)
def test_broken_sets_are_refused(change, reason):
    orbits = read_tle(change(METOP_B))
    assert not orbits.ephemerides
    assert reason in orbits.refused[0].reason


def test_checksums_of_the_public_lists(shared):
    for path in sorted((shared / "orbits").glob("*.tle")):
        lines = [line for line in path.read_text().splitlines() if line[:2] in ("1 ", "2 ")]
        assert all(int(line[68]) == checksum(line) for line in lines)
        assert not read_tle(path.read_text(), path.name).refused


def test_omm_gives_the_state_of_the_same_elements():
    omm = [
        {
            "OBJECT_NAME": "METOP-B",
            "OBJECT_ID": "2012-049A",
            "EPOCH": "2026-08-22T06:52:27.294528",
            "MEAN_MOTION": 14.21454353,
            "ECCENTRICITY": 0.0003062,
            "INCLINATION": 98.6453,
            "RA_OF_ASC_NODE": 284.4498,
            "ARG_OF_PERICENTER": 135.8622,
            "MEAN_ANOMALY": 224.28,
            "EPHEMERIS_TYPE": 0,
            "CLASSIFICATION_TYPE": "U",
            "NORAD_CAT_ID": 38771,
            "ELEMENT_SET_NO": 999,
            "REV_AT_EPOCH": 72265,
            "BSTAR": 4.5504e-5,
            "MEAN_MOTION_DOT": 5.6e-7,
            "MEAN_MOTION_DDOT": 0,
        },
        {"OBJECT_NAME": "half a set"},
    ]
    orbits = read(json.dumps(omm), "omm.json")
    assert len(orbits) == 1
    assert "element set 2" in orbits.refused[0].where
    time = np.array("2026-08-22T12:00:00", "datetime64[ns]")
    here, _ = orbits.find(38771).state(time)
    there, _ = read_tle(METOP_B).find("metop-b").state(time)
    assert np.linalg.norm(here - there) < 1.0


@pytest.mark.parametrize("text", ["", "hello\nworld\n", "{not json", "<a/>", "     3.05           OBSERVATION DATA\n"])
def test_what_is_no_orbit_file_says_so(text):
    with pytest.raises(InputError, match=r"strange\.txt"):
        read(text, "strange.txt")


def test_omm_that_is_none():
    with pytest.raises(InputError, match="no orbit mean-elements"):
        read_omm("[1, 2", "x.json")


@pytest.fixture(scope="module")
def precise(shared):
    return read_files([shared / "orbits/precise_2020-06-25/GRG0MGXFIN_20201770000_01D_15M_ORB.SP3.gz"])


def test_sp3_gives_its_own_positions_and_their_derivative(precise):
    table = precise.find("E05")
    found, _ = table.state(table.times)
    assert np.abs(found - table.position_m).max() < 1e-6
    middle = table.times[40] + np.timedelta64(437, "s")
    half = np.timedelta64(500, "ms")
    step = table.state(np.array(middle + half))[0] - table.state(np.array(middle - half))[0]
    assert np.abs(step - table.state(np.array(middle))[1]).max() < 1e-3


def test_sp3_interpolation_from_every_second_position(precise):
    import dataclasses

    for name in ("G01", "E05", "R02"):
        table = precise.find(name)
        thin = dataclasses.replace(
            table, times=table.times[::2], position_m=table.position_m[::2], clock_s=table.clock_s[::2]
        )
        # 30-minute steps, a thousand times worse than 15-minute ones
        assert np.abs(thin.state(table.times[20:75])[0] - table.position_m[20:75]).max() < 0.15


def test_sp3_is_silent_outside_its_span(precise):
    position, velocity = precise.find("G01").state(np.array(["2020-06-24T12:00", "2020-06-27"], "datetime64[ns]"))
    assert np.isnan(position).all()
    assert np.isnan(velocity).all()


def test_broken_sp3(shared):
    with pytest.raises(InputError, match="line 2"):
        read("#cP2020  6 25\n*  what is this\n" + "## \n", "a.sp3")


@pytest.mark.parametrize(("system", "limit_m"), [("G", 5.0), ("E", 8.0), ("R", 15.0)])
def test_broadcast_orbits_agree_with_the_precise_ones(shared, precise, system, limit_m):
    broadcast = read_files([shared / "orbits/precise_2020-06-25/ESBC00DNK_R_20201770000_01D_MN.rnx.gz"])
    times = np.datetime64("2020-06-25T00:10", "ns") + np.arange(0, 84_000, 600) * np.timedelta64(1_000_000_000, "ns")
    compared = 0
    for satellite in broadcast.ephemerides:
        table = precise.find(satellite.names[0])
        if satellite.names[0][0] != system or table is None:
            continue
        position, velocity = satellite.state(times)
        fresh = np.isfinite(position[:, 0]) & (satellite.age_s(times) < 3600)
        true, speed = table.state(times)
        fresh &= np.isfinite(true[:, 0])
        if not fresh.any():
            continue
        compared += int(fresh.sum())
        assert np.median(np.linalg.norm(position - true, axis=-1)[fresh]) < limit_m
        assert np.linalg.norm(velocity - speed, axis=-1)[fresh].max() < 0.05
    assert compared > 200


def test_beidou_broadcast_orbits_move_as_their_velocity_says(shared):
    broadcast = read_files([shared / "orbits/precise_2020-06-25/ESBC00DNK_R_20201770000_01D_MN.rnx.gz"])
    half = np.timedelta64(500, "ms")
    for name, radius in (("C05", 42.16e6), ("C11", 27.9e6), ("C13", 42.2e6)):
        satellite = broadcast.find(name)
        times = satellite.epochs + np.timedelta64(300, "s")
        position, velocity = satellite.state(times)
        step = satellite.state(times + half)[0] - satellite.state(times - half)[0]
        assert np.abs(step - velocity).max() < 1e-3
        assert np.abs(np.linalg.norm(position, axis=-1) - radius).max() < 0.5e6
    lat = np.degrees(np.arcsin(position[:, 2] / np.linalg.norm(position, axis=-1)))
    assert np.abs(lat).max() < 60


def test_stated_error_of_elements_is_the_one_found_against_precise_orbits(shared, precise):
    elements = read_files([shared / "orbits/precise_2020-06-25/gps_galileo_tle_2020-06-22_26.txt"])
    times = np.datetime64("2020-06-25T00:00", "ns") + np.arange(0, 84_000, 600) * np.timedelta64(1_000_000_000, "ns")
    ratio = []
    for row in (shared / "orbits/precise_2020-06-25/norad_prn_2020.csv").read_text().splitlines():
        _, _, prn, norad, _ = row.split(",")
        table, satellite = precise.find(prn), elements.find(norad.rstrip("U"))
        if table is None or satellite is None:
            continue
        true, speed = table.state(times)
        axes = path_axes(true, speed + np.cross(SPIN, true))
        off = np.einsum("tij,tj->ti", axes, satellite.state(times)[0] - true)
        ratio.append(off / satellite.sigma_m(times))
    spread = np.sqrt(np.nanmean(np.square(ratio), axis=(0, 1)))
    assert np.all(spread < 1.6)
    assert np.all(spread > 0.5)


def test_the_more_exact_source_is_found(shared, precise):
    broadcast = read_files([shared / "orbits/precise_2020-06-25/ESBC00DNK_R_20201770000_01D_MN.rnx.gz"])
    assert join([broadcast, precise]).find("e05").source == "SP3"
    assert join([broadcast, precise]).find("C11").source == "broadcast"


def test_a_number_moves_to_another_spacecraft():
    assert fleet.spacecraft(318, np.datetime64("2016-12-01", "ns")).norad == 26690
    assert fleet.spacecraft(318, np.datetime64("2026-08-22", "ns")).norad == 44506
    assert fleet.spacecraft(999, np.datetime64("2026-08-22", "ns")) is None


def test_every_number_of_the_fleet_has_an_orbit(shared):
    orbits = read_files([shared / "orbits/meosar_2026-08-22.tle"])
    names = fleet.aliases(orbits, np.datetime64("2026-08-22", "ns"))
    assert len(names) >= 60
    assert orbits.find(names["301"]) is not None


def test_version_4_is_read_as_version_3_and_modernised_messages_are_passed_over(shared):
    """The same sets under RINEX 4's record lines, each followed by a CNAV record whose numbers mean something else."""
    old = text_of(shared / "orbits/precise_2020-06-25/ESBC00DNK_R_20201770000_01D_MN.rnx.gz")
    head, body = old.split("END OF HEADER\n", 1)
    lines, new, messages = body.splitlines(), [], {"G": "LNAV", "E": "INAV", "C": "D1", "R": "FDMA"}
    for number, line in enumerate(lines):
        if line[:1] in messages and line[1:3].isdigit():
            if line.startswith("G05"):
                new += ["> EPH G05 CNAV", line, *(item.replace("E-", "E+") for item in lines[number + 1 : number + 8])]
            new.append(f"> EPH {line[:3]} {messages[line[0]]}")
        new.append(line)
    text = head.replace("     3.05", "     4.00", 1) + "END OF HEADER\n" + "\n".join(new)
    then, now = read(old, "old"), read(text, "new")
    assert len(now) == len(then) > 80
    times = np.datetime64("2020-06-25T08:00:00", "ns") + np.arange(4) * np.timedelta64(1800, "s")
    for name in ("G05", "E01", "R01", "C11"):
        np.testing.assert_array_equal(now.find(name).state(times)[0], then.find(name).state(times)[0])

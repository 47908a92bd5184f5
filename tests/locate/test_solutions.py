"""The stage from detections of several satellites to solutions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.locate.scene import SECOND, bursts
from tests.locate.test_estimate import MEDIUM, PLACE, START, in_view_from, low_pass

from vigie import ingest
from vigie.geodesy import distance_m
from vigie.locate.estimate import locate_one
from vigie.locate.measurement import Settings
from vigie.locate.solutions import measurement_of
from vigie.message import beacon
from vigie.orbit.fleet import aliases
from vigie.records import Detection, Solution, Tick
from vigie.stages import locations
from vigie.store.rows import detection_body

MESSAGE = beacon.decode("ADCD0228C500401")
OTHER = beacon.decode("ADCD0228C500402")
STILL = Settings(orbit_errors=False)


def detections(orbits, message=MESSAGE, seed=1, count=3):
    heard = bursts(
        orbits,
        in_view_from(orbits, MEDIUM)[:6],
        PLACE,
        START + np.arange(count) * 50 * SECOND,
        np.random.default_rng(seed),
    )
    return [
        Detection(
            message,
            item.time,
            frequency_hz=item.foa_hz,
            sigma_frequency_hz=item.sigma_foa_hz,
            sigma_time_s=item.sigma_toa_s,
            at="satellite",
            satellite=item.satellite,
        )
        for item in sorted(heard, key=lambda item: item.time)
    ]


@pytest.fixture(scope="module")
def heard(fleet_orbits):
    return detections(fleet_orbits)


def test_a_solution_after_every_burst(fleet_orbits, heard):
    out = list(locations(iter(heard), fleet_orbits, STILL))
    assert [item for item in out if isinstance(item, Detection)] == heard
    found = [item for item in out if isinstance(item, Solution)]
    assert len(found) == 3
    assert {item.hex_id for item in found} == {MESSAGE.hex_id}
    assert found[-1].method == "doa"
    assert distance_m(*PLACE[:2], found[-1].lat_deg, found[-1].lon_deg) < 2 * found[-1].ehe_m
    assert found[-1].ehe_m < found[0].ehe_m


def test_a_tick_is_enough(fleet_orbits, heard):
    stream = locations(iter([*heard[:6], Tick(START + 5 * SECOND), Tick(START + 6 * SECOND)]), fleet_orbits, STILL)
    kinds = [type(item).__name__ for item in stream]
    assert kinds == ["Detection"] * 6 + ["Tick", "Solution", "Tick"]


def test_beacons_and_exercises_are_kept_apart(fleet_orbits, heard):
    other = detections(fleet_orbits, OTHER, 2)
    drill = [dataclasses.replace(item, exercise=True) for item in heard]
    mixed = sorted([*heard, *other, *drill], key=lambda item: item.time)
    found = [item for item in locations(iter(mixed), fleet_orbits, STILL) if isinstance(item, Solution)]
    assert {(item.hex_id, item.exercise) for item in found} == {
        (MESSAGE.hex_id, False),
        (MESSAGE.hex_id, True),
        (OTHER.hex_id, False),
    }
    assert len(found) == 9


@pytest.mark.parametrize(
    "change",
    [
        {"satellite": ""},
        {"at": "site"},
        {"time_known": False},
        {"message": dataclasses.replace(MESSAGE, facts={**MESSAGE.facts, "hex_id": None})},
        {"message": dataclasses.replace(MESSAGE, facts={**MESSAGE.facts, "verdict": "unreliable"})},
    ],
)
def test_what_cannot_locate_passes_by(fleet_orbits, heard, change):
    odd = dataclasses.replace(heard[0], **change)
    assert measurement_of(odd) is None
    assert list(locations(iter([odd]), fleet_orbits, STILL)) == [odd]


def test_times_of_milliseconds_are_no_times_of_arrival(heard):
    assert measurement_of(dataclasses.replace(heard[0], sigma_time_s=0.005)).toa is None
    assert measurement_of(heard[0]).toa == heard[0].time


def test_satellites_by_their_number(fleet_orbits, heard):
    from vigie.orbit.fleet import fleet

    numbers = {str(row.norad): str(row.number) for row in fleet() if row.seen > np.datetime64("2026-01-01")}
    renamed = [dataclasses.replace(item, satellite=numbers.get(item.satellite, item.satellite)) for item in heard]
    assert renamed != heard
    names = aliases(fleet_orbits, START)
    plain, other = (
        [item for item in locations(iter(items), fleet_orbits, STILL, names) if isinstance(item, Solution)]
        for items in (heard, renamed)
    )
    assert [item.lat_deg for item in plain] == pytest.approx([item.lat_deg for item in other], abs=1e-9)


def test_a_frequency_in_the_middle_of_a_burst_is_taken_for_that_moment(fleet_orbits):
    """A low satellite's changes by 6 Hz in 0.22 s: taken for the beginning's, they are 1.5 km along the track."""
    name, times = low_pass(fleet_orbits)
    heard = bursts(fleet_orbits, [name], PLACE, times, np.random.default_rng(6), None, 0.02, 300.0)
    middle, errors = 0.22, {}
    for said in (middle, None):
        stream = [
            Detection(
                MESSAGE,
                item.time - np.timedelta64(round(middle * 1e9), "ns"),
                frequency_hz=item.foa_hz,
                sigma_frequency_hz=item.sigma_foa_hz,
                at="satellite",
                satellite=name,
                frequency_at_s=said,
            )
            for item in heard
        ]
        lines = [ingest.detection(detection_body(one)) for one in stream]
        assert [one.frequency_at_s for one in lines] == [said] * len(lines)
        last = [item for item in locations(iter(lines), fleet_orbits, STILL) if isinstance(item, Solution)][-1]
        errors[said] = distance_m(*PLACE[:2], last.lat_deg, last.lon_deg)
    assert errors[middle] < 300
    assert errors[None] > 1_000
    assert measurement_of(dataclasses.replace(stream[0], frequency_at_s=float("nan"))).foa_after_s == 0


def test_receptions_with_their_frequencies_at_different_moments_agree(fleet_orbits):
    """One station states frequencies in the middle of a burst, another at its beginning; times are of the beginning."""
    later = np.timedelta64(220_000_000, "ns")
    names, rng = in_view_from(fleet_orbits, MEDIUM)[:6], np.random.default_rng(3)
    times = START + np.arange(3) * 50 * SECOND
    early = bursts(fleet_orbits, names, PLACE, times, rng, 1e-7, 0.01)
    middle = bursts(fleet_orbits, names, PLACE, times + later, rng, 1e-7, 0.01)
    mixed = [
        dataclasses.replace(one, foa_hz=other.foa_hz, foa_after_s=float((other.time - one.time) / SECOND))
        if index % 2
        else one
        for index, (one, other) in enumerate(zip(early, middle, strict=True))
    ]
    for heard in (early, mixed):
        fix = locate_one(heard, fleet_orbits, STILL)[0]
        assert not fix.rejected
        assert not any("residuals" in note for note in fix.notes)
        assert distance_m(*PLACE[:2], fix.lat_deg, fix.lon_deg) < 1.5 * fix.ehe_m < 1000

"""Receptions: the physics is the estimator's, the draws are repeatable, disturbances disturb."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from vigie.errors import ConfigError
from vigie.geodesy import ecef_m
from vigie.locate.observe import observe
from vigie.sim import scenario
from vigie.sim.receptions import Span, contacts_of, work_out
from vigie.sim.scenario import Interferer, Scenario
from vigie.sim.sky import course, true_state
from vigie.sim.uplinks import bursts, heard_by
from vigie.sim.world import World, generator


@pytest.fixture
def read(small: str) -> Scenario:
    return scenario.parse(small, "small.toml")


def test_times_and_frequencies_are_those_of_the_forward_model(read: Scenario) -> None:
    groups = tuple(msgspec.structs.replace(group, along_error_m=0.0) for group in read.satellites)
    world = World(msgspec.structs.replace(read, satellites=groups))
    sent = bursts(world, 0, 900)
    checked = 0
    for satellite in world.satellites:
        heard = heard_by(world, satellite, course(world, satellite, 0, 900), sent, generator(1))
        for row in range(0, len(heard.burst), 7):
            burst = heard.burst[row]
            moment = world.began + np.timedelta64(round(sent.sent_s[burst] * 1e9), "ns")
            arrival, foa, elevation = observe(
                satellite.ephemeris,
                ecef_m(sent.lat_deg[burst], sent.lon_deg[burst], sent.height_m[burst])[None],
                np.array([moment]),
                sent.frequency_hz[burst],
                sent.velocity_mps[burst][None],
                tec=15.0,
                troposphere=True,
            )
            late_s = float((arrival[0] - world.began).astype("int64")) * 1e-9 - heard.arrival_s[row]
            assert abs(late_s) < 3e-9
            assert abs(foa[0] - heard.foa_hz[row]) < 1e-3
            assert abs(elevation[0] - heard.elevation_deg[row]) < 1e-3
            checked += 1
    assert checked > 100


def test_the_path_between_grid_points_is_the_true_one(read: Scenario) -> None:
    world = World(read)
    at_s = np.random.default_rng(0).uniform(0, 900, 40)
    for satellite in world.satellites:
        position, velocity = course(world, satellite, 0, 900).state(at_s)
        true, speed = true_state(world, satellite, at_s)
        assert np.abs(position - true).max() < 1e-2
        assert np.abs(velocity - speed).max() < 1e-4


def test_an_orbit_error_lies_along_the_track(read: Scenario) -> None:
    groups = tuple(msgspec.structs.replace(group, along_error_m=2000.0) for group in read.satellites)
    world = World(msgspec.structs.replace(read, satellites=groups))
    off = []
    for satellite in world.satellites:
        true, _ = true_state(world, satellite, np.array([300.0]))
        moment = world.began + np.timedelta64(300, "s")
        published, velocity = satellite.ephemeris.state(np.array([moment]))
        spin = np.cross([0, 0, 7.292115e-5], published[0])
        along = (velocity[0] + spin) / np.linalg.norm(velocity[0] + spin)
        error = true[0] - published[0]
        off.append(float(error @ along))
        assert np.linalg.norm(error - off[-1] * along) < 0.01 * abs(off[-1]) + 5
    assert 1000 < np.std(off) < 3500


def same(one: Span, other: Span) -> bool:
    first, second = one.receptions, other.receptions
    return all(
        np.array_equal(getattr(first, name), getattr(second, name), equal_nan=getattr(first, name).dtype.kind == "f")
        for name in first.__dataclass_fields__
    )


def test_the_same_seed_gives_the_same_receptions_and_another_does_not(read: Scenario) -> None:
    assert same(work_out(World(read, 3), 0), work_out(World(read, 3), 0))
    assert not same(work_out(World(read, 3), 0), work_out(World(read, 4), 0))


def test_errors_are_as_large_as_they_say(read: Scenario) -> None:
    table = work_out(World(read, 1), 0).receptions
    meo = table.precise
    assert meo.sum() > 200
    late = (table.time_s - table.arrival_s)[meo] / table.sigma_s[meo]
    high = (table.foa_hz - table.true_foa_hz)[meo] / table.sigma_hz[meo]
    assert 0.8 < np.std(late) < 1.2
    assert 0.8 < np.std(high) < 1.2


def test_a_carrier_in_the_channel_costs_messages_and_one_beside_it_does_not(read: Scenario) -> None:
    read = msgspec.structs.replace(read, beacons=(msgspec.structs.replace(read.beacons[0], tumble_s=0.0),), crowds=())
    quiet = work_out(World(read), 0).receptions.identity.mean()
    frequency = float(np.median(World(read).senders[0].frequency_hz))

    def with_carrier(at_hz: float) -> float:
        item = Interferer(name="x", kind="carrier", latitude=46.0, longitude=-8.0, eirp_dbw=10.0, frequency_hz=at_hz)
        world = World(msgspec.structs.replace(read, interference=(item,)))
        span = work_out(world, 0)
        mine = span.sent.sender[span.receptions.burst] == 0
        return float(span.receptions.identity[mine].mean())

    assert quiet > 0.9
    assert with_carrier(frequency) < 0.2
    assert with_carrier(frequency + 20e3) > 0.9


def test_bursts_at_the_same_time_on_the_same_frequency_collide(read: Scenario) -> None:
    def read_part(apart_s: float, apart_hz: float) -> float:
        one, two = (
            msgspec.structs.replace(
                read.beacons[0], name=name, latitude=46.2, longitude=-8.4, tumble_s=0.0, fading_db=0.0,
                at_s=tuple(30.0 + 50 * k + shift for k in range(10)), carrier_hz=406.03e6 + hz,
            )
            for name, shift, hz in (("a", 0.0, 0.0), ("b", apart_s, apart_hz))
        )  # fmt: skip
        world = World(msgspec.structs.replace(read, beacons=(one, two), crowds=()))
        return float(work_out(world, 0).receptions.identity.mean())

    assert read_part(0.0, 0.0) < 0.1
    assert read_part(0.6, 0.0) > 0.95
    assert read_part(0.0, 12e3) > 0.95


def test_a_processor_keeps_what_it_measures_until_a_station_sees_it(read: Scenario) -> None:
    away = msgspec.structs.replace(read.beacons[0], latitude=-50.0, longitude=-150.0, tumble_s=0.0)
    long = msgspec.structs.replace(read, beacons=(away,), crowds=(), duration_s=3 * 3600.0)
    world = World(long)
    kept = 0
    for number in range(6):
        span = work_out(world, number)
        for row in np.flatnonzero(span.receptions.site >= 0):
            satellite = int(span.receptions.satellite[row])
            if world.satellites[satellite].system != "LEO":
                continue
            delivered = float(span.receptions.delivered_s[row])
            assert delivered > span.receptions.arrival_s[row]
            assert any(one.begin_s <= delivered <= one.end_s + 30 for one in contacts_of(world, satellite))
            kept += delivered > span.receptions.arrival_s[row] + 60
    assert kept > 10


def test_a_blocked_horizon_hides_satellites(read: Scenario, small: str) -> None:
    text = small.replace('name = "yacht"', 'name = "yacht"\nblocked = [{ from_deg = 0, to_deg = 360, below_deg = 60 }]')
    open_sky, valley = (World(scenario.parse(one, "x")) for one in (small, text))
    seen = []
    for world in (open_sky, valley):
        span = work_out(world, 0)
        mine = span.sent.sender[span.receptions.burst] == 0
        seen.append(span.receptions.elevation_deg[mine & span.receptions.identity])
    assert seen[0].min() < 30
    assert len(seen[1]) < 0.5 * len(seen[0])
    assert np.all(seen[1] > 60)


def test_positions_in_messages_follow_the_beacon(read: Scenario) -> None:
    from vigie.geodesy import distance_m
    from vigie.message import beacon as messages

    world = World(read)
    jet = next(sender for sender in world.senders if sender.beacon.name == "jet")
    sent = bursts(world, 0, 900)
    mine = np.flatnonzero(sent.sender == jet.index)
    operators = 0
    for burst in mine:
        facts = messages.decode(jet.digits(int(sent.number[burst]))).facts
        operators += bool(facts.get("aircraft_operator_3ld"))
        apart = distance_m(facts["latitude"], facts["longitude"], sent.lat_deg[burst], sent.lon_deg[burst])
        assert apart < (60_000 if facts.get("aircraft_operator_3ld") else 300)
    assert operators >= 6


def test_folder_of_orbits_is_relative_to_the_scenario(tmp_path: Path, small: str) -> None:
    source = World(scenario.parse(small, "x")).orbit_path(scenario.parse(small, "x").satellites[1])
    (tmp_path / "low.tle").write_bytes(source.read_bytes())
    file = tmp_path / "s.toml"
    file.write_text(small.replace('system = "LEO"', 'system = "LEO"\norbits = "low.tle"', 1))
    assert len([item for item in World(scenario.load(file)).satellites if item.system == "LEO"]) == 6


def elevations(text: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Of what is read of the first beacon, and the azimuths."""
    from vigie.geodesy import local_axes
    from vigie.orbit.passes import look

    world = World(scenario.parse(text, "x", folder))
    span = work_out(world, 0)
    table = span.receptions
    rows = np.flatnonzero((span.sent.sender[table.burst] == 0) & table.identity)
    beacon = world.senders[0].beacon
    place, axes = ecef_m(beacon.latitude, beacon.longitude), local_axes(beacon.latitude, beacon.longitude)
    seen = []
    for row in rows:
        satellite = world.satellites[table.satellite[row]]
        seen.append(look(place, axes, true_state(world, satellite, table.arrival_s[row : row + 1])[0])[1][0])
    return table.elevation_deg[rows], np.array(seen)


def test_a_skyline_of_points_hides_what_is_below_it(small: str, tmp_path: Path) -> None:
    given = 'name = "yacht"\nhorizon = [[0, 50], [90, 50], [91, 0], [359, 0]]'
    height, azimuth = elevations(small.replace('name = "yacht"', given), tmp_path)
    north_east = (azimuth < 90) | (azimuth > 359.5)
    assert np.all(height[north_east] > 49)
    assert height[~north_east].min() < 30
    open_sky, _ = elevations(small, tmp_path)
    assert len(height) < len(open_sky)


def test_ridges_of_a_grid_of_heights_hide_satellites(small: str, tmp_path: Path) -> None:
    """A valley that runs north and south, 2 km wide, between walls of 2000 m."""
    cells, step, south, west = 101, 0.002, 46.1, -8.5
    column = np.abs((west + step * (np.arange(cells) + 0.5)) - -8.4) * 111_000 * np.cos(np.radians(46.2))
    row = " ".join("2000" if away > 1000 else "0" for away in column)
    head = f"ncols {cells}\nnrows {cells}\nxllcorner {west}\nyllcorner {south}\ncellsize {step}\nNODATA_value -9999\n"
    (tmp_path / "valley.asc").write_text(head + "\n".join([row] * cells) + "\n")
    text = small.replace("seed = 5", 'seed = 5\nterrain = ["valley.asc"]').replace(
        "longitude = -8.4", "longitude = -8.4"
    )
    height, azimuth = elevations(text, tmp_path)
    across = np.abs(np.sin(np.radians(azimuth))) > 0.9
    assert np.all(height[across] > 55)
    open_sky, way = elevations(small, tmp_path)
    assert open_sky[np.abs(np.sin(np.radians(way))) > 0.9].min() < 45
    (tmp_path / "valley.asc").write_text("no grid")
    with pytest.raises(ConfigError, match=r"terrain: .*valley\.asc"):
        elevations(text, tmp_path)


def alone(read: Scenario, **changes: object) -> Scenario:
    """The world with the yacht alone, upright, its strength steady."""
    yacht = msgspec.structs.replace(read.beacons[0], **({"tumble_s": 0.0, "fading_db": 0.0} | changes))
    return msgspec.structs.replace(read, beacons=(yacht,), crowds=())


@pytest.mark.parametrize("change", [{"fading_db": 6.0}, {"tumble_s": 6.0}])
def test_the_sea_and_a_rolling_antenna_scatter_the_strength(read: Scenario, change: dict[str, float]) -> None:
    def scatter_db(asked: Scenario) -> float:
        table = work_out(World(asked), 0).receptions
        each = [table.cn0_dbhz[table.satellite == one] for one in np.unique(table.satellite[table.precise])]
        return float(np.mean([np.std(one) for one in each if len(one) > 3]))

    assert scatter_db(alone(read)) < 1.0
    assert scatter_db(alone(read, **change)) > 2.5


@pytest.mark.parametrize(
    ("kind", "more", "low", "high"),
    [
        ("sweeper", {"width_hz": 20e3, "period_s": 0.05, "eirp_dbw": 25.0}, 0.0, 0.7),
        ("pulsed", {"duty": 0.02, "period_s": 0.01}, 0.05, 1.0),
        ("pulsed", {"duty": 0.9, "period_s": 0.01}, 0.0, 0.3),
        ("noise", {"width_hz": 5e3, "eirp_dbw": 25.0}, 0.0, 0.4),
    ],
)
def test_every_kind_of_interference_costs_messages(
    read: Scenario, kind: str, more: dict[str, float], low: float, high: float
) -> None:
    asked = alone(read)
    frequency = float(np.median(World(asked).senders[0].frequency_hz))
    item = Interferer(
        name="x", kind=kind, latitude=46.0, longitude=-8.0, frequency_hz=frequency, **({"eirp_dbw": 10.0} | more)
    )
    quiet = work_out(World(asked), 0).receptions
    noisy = work_out(World(msgspec.structs.replace(asked, interference=(item,))), 0).receptions
    assert quiet.identity.mean() > 0.95
    assert low <= noisy.identity.mean() <= high
    assert noisy.cn0_dbhz.mean() < quiet.cn0_dbhz.mean() - 3


def stationed(read: Scenario, **changes: object) -> Scenario:
    medium, low = read.stations
    return msgspec.structs.replace(alone(read), stations=(msgspec.structs.replace(medium, **changes), low))


def medium_orbit(asked: Scenario) -> tuple[World, Span]:
    world = World(asked)
    return world, work_out(world, 0)


def test_antennas_follow_what_the_schedule_says(read: Scenario) -> None:
    def followed(**changes: object) -> set[str]:
        world, span = medium_orbit(stationed(read, **changes))
        return {world.satellites[one].name for one in span.receptions.satellite[span.receptions.precise]}

    everything = followed(track="all")
    highest, spread = (followed(antennas=3, track=how, dwell_s=900.0) for how in ("highest", "spread"))
    assert len(highest) <= 3 < len(everything)
    assert highest < everything
    assert highest != spread
    (one,) = list(highest)[:1]
    assert followed(track="all", follows=(one,)) == {one}


def test_a_station_that_is_off_hears_nothing_and_a_deaf_one_less(read: Scenario) -> None:
    _, span = medium_orbit(stationed(read, off=((0.0, 450.0),)))
    arrival = span.receptions.arrival_s[span.receptions.precise]
    assert arrival.min() >= 450
    good, deaf = (
        medium_orbit(stationed(read, antenna_gain_dbi=26.0, noise_figure_db=figure))[1].receptions
        for figure in (0.5, 15.0)
    )
    assert good.cn0_dbhz[good.precise].mean() > deaf.cn0_dbhz[deaf.precise].mean() + 3
    clock = medium_orbit(stationed(read, clock_rate=1e-7))[1].receptions
    shift_hz = np.median((clock.foa_hz - clock.true_foa_hz)[clock.precise])
    assert shift_hz == pytest.approx(40.6, abs=1.0)

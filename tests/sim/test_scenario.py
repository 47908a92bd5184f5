"""Scenarios: what is read, and what is refused, with file, line, key and what would be right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vigie.errors import ConfigError
from vigie.sim import scenario
from vigie.sim.world import World


def lines_of(text: str, part: str) -> list[int]:
    return [number for number, line in enumerate(text.splitlines(), 1) if part in line]


def test_a_scenario_is_read(small: str) -> None:
    read = scenario.parse(small, "small.toml")
    assert read.length_s == 900
    assert [beacon.name for beacon in read.beacons] == ["yacht", "hiker", "jet"]
    assert read.beacons[2].track[1].at_s == 400
    world = World(read)
    assert {item.system for item in world.satellites} == {"MEO", "LEO"}
    assert len(world.senders) == 6


def test_the_scenarios_that_come_with_it_are_sound() -> None:
    folder = Path(scenario.__file__).with_name("scenarios")
    found = sorted(folder.glob("*.toml"))
    assert found
    for path in found:
        world = World(scenario.load(path))
        assert world.satellites
        assert sum(len(sender.at_s) for sender in world.senders) > 0


@pytest.mark.parametrize(
    ("before", "after", "key", "words"),
    [
        ("tumble_s = 6.0", "tumbles = 6.0", "beacons[1].tumbles", "is tumble_s meant?"),
        ("latitude = 46.2", "latitude = 96.2", "beacons[1].latitude", "<= 90"),
        ("seed = 5", "seed = -5", "seed", ">= 0"),
        ("antennas = 8", 'antennas = "eight"', "stations[1].antennas", "int"),
        ("off_s = 600", "off_s = 100", "beacons[3].off_s", "ends before it begins"),
        ("at_s = 400", "at_s = 0", "beacons[3].track", "do not rise"),
        ("on_s = 100", "on_s = 1000", "beacons[2].on_s", "after the end"),
        ("serial_number = 9000", "serial_number = 90000", "crowds[1].message", "serial_number"),
        ('callsign = "VIGI001"', 'call_sign = "VIGI001"', "beacons[1].message", "call_sign"),
        ('name = "hiker"', 'name = "yacht"', "beacons[2].name", "unique"),
        ("box = [30.0, -30.0, 50.0, 10.0]", "box = [50.0, -30.0, 30.0, 10.0]", "crowds[1].box", "below its south"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(small: str, before: str, after: str, key: str, words: str) -> None:
    text = small.replace(before, after, 1)
    with pytest.raises(ConfigError) as refused:
        scenario.parse(text, "small.toml")
    said = str(refused.value)
    assert key in said
    assert words in said
    assert said.startswith("small.toml, line ")
    number = int(re.findall(r"line (\d+)", said)[0])
    # the key's own line, or that of the table it stands in
    assert min(abs(number - line) for line in lines_of(text, after)) <= 8


def test_a_beacon_without_a_message_is_refused(small: str) -> None:
    text = "\n".join(line for line in small.splitlines() if "VIGI001" not in line)
    with pytest.raises(ConfigError, match=r"line 26: beacons\[1\] has no message: give it the values"):
        scenario.parse(text, "small.toml")


def test_times_reversed_are_refused(small: str) -> None:
    text = small.replace("duration_s = 900", 'end = "2026-08-22T23:00:00Z"')
    with pytest.raises(ConfigError, match=r"line 3: end is not after start"):
        scenario.parse(text, "small.toml")


def test_an_impossible_orbit_is_refused(small: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.tle"
    file.write_text(
        "METOP-B\n1 38771U 12049A   26234.28642702  .00000056  00000+0  45504-4 0  9992\n"
        "2 38771  98.6453 284.4498 0003062 135.8622 224.2800 14.21454353722653\n"
    )
    text = small.replace('system = "LEO"', f'system = "LEO"\norbits = "{file.name}"', 1)
    with pytest.raises(ConfigError, match=r"bad\.tle, line 3: its checksum is 3 and should be 2"):
        assert World(scenario.parse(text, "small.toml", tmp_path)).satellites
    text = text.replace(file.name, "absent.tle")
    with pytest.raises(ConfigError, match=r"absent\.tle: not readable"):
        assert World(scenario.parse(text, "small.toml", tmp_path)).satellites


@pytest.mark.parametrize(
    ("eccentricity", "revolutions", "words"),
    [
        ("9003062", 14.2145, "km from the Earth's centre, and an orbit stays between 6450"),
        ("0003062", 18.5, "is none in the scenario's time"),
        ("0003062", 0.1, "cannot be: it leads from 196"),
    ],
)
def test_elements_of_an_orbit_that_cannot_be_are_refused(
    small: str, tmp_path: Path, eccentricity: str, revolutions: float, words: str
) -> None:
    """Sound lines by their checksums; the orbit goes through the Earth, or beyond all that hears beacons."""

    def summed(line: str) -> str:
        return line + str(sum(int(sign) if sign.isdigit() else sign == "-" for sign in line) % 10)

    (tmp_path / "low.tle").write_text(
        "METOP-B\n"
        + summed("1 38771U 12049A   26234.28642702  .00000056  00000+0  45504-4 0  999")
        + "\n"
        + summed(f"2 38771  98.6453 284.4498 {eccentricity} 135.8622 224.2800 {revolutions:11.8f}72265")
        + "\n"
    )
    file = tmp_path / "world.toml"
    file.write_text(small.replace('system = "LEO"', 'system = "LEO"\norbits = "low.tle"', 1))
    place = r"world\.toml, line 12: satellites\[2\]\.orbits cannot be used: "
    with pytest.raises(ConfigError, match=place) as refused:
        scenario.load(file)
    assert words in str(refused.value)
    assert "METOP-B" in str(refused.value)


@pytest.mark.parametrize(
    ("before", "after", "line", "words"),
    [
        (
            'system = "LEO"', 'system = "LEO"\norbits = "low.tle"', 12,
            "low.tle, line 3: its checksum is 3 and should be 2",
        ),
        ('select = ["GSAT0"]', 'select = ["GSAT9"]', 6, "no satellite of it is among GSAT9"),
        (
            'start = "2026-08-23T00:00:00Z"', 'start = "2090-08-23T00:00:00Z"', 6,
            "is none in the scenario's time: elements or tables near it are needed",
        ),
        ("seed = 5", 'seed = 5\nterrain = ["no.hgt"]', 5, "terrain cannot be used: terrain: "),
        ('name = "yacht"', 'name = "yacht"\nhorizon = [[0, 95]]', 28, "beacons[1].horizon is not right"),
    ],
)  # fmt: skip
def test_a_file_is_refused_with_its_name_and_line(
    small: str, tmp_path: Path, before: str, after: str, line: int, words: str
) -> None:
    (tmp_path / "low.tle").write_text(
        "METOP-B\n1 38771U 12049A   26234.28642702  .00000056  00000+0  45504-4 0  9992\n"
        "2 38771  98.6453 284.4498 0003062 135.8622 224.2800 14.21454353722653\n"
    )
    file = tmp_path / "world.toml"
    file.write_text(small.replace(before, after, 1))
    with pytest.raises(ConfigError) as refused:
        scenario.load(file)
    assert words in str(refused.value)
    assert f"world.toml, line {line}: " in str(refused.value)


def test_no_toml_is_refused() -> None:
    with pytest.raises(ConfigError, match="x: no TOML"):
        scenario.parse("title =", "x")

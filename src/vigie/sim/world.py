"""A scenario made ready: satellites with orbits, stations, every beacon with its bursts. The same seed, the same world.

Each beacon, satellite and span of time draws from a generator of its own, so that no result depends on the order of the
work or on who does it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from vigie.constants import EARTH_GM_M3PS2, EARTH_ROTATION_RADPS
from vigie.errors import ConfigError, InputError
from vigie.geodesy import ecef_m, local_axes
from vigie.locate.measurement import Ground
from vigie.orbit import files as orbit_files
from vigie.orbit.ephemeris import Ephemeris, Orbits
from vigie.orbit.fleet import fleet
from vigie.sim import places, schedule
from vigie.sim.budget import PAYLOADS, Payload, g_over_t_dbk, payload_of
from vigie.sim.says import Speaker, is_second, numbered
from vigie.sim.scenario import Beacon, Crowd, Satellites, Scenario, Schedule, Station, System, Window

Array = NDArray[np.float64]

_LOWEST_M, _HIGHEST_M = 6.45e6, 1e8
"""from the Earth's centre: 80 km up, where no orbit lasts, and beyond all that hears beacons"""
_BUILTIN: dict[System, str] = {"LEO": "leosar.tle", "MEO": "meosar.tle", "GEO": "geosar.tle"}
FGB_CHANNELS_HZ = (406.025e6, 406.028e6, 406.031e6, 406.037e6, 406.040e6)
"""channels of C/S T.012 in which beacons were or are placed"""
SGB_CARRIER_HZ = 406.05e6


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """The random numbers of one part of a world."""
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])


@dataclass(frozen=True, eq=False)
class Satellite:
    """A satellite with its payload."""

    name: str
    """NORAD number where its orbit says one"""
    title: str
    system: System
    payload: Payload
    ephemeris: Ephemeris
    ahead_s: float
    """how much further along its track it truly is than its published orbit says"""
    off: tuple[Window, ...]

    def named(self, parts: tuple[str, ...]) -> bool:
        """Whether its name or number contains one of these."""
        words = f"{self.title} {self.name}".upper()
        return any(part.upper() in words for part in parts)


@dataclass(frozen=True, eq=False)
class Site:
    """A station with what is computed from it once."""

    station: Station
    place_m: Array
    axes: Array
    g_over_t_dbk: float | None


@dataclass(frozen=True, eq=False)
class Sender:
    """A beacon with all its bursts, in order of time; arrays ``(n,)``."""

    index: int
    beacon: Beacon
    second: bool
    on_s: float
    off_s: float
    at_s: Array
    """beginnings of its bursts, seconds past the start of the scenario"""
    operator: NDArray[np.bool_]
    frequency_hz: Array
    """in the middle of each burst"""
    drift_hz_per_s: Array
    speaker: Speaker

    @property
    def burst_s(self) -> float:
        """Length of one burst."""
        return 1.0 if self.second else 0.52

    def digits(self, number: int) -> str:
        """Hex of one of its bursts."""
        past_s = float(self.at_s[number] - self.on_s)
        return self.speaker.digits(number, past_s, bool(self.operator[number]), self._place)

    def _place(self, past_s: float) -> tuple[float, float, float]:
        lat, lon, height = places.place(self.beacon, past_s)
        return float(lat[0]), float(lon[0]), float(height[0])


class World:
    """Everything that a scenario says, with its random parts drawn."""

    def __init__(self, scenario: Scenario, seed: int | None = None) -> None:
        """Raises ConfigError for an orbit that cannot be or that names no satellite."""
        self.scenario = scenario
        self.seed = scenario.seed if seed is None else seed
        self.began = scenario.began
        self.length_s = scenario.length_s

    @cached_property
    def satellites(self) -> tuple[Satellite, ...]:
        """Every satellite, in the order of the scenario."""
        found = [item for group in self.scenario.satellites for item in self.satellites_of(group)]
        return tuple({item.name: item for item in found}.values())

    def satellites_of(self, group: Satellites) -> Iterator[Satellite]:
        """Those of one table of the scenario. Raises ConfigError."""
        orbits = self._orbits(group)
        titles = {str(row.norad): row.name for row in fleet()}
        count = 0
        for ephemeris in orbits.ephemerides:
            names = " ".join(ephemeris.names)
            numbers = [name for name in ephemeris.names if name.isdigit()]
            name = numbers[0] if numbers else ephemeris.names[0]
            title = f"{ephemeris.names[0]} {titles.get(name, '')}".strip()
            words = f"{names} {title}".upper()
            if group.select and not any(part.upper() in words for part in group.select):
                continue
            if any(part.upper() in words for part in group.without):
                continue
            count += 1
            payload = payload_of(title, group.system) if group.payload == "auto" else PAYLOADS[group.payload]
            yield Satellite(
                name, title, group.system, payload, ephemeris, self._ahead_s(group, name, ephemeris), group.off
            )
        if not count:
            raise ConfigError(f"{group.orbits}: no satellite of it is among {', '.join(group.select) or 'those left'}")

    def _orbits(self, group: Satellites) -> Orbits:
        if group.payload != "auto" and group.payload not in PAYLOADS:
            raise ConfigError(f"payload {group.payload!r} is none of auto, {', '.join(PAYLOADS)}")
        try:
            orbits = orbit_files.read_files([self.orbit_path(group)])
        except InputError as error:
            raise ConfigError(f"satellites of {group.orbits!r}: {error}") from None
        if orbits.refused:
            bad = orbits.refused[0]
            raise ConfigError(f"satellites of {group.orbits!r}: {bad.where}: {bad.reason}")
        times = self.began + np.array([0, self.length_s * 1e9]).astype("timedelta64[ns]")
        for ephemeris in orbits.ephemerides:
            position, velocity = ephemeris.state(times)
            radius = np.linalg.norm(position, axis=-1)
            name = ephemeris.names[0]
            lowest, highest = _extremes_m(position[0], velocity[0])
            if np.isfinite(lowest) and not _LOWEST_M < lowest <= highest < _HIGHEST_M:
                raise ConfigError(
                    f"satellites of {group.orbits!r}: the orbit of {name} ({ephemeris.source}) cannot be: it leads "
                    f"from {lowest / 1e3:.0f} to {highest / 1e3:.0f} km from the Earth's centre, and an orbit stays "
                    f"between {_LOWEST_M / 1e3:.0f} and {_HIGHEST_M / 1e3:.0f} km: mean motion or eccentricity is wrong"
                )
            if not np.all(radius > _LOWEST_M):
                words = f"the orbit of {name} ({ephemeris.source}) is none in the scenario's time"
                raise ConfigError(f"satellites of {group.orbits!r}: {words}: elements or tables near it are needed")
        return orbits

    def orbit_path(self, group: Satellites) -> Path:
        """The file that a group's orbits are in."""
        if group.orbits == "builtin":
            return Path(str(files("vigie.sim").joinpath("orbits", _BUILTIN[group.system])))
        return Path(self.scenario.folder) / group.orbits

    def _ahead_s(self, group: Satellites, name: str, ephemeris: Ephemeris) -> float:
        moment = np.array([self.began])
        sigma_m = float(ephemeris.sigma_m(moment)[0, 1]) if group.along_error_m is None else group.along_error_m
        position, velocity = ephemeris.state(moment)
        spin = np.cross([0.0, 0.0, 7.292115e-5], position[0])
        speed = float(np.linalg.norm(velocity[0] + spin))
        return float(generator(self.seed, "orbit", name).normal() * sigma_m / speed)

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Every station."""
        return tuple(self._site(station) for station in self.scenario.stations)

    def _site(self, station: Station) -> Site:
        g_over_t = None
        if station.antenna_gain_dbi is not None:
            g_over_t = g_over_t_dbk(
                station.antenna_gain_dbi, station.noise_figure_db or 0.0, station.antenna_temperature_k
            )
        return Site(
            station,
            ecef_m(station.latitude, station.longitude, station.altitude_m),
            local_axes(station.latitude, station.longitude),
            g_over_t,
        )

    @cached_property
    def ground(self) -> Ground | None:
        """Heights of the ground, where the scenario names grids. Raises ConfigError for one that cannot be read."""
        from vigie.locate.terrain import read_terrain

        if not self.scenario.terrain:
            return None
        try:
            return read_terrain([Path(self.scenario.folder) / name for name in self.scenario.terrain])
        except InputError as error:
            raise ConfigError(f"terrain: {error}") from None

    @cached_property
    def senders(self) -> tuple[Sender, ...]:
        """Every beacon with its bursts, those of crowds after the named ones."""
        named = [*self.scenario.beacons, *(item for crowd in self.scenario.crowds for item in self._crowd(crowd))]
        return tuple(self._sender(index, beacon) for index, beacon in enumerate(named))

    def _crowd(self, crowd: Crowd) -> Iterator[Beacon]:
        rng = generator(self.seed, "crowd", crowd.name)
        south, west, north, east = crowd.box
        east = east + 360 if east <= west else east
        if crowd.spacing == "grid":
            steps = np.arange(crowd.count)
            up, across = (steps + 0.5) / crowd.count, steps * 0.6180339887498949 % 1
        else:
            up, across = rng.random(crowd.count), rng.random(crowd.count)
        low, high = np.sin(np.radians(south)), np.sin(np.radians(north))
        lat = np.degrees(np.arcsin(low + up * (high - low)))
        lon = (west + across * (east - west) + 180) % 360 - 180
        shared = {
            key: getattr(crowd, key)
            for key in crowd.__struct_fields__
            if key in Beacon.__struct_fields__ and key not in ("name", "message")
        }
        for index in range(crowd.count):
            on_s, off_s = 0.0, None
            if crowd.lasting_s is not None:
                lasting = rng.uniform(*crowd.lasting_s)
                on_s = rng.uniform(-lasting, self.length_s)
                off_s = on_s + lasting
            yield Beacon(
                name=f"{crowd.name} {index + 1}",
                latitude=float(lat[index]),
                longitude=float(lon[index]),
                on_s=on_s,
                off_s=off_s,
                message=numbered(crowd.message, index),
                **shared,
            )

    def _sender(self, index: int, beacon: Beacon) -> Sender:
        rng = generator(self.seed, "beacon", beacon.name)
        second = is_second(beacon)
        off_s = self.length_s if beacon.off_s is None else min(beacon.off_s, self.length_s)
        lasting_s = off_s - beacon.on_s
        if beacon.at_s is not None:
            past = np.array([at for at in beacon.at_s if at < lasting_s], float)
            operator = np.zeros(len(past), bool)
        else:
            past, operator = schedule.bursts(_schedule(beacon, second), lasting_s, rng)
        at_s = past + beacon.on_s
        inside = at_s >= 0
        past, operator, at_s = past[inside], operator[inside], at_s[inside]
        frequency_hz, slope = self._frequency(beacon, second, past, rng)
        seed = int(rng.integers(1, 2**31))
        return Sender(
            index, beacon, second, beacon.on_s, off_s, at_s, operator, frequency_hz, slope, Speaker(beacon, seed)
        )

    def _frequency(self, beacon: Beacon, second: bool, past: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        kind = beacon.oscillator
        channel = SGB_CARRIER_HZ if second else float(rng.choice(FGB_CHANNELS_HZ))
        offset = float(rng.uniform(-300, 300)) if kind.offset_hz is None else kind.offset_hz
        drift = float(rng.normal() * 0.2) if kind.drift_ppb_per_min is None else kind.drift_ppb_per_min
        carrier = beacon.carrier_hz or channel
        warm = kind.warm_up_ppb * np.exp(-past / kind.warm_up_s)
        ppb = drift * past / 60 + warm + rng.normal(size=past.size) * kind.wander_ppb
        slope_ppb = drift / 60 - warm / kind.warm_up_s
        if not beacon.carrier_hz or kind.offset_hz is not None:
            carrier += offset
        return carrier * (1 + 1e-9 * ppb), carrier * 1e-9 * slope_ppb


def _schedule(beacon: Beacon, second: bool) -> Schedule:
    if beacon.schedule is not None:
        return beacon.schedule
    if beacon.kind == "ELT_DT":
        operator = "operator" in beacon.message
        return "sgb_elt_dt" if second else "elt_dt_operator" if operator else "elt_dt"
    return "sgb" if second else "fgb"


@lru_cache(maxsize=2)
def _remembered(coded: bytes, seed: int) -> World:
    return World(msgspec.msgpack.decode(coded, type=Scenario), seed)


def world_of(coded: bytes, seed: int) -> World:
    """The world of a scenario as ``coded`` carries it from process to process; kept for the next item of work."""
    return _remembered(coded, seed)


def coded(scenario: Scenario) -> bytes:
    """A scenario as bytes, for a worker; its paths made absolute."""
    folder = str(Path(scenario.folder).resolve())
    return msgspec.msgpack.encode(msgspec.structs.replace(scenario, folder=folder))


def _extremes_m(position_m: Array, velocity_mps: Array) -> tuple[float, float]:
    """Perigee and apogee from the Earth's centre of the ellipse through a state ``(3,)`` over the turning Earth."""
    spin = EARTH_ROTATION_RADPS * np.array([-position_m[1], position_m[0], 0.0])
    speed = velocity_mps + spin
    radius = float(np.linalg.norm(position_m))
    inverse = 2 / radius - float(speed @ speed) / EARTH_GM_M3PS2
    if inverse <= 0:
        return radius, float("inf")
    turn = float(np.linalg.norm(np.cross(position_m, speed)))
    eccentricity = float(np.sqrt(max(1 - turn**2 * inverse / EARTH_GM_M3PS2, 0.0)))
    return (1 - eccentricity) / inverse, (1 + eccentricity) / inverse

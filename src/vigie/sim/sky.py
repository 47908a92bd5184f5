"""Where satellites truly are during a span, quickly at many instants, and which of them each station tracks.

States are computed on a grid and interpolated by cubics: within a centimetre and 0.1 mm/s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vigie.constants import EARTH_ROTATION_RADPS
from vigie.orbit.passes import look
from vigie.sim.world import Satellite, Site, World

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LOW_M = 9e6


@dataclass(frozen=True, eq=False)
class Course:
    """One satellite's true path over a span: a grid in seconds past the start of the scenario."""

    first_s: float
    step_s: float
    position_m: Array
    """(g, 3)"""
    velocity_mps: Array

    def state(self, at_s: Array) -> tuple[Array, Array]:
        """Earth-fixed position and velocity ``(n, 3)``."""
        place = (at_s - self.first_s) / self.step_s
        index = np.clip(place.astype(np.intp), 1, len(self.position_m) - 3)
        t = (place - index)[:, None]
        weights = (
            -t * (t - 1) * (t - 2) / 6,
            (t + 1) * (t - 1) * (t - 2) / 2,
            -(t + 1) * t * (t - 2) / 2,
            (t + 1) * t * (t - 1) / 6,
        )
        position = np.zeros((len(at_s), 3))
        velocity = np.zeros((len(at_s), 3))
        for shift, weight in enumerate(weights, -1):
            position += weight * self.position_m[index + shift]
            velocity += weight * self.velocity_mps[index + shift]
        return position, velocity


def course(world: World, satellite: Satellite, begin_s: float, end_s: float) -> Course:
    """The true path of a satellite over a span, with a little more on both sides."""
    moment = world.began + np.timedelta64(round(begin_s * 1e9), "ns")
    radius = float(np.linalg.norm(satellite.ephemeris.state(np.array([moment]))[0]))
    step = 10.0 if radius < _LOW_M else 60.0
    grid = np.arange(begin_s - 2 * step, end_s + 3 * step, step)
    return Course(float(grid[0]), step, *true_state(world, satellite, grid))


def true_state(world: World, satellite: Satellite, at_s: Array) -> tuple[Array, Array]:
    """Where a satellite truly is: further along its published path, on the Earth of now."""
    times = world.began + np.rint((at_s + satellite.ahead_s) * 1e9).astype("int64").astype("timedelta64[ns]")
    position, velocity = satellite.ephemeris.state(times)
    angle = EARTH_ROTATION_RADPS * satellite.ahead_s
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    return position @ turn.T, velocity @ turn.T


def working(windows: tuple[tuple[float, float], ...], at_s: Array) -> Flags:
    """Whether something with these silent windows works at times ``(n,)``."""
    on = np.ones(np.shape(at_s), bool)
    for begin, end in windows:
        on &= ~((at_s >= begin) & (at_s < end))
    return on


class Tracking:
    """Which satellites each station's antennas follow during a span, given out anew every ``dwell_s``."""

    def __init__(self, world: World, courses: list[Course], begin_s: float, end_s: float) -> None:
        self._tables: list[tuple[float, float, Flags]] = []
        for site in world.sites:
            dwell = site.station.dwell_s
            first = np.floor(begin_s / dwell) * dwell
            epochs = np.arange(first, end_s + dwell, dwell)
            self._tables.append((float(first), dwell, _given(world, site, courses, epochs)))

    def tracked(self, site: int, satellite: int, at_s: Array) -> Flags:
        """Whether a station follows a satellite at times ``(n,)``."""
        first, dwell, table = self._tables[site]
        index = np.clip(((at_s - first) / dwell).astype(np.intp), 0, table.shape[1] - 1)
        return np.asarray(table[satellite, index])


def _given(world: World, site: Site, courses: list[Course], epochs: Array) -> Flags:
    """(satellites, epochs): followed or not. A satellite has to be up in the middle of the dwell."""
    station = site.station
    middle = epochs + station.dwell_s / 2
    elevation = np.full((len(courses), len(epochs)), -90.0)
    azimuth = np.zeros_like(elevation)
    for index, (satellite, path) in enumerate(zip(world.satellites, courses, strict=True)):
        if satellite.system != station.system or satellite.payload.downlink_hz is None:
            continue
        if not station.follows or satellite.named(station.follows):
            elevation[index], azimuth[index], _ = look(site.place_m, site.axes, path.state(middle)[0])
    up = elevation >= station.least_elevation_deg
    if station.track == "all":
        return up
    chosen = np.zeros_like(up)
    for epoch in range(len(epochs)):
        candidates = np.flatnonzero(up[:, epoch])
        if len(candidates) > station.antennas and station.track == "spread":
            candidates = _spread(elevation[candidates, epoch], azimuth[candidates, epoch], candidates, station.antennas)
        else:
            order = np.argsort(-elevation[candidates, epoch], kind="stable")
            candidates = candidates[order[: station.antennas]]
        chosen[candidates, epoch] = True
    return chosen


def _spread(elevation: Array, azimuth: Array, candidates: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """The highest satellite, then again and again the one farthest in the sky from those chosen."""
    up, turn = np.radians(elevation), np.radians(azimuth)
    unit = np.stack([np.cos(up) * np.sin(turn), np.cos(up) * np.cos(turn), np.sin(up)], axis=-1)
    picked = [int(np.argmax(elevation))]
    nearness = unit @ unit[picked[0]]
    while len(picked) < count:
        following = int(np.argmin(nearness))
        picked.append(following)
        nearness = np.maximum(nearness, unit @ unit[following])
    return candidates[picked]


@dataclass(frozen=True)
class Contact:
    """A stay of a satellite above a station's horizon."""

    begin_s: float
    end_s: float
    site: int


def contacts(world: World, satellite: Satellite, until_s: float) -> list[Contact]:
    """When a processor's memory can be read, to 15 s: over the stations of its system, in order of time."""
    grid = np.arange(0.0, until_s + 30.0, 15.0)
    position, _ = true_state(world, satellite, grid)
    found = []
    for index, site in enumerate(world.sites):
        if site.station.system != satellite.system:
            continue
        up = look(site.place_m, site.axes, position)[0] >= site.station.least_elevation_deg
        up &= working(site.station.off, grid)
        edges = np.diff(np.concatenate([[0], up.astype(int), [0]]))
        for first, after in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
            found.append(Contact(float(grid[first]), float(grid[after - 1]), index))
    return sorted(found, key=lambda one: (one.begin_s, one.site))

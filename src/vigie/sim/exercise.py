"""The built-in exercise: a scenario played in the time of now, one satellite's channel as samples, others as messages.

The geometry is that of the scenario's own time; all instants are moved, and the orbits with them, so that a receiver, a
locator and a clock of now find everything in its place.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from vigie import ingest
from vigie.errors import ConfigError
from vigie.instants import Instant
from vigie.orbit.ephemeris import Array, Ephemeris, Orbits, Times
from vigie.records import Detection, Samples
from vigie.sim import player, scenario
from vigie.sim.receptions import spans, work_out
from vigie.sim.scenario import Channel, Play, Scenario
from vigie.sim.sky import contacts
from vigie.sim.told import detections
from vigie.sim.world import World

NAME = "morning"
"""of the scenario that ``vigie run`` plays"""
_AROUND = np.timedelta64(3600, "s")


def load(name: str = NAME) -> Scenario:
    """A scenario that comes with Vigie, by default the one of the exercise."""
    return scenario.load(scenario.path_of(name))


class Exercise:
    """A scenario with a ``[play]`` table; it begins when something of it is first asked for."""

    def __init__(self, asked: Scenario, clock: Callable[[], Instant]) -> None:
        """``clock``: when it begins. Raises ConfigError when there is nothing to be played as samples."""
        if asked.play is None:
            raise ConfigError(f"{asked.title}: it has no table [play], which says what is played as samples")
        self.play: Play = asked.play
        self.world = World(asked)
        self._clock, self._lock = clock, threading.Lock()
        self._start: Instant | None = None
        self.satellite = self._satellite()
        begin_s, end_s = self._in_sight()
        channel = Channel(
            satellites=(self.world.satellites[self.satellite].name,), rate_hz=self.play.rate_hz,
            centre_hz=self.play.centre_hz, from_s=begin_s, until_s=end_s,
        )  # fmt: skip
        self.scenario = msgspec.structs.replace(asked, output=msgspec.structs.replace(asked.output, channel=channel))

    @property
    def start(self) -> Instant:
        """The moment of now at which the scenario began."""
        with self._lock:
            if self._start is None:
                self._start = self._clock()
            return self._start

    @property
    def satellite_name(self) -> str:
        """The satellite whose channel is played as samples, as detections name it."""
        return self.world.satellites[self.satellite].name

    def _satellite(self) -> int:
        found = [i for i, one in enumerate(self.world.satellites) if one.named((self.play.satellite,))]
        if len(found) != 1:
            raise ConfigError(f"play.satellite: {self.play.satellite!r} names {len(found)} of its satellites, not one")
        return found[0]

    def _in_sight(self) -> tuple[float, float]:
        """When a station sees the satellite, which is when its samples can be had."""
        over = contacts(self.world, self.world.satellites[self.satellite], self.world.length_s)
        if not over:
            raise ConfigError(f"play.satellite: no station sees {self.play.satellite!r} in the scenario's time")
        return over[0].begin_s, min(over[0].end_s, self.world.length_s)

    def samples(self) -> Iterator[Samples]:
        """The channel, dated from ``start`` on."""
        (band,) = player.channels(self.scenario)
        begin_s = self.scenario.output.channel.from_s
        return player.samples(self.scenario, band, self.start + np.timedelta64(round(begin_s * 1e9), "ns"))

    def messages(self) -> Iterator[tuple[Instant, Detection]]:
        """What was received by way of the other satellites, each with the moment at which it is there."""
        name = self.satellite_name
        for number in range(spans(self.world)):
            for delivered_s, line in detections(self.world, work_out(self.world, number), self.start):
                body = json.loads(line)
                if str(body["satellite"]) != name:
                    yield self.start + np.timedelta64(round(delivered_s * 1e9), "ns"), ingest.detection(body)

    def orbits(self) -> Orbits:
        """The orbits as published, in the time of now."""
        return Orbits(tuple(_Moved(item.ephemeris, self) for item in self.world.satellites))


@dataclass(frozen=True, eq=False)
class _Moved:
    """An orbit as it is in the scenario's time, told in the time of now; unknown long before and after."""

    inner: Ephemeris
    exercise: Exercise

    @property
    def names(self) -> tuple[str, ...]:
        return self.inner.names

    @property
    def source(self) -> str:
        return self.inner.source

    def _then(self, times: Times) -> Times:
        return np.asarray(times, "datetime64[ns]") - self.exercise.start + self.exercise.world.began

    def state(self, times: Times) -> tuple[Array, Array]:
        then, world = self._then(times), self.exercise.world
        length = np.timedelta64(round(world.length_s * 1e9), "ns")
        outside = (then < world.began - _AROUND) | (then > world.began + length + _AROUND)
        position, velocity = self.inner.state(np.where(outside, world.began, then))
        return np.where(outside[..., None], np.nan, position), np.where(outside[..., None], np.nan, velocity)

    def sigma_m(self, times: Times) -> Array:
        return self.inner.sigma_m(self._then(times))

    def age_s(self, times: Times) -> Array:
        return self.inner.age_s(self._then(times))

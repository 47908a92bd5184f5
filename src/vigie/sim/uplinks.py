"""The bursts of a span and how each satellite in view receives them: when, on what frequency, how strong.

The forward model is the estimator's own: ``vigie.locate.uplink`` and ``vigie.locate.media``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.geodesy import ecef_m, local_axes
from vigie.locate import media
from vigie.locate.uplink import path
from vigie.sim import budget, horizon, places
from vigie.sim.scenario import Beacon
from vigie.sim.sky import Course, working
from vigie.sim.world import Satellite, World, generator

Array = NDArray[np.float64]
Index = NDArray[np.intp]

MARGIN_S = 2.0
"""bursts this far outside a span still disturb those inside it"""


@dataclass(frozen=True, eq=False)
class Bursts:
    """Bursts of a span with a margin, arrays ``(n,)``, sender by sender."""

    sender: Index
    number: Index
    """of the sender's bursts"""
    sent_s: Array
    length_s: Array
    second: NDArray[np.bool_]
    frequency_hz: Array
    drift_hz_per_s: Array
    power_dbw: Array
    lat_deg: Array
    lon_deg: Array
    height_m: Array
    place_m: Array
    """(n, 3)"""
    velocity_mps: Array
    axes: Array
    """(n, 3, 3) east, north, up"""


@dataclass(frozen=True, eq=False)
class Uplinks:
    """Bursts at one satellite, arrays ``(k,)``."""

    burst: Index
    """into the span's bursts"""
    arrival_s: Array
    foa_hz: Array
    elevation_deg: Array
    cn0_dbhz: Array
    """in the satellite's receiver, without interference"""


def bursts(world: World, begin_s: float, end_s: float) -> Bursts:
    """Every burst that begins between two times, and those just outside."""
    parts = []
    for sender in world.senders:
        low, high = np.searchsorted(sender.at_s, [begin_s - MARGIN_S, end_s + MARGIN_S])
        if low == high:
            continue
        numbers = np.arange(low, high)
        at_s = sender.at_s[low:high]
        lat, lon, height = places.place(sender.beacon, at_s - sender.on_s)
        velocity = places.velocity_mps(sender.beacon, at_s - sender.on_s)
        count = len(numbers)
        parts.append(
            (
                np.full(count, sender.index),
                numbers,
                at_s,
                np.full(count, sender.burst_s),
                np.full(count, sender.second),
                sender.frequency_hz[low:high],
                np.broadcast_to(sender.drift_hz_per_s, sender.at_s.shape)[low:high],
                np.full(count, sender.beacon.power_dbw),
                lat,
                lon,
                height,
                ecef_m(lat, lon, height),
                velocity,
            )
        )
    if not parts:
        none = np.zeros(0)
        index = np.zeros(0, np.intp)
        flags = np.zeros(0, bool)
        space = np.zeros((0, 3))
        return Bursts(
            index, index, none, none, flags, none, none, none, none, none, none, space, space, np.zeros((0, 3, 3))
        )
    columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    columns.append(local_axes(columns[8], columns[9]))
    return Bursts(*columns)


def heard_by(world: World, satellite: Satellite, course: Course, sent: Bursts, rng: np.random.Generator) -> Uplinks:
    """The bursts above a satellite's horizon as it receives them."""
    position, _ = course.state(sent.sent_s + 0.05)
    line = position - sent.place_m
    up = np.einsum("nk,nk->n", line, sent.axes[:, 2]) > 0
    up &= working(satellite.off, sent.sent_s)
    index = np.flatnonzero(up)
    place, velocity, axes = sent.place_m[index], sent.velocity_mps[index], sent.axes[index]
    sent_s, sent_hz = sent.sent_s[index], sent.frequency_hz[index]
    air = world.scenario.air
    delay = np.linalg.norm(line[index], axis=-1) / 299_792_458.0
    ratio = np.zeros(len(index))
    for _ in range(3):
        position, speed = course.state(sent_s + delay)
        link = path(place, velocity, position, speed)
        extra, ratio = np.zeros(len(index)), np.zeros(len(index))
        if air.tec_tecu:
            late, shift = media.per_tecu(place, axes[:, 2], position, speed, sent_hz)
            extra, ratio = extra + air.tec_tecu * late, ratio + air.tec_tecu * shift
        if air.troposphere:
            late, shift = media.troposphere(place, axes[:, 2], sent.height_m[index], position, speed)
            extra, ratio = extra + late, ratio + shift
        delay = link.delay_s + extra
    local = np.einsum("nij,nj->ni", axes, link.direction)
    elevation = np.degrees(np.arcsin(np.clip(local[:, 2], -1, 1)))
    power = sent.power_dbw[index] + _antenna_dbi(world, sent, index, local, elevation, rng)
    cn0 = budget.uplink_dbhz(satellite.payload, power, link.delay_s * 299_792_458.0)
    return Uplinks(index, sent_s + delay, sent_hz * (1 + link.ratio_less_1 + ratio), elevation, cn0)


def _antenna_dbi(
    world: World, sent: Bursts, index: Index, local: Array, elevation: Array, rng: np.random.Generator
) -> Array:
    """Gain towards the satellite (east, north, up ``local``): pattern, tumbling, blocked horizon, fading."""
    gain = np.zeros(len(index))
    fade = rng.normal(size=len(index))
    senders = sent.sender[index]
    for number in np.unique(senders):
        mine = senders == number
        sender = world.senders[number]
        beacon = sender.beacon
        seen = elevation[mine]
        if beacon.tumble_s:
            seen = _tilted(beacon, world.seed, sent.sent_s[index[mine]], local[mine])
        mine_gain = budget.monopole_dbi(seen) if beacon.antenna == "monopole" else np.zeros(len(seen))
        azimuth = np.degrees(np.arctan2(local[mine, 0], local[mine, 1])) % 360
        mine_gain = mine_gain - horizon.BEHIND_DB * (elevation[mine] < _skyline(world, sent, index[mine], azimuth))
        if beacon.blocked:
            for part in beacon.blocked:
                width = (part.to_deg - part.from_deg) % 360 or 360.0
                inside = (azimuth - part.from_deg) % 360 <= width
                mine_gain = mine_gain - part.loss_db * (inside & (elevation[mine] < part.below_deg))
        gain[mine] = mine_gain + fade[mine] * beacon.fading_db
    return gain


def _skyline(world: World, sent: Bursts, index: Index, azimuth_deg: Array) -> Array:
    """Elevation of what stands in the way of bursts of one sender, towards these azimuths."""
    beacon = world.senders[sent.sender[index[0]]].beacon
    skyline = np.full(len(index), -90.0)
    if beacon.horizon:
        skyline = horizon.of_points(beacon.horizon, azimuth_deg)
    if world.ground is not None:
        places = np.round(np.stack([sent.lat_deg[index], sent.lon_deg[index]], axis=-1), 2)  # a kilometre apart
        for place in np.unique(places, axis=0):
            here = np.all(places == place, axis=-1)
            first = index[np.flatnonzero(here)[0]]
            seen = horizon.of_ground(
                world.ground, sent.lat_deg[first], sent.lon_deg[first], sent.height_m[first], azimuth_deg[here]
            )
            skyline[here] = np.maximum(skyline[here], seen)
    return skyline


def _tilted(beacon: Beacon, seed: int, at_s: Array, local: Array) -> Array:
    """Elevation over the ground plane of an antenna that rolls over and back by up to 70 degrees, its roll axis slowly
    turning."""
    rng = generator(seed, "tumble", beacon.name)
    phase, heading = rng.uniform(0, 2 * np.pi, 2)
    tilt = np.radians(70) * np.sin(2 * np.pi * at_s / beacon.tumble_s + phase)
    turn = heading + 2 * np.pi * at_s / (17 * beacon.tumble_s)
    axis = np.stack([np.sin(tilt) * np.sin(turn), np.sin(tilt) * np.cos(turn), np.cos(tilt)], axis=-1)
    return np.asarray(np.degrees(np.arcsin(np.clip(np.einsum("ni,ni->n", axis, local), -1, 1))))

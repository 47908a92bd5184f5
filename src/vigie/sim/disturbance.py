"""What disturbs a burst in a satellite's receiver: other bursts at the same time, and senders that are no beacons.

Everything becomes an equivalent noise density: the part of the other signal's energy that falls within the burst's own
band, while it lasts. This is a model, not a measurement: a burst of equal power on the same frequency for the whole
time leaves 26 dB-Hz, below what can be decoded; one 6 dB weaker is overcome.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vigie.constants import SPEED_OF_LIGHT_MPS
from vigie.geodesy import ecef_m, local_axes
from vigie.sim import budget
from vigie.sim.scenario import Interferer
from vigie.sim.sky import Course
from vigie.sim.uplinks import Bursts, Uplinks
from vigie.sim.world import Satellite

Array = NDArray[np.float64]

FGB_WIDTH_HZ = 400.0
"""equivalent noise width of a biphase-L burst at 400 bit/s against another like it"""
FGB_HALF_HZ = 800.0
"""half the main lobe: farther away it matters less by the square of the distance"""
SGB_WIDTH_HZ = 38_400.0


def collisions(sent: Bursts, heard: Uplinks) -> Array:
    """Noise density of the other bursts, ``(k,)``, in units of the receiver's own."""
    total = np.zeros(len(heard.burst))
    order = np.argsort(heard.arrival_s, kind="stable")
    start = heard.arrival_s[order]
    burst = heard.burst[order]
    end = start + sent.length_s[burst]
    strength = 10 ** (heard.cn0_dbhz[order] / 10)
    second = sent.second[burst]
    frequency = heard.foa_hz[order]
    longest = float(np.max(sent.length_s[burst], initial=0.0))
    for lag in range(1, len(order)):
        gap = start[lag:] - start[:-lag]
        if not np.any(gap < longest):
            break
        both = np.minimum(end[lag:], end[:-lag]) - start[lag:]
        near = np.flatnonzero(both > 0)
        first, other = near, near + lag
        width = _width(second[first] | second[other], frequency[first] - frequency[other])
        for one, two in ((first, other), (other, first)):
            share = both[near] / (end[one] - start[one])
            np.add.at(total, order[one], strength[two] * share / width)
    return total


def _width(second: NDArray[np.bool_], apart_hz: Array) -> Array:
    narrow = FGB_WIDTH_HZ * np.maximum(1.0, np.abs(apart_hz) / FGB_HALF_HZ) ** 2
    wide = np.where(np.abs(apart_hz) < SGB_WIDTH_HZ, SGB_WIDTH_HZ, np.inf)
    return np.where(second, wide, narrow)


def intruders(
    interference: tuple[Interferer, ...], satellite: Satellite, course: Course, sent: Bursts, heard: Uplinks
) -> Array:
    """Noise density of senders that are no beacons, ``(k,)``, in units of the receiver's own."""
    total = np.zeros(len(heard.burst))
    for item in interference:
        place = ecef_m(item.latitude, item.longitude, item.altitude_m)
        up = local_axes(item.latitude, item.longitude)[2]
        position, velocity = course.state(heard.arrival_s)
        line = position - place
        distance = np.linalg.norm(line, axis=-1)
        on = line @ up > 0
        if item.on:
            on &= np.any([(heard.arrival_s >= a) & (heard.arrival_s < b) for a, b in item.on], axis=0)
        strength = 10 ** (budget.uplink_dbhz(satellite.payload, item.eirp_dbw, distance) / 10)
        shifted = item.frequency_hz * (1 - np.einsum("nk,nk->n", velocity, line) / distance / SPEED_OF_LIGHT_MPS)
        burst = heard.burst
        total += on * strength * _share(item, heard.foa_hz - shifted, sent.second[burst], sent.length_s[burst])
    return total


def _share(item: Interferer, apart_hz: Array, second: NDArray[np.bool_], length_s: Array) -> Array:
    """Density (1/Hz) that a burst meets of an intruder of unit power."""
    if item.kind == "noise":
        return np.where(np.abs(apart_hz) < item.width_hz / 2, 1 / item.width_hz, 0.0)
    if item.kind == "sweeper":
        swept = item.width_hz / 2 + FGB_HALF_HZ
        # it passes a narrow burst's band for a moment of each sweep; what it does then is what a carrier does
        part = np.where(second, 1.0, np.minimum(1.0, 2 * FGB_HALF_HZ / item.width_hz))
        return np.where(np.abs(apart_hz) < swept, part, 0.0) / np.where(second, SGB_WIDTH_HZ, FGB_WIDTH_HZ)
    steady = item.duty if item.kind == "pulsed" else 1.0
    return steady / _width(second, apart_hz)

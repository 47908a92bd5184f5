"""The locations that a station network would have made of a simulation: single bursts, several bursts, passes.

Straight from the receptions, without the way over a file. Each location is made of what had been delivered when it was
made, by ``vigie.locate``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vigie.instants import after
from vigie.locate.estimate import locate_one
from vigie.locate.measurement import Fix, Measurement, Settings
from vigie.orbit.ephemeris import Orbits
from vigie.sim.receptions import Span
from vigie.sim.sky import true_state
from vigie.sim.told import NOMINAL_HZ, decoded
from vigie.sim.world import Sender, World

PASS_GAP_S = 600.0
"""a longer silence of one low satellite ends its pass"""
LEAST_PASS = 4
"""bursts of a pass: C/S T.012 B.2 e"""
LEAST_SATELLITES = 3


@dataclass(frozen=True)
class Policy:
    """Which locations are made."""

    single_every: int = 5
    """of the bursts that enough medium-orbit satellites heard, every so many is located alone; 0: none"""
    window_s: float = 600.0
    """bursts within this of the first make one location together, then those of the next; 0: none"""
    passes: bool = True
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True)
class Heard:
    """One reception of one beacon."""

    measurement: Measurement
    burst: int
    system: str
    delivered_s: float


def heard(world: World, spans: Iterable[Span]) -> dict[int, list[Heard]]:
    """Receptions whose identity was read and that were delivered, by beacon."""
    found: dict[int, list[Heard]] = {}
    for span in spans:
        table = span.receptions
        use = np.flatnonzero(table.identity & (table.site >= 0) & (table.copies > 0))
        states = _states(world, span, use)
        for row in use:
            burst = int(table.burst[row])
            number = int(span.sent.sender[burst])
            sender = world.senders[number]
            satellite = world.satellites[table.satellite[row]]
            if satellite.system == "GEO" or sender.beacon.kind == "spurious":
                continue
            time = after(world.began, float(table.time_s[row]))
            measurement = Measurement(
                beacon=sender.beacon.name,
                time=time,
                satellite=satellite.name,
                foa_hz=float(table.foa_hz[row]),
                sigma_foa_hz=float(table.sigma_hz[row]),
                carrier_hz=NOMINAL_HZ[sender.second],
                toa=time if table.precise[row] else None,
                sigma_toa_s=float(table.sigma_s[row]) if table.precise[row] else None,
                **states.get(int(row), {}),
            )
            found.setdefault(number, []).append(
                Heard(measurement, int(span.sent.number[burst]), satellite.system, float(table.delivered_s[row]))
            )
    return found


def _states(world: World, span: Span, use: Any) -> dict[int, dict[str, Any]]:
    """Where the satellites truly were, by row, when the scenario says that stations know it."""
    if not world.scenario.output.states:
        return {}
    table, sigma = span.receptions, world.scenario.output.states_sigma_m
    answer: dict[int, dict[str, Any]] = {}
    for number in np.unique(table.satellite[use]):
        mine = use[table.satellite[use] == number]
        position, velocity = true_state(world, world.satellites[number], table.arrival_s[mine])
        for row, place, speed in zip(mine, position, velocity, strict=True):
            answer[int(row)] = {
                "satellite_ecef_m": tuple(map(float, place)),
                "satellite_velocity_mps": tuple(map(float, speed)),
                "satellite_sigma_m": sigma,
            }
    return answer


def solutions(world: World, spans: Iterable[Span], policy: Policy = Policy()) -> Iterator[dict[str, Any]]:
    """Locations as ``vigie locate --json`` prints them, with ``delivered`` and ``bursts``; beacon by beacon."""
    orbits = Orbits(tuple(satellite.ephemeris for satellite in world.satellites))
    for number, rows in sorted(heard(world, spans).items()):
        sender = world.senders[number]
        for group, what in _groups(rows, policy):
            yield from _located(world, sender, group, what, orbits, policy.settings)


def _groups(rows: Sequence[Heard], policy: Policy) -> Iterator[tuple[list[Heard], str]]:
    """Receptions that make one location, and what it is called."""
    medium = sorted((item for item in rows if item.system == "MEO"), key=lambda item: item.measurement.time)
    bursts: dict[int, list[Heard]] = {}
    for item in medium:
        bursts.setdefault(item.burst, []).append(item)
    enough = [
        group for group in bursts.values() if len({item.measurement.satellite for item in group}) >= LEAST_SATELLITES
    ]
    if policy.single_every:
        yield from ((group, "single burst") for group in enough[:: policy.single_every])
    if policy.window_s and bursts:
        windows: dict[int, list[Heard]] = {}
        first = medium[0].measurement.time
        for item in medium:
            index = int((item.measurement.time - first) / np.timedelta64(1, "s") // policy.window_s)
            windows.setdefault(index, []).append(item)
        for group in windows.values():
            if len({item.burst for item in group}) > 1:
                yield group, "several bursts"
    if policy.passes:
        low: dict[str, list[Heard]] = {}
        for item in rows:
            if item.system == "LEO":
                low.setdefault(str(item.measurement.satellite), []).append(item)
        for mine in low.values():
            for group in _passes(sorted(mine, key=lambda item: item.measurement.time)):
                if len({item.burst for item in group}) >= LEAST_PASS:
                    yield group, "pass"


def _passes(rows: list[Heard]) -> Iterator[list[Heard]]:
    group: list[Heard] = []
    for item in rows:
        if group and item.measurement.time - group[-1].measurement.time > np.timedelta64(round(PASS_GAP_S), "s"):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _located(
    world: World, sender: Sender, group: list[Heard], what: str, orbits: Orbits, settings: Settings
) -> Iterator[dict[str, Any]]:
    fixes: list[Fix] = locate_one([item.measurement for item in group], orbits, _settings(sender, settings))
    delivered_s = max(item.delivered_s for item in group)
    hex_id = decoded(sender.digits(group[-1].burst))[0]
    for fix in fixes:
        yield {
            "beacon": hex_id,
            "method": fix.method,
            "side": fix.side,
            "probability": fix.probability,
            "latitude": fix.lat_deg,
            "longitude": fix.lon_deg,
            "ellipse": fix.ellipse
            and {
                "semi_major_m": fix.ellipse.semi_major_m,
                "semi_minor_m": fix.ellipse.semi_minor_m,
                "azimuth_deg": fix.ellipse.azimuth_deg,
            },
            "ehe_m": fix.ehe_m,
            "covariance_m2": fix.covariance_m2,
            "moving": fix.moving,
            "used": fix.used,
            "rejected": len(fix.rejected),
            "bursts": len({item.burst for item in group}),
            "satellites": len({item.measurement.satellite for item in group}),
            "made_of": what,
            "start": str(fix.start) + "Z",
            "end": str(fix.end) + "Z",
            "delivered": str(after(world.began, delivered_s)) + "Z",
            "verdict": fix.verdict,
        }


def _settings(sender: Sender, settings: Settings) -> Settings:
    """What a station knows of a kind of beacon: one in an aircraft may be high and fast."""
    if sender.beacon.kind == "ELT_DT":
        return replace(settings, altitude_m=5000.0, altitude_sigma_m=5000.0, speeds_mps=(30.0, 250.0))
    return settings

"""A span of a world, worked out: every burst at every satellite and station, and what each of them makes of it.

One span is one item of work. It takes its random numbers from the seed and its own number, so that spans can be done in
any order and anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from vigie.constants import SPEED_OF_LIGHT_MPS
from vigie.orbit.passes import look
from vigie.sim import budget, disturbance, outcome
from vigie.sim.sky import Contact, Course, Tracking, contacts, course, working
from vigie.sim.uplinks import Bursts, Uplinks, bursts, heard_by
from vigie.sim.world import Satellite, Site, World, generator

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Flags = NDArray[np.bool_]

SPAN_S = 1800.0
"""length of a span: part of the answer, since each has random numbers of its own"""
_READING_S = 20.0
"""until a processor's memory has been read after it rises over a station"""
MEMORY_S = 12 * 3600.0
"""how far past the end a satellite's memory may still be read"""


@dataclass(frozen=True, eq=False)
class Receptions:
    """What stations make of the bursts of one satellite, arrays ``(k,)``."""

    burst: Index
    """into the span's bursts"""
    satellite: Index
    site: Index
    """station that delivers it; -1: none does"""
    arrival_s: Array
    """at the satellite, truly"""
    elevation_deg: Array
    true_foa_hz: Array
    cn0_dbhz: Array
    """truly, interference included"""
    identity: Flags
    """whether bits of the identity could be read"""
    whole: Flags
    """whether all of it could"""
    time_s: Array
    """arrival as measured"""
    foa_hz: Array
    sigma_s: Array
    sigma_hz: Array
    told_cn0_dbhz: Array
    precise: Flags
    """whether the time is a time of arrival fit for location"""
    delivered_s: Array
    copies: Index
    """how often it is delivered"""


@dataclass(frozen=True, eq=False)
class Span:
    """A span worked out."""

    begin_s: float
    end_s: float
    sent: Bursts
    own: Flags
    """(n,) bursts that begin within the span; the others only disturb"""
    in_view: Index
    """(n,) satellites above the horizon"""
    receptions: Receptions


def spans(world: World) -> int:
    """How many spans a scenario has."""
    return int(np.ceil(world.length_s / SPAN_S))


def work_out(world: World, number: int) -> Span:
    """One span of a world."""
    begin_s, end_s = number * SPAN_S, min((number + 1) * SPAN_S, world.length_s)
    sent = bursts(world, begin_s, end_s)
    own = (sent.sent_s >= begin_s) & (sent.sent_s < end_s)
    courses = [course(world, satellite, begin_s - 5, end_s + 5) for satellite in world.satellites]
    tracking = Tracking(world, courses, begin_s, end_s)
    in_view = np.zeros(len(own), np.intp)
    parts: list[Receptions] = []
    if own.any():
        for index, satellite in enumerate(world.satellites):
            rng = generator(world.seed, "span", number, satellite.name)
            heard = heard_by(world, satellite, courses[index], sent, rng)
            in_view[heard.burst] += 1
            noise = np.ones(len(heard.burst))
            if world.scenario.air.collisions:
                noise += disturbance.collisions(sent, heard)
            noise += disturbance.intruders(world.scenario.interference, satellite, courses[index], sent, heard)
            mine = own[heard.burst]
            cn0 = heard.cn0_dbhz - 10 * np.log10(noise)
            parts += _received(world, index, courses[index], tracking, sent, heard, cn0, mine, rng)
    return Span(begin_s, end_s, sent, own, in_view, _joined(parts))


def _joined(parts: list[Receptions]) -> Receptions:
    """One table in order of delivery."""
    if not parts:
        none = np.zeros(0)
        index, flags = np.zeros(0, np.intp), np.zeros(0, bool)
        kinds = {"Index": index, "Flags": flags, "Array": none}
        return Receptions(*(kinds[str(item.type)] for item in fields(Receptions)))
    columns = {item.name: np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Receptions)}
    order = np.lexsort((columns["site"], columns["satellite"], columns["burst"], columns["delivered_s"]))
    return Receptions(**{name: column[order] for name, column in columns.items()})


def _received(
    world: World,
    number: int,
    path: Course,
    tracking: Tracking,
    sent: Bursts,
    heard: Uplinks,
    cn0: Array,
    mine: Flags,
    rng: np.random.Generator,
) -> Iterator[Receptions]:
    satellite = world.satellites[number]
    common = rng.normal(size=(2, len(cn0)))
    if satellite.payload.downlink_hz is None:
        yield _on_board(world, number, satellite, sent, heard, cn0, mine, common, rng)
        return
    for index, site in enumerate(world.sites):
        station = site.station
        if station.system != satellite.system:
            continue
        tracked = mine & tracking.tracked(index, number, heard.arrival_s) & working(station.off, heard.arrival_s)
        if tracked.any():
            rows = np.flatnonzero(tracked)
            yield _at_station(world, number, index, site, path, sent, heard, cn0, common, rows, rng)


def _at_station(
    world: World,
    number: int,
    index: int,
    site: Site,
    path: Course,
    sent: Bursts,
    heard: Uplinks,
    cn0: Array,
    common: Array,
    rows: Index,
    rng: np.random.Generator,
) -> Receptions:
    """What a station receives through a repeater, brought up to the satellite."""
    station, payload = site.station, world.satellites[number].payload
    second = sent.second[heard.burst[rows]]
    arrival = heard.arrival_s[rows]
    _, _, distance = look(site.place_m, site.axes, path.state(arrival)[0])
    down = budget.downlink_dbhz(payload, distance, site.g_over_t_dbk)
    total = np.asarray(budget.overall_dbhz(cn0[rows], down))
    sigma_hz, late_s = _errors(cn0[rows], total, second, common[:, rows], rng)
    floor = rng.normal(size=(2, len(rows)))
    foa = heard.foa_hz[rows] * (1 + station.clock_rate) + sigma_hz + floor[0] * station.sigma_foa_floor_hz
    time = arrival + late_s + floor[1] * station.sigma_toa_floor_s + station.clock_error_s
    count = len(rows)
    delivered = arrival + distance / SPEED_OF_LIGHT_MPS + station.latency_s
    delivered += np.where(rng.random(count) < station.late, rng.uniform(0, station.late_by_s, count), 0.0)
    copies = (rng.random(count) >= station.lost).astype(np.intp)
    copies = copies * (1 + (rng.random(count) < station.duplicated))
    told = total + rng.normal(size=count) * 0.5
    return _table(
        sent, heard, rows, number, np.where(copies > 0, index, -1), total, time, foa, told,
        np.hypot(outcome.sigma_toa_s(told, second), station.sigma_toa_floor_s),
        np.hypot(outcome.sigma_foa_hz(told, second), station.sigma_foa_floor_hz),
        np.ones(count, bool), delivered, copies, world, rng,
    )  # fmt: skip


def _errors(
    up_dbhz: Array, total_dbhz: Array, second: Flags, common: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Errors of frequency (Hz) and time (s): the uplink's noise is common to all stations, the downlink's is not."""
    own = rng.normal(size=common.shape)
    errors = []
    for part, sigma in enumerate((outcome.sigma_foa_hz, outcome.sigma_toa_s)):
        whole, shared = sigma(total_dbhz, second), sigma(up_dbhz, second)
        errors.append(shared * common[part] + np.sqrt(np.maximum(whole**2 - shared**2, 0)) * own[part])
    return errors[0], errors[1]


def _on_board(
    world: World,
    number: int,
    satellite: Satellite,
    sent: Bursts,
    heard: Uplinks,
    cn0: Array,
    mine: Flags,
    common: Array,
    rng: np.random.Generator,
) -> Receptions:
    """What a processor measured: sent down at once where a station sees it, else kept until one does."""
    rows = np.flatnonzero(mine & (heard.elevation_deg > 0) & ~sent.second[heard.burst])
    arrival = heard.arrival_s[rows]
    site, delivered = _read_out(contacts_of(world, number), arrival)
    foa = heard.foa_hz[rows] + common[0, rows] * np.hypot(
        outcome.SARP_SIGMA_HZ, outcome.sigma_foa_hz(cn0[rows], sent.second[heard.burst[rows]])
    )
    time = arrival + common[1, rows] * outcome.SARP_SIGMA_S
    count = len(rows)
    stations = [item.station for item in world.sites]
    lost = np.array([item.lost for item in stations] + [1.0])[site]
    copies = (rng.random(count) >= lost).astype(np.intp)
    copies *= 1 + (rng.random(count) < np.array([item.duplicated for item in stations] + [0.0])[site])
    late = rng.random(count) < np.array([item.late for item in stations] + [0.0])[site]
    delivered += np.where(late, rng.uniform(0, 1, count) * np.array([s.late_by_s for s in stations] + [0.0])[site], 0)
    told = cn0[rows] + rng.normal(size=count) * 0.5
    return _table(
        sent, heard, rows, number, np.where(copies > 0, site, -1), cn0[rows], time, foa, told,
        np.full(count, outcome.SARP_SIGMA_S), np.full(count, outcome.SARP_SIGMA_HZ),
        np.zeros(count, bool), delivered, copies, world, rng,
    )  # fmt: skip


def contacts_of(world: World, number: int) -> list[Contact]:
    """The contacts of a processor's satellite, worked out once for a world."""
    known: dict[int, list[Contact]] = world.__dict__.setdefault("_contacts", {})
    if number not in known:
        known[number] = contacts(world, world.satellites[number], world.length_s + MEMORY_S)
    return known[number]


def _read_out(over: list[Contact], arrival: Array) -> tuple[Index, Array]:
    """Station and moment of delivery of what was measured on board; -1 where no station comes in time."""
    site = np.full(len(arrival), -1, np.intp)
    delivered = np.full(len(arrival), np.inf)
    for item in over:
        here = (arrival <= item.end_s - 2) & (np.maximum(arrival, item.begin_s + _READING_S) < delivered)
        moment = np.where(arrival >= item.begin_s, arrival + 2, item.begin_s + _READING_S)
        better = here & (moment < delivered)
        site[better], delivered[better] = item.site, moment[better]
    return site, delivered


def _table(
    sent: Bursts, heard: Uplinks, rows: Index, number: int, site: Index, cn0: Array, time: Array, foa: Array,
    told: Array, sigma_s: Array, sigma_hz: Array, precise: Flags, delivered: Array, copies: Index, world: World,
    rng: np.random.Generator,
) -> Receptions:  # fmt: skip
    burst = heard.burst[rows]
    long = np.ones(len(rows), bool)
    identity, whole = outcome.read(cn0, sent.second[burst], long, rng)
    return Receptions(
        burst, np.full(len(rows), number), site, heard.arrival_s[rows], heard.elevation_deg[rows],
        heard.foa_hz[rows], cn0, identity, whole, time, foa, sigma_s, sigma_hz, told, precise, delivered, copies,
    )  # fmt: skip

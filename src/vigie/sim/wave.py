"""The level of samples: the I/Q of a satellite's channel, or of a station's that hears it, as SigMF recordings.

Noise has unit power over the channel, so a burst of C/N0 ``c`` dB-Hz has power 10^(c/10) / rate. The strengths, times
and frequencies are those of the other levels, draw for draw.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vigie import instants, jsonl
from vigie.constants import FGB_BIT_RATE_BPS, FGB_CARRIER_S
from vigie.engine import Engine
from vigie.errors import ConfigError
from vigie.geodesy import ecef_m, local_axes
from vigie.locate.uplink import path
from vigie.orbit.passes import look
from vigie.records import Sync
from vigie.signal import fgb, sgb
from vigie.sim import budget
from vigie.sim.receptions import SPAN_S, spans, work_out
from vigie.sim.run import Done
from vigie.sim.scenario import Interferer
from vigie.sim.sky import Course, course, working
from vigie.sim.soft import bits_of
from vigie.sim.told import decoded, truth_of_bursts, truth_of_world
from vigie.sim.uplinks import Bursts, Uplinks, bursts, heard_by
from vigie.sim.world import World, coded, generator, world_of

Iq = NDArray[np.complex64]
Array = NDArray[np.float64]

BLOCK_S = 10.0
"""length of one item of work"""
_LONGEST_S = 1.05


@dataclass(frozen=True)
class Band:
    """One channel to be recorded."""

    satellite: int
    site: int
    """-1: as the satellite hears it"""
    name: str


@dataclass(frozen=True)
class Piece:
    """One block of one channel: an item of work."""

    scenario: bytes
    seed: int
    band: Band
    first: int
    """sample, from the start of the recording"""
    count: int


@dataclass(frozen=True, eq=False)
class Arrived:
    """Bursts as a channel holds them, arrays ``(k,)``."""

    burst: NDArray[np.intp]
    at_s: Array
    """arrival of their beginning"""
    frequency_hz: Array
    """on arrival of their beginning, translation to the downlink undone"""
    slope_hz_per_s: Array
    squeeze: Array
    """received over sent frequency, less one: how much quicker everything in them is"""
    cn0_dbhz: Array


def record(world: World, folder: Path, engine: Engine, progress: Callable[[float, str], None]) -> Done:
    """Write the recordings of a scenario and their truth. Raises ConfigError when there is no room for them."""
    channel = world.scenario.output.channel
    until_s = min(channel.until_s or world.length_s, world.length_s)
    if until_s <= channel.from_s:
        raise ConfigError(f"output.channel.from_s: {channel.from_s:g} s is after the end of the scenario")
    chosen = bands(world, channel.from_s, until_s)
    total = round((until_s - channel.from_s) * channel.rate_hz)
    needed, free = total * 8 * len(chosen), shutil.disk_usage(folder).free
    if needed > free * 0.95:
        raise ConfigError(
            f"{folder}: {len(chosen)} channels need {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free: name fewer "
            "satellites or a shorter time in output.channel"
        )
    size = round(BLOCK_S * channel.rate_hz)
    pieces = [
        Piece(coded(world.scenario), world.seed, band, first, min(size, total - first))
        for band in chosen
        for first in range(0, total, size)
    ]
    truth = folder / "truth.jsonl"
    with truth.open("w", encoding="utf-8") as true:
        true.writelines(f"{line}\n" for line in truth_of_world(world, "samples"))
        sent = _truth(world, chosen, channel.from_s, until_s)
        true.writelines(f"{line}\n" for line in sent)
    for number, (piece, iq) in enumerate(zip(pieces, engine.map(piece_of, iter(pieces)), strict=True)):
        data = folder / f"{piece.band.name}.sigmf-data"
        with data.open("wb" if piece.first == 0 else "ab") as out:
            iq.tofile(out)
        if piece.first == 0:
            _meta(world, data.with_suffix(".sigmf-meta"), piece.band, channel.from_s)
        progress(
            (number + 1) / len(pieces), f"{piece.band.name}, {(piece.first + piece.count) / channel.rate_hz:.0f} s"
        )
    return Done(folder, truth, sum('"kind":"burst"' in line for line in sent), len(chosen))


def bands(world: World, from_s: float, until_s: float) -> list[Band]:
    """The channels that the scenario asks for: those of satellites that hear a beacon."""
    channel = world.scenario.output.channel
    middle = np.linspace(from_s, until_s, 13)
    found = []
    for index, satellite in enumerate(world.satellites):
        if channel.satellites and not satellite.named(channel.satellites):
            continue
        over = course(world, satellite, from_s, until_s)
        if channel.at == "satellite":
            if channel.satellites or _hears(world, over, middle):
                found.append(Band(index, -1, satellite.name))
            continue
        for number, site in enumerate(world.sites):
            up = look(site.place_m, site.axes, over.state(middle)[0])[0] >= site.station.least_elevation_deg
            if site.station.system == satellite.system and satellite.payload.downlink_hz and up.any():
                found.append(Band(index, number, f"{site.station.name.replace(' ', '_')}-{satellite.name}"))
    if not found:
        raise ConfigError("output.channel.satellites: none of them is in the scenario and in view")
    return found


def _hears(world: World, over: Course, at_s: Array) -> bool:
    position, _ = over.state(at_s)
    for sender in world.senders:
        lat, lon = sender.beacon.latitude, sender.beacon.longitude
        if np.any((position - ecef_m(lat, lon)) @ local_axes(lat, lon)[2] > 0):
            return True
    return False


@lru_cache(maxsize=8)
def _heard(scenario: bytes, seed: int, number: int, satellite: int) -> tuple[Bursts, Uplinks, Course]:
    """A span's bursts at one satellite, as ``receptions.work_out`` draws them; only those that begin in the span."""
    world = world_of(scenario, seed)
    begin_s, end_s = number * SPAN_S, min((number + 1) * SPAN_S, world.length_s)
    sent = bursts(world, begin_s, end_s)
    over = course(world, world.satellites[satellite], begin_s - 5, end_s + 5)
    rng = generator(seed, "span", number, world.satellites[satellite].name)
    heard = heard_by(world, world.satellites[satellite], over, sent, rng)
    own = (sent.sent_s[heard.burst] >= begin_s) & (sent.sent_s[heard.burst] < end_s)
    mine = Uplinks(
        heard.burst[own], heard.arrival_s[own], heard.foa_hz[own], heard.elevation_deg[own], heard.cn0_dbhz[own]
    )
    return sent, mine, over


def arrived(world: World, band: Band, sent: Bursts, heard: Uplinks, over: Course) -> Arrived:
    """Bursts of a span as a channel holds them."""
    position, velocity = over.state(heard.arrival_s)
    later = over.state(heard.arrival_s + 1.0)
    place, own = sent.place_m[heard.burst], sent.velocity_mps[heard.burst]
    ratio = path(place, own, position, velocity).ratio_less_1
    slope = path(place, own, *later).ratio_less_1 - ratio
    at_s, frequency, cn0 = heard.arrival_s, heard.foa_hz, heard.cn0_dbhz
    if band.site >= 0:
        site, payload = world.sites[band.site], world.satellites[band.satellite].payload
        down = path(site.place_m, np.zeros(3), position, velocity, sense=1)
        after = path(site.place_m, np.zeros(3), *later, sense=1)
        carrier = payload.downlink_hz or 0.0
        at_s = at_s + down.delay_s
        frequency = frequency + carrier * down.ratio_less_1
        slope = slope + (after.ratio_less_1 - down.ratio_less_1) * carrier / frequency
        cn0 = np.asarray(
            budget.overall_dbhz(cn0, budget.downlink_dbhz(payload, down.delay_s * 299_792_458.0, site.g_over_t_dbk))
        )
    slope_hz = slope * sent.frequency_hz[heard.burst] + sent.drift_hz_per_s[heard.burst]
    return Arrived(heard.burst, at_s, frequency, slope_hz, ratio, cn0)


def piece_of(piece: Piece) -> Iq:
    """The samples of one block of one channel. For a worker."""
    world = world_of(piece.scenario, piece.seed)
    channel = world.scenario.output.channel
    rate = channel.rate_hz
    begin_s = channel.from_s + piece.first / rate
    rng = generator(piece.seed, "noise", piece.band.name, piece.first)
    iq = rng.standard_normal((piece.count, 2), np.float32).view(np.complex64)[:, 0] * np.float32(0.5**0.5)
    first, last = (int((begin_s + shift) // SPAN_S) for shift in (-_LONGEST_S - 0.4, piece.count / rate))
    for number in range(max(first, 0), min(last, spans(world) - 1) + 1):
        sent, heard, over = _heard(piece.scenario, piece.seed, number, piece.band.satellite)
        came = arrived(world, piece.band, sent, heard, over)
        near = (came.at_s > begin_s - _LONGEST_S) & (came.at_s < begin_s + piece.count / rate)
        for row in np.flatnonzero(near):
            wave, sample = _wave(world, piece, sent, came, int(row))
            _add(iq, wave, sample - round(channel.from_s * rate) - piece.first)
    _, _, over = _heard(piece.scenario, piece.seed, min(int(begin_s // SPAN_S), spans(world) - 1), piece.band.satellite)
    for item in world.scenario.interference:
        iq += _intruder(world, item, over, begin_s, piece, rng)
    return iq


def _wave(world: World, piece: Piece, sent: Bursts, came: Arrived, row: int) -> tuple[Iq, int]:
    """One burst's samples, and the sample of the scenario at which they begin."""
    channel = world.scenario.output.channel
    rate = channel.rate_hz
    burst = int(came.burst[row])
    sender = world.senders[sent.sender[burst]]
    number = int(sent.number[burst])
    digits = sender.digits(number)
    bits = bits_of(digits, sender.second)
    rng = generator(piece.seed, "phase", piece.band.name, sender.beacon.name, number)
    first = int(np.floor(came.at_s[row] * rate))
    start_s, quicker = float(came.at_s[row]) - first / rate, 1 + float(came.squeeze[row])
    slope = float(came.slope_hz_per_s[row])
    length_s = 1.0 if sender.second else FGB_CARRIER_S + len(bits) / FGB_BIT_RATE_BPS
    middle_hz = float(came.frequency_hz[row]) + slope * length_s / 2 - channel.centre_hz
    phase = float(rng.uniform(0, 2 * np.pi))
    if sender.second:
        sync: Sync = "self_test" if decoded(digits)[3] == "self_test" else "normal"
        wave = sgb.modulate(
            bits, rate, sgb.Modulation(chip_rate_hz=sgb.CHIP_RATE_HZ * quicker), sync=sync, frequency_hz=middle_hz,
            drift_hz_per_s=slope, phase_rad=phase, start_s=start_s,
        )  # fmt: skip
    else:
        shape = fgb.Modulation(bit_rate_bps=FGB_BIT_RATE_BPS * quicker, carrier_s=FGB_CARRIER_S / quicker)
        wave = fgb.modulate(
            bits, rate, shape, frequency_hz=middle_hz, drift_hz_per_s=slope, phase_rad=phase, start_s=start_s
        )
    power = 10 ** (float(came.cn0_dbhz[row]) / 10) / rate
    return np.asarray(wave * np.float32(power**0.5), np.complex64), first


def _add(iq: Iq, wave: Iq, shift: int) -> None:
    """Add a wave whose first sample lies ``shift`` samples past the first of the block."""
    low, high = max(shift, 0), min(shift + len(wave), len(iq))
    if low < high:
        iq[low:high] += wave[low - shift : high - shift]


def _intruder(
    world: World, item: Interferer, over: Course, begin_s: float, piece: Piece, rng: np.random.Generator
) -> Iq | np.complex64:
    """What a sender that is no beacon adds to a block, as the satellite hears it."""
    channel = world.scenario.output.channel
    at_s = begin_s + np.arange(piece.count) / channel.rate_hz
    on = ~working(item.on, at_s) if item.on else np.ones(piece.count, bool)
    place = ecef_m(item.latitude, item.longitude, item.altitude_m)
    position, velocity = over.state(np.array([begin_s, begin_s + piece.count / channel.rate_hz]))
    if not on.any() or np.all((position - place) @ local_axes(item.latitude, item.longitude)[2] < 0):
        return np.complex64(0)
    link = path(place, np.zeros(3), position, velocity)
    distance = float(link.delay_s[0]) * 299_792_458.0
    payload = world.satellites[piece.band.satellite].payload
    power = 10 ** (float(budget.uplink_dbhz(payload, item.eirp_dbw, distance)) / 10) / channel.rate_hz
    ends_hz = item.frequency_hz * (1 + link.ratio_less_1) - channel.centre_hz
    past_s = at_s - begin_s
    slope = (ends_hz[1] - ends_hz[0]) / (past_s[-1] + 1 / channel.rate_hz)
    turn = 2 * np.pi * (ends_hz[0] * past_s + slope / 2 * past_s**2)
    # the phase goes on from block to block only to within the Doppler of a block: a receiver sees a step each 10 s
    if item.kind == "sweeper":
        along = at_s / item.period_s % 1
        turn += 2 * np.pi * item.width_hz * item.period_s * (along**2 / 2 - along / 2)
    if item.kind == "pulsed":
        on &= at_s / item.period_s % 1 < item.duty
    if item.kind == "noise":
        spectrum = np.fft.fft(rng.standard_normal((piece.count, 2)).view(np.complex128)[:, 0])
        frequency = np.fft.fftfreq(piece.count, 1 / channel.rate_hz)
        spectrum[np.abs(frequency - ends_hz[0]) > item.width_hz / 2] = 0
        density = power * channel.rate_hz / item.width_hz / channel.rate_hz * channel.rate_hz
        wave = np.fft.ifft(spectrum) * np.sqrt(density / 2)
    else:
        wave = np.exp(1j * turn) * np.sqrt(power)
    return np.asarray(np.where(on, wave, 0), np.complex64)


def _truth(world: World, chosen: list[Band], from_s: float, until_s: float) -> list[str]:
    """The bursts of the recorded time, and each channel's receptions of them."""
    lines = []
    began = world.began
    scenario = coded(world.scenario)
    for number in range(int(from_s // SPAN_S), min(int(until_s // SPAN_S) + 1, spans(world))):
        span = work_out(world, number)
        sent_s = np.sort(span.sent.sent_s[span.own])
        told = truth_of_bursts(world, span)
        lines += [line for line, at in zip(told, sent_s, strict=True) if from_s <= at < until_s - _LONGEST_S]
        for band in chosen:
            sent, heard, over = _heard(scenario, world.seed, number, band.satellite)
            came = arrived(world, band, sent, heard, over)
            for row in np.argsort(came.at_s, kind="stable"):
                burst = came.burst[row]
                if from_s <= came.at_s[row] < until_s - _LONGEST_S:
                    row_of = {
                        "kind": "reception",
                        "channel": band.name,
                        "beacon": world.senders[sent.sender[burst]].beacon.name,
                        "number": int(sent.number[burst]),
                        "time": instants.after(began, float(came.at_s[row])),
                        "foa_hz": round(float(came.frequency_hz[row]), 4),
                        "drift_hz_per_s": round(float(came.slope_hz_per_s[row]), 4),
                        "cn0_dbhz": round(float(came.cn0_dbhz[row]), 2),
                    }
                    lines.append(jsonl.line(row_of))
    return lines


def _meta(world: World, path: Path, band: Band, from_s: float) -> None:
    channel = world.scenario.output.channel
    station = "" if band.site < 0 else f" at {world.sites[band.site].station.name}"
    meta = {
        "global": {
            "core:datatype": "cf32_le",
            "core:sample_rate": channel.rate_hz,
            "core:version": "1.2.0",
            "core:description": f"simulated: {world.scenario.title}; {world.satellites[band.satellite].title}{station}",
        },
        "captures": [
            {
                "core:sample_start": 0,
                "core:frequency": channel.centre_hz,
                "core:datetime": instants.text(instants.after(world.began, from_s)),
            }
        ],
        "annotations": [],
    }
    path.write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")

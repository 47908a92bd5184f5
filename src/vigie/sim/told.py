"""Receptions as lines, in the form that ``POST /api/detections`` and ``vigie locate`` take; and the truth as lines."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from vigie import instants, jsonl
from vigie.message import beacon as messages
from vigie.sim.receptions import Span
from vigie.sim.world import Sender, World

NOMINAL_HZ = {False: 406.04e6, True: 406.05e6}
"""what stations take the carrier for, by generation"""
_TRIES = 40
_ENCODE = msgspec.json.Encoder().encode
"""for lines made of plain Python values, the bulk of a day"""


@lru_cache(maxsize=100_000)
def decoded(digits: str) -> tuple[str | None, str, str, str]:
    """Hex ID, category, verdict and frame sync of a message."""
    message = messages.decode(digits)
    return message.hex_id, message.category, message.verdict, str(message.facts.get("frame_sync") or "normal")


@lru_cache(maxsize=10_000)
def with_spoilt_rest(digits: str) -> str:
    """A long message whose second protected field has more wrong bits than its code can mend."""
    rng = np.random.default_rng(list(digits.encode()))
    word = int(digits, 16)
    for _ in range(_TRIES):
        spoilt = word
        for bit in rng.choice(38, 5, replace=False):
            spoilt ^= 1 << int(bit)
        text = format(spoilt, f"0{len(digits)}X")
        if messages.decode(text).facts.get("pdf2_verdict") == "unreliable":
            return text
    return format(word ^ 0b101010101, f"0{len(digits)}X")


def detections(world: World, span: Span, began: instants.Instant | None = None) -> list[tuple[float, str]]:
    """When each is delivered, in seconds past the start, and its line, in that order.

    ``began``: the instant that the lines' times count from; None: the scenario's own start.
    """
    lines: list[tuple[float, str]] = []
    table, sent = span.receptions, span.sent
    stamp = _Stamp(world.began if began is None else began)
    output = world.scenario.output
    for row in np.flatnonzero(table.identity & (table.site >= 0)):
        burst = int(table.burst[row])
        sender = world.senders[sent.sender[burst]]
        digits = sender.digits(int(sent.number[burst]))
        hex_id, _, verdict, sync = decoded(digits)
        whole = bool(table.whole[row]) or sender.second or len(digits) == 28
        sound = whole and verdict != "unreliable"
        satellite = world.satellites[table.satellite[row]]
        station = world.sites[table.site[row]].station
        time = stamp(table.time_s[row])
        line: dict[str, Any] = {
            "beacon": hex_id,
            "satellite": int(satellite.name) if satellite.name.isdigit() else satellite.name,
            "time": time,
            "foa_hz": round(float(table.foa_hz[row]), 4),
            "sigma_foa_hz": round(float(table.sigma_hz[row]), 5),
            "toa": time if table.precise[row] else None,
            "sigma_toa_s": float(f"{table.sigma_s[row]:.4g}") if table.precise[row] else None,
            "carrier_hz": NOMINAL_HZ[sender.second],
            "generation": "SGB" if sender.second else "FGB",
            "sync": sync,
            "frequency_hz": round(float(table.foa_hz[row]), 4),
            "cn0_dbhz": round(float(table.told_cn0_dbhz[row]), 2),
            "sigma_frequency_hz": round(float(table.sigma_hz[row]), 5),
            "sigma_time_s": float(f"{table.sigma_s[row]:.4g}"),
            "hex": digits if sound else None,
            "hex_received": digits if whole else with_spoilt_rest(digits),
            "confidence": 0.9999 if sound else None,
            "channel": f"{station.name}/{satellite.name}",
            "source": station.name,
            "exercise": output.exercise,
            "at": "satellite",
            "delivered": stamp(table.delivered_s[row]),
        }
        if not sound:
            line["message"] = {"hex_id": hex_id, "verdict": verdict, "pdf2_verdict": None if whole else "unreliable"}
        if hex_id is None:
            line["beacon"] = f"U-{digits[:12]}"
        if output.states:
            position, velocity = _state(world, int(table.satellite[row]), float(table.arrival_s[row]))
            line |= {
                "satellite_ecef_m": position,
                "satellite_velocity_mps": velocity,
                "satellite_sigma_m": output.states_sigma_m,
            }
        text = _ENCODE(line).decode()
        lines += [(float(table.delivered_s[row]), text)] * int(table.copies[row])
    return lines


def _state(world: World, satellite: int, at_s: float) -> tuple[list[float], list[float]]:
    from vigie.sim.sky import true_state

    position, velocity = true_state(world, world.satellites[satellite], np.array([at_s]))
    return [round(float(v), 3) for v in position[0]], [round(float(v), 6) for v in velocity[0]]


class _Stamp:
    """Instants as text from seconds past the start of a scenario."""

    def __init__(self, began: instants.Instant) -> None:
        self._began = began.astype("datetime64[ns]")

    def __call__(self, at_s: float) -> str:
        return f"{self._began + np.timedelta64(round(float(at_s) * 1e9), 'ns')}Z"


def truth_of_bursts(world: World, span: Span) -> list[str]:
    """One line a burst of the span, in order of time: where it was truly sent and what became of it."""
    sent, table = span.sent, span.receptions
    stamp = _Stamp(world.began)
    count = len(sent.sent_s)
    tracked = np.bincount(table.burst[table.site >= 0], minlength=count)
    read = np.bincount(table.burst[table.identity & (table.site >= 0)], minlength=count)
    best = np.full(count, -np.inf)
    np.maximum.at(best, table.burst, table.cn0_dbhz)
    lines = []
    own = np.flatnonzero(span.own)
    for burst in own[np.argsort(sent.sent_s[own], kind="stable")]:
        sender = world.senders[sent.sender[burst]]
        number = int(sent.number[burst])
        digits = sender.digits(number)
        lines.append(
            jsonl.line(
                {
                    "kind": "burst",
                    "beacon": sender.beacon.name,
                    "hex_id": decoded(digits)[0],
                    "number": number,
                    "time": stamp(sent.sent_s[burst]),
                    "latitude": round(float(sent.lat_deg[burst]), 7),
                    "longitude": round(float(sent.lon_deg[burst]), 7),
                    "altitude_m": round(float(sent.height_m[burst]), 2),
                    "frequency_hz": round(float(sent.frequency_hz[burst]), 4),
                    "hex": digits,
                    "in_view": int(span.in_view[burst]),
                    "tracked": int(tracked[burst]),
                    "read": int(read[burst]),
                    "best_cn0_dbhz": round(float(best[burst]), 2),
                }
            )
        )
    return lines


def truth_of_world(world: World, level: str) -> list[str]:
    """What is true of the whole scenario, then one line a beacon."""
    scenario = world.scenario
    head = {
        "kind": "scenario",
        "title": scenario.title,
        "start": instants.text(world.began),
        "end": instants.text(instants.after(world.began, world.length_s)),
        "seed": world.seed,
        "level": level,
        "satellites": {
            system: sum(item.system == system for item in world.satellites) for system in ("LEO", "MEO", "GEO")
        },
        "stations": [item.station.name for item in world.sites],
    }
    return [jsonl.line(head), *(jsonl.line(_beacon(world, sender)) for sender in world.senders)]


def _beacon(world: World, sender: Sender) -> dict[str, Any]:
    beacon = sender.beacon
    said = [decoded(sender.digits(number)) for number in _changes(sender)]
    identities = list(dict.fromkeys(hex_id for hex_id, _, _, _ in said if hex_id))
    categories = [category for _, category, _, _ in said]
    return {
        "kind": "beacon",
        "name": beacon.name,
        "hex_ids": identities,
        "generation": "SGB" if sender.second else "FGB",
        "beacon_kind": beacon.kind,
        "category": categories[0] if categories else None,
        "distress": any(item in ("distress", "national") for item in categories),
        "cancelled": "cancelled" in categories,
        "region": beacon.region or zone(beacon.latitude),
        "latitude": beacon.latitude,
        "longitude": beacon.longitude,
        "on": instants.text(instants.after(world.began, sender.on_s)),
        "off": instants.text(instants.after(world.began, sender.off_s)),
        "bursts": len(sender.at_s),
    }


def _changes(sender: Sender) -> list[int]:
    """Bursts after which what a beacon says of itself may differ: the first of each step."""
    starts = [0.0, *(step.at_s for step in sender.beacon.then)]
    first = np.searchsorted(sender.at_s - sender.on_s, starts)
    return sorted({int(item) for item in first if item < len(sender.at_s)})


def zone(lat_deg: float) -> str:
    """A region by its latitude, for beacons that name none."""
    for limit, name in (
        (-60, "Antarctic"),
        (-30, "southern mid-latitudes"),
        (30, "tropics"),
        (60, "northern mid-latitudes"),
    ):
        if lat_deg < limit:
            return name
    return "Arctic"

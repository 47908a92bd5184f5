"""A service with evidence: bursts whose samples are kept, a pass of a satellite, areas of a centre and a register."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import web_traffic as traffic
from web_station import Station

from vigie import centre
from vigie.geodesy import ecef_m, local_axes
from vigie.locate.observe import observe
from vigie.message import beacon
from vigie.orbit.files import read_files
from vigie.orbit.passes import look
from vigie.records import Burst, Detection, Samples, Solution
from vigie.register import Register
from vigie.service import Source
from vigie.signal import fgb, sgb
from vigie.snippets import Keeper, Shelf

RATE_HZ = 48e3
SOURCE = "hill/north"
PLACE = (46.2133, -4.5322, 0.0)
MIRROR = (44.1, 12.3, 0.0)
SATELLITE = "38771"
"""MetOp-B, in the elements that come with the simulator"""
LEO = Path(str(files("vigie.sim") / "orbits" / "leosar.tle"))
SGB = "0039823D32618658622811F0000000000003FFF004030680258492A4FC57A49"
PLB_ID = str(beacon.decode(traffic.PLB).hex_id)
SQUARE = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"name": "GRISNEZ"},
            "geometry": {"type": "Polygon", "coordinates": [[[-10, 44], [5, 44], [5, 51], [-10, 51], [-10, 44]]]},
        }
    ],
}


def settings(folder: Path) -> centre.Settings:
    """A centre with one area, a buffer of 50 km, and a register of one beacon."""
    (folder / "areas.geojson").write_text(json.dumps(SQUARE))
    register = Register()
    assert register.add(f"hex_id,Owner,Telephone\n{PLB_ID},Marie Le Goff,+33 2 98 00 00 00\n") == []
    table = {
        "centre": {"name": "FMCC", "code": "2270", "areas": "areas.geojson"},
        "destinations": {"GRISNEZ": {"code": "CROSS1", "kind": "rcc", "form": "sit185", "buffer_km": 50}},
    }
    return centre.read(table, folder, register)


def station(folder: Path, **more: Any) -> Station:
    """Not started yet."""
    source = Source(SOURCE, list, state="receiving", keeper=Keeper(Shelf(folder / "snippets"), SOURCE))
    joined = {"sources": [source], "centre": settings(folder), "orbits": [LEO], **more}
    return Station(folder / "journal.sqlite", **joined)


def keeper(made: Station) -> Keeper:
    assert made.service is not None
    found = made.service.sources[0].keeper
    assert found is not None
    return found


def first_generation(made: Station, text: str = traffic.PLB, number: int = 0, cn0_dbhz: float = 55.0) -> Detection:
    """A burst whose samples are kept, and its detection."""
    rng = np.random.default_rng(number)
    noise = np.sqrt(RATE_HZ / 2 / 10 ** (cn0_dbhz / 10))
    iq = rng.standard_normal(2 * int(1.2 * RATE_HZ)).view(complex) * noise
    wave = fgb.modulate(f"{int(text, 16):0144b}", RATE_HZ, fgb.Modulation(), frequency_hz=-9e3, start_s=0.0)
    at = int(0.3 * RATE_HZ)
    iq[at:][: len(wave)] += wave
    return _kept(
        made, Burst("FGB", None, at, "normal", np.zeros(144, np.float32), None, -9e3), iq, RATE_HZ, text, number
    )


def second_generation(made: Station, text: str = SGB, number: int = 100) -> Detection:
    """The same of the second generation."""
    rate_hz, rng = 153.6e3, np.random.default_rng(number)
    bits = f"{int(text, 16):0252b}"[2:]
    wave = sgb.modulate(bits, rate_hz, sgb.Modulation(), frequency_hz=2e3, start_s=0.2, duration_s=1.5)
    iq = wave + rng.standard_normal(2 * len(wave)).view(complex) * np.sqrt(rate_hz / 2 / 10**6.5)
    burst = Burst("SGB", None, int(0.2 * rate_hz), "normal", np.zeros(250, np.float32), None, 2e3)
    return _kept(made, burst, iq, rate_hz, text, number)


def _kept(made: Station, burst: Burst, iq: Any, rate_hz: float, text: str, number: int) -> Detection:
    start = np.datetime64("2026-11-22T09:00:00", "ns") + np.timedelta64(50 * number, "s")
    first = number * 10_000_000
    kept = keeper(made)
    centre_hz = 406.03e6
    kept.recent.add(Samples(iq.astype(np.complex64), rate_hz, centre_hz, start, first))
    frequency_hz = centre_hz + (burst.frequency_offset_hz or 0.0)
    burst = replace(burst, start=start, sample=first + burst.sample, frequency_hz=frequency_hz, drift_hz_per_s=0.0)
    name = kept.write(burst)
    assert name is not None
    return Detection(
        beacon.decode(text), start, sample=burst.sample, frequency_hz=frequency_hz, drift_hz_per_s=0.0,
        frequency_offset_hz=burst.frequency_offset_hz, cn0_dbhz=50.0, source=SOURCE, snippet=name,
    )  # fmt: skip


def satellite_pass(text: str = traffic.PLB) -> tuple[list[Detection], list[Solution]]:
    """What one satellite heard of a beacon in one pass, and both sides of it, as a LUT would give them."""
    orbits = read_files([LEO])
    craft = orbits.find(SATELLITE)
    assert craft is not None
    where = ecef_m(*PLACE)
    day = np.datetime64("2026-08-22T00:00:00", "ns") + np.arange(0, 86_400, 50) * np.timedelta64(1, "s")
    elevation = look(where, local_axes(*PLACE[:2]), craft.state(day)[0])[0]
    peak = int(np.argmax(elevation))
    times = day[peak - 6 : peak + 7]
    rng = np.random.default_rng(3)
    arrival, received, _ = observe(craft, where, times, 406.028e6)
    message = beacon.decode(text)
    heard = [
        Detection(
            message, time, frequency_hz=float(hz + rng.normal() * 0.3), sigma_frequency_hz=0.3, source="Toulouse",
            at="satellite", satellite=SATELLITE, cn0_dbhz=41.0,
        )
        for time, hz in zip(arrival, received, strict=True)
    ]  # fmt: skip
    heard[4] = replace(heard[4], frequency_hz=(heard[4].frequency_hz or 0.0) + 40.0)  # one that no place fits
    sides = [
        Solution(
            str(message.hex_id), "doppler", lat, lon, arrival[0], arrival[-1], ehe, probability=share, used=12,
            satellites=(SATELLITE,), source="Toulouse", more=share > 0.5,
        )
        for (lat, lon, _), ehe, share in ((PLACE, 2400.0, 0.8), (MIRROR, 3900.0, 0.2))
    ]  # fmt: skip
    return heard, sides

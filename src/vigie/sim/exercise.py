"""The built-in exercise as I/Q samples: a script of beacons, keyed, mixed with noise, to be received like any other.

Nothing here is taken from a recording, and nothing is handed to the receiver but samples.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_BIT_RATE_BPS, FGB_CARRIER_S
from vigie.instants import Instant, after
from vigie.message.encode import encode
from vigie.message.fgb_parts import ALTITUDE_LIMITS_M
from vigie.records import Samples
from vigie.signal.fgb import modulate

SCRIPT = Path(__file__).with_name("exercise.toml")
BLOCK_S = 0.25
"""length of the blocks in which the samples come"""


@dataclass(frozen=True)
class Transmission:
    """One burst to be sent."""

    at_s: float
    """when its carrier begins, seconds past the start of the exercise"""
    bits: str
    beacon: str
    frequency_hz: float
    drift_hz_per_s: float
    cn0_dbhz: float

    @property
    def length_s(self) -> float:
        return FGB_CARRIER_S + len(self.bits) / FGB_BIT_RATE_BPS


@dataclass(frozen=True)
class Exercise:
    """A script, read: everything that will be on the air, in order."""

    title: str
    rate_hz: float
    centre_hz: float
    seed: int
    beacons: tuple[tuple[str, str], ...]
    """name and story of each beacon"""
    transmissions: tuple[Transmission, ...]

    @property
    def length_s(self) -> float:
        """Until the end of the last burst."""
        return max(sent.at_s + sent.length_s for sent in self.transmissions)


def load(path: Path = SCRIPT) -> Exercise:
    """The exercise of a script file, by default the one that comes with Vigie; FieldError for a wrong message."""
    script = tomllib.loads(path.read_text(encoding="utf-8"))
    sent = [transmission for beacon in script["beacon"] for transmission in _of_beacon(beacon)]
    return Exercise(
        script["title"],
        float(script["rate_hz"]),
        float(script["centre_hz"]),
        int(script["seed"]),
        tuple((beacon["name"], beacon["story"]) for beacon in script["beacon"]),
        tuple(sorted(sent, key=lambda one: one.at_s)),
    )


def _of_beacon(beacon: Mapping[str, Any]) -> Iterator[Transmission]:
    facts: dict[str, Any] = {}
    for step in (beacon, *beacon.get("then", ())):
        facts = dict(step["message"]) if step.get("replaces") else facts | step["message"]
        for at_s, more in _scheduled(step) if "schedule" in step else ((at_s, {}) for at_s in step["at_s"]):
            yield Transmission(
                at_s,
                _bits(facts | more, step.get("wrong_bits", ())),
                beacon["name"],
                float(beacon["carrier_hz"]),
                float(beacon.get("drift_hz_per_s", 0.0)),
                float(beacon["cn0_dbhz"]),
            )


def _bits(facts: Mapping[str, Any], wrong: Sequence[int]) -> str:
    """The message as bits, some of them wrong (bit 1 the first)."""
    digits = encode(facts)
    bits = list(format(int(digits, 16), f"0{len(digits) * 4}b"))
    for bit in wrong:
        bits[bit - 1] = "10"[int(bits[bit - 1])]
    return "".join(bits)


def _scheduled(step: Mapping[str, Any]) -> Iterator[tuple[float, dict[str, Any]]]:
    """Times and changing values of an ELT(DT) that sends its operator (C/S T.001 2.2.1): 24 bursts every 5 s - 0.1 s,
    every fourth from the second on with the operator, then every 10 s."""
    at_s, burst = float(step["from_s"]), 1
    while at_s < step["until_s"]:
        place = _along(step["track"], at_s - step["from_s"])
        if burst <= 24 and burst % 4 == 2:
            place = {
                "latitude": place["latitude"],
                "longitude": place["longitude"],
                "aircraft_operator_3ld": step["operator"],
            }
        yield round(at_s, 3), place
        at_s += 4.9 if burst < 24 else 9.9
        burst += 1


def _along(track: Mapping[str, float], past_s: float) -> dict[str, Any]:
    """Where an aircraft is so many seconds along its track, as a message states it."""
    from pyproj import Geod

    east, north, _ = Geod(ellps="WGS84").fwd(
        track["longitude"], track["latitude"], track["course_deg"], track["speed_mps"] * past_s
    )
    height_m = track["altitude_m"] - track["sink_mps"] * past_s
    step = bisect_left(ALTITUDE_LIMITS_M, height_m)
    return {
        "latitude": north,
        "longitude": east,
        "altitude_code": format(step, "04b"),
        "location_freshness": "current",
    }


def samples(exercise: Exercise, start: Instant, *, seed: int | None = None) -> Iterator[Samples]:
    """The channel in blocks of BLOCK_S from ``start`` on, to 2 s past the last burst.

    Noise of unit power over the channel, so a burst of C/N0 ``c`` dBHz has power 10^(c/10) / rate. The same seed gives
    the same samples.
    """
    rng = np.random.default_rng(exercise.seed if seed is None else seed)
    rate = exercise.rate_hz
    count = round(BLOCK_S * rate)
    waves: dict[int, NDArray[np.complex64]] = {}
    for first in range(0, round((exercise.length_s + 2.0) * rate), count):
        iq = rng.standard_normal((count, 2), np.float32).view(np.complex64)[:, 0] * np.float32(0.5**0.5)
        for index, sent in enumerate(exercise.transmissions):
            begin = int(sent.at_s * rate)
            if begin >= first + count or first >= begin + (sent.length_s + 0.01) * rate:
                waves.pop(index, None)
                continue
            if index not in waves:
                waves[index] = _wave(sent, exercise, sent.at_s - begin / rate, rng)
            _add(iq, waves[index], begin - first)
        yield Samples(iq, rate, exercise.centre_hz, after(start, first / rate), first, channel="exercise")


def _wave(sent: Transmission, exercise: Exercise, offset_s: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    power = 10 ** (sent.cn0_dbhz / 10) / exercise.rate_hz
    wave = modulate(
        sent.bits,
        exercise.rate_hz,
        frequency_hz=sent.frequency_hz - exercise.centre_hz,
        drift_hz_per_s=sent.drift_hz_per_s,
        phase_rad=float(rng.uniform(0, 2 * np.pi)),
        start_s=offset_s,
    )
    return np.asarray(wave * np.float32(power**0.5), np.complex64)


def _add(iq: NDArray[np.complex64], wave: NDArray[np.complex64], shift: int) -> None:
    """Add a wave whose first sample lies ``shift`` samples past the first of the block."""
    low, high = max(shift, 0), min(shift + len(wave), len(iq))
    if low < high:
        iq[low:high] += wave[low - shift : high - shift]

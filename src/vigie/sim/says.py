"""What simulated beacons say: the message of each burst, with the position its navigation receiver would encode."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from vigie.errors import ConfigError, FieldError
from vigie.message import beacon as beacon_messages
from vigie.message.encode import encode
from vigie.message.fgb_parts import ALTITUDE_LIMITS_M
from vigie.sim.scenario import Beacon, Crowd

_NUMBERED = ("serial_number", "aircraft_24bit")
"""values by which the beacons of a crowd are told apart"""


def is_second(sender: Beacon | Crowd) -> bool:
    """Whether a sender is of the second generation."""
    message = sender.message
    return message.get("generation") == "SGB" or message.get("protocol") == "sgb"


def refuse_bad_message(sender: Beacon | Crowd, error: Callable[[tuple[str | int, ...], str], ConfigError]) -> None:
    """Raise what ``error`` makes of the key and the words when a sender's messages cannot be made."""
    if sender.kind == "spurious":
        return
    if not sender.message:
        words = "has no message: give it the values that 'vigie encode' takes, such as protocol and country_code"
        raise error((), words)
    steps: list[tuple[tuple[str | int, ...], dict[str, Any]]] = [(("message",), sender.message)]
    if isinstance(sender, Crowd) and not any(key in sender.message for key in _NUMBERED):
        raise error(("message",), f"has none of {', '.join(_NUMBERED)} to tell the beacons of a crowd apart by")
    if isinstance(sender, Beacon):
        facts = dict(sender.message)
        for index, step in enumerate(sender.then):
            facts = dict(step.message) if step.replaces else facts | step.message
            steps.append((("then", index, "message"), facts))
    for key, facts in steps:
        try:
            _encoded(facts, sender, (10.0, 20.0, 100.0), False)
        except FieldError as wrong:
            raise error(key, f"cannot be sent: {wrong}") from None


def numbered(message: Mapping[str, Any], index: int) -> dict[str, Any]:
    """The message of the beacon with that number in a crowd."""
    facts = dict(message)
    if "serial_number" in facts:
        facts["serial_number"] = int(facts["serial_number"]) + index
    elif "aircraft_24bit" in facts:
        facts["aircraft_24bit"] = format(int(str(facts["aircraft_24bit"]), 16) + index, "06X")
    return facts


class Speaker:
    """The messages of one beacon, as bits, each made once."""

    def __init__(self, beacon: Beacon, seed: int) -> None:
        """``seed``: of the random bits of a spurious sender and of the errors of the navigation receiver."""
        self.beacon, self._seed = beacon, seed
        self._made: dict[tuple[Any, ...], str] = {}
        self._starts = [0.0, *(step.at_s for step in beacon.then)]
        self._facts: list[dict[str, Any]] = [dict(beacon.message)]
        for step in beacon.then:
            self._facts.append(dict(step.message) if step.replaces else self._facts[-1] | step.message)

    def digits(
        self, number: int, past_s: float, operator: bool, place: Callable[[float], tuple[float, float, float]]
    ) -> str:
        """Hex of burst ``number``, ``past_s`` after activation; ``place``: latitude, longitude, height at a time."""
        beacon = self.beacon
        if beacon.kind == "spurious":
            return _nonsense(np.random.default_rng([self._seed, number]))
        step = int(np.searchsorted(self._starts, past_s, side="right")) - 1
        fix_s = self._fix_s(past_s)
        key = (step, fix_s, operator)
        if key not in self._made:
            told = None
            if fix_s is not None:
                # a fix shared by bursts has one error, whoever asks first
                random = np.random.default_rng([self._seed, round(fix_s * 1e3) + 1_000_000])
                lat, lon, height = place(fix_s)
                north_m, east_m = random.normal(size=2) * beacon.fix_sigma_m
                lat += float(north_m) / 111_195
                lon += float(east_m) / 111_195 / max(float(np.cos(np.radians(lat))), 1e-3)
                told = (max(-90.0, min(90.0, lat)), (lon + 180) % 360 - 180, height)
            self._made[key] = _encoded(self._facts[max(step, 0)], beacon, told, operator)
        return self._made[key]

    def _fix_s(self, past_s: float) -> float | None:
        """When the position that is sent was found; None when none is sent."""
        beacon = self.beacon
        if beacon.position != "internal" or past_s < beacon.first_fix_s:
            return None
        if beacon.kind == "ELT_DT":
            return past_s
        return beacon.first_fix_s + (past_s - beacon.first_fix_s) // beacon.fix_every_s * beacon.fix_every_s


def _nonsense(rng: np.random.Generator) -> str:
    """A burst of random bits that no receiver would take for a message: one in 23 is near one by chance."""
    while True:
        digits = "FFFE2F" + rng.bytes(15).hex().upper()
        if beacon_messages.decode(digits).verdict == "unreliable":
            return digits


def _encoded(
    facts: Mapping[str, Any], sender: Beacon | Crowd, place: tuple[float, float, float] | None, operator: bool
) -> str:
    said = dict(facts)
    if sender.position == "internal" and place is not None and not said.get("protocol", "").endswith("cancellation"):
        said |= {"latitude": place[0], "longitude": place[1]}
        if said.get("protocol") == "elt_dt":
            said |= {
                "altitude_code": format(bisect_left(ALTITUDE_LIMITS_M, place[2]), "04b"),
                "location_freshness": "current",
            }
    designator = said.pop("operator", None)
    if operator and designator:
        for key in ("altitude_code", "location_freshness"):
            said.pop(key, None)
        said["aircraft_operator_3ld"] = designator
    return _broken(encode(said), sender)


def _broken(digits: str, sender: Beacon | Crowd) -> str:
    wrong = sender.wrong_bits if isinstance(sender, Beacon) else ()
    word = int(digits, 16)
    for bit in wrong:
        word ^= 1 << (len(digits) * 4 - bit)
    return format(word, f"0{len(digits)}X")

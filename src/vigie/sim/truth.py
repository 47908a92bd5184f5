"""The truth of a simulation, read back, and the questions that scoring asks of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from vigie import instants
from vigie.errors import InputError

Times = NDArray[np.datetime64]

_NEAR_S = 1.5
"""a reception lies this close to a burst: light takes up to 0.14 s a link, a bad clock may do the rest"""


@dataclass(frozen=True, eq=False)
class Told:
    """One beacon with its bursts, arrays ``(n,)`` in order of time."""

    facts: Mapping[str, Any]
    """its line of ``truth.jsonl``"""
    times: Times
    lat_deg: NDArray[np.float64]
    lon_deg: NDArray[np.float64]
    tracked: NDArray[np.intp]
    """receptions there could have been"""
    best_cn0_dbhz: NDArray[np.float64]
    begins: np.datetime64
    """start of the scenario: a beacon that was on before is counted from here"""

    def burst_of(self, time: instants.Instant) -> int | None:
        """The number of the burst that was received at a time; None where there was none."""
        if not len(self.times):
            return None
        past_s = (time - self.times).astype("int64") * 1e-9 - 0.07
        nearest = int(np.argmin(np.abs(past_s)))
        return nearest if abs(past_s[nearest]) < _NEAR_S else None

    def place(self, time: instants.Instant) -> tuple[float, float]:
        """Where it was at a time, degrees."""
        at = (self.times - self.times[0]).astype("int64")
        moment = int((time - self.times[0]).astype("timedelta64[ns]").astype("int64"))
        lon = np.interp(moment, at, np.unwrap(self.lon_deg, period=360))
        return float(np.interp(moment, at, self.lat_deg)), float((lon + 180) % 360 - 180)


@dataclass
class Truth:
    """Everything that was true."""

    scenario: dict[str, Any] = field(default_factory=dict)
    beacons: dict[str, Told] = field(default_factory=dict)
    """by name"""
    by_hex_id: dict[str, str] = field(default_factory=dict)

    def of(self, hex_id: str | None) -> Told | None:
        """The beacon that bears a hex ID (or is called so); None for one that was never in the world."""
        if hex_id is None:
            return None
        return self.beacons.get(self.by_hex_id.get(hex_id, hex_id))


def read(path: Path) -> Truth:
    """A ``truth.jsonl``. Raises InputError naming the line that cannot be read."""
    try:
        with path.open("rb") as stream:
            return of_lines(stream, str(path))
    except OSError as error:
        raise InputError(f"{path}: not readable: {error.strerror}") from None


def of_lines(lines: Iterable[bytes | str], name: str) -> Truth:
    """The truth that lines state; ``name`` is what errors call them."""
    truth, facts = Truth(), {}
    bursts: dict[str, list[dict[str, Any]]] = {}
    for number, line in enumerate(lines, 1):
        row = _row(line, f"{name}, line {number}")
        try:
            match row.get("kind"):
                case "scenario":
                    truth.scenario = row
                case "beacon":
                    facts[row["name"]] = row
                    truth.by_hex_id |= dict.fromkeys(row["hex_ids"], row["name"])
                case "burst":
                    bursts.setdefault(row["beacon"], []).append(row)
                case "reception":
                    pass
                case other:
                    raise InputError(f"{name}, line {number}: {other!r} is no kind of line of a truth")
        except KeyError as error:
            raise InputError(f"{name}, line {number}: it has no {error}") from None
    if not truth.scenario:
        raise InputError(f"{name}: no truth of a simulation: a line of kind scenario is missing")
    begins = instants.parse(truth.scenario["start"])
    truth.beacons = {label: _told(row, bursts.get(label, []), begins) for label, row in facts.items()}
    return truth


def _told(facts: Mapping[str, Any], sent: list[dict[str, Any]], begins: instants.Instant) -> Told:
    return Told(
        facts,
        np.array([item["time"].rstrip("Z") for item in sent], "datetime64[ns]"),
        np.array([item["latitude"] for item in sent], float),
        np.array([item["longitude"] for item in sent], float),
        np.array([item["tracked"] for item in sent], np.intp),
        np.array([np.nan if item["best_cn0_dbhz"] is None else item["best_cn0_dbhz"] for item in sent], float),
        begins,
    )


def _row(line: bytes | str, where: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise InputError(f"{where}: no JSON object: {error}") from None

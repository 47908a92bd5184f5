"""Which spacecraft bears a Cospas-Sarsat number: the file ``fleet.csv`` beside this module.

A number moves to another spacecraft when its ranging code (PRN) is reassigned, so each row says when it was seen to
hold (``seen``): 318 was one GPS satellite in 2016 and is another now. The row seen nearest to the time
asked about is used.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from vigie.orbit.ephemeris import Orbits


@dataclass(frozen=True, slots=True)
class Spacecraft:
    """One row of the fleet."""

    number: int
    """C/S number: 300 + GPS PRN, 400 + Galileo SVID, 500 + GLONASS slot, 600 + BeiDou PRN"""
    norad: int
    prn: str
    name: str
    seen: np.datetime64
    """a day on which the number was borne by this spacecraft"""


@lru_cache(maxsize=1)
def fleet() -> tuple[Spacecraft, ...]:
    """All rows, by number and day."""
    text = files("vigie.orbit").joinpath("fleet.csv").read_text("utf-8")
    return tuple(
        Spacecraft(int(row["number"]), int(row["norad"]), row["prn"], row["name"], np.datetime64(row["seen"], "ns"))
        for row in csv.DictReader(text.splitlines())
    )


def spacecraft(number: int, time: np.datetime64) -> Spacecraft | None:
    """The spacecraft that bore a C/S number nearest to a time; None for an unknown number."""
    rows = [row for row in fleet() if row.number == number]
    return min(rows, key=lambda row: abs(row.seen - time), default=None)


def aliases(orbits: Orbits, time: np.datetime64) -> dict[str, str]:
    """For every C/S number, the name under which ``orbits`` knows its spacecraft: by PRN or NORAD number."""
    found = {}
    for number in sorted({row.number for row in fleet()}):
        craft = spacecraft(number, time)
        if craft is not None:
            names = [name for name in (craft.prn, str(craft.norad)) if orbits.find(name) is not None]
            if names:
                found[str(number)] = names[0]
    return found

"""What every source of orbits offers, and the set of them that a computation is given.

An ephemeris is asked for Earth-fixed states at UTC instants and for how far those may be wrong; outside the time it is
good for it answers NaN. ``Orbits`` finds the right one by any of a satellite's names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Times = NDArray[np.datetime64]


class Ephemeris(Protocol):
    """One satellite's orbit from one source."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name the source gives the satellite, the best for people first."""
        ...

    @property
    def source(self) -> str:
        """TLE, OMM, SP3, broadcast or states."""
        ...

    def state(self, times: Times) -> tuple[Array, Array]:
        """Earth-fixed position (m) and velocity (m/s), ``(..., 3)`` each, at UTC instants ``(...)``; NaN if unknown."""
        ...

    def sigma_m(self, times: Times) -> Array:
        """One-sigma error of the position, ``(..., 3)``: radial, along the track, across it."""
        ...

    def age_s(self, times: Times) -> Array:
        """How far the instants lie from what the orbit was made of; 0 inside a table."""
        ...


@dataclass(frozen=True, slots=True)
class Refused:
    """A part of an orbit file that could not be used, and why."""

    where: str
    reason: str


@dataclass(frozen=True, repr=False)
class Orbits:
    """A set of ephemerides, looked up by any name; when two sources know a satellite, the more exact one is found."""

    ephemerides: tuple[Ephemeris, ...]
    refused: tuple[Refused, ...] = ()
    _index: dict[str, Ephemeris] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        order = {"states": 0, "SP3": 1, "broadcast": 2}
        for ephemeris in sorted(self.ephemerides, key=lambda item: order.get(item.source, 3)):
            for name in ephemeris.names:
                self._index.setdefault(key(name), ephemeris)

    def find(self, name: str | int) -> Ephemeris | None:
        """The ephemeris of a satellite by NORAD number, PRN (``E05``), international designator or name."""
        return self._index.get(key(name))

    def __len__(self) -> int:
        return len(self.ephemerides)

    def __repr__(self) -> str:
        return f"<Orbits of {len(self)} satellites>"


def key(name: str | int) -> str:
    """A satellite's name without what people write differently: case, blanks, leading zeros of a number."""
    text = "".join(str(name).upper().split())
    return str(int(text)) if text.isascii() and text.isdigit() else text


def join(sets: Iterable[Orbits]) -> Orbits:
    """Several sets as one."""
    sets = list(sets)
    return Orbits(
        tuple(item for one in sets for item in one.ephemerides), tuple(bad for one in sets for bad in one.refused)
    )


def path_axes(position_m: Array, velocity_mps: Array) -> Array:
    """Unit vectors radial, along, across the track of Earth-fixed states ``(..., 3)``, as rows ``(..., 3, 3)``."""
    radial = position_m / np.linalg.norm(position_m, axis=-1, keepdims=True)
    across = np.cross(radial, velocity_mps)
    norm = np.linalg.norm(across, axis=-1, keepdims=True)
    # a geostationary satellite stands still in this frame: any pair of axes across the radius will do
    pole = np.broadcast_to(np.array([0.0, 0.0, 1.0]), across.shape)
    across = np.where(norm > 1.0, across / np.maximum(norm, 1.0), pole - radial * radial[..., 2:])
    across = across / np.linalg.norm(across, axis=-1, keepdims=True)
    return np.stack([radial, np.cross(across, radial), across], axis=-2)


def nearest(epochs: Sequence[np.datetime64] | Times, times: Times) -> NDArray[np.intp]:
    """Index of the epoch (sorted) nearest to each instant."""
    epochs = np.asarray(epochs, "datetime64[ns]")
    middles = epochs[:-1] + (epochs[1:] - epochs[:-1]) // 2
    return np.asarray(np.searchsorted(middles, np.asarray(times, "datetime64[ns]")))

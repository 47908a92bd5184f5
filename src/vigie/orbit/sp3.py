"""Precise orbits: the SP3 format (IGS, versions a to d), positions and clocks in tables, interpolated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigie.constants import EARTH_ROTATION_RADPS
from vigie.errors import InputError
from vigie.orbit.earth import EarthOrientation, packaged
from vigie.orbit.ephemeris import Array, Orbits, Refused, Times
from vigie.orbit.frames import rotate_z

_NODES = 10  # points of the interpolating polynomial: millimetres for 15-minute tables of medium orbits


@dataclass(frozen=True, eq=False)
class Table:
    """Positions of one satellite at equal steps."""

    names: tuple[str, ...]
    source: str
    times: Times
    """(n,) UTC"""
    position_m: Array
    """(n, 3) Earth-fixed"""
    clock_s: Array
    """(n,) offset of the satellite's clock, NaN where not given"""

    def state(self, times: Times) -> tuple[Array, Array]:
        """Lagrange polynomial through ten neighbours, on axes that do not turn; NaN outside the table."""
        index, s, step_s, outside = self._place(times)
        nodes = index[..., None] + np.arange(_NODES)
        back_s = (nodes - index[..., None]) * step_s
        fixed = rotate_z(self.position_m[nodes], -EARTH_ROTATION_RADPS * back_s)
        weight, slope = _lagrange(s)
        position = np.einsum("...k,...kc->...c", weight, fixed)
        velocity = np.einsum("...k,...kc->...c", slope, fixed) / step_s
        angle = EARTH_ROTATION_RADPS * s * step_s
        position, velocity = rotate_z(position, angle), rotate_z(velocity, angle)
        velocity[..., 0] += EARTH_ROTATION_RADPS * position[..., 1]
        velocity[..., 1] -= EARTH_ROTATION_RADPS * position[..., 0]
        position[outside], velocity[outside] = np.nan, np.nan
        return position, velocity

    def clock(self, times: Times) -> Array:
        """Satellite clock less system time (s), linear between the table's instants; NaN where unknown."""
        seconds = (np.asarray(times, "datetime64[ns]") - self.times[0]).astype("int64") * 1e-9
        table = (self.times - self.times[0]).astype("int64") * 1e-9
        return np.asarray(np.interp(seconds, table, self.clock_s, left=np.nan, right=np.nan))

    def sigma_m(self, times: Times) -> Array:
        """A tenth of a metre: final orbits are known to centimetres."""
        return np.full((*np.shape(times), 3), 0.1)

    def age_s(self, times: Times) -> Array:
        """Always 0: inside its table a precise orbit does not age."""
        return np.zeros(np.shape(times))

    def _place(self, times: Times) -> tuple[np.ndarray, Array, float, np.ndarray]:
        """First node, place among the nodes in steps, the step (s), and which instants lie outside the table."""
        times = np.asarray(times, "datetime64[ns]")
        step = int((self.times[1] - self.times[0]).astype("int64"))
        since = (times - self.times[0]).astype("int64")
        outside = (since < 0) | (since > (self.times.size - 1) * step)
        index = np.clip(since // step - _NODES // 2 + 1, 0, self.times.size - _NODES)
        return index, (since - index * step) / step, step * 1e-9, outside


def _lagrange(s: Array) -> tuple[Array, Array]:
    """Weights and their derivatives ``(..., k)`` of the polynomial through nodes 0, 1 ... k-1, at ``s``."""
    nodes = np.arange(_NODES)
    weight = np.ones((*s.shape, _NODES))
    slope = np.zeros((*s.shape, _NODES))
    for node in nodes:
        for other in nodes[nodes != node]:
            factor = (s - other) / (node - other)
            slope[..., node] = slope[..., node] * factor + weight[..., node] / (node - other)
            weight[..., node] *= factor
    return weight, slope


def read_sp3(text: str, where: str = "the SP3 file", earth: EarthOrientation | None = None) -> Orbits:
    """All satellites of an SP3 file. Satellites with gaps or bad positions are refused by name.

    Raises InputError when the text is no SP3 or its time system is unknown.
    """
    earth = earth or packaged()
    lines = text.splitlines()
    if not lines or lines[0][:1] != "#" or lines[0][1:2] not in "abcd":
        raise InputError(f"{where}: no SP3 file: its first line should begin with #a, #b, #c or #d")
    system = next((line[9:12] for line in lines if line.startswith("%c")), "GPS")
    system = "GPS" if system in ("ccc", "GPS", "GAL", "QZS", "IRN") else system
    if system not in ("GPS", "UTC", "TAI"):
        raise InputError(f"{where}: time system {system}: GPS, GAL, UTC and TAI are known")
    epochs: list[np.datetime64] = []
    rows: dict[str, dict[int, tuple[float, float, float, float]]] = {}
    for number, line in enumerate(lines, 1):
        try:
            if line.startswith("* "):
                year, month, day, hour, minute = (int(item) for item in line[1:].split()[:5])
                whole = np.datetime64(f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}", "ns")
                epochs.append(whole + np.timedelta64(round(float(line[20:31]) * 1e9), "ns"))
            elif line.startswith("P") and epochs:
                name = line[1:4].strip()
                name = f"G{int(name):02d}" if name.isdigit() else name
                x, y, z = (float(line[at : at + 14]) * 1e3 for at in (4, 18, 32))
                clock = float(line[46:60] or "999999.999999")
                rows.setdefault(name, {})[len(epochs) - 1] = (x, y, z, clock * 1e-6 if clock < 999_999 else np.nan)
        except ValueError:
            raise InputError(f"{where}, line {number}: not readable as SP3: {line.strip()!r}") from None
    if len(epochs) < _NODES:
        raise InputError(f"{where}: {len(epochs)} epochs: at least {_NODES} are needed to interpolate")
    times = np.array(epochs)
    if np.unique(np.diff(times)).size != 1:
        raise InputError(f"{where}: its epochs are not equally spaced")
    if system == "GPS":
        times = earth.utc_of_gps(times)
    elif system == "TAI":
        times = times - np.rint(earth.tai_less_utc_s(times) * 1e9).astype("int64").astype("timedelta64[ns]")
    tables, refused = [], []
    for name, found in rows.items():
        table = np.array([found.get(index, (0.0,) * 4) for index in range(len(epochs))])
        if not np.all(np.any(table[:, :3] != 0, axis=1)):
            refused.append(Refused(f"{where}, satellite {name}", "positions are missing at some epochs"))
            continue
        tables.append(Table((name,), "SP3", times, table[:, :3], table[:, 3]))
    return Orbits(tuple(tables), tuple(refused))

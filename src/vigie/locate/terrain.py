"""The height of the ground from elevation grids, as the estimator's prior: SRTM tiles and Esri ASCII grids.

Grids give heights above the geoid, the estimator works above the ellipsoid; the two differ by up to 100 m. Unless the
caller gives that difference it is a part of the sigma. Outside the grids, and where they have no value, the ground is
the ellipsoid with the sigma that stands for not knowing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vigie.errors import InputError

Array = NDArray[np.float64]

_GEOID_SIGMA_M = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Heights at the points of a regular grid."""

    south_deg: float
    west_deg: float
    step_deg: float
    height_m: Array
    """(rows, columns) from south to north, west to east; NaN where unknown"""

    def at(self, lat_deg: Array, lon_deg: Array) -> tuple[Array, Array]:
        """Height between the points, and how much the four around differ (m); NaN outside."""
        rows, columns = self.height_m.shape
        y = (lat_deg - self.south_deg) / self.step_deg
        x = ((lon_deg - self.west_deg) % 360.0) / self.step_deg
        inside = (y >= 0) & (y <= rows - 1) & (x >= 0) & (x <= columns - 1)
        row = np.clip(np.floor(np.nan_to_num(y)).astype(int), 0, rows - 2)
        column = np.clip(np.floor(np.nan_to_num(x)).astype(int), 0, columns - 2)
        up, right = np.clip(y - row, 0, 1), np.clip(x - column, 0, 1)
        corners = np.stack([self.height_m[row + i, column + j] for i in (0, 1) for j in (0, 1)])
        weights = np.stack([(1 - up) * (1 - right), (1 - up) * right, up * (1 - right), up * right])
        height = np.where(inside, np.sum(corners * weights, axis=0), np.nan)
        return height, np.max(corners, axis=0) - np.min(corners, axis=0)


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """The ground of several grids; the first that knows a place answers."""

    grids: tuple[Grid, ...]
    sigma_m: float = 500.0
    """where no grid knows the place"""
    geoid_m: float | None = None
    """height of the geoid above the ellipsoid in the region; None: unknown, within 30 m of none"""

    def __call__(self, lat_deg: Array, lon_deg: Array) -> tuple[Array, Array]:
        """Ellipsoidal height and its sigma."""
        lat, lon = np.asarray(lat_deg, float), np.asarray(lon_deg, float)
        height, sigma = np.full(lat.shape, np.nan), np.full(lat.shape, self.sigma_m)
        for grid in self.grids:
            here, rough = grid.at(lat, lon)
            known = np.isnan(height) & np.isfinite(here)
            height = np.where(known, here, height)
            floor = 10.0 if self.geoid_m is not None else _GEOID_SIGMA_M
            sigma = np.where(known, np.hypot(floor, rough / 2), sigma)
        return np.where(np.isnan(height), 0.0, height + (self.geoid_m or 0.0)), sigma


def read_terrain(paths: Sequence[Path], sigma_m: float = 500.0, geoid_m: float | None = None) -> Terrain:
    """Grids from files: SRTM ``N43E005.hgt``, or Esri ASCII in degrees (``gdal_translate -of AAIGrid``).

    Raises InputError naming the file that is none.
    """
    return Terrain(tuple(_read(path) for path in paths), sigma_m, geoid_m)


def _read(path: Path) -> Grid:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: not readable: {error.strerror}") from None
    return _srtm(path, data) if path.suffix.lower() == ".hgt" else _esri(path, data.decode("ascii", "replace"))


def _srtm(path: Path, data: bytes) -> Grid:
    """One degree of the Shuttle Radar Topography Mission: big-endian metres from the north-west, -32768 unknown."""
    corner = re.fullmatch(r"([NS])(\d{2})([EW])(\d{3})", path.stem.upper())
    side = round((len(data) / 2) ** 0.5)
    if corner is None or side < 2 or 2 * side * side != len(data):
        raise InputError(f"{path}: no SRTM tile such as N43E005.hgt: its name is its corner, its size 2 n^2 bytes")
    south = float(corner[2]) * (1 if corner[1] == "N" else -1)
    west = float(corner[4]) * (1 if corner[3] == "E" else -1)
    metres = np.frombuffer(data, ">i2").reshape(side, side)[::-1].astype(float)
    return Grid(south, west, 1 / (side - 1), np.where(metres == -32768, np.nan, metres))


def _esri(path: Path, text: str) -> Grid:
    """Header of key and value a line, then rows from north to south."""
    header: dict[str, float] = {}
    lines = text.splitlines()
    try:
        while lines and lines[0][:1].isalpha():
            key, value = lines.pop(0).split()
            header[key.lower()] = float(value)
        step = header["cellsize"]
        edge = 0.5 * step  # corner: of the cell; centre: of its middle, where the height holds
        west = header["xllcenter"] if "xllcenter" in header else header["xllcorner"] + edge
        south = header["yllcenter"] if "yllcenter" in header else header["yllcorner"] + edge
        rows, columns = int(header["nrows"]), int(header["ncols"])
        values = np.array(" ".join(lines).split(), float)
        if values.size != rows * columns or min(rows, columns) < 2 or step <= 0:
            raise ValueError(f"{values.size} heights for {rows} rows of {columns}")
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: no Esri ASCII grid: {error}") from None
    if abs(west) > 360 or abs(south) > 90:
        raise InputError(f"{path}: its corner {west}, {south} is not in degrees")
    height = values.reshape(rows, columns)[::-1]
    return Grid(south, west, step, np.where(height == header.get("nodata_value", -9999), np.nan, height))

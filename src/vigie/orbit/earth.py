"""How the Earth turns: UT1, polar motion and leap seconds, from the tables inside the ``astropy-iers-data`` package.

No network. Each value says whether it was measured, predicted or missing, and how far it may be wrong, so that a
location can carry it into its error budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Quality = Literal["measured", "predicted", "none"]

_MJD_UNIX = 40587  # MJD of 1970-01-01
_GPS_LESS_TAI_S = -19.0  # IS-GPS-200
_ARCSEC_RAD = np.pi / 648_000
_UNKNOWN_UT1_S = 0.9  # |UT1-UTC| is kept below 0.9 s (ITU-R TF.460-6)


@dataclass(frozen=True, slots=True, eq=False)
class EarthOrientation:
    """Daily Earth-orientation values and the leap seconds, each ``(n,)``, by Modified Julian Date (UTC)."""

    mjd: Array
    pole_rad: Array
    """(n, 2) polar motion x_p, y_p"""
    ut1_tai_s: Array
    """UT1-TAI: unlike UT1-UTC it has no steps, so it may be interpolated"""
    ut1_sigma_s: Array
    measured_until_mjd: float
    leap_mjd: Array
    tai_utc_s: Array

    def tai_less_utc_s(self, times: NDArray[np.datetime64]) -> Array:
        """TAI-UTC at UTC instants of any shape; before 1972 the first value of the table."""
        index = np.searchsorted(self.leap_mjd, _mjd(times), side="right") - 1
        return self.tai_utc_s[np.maximum(index, 0)]

    def at(self, times: NDArray[np.datetime64]) -> tuple[Array, Array, Array]:
        """UT1-UTC (s), its one-sigma error (s) and the pole ``(..., 2)`` (rad) at UTC instants of any shape.

        Beyond the table UT1-UTC and the pole are the last known ones, and the error is what they may have become.
        """
        mjd = _mjd(times)
        ut1_utc = np.interp(mjd, self.mjd, self.ut1_tai_s) + self.tai_less_utc_s(times)
        sigma = np.interp(mjd, self.mjd, self.ut1_sigma_s)
        outside = np.maximum(mjd - self.mjd[-1], self.mjd[0] - mjd)
        # IERS Bulletin A: a prediction d days ahead errs by 0.00025 s d^0.75
        sigma = np.where(outside > 0, np.hypot(sigma, 0.00025 * np.maximum(outside, 0) ** 0.75), sigma)
        pole = np.stack([np.interp(mjd, self.mjd, self.pole_rad[:, axis]) for axis in (0, 1)], axis=-1)
        return ut1_utc, np.minimum(sigma, _UNKNOWN_UT1_S), pole

    def quality(self, time: np.datetime64) -> Quality:
        """Whether the value at an instant was measured, is a prediction, or lies outside the table."""
        mjd = float(_mjd(np.asarray(time, "datetime64[ns]")))
        if not self.mjd[0] <= mjd <= self.mjd[-1]:
            return "none"
        return "measured" if mjd <= self.measured_until_mjd else "predicted"

    def utc_of_gps(self, gps: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
        """UTC of instants read off a GPS clock (also Galileo's, to nanoseconds)."""
        offset = self.tai_less_utc_s(gps) + _GPS_LESS_TAI_S
        offset = self.tai_less_utc_s(gps - _nanoseconds(offset)) + _GPS_LESS_TAI_S  # just after a leap second
        return gps - _nanoseconds(offset)


def _nanoseconds(seconds: ArrayLike) -> NDArray[np.timedelta64]:
    return np.rint(np.asarray(seconds) * 1e9).astype("int64").astype("timedelta64[ns]")


def _mjd(times: NDArray[np.datetime64]) -> Array:
    whole = np.asarray(times, "datetime64[ns]").astype("int64")
    return np.asarray(whole / 86_400e9 + _MJD_UNIX)


@lru_cache(maxsize=1)
def packaged() -> EarthOrientation:
    """The tables that came with the installed ``astropy-iers-data``: finals2000A and the leap seconds."""
    import astropy_iers_data

    return read(Path(astropy_iers_data.IERS_A_FILE), Path(astropy_iers_data.IERS_LEAP_SECOND_FILE))


def read(finals: Path, leap_seconds: Path) -> EarthOrientation:
    """IERS ``finals2000A`` (columns as in its readme) and ``Leap_Second.dat``."""
    leaps = [line.split() for line in leap_seconds.read_text().splitlines() if line.strip() and line[0] != "#"]
    leap_mjd = np.array([float(row[0]) for row in leaps])
    tai_utc = np.array([float(row[4]) for row in leaps])
    rows, measured = [], 0.0
    for line in finals.read_text().splitlines():
        if not line[58:68].strip() or not line[18:27].strip():
            break  # the table is padded with days that have no values yet
        day = float(line[7:15])
        rows.append((day, float(line[18:27]), float(line[37:46]), float(line[58:68]), float(line[68:78] or "nan")))
        if line[57] == "I":
            measured = day
    table = np.array(rows)
    mjd = table[:, 0]
    steps = tai_utc[np.maximum(np.searchsorted(leap_mjd, mjd, side="right") - 1, 0)]
    return EarthOrientation(
        mjd=mjd,
        pole_rad=table[:, 1:3] * _ARCSEC_RAD,
        ut1_tai_s=table[:, 3] - steps,
        ut1_sigma_s=np.nan_to_num(table[:, 4], nan=0.001),
        measured_until_mjd=measured,
        leap_mjd=leap_mjd,
        tai_utc_s=tai_utc,
    )

"""Simulated beacons for the tests of this folder: one forward model for simulator and estimator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vigie.geodesy import ecef_m, local_axes
from vigie.locate.measurement import Measurement
from vigie.locate.observe import observe
from vigie.orbit.ephemeris import Orbits
from vigie.orbit.passes import look

CARRIER_HZ = 406.04e6
SECOND = np.timedelta64(1_000_000_000, "ns")


def bursts(
    orbits: Orbits,
    satellites: Sequence[str],
    place: tuple[float, float, float],
    times: np.ndarray,
    rng: np.random.Generator,
    sigma_toa_s: float | None = 13e-6,
    sigma_foa_hz: float | None = 0.2,
    offset_hz: float = 30.0,
    drift_hz_per_s: float = 0.0,
    velocity_mps: tuple[float, ...] = (0.0, 0.0),
    least_deg: float = 5.0,
    tecu: float = 15.0,
) -> list[Measurement]:
    """What each satellite in view hears of each burst; a moving beacon is at ``place`` at the last one.

    ``velocity_mps``: east, north, and perhaps up.
    """
    lat, lon, alt = place
    own = np.array([*velocity_mps]) @ local_axes(lat, lon)[: len(velocity_mps)]
    since = (times - times[-1]).astype("int64") * 1e-9
    where = ecef_m(lat, lon, alt) + own * since[:, None]
    found = []
    for name in satellites:
        arrival, received, elevation = observe(
            orbits.find(name), where, times, CARRIER_HZ + offset_hz + drift_hz_per_s * since, own, tecu, True
        )
        for index in np.flatnonzero(elevation > least_deg):
            late = 0 if sigma_toa_s is None else round(rng.normal() * sigma_toa_s * 1e9)
            time = arrival[index] + np.timedelta64(late, "ns")
            found.append(
                Measurement(
                    beacon="TEST",
                    time=time,
                    satellite=name,
                    burst=str(index),
                    foa_hz=None if sigma_foa_hz is None else float(received[index] + rng.normal() * sigma_foa_hz),
                    sigma_foa_hz=sigma_foa_hz,
                    carrier_hz=CARRIER_HZ,
                    toa=None if sigma_toa_s is None else time,
                    sigma_toa_s=sigma_toa_s,
                )
            )
    return found


def in_sight(
    orbits: Orbits, place: tuple[float, float, float], time: np.datetime64, least_deg: float = 10.0
) -> list[str]:
    """Names of the satellites above an elevation."""
    site, axes = ecef_m(*place), local_axes(*place[:2])
    return [
        item.names[1]
        for item in orbits.ephemerides
        if look(site, axes, item.state(np.array([time]))[0])[0][0] > least_deg
    ]

"""What a fix makes of each reception: the frequency it foretells, and what is left of frequency and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vigie.geodesy import ecef_m, geodetic, local_axes
from vigie.locate import media
from vigie.locate.estimate import checked
from vigie.locate.grouping import bursts
from vigie.locate.measurement import Fix, Measurement, Settings
from vigie.locate.rows import gather
from vigie.locate.uplink import path
from vigie.orbit.ephemeris import Orbits

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """One row a reception, in order of time; NaN where nothing was measured."""

    satellites: tuple[str, ...]
    """(n,) of each"""
    times: NDArray[np.datetime64]
    foa_hz: Array
    """received less nominal"""
    foretold_hz: Array
    """the same, by the fix; NaN when it has no frequency"""
    late_s: Array
    """arrival less the one foretold; each burst's mean is taken off, for its transmit time is unknown"""
    used: NDArray[np.bool_]
    """False for what the fix left out"""

    @property
    def left_hz(self) -> Array:
        """Received less foretold."""
        return np.asarray(self.foa_hz - self.foretold_hz)


def residuals(
    fix: Fix,
    measurements: Sequence[Measurement],
    orbits: Orbits,
    settings: Settings,
    aliases: Mapping[str, str] | None = None,
) -> Residuals | None:
    """Of one solved fix and the measurements of its beacon; None when none of them has a satellite's orbit."""
    groups, _ = bursts(checked(measurements)[0])
    gathered, _ = gather(groups, orbits, aliases)
    if gathered is None or fix.lat_deg is None or fix.lon_deg is None:
        return None
    rows, items = gathered.rows, gathered.measurements
    times = np.array([item.time for item in items], "datetime64[ns]")
    since = (times - fix.end).astype("int64") * 1e-9
    own = np.array(fix.velocity_mps or (0.0, 0.0)) @ local_axes(fix.lat_deg, fix.lon_deg)[:2]
    place = ecef_m(fix.lat_deg, fix.lon_deg, fix.alt_m or 0.0) + own * since[:, None]
    sense = -1 if settings.direction == "up" else 1
    link = path(place, own, rows.satellite_m, rows.satellite_mps, sense, settings.relativity)
    up = local_axes(*geodetic(place)[:2])[..., 2, :]
    per = media.per_tecu(place, up, rows.satellite_m, rows.satellite_mps, rows.nominal_hz)
    tecu = media.vertical_tecu(settings.tec_model or settings.tec_tecu, place, up, rows.satellite_m, rows.day_s)
    delay, ratio = link.delay_s + per[0] * tecu, link.ratio_less_1 + per[1] * tecu
    if settings.troposphere:
        air = media.troposphere(place, up, geodetic(place)[2], rows.satellite_m, rows.satellite_mps)
        delay, ratio = delay + air[0], ratio + air[1]
    sent = np.full(len(items), np.nan)
    if fix.frequency_hz is not None:
        sent = fix.frequency_hz + (fix.drift_hz_per_s or 0.0) * since
    bad = {(id(one.measurement), one.part) for one in fix.rejected}
    use_t = np.array([item.toa is not None and not bad & {(id(item), "toa"), (id(item), "all")} for item in items])
    late = np.where([item.toa is not None for item in items], rows.toa_s - delay, np.nan)
    burst = rows.burst_of()
    for number in range(rows.first.size):
        mine = burst == number
        late[mine] -= np.mean(late[mine & use_t]) if np.any(mine & use_t) else np.nan
    order = np.argsort(times, kind="stable")
    return Residuals(
        tuple(str(items[index].satellite) for index in order),
        times[order],
        np.where([item.foa_hz is not None for item in items], rows.foa_hz, np.nan)[order],
        (sent * (1 + ratio) - rows.nominal_hz)[order],
        late[order],
        np.array([not bad & {(id(item), part) for part in ("all", "foa", "toa")} for item in items])[order],
    )

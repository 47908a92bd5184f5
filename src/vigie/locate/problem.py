"""From gathered measurements and settings to the problem that the solver works on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vigie.constants import EARTH_ROTATION_RADPS, SPEED_OF_LIGHT_MPS
from vigie.geodesy import ecef_m
from vigie.locate import orbit_error
from vigie.locate.grouping import epochs
from vigie.locate.measurement import Measurement, Settings
from vigie.locate.normal import OrbitError, Problem
from vigie.locate.orbit_error import OrbitCorrection
from vigie.locate.rows import Gathered, Rows, axes_of

Array = NDArray[np.float64]


def build(
    gathered: Gathered,
    rows: Rows,
    settings: Settings,
    anchors: Sequence[Measurement] = (),
    correction: OrbitCorrection | None = None,
) -> Problem:
    """The static problem of one beacon; ``rows`` are ``gathered.rows`` or the same with weights taken off."""
    carrier = float(np.median(rows.nominal_hz))
    orbit = _orbits(gathered, rows, settings, correction)
    if orbit is not None:
        rows = _with_floor(rows, gathered.orbit_sigma_m[rows.satellite, 1])
    columns, precision = _oscillator(rows, settings, carrier)
    known = known_height(settings, (*gathered.measurements, *anchors))
    altitude, sigma = known or (settings.altitude_m, settings.altitude_sigma_m)
    return Problem(
        rows=rows,
        altitude_m=altitude,
        altitude_sigma_m=sigma,
        ground=None if known else settings.ground,
        columns=columns,
        precision=precision,
        wander_hz=settings.wander_ppb * 1e-9 * carrier,
        tec=settings.tec_model or settings.tec_tecu,
        tec_sigma_tecu=content_sigmas(settings),
        troposphere=settings.troposphere,
        relativity=settings.relativity,
        orbit=orbit,
        climb_sigma_mps=settings.climb_mps,
        reference_s=float(np.max(rows.seconds)),
        anchors=tuple(
            (
                ecef_m(*item.position_deg, item.altitude_m or settings.altitude_m),
                item.sigma_position_m or 100.0,
            )
            for item in anchors
            if item.position_deg is not None
        ),
        sense=-1 if settings.direction == "up" else 1,
    )


def known_height(settings: Settings, measurements: Iterable[Measurement]) -> tuple[float, float] | None:
    """The beacon's height that its measurements state, and its sigma; None when they state none."""
    heights = [item.altitude_m for item in measurements if item.altitude_m is not None]
    return (float(np.median(heights)), settings.known_altitude_sigma_m) if heights else None


def content_sigmas(settings: Settings) -> tuple[float, float, float] | None:
    """What is not known of the electron content: overhead, and its slopes; None when it is taken as exact."""
    if settings.tec_sigma_tecu <= 0:
        return None
    slope = max(settings.tec_slope_sigma_tecu, 1e-6)
    return settings.tec_sigma_tecu, slope, slope


def payload_sigmas(settings: Settings, carrier_hz: float) -> tuple[float, float]:
    """What is not known of a payload: delay (m) and frequency (m/s)."""
    c = SPEED_OF_LIGHT_MPS
    return settings.payload_sigma_s * c, settings.payload_sigma_hz / carrier_hz * c


def _oscillator(rows: Rows, settings: Settings, carrier: float) -> tuple[Array, Array]:
    """Columns and prior precisions of frequency, drift, and the changes between passes."""
    used = rows.foa_weight > 0
    if not used.any():
        return np.zeros((rows.size, 0)), np.zeros(0)
    start = rows.seconds[rows.first]
    number = epochs(start, settings.epoch_gap_s)[rows.burst_of()]
    drift_sigma = settings.drift_ppb_per_min * 1e-9 * carrier / 60
    columns, precision = [np.ones(rows.size)], [0.0]
    for epoch in range(int(number.max()) + 1):
        mine = number == epoch
        middle = float(np.mean(rows.seconds[mine]))
        if np.ptp(rows.seconds[mine]) > 1.0 and drift_sigma > 0:
            columns.append(np.where(mine, rows.seconds - middle, 0.0))
            precision.append(drift_sigma**-2)
        if number.max() > 0:
            columns.append(mine.astype(float))
            precision.append((settings.epoch_ppb * 1e-9 * carrier) ** -2)
    return np.stack(columns, axis=-1), np.array(precision)


def drift_column(problem: Problem) -> int | None:
    """Which linear unknown is the drift of the last stretch; None when it is not solved for."""
    last = int(np.argmax(problem.rows.seconds))
    for index in range(problem.columns.shape[1] - 1, 0, -1):
        column = problem.columns[:, index]
        if column[last] != 0 and not np.all((column == 0) | (column == 1)):
            return index
    return None


def _orbits(
    gathered: Gathered, rows: Rows, settings: Settings, correction: OrbitCorrection | None
) -> OrbitError | None:
    """What the satellites' orbit errors do to each reception, and what is known of them; None when all are exact."""
    payload = payload_sigmas(settings, float(np.median(rows.nominal_hz)))
    if not settings.orbit_errors or not (np.any(gathered.orbit_sigma_m > 1.0) or max(payload) > 0):
        return None
    axes, rate = axes_of(rows), orbit_error.rate_radps(np.linalg.norm(rows.satellite_m, axis=-1))
    place, speed = orbit_error.shapes(rate, rows.seconds)
    covariance = orbit_error.prior(gathered.orbit_sigma_m, payload)
    mean = np.zeros(len(covariance))
    if correction is not None:
        _correct(mean, covariance, gathered, orbit_error.moved(correction, gathered.epoch))
    place, speed = place @ axes, speed @ axes
    speed[..., 0] += EARTH_ROTATION_RADPS * place[..., 1]
    speed[..., 1] -= EARTH_ROTATION_RADPS * place[..., 0]
    return OrbitError(place, speed, np.asarray(np.linalg.inv(covariance)), mean, payload)


def _with_floor(rows: Rows, along_m: Array) -> Rows:
    """Rows with the part of the orbit's error that is none of its six unknowns added to their noise."""
    late_s = orbit_error.UNMODELLED * along_m / SPEED_OF_LIGHT_MPS
    high_hz = late_s * orbit_error.rate_radps(np.linalg.norm(rows.satellite_m, axis=-1)) * rows.nominal_hz
    return replace(
        rows,
        toa_weight=rows.toa_weight / (1 + rows.toa_weight * late_s**2),
        foa_weight=rows.foa_weight / (1 + rows.foa_weight * high_hz**2),
    )


def _correct(mean: Array, covariance: Array, gathered: Gathered, known: OrbitCorrection) -> None:
    """Put what reference beacons told in the place of the prior."""
    pairs = [
        (here, there)
        for here, name in enumerate(gathered.satellites)
        for there, other in enumerate(known.satellites)
        if name == other
    ]
    if not pairs:
        return
    number = np.arange(orbit_error.SIZE)
    to, of = (np.concatenate([orbit_error.SIZE * pair[side] + number for pair in pairs]) for side in (0, 1))
    mean[to] = known.mean_m[of]
    covariance[to, :] = 0.0
    covariance[:, to] = 0.0
    covariance[np.ix_(to, to)] = known.covariance_m2[np.ix_(of, of)]


def degrees_of_freedom(rows: Rows, anchors: int) -> tuple[int, int]:
    """Measurements and unknowns. Whatever has a prior (height, drift, orbits) counts on neither side."""
    times, freqs = rows.toa_weight > 0, rows.foa_weight > 0
    with_times = int(np.sum(np.add.reduceat(times.astype(int), rows.first) > 0))
    measured = int(times.sum() + freqs.sum()) + 2 * anchors
    return measured, 2 + with_times + int(freqs.any())

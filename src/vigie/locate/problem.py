"""From gathered measurements and settings to the problem that the solver works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vigie.geodesy import ecef_m
from vigie.locate.grouping import epochs
from vigie.locate.measurement import Measurement, Settings
from vigie.locate.normal import Problem
from vigie.locate.rows import Gathered, Rows

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class OrbitCorrection:
    """What reference beacons have told of the satellites' orbit errors: radial, along, across (m)."""

    satellites: tuple[str, ...]
    mean_m: Array
    """(3s,)"""
    covariance_m2: Array
    """(3s, 3s)"""


def build(
    gathered: Gathered,
    rows: Rows,
    settings: Settings,
    anchors: Sequence[Measurement] = (),
    correction: OrbitCorrection | None = None,
) -> Problem:
    """The static problem of one beacon; ``rows`` are ``gathered.rows`` or the same with weights taken off."""
    carrier = float(np.median(rows.nominal_hz))
    columns, precision = _oscillator(rows, settings, carrier)
    heights = [item.altitude_m for item in (*gathered.measurements, *anchors) if item.altitude_m is not None]
    orbit_precision, orbit_mean = _orbits(gathered, settings, correction)
    return Problem(
        rows=rows,
        altitude_m=float(np.median(heights)) if heights else settings.altitude_m,
        altitude_sigma_m=settings.known_altitude_sigma_m if heights else settings.altitude_sigma_m,
        columns=columns,
        precision=precision,
        wander_hz=settings.wander_ppb * 1e-9 * carrier,
        tec=settings.tec_tecu,
        tec_sigma_tecu=settings.tec_sigma_tecu,
        troposphere=settings.troposphere,
        relativity=settings.relativity,
        orbit_precision=orbit_precision,
        orbit_mean_m=orbit_mean,
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
    gathered: Gathered, settings: Settings, correction: OrbitCorrection | None
) -> tuple[Array | None, Array | None]:
    """Prior precision and mean of the orbit errors; None when all orbits are exact to a metre."""
    sigma = gathered.orbit_sigma_m.reshape(-1)
    if not settings.orbit_errors or not np.any(sigma > 1.0):
        return None, None
    covariance = np.diag(np.maximum(sigma, 0.05) ** 2)
    mean = np.zeros(sigma.size)
    if correction is not None:
        pairs = [
            (3 * here + axis, 3 * there + axis)
            for here, name in enumerate(gathered.satellites)
            for there, known in enumerate(correction.satellites)
            if name == known
            for axis in (0, 1, 2)
        ]
        if pairs:
            to, of = (np.array(part) for part in zip(*pairs, strict=True))
            mean[to] = correction.mean_m[of]
            covariance[np.ix_(to, to)] = correction.covariance_m2[np.ix_(of, of)]
    return np.linalg.inv(covariance), mean


def degrees_of_freedom(rows: Rows, anchors: int) -> tuple[int, int]:
    """Measurements and unknowns. Whatever has a prior (height, drift, orbits) counts on neither side."""
    times, freqs = rows.toa_weight > 0, rows.foa_weight > 0
    with_times = int(np.sum(np.add.reduceat(times.astype(int), rows.first) > 0))
    measured = int(times.sum() + freqs.sum()) + 2 * anchors
    return measured, 2 + with_times + int(freqs.any())

"""One Gaussian belief about a beacon, carried through time and brought up to date burst by burst.

The unknowns are those of the batch estimator: place and velocity (east, north, up; the axes move with the place), the
oscillator's frequency and drift, the electron content's errors, the satellites' errors. So are the equations: a burst's
rows come from ``normal.design_rows``, with time and frequency of transmission already eliminated.

What is carried is a root of the covariance, by orthogonal transformations alone (Morf and Kailath, IEEE TAC 20, 1975).
Before the first burst the place is open to a thousand kilometres and the frequency to 12 kHz; then both are measured to
metres and millihertz. Subtracted from one another, covariances of such different size leave rounding in place of what
is left, and negative variances; a root spans half the digits and cannot become one of a negative variance.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vigie.constants import EARTH_ROTATION_RADPS
from vigie.geodesy import geodetic, local_axes
from vigie.locate import orbit_error
from vigie.locate.measurement import Settings
from vigie.locate.motion import Model
from vigie.locate.normal import Problem, design_rows
from vigie.locate.problem import build, content_sigmas
from vigie.locate.rows import Gathered, axes_of
from vigie.locate.solver import moved

Array = NDArray[np.float64]

UP, VELOCITY, FREQUENCY, DRIFT, CLIMB, TEC, LEAD = 2, slice(3, 5), 5, 6, 7, slice(8, 11), 11
HEAD = 12
"""east, north, up, velocity east and north, frequency less nominal (Hz), drift (Hz/s), velocity up, electron content
less the assumed one and its slopes east and north (TECU), the lead that public elements share (in sigmas); then the
numbers (``orbit_error``) of each satellite met"""
_TEC_S, _DRIFT_S, _CLIMB_S = 7_200.0, 1_200.0, 120.0
_SHARED = np.sqrt(0.5)


@dataclass(slots=True, eq=False)
class Belief:
    """Mean and spread at ``seconds`` past the track's epoch."""

    model: Model
    place_m: Array
    """(3,) ECEF: the mean of east, north and up is kept here and is zero in ``mean``"""
    mean: Array
    root: Array
    """(n, n) of the covariance: root times its transpose"""
    seconds: float
    satellites: list[str] = field(default_factory=list)

    @property
    def covariance(self) -> Array:
        """(n, n)"""
        return self.root @ self.root.T

    def copy(self) -> Belief:
        """One that may be changed on its own."""
        return replace(self, mean=self.mean.copy(), root=self.root.copy(), satellites=[*self.satellites])


@dataclass(frozen=True, slots=True, eq=False)
class Burst:
    """One transmission as the filter takes it."""

    gathered: Gathered
    seconds: float
    """past the track's epoch: the last arrival"""
    nominal_hz: float
    problem: Problem


def fresh(
    model: Model, place_m: Array, seconds: float, settings: Settings, spread_m: float, carrier_hz: float
) -> Belief:
    """A belief before anything was heard: somewhere within ``spread_m`` of a place."""
    sigma = np.zeros(HEAD)
    sigma[:2], sigma[UP] = spread_m, settings.altitude_sigma_m
    sigma[VELOCITY] = model.speed_mps
    sigma[FREQUENCY], sigma[DRIFT] = 3e-5 * carrier_hz, settings.drift_ppb_per_min * 1e-9 * carrier_hz / 60
    sigma[CLIMB] = 0.0 if model.still else settings.climb_mps
    sigma[TEC], sigma[LEAD] = content_sigmas(settings) or (0.0, 0.0, 0.0), 1.0
    return Belief(model, place_m.copy(), np.zeros(HEAD), np.diag(sigma), seconds)


def burst(gathered: Gathered, epoch: np.datetime64, settings: Settings, nominal_hz: float) -> Burst:
    """A burst's rows, made once for all beliefs."""
    problem = build(gathered, gathered.rows, settings)
    rows = problem.rows
    rows = replace(rows, foa_hz=rows.foa_hz + rows.nominal_hz - nominal_hz, nominal_hz=np.full(rows.size, nominal_hz))
    at = float((gathered.epoch - epoch) / np.timedelta64(1, "s"))
    orbit = None
    if problem.orbit is not None:  # the numbers hold at the track's epoch, not at the burst's
        axes, rate = axes_of(rows), orbit_error.rate_radps(np.linalg.norm(rows.satellite_m, axis=-1))
        place, speed = (part @ axes for part in orbit_error.shapes(rate, rows.seconds + at))
        speed[..., 0] += EARTH_ROTATION_RADPS * place[..., 1]
        speed[..., 1] -= EARTH_ROTATION_RADPS * place[..., 0]
        orbit = replace(problem.orbit, place=place, speed=speed)
    last = float(np.max(rows.seconds))
    problem = replace(
        problem,
        rows=rows,
        columns=np.stack([np.ones(rows.size), rows.seconds - last], axis=-1),
        precision=np.zeros(2),
        tec_sigma_tecu=(1.0, 1.0, 1.0),
        orbit=orbit,
        speed_sigma_mps=1.0,
        climb_sigma_mps=1.0,
        reference_s=last,
        anchors=(),
    )
    return Burst(gathered, at + last, nominal_hz, problem)


def predict(belief: Belief, seconds: float, settings: Settings) -> None:
    """Carry a belief on to a later moment."""
    dt = seconds - belief.seconds
    if dt <= 0:
        return
    size = belief.mean.size
    forward, noise = np.eye(size), np.zeros((size, size))
    _wander(forward, noise, FREQUENCY, DRIFT, settings.drift_ppb_per_min * 1e-9 * 406e6 / 60, _DRIFT_S, dt)
    keep = np.exp(-dt / _TEC_S)
    np.fill_diagonal(forward[TEC, TEC], keep)
    np.fill_diagonal(noise[TEC, TEC], np.square(content_sigmas(settings) or (0.0, 0.0, 0.0)) * (1 - keep**2))
    step = np.zeros(3)
    model = belief.model
    if not model.still:
        # the height of the ground under way is forgotten as the velocity is
        keep = np.exp(-dt / model.memory_s)
        forward[UP, UP] = keep
        step[2] = (1 - keep) * (settings.altitude_m - float(geodetic(belief.place_m)[2]))
        noise[UP, UP] = settings.altitude_sigma_m**2 * (1 - keep**2)
        for axis in (0, 1):
            _wander(forward, noise, axis, 3 + axis, model.speed_mps, model.memory_s, dt)
        if settings.climb_mps > 0:
            _wander(forward, noise, UP, CLIMB, settings.climb_mps, _CLIMB_S, dt)
        step += [forward[axis, rate] * belief.mean[rate] for axis, rate in ((0, 3), (1, 4), (UP, CLIMB))]
    belief.root = triangle(np.concatenate([forward @ belief.root, _spread(noise)], axis=1))
    belief.mean = forward @ belief.mean
    belief.mean[:3] = 0.0
    belief.place_m = moved(belief.place_m[None], np.zeros((1, 2)), step[None])[0][0]
    belief.seconds = seconds


def _spread(covariance: Array) -> Array:
    """A root ``(n, n)`` of a covariance that may leave out some of the unknowns, or make some depend on others."""
    scale = np.sqrt(np.maximum(np.diagonal(covariance), 1e-300))
    values, vectors = np.linalg.eigh(covariance / scale[:, None] / scale)
    return np.asarray(scale[:, None] * vectors * np.sqrt(np.maximum(values, 0.0)))


def _wander(forward: Array, noise: Array, value: int, rate: int, sigma: float, memory_s: float, dt: float) -> None:
    """Enter a rate that wanders with a memory, and the value that it changes, into transition and noise in place.

    What changes the rate on the way changes the value with it. Both are stationary in the rate: ``sigma`` of it.
    """
    x = dt / memory_s
    lost = -np.expm1(-x)
    forward[value, rate], forward[rate, rate] = memory_s * lost, 1 - lost
    # 2x - 3 + 4 exp(-x) - exp(-2x) is all cancellation where x is small
    moved2 = x**3 * (2 / 3 - x / 2 + 7 * x**2 / 30) if x < 0.01 else 2 * x - 2 * lost - lost**2
    noise[value, value] += (sigma * memory_s) ** 2 * moved2
    noise[rate, rate] += sigma**2 * lost * (2 - lost)
    noise[value, rate] += sigma**2 * memory_s * lost**2
    noise[rate, value] += sigma**2 * memory_s * lost**2


def update(belief: Belief, heard: Burst, use: NDArray[np.bool_], lean_on_m: Array | None = None) -> tuple[float, float]:
    """Take in the receptions ``use (n,)`` of a burst: logarithm of their likelihood, and chi-square of the surprise.

    Linearised at the belief's own place, again at the corrected one when that is far; or at ``lean_on_m``, a place
    known better from elsewhere.
    """
    _meet(belief, heard)
    prior = belief.copy()
    log_likelihood = surprise = 0.0
    at = (prior.place_m, prior.mean[VELOCITY].copy()) if lean_on_m is None else (lean_on_m, prior.mean[VELOCITY].copy())
    for _ in range(4):
        design, residual = _rows(prior, heard, use, *at)
        white, change, log_volume = _take(belief, prior, design, residual)
        surprise = float(white @ white)
        log_likelihood = -0.5 * surprise - log_volume
        belief.mean = prior.mean + change
        step = belief.mean[:3].copy()
        belief.mean[:3] = 0.0
        belief.place_m = moved(prior.place_m[None], np.zeros((1, 2)), step[None])[0][0]
        gone = float(np.linalg.norm(belief.place_m - at[0]))
        if lean_on_m is not None or gone < 300.0:
            break
        at = (belief.place_m, belief.mean[VELOCITY].copy())
    return log_likelihood, surprise


def _take(belief: Belief, prior: Belief, design: Array, residual: Array) -> tuple[Array, Array, float]:
    """Narrow a belief by rows of unit noise: whitened residuals, change of the mean, half the log of their volume."""
    from scipy.linalg import solve_triangular

    count, size = design.shape
    joint = np.zeros((count + size, count + size))
    joint[:count, :count] = np.eye(count)
    joint[:count, count:], joint[count:, count:] = design @ prior.root, prior.root
    joint = triangle(joint)
    lower, gain = joint[:count, :count], joint[count:, :count]
    belief.root = joint[count:, count:]
    white = np.asarray(solve_triangular(lower, residual, lower=True))
    return white, gain @ white, float(np.sum(np.log(np.abs(np.diagonal(lower)))))


def triangle(root: Array) -> Array:
    """The same root ``(n, k)``, ``k`` not below ``n``, as a lower triangle ``(n, n)``."""
    return np.asarray(np.linalg.qr(root.T, mode="r")).T


def update_place(belief: Belief, place_m: Array, sigma_m: float) -> float:
    """Take in a place that the beacon sent; the logarithm of its likelihood."""
    axes = local_axes(*geodetic(belief.place_m)[:2])
    off = (axes @ (place_m - belief.place_m))[:2]
    design = np.zeros((2, belief.mean.size))
    design[0, 0] = design[1, 1] = 1 / sigma_m
    white, change, log_volume = _take(belief, belief, design, off / sigma_m)
    belief.mean = belief.mean + change
    step = belief.mean[:3].copy()
    belief.mean[:3] = 0.0
    belief.place_m = moved(belief.place_m[None], np.zeros((1, 2)), step[None])[0][0]
    return float(-0.5 * white @ white) - log_volume - 2 * float(np.log(sigma_m))


def _meet(belief: Belief, heard: Burst) -> None:
    """Make room for the orbit errors of satellites that are new."""
    if heard.problem.orbit is None:
        return
    for name, sigma in zip(heard.gathered.satellites, heard.gathered.orbit_sigma_m, strict=True):
        if name in belief.satellites:
            continue
        belief.satellites.append(name)
        own = orbit_error.prior(sigma[None], heard.problem.orbit.payload)
        if sigma[1] > orbit_error.COMMON_ABOVE_M:
            own[1, 1] *= 0.5  # the other half is the shared lead
        size = belief.mean.size
        wider = np.zeros((size + orbit_error.SIZE,) * 2)
        wider[:size, :size], wider[size:, size:] = belief.root, _spread(own)
        belief.root, belief.mean = wider, np.append(belief.mean, np.zeros(orbit_error.SIZE))


def _rows(prior: Belief, heard: Burst, use: NDArray[np.bool_], place: Array, velocity: Array) -> tuple[Array, Array]:
    """Design by the belief's unknowns, and what is left of the measurements at its mean; none without weight."""
    problem = heard.problem
    rows = problem.rows
    if not use.all():
        problem = replace(problem, rows=rows.without(~use, ~use))
        rows = problem.rows
    local, residual, _ = design_rows(problem, place, velocity)
    design = np.zeros((len(residual), prior.mean.size))
    design[:, :5] = local[:, :5]
    design[:, [FREQUENCY, DRIFT, CLIMB]], design[:, TEC] = local[:, 5:8], local[:, 8:11]
    if problem.orbit is not None:
        for index, name in enumerate(heard.gathered.satellites):
            mine = local[:, 11 + orbit_error.SIZE * index : 11 + orbit_error.SIZE * (index + 1)]
            at = HEAD + orbit_error.SIZE * prior.satellites.index(name)
            design[:, at : at + orbit_error.SIZE] = mine
            along = heard.gathered.orbit_sigma_m[index, 1]
            if along > orbit_error.COMMON_ABOVE_M:
                design[:, LEAD] += _SHARED * along * mine[:, 1]
    axes = local_axes(*geodetic(prior.place_m)[:2])
    left = prior.mean.copy()
    left[:3] = axes @ (prior.place_m - place)
    left[VELOCITY] = prior.mean[VELOCITY] - velocity
    weighed = np.concatenate([rows.toa_weight > 0, rows.foa_weight > 0])
    return design[weighed], (residual - design @ left)[weighed]

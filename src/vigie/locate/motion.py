"""Ways in which a beacon may move, weighed against one another: at rest, adrift on the sea, under way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vigie.locate.measurement import Settings

Array = NDArray[np.float64]

SLOW_MPS = 0.5
"""a model slower than this is always weighed, told apart from rest by the measurements or not: nothing afloat is quite
at rest, and a place that supposes so is too sure"""
_FAST_MPS = 10.0
_FAST_S, _ADRIFT_S = 600.0, 3_600.0
_TOLD = 0.7
_SHOWN = 13.8  # chi-square of two degrees of freedom that chance exceeds once in a thousand


@dataclass(frozen=True, slots=True)
class Model:
    """A velocity, one sigma east and north, that wanders with a memory; 0 for a beacon at rest. ``odds``: prior."""

    speed_mps: float
    memory_s: float
    odds: float = 1.0

    @property
    def still(self) -> bool:
        """Exactly at rest."""
        return self.speed_mps == 0

    @property
    def slow(self) -> bool:
        """Within what the sea does to everything."""
        return self.speed_mps <= SLOW_MPS


def models(settings: Settings) -> list[Model]:
    """The ways of moving that the settings weigh."""
    every = [
        Model(speed, _FAST_S if speed >= _FAST_MPS else _ADRIFT_S, odds)
        for speed, odds in zip((0.0, *settings.speeds_mps), settings.motion_odds, strict=False)
    ]
    wanted = {"static": (True,), "moving": (False,), "auto": (True, False)}[settings.motion]
    return [model for model in every if model.still in wanted]


def told(model: Model, covariance: Array) -> bool:
    """Whether measurements leave a velocity, ``covariance (2, 2)``, surer than what the model supposes beforehand."""
    return bool(np.sqrt(np.linalg.eigvalsh(covariance)[-1]) < _TOLD * model.speed_mps)


def moves(speed_sigma_mps: float, velocity_mps: Array, covariance: Array) -> bool:
    """Whether a place found under a model is that of a moving beacon: a slow drift must show in its velocity.

    ``velocity_mps (2,)``, ``covariance (2, 2)``: east, north.
    """
    if speed_sigma_mps == 0:
        return False
    if speed_sigma_mps > SLOW_MPS:
        return True
    return bool(velocity_mps @ np.linalg.solve(covariance, velocity_mps) > _SHOWN)


def mixed_velocity(
    weights: Array, velocities_mps: Array, variances: Array
) -> tuple[tuple[float, float], tuple[float, float]]:
    """East and north of several models' velocities together, and their sigmas.

    ``weights (k,)``; ``velocities_mps``, ``variances (k, 2)``.
    """
    share = weights / weights.sum()
    east, north = share @ velocities_mps
    sigma_east, sigma_north = np.sqrt(share @ (variances + (velocities_mps - (east, north)) ** 2))
    return (float(east), float(north)), (float(sigma_east), float(sigma_north))

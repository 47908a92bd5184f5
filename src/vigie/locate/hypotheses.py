"""Still or moving, which side, which measurement is wrong: explanations weighed against one another by evidence.

Every explanation (a motion model, a set of left-out measurements) gives minima; a minimum's weight is its likelihood
times the room the data leave its unknowns (Laplace's approximation) times the prior odds. The stated sigmas are
believed as a common scale with ``scale_dof`` degrees of freedom, which turns the Gaussian into Student's likelihood:
sides and models are then not told apart by noise that is a little larger than stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vigie.locate.measurement import Settings
from vigie.locate.motion import Model, models, moves, told
from vigie.locate.normal import Problem, climbs, design_rows
from vigie.locate.problem import degrees_of_freedom
from vigie.locate.rows import Rows
from vigie.locate.solver import Minimum, minima
from vigie.locate.starts import Search, elevation_sine, mirrored, search

Array = NDArray[np.float64]

_OUTLIER_ODDS = np.log(1e-3)
_OUTLIER_SPREAD = np.log(np.sqrt(2 * np.pi) / 2000)  # a wrong value may lie anywhere within a thousand sigmas


_UNSEEN_ODDS = np.log(1e-3)
_LOWEST = np.sin(np.radians(-4.0))  # refraction, and the dip of the horizon of a beacon in the air
_FEW_STARTS = 4
_MANY_ROWS = 60
_ABSURD = 4.0
_MOST_AGREE = 0.6
"""part of all measurements that must be believed when several faults are supposed"""
_CROWD = 40
_HUBER = 2.5
_RIVAL = 4.0  # a factor of 50 in evidence


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One minimum under one motion model."""

    minimum: Minimum
    problem: Problem
    model: Model
    log_weight: float

    @property
    def moving(self) -> bool:
        """Whether the beacon moves, by this one."""
        one = self.minimum
        return moves(self.model.speed_mps, one.velocity_mps, one.covariance[3:, 3:])


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """A choice of measurements to believe, with all its minima under all models, the weightiest first."""

    rows: Rows
    candidates: tuple[Candidate, ...]
    search: Search
    left_out: tuple[tuple[int, str], ...]
    """(row, part) pairs"""
    measured: int
    unknowns: int
    untestable: bool
    """True when the measurements cannot tell a moving beacon from one at rest"""
    rivals: int = 0
    """other choices of what to leave out that explain about as much; their places are among the candidates"""
    softened: int = 0
    """measurements whose weight was lowered"""

    @property
    def dof(self) -> int:
        """Degrees of freedom."""
        return self.measured - self.unknowns

    @property
    def score(self) -> float:
        """Logarithm of the evidence of all its minima together, with the odds of so many wrong measurements."""
        if not self.candidates:
            return -np.inf
        return float(np.logaddexp.reduce([item.log_weight for item in self.candidates]) + self.odds)

    @property
    def causes(self) -> int:
        """Faults that are supposed: a satellite, or a single time or frequency."""
        return len({part if part.startswith("satellite") else (row, part) for row, part in self.left_out})

    @property
    def odds(self) -> float:
        """Logarithm of the prior odds of so many wrong measurements, anywhere."""
        rows = sum(1 if part in ("toa", "foa") else 2 for _, part in self.left_out)
        return float(self.causes * _OUTLIER_ODDS + rows * _OUTLIER_SPREAD)

    @property
    def cost(self) -> float:
        """Chi-square of the weightiest minimum."""
        return self.candidates[0].minimum.cost if self.candidates else float("inf")


def explain(
    problem: Problem,
    rows: Rows,
    settings: Settings,
    left_out: tuple[tuple[int, str], ...] = (),
    searched: Search | None = None,
) -> Explanation:
    """Search the ground (or take a search made before) and weigh every minimum under every motion model."""
    problem = replace(problem, rows=rows)
    measured, unknowns = degrees_of_freedom(rows, len(problem.anchors))
    found = search(problem) if searched is None else searched
    starts = found.starts_m
    if problem.anchors:
        starts = np.concatenate([starts, np.array([place for place, _ in problem.anchors])])
    if not len(starts):
        return Explanation(rows, (), found, left_out, measured, unknowns, False)
    dof = measured - unknowns
    candidates, untestable = [], False
    if problem.orbit is not None and len(starts) > _FEW_STARTS:  # most starts lead to few valleys: find these cheaply
        starts = np.array([one.place_m for one in minima(replace(problem, orbit=None), starts)])
    still = minima(problem, starts)
    other = mirrored(problem, np.array([one.place_m for one in still[:4]]).reshape(-1, 3))
    if len(other):
        still = minima(problem, np.concatenate([np.array([one.place_m for one in still]), other]))
    ends = np.array([one.place_m for one in still[:4]]).reshape(-1, 3)
    for model in models(settings):
        if model.still:
            candidates += [_candidate(problem, one, model, dof, settings) for one in still]
        elif dof >= 1:
            moving = replace(problem, speed_sigma_mps=model.speed_mps)
            for one in minima(moving, ends):
                tells = told(model, one.covariance[3:5, 3:5])
                if tells or model.slow or settings.motion == "moving":
                    candidates.append(_candidate(moving, one, model, dof, settings))
                untestable |= not tells and not model.slow
    candidates.sort(key=lambda item: -item.log_weight)
    return Explanation(rows, tuple(candidates), found, left_out, measured, unknowns, untestable)


def _candidate(problem: Problem, one: Minimum, model: Model, dof: int, settings: Settings) -> Candidate:
    nu = settings.scale_dof
    weight = -0.5 * (nu + max(dof, 0)) * np.log1p(one.cost / nu) + one.log_evidence_volume + np.log(model.odds)
    if not model.still:
        weight -= 2 * np.log(model.speed_mps)  # the room that the prior leaves the velocity
    if climbs(problem):
        weight -= np.log(problem.climb_sigma_mps)
    weight += _unseen(problem, one) * _UNSEEN_ODDS
    return Candidate(one, problem, model, float(weight))


def _unseen(problem: Problem, one: Minimum) -> int:
    """How many of the satellites that heard the beacon would have been below its horizon, measured or not."""
    below = elevation_sine(one.place_m[None], problem.rows)[0] < _LOWEST
    return int(np.unique(problem.rows.satellite[below & problem.rows.heard]).size)


def consistent(explanation: Explanation, level: float = 1e-4) -> bool:
    """True when chi-square is no larger than chance makes it (or there is nothing to compare)."""
    from scipy.special import chdtrc  # a second less to import than scipy.stats

    return explanation.dof < 1 or float(chdtrc(explanation.dof, explanation.cost)) > level


def without_contradictions(
    problem: Problem, rows: Rows, settings: Settings, satellites: Sequence[str], searched: Search | None = None
) -> Explanation:
    """The best explanation, leaving out a satellite or single times and frequencies if that explains more.

    One at a time, at most a third of all and a dozen, and only while it helps: when leaving one out lowers chi-square
    by less than a seventh, it is the stated sigmas that are wrong. A beacon that moves and a satellite that is wrong
    can look alike: both are weighed on the same scale, so neither is preferred by the order of trying.
    """
    whole = best = explain(problem, rows, settings, (), searched)
    most = max(1, min(best.measured // 3, 12))
    rivals: list[Explanation] = []
    while settings.reject and best.dof >= 1 and len(best.left_out) < most:
        doubtful = not consistent(best, 1e-3) or (bool(best.candidates) and best.candidates[0].moving)
        if best.candidates and not doubtful:
            break
        few = replace(best.search, starts_m=_ends(best))  # leaving out one seldom changes where the valleys are
        tried = [explain(problem, cut, settings, (*best.left_out, *out), few) for cut, out in _cuts(best, satellites)]
        # what is left must still check itself, and more than once when several faults are supposed
        tried = [one for one in tried if one.dof >= (2 * one.causes if one.causes > 1 else 1) and one.candidates]
        better = max(tried, key=lambda one: one.score, default=best)
        if better is not best and rows.size <= _MANY_ROWS:
            thorough = explain(problem, better.rows, settings, better.left_out)
            tried = [one for one in tried if one is not better]
            better = max(better, thorough, key=lambda one: one.score)
        helps = consistent(better, 1e-3) or better.cost < best.cost * 6 / 7
        if better.score <= best.score + 1.0 or not helps:
            break
        best = better
        rivals = [one for one in tried if one is not best and one.score > best.score - _RIVAL]
    absurd = not consistent(best) and best.cost > _ABSURD * best.dof
    if best.left_out and (absurd or (best.causes > 1 and best.measured < _MOST_AGREE * whole.measured)):
        best, rivals = whole, []  # leaving out explained nothing: what little is left would only seem to agree
    if settings.reject and best.measured >= _CROWD and not consistent(best):
        best, rivals = _softened(problem, best, settings), []
    return _with_rivals(best, rivals)


def _softened(problem: Problem, best: Explanation, settings: Settings) -> Explanation:
    """Huber's weights (Ann. Math. Statist. 35, 1964) for what lies far off a crowd too large to try each one's absence.

    The scale is that of the crowd itself (median of the absolute residuals), so that noise larger than stated softens
    nothing.
    """
    for _ in range(3):
        if not best.candidates:
            return best
        rows = best.rows
        head = best.candidates[0]
        left, use = residuals_of(head), np.concatenate([rows.toa_weight > 0, rows.foa_weight > 0])
        scale = max(1.4826 * float(np.median(np.abs(left[use]))), 1.0)
        factor = np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(left), 1e-9))
        if not np.any(factor[use] < 0.5):
            return best
        late, high = factor[: rows.size], factor[rows.size :]
        softer = replace(rows, toa_weight=rows.toa_weight * late, foa_weight=rows.foa_weight * high)
        few = replace(best.search, starts_m=_ends(best))
        count = int(np.sum(factor[use] < 0.5))
        best = replace(explain(problem, softer, settings, best.left_out, few), softened=best.softened + count)
    return best


def residuals_of(candidate: Candidate) -> Array:
    """What a candidate leaves of the times and then the frequencies ``(2n,)``, in sigmas."""
    one, problem = candidate.minimum, candidate.problem
    design, residual, _ = design_rows(problem, one.place_m[None], one.velocity_mps[None])
    q = one.linear.size
    return np.asarray(residual[0] - design[0][:, -q:] @ one.linear if q else residual[0])


def _ends(explanation: Explanation) -> Array:
    """The weightiest minima found, and the best places of the search: starts for problems a little different."""
    ends = [item.minimum.place_m for item in explanation.candidates[:6]]
    return np.concatenate([np.array(ends).reshape(-1, 3), explanation.search.starts_m[:6]])


def _with_rivals(best: Explanation, rivals: Sequence[Explanation]) -> Explanation:
    """The best explanation, its places joined by those of others that leave out something else and explain as much."""
    if not rivals:
        return best
    added = [
        replace(item, log_weight=item.log_weight + one.odds - best.odds) for one in rivals for item in one.candidates
    ]
    every = sorted((*best.candidates, *added), key=lambda item: -item.log_weight)
    return replace(best, candidates=tuple(every), rivals=len(rivals))


def _cuts(explanation: Explanation, satellites: Sequence[str]) -> list[tuple[Rows, tuple[tuple[int, str], ...]]]:
    """Smaller sets of measurements to try: without each satellite of three or more, without each of the worst rows."""
    rows = explanation.rows
    use_t, use_f = rows.toa_weight > 0, rows.foa_weight > 0
    cuts = []
    present = [index for index in range(len(satellites)) if np.any((use_t | use_f) & (rows.satellite == index))]
    if len(present) >= 3:
        for index in present[:16]:
            mine = rows.satellite == index
            out = tuple((int(row), f"satellite {index}") for row in np.flatnonzero(mine & (use_t | use_f)))
            cuts.append((rows.without(mine, mine), out))
    for row, part in _worst(explanation, 4):
        one = np.arange(rows.size) == row
        cut = rows.without(toa=one) if part == "toa" else rows.without(foa=one)
        cuts.append((cut, ((row, part),)))
    return cuts


def _worst(explanation: Explanation, count: int) -> list[tuple[int, str]]:
    """Rows whose own residual, were they left out, would be the largest in sigmas (by the hat matrix)."""
    scores: dict[tuple[int, str], float] = {}
    n = explanation.rows.size
    for candidate in explanation.candidates[:3]:
        one, problem = candidate.minimum, candidate.problem
        design, residual, _ = design_rows(problem, one.place_m[None], one.velocity_mps[None])
        design, residual = design[0], residual[0]
        scale = np.sqrt(np.maximum(np.sum(design**2, axis=0), 1e-300))
        unit = design / scale
        normal = unit.T @ unit + 1e-9 * np.eye(scale.size)
        hat = np.einsum("ij,ij->i", unit @ np.linalg.inv(normal), unit)
        q = one.linear.size
        left = residual - design[:, -q:] @ one.linear if q else residual
        loo = np.abs(left) / np.sqrt(np.clip(1 - hat, 0.05, 1))
        for index in np.argsort(-loo)[:count]:
            name = (int(index % n), "toa" if index < n else "foa")
            scores[name] = max(scores.get(name, 0.0), float(loo[index]))
    return sorted((name for name in scores if scores[name] > 2.5), key=lambda name: -scores[name])[:count]

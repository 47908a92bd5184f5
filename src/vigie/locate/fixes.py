"""From weighed minima to fixes: sides, mixtures of models, ellipses, verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vigie.geodesy import geodetic, local_axes
from vigie.locate import ellipse
from vigie.locate.cells import Mode, bent, cells
from vigie.locate.hypotheses import Candidate, Explanation
from vigie.locate.measurement import Ellipse, Fix, Measurement, Method, Rejected, Settings
from vigie.locate.motion import mixed_velocity
from vigie.locate.normal import Problem, design_rows
from vigie.locate.problem import drift_column
from vigie.locate.rows import Gathered
from vigie.locate.starts import frequency

Array = NDArray[np.float64]

_WORST_MAJOR_M = 1.0e6
_OPEN_M = 1.0e7
_CONTRADICTED = 30.0
"""scatter over the one stated beyond which residuals are no noise, and a wider ellipse no answer"""
_LEAST_PROBABILITY = 1e-3
_MOST_PLACES = 6
_SEVERAL = 0.02
LOW_M, _MEDIUM_M = 9.0e6, 3.5e7


def not_solved(
    measurements: Sequence[Measurement],
    rejected: Sequence[Rejected],
    why: str,
    gathered: Gathered | None = None,
    notes: tuple[str, ...] = (),
    frequency: tuple[float, float] | None = None,
) -> Fix:
    """A fix without a place, and the reason. ``frequency``: sent frequency and sigma (Hz), where that much is known."""
    times = [item.time for item in measurements if not np.isnat(item.time)] or [np.datetime64("NaT", "ns")]
    return Fix(
        beacon=measurements[0].beacon if measurements else "",
        method=None,
        verdict=f"not solvable: {why}",
        start=min(times),
        end=max(times),
        used=0,
        rejected=tuple(rejected),
        notes=notes + (gathered.notes if gathered else ()),
        bursts=int(gathered.rows.first.size) if gathered else 0,
        satellites=gathered.satellites if gathered else (),
        frequency_hz=frequency[0] if frequency else None,
        sigma_frequency_hz=frequency[1] if frequency else None,
    )


def fixes_of(
    best: Explanation,
    gathered: Gathered,
    anchors: Sequence[Measurement],
    rejected: Sequence[Rejected],
    settings: Settings,
    consistent: bool,
) -> list[Fix]:
    """One fix per place that the measurements allow, the likeliest first; or one that says why there is none."""
    measurements = (*gathered.measurements, *anchors)
    if not best.candidates:
        return [not_solved(measurements, rejected, "no place on Earth sees all of the satellites", gathered)]
    scale = variance_scale(best, settings, consistent)
    places = _places(best.candidates)
    total = sum(weight for weight, _ in places)
    cov = _mixture(places[0][1])[1] * scale
    major = float(ellipse.axes(cov[:2, :2])[0])
    if scale > _CONTRADICTED**2:
        why = f"the measurements contradict one another: they scatter {np.sqrt(scale):.0f} times more than stated"
        return [not_solved(measurements, rejected, why, gathered)]
    if not major < _WORST_MAJOR_M:
        wide = f"leave an ellipse of {major / 1e3:.0f} km" if major < _OPEN_M else "leave the place open"
        why = f"the {best.measured} measurements {wide}"
        return [not_solved(measurements, rejected, why, gathered, *_frequency(best.candidates[0].problem))]
    notes = list(gathered.notes)
    if not consistent:
        notes.append(f"residuals are {np.sqrt(scale):.1f} times what was stated: the ellipse is widened by as much")
    if best.softened:
        notes.append(f"{best.softened} measurements far off the rest count less, each by how far it is")
    if best.dof < 1:
        notes.append("as many measurements as unknowns: nothing checks them")
    if best.rivals:
        notes.append(
            f"{best.rivals} other choices of what to leave out explain about as much: the ellipse holds them too"
        )
    if best.untestable and settings.motion == "auto":
        notes.append("a beacon at rest is assumed: these measurements cannot tell")
    kept = [(weight / total, members) for weight, members in places if weight / total > _LEAST_PROBABILITY]
    kept = kept[:_MOST_PLACES]
    found = [
        _fix(best, gathered, anchors, rejected, scale, tuple(notes), share, members, _side(index, len(kept)))
        for index, (share, members) in enumerate(kept)
    ]
    return [replace(found[0], cells=_cells(kept, scale, settings)), *found[1:]]


def _frequency(problem: Problem) -> tuple[tuple[str, ...], tuple[float, float] | None]:
    """What is known of the frequency of a beacon without a place, as a note and in numbers."""
    found = frequency(problem)
    if found is None:
        return (), None
    sent, sigma = float(np.median(problem.rows.nominal_hz)) + found[0], found[1]
    return (f"wherever it is, it sends on {sent:.1f} Hz +- {sigma:.1f} Hz (one sigma)",), (sent, sigma)


def _cells(
    kept: Sequence[tuple[float, list[tuple[float, Candidate]]]], scale: float, settings: Settings
) -> tuple[tuple[str, float], ...]:
    """The map of all places, when it is wanted or the ellipses alone would mislead."""
    if settings.cells == "never":
        return ()
    modes = [
        Mode(share, tuple((w, one.problem, one.minimum) for w, one in members), _mixture(members)[1][:2, :2])
        for share, members in kept
    ]
    several = sum(share > _SEVERAL for share, _ in kept) > 1
    if settings.cells == "auto" and not several and not bent(modes[0], scale):
        return ()
    return cells(modes, scale)


def _side(index: int, count: int) -> str | None:
    return None if count == 1 else "ABCDEF"[index]


def variance_scale(best: Explanation, settings: Settings, consistent: bool) -> float:
    """By how much the covariance is widened: the scatter found against the scatter stated, never below one.

    With sigmas believed as ``scale_dof`` degrees of freedom, by what exceeds one sigma of chi-square (to widen by all
    that chance adds, and never narrow, would state circles that hold too much); when chi-square says that the sigmas
    are wrong, by the residuals alone, and by more when these are few.
    """
    if best.dof < 1:
        return 1.0
    if consistent:
        expected = best.dof + np.sqrt(2.0 * best.dof)
        return max(1.0, float((settings.scale_dof + best.cost) / (settings.scale_dof + expected)))
    from scipy.special import chdtri

    return max(1.0, best.cost / float(chdtri(best.dof, 0.75)))


def _places(candidates: Sequence[Candidate]) -> list[tuple[float, list[tuple[float, Candidate]]]]:
    """Candidates that mean the same place under different models, together, with their weight."""
    top = candidates[0].log_weight
    places: list[tuple[float, list[tuple[float, Candidate]]]] = []
    for one in candidates:
        weight = float(np.exp(one.log_weight - top))
        if weight < 1e-9:
            break
        apart = [_apart(one, members) for _, members in places]
        index = int(np.argmin(apart)) if apart else 0
        if apart and apart[index] < 16.0:  # within four sigmas of both together
            sum_so_far, members = places[index]
            members.append((weight, one))
            places[index] = (sum_so_far + weight, members)
        else:
            places.append((weight, [(weight, one)]))
    return sorted(places, key=lambda item: -item[0])


def _apart(one: Candidate, members: Sequence[tuple[float, Candidate]]) -> float:
    """Squared distance of a minimum from the head of a place, in sigmas of both together; infinite if not the same."""
    if any(one.problem is other.problem for _, other in members):
        return np.inf  # two minima of one problem are two places
    head = members[0][1].minimum
    off = one.minimum.place_m - head.place_m
    if np.linalg.norm(off) > 1e6:
        return np.inf
    lat, lon, _ = geodetic(head.place_m)
    local = local_axes(lat, lon)[:2] @ off
    both = one.minimum.covariance[:2, :2] + head.covariance[:2, :2]
    return float(local @ np.linalg.solve(both, local))


def _mixture(members: Sequence[tuple[float, Candidate]]) -> tuple[Array, Array]:
    """Mean place (ECEF) and covariance (east, north, up) of one place under several models."""
    weights = np.array([weight for weight, _ in members])
    weights = weights / weights.sum()
    places = np.array([one.minimum.place_m for _, one in members])
    mean = weights @ places
    lat, lon, _ = geodetic(mean)
    offsets = (places - mean) @ local_axes(lat, lon).T
    covariance = sum(
        weight * (one.minimum.covariance[:3, :3] + np.outer(off, off))
        for weight, (_, one), off in zip(weights, members, offsets, strict=True)
    )
    return mean, np.asarray(covariance)


def _fix(
    best: Explanation,
    gathered: Gathered,
    anchors: Sequence[Measurement],
    rejected: Sequence[Rejected],
    scale: float,
    notes: tuple[str, ...],
    share: float,
    members: list[tuple[float, Candidate]],
    side: str | None,
) -> Fix:
    place, _ = _mixture(members)
    lat, lon, alt = (float(value) for value in geodetic(place))
    axes = local_axes(lat, lon)
    flat, stretch, ehe = ellipse.mixture(
        [weight for weight, _ in members],
        [(axes @ (one.minimum.place_m - place))[:2] * np.sqrt(scale) for _, one in members],
        [one.minimum.covariance[:2, :2] * scale for _, one in members],
    )
    major, minor, azimuth = ellipse.axes(flat)
    total = sum(weight for weight, _ in members)
    moving = [(weight / total, one) for weight, one in members if one.moving]
    motion = sum(weight for weight, _ in moving)
    velocity = sigma_velocity = None
    if motion > 0.5:
        velocity, sigma_velocity = mixed_velocity(
            np.array([weight for weight, _ in moving]),
            np.array([one.minimum.velocity_mps for _, one in moving]),
            np.array([np.diagonal(one.minimum.covariance)[3:5] for _, one in moving]) * scale,
        )
    head = members[0][1]
    frequency, sigma_frequency, drift = _oscillator(head, scale)
    late, high, used = _residuals(head)
    times = [item.time for item in (*gathered.measurements, *anchors)]
    return Fix(
        beacon=gathered.measurements[0].beacon,
        method=_method(best, anchors),
        verdict="ok",
        start=min(times),
        end=max(times),
        used=used + len(anchors),
        rejected=tuple(rejected),
        notes=notes,
        lat_deg=lat,
        lon_deg=lon,
        alt_m=alt,
        side=side,
        probability=share,
        covariance_m2=(float(flat[0, 0]), float(flat[0, 1]), float(flat[1, 1])),
        ellipse=Ellipse(float(major) * stretch, float(minor) * stretch, float(azimuth)),
        ehe_m=ehe,
        frequency_hz=frequency,
        sigma_frequency_hz=sigma_frequency,
        drift_hz_per_s=drift,
        velocity_mps=velocity,
        sigma_velocity_mps=sigma_velocity,
        moving=velocity is not None,
        motion_probability=motion,
        residual_toa_s=late,
        residual_foa_hz=high,
        chi2=best.cost,
        dof=best.dof,
        bursts=int(gathered.rows.first.size),
        satellites=gathered.satellites,
    )


def _oscillator(head: Candidate, scale: float) -> tuple[float | None, float | None, float | None]:
    """Frequency at the end of the measurements, its sigma, and the drift."""
    problem, one = head.problem, head.minimum
    q = problem.columns.shape[1]
    if q == 0:
        return None, None, None
    last = int(np.argmax(problem.rows.seconds))
    row = problem.columns[last]
    frequency = float(problem.rows.nominal_hz[last] + row @ one.linear[:q])
    sigma = float(np.sqrt(max(row @ one.linear_covariance[:q, :q] @ row * scale, 0.0)))
    index = drift_column(problem)
    return frequency, sigma, None if index is None else float(one.linear[index])


def _residuals(head: Candidate) -> tuple[float | None, float | None, int]:
    """Root mean squares of what is left of times (s) and frequencies (Hz), and how many receptions were used."""
    problem, one = head.problem, head.minimum
    rows = problem.rows
    design, residual, _ = design_rows(problem, one.place_m[None], one.velocity_mps[None])
    q = one.linear.size
    left = residual[0] - (design[0][:, -q:] @ one.linear if q else 0.0)
    late, high = left[: rows.size], left[rows.size :]
    use_t, use_f = rows.toa_weight > 0, rows.foa_weight > 0
    rms_t = float(np.sqrt(np.mean(late[use_t] ** 2 / rows.toa_weight[use_t]))) if use_t.any() else None
    rms_f = float(np.sqrt(np.mean(high[use_f] ** 2 / rows.foa_weight[use_f]))) if use_f.any() else None
    return rms_t, rms_f, int(np.sum(use_t | use_f))


def _method(best: Explanation, anchors: Sequence[Measurement]) -> Method:
    """doppler: low orbits' frequencies only; doa: one kind of higher orbit; fused: a mix, or an encoded place too."""
    rows = best.rows
    use = (rows.toa_weight > 0) | (rows.foa_weight > 0)
    radius = np.linalg.norm(rows.satellite_m[use], axis=-1)
    kinds = {0 if r < LOW_M else 1 if r < _MEDIUM_M else 2 for r in radius}
    if anchors or len(kinds) > 1:
        return "fused"
    one = len(set(rows.satellite[use].tolist())) == 1
    return "doppler" if (kinds == {0} and not np.any(rows.toa_weight > 0)) or one else "doa"

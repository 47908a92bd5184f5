"""A beacon followed through time: every burst makes the place newer, whichever satellites heard it.

Until the batch estimator knows the place well enough, it solves everything heard so far. From then on a bank of filters
carries it on: for every place still possible, one for each way of moving (``motion.py``), weighed by how well each
foretells the next burst. A beacon may change from one to another; their mixture is what is told. Time is that of the
measurements alone, so a replay gives the same answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vigie.geodesy import ecef_m, geodetic, local_axes
from vigie.locate import ellipse, kalman
from vigie.locate.estimate import checked, locate_one
from vigie.locate.fixes import LOW_M
from vigie.locate.grouping import bursts
from vigie.locate.kalman import Belief, Burst
from vigie.locate.measurement import Ellipse, Fix, Measurement, Method, Rejected, Settings
from vigie.locate.motion import Model, mixed_velocity, models, moves, told
from vigie.locate.problem import known_height
from vigie.locate.rows import gather
from vigie.orbit.ephemeris import Orbits

Array = NDArray[np.float64]

_CHANGE_S = 10_800.0
"""mean time from one way of moving to another"""
_START_M, _DIFFUSE_M = 20_000.0, 1e6
_STARTS = 3
_SURPRISE = 1e-4
_ODDS_LOST = 2
_HISTORY = 240
_ALOFT_M, _ALOFT_MPS = 5_000.0, (30.0, 250.0)
"""height, as uncertain as it is large, and speeds of a beacon in an aircraft"""
_CLIMB_MPS = 20.0
"""one-sigma vertical speed of an aircraft in distress: 4000 feet a minute. Left out, a descent of 20 m/s shifts a
frequency by up to 27 Hz, a hundred times what it is measured to"""
_RECENT_ALOFT = 6
"""bursts from which one in an aircraft is located: half a minute, in which it flies about straight on"""
_LEAST_ALOFT = 3
"""satellites without which one in an aircraft is not located: its speed would pass for a place far away"""
_ROLLING_M = 100.0
"""what the ground under one on the move may rise or fall between two bursts"""


@dataclass(slots=True)
class Hypothesis:
    """One place that the beacon may be at: a belief for each way of moving, and its weight."""

    beliefs: list[Belief]
    log_weights: Array
    """(models,) of each model, the place's own weight included"""


@dataclass(slots=True)
class Track:
    """One beacon. ``take`` a burst at a time, in the order of their times."""

    orbits: Orbits
    settings: Settings
    aliases: Mapping[str, str]
    history: list[list[Measurement]] = field(default_factory=list)
    hypotheses: list[Hypothesis] = field(default_factory=list)
    epoch: np.datetime64 = field(default_factory=lambda: np.datetime64("NaT", "ns"))
    nominal_hz: float = 0.0
    method: Method = "doa"
    """doppler while nothing but the frequencies of one satellite, or of low ones, is known"""
    misses: int = 0
    bursts: int = 0
    used: int = 0
    """measurements that the hypotheses have taken in"""

    @property
    def last(self) -> np.datetime64:
        """When it was last heard."""
        return self.history[-1][0].time

    def take(self, group: Sequence[Measurement]) -> list[Fix]:
        """What is known once a burst has been heard, the likeliest place first."""
        good, rejected = checked(group)
        parts, repeated = bursts(good)
        good, rejected = [item for part in parts for item in part], rejected + repeated
        self.bursts += 1
        late = bool(self.history and good and good[0].time < self.history[-1][0].time)
        if good:
            self.history.append(good)
            self.history.sort(key=lambda items: items[0].time)
        while sum(map(len, self.history)) > _HISTORY and len(self.history) > 1:
            self.history.pop(0)
        if any(item.flies for item in group):
            self.settings = replace(
                self.settings,
                altitude_m=_ALOFT_M,
                altitude_sigma_m=_ALOFT_M,
                speeds_mps=_ALOFT_MPS,
                climb_mps=_CLIMB_MPS,
                ground=None,
            )
            if len({item.satellite for items in self.history for item in items}) < _LEAST_ALOFT:
                return []
        if self.hypotheses and good and not late:
            fixes = self._step(good, rejected)
            if self.misses < _ODDS_LOST:
                return fixes
        return self._begin(group, rejected)

    def _begin(self, group: Sequence[Measurement], rejected: list[Rejected]) -> list[Fix]:
        """Solve all that was heard; when the place is known well enough, the filters go on from it."""
        flies = any(item.flies for item in group)
        recent = self.history[-_RECENT_ALOFT:] if flies else self.history
        recent = recent if self.misses < _ODDS_LOST else recent[-2:]
        self.hypotheses, self.misses = [], 0
        everything = [item for items in recent for item in items]
        fixes = locate_one(everything or list(group), self.orbits, self.settings, self.aliases)
        known = [fix for fix in fixes if fix.solved and (fix.ehe_m or np.inf) < _START_M and fix.method != "encoded"]
        if len(known) == len(fixes) and len(recent) >= _STARTS:
            self._start(known, recent)
            self.method = known[0].method if known[0].method == "doppler" else "doa"
        return [replace(fixes[0], rejected=(*rejected, *fixes[0].rejected), bursts=self.bursts), *fixes[1:]]

    def _start(self, fixes: Sequence[Fix], history: Sequence[Sequence[Measurement]]) -> None:
        """Filters that have taken in what the batch estimator used, linearised where it says the beacon was."""
        self.epoch, self.used = history[-1][0].time, fixes[0].used
        carriers = [item.carrier_hz for items in history for item in items if item.position_deg is None]
        self.nominal_hz = float(np.median(carriers))
        left_out = {id(bad.measurement) for bad in fixes[0].rejected}
        first = self._seconds(history[0][0].time)
        for fix in fixes:
            place = ecef_m(fix.lat_deg or 0.0, fix.lon_deg or 0.0, fix.alt_m or 0.0)
            east, north = fix.velocity_mps or (0.0, 0.0)
            own = np.array([east, north]) @ local_axes(fix.lat_deg or 0.0, fix.lon_deg or 0.0)[:2]
            end = self._seconds(fix.end)
            beliefs, weights = [], []
            for model in models(self.settings):
                settings = self._heights(place, model)
                level = ecef_m(fix.lat_deg or 0.0, fix.lon_deg or 0.0, settings.altitude_m)
                belief = kalman.fresh(model, level + own * (first - end), first, settings, _DIFFUSE_M, self.nominal_hz)
                weight = np.log(model.odds * (fix.probability or 1.0))
                for items in history:
                    kept = [item for item in items if id(item) not in left_out]
                    for heard, use in self._heard(kept):
                        kalman.predict(belief, heard.seconds, settings)
                        weight += kalman.update(belief, heard, use, place + own * (heard.seconds - end))[0]
                    weight += self._sent(belief, kept)
                beliefs.append(belief)
                weights.append(weight)
            self.hypotheses.append(Hypothesis(beliefs, np.array(weights)))
        if self.settings.motion == "auto" and not all(map(_told, self.hypotheses)):
            self.hypotheses = []  # a low pass: filters would weigh a speed of which nothing is known
            return
        for one, fix in zip(self.hypotheses, fixes, strict=True):  # the places keep the weights the search gave them
            one.log_weights += np.log(fix.probability or 1.0) - np.logaddexp.reduce(one.log_weights)

    def _heights(self, place_m: Array, model: Model) -> Settings:
        """The settings with the height that is expected at a place; one under way may find it changed."""
        found = known_height(self.settings, (item for items in self.history for item in items))
        if found is None and self.settings.ground is not None:
            level, sigma = self.settings.ground(*geodetic(place_m)[:2])
            found = float(level), float(sigma)
        if found is None:
            return self.settings
        altitude, sigma_m = found
        wide = sigma_m if model.slow else max(sigma_m, _ROLLING_M)
        return replace(self.settings, altitude_m=altitude, altitude_sigma_m=wide)

    def _step(self, group: Sequence[Measurement], rejected: list[Rejected]) -> list[Fix]:
        """Foretell the burst under every hypothesis, leave out what contradicts all of them, take in the rest."""
        for heard, use in self._heard(group, rejected):
            for one in self.hypotheses:
                self._mix(one, heard.seconds)
                for belief in one.beliefs:
                    kalman.predict(belief, heard.seconds, self._heights(belief.place_m, belief.model))
            use, bad = self._credible(heard, use)
            rejected += bad
            if not use.any():
                self.misses += 1
                continue
            self.misses = 0
            self.used += int(use.sum())
            if self.method == "doppler" and not _low(heard, use):
                self.method = "doa"
            for one in self.hypotheses:
                one.log_weights = one.log_weights + [kalman.update(belief, heard, use)[0] for belief in one.beliefs]
        for one in self.hypotheses:
            one.log_weights = one.log_weights + [self._sent(belief, group) for belief in one.beliefs]
        total = np.logaddexp.reduce([np.logaddexp.reduce(one.log_weights) for one in self.hypotheses])
        for one in self.hypotheses:
            one.log_weights = one.log_weights - total
        self.hypotheses = [one for one in self.hypotheses if np.logaddexp.reduce(one.log_weights) > np.log(1e-6)]
        self.used += sum(item.position_deg is not None for item in group)
        return self._fixes(group, rejected)

    def _heard(
        self, group: Sequence[Measurement], rejected: list[Rejected] | None = None
    ) -> Iterator[tuple[Burst, NDArray[np.bool_]]]:
        """The receptions of a burst as the filters take them; those that cannot be used are rejected."""
        gathered, orphaned = gather([[item for item in group if item.position_deg is None]], self.orbits, self.aliases)
        if rejected is not None:
            rejected += orphaned
        if gathered is not None:
            heard = kalman.burst(gathered, self.epoch, self.settings, self.nominal_hz)
            use = (heard.problem.rows.toa_weight > 0) | (heard.problem.rows.foa_weight > 0)
            if use.any():
                yield heard, use

    def _sent(self, belief: Belief, group: Sequence[Measurement]) -> float:
        """Take in the places that the beacon sent."""
        return sum(
            kalman.update_place(
                belief, ecef_m(*item.position_deg, item.altitude_m or 0.0), item.sigma_position_m or 100.0
            )
            for item in group
            if item.position_deg is not None
        )

    def _mix(self, one: Hypothesis, seconds: float) -> None:
        """A beacon may have begun or ceased to move since the last burst (Blom and Bar-Shalom, IEEE TAC 33, 1988)."""
        count = len(one.beliefs)
        if count == 1:
            return
        dt = max(seconds - one.beliefs[0].seconds, 0.0)
        change = 1 - np.exp(-dt / _CHANGE_S)
        moving = [not belief.model.still for belief in one.beliefs]
        matrix = np.zeros((count, count))
        for index in range(count):
            # one that moved is never taken for one that has always been at rest: it would inherit a place that the
            # motion has bent; a stop shows as a velocity near none
            others = [other for other in range(count) if other != index and moving[other]]
            matrix[index, others] = change / max(len(others), 1)
            matrix[index, index] = 1 - matrix[index].sum()
        top = np.logaddexp.reduce(one.log_weights)
        share = np.exp(one.log_weights - top)
        joint = matrix * share[:, None]
        into = np.sum(joint, axis=0)
        old = [belief.copy() for belief in one.beliefs]
        for index, belief in enumerate(one.beliefs):
            # nothing comes into one that is out of the question: it stays as it is, and no mixture of nothing
            if into[index] > 0 and joint[index, index] < (1 - 1e-9) * into[index]:
                _become(belief, old, joint[:, index] / into[index])
        one.log_weights = top + np.log(np.maximum(into, 1e-300))

    def _credible(self, heard: Burst, use: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], list[Rejected]]:
        """Receptions that some hypothesis can explain; the others with the reason."""
        from scipy.special import chdtrc

        def chance(some: NDArray[np.bool_]) -> float:
            rows = heard.problem.rows
            count = int(np.sum(rows.toa_weight[some] > 0) + np.sum(rows.foa_weight[some] > 0))
            least = min(
                kalman.update(belief.copy(), heard, some)[1]
                for one in self.hypotheses
                for belief, weight in zip(one.beliefs, one.log_weights, strict=True)
                if weight > -12
            )
            return float(chdtrc(max(count, 1), least))

        if not self.settings.reject or chance(use) > _SURPRISE:
            return use, []
        of = heard.problem.rows.satellite
        tried = [
            (chance(use & (of != index)), int(index)) for index in np.unique(of[use]) if (use & (of != index)).any()
        ]
        better, out = max(tried, default=(0.0, -1))
        if better > 100 * _SURPRISE:
            name = heard.gathered.satellites[out]
            left = [heard.gathered.measurements[row] for row in np.flatnonzero(use & (of == out))]
            return use & (of != out), [
                Rejected(item, "all", f"satellite {name} contradicts the others") for item in left
            ]
        why = "the burst contradicts all that was heard before"
        return np.zeros_like(use), [Rejected(item, "all", why) for item in heard.gathered.measurements]

    def _fixes(self, group: Sequence[Measurement], rejected: Sequence[Rejected]) -> list[Fix]:
        order = sorted(self.hypotheses, key=lambda one: -np.logaddexp.reduce(one.log_weights))
        several = len(order) > 1
        return [
            _fix(one, group, rejected, self, "ABCDEF"[index] if several else None)
            for index, one in enumerate(order[:6])
        ]

    def _seconds(self, time: np.datetime64) -> float:
        return float((time - self.epoch) / np.timedelta64(1, "s"))


def _told(one: Hypothesis) -> bool:
    """Whether what was heard tells of every model how fast it moves, as the batch estimator asks of them."""
    part = kalman.VELOCITY
    return all(told(b.model, b.covariance[part, part]) for b in one.beliefs if not b.model.slow)


def _low(heard: Burst, use: NDArray[np.bool_]) -> bool:
    """Whether a burst was heard by one satellite in low orbit, whose times say nothing."""
    radius = np.linalg.norm(heard.problem.rows.satellite_m[use], axis=-1)
    return int(use.sum()) == 1 and bool(np.all(radius < LOW_M))


def _become(belief: Belief, old: Sequence[Belief], weights: Array) -> None:
    """Make a belief the mixture of several, on its own axes; one at rest forgets the velocity."""
    axes = local_axes(*geodetic(belief.place_m)[:2])
    means = np.array([one.mean for one in old])
    means[:, :3] = [axes @ (one.place_m - belief.place_m) for one in old]
    mean = weights @ means
    spread = means - mean
    roots = [
        np.sqrt(weight) * np.column_stack([one.root, off])
        for weight, one, off in zip(weights, old, spread, strict=True)
        if weight > 0
    ]
    step, mean[:3] = mean[:3].copy(), 0.0
    belief.mean, belief.root = mean, kalman.triangle(np.concatenate(roots, axis=1))
    if belief.model.still:
        for part in (kalman.VELOCITY, kalman.CLIMB):
            belief.mean[part] = 0.0
            belief.root[part] = 0.0
    belief.place_m = belief.place_m + step @ axes


def _fix(
    one: Hypothesis,
    group: Sequence[Measurement],
    rejected: Sequence[Rejected],
    track: Track,
    side: str | None,
) -> Fix:
    """What a hypothesis says: its models mixed."""
    total = np.logaddexp.reduce(one.log_weights)
    share = np.exp(one.log_weights - total)
    head = one.beliefs[int(np.argmax(share))].copy()
    mixed = Belief(Model(1.0, 1.0), head.place_m, head.mean, head.root, head.seconds)
    _become(mixed, one.beliefs, share)
    lat, lon, alt = (float(value) for value in geodetic(mixed.place_m))
    axes = local_axes(lat, lon)
    offsets = np.array([(axes @ (belief.place_m - mixed.place_m))[:2] for belief in one.beliefs])
    flat, stretch, ehe = ellipse.mixture(share, offsets, [belief.covariance[:2, :2] for belief in one.beliefs])
    major, minor, azimuth = ellipse.axes(flat)
    part = kalman.VELOCITY
    moving = np.array([moves(b.model.speed_mps, b.mean[part], b.covariance[part, part]) for b in one.beliefs])
    motion = float(share[moving].sum())
    velocity = sigma = None
    if motion > 0.5:
        velocity, sigma = mixed_velocity(
            share[moving],
            np.array([belief.mean[part] for belief in one.beliefs])[moving],
            np.array([np.diagonal(belief.covariance)[part] for belief in one.beliefs])[moving],
        )
    satellites = dict.fromkeys(str(item.satellite) for items in track.history for item in items if item.satellite)
    return Fix(
        beacon=group[0].beacon,
        method="fused" if any(item.position_deg for items in track.history for item in items) else track.method,
        verdict="ok",
        start=min(items[0].time for items in track.history),
        end=max(item.time for item in group),
        used=track.used,
        rejected=tuple(rejected),
        lat_deg=lat,
        lon_deg=lon,
        alt_m=alt,
        side=side,
        probability=float(np.exp(total)),
        covariance_m2=(float(flat[0, 0]), float(flat[0, 1]), float(flat[1, 1])),
        ellipse=Ellipse(float(major) * stretch, float(minor) * stretch, float(azimuth)),
        ehe_m=ehe,
        frequency_hz=track.nominal_hz + float(mixed.mean[kalman.FREQUENCY]),
        sigma_frequency_hz=float(np.sqrt(mixed.covariance[kalman.FREQUENCY, kalman.FREQUENCY])),
        drift_hz_per_s=float(mixed.mean[kalman.DRIFT]),
        velocity_mps=velocity,
        sigma_velocity_mps=sigma,
        moving=velocity is not None,
        motion_probability=motion,
        bursts=track.bursts,
        satellites=tuple(satellites),
    )

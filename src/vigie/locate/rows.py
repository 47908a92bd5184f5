"""Measurements as arrays: what the estimator's kernel works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vigie.constants import EARTH_ROTATION_RADPS
from vigie.locate.measurement import Measurement, Rejected
from vigie.orbit.ephemeris import Ephemeris, Orbits, path_axes

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Receptions of one beacon, sorted by burst. Arrays end in the axis of receptions ``n``; leading axes are a batch.

    A time or frequency that was not measured has weight 0.
    """

    first: NDArray[np.intp]
    """(b,) index of each burst's first reception"""
    seconds: Array
    """(..., n) arrival past the epoch, for motion and drift"""
    satellite_m: Array
    """(..., n, 3)"""
    satellite_mps: Array
    toa_s: Array
    """(..., n) arrival past a reference of the burst's own"""
    toa_weight: Array
    """1/s2"""
    foa_hz: Array
    """(..., n) received less nominal frequency"""
    foa_weight: Array
    """1/Hz2"""
    nominal_hz: Array
    """(..., n)"""
    satellite: NDArray[np.intp]
    """(n,) number of the satellite, for what all its receptions share"""
    day_s: Array
    """(..., n) seconds of the UTC day"""
    heard: NDArray[np.bool_]
    """(n,) whether the satellite is believed to have heard the beacon, measured or not: it was in view"""

    @property
    def size(self) -> int:
        """Receptions."""
        return int(self.seconds.shape[-1])

    def burst_of(self) -> NDArray[np.intp]:
        """(n,) number of each reception's burst."""
        return np.repeat(np.arange(self.first.size), np.diff(np.append(self.first, self.size)))

    def without(self, toa: NDArray[np.bool_] | None = None, foa: NDArray[np.bool_] | None = None) -> Rows:
        """The same rows with some times and frequencies given no weight; a reception without either is not believed."""
        out = np.ones(self.size, bool)
        for part in (toa, foa):
            out &= np.zeros(self.size, bool) if part is None else part
        return replace(
            self,
            heard=self.heard & ~out,
            toa_weight=self.toa_weight if toa is None else np.where(toa, 0.0, self.toa_weight),
            foa_weight=self.foa_weight if foa is None else np.where(foa, 0.0, self.foa_weight),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Rows with where they came from."""

    rows: Rows
    measurements: tuple[Measurement, ...]
    """one a row"""
    epoch: np.datetime64
    satellites: tuple[str, ...]
    orbit_sigma_m: Array
    """(satellites, 3) radial, along, across; 0 for a state taken as exact"""
    notes: tuple[str, ...]


def gather(
    groups: Sequence[Sequence[Measurement]], orbits: Orbits, aliases: Mapping[str, str] | None = None
) -> tuple[Gathered | None, list[Rejected]]:
    """Bursts (from ``grouping.bursts``) as rows, satellite states looked up. Encoded positions are passed over.

    Receptions without a usable orbit or with numbers that are none are given back as rejected; None when nothing
    is left.
    ``aliases``: other names for satellites, such as C/S numbers.
    """
    rejected: list[Rejected] = []
    kept: list[tuple[Measurement, Array, Array, Array]] = []
    first, notes = [], dict[str, None]()
    states = _states([item for group in groups for item in group], orbits, aliases or {}, notes)
    for group in groups:
        at = len(kept)
        for item in group:
            if item.position_deg is not None and item.satellite is None:
                continue
            state = states[id(item)]
            if isinstance(state, str):
                rejected.append(Rejected(item, "all", state))
            else:
                kept.append((item, *state))
        if len(kept) > at:
            first.append(at)
    if not kept:
        return None, rejected
    epoch = kept[0][0].time
    names = tuple(dict.fromkeys(str(item[0].satellite) for item in kept))
    number = {name: index for index, name in enumerate(names)}
    satellite = np.array([number[str(item[0].satellite)] for item in kept])
    sigma = np.zeros((len(names), 3))
    for index, (_, _, _, one) in zip(satellite, kept, strict=True):
        sigma[index] = np.maximum(sigma[index], one)
    burst = np.repeat(np.arange(len(first)), np.diff([*first, len(kept)]))
    toa, weight_t = _arrivals([item[0] for item in kept], burst)
    after = np.array([item[0].foa_after_s for item in kept])
    foa = [item[0].foa_hz for item in kept]
    toa += _carried_on(after, np.array([np.nan if f is None else f for f in foa]), burst)
    sigma_f = [item[0].sigma_foa_hz or 1.0 for item in kept]
    shared = _antennas(satellite, burst)
    nominal = np.array([item[0].carrier_hz for item in kept])
    times = np.array([item[0].time for item in kept], "datetime64[ns]")
    rows = Rows(
        first=np.array(first),
        seconds=(times - epoch).astype("int64") * 1e-9 + after,
        satellite_m=np.array([item[1] for item in kept]),
        satellite_mps=np.array([item[2] for item in kept]),
        toa_s=toa,
        toa_weight=weight_t / shared,
        foa_hz=np.array([0.0 if f is None else f - f0 for f, f0 in zip(foa, nominal, strict=True)]),
        foa_weight=np.array([0.0 if f is None else s**-2 for f, s in zip(foa, sigma_f, strict=True)]) / shared,
        nominal_hz=nominal,
        satellite=satellite,
        day_s=(times - times.astype("datetime64[D]")).astype("timedelta64[ns]").astype("int64") * 1e-9,
        heard=np.ones(len(kept), bool),
    )
    return Gathered(rows, tuple(item[0] for item in kept), epoch, names, sigma, tuple(notes)), rejected


def _antennas(satellite: NDArray[np.intp], burst: NDArray[np.intp]) -> Array:
    """How many receptions each one shares its satellite and burst with, itself counted.

    Several antennas hear the same uplink with the same noise and the same payload: together they weigh as one.
    """
    pairs = np.stack([satellite, burst])
    _, which, count = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
    return np.asarray(count[which.reshape(-1)], float)


def _carried_on(after_s: Array, foa_hz: Array, burst: NDArray[np.intp]) -> Array:
    """What is added to arrivals (s) when everything is taken at the later moment of the frequency.

    A piece of the burst that takes ``after_s`` to arrive took so much less or more to be sent as its frequency was
    shifted; the path is then longer by the difference. The frequency sent is taken to be the middle of those received
    of the burst: what is wrong with it is common to all that are carried on, and below 2 us for medium orbits.
    """
    added = np.zeros(after_s.size)
    for index in np.flatnonzero((after_s > 0) & np.isfinite(foa_hz)):
        together = foa_hz[burst == burst[index]]
        added[index] = after_s[index] * (1 - foa_hz[index] / np.nanmedian(together))
    return added


def _arrivals(items: Sequence[Measurement], burst: NDArray[np.intp]) -> tuple[Array, Array]:
    """Precise arrivals past the first of their burst (s), and weights (1/s2)."""
    toa, weight = np.zeros(len(items)), np.zeros(len(items))
    reference: dict[int, np.datetime64] = {}
    for index, (item, number) in enumerate(zip(items, burst.tolist(), strict=True)):
        if item.toa is not None:
            start = reference.setdefault(number, item.toa)
            toa[index] = float((item.toa - start).astype("timedelta64[ns]").astype("int64")) * 1e-9
            weight[index] = (item.sigma_toa_s or 25e-6) ** -2
    return toa, weight


def _states(
    items: Sequence[Measurement], orbits: Orbits, aliases: Mapping[str, str], notes: dict[str, None]
) -> dict[int, tuple[Array, Array, Array] | str]:
    """By measurement: position, velocity and orbit sigma, or why there is none. Asked once per satellite."""
    answer: dict[int, tuple[Array, Array, Array] | str] = {}
    by_satellite: dict[str, list[Measurement]] = {}
    for item in items:
        if item.satellite_ecef_m is not None and item.satellite_velocity_mps is not None:
            along = item.satellite_sigma_m or 0.0
            state = np.array(item.satellite_ecef_m, float), np.array(item.satellite_velocity_mps, float)
            sensible = np.all(np.isfinite(state)) and max(np.abs(part).max() for part in state) < 1e8
            if not (sensible and 6.4e6 < np.linalg.norm(state[0]) < 1e8 and np.linalg.norm(state[1]) < 1.2e4):
                answer[id(item)] = "its satellite state is no place in orbit"
            else:
                answer[id(item)] = (*state, np.array([0.1, 1.0, 0.2]) * along)
        elif item.satellite is None:
            answer[id(item)] = "neither a satellite nor its state is given"
        else:
            by_satellite.setdefault(item.satellite, []).append(item)
    for name, mine in by_satellite.items():
        ephemeris = orbits.find(name) or orbits.find(aliases.get(name, ""))
        if ephemeris is None:
            answer |= dict.fromkeys((id(item) for item in mine), f"no orbit of satellite {name}")
            continue
        times = np.array([item.toa if item.toa is not None else item.time for item in mine], "datetime64[ns]")
        times += np.array([round(item.foa_after_s * 1e9) for item in mine], "timedelta64[ns]")
        position, velocity = ephemeris.state(times)
        sigma = ephemeris.sigma_m(times)
        _age_note(name, ephemeris, times, notes)
        for index, item in enumerate(mine):
            known = bool(np.all(np.isfinite(position[index])))
            answer[id(item)] = (
                (position[index], velocity[index], sigma[index])
                if known
                else f"the orbit of satellite {name} ({ephemeris.source}) does not reach that time"
            )
    return answer


def _age_note(name: str, ephemeris: Ephemeris, times: NDArray[np.datetime64], notes: dict[str, None]) -> None:
    days = float(np.max(ephemeris.age_s(times))) / 86_400
    if days > 7:
        notes[f"orbit of {name} is {days:.0f} days from its elements"] = None


def axes_of(rows: Rows) -> Array:
    """Radial, along and across axes ``(..., n, 3, 3)`` of each satellite (rows), along its inertial velocity."""
    r = rows.satellite_m
    spin = np.zeros_like(r)
    spin[..., 0], spin[..., 1] = -EARTH_ROTATION_RADPS * r[..., 1], EARTH_ROTATION_RADPS * r[..., 0]
    return path_axes(r, rows.satellite_mps + spin)

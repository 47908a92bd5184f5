"""``vigie measure`` without its printing: bursts of a source, their messages, and their transmitters' measurements.

A burst is measured with its message known, so one whose message cannot be read is listed and not measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from vigie import stages
from vigie.instants import seconds_past
from vigie.records import Burst, Record, Samples, Tick
from vigie.signal import measure_fgb, measure_sgb
from vigie.signal.measure import spread
from vigie.signal.measure_limits import LIMITS, Measured, missing, row
from vigie.signal.recent import Recent

BEFORE_S = AFTER_S = 0.12
"""looked at beside a burst: noise, and the edges of its power"""
SERIES = 18
"""bursts of the medium-term measurement (T.001 2.3.1)"""
_SERIES_S = 700.0
"""the least time over which they are spread: 17 periods of 47.5 s are 807 s"""


@dataclass(frozen=True, slots=True, eq=False)
class OneBurst:
    """One burst, measured."""

    burst: Burst
    hex: str | None
    hex_id: str | None
    shown: measure_fgb.Shown | measure_sgb.Shown | None
    start_s: float
    """past the first sample of the source"""
    reason: str | None = None
    """why there is no measurement"""

    def rows(self, settings: Settings) -> list[dict[str, Any]]:
        """A line a quantity."""
        if self.shown is None:
            return []
        found = {key: settings.with_reference(key, one, self) for key, one in self.shown.quantities.items()}
        wanted = [limit for limit in LIMITS[self.burst.kind] if limit.key in found]
        bits = len(self.burst.soft) if self.burst.kind == "FGB" else None
        return [row(limit, found[limit.key], bits=bits, channel_hz=settings.channel_hz) for limit in wanted]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the measurement cannot know by itself."""

    reference_ppm: float | None = None
    """one standard deviation of the recorder's own clock, millionths; None: taken as exact, which is said"""
    channel_hz: float | None = None
    """the channel that the beacon is declared to use"""

    def with_reference(self, key: str, measured: Measured, one: OneBurst) -> Measured:
        """The quantity with the uncertainty that the recorder's clock adds."""
        scale = {
            "carrier_hz": one.burst.frequency_hz or 406.05e6,
            "bit_rate_bps": 400.0,
            "chip_rate_hz": 38_400.0,
            "chip_rate_preamble_hz": 38_400.0,
        }.get(key)
        if scale is None or measured.value is None or measured.sigma is None:
            return measured
        if self.reference_ppm is None:
            words = "the recorder's clock is taken as exact" if key != "bit_rate_bps" else ""
            return Measured(measured.value, measured.sigma, note=words)
        sigma = float(np.hypot(measured.sigma, scale * self.reference_ppm * 1e-6))
        return Measured(measured.value, sigma, note=f"the recorder's clock is within {self.reference_ppm:g} millionths")


def measure(blocks: Iterable[Samples]) -> Iterator[OneBurst]:
    """Every burst of a source, with its measurements where its message could be read; in the order of their ends."""
    recent = Recent()
    pending: list[Burst] = []
    for record in stages.bursts(_with_ticks(recent.watch(blocks))):
        if isinstance(record, Burst):
            pending.append(record)
        for burst in [one for one in pending if recent.holds(one, AFTER_S)]:
            pending.remove(burst)
            yield _measured(burst, recent)
    for burst in pending:
        yield _measured(burst, recent)


_MORE = Tick(np.datetime64(0, "ns"))


def _with_ticks(blocks: Iterable[Record]) -> Iterator[Record]:
    """The blocks, and something after each that comes through to whoever waits."""
    for block in blocks:
        yield block
        yield _MORE


def _measured(burst: Burst, recent: Recent) -> OneBurst:
    """A burst with its measurements, or with the reason why there are none."""
    reading = stages.read(burst)
    near = recent.of(burst, BEFORE_S, AFTER_S)
    start_s = burst.sample / (near.rate_hz if near else 1.0)
    if reading is None or reading.identity < stages.LEAST_IDENTITY or not reading.whole:
        return OneBurst(burst, None, None, None, start_s, "its message could not be read")
    told = partial(OneBurst, burst, reading.hex, reading.message.hex_id)
    if burst.frequency_offset_hz is None:
        return told(None, start_s, "audio: the carrier's phase is lost")
    if near is None or burst.sample < near.first:
        return told(None, start_s, "the recording begins within the burst")
    at_s, drift = (burst.sample - near.first) / near.rate_hz, burst.drift_hz_per_s or 0.0
    shown: measure_fgb.Shown | measure_sgb.Shown | None
    if burst.kind == "FGB":
        rate_bps = burst.bit_rate_bps or 400.0
        shown = measure_fgb.measure(near, at_s, burst.frequency_offset_hz, drift, reading.bits, rate_bps)
    else:
        chip_rate_hz = 128 * (burst.bit_rate_bps or 300.0)
        bits = [int(bit) for bit in reading.bits]
        shown = measure_sgb.measure(near, at_s, burst.frequency_offset_hz, drift, bits, burst.sync, chip_rate_hz)
    return told(shown, start_s, None if shown else "its samples do not fit its message")


@dataclass
class Series:
    """The bursts of one beacon over a recording."""

    settings: Settings = field(default_factory=Settings)
    bursts: list[OneBurst] = field(default_factory=list)

    def rows(self) -> list[dict[str, Any]]:
        """A line a quantity: means of the bursts, and what only several can tell."""
        kind = self.bursts[0].burst.kind
        found = self._means()
        found |= self._several()
        bits = len(self.bursts[0].burst.soft) if kind == "FGB" else None
        wanted = [limit for limit in LIMITS[kind] if limit.key in found]
        return [row(limit, found[limit.key], bits=bits, channel_hz=self.settings.channel_hz) for limit in wanted]

    def _means(self) -> dict[str, Measured]:
        """The mean of each quantity over the bursts; the sigma is the larger of what noise and what the spread give."""
        told: dict[str, Measured] = {}
        shown = [(one, one.shown) for one in self.bursts if one.shown is not None]
        for key in shown[0][1].quantities if shown else ():
            each = [self.settings.with_reference(key, each.quantities[key], one) for one, each in shown]
            good = [one for one in each if one.value is not None]
            if not good:
                told[key] = each[0]
            elif len(good) == 1 or any(one.sigma is None for one in good):
                told[key] = max(good, key=lambda one: abs(one.value or 0.0))
            else:
                values = np.array([one.value for one in good], float)
                sigmas = np.array([one.sigma for one in good], float)
                noise = float(np.sqrt(np.mean(sigmas**2)))
                scatter = max(noise, float(values.std(ddof=1))) / np.sqrt(len(good))
                common = self.settings.reference_ppm is not None and noise > scatter  # a clock's error averages nowhere
                note = f"mean of {len(good)} bursts"
                told[key] = Measured(float(values.mean()), noise if common else scatter, note=note)
        return told

    def _several(self) -> dict[str, Measured]:
        """Repetition, and stability over many bursts."""
        shown = [one for one in self.bursts if one.shown is not None]
        starts = np.array([one.start_s for one in self.bursts])
        told: dict[str, Measured] = {}
        if len(starts) < 2:
            told["repetition_s"] = missing("one burst alone")
        else:
            gaps = np.diff(starts)
            words = (
                f"{len(gaps)} intervals from {gaps.min():.3f} to {gaps.max():.3f} s; a missed burst shows as a long one"
            )
            told["repetition_s"] = Measured(float(np.median(gaps)), 1e-3, float(gaps.min()), float(gaps.max()), words)
        if not shown or self.bursts[0].burst.kind != "FGB":
            return told
        carrier_hz = shown[0].burst.frequency_hz or 406.05e6
        pairs = [b - a for one in shown if one.shown for a, b in pairwise(one.shown.frequencies_hz)]
        noise_hz = float(np.sqrt(np.mean([one.shown.sigma_frequency_hz**2 for one in shown if one.shown])))
        stable = spread([pair / carrier_hz for pair in pairs], noise_hz / carrier_hz)
        told["short_term_stability"] = stable
        at_min = np.array([one.start_s for one in shown]) / 60
        middles = np.array([one.shown.middle_hz for one in shown if one.shown])
        told |= medium_term(at_min, middles / carrier_hz, noise_hz / carrier_hz)
        return told


def medium_term(at_min: Any, parts: Any, sigma: float) -> dict[str, Measured]:
    """Slope a minute and residual of 18 successive bursts, the worst 18 of a recording (T.001 2.3.1)."""
    keys = ("medium_term_slope_per_min", "medium_term_residual")
    span_s = float(at_min[-1] - at_min[0]) * 60 if len(at_min) else 0.0
    if len(at_min) < SERIES or span_s < _SERIES_S:
        why = f"{SERIES} bursts over about 15 minutes are needed; here are {len(at_min)} over {span_s / 60:.1f} minutes"
        return dict.fromkeys(keys, missing(why))
    slopes, residuals = [], []
    for first in range(len(at_min) - SERIES + 1):
        past = at_min[first : first + SERIES] - at_min[first : first + SERIES].mean()
        part = parts[first : first + SERIES] - parts[first : first + SERIES].mean()
        slope = float(past @ part / (past @ past))
        rms = float(np.sqrt(np.mean((part - slope * past) ** 2)))
        error = max(sigma, rms * np.sqrt(SERIES / (SERIES - 2))) / float(np.sqrt(past @ past))
        slopes.append((slope, error))
        residuals.append(rms)
    worst_slope = max(slopes, key=lambda pair: abs(pair[0]))
    worst = max(residuals)
    clean = float(np.sqrt(max(worst**2 - sigma**2 * (SERIES - 2) / SERIES, 0.0)))
    error = max(worst, sigma) / float(np.sqrt(2 * (SERIES - 2)))
    return {
        keys[0]: Measured(*worst_slope),
        keys[1]: Measured(clean, error, max(clean - 1.96 * error, 0.0), clean + 1.96 * error),
    }


def series(bursts: Iterable[OneBurst], settings: Settings) -> dict[str, Series]:
    """The readable bursts by beacon and generation, in order of time; long and short messages apart."""
    told: dict[str, Series] = {}
    for one in bursts:
        if one.hex is not None:
            key = f"{one.hex_id or one.hex} {one.burst.channel}".strip()
            told.setdefault(key, Series(settings)).bursts.append(one)
    for each in told.values():
        each.bursts.sort(key=lambda one: one.start_s)
    return told


@dataclass(frozen=True, slots=True)
class Report:
    """All that was measured of a source."""

    bursts: list[OneBurst]
    """every burst, those that could not be measured with the reason"""
    beacons: dict[str, Series]
    """what could be read, by hex ID and channel"""
    settings: Settings

    def rows(self) -> list[dict[str, Any]]:
        """An object a burst and one a beacon, as ``vigie measure --json`` prints them."""
        measured = {name: each for name, each in self.beacons.items() if any(one.shown for one in each.bursts)}
        return [line(one, self.settings) for one in self.bursts] + [summary(*each) for each in measured.items()]


def report(blocks: Iterable[Samples], settings: Settings) -> Report:
    """Measure all of a source."""
    bursts = list(measure(blocks))
    return Report(bursts, series(bursts, settings), settings)


def line(one: OneBurst, settings: Settings) -> dict[str, Any]:
    """One burst as ``--json`` prints it."""
    burst = one.burst
    return {
        "kind": "burst",
        "time": burst.start,
        "sample": burst.sample,
        "start_s": one.start_s,
        "generation": burst.kind,
        "sync": burst.sync,
        "channel": burst.channel,
        "hex": one.hex,
        "hex_id": one.hex_id,
        "cn0_dbhz": one.shown.cn0_dbhz if one.shown else burst.cn0_dbhz,
        "pulse": getattr(one.shown, "pulse", None),
        "reason": one.reason,
        "measurements": one.rows(settings),
    }


def summary(name: str, each: Series) -> dict[str, Any]:
    """One beacon over the recording, as ``--json`` prints it."""
    first = each.bursts[0]
    apart_s = seconds_past(each.bursts[-1].burst.start, first.burst.start) if first.burst.start is not None else None
    return {
        "kind": "beacon",
        "hex_id": first.hex_id,
        "generation": first.burst.kind,
        "channel": first.burst.channel,
        "bursts": len(each.bursts),
        "measured": sum(one.shown is not None for one in each.bursts),
        "duration_s": each.bursts[-1].start_s - first.start_s if apart_s is None else float(apart_s),
        "measurements": each.rows(),
    }

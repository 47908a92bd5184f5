"""What the measurements of both generations share: noise, the edges of a burst's power, and spectra against a mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.signal.measure_limits import Measured, missing

Real = NDArray[np.float64]
Complex = NDArray[np.complexfloating[Any, Any]]

RBW_HZ = 100.0
_LEAST_EDGE = 200.0
"""energy of 5 ms over half the noise density: below it, 43 dB-Hz, where the power begins is a guess"""
_HANN_ENBW = 1.5
_RAMPS_S = np.concatenate([[1e-7], np.geomspace(2e-5, 12e-3, 40)])


def noise_density(iq: Complex, rate_hz: float) -> float | None:
    """Power per Hz of samples in which there is no burst; None when they are too few."""
    here = iq[iq != 0]
    return float(np.mean(np.abs(here) ** 2)) / rate_hz if len(here) > 100 else None


@dataclass(frozen=True, slots=True)
class Edge:
    """The rise of the power at the beginning of a burst, or, looked at backwards, its fall at the end."""

    at_90_s: float
    """past the first sample that was looked at"""
    sigma_90_s: float
    length_s: float
    """from 10 % to 90 %"""
    sigma_length_s: float


def power_edge(level: Real, rate_hz: float, sigma: float) -> Edge | None:
    """The rise in samples (n,) of the coherent amplitude, in units of its final value, with white noise ``sigma``.

    The power is taken to rise linearly (T.001 2.3.2). Mean and spread are those of the likelihood over a grid of
    beginnings and lengths, narrowed down three times.
    """
    count = len(level)
    if rate_hz / sigma**2 * 5e-3 < _LEAST_EDGE:
        return None
    if count < 20 or level[count // 4 * 3 :].mean() < 0.5 or level[: max(count // 20, 3)].mean() > 0.7:
        return None
    times = np.arange(count) / rate_hz
    starts, ramps = np.linspace(0, times[-1], 120), _RAMPS_S
    for _ in range(4):
        shape = np.sqrt(np.clip((times - starts[:, None, None]) / ramps[:, None], 0.0, 1.0))
        fit = (level * shape - shape**2 / 2).sum(2) / sigma**2
        weight = np.exp(fit - fit.max()) * np.gradient(ramps)
        weight /= weight.sum()
        at_90 = starts[:, None] + 0.9 * ramps
        mean = float((weight * at_90).sum())
        sigma_90 = float(np.sqrt((weight * (at_90 - mean) ** 2).sum()))
        ramp = float((weight * ramps).sum())
        sigma_ramp = float(np.sqrt((weight * (ramps - ramp) ** 2).sum()))
        start = float((weight.sum(1) * starts).sum())
        sigma_start = float(np.sqrt((weight.sum(1) * (starts - start) ** 2).sum()))
        half_start = max(5 * sigma_start, 2 * (starts[1] - starts[0]))
        half_ramp = max(
            5 * sigma_ramp, 2 * float(np.max(np.diff(ramps), initial=0.0)) if len(ramps) < 3 else 5 * sigma_ramp
        )
        half_ramp = max(half_ramp, ramp / 10, 1e-6)
        starts = np.linspace(start - half_start, start + half_start, 60)
        ramps = np.linspace(max(ramp - half_ramp, 1e-7), min(ramp + half_ramp, 2 * _RAMPS_S[-1]), 30)
    grid_s = 1 / rate_hz / 4
    return Edge(mean, float(np.hypot(sigma_90, grid_s)), 0.8 * ramp, float(np.hypot(0.8 * sigma_ramp, grid_s)))


def spread(differences: Sequence[float], sigma: float) -> Measured:
    """Allan deviation from differences of successive averages, each average's own noise ``sigma`` taken off.

    The 95 % interval is that of chi-square with as many degrees of freedom as differences, less the noise.
    """
    from scipy import stats

    count = len(differences)
    if count < 2:
        return missing("too short: two pairs of averages are the least")
    total = float(np.mean(np.square(differences))) / 2
    freedom = max(0.75 * count, 1.0)  # neighbouring differences share an average
    low, high = (total * freedom / stats.chi2.ppf(part, freedom) for part in (0.975, 0.025))
    clean = [float(np.sqrt(max(one - sigma**2, 0.0))) for one in (total, low, high)]
    return Measured(clean[0], (clean[2] - clean[1]) / 3.92, clean[1], clean[2])


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Power in 100 Hz over that of the carrier."""

    offset_hz: Real
    """(n,) from the carrier, rising"""
    level: Real
    """(n,) with the noise taken off; may be negative"""
    sigma: Real
    """(n,) of its error"""
    noise: Real
    """(n,) what the receiver's noise shows in 100 Hz"""


def spectrum(burst: Complex, quiet: Complex, rate_hz: float, carrier_power: float) -> Spectrum | None:
    """The mean over a burst whose carrier is at zero; ``quiet``: samples beside it. None when either is too short."""
    size = round(_HANN_ENBW * rate_hz / RBW_HZ)
    if len(burst) < 4 * size or len(quiet) < 2 * size:
        return None
    shown, count = _periodogram(burst, size)
    noise, quiet_count = _periodogram(quiet, size)
    scale = 1 / carrier_power
    level = (shown - noise) * scale
    sigma = np.sqrt(shown**2 / count + noise**2 / quiet_count) * scale
    offset = np.fft.fftshift(np.fft.fftfreq(size, 1 / rate_hz))
    return Spectrum(offset, *(np.fft.fftshift(one) for one in (level, sigma, noise * scale)))


def _periodogram(iq: Complex, size: int) -> tuple[Real, float]:
    """Mean power of half-overlapped windows in the noise bandwidth of one, and how many independent ones there were."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(size) + 0.5) / size)
    frames = np.lib.stride_tricks.sliding_window_view(iq, size)[:: size // 2]
    power = np.abs(np.fft.fft(frames * window, axis=1)) ** 2 / window.sum() ** 2
    return power.mean(0), max(len(frames) / 1.1, 1.0)  # Welch 1967, for the Hann window


def mask_excess(seen: Spectrum, mask_db: Real, usable_hz: float) -> Measured:
    """By how much the spectrum is above its mask at the worst place (dB), among offsets within ``usable_hz``.

    The value is the worst of what stands four sigmas out of the noise, for it is the largest of many; so is the lower
    bound. The upper bound rests on two.
    """
    here = (np.abs(seen.offset_hz) <= usable_hz) & np.isfinite(mask_db)
    if not here.any():
        return missing("the recording is too narrow to show any of the mask")
    mask = 10 ** (mask_db[here] / 10)
    level, sigma = seen.level[here], seen.sigma[here]
    clear = np.where(level > 4 * sigma, level, 0.0) / mask
    worst = int(np.argmax(clear))
    low, high = float(np.max((level - 4 * sigma) / mask)), float(np.max((np.maximum(level, 0) + 2 * sigma) / mask))
    seen_to = f"worst at {seen.offset_hz[here][worst]:+.0f} Hz; seen to {usable_hz / 1e3:.0f} kHz"
    hidden = "" if high < 2 * float(clear[worst]) else "; elsewhere the receiver's noise hides it"
    return Measured(_db(float(clear[worst])), None, _db(low), _db(high), seen_to + hidden)


def _db(ratio: float) -> float:
    return 10 * float(np.log10(max(ratio, 1e-12)))


def fgb_mask_db(offset_hz: Real) -> Real:
    """Figure 2.4 of C/S T.001: dB from the unmodulated carrier, by the distance from it."""
    away = np.abs(offset_hz)
    steps = [away <= 3e3, away <= 7e3, away <= 12e3, away <= 24e3]
    return np.select(steps, [0.0, -20.0, -30.0, -35.0], -40.0)


def sgb_mask_db(offset_hz: Real) -> Real:
    """Figure 2-5 of C/S T.018, by the distance from 406.05 MHz: -20 to 40 kHz, then -35 falling to -40 at 50 kHz."""
    away = np.abs(offset_hz)
    return np.where(away <= 40e3, -20.0, np.maximum(-35.0 - 5.0 * (away - 40e3) / 10e3, -40.0))

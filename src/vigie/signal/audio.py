"""Bursts out of a receiver's audio: an FM discriminator's, or a phase detector's.

A discriminator gives a pulse at each edge of the phase: down in the middle of a "1", up in the middle of a "0", and
between two equal bits one the other way. The carrier's phase and frequency are lost; sound cards and radios add a
constant, cut the lowest tones, smear the pulses (de-emphasis) and may turn them over. So bits 1-24, which are known,
serve to learn what the whole path has made of a bit: a linear equaliser over a few bits of audio, trained on them and
then on its own decisions. It needs no polarity, level or kind of detector to be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_LONG_BITS, FGB_SHORT_BITS
from vigie.records import Sync
from vigie.signal import fgb
from vigie.signal.fgb import BIT_S

Real = NDArray[np.floating[Any]]

LEAST_LIKENESS = 0.7
"""correlation coefficient of bits 1-24 with the edges they should have"""
SIGMA_START_S = 3e-4
"""of the start: the delay of the receiver's filters is unknown"""
_STRETCHES = np.array(sorted(np.arange(-7, 8) * 1.5e-3, key=abs))
_BEFORE, _AFTER = -6, 8
_END = 4
"""quarter bits of audio, from the beginning of a bit, that the equaliser weighs"""
_REACHES = (24, 44, 66, 88, 112, 112)
_LEAST_NOISE = 0.01
_MOST_NOISE = 0.25
"""what sounds worse is taken for chance: the equaliser makes 0.3 of bare noise"""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A burst in a stretch of audio."""

    start_s: float
    """beginning of bit 1"""
    stretch: float
    """length of a bit over its nominal 2.5 ms, less 1"""
    sync: Sync
    soft: NDArray[np.float32]
    """ln P(0)/P(1) of each of 112 or 144 bits"""
    noise: float
    """variance of the equalised bits, which should be -1 or 1"""


def _edges_of(sync: Sync) -> Real:
    """Swing of each edge of bits 1-24, two a bit: at its beginning and in its middle, in units of the deviation."""
    halves = np.repeat(2.0 * fgb.sync_pattern(sync) - 1, 2)
    halves[1::2] *= -1
    return np.diff(halves, prepend=0.0)


_PATTERNS: dict[Sync, Real] = {sync: _edges_of(sync) for sync in fgb.FRAME_SYNC}


def _until(total: Real, places: Real) -> Real:
    """Integral up to fractional sample places, constant outside."""
    inside = np.clip(places, 0, len(total) - 2)
    index = inside.astype(np.intp)
    value: Real = total[index]
    return value + (inside - index) * (total[index + 1] - value)


def _running_sum(sound: Real) -> Real:
    return np.concatenate([[0.0], np.cumsum(sound), [0.0]])


def _likenesses(sound: Real, rate_hz: float, starts: Real) -> dict[Sync, Real]:
    """How much bits 1-24 from each start look like themselves, as a discriminator or as a phase detector gives them."""
    result: dict[Sync, Real] = {}
    for version in (sound, np.diff(sound, prepend=sound[:1])):
        total = _running_sum(version)
        step = BIT_S / 2 * rate_hz
        bounds = starts[:, None] * rate_hz + 0.5 + step * (np.arange(2 * fgb.SYNC_BITS + 1) - 0.5)
        pulses = np.diff(_until(total, bounds))
        pulses -= pulses.mean(axis=1, keepdims=True)
        power = np.sqrt((pulses**2).sum(axis=1))
        power[power < 0.01 * power.max()] = np.inf  # silence has rounding in it, which can look like anything
        for sync, pattern in _PATTERNS.items():
            centred = pattern - pattern.mean()
            like = np.abs(pulses @ centred) / (power * np.sqrt(centred @ centred) + 1e-30)
            result[sync] = np.maximum(result.get(sync, 0.0), like)
    return result


def bursts_in_audio(sound: NDArray[np.float32], rate_hz: float) -> list[Heard]:
    """Every burst in a stretch of audio (n,), the clearest first."""
    if not np.any(sound) or len(sound) < 60 * BIT_S * rate_hz:
        return []
    steady = sound.astype(np.float64) - float(np.median(sound))
    total = _running_sum(steady)
    starts = np.arange(-BIT_S, len(sound) / rate_hz - 112 * BIT_S, BIT_S / 12)
    seen = _likenesses(steady, rate_hz, starts)
    score = np.maximum(seen["normal"], seen["self_test"])
    results: list[Heard] = []
    while len(score) and score.max() > LEAST_LIKENESS:
        at = int(score.argmax())
        sync: Sync = "normal" if seen["normal"][at] >= seen["self_test"][at] else "self_test"
        heard = _demodulate(total, rate_hz, float(starts[at]), sync)
        held_s = 0.02
        if heard.noise < _MOST_NOISE:
            results.append(heard)
            held_s = len(heard.soft) * BIT_S
        score[(starts > starts[at] - 0.02) & (starts < starts[at] + held_s)] = 0
    return results


def _demodulate(total: Real, rate_hz: float, start_s: float, sync: Sync) -> Heard:
    """Read a burst whose bit 1 begins about start_s, with the bit rate that leaves the least noise."""
    length_s = (len(total) - 2) / rate_hz
    best: Heard | None = None
    for stretch in _STRETCHES:
        features = _features(total, rate_hz, start_s, float(stretch))
        values, noise = _equalise(features, 2.0 * fgb.sync_pattern(sync) - 1)
        if best is None or noise < 0.9 * best.noise:  # the nominal rate is tried first and left only for a better one
            ends = start_s + FGB_LONG_BITS * BIT_S * (1 + stretch) > length_s + BIT_S / 4
            tail = values[FGB_SHORT_BITS:]
            stray = float(np.mean((np.abs(tail) - 1) ** 2))
            long = values[fgb.SYNC_BITS] > 0 and (ends or stray < 0.12 + 4 * noise)
            soft = -2 * values[: FGB_LONG_BITS if long else FGB_SHORT_BITS] / max(noise, _LEAST_NOISE)
            if ends:
                soft[int((length_s - start_s) / BIT_S / (1 + stretch)) :] = 0
            best = Heard(start_s, float(stretch), sync, soft.astype(np.float32), noise)
    assert best is not None
    return best


def _features(total: Real, rate_hz: float, start_s: float, stretch: float) -> Real:
    """(144, taps): the audio about each bit in quarter bits, and a constant."""
    step = BIT_S / 4 * (1 + stretch) * rate_hz
    count = 4 * FGB_LONG_BITS + _AFTER - _BEFORE
    quarters = np.diff(_until(total, start_s * rate_hz + 0.5 + step * (np.arange(count + 1) + _BEFORE)))
    rows = np.lib.stride_tricks.sliding_window_view(quarters, _AFTER - _BEFORE)[::4][:FGB_LONG_BITS]
    level = float(np.sqrt(np.mean(rows[:FGB_SHORT_BITS] ** 2))) or 1.0
    return np.hstack([rows / level, np.ones((FGB_LONG_BITS, 1))])


def _equalise(features: Real, known: Real) -> tuple[Real, float]:
    """Bits as about -1 and 1, (144,), and their noise, from weights learnt on bits 1-24 and then on what they give."""
    wanted = np.zeros(FGB_LONG_BITS)
    wanted[: len(known)] = known
    values = wanted
    for turn, reach in enumerate(_REACHES):
        part = features[:reach]
        ridge = (0.02 if turn == 0 else 0.004) * reach
        weights = np.linalg.solve(part.T @ part + ridge * np.eye(part.shape[1]), part.T @ wanted[:reach])
        values = features @ weights
        # after the last bit comes noise, so the last bits are read without what follows them
        near = [*range(_END - _BEFORE), part.shape[1] - 1]
        part = part[:, near]
        weights = np.linalg.solve(part.T @ part + ridge * np.eye(len(near)), part.T @ wanted[:reach])
        for end in (FGB_SHORT_BITS, FGB_LONG_BITS):
            last = features[end - 2 : end, near] @ weights
            if end == FGB_LONG_BITS or values[fgb.SYNC_BITS] < 0:
                values[end - 2 : end] = last
        wanted = np.where(values > 0, 1.0, -1.0)
        wanted[: len(known)] = known
    noise = float(np.mean((values - wanted)[:FGB_SHORT_BITS] ** 2)) * FGB_SHORT_BITS / (FGB_SHORT_BITS - 17)
    return values, noise

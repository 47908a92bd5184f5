"""Every first-generation burst in a stretch of samples: its line, its known bits, the fit of all of it, subtracted.

The strongest line comes first; each burst is subtracted before the next is looked for, so that a weaker one may show.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_BIT_RATE_BPS, FGB_CARRIER_S
from vigie.records import Sync
from vigie.signal import fgb
from vigie.signal.channel import Narrow, Stretch
from vigie.signal.fgb import BIT_S
from vigie.signal.fitting import Fit, fit, refined
from vigie.signal.framing import framed
from vigie.signal.search import LINE_THRESHOLD, WEAK_LINE, Candidate, LineMap, find_sync, line_hz
from vigie.signal.tracking import follow
from vigie.signal.trust import evidence, swing
from vigie.signal.weak import WEAK_RATE_SIGMA, follow_weak

log = logging.getLogger(__name__)

SEARCH_HZ = 3200.0
FIT_HZ = 16000.0
"""edges of 50 us reach to its rim: at 12.8 kHz they are timed a fifth less well"""
SHARP_HZ = 32000.0
"""what bursts with short edges are fitted in at last"""
_SHARP_S = 135e-6
_SHARP_DBHZ = 32.0
"""rise times shorter than which, and C/N0 from which, that tells more of the time"""
BURST_S = 0.53
"""a long message with its carrier, 1 % slow"""
_STRONG_LINE = 20.0
_DRIFTED_HZ = 12.0
"""by which bits 1-24 may lie beside the carrier before them; each step of the search reaches half as far again"""
_SPARSE = 4
"""every so many columns are looked at for wide noise"""
_LATE_S = 0.06
"""by which a line may seem later than its burst"""
_HIDES_HZ = 2500.0
"""how far from its carrier a burst may hide a much weaker one"""
_NEAR_HZ = 1000.0
"""how far it may hide one almost as strong"""
_MUCH_STRONGER = 4.0
_LATE_HZ = 600.0
"""about the line of a burst that is left for the next window: what else shows of it"""
_LEAKS_HZ = 150.0
"""how far a line reaches in the short-time spectrum"""
_LEAST_BITS = 64
"""bits that must lie in the samples: with fewer there is nothing to tell"""
_TOO_LATE_S = FGB_CARRIER_S + _LEAST_BITS * BIT_S - 0.02
"""a line that begins so near to the end of the samples has too few bits behind it"""
_LEAST_CN0_DBHZ = 25.0
"""no message can be read below 27, so nothing below this is worth telling"""
_LEAST_WEAK_DBHZ = 16.0
"""the same of bursts to be read with others: eight of them need 20"""
_CLEAR_EVIDENCE = 13.0
"""nats, of 16.6, with which bits 1-24 leave no doubt of their place"""
SURE_EVIDENCE = 15.0
"""the same, from which a burst is good enough to accuse the samples"""
_ODD_RATE = 0.006
"""relative error of the bit rate beyond which another is tried"""
_PLACES = 3
"""times that bit 1 may turn out to lie elsewhere"""
_LEAST_EVIDENCE = 36.0
"""nats by which bits 1-24 must speak for the known pattern against random bits, plus C/N0 in dB-Hz"""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A burst in a stretch of samples: ``fit`` is told in a channel at ``centre_hz``, mirrored where ``inverted``."""

    fit: Fit
    sync: Sync
    centre_hz: float
    inverted: bool
    channel: Narrow | None = None
    """what it was measured in, as long as that is at hand"""

    @property
    def offset_hz(self) -> float:
        """Carrier in the middle of the burst, from the centre of the samples."""
        return self.centre_hz + (-self.fit.frequency_hz if self.inverted else self.fit.frequency_hz)

    def seen_from(self, shift_s: float) -> Found:
        """The same burst told from a first sample that is shift_s later."""
        turned = 2 * np.pi * self.centre_hz * shift_s
        fit = replace(
            self.fit,
            start_s=self.fit.start_s - shift_s,
            middle_s=self.fit.middle_s - shift_s,
            phase_rad=self.fit.phase_rad + (-turned if self.inverted else turned),
        )
        return replace(self, fit=fit, channel=None)

    def wave(self, first: int, count: int, rate_hz: float, centre_hz: float) -> NDArray[np.complex64]:
        """The burst at samples ``first`` to ``first + count`` as a channel of this rate at ``centre_hz`` has it."""
        fit, away_hz = self.fit, self.centre_hz - centre_hz
        if away_hz:
            turned_hz = -away_hz if self.inverted else away_hz
            phase_rad = fit.phase_rad + 2 * np.pi * turned_hz * fit.middle_s
            fit = replace(fit, frequency_hz=fit.frequency_hz + turned_hz, phase_rad=phase_rad)
        wave = fit.replica(first, count, rate_hz)
        return wave.conj() if self.inverted else wave


def bursts_in(
    iq: NDArray[np.complex64], rate_hz: float, known: Iterable[Found] = (), begin_by_s: float = np.inf
) -> list[Found]:
    """Every first-generation burst in a stretch of samples (n,), the strongest line first.

    ``known``: bursts already found that reach into the stretch; they are taken off first. Bursts that begin after
    ``begin_by_s`` are looked for only where they may hide an earlier one.
    """
    iq = at_scale(iq)
    if not len(iq):
        return []
    known = list(known)
    iq = _without(iq, rate_hz, known)
    stretch = Stretch(iq, rate_hz)
    strongest = max((found.fit.amplitude for found in known), default=0.0)
    lines = LineMap(iq, rate_hz, strongest**2)
    level = _take_wide_noise_off(lines)
    for found in known:
        _strike_out(lines, found)
    results: list[Found] = []
    most = 40 + int(rate_hz / 2500 * len(iq) / rate_hz)  # keeps a band full of other signals from stalling the stream
    for _ in range(most):
        frame, column, height = lines.peak()
        if height < WEAK_LINE:
            break
        at_s, offset_hz = lines.time_s(frame), lines.offset_hz(column)
        late_s = begin_by_s + _LATE_S
        late = at_s > late_s and not _may_hide(lines, at_s, offset_hz, height, late_s)
        if late or (at_s + _TOO_LATE_S > len(iq) / rate_hz and lines.begins(frame, column)):
            if late:
                lines.forget(late_s, len(iq) / rate_hz, offset_hz - _LATE_HZ, offset_hz + _LATE_HZ)
            if lines.begins(frame, column):  # and rises for as long as the carrier lasts
                lines.forget(at_s - FGB_CARRIER_S - 0.02, at_s + 0.2, offset_hz - _LEAKS_HZ, offset_hz + _LEAKS_HZ)
            lines.forget(max(at_s - 0.2, min(late_s, at_s)), at_s + 0.2, offset_hz - 60, offset_hz + 60)
            continue
        noise_density = lines.noise_density(offset_hz) * level[frame]
        best = _examine(stretch, at_s, offset_hz, noise_density, height) if height >= LINE_THRESHOLD else None
        best = best or _examine_weak(stretch, at_s, offset_hz, noise_density)
        if best is None:
            lines.forget(at_s - 0.2, at_s + 0.2, offset_hz - 60, offset_hz + 60)
            continue
        best = _sharpened(stretch, best)
        without = take_off(stretch, best)
        results.append(replace(best, channel=None))
        _clear(lines, without, best)
        lines.forget(at_s - 0.05, at_s + 0.05, offset_hz - 60, offset_hz + 60)
    return without_ghosts(results)


def _may_hide(lines: LineMap, at_s: float, offset_hz: float, height: float, late_s: float) -> bool:
    """Whether a burst that begins at_s may have to come off before one that began before late_s can be read.

    Seen before its own line begins, for until then nothing leaks from it.
    """
    until_s = min(late_s, at_s - FGB_CARRIER_S - 0.01)
    near = lines.quiet(until_s, offset_hz, _LEAKS_HZ, _NEAR_HZ)
    return not (near and lines.quiet(until_s, offset_hz, _NEAR_HZ, _HIDES_HZ, height / _MUCH_STRONGER))


def _take_wide_noise_off(lines: LineMap) -> NDArray[np.float32]:
    """Level the frames of a map that lie in wide noise, as under a second-generation burst; how high each one lay.

    The floor of a map is that of most of its time, so under a shorter noise all its columns would seem to be lines.
    """
    level = np.maximum(np.median(lines.lines[:, ::_SPARSE], axis=1), np.float32(1))
    lines.lines /= level[:, None]
    return level


def at_scale(iq: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """The samples about 1 in size, so that no power leaves the range of float32; empty when all are zero.

    Samples a million times as large as most are glitches, and are taken as missing.
    """
    size = np.abs(iq)
    top = float(size.max(initial=0.0))
    if top == 0:
        return iq[:0]
    if top > 1e4 * float(size.mean(dtype=np.float64)):
        usual = float(np.median(size[size > 0]))
        if top > 1e6 * usual:
            iq = np.where(size > 1e6 * usual, np.complex64(0), iq)
            top = float(np.abs(iq).max())
    scaled: NDArray[np.complex64] = iq / np.float32(top) if not 1e-6 < top < 1e6 else iq
    return scaled


def without_ghosts(results: list[Found]) -> list[Found]:
    """The bursts without weaker copies of themselves: mirror images of unlike I and Q, images of lost samples."""
    kept: list[Found] = []
    for one in sorted(results, key=lambda one: -one.fit.amplitude):
        same = (
            other
            for other in kept
            if abs(other.fit.start_s - one.fit.start_s) < 1e-3
            and len(other.fit.bits) == len(one.fit.bits)
            and np.count_nonzero(other.fit.bits != one.fit.bits) < len(one.fit.bits) / 5
        )
        if (strong := next(same, None)) is None:
            kept.append(one)
        else:
            log.info("%+.0f Hz: a weaker copy of the burst at %+.0f Hz", one.offset_hz, strong.offset_hz)
    return kept


def _examine(stretch: Stretch, at_s: float, offset_hz: float, noise_density: float, strength: float) -> Found | None:
    """The burst whose line, ``strength`` times the noise, was seen at a time and offset; or None."""
    narrow = stretch.take(offset_hz, SEARCH_HZ)
    best: Found | None = None
    candidates = find_sync(narrow, noise_density, max(at_s - 0.4, -0.02), at_s + 0.25)
    if strength > _STRONG_LINE:  # surely its carrier: bit 1 begins 160 ms after the line, or the line is no burst's
        near_s = at_s + FGB_CARRIER_S
        about_hz = line_hz(narrow, at_s)
        near = find_sync(
            narrow, noise_density, near_s - 0.03, near_s + 0.03, about_hz=about_hz, reach_hz=_DRIFTED_HZ, most=1
        )
        candidates = chain(near, candidates)
    if at_s < 0.4:  # the carrier may lie before the first sample; the residual carrier must not mislead then
        candidates = chain(candidates, find_sync(narrow, noise_density, -0.02, 0.14, with_carrier=False))
    for candidate in candidates:
        found = _measure(stretch, narrow, candidate, noise_density)
        if found is None or found.fit.cn0_dbhz < _LEAST_CN0_DBHZ:
            continue
        seen = evidence(found.fit.soft, found.sync)
        if seen < _CLEAR_EVIDENCE and swing(found.fit.soft, found.fit.cn0_dbhz, here=True) < 0:  # a line without bits
            continue
        if (
            seen > 2
            and seen + found.fit.cn0_dbhz > _LEAST_EVIDENCE
            and (best is None or found.fit.amplitude > best.fit.amplitude)
        ):
            best = found
        if seen > 12 and not found.inverted:
            break
    if best is not None and best.fit.start_s < 0.75 * FGB_CARRIER_S:
        return _true_carrier(stretch, best, noise_density)
    return best


def _examine_weak(stretch: Stretch, at_s: float, offset_hz: float, noise_density: float) -> Found | None:
    """The burst, too weak for bits 1-24 to be found by themselves, whose line was seen; or None."""
    weak = follow_weak(stretch, at_s, offset_hz, noise_density)
    if weak is None:
        return None
    track = weak.track
    wide = stretch.take(weak.centre_hz, FIT_HZ)
    away_hz = weak.centre_hz - wide.centre_hz
    phase_rad = track.phase_rad + 2 * np.pi * away_hz * track.start_s
    track = replace(track, frequency_hz=track.frequency_hz + away_hz, phase_rad=phase_rad)
    fitted = fit(wide.iq, wide.rate_hz, track, fgb.sync_pattern(weak.sync), WEAK_RATE_SIGMA)
    if fitted is None or fitted.cn0_dbhz < _LEAST_WEAK_DBHZ or evidence(fitted.soft, weak.sync) < 0:
        return None
    return Found(fitted, weak.sync, wide.centre_hz, False, wide)


def _sharpened(stretch: Stretch, found: Found) -> Found:
    """The same burst, fitted once more in a wider channel where its edges reach beyond the first."""
    if found.fit.modulation.rise_s > _SHARP_S or found.fit.cn0_dbhz < _SHARP_DBHZ or stretch.rate_hz < 1.2 * FIT_HZ:
        return found
    wide = stretch.take(found.centre_hz, SHARP_HZ)
    iq = wide.iq.conj() if found.inverted else wide.iq
    fitted = refined(iq, wide.rate_hz, found.fit, fgb.sync_pattern(found.sync))
    return found if fitted is None else replace(found, fit=fitted)


def _true_carrier(stretch: Stretch, found: Found, noise_density: float) -> Found:
    """The same burst with the carrier that explains it best.

    A burst whose 160 ms of carrier are cut off shows lines at multiples of 400 Hz from its residual carrier, and one
    read 800 Hz away, twice the bit rate, has the same half bits.
    """
    best = found
    for away_hz in (-1600.0, -800.0, 800.0, 1600.0):
        carrier_hz = found.offset_hz + away_hz
        if abs(carrier_hz) > stretch.rate_hz / 2:
            continue
        narrow = stretch.take(carrier_hz, SEARCH_HZ)
        start_s = found.fit.start_s
        for candidate in find_sync(narrow, noise_density, start_s - 2e-3, start_s + 2e-3, most=1):
            other = _measure(stretch, narrow, candidate, noise_density)
            if other is not None and other.fit.amplitude > best.fit.amplitude:
                best = other
    return best


def _measure(stretch: Stretch, narrow: Narrow, candidate: Candidate, noise_density: float) -> Found | None:
    """Demodulate one candidate."""
    carrier_hz = narrow.centre_hz + candidate.offset_hz
    if candidate.start_s + _LEAST_BITS * BIT_S > stretch.count / stretch.rate_hz:
        return None
    wide = stretch.take(carrier_hz, FIT_HZ)
    start_s, sync, inverted = candidate.start_s, candidate.sync, candidate.inverted
    for _ in range(_PLACES):
        first = max(0, int((start_s - FGB_CARRIER_S - 0.02) * wide.rate_hz))
        last = min(len(wide.iq), int((start_s + BURST_S - FGB_CARRIER_S + 0.02) * wide.rate_hz))
        begin_s = first / wide.rate_hz
        part = wide.iq[first:last].conj() if inverted else wide.iq[first:last]
        fitted = _fitted(part, wide.rate_hz, start_s - begin_s, sync, noise_density)
        if fitted is None:
            return None
        found = Found(
            replace(fitted, start_s=fitted.start_s + begin_s, middle_s=fitted.middle_s + begin_s),
            sync,
            wide.centre_hz,
            inverted,
            wide,
        )
        if evidence(fitted.soft, sync) > _CLEAR_EVIDENCE:
            break
        better = framed(part, wide.rate_hz, fitted, sync)
        if not better.moved:
            break
        start_s, sync, inverted = better.start_s + begin_s, better.sync, inverted != better.mirrored
    return found


def _fitted(
    part: NDArray[np.complex64], rate_hz: float, start_s: float, sync: Sync, noise_density: float
) -> Fit | None:
    """The fit of a burst; the better of two where its bit rate is so odd that a bit may have slipped."""
    pattern = fgb.sync_pattern(sync)
    fitted = fit(part, rate_hz, follow(part, rate_hz, start_s, pattern, noise_density), pattern)
    if fitted is not None and abs(fitted.modulation.bit_rate_bps / FGB_BIT_RATE_BPS - 1) < _ODD_RATE:
        return fitted
    other = fit(part, rate_hz, follow(part, rate_hz, start_s, pattern, noise_density, any_rate=True), pattern)
    if fitted is None or other is None:
        return fitted or other
    return other if other.amplitude > fitted.amplitude else fitted


def take_off(stretch: Stretch, found: Found) -> Narrow:
    """Subtract a burst from the stretch; its channel without it."""
    wide = found.channel or stretch.take(found.centre_hz, FIT_HZ)
    first = max(0, int((found.fit.start_s - FGB_CARRIER_S) * wide.rate_hz))
    last = min(len(wide.iq), int(found.fit.end_s * wide.rate_hz) + 1)
    if last > first:
        wave = found.wave(first, last - first, wide.rate_hz, wide.centre_hz)
        stretch.remove(wide, first, wave)
        wide.iq[first:last] -= wave
    return wide


def _without(iq: NDArray[np.complex64], rate_hz: float, known: list[Found]) -> NDArray[np.complex64]:
    """The samples without bursts that are known before anything is transformed."""
    if known:
        iq = iq.copy()
    for found in known:
        first = max(0, int((found.fit.start_s - FGB_CARRIER_S) * rate_hz))
        last = min(len(iq), int(found.fit.end_s * rate_hz) + 1)
        if last > first:
            iq[first:last] -= found.wave(first, last - first, rate_hz, 0.0)
    return iq


def _clear(lines: LineMap, left: Narrow, found: Found) -> None:
    """Look at the lines about a burst again, in the channel from which it is taken off."""
    lines.refresh(left, found.fit.start_s - FGB_CARRIER_S - 0.17, found.fit.end_s + 0.01, 3500.0, 0.0)
    _strike_out(lines, found)


def _strike_out(lines: LineMap, found: Found) -> None:
    """Believe no more of the lines about a burst than the imperfect copy that was subtracted lets them be worth."""
    begin_s, end_s = found.fit.start_s - FGB_CARRIER_S - 0.17, found.fit.end_s + 0.01
    lines.raise_floor(begin_s, end_s, found.offset_hz, found.fit.amplitude**2)
    lines.forget(begin_s, end_s, found.offset_hz - 40, found.offset_hz + 40)

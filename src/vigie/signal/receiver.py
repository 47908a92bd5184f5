"""Samples in, bursts out: streaming, in bounded memory, each burst once and in the order of time."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from vigie import instants
from vigie.constants import FGB_BIT_RATE_BPS, FGB_CARRIER_S
from vigie.errors import InputError
from vigie.records import Burst, Samples, Sync
from vigie.signal import fgb
from vigie.signal.audio import SIGMA_START_S, bursts_in_audio
from vigie.signal.channel import Narrow, Stretch
from vigie.signal.fgb import BIT_S
from vigie.signal.fitting import Fit, fit
from vigie.signal.framing import framed
from vigie.signal.health import Health
from vigie.signal.search import LINE_THRESHOLD, Candidate, LineMap, find_sync, line_hz
from vigie.signal.tracking import follow
from vigie.signal.trust import evidence

log = logging.getLogger(__name__)

_STRONG_LINE = 20.0
_DRIFTED_HZ = 12.0
"""by which bits 1-24 may lie beside the carrier before them; each step of the search reaches half as far again"""
SEARCH_HZ = 3200.0
FIT_HZ = 12800.0
_BURST_S = 0.53
"""a long message with its carrier, 1 % slow"""
_CLOCK_SLACK_S = 0.1
_LATE_S = 0.06
"""by which a line may seem later than its burst"""
_HIDES_HZ = 2500.0
"""how far from its carrier a burst may hide another"""
_LEAKS_HZ = 150.0
"""how far a line reaches in the short-time spectrum"""
_LEAST_BITS = 64
"""bits that must lie in the samples: with fewer there is nothing to tell"""
_WINDOW_S = 1.3
"""looked at at once, and so the longest that a burst waits to be told: shorter costs much, longer gains little"""
_LEAST_CN0_DBHZ = 25.0
"""no message can be read below 27, so nothing below this is worth telling"""
_CLEAR_EVIDENCE = 13.0
"""nats, of 16.6, with which bits 1-24 leave no doubt of their place"""
_SURE_EVIDENCE = 15.0
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
        wave = self.fit.replica(first, count, rate_hz)
        if self.inverted:
            wave = wave.conj()
        if centre_hz == self.centre_hz:
            return wave
        turn = np.exp(2j * np.pi * (self.centre_hz - centre_hz) / rate_hz * np.arange(first, first + count))
        moved: NDArray[np.complex64] = (wave * turn).astype(np.complex64)
        return moved


def bursts_in(
    iq: NDArray[np.complex64], rate_hz: float, known: Iterable[Found] = (), begin_by_s: float = np.inf
) -> list[Found]:
    """Every first-generation burst in a stretch of samples (n,), the strongest line first.

    ``known``: bursts already found that reach into the stretch; they are taken off first. Bursts that begin after
    ``begin_by_s`` are looked for only where they may hide an earlier one.
    """
    iq = _at_scale(iq)
    if not len(iq):
        return []
    stretch = Stretch(iq, rate_hz)
    left = [(_take_off(stretch, found), found) for found in known]
    lines = LineMap(iq, rate_hz)
    for channel, found in left:
        _clear(lines, channel, found)
    results: list[Found] = []
    most = 40 + int(rate_hz / 2500 * len(iq) / rate_hz)  # keeps a band full of other signals from stalling the stream
    for _ in range(most):
        frame, column, height = lines.peak()
        if height < LINE_THRESHOLD:
            break
        at_s, offset_hz = lines.time_s(frame), lines.offset_hz(column)
        late_s = begin_by_s + _LATE_S
        if at_s > late_s and lines.quiet(late_s, offset_hz, _HIDES_HZ, _LEAKS_HZ):
            lines.forget(max(at_s - 0.2, late_s), at_s + 0.2, offset_hz - 60, offset_hz + 60)
            continue
        best = _examine(stretch, at_s, offset_hz, lines.noise_density(offset_hz), height)
        if best is None:
            lines.forget(at_s - 0.2, at_s + 0.2, offset_hz - 60, offset_hz + 60)
            continue
        without = _take_off(stretch, best)
        results.append(replace(best, channel=None))
        _clear(lines, without, best)
        lines.forget(at_s - 0.05, at_s + 0.05, offset_hz - 60, offset_hz + 60)
    return _without_ghosts(results)


def _at_scale(iq: NDArray[np.complex64]) -> NDArray[np.complex64]:
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


def _without_ghosts(results: list[Found]) -> list[Found]:
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
        last = min(len(wide.iq), int((start_s + _BURST_S - FGB_CARRIER_S + 0.02) * wide.rate_hz))
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


def _take_off(stretch: Stretch, found: Found) -> Narrow:
    """Subtract a burst from the stretch; its channel without it."""
    wide = found.channel or stretch.take(found.centre_hz, FIT_HZ)
    first = max(0, int((found.fit.start_s - FGB_CARRIER_S) * wide.rate_hz))
    last = min(len(wide.iq), int(found.fit.end_s * wide.rate_hz) + 1)
    if last > first:
        wave = found.wave(first, last - first, wide.rate_hz, wide.centre_hz)
        stretch.remove(wide, first, wave)
        wide.iq[first:last] -= wave
    return wide


def _clear(lines: LineMap, left: Narrow, found: Found) -> None:
    """Look at the lines about a burst again, in the channel from which it is taken off."""
    begin_s, end_s = found.fit.start_s - FGB_CARRIER_S - 0.17, found.fit.end_s + 0.01
    lines.refresh(left, begin_s, end_s, 3500.0, 0.0)
    lines.raise_floor(begin_s, end_s, found.offset_hz, found.fit.amplitude**2)
    lines.forget(begin_s, end_s, found.offset_hz - 40, found.offset_hz + 40)


class _Channel:
    """What is still to be looked at in one channel: samples from ``first`` on, and bursts that reach into them."""

    def __init__(self, block: Samples) -> None:
        self.like = block
        self.rate_hz = block.rate_hz
        self.first = block.first
        self.parts: list[NDArray[np.complex64]] = []
        self.count = 0
        self.known: list[Found] = []
        self.health = Health(block.channel)
        self.fresh = True  # nothing of this channel has been looked at, so a burst may begin before its first sample
        self.overlap = int((_BURST_S + 0.03) * self.rate_hz)
        self.window = max(int(_WINDOW_S * self.rate_hz), self.overlap + 1)

    def follows(self, block: Samples) -> bool:
        """Whether the block goes on where this channel ends."""
        last = self.like
        return (
            block.first == self.first + self.count
            and block.rate_hz == self.rate_hz
            and block.centre_hz == last.centre_hz
            and block.audio == last.audio
            and self._on_time(block)
        )

    def _on_time(self, block: Samples) -> bool:
        """Whether the block's own time agrees with the first one's and the samples between; clocks may wander."""
        if block.start is None or self.like.start is None:
            return block.start is self.like.start
        due = instants.after(self.like.start, (block.first - self.like.first) / self.rate_hz)
        return bool(abs((block.start - due) / np.timedelta64(1, "s")) < _CLOCK_SLACK_S)

    def add(self, block: Samples) -> Iterator[Burst]:
        """Take a block in; the bursts that can now be told."""
        self.like = block  # its time, for a radio's clock may wander
        self.parts.append(block.iq)
        self.count += len(block.iq)
        while self.count >= self.window:
            iq = np.concatenate(self.parts)
            yield from self._look(iq[: self.window], last=False)
            kept = self.window - self.overlap
            self.parts, self.count, self.first = [iq[kept:]], len(iq) - kept, self.first + kept
            self.fresh = False

    def end(self) -> Iterator[Burst]:
        """The bursts of what is left."""
        if self.count:
            yield from self._look(np.concatenate(self.parts), last=True)
        self.parts, self.count, self.known = [], 0, []

    def _look(self, iq: NDArray[np.complex64], last: bool) -> Iterator[Burst]:
        if self.like.audio != "iq":
            yield from self._listen(iq.real, last)
            return
        self.health.look(iq, self.first)
        limit_s = np.inf if last else (self.window - self.overlap) / self.rate_hz
        found = bursts_in(iq, self.rate_hz, self.known, limit_s)
        begun = [one for one in found if one.fit.start_s - FGB_CARRIER_S < limit_s]
        if not self.fresh:  # one that began earlier and was not told then is the remainder of something unreadable
            begun = [one for one in begun if one.fit.start_s - FGB_CARRIER_S > -0.01]
        for one in sorted(begun, key=lambda one: one.fit.start_s):
            if evidence(one.fit.soft, one.sync) > _SURE_EVIDENCE:
                self.health.burst(one.fit.modulation.bit_rate_bps, one.inverted, self.rate_hz)
            yield self._burst(one)
        shift_s = (self.window - self.overlap) / self.rate_hz
        self.known = [one.seen_from(shift_s) for one in begun if one.fit.end_s > shift_s]

    def _listen(self, sound: NDArray[np.float32], last: bool) -> Iterator[Burst]:
        limit_s = np.inf if last else (self.window - self.overlap) / self.rate_hz
        for heard in sorted(bursts_in_audio(sound, self.rate_hz), key=lambda one: one.start_s):
            start_s = heard.start_s - FGB_CARRIER_S
            if start_s >= limit_s or (start_s < 0 and not self.fresh):
                continue
            yield Burst(
                kind="FGB",
                start=self._instant(start_s),
                sample=self.first + round(start_s * self.rate_hz),
                sync=heard.sync,
                soft=heard.soft,
                frequency_hz=None,
                frequency_offset_hz=None,
                sigma_time_s=SIGMA_START_S,
                bit_rate_bps=FGB_BIT_RATE_BPS / (1 + heard.stretch),
                channel=self.like.channel,
            )

    def _instant(self, past_s: float) -> np.datetime64 | None:
        """The instant past_s after the first sample that is held."""
        if self.like.start is None:
            return None
        return instants.after(self.like.start, (self.first - self.like.first) / self.rate_hz + past_s)

    def _burst(self, found: Found) -> Burst:
        block, fitted = self.like, found.fit
        start_s = fitted.start_s - FGB_CARRIER_S
        offset_hz = found.offset_hz
        return Burst(
            kind="FGB",
            start=self._instant(start_s),
            sample=self.first + round(start_s * self.rate_hz),
            sync=found.sync,
            soft=fitted.soft,
            frequency_hz=None if block.centre_hz is None else block.centre_hz + offset_hz,
            frequency_offset_hz=offset_hz,
            drift_hz_per_s=-fitted.drift_hz_per_s if found.inverted else fitted.drift_hz_per_s,
            cn0_dbhz=fitted.cn0_dbhz,
            sigma_frequency_hz=fitted.sigma_frequency_hz,
            sigma_time_s=fitted.sigma_start_s,
            bit_rate_bps=fitted.modulation.bit_rate_bps,
            channel=block.channel,
        )


class Receiver:
    """Bursts out of a stream that is handed over block by block.

    Blocks may have any length, and several channels may take turns. A gap, or a change of rate or centre, ends what
    went before. Samples that are no numbers count as missing, which is logged. Memory holds a few seconds of samples.
    """

    def __init__(self) -> None:
        self._channels: dict[str, _Channel] = {}
        self._taken = self._missing = 0

    def take(self, block: Samples) -> Iterator[Burst]:
        """The bursts that can be told now that this block has come. Raises InputError for a rate that is none."""
        if not 0 < block.rate_hz < float("inf"):
            raise InputError(f"a sample rate of {block.rate_hz} Hz: it must be positive")
        block = self._numbers_only(block)
        channel, told = self._channels.get(block.channel), set[str]()
        if channel is None or not channel.follows(block):
            if channel is not None:
                due, told = channel.first + channel.count, channel.health.told
                yield from channel.end()
                if block.rate_hz == channel.rate_hz:
                    channel.health.gap(block.first, block.first - due)
            channel = self._channels[block.channel] = _Channel(block)
            channel.health.told |= told
        if self._missing:
            channel.health.told.add("silence")
        yield from channel.add(block)

    def end(self) -> Iterator[Burst]:
        """The bursts in what is still held: the stream is over."""
        for channel in self._channels.values():
            yield from channel.end()
        if self._missing:
            log.warning("%d of %d samples were no numbers and count as missing", self._missing, self._taken)

    def _numbers_only(self, block: Samples) -> Samples:
        """The block with samples that are no numbers set to zero."""
        bad = ~np.isfinite(block.iq)
        count = int(np.count_nonzero(bad))
        self._taken += len(bad)
        if not count:
            return block
        if not self._missing:
            log.warning(
                "from sample %d on: samples that are no numbers count as missing", block.first + int(bad.argmax())
            )
        self._missing += count
        return replace(block, iq=np.where(bad, np.complex64(0), block.iq))


def receive(blocks: Iterable[Samples]) -> Iterator[Burst]:
    """Every first-generation burst in a stream of blocks, each once, in the order of time within a channel."""
    receiver = Receiver()
    for block in blocks:
        yield from receiver.take(block)
    yield from receiver.end()

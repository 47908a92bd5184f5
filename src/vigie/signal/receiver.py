"""Samples in, bursts of both generations out: streaming, in bounded memory, each burst once.

First-generation bursts are looked for in windows of 1.3 s and told at once. Second-generation ones last a second, so
every other window a longer stretch is searched for them, from which the first-generation bursts known by then are
subtracted; and where a strong one was found, it is subtracted in turn and what it may have hidden is looked for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vigie import instants
from vigie.constants import FGB_BIT_RATE_BPS, FGB_CARRIER_S
from vigie.errors import InputError
from vigie.records import Burst, Samples
from vigie.signal import fgb_search, sgb_search
from vigie.signal.audio import SIGMA_START_S, bursts_in_audio
from vigie.signal.channel import Stretch
from vigie.signal.health import Health
from vigie.signal.sgb import CARRIER_HZ
from vigie.signal.sgb_search import REACH_HZ, band
from vigie.signal.trust import evidence

log = logging.getLogger(__name__)

_At = tuple[int, fgb_search.Found]
"""a burst and the place from which its times count"""
_CLOCK_SLACK_S = 0.1
_WINDOW_S = 1.3
"""looked at at once, and so the longest that an FGB burst waits to be told: shorter costs much, longer gains little"""
_OVERLAP_S = fgb_search.BURST_S + 0.03
_SGB_OVERLAP_S = 1.05
"""a burst and a little: one that begins this far before the end of what is searched is whole"""
_SGB_WINDOW_S = 2.5
"""searched at once when an FGB window of 1.3 s ends, so an SGB burst is told 2.8 s after its beginning at the latest"""
_EARLY_S = 0.1
"""how much of a preamble may lie before the first sample of a recording"""
_HIDES_DBHZ = 42.0
"""an SGB burst this strong raises the noise of an FGB one by 1.5 dB"""
_CLEAR_DBHZ = 40.0
"""an FGB burst this strong was told rightly, whatever SGB burst was over it"""
_SAME_HZ = 30.0
_SLACK_S = 0.01


class _Held:
    """Samples of one channel, in the order they came; ``first`` counts from the channel's own first."""

    def __init__(self) -> None:
        self.parts: list[NDArray[np.complex64]] = []
        self.first = self.end = 0

    def add(self, iq: NDArray[np.complex64]) -> None:
        self.parts.append(iq)
        self.end += len(iq)

    def get(self, begin: int, end: int) -> NDArray[np.complex64]:
        """Samples begin to end, of those that are held."""
        if len(self.parts) > 1:
            self.parts = [np.concatenate(self.parts)]
        return self.parts[0][max(0, begin - self.first) : end - self.first] if self.parts else np.zeros(0, np.complex64)

    def drop(self, before: int) -> None:
        """Forget the samples before a place."""
        if before > self.first:
            self.parts = [self.get(before, self.end).copy()]
            self.first = before


class _Channel:
    """What is still to be looked at in one channel, and the bursts that reach into it."""

    def __init__(self, block: Samples, doppler_hz: float | None) -> None:
        self.like, self.rate_hz = block, block.rate_hz
        self.clock = block
        """the latest block: times count from it, for a radio's clock may wander"""
        self.held = _Held()
        self.health = Health(block.channel)
        self.fgb = _First(self)
        self.sgb: _Second | None = None
        if doppler_hz is not None and block.audio == "iq":
            reason = band(block.rate_hz, block.centre_hz)
            if reason is None:
                self.sgb = _Second(self, doppler_hz)
            else:
                log.info("second-generation bursts are not looked for: %s", reason)

    def follows(self, block: Samples) -> bool:
        """Whether the block goes on where this channel ends."""
        last = self.like
        return (
            block.first == last.first + self.held.end
            and block.rate_hz == self.rate_hz
            and block.centre_hz == last.centre_hz
            and block.audio == last.audio
            and self._on_time(block)
        )

    def _on_time(self, block: Samples) -> bool:
        """Whether the block's own time agrees with the last one's and the samples between."""
        if block.start is None or self.clock.start is None:
            return block.start is self.clock.start
        due = instants.after(self.clock.start, (block.first - self.clock.first) / self.rate_hz)
        return bool(abs((block.start - due) / np.timedelta64(1, "s")) < _CLOCK_SLACK_S)

    def add(self, block: Samples) -> Iterator[Burst]:
        """Take a block in; the bursts that can now be told."""
        self.clock = block
        self.held.add(block.iq)
        while self.held.end - self.fgb.first >= self.fgb.window:
            end = self.fgb.first + self.fgb.window
            second = self.sgb if self.sgb is not None and end - self.sgb.first >= self.sgb.window else None
            yield from self.fgb.look(end, ahead=second is not None)
            if second is not None:
                yield from second.look(end, last=False)
            self.held.drop(self.fgb.first if self.sgb is None else min(self.fgb.first, self.sgb.needs))

    def end(self) -> Iterator[Burst]:
        """The bursts of what is left."""
        if self.held.end > self.fgb.first:
            yield from self.fgb.look(self.held.end, ahead=True, last=True)
        if self.sgb is not None and self.held.end > self.sgb.first:
            yield from self.sgb.look(self.held.end, last=True)

    def block(self, begin: int, end: int) -> Samples:
        """Samples begin to end as a block of their own."""
        start, first = self.clock.start, self.like.first + begin
        return replace(
            self.like,
            iq=self.held.get(begin, end),
            start=None if start is None else instants.after(start, (first - self.clock.first) / self.rate_hz),
            first=first,
        )


class _First:
    """The search for first-generation bursts in one channel."""

    def __init__(self, channel: _Channel) -> None:
        self.channel, self.rate_hz = channel, channel.rate_hz
        self.first = 0
        self.known: list[fgb_search.Found] = []
        """bursts told that reach into what is to be looked at next, seen from there"""
        self.told: list[_At] = []
        """bursts told of late"""
        self.ahead: list[_At] = []
        """what the latest look saw of bursts that the next one will tell"""
        self.fresh = True  # nothing of this channel has been looked at, so a burst may begin before its first sample
        self.overlap = int(_OVERLAP_S * self.rate_hz)
        self.window = max(int(_WINDOW_S * self.rate_hz), self.overlap + 1)

    def look(self, end: int, ahead: bool, last: bool = False) -> Iterator[Burst]:
        """The bursts that begin before those of the next window do; ``ahead``: look for all others too."""
        block = self.channel.block(self.first, end)
        limit_s = np.inf if last else (self.window - self.overlap) / self.rate_hz
        if block.audio != "iq":
            yield from self._listen(block, limit_s)
        else:
            health = self.channel.health
            health.look(block.iq, block.first)
            found = fgb_search.bursts_in(block.iq, self.rate_hz, self.known, np.inf if ahead else limit_s)
            begun = [one for one in found if one.fit.start_s - FGB_CARRIER_S < limit_s]
            if not self.fresh:  # one that began earlier and was not told then is the remainder of something unreadable
                begun = [one for one in begun if one.fit.start_s - FGB_CARRIER_S > -_SLACK_S]
            for one in sorted(begun, key=lambda one: one.fit.start_s):
                if evidence(one.fit.soft, one.sync) > fgb_search.SURE_EVIDENCE:
                    health.burst(one.fit.modulation.bit_rate_bps, one.inverted, self.rate_hz)
                yield _burst_of(one, block)
            shift_s = (self.window - self.overlap) / self.rate_hz
            if self.channel.sgb is not None:
                self.told += [(self.first, one) for one in begun]
                self.ahead = [(self.first, one) for one in found if one not in begun]
            self.known = [one.seen_from(shift_s) for one in begun if one.fit.end_s > shift_s]
        if last:
            self.first = end
        else:
            self.first += self.window - self.overlap
        self.fresh = False

    def _listen(self, block: Samples, limit_s: float) -> Iterator[Burst]:
        for heard in sorted(bursts_in_audio(block.iq.real, self.rate_hz), key=lambda one: one.start_s):
            start_s = heard.start_s - FGB_CARRIER_S
            if start_s >= limit_s or (start_s < 0 and not self.fresh):
                continue
            yield Burst(
                kind="FGB",
                start=_instant(block, start_s),
                sample=block.first + round(start_s * self.rate_hz),
                sync=heard.sync,
                soft=heard.soft,
                frequency_hz=None,
                frequency_offset_hz=None,
                sigma_time_s=SIGMA_START_S,
                bit_rate_bps=FGB_BIT_RATE_BPS / (1 + heard.stretch),
                channel=block.channel,
            )


class _Second:
    """The search for second-generation bursts in one channel."""

    def __init__(self, channel: _Channel, doppler_hz: float) -> None:
        self.channel, self.rate_hz, self.doppler_hz = channel, channel.rate_hz, doppler_hz
        self.first = self.again = 0
        self.known: list[sgb_search.Found] = []
        """bursts told that reach into what is to be searched next, seen from there"""
        self.window = int(_SGB_WINDOW_S * self.rate_hz)
        self.slack = int(_SLACK_S * self.rate_hz)

    @property
    def needs(self) -> int:
        """The first sample that will be looked at again."""
        return max(0, min(self.first, self.again - self.slack))

    def look(self, end: int, last: bool) -> Iterator[Burst]:
        """The bursts whose preamble begins a burst's length before the end, and FGB ones that they had hidden."""
        heard = self.channel.fgb
        block = self.channel.block(self.first, end)
        centre_hz = block.centre_hz
        found = sgb_search.bursts_in(
            self._without(self.first, end, heard.told + heard.ahead, []),
            self.rate_hz,
            carrier_offset_hz=0.0 if centre_hz is None else CARRIER_HZ - centre_hz,
            absolute=centre_hz is not None,
            reach_hz=self.doppler_hz,
            until_s=np.inf if last else (end - self.first) / self.rate_hz - _SGB_OVERLAP_S,
            early_s=0.0 if self.first else _EARLY_S,
            known=self.known,
        )
        for one in sorted(found, key=lambda one: one.fit.start_s):
            yield sgb_search.burst_of(one, block)
        here = self.known + found
        if any(one.fit.cn0_dbhz > _HIDES_DBHZ for one in here):
            yield from self._look_again(end, here, np.inf if last else heard.first)
        self.again = heard.first
        after = max(self.first, end - int(_SGB_OVERLAP_S * self.rate_hz) - self.slack)
        shift_s = (after - self.first) / self.rate_hz
        self.known = [one.moved(shift_s) for one in here if one.fit.end_s > shift_s]
        self.first = after
        heard.told = [(at, one) for at, one in heard.told if at + one.fit.end_s * self.rate_hz > self.needs]

    def _look_again(self, end: int, strong: list[sgb_search.Found], limit: float) -> Iterator[Burst]:
        """First-generation bursts under strong second-generation ones, of those that have had their turn.

        One that was told before, but with other bits, is told once more: its bits were wrong then.
        """
        heard, begin = self.channel.fgb, max(0, self.again - self.slack)
        shift_s = (begin - self.first) / self.rate_hz
        clear = [(at, one) for at, one in heard.told + heard.ahead if one.fit.cn0_dbhz > _CLEAR_DBHZ]
        iq = self._without(begin, end, clear, [one.moved(shift_s) for one in strong])
        old = [one.seen_from((begin - at) / self.rate_hz) for at, one in heard.told]
        found = fgb_search.bursts_in(iq, self.rate_hz)
        seen = fgb_search.without_ghosts([one for one in old if one.fit.cn0_dbhz > _CLEAR_DBHZ] + found)
        block = self.channel.block(begin, end)
        for one in sorted((one for one in found if one in seen), key=lambda one: one.fit.start_s):
            place = begin + (one.fit.start_s - FGB_CARRIER_S) * self.rate_hz
            if place >= limit or (place < begin and begin) or any(_same(one, before) for before in old):
                continue
            yield _burst_of(one, block)
            heard.told.append((begin, one))
            if begin + one.fit.end_s * self.rate_hz > heard.first:
                heard.known.append(one.seen_from((heard.first - begin) / self.rate_hz))

    def _without(self, begin: int, end: int, first: list[_At], second: list[sgb_search.Found]) -> NDArray[np.complex64]:
        """Samples begin to end less the bursts given; those of the second generation seen from begin."""
        from scipy import fft

        iq = fgb_search.at_scale(self.channel.held.get(begin, end))
        if not len(iq) or not (first or second):
            return iq
        stretch = Stretch(iq, self.rate_hz)
        for at, one in first:
            fgb_search.take_off(stretch, one.seen_from((begin - at) / self.rate_hz))
        for other in second:
            sgb_search.take_off(stretch, other)
        whole: NDArray[np.complex64] = fft.ifft(stretch.spectrum)[: len(iq)]
        return whole


def _same(one: fgb_search.Found, other: fgb_search.Found) -> bool:
    """Whether two findings are one burst with the same bits."""
    return (
        abs(one.fit.start_s - other.fit.start_s) < _SLACK_S
        and abs(one.offset_hz - other.offset_hz) < _SAME_HZ
        and np.array_equal(one.fit.bits, other.fit.bits)
    )


def _instant(block: Samples, past_s: float) -> np.datetime64 | None:
    """The instant past_s after the first sample of a block."""
    return None if block.start is None else instants.after(block.start, past_s)


def _burst_of(found: fgb_search.Found, block: Samples) -> Burst:
    """A first-generation burst found in a block, as a record."""
    fitted, offset_hz = found.fit, found.offset_hz
    start_s = fitted.start_s - FGB_CARRIER_S
    return Burst(
        kind="FGB",
        start=_instant(block, start_s),
        sample=block.first + round(start_s * block.rate_hz),
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
    doppler_hz: how far the carrier of a second-generation burst may be from 406.05 MHz, or from the centre where its
    frequency is unknown; None: these are not looked for. Nor are they where the band cannot hold one.
    """

    def __init__(self, doppler_hz: float | None = REACH_HZ) -> None:
        self._channels: dict[str, _Channel] = {}
        self._taken = self._missing = 0
        self._doppler_hz = doppler_hz

    def take(self, block: Samples) -> Iterator[Burst]:
        """The bursts that can be told now that this block has come. Raises InputError for a rate that is none."""
        if not 0 < block.rate_hz < float("inf"):
            raise InputError(f"a sample rate of {block.rate_hz} Hz: it must be positive")
        block = self._numbers_only(block)
        channel, told = self._channels.get(block.channel), set[str]()
        if channel is None or not channel.follows(block):
            if channel is not None:
                due, told = channel.like.first + channel.held.end, channel.health.told
                yield from channel.end()
                if block.rate_hz == channel.rate_hz:
                    channel.health.gap(block.first, block.first - due)
            channel = self._channels[block.channel] = _Channel(block, self._doppler_hz)
            channel.health.told |= told
        if self._missing:
            channel.health.told.add("silence")
        yield from channel.add(block)

    def end(self) -> Iterator[Burst]:
        """The bursts in what is still held: the stream is over."""
        for channel in self._channels.values():
            yield from channel.end()
        self._channels.clear()
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


def receive(blocks: Iterable[Samples], doppler_hz: float | None = REACH_HZ) -> Iterator[Burst]:
    """Every burst in a stream of blocks, each once; those of one generation in the order of time within a channel."""
    receiver = Receiver(doppler_hz)
    for block in blocks:
        yield from receiver.take(block)
    yield from receiver.end()

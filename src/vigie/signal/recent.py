"""The last seconds of a stream, kept so that the samples of a burst are still there when the burst is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from vigie.instants import after
from vigie.records import Burst, Record, Samples

KEPT_S = 8.0
_FGB_CARRIER_S, _FGB_BPS = 0.160, 400.0
_SGB_S = 1.0


def length_s(burst: Burst) -> float:
    """How long a burst lasts, as measured where it was."""
    if burst.kind == "SGB":
        return _SGB_S
    return _FGB_CARRIER_S + len(burst.soft) / (burst.bit_rate_bps or _FGB_BPS)


class Recent:
    """The last ``kept_s`` of each channel, by reference: memory is what the blocks take."""

    def __init__(self, kept_s: float = KEPT_S) -> None:
        self.kept_s = kept_s
        self._blocks: dict[str, deque[Samples]] = {}

    def watch(self, stream: Iterable[Record]) -> Iterator[Record]:
        """The same stream; its samples are remembered as they pass."""
        for record in stream:
            if isinstance(record, Samples):
                self.add(record)
            yield record

    def add(self, block: Samples) -> None:
        """Remember a block, and forget what is older than ``kept_s`` before its end."""
        held = self._blocks.setdefault(block.channel, deque())
        held.append(block)
        oldest = block.first + len(block.iq) - self.kept_s * block.rate_hz
        while held[0].first + len(held[0].iq) < oldest or held[0].rate_hz != block.rate_hz:
            held.popleft()

    def holds(self, burst: Burst, after_s: float) -> bool:
        """Whether the stream has come far enough for a burst and a margin after it."""
        held = self._blocks.get(burst.channel)
        if not held:
            return True
        end = held[-1].first + len(held[-1].iq)
        return end >= burst.sample + (length_s(burst) + after_s) * held[-1].rate_hz

    def cut(self, channel: str, first: int, count: int) -> Samples | None:
        """``count`` samples from ``first`` on, fewer where the stream begins or ends, 0 where some are missing.

        None when nothing of it is held.
        """
        held = self._blocks.get(channel, ())
        parts = [one for one in held if one.first < first + count and one.first + len(one.iq) > first]
        if not parts:
            return None
        begin = max(first, parts[0].first)
        end = min(first + count, parts[-1].first + len(parts[-1].iq))
        iq = np.zeros(end - begin, np.complex64)
        for one in parts:
            low, high = max(begin, one.first), min(end, one.first + len(one.iq))
            iq[low - begin : high - begin] = one.iq[low - one.first : high - one.first]
        like = parts[0]
        start = None if like.start is None else after(like.start, (begin - like.first) / like.rate_hz)
        return Samples(iq, like.rate_hz, like.centre_hz, start, begin, channel, like.audio)

    def of(self, burst: Burst, before_s: float, after_s: float) -> Samples | None:
        """The samples of a burst with a margin on both sides."""
        held = self._blocks.get(burst.channel)
        if not held:
            return None
        rate_hz = held[-1].rate_hz
        first = burst.sample - round(before_s * rate_hz)
        return self.cut(burst.channel, first, round((before_s + length_s(burst) + after_s) * rate_hz))

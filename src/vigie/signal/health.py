"""What is wrong with the samples themselves, said once and in words: clipping, an offset, silence, a wrong rate.

Nothing here stops the reception: bursts come through much of it. It tells a person why they may not.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_BIT_RATE_BPS

log = logging.getLogger(__name__)

LEAST_CLIPPED = 0.005
"""share of samples at the very top of the range from which they are clipped"""
_PILED_UP = 4
"""times as many samples at the top as just below it; a pure tone has two to three times as many"""
LEAST_OFFSET = 0.1
"""share of the power that is constant"""
LEAST_RATE_ERROR = 0.013
"""of the bit rate: T.001 2.2.4 allows 0.01, a beacon far outside is rarer than a wrong setting"""


@dataclass
class Health:
    """What was noticed in one channel, each once."""

    channel: str
    told: set[str] = field(default_factory=set)

    def look(self, iq: NDArray[np.complex64], first: int) -> None:
        """Notice what a stretch of samples (n,), the first of which has the number ``first``, shows."""
        if not len(iq):
            return
        size = np.abs(iq.view(np.float32))
        top = float(size.max())
        if top == 0:
            self._tell("silence", "from sample %d on: silence, nothing but zeros", first)
            return
        if (share := clipped(size, top)) >= LEAST_CLIPPED:
            self._tell("clipping", "from sample %d on: clipped, %.0f %% of the values at the limit", first, 100 * share)
        power = float(np.vdot(iq, iq).real) / len(iq)
        offset = abs(complex(iq.mean(dtype=np.complex128))) ** 2 / power if power > 0 else 0.0
        if offset > LEAST_OFFSET:
            self._tell("offset", "from sample %d on: a constant offset (DC), %.0f %% of the power", first, 100 * offset)

    def burst(self, bit_rate_bps: float, mirrored: bool, rate_hz: float) -> None:
        """Notice what a burst that is one beyond doubt shows."""
        off = bit_rate_bps / FGB_BIT_RATE_BPS - 1
        if abs(off) > LEAST_RATE_ERROR:
            self._tell(
                "rate",
                "a burst of %.1f bit/s: the sample rate is not %g Hz as stated, rather %.0f Hz",
                bit_rate_bps,
                rate_hz,
                rate_hz / (1 + off),
            )
        if mirrored:
            self._tell("mirrored", "a burst with its phase reversed: I and Q are swapped, frequencies run backwards")

    def gap(self, first: int, missing: int) -> None:
        """Notice samples that were never handed over."""
        if missing > 0:
            log.warning("%sbefore sample %d: %d samples are missing", self._prefix(), first, missing)

    def _tell(self, what: str, text: str, *values: float) -> None:
        if what not in self.told:
            self.told.add(what)
            log.warning("%s" + text, self._prefix(), *values)

    def _prefix(self) -> str:
        return f"{self.channel}: " if self.channel else ""


def clipped(size: NDArray[np.float32], top: float) -> float:
    """Share of values (n,) that a limit has cut off, 0 where they do not pile up at the highest."""
    at_top = int(np.count_nonzero(size >= top))
    if at_top < LEAST_CLIPPED * len(size):
        return 0.0
    below = float(size[size < top].max(initial=0.0))
    next_to = int(np.count_nonzero(size == below)) if below > 0 else 0
    return at_top / len(size) if at_top > _PILED_UP * next_to else 0.0

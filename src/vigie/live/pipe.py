"""Samples that another program writes into standard input as they are taken: ``rtl_sdr ... - | vigie``.

A pipe that is full makes the other program wait, and ``rtl_sdr`` then loses samples without a word. So it is emptied
at once, and what is missing is told by the clock.
"""

from __future__ import annotations

import os
import select
from dataclasses import dataclass

from vigie.live.feed import Feed

_LARGEST = 1 << 18
_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Pipe:
    """A driver for ``Feed``."""

    descriptor: int = 0

    def __call__(self, feed: Feed) -> None:
        """Read to the end of the pipe, or until ``feed.stop``."""
        feed.connected()
        while not feed.stop.is_set():
            if not select.select([self.descriptor], [], [], _POLL_S)[0]:
                continue
            raw = os.read(self.descriptor, _LARGEST)
            if not raw:
                return
            feed.give(raw)

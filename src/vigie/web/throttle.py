"""Whoever guesses waits: longer after each wrong guess, and only as long as it matters."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

KEPT = 10_000
"""guessers remembered; the one that has been quiet longest is forgotten first"""
FORGET_S = 3600.0
"""after so long without a wrong guess, one begins anew"""


class Throttle:
    """Counts failures by key; after some free ones each asks for a wait that doubles."""

    def __init__(
        self, free: int = 5, first_s: float = 1.0, most_s: float = 900.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._free, self._first_s, self._most_s, self._clock = free, first_s, most_s, clock
        self._guard = threading.Lock()
        self._failures: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def wait_s(self, key: Hashable) -> float:
        """How long this one has still to wait; 0: it may try."""
        with self._guard:
            count, last = self._failures.get(key, (0, 0.0))
        passed = self._clock() - last
        if count < self._free or passed > FORGET_S:
            return 0.0
        delay_s = min(self._first_s * 2.0 ** min(count - self._free, 60), self._most_s)
        return max(delay_s - passed, 0.0)

    def failed(self, key: Hashable) -> None:
        """Count a wrong guess."""
        now = self._clock()
        with self._guard:
            count, last = self._failures.pop(key, (0, now))
            self._failures[key] = (count + 1 if now - last <= FORGET_S else 1, now)
            if len(self._failures) > KEPT:
                self._failures.popitem(last=False)

    def succeeded(self, key: Hashable) -> None:
        """Forget the wrong guesses of this one."""
        with self._guard:
            self._failures.pop(key, None)

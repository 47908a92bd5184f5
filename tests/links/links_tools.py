"""What the tests of links and outputs share."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(good: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + timeout_s
    while not good():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)

"""Time between two instants, as the rules compare it."""

from __future__ import annotations

from vigie.instants import Instant


def seconds(later: Instant, earlier: Instant) -> float:
    """Seconds from ``earlier`` to ``later``, to the nanosecond: a limit that is met exactly counts as met."""
    return int((later - earlier).astype("timedelta64[ns]").astype("int64")) / 1e9

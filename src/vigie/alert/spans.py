"""Time between two instants, as the rules compare it."""

from __future__ import annotations

from typing import Any

from vigie.instants import Instant


def seconds(later: Instant, earlier: Instant) -> float:
    """Seconds from ``earlier`` to ``later``, to the nanosecond: a limit that is met exactly counts as met."""
    return nanoseconds(later - earlier) / 1e9


def nanoseconds(value: Any) -> int:
    """An instant as nanoseconds past 1970, or a span of time as nanoseconds."""
    found = value.item()  # of one in nanoseconds this is the number, and several times as fast as the other way
    return found if type(found) is int else int(value.astype(f"{value.dtype.kind}8[ns]").astype("int64"))

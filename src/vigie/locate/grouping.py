"""Which receptions belong to one transmission, and which transmissions to one stretch of steady frequency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vigie.locate.measurement import Measurement, Rejected

SAME_BURST_S = 0.5
"""receptions of one burst lie within the spread of light times (0.14 s to the geostationary ring, 0.01 s to a low
orbit); the closest bursts of one beacon are 4.9 s apart (C/S T.018 2.2.1)"""


def bursts(measurements: Sequence[Measurement]) -> tuple[list[list[Measurement]], list[Rejected]]:
    """Receptions by transmission, in order of time, and those that cannot belong where they say they do.

    A stated burst name is believed as far as the times allow: of receptions at several times that bear one name, those
    of the moment with the most of them are the burst. Without a name, receptions within ``SAME_BURST_S`` of the first
    are one burst. The same satellite, burst and time twice is a repetition: one of them is left out.
    """
    order = sorted(measurements, key=lambda item: item.time)
    groups: list[list[Measurement]] = []
    named: dict[str, list[Measurement]] = {}
    rejected = []
    seen: set[tuple[object, ...]] = set()
    for item in order:
        same = (item.satellite, item.time, item.foa_hz, item.toa, item.position_deg)
        if same in seen:
            rejected.append(Rejected(item, "all", "the same reception was given before"))
            continue
        seen.add(same)
        if item.burst is not None:
            named.setdefault(item.burst, []).append(item)
            continue
        last = groups[-1] if groups else None
        if last and _seconds(item, last[0]) <= SAME_BURST_S:
            last.append(item)
        else:
            groups.append([item])
    for name, items in named.items():
        since = np.array([_seconds(item, items[0]) for item in items])
        after = np.searchsorted(since, since + SAME_BURST_S, side="right")
        start = int(np.argmax(after - np.arange(len(items))))
        groups.append(items[start : after[start]])
        for item in (*items[:start], *items[after[start] :]):
            off = _seconds(item, items[start])
            when = f"{abs(off):.1f} s {'after' if off > 0 else 'before'} the first reception of burst {name}"
            rejected.append(Rejected(item, "all", f"wrong association: {when}"))
    groups.sort(key=lambda group: group[0].time)
    return groups, rejected


def epochs(burst_s: NDArray[np.float64], gap_s: float) -> NDArray[np.intp]:
    """Number of the stretch that each burst (seconds, in order) belongs to: a silence over ``gap_s`` ends one."""
    return np.concatenate([[0], np.cumsum(np.diff(burst_s) > gap_s)]).astype(np.intp)


def _seconds(later: Measurement, earlier: Measurement) -> float:
    return float((later.time - earlier.time) / np.timedelta64(1, "s"))
